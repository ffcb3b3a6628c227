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

	"golang.org/x/sync/errgroup"

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
	job, err := a.job(ctx, &p, *drafts)
	if err != nil {
		return err
	}
	defer job.loader.Close()
	nothing, err := job.look(ctx)
	if err != nil {
		return err
	}
	if !nothing {
		if err := job.load(ctx); err != nil {
			return err
		}
		a.problems(job.problems)
	}
	if *dry {
		return a.showPlan(ctx, job, p.json)
	}
	res := &release.Result{N: job.start.N, Parent: job.start.N, Current: true}
	if !nothing {
		job.pub.OnConflict, job.pub.AllowOlder = how, *older
		warned := len(job.problems)
		res, err = job.publish(ctx, commit(ctx, p.content))
		if more := job.problems; len(more) > warned {
			a.problems(more)
		}
	}
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
	if nothing || errors.Is(err, release.ErrNothing) {
		fmt.Fprintf(a.out, "release %d is current already; nothing changed\n", res.N)
		return nil
	}
	fmt.Fprintf(a.out, "release %d is current: %s (%s uploaded, %s rendered, %.1f s)\n",
		res.N, summary(res.Changes), plural(res.Uploaded, "file"), plural(res.Rendered, "page"), time.Since(start).Seconds())
	for _, c := range res.Next {
		fmt.Fprintf(a.out, "release %d comes at %s\n", c.N, c.At.Format(time.RFC3339))
	}
	return nil
}

// job is a folder on its way to a place.
type job struct {
	pub    *release.Publisher
	loader *content.Loader

	version  string // of the renderers
	start    *release.Start
	plan     *plan.Plan
	coming   []release.ComingPlan
	problems problem.List // that stop nobody
}

// job opens the place and the folder.
func (a *app) job(ctx context.Context, p *place, drafts bool) (*job, error) {
	cfg, err := a.configuration(p)
	if err != nil {
		return nil, err
	}
	c, err := a.open(ctx, p, cfg)
	if err != nil {
		return nil, err
	}
	loader, err := p.loader(cfg, cmp.Or(c.BaseURL, "http://localhost:8080"), drafts)
	if err != nil {
		return nil, err
	}
	return &job{pub: a.publisher(c, true), loader: loader}, nil
}

// look says whether readers see all that the folder holds, without loading it.
func (j *job) look(ctx context.Context) (nothing bool, err error) {
	g, gctx := errgroup.WithContext(ctx)
	g.Go(func() (err error) { j.version, err = j.pub.Version(gctx); return err })
	g.Go(func() (err error) { j.start, err = j.pub.Begin(gctx); return err })
	var tree string
	g.Go(func() (err error) { tree, err = j.loader.Tree(gctx); return err })
	if err := g.Wait(); err != nil {
		return false, err
	}
	j.loader.SetNow(j.start.Now)
	j.pub.Tree = plan.Tree(tree, j.version)
	return j.start.Shows(j.pub.Tree), nil
}

// load loads the folder and plans it, as it is now and as it will be at each of
// the next times at which something comes due. Problems that stop a publish are
// the error.
func (j *job) load(ctx context.Context) error {
	j.pub.Prefetch(ctx)
	site, probs, err := j.loader.Load(ctx)
	if err != nil {
		return err
	}
	build := func(site *content.Site, probs problem.List) (*plan.Plan, problem.List, error) {
		if site == nil {
			return nil, nil, probs
		}
		pl, more := plan.Build(site, j.version)
		probs = append(probs, more...)
		probs.Sort()
		if err := probs.Err(); err != nil {
			return nil, nil, err
		}
		return pl, probs, nil
	}
	if j.plan, j.problems, err = build(site, probs); err != nil {
		return err
	}
	j.coming = nil
	times := j.loader.Coming()
	for _, at := range times[:min(len(times), content.MaxComing)] {
		pl, _, err := build(j.loader.At(at)) // warnings are those of today
		if err != nil {
			return err
		}
		j.coming = append(j.coming, release.ComingPlan{At: at, Plan: pl})
	}
	j.pub.Until = j.loader.Until()
	return nil
}

// prepare opens a place and plans the content for its renderers, as of now.
func (a *app) prepare(ctx context.Context, p *place, drafts bool) (*release.Publisher, *plan.Plan, problem.List, error) {
	j, err := a.job(ctx, p, drafts)
	if err != nil {
		return nil, nil, nil, err
	}
	if _, err := j.look(ctx); err != nil {
		return nil, nil, nil, err
	}
	if err := j.load(ctx); err != nil {
		return nil, nil, nil, err
	}
	return j.pub, j.plan, j.problems, nil
}

// showPlan lists what a publish would change.
func (a *app) showPlan(ctx context.Context, j *job, asJSON bool) error {
	n, pages, err := j.pub.Current(ctx)
	if err != nil {
		return err
	}
	if j.plan == nil { // nothing would change
		return a.showChanges(n, 0, nil, asJSON)
	}
	if err := a.showChanges(n, 0, release.Diff(pages, release.Targets(j.plan)), asJSON); err != nil {
		return err
	}
	for _, c := range j.coming {
		fmt.Fprintf(a.err, "more comes at %s\n", c.At.Format(time.RFC3339))
	}
	return nil
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

// plannedPaths is how many of the paths that a publish changes are named.
const plannedPaths = 12

// planned says what a publish is about to change.
func (a *app) planned(n int, changes []release.Change) {
	if len(changes) == 0 {
		return
	}
	fmt.Fprintf(a.err, "plan: %s since release %d\n", summary(changes), n)
	for i, c := range changes {
		if i == plannedPaths {
			fmt.Fprintf(a.err, "  and %d more\n", len(changes)-i)
			break
		}
		fmt.Fprintf(a.err, "  %-8s %s\n", c.Verb, c.Path)
	}
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
