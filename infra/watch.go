package main

import (
	"github.com/aws/aws-cdk-go/awscdk/v2/awscloudfront"
	"github.com/aws/aws-cdk-go/awscdk/v2/awscloudwatch"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsroute53"
	"github.com/aws/jsii-runtime-go"

	"github.com/victorleungtw/blog/internal/remedy"
)

// newEdgeWatch watches what readers meet. CloudFront's and Route 53's metrics
// are in us-east-1 and cost nothing.
//
// The route table has no metric of its own. An edge function that cannot read
// it throws, which is an execution error.
func newEdgeWatch(c EdgeConfig, dist awscloudfront.CfnDistribution, host string) {
	topic := newTopic(c.Stack, c.Names.String()+" edge", c.AlarmEmail)
	function := map[string]string{"FunctionName": c.Names.EdgeFunction(), "Region": "Global"}
	readers := newAlarm(c.Stack, alarm{
		ID: "EdgeErrorsAlarm", Namespace: "AWS/CloudFront", Metric: "5xxErrorRate",
		Dimensions: map[string]string{"DistributionId": *dist.AttrId(), "Region": "Global"},
		Statistic:  "Average", Threshold: remedy.ContentAlarmPercent, Minutes: remedy.ContentAlarmMinutes,
		Meaning: "One answer of twenty, or more, is a 5xx.",
	}, topic)
	made := []awscloudwatch.Alarm{readers}
	for _, a := range []alarm{
		{ID: "EdgeFunctionErrorsAlarm", Metric: "FunctionExecutionErrors",
			Meaning: "The edge function threw, and readers were answered 5xx: it could not read the route table, or is wrong."},
		{ID: "EdgeFunctionInvalidAlarm", Metric: "FunctionValidationErrors",
			Meaning: "CloudFront did not take what the edge function returned, and readers were answered 5xx."},
		{ID: "EdgeFunctionThrottlesAlarm", Metric: "FunctionThrottles",
			Meaning: "The edge function took too long or was asked too often, and CloudFront refused to run it."},
	} {
		a.Namespace, a.Dimensions = "AWS/CloudFront", function
		made = append(made, newAlarm(c.Stack, a, topic))
	}
	probe := ""
	if c.Probe {
		probe = newProbe(c, host)
		made = append(made, newAlarm(c.Stack, alarm{
			ID: "ProbeAlarm", Namespace: "AWS/Route53", Metric: "HealthCheckStatus",
			Dimensions: map[string]string{"HealthCheckId": probe},
			Statistic:  "Minimum", Below: true,
			Meaning: "The blog's first page is not answered, as Route 53 sees it from three continents.",
		}, topic))
	}
	if c.Keep { // a trial has no readers
		newContentRemedy(c, topic, []awscloudwatch.Alarm{readers})
		newDashboard(c, *dist.AttrId(), probe, made)
	}
}

// newProbe asks for the blog's first page as a reader does: by HTTPS, at the
// readers' name, through the edge function, from three continents every half
// minute. A redirect is an answer.
//
// A canary of CloudWatch Synthetics would run a browser, at 0.0012 USD a run:
// 10 USD a month for one every five minutes. Pages here have no script that a
// browser would have to run, and this costs about 1 and notices sooner.
func newProbe(c EdgeConfig, host string) (id string) {
	return *awsroute53.NewCfnHealthCheck(c.Stack, jsii.String("Probe"), &awsroute53.CfnHealthCheckProps{
		HealthCheckConfig: &awsroute53.CfnHealthCheck_HealthCheckConfigProperty{
			Type:                     jsii.String("HTTPS"),
			FullyQualifiedDomainName: jsii.String(host),
			Port:                     jsii.Number(443),
			ResourcePath:             jsii.String("/"),
			EnableSni:                jsii.Bool(true),
			RequestInterval:          jsii.Number(30),
			FailureThreshold:         jsii.Number(3),
			Regions:                  jsii.Strings("us-east-1", "eu-west-1", "ap-southeast-1"), // the fewest that it takes
		},
		HealthCheckTags: &[]*awsroute53.CfnHealthCheck_HealthCheckTagProperty{
			{Key: jsii.String("Name"), Value: jsii.String(c.Names.String() + " probe")},
		},
	}).AttrHealthCheckId()
}
