package main

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"go.yaml.in/yaml/v3"

	"github.com/victorleungtw/blog/internal/config"
	"github.com/victorleungtw/blog/internal/names"
)

// publishers are the deployments in which a repository publishes.
func publishers() map[string]*stack {
	out := map[string]*stack{}
	for _, d := range deployments {
		if s, ok := d.stacks["ops"]; ok && d.blog.Config.AWS.GitHub.Repository != "" {
			out[d.name] = s
		}
	}
	return out
}

// One job of one environment of one repository, and nobody else.
func TestWhoPublishes(t *testing.T) {
	const existing = "arn:aws:iam::${AWS::AccountId}:oidc-provider/token.actions.githubusercontent.com"
	want := map[string]struct {
		subject   string
		providers int
	}{
		"domain": {"repo:octocat@123/blog@456:environment:prod", 1},
		"on":     {"repo:octocat@123/blog@456:environment:prod", 1},
		"single": {"repo:octocat/blog:environment:prod", 0},
	}
	got := publishers()
	if len(got) != len(want) {
		t.Errorf("%d deployments have a publisher, want %d", len(got), len(want))
	}
	for name, w := range want {
		s := got[name]
		federated := existing
		providers := s.of("AWS::IAM::OIDCProvider")
		if len(providers) != w.providers {
			t.Errorf("%s: %d providers, want %d", name, len(providers), w.providers)
		}
		for id, p := range providers {
			federated = "${" + id + ".Arn}"
			if p.Properties["Url"] != "https://token.actions.githubusercontent.com" || !slices.Equal(strs(p.Properties["ClientIdList"]), []string{"sts.amazonaws.com"}) {
				t.Errorf("%s: provider %v", name, p.Properties)
			}
		}
		role := s.role(t, "Publisher")
		if role.Properties["MaxSessionDuration"] != float64(3600) {
			t.Errorf("%s: sessions of %v s", name, role.Properties["MaxSessionDuration"])
		}
		trust := items(at(role.Properties, "AssumeRolePolicyDocument", "Statement"))
		if len(trust) != 1 {
			t.Fatalf("%s: %d ways to be the publisher", name, len(trust))
		}
		condition := `{"StringEquals":{"token.actions.githubusercontent.com:aud":"sts.amazonaws.com","token.actions.githubusercontent.com:sub":"` + w.subject + `"}}`
		if flat(at(trust[0], "Action")) != "sts:AssumeRoleWithWebIdentity" || flat(at(trust[0], "Effect")) != "Allow" ||
			flat(at(trust[0], "Principal", "Federated")) != federated || flat(at(trust[0], "Condition")) != condition {
			t.Errorf("%s: %s\nwant %s by %s", name, flat(trust[0]), condition, federated)
		}
	}
}

// role is the role that a construct with this id made.
func (s *stack) role(t *testing.T, id string) resource {
	t.Helper()
	for logical, r := range s.of("AWS::IAM::Role") {
		if strings.HasPrefix(logical, id) {
			return r
		}
	}
	t.Fatalf("%s has no role %s", s.Name, id)
	return resource{}
}

// publisherStatements are the statements of the publisher's role, by Sid.
func publisherStatements(t *testing.T, s *stack) map[string]statement {
	t.Helper()
	out := map[string]statement{}
	for _, st := range s.statements() {
		if st.sid == "" || out[st.sid].sid != "" {
			t.Errorf("statement %q is there twice, or has no name", st.sid)
		}
		out[st.sid] = st
	}
	return out
}

// The whole of what the publisher may do. A line more is a decision.
func TestPublisherMayDoExactlyThis(t *testing.T) {
	s := publishers()["domain"]
	all := map[string][]string{}
	for id := range s.of("AWS::IAM::Policy") {
		for _, st := range publisherStatements(t, s) {
			if st.where != id || st.effect != "Allow" {
				t.Errorf("%s %s is of %s", st.effect, st.sid, st.where)
			}
			condition := ""
			if st.conditions != nil {
				condition = " if " + flat(st.conditions)
			}
			for _, a := range st.actions {
				for _, r := range st.resources {
					all[st.sid] = append(all[st.sid], a+" "+r+condition)
				}
			}
			slices.Sort(all[st.sid])
		}
	}
	sg, hk := "arn:aws:s3:::blog-prod-${AWS::AccountId}-ap-southeast-1-an", "arn:aws:s3:::blog-prod-${AWS::AccountId}-ap-east-1-an"
	const (
		table   = `{"Fn::ImportValue":"blog-prod-global:ExportsOutputFnGetAttRouteTable82FB8FA6ArnD10F24FA"}`
		created = ` if {"Null":{"s3:if-none-match":"false"}}`
		swapped = ` if {"Null":{"s3:if-match":"false"}}`
		aliased = ` if {"ForAnyValue:StringEquals":{"kms:ResourceAliases":"alias/blog-prod-content"}}`
	)
	want := map[string][]string{
		"ReadRecord": {
			"s3:GetObject " + hk + "/asset/*", "s3:GetObject " + hk + "/branch/*", "s3:GetObject " + hk + "/gc/*",
			"s3:GetObject " + hk + "/head.json", "s3:GetObject " + hk + "/page/*", "s3:GetObject " + hk + "/recipe/*",
			"s3:GetObject " + hk + "/release/*", "s3:GetObject " + hk + "/src/*", "s3:GetObject " + hk + "/takedown/*",
			"s3:GetObject " + sg + "/asset/*", "s3:GetObject " + sg + "/branch/*", "s3:GetObject " + sg + "/gc/*",
			"s3:GetObject " + sg + "/head.json", "s3:GetObject " + sg + "/page/*", "s3:GetObject " + sg + "/recipe/*",
			"s3:GetObject " + sg + "/release/*", "s3:GetObject " + sg + "/src/*", "s3:GetObject " + sg + "/takedown/*",
		},
		"TellMissingFromForbidden": {"s3:ListBucket " + hk, "s3:ListBucket " + sg},
		"CreateOnly": {
			"s3:PutObject " + hk + "/asset/*" + created, "s3:PutObject " + hk + "/recipe/*" + created,
			"s3:PutObject " + hk + "/release/*" + created, "s3:PutObject " + hk + "/src/*" + created,
			"s3:PutObject " + sg + "/asset/*" + created, "s3:PutObject " + sg + "/recipe/*" + created,
			"s3:PutObject " + sg + "/release/*" + created, "s3:PutObject " + sg + "/src/*" + created,
		},
		"CreateHeads": {
			"s3:PutObject " + hk + "/branch/*" + created, "s3:PutObject " + hk + "/head.json" + created,
			"s3:PutObject " + sg + "/branch/*" + created, "s3:PutObject " + sg + "/head.json" + created,
		},
		"SwapHeads": {
			"s3:PutObject " + hk + "/branch/*" + swapped, "s3:PutObject " + hk + "/head.json" + swapped,
			"s3:PutObject " + sg + "/branch/*" + swapped, "s3:PutObject " + sg + "/head.json" + swapped,
		},
		"ChangeRoutes": {
			"cloudfront-keyvaluestore:DescribeKeyValueStore " + table, "cloudfront-keyvaluestore:GetKey " + table,
			"cloudfront-keyvaluestore:ListKeys " + table, "cloudfront-keyvaluestore:UpdateKeys " + table,
		},
		"Render": {
			"lambda:InvokeFunction arn:aws:lambda:ap-east-1:${AWS::AccountId}:function:blog-prod-renderer:live",
			"lambda:InvokeFunction arn:aws:lambda:ap-southeast-1:${AWS::AccountId}:function:blog-prod-renderer:live",
		},
		"FindTheRest": {
			"ssm:GetParametersByPath arn:aws:ssm:us-east-1:${AWS::AccountId}:parameter/blog/prod",
			"ssm:GetParametersByPath arn:aws:ssm:us-east-1:${AWS::AccountId}:parameter/blog/prod/",
		},
		"UseKeyapeast1": {
			"kms:Decrypt arn:aws:kms:ap-east-1:${AWS::AccountId}:key/*" + aliased,
			"kms:GenerateDataKey arn:aws:kms:ap-east-1:${AWS::AccountId}:key/*" + aliased,
		},
		"UseKeyapsoutheast1": {
			"kms:Decrypt arn:aws:kms:ap-southeast-1:${AWS::AccountId}:key/*" + aliased,
			"kms:GenerateDataKey arn:aws:kms:ap-southeast-1:${AWS::AccountId}:key/*" + aliased,
		},
	}
	for sid := range all {
		if want[sid] == nil {
			t.Errorf("unexpected: %s", sid)
		}
	}
	for sid, lines := range want {
		if !slices.Equal(all[sid], lines) {
			t.Errorf("%s allows\n  %s\nwant\n  %s", sid, strings.Join(all[sid], "\n  "), strings.Join(lines, "\n  "))
		}
	}
}

// Without keys of the blog's own the publisher has no business with KMS.
func TestPublisherWithoutKeys(t *testing.T) {
	for sid, st := range publisherStatements(t, publishers()["single"]) {
		if strings.HasPrefix(st.actions[0], "kms:") {
			t.Errorf("%s: %v", sid, st.actions)
		}
	}
}

// Whatever a workflow runs is named by its content: a tag can be moved.
func TestActionsArePinned(t *testing.T) {
	uses := regexp.MustCompile(`(?m)^\s*(?:- )?uses:\s*(.*)$`)
	pinned := regexp.MustCompile(`^[\w.-]+/[\w./-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+$`)
	files, err := filepath.Glob("../.github/workflows/*.yml")
	if err != nil || len(files) < 2 {
		t.Fatal(files, err)
	}
	for _, name := range files {
		data, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range uses.FindAllStringSubmatch(string(data), -1) {
			if !pinned.MatchString(m[1]) {
				t.Errorf("%s uses %s", name, m[1])
			}
		}
	}
}

// The workflow is the one that the role trusts: its environment is in the
// subject of its tokens, and it may ask for one.
func TestPublishWorkflow(t *testing.T) {
	data, err := os.ReadFile("../.github/workflows/publish.yml")
	if err != nil {
		t.Fatal(err)
	}
	var w struct {
		Permissions map[string]string
		Jobs        map[string]struct {
			Environment string
			Permissions map[string]string
			Steps       []struct {
				Run  string
				With map[string]string
			}
		}
	}
	if err := yaml.Unmarshal(data, &w); err != nil {
		t.Fatal(err)
	}
	job := w.Jobs["publish"]
	if len(w.Jobs) != 1 || len(w.Permissions) != 0 || len(job.Permissions) != 2 ||
		job.Permissions["contents"] != "read" || job.Permissions["id-token"] != "write" {
		t.Errorf("jobs %v, permissions %v and %v", w.Jobs, w.Permissions, job.Permissions)
	}
	if job.Environment != config.Prod {
		t.Errorf("environment %s", job.Environment)
	}
	var order []string
	for _, s := range job.Steps {
		if verb, ok := strings.CutPrefix(s.Run, "go run ./cmd/blog "); ok {
			order = append(order, verb)
		}
		if s.With["role-to-assume"] != "" {
			order = append(order, "credentials in "+s.With["aws-region"])
		}
	}
	if want := []string{"check", "credentials in " + names.GlobalRegion, "publish"}; !slices.Equal(order, want) {
		t.Errorf("steps %v, want %v", order, want)
	}
}
