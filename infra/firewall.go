package main

import (
	"github.com/aws/aws-cdk-go/awscdk/v2/awswafv2"
	"github.com/aws/jsii-runtime-go"
)

// newFirewall makes the web ACL in front of the distribution and returns its ARN.
//
// It is an option (aws.edge.waf). What readers ask for is static, is answered
// from a cache, and takes no input; the API behind it is throttled; and AWS Shield
// Standard stands in front of CloudFront and Route 53 without being asked, against
// floods of packets. What the firewall adds is the end of one address that sends
// many requests, each of which costs, and of the probes that fill logs.
//
// It costs 5 USD a month, 1 for each of its four rules, and 0.60 for a million
// requests: 9.24 at 400,000.
func newFirewall(c EdgeConfig) string {
	var rules []*awswafv2.CfnWebACL_RuleProperty
	add := func(name string, r awswafv2.CfnWebACL_RuleProperty) {
		r.Name, r.Priority, r.VisibilityConfig = jsii.String(name), jsii.Number(len(rules)), visible(name)
		rules = append(rules, &r)
	}
	// First, because it is the cheapest to find and what a loop runs into.
	add("one-address", awswafv2.CfnWebACL_RuleProperty{
		Statement: &awswafv2.CfnWebACL_StatementProperty{
			RateBasedStatement: &awswafv2.CfnWebACL_RateBasedStatementProperty{
				AggregateKeyType: jsii.String("IP"), Limit: jsii.Number(c.Edge.WAF.Rate), EvaluationWindowSec: jsii.Number(300),
			},
		},
		Action: &awswafv2.CfnWebACL_RuleActionProperty{Block: &awswafv2.CfnWebACL_BlockActionProperty{
			// What a client that means well understands.
			CustomResponse: &awswafv2.CfnWebACL_CustomResponseProperty{ResponseCode: jsii.Number(429)},
		}},
	})
	// https://docs.aws.amazon.com/waf/latest/developerguide/aws-managed-rule-groups-list.html
	for _, group := range []struct{ name, aws, counted string }{
		{"ill-reputed", "AWSManagedRulesAmazonIpReputationList", ""},
		{"known-bad-inputs", "AWSManagedRulesKnownBadInputsRuleSet", ""},
		// Feed readers and podcast players are not all polite enough to say who
		// they are.
		{"common", "AWSManagedRulesCommonRuleSet", "NoUserAgent_HEADER"},
	} {
		statement := &awswafv2.CfnWebACL_ManagedRuleGroupStatementProperty{VendorName: jsii.String("AWS"), Name: jsii.String(group.aws)}
		if group.counted != "" {
			statement.RuleActionOverrides = &[]*awswafv2.CfnWebACL_RuleActionOverrideProperty{{
				Name: jsii.String(group.counted), ActionToUse: &awswafv2.CfnWebACL_RuleActionProperty{Count: map[string]any{}},
			}}
		}
		add(group.name, awswafv2.CfnWebACL_RuleProperty{
			Statement:      &awswafv2.CfnWebACL_StatementProperty{ManagedRuleGroupStatement: statement},
			OverrideAction: &awswafv2.CfnWebACL_OverrideActionProperty{None: map[string]any{}},
		})
	}
	return *awswafv2.NewCfnWebACL(c.Stack, jsii.String("Firewall"), &awswafv2.CfnWebACLProps{
		Scope:            jsii.String("CLOUDFRONT"),
		Description:      jsii.String("In front of " + c.Names.String()),
		DefaultAction:    map[string]any{"allow": map[string]any{}},
		VisibilityConfig: visible(c.Names.String()),
		Rules:            &rules,
	}).AttrArn()
}

// visible counts what a rule does, and keeps samples of requests for three hours.
func visible(metric string) *awswafv2.CfnWebACL_VisibilityConfigProperty {
	return &awswafv2.CfnWebACL_VisibilityConfigProperty{
		MetricName: jsii.String(metric), CloudWatchMetricsEnabled: jsii.Bool(true), SampledRequestsEnabled: jsii.Bool(true),
	}
}
