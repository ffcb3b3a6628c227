package release

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"time"

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
	Name     string
	Bucket   store.Bucket
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
	// Workers is how many transfers run at once; 0 means 16.
	Workers int
	// OnConflict says what the loser of a race does.
	OnConflict OnConflict
	// AllowOlder publishes content of an older commit than the one shown.
	AllowOlder bool

	away      away
	manifests manifests
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

func (p *Publisher) progress(step string, done, total int) {
	if p.Progress != nil {
		p.Progress(step, done, total)
	}
}

// Version asks every region's renderer for its version. They must agree: a
// page made by two versions would have two sets of bytes under one name.
func (p *Publisher) Version(ctx context.Context) (string, error) {
	var version string
	for _, r := range p.Regions {
		if p.away.is(r.Name) {
			continue
		}
		resp, err := r.Renderer.Do(ctx, renderer.Request{Version: true})
		if p.leave(ctx, r, err) {
			continue
		}
		switch {
		case err != nil:
			return "", fmt.Errorf("asking the renderer in %s for its version: %w", r.Name, err)
		case version == "":
			version = resp.Version
		case version != resp.Version:
			return "", fmt.Errorf("the renderers have different versions: %s in %s, %s in %s; deploy both regions, then publish",
				version, p.primary().Name, resp.Version, r.Name)
		}
	}
	return version, nil
}

// Publish makes pl the current release. It returns ErrNothing when it already
// is.
func (p *Publisher) Publish(ctx context.Context, pl *plan.Plan, commit Commit) (*Result, error) {
	for attempt := 1; attempt <= maxAttempts; attempt++ {
		res, err := p.attempt(ctx, pl, commit)
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

func (p *Publisher) attempt(ctx context.Context, pl *plan.Plan, commit Commit) (*Result, error) {
	now, base, err := p.current(ctx)
	if err != nil {
		return nil, err
	}
	head, etag := now.head, now.etag
	if c := head.Commit; !p.AllowOlder && c.ID != commit.ID && !c.Time.IsZero() && commit.Time.Before(c.Time) && !commit.Time.IsZero() {
		return nil, &OlderError{head.N, c, commit}
	}
	debt, err := p.payDebt(ctx, head)
	if err != nil {
		return nil, err
	}
	pages := Targets(pl)
	before, known, err := p.published(ctx, head)
	if err != nil {
		return nil, err
	}
	res := &Result{N: head.N, Parent: head.N, Changes: Diff(before, pages)}
	if head.N > 0 && len(res.Changes) == 0 {
		res.Current, res.Debt = true, debt
		if !slices.Equal(debt, head.Debt) {
			paid := head
			paid.Gen, paid.ID, paid.Act, paid.Debt = head.Gen+1, newID(), "repair", debt
			paid.Time = p.Now().UTC().Format(time.RFC3339)
			if err := p.swapHead(ctx, paid, etag); err != nil {
				return nil, err
			}
			if _, err := p.bring(ctx, state{head: paid}); err != nil {
				return nil, err
			}
		}
		return res, ErrNothing
	}
	if res.Uploaded, err = p.upload(ctx, pl, known); err != nil {
		return nil, err
	}
	if res.Rendered, err = p.render(ctx, pl, known); err != nil {
		return nil, err
	}
	m := &Manifest{
		ID: newID(), Parent: head.N, Commit: commit, Time: p.Now().UTC().Format(time.RFC3339),
		Renderer: pl.Renderer, Objects: objects(pl),
	}
	for _, pg := range pl.Pages {
		switch pg.Recipe.Kind {
		case recipe.Stylesheet:
			m.Unrouted = append(m.Unrouted, pg.Digest)
		case recipe.NotFound:
			m.Inline = append(m.Inline, pg.Digest)
		}
	}
	if err := p.writeManifest(ctx, m, head, base, pages); err != nil {
		return nil, err
	}
	res.N, res.Debt = m.N, p.away.and(debt)
	next := Head{N: m.N, Last: m.N, Gen: head.Gen + 1, ID: m.ID, Commit: commit, Time: m.Time, Act: "publish", Debt: res.Debt}
	if err := p.swapHead(ctx, next, etag); err != nil {
		return nil, err
	}
	return res, p.goLive(ctx, head, next, res)
}

// goLive brings the edge to a release that the head already names, checks it,
// and goes back when it is not what was published.
func (p *Publisher) goLive(ctx context.Context, before, now Head, res *Result) error {
	if _, err := p.bring(ctx, state{head: now}); err != nil {
		return fmt.Errorf("release %d is recorded but not yet shown to readers, who see the one before; run the command again: %w", res.N, err)
	}
	res.Current = true
	if p.Check == nil {
		return nil
	}
	p.progress("check", 0, 1)
	err := p.Check.Check(ctx, res.N, res.Changes)
	if err == nil {
		p.progress("check", 1, 1)
		return nil
	}
	if before.N == 0 {
		return fmt.Errorf("the first release is live, but the edge does not show it as published: %w", err)
	}
	if _, back := p.rollbackFrom(ctx, res.N, before.N); errors.Is(back, errMoved) {
		return fmt.Errorf("the edge did not show release %d as published, and another release is current by now: %w", res.N, err)
	} else if back != nil {
		return fmt.Errorf("the edge does not show release %d as published (%w), and going back to release %d failed: %v", res.N, err, before.N, back)
	}
	res.Current = false
	return fmt.Errorf("the edge did not show release %d as published, so release %d is current again: %w", res.N, before.N, err)
}

// current reads the head, and brings the edge to it if a publisher died before
// it could. It returns the routes that the next release is written over: those
// of the newest release that the table holds whole.
func (p *Publisher) current(ctx context.Context) (state, map[string]string, error) {
	var s state
	var err error
	if s.head, s.etag, err = ReadHead(ctx, p.primary().Bucket); err != nil || s.head.N == 0 {
		return s, nil, err
	}
	if s, err = p.bring(ctx, s); err != nil {
		return s, nil, fmt.Errorf("bringing the edge to release %d, which a publish before this one left unfinished: %w", s.head.N, err)
	}
	m, err := p.manifest(ctx, slices.Max(append(s.cur.Has, s.head.N)))
	if err != nil {
		return s, nil, err
	}
	return s, m.Routes, nil
}

// published returns the pages of the current release, and the objects and
// digests that therefore exist.
func (p *Publisher) published(ctx context.Context, head Head) (pages map[string]string, known map[string]bool, err error) {
	known = map[string]bool{}
	if head.N == 0 {
		return nil, known, nil
	}
	m, err := p.manifest(ctx, head.N)
	if err != nil {
		return nil, nil, err
	}
	if pages, err = m.Pages(); err != nil {
		return nil, nil, err
	}
	if known, err = m.Digests(); err != nil {
		return nil, nil, err
	}
	for _, k := range m.Objects {
		known[k] = true
	}
	return pages, known, nil
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

// objects are the keys of a plan's sources and assets.
func objects(pl *plan.Plan) []string {
	seen := map[string]bool{}
	for key := range pl.Site.Assets {
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

// writeManifest gives the release its number and writes it to every region. A
// number whose manifest another publisher left behind is passed over.
func (p *Publisher) writeManifest(ctx context.Context, m *Manifest, head Head, base, pages map[string]string) error {
	for n := head.Last + 1; ; n++ {
		m.N = n
		var err error
		if m.Routes, err = nextRoutes(base, pages, n, head.N); err != nil {
			return err
		}
		body, err := encode(m)
		if err != nil {
			return err
		}
		err = p.primary().Bucket.Create(ctx, ManifestKey(n), jsonMeta, store.Bytes(body))
		if errors.Is(err, store.ErrExists) {
			continue
		}
		if err != nil {
			return fmt.Errorf("writing the manifest of release %d in %s: %w", n, p.primary().Name, err)
		}
		for _, r := range p.Regions[1:] {
			if p.away.is(r.Name) {
				continue
			}
			err := r.Bucket.Create(ctx, ManifestKey(n), jsonMeta, store.Bytes(body))
			if !errors.Is(err, store.ErrExists) && !p.leave(ctx, r, err) && err != nil {
				return fmt.Errorf("writing the manifest of release %d in %s: %w", n, r.Name, err)
			}
		}
		p.manifests.add(m)
		return nil
	}
}

// swapHead is the moment of decision: the primary's head, if it is still the
// one that was read. The standby's follows (bring).
func (p *Publisher) swapHead(ctx context.Context, h Head, etag string) error {
	body, err := encode(h)
	if err != nil {
		return err
	}
	_, err = p.primary().Bucket.Replace(ctx, HeadKey, jsonMeta, store.Bytes(body), etag)
	if errors.Is(err, store.ErrStale) || errors.Is(err, store.ErrConflict) {
		// The write may have succeeded and its answer been lost.
		now, _, rerr := ReadHead(ctx, p.primary().Bucket)
		if rerr != nil {
			return rerr
		}
		if now.ID != h.ID {
			return errLost
		}
	} else if err != nil {
		return fmt.Errorf("changing the head in %s: %w", p.primary().Name, err)
	}
	return nil
}

// follow brings the standbys' heads to h, those that are not at a later
// generation.
func (p *Publisher) follow(ctx context.Context, h Head) error {
	body, err := encode(h)
	if err != nil {
		return err
	}
	for _, r := range p.Regions[1:] {
		for !p.away.is(r.Name) {
			now, etag, err := ReadHead(ctx, r.Bucket)
			if p.leave(ctx, r, err) {
				break
			}
			if err != nil {
				return fmt.Errorf("%s: %w", r.Name, err)
			}
			if now.Gen >= h.Gen || slices.Contains(h.Debt, r.Name) {
				break // a head may not name what the region lacks
			}
			_, err = r.Bucket.Replace(ctx, HeadKey, jsonMeta, store.Bytes(body), etag)
			if errors.Is(err, store.ErrStale) || errors.Is(err, store.ErrConflict) || p.leave(ctx, r, err) {
				continue
			}
			if err != nil {
				return fmt.Errorf("changing the head in %s: %w", r.Name, err)
			}
		}
	}
	return nil
}
