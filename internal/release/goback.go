package release

import (
	"context"
	"errors"
	"fmt"
	"time"
)

// ErrMoved is returned when the release to go back from is not the one that
// readers see any more.
var ErrMoved = errors.New("another release is current by now")

// Shown is the release that readers see, and how it came about.
type Shown struct {
	N      int       // 0 before the first
	Before int       // the release that it followed; 0 for the first
	Since  time.Time // when it was published, came due, or was gone back to
	Back   bool      // somebody went back to it
}

// Shown reads the record and says what readers see by it.
func (p *Publisher) Shown(ctx context.Context) (Shown, error) {
	s, err := p.read(ctx)
	if err != nil || s.head.N == 0 {
		return Shown{}, err
	}
	out := Shown{N: s.head.At(s.now)}
	m, err := p.record(ctx, out.N)
	if err != nil {
		return out, err
	}
	out.Before = m.Parent
	since := m.Time
	if s.head.Act == "rollback" && out.N == s.head.N {
		since, out.Back = s.head.Time, true
	}
	if out.Since, err = time.Parse(time.RFC3339, since); err != nil {
		return out, fmt.Errorf("release %d: %w", out.N, err)
	}
	for _, c := range s.head.Next {
		if c.N == out.N {
			out.Since = c.At // it was published before
		}
	}
	return out, nil
}

// GoBack is Rollback for whoever decided while looking at release from: when
// readers see another by now it is ErrMoved and nothing has changed.
func (p *Publisher) GoBack(ctx context.Context, from, n int) (*Result, error) {
	return p.rollbackFrom(ctx, from, n)
}
