package main

import (
	"context"
	"flag"
	"fmt"

	"github.com/victorleungtw/blog/internal/release"
)

const reconcileHelp = `Reconcile finds what was lost, and puts it back.

Usage: blog reconcile [flags]

    --dry-run        only look; exit status 4 when something is missing
    --json           the result as JSON on standard output

It compares both regions and the route table with the releases that readers can
be given. What one region lacks is copied from the other, but for pages, which
are rendered again, and the route table is written where it is wrong. A publish
does not look for any of this: it is made to be small.

Exit status 1 when something is lost for good: a source or an asset that no
region has. Publishing the content again brings back what it still has.
` + placeHelp

func (a *app) reconcile(ctx context.Context, args []string) error {
	var p place
	fs := flag.NewFlagSet("reconcile", flag.ContinueOnError)
	p.flags(fs)
	dry := fs.Bool("dry-run", false, "")
	if err := a.parse(fs, reconcileHelp, args); err != nil {
		return err
	}
	pub, err := a.reader(ctx, &p)
	if err != nil {
		return err
	}
	r, err := pub.Repair(ctx, *dry)
	if err != nil {
		return err
	}
	if p.json {
		if err := a.json(r); err != nil {
			return err
		}
	} else {
		a.showRepair(r, *dry)
	}
	switch {
	case len(r.Lost) > 0:
		return fmt.Errorf("%s lost for good; publish the content again", plural(len(r.Lost), "object"))
	case *dry && !r.Whole():
		return &exitError{exitDrift}
	}
	return nil
}

func (a *app) showRepair(r *release.Repair, dry bool) {
	if r.Whole() {
		fmt.Fprintf(a.out, "release %d is whole everywhere\n", r.N)
		return
	}
	copied, made, written := "copied", "rendered again", "written"
	if dry {
		copied, made, written = "to be copied", "to be rendered again", "to be written"
	}
	for _, g := range r.Regions {
		if len(g.Copied)+len(g.Made) > 0 {
			fmt.Fprintf(a.out, "%-9s %s %s, %s %s\n", g.Name, plural(len(g.Copied), "object"), copied, plural(len(g.Made), "object"), made)
		}
	}
	if r.Routes > 0 {
		fmt.Fprintf(a.out, "%-9s %s %s\n", "edge", plural(r.Routes, "route"), written)
	}
	for _, key := range r.Lost {
		fmt.Fprintf(a.out, "%-9s %s\n", "lost", key)
	}
}
