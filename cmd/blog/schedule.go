package main

import (
	"context"
	"flag"
	"fmt"
	"time"

	"github.com/victorleungtw/blog/internal/release"
)

const scheduleHelp = `Schedule lists the releases that become current by themselves.

Usage: blog schedule [flags]

A post whose date is to come is published with the others, in a release that
readers see from that second on. Nothing has to run then: the edge looks at its
clock. To change or take back what is scheduled, change the post and publish;
blog rollback takes all of it back.

    --json           as JSON on standard output
` + placeHelp

// scheduled is one coming release, and what it does to the one before it.
type scheduled struct {
	N       int              `json:"release"`
	At      time.Time        `json:"at"`
	Changes []release.Change `json:"changes"`
}

func (a *app) schedule(ctx context.Context, args []string) error {
	var p place
	fs := flag.NewFlagSet("schedule", flag.ContinueOnError)
	p.flags(fs)
	if err := a.parse(fs, scheduleHelp, args); err != nil {
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
	out := []scheduled{}
	before := s.Release
	for _, c := range s.Coming {
		from, err := pub.Pages(ctx, before)
		if err != nil {
			return err
		}
		to, err := pub.Pages(ctx, c.N)
		if err != nil {
			return err
		}
		out = append(out, scheduled{c.N, c.At, release.Diff(from, to)})
		before = c.N
	}
	if p.json {
		return a.json(out)
	}
	for _, c := range out {
		fmt.Fprintf(a.out, "release %d at %s: %s\n", c.N, c.At.Format(time.RFC3339), summary(c.Changes))
		for _, ch := range c.Changes {
			if ch.Verb == release.Added {
				fmt.Fprintf(a.out, "    %s\n", ch.Path)
			}
		}
	}
	if len(out) == 0 {
		fmt.Fprintln(a.err, "nothing is scheduled")
	}
	return nil
}
