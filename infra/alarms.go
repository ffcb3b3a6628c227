package main

import (
	"strings"

	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awscloudwatch"
	"github.com/aws/aws-cdk-go/awscdk/v2/awscloudwatchactions"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsiam"
	"github.com/aws/aws-cdk-go/awscdk/v2/awslogs"
	"github.com/aws/aws-cdk-go/awscdk/v2/awssns"
	"github.com/aws/aws-cdk-go/awscdk/v2/awssnssubscriptions"
	"github.com/aws/constructs-go/constructs/v10"
	"github.com/aws/jsii-runtime-go"

	"github.com/victorleungtw/blog/internal/names"
	"github.com/victorleungtw/blog/internal/renderer"
)

// newAlarms watches the renderer and tells people.
//
// Metrics name the function by its fixed name instead of referring to it. What
// acts on an alarm may one day be what the function's alias depends on, and a
// reference here would close that circle, which CloudFormation refuses only
// when it is deployed.
func newAlarms(c RenderConfig, logs awslogs.LogGroup, topic awssns.ITopic) {
	live := map[string]string{
		"FunctionName": c.Names.Renderer(),
		"Resource":     c.Names.Renderer() + ":" + names.LiveAlias,
	}
	const mismatch, failed = "RendererVersionMismatch", "PagesFailed"
	newCounter(c, logs, "VersionMismatch", renderer.MismatchMessage, mismatch)
	newCounter(c, logs, "Failed", renderer.FailedMessage, failed)
	for _, a := range []alarm{
		{"ErrorsAlarm", "AWS/Lambda", "Errors", live,
			"An invocation of the renderer failed: a batch of a publish, or the function itself."},
		{"ThrottlesAlarm", "AWS/Lambda", "Throttles", live,
			"The renderer was refused: the account's limit of concurrent executions is reached."},
		{"VersionMismatchAlarm", c.Names.MetricNamespace(), mismatch, nil,
			"The renderer was given a recipe of another version. Stored pages are served; pages that the bucket lost are not."},
		{"PagesFailedAlarm", c.Names.MetricNamespace(), failed, nil,
			"A reader was answered 500: a page that the bucket could not give could not be made either."},
	} {
		newAlarm(c.Stack, a, topic)
	}
}

// newCounter makes a metric of a message in the renderer's log.
func newCounter(c RenderConfig, logs awslogs.LogGroup, id, message, metric string) {
	awslogs.NewMetricFilter(c.Stack, jsii.String(id), &awslogs.MetricFilterProps{
		LogGroup:        logs,
		FilterPattern:   awslogs.FilterPattern_StringValue(jsii.String("$.msg"), jsii.String("="), jsii.String(message)),
		MetricNamespace: jsii.String(c.Names.MetricNamespace()),
		MetricName:      jsii.String(metric),
	})
}

// alarm goes off when a metric's sum over five minutes is not zero.
type alarm struct {
	ID, Namespace, Metric string
	Dimensions            map[string]string
	Meaning               string
}

func newAlarm(scope constructs.Construct, a alarm, topic awssns.ITopic) {
	dimensions := map[string]*string{}
	for k, v := range a.Dimensions {
		dimensions[k] = jsii.String(v)
	}
	awscloudwatch.NewAlarm(scope, jsii.String(a.ID), &awscloudwatch.AlarmProps{
		AlarmDescription: jsii.String(a.Meaning + " What to do: docs/runbook.md#" + strings.ToLower(a.ID)),
		Metric: awscloudwatch.NewMetric(&awscloudwatch.MetricProps{
			Namespace:     jsii.String(a.Namespace),
			MetricName:    jsii.String(a.Metric),
			DimensionsMap: &dimensions,
			Statistic:     jsii.String("Sum"),
			Period:        awscdk.Duration_Minutes(jsii.Number(5)),
		}),
		Threshold:          jsii.Number(1),
		EvaluationPeriods:  jsii.Number(1),
		ComparisonOperator: awscloudwatch.ComparisonOperator_GREATER_THAN_OR_EQUAL_TO_THRESHOLD,
		TreatMissingData:   awscloudwatch.TreatMissingData_NOT_BREACHING, // nothing was rendered
	}).AddAlarmAction(awscloudwatchactions.NewSnsAction(topic))
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
