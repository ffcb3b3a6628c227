package main

import (
	"context"
	"flag"
	"fmt"
	"slices"

	"github.com/victorleungtw/blog/internal/content"
	"github.com/victorleungtw/blog/internal/plan"
	"github.com/victorleungtw/blog/internal/problem"
)

const checkHelp = `Check says what is wrong with the content and the configuration.

Usage: blog check [flags]

    --content DIR    the folder; content if not given
    --config FILE    the configuration; blog.yaml if not given
    --drafts         check drafts and posts of days to come as well
    --json           the problems as JSON on standard output

Everything that a publish would refuse is found here, at once, with file and
line. Nothing is written and AWS is not asked. Exit status 3 for errors;
warnings alone are 0.

With a standby region in blog.yaml, the ways of recovering in it are listed on
standard output: how soon readers have pages, search and the API again, how soon
the author can publish, what can be lost, and what it costs a month beside the
same blog in one region. The one that blog.yaml has is marked.
`

func (a *app) check(ctx context.Context, args []string) error {
	var p place
	fs := flag.NewFlagSet("check", flag.ContinueOnError)
	fs.StringVar(&p.content, "content", "content", "")
	fs.StringVar(&p.config, "config", "", "")
	fs.BoolVar(&p.json, "json", false, "")
	drafts := fs.Bool("drafts", false, "")
	if err := a.parse(fs, checkHelp, args); err != nil {
		return err
	}
	cfg, warnings, err := a.configured(&p)
	if err != nil {
		return err
	}
	loader, err := p.loader(cfg, "http://localhost:8080", *drafts)
	if err != nil {
		return err
	}
	defer loader.Close()
	site, probs, err := loader.Load(ctx)
	if err != nil {
		return err
	}
	pages := 0
	if site != nil {
		pl, more := plan.Build(site, "check")
		probs = append(probs, more...)
		pages = len(pl.Pages)
	}
	probs = append(probs, ahead(loader, probs)...)
	probs = append(probs, warnings...)
	probs.Sort()
	if p.json {
		if probs == nil {
			probs = problem.List{} // [] and not null
		}
		if err := a.json(probs); err != nil {
			return err
		}
	} else {
		a.problems(probs)
		a.recovery(cfg)
	}
	if n := len(probs.Errors()); n > 0 {
		fmt.Fprintf(a.err, "%s, %s\n", plural(n, "error"), plural(len(probs.Warnings()), "warning"))
		return &exitError{exitContent}
	}
	fmt.Fprintf(a.err, "%s, %s\n", plural(pages, "page"), plural(len(probs.Warnings()), "warning"))
	return nil
}

// ahead finds what will be wrong with the site when the posts of days to come
// are live, and is not among known.
func ahead(loader *content.Loader, known problem.List) problem.List {
	var out problem.List
	times := loader.Coming()
	for _, t := range times[:min(len(times), content.MaxComing)] {
		site, probs := loader.At(t)
		if site != nil {
			_, more := plan.Build(site, "check")
			probs = append(probs, more...)
		}
		for _, p := range probs {
			if p.Severity != problem.Info && !slices.Contains(known, p) && !slices.Contains(out, p) {
				out = append(out, p)
			}
		}
	}
	return out
}
