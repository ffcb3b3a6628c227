package main

import (
	"encoding/json"
	"strconv"

	"github.com/aws/aws-cdk-go/awscdk/v2/awsbudgets"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsce"
	"github.com/aws/jsii-runtime-go"
)

// newBudget tells the author when a month becomes expensive, and when a day is
// unlike those before it. Neither costs anything, and neither stops anything.
//
// Both look at the whole account: to tell the blog's part from the rest, its
// tags would have to be switched on for billing first, by hand, in the account
// that pays. An account can have one monitor of costs by service, and one that
// was opened since 2023 often has it: then blog.yaml names it.
func newBudget(c OpsConfig) {
	b := c.Budget
	var notes []*awsbudgets.CfnBudget_NotificationWithSubscribersProperty
	for _, n := range []struct {
		kind    string
		percent float64
	}{{"ACTUAL", 80}, {"ACTUAL", 100}, {"FORECASTED", 100}} {
		notes = append(notes, &awsbudgets.CfnBudget_NotificationWithSubscribersProperty{
			Notification: &awsbudgets.CfnBudget_NotificationProperty{
				NotificationType: jsii.String(n.kind), ComparisonOperator: jsii.String("GREATER_THAN"),
				Threshold: jsii.Number(n.percent), ThresholdType: jsii.String("PERCENTAGE"),
			},
			Subscribers: &[]*awsbudgets.CfnBudget_SubscriberProperty{
				{SubscriptionType: jsii.String("EMAIL"), Address: jsii.String(b.Email)},
			},
		})
	}
	awsbudgets.NewCfnBudget(c.Stack, jsii.String("Budget"), &awsbudgets.CfnBudgetProps{
		Budget: &awsbudgets.CfnBudget_BudgetDataProperty{
			BudgetName: jsii.String(c.Names.String()), BudgetType: jsii.String("COST"), TimeUnit: jsii.String("MONTHLY"),
			BudgetLimit: &awsbudgets.CfnBudget_SpendProperty{Amount: jsii.Number(b.MonthlyUSD), Unit: jsii.String("USD")},
		},
		NotificationsWithSubscribers: &notes,
	})

	monitor := b.AnomalyMonitor
	if monitor == "" {
		monitor = *awsce.NewCfnAnomalyMonitor(c.Stack, jsii.String("Unusual"), &awsce.CfnAnomalyMonitorProps{
			MonitorName: jsii.String(c.Names.String()), MonitorType: jsii.String("DIMENSIONAL"), MonitorDimension: jsii.String("SERVICE"),
		}).AttrMonitorArn()
	}
	// A fifth of the month too much, or a dollar.
	impact, err := json.Marshal(map[string]any{"Dimensions": map[string]any{
		"Key": "ANOMALY_TOTAL_IMPACT_ABSOLUTE", "MatchOptions": []string{"GREATER_THAN_OR_EQUAL"},
		"Values": []string{strconv.Itoa(max(b.MonthlyUSD/5, 1))},
	}})
	if err != nil {
		panic(err) // texts encode
	}
	awsce.NewCfnAnomalySubscription(c.Stack, jsii.String("UnusualMail"), &awsce.CfnAnomalySubscriptionProps{
		SubscriptionName: jsii.String(c.Names.String()), Frequency: jsii.String("DAILY"),
		MonitorArnList: &[]any{monitor}, ThresholdExpression: jsii.String(string(impact)),
		Subscribers: &[]*awsce.CfnAnomalySubscription_SubscriberProperty{{Type: jsii.String("EMAIL"), Address: jsii.String(b.Email)}},
	})
}
