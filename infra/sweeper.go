package main

import (
	"strings"

	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsevents"
	"github.com/aws/aws-cdk-go/awscdk/v2/awseventstargets"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsiam"
	"github.com/aws/aws-cdk-go/awscdk/v2/awslambda"
	"github.com/aws/constructs-go/constructs/v10"
	"github.com/aws/jsii-runtime-go"

	"github.com/victorleungtw/blog/internal/names"
)

// SweeperConfig is what the Sweeper stack is made from.
type SweeperConfig struct {
	Stack      awscdk.Stack
	Names      names.Names
	Name       string   // the blog's
	Keep       []string // environments that are no trials
	Region     string   // where trials are, beside us-east-1
	SweeperDir string
	LogsDays   int
	AlarmEmail string
}

// newSweeper makes the function that deletes trials (package sweeper), and lets
// it look once an hour.
//
// What it may delete is said twice, by what its code looks at and by its role:
// stacks of this blog with the tag that trials have, of no environment that is
// kept, named or tagged so. It has no permission on anything inside a stack.
// CloudFormation deletes with the role of the CDK's that the stack was made with.
func newSweeper(c SweeperConfig) {
	regions := withGlobal([]string{c.Region})
	logs := newLogGroup(c.Stack, "Logs", "", c.LogsDays)
	role := awsiam.NewRole(c.Stack, jsii.String("Role"), &awsiam.RoleProps{
		AssumedBy:   awsiam.NewServicePrincipal(jsii.String("lambda.amazonaws.com"), nil),
		Description: jsii.String("Blog: deletes trials"),
	})
	for _, s := range sweeperPolicy(c, regions) {
		role.AddToPolicy(awsiam.NewPolicyStatement(s))
	}
	role.AddToPolicy(awsiam.NewPolicyStatement(allow("WriteLog", []string{"logs:CreateLogStream", "logs:PutLogEvents"}, *logs.LogGroupArn())))
	excusePolicy(role, "AwsSolutions-IAM5", "Trials' stacks have names that nobody can list beforehand; it deletes what carries the trials' tag.")
	fn := newFunction(c.Stack, "Sweeper", c.SweeperDir, &awslambda.FunctionProps{
		Description: jsii.String("Deletes trials that nobody deployed to for some days"),
		MemorySize:  jsii.Number(128),
		Timeout:     awscdk.Duration_Minutes(jsii.Number(2)),
		Role:        role,
		LogGroup:    logs,
		// Two at once would ask for the same deletion twice.
		RetryAttempts: jsii.Number(0), // the next hour comes by itself
		Environment: &map[string]*string{
			names.EnvName:    jsii.String(c.Name),
			names.EnvKeep:    jsii.String(strings.Join(c.Keep, ",")),
			names.EnvRegions: jsii.String(strings.Join(regions, ",")),
		},
	})
	awsevents.NewRule(c.Stack, jsii.String("Hourly"), &awsevents.RuleProps{
		Schedule: awsevents.Schedule_Rate(awscdk.Duration_Hours(jsii.Number(1))),
		Targets: &[]awsevents.IRuleTarget{awseventstargets.NewLambdaFunction(fn, &awseventstargets.LambdaFunctionProps{
			RetryAttempts: jsii.Number(0),
		})},
	})
	topic := newTopic(c.Stack, c.Names.String()+" sweeper", c.AlarmEmail)
	newAlarm(c.Stack, alarm{
		ID: "SweeperAlarm", Namespace: "AWS/Lambda", Metric: "Errors", Dimensions: map[string]string{"FunctionName": *fn.FunctionName()},
		Meaning: "A trial could not be deleted, or nobody could look for trials.",
	}, topic)
}

// sweeperPolicy is what deleting trials needs.
func sweeperPolicy(c SweeperConfig, regions []string) []*awsiam.PolicyStatementProps {
	var stacks, kept []string
	for _, region := range regions {
		stack := "arn:aws:cloudformation:" + region + ":" + account() + ":stack/" + c.Name + "-"
		stacks = append(stacks, stack+"*/*")
		for _, env := range c.Keep {
			kept = append(kept, stack+env+"-*/*")
		}
	}
	// To list them is a permission on none in particular.
	look := allow("Look", []string{"cloudformation:DescribeStacks"}, "*")
	look.Conditions = &map[string]any{"StringEquals": map[string]any{"aws:RequestedRegion": regions}}
	remove := allow("DeleteTrials", []string{"cloudformation:DeleteStack"}, stacks...)
	remove.Conditions = &map[string]any{
		"StringEquals":    map[string]any{"aws:ResourceTag/" + names.TagBlog: c.Name},
		"StringNotEquals": map[string]any{"aws:ResourceTag/" + names.TagEnv: c.Keep},
		"Null": map[string]any{
			"aws:ResourceTag/" + names.TagEnv:       "false", // StringNotEquals holds for what is not there
			"aws:ResourceTag/" + names.TagTrialDays: "false",
		},
	}
	never := allow("NeverWhatIsKept", []string{"cloudformation:*"}, kept...)
	never.Effect = awsiam.Effect_DENY
	return []*awsiam.PolicyStatementProps{look, remove, never}
}

// holdEmptier makes the CDK's function that empties a trial's buckets leave no
// trace: it logs where the stack says, and may make no log of its own, in which
// its last words would outlive the stack.
func holdEmptier(stack awscdk.Stack, logsDays int) {
	logs := newLogGroup(stack, "EmptierLogs", "", logsDays)
	provider := stack.Node().FindChild(jsii.String("Custom::S3AutoDeleteObjectsCustomResourceProvider"))
	resource := func(id string) awscdk.CfnResource {
		return constructs.Node_Of(provider).FindChild(jsii.String(id)).(awscdk.CfnResource)
	}
	resource("Handler").AddPropertyOverride(jsii.String("LoggingConfig"), map[string]any{"LogGroup": *logs.LogGroupName()})
	role := resource("Role")
	role.AddPropertyDeletionOverride(jsii.String("ManagedPolicyArns"))
	role.AddPropertyOverride(jsii.String("Policies"), []any{map[string]any{
		"PolicyName": "log",
		"PolicyDocument": map[string]any{
			"Version": "2012-10-17",
			"Statement": []any{map[string]any{
				"Sid": "WriteLog", "Effect": "Allow",
				"Action":   []string{"logs:CreateLogStream", "logs:PutLogEvents"},
				"Resource": *logs.LogGroupArn(),
			}},
		},
	}})
}
