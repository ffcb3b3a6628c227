package config

import (
	"fmt"
	"regexp"

	"go.yaml.in/yaml/v3"
)

// Pipeline is what deploys a pushed commit: tests, the rehearsal, a person's yes,
// the blog. The zero value is none.
type Pipeline struct {
	Repository string // as the provider of the connection has it: "octocat/blog"
	Branch     string
	Connection string // ARN, of CodeConnections
	Approve    bool   // somebody has to agree before the blog itself is deployed
}

// Rehearsal is the trial to which whatever deploys by itself, the pipeline or a
// workflow, deploys first.
const Rehearsal = "dev"

var (
	pathForm       = regexp.MustCompile(`^[A-Za-z0-9._-]+(/[A-Za-z0-9._-]+)+$`)
	branchForm     = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._/-]*$`)
	connectionForm = regexp.MustCompile(`^arn:aws:code(?:star-)?connections:[a-z0-9-]+:([0-9]{12}):connection/[0-9a-f-]{36}$`)
)

func (r *reader) pipeline(n *yaml.Node, p *Pipeline) {
	p.Branch, p.Approve = "main", true
	r.mapping(n, "aws.pipeline", fields{
		"repository": r.scalar("aws.pipeline.repository", &p.Repository, func(s string) (string, string) {
			if !pathForm.MatchString(s) {
				return fmt.Sprintf("%q is not a repository", s), "owner and name, for example octocat/blog"
			}
			return "", ""
		}),
		"branch": r.scalar("aws.pipeline.branch", &p.Branch, func(s string) (string, string) {
			if !branchForm.MatchString(s) {
				return fmt.Sprintf("%q is not a branch", s), "one name, without patterns: for example main"
			}
			return "", ""
		}),
		"connection": r.scalar("aws.pipeline.connection", &p.Connection, func(s string) (string, string) {
			if !connectionForm.MatchString(s) {
				return fmt.Sprintf("%q is not the ARN of a connection", s), "`aws codeconnections list-connections` shows it"
			}
			return "", ""
		}),
		"approve": r.boolean("aws.pipeline.approve", &p.Approve),
	})
	if n.Kind != yaml.MappingNode {
		return
	}
	for _, key := range []string{"repository", "connection"} {
		if r.at["aws.pipeline."+key] == 0 {
			r.probs.Errorf(r.file, r.at["aws.pipeline"], "add "+key+": docs/deploy.md says where it comes from", "aws.pipeline without a %s", key)
		}
	}
}

// deployers checks what deploys by itself against the rest.
func (r *reader) deployers(cfg *Config) {
	line, pipeline := r.at["aws.pipeline"]
	if at, ok := r.at["aws.github.deploy"]; ok && cfg.AWS.GitHub.Deploy {
		line = at
		if pipeline {
			r.probs.Errorf(r.file, line, "keep one of the two: they would deploy the same commit at the same time", "aws.pipeline and aws.github.deploy are both set")
		}
	}
	if line == 0 {
		return
	}
	if cfg.AWS.Env == Rehearsal {
		r.probs.Errorf(r.file, line, "give the blog itself another environment than "+Rehearsal,
			"what deploys by itself deploys to %s first, and aws.env is that", Rehearsal)
	}
	if m := connectionForm.FindStringSubmatch(cfg.AWS.Pipeline.Connection); m != nil && cfg.AWS.Account != "" && m[1] != cfg.AWS.Account {
		r.probs.Errorf(r.file, r.at["aws.pipeline.connection"], "make the connection in the blog's account",
			"aws.pipeline.connection is of account %s, and aws.account is %s", m[1], cfg.AWS.Account)
	}
}

// rehearses says whether an environment of cfg is deployed to first.
func (a AWS) rehearses(env string) bool {
	return env == Rehearsal && (a.Pipeline.Connection != "" || a.GitHub.Deploy)
}
