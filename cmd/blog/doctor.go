package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"maps"
	"net"
	"net/http"
	"os/exec"
	"strings"
	"time"

	"github.com/victorleungtw/blog/internal/awsclient"
	"github.com/victorleungtw/blog/internal/config"
	"github.com/victorleungtw/blog/internal/content"
	"github.com/victorleungtw/blog/internal/doctor"
	"github.com/victorleungtw/blog/internal/names"
	"github.com/victorleungtw/blog/internal/plan"
)

const doctorHelp = `Doctor finds what only a deployment would find, and says what to do about it.

Usage: blog doctor [flags]

    --offline        look at this machine alone, and ask nothing of AWS
    --config FILE    the configuration; blog.yaml if not given. BLOG_ENV names
                     another environment of it
    --content DIR    the folder whose paths must fit into the route table;
                     content if not given
    --json           as JSON on standard output

Run it in the project's folder. On this machine: the lengths of names, the edge
function and the headers against CloudFront's quotas, the versions of Go, Node.js
and the CDK against their pins, and, after "cdk synth", whether each template
finds what it names in the order of deployment. At AWS, with the credentials in
use and reading only: whose they are, each region's opt-in and bootstrap, what a
new account has too little of, the domain's zone, its delegation and
certificates, and what is deployed or in the way.

    $ blog doctor --offline
    $ blog doctor
    $ blog doctor --json | jq '.[] | select(.status == "failure")'

Exit status: 0 if a deployment may be tried, with or without warnings; 1 if
something would fail; 3 if blog.yaml has errors.
`

func (a *app) doctor(ctx context.Context, args []string) error {
	var p place
	fs := flag.NewFlagSet("doctor", flag.ContinueOnError)
	fs.StringVar(&p.config, "config", "", "")
	fs.StringVar(&p.content, "content", "content", "")
	fs.BoolVar(&p.json, "json", false, "")
	offline := fs.Bool("offline", false, "")
	if err := a.parse(fs, doctorHelp, args); err != nil {
		return err
	}
	cfg, err := a.configuration(&p)
	if err != nil {
		return err
	}
	n, err := names.New(cfg.AWS.Name, cfg.AWS.Env)
	if err != nil {
		return fmt.Errorf("BLOG_ENV: %w", err)
	}
	b := &doctor.Blog{Config: cfg, Names: n, Root: ".", Run: run}
	if b.Paths, err = p.paths(ctx, cfg); err != nil {
		return err
	}
	report := doctor.Offline(ctx, b)
	if !*offline {
		aws, err := awsclient.Load(ctx, awsclient.Options{Region: names.GlobalRegion})
		if err != nil {
			return err
		}
		report = append(report, doctor.Online(ctx, b, &doctor.AWS{
			Config: aws, Client: &http.Client{Timeout: 20 * time.Second}, DNS: net.DefaultResolver,
		})...)
	}
	if p.json {
		if err := a.json(report); err != nil {
			return err
		}
	} else {
		a.checks(report)
	}
	if report.Count(doctor.Failure) > 0 {
		return &exitError{exitFailed}
	}
	return nil
}

// checks prints what was looked at, and at the end how it went.
func (a *app) checks(r doctor.Report) {
	words := map[doctor.Status]string{doctor.OK: "ok", doctor.Warning: "WARN", doctor.Failure: "FAIL", doctor.Skipped: "-"}
	area := ""
	for _, c := range r {
		shown := c.Area
		if shown == area {
			shown = ""
		}
		area = c.Area
		fmt.Fprintf(a.out, "%-15s %-5s %s: %s\n", shown, words[c.Status], c.What, c.Found)
		if c.Do != "" {
			fmt.Fprintf(a.out, "%22s%s\n", "", c.Do)
		}
	}
	fmt.Fprintf(a.out, "\n%s, %s, %d not looked at, %d well\n", plural(r.Count(doctor.Failure), "failure"),
		plural(r.Count(doctor.Warning), "warning"), r.Count(doctor.Skipped), r.Count(doctor.OK))
}

// paths are those of the content, and what redirects lead to; nil when there is
// no content or it has errors, which other verbs say.
func (p *place) paths(ctx context.Context, cfg *config.Config) (map[string]string, error) {
	if !exists(p.content) {
		return nil, nil
	}
	loader, err := p.loader(cfg, "http://localhost:8080", true)
	if err != nil {
		return nil, err
	}
	defer loader.Close()
	site, _, err := loader.Load(ctx)
	if site == nil || err != nil {
		return nil, err
	}
	return leads(site), nil
}

func leads(site *content.Site) map[string]string {
	pl, _ := plan.Build(site, "doctor")
	out := maps.Clone(pl.Redirects)
	for _, page := range pl.Pages {
		out[page.Path] = ""
	}
	return out
}

// run runs a program and returns what it printed.
func run(ctx context.Context, name string, args ...string) (string, error) {
	out, err := exec.CommandContext(ctx, name, args...).Output()
	var exit *exec.ExitError
	if errors.As(err, &exit) {
		return "", fmt.Errorf("%w: %s", err, strings.TrimSpace(string(exit.Stderr)))
	}
	return string(out), err
}
