package main

import (
	"context"
	"encoding/json"
	"errors"
	"io/fs"
	"log/slog"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-lambda-go/events"
	"github.com/aws/aws-sdk-go-v2/aws"

	"github.com/victorleungtw/blog/internal/names"
	"github.com/victorleungtw/blog/internal/release"
	"github.com/victorleungtw/blog/internal/remedy"
	blogs3 "github.com/victorleungtw/blog/internal/store/s3"
)

// Deployments of the renderer are canaries that the alarms on its code watch;
// in a trial there is none, and nothing acts.
func TestCanary(t *testing.T) {
	eachRender(t, func(t *testing.T, d *deployment, region string, s *stack) {
		alias := s.one(t, "AWS::Lambda::Alias")
		if d.blog.Config.AWS.Env != "prod" {
			for _, typ := range []string{"AWS::CodeDeploy::DeploymentGroup", "AWS::Events::Rule"} {
				if n := len(s.of(typ)); n > 0 || alias.UpdatePolicy != nil {
					t.Errorf("a trial has %d of type %s", n, typ)
				}
			}
			return
		}
		var app, group string
		for id := range s.of("AWS::CodeDeploy::Application") {
			app = id
		}
		for id := range s.of("AWS::CodeDeploy::DeploymentGroup") {
			group = id
		}
		update := at(alias.UpdatePolicy, "CodeDeployLambdaAliasUpdate")
		if flat(at(update, "ApplicationName")) != "${"+app+"}" || flat(at(update, "DeploymentGroupName")) != "${"+group+"}" {
			t.Errorf("the alias is moved by %v", update)
		}
		g := s.Template.Resources[group]
		if g.Properties["DeploymentConfigName"] != canary {
			t.Errorf("it moves by %v", g.Properties["DeploymentConfigName"])
		}
		var watched []string
		for _, a := range items(at(g.Properties, "AlarmConfiguration", "Alarms")) {
			id := strings.Trim(flat(at(a, "Name")), "${}")
			watched = append(watched, id[:len(id)-8])
		}
		slices.Sort(watched)
		if want := []string{"ErrorsAlarm", "PagesFailedAlarm"}; !slices.Equal(watched, want) || at(g.Properties, "AlarmConfiguration", "Enabled") != true {
			t.Errorf("it watches %v, want %v", watched, want)
		}
		if got := strs(at(g.Properties, "AutoRollbackConfiguration", "Events")); !slices.Contains(got, "DEPLOYMENT_STOP_ON_ALARM") {
			t.Errorf("it goes back after %v", got)
		}
		if deps := g.dependencies(); !slices.ContainsFunc(deps, func(id string) bool { return strings.HasPrefix(id, "DeploymentRoleDefaultPolicy") }) {
			t.Errorf("it does not wait for its role's policy: %v", deps)
		}
	})
}

// Each remedy hears of its alarms, when they go off, and of nothing else but
// deployments; and alarms do not name it.
func TestRulesOfRemedies(t *testing.T) {
	each(t, func(t *testing.T, d *deployment, s *stack) {
		if s == d.stacks["sweeper"] || s == d.stacks["pipeline"] || strings.HasPrefix(s.Name, d.blog.Names.Account()) {
			return // their rules are about something else
		}
		var got []string
		for id, r := range s.of("AWS::Events::Rule") {
			p := r.Properties["EventPattern"]
			line := id[:len(id)-8] + ":"
			for _, arn := range strs(at(p, "resources")) {
				alarm := strings.TrimPrefix(arn, "${")
				line += " " + alarm[:strings.IndexByte(alarm, '.')-8]
			}
			got = append(got, line+" "+strings.Join(strs(at(p, "detail", "state", "value")), ","))
			if app := strs(at(p, "detail", "application")); strings.HasPrefix(id, "CodeRemedyDeployments") && (len(app) != 1 || !strings.HasPrefix(app[0], "${Deployments")) {
				t.Errorf("%s: deployments of %v", id, app)
			}
			if targets := items(r.Properties["Targets"]); len(targets) != 1 || !strings.HasPrefix(flat(at(targets[0], "Arn")), "${"+strings.TrimSuffix(strings.TrimSuffix(id[:len(id)-8], "Alarms"), "Deployments")) {
				t.Errorf("%s goes to %v", id, targets)
			}
		}
		slices.Sort(got)
		var want []string
		if d.blog.Config.AWS.Env == "prod" {
			switch {
			case strings.Contains(s.Name, "-render-"):
				want = []string{"CodeRemedyAlarms: ErrorsAlarm PagesFailedAlarm ALARM", "CodeRemedyDeployments: "}
			case strings.HasSuffix(s.Name, "-edge"):
				want = []string{"ContentRemedyAlarms: EdgeErrorsAlarm ALARM"}
			}
		}
		if !slices.Equal(got, want) {
			t.Errorf("rules\n  %s\nwant\n  %s", strings.Join(got, "\n  "), strings.Join(want, "\n  "))
		}
		for id, f := range s.of("AWS::Lambda::Function") {
			if !strings.HasSuffix(id[:len(id)-8], "Remedy") {
				continue
			}
			alarms := strings.Split(flat(at(f.Properties, "Environment", "Variables", names.EnvAlarms)), ",")
			for _, rule := range want {
				for _, a := range alarms {
					if name := strings.Trim(a, "${}"); strings.Contains(rule, "ALARM") && !strings.Contains(rule, " "+name[:len(name)-8]+" ") {
						t.Errorf("%s acts on %s, and hears %s", id, name, rule)
					}
				}
			}
			if at(f.Properties, "Environment", "Variables", names.EnvTopic) == nil {
				t.Errorf("%s can tell nobody", id)
			}
		}
	})
}

// An alarm that named the remedy would close a circle: with the names of the
// alarms in its environment, and through the alias's update policy if its role
// referred to the alias. Both would be seen.
func TestCircleOfARemedyIsSeen(t *testing.T) {
	data, err := json.Marshal(deployments[0].stacks["render-ap-southeast-1"].Template)
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		spoil func(remedy, policy resource, alias string)
		want  []string // on the circle
	}{
		{func(resource, resource, string) {}, []string{"ErrorsAlarm", "CodeRemedy"}},
		{func(remedy, _ resource, _ string) { delete(remedy.Properties, "Environment") }, nil},
		{func(remedy, policy resource, alias string) {
			delete(remedy.Properties, "Environment")
			policy.Properties["Alias"] = map[string]any{"Ref": alias}
		}, []string{"ErrorsAlarm", "CodeRemedy", "Live", "Canary"}},
	} {
		var bad template
		if err := json.Unmarshal(data, &bad); err != nil {
			t.Fatal(err)
		}
		id := func(prefix string) string {
			for got := range bad.Resources {
				if rest, ok := strings.CutPrefix(got, prefix); ok && (rest == "" || len(rest) == 8) {
					return got
				}
			}
			t.Fatalf("no %s", prefix)
			return ""
		}
		alarm := bad.Resources[id("ErrorsAlarm")]
		alarm.Properties["AlarmActions"] = append(items(alarm.Properties["AlarmActions"]), map[string]any{"Fn::GetAtt": []any{id("CodeRemedy"), "Arn"}})
		c.spoil(bad.Resources[id("CodeRemedy")], bad.Resources[id("CodeRemedyRoleDefaultPolicy")], id("Live"))
		circle := bad.cycle()
		if (circle == nil) != (c.want == nil) {
			t.Errorf("the circle is %v, want one of %v", circle, c.want)
		}
		for _, part := range c.want {
			if !slices.Contains(circle, id(part)) {
				t.Errorf("%s is not on the circle %v", part, circle)
			}
		}
	}
}

// The whole of what the remedies and CodeDeploy may do. A line more is a decision.
func TestRemediesMayDoExactlyThis(t *testing.T) {
	d := deployed(t, "own")
	sg, hk := "arn:aws:s3:::blog-prod-${AWS::AccountId}-ap-southeast-1-an", "arn:aws:s3:::blog-prod-${AWS::AccountId}-ap-east-1-an"
	fn := "arn:aws:lambda:ap-southeast-1:${AWS::AccountId}:function:blog-prod-renderer"
	table := `{"Fn::ImportValue":"blog-prod-global:ExportsOutputFnGetAttRouteTable82FB8FA6ArnD10F24FA"}`
	resource := func(s *stack, typ, id string) string {
		for got := range s.of(typ) {
			if strings.HasPrefix(got, id) && len(got) == len(id)+8 {
				return got
			}
		}
		t.Fatalf("%s: no %s", s.Name, id)
		return ""
	}
	render, edge := d.stacks["render-ap-southeast-1"], d.stacks["edge"]
	own := func(s *stack, id string) []string {
		logs := "${" + resource(s, "AWS::Logs::LogGroup", id+"Logs") + ".Arn}"
		return []string{"logs:CreateLogStream " + logs, "logs:PutLogEvents " + logs, "sns:Publish ${" + resource(s, "AWS::SNS::Topic", "Alarms") + "}"}
	}
	for _, c := range []struct {
		role  string
		stack *stack
		want  []string
	}{
		{"DeploymentRole", render, []string{
			"cloudwatch:DescribeAlarms *",
			"lambda:GetAlias " + fn, "lambda:GetAlias " + fn + ":live",
			"lambda:GetProvisionedConcurrencyConfig " + fn, "lambda:GetProvisionedConcurrencyConfig " + fn + ":live",
			"lambda:UpdateAlias " + fn, "lambda:UpdateAlias " + fn + ":live",
		}},
		{"CodeRemedyRole", render, append(own(render, "CodeRemedy"),
			"lambda:GetAlias "+fn, "lambda:GetAlias "+fn+":live",
			"lambda:UpdateAlias "+fn, "lambda:UpdateAlias "+fn+":live",
			"s3:GetObject "+sg+"/remedy/code.json", "s3:ListBucket "+sg,
			"s3:PutObject "+sg+"/remedy/code.json", "s3:PutObject "+sg+"/remedy/code.json",
		)},
		{"ContentRemedyRole", edge, append(own(edge, "ContentRemedy"),
			"cloudfront-keyvaluestore:DescribeKeyValueStore "+table, "cloudfront-keyvaluestore:GetKey "+table,
			"cloudfront-keyvaluestore:ListKeys "+table, "cloudfront-keyvaluestore:UpdateKeys "+table,
			"s3:GetObject "+hk+"/gc/*", "s3:GetObject "+hk+"/head.json", "s3:GetObject "+hk+"/page/*", "s3:GetObject "+hk+"/release/*", "s3:GetObject "+hk+"/takedown/*",
			"s3:GetObject "+sg+"/gc/*", "s3:GetObject "+sg+"/head.json", "s3:GetObject "+sg+"/page/*", "s3:GetObject "+sg+"/release/*", "s3:GetObject "+sg+"/takedown/*",
			"s3:GetObject "+sg+"/remedy/content.json", "s3:ListBucket "+hk, "s3:ListBucket "+sg,
			"s3:PutObject "+hk+"/head.json", "s3:PutObject "+hk+"/release/*",
			"s3:PutObject "+sg+"/head.json", "s3:PutObject "+sg+"/release/*",
			"s3:PutObject "+sg+"/remedy/content.json", "s3:PutObject "+sg+"/remedy/content.json",
			"ssm:GetParametersByPath arn:aws:ssm:us-east-1:${AWS::AccountId}:parameter/blog/prod",
			"ssm:GetParametersByPath arn:aws:ssm:us-east-1:${AWS::AccountId}:parameter/blog/prod/",
		)},
	} {
		slices.Sort(c.want)
		if got := roleOf(c.stack, c.role); !slices.Equal(got, c.want) {
			t.Errorf("%s may do\n  %s\nwant\n  %s", c.role, strings.Join(got, "\n  "), strings.Join(c.want, "\n  "))
		}
		for _, st := range c.stack.statements() {
			if !strings.HasPrefix(st.where, c.role) || !slices.Contains(st.actions, "s3:PutObject") {
				continue
			}
			if keys, ok := st.conditions["Null"].(map[string]any); !ok || keys["s3:if-match"] != "false" && keys["s3:if-none-match"] != "false" {
				t.Errorf("%s %s writes without a condition: %v", c.role, st.sid, st.conditions)
			}
		}
	}
}

// recordedAlarm is the alarm that package remedy records, going off now, and its
// name.
func recordedAlarm(t *testing.T) (ev events.EventBridgeEvent, name string) {
	t.Helper()
	data, err := os.ReadFile("../internal/remedy/testdata/alarm.json")
	if err != nil {
		t.Fatal(err)
	}
	var alarm remedy.Alarm
	if err := errors.Join(json.Unmarshal(data, &ev), json.Unmarshal(ev.Detail, &alarm)); err != nil {
		t.Fatal(err)
	}
	ev.Time = time.Now()
	return ev, alarm.AlarmName
}

// remedyWorld is a published world of two releases, and a content remedy with
// the role of the template.
func remedyWorld(t *testing.T, without ...string) (*moto, *deployment, *world, *remedy.Content, events.EventBridgeEvent, aws.CredentialsProvider) {
	t.Helper()
	d := deployed(t, "domain")
	m := startMoto(t)
	as := functionRole(t, m, d.stacks["edge"], "ContentRemedyRole", without...)
	w := newWorld(t, m, d, m.admin)
	for _, text := range []string{"First.", "Second."} {
		if _, err := w.publisher.Publish(t.Context(), w.plan(text), release.Commit{}); err != nil {
			t.Fatal(err)
		}
	}
	p := &release.Publisher{Table: w.publisher.Table, Log: w.publisher.Log, Now: w.publisher.Now, Workers: 2}
	for i, r := range w.publisher.Regions {
		r.Bucket, r.Renderer = blogs3.New(m.s3(as), w.buckets[i]), nil // the role may not ask it
		p.Regions = append(p.Regions, r)
	}
	ev, alarm := recordedAlarm(t)
	return m, d, w, &remedy.Content{
		Publisher: p, Desk: remedy.Desk{
			Journal: remedy.Journal{Bucket: p.Regions[0].Bucket, Key: names.ContentJournal},
			Alarms:  []string{alarm}, Now: time.Now, Log: slog.New(slog.DiscardHandler),
			Tell: func(context.Context, string, string) error { return nil },
		},
	}, ev, as
}

// The content remedy's role, as it is in the template, is enough to go back a
// release, also to one that the route table has dropped, and for nothing else.
func TestGoBackAsTheRemedy(t *testing.T) {
	m, d, w, c, ev, as := remedyWorld(t)
	if err := c.Handle(t.Context(), ev); err != nil {
		t.Fatal(err)
	}
	if s, err := w.publisher.Status(t.Context()); err != nil || s.Release != 1 || !s.InStep {
		t.Fatalf("%+v %v", s, err)
	}
	acts := forbidden(t, m, d, w)
	for _, key := range []string{names.SourcePrefix + "x", names.AssetPrefix + "x", names.RecipePrefix + "x", names.DraftPrefix + "x",
		names.BranchPrefix + "x.json", names.TakedownPrefix + "x.json", names.GarbagePrefix + "x.json", names.CodeJournal} {
		acts = slices.Insert(acts, 0, writing(t.Context(), w.buckets[0], key))
	}
	denied(t, m, as, acts)
}

// Each statement about objects is needed. WriteJournal and SwapHeads stand with
// others, because moto knows no conditions.
func TestRemedyNeedsEachStatement(t *testing.T) {
	for _, without := range [][]string{{"ReadJournal"}, {"BeginJournal", "WriteJournal"}, {"ReadRecord"}, {"SwapHeads"}} {
		t.Run(strings.Join(without, "+"), func(t *testing.T) {
			_, _, w, c, ev, _ := remedyWorld(t, without...)
			if err := c.Handle(t.Context(), ev); !errors.Is(err, fs.ErrPermission) {
				t.Errorf("got %v, want no permission", err)
			}
			if s, err := w.publisher.Status(t.Context()); err != nil || s.Release != 2 {
				t.Errorf("%+v %v", s, err)
			}
		})
	}
}
