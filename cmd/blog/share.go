package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"path/filepath"
	"strings"
	"time"

	"github.com/victorleungtw/blog/internal/plan"
	"github.com/victorleungtw/blog/internal/release"
)

const shareHelp = `Share makes a link to one page that is not published, for those who have it.

Usage: blog share PATH [--for 48h] [flags]
       blog share --revoke-all [flags]

PATH is a file of the content folder or the URL path of a page; drafts and posts
of days to come are found too. The link shows the page as it is now, without its
neighbours, to whoever has it, until the time is over: then it is a 410. It can
be given on. No search engine lists it, no browser keeps it.

    --for D          how long the link is good for, up to 720h; 48h if not given
    --revoke-all     make every link that was ever given worthless
    --content DIR    the folder; content if not given
    --json           the link as JSON on standard output
` + placeHelp

func (a *app) share(ctx context.Context, args []string) error {
	var p place
	fs := flag.NewFlagSet("share", flag.ContinueOnError)
	p.flags(fs)
	fs.StringVar(&p.content, "content", "content", "")
	good := fs.Duration("for", 48*time.Hour, "")
	revoke := fs.Bool("revoke-all", false, "")
	paths, err := a.parseArgs(fs, shareHelp, args)
	if err != nil {
		return err
	}
	switch {
	case *revoke && len(paths) > 0:
		return &usageError{"--revoke-all is about every link; it takes no path", "share "}
	case !*revoke && len(paths) != 1:
		return &usageError{"share takes one path: a file of the content folder, or the URL path of a page", "share "}
	case *good <= 0 || *good > release.MaxShare:
		return &usageError{fmt.Sprintf("--for %s: a link can be good for up to %.0fh", *good, release.MaxShare.Hours()), "share "}
	}
	if *revoke {
		pub, err := a.reader(ctx, &p)
		if err != nil {
			return err
		}
		if err := pub.RevokeShares(ctx); err != nil {
			return err
		}
		fmt.Fprintln(a.out, "every link to a draft that was given is worthless, as soon as the edges have heard of it")
		return nil
	}
	pub, pl, warnings, err := a.prepare(ctx, &p, true)
	if err != nil {
		return err
	}
	pg, err := pageAt(pl, p.content, paths[0])
	if err != nil {
		return err
	}
	a.problems(warnings)
	link, until, err := pub.Share(ctx, pl, pg, *good)
	if err != nil {
		return err
	}
	link = pl.Site.Config.BaseURL + link
	if p.json {
		return a.json(map[string]any{"path": pg.Path, "link": link, "until": until})
	}
	fmt.Fprintln(a.out, link)
	fmt.Fprintf(a.err, "shows %s until %s\n", pg.Path, until.Format(time.RFC3339))
	return nil
}

// pageAt finds the page of a document, by its file or by its URL path.
func pageAt(pl *plan.Plan, folder, arg string) (plan.Page, error) {
	path := "/" + strings.Trim(filepath.ToSlash(arg), "/") + "/"
	if path == "//" {
		path = "/"
	}
	file := filepath.ToSlash(filepath.Clean(arg))
	if rel, err := filepath.Rel(folder, arg); err == nil {
		file = filepath.ToSlash(rel)
	}
	for _, d := range pl.Site.Documents() {
		if d.File == file || d.File == arg {
			path = d.Path
		}
	}
	for _, pg := range pl.Pages {
		if pg.Path == path {
			return pg, nil
		}
	}
	return plan.Page{}, fmt.Errorf("there is no page %s, and no file of that name in %s\n    hint: blog share %s, or blog share /2026/03/01/a-post/",
		arg, folder, filepath.Join(folder, "posts", "a-post", "index.en.md"))
}

// parseArgs is parse for a verb that takes words as well as flags, in any
// order. It returns the words.
func (a *app) parseArgs(fs *flag.FlagSet, help string, args []string) ([]string, error) {
	fs.SetOutput(io.Discard)
	fs.Usage = func() {}
	var words []string
	for {
		switch err := fs.Parse(args); {
		case errors.Is(err, flag.ErrHelp):
			fmt.Fprint(a.out, help)
			return nil, &exitError{exitOK}
		case err != nil:
			return nil, &usageError{err.Error(), fs.Name() + " "}
		case fs.NArg() == 0:
			return words, nil
		}
		words, args = append(words, fs.Arg(0)), fs.Args()[1:]
	}
}
