package main

import (
	"reflect"
	"strings"
	"testing"

	"github.com/victorleungtw/blog/internal/config"
	"github.com/victorleungtw/blog/internal/names"
	"github.com/victorleungtw/blog/internal/renderer"
)

// eachRender runs a test for each Render stack.
func eachRender(t *testing.T, f func(t *testing.T, d *deployment, region string, s *stack)) {
	for _, d := range deployments {
		for _, region := range d.blog.Config.RendererRegions() {
			t.Run(d.name+"/"+region, func(t *testing.T) { f(t, d, region, d.stacks["render-"+region]) })
		}
	}
}

func TestRenderer(t *testing.T) {
	eachRender(t, func(t *testing.T, d *deployment, region string, s *stack) {
		var fn resource
		for _, r := range s.of("AWS::Lambda::Function") {
			fn = r
		}
		n := d.blog.Names
		_, log := s.logOf(fn)
		for what, pair := range map[string][2]any{
			"name":         {fn.Properties["FunctionName"], n.Renderer()},
			"runtime":      {fn.Properties["Runtime"], "provided.al2023"},
			"architecture": {strs(fn.Properties["Architectures"]), []string{"arm64"}},
			"memory":       {fn.Properties["MemorySize"], float64(d.blog.Config.AWS.RendererMemory)},
			"bucket":       {flat(at(fn.Properties, "Environment", "Variables", names.EnvBucket)), n.Bucket("${AWS::AccountId}", region)},
			"secret":       {flat(at(fn.Properties, "Environment", "Variables", names.EnvOriginSecret)), n.OriginSecret()},
			"log group":    {log.Properties["LogGroupName"], "/aws/lambda/" + n.Renderer()},
			"alias":        {s.one(t, "AWS::Lambda::Alias").Properties["Name"], names.LiveAlias},
		} {
			if !reflect.DeepEqual(pair[0], pair[1]) {
				t.Errorf("%s: %v, want %v", what, pair[0], pair[1])
			}
		}
		if vars := at(fn.Properties, "Environment", "Variables").(map[string]any); len(vars) != 2 {
			t.Errorf("environment %v: the renderer reads two variables", vars)
		}
		// Requests go to the alias, so that moving it moves them.
		if uri := flat(s.one(t, "AWS::ApiGatewayV2::Integration").Properties["IntegrationUri"]); !strings.HasPrefix(uri, "${Live") {
			t.Errorf("the API calls %s", uri)
		}
		for id, v := range s.of("AWS::Lambda::Version") {
			if want := map[bool]string{true: "Retain", false: "Delete"}[d.blog.Config.AWS.Env == "prod"]; v.DeletionPolicy != want {
				t.Errorf("%s: deletion %s, want %s", id, v.DeletionPolicy, want)
			}
		}
	})
}

// Every region that reads the origin's secret has a copy of it.
func TestSecretIsWhereItIsRead(t *testing.T) {
	for _, d := range deployments {
		secret := d.stacks["global"].one(t, "AWS::SecretsManager::Secret")
		has := map[string]bool{names.GlobalRegion: true}
		for _, r := range items(secret.Properties["ReplicaRegions"]) {
			region := flat(at(r, "Region"))
			if has[region] {
				t.Errorf("%s: two copies in %s", d.name, region)
			}
			has[region] = true
		}
		for _, region := range d.blog.Config.RendererRegions() {
			if !has[region] {
				t.Errorf("%s: no copy in %s", d.name, region)
			}
		}
	}
}

func TestAlarms(t *testing.T) {
	eachRender(t, func(t *testing.T, d *deployment, region string, s *stack) {
		// Each message that an alarm is about is counted, and each count has
		// its alarm.
		want := map[string]bool{"AWS/Lambda Errors": true, "AWS/Lambda Throttles": true}
		fleet := 0
		if d.blog.Config.AWS.Compute == config.ComputeFleet {
			fleet = 2
			want["AWS/ApplicationELB HTTPCode_Target_5XX_Count"], want["AWS/ApplicationELB HTTPCode_ELB_5XX_Count"] = true, true
		}
		patterns := map[string]bool{}
		for _, f := range s.of("AWS::Logs::MetricFilter") {
			patterns[flat(f.Properties["FilterPattern"])] = true
			want[flat(at(f.Properties, "MetricTransformations", 0, "MetricNamespace"))+" "+
				flat(at(f.Properties, "MetricTransformations", 0, "MetricName"))] = true
		}
		for _, message := range []string{renderer.MismatchMessage, renderer.FailedMessage} {
			if !patterns[`{ $.msg = "`+message+`" }`] {
				t.Errorf("nobody counts %q: %v", message, patterns)
			}
		}
		got := map[string]bool{}
		for id, a := range s.of("AWS::CloudWatch::Alarm") {
			got[flat(a.Properties["Namespace"])+" "+flat(a.Properties["MetricName"])] = true
			if len(items(a.Properties["AlarmActions"])) == 0 {
				t.Errorf("%s tells nobody", id)
			}
			if !strings.Contains(flat(a.Properties["AlarmDescription"]), "docs/runbook.md#") {
				t.Errorf("%s does not say what to do", id)
			}
		}
		if len(want) != 4+fleet || !reflect.DeepEqual(got, want) {
			t.Errorf("alarms on %v, want %v", got, want)
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
