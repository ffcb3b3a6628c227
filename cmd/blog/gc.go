package main

import (
	"context"
	"flag"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/victorleungtw/blog/internal/release"
)

const gcHelp = `Gc finds what no release needs that anybody can be given, and deletes it.

Usage: blog gc [--delete] [flags]

    --delete         delete; without it nothing is changed
    --keep N         keep the newest N releases; 20 if not given
    --older AGE      spare what is younger; 168h, a week, if not given
    --json           the result as JSON on standard output, with every key

Kept are, besides, the current release, those that the route table holds and
those to come, the ones that they are built on, and what branches show. A publish
that runs meanwhile loses nothing: it finds what it needs, or is told to wait.
A collection that was cut short is finished by the next.

Deleting needs the janitor's role, which the publisher's is not. The buckets keep
what was deleted for another 30 days.
` + placeHelp

func (a *app) gc(ctx context.Context, args []string) error {
	var p place
	var o release.CollectOptions
	fs := flag.NewFlagSet("gc", flag.ContinueOnError)
	p.flags(fs)
	fs.BoolVar(&o.Delete, "delete", false, "")
	fs.IntVar(&o.Keep, "keep", 20, "")
	fs.DurationVar(&o.Older, "older", 7*24*time.Hour, "")
	if err := a.parse(fs, gcHelp, args); err != nil {
		return err
	}
	switch {
	case o.Keep < 1:
		return &usageError{fmt.Sprintf("--keep %d: want 1 or more", o.Keep), "gc "}
	case o.Older < 0:
		return &usageError{fmt.Sprintf("--older %s: want an age, such as 168h", o.Older), "gc "}
	}
	pub, err := a.reader(ctx, &p)
	if err != nil {
		return err
	}
	pub.Progress = a.progress()
	out, err := pub.Collect(ctx, o)
	if err != nil {
		return err
	}
	if p.json {
		return a.json(out)
	}
	a.showCollected(out)
	return nil
}

func (a *app) showCollected(c *release.Collected) {
	switch {
	case c.N == 0:
		fmt.Fprintln(a.out, "nothing has been published yet")
		return
	case len(c.Keys) == 0:
		fmt.Fprintf(a.out, "nothing to delete; %s kept\n", plural(len(c.Kept), "release"))
		return
	case c.Resumed && !c.Deleted:
		fmt.Fprintln(a.out, "a collection was cut short; blog gc --delete finishes it")
	}
	what := "to delete"
	if c.Deleted {
		what = "deleted"
	}
	var kinds []string
	for _, k := range slices.Sorted(maps.Keys(c.Kinds)) {
		kinds = append(kinds, fmt.Sprintf("%d %s", c.Kinds[k], k))
	}
	fmt.Fprintf(a.out, "%s %s: %s\n", plural(len(c.Keys), "object"), what, strings.Join(kinds, ", "))
	for _, r := range c.Regions {
		fmt.Fprintf(a.out, "%-9s %s, %.1f MB\n", r.Name, plural(r.Objects, "object"), float64(r.Bytes)/1e6)
	}
	if !c.Resumed {
		fmt.Fprintf(a.out, "%s kept, %d dropped\n", plural(len(c.Kept), "release"), len(c.Dropped))
	}
}
