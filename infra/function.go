package main

import (
	"github.com/aws/aws-cdk-go/awscdk/v2/awslambda"
	"github.com/aws/constructs-go/constructs/v10"
	"github.com/aws/jsii-runtime-go"
)

// newFunction makes a Lambda of a program in Go, which stands in dir, built for
// arm64 under the name that the runtime asks for.
func newFunction(scope constructs.Construct, id, dir string, p *awslambda.FunctionProps) awslambda.Function {
	p.Runtime, p.Architecture = awslambda.Runtime_PROVIDED_AL2023(), awslambda.Architecture_ARM_64()
	p.Handler, p.Code = jsii.String("bootstrap"), awslambda.Code_FromAsset(jsii.String(dir), nil)
	return awslambda.NewFunction(scope, jsii.String(id), p)
}
