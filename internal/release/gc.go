package release

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/victorleungtw/blog/internal/history"
	"github.com/victorleungtw/blog/internal/store"
)

// Collecting garbage: deleting the objects that no kept release reaches.
//
// # What a running publish relies on
//
// A publisher does not write what exists already: its Create is told that the
// key is taken, or a renderer finds the page stored. Such an object can be one
// of an old release that nothing reaches, until the publisher's release does.
// If it is deleted in between, the release has a hole, which no age limit
// prevents. So a collection and every publish decide on the same object, the
// head:
//
//	1  list     the keys to be deleted are written to gc/<id>.json
//	2  announce the head is swapped: it names the list, and is otherwise as it
//	            was when the list was computed
//	3  delete   the listed keys, in every region
//	4  end      the head is swapped: it names no list
//
// A publisher that read the head before 2 loses its swap, and begins again. One
// that reads it between 2 and 4 takes no listed key for granted: if it needs
// one it fails (collecting); if not, its release needs none, and its head
// carries the list's name on. One that reads it after 4 finds the objects gone
// and makes them anew. Nothing waits for anything.
//
// A branch does not change the head. It records what it needs, then reads the
// head, then relies on what is stored (mayUse); a collection announces itself,
// then reads the branches' records. Whichever is second sees the other.
//
// A collection that is killed leaves its list in the head. The next one goes on
// with it.
const (
	collectPrefix = "gc/"
	branchPrefix  = "branch/"
	draftPrefix   = "draft/"
	// draftAge is how long a link to a draft can be good for. The draft is kept
	// twice as long: it can be shared again before the first link ends.
	draftAge = 30 * 24 * time.Hour
)

// CollectOptions say what a collection keeps, and whether it deletes.
type CollectOptions struct {
	// Keep is how many of the newest releases are kept, beside those that
	// readers can be given and those that others are built on.
	Keep int
	// Older is the age that an object must have; 0 is any. It spares what
	// failed publishes leave, which the next one finds ready.
	Older time.Duration
	// Delete deletes. Without it nothing is changed.
	Delete bool
}

// Collected is what a collection found, and deleted if it was to.
type Collected struct {
	N       int            `json:"release"` // the current one
	Kept    []int          `json:"kept"`    // releases that are left whole
	Dropped []int          `json:"dropped"` // releases that nobody can go back to any more
	Regions []RegionUse    `json:"regions"`
	Keys    []string       `json:"keys"`
	Kinds   map[string]int `json:"kinds"` // how many of the keys are of each kind: "page", "src"
	Deleted bool           `json:"deleted"`
	Resumed bool           `json:"resumed,omitempty"` // the list is of a collection that was cut short
}

// RegionUse is what the keys take up in one region.
type RegionUse struct {
	Name    string `json:"name"`
	Objects int    `json:"objects"`
	Bytes   int64  `json:"bytes"`
}

// collection is the object that a head's Collect names.
type collection struct {
	Time    string   `json:"time"`
	Dropped []int    `json:"dropped"`
	Keys    []string `json:"keys"` // sorted
}

// CollectingError is returned to who needs an object that is being deleted.
type CollectingError struct{ Key, Since string }

func (e *CollectingError) Error() string {
	return fmt.Sprintf("%s, which this needs again, is being deleted by a garbage collection of %s; run the command again when that is over\n    hint: if nobody is running it, it was cut short: blog gc --delete finishes it", e.Key, e.Since)
}

// need is a set of what somebody relies on: keys, and digests of pages, which
// stand for their recipes, their bytes and their variants.
type need map[string]bool

// has says whether a key is needed.
func (n need) has(key string) bool {
	if n[key] {
		return true
	}
	prefix, name, _ := strings.Cut(key, "/")
	digest, _, _ := strings.Cut(name, ".")
	return (prefix == "recipe" || prefix == "page") && n[digest]
}

// needs is what a target's release relies on.
func (t *target) needs(n need) {
	for _, to := range t.pages {
		if to[0] != '/' {
			n[to] = true
		}
	}
	for _, list := range [][]string{t.objects, t.unrouted, t.inline} {
		for _, k := range list {
			n[k] = true
		}
	}
}

// allowed fails if a head forbids releases: because a collection under way
// deletes what they need, or because they show what was taken down.
func (p *Publisher) allowed(ctx context.Context, head Head, train []coach) error {
	if head.Collect == "" && len(head.Takedowns) == 0 {
		return nil
	}
	n := need{}
	for _, c := range train {
		c.needs(n)
	}
	if err := p.collecting(ctx, head, n); err != nil {
		return err
	}
	return p.forbidden(ctx, head, n)
}

// collecting fails if a collection that the head announces is deleting
// something that is needed.
func (p *Publisher) collecting(ctx context.Context, head Head, n need) error {
	if head.Collect == "" {
		return nil
	}
	c, err := readCollection(ctx, p.primary().Bucket, head.Collect)
	if err != nil {
		return err
	}
	if i := slices.IndexFunc(c.Keys, n.has); i >= 0 {
		return &CollectingError{c.Keys[i], c.Time}
	}
	return nil
}

func readCollection(ctx context.Context, b store.Bucket, key string) (*collection, error) {
	obj, err := b.Get(ctx, key)
	if err != nil {
		return nil, fmt.Errorf("reading what is being deleted: %w", err)
	}
	var c collection
	if err := json.Unmarshal(obj.Body, &c); err != nil {
		return nil, fmt.Errorf("reading what is being deleted, %s: %w", key, err)
	}
	return &c, nil
}

// Collect finds the objects that nothing kept reaches, and deletes them if it is
// to. A region that is away keeps its own; a later collection finds them.
func (p *Publisher) Collect(ctx context.Context, o CollectOptions) (*Collected, error) {
	for range maxAttempts {
		out, err := p.collect(ctx, o)
		if !errors.Is(err, errLost) {
			return out, err
		}
	}
	return nil, ErrRace
}

func (p *Publisher) collect(ctx context.Context, o CollectOptions) (*Collected, error) {
	s, err := p.read(ctx)
	if err != nil || s.head.N == 0 {
		return &Collected{Kept: []int{}, Dropped: []int{}, Keys: []string{}}, err
	}
	if o.Delete {
		if s, err = p.stand(ctx, s); err != nil {
			return nil, err
		}
	}
	if s.head.Collect != "" {
		return p.resume(ctx, s, o)
	}
	out, err := p.garbage(ctx, s, o)
	if err != nil || !o.Delete || len(out.Keys) == 0 {
		return out, err
	}
	c := collection{Time: s.now.UTC().Format(time.RFC3339), Dropped: out.Dropped, Keys: out.Keys}
	body, err := encode(c)
	if err != nil {
		return nil, err
	}
	next := s.head
	next.ID = newID()
	next.Collect = collectPrefix + next.ID + ".json"
	for _, r := range p.Regions {
		// In a standby too, which may be what publishers go by next.
		if p.away.is(r.Name) {
			continue
		}
		if err := r.Bucket.Create(ctx, next.Collect, jsonMeta, store.Bytes(body)); !p.leave(ctx, r, err) && err != nil {
			return nil, fmt.Errorf("writing what is to be deleted: %w", err)
		}
	}
	if err := p.note(ctx, s, next); err != nil {
		return nil, err
	}
	out.Deleted = true
	return out, p.sweep(ctx, next.Collect, &c)
}

// note makes a head the current one that shows what the one before it shows.
func (p *Publisher) note(ctx context.Context, s state, next Head) error {
	next.Gen, next.Act, next.Time, next.Live = s.head.Gen+1, "collect", s.now.UTC().Format(time.RFC3339), nil
	return p.show(ctx, s, &next, &update{now: next.current(s.cur)})
}

// resume goes on with a collection that was cut short.
func (p *Publisher) resume(ctx context.Context, s state, o CollectOptions) (*Collected, error) {
	c, err := readCollection(ctx, p.primary().Bucket, s.head.Collect)
	if err != nil {
		return nil, err
	}
	out := &Collected{N: s.head.N, Kept: []int{}, Dropped: c.Dropped, Keys: c.Keys, Kinds: kinds(c.Keys), Resumed: true}
	if !o.Delete {
		return out, nil
	}
	out.Deleted = true
	return out, p.sweep(ctx, s.head.Collect, c)
}

// sweep deletes what a head announces, and ends the collection.
func (p *Publisher) sweep(ctx context.Context, key string, c *collection) error {
	branches, err := p.branches(ctx)
	if err != nil {
		return err
	}
	keys := slices.DeleteFunc(slices.Clone(c.Keys), func(key string) bool {
		for _, n := range branches {
			if n.has(key) {
				return true
			}
		}
		return false
	})
	for _, r := range p.Regions {
		if p.away.is(r.Name) {
			continue
		}
		j, ok := r.Bucket.(store.Janitor)
		if !ok {
			return fmt.Errorf("the store of %s cannot delete", r.Name)
		}
		done := 0
		for batch := range slices.Chunk(keys, deleteBatch) {
			if err := j.Delete(ctx, batch); p.leave(ctx, r, err) {
				break
			} else if err != nil {
				return fmt.Errorf("%s: %w", r.Name, err)
			}
			done += len(batch)
			p.progress("delete", done, len(keys))
		}
	}
	for range maxAttempts {
		s, err := p.read(ctx)
		if err != nil || s.head.Collect != key {
			return err // ended by another who went on with it
		}
		if s, err = p.stand(ctx, s); err != nil {
			return err
		}
		next := s.head
		next.ID, next.Collect = newID(), ""
		if err := p.note(ctx, s, next); !errors.Is(err, errLost) {
			return err
		}
	}
	return ErrRace
}

// deleteBatch is how many keys a Delete is given, for progress to be seen.
const deleteBatch = 1000

// garbage finds what nothing kept reaches.
func (p *Publisher) garbage(ctx context.Context, s state, o CollectOptions) (*Collected, error) {
	type found struct {
		sizes    []int64 // by region; -1 where it is not
		modified time.Time
	}
	all := map[string]*found{}
	for i, r := range p.Regions {
		if p.away.is(r.Name) {
			continue
		}
		j, ok := r.Bucket.(store.Janitor)
		if !ok {
			return nil, fmt.Errorf("the store of %s cannot delete", r.Name)
		}
		for _, prefix := range []string{"asset/", draftPrefix, collectPrefix, "page/", "recipe/", "release/", "src/"} {
			for info, err := range j.Inspect(ctx, prefix) {
				if p.leave(ctx, r, err) {
					break
				}
				if err != nil {
					return nil, fmt.Errorf("%s: %w", r.Name, err)
				}
				f := all[info.Key]
				if f == nil {
					f = &found{sizes: slices.Repeat([]int64{-1}, len(p.Regions))}
					all[info.Key] = f
				}
				f.sizes[i] = info.Size
				if info.Modified.After(f.modified) {
					f.modified = info.Modified
				}
			}
		}
	}
	var numbers []int
	for key := range all {
		if n, ok := releaseOf(key); ok {
			numbers = append(numbers, n)
		}
	}
	slices.Sort(numbers)
	kept, err := p.kept(ctx, s.head, numbers, o.Keep)
	if err != nil {
		return nil, err
	}
	branches, err := p.branches(ctx)
	if err != nil {
		return nil, err
	}
	reach := need{}
	for _, n := range branches {
		maps.Copy(reach, n)
	}
	for _, n := range kept {
		if err := p.reach(ctx, n, reach); err != nil {
			return nil, err
		}
	}
	out := &Collected{N: s.head.N, Kept: kept, Dropped: []int{}, Keys: []string{}}
	for key, f := range all {
		age := o.Older
		if strings.HasPrefix(key, draftPrefix) {
			age = max(age, 2*draftAge)
		}
		young := age > 0 && s.now.Sub(f.modified) < age
		if !young && !reach.has(key) && key != s.head.Collect {
			out.Keys = append(out.Keys, key)
		}
	}
	slices.Sort(out.Keys)
	out.Kinds = kinds(out.Keys)
	for _, key := range out.Keys {
		if n, ok := releaseOf(key); ok {
			out.Dropped = append(out.Dropped, n)
		}
	}
	for i, r := range p.Regions {
		use := RegionUse{Name: r.Name}
		for _, key := range out.Keys {
			if size := all[key].sizes[i]; size >= 0 {
				use.Objects++
				use.Bytes += size
			}
		}
		out.Regions = append(out.Regions, use)
	}
	return out, nil
}

// kept are the releases that stay whole: those that readers can be given, the
// one before, the newest, and all that those are built on. One that is younger
// than the current release may be another publisher's, or has been rolled back.
func (p *Publisher) kept(ctx context.Context, head Head, numbers []int, keep int) ([]int, error) {
	cur, err := p.tableCurrent(ctx)
	if err != nil {
		return nil, err
	}
	m, err := p.manifest(ctx, head.N)
	if err != nil {
		return nil, err
	}
	want := slices.Concat(head.releases(), cur.Has, []int{cur.N, m.Parent}, numbers[max(0, len(numbers)-keep):])
	for _, next := range cur.Next {
		want = append(want, next.N)
	}
	for _, n := range numbers {
		if n > head.N {
			want = append(want, n)
		}
	}
	all := map[int]bool{}
	for _, n := range want {
		// A table can name what was never here: it may belong to another record.
		if all[n] || !slices.Contains(numbers, n) {
			continue
		}
		chain, err := p.chain(ctx, n)
		if err != nil {
			return nil, err
		}
		for _, c := range chain {
			all[c] = true
		}
	}
	return slices.Sorted(maps.Keys(all)), nil
}

// reach adds what release n needs.
func (p *Publisher) reach(ctx context.Context, n int, to need) error {
	m, err := p.manifest(ctx, n)
	if err != nil {
		return err
	}
	digests, err := m.Digests()
	if err != nil {
		return err
	}
	for d := range digests {
		to[d] = true
	}
	for _, k := range slices.Concat(m.Objects, m.Inline) {
		to[k] = true
	}
	to[ManifestKey(n)] = true
	if r, err := p.record(ctx, n); err != nil {
		return err
	} else if r.Base == 0 {
		to[history.WholeKey(n)] = true
	}
	return nil
}

// branches is what each branch on record needs, those that were removed left
// out.
func (p *Publisher) branches(ctx context.Context) (map[string]need, error) {
	out := map[string]need{}
	b := p.primary().Bucket
	for key, err := range b.List(ctx, branchPrefix) {
		if err != nil {
			return nil, err
		}
		obj, err := b.Get(ctx, key)
		if err != nil {
			return nil, err
		}
		var r struct {
			Name             string
			Digests, Objects []string
			Removed          bool
		}
		if err := json.Unmarshal(obj.Body, &r); err != nil {
			return nil, fmt.Errorf("%s: %w", key, err)
		}
		if !r.Removed {
			out[r.Name] = need(set(slices.Concat(r.Digests, r.Objects)))
		}
	}
	return out, nil
}

// releaseOf is the number of a release, by its key.
func releaseOf(key string) (int, bool) {
	name, ok := strings.CutPrefix(key, "release/")
	n, err := strconv.Atoi(strings.TrimSuffix(name, ".json"))
	return n, ok && err == nil && ManifestKey(n) == key
}

// kinds counts keys by what they are.
func kinds(keys []string) map[string]int {
	out := map[string]int{}
	for _, key := range keys {
		kind, _, _ := strings.Cut(key, "/")
		out[kind]++
	}
	return out
}
