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
	s, err := p.start(ctx)
	if err != nil {
		return nil, err
	}
	if s.head.N == 0 {
		return nil, errors.New("nothing has been published yet, so there is nothing to go back to")
	}
	p.records.forget() // n may have been deleted since it was read
	if s, err = p.stand(ctx, s); err != nil {
		return nil, err
	}
	seen := s.head.At(s.now)
	if from != 0 && seen != from {
		return nil, ErrMoved
	}
	if n == seen && len(s.head.Next) == 0 {
		return &Result{N: n, Parent: n, Current: true}, ErrNothing
	}
	to, err := p.manifest(ctx, n)
	if errors.Is(err, store.ErrNotExist) {
		return nil, &NoReleaseError{n}
	}
	if err != nil {
		return nil, err
	}
	t, err := targetFrom(to)
	if err != nil {
		return nil, err
	}
	train := []coach{{target: t}}
	if err := p.allowed(ctx, s.head, train); err != nil {
		return nil, err
	}
	now, err := p.manifest(ctx, seen)
	if err != nil {
		return nil, err
	}
	before, err := now.Pages()
	if err != nil {
		return nil, err
	}
	res := &Result{N: n, Parent: seen, Changes: Diff(before, t.pages)}
	next := Head{
		N: n, Last: s.head.Last, Gen: s.head.Gen + 1, ID: newID(), Commit: to.Commit, Plan: t.sum,
		Time: s.now.UTC().Format(time.RFC3339), Act: "rollback",
		// What a region missed before it still lacks, unless a publish made up
		// for it: a rollback takes nothing anywhere.
		Debt: s.head.Debt, Collect: s.head.Collect, Takedowns: s.head.Takedowns,
	}
	u := &update{now: next.current(s.cur)}
	if !slices.Contains(s.cur.Has, n) {
		base, err := p.base(ctx, s)
		if err != nil {
			return nil, err
		}
		d, err := p.compare(ctx, base, t)
		if err != nil {
			return nil, err
		}
		if u, err = p.write(ctx, s, base, &next, train, []*difference{d}); err != nil {
			return nil, err
		}
	}
	if err := p.show(ctx, s, &next, u); err != nil {
		return nil, err
	}
	res.N, res.Debt, res.Current = next.N, next.Debt, true
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
	m, err := p.record(ctx, head.At(p.Now()))
	if err != nil {
		return 0, err
	}
	if m.Parent == 0 {
		return 0, fmt.Errorf("release %d is the first; there is nothing before it", head.N)
	}
	return m.Parent, nil
}
