package main

import (
	"bytes"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/victorleungtw/blog/internal/config"
	"github.com/victorleungtw/blog/internal/names"
	"github.com/victorleungtw/blog/internal/sweeper"
)

// dataTypes are resource types that hold what cannot be made again.
var dataTypes = []string{
	"AWS::S3::Bucket", "AWS::CloudFront::KeyValueStore", "AWS::Route53::HostedZone", "AWS::KMS::Key",
	"AWS::DynamoDB::Table", "AWS::EFS::FileSystem", "AWS::RDS::DBInstance", "AWS::RDS::DBCluster", "AWS::EC2::Volume",
}

// In a trial nothing outlives its stack; in prod, data does.
func TestTrialLeavesNoTrace(t *testing.T) {
	each(t, func(t *testing.T, d *deployment, s *stack) {
		prod := d.blog.Config.AWS.Env == config.Prod
		for id, r := range s.Template.Resources {
			keeps := r.DeletionPolicy != "" && r.DeletionPolicy != "Delete" || r.UpdateReplacePolicy != "" && r.UpdateReplacePolicy != "Delete"
			if !prod && keeps {
				t.Errorf("%s %s: deletion %s, replacement %s", r.Type, id, r.DeletionPolicy, r.UpdateReplacePolicy)
			}
			if prod && slices.Contains(dataTypes, r.Type) && r.DeletionPolicy != "Retain" {
				t.Errorf("%s %s goes with its stack", r.Type, id)
			}
		}
		if prod {
			return
		}
		emptied := map[string]bool{}
		for _, r := range s.of("Custom::S3AutoDeleteObjects") {
			emptied[flat(r.Properties["BucketName"])] = true
		}
		for id := range s.of("AWS::S3::Bucket") {
			if !emptied["${"+id+"}"] {
				t.Errorf("%s is not emptied, and so not deleted", id)
			}
		}
		for id, r := range s.of("AWS::KMS::Key") {
			if r.Properties["PendingWindowInDays"] != float64(7) {
				t.Errorf("%s waits %v days", id, r.Properties["PendingWindowInDays"])
			}
		}
	})
}

// logOf is the log group of the template that a function writes to.
func (s *stack) logOf(fn resource) (string, resource) {
	want := flat(at(fn.Properties, "LoggingConfig", "LogGroup"))
	for id, r := range s.of("AWS::Logs::LogGroup") {
		if want == "${"+id+"}" {
			return id, r
		}
	}
	return "", resource{}
}

// Every log is of its stack and ends with it, and has an end before. What writes
// to it could not make another: a function that makes its own log leaves it.
func TestLogs(t *testing.T) {
	each(t, func(t *testing.T, d *deployment, s *stack) {
		for id, r := range s.of("AWS::Logs::LogGroup") {
			if r.Properties["RetentionInDays"] != float64(d.blog.Config.AWS.LogRetentionDays) {
				t.Errorf("%s is kept for %v days", id, r.Properties["RetentionInDays"])
			}
			if r.DeletionPolicy != "Delete" {
				t.Errorf("%s outlives its stack: %q", id, r.DeletionPolicy)
			}
		}
		for id, fn := range s.of("AWS::Lambda::Function") {
			if log, _ := s.logOf(fn); log == "" {
				t.Errorf("%s writes to a log that is not its stack's: %s", id, flat(fn.Properties["LoggingConfig"]))
			}
		}
		for _, st := range s.statements() {
			if slices.Contains(st.actions, "logs:CreateLogGroup") {
				t.Errorf("%s makes logs of its own", st.where)
			}
		}
		for id, f := range s.of("AWS::CloudFront::Function") {
			found := false
			for _, r := range s.of("AWS::Logs::LogGroup") {
				found = found || flat(r.Properties["LogGroupName"]) == "/aws/cloudfront/function/"+flat(f.Properties["Name"])
			}
			if !found {
				t.Errorf("%s leaves a log", id)
			}
		}
	})
}

// The tags by which a trial is found are on its stacks, and on no others.
func TestTags(t *testing.T) {
	each(t, func(t *testing.T, d *deployment, s *stack) {
		cfg := d.blog.Config.AWS
		want := map[string]string{names.TagBlog: cfg.Name, names.TagEnv: cfg.Env}
		if d.name == "trial" {
			want[names.TagTrialDays] = "3"
		}
		if strings.HasPrefix(s.Name, d.blog.Names.Account()) {
			delete(want, names.TagEnv) // there is one account
		}
		if len(s.Tags) != len(want) {
			t.Errorf("tags %v, want %v", s.Tags, want)
		}
		for k, v := range want {
			if s.Tags[k] != v {
				t.Errorf("tags %v, want %v", s.Tags, want)
			}
		}
	})
}

// A trial's stacks can go in the order in which the sweeper deletes them: those
// that a stack was deployed after, go after it.
func TestSweeperKnowsTheOrder(t *testing.T) {
	seen := 0
	for _, d := range deployments {
		if !d.blog.Config.AWS.Trial {
			continue
		}
		for part, s := range d.stacks {
			for _, before := range s.After {
				seen++
				if sweeper.Wave(part) >= sweeper.Wave(before) {
					t.Errorf("%s: %s comes after %s, and is not deleted before it", d.name, part, before)
				}
			}
		}
	}
	if seen < 6 {
		t.Errorf("looked at %d pairs", seen)
	}
}

// The whole of what the sweeper may do. A line more is a decision.
func TestSweeperMayDoExactlyThis(t *testing.T) {
	var lines []string
	var s *stack
	for _, d := range deployments {
		if d.stacks["sweeper"] != nil {
			s = d.stacks["sweeper"]
		}
	}
	for _, st := range s.statements() {
		if st.typ != "AWS::IAM::Policy" {
			continue
		}
		for _, a := range st.actions {
			for _, r := range st.resources {
				line := st.effect + " " + a + " " + r
				if st.conditions != nil {
					line += " if " + flat(st.conditions)
				}
				lines = append(lines, line)
			}
		}
	}
	slices.Sort(lines)
	var logs string
	for id := range s.of("AWS::Logs::LogGroup") {
		logs = id
	}
	const (
		stack = "arn:aws:cloudformation:us-east-1:${AWS::AccountId}:stack/blog-"
		here  = "arn:aws:cloudformation:ap-southeast-1:${AWS::AccountId}:stack/blog-"
		tags  = ` if {"Null":{"aws:ResourceTag/env":"false","aws:ResourceTag/trial-days":"false"},` +
			`"StringEquals":{"aws:ResourceTag/blog":"blog"},"StringNotEquals":{"aws:ResourceTag/env":["prod"]}}`
	)
	want := []string{
		"Allow cloudformation:DeleteStack " + here + "*/*" + tags,
		"Allow cloudformation:DeleteStack " + stack + "*/*" + tags,
		`Allow cloudformation:DescribeStacks * if {"StringEquals":{"aws:RequestedRegion":["us-east-1","ap-southeast-1"]}}`,
		"Allow logs:CreateLogStream ${" + logs + ".Arn}",
		"Allow logs:PutLogEvents ${" + logs + ".Arn}",
		"Deny cloudformation:* " + here + "prod-*/*",
		"Deny cloudformation:* " + stack + "prod-*/*",
	}
	if !slices.Equal(lines, want) {
		t.Errorf("may do\n  %s\nwant\n  %s", strings.Join(lines, "\n  "), strings.Join(want, "\n  "))
	}
}

// It looks every hour, tries once, and somebody hears of a failure.
func TestSweeper(t *testing.T) {
	found := 0
	for _, d := range deployments {
		s := d.stacks["sweeper"]
		if (s != nil) != (d.blog.Config.AWS.TrialDays > 0 && !d.blog.Config.AWS.Trial) {
			t.Errorf("%s: a sweeper: %v", d.name, s != nil)
		}
		if s == nil {
			continue
		}
		found++
		rule := s.one(t, "AWS::Events::Rule")
		fn := s.one(t, "AWS::Lambda::Function")
		vars := at(fn.Properties, "Environment", "Variables").(map[string]any)
		if rule.Properties["ScheduleExpression"] != "rate(1 hour)" || len(vars) != 3 || vars[names.EnvName] != "blog" ||
			vars[names.EnvKeep] != "prod" || vars[names.EnvRegions] != "us-east-1,ap-southeast-1" {
			t.Errorf("%v %v", rule.Properties, vars)
		}
		alarm := s.one(t, "AWS::CloudWatch::Alarm")
		if len(items(alarm.Properties["AlarmActions"])) != 1 || !strings.Contains(flat(alarm.Properties["AlarmDescription"]), "runbook.md#sweeperalarm") {
			t.Errorf("alarm %v", alarm.Properties)
		}
	}
	if found != 2 { // swept's, and that of every option
		t.Errorf("%d sweepers", found)
	}
}

var (
	versionID = regexp.MustCompile(`RendererCurrentVersion[0-9A-F]{8}[0-9a-f]{32}`)
	// The permission of a rule is called after its function's stack.
	ruleID = regexp.MustCompile(`(AllowEventRule\w+?)[0-9A-F]{16}`)
)

// The same commit gives every account the same templates, and every region but
// for its name.
func TestSameTemplateEverywhere(t *testing.T) {
	const yaml = "title: Blog\naws: {alarm_email: ops@example.com, kms: true, region: "
	read := func(name, region, account string) map[string][]byte {
		d := &deployment{name: name, yaml: yaml + region + account + "}\n"}
		if err := d.synth(t.TempDir()); err != nil {
			t.Fatal(err)
		}
		out := map[string][]byte{}
		for part, s := range d.stacks {
			data, err := os.ReadFile(filepath.Join(d.dir, s.Name+".template.json"))
			if err != nil {
				t.Fatal(err)
			}
			data = bytes.ReplaceAll(data, []byte(region), []byte("REGION"))
			data = bytes.ReplaceAll(data, []byte(strings.ReplaceAll(region, "-", "")), []byte("REGION"))
			// Of what the version is a version: the bucket of its code is the region's.
			data = versionID.ReplaceAll(data, []byte("RendererCurrentVersion"))
			data = ruleID.ReplaceAll(data, []byte("$1"))
			out[strings.ReplaceAll(part, region, "REGION")] = data
		}
		return out
	}
	want := read("any", "eu-west-1", "")
	for name, got := range map[string]map[string][]byte{
		"an account":     read("first", "eu-west-1", ", account: '111122223333'"),
		"another":        read("second", "eu-west-1", ", account: '444455556666'"),
		"another region": read("third", "ap-southeast-1", ", account: '111122223333'"),
	} {
		if len(got) != len(want) {
			t.Errorf("%s: %d stacks, want %d", name, len(got), len(want))
		}
		for part := range want {
			if !bytes.Equal(got[part], want[part]) {
				t.Errorf("%s: another template for %s:\n%s\nwant\n%s", name, part, got[part], want[part])
			}
		}
	}
}
