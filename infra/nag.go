package main

import (
	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/constructs-go/constructs/v10"
	"github.com/aws/jsii-runtime-go"
)

// excuse says, where a resource is made, which of cdk-nag's rules does not hold
// for it and why. The reason goes into the resource's metadata, where nag.js
// finds it when it checks the templates, and where whoever reads the deployed
// template finds it too. An excuse that nothing needs is refused there, so each
// stands for something that is really so.
func excuse(of constructs.IConstruct, rule, reason string) {
	resource, ok := of.(awscdk.CfnResource)
	if !ok {
		resource = of.Node().DefaultChild().(awscdk.CfnResource)
	}
	said, _ := resource.GetMetadata(jsii.String("cdk_nag")).(map[string]any)
	rules, _ := said["rules_to_suppress"].([]any)
	resource.AddMetadata(jsii.String("cdk_nag"), map[string]any{
		"rules_to_suppress": append(rules, map[string]any{"id": rule, "reason": reason}),
	})
}

// excusePolicy excuses the policy that grants a role what it was given
// statement by statement.
func excusePolicy(role constructs.IConstruct, rule, reason string) {
	excuse(role.Node().FindChild(jsii.String("DefaultPolicy")), rule, reason)
}

// prefixes is why the statements of most roles end in a star.
const prefixes = "A star stands behind a prefix of a bucket of the blog, under which objects are named by digests that nobody can list beforehand."

// anyKey is why a role that uses the blog's keys has a star and nothing else.
const anyKey = "IAM knows a key by its ARN, which its stack alone knows; the condition on its alias narrows the star."
