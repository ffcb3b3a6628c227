package release

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/victorleungtw/blog/internal/history"
	"github.com/victorleungtw/blog/internal/recipe"
	"github.com/victorleungtw/blog/internal/renderer"
	"github.com/victorleungtw/blog/internal/routes"
	"github.com/victorleungtw/blog/internal/store"
)

// Repair is what a repair found missing, and put back unless it only looked.
type Repair struct {
	N       int            `json:"release"`
	Regions []RegionRepair `json:"regions"`
	Routes  int            `json:"routes"` // keys of the route table that were wrong
	Lost    []string       `json:"lost"`   // keys that no region has and nothing can make
}

// RegionRepair is what one region lacked.
type RegionRepair struct {
	Name   string   `json:"name"`
	Copied []string `json:"copied"` // keys that the other region had
	Made   []string `json:"made"`   // pages and their variants, made again
}

// Whole says that nothing was missing.
func (r *Repair) Whole() bool {
	for _, g := range r.Regions {
		if len(g.Copied)+len(g.Made) > 0 {
			return false
		}
	}
	return r.Routes == 0 && len(r.Lost) == 0
}

// Repair compares every region, and the route table, with the releases that
// readers can be given: the current one and those that the table holds. What
// one region lacks is copied from another, but for pages, which are rendered
// again from what was copied; the route table is written anew where it differs
// from the manifest. With look nothing is changed.
//
// A publish believes that what the current release names is stored, so that it
// can be small. Repair is what does not believe it. It lists the regions, so it
// takes a request for each thousand objects.
func (p *Publisher) Repair(ctx context.Context, look bool) (*Repair, error) {
	head, _, err := ReadHead(ctx, p.primary().Bucket)
	if err != nil {
		return nil, err
	}
	out := &Repair{N: head.N, Lost: []string{}}
	if head.N == 0 {
		return out, nil
	}
	if !look {
		if err := p.follow(ctx, head, nil); err != nil {
			return nil, err
		}
	}
	want, made, err := p.reachable(ctx, head)
	if err != nil {
		return nil, err
	}
	have := make([]map[string]bool, len(p.Regions))
	for i, r := range p.Regions {
		if p.away.is(r.Name) {
			continue
		}
		if have[i], err = listed(ctx, r.Bucket); err != nil {
			return nil, fmt.Errorf("listing %s: %w", r.Name, err)
		}
	}
	for i, r := range p.Regions {
		fix := RegionRepair{Name: r.Name, Copied: []string{}, Made: []string{}}
		if p.away.is(r.Name) {
			out.Regions = append(out.Regions, fix)
			continue
		}
		for _, key := range slices.Sorted(maps.Keys(want)) {
			if have[i][key] {
				continue
			}
			from := slices.IndexFunc(have, func(h map[string]bool) bool { return h[key] })
			switch {
			case made[key] != "":
				fix.Made = append(fix.Made, key)
			case from >= 0:
				fix.Copied = append(fix.Copied, key)
				if !look {
					err = copyObject(ctx, p.Regions[from].Bucket, r.Bucket, key)
				}
			case i == 0: // each is named once
				out.Lost = append(out.Lost, key)
			}
			if err != nil {
				return nil, fmt.Errorf("copying %s to %s: %w", key, r.Name, err)
			}
		}
		out.Regions = append(out.Regions, fix)
	}
	if !look {
		if err := p.remake(ctx, out, made, have); err != nil {
			return nil, err
		}
	}
	out.Routes, err = p.repairTable(ctx, head, look)
	return out, err
}

// reachable returns the keys that the current release and those that the
// table holds need, and for pages and their variants the digest that makes
// them.
func (p *Publisher) reachable(ctx context.Context, head Head) (want map[string]bool, made map[string]string, err error) {
	want, made = map[string]bool{}, map[string]string{}
	value, _, err := p.Table.Get(ctx, routes.Site.CurrentKey())
	if err != nil {
		return nil, nil, fmt.Errorf("reading the route table: %w", err)
	}
	cur, _ := routes.ParseCurrent(value) // a damaged one holds nothing; repairTable mends it
	for _, n := range slices.Compact(slices.Sorted(slices.Values(append(cur.Has, head.releases()...)))) {
		m, err := p.manifest(ctx, n)
		if errors.Is(err, store.ErrNotExist) && !slices.Contains(head.releases(), n) {
			continue // of a table that belongs to another record
		} else if err != nil {
			return nil, nil, err
		}
		chain, err := p.chain(ctx, n)
		if err != nil {
			return nil, nil, err
		}
		for _, k := range chain {
			want[ManifestKey(k)] = true
		}
		want[history.WholeKey(chain[len(chain)-1])] = true
		digests, err := m.Digests()
		if err != nil {
			return nil, nil, err
		}
		for _, k := range m.Objects {
			want[k] = true
		}
		for d, path := range digests {
			want["recipe/"+d] = true
			for _, suffix := range renderer.Suffixes(recipe.HasText(path)) {
				key := "page/" + d + suffix
				want[key], made[key] = true, d
			}
		}
	}
	return want, made, nil
}

// listed is what a region has, of what a release can need.
func listed(ctx context.Context, b store.Bucket) (map[string]bool, error) {
	out := map[string]bool{}
	for _, prefix := range []string{"asset/", "page/", "recipe/", "release/", "src/"} {
		for key, err := range b.List(ctx, prefix) {
			if err != nil {
				return nil, err
			}
			out[key] = true
		}
	}
	return out, nil
}

func copyObject(ctx context.Context, from, to store.Bucket, key string) error {
	obj, err := from.Get(ctx, key)
	if err != nil {
		return err
	}
	err = to.Create(ctx, key, obj.Meta, store.Bytes(obj.Body))
	if errors.Is(err, store.ErrExists) {
		return nil
	}
	return err
}

var errNoRenderer = errors.New("no renderer stands there")

// remake has each region's renderer make the pages that it lacks: the renderer
// may write pages, which a publisher may not. Those that it cannot make, because
// they are another version's or there is none, are copied from a region that has
// them.
func (p *Publisher) remake(ctx context.Context, r *Repair, made map[string]string, have []map[string]bool) error {
	g, ctx := errgroup.WithContext(ctx)
	for i, region := range p.Regions {
		keys := map[string][]string{} // digest → what of it is missing
		for _, key := range r.Regions[i].Made {
			keys[made[key]] = append(keys[made[key]], key)
		}
		for batch := range slices.Chunk(slices.Sorted(maps.Keys(keys)), renderBatch) {
			g.Go(func() error {
				err := errNoRenderer
				if region.Renderer != nil {
					_, err = region.Renderer.Do(ctx, renderer.Request{Render: batch})
				}
				if err == nil {
					return nil
				}
				for _, d := range batch {
					for _, key := range keys[d] {
						from := slices.IndexFunc(have, func(h map[string]bool) bool { return h[key] })
						if from < 0 {
							return fmt.Errorf("rendering in %s: %w", region.Name, err)
						}
						if err := copyObject(ctx, p.Regions[from].Bucket, region.Bucket, key); err != nil {
							return fmt.Errorf("copying %s to %s: %w", key, region.Name, err)
						}
					}
				}
				return nil
			})
		}
	}
	return g.Wait()
}

// repairTable writes what differs between the table and the release that it
// should hold, and counts it.
func (p *Publisher) repairTable(ctx context.Context, head Head, look bool) (int, error) {
	m, err := p.manifest(ctx, slices.Max(head.releases()))
	if err != nil {
		return 0, err
	}
	etag, err := p.Table.Version(ctx)
	if err != nil {
		return 0, fmt.Errorf("reading the route table: %w", err)
	}
	all, err := p.Table.All(ctx)
	if err != nil {
		return 0, fmt.Errorf("reading the route table: %w", err)
	}
	cur, err := routes.ParseCurrent(all[routes.Site.CurrentKey()])
	if err != nil {
		cur = routes.Current{} // damaged: it is written anew
	}
	// The newest release that the table claims to hold has the values of all
	// of them.
	image, inline := m, slices.Clone(m.Inline)
	for _, n := range cur.Has {
		held, err := p.manifest(ctx, n)
		if err != nil {
			continue // of a table that belongs to another record
		}
		inline = append(inline, held.Inline...)
		if n > image.N {
			image = held
		}
	}
	u := update{puts: map[string]string{}, was: cur, now: head.current(cur)}
	u.now.Has = slices.Compact(slices.Sorted(slices.Values(append(u.now.Has, head.releases()...))))
	if err := p.rebuildFrom(ctx, image, inline, all, &u); err != nil {
		return 0, err
	}
	wrong := len(u.puts) + len(u.sweep)
	if cur.String() != u.now.String() {
		wrong++
	}
	if wrong == 0 || look {
		return wrong, nil
	}
	_, err = p.put(ctx, etag, u)
	return wrong, err
}

// Releases lists what the record has, newest first, at most limit of them.
func (p *Publisher) Releases(ctx context.Context, limit int) ([]Summary, error) {
	s, err := p.start(ctx)
	if err != nil {
		return nil, err
	}
	head, now := s.head, s.now
	seen := 0
	if head.N > 0 {
		seen = head.At(now)
	}
	cur, err := p.tableCurrent(ctx)
	if err != nil {
		return nil, err
	}
	out := []Summary{}
	// Numbers are dense but for those of lost races, which have manifests
	// too, so the newest are found by counting down.
	for n := p.newest(ctx, head.Last); n > 0 && len(out) < limit; n-- {
		m, err := p.record(ctx, n)
		if errors.Is(err, store.ErrNotExist) {
			continue
		} else if err != nil {
			return nil, err
		}
		s := Summary{
			N: n, Parent: m.Parent, Time: m.Time, Commit: m.Commit, Pages: m.Count,
			Current: n == seen, Held: slices.Contains(cur.Has, n),
		}
		for _, next := range head.Next {
			if next.N == n && n != seen && next.At.After(now) {
				s.At = next.At
			}
		}
		out = append(out, s)
	}
	return out, nil
}

// newest is the highest number that has a manifest: a publisher that lost its
// race, or died, may have left one above the head's.
func (p *Publisher) newest(ctx context.Context, last int) int {
	for {
		if _, err := p.primary().Bucket.Get(ctx, ManifestKey(last+1)); err != nil {
			return last
		}
		last++
	}
}

// Summary is one release in a list.
type Summary struct {
	N       int    `json:"release"`
	Parent  int    `json:"parent"`
	Time    string `json:"time"`
	Commit  Commit `json:"commit,omitzero"`
	Pages   int    `json:"pages"`
	Current bool   `json:"current"`
	Held    bool   `json:"held"` // going to it is one write
	// At is when it becomes current by itself.
	At time.Time `json:"at,omitzero"`
}
