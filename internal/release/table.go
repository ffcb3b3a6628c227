package release

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/victorleungtw/blog/internal/recipe"
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

// bring takes the standbys' heads and the route table to a head of the primary
// that was just read or written. It is the last step of a publish that did not
// know how the table was, and the first step of the next one, in case that the
// last publisher did not live to do it. The state that it returns is of a later
// head when there was one.
func (p *Publisher) bring(ctx context.Context, s state) (state, error) {
	var err error
	for attempt := range maxAttempts {
		if err := pause(ctx, attempt); err != nil {
			return s, err
		}
		if err = p.follow(ctx, s.head, s.standbys); err != nil {
			return s, err
		}
		s.cur, s.info, err = p.sync(ctx, s.head)
		s.table = s.info.ETag
		if !errors.Is(err, routes.ErrStale) && !errors.Is(err, errAhead) {
			return s, err
		}
		// Somebody wrote the table meanwhile: look again at what is current,
		// and at what is left to do.
		var gone error
		s.standbys = nil
		if s.head, s.etag, gone = ReadHead(ctx, p.primary().Bucket); gone != nil {
			return s, gone
		}
	}
	if errors.Is(err, errAhead) {
		return s, errors.New("the route table belongs to another record: it was written by a later change of the head than the record knows")
	}
	return s, fmt.Errorf("the route table: %w", ErrRace)
}

// pause gives whoever writes the table time to finish, from the third attempt
// on: up to 6 s before the eighth.
func pause(ctx context.Context, attempt int) error {
	if attempt < 2 {
		return nil
	}
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-time.After(rand.N(50 * time.Millisecond << attempt)):
		return nil
	}
}

// sync makes the table show the head's release, writing only what it lacks, and
// returns what it then says, and how it is as a whole.
func (p *Publisher) sync(ctx context.Context, head Head) (cur routes.Current, info routes.Info, err error) {
	if head.N == 0 {
		return cur, info, nil
	}
	// The version is read before the contents: a write in between makes the
	// update fail rather than go by what was.
	etag, err := p.Table.Version(ctx)
	if err != nil {
		return cur, info, fmt.Errorf("reading the route table: %w", err)
	}
	cur, err = p.tableCurrent(ctx)
	want := head.current(cur)
	switch {
	case err != nil:
		return cur, info, err
	case cur.Gen > head.Gen, cur.Gen == head.Gen && cur.ID != want.ID:
		return cur, info, errAhead
	case cur.Gen == head.Gen:
		info.ETag = etag
		if head.Live != nil { // the table of another time, but not of another size
			info.Items, info.Bytes = head.Live.Items, head.Live.Bytes
		}
		return cur, info, nil
	}
	u := update{now: want, was: cur, puts: map[string]string{}}
	if err := p.complete(ctx, head, &u); err != nil {
		return cur, info, err
	}
	info, err = p.put(ctx, etag, u)
	return u.now, info, err
}

// update is what a sync writes.
type update struct {
	puts   map[string]string
	bodies []string // digests of pages that stand in the table itself, and are not in puts yet
	sweep  []string // keys of no use once now is current
	now    routes.Current
	was    routes.Current // what the table says before; zero when that is damaged
	repack bool           // blocks are to be written anew
	// rebuilt says that puts are not all that changes: the whole table has to
	// be compared with the record.
	rebuilt bool
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

// complete finds what the table lacks to hold a head's releases whole.
func (p *Publisher) complete(ctx context.Context, head Head, u *update) error {
	releases := head.releases()
	missing := slices.DeleteFunc(slices.Clone(releases), func(n int) bool { return slices.Contains(u.now.Has, n) })
	if len(missing) == 0 {
		return nil
	}
	n := slices.Max(missing)
	m, err := p.manifest(ctx, n)
	if err != nil {
		return err
	}
	u.repack = u.now.Blocks.Count > 0 && head.Act == actTakedown // what a block has is to be gone, even where a key hides it
	below := slices.DeleteFunc(slices.Clone(u.now.Has), func(k int) bool { return k >= n })
	// With a region away there may be another publisher on its side, who gave
	// his own release the same number, and began to write it.
	if len(below) == 0 || len(below) < len(u.now.Has) || len(head.Debt) > 0 || head.Act == actRepair {
		return p.rebuild(ctx, m, releases, u)
	}
	base := slices.Max(below)
	from, err := p.manifest(ctx, base)
	if errors.Is(err, store.ErrNotExist) {
		return p.rebuild(ctx, m, releases, u)
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
	u.now.Has = append(held(from.Routes, m.Routes, below), missing...)
	u.now.Has = u.now.Has[max(0, len(u.now.Has)-maxHas):]
	// A block still has what it had of a path whose key is removed.
	if u.repack || u.now.Blocks.Count > 0 && len(u.sweep) > 0 {
		all, err := p.Table.All(ctx)
		if err != nil {
			return fmt.Errorf("reading the route table: %w", err)
		}
		settled := map[string]string{}
		for path, v := range m.Routes {
			key := routes.Site.PathKey(path)
			_, own := all[key]
			if _, put := u.puts[key]; own || put {
				continue
			}
			u.puts[key] = v
			if digest := u.settled(v); digest != "" {
				settled[path] = digest
			}
		}
		u.pack(all, settled)
	}
	fresh := slices.DeleteFunc(slices.Clone(m.Inline), func(d string) bool { return slices.Contains(from.Inline, d) })
	return p.inline(ctx, fresh, u)
}

// rebuild makes the table hold these releases and nothing else, whatever is in
// it; m is the newest of them.
func (p *Publisher) rebuild(ctx context.Context, m *Manifest, releases []int, u *update) error {
	all, err := p.Table.All(ctx)
	if err != nil {
		return fmt.Errorf("reading the route table: %w", err)
	}
	u.now.Has = releases
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
	blocks := u.now.Blocks
	known := 0 // how many of the paths in blocks m has
	for k, v := range all {
		if !routes.Site.Owns(k) || routes.Site.Kept(k) {
			continue
		}
		if _, ok := routes.Site.IsBlock(k); ok {
			continue
		}
		want, ok := u.puts[k]
		if !ok {
			u.tombstone(k, v)
			continue
		}
		if blocks.Find(routes.Site, all, strings.TrimPrefix(k, string(routes.Site))) != "" {
			known++
		}
		if want == v {
			delete(u.puts, k)
		}
	}
	settled, shown := map[string]string{}, []string{}
	for path, v := range m.Routes {
		key := routes.Site.PathKey(path)
		if _, own := all[key]; own {
			continue
		}
		digest, in := u.settled(v), blocks.Find(routes.Site, all, path)
		if digest != "" {
			settled[path] = digest
		}
		if in != "" {
			known++
		}
		if in != "" && in == digest {
			shown = append(shown, key)
		}
	}
	if !u.repack && known == blocks.Size(routes.Site, all) && len(settled)-len(shown) < worthBlocks {
		for _, key := range shown {
			delete(u.puts, key)
		}
		return nil
	}
	u.pack(all, settled)
	return nil
}

// worthBlocks is from how many paths on blocks are written: fewer fit into one
// call without them. Tests have small blogs, and set it lower.
var worthBlocks = routes.MaxUpdate

// settled is what a block can say of a path: the digest that it has been in all
// the releases that the table holds; else "".
func (u *update) settled(value string) string {
	n, to, _ := strings.Cut(value, ":")
	since, err := strconv.Atoi(n)
	if err != nil || !recipe.IsDigest(to) || len(u.now.Has) == 0 || since > slices.Min(u.now.Has) {
		return ""
	}
	return to
}

// pack moves paths from u's keys into blocks, which take the place of those in a
// table.
func (u *update) pack(all map[string]string, digests map[string]string) {
	gen := 1
	for k := range all {
		g, ok := routes.Site.IsBlock(k)
		if !ok {
			continue
		}
		gen = max(gen, g+1)
		// Edges that have not heard of the new blocks still look into the last.
		if g != u.was.Blocks.Gen {
			u.sweep = append(u.sweep, k)
		}
	}
	b, values, left := routes.Fill(routes.Site, gen, digests)
	for path := range digests {
		if _, ok := slices.BinarySearch(left, path); !ok {
			delete(u.puts, routes.Site.PathKey(path))
		}
	}
	maps.Copy(u.puts, values)
	u.now.Blocks = b
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

// put writes the entries, then the current release: in one call when all fit
// into it, else in batches that nobody can see before the last. It returns what
// the table is then.
func (p *Publisher) put(ctx context.Context, etag string, u update) (info routes.Info, err error) {
	info.ETag = etag
	keys := slices.Sorted(maps.Keys(u.puts))
	done, total := 0, len(keys)+1+len(u.sweep)
	put := func(n int, also map[string]string) error {
		batch := maps.Clone(also)
		if batch == nil {
			batch = map[string]string{}
		}
		for _, k := range keys[:n] {
			batch[k] = u.puts[k]
		}
		keys = keys[n:]
		if info, err = p.Table.Update(ctx, info.ETag, batch, nil); err != nil {
			return fmt.Errorf("writing routes: %w", err)
		}
		done += len(batch)
		p.progress("routes", done, total)
		return nil
	}
	if len(keys) >= routes.MaxUpdate && u.was.N > 0 {
		// Values are about to lose entries of old releases. From then on the
		// table does not hold these whole, and must not say so.
		first := u.was
		first.Has = slices.DeleteFunc(slices.Clone(u.was.Has), func(n int) bool { return !slices.Contains(u.now.Has, n) })
		if len(first.Has) < len(u.was.Has) {
			if err := put(routes.MaxUpdate-1, map[string]string{routes.Site.CurrentKey(): first.String()}); err != nil {
				return info, err
			}
		}
	}
	for len(keys) >= routes.MaxUpdate {
		if err := put(routes.MaxUpdate, nil); err != nil {
			return info, err
		}
	}
	if err := put(len(keys), map[string]string{routes.Site.CurrentKey(): u.now.String()}); err != nil {
		return info, err
	}
	slices.Sort(u.sweep)
	for batch := range slices.Chunk(slices.Compact(u.sweep), routes.MaxUpdate) {
		if info, err = p.Table.Update(ctx, info.ETag, nil, batch); err != nil {
			return info, fmt.Errorf("removing old routes: %w", err)
		}
		done += len(batch)
		p.progress("routes", done, total)
	}
	return info, nil
}

// nearlyFull is when the table is made smaller before more is written.
const nearlyFull = routes.MaxTable / 10 * 9

// crowded says whether the table would come close to its limit.
func (s *state) crowded(diffs []*difference) bool {
	if s.head.Live == nil || s.head.Live.Bytes == 0 {
		return false
	}
	grown := s.head.Live.Bytes
	for _, d := range diffs {
		for path, st := range d.paths {
			grown += len(st.to) + 12 // "1234567890:" and a comma
			if st.from == "" {
				grown += len(routes.Site.PathKey(path))
			}
		}
	}
	return grown > nearlyFull
}

// thin drops from every value the entries that none of these releases shows,
// and paths of which nothing is left. The others stay as they are.
func thin(values map[string]string, releases []int) map[string]string {
	out := make(map[string]string, len(values))
	for path, v := range values {
		es, err := routes.ParseEntries(v)
		if err != nil {
			continue // what is damaged shows nothing
		}
		var keep []routes.Entry
		for _, e := range es {
			for _, n := range releases {
				if to, ok := routes.Resolve(es, n); ok && to == e.To && e.N <= n && !slices.Contains(keep, e) {
					keep = append(keep, e)
				}
			}
		}
		if slices.ContainsFunc(keep, func(e routes.Entry) bool { return e.To != routes.Gone }) {
			out[path] = routes.FormatEntries(keep)
		}
	}
	return out
}
