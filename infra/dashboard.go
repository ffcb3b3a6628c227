package main

import (
	"encoding/json"
	"slices"

	"github.com/aws/aws-cdk-go/awscdk/v2/awscloudwatch"
	"github.com/aws/jsii-runtime-go"

	"github.com/victorleungtw/blog/internal/emf"
	"github.com/victorleungtw/blog/internal/names"
	"github.com/victorleungtw/blog/internal/renderer"
)

// board is a dashboard in CloudWatch's own JSON
// (https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/CloudWatch-Dashboard-Body-Structure.html),
// on a grid 24 wide.
type board struct {
	Widgets []widget `json:"widgets"`
	y       int
}

type widget struct {
	Type       string         `json:"type"`
	X          int            `json:"x"`
	Y          int            `json:"y"`
	Width      int            `json:"width"`
	Height     int            `json:"height"`
	Properties map[string]any `json:"properties"`
}

// metric is a line of a graph: namespace, name, then dimensions by turns.
type metric []string

// graph is some lines over time.
type graph struct {
	title, region, stat string
	period              int // seconds
	metrics             []metric
}

// text puts a line of Markdown across the board.
func (b *board) text(markdown string) {
	b.Widgets = append(b.Widgets, widget{"text", 0, b.y, 24, 2, map[string]any{"markdown": markdown}})
	b.y += 2
}

// row puts graphs side by side.
func (b *board) row(graphs ...graph) {
	width := 24 / len(graphs)
	for i, g := range graphs {
		b.Widgets = append(b.Widgets, widget{"metric", i * width, b.y, width, 6, map[string]any{
			"title": g.title, "region": g.region, "stat": g.stat, "period": g.period, "view": "timeSeries", "metrics": g.metrics,
		}})
	}
	b.y += 6
}

// alarms puts the states of some alarms across the board.
func (b *board) alarms(title string, arns []string) {
	b.Widgets = append(b.Widgets, widget{"alarm", 0, b.y, 24, 2, map[string]any{"title": title, "alarms": arns}})
	b.y += 2
}

// newDashboard shows what the three users of the blog would ask first. Each
// graph names its metrics by names that are known here: the other regions'
// stacks are not asked. An account's first three dashboards, of up to 50
// metrics, cost nothing.
func newDashboard(c EdgeConfig, distribution, probe string, alarms []awscloudwatch.Alarm) {
	var arns []string
	for _, a := range alarms {
		arns = append(arns, *a.AlarmArn())
	}
	body, err := json.Marshal(describeBoard(c, distribution, probe, arns))
	if err != nil {
		panic(err) // plain structs encode
	}
	awscloudwatch.NewCfnDashboard(c.Stack, jsii.String("Dashboard"), &awscloudwatch.CfnDashboardProps{
		DashboardName: jsii.String(c.Names.String()), // people look for it
		DashboardBody: jsii.String(string(body)),
	})
}

func describeBoard(c EdgeConfig, distribution, probe string, alarms []string) *board {
	const minute, hour, day = 60, 3600, 86400
	edge := func(name string) metric {
		return metric{"AWS/CloudFront", name, "DistributionId", distribution, "Region", "Global"}
	}
	function := func(name string) metric {
		return metric{"AWS/CloudFront", name, "FunctionName", c.Names.EdgeFunction(), "Region", "Global"}
	}
	b := &board{}

	b.text("# Readers\nWhat they are answered. What to do: `docs/runbook.md`")
	b.alarms("At the edge", alarms)
	b.row(
		graph{"Requests", names.GlobalRegion, "Sum", hour, []metric{edge("Requests")}},
		graph{"Errors, percent", names.GlobalRegion, "Average", 5 * minute, []metric{edge("5xxErrorRate"), edge("4xxErrorRate")}},
		graph{"Edge function", names.GlobalRegion, "Sum", 5 * minute, []metric{
			function("FunctionExecutionErrors"), function("FunctionValidationErrors"), function("FunctionThrottles"),
		}},
		graph{"Edge function, percent of its time", names.GlobalRegion, "Average", 5 * minute, []metric{function("FunctionComputeUtilization")}},
	)
	if probe != "" {
		b.row(graph{"First page answered", names.GlobalRegion, "Minimum", minute, []metric{{"AWS/Route53", "HealthCheckStatus", "HealthCheckId", probe}}})
	}

	b.text("# CI\nWhat a publish makes the renderers do: `blog status` says what is current")
	for _, region := range slices.Compact([]string{c.Primary, c.Fallback}) {
		live := func(name string) metric {
			return metric{"AWS/Lambda", name, "FunctionName", c.Names.Renderer(), "Resource", c.Names.Renderer() + ":" + names.LiveAlias}
		}
		own := func(name string) metric {
			return metric{c.Names.MetricNamespace(), name, emf.ServiceDimension, renderer.Service}
		}
		b.row(
			graph{"Rendered in " + region, region, "Sum", 5 * minute, []metric{own(renderer.MetricPages), own(renderer.MetricMissed)}},
			graph{"Milliseconds for it", region, "p90", 5 * minute, []metric{own(renderer.MetricTime), live("Duration")}},
			graph{"Gone wrong", region, "Sum", 5 * minute, []metric{
				live("Errors"), live("Throttles"), own(renderer.MetricFailed), own(renderer.MetricMismatch),
			}},
		)
	}

	b.text("# The author\nHow much is read, how much is kept, what it costs (the bill needs *billing alerts* switched on in the account)")
	last := []graph{
		{"Requests a day", names.GlobalRegion, "Sum", day, []metric{edge("Requests")}},
		{"Bytes a day", names.GlobalRegion, "Sum", day, []metric{edge("BytesDownloaded")}},
		{"The account's month so far, USD", names.GlobalRegion, "Maximum", day, []metric{{"AWS/Billing", "EstimatedCharges", "Currency", "USD"}}},
	}
	for _, region := range c.regions() {
		last = append(last, graph{"Bytes kept in " + region, region, "Average", day, []metric{
			{"AWS/S3", "BucketSizeBytes", "BucketName", c.Names.Bucket(account(), region), "StorageType", "StandardStorage"},
		}})
	}
	b.row(last...)
	return b
}
