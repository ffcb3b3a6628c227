package release

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/victorleungtw/blog/internal/history"
	"github.com/victorleungtw/blog/internal/plan"
	"github.com/victorleungtw/blog/internal/recipe"
	"github.com/victorleungtw/blog/internal/renderer"
	"github.com/victorleungtw/blog/internal/routes"
	"github.com/victorleungtw/blog/internal/store"
)

// Renderer is a region's renderer, as a publisher uses it.
type Renderer interface {
	Do(ctx context.Context, req renderer.Request) (renderer.Response, error)
}

// Region is one region's record and renderer.
type Region struct {
	Name   string
	Bucket store.Bucket
	// Renderer is nil in a standby that has a bucket alone: pages, and what they
	// are made from, come there by S3's replication, or from Repair.
	Renderer Renderer
}

// Checker asks the edge whether it shows what was published.
type Checker interface {
	// Check returns an error that says which page is wrong. changes are the
	// paths of release n that the release before did not have so.
	Check(ctx context.Context, n int, changes []Change) error
}

// Publisher changes what readers see.
type Publisher struct {
	Regions []Region // the primary first
	Table   routes.Table
	Check   Checker // nil: step 6 is left out
	Log     *slog.Logger
	Now     func() time.Time
	// Progress is told how far a step is. It may be nil.
	Progress func(step string, done, total int)
	// Planned is told what a publish is about to change, before anything is
	// written: again after a lost race. It may be nil.
	Planned func(n int, changes []Change)
	// Later is told of variants of pictures instead of their being made, for a
	// preview: make makes and stores the one with the key. It may be nil.
	Later func(key string, make func(context.Context) error)
	// Workers is how many transfers run at once; 0 means 32.
	Workers int
	// OnConflict says what the loser of a race does.
	OnConflict OnConflict
	// AllowOlder publishes content of an older commit than the one shown.
	AllowOlder bool
	// Tree names the content that plans are made from (content.Loader.Tree);
	// a head that records it says that there is nothing to plan. Until is when
	// that stops being true, because content comes due.
	Tree  string
	Until time.Time

	away    away
	records records
	sums    sums
	begun   *begun
}

// OnConflict is what a publisher does that lost a race.
type OnConflict int

const (
	Rebase OnConflict = iota // plans again on the winner's release
	Fail                     // stops with ErrConflict
)

// ErrConflict is returned under Fail.
var ErrConflict = errors.New("another publish was faster, and nothing of this one is visible; run it again to publish on top")

// OlderError is returned for content of an older commit than the one that
// readers see.
type OlderError struct {
	N           int // the current release
	Shown, Ours Commit
}

func (e *OlderError) Error() string {
	return fmt.Sprintf("release %d shows commit %.12s of %s; this is commit %.12s of %s, which is older",
		e.N, e.Shown.ID, e.Shown.Time.Format(time.RFC3339), e.Ours.ID, e.Ours.Time.Format(time.RFC3339))
}

// Result says what a publish did.
type Result struct {
	N        int      `json:"release"`
	Parent   int      `json:"parent"`
	Current  bool     `json:"current"` // readers see it
	Changes  []Change `json:"changes"`
	Uploaded int      `json:"uploaded"`       // objects written to the primary
	Rendered int      `json:"rendered"`       // pages made
	Attempts int      `json:"attempts"`       // 1, and one more for each lost race
	Next     []Coming `json:"next,omitempty"` // releases that become current by themselves
	Debt     []string `json:"debt,omitempty"` // regions that could not be reached
}

// ErrNothing is returned when the content is what is published already.
var ErrNothing = errors.New("nothing changed: what would be published is already current")

// ErrRace is returned when other publishers won every attempt.
var ErrRace = errors.New("other publishers changed the blog each time")

// NoReleaseError is for a release number that the record does not have.
type NoReleaseError struct{ N int }

func (e *NoReleaseError) Error() string { return fmt.Sprintf("there is no release %d", e.N) }

// maxAttempts bounds how often a publisher plans again after losing a race.
const maxAttempts = 8

// errLost is a lost race: plan again on the winner's release.
var errLost = errors.New("another publisher changed the head")

func (p *Publisher) primary() Region { return p.Regions[0] }

// renders says whether a region makes pages in this run.
func (p *Publisher) renders(r Region) bool { return r.Renderer != nil && !p.away.is(r.Name) }

func (p *Publisher) progress(step string, done, total int) {
	if p.Progress != nil {
		p.Progress(step, done, total)
	}
}

// Version asks every region's renderer for its version. They must agree: a
// page made by two versions would have two sets of bytes under one name.
func (p *Publisher) Version(ctx context.Context) (string, error) {
	answers := make([]string, len(p.Regions))
	g, gctx := errgroup.WithContext(ctx)
	for i, r := range p.Regions {
		if !p.renders(r) {
			continue
		}
		g.Go(func() error {
			resp, err := r.Renderer.Do(gctx, renderer.Request{Version: true})
			if p.leave(gctx, r, err) {
				return nil
			}
			if err != nil {
				return fmt.Errorf("asking the renderer in %s for its version: %w", r.Name, err)
			}
			answers[i] = resp.Version
			return nil
		})
	}
	if err := g.Wait(); err != nil {
		return "", err
	}
	version := answers[0]
	for i, r := range p.Regions {
		if p.renders(r) && answers[i] != version {
			return "", fmt.Errorf("the renderers have different versions: %s in %s, %s in %s; deploy both regions, then publish",
				version, p.primary().Name, answers[i], r.Name)
		}
	}
	return version, nil
}

// ComingPlan is what readers see from a time on.
type ComingPlan struct {
	At   time.Time
	Plan *plan.Plan
}

// Start is how a blog was when a publisher began.
type Start struct {
	N int // what readers see; 0 before the first release
	// Now is the time by the store's clock if that has one, else by the
	// publisher's. What is due is judged by it: the clock of a publisher may
	// be wrong.
	Now time.Time

	s state
}

// Begin looks at what there is, for Publish to go on from.
func (p *Publisher) Begin(ctx context.Context) (*Start, error) {
	s, err := p.read(ctx)
	if err != nil {
		return nil, err
	}
	p.begun = &begun{state: s, ready: closed}
	out := &Start{Now: s.now, s: s}
	if s.head.N > 0 {
		out.N = s.head.At(s.now)
	}
	return out, nil
}

// Prefetch reads what Publish will need besides, while the caller still loads
// and plans. It returns at once; what goes wrong is Publish's to find.
func (p *Publisher) Prefetch(ctx context.Context) {
	b := p.begun
	if b == nil || b.head.N == 0 {
		return
	}
	ready := make(chan struct{})
	b.ready = ready
	go func() {
		defer close(ready)
		var g errgroup.Group
		g.Go(func() error { return p.readStandbys(ctx, &b.state) })
		if l := b.head.Live; l != nil {
			g.Go(func() error {
				_, err := p.base(ctx, state{head: b.head, cur: b.head.current(l.current())})
				return err
			})
		}
		if g.Wait() != nil {
			b.standbys = nil
		}
	}()
}

// Shows says that readers see what is made from this content, and that nothing
// is left to do.
func (b *Start) Shows(tree string) bool {
	h := &b.s.head
	if until, err := time.Parse(time.RFC3339, h.Until); err == nil && !b.Now.Before(until) {
		return false
	}
	return h.N > 0 && tree != "" && h.Tree == tree && b.s.inStep()
}

// shows says whether the head's release, and those to come, are this train.
func (h Head) shows(train []coach, now time.Time) bool {
	type due struct {
		at   int64
		plan string
	}
	var want, have []due
	for i, c := range train {
		d := due{0, c.sum}
		if i > 0 {
			d.at = c.at.Unix()
		}
		want = append(want, d)
	}
	have = append(have, due{0, h.Plan})
	for _, next := range h.Next {
		if next.At.Unix() <= now.Unix() {
			have = []due{{0, next.Plan}}
		} else {
			have = append(have, due{next.At.Unix(), next.Plan})
		}
	}
	return slices.Equal(want, have)
}

// coach is one of the releases that a publish makes: the first is current at
// once, the others from a time on.
type coach struct {
	*target
	at time.Time
}

// Publish makes pl the current release, and each of coming, in the order of
// their times, the one after it from its time on: with no further write, by
// the clock of every edge. It returns ErrNothing when that is so already.
func (p *Publisher) Publish(ctx context.Context, pl *plan.Plan, commit Commit, coming ...ComingPlan) (*Result, error) {
	train := make([]coach, 0, 1+len(coming))
	for _, c := range append([]ComingPlan{{Plan: pl}}, coming...) {
		t, err := targetOf(c.Plan)
		if err != nil {
			return nil, err
		}
		if n := len(train); n > 0 && t.sum == train[n-1].sum {
			continue // what comes due shows nowhere
		}
		train = append(train, coach{t, c.At})
	}
	if len(train) > 1+routes.MaxNext {
		return nil, fmt.Errorf("%d coming releases, %d are possible at once", len(train)-1, routes.MaxNext)
	}
	for attempt := 1; attempt <= maxAttempts; attempt++ {
		res, err := p.attempt(ctx, train, commit)
		if res != nil {
			res.Attempts = attempt
		}
		switch {
		case errors.Is(err, errLost) && p.OnConflict == Fail:
			return nil, ErrConflict
		case errors.Is(err, errLost):
			p.Log.WarnContext(ctx, "another publisher was faster; planning again on its release", "attempt", attempt)
			continue
		}
		return res, err
	}
	return nil, ErrRace
}

func (p *Publisher) attempt(ctx context.Context, train []coach, commit Commit) (*Result, error) {
	s, err := p.start(ctx)
	if err != nil {
		return nil, err
	}
	if c := s.head.Commit; !p.AllowOlder && c.ID != commit.ID && !c.Time.IsZero() && commit.Time.Before(c.Time) && !commit.Time.IsZero() {
		return nil, &OlderError{s.head.At(s.now), c, commit}
	}
	if s.head.N > 0 && s.inStep() && s.head.shows(train, s.now) {
		n := s.head.At(s.now)
		return &Result{N: n, Parent: n, Current: true}, ErrNothing
	}
	if s, err = p.stand(ctx, s); err != nil {
		return nil, err
	}
	debt, err := p.payDebt(ctx, s.head)
	if err != nil {
		return nil, err
	}
	seen := s.head.At(s.now)
	res := &Result{N: seen, Parent: seen}
	if s.head.N > 0 && s.head.shows(train, s.now) {
		res.Current, res.Debt = true, debt
		return res, cmp.Or(p.settle(ctx, s, debt), ErrNothing)
	}
	if err := p.allowed(ctx, s.head, train); err != nil {
		return nil, err
	}
	base, err := p.base(ctx, s)
	if err != nil {
		return nil, err
	}
	first, err := p.compare(ctx, base, train[0].target)
	if err != nil {
		return nil, err
	}
	if res.Changes, err = p.changes(ctx, base, seen, first, train[0].target); err != nil {
		return nil, err
	}
	if p.Planned != nil {
		p.Planned(seen, res.Changes)
	}
	diffs := []*difference{first}
	for i := 1; i < len(train); i++ {
		diffs = append(diffs, between(train[i-1].target, train[i].target))
	}
	next := Head{
		Gen: s.head.Gen + 1, ID: newID(), Commit: commit, Time: s.now.UTC().Format(time.RFC3339), Act: "publish",
		Tree: p.Tree, Debt: debt, Collect: s.head.Collect, Takedowns: s.head.Takedowns,
	}
	if !p.Until.IsZero() {
		next.Until = p.Until.UTC().Format(time.RFC3339)
	}
	provide := func(ctx context.Context) error {
		for i, d := range diffs {
			up, made, err := p.make(ctx, train[i].plan, d)
			if err != nil {
				return err
			}
			res.Uploaded, res.Rendered = res.Uploaded+up, res.Rendered+made
		}
		return nil
	}
	var u *update
	if p.empty(ctx, &s) {
		u, err = p.writeEarly(ctx, &s, &next, train, diffs, provide)
	} else if err = provide(ctx); err == nil {
		u, err = p.write(ctx, s, base, &next, train, diffs)
	}
	if err != nil {
		return nil, err
	}
	res.N, res.Next = next.N, next.Next
	return res, p.goLive(ctx, s, &next, u, res)
}

// goLive makes a head the current one, brings the edge to it, checks it, and
// goes back when it is not what was published.
func (p *Publisher) goLive(ctx context.Context, s state, next *Head, u *update, res *Result) error {
	if err := p.show(ctx, s, next, u); err != nil {
		return err
	}
	res.Current, res.Debt = true, next.Debt
	if p.Check == nil {
		return nil
	}
	p.progress("check", 0, 1)
	err := p.Check.Check(ctx, res.N, p.sums.with(res.Changes))
	if err == nil {
		p.progress("check", 1, 1)
		return nil
	}
	if s.head.N == 0 {
		return fmt.Errorf("the first release is live, but the edge does not show it as published: %w", err)
	}
	before := s.head.At(s.now)
	if _, back := p.rollbackFrom(ctx, res.N, before); errors.Is(back, ErrMoved) {
		return fmt.Errorf("the edge did not show release %d as published, and another release is current by now: %w", res.N, err)
	} else if back != nil {
		return fmt.Errorf("the edge does not show release %d as published (%w), and going back to release %d failed: %v", res.N, err, before, back)
	}
	res.Current = false
	return fmt.Errorf("the edge did not show release %d as published, so release %d is current again: %w", res.N, before, err)
}

// Targets is what each path of a plan is: a digest, or where it redirects to.
func Targets(pl *plan.Plan) map[string]string {
	out := make(map[string]string, len(pl.Pages)+len(pl.Redirects))
	for _, pg := range pl.Pages {
		if pg.Recipe.Kind != recipe.Stylesheet {
			out[pg.Path] = pg.Digest
		}
	}
	for from, to := range pl.Redirects {
		out[from] = routes.Redirect(to)
	}
	return out
}

// objects are the keys of a plan's sources, assets and cards.
func objects(pl *plan.Plan) []string {
	seen := map[string]bool{}
	for key := range pl.Site.Assets {
		seen[key] = true
	}
	for key := range pl.Cards {
		seen[key] = true
	}
	for _, d := range pl.Site.Documents() {
		seen["src/"+d.Source.Digest] = true
	}
	out := make([]string, 0, len(seen))
	for k := range seen {
		out = append(out, k)
	}
	slices.Sort(out)
	return out
}

// base is the record of the newest release in the route table, over which the
// next one is written; nil when there is none.
func (p *Publisher) base(ctx context.Context, s state) (*record, error) {
	if s.head.N == 0 {
		return nil, nil
	}
	return p.record(ctx, slices.Max(append(s.head.releases(), s.cur.Has...)))
}

// write gives the releases of a train their numbers, and writes their records
// to every region. It fills in the head, and returns what the route table lacks
// to show it.
func (p *Publisher) write(ctx context.Context, s state, base *record, next *Head, train []coach, diffs []*difference) (*update, error) {
	u := &update{was: s.cur, puts: map[string]string{}}
	has := s.cur.Has
	seen := 0
	if s.head.N > 0 {
		seen = s.head.At(s.now)
	}
	var full map[string]string // the entries of every path, if all are written
	if base != nil && (base.Depth >= maxDepth || s.scrub != nil || s.crowded(diffs)) {
		m, err := p.manifest(ctx, base.N)
		if err != nil {
			return nil, err
		}
		full = m.Routes
		if s.scrub != nil {
			full, u.rebuilt = s.scrub(full), true
		}
		if s.crowded(diffs) {
			p.Log.WarnContext(ctx, "the route table is nearly full; dropping what old releases need", "bytes", s.head.Live.Bytes, "limit", routes.MaxTable)
			full = thin(full, append(has[max(0, len(has)-2):len(has):len(has)], append(s.head.releases(), seen)...))
			u.rebuilt = true
		}
	}
	for i, c := range train {
		id := next.ID
		if i > 0 {
			id = newID()
		}
		r := &record{Manifest: Manifest{
			ID: id, Commit: next.Commit, Time: next.Time, Parent: seen,
			Renderer: c.renderer, Unrouted: c.unrouted, Inline: c.inline,
		}, Plan: c.sum, Count: len(c.pages)}
		if i > 0 {
			r.Parent, r.From = base.N, c.at.UTC().Format(time.RFC3339)
		}
		sk, err := c.sketch.MarshalBinary()
		if err != nil {
			return nil, err
		}
		r.Sketch = sk
		was := map[string]string{} // the entries that are written over
		below := 0
		for path, st := range diffs[i].paths {
			if full != nil || base == nil {
				continue
			}
			v, lost, err := p.value(ctx, base, path, st.from, s.now)
			if err != nil {
				return nil, err
			}
			if v != "" {
				was[path] = v
			}
			below = max(below, lost)
		}
		for n := max(s.head.Last, next.Last) + 1; ; n++ {
			r.N = n
			var values map[string]string
			switch {
			case full != nil || base == nil:
				if values, err = nextRoutes(full, c.pages, n, seen); err != nil {
					return nil, err
				}
				r.Routes, r.Objects, r.First = values, c.objects, base == nil
			default:
				want := map[string]string{}
				for path, st := range diffs[i].paths {
					if st.to != "" {
						want[path] = st.to
					}
				}
				if values, err = nextRoutes(was, want, n, seen); err != nil {
					return nil, err
				}
				on(base, r, values, diffs[i].added, diffs[i].dropped)
			}
			err := p.createRecord(ctx, r)
			if errors.Is(err, store.ErrExists) {
				continue // a publisher that lost or died left it
			}
			if err != nil {
				return nil, err
			}
			if full != nil {
				m, err := p.manifest(ctx, base.N)
				if err != nil {
					return nil, err
				}
				was = m.Routes
			}
			has = append(held(was, values, slices.DeleteFunc(slices.Clone(has), func(k int) bool { return k < below })), n)
			for path, v := range values {
				if was[path] != v {
					u.puts[routes.Site.PathKey(path)] = v
				}
			}
			break
		}
		var old []string
		if base != nil {
			old = base.Inline
		}
		u.bodies = append(u.bodies, slices.DeleteFunc(slices.Clone(c.inline), func(d string) bool { return slices.Contains(old, d) })...)
		if i == 0 {
			next.N, next.Plan = r.N, c.sum
		} else {
			next.Next = append(next.Next, Coming{r.N, c.at.UTC(), c.sum})
		}
		next.Last = r.N
		base, full = r, nil
	}
	s.cur.Has = has[max(0, len(has)-maxHas):]
	u.now = next.current(s.cur)
	return u, nil
}

// createRecord writes a record to every region; ErrExists when its number is
// taken.
func (p *Publisher) createRecord(ctx context.Context, r *record) error {
	var whole []byte
	if r.Base == 0 {
		m := r.Manifest
		var err error
		if whole, err = history.Fold(&m); err != nil {
			return err
		}
		r.Routes, r.Objects = nil, nil
		defer p.records.addWhole(&m)
	}
	body, err := history.Fold(r)
	if err != nil {
		return err
	}
	err = p.primary().Bucket.Create(ctx, ManifestKey(r.N), recordMeta, store.Bytes(body))
	if err != nil {
		return fmt.Errorf("writing the manifest of release %d in %s: %w", r.N, p.primary().Name, err)
	}
	for _, region := range p.Regions[1:] {
		if p.away.is(region.Name) {
			continue
		}
		err := region.Bucket.Create(ctx, ManifestKey(r.N), recordMeta, store.Bytes(body))
		if errors.Is(err, store.ErrExists) {
			// Ours, and its answer was lost; or of somebody to whom this region
			// was the primary.
			var other *record
			if other, err = history.Read(ctx, region.Bucket, r.N); err == nil && other.ID != r.ID {
				return store.ErrExists
			}
		}
		if !p.leave(ctx, region, err) && err != nil {
			return fmt.Errorf("writing the manifest of release %d in %s: %w", r.N, region.Name, err)
		}
	}
	p.records.add(r)
	if whole == nil {
		return nil
	}
	// The number is ours now.
	for _, region := range p.Regions {
		if p.away.is(region.Name) {
			continue
		}
		err := region.Bucket.Create(ctx, history.WholeKey(r.N), recordMeta, store.Bytes(whole))
		if err != nil && !errors.Is(err, store.ErrExists) && !p.leave(ctx, region, err) {
			return fmt.Errorf("writing all of release %d in %s: %w", r.N, region.Name, err)
		}
	}
	return nil
}
