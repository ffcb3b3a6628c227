package release

import (
	"context"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/victorleungtw/blog/internal/recipe"
	"github.com/victorleungtw/blog/internal/renderer"
	"github.com/victorleungtw/blog/internal/routes"
	"github.com/victorleungtw/blog/internal/store/dir"
)

// Whatever was lost on one side is put back, and looking changes nothing.
func TestRepair(t *testing.T) {
	ctx := context.Background()
	w := newWorld(t)
	roots := make([]string, 2)
	for i := range roots {
		roots[i] = memory(t)
		b, err := dir.Open(roots[i])
		if err != nil {
			t.Fatal(err)
		}
		w.buckets[i] = b
	}
	p := w.publisher()
	var last = planOf(t, map[string]string{"a": "A.", "b": "B."})
	publish(t, p, planOf(t, map[string]string{"a": "Old.", "b": "B."}))
	publish(t, p, last)

	whole := func(what string) {
		t.Helper()
		r, err := p.Repair(ctx, true)
		if err != nil || !r.Whole() {
			t.Fatalf("%s: %+v %v", what, r, err)
		}
	}
	whole("after a publish")
	lose := func(region int, prefix string) {
		t.Helper()
		if err := os.RemoveAll(filepath.Join(roots[region], prefix)); err != nil {
			t.Fatal(err)
		}
		if err := os.MkdirAll(filepath.Join(roots[region], prefix), 0o777); err != nil {
			t.Fatal(err)
		}
	}
	etag := func() string {
		v, err := w.watch.Table.Version(ctx)
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
	update := func(puts map[string]string, deletes ...string) {
		t.Helper()
		if _, err := w.watch.Table.Update(ctx, etag(), puts, deletes); err != nil {
			t.Fatal(err)
		}
	}
	home := routes.Site.PathKey("/")
	// A repair mends what releases that nobody sees would show, one call after
	// what readers see: its writes are judged when it is done.
	p.Table = w.watch.Table
	for _, tt := range []struct {
		name          string
		damage        func()
		copied, wrong bool
	}{
		{"the standby's pages", func() { lose(1, "page") }, true, false},
		{"the primary's sources", func() { lose(0, "src") }, true, false},
		{"the standby's manifests", func() { lose(1, "release") }, true, false},
		{"a route", func() { update(nil, home) }, false, true},
		{"a wrong route", func() { update(map[string]string{home: "1:" + recipe.Sum(nil)}) }, false, true},
		{"a route of nobody", func() { update(map[string]string{"www/x/": "1:" + recipe.Sum(nil)}) }, false, true},
		{"the current release's number", func() { update(map[string]string{routes.Site.CurrentKey(): `{"n":1}`}) }, false, true},
		{"a current release that is not JSON", func() { update(map[string]string{routes.Site.CurrentKey(): `x`}) }, false, true},
	} {
		tt.damage()
		before := etag()
		seen, err := p.Repair(ctx, true)
		if err != nil {
			t.Fatalf("%s: %v", tt.name, err)
		}
		if seen.Whole() || (seen.Routes > 0) != tt.wrong || missing(seen) != tt.copied {
			t.Errorf("%s: %+v", tt.name, seen)
		}
		if etag() != before {
			t.Errorf("%s: looking wrote to the table", tt.name)
		}
		if _, err := p.Repair(ctx, false); err != nil {
			t.Fatalf("%s: %v", tt.name, err)
		}
		whole(tt.name)
		w.checkWhole()
		w.shows(last)
	}

	// What both have lost is made again, if it can be.
	lose(0, "page")
	lose(1, "page")
	r, err := p.Repair(ctx, false)
	if err != nil || len(r.Regions[0].Made) == 0 || len(r.Regions[1].Made) == 0 {
		t.Fatalf("without any page: %+v %v", r, err)
	}
	w.shows(last)
	lose(0, "src")
	lose(1, "src")
	if r, err = p.Repair(ctx, false); err != nil || len(r.Lost) != 2 {
		t.Errorf("without any source: %+v %v", r, err)
	}
}

// missing says whether a region lacked something.
func missing(r *Repair) bool {
	return slices.ContainsFunc(r.Regions, func(g RegionRepair) bool { return len(g.Copied)+len(g.Made) > 0 })
}

// Pages of another version of the renderer cannot be made again, but copied.
func TestRepairOfAnotherVersion(t *testing.T) {
	ctx := context.Background()
	w := newWorld(t)
	root := memory(t)
	b, err := dir.Open(root)
	if err != nil {
		t.Fatal(err)
	}
	w.buckets[1] = b
	publish(t, w.publisher(), planOf(t, map[string]string{"a": "A."}))
	for _, sub := range []string{"page", "recipe"} {
		if err := os.RemoveAll(filepath.Join(root, sub)); err != nil {
			t.Fatal(err)
		}
	}
	p := w.publisher()
	p.Regions[1].Renderer = refusing{}
	if r, err := p.Repair(ctx, false); err != nil || !missing(r) {
		t.Fatalf("%+v %v", r, err)
	}
	if r, err := p.Repair(ctx, true); err != nil || !r.Whole() {
		t.Errorf("%+v %v", r, err)
	}
}

type refusing struct{}

func (refusing) Do(context.Context, renderer.Request) (renderer.Response, error) {
	return renderer.Response{}, renderer.ErrVersion
}

func TestReleases(t *testing.T) {
	ctx := context.Background()
	w := newWorld(t)
	p := w.publisher()
	if list, err := p.Releases(ctx, 10); err != nil || len(list) != 0 {
		t.Errorf("before the first: %v %v", list, err)
	}
	for i := range 4 {
		publish(t, p, planOf(t, map[string]string{"a": fmt.Sprint(i)}))
	}
	if _, err := p.Rollback(ctx, 2); err != nil {
		t.Fatal(err)
	}
	list, err := p.Releases(ctx, 3)
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, r := range list {
		got = append(got, fmt.Sprintf("%d<%d current=%v held=%v", r.N, r.Parent, r.Current, r.Held))
	}
	want := []string{"4<3 current=false held=true", "3<2 current=false held=true", "2<1 current=true held=true"}
	if !slices.Equal(got, want) {
		t.Errorf("%v, want %v", got, want)
	}
	if pages, err := p.Pages(ctx, 2); err != nil || !maps.Equal(pages, mustVisible(w)) {
		t.Errorf("release 2 is not what is visible: %v", err)
	}
}

func mustVisible(w *world) map[string]string {
	_, seen := w.visible()
	return seen
}
