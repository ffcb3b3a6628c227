package release

import (
	"context"
	"fmt"
	"maps"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/victorleungtw/blog/internal/routes"
)

// The blogs of these tests are small, and are to have blocks all the same.
func TestMain(m *testing.M) {
	worthBlocks = 4
	os.Exit(m.Run())
}

// blocksOf are the keys of a table's current blocks, and how many paths they have.
func (w *world) blocksOf() (keys []string, paths int, cur routes.Current) {
	w.t.Helper()
	all, err := w.watch.Table.All(context.Background())
	if err != nil {
		w.t.Fatal(err)
	}
	if cur, err = routes.ParseCurrent(all[routes.Site.CurrentKey()]); err != nil {
		w.t.Fatal(err)
	}
	for key := range all {
		if gen, ok := routes.Site.IsBlock(key); ok && gen == cur.Blocks.Gen {
			keys = append(keys, key)
		}
	}
	slices.Sort(keys)
	return keys, cur.Blocks.Size(routes.Site, all), cur
}

// A first publish packs what it shows; what changes gets a key of its own, and
// both releases are one write away.
func TestBlocks(t *testing.T) {
	ctx := context.Background()
	posts := map[string]string{}
	for i := range 27 {
		posts[fmt.Sprintf("p%02d", i)] = "Text."
	}
	first := planOf(t, posts)
	posts["p03"] = "Better text."
	delete(posts, "p26")
	second := planOf(t, posts)
	w := newWorld(t)
	publish(t, w.publisher(), first)
	w.shows(first)
	keys, paths, cur := w.blocksOf()
	if cur.Blocks.Gen != 1 || len(keys) > cur.Blocks.Count || paths < len(Targets(first))-3 {
		t.Errorf("%d of %d paths are in %d blocks, of %+v", paths, len(Targets(first)), len(keys), cur.Blocks)
	}
	publish(t, w.publisher(), second)
	w.shows(second)
	if after, n, now := w.blocksOf(); !slices.Equal(after, keys) || n != paths || now.Blocks != cur.Blocks {
		t.Errorf("an edit wrote blocks: %+v of %d paths", now.Blocks, n)
	}
	for _, back := range []int{1, 2} {
		if _, err := w.publisher().Rollback(ctx, back); err != nil {
			t.Fatal(err)
		}
	}
	w.shows(second)
	if rep, err := w.publisher().Repair(ctx, true); err != nil || !rep.Whole() {
		t.Errorf("%+v %v", rep, err)
	}
}

// Whatever is wrong with blocks, a repair finds it, and mends it without readers
// seeing anything else than the release.
func TestDamagedBlocks(t *testing.T) {
	ctx := context.Background()
	posts := map[string]string{"a": "A.", "b": "B.", "c": "C.", "d": "D."}
	first := planOf(t, posts)
	posts["b"] = "Better."
	second := planOf(t, posts)
	w := newWorld(t)
	publish(t, w.publisher(), first)
	publish(t, w.publisher(), second)
	table := w.watch.Table
	edit := func(puts map[string]string, deletes ...string) {
		t.Helper()
		etag, err := table.Version(ctx)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := table.Update(ctx, etag, puts, deletes); err != nil {
			t.Fatal(err)
		}
	}
	whole := func() map[string]string {
		t.Helper()
		all, err := table.All(ctx)
		if err != nil {
			t.Fatal(err)
		}
		return all
	}
	strange, _, _ := strings.Cut(first.Pages[0].Digest, ":")
	for _, tt := range []struct {
		name   string
		damage func(keys []string, cur routes.Current)
	}{
		{"one is lost", func(keys []string, _ routes.Current) { edit(nil, keys[0]) }},
		{"all are lost", func(keys []string, _ routes.Current) { edit(nil, keys...) }},
		{"one has another page", func(keys []string, _ routes.Current) {
			v := whole()[keys[0]]
			edit(map[string]string{keys[0]: v[:17] + strange + v[81:]})
		}},
		{"one has a path of nobody", func(keys []string, _ routes.Current) {
			edit(map[string]string{keys[0]: "0123456789abcdef:" + strange})
		}},
		{"one is no block", func(keys []string, _ routes.Current) { edit(map[string]string{keys[0]: "x"}) }},
		{"nobody knows where they are", func(_ []string, cur routes.Current) {
			cur.Blocks = routes.Blocks{}
			edit(map[string]string{routes.Site.CurrentKey(): cur.String()})
		}},
		{"the table is lost", func([]string, routes.Current) {
			for batch := range slices.Chunk(slices.Sorted(maps.Keys(whole())), routes.MaxUpdate) {
				edit(nil, batch...)
			}
		}},
	} {
		keys, _, cur := w.blocksOf()
		if len(keys) == 0 {
			t.Fatalf("before %s there are no blocks", tt.name)
		}
		tt.damage(keys, cur)
		p := w.publisher()
		p.Table = table // it is judged when it is done
		if rep, err := p.Repair(ctx, true); err != nil || rep.Routes == 0 {
			t.Errorf("%s: a repair that only looks found %+v (%v)", tt.name, rep, err)
		}
		if _, err := p.Repair(ctx, false); err != nil {
			t.Errorf("%s: %v", tt.name, err)
		}
		w.checkWhole()
		w.shows(second)
		if rep, err := w.publisher().Repair(ctx, true); err != nil || !rep.Whole() {
			t.Errorf("%s, mended: %+v %v", tt.name, rep, err)
		}
		if keys, _, _ := w.blocksOf(); len(keys) == 0 {
			t.Errorf("%s, mended: there are no blocks", tt.name)
		}
	}
}
