package main

import (
	"context"
	"flag"
	"fmt"
	"time"
)

const logHelp = `Log lists releases, the newest first.

Usage: blog log [flags]

    --limit N        at most so many; 20 if not given
    --json           as JSON on standard output

A star marks the current release. "held" is one that the route table still
holds: rolling back to it is one write.
` + placeHelp

func (a *app) history(ctx context.Context, args []string) error {
	var p place
	fs := flag.NewFlagSet("log", flag.ContinueOnError)
	p.flags(fs)
	limit := fs.Int("limit", 20, "")
	if err := a.parse(fs, logHelp, args); err != nil {
		return err
	}
	if *limit < 1 {
		return &usageError{fmt.Sprintf("--limit %d: want a number from 1", *limit), "log "}
	}
	pub, err := a.reader(ctx, &p)
	if err != nil {
		return err
	}
	list, err := pub.Releases(ctx, *limit)
	if err != nil {
		return err
	}
	if p.json {
		return a.json(list)
	}
	for _, r := range list {
		mark, held := " ", ""
		if r.Current {
			mark = "*"
		}
		if r.Held {
			held = "held"
		}
		if !r.At.IsZero() {
			held = "comes " + r.At.Format(time.RFC3339)
		}
		fmt.Fprintf(a.out, "%s %-5d %-20s %-12.12s %6d pages  on %-5d %s\n", mark, r.N, r.Time, r.Commit.ID, r.Pages, r.Parent, held)
	}
	if len(list) == 0 {
		fmt.Fprintln(a.err, "nothing has been published yet")
	}
	return nil
}
