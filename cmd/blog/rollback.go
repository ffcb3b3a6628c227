package main

import (
	"context"
	"errors"
	"flag"
	"fmt"

	"github.com/victorleungtw/blog/internal/release"
)

const rollbackHelp = `Rollback makes an earlier release current again.

Usage: blog rollback [--to N] [flags]

    --to N           the release; the one before the current one if not given
    --json           the result as JSON on standard output

For a release that the route table still holds this is one write: nothing is
rendered or uploaded, and the pages are in the edges' caches still. An older
one is published again, under a new number, from its manifest. The next publish
is numbered after all that there were.
` + placeHelp

func (a *app) rollback(ctx context.Context, args []string) error {
	var p place
	fs := flag.NewFlagSet("rollback", flag.ContinueOnError)
	p.flags(fs)
	to := fs.Int("to", 0, "")
	if err := a.parse(fs, rollbackHelp, args); err != nil {
		return err
	}
	if *to < 0 {
		return &usageError{fmt.Sprintf("--to %d: releases are numbered from 1", *to), "rollback "}
	}
	pub, err := a.reader(ctx, &p)
	if err != nil {
		return err
	}
	if *to == 0 {
		if *to, err = pub.Previous(ctx); err != nil {
			return err
		}
	}
	res, err := pub.Rollback(ctx, *to)
	if err != nil && !errors.Is(err, release.ErrNothing) {
		return err
	}
	if p.json {
		return a.json(res)
	}
	switch {
	case err != nil:
		fmt.Fprintf(a.out, "release %d is current already\n", res.N)
	case res.N != *to:
		fmt.Fprintf(a.out, "release %d is current: it is release %d again (%s since %d)\n", res.N, *to, summary(res.Changes), res.Parent)
	default:
		fmt.Fprintf(a.out, "release %d is current again (%s since %d)\n", res.N, summary(res.Changes), res.Parent)
	}
	return nil
}
