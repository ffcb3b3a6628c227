package config

import (
	"slices"
	"strings"
	"testing"
)

const connection = "arn:aws:codeconnections:ap-southeast-1:123456789012:connection/aabbccdd-8aad-4d5d-8878-dfcab0bc441f"

func TestPipeline(t *testing.T) {
	cfg, probs := Parse("blog.yaml", []byte("title: Blog\naws:\n  pipeline: {repository: octocat/blog, connection: '"+connection+"'}\n"))
	if want := (Pipeline{Repository: "octocat/blog", Branch: "main", Connection: connection, Approve: true}); len(probs) > 0 || cfg.AWS.Pipeline != want {
		t.Errorf("%+v\n%s", cfg.AWS.Pipeline, show(probs))
	}
	for env, want := range map[string]bool{"": false, "prod": false, "dev": true, "other": false} {
		if got := cfg.ForEnv(env).AWS; got.Rehearsal != want || got.Trial && got.Pipeline != (Pipeline{}) {
			t.Errorf("%q: %+v", env, got)
		}
	}
	cfg, probs = Parse("blog.yaml", []byte("title: Blog\naws:\n  github: {repository: octocat/blog, deploy: true}\n"))
	if len(probs) > 0 || !cfg.AWS.GitHub.Deploy || !cfg.ForEnv("dev").AWS.Rehearsal {
		t.Errorf("%+v\n%s", cfg.AWS, show(probs))
	}
}

func TestPipelineProblems(t *testing.T) {
	for _, c := range []struct{ name, aws, want string }{
		{"empty", "pipeline: {}", ":3: aws.pipeline without a repository | add repository: docs/deploy.md says where it comes from\n" +
			":3: aws.pipeline without a connection | add connection: docs/deploy.md says where it comes from\n"},
		{"a text", "pipeline: octocat/blog", ":3: aws.pipeline: want keys and values, got \"octocat/blog\" | its keys are approve, branch, connection, repository\n"},
		{"wrong values", "pipeline: {repository: blog, connection: mine, branch: 'main*', approve: maybe}",
			":3: aws.pipeline.approve: want true or false, got \"maybe\"\n" +
				":3: aws.pipeline.branch: \"main*\" is not a branch | one name, without patterns: for example main\n" +
				":3: aws.pipeline.connection: \"mine\" is not the ARN of a connection | `aws codeconnections list-connections` shows it\n" +
				":3: aws.pipeline.repository: \"blog\" is not a repository | owner and name, for example octocat/blog\n"},
		{"another account", "account: '999999999999'\n  pipeline: {repository: o/b, connection: '" + connection + "'}",
			":4: aws.pipeline.connection is of account 123456789012, and aws.account is 999999999999 | make the connection in the blog's account\n"},
		{"the rehearsal is the blog", "env: dev\n  pipeline: {repository: o/b, connection: '" + connection + "'}",
			":4: what deploys by itself deploys to dev first, and aws.env is that | give the blog itself another environment than dev\n"},
		{"both", "pipeline: {repository: o/b, connection: '" + connection + "'}\n  github: {repository: o/b, deploy: true}",
			":4: aws.pipeline and aws.github.deploy are both set | keep one of the two: they would deploy the same commit at the same time\n"},
		{"the workflow's rehearsal is the blog", "env: dev\n  github: {repository: o/b, deploy: true}",
			":4: what deploys by itself deploys to dev first, and aws.env is that | give the blog itself another environment than dev\n"},
	} {
		_, probs := Parse("blog.yaml", []byte("title: Blog\naws:\n  "+c.aws+"\n"))
		got := sorted(show(probs))
		if want := sorted(c.want); got != want {
			t.Errorf("%s: got\n%s\nwant\n%s", c.name, got, want)
		}
	}
}

// sorted orders the lines of problems that have the same line number.
func sorted(s string) string {
	lines := strings.SplitAfter(s, "\n")
	slices.Sort(lines)
	return strings.Join(lines, "")
}
