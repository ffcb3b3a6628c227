package release

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"sync"

	"github.com/victorleungtw/blog/internal/renderer"
	"github.com/victorleungtw/blog/internal/store"
)

// away are the regions that could not be reached in this run.
type away struct {
	mu   sync.Mutex
	list []string
}

func (a *away) is(region string) bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	return slices.Contains(a.list, region)
}

// and returns them and others, sorted, each once.
func (a *away) and(others []string) []string {
	a.mu.Lock()
	defer a.mu.Unlock()
	return slices.Compact(slices.Sorted(slices.Values(slices.Concat(a.list, others))))
}

// leave says whether err means that a standby cannot be reached, and goes on
// without it. What only a person can mend is not that: a missing permission,
// damaged bytes, a renderer of another version.
func (p *Publisher) leave(ctx context.Context, r Region, err error) bool {
	for _, mine := range []error{fs.ErrPermission, store.ErrCorrupt, store.ErrExists, store.ErrNotExist, store.ErrStale, store.ErrConflict, renderer.ErrVersion} {
		if errors.Is(err, mine) {
			return false
		}
	}
	if err == nil || ctx.Err() != nil || r.Name == p.primary().Name {
		return false
	}
	p.away.mu.Lock()
	defer p.away.mu.Unlock()
	if !slices.Contains(p.away.list, r.Name) {
		p.away.list = append(p.away.list, r.Name)
		p.Log.WarnContext(ctx, "a standby cannot be reached; publishing without it, for a later publish to make up", "region", r.Name, "error", err)
	}
	return true
}

// payDebt gives the regions that a publish before this one could not reach
// what they lack, and returns those that are still away.
func (p *Publisher) payDebt(ctx context.Context, head Head) ([]string, error) {
	var left []string
	var paid []Region
	for _, r := range p.Regions[1:] {
		if !slices.Contains(head.Debt, r.Name) {
			continue
		}
		if p.away.is(r.Name) {
			left = append(left, r.Name)
			continue
		}
		paid = append(paid, r)
	}
	if len(paid) == 0 {
		return left, nil
	}
	rep, err := p.Repair(ctx, false)
	if err != nil {
		return nil, fmt.Errorf("making up for what %s missed: %w", paid[0].Name, err)
	}
	for _, g := range rep.Regions {
		if n := len(g.Copied) + len(g.Made); n > 0 {
			p.Log.InfoContext(ctx, "made up for what a region missed", "region", g.Name, "objects", n)
		}
	}
	return left, nil
}
