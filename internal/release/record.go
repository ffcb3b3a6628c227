package release

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"sync"
	"time"

	"github.com/victorleungtw/blog/internal/history"
	"github.com/victorleungtw/blog/internal/sketch"
	"github.com/victorleungtw/blog/internal/store"
)

// record is a release as it is stored.
type record = history.Record

const (
	// maxWindow is how many changed paths a record repeats. An entry of the
	// route table has some 100 bytes here, compressed.
	maxWindow = 48
	// maxDepth bounds how many records are read to know a whole release. The
	// record after that holds all.
	maxDepth = 64
	// settled is for how long an edge may lag behind the route table. AWS says
	// seconds; a release that was current less than this ago may still be what
	// some reader sees, and its entries are not dropped.
	settled = time.Hour
)

var recordMeta = store.Meta{ContentType: "application/json", ContentEncoding: "gzip", CacheControl: "no-store"}

// isSettled says whether a release was published so long ago that no edge can
// still show one before it.
func isSettled(published string, now time.Time) bool {
	t, err := time.Parse(time.RFC3339, published)
	return err == nil && now.Sub(t) > settled
}

// on makes r the record of a release over base that changes these values and
// objects. r has everything else already.
func on(base, r *record, values map[string]string, added, dropped []string) {
	r.Routes, r.Added, r.Dropped = values, added, dropped
	if base.Base == 0 || len(base.Routes) > maxWindow {
		r.Base, r.BaseTime, r.Depth = base.N, base.Time, base.Depth+1
		return
	}
	r.Base, r.BaseTime, r.Depth = base.Base, base.BaseTime, base.Depth
	r.Routes = maps.Clone(base.Routes)
	maps.Copy(r.Routes, values)
	// What comes and goes again is neither added nor dropped.
	merge := func(old, more, undone []string) []string {
		out := slices.DeleteFunc(slices.Concat(old, more), func(k string) bool { return slices.Contains(undone, k) })
		slices.Sort(out)
		return slices.Compact(out)
	}
	r.Added = merge(base.Added, slices.DeleteFunc(slices.Clone(added), func(k string) bool { return slices.Contains(base.Dropped, k) }), dropped)
	r.Dropped = merge(base.Dropped, slices.DeleteFunc(slices.Clone(dropped), func(k string) bool { return slices.Contains(base.Added, k) }), added)
}

// records caches what was read of the record. A record never changes, and a
// publish needs the same one or two in several of its steps.
type records struct {
	mu   sync.Mutex
	list []*record
	full []*Manifest
}

const remembered = 8

func (c *records) get(ctx context.Context, b store.Bucket, n int) (*record, error) {
	c.mu.Lock()
	i := slices.IndexFunc(c.list, func(r *record) bool { return r.N == n })
	if i >= 0 {
		defer c.mu.Unlock()
		return c.list[i], nil
	}
	c.mu.Unlock()
	r, err := history.Read(ctx, b, n)
	if err == nil {
		c.add(r)
	}
	return r, err
}

func (c *records) add(r *record) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.list = append(c.list, r)
	if len(c.list) > remembered {
		c.list = c.list[1:]
	}
}

// forget drops what was read. A record never changes, but a collection deletes
// those of releases that nobody can be given any more.
func (c *records) forget() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.list, c.full = nil, nil
}

// whole puts a release together from its record and those below it.
func (c *records) whole(ctx context.Context, b store.Bucket, n int) (*Manifest, error) {
	c.mu.Lock()
	i := slices.IndexFunc(c.full, func(m *Manifest) bool { return m.N == n })
	if i >= 0 {
		defer c.mu.Unlock()
		return c.full[i], nil
	}
	c.mu.Unlock()
	top, err := c.get(ctx, b, n)
	if err != nil {
		return nil, err
	}
	chain := []*record{top}
	for r := top; r.Base != 0; chain = append(chain, r) {
		if r, err = c.get(ctx, b, r.Base); err != nil {
			return nil, fmt.Errorf("release %d is built on another: %w", n, err)
		}
	}
	bottom := chain[len(chain)-1].N
	all, err := history.ReadWhole(ctx, b, bottom)
	if err != nil {
		return nil, err
	}
	m := top.Manifest
	m.Routes = all.Routes
	if m.Routes == nil {
		m.Routes = map[string]string{}
	}
	objects := set(all.Objects)
	for _, r := range slices.Backward(chain) {
		maps.Copy(m.Routes, r.Routes)
		for _, k := range r.Added {
			objects[k] = true
		}
		for _, k := range r.Dropped {
			delete(objects, k)
		}
	}
	m.Objects = slices.Sorted(maps.Keys(objects))
	c.addWhole(&m)
	return &m, nil
}

func (c *records) addWhole(m *Manifest) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.full = append(c.full, m)
	if len(c.full) > remembered/2 {
		c.full = c.full[1:]
	}
}

// ReadManifest reads release n, whole.
func ReadManifest(ctx context.Context, b store.Bucket, n int) (*Manifest, error) {
	return new(records).whole(ctx, b, n)
}

// manifest returns release n, whole.
func (p *Publisher) manifest(ctx context.Context, n int) (*Manifest, error) {
	return p.records.whole(ctx, p.primary().Bucket, n)
}

func (p *Publisher) record(ctx context.Context, n int) (*record, error) {
	return p.records.get(ctx, p.primary().Bucket, n)
}

// chain returns the releases whose records are read to know release n: itself
// and those that it is built on.
func (p *Publisher) chain(ctx context.Context, n int) ([]int, error) {
	var out []int
	for n != 0 {
		r, err := p.record(ctx, n)
		if err != nil {
			return nil, err
		}
		out = append(out, n)
		n = r.Base
	}
	return out, nil
}

// sketchOf decodes a record's sketch.
func sketchOf(r *record) (*sketch.Sketch, error) {
	var s sketch.Sketch
	if err := s.UnmarshalBinary(r.Sketch); err != nil {
		return nil, err
	}
	return &s, nil
}
