package release

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/victorleungtw/blog/internal/store"
)

// Rollback makes an earlier release current again. A release that the route
// table still holds whole is one write away; an older one is published anew,
// under a new number, from its manifest: nothing has to be rendered.
func (p *Publisher) Rollback(ctx context.Context, n int) (*Result, error) {
	return p.rollbackFrom(ctx, 0, n)
}

// errMoved is found when the release to go back from is not current any more.
var errMoved = errors.New("another release is current by now")

// rollbackFrom goes back to release n if release from is current; 0 is any.
func (p *Publisher) rollbackFrom(ctx context.Context, from, n int) (*Result, error) {
	for attempt := 1; attempt <= maxAttempts; attempt++ {
		res, err := p.rollback(ctx, from, n)
		if !errors.Is(err, errLost) {
			return res, err
		}
	}
	return nil, ErrRace
}

func (p *Publisher) rollback(ctx context.Context, from, n int) (*Result, error) {
	now, base, err := p.current(ctx)
	if err != nil {
		return nil, err
	}
	head, etag := now.head, now.etag
	if head.N == 0 {
		return nil, errors.New("nothing has been published yet, so there is nothing to go back to")
	}
	if from != 0 && head.N != from {
		return nil, errMoved
	}
	if n == head.N {
		return &Result{N: n, Parent: n, Current: true}, ErrNothing
	}
	to, err := p.manifest(ctx, n)
	if errors.Is(err, store.ErrNotExist) {
		return nil, &NoReleaseError{n}
	}
	if err != nil {
		return nil, err
	}
	before, _, err := p.published(ctx, head)
	if err != nil {
		return nil, err
	}
	pages, err := to.Pages()
	if err != nil {
		return nil, err
	}
	res := &Result{N: n, Parent: head.N, Changes: Diff(before, pages)}
	next := Head{N: n, Last: head.Last, Gen: head.Gen + 1, ID: newID(), Commit: to.Commit, Time: p.Now().UTC().Format(time.RFC3339), Act: "rollback"}
	if !slices.Contains(now.cur.Has, n) {
		again := &Manifest{
			ID: next.ID, Parent: head.N, Commit: to.Commit, Time: next.Time, Renderer: to.Renderer,
			Unrouted: to.Unrouted, Inline: to.Inline, Objects: to.Objects,
		}
		if err := p.writeManifest(ctx, again, head, base, pages); err != nil {
			return nil, err
		}
		next.N, next.Last, res.N = again.N, again.N, again.N
	}
	// What a region missed before it still lacks, unless a publish made up for
	// it: a rollback takes nothing anywhere.
	next.Debt = p.away.and(head.Debt)
	res.Debt = next.Debt
	if err := p.swapHead(ctx, next, etag); err != nil {
		return nil, err
	}
	if _, err := p.bring(ctx, state{head: next}); err != nil {
		return nil, fmt.Errorf("release %d is recorded as current but not yet shown to readers; run the command again: %w", res.N, err)
	}
	res.Current = true
	return res, nil
}

// Previous is the release to go back to when none is named: the one that was
// current before the current one was published.
func (p *Publisher) Previous(ctx context.Context) (int, error) {
	head, _, err := ReadHead(ctx, p.primary().Bucket)
	if err != nil {
		return 0, err
	}
	if head.N == 0 {
		return 0, errors.New("nothing has been published yet")
	}
	m, err := p.manifest(ctx, head.N)
	if err != nil {
		return 0, err
	}
	if m.Parent == 0 {
		return 0, fmt.Errorf("release %d is the first; there is nothing before it", head.N)
	}
	return m.Parent, nil
}
