package main

import (
	"cmp"
	"context"
	"errors"
	"flag"
	"fmt"
	"os/exec"
	"strings"
	"time"

	"github.com/victorleungtw/blog/internal/content"
	"github.com/victorleungtw/blog/internal/plan"
	"github.com/victorleungtw/blog/internal/problem"
	"github.com/victorleungtw/blog/internal/release"
)

const publishHelp = `Publish makes the content folder the current release.

Usage: blog publish [flags]

Every page that changed is rendered and stored in both regions before any
reader can see it; then one number changes, and they see all of it. A publish
that is killed leaves readers with the release before; run it again. Content
with errors is not published at all.

    --content DIR    the folder; content if not given
    --dry-run        show what would change, and change nothing
    --drafts         publish drafts and posts of days to come as well
    --on-conflict W  when another publish is faster: rebase on its release, as
                     is done if not given, or fail
    --allow-older    publish a commit that is older than the one readers see
    --json           the result as JSON on standard output
` + placeHelp

func (a *app) publish(ctx context.Context, args []string) error {
	var p place
	fs := flag.NewFlagSet("publish", flag.ContinueOnError)
	p.flags(fs)
	fs.StringVar(&p.content, "content", "content", "")
	dry := fs.Bool("dry-run", false, "")
	drafts := fs.Bool("drafts", false, "")
	conflict := fs.String("on-conflict", "rebase", "")
	older := fs.Bool("allow-older", false, "")
	if err := a.parse(fs, publishHelp, args); err != nil {
		return err
	}
	how, ok := map[string]release.OnConflict{"rebase": release.Rebase, "fail": release.Fail}[*conflict]
	if !ok {
		return &usageError{fmt.Sprintf("--on-conflict %s: want rebase or fail", *conflict), "publish "}
	}
	start := time.Now()
	pub, pl, warnings, err := a.prepare(ctx, &p, *drafts)
	if err != nil {
		return err
	}
	a.problems(warnings)
	if *dry {
		return a.showPlan(ctx, pub, pl, p.json)
	}
	pub.OnConflict, pub.AllowOlder = how, *older
	res, err := pub.Publish(ctx, pl, commit(ctx, p.content))
	var old *release.OlderError
	if errors.As(err, &old) {
		return fmt.Errorf("%w\n    hint: check out the newer one, or say --allow-older", err)
	}
	if err != nil && !errors.Is(err, release.ErrNothing) {
		return err
	}
	if p.json {
		return a.json(res)
	}
	if len(res.Changes) == 0 {
		fmt.Fprintf(a.out, "release %d is current already; nothing changed\n", res.N)
		return nil
	}
	fmt.Fprintf(a.out, "release %d is current: %s (%d objects uploaded, %d pages rendered, %.1f s)\n",
		res.N, summary(res.Changes), res.Uploaded, res.Rendered, time.Since(start).Seconds())
	return nil
}

// prepare opens the place, and plans the content for its renderers.
func (a *app) prepare(ctx context.Context, p *place, drafts bool) (*release.Publisher, *plan.Plan, problem.List, error) {
	cfg, err := a.configuration(p)
	if err != nil {
		return nil, nil, nil, err
	}
	c, err := a.open(ctx, p, cfg)
	if err != nil {
		return nil, nil, nil, err
	}
	loader, err := p.loader(cfg, cmp.Or(c.BaseURL, "http://localhost:8080"), drafts)
	if err != nil {
		return nil, nil, nil, err
	}
	pub := a.publisher(c, true)
	pl, probs, err := planned(ctx, loader, pub)
	return pub, pl, probs, err
}

// planned loads the content and plans it. Problems that stop a publish are the
// error; the list holds the others.
func planned(ctx context.Context, loader *content.Loader, pub *release.Publisher) (*plan.Plan, problem.List, error) {
	version, err := pub.Version(ctx)
	if err != nil {
		return nil, nil, err
	}
	site, probs, err := loader.Load(ctx)
	if err != nil {
		return nil, nil, err
	}
	if site == nil {
		return nil, nil, probs
	}
	pl, more := plan.Build(site, version)
	probs = append(probs, more...)
	probs.Sort()
	if err := probs.Err(); err != nil {
		return nil, nil, err
	}
	return pl, probs, nil
}

func (a *app) showPlan(ctx context.Context, pub *release.Publisher, pl *plan.Plan, asJSON bool) error {
	n, pages, err := pub.Current(ctx)
	if err != nil {
		return err
	}
	return a.showChanges(n, 0, release.Diff(pages, release.Targets(pl)), asJSON)
}

// commit is what the folder's repository is at, if it is in one: a release
// says what it was made from, and an older one does not replace a newer.
func commit(ctx context.Context, dir string) release.Commit {
	out, err := exec.CommandContext(ctx, "git", "-C", dir, "log", "-1", "--format=%H %cI").Output()
	if err != nil {
		return release.Commit{}
	}
	id, when, _ := strings.Cut(strings.TrimSpace(string(out)), " ")
	t, err := time.Parse(time.RFC3339, when)
	if err != nil {
		return release.Commit{ID: id}
	}
	return release.Commit{ID: id, Time: t.UTC()}
}

// summary counts changes: "1 page added, 6 changed".
func summary(changes []release.Change) string {
	count := map[release.Verb]int{}
	for _, c := range changes {
		count[c.Verb]++
	}
	var parts []string
	for _, v := range []release.Verb{release.Added, release.Changed, release.Removed} {
		if count[v] > 0 {
			noun := ""
			if len(parts) == 0 {
				noun = strings.TrimPrefix(plural(count[v], "page"), fmt.Sprint(count[v]))
			}
			parts = append(parts, fmt.Sprintf("%d%s %s", count[v], noun, v))
		}
	}
	return strings.Join(parts, ", ")
}
