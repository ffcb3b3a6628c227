package main

import (
	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awscloudfront"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsiam"
	"github.com/aws/jsii-runtime-go"

	"github.com/victorleungtw/blog/internal/names"
)

// PeopleConfig is what the stack of a role for people is made from.
type PeopleConfig struct {
	Stack      awscdk.Stack
	Names      names.Names
	Regions    []string
	KMS        bool
	RouteTable awscloudfront.IKeyValueStore
}

// newPeoplesRole makes a role that people of this account take, for an hour at a
// time, and shows its ARN.
func newPeoplesRole(c PeopleConfig, name, description string, policy []awsiam.PolicyStatement) awsiam.Role {
	role := awsiam.NewRole(c.Stack, jsii.String(name), &awsiam.RoleProps{
		Description:        jsii.String(description),
		AssumedBy:          personWithMFA(),
		MaxSessionDuration: awscdk.Duration_Hours(jsii.Number(1)),
	})
	for _, s := range policy {
		role.AddToPolicy(s)
	}
	output(c.Stack, name+"Role", *role.RoleArn(), "For role_arn of a profile in ~/.aws/config")
	return role
}

// personWithMFA is somebody of this account, who signed in with MFA within the
// hour.
func personWithMFA() awsiam.IPrincipal {
	return awsiam.NewPrincipalWithConditions(awsiam.NewArnPrincipal(jsii.String("arn:aws:iam::"+account()+":root")), &map[string]any{
		"Bool":            map[string]string{"aws:MultiFactorAuthPresent": "true"},
		"NumericLessThan": map[string]string{"aws:MultiFactorAuthAge": "3600"}, // seconds since
	})
}
