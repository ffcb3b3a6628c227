package main

import (
	"context"
	"flag"
	"fmt"

	"github.com/victorleungtw/blog/internal/release"
)

const takedownHelp = `Takedown erases a post that must not be readable any more.

Usage: blog takedown PATH [--reason TEXT] [flags]

    PATH             the post's path, as in the browser: /2026/03/01/hello/
    --reason TEXT    for the record; keep names out of it
    --assets         erase the images and files too that nothing else shows
    --json           the result as JSON on standard output

Delete the post, or make it a draft, and publish; then take it down. Every
edition of its text goes, every page that shows its text, title or summary, in
every release and both regions, with the versions that the buckets keep; the
edges forget them. Nobody can publish these texts again, or go back to a release
that had them. There is no way back.

It needs the janitor's role. Run it again when it fails: it goes on where it was.
` + placeHelp

func (a *app) takedown(ctx context.Context, args []string) error {
	var p place
	var o release.TakedownOptions
	fs := flag.NewFlagSet("takedown", flag.ContinueOnError)
	p.flags(fs)
	fs.StringVar(&o.Reason, "reason", "", "")
	fs.BoolVar(&o.Assets, "assets", false, "")
	path := ""
	if len(args) > 0 && args[0] != "" && args[0][0] == '/' {
		path, args = args[0], args[1:]
	}
	if err := a.parse(fs, takedownHelp, args); err != nil {
		return err
	}
	if path == "" {
		return &usageError{"takedown needs a path first, such as /2026/03/01/hello/", "takedown "}
	}
	cfg, err := a.configuration(&p)
	if err != nil {
		return err
	}
	c, err := a.open(ctx, &p, cfg)
	if err != nil {
		return err
	}
	o.Purge = c.Purge
	if check, ok := c.Checker.(*release.HTTPCheck); ok {
		o.Gone = check.Gone
	}
	pub := a.publisher(c, true)
	out, err := pub.Takedown(ctx, path, o)
	if err != nil {
		return err
	}
	if p.json {
		return a.json(out)
	}
	fmt.Fprintf(a.out, "%s is taken down: %s of its text, %s that showed something of it; release %d is current\n",
		out.Path, plural(len(out.Sources), "edition"), plural(len(out.Digests), "page"), out.N)
	if n := len(out.Assets); n > 0 {
		fmt.Fprintf(a.out, "%s erased with it\n", plural(n, "file"))
	}
	for _, key := range out.Files {
		fmt.Fprintf(a.out, "left: /%s, which nothing else shows; --assets erases it\n", key)
	}
	if c.Purge == nil {
		fmt.Fprintln(a.err, "the edges were not told to forget it: this place does not know them")
	}
	return nil
}
