package renderer

import (
	"context"
	"errors"
	"iter"

	"golang.org/x/sync/errgroup"

	"github.com/victorleungtw/blog/internal/history"
	"github.com/victorleungtw/blog/internal/routes"
	"github.com/victorleungtw/blog/internal/store"
)

const (
	// What is remembered of releases, in bytes.
	maxRecords = 8 << 20
	maxWholes  = 8 << 20
	// maxLine is how far back a line is followed: years of a release a day.
	maxLine = 4000
	// ahead is how many records are read at once, those below the one that is
	// wanted being most likely wanted next.
	ahead = 32
)

// lineage remembers what was read of releases, none of which ever changes. The
// zero lineage is ready.
type lineage struct {
	records memory[*history.Record]
	wholes  memory[*history.Manifest]
}

// record is release n's, without its sketch, which is for publishers.
func (l *lineage) record(ctx context.Context, from history.Getter, n int) (*history.Record, error) {
	return l.records.get(history.Key(n), maxRecords, func() (*history.Record, int, error) {
		r, err := history.Read(ctx, from, n)
		if err != nil {
			return nil, 0, err
		}
		r.Sketch, r.Added, r.Dropped, r.Unrouted = nil, nil, nil, nil
		return r, 512 + weight(r.Routes), nil
	})
}

// weight is about what entries take up.
func weight(entries map[string]string) int {
	n := 0
	for path, value := range entries {
		n += len(path) + len(value) + 64
	}
	return n
}

// line is the line of releases that leads back from release n, which is there.
// It ends where a record is not kept, or after maxLine.
func (l *lineage) line(ctx context.Context, from history.Getter, n int) iter.Seq2[*history.Record, error] {
	return func(yield func(*history.Record, error) bool) {
		batch := 1
		for range maxLine {
			if _, ok := l.records.have(history.Key(n)); !ok && batch > 1 {
				l.readAhead(ctx, from, n, batch)
			}
			r, err := l.record(ctx, from, n)
			if errors.Is(err, store.ErrNotExist) {
				return
			}
			if !yield(r, err) || err != nil || r.Parent <= 0 || r.Parent >= n {
				return
			}
			n, batch = r.Parent, min(2*batch, ahead)
		}
	}
}

// readAhead reads records at once. Who needs one that could not be read finds
// out when it does.
func (l *lineage) readAhead(ctx context.Context, from history.Getter, n, many int) {
	var g errgroup.Group
	for k := n; k > max(0, n-many); k-- {
		if _, ok := l.records.have(history.Key(k)); ok {
			continue
		}
		g.Go(func() error {
			_, err := l.record(ctx, from, k)
			return err
		})
	}
	_ = g.Wait() // see above
}

// at is what a path is in a release: a digest, a path that it redirects to, or
// "". What the release's record does not say, one that it is built on does.
func (l *lineage) at(ctx context.Context, from history.Getter, r *history.Record, path string) (string, error) {
	value, found := "", false
	for b := r; !found; {
		if value, found = b.Routes[path]; found {
			break
		}
		if b.Base == 0 {
			whole, err := l.whole(ctx, from, b.N)
			if err != nil {
				return "", unlike(err)
			}
			value, found = whole.Routes[path]
			break
		}
		var err error
		if b, err = l.record(ctx, from, b.Base); err != nil {
			return "", unlike(err)
		}
	}
	if !found {
		return "", nil
	}
	es, err := routes.ParseEntries(value)
	if err != nil {
		return "", err
	}
	if to, _ := routes.Resolve(es, r.N); to != routes.Gone {
		return to, nil
	}
	return "", nil
}

// whole is all of release n, whose record has no base.
func (l *lineage) whole(ctx context.Context, from history.Getter, n int) (*history.Manifest, error) {
	return l.wholes.get(history.WholeKey(n), maxWholes, func() (*history.Manifest, int, error) {
		m, err := history.ReadWhole(ctx, from, n)
		if err != nil {
			return nil, 0, err
		}
		m.Objects, m.Unrouted, m.Inline = nil, nil, nil
		return m, weight(m.Routes), nil
	})
}
