package release

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/victorleungtw/blog/internal/history"
	"github.com/victorleungtw/blog/internal/store"
)

// swapped is a publisher to whom the standby is the primary; without is one
// who cannot reach the first region.
func (w *world) swapped(without bool) *Publisher {
	p := w.publisher()
	p.Regions[0], p.Regions[1] = p.Regions[1], p.Regions[0]
	if without {
		u := unreachable{w.buckets[0], &killer{dead: true}}
		p.Regions[1].Bucket, p.Regions[1].Renderer = u, u
	}
	return p
}

// With the primary gone the standby takes its place; when it is back, the next
// publish finds what it missed, and it is the primary again.
func TestStandbyTakesOver(t *testing.T) {
	ctx := context.Background()
	w := newWorld(t)
	publish(t, w.publisher(), planOf(t, map[string]string{"a": "A."}))
	w.watch.oneRegion = true
	two := planOf(t, map[string]string{"a": "A.", "b": "B."})
	p := w.swapped(true)
	if _, err := p.Version(ctx); err != nil {
		t.Fatal(err)
	}
	w.buckets[0], w.buckets[1] = w.buckets[1], w.buckets[0] // checkWhole looks at the first
	res, err := p.Publish(ctx, two, Commit{})
	if err != nil || len(res.Debt) != 1 || res.Debt[0] != "r0" {
		t.Fatalf("%+v %v", res, err)
	}
	w.shows(two)
	w.buckets[0], w.buckets[1] = w.buckets[1], w.buckets[0]

	w.wait(time.Minute)
	three := planOf(t, map[string]string{"a": "A.", "b": "B.", "c": "C."})
	w.watch.oneRegion = false
	if res = publish(t, w.publisher(), three); res.Parent != 2 || len(res.Debt) != 0 {
		t.Errorf("back home: %+v", res)
	}
	w.shows(three)
	if s, err := w.publisher().Status(ctx); err != nil || !s.InStep {
		t.Errorf("%+v %v", s, err)
	}
	if rep, err := w.publisher().Repair(ctx, true); err != nil || !rep.Whole() {
		t.Errorf("%+v %v", rep, err)
	}
	m, err := ReadManifest(ctx, w.buckets[0], 2)
	if err != nil || m.N != 2 {
		t.Errorf("the primary does not know what was published without it: %v", err)
	}
}

// A number that somebody used to whom the standby was the primary, and who was
// killed, is not used again.
func TestNumberTakenAbroad(t *testing.T) {
	ctx := context.Background()
	w := newWorld(t)
	publish(t, w.publisher(), planOf(t, map[string]string{"a": "A."}))
	other := &record{Manifest: Manifest{N: 2, ID: newID()}}
	body, err := history.Fold(other)
	if err != nil {
		t.Fatal(err)
	}
	if err := w.buckets[1].Create(ctx, ManifestKey(2), recordMeta, store.Bytes(body)); err != nil {
		t.Fatal(err)
	}
	if res := publish(t, w.publisher(), planOf(t, map[string]string{"a": "Better."})); res.N != 3 {
		t.Errorf("%+v", res)
	}
	for _, b := range w.buckets {
		if m, err := ReadManifest(ctx, b, 3); err != nil || m.Parent != 1 {
			t.Errorf("%+v %v", m, err)
		}
	}
}

// Two who cannot see each other's region publish at once: readers see one of
// them, whole, and afterwards so does the record of both regions.
func TestTwoSides(t *testing.T) {
	sequential(t)
	ctx := context.Background()
	for _, homeFirst := range []bool{true, false} {
		w := newWorld(t)
		publish(t, w.publisher(), planOf(t, map[string]string{"a": "A."}))
		w.watch.oneRegion = true
		home := planOf(t, map[string]string{"a": "A.", "home": "H."})
		abroad := planOf(t, map[string]string{"a": "A.", "abroad": "F."})
		h, a := w.without(0), w.swapped(true)
		winner, loser := h, a
		win, lose := home, abroad
		if !homeFirst {
			winner, loser, win, lose = a, h, abroad, home
		}
		for _, p := range []*Publisher{h, a} {
			if _, err := p.Version(ctx); err != nil {
				t.Fatal(err)
			}
		}
		// Both read before either writes.
		if _, err := loser.Begin(ctx); err != nil {
			t.Fatal(err)
		}
		w.watch.w = &world{t: t, buckets: []store.Bucket{winner.primary().Bucket, w.buckets[1]}, watch: w.watch, table: w.table}
		publish(t, winner, win)
		if _, err := loser.Publish(ctx, lose, Commit{}); err == nil || !strings.Contains(err.Error(), "another record") {
			t.Errorf("the other side: %v", err)
		}
		w.shows(win)
		w.wait(time.Minute)
		w.watch.w, w.watch.oneRegion = w, false
		next := planOf(t, map[string]string{"a": "Next."})
		res, err := w.publisher().Publish(ctx, next, Commit{})
		// What was published abroad has a number that home has used too.
		if want := map[bool]int{true: 2, false: 3}[homeFirst]; err != nil || res.Parent != want {
			t.Fatalf("after both: %+v %v", res, err)
		}
		w.shows(next)
		if rep, err := w.publisher().Repair(ctx, true); err != nil || !rep.Whole() {
			t.Errorf("%+v %v", rep, err)
		}
	}
}
