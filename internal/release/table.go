package release

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"

	"github.com/victorleungtw/blog/internal/routes"
	"github.com/victorleungtw/blog/internal/store"
)

// maxHas bounds the list of whole releases in the table, which is one value of
// at most 1,024 bytes.
const maxHas = 64

func (p *Publisher) tableCurrent(ctx context.Context) (routes.Current, error) {
	v, _, err := p.Table.Get(ctx, routes.Site.CurrentKey())
	if err != nil {
		return routes.Current{}, fmt.Errorf("reading the route table: %w", err)
	}
	return routes.ParseCurrent(v)
}

// errAhead is found when the table was written from a later head than the one
// just read.
var errAhead = errors.New("the route table was written by a later publisher")

// state is where everything stands: the primary's head as it was read, and the
// table brought to it.
type state struct {
	head Head
	etag string // of the head
	cur  routes.Current
}

// bring takes the standby's head and the route table to a head of the primary
// that was just read or written. It is the last step of a publish, and the
// first step of the next one, in case that the last publisher did not live to
// do it. The state that it returns is of a later head when there was one.
func (p *Publisher) bring(ctx context.Context, s state) (state, error) {
	var err error
	for range maxAttempts {
		if err = p.follow(ctx, s.head); err != nil {
			return s, err
		}
		s.cur, err = p.sync(ctx, s.head)
		if !errors.Is(err, routes.ErrStale) && !errors.Is(err, errAhead) {
			return s, err
		}
		// Somebody wrote the table meanwhile: look again at what is current,
		// and at what is left to do.
		var gone error
		if s.head, s.etag, gone = ReadHead(ctx, p.primary().Bucket); gone != nil {
			return s, gone
		}
	}
	if errors.Is(err, errAhead) {
		return s, errors.New("the route table belongs to another record: it was written by a later change of the head than the record knows")
	}
	return s, fmt.Errorf("the route table: %w", ErrRace)
}

// sync makes the table show the head's release, writing only what it lacks, and
// returns what it then says.
func (p *Publisher) sync(ctx context.Context, head Head) (routes.Current, error) {
	if head.N == 0 {
		return routes.Current{}, nil
	}
	// The version is read before the contents: a write in between makes the
	// update fail rather than go by what was.
	etag, err := p.Table.Version(ctx)
	if err != nil {
		return routes.Current{}, fmt.Errorf("reading the route table: %w", err)
	}
	cur, err := p.tableCurrent(ctx)
	switch {
	case err != nil:
		return cur, err
	case cur.Gen > head.Gen:
		return cur, errAhead
	case cur.Gen == head.Gen && cur.N == head.N:
		return cur, nil
	}
	u := update{now: routes.Current{N: head.N, Gen: head.Gen, Has: cur.Has}, puts: map[string]string{}}
	if !slices.Contains(cur.Has, head.N) {
		if err := p.complete(ctx, &u); err != nil {
			return cur, err
		}
	}
	return u.now, p.write(ctx, etag, u)
}

// update is what a sync writes.
type update struct {
	puts  map[string]string
	sweep []string // keys of no use once now is current
	now   routes.Current
}

// tombstone hides a path from release n on, and leaves what came before.
func (u *update) tombstone(key, value string) {
	if es, err := routes.ParseEntries(value); err == nil {
		if to, ok := routes.Resolve(es, u.now.N); ok && to != routes.Gone {
			if v, err := prepend(key, es, routes.Entry{N: u.now.N, To: routes.Gone}, u.now.N-1); err == nil {
				u.puts[key] = v
			}
		}
	}
	u.sweep = append(u.sweep, key)
}

// complete finds what the table lacks to hold release u.now.N whole.
func (p *Publisher) complete(ctx context.Context, u *update) error {
	n := u.now.N
	m, err := p.manifest(ctx, n)
	if err != nil {
		return err
	}
	below := slices.DeleteFunc(slices.Clone(u.now.Has), func(k int) bool { return k >= n })
	if len(below) == 0 || len(below) < len(u.now.Has) {
		return p.rebuild(ctx, m, u)
	}
	base := slices.Max(below)
	from, err := p.manifest(ctx, base)
	if errors.Is(err, store.ErrNotExist) {
		return p.rebuild(ctx, m, u)
	} else if err != nil {
		return err
	}
	// The table holds base whole. It may hold parts of the releases after it,
	// which were begun and never finished.
	suspects := []map[string]string{from.Routes}
	for k := base + 1; k < n; k++ {
		s, err := p.manifest(ctx, k)
		if errors.Is(err, store.ErrNotExist) {
			continue // the number was never used, so nothing was written
		} else if err != nil {
			return err
		}
		suspects = append(suspects, s.Routes)
	}
	for path, v := range m.Routes {
		if slices.ContainsFunc(suspects, func(s map[string]string) bool { return s[path] != v }) {
			u.puts[routes.Site.PathKey(path)] = v
		}
	}
	for _, s := range suspects {
		for path, v := range s {
			if _, ok := m.Routes[path]; !ok {
				u.tombstone(routes.Site.PathKey(path), v)
			}
		}
	}
	u.now.Has = append(held(from.Routes, m.Routes, below), n)
	u.now.Has = u.now.Has[max(0, len(u.now.Has)-maxHas):]
	fresh := slices.DeleteFunc(slices.Clone(m.Inline), func(d string) bool { return slices.Contains(from.Inline, d) })
	return p.inline(ctx, fresh, u)
}

// rebuild makes the table hold release m and nothing else, whatever is in it.
func (p *Publisher) rebuild(ctx context.Context, m *Manifest, u *update) error {
	all, err := p.Table.All(ctx)
	if err != nil {
		return fmt.Errorf("reading the route table: %w", err)
	}
	u.now.Has = []int{m.N}
	return p.rebuildFrom(ctx, m, m.Inline, all, u)
}

// rebuildFrom finds what differs between a table's contents on one side, and
// release m's routes and the bodies of these pages on the other.
func (p *Publisher) rebuildFrom(ctx context.Context, m *Manifest, inline []string, all map[string]string, u *update) error {
	for path, v := range m.Routes {
		u.puts[routes.Site.PathKey(path)] = v
	}
	if err := p.inline(ctx, inline, u); err != nil {
		return err
	}
	for k, v := range all {
		if !routes.Site.Owns(k) || k == routes.Site.CurrentKey() {
			continue
		}
		if want, ok := u.puts[k]; !ok {
			u.tombstone(k, v)
		} else if want == v {
			delete(u.puts, k)
		}
	}
	return nil
}

// inline adds the bodies that stand in the table itself.
func (p *Publisher) inline(ctx context.Context, digests []string, u *update) error {
	for _, digest := range digests {
		obj, err := p.primary().Bucket.Get(ctx, "page/"+digest)
		if err != nil {
			return err
		}
		u.puts[routes.Site.InlineKey(digest)] = string(obj.Body)
	}
	return nil
}

// write puts the entries, then the current release: in one call when all fit
// into it, else in batches that nobody can see before the last.
func (p *Publisher) write(ctx context.Context, etag string, u update) error {
	keys := slices.Sorted(maps.Keys(u.puts))
	done, total := 0, len(keys)+1+len(u.sweep)
	put := func(n int, also map[string]string) (err error) {
		batch := maps.Clone(also)
		if batch == nil {
			batch = map[string]string{}
		}
		for _, k := range keys[:n] {
			batch[k] = u.puts[k]
		}
		keys = keys[n:]
		if etag, err = p.Table.Update(ctx, etag, batch, nil); err != nil {
			return fmt.Errorf("writing routes: %w", err)
		}
		done += len(batch)
		p.progress("routes", done, total)
		return nil
	}
	for len(keys) >= routes.MaxUpdate {
		if err := put(routes.MaxUpdate, nil); err != nil {
			return err
		}
	}
	if err := put(len(keys), map[string]string{routes.Site.CurrentKey(): u.now.String()}); err != nil {
		return err
	}
	slices.Sort(u.sweep)
	for batch := range slices.Chunk(slices.Compact(u.sweep), routes.MaxUpdate) {
		var err error
		if etag, err = p.Table.Update(ctx, etag, nil, batch); err != nil {
			return fmt.Errorf("removing old routes: %w", err)
		}
		done += len(batch)
		p.progress("routes", done, total)
	}
	return nil
}
