package main

import (
	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsaccessanalyzer"
	"github.com/aws/aws-cdk-go/awscdk/v2/awscloudtrail"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsevents"
	"github.com/aws/aws-cdk-go/awscdk/v2/awseventstargets"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsguardduty"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsiam"
	"github.com/aws/aws-cdk-go/awscdk/v2/awssns"
	"github.com/aws/aws-cdk-go/awscdk/v2/awssnssubscriptions"
	"github.com/aws/jsii-runtime-go"

	"github.com/victorleungtw/blog/internal/names"
)

// AccountConfig is what one region's Account stack is made from.
type AccountConfig struct {
	Stack      awscdk.Stack
	Names      names.Names
	Region     string
	AlarmEmail string
}

// trailDays is how long the trail is kept: somebody looks for what happened a
// year ago, and needs the month before it.
const trailDays = 400

// newAccount makes the guards that an account has once in each region, whatever
// runs in it: GuardDuty, which looks for intruders in what AWS logs anyway;
// Access Analyzer, which says what is open to other accounts; and in us-east-1
// the trail of who did what, in every region.
//
// An option (aws.account_guards), because it is the account's and not the blog's.
// The stack is named without an environment, so that two environments of a blog
// mean one and the same. A trial never has it: deleting a trial would take the
// account's guards away. An account that has a detector already, from another
// blog or an organization, refuses a second one; leave the option off there.
//
// A finding is mailed to alarm_email. GuardDuty costs what it reads, below a
// dollar a month for an account with only a blog in it, and the first 30 days
// nothing; the first trail and the analyzer cost nothing but storage.
func newAccount(c AccountConfig) {
	c.Stack.SetTerminationProtection(jsii.Bool(true))
	awsguardduty.NewCfnDetector(c.Stack, jsii.String("GuardDuty"), &awsguardduty.CfnDetectorProps{
		Enable:                     jsii.Bool(true),
		FindingPublishingFrequency: jsii.String("FIFTEEN_MINUTES"), // of what is found again
	})
	awsaccessanalyzer.NewCfnAnalyzer(c.Stack, jsii.String("AccessAnalyzer"), &awsaccessanalyzer.CfnAnalyzerProps{
		Type: jsii.String("ACCOUNT"),
	})
	topic := awssns.NewTopic(c.Stack, jsii.String("Findings"), &awssns.TopicProps{
		DisplayName: jsii.String(c.Names.Account() + " " + c.Region),
		EnforceSSL:  jsii.Bool(true),
	})
	if c.AlarmEmail != "" {
		topic.AddSubscription(awssnssubscriptions.NewEmailSubscription(jsii.String(c.AlarmEmail), nil))
	}
	for _, f := range []struct {
		id, source, kind string
		detail           map[string]any
	}{
		// Medium and above: the rest is weather.
		{"Intruder", "aws.guardduty", "GuardDuty Finding", map[string]any{"severity": []any{map[string]any{"numeric": []any{">=", 4}}}}},
		{"Open", "aws.access-analyzer", "Access Analyzer Finding", map[string]any{"status": []any{"ACTIVE"}}},
	} {
		awsevents.NewRule(c.Stack, jsii.String(f.id), &awsevents.RuleProps{
			Description: jsii.String(f.kind + ". What to do: docs/runbook.md#a-finding-of-guardduty-or-access-analyzer"),
			EventPattern: &awsevents.EventPattern{
				Source: jsii.Strings(f.source), DetailType: jsii.Strings(f.kind), Detail: &f.detail,
			},
			Targets: &[]awsevents.IRuleTarget{awseventstargets.NewSnsTopic(topic, nil)},
		})
	}
	if c.Region == names.GlobalRegion {
		newTrail(c)
	}
}

// newTrail records every call that changes something, in all regions. Whoever
// takes a session over can delete what it may, and not that it did: the bucket
// has versions, no role of the blog may write to it, and the digests that
// CloudTrail signs show a gap.
func newTrail(c AccountConfig) {
	prefix := c.Names.Account()
	name := prefix + "-" + account() + "-" + c.Region + "-an"
	trail := "arn:aws:cloudtrail:" + c.Region + ":" + account() + ":trail/" + prefix
	bucket := newLogBucket(c.Stack, true, "TrailBucket", prefix, trailDays)
	excuse(bucket, "AwsSolutions-S1", "It holds the trail, which has who touched the bucket itself.")
	// https://docs.aws.amazon.com/awscloudtrail/latest/userguide/create-s3-bucket-policy-for-cloudtrail.html
	may := func(sid, action, resource string, also map[string]string) {
		equals := map[string]string{"aws:SourceArn": trail}
		for k, v := range also {
			equals[k] = v
		}
		bucket.AddToResourcePolicy(awsiam.NewPolicyStatement(&awsiam.PolicyStatementProps{
			Sid:        jsii.String(sid),
			Principals: &[]awsiam.IPrincipal{awsiam.NewServicePrincipal(jsii.String("cloudtrail.amazonaws.com"), nil)},
			Actions:    jsii.Strings(action), Resources: jsii.Strings(resource),
			Conditions: &map[string]any{"StringEquals": equals},
		}))
	}
	may("TrailLooks", "s3:GetBucketAcl", bucketARN(name), nil)
	may("TrailWrites", "s3:PutObject", bucketARN(name)+"/AWSLogs/"+account()+"/*",
		map[string]string{"s3:x-amz-acl": "bucket-owner-full-control"})
	awscloudtrail.NewCfnTrail(c.Stack, jsii.String("Trail"), &awscloudtrail.CfnTrailProps{
		TrailName:                  jsii.String(prefix),
		S3BucketName:               bucket.BucketName(),
		IsLogging:                  jsii.Bool(true),
		IsMultiRegionTrail:         jsii.Bool(true),
		IncludeGlobalServiceEvents: jsii.Bool(true), // IAM, STS, CloudFront
		EnableLogFileValidation:    jsii.Bool(true),
	}).AddResourceDependency(bucket.Policy().Node().DefaultChild().(awscdk.CfnResource), nil)
}
