package main

import (
	"context"
	"flag"
	"fmt"

	"github.com/victorleungtw/blog/internal/release"
)

const diffHelp = `Diff lists the pages on which two releases differ.

Usage: blog diff [--from N] [--to N] [flags]

    --from N         a release; the current one if not given
    --to N           another; what publishing the folder would make if not given
    --content DIR    the folder; content if not given
    --drafts         with drafts and posts of days to come
    --json           as JSON on standard output
` + placeHelp

func (a *app) diff(ctx context.Context, args []string) error {
	var p place
	fs := flag.NewFlagSet("diff", flag.ContinueOnError)
	p.flags(fs)
	fs.StringVar(&p.content, "content", "content", "")
	from := fs.Int("from", 0, "")
	to := fs.Int("to", 0, "")
	drafts := fs.Bool("drafts", false, "")
	if err := a.parse(fs, diffHelp, args); err != nil {
		return err
	}
	pub, after, err := a.after(ctx, &p, *to, *drafts)
	if err != nil {
		return err
	}
	var before map[string]string
	if *from > 0 {
		before, err = pub.Pages(ctx, *from)
	} else {
		*from, before, err = pub.Current(ctx)
	}
	if err != nil {
		return err
	}
	return a.showChanges(*from, *to, release.Diff(before, after), p.json)
}

// after returns what release n shows, or what the folder would with n 0.
func (a *app) after(ctx context.Context, p *place, n int, drafts bool) (*release.Publisher, map[string]string, error) {
	if n == 0 {
		pub, pl, _, err := a.prepare(ctx, p, drafts)
		if err != nil {
			return nil, nil, err
		}
		return pub, release.Targets(pl), nil
	}
	pub, err := a.reader(ctx, p)
	if err != nil {
		return nil, nil, err
	}
	pages, err := pub.Pages(ctx, n)
	return pub, pages, err
}

// reader opens a place for a verb that needs no content.
func (a *app) reader(ctx context.Context, p *place) (*release.Publisher, error) {
	cfg, err := a.configuration(p)
	if err != nil {
		return nil, err
	}
	c, err := a.open(ctx, p, cfg)
	if err != nil {
		return nil, err
	}
	return a.publisher(c, false), nil
}

func (a *app) showChanges(from, to int, changes []release.Change, asJSON bool) error {
	if changes == nil {
		changes = []release.Change{} // in JSON, none is [] and not null
	}
	if asJSON {
		return a.json(struct {
			From    int              `json:"from"`
			To      int              `json:"to,omitempty"`
			Changes []release.Change `json:"changes"`
		}{from, to, changes})
	}
	for _, c := range changes {
		fmt.Fprintf(a.out, "%-8s %s\n", c.Verb, c.Path)
	}
	if len(changes) == 0 {
		fmt.Fprintln(a.err, "nothing differs")
	}
	return nil
}
