package main

import (
	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsiam"
	"github.com/aws/jsii-runtime-go"

	"github.com/victorleungtw/blog/internal/config"
	"github.com/victorleungtw/blog/internal/names"
)

// newBoundary makes the blog's own permissions boundary: the most that any of
// its roles can ever do, whatever their policies say.
//
// A boundary grants nothing. What a role does is in its policy, action by action;
// this is the wall behind that, for the day on which somebody who may deploy
// writes a policy that is too wide. It leaves the services that the blog is made
// of, and refuses what would let a role grow: changes to users, roles and
// policies (and so to this one), to the account, and to what watches over it; and
// it keeps writes to S3 within the account, so that a function that was taken over
// cannot carry anything out that way.
//
// An account whose people are only to make roles under a boundary has one
// already: aws.permissions_boundary names it then, and this one is not made.
func newBoundary(stack awscdk.Stack, n names.Names) {
	policy := awsiam.NewManagedPolicy(stack, jsii.String("Boundary"), &awsiam.ManagedPolicyProps{
		ManagedPolicyName: jsii.String(n.Boundary()),
		Description:       jsii.String("The most that a role of " + n.String() + " can do. Grants nothing"),
		Statements: &[]awsiam.PolicyStatement{
			awsiam.NewPolicyStatement(allow("Services", []string{
				"apigateway:*", "autoscaling:*", "cloudformation:*", "cloudfront:*", "cloudfront-keyvaluestore:*", "cloudwatch:*",
				"codebuild:*", "codeconnections:*", "codedeploy:*", "codepipeline:*", "codestar-connections:*",
				"dynamodb:*", "ec2:*", "events:*", "kms:*", "lambda:*", "logs:*", "route53:*", "s3:*",
				"scheduler:*", "secretsmanager:*", "sns:*", "sqs:*", "ssm:*", "ssmmessages:*", "states:*", "synthetics:*",
				"tag:*", "xray:*", "sts:AssumeRole", "sts:GetCallerIdentity", "iam:PassRole", "iam:GetRole",
			}, "*")),
			refuseRole("Growing", []string{
				"iam:Add*", "iam:Attach*", "iam:Create*", "iam:Delete*", "iam:Detach*", "iam:Put*", "iam:Remove*",
				"iam:Set*", "iam:Tag*", "iam:Untag*", "iam:Update*", "iam:Upload*",
				"account:*", "organizations:*",
				"cloudtrail:DeleteTrail", "cloudtrail:StopLogging", "cloudtrail:UpdateTrail", "cloudtrail:PutEventSelectors",
				"guardduty:Delete*", "guardduty:Update*", "guardduty:Disassociate*", "access-analyzer:Delete*",
			}, nil),
			refuseRole("CarryingOut", []string{"s3:PutObject", "s3:ReplicateObject", "s3:PutBucketPolicy"},
				map[string]any{"StringNotEquals": map[string]string{"aws:ResourceAccount": account()}}),
		},
	})
	policy.ApplyRemovalPolicy(awscdk.RemovalPolicy_DESTROY)
	excuse(policy, "AwsSolutions-IAM5", "A boundary grants nothing: it is the wall behind the roles' own policies, which name each action.")
}

// refuseRole is a statement of a role's policy that refuses, on everything.
func refuseRole(sid string, actions []string, when map[string]any) awsiam.PolicyStatement {
	s := allow(sid, actions, "*")
	s.Effect = awsiam.Effect_DENY
	if when != nil {
		s.Conditions = &when
	}
	return awsiam.NewPolicyStatement(s)
}

// bound puts every role of the app under the configured boundary. The policy has
// to be there before a role that names it.
func bound(app awscdk.App, global awscdk.Stack, name string, n names.Names) {
	switch name {
	case "":
		return
	case config.BoundaryOwn:
		name = n.Boundary()
		newBoundary(global, n)
	}
	// By name, in every stack: IAM is one for all regions, and a reference to
	// another region's stack would tie the two together.
	awsiam.PermissionsBoundary_Of(app).Apply(awsiam.ManagedPolicy_FromManagedPolicyArn(global, jsii.String("BoundaryByName"),
		jsii.String("arn:aws:iam::"+account()+":policy/"+name)))
}
