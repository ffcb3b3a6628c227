package main

import (
	"encoding/json"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/victorleungtw/blog/internal/config"
	"github.com/victorleungtw/blog/internal/emf"
	"github.com/victorleungtw/blog/internal/names"
	"github.com/victorleungtw/blog/internal/renderer"
)

// published are the metrics that AWS says it publishes, with the dimensions
// under which it does, for everything that an alarm or a graph here is about:
//
//	https://docs.aws.amazon.com/lambda/latest/dg/monitoring-metrics-types.html
//	https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/programming-cloudwatch-metrics.html
//	https://docs.aws.amazon.com/Route53/latest/DeveloperGuide/monitoring-health-checks.html
//	https://docs.aws.amazon.com/AmazonS3/latest/userguide/metrics-dimensions.html
//	https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/monitor_estimated_charges_with_cloudwatch.html
var published = map[string][]string{
	"AWS/Lambda FunctionName":                     {"Invocations", "Errors", "Throttles", "Duration"},
	"AWS/Lambda FunctionName Resource":            {"Invocations", "Errors", "Throttles", "Duration"},
	"AWS/CloudFront DistributionId Region":        {"Requests", "BytesDownloaded", "BytesUploaded", "TotalErrorRate", "4xxErrorRate", "5xxErrorRate"},
	"AWS/CloudFront FunctionName Region":          {"FunctionInvocations", "FunctionValidationErrors", "FunctionExecutionErrors", "FunctionComputeUtilization", "FunctionThrottles"},
	"AWS/Route53 HealthCheckId":                   {"HealthCheckStatus", "HealthCheckPercentageHealthy"},
	"AWS/S3 BucketName StorageType":               {"BucketSizeBytes", "NumberOfObjects"},
	"AWS/ApplicationELB LoadBalancer":             {"HTTPCode_ELB_5XX_Count"},
	"AWS/ApplicationELB LoadBalancer TargetGroup": {"HTTPCode_Target_5XX_Count"},
	"AWS/Billing Currency":                        {"EstimatedCharges"},
}

// global are namespaces whose metrics are in us-east-1 alone.
var global = []string{"AWS/CloudFront", "AWS/Route53", "AWS/Billing"}

// exists complains of a metric that nobody publishes in that region.
func (d *deployment) exists(t *testing.T, where, region, namespace, name string, dimensions map[string]string) {
	t.Helper()
	kind := namespace + " " + strings.Join(slices.Sorted(maps.Keys(dimensions)), " ")
	own := namespace == d.blog.Names.MetricNamespace() && kind == namespace+" "+emf.ServiceDimension && slices.Contains(renderer.Metrics(), name)
	if !own && !slices.Contains(published[kind], name) {
		t.Errorf("%s: nobody publishes %s of %s", where, name, kind)
	}
	if slices.Contains(global, namespace) && region != names.GlobalRegion {
		t.Errorf("%s: %s is looked for in %s", where, namespace, region)
	}
	for k, v := range dimensions {
		fixed := map[string]string{
			"Region": "Global", "Resource": d.blog.Names.Renderer() + ":" + names.LiveAlias,
			"Currency": "USD", emf.ServiceDimension: renderer.Service,
		}
		if want, ok := fixed[k]; ok && v != want || v == "" {
			t.Errorf("%s: dimension %s is %q", where, k, v)
		}
	}
}

// The whole of what is watched. An alarm more is a decision.
func TestAlarms(t *testing.T) {
	render := []string{"ErrorsAlarm", "PagesFailedAlarm", "ThrottlesAlarm", "VersionMismatchAlarm"}
	edge := []string{"EdgeErrorsAlarm", "EdgeFunctionErrorsAlarm", "EdgeFunctionInvalidAlarm", "EdgeFunctionThrottlesAlarm"}
	each(t, func(t *testing.T, d *deployment, s *stack) {
		var want []string
		switch part := strings.TrimPrefix(s.Name, d.blog.Names.String()+"-"); {
		case strings.HasPrefix(part, "render-"):
			want = slices.Clone(render)
			if d.blog.Config.AWS.Compute == config.ComputeFleet {
				want = append(want, "FleetErrorsAlarm", "FleetDownAlarm")
			}
		case part == "edge":
			want = slices.Clone(edge)
			if d.blog.Config.AWS.Probe {
				want = append(want, "ProbeAlarm")
			}
		}
		if want != nil && d.blog.Config.AWS.Env == "prod" {
			want = append(want, "RemedyFailedAlarm")
		}
		if s == d.stacks["sweeper"] {
			want = []string{"SweeperAlarm"}
		}
		var got []string
		for id, a := range s.of("AWS::CloudWatch::Alarm") {
			id = id[:len(id)-8]
			got = append(got, id)
			dimensions := map[string]string{}
			for _, dim := range items(a.Properties["Dimensions"]) {
				dimensions[flat(at(dim, "Name"))] = flat(at(dim, "Value"))
			}
			d.exists(t, id, s.Region, flat(a.Properties["Namespace"]), flat(a.Properties["MetricName"]), dimensions)
			if actions := strs(a.Properties["AlarmActions"]); len(actions) != 1 || !strings.HasPrefix(actions[0], "${Alarms") {
				t.Errorf("%s tells %v", id, actions)
			}
			if text := flat(a.Properties["AlarmDescription"]); !strings.HasSuffix(text, "docs/runbook.md#"+strings.ToLower(id)) {
				t.Errorf("%s does not say what to do: %s", id, text)
			}
			// A missing value is a minute in which nothing happened.
			if a.Properties["TreatMissingData"] != "notBreaching" || a.Properties["Period"] != float64(60) || a.Properties["EvaluationPeriods"] != float64(5) {
				t.Errorf("%s: %v", id, a.Properties)
			}
			if _, named := a.Properties["AlarmName"]; named {
				t.Errorf("%s has a name of its own", id)
			}
		}
		slices.Sort(got)
		slices.Sort(want)
		if !slices.Equal(got, want) {
			t.Errorf("alarms %v, want %v", got, want)
		}
		if want == nil {
			return
		}
		mails := s.of("AWS::SNS::Subscription")
		if (len(mails) == 1) != (d.blog.Config.AWS.AlarmEmail != "") {
			t.Errorf("%d subscriptions", len(mails))
		}
		allowed := false
		for _, st := range s.statements() {
			allowed = allowed || st.effect == "Allow" && flat(at(st.principal, "Service")) == "cloudwatch.amazonaws.com" && st.actions[0] == "sns:Publish"
		}
		if !allowed {
			t.Error("the topic refuses alarms")
		}
	})
}

// The numbers of the alarms that are not counts.
func TestThresholds(t *testing.T) {
	for _, d := range deployments {
		s := d.stacks["edge"]
		is := func(id string, want map[string]any) {
			t.Helper()
			a := s.called(t, "AWS::CloudWatch::Alarm", id)
			for k, v := range want {
				if a.Properties[k] != v {
					t.Errorf("%s: %s: %s is %v, want %v", d.name, id, k, a.Properties[k], v)
				}
			}
		}
		is("EdgeErrorsAlarm", map[string]any{"Statistic": "Average", "Threshold": 5.0, "DatapointsToAlarm": 3.0, "ComparisonOperator": "GreaterThanOrEqualToThreshold"})
		is("EdgeFunctionErrorsAlarm", map[string]any{"Statistic": "Sum", "Threshold": 1.0, "DatapointsToAlarm": 1.0, "ComparisonOperator": "GreaterThanOrEqualToThreshold"})
		if d.blog.Config.AWS.Probe {
			is("ProbeAlarm", map[string]any{"Statistic": "Minimum", "Threshold": 1.0, "DatapointsToAlarm": 1.0, "ComparisonOperator": "LessThanThreshold"})
			check := s.one(t, "AWS::Route53::HealthCheck").Properties["HealthCheckConfig"]
			if at(check, "FullyQualifiedDomainName") != "blog.example.com" || at(check, "Type") != "HTTPS" || at(check, "ResourcePath") != "/" || len(items(at(check, "Regions"))) != 3 {
				t.Errorf("%s: the probe asks %v", d.name, check)
			}
		} else if n := len(s.of("AWS::Route53::HealthCheck")); n > 0 {
			t.Errorf("%s: %d probes that nobody asked for", d.name, n)
		}
	}
}

// Every graph shows metrics that exist, in the region where they are; and all
// that the renderer counts is shown.
func TestDashboard(t *testing.T) {
	for _, d := range deployments {
		s := d.stacks["edge"]
		if d.blog.Config.AWS.Env != "prod" {
			if n := len(s.of("AWS::CloudWatch::Dashboard")); n > 0 {
				t.Errorf("%s: a trial has %d dashboards", d.name, n)
			}
			continue
		}
		dash := s.one(t, "AWS::CloudWatch::Dashboard")
		if dash.Properties["DashboardName"] != d.blog.Names.String() {
			t.Errorf("%s: it is called %v", d.name, dash.Properties["DashboardName"])
		}
		var b board
		if err := json.Unmarshal([]byte(flat(dash.Properties["DashboardBody"])), &b); err != nil {
			t.Fatal(err)
		}
		text, shown, total := "", map[string]bool{}, 0
		for i, w := range b.Widgets {
			if w.X+w.Width > 24 || w.Width < 1 || w.Height < 1 {
				t.Errorf("%s: widget %d is off the grid: %+v", d.name, i, w)
			}
			for _, o := range b.Widgets[:i] {
				if w.X < o.X+o.Width && o.X < w.X+w.Width && w.Y < o.Y+o.Height && o.Y < w.Y+w.Height {
					t.Errorf("%s: widget %d lies over another: %+v", d.name, i, w)
				}
			}
			text += flat(w.Properties["markdown"])
			for _, line := range items(w.Properties["metrics"]) {
				m := strs(line)
				dimensions := map[string]string{}
				for j := 2; j+1 < len(m); j += 2 {
					dimensions[m[j]] = m[j+1]
				}
				region := flat(w.Properties["region"])
				d.exists(t, flat(w.Properties["title"]), region, m[0], m[1], dimensions)
				shown[region+" "+m[1]] = true
				total++
			}
			for _, arn := range strs(w.Properties["alarms"]) {
				if id, _, ok := strings.Cut(strings.TrimPrefix(arn, "${"), "."); !ok || s.Template.Resources[id].Type != "AWS::CloudWatch::Alarm" {
					t.Errorf("%s: shows the alarm %s", d.name, arn)
				}
			}
		}
		for _, user := range []string{"# Readers", "# CI", "# The author"} {
			if !strings.Contains(text, user) {
				t.Errorf("%s: nothing for %s", d.name, user)
			}
		}
		for _, region := range d.blog.Config.RendererRegions() {
			for _, name := range renderer.Metrics() {
				if !shown[region+" "+name] {
					t.Errorf("%s: %s of %s is not shown", d.name, name, region)
				}
			}
		}
		if total > 50 {
			t.Errorf("%s: %d metrics; a dashboard of up to 50 can be free", d.name, total)
		}
	}
}

// Every function writes to a log group that forgets, and every log group does.
func TestLogsAreForgotten(t *testing.T) {
	each(t, func(t *testing.T, d *deployment, s *stack) {
		for id, f := range s.of("AWS::Lambda::Function") {
			group := strings.Trim(flat(at(f.Properties, "LoggingConfig", "LogGroup")), "${}")
			if s.Template.Resources[group].Type != "AWS::Logs::LogGroup" {
				t.Errorf("%s writes to a log group that Lambda makes: %q", id, group)
			}
		}
		for id, g := range s.of("AWS::Logs::LogGroup") {
			if g.Properties["RetentionInDays"] != float64(d.blog.Config.AWS.LogRetentionDays) {
				t.Errorf("%s keeps its lines for %v days", id, g.Properties["RetentionInDays"])
			}
		}
	})
}

// Two mails at most when a month grows, one when it will, and one for a day
// unlike the others; in no trial.
func TestBudget(t *testing.T) {
	for _, d := range deployments {
		b := d.blog.Config.AWS.Budget
		s := d.stacks["ops"]
		if b.MonthlyUSD == 0 {
			if s != nil && len(s.of("AWS::Budgets::Budget"))+len(s.of("AWS::CE::AnomalySubscription")) > 0 {
				t.Errorf("%s: a budget that nobody asked for", d.name)
			}
			continue
		}
		budget := s.one(t, "AWS::Budgets::Budget")
		limit := at(budget.Properties, "Budget", "BudgetLimit")
		if at(limit, "Amount") != float64(b.MonthlyUSD) || at(limit, "Unit") != "USD" || at(budget.Properties, "Budget", "TimeUnit") != "MONTHLY" {
			t.Errorf("%s: %v", d.name, limit)
		}
		var got []string
		for _, n := range items(budget.Properties["NotificationsWithSubscribers"]) {
			got = append(got, flat(at(n, "Notification", "NotificationType"))+" "+flat(at(n, "Notification", "Threshold"))+" "+flat(at(n, "Subscribers", 0, "Address")))
		}
		if want := []string{"ACTUAL 80 " + b.Email, "ACTUAL 100 " + b.Email, "FORECASTED 100 " + b.Email}; !slices.Equal(got, want) {
			t.Errorf("%s: %v, want %v", d.name, got, want)
		}
		mail := s.one(t, "AWS::CE::AnomalySubscription")
		monitors := s.of("AWS::CE::AnomalyMonitor")
		if (len(monitors) == 1) != (b.AnomalyMonitor == "") {
			t.Errorf("%s: %d monitors", d.name, len(monitors))
		}
		arn := flat(at(mail.Properties, "MonitorArnList", 0))
		if b.AnomalyMonitor != "" && arn != b.AnomalyMonitor || b.AnomalyMonitor == "" && !strings.HasPrefix(arn, "${Unusual") {
			t.Errorf("%s: watches %s", d.name, arn)
		}
		var impact struct{ Dimensions struct{ Values []string } }
		if err := json.Unmarshal([]byte(flat(mail.Properties["ThresholdExpression"])), &impact); err != nil {
			t.Fatal(err)
		}
		if want := map[int]string{20: "4", 3: "1"}[b.MonthlyUSD]; !slices.Equal(impact.Dimensions.Values, []string{want}) {
			t.Errorf("%s: tells from %v USD on, want %s", d.name, impact.Dimensions.Values, want)
		}
	}
}
