package main

import (
	"strings"

	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awscloudwatch"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsevents"
	"github.com/aws/aws-cdk-go/awscdk/v2/awseventstargets"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsiam"
	"github.com/aws/aws-cdk-go/awscdk/v2/awslambda"
	"github.com/aws/aws-cdk-go/awscdk/v2/awssns"
	"github.com/aws/constructs-go/constructs/v10"
	"github.com/aws/jsii-runtime-go"

	"github.com/victorleungtw/blog/internal/names"
)

// remedyConfig is what a Lambda is made from that acts on alarms (package remedy).
type remedyConfig struct {
	Stack       awscdk.Stack
	ID          string
	Description string
	Dir         string // of the built function
	Environment map[string]string
	Policy      []awsiam.PolicyStatement // beside telling people and writing its log
	Alarms      []awscloudwatch.Alarm    // that it acts on
	Topic       awssns.ITopic
	LogsDays    int
	Stars       string // why the policy has some; empty if it has none
}

// newRemedy makes a remedy, the rule that brings it its alarms, and an alarm for
// the day on which it fails itself. Nothing refers to it (package remedy says
// why), so its name is nobody's to know.
func newRemedy(r remedyConfig) awslambda.Function {
	logs := newLogGroup(r.Stack, r.ID+"Logs", "", r.LogsDays)
	role := awsiam.NewRole(r.Stack, jsii.String(r.ID+"Role"), &awsiam.RoleProps{
		AssumedBy:   awsiam.NewServicePrincipal(jsii.String("lambda.amazonaws.com"), nil),
		Description: jsii.String("Blog: " + r.Description),
	})
	own := []awsiam.PolicyStatement{
		awsiam.NewPolicyStatement(allow("TellPeople", []string{"sns:Publish"}, *r.Topic.TopicArn())),
		awsiam.NewPolicyStatement(allow("WriteLog", []string{"logs:CreateLogStream", "logs:PutLogEvents"}, *logs.LogGroupArn())),
	}
	for _, s := range append(r.Policy, own...) {
		role.AddToPolicy(s)
	}
	if r.Stars != "" {
		excusePolicy(role, "AwsSolutions-IAM5", r.Stars)
	}
	var alarmNames []string
	var alarmARNs []*string
	for _, a := range r.Alarms {
		alarmNames, alarmARNs = append(alarmNames, *a.AlarmName()), append(alarmARNs, a.AlarmArn())
	}
	environment := map[string]*string{
		names.EnvAlarms: jsii.String(strings.Join(alarmNames, ",")),
		names.EnvTopic:  r.Topic.TopicArn(),
	}
	for k, v := range r.Environment {
		environment[k] = jsii.String(v)
	}
	fn := newFunction(r.Stack, r.ID, r.Dir, &awslambda.FunctionProps{
		Description: jsii.String(r.Description),
		MemorySize:  jsii.Number(512),
		Timeout:     awscdk.Duration_Minutes(jsii.Number(5)),
		Role:        role,
		LogGroup:    logs,
		Environment: &environment,
		// Old news is no reason to act, which package remedy sees to as well.
		MaxEventAge:   awscdk.Duration_Minutes(jsii.Number(15)),
		RetryAttempts: jsii.Number(2),
	})
	newRule(r.Stack, r.ID+"Alarms", "Alarms go off", fn, &awsevents.EventPattern{
		Source:     jsii.Strings("aws.cloudwatch"),
		DetailType: jsii.Strings("CloudWatch Alarm State Change"),
		Resources:  &alarmARNs,
		Detail:     &map[string]any{"state": map[string]any{"value": []string{"ALARM"}}},
	})
	newAlarm(r.Stack, alarm{
		ID: "RemedyFailedAlarm", Namespace: "AWS/Lambda", Metric: "Errors",
		Dimensions: map[string]string{"FunctionName": *fn.FunctionName()},
		Meaning:    "What should have taken back a change could not.",
	}, r.Topic)
	return fn
}

func newRule(scope constructs.Construct, id, description string, fn awslambda.Function, pattern *awsevents.EventPattern) {
	awsevents.NewRule(scope, jsii.String(id), &awsevents.RuleProps{
		Description:  jsii.String(description),
		EventPattern: pattern,
		Targets:      &[]awsevents.IRuleTarget{awseventstargets.NewLambdaFunction(fn, nil)},
	})
}

// newCodeRemedy points the renderer's alias back when one of the alarms goes off
// within hours of a deployment.
func newCodeRemedy(c RenderConfig, topic awssns.ITopic, alarms []awscloudwatch.Alarm, application string) {
	bucket := c.Names.Bucket(account(), c.Region)
	function := functionARN(c.Region, c.Names.Renderer())
	policy := append(journal(bucketARN(bucket), names.CodeJournal),
		awsiam.NewPolicyStatement(allow("TellMissingFromForbidden", []string{"s3:ListBucket"}, bucketARN(bucket))),
		// Of this function no other alias exists, and no action on another is here.
		awsiam.NewPolicyStatement(allow("MoveAlias", []string{"lambda:GetAlias", "lambda:UpdateAlias"},
			function, function+":"+names.LiveAlias)),
	)
	stars := ""
	if c.KMS {
		policy = append(policy, keysCalled("UseKey", c.Names, c.Region, "kms:Decrypt", "kms:GenerateDataKey"))
		stars = anyKey
	}
	fn := newRemedy(remedyConfig{
		Stars: stars,
		Stack: c.Stack, ID: "CodeRemedy", Description: "takes back a deployment of the renderer in " + c.Region,
		Dir: c.RemedyDir, Policy: policy, Alarms: alarms, Topic: topic, LogsDays: c.LogsDays,
		Environment: map[string]string{names.EnvBucket: bucket, names.EnvFunction: c.Names.Renderer()},
	})
	newRule(c.Stack, "CodeRemedyDeployments", "Deployments change their state", fn, &awsevents.EventPattern{
		Source:     jsii.Strings("aws.codedeploy"),
		DetailType: jsii.Strings("CodeDeploy Deployment State-change Notification"),
		Detail:     &map[string]any{"application": []string{application}},
	})
}

// journal allows to keep one object of a bucket, by compare-and-swap.
func journal(bucket, key string) []awsiam.PolicyStatement {
	object := []string{bucket + "/" + key}
	return []awsiam.PolicyStatement{
		awsiam.NewPolicyStatement(allow("ReadJournal", []string{"s3:GetObject"}, object...)),
		// Two statements: the conditions of one must hold together.
		allowIf("BeginJournal", "s3:PutObject", object, "s3:if-none-match"),
		allowIf("WriteJournal", "s3:PutObject", object, "s3:if-match"),
	}
}

// newContentRemedy goes back to the release before when the alarm goes off soon
// after a publish.
func newContentRemedy(c EdgeConfig, topic awssns.ITopic, alarms []awscloudwatch.Alarm) {
	newRemedy(remedyConfig{
		Stars: prefixes,
		Stack: c.Stack, ID: "ContentRemedy", Description: "goes back to the release before",
		Dir: c.RemedyDir, Policy: contentRemedyPolicy(c), Alarms: alarms, Topic: topic, LogsDays: c.LogsDays,
		Environment: map[string]string{
			names.EnvName: c.Names.Name(), names.EnvEnv: c.Names.Env(), names.EnvRegions: strings.Join(c.regions(), ","),
		},
	})
}

// contentRemedyPolicy is what blog rollback needs, for a release that was shown
// a moment ago, and its journal. It is less than the publisher's: it writes no
// source, asset or recipe, asks no renderer, and makes no head where there is
// none. A standby that has to be made up for is the next publish's.
func contentRemedyPolicy(c EdgeConfig) []awsiam.PolicyStatement {
	var buckets, read, heads, manifests []string
	for _, region := range c.regions() {
		bucket := bucketARN(c.Names.Bucket(account(), region))
		buckets = append(buckets, bucket)
		heads = append(heads, bucket+"/"+names.HeadKey)
		// Pages for the bodies that stand in the route table; lists of garbage
		// and of what was taken down because the head may name them.
		read = append(read, under(bucket, []string{names.ReleasePrefix, names.PagePrefix, names.GarbagePrefix, names.TakedownPrefix})...)
		// A release that the route table has dropped is published anew.
		manifests = append(manifests, bucket+"/"+names.ReleasePrefix+"*")
	}
	out := append(journal(buckets[0], names.ContentJournal),
		awsiam.NewPolicyStatement(allow("ReadRecord", []string{"s3:GetObject"}, append(read, heads...)...)),
		awsiam.NewPolicyStatement(allow("TellMissingFromForbidden", []string{"s3:ListBucket"}, buckets...)),
		allowIf("CreateManifests", "s3:PutObject", manifests, "s3:if-none-match"),
		allowIf("SwapHeads", "s3:PutObject", heads, "s3:if-match"),
		changeRoutes(c.RouteTable),
		findTheRest(c.Names),
	)
	if c.KMS {
		out = append(out, useKeys(c.Names, c.regions())...)
	}
	return out
}
