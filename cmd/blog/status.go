package main

import (
	"context"
	"flag"
	"fmt"
	"slices"
	"time"

	"github.com/victorleungtw/blog/internal/routes"
)

const statusHelp = `Status compares what the record, the regions and the edge say.

Usage: blog status [flags]

    --json           as JSON on standard output

Exit status 4 when they differ: a publish was cut short. Publishing again, or
rolling back, starts by bringing them together.
` + placeHelp

func (a *app) status(ctx context.Context, args []string) error {
	var p place
	fs := flag.NewFlagSet("status", flag.ContinueOnError)
	p.flags(fs)
	if err := a.parse(fs, statusHelp, args); err != nil {
		return err
	}
	pub, err := a.reader(ctx, &p)
	if err != nil {
		return err
	}
	s, err := pub.Status(ctx)
	if err != nil {
		return err
	}
	if p.json {
		if err := a.json(s); err != nil {
			return err
		}
	} else if s.Head.N == 0 {
		fmt.Fprintln(a.out, "nothing has been published yet")
	} else {
		fmt.Fprintf(a.out, "release   %d (%s, %s, %d pages", s.Release, s.Head.Act, s.Head.Time, s.Pages)
		if s.Head.Commit.ID != "" {
			fmt.Fprintf(a.out, ", commit %.12s", s.Head.Commit.ID)
		}
		fmt.Fprintf(a.out, ")\nrenderer  %s\n", s.Renderer)
		for _, r := range s.Regions {
			missed := ""
			if slices.Contains(s.Head.Debt, r.Name) {
				missed = "; it missed something that the next publish makes up for"
			}
			fmt.Fprintf(a.out, "%-9s release %d%s%s\n", r.Name, r.N, trouble(r.InStep, r.Error), missed)
		}
		fmt.Fprintf(a.out, "edge      release %d%s; one write away: %v\n", s.Edge.N, trouble(s.Edge.InStep, s.Edge.Error), s.Edge.Has)
		if s.Edge.Bytes > 0 {
			fmt.Fprintf(a.out, "table     %d kB of %d\n", s.Edge.Bytes/1000, routes.MaxTable/1000)
		}
		for _, c := range s.Coming {
			fmt.Fprintf(a.out, "coming    release %d at %s\n", c.N, c.At.Format(time.RFC3339))
		}
	}
	if !s.InStep {
		return &exitError{exitDrift}
	}
	return nil
}

func trouble(inStep bool, err string) string {
	switch {
	case err != "":
		return " (" + err + ")"
	case !inStep:
		return " (behind the record: publish again)"
	}
	return ""
}
