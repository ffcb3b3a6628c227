package main

import (
	"context"
	"flag"
	"fmt"
	"net/url"
	"time"

	"github.com/victorleungtw/blog/internal/names"
	"github.com/victorleungtw/blog/internal/release"
)

const branchHelp = `Branch shows content of a pull request at a host of its own.

Usage: blog branch publish NAME [flags]
       blog branch rm NAME | --expired [flags]
       blog branch list [flags]

The branch NAME is seen at https://NAME.branch.<domain>: what the content folder
makes different, on top of what the blog shows. Readers of the blog see nothing
of it. On AWS that needs branches: true in blog.yaml, deployed once; a preview
shows branches at NAME.branch.localhost.

    --days N         when the branch is due to be removed; in 14 days if not
                     given (publish)
    --expired        remove the branches that are due (rm)
    --drafts         show drafts and posts of days to come as well (publish)
    --content DIR    the folder; content if not given (publish)
    --json           the result as JSON on standard output
` + placeHelp

func (a *app) branch(ctx context.Context, args []string) error {
	var p place
	fs := flag.NewFlagSet("branch", flag.ContinueOnError)
	p.flags(fs)
	fs.StringVar(&p.content, "content", "content", "")
	days := fs.Int("days", 14, "")
	expired := fs.Bool("expired", false, "")
	drafts := fs.Bool("drafts", false, "")
	words, err := a.parseArgs(fs, branchHelp, args)
	if err != nil {
		return err
	}
	wrong := func(format string, args ...any) error {
		return &usageError{fmt.Sprintf(format, args...), "branch "}
	}
	if *days < 1 {
		return wrong("--days %d: want 1 or more", *days)
	}
	switch {
	case len(words) == 0:
		return wrong("say what to do with a branch: publish, rm or list")
	case words[0] == "publish" && len(words) == 2:
		return a.branchPublish(ctx, &p, words[1], *days, *drafts)
	case words[0] == "rm" && len(words) == 2 && !*expired, words[0] == "rm" && len(words) == 1 && *expired:
		return a.branchRemove(ctx, &p, words[1:])
	case words[0] == "list" && len(words) == 1:
		return a.branchList(ctx, &p)
	case words[0] == "publish":
		return wrong("branch publish takes one name")
	case words[0] == "rm":
		return wrong("branch rm takes one name, or --expired")
	case words[0] == "list":
		return wrong("branch list takes no name")
	}
	return wrong("branch cannot %q: want publish, rm or list", words[0])
}

func (a *app) branchPublish(ctx context.Context, p *place, name string, days int, drafts bool) error {
	cfg, err := a.configuration(p)
	if err != nil {
		return err
	}
	if onAWS := p.local == "" && p.primary == ""; onAWS && !cfg.Branches {
		return fmt.Errorf("nobody could see the branch: blog.yaml has no branches: true\n    hint: add it, with a domain, and deploy the stacks")
	}
	start := time.Now()
	pub, pl, warnings, err := a.prepare(ctx, p, drafts)
	if err != nil {
		return err
	}
	a.problems(warnings)
	res, err := pub.PublishBranch(ctx, name, pl, commit(ctx, p.content), time.Now().AddDate(0, 0, days).UTC().Truncate(time.Second))
	if err != nil {
		return err
	}
	where := branchURL(pl.Site.Config.BaseURL, name)
	if p.json {
		return a.json(struct {
			*release.BranchResult
			URL string `json:"url"`
		}{res, where})
	}
	difference := summary(res.Changes)
	if difference == "" {
		difference = "no difference"
	}
	fmt.Fprintf(a.out, "%s shows branch %s, publish %d: %s on top of release %d (%s rendered, %.1f s)\n",
		where, name, res.N, difference, res.Release, plural(res.Rendered, "page"), time.Since(start).Seconds())
	return nil
}

// branchURL is where a branch of the blog at base is seen.
func branchURL(base, name string) string {
	u, err := url.Parse(base)
	if err != nil {
		return names.BranchDomain(base, name)
	}
	u.Host = names.BranchDomain(u.Host, name)
	return u.String()
}

// branchRemove removes the named branches, or those that are due.
func (a *app) branchRemove(ctx context.Context, p *place, which []string) error {
	pub, err := a.reader(ctx, p)
	if err != nil {
		return err
	}
	removed := []string{}
	if len(which) == 0 {
		list, err := pub.Branches(ctx)
		if err != nil {
			return err
		}
		for _, b := range list {
			if b.Until.Before(time.Now()) {
				which = append(which, b.Name)
			}
		}
	}
	for _, name := range which {
		if err := pub.RemoveBranch(ctx, name); err != nil {
			return err
		}
		removed = append(removed, name)
	}
	if p.json {
		return a.json(map[string]any{"removed": removed})
	}
	for _, name := range removed {
		fmt.Fprintf(a.out, "branch %s is gone\n", name)
	}
	if len(removed) == 0 {
		fmt.Fprintln(a.out, "no branch is due")
	}
	return nil
}

func (a *app) branchList(ctx context.Context, p *place) error {
	pub, err := a.reader(ctx, p)
	if err != nil {
		return err
	}
	list, err := pub.Branches(ctx)
	if err != nil {
		return err
	}
	if p.json {
		type branch struct {
			Name    string         `json:"name"`
			N       int            `json:"n"`
			Release int            `json:"release"`
			Paths   int            `json:"paths"`
			Commit  release.Commit `json:"commit,omitzero"`
			Time    string         `json:"time"`
			Until   time.Time      `json:"until"`
		}
		out := []branch{}
		for _, b := range list {
			out = append(out, branch{b.Name, b.N, b.On, len(b.Routes), b.Commit, b.Time, b.Until})
		}
		return a.json(out)
	}
	for _, b := range list {
		due := "until " + b.Until.Format(time.DateOnly)
		if b.Until.Before(time.Now()) {
			due = "due since " + b.Until.Format(time.DateOnly)
		}
		fmt.Fprintf(a.out, "%-20s publish %d of %s, %s changed on release %d, %s\n", b.Name, b.N, b.Time, plural(len(b.Routes), "path"), b.On, due)
	}
	if len(list) == 0 {
		fmt.Fprintln(a.out, "no branches")
	}
	return nil
}
