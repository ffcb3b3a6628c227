package release

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/victorleungtw/blog/internal/plan"
	"github.com/victorleungtw/blog/internal/routes"
)

// What a sketch tells is what the lists tell; and a record that builds on
// others is the release.
func TestAnyHistory(t *testing.T) {
	sequential(t)
	for seed := range uint64(12) {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			r := rand.New(rand.NewPCG(seed, 1))
			w := newWorld(t)
			posts := map[string]string{}
			for i := range 8 {
				posts[fmt.Sprintf("p%02d", i)] = "Text."
			}
			plans := map[int]*plan.Plan{}
			told := 0
			for range 24 {
				// Some come an hour later, some at once, before every edge can
				// have followed.
				w.wait([]time.Duration{time.Second, time.Minute, 50 * time.Minute, 24 * time.Hour}[r.IntN(4)])
				switch r.IntN(8) {
				case 0:
					posts[fmt.Sprintf("n%02d", r.IntN(20))] = "New."
				case 1:
					for slug := range posts {
						if len(posts) > 4 {
							delete(posts, slug)
						}
						break
					}
				case 2:
					for slug := range posts {
						posts[slug] = fmt.Sprint("All new. ", r.Int())
					}
				case 3:
					if len(plans) == 0 {
						continue
					}
					p := w.publisher()
					for n, pl := range plans {
						if _, err := p.Rollback(context.Background(), n); err != nil && !errors.Is(err, ErrNothing) {
							t.Fatal(err)
						}
						w.shows(pl)
						break
					}
					continue
				default:
					for slug := range posts {
						posts[slug] = fmt.Sprint("Text. ", r.Int())
						break
					}
				}
				p, pl := w.publisher(), planOf(t, posts)
				told += w.tells(p, pl)
				res, err := p.Publish(context.Background(), pl, Commit{})
				if err != nil && !errors.Is(err, ErrNothing) {
					t.Fatal(err)
				}
				w.shows(pl)
				plans[res.N] = pl
				if t.Failed() {
					return
				}
			}
			if told < 5 {
				t.Errorf("only %d differences were told by sketch", told)
			}
			rep, err := w.publisher().Repair(context.Background(), true)
			if err != nil || !rep.Whole() {
				t.Errorf("after all that: %+v %v", rep, err)
			}
		})
	}
}

// tells compares a plan with what is published, both ways; 1 if the sketch
// told.
func (w *world) tells(p *Publisher, pl *plan.Plan) int {
	w.t.Helper()
	ctx := context.Background()
	s, err := p.read(ctx)
	if err != nil || s.head.N == 0 {
		return 0
	}
	if s, err = p.stand(ctx, s); err != nil {
		w.t.Fatal(err)
	}
	base, err := p.base(ctx, s)
	if err != nil {
		w.t.Fatal(err)
	}
	to, err := targetOf(pl)
	if err != nil {
		w.t.Fatal(err)
	}
	m, err := ReadManifest(ctx, w.buckets[1], base.N)
	if err != nil {
		w.t.Fatal(err)
	}
	from, err := targetFrom(m)
	if err != nil {
		w.t.Fatal(err)
	}
	if from.sum != base.Plan {
		w.t.Errorf("release %d put together is not what was published", base.N)
	}
	want := between(from, to)
	got, ok := bySketch(base, to)
	if !ok {
		return 0
	}
	if !maps.Equal(got.paths, want.paths) || !maps.Equal(got.fresh, want.fresh) ||
		!equal(got.added, want.added) || !equal(got.dropped, want.dropped) {
		w.t.Errorf("by sketch %+v\nby lists %+v", got, want)
	}
	seen := s.head.At(s.now)
	now, err := p.manifest(ctx, seen)
	if err != nil {
		w.t.Fatal(err)
	}
	before, err := now.Pages()
	if err != nil {
		w.t.Fatal(err)
	}
	changes, err := p.changes(ctx, base, seen, got, to)
	if err != nil {
		w.t.Fatal(err)
	}
	if all := Diff(before, Targets(pl)); len(changes)+len(all) > 0 && !reflect.DeepEqual(changes, all) {
		w.t.Errorf("changes from release %d over %d:\n%+v\nwant\n%+v", seen, base.N, changes, all)
	}
	return 1
}

func equal(a, b []string) bool { return maps.Equal(set(a), set(b)) }

// A table that is nearly full is made smaller first: what old releases need
// goes, what readers see stays.
func TestCrowdedTable(t *testing.T) {
	ctx := context.Background()
	w := newWorld(t)
	posts := map[string]string{"a": "A.", "b": "B.", "c": "C."}
	for i := range 9 {
		posts["a"] = fmt.Sprint("Version ", i)
		if i == 4 {
			delete(posts, "c") // what is gone takes room too
		}
		publish(t, w.publisher(), planOf(t, posts))
	}
	p := w.publisher()
	s, err := p.read(ctx)
	if err != nil {
		t.Fatal(err)
	}
	all, _ := w.watch.Table.All(ctx)
	before := len(all[routes.Site.PathKey("/")])
	// The limit itself is tried in the tests of the tables.
	s.head.Live.Bytes = nearlyFull
	p.markLive(ctx, &s.head, s.etag, routes.Info{ETag: s.head.Live.ETag, Bytes: nearlyFull}, s.head.Live.current())
	posts["b"] = "Better."
	next := planOf(t, posts)
	publish(t, w.publisher(), next)
	w.shows(next)
	all, _ = w.watch.Table.All(ctx)
	if after := len(all[routes.Site.PathKey("/")]); after >= before {
		t.Errorf("the entries of / have %d bytes; they had %d", after, before)
	}
	if v, ok := all[routes.Site.PathKey("/2026/01/03/c/")]; ok {
		t.Errorf("a path that is gone from every release that is held has the entries %s", v)
	}
	if rep, err := w.publisher().Repair(ctx, true); err != nil || !rep.Whole() {
		t.Errorf("%+v %v", rep, err)
	}
	if _, err := w.publisher().Rollback(ctx, 1); err != nil {
		t.Errorf("rolling back to a release whose entries were dropped: %v", err)
	}
	posts["a"], posts["b"], posts["c"] = "Version 0", "B.", "C."
	w.shows(planOf(t, posts))
}

// A long history is read from few records, and the longest chain is bounded.
func TestChain(t *testing.T) {
	sequential(t)
	ctx := context.Background()
	w := newWorld(t)
	posts := map[string]string{}
	for i := range 30 {
		posts[fmt.Sprintf("p%02d", i)] = "Text."
	}
	p := w.publisher()
	p.Table = w.watch.Table // looked at in the end
	for i := range maxDepth + 3 {
		for slug := range posts { // so many that each becomes a base
			posts[slug] = fmt.Sprint("Text ", i)
		}
		w.wait(2 * time.Hour)
		publish(t, p, planOf(t, posts))
		r, err := p.record(ctx, i+1)
		if err != nil || r.Depth > maxDepth {
			t.Fatalf("release %d is %d records deep: %v", i+1, r.Depth, err)
		}
	}
	chain, err := p.chain(ctx, maxDepth+3)
	if err != nil || len(chain) > 5 {
		t.Errorf("release %d is built on %v: %v", maxDepth+3, chain, err)
	}
	w.shows(planOf(t, posts))
	w.checkWhole()
}

// An element gives its key back, or the key is refused.
func TestObjectElement(t *testing.T) {
	d := strings.Repeat("ab", 32)
	for key, ok := range map[string]bool{
		"src/" + d: true, "asset/" + d + ".png": true, "asset/" + d + ".jpeg": true, "asset/" + d + "-1440.webp": true, "asset/" + d + "-1.jpg": true,
		"asset/" + d: false, "asset/" + d + "-0.webp": false, "asset/" + d + "-0480.webp": false, "asset/" + d + "-70000.webp": false,
		"asset/" + d + "-.webp": false, "asset/" + d + "-x.webp": false, "asset/" + d + ".extension": false, "asset/ab.png": false,
	} {
		e, err := objectElement(key)
		if ok != (err == nil) || ok && objectOf(e) != key {
			t.Errorf("%s: %q, %v", key, objectOf(e), err)
		}
	}
}
