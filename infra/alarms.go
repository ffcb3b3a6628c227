package main

import (
	"strings"

	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awscloudwatch"
	"github.com/aws/aws-cdk-go/awscdk/v2/awscloudwatchactions"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsiam"
	"github.com/aws/aws-cdk-go/awscdk/v2/awssns"
	"github.com/aws/aws-cdk-go/awscdk/v2/awssnssubscriptions"
	"github.com/aws/constructs-go/constructs/v10"
	"github.com/aws/jsii-runtime-go"

	"github.com/victorleungtw/blog/internal/emf"
	"github.com/victorleungtw/blog/internal/names"
	"github.com/victorleungtw/blog/internal/remedy"
	"github.com/victorleungtw/blog/internal/renderer"
)

// newAlarms watches the renderer and tells people. It returns the alarms that
// a new version of the renderer may be the reason of.
//
// Metrics name the function by its fixed name instead of referring to it: the
// function's alias waits for a deployment group that watches these alarms, and
// a reference here would close that circle, which CloudFormation refuses only
// when it is deployed.
//
// Throttles are the account's limit, and a mismatch is a recipe's: going back
// to another version would help neither, and cause the second.
func newAlarms(c RenderConfig, topic awssns.ITopic) (ofCode []awscloudwatch.Alarm) {
	live := map[string]string{
		"FunctionName": c.Names.Renderer(),
		"Resource":     c.Names.Renderer() + ":" + names.LiveAlias,
	}
	own := map[string]string{emf.ServiceDimension: renderer.Service}
	for _, a := range []alarm{
		{ID: "ErrorsAlarm", Namespace: "AWS/Lambda", Metric: "Errors", Dimensions: live, OfCode: true,
			Meaning: "An invocation of the renderer failed: a batch of a publish, or the function itself."},
		{ID: "PagesFailedAlarm", Namespace: c.Names.MetricNamespace(), Metric: renderer.MetricFailed, Dimensions: own, OfCode: true,
			Meaning: "A reader was answered 500: a page that the bucket could not give could not be made either."},
		{ID: "ThrottlesAlarm", Namespace: "AWS/Lambda", Metric: "Throttles", Dimensions: live,
			Meaning: "The renderer was refused: the account's limit of concurrent executions is reached."},
		{ID: "VersionMismatchAlarm", Namespace: c.Names.MetricNamespace(), Metric: renderer.MetricMismatch, Dimensions: own,
			Meaning: "The renderer was given a recipe of another version. Stored pages are served; pages that the bucket lost are not."},
	} {
		made := newAlarm(c.Stack, a, topic)
		if a.OfCode {
			ofCode = append(ofCode, made)
		}
	}
	return ofCode
}

// alarm goes off when a metric's sum over a minute is not zero, and ends when
// it was zero for five. The optional fields change that.
type alarm struct {
	ID, Namespace, Metric string
	Dimensions            map[string]string
	Meaning               string
	OfCode                bool // a new version of the renderer may be the reason

	Statistic string  // Sum if empty
	Threshold float64 // 1 if 0
	Below     bool    // it goes off below the threshold, and not from it on
	Minutes   int     // how many of five must be so; 1 if 0
}

func newAlarm(scope constructs.Construct, a alarm, topic awssns.ITopic) awscloudwatch.Alarm {
	if a.Statistic == "" {
		a.Statistic = "Sum"
	}
	threshold, minutes := max(a.Threshold, 1), max(a.Minutes, 1)
	when := awscloudwatch.ComparisonOperator_GREATER_THAN_OR_EQUAL_TO_THRESHOLD
	if a.Below {
		when = awscloudwatch.ComparisonOperator_LESS_THAN_THRESHOLD
	}
	dimensions := map[string]*string{}
	for k, v := range a.Dimensions {
		dimensions[k] = jsii.String(v)
	}
	made := awscloudwatch.NewAlarm(scope, jsii.String(a.ID), &awscloudwatch.AlarmProps{
		AlarmDescription: jsii.String(a.Meaning + " What to do: docs/runbook.md#" + strings.ToLower(a.ID)),
		Metric: awscloudwatch.NewMetric(&awscloudwatch.MetricProps{
			Namespace:     jsii.String(a.Namespace),
			MetricName:    jsii.String(a.Metric),
			DimensionsMap: &dimensions,
			Statistic:     jsii.String(a.Statistic),
			Period:        awscdk.Duration_Minutes(jsii.Number(1)),
		}),
		Threshold:          jsii.Number(threshold),
		DatapointsToAlarm:  jsii.Number(minutes),
		EvaluationPeriods:  jsii.Number(remedy.AlarmMinutes),
		ComparisonOperator: when,
		TreatMissingData:   awscloudwatch.TreatMissingData_NOT_BREACHING, // nothing was asked for
	})
	made.AddAlarmAction(awscloudwatchactions.NewSnsAction(topic))
	return made
}

// newTopic makes the topic that alarms publish to, and tells the author by
// email, if there is an address.
func newTopic(scope constructs.Construct, title, email string) awssns.Topic {
	topic := awssns.NewTopic(scope, jsii.String("Alarms"), &awssns.TopicProps{
		DisplayName: jsii.String(title),
		EnforceSSL:  jsii.Bool(true),
	})
	// A topic with a policy has lost the default one, by which the alarms of
	// its account may publish.
	topic.AddToResourcePolicy(awsiam.NewPolicyStatement(&awsiam.PolicyStatementProps{
		Sid:        jsii.String("AlarmsPublish"),
		Principals: &[]awsiam.IPrincipal{awsiam.NewServicePrincipal(jsii.String("cloudwatch.amazonaws.com"), nil)},
		Actions:    jsii.Strings("sns:Publish"),
		Resources:  jsii.Strings(*topic.TopicArn()),
		Conditions: &map[string]any{"StringEquals": map[string]string{"AWS:SourceAccount": account()}},
	}))
	if email != "" {
		topic.AddSubscription(awssnssubscriptions.NewEmailSubscription(jsii.String(email), nil))
	}
	return topic
}
