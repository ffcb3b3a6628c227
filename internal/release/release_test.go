package release

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/victorleungtw/blog/internal/config"
	"github.com/victorleungtw/blog/internal/content"
	"github.com/victorleungtw/blog/internal/pack"
	"github.com/victorleungtw/blog/internal/plan"
	"github.com/victorleungtw/blog/internal/recipe"
	"github.com/victorleungtw/blog/internal/renderer"
	"github.com/victorleungtw/blog/internal/routes"
	"github.com/victorleungtw/blog/internal/routes/file"
	"github.com/victorleungtw/blog/internal/store"
	"github.com/victorleungtw/blog/internal/store/dir"
)

// world is two regions and a route table, watched: after every write to the
// table, what a reader would see is compared with the releases that were
// published.
type world struct {
	t       *testing.T
	buckets []store.Bucket
	table   routes.Table
	watch   *watched
	clock   atomic.Int64 // seconds since a moment of 2026

	mu    sync.Mutex
	paths map[string]bool // every path that a release had; see inBlocks
}

var epoch = time.Date(2026, 11, 1, 0, 0, 0, 0, time.UTC)

// now is the time that everybody's clock shows.
func (w *world) now() time.Time { return epoch.Add(time.Duration(w.clock.Load()) * time.Second) }

func (w *world) wait(d time.Duration) { w.clock.Add(int64(d / time.Second)) }

// memory is where worlds are: in memory, if the system has a folder there, for
// these tests wait for the disk more than for anything else.
func memory(t *testing.T) string {
	t.Helper()
	folder, err := os.MkdirTemp("/dev/shm", "release-test-")
	if err != nil {
		return t.TempDir()
	}
	t.Cleanup(func() { os.RemoveAll(folder) })
	return folder
}

func newWorld(t *testing.T) *world {
	t.Helper()
	w := &world{t: t}
	for range 2 {
		b, err := dir.Open(memory(t))
		if err != nil {
			t.Fatal(err)
		}
		w.buckets = append(w.buckets, b)
	}
	table, err := file.Open(filepath.Join(memory(t), "routes"))
	if err != nil {
		t.Fatal(err)
	}
	w.watch = &watched{Table: table, w: w}
	w.table = w.watch
	return w
}

// watched checks invariant 1 after each write.
type watched struct {
	routes.Table
	w         *world
	oneRegion bool // pages need to be stored in the primary alone
}

func (t *watched) Update(ctx context.Context, etag string, puts map[string]string, deletes []string) (routes.Info, error) {
	next, err := t.Table.Update(ctx, etag, puts, deletes)
	if err == nil {
		t.w.checkWhole()
	}
	return next, err
}

// visible is what readers see: every path that resolves, at the table's
// current release.
func (w *world) visible() (int, map[string]string) {
	w.t.Helper()
	all, err := w.watch.Table.All(context.Background())
	if err != nil {
		w.t.Error(err)
	}
	cur, err := routes.ParseCurrent(all[routes.Site.CurrentKey()])
	if err != nil {
		w.t.Error(err)
	}
	if cur.N == 0 {
		return 0, nil
	}
	n := cur.At(w.now())
	return n, w.resolveAll(all, n)
}

// inBlocks is what the blocks of a table hold, by path. A block does not say its
// paths; the record has them.
func (w *world) inBlocks(all map[string]string, b routes.Blocks) map[string]string {
	w.t.Helper()
	out := map[string]string{}
	if b.Count == 0 {
		return out
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	for again := false; ; again = true {
		for path := range w.paths {
			if to := b.Find(routes.Site, all, path); to != "" {
				out[path] = to
			}
		}
		if len(out) == b.Size(routes.Site, all) {
			return out
		}
		if again {
			w.t.Errorf("blocks have %d paths, of which the record knows %d", b.Size(routes.Site, all), len(out))
			return out
		}
		w.paths = map[string]bool{}
		for _, key := range w.keys(0) {
			var n int
			if _, err := fmt.Sscanf(key, "release/%d.json", &n); err != nil || ManifestKey(n) != key {
				continue
			}
			m, err := ReadManifest(context.Background(), w.buckets[0], n)
			if err != nil {
				w.t.Error(err)
				continue
			}
			for path := range m.Routes {
				w.paths[path] = true
			}
		}
	}
}

// resolveAll is what a table shows of a release.
func (w *world) resolveAll(all map[string]string, n int) map[string]string {
	w.t.Helper()
	cur, _ := routes.ParseCurrent(all[routes.Site.CurrentKey()])
	out := w.inBlocks(all, cur.Blocks)
	for k, v := range all {
		path, ok := strings.CutPrefix(k, string(routes.Site))
		if !ok || path[0] != '/' {
			continue
		}
		es, err := routes.ParseEntries(v)
		if err != nil {
			w.t.Error(err)
		}
		delete(out, path)
		if to, ok := routes.Resolve(es, n); ok && to != routes.Gone {
			out[path] = to
		}
	}
	return out
}

// checkWhole: what is visible is exactly one release, and every page of it is
// stored in both regions; so is every release that the table says it holds.
func (w *world) checkWhole() {
	w.t.Helper()
	ctx := context.Background()
	n, seen := w.visible()
	if n == 0 {
		if len(seen) > 0 {
			w.t.Errorf("without a release readers see %v", seen)
		}
		return
	}
	all, _ := w.watch.Table.All(ctx)
	cur, _ := routes.ParseCurrent(all[routes.Site.CurrentKey()])
	for _, r := range append(slices.Clone(cur.Has), n) {
		m, err := ReadManifest(ctx, w.buckets[0], r)
		if err != nil {
			w.t.Errorf("release %d: %v", r, err)
			continue
		}
		pages, _ := m.Pages()
		if got := w.resolveAll(all, r); !maps.Equal(got, pages) {
			w.t.Fatalf("release %d (current is %d) is not whole in the table: %.500v", r, n, Diff(pages, got))
		}
	}
	for path, to := range seen {
		for i, b := range w.buckets {
			if to[0] == '/' || i > 0 && w.watch.oneRegion {
				continue
			}
			if _, err := b.Get(ctx, "page/"+to); err != nil {
				w.t.Errorf("%s is visible but not stored in region %d: %v", path, i, err)
			}
		}
	}
}

func (w *world) publisher() *Publisher {
	p := &Publisher{Table: w.table, Log: slog.New(slog.DiscardHandler), Now: w.now, Workers: 2}
	for i, b := range w.buckets {
		p.Regions = append(p.Regions, Region{Name: fmt.Sprintf("r%d", i), Bucket: b, Renderer: stub{b}})
	}
	return p
}

// stub is a renderer that makes something of every recipe, and keeps it.
type stub struct{ b store.Bucket }

func (s stub) Do(ctx context.Context, req renderer.Request) (renderer.Response, error) {
	out := renderer.Response{Version: "v1"}
	if req.Version {
		return out, nil
	}
	members, err := pack.Read(req.Pack)
	if err != nil {
		return out, err
	}
	packed := map[string][]byte{}
	digests := slices.Clone(req.Render)
	for _, m := range members {
		key := m.Kind.Prefix() + m.Digest
		packed[key] = m.Body
		if m.Kind == pack.Recipe {
			digests = append(digests, m.Digest)
		}
		if err := s.b.Create(ctx, key, store.Meta{}, store.Bytes(m.Body)); err != nil && !errors.Is(err, store.ErrExists) {
			return out, err
		}
	}
	get := func(key string) ([]byte, error) {
		if body, ok := packed[key]; ok {
			return body, nil
		}
		obj, err := s.b.Get(ctx, key)
		if err != nil {
			return nil, err
		}
		return obj.Body, nil
	}
	for _, d := range digests {
		raw, err := get("recipe/" + d)
		if err != nil {
			return out, err
		}
		r, err := recipe.Decode(raw)
		if err != nil {
			return out, err
		}
		for _, src := range r.Sources() {
			if _, err := get("src/" + src); err != nil {
				return out, fmt.Errorf("%s: %w", r.Path, err)
			}
		}
		body := []byte("page " + d)
		for _, suffix := range renderer.Suffixes(recipe.HasText(r.Path)) {
			if err := s.b.Create(ctx, "page/"+d+suffix, store.Meta{}, store.Bytes(body)); err != nil && !errors.Is(err, store.ErrExists) {
				return out, err
			}
		}
		out.Pages = append(out.Pages, renderer.Rendered{Digest: d, Sum: recipe.Sum(body), Size: len(body)})
	}
	return out, nil
}

// planOf plans posts: slug → text. The days are those of the slugs' order.
func planOf(t *testing.T, posts map[string]string) *plan.Plan {
	t.Helper()
	folder := t.TempDir()
	for i, slug := range slices.Sorted(maps.Keys(posts)) {
		name := filepath.Join(folder, "posts", slug, "index.en.md")
		if err := os.MkdirAll(filepath.Dir(name), 0o777); err != nil {
			t.Fatal(err)
		}
		text := fmt.Sprintf("---\ndate: 2026-01-%02d\n---\n# Post %s\n\n%s\n", i+1, slug, posts[slug])
		if err := os.WriteFile(name, []byte(text), 0o666); err != nil {
			t.Fatal(err)
		}
	}
	l, err := content.Open(folder, content.Options{Site: config.Site{
		Title: "Test", BaseURL: "https://example.com", PerPage: 3, Languages: []config.Language{{Tag: "en"}},
	}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	s, probs, err := l.Load(context.Background())
	if err != nil || s == nil {
		t.Fatal(err, probs)
	}
	p, probs := plan.Build(s, "v1")
	if probs.Err() != nil {
		t.Fatal(probs)
	}
	return p
}

func publish(t *testing.T, p *Publisher, pl *plan.Plan) *Result {
	t.Helper()
	res, err := p.Publish(context.Background(), pl, Commit{ID: "c0ffee"})
	if err != nil {
		t.Fatal(err)
	}
	return res
}

// shows fails unless readers see exactly this plan.
func (w *world) shows(pl *plan.Plan) {
	w.t.Helper()
	if _, seen := w.visible(); !maps.Equal(seen, Targets(pl)) {
		w.t.Errorf("readers see something else: %v", Diff(Targets(pl), seen))
	}
}

func TestPublishAndRollback(t *testing.T) {
	ctx := context.Background()
	w := newWorld(t)
	p := w.publisher()
	one := planOf(t, map[string]string{"a": "A.", "b": "B.", "c": "C.", "d": "D."})
	two := planOf(t, map[string]string{"a": "A.", "b": "Better.", "c": "C.", "d": "D."})

	if res := publish(t, p, one); res.N != 1 || !res.Current || res.Parent != 0 || res.Uploaded != 0 || res.Rendered != 1+len(Targets(one)) {
		t.Errorf("first: %+v", res)
	}
	w.shows(one)
	if _, err := p.Publish(ctx, one, Commit{}); !errors.Is(err, ErrNothing) {
		t.Errorf("the same again: %v", err)
	}
	res := publish(t, p, two)
	w.shows(two)
	var changed []string
	for _, c := range res.Changes {
		changed = append(changed, string(c.Verb)+" "+c.Path)
	}
	// b is the second oldest of four: on the first page of the lists, in the
	// feeds and in the index of the search, and nobody else's business.
	want := []string{
		"changed /", "changed /2026/01/02/b/", "changed /archive/2026/", "changed /archive/2026/page/2/",
		"changed /feed.json", "changed /feed.xml", "changed /llms.txt", "changed /page/2/", "changed /rss.xml",
		"changed /search", "changed /search/en", "changed /search/en/p",
	}
	if !slices.Equal(changed, want) {
		t.Errorf("changed:\n%s\nwant:\n%s", strings.Join(changed, "\n"), strings.Join(want, "\n"))
	}
	// Sources and recipes go with the invocation; each page is made once.
	if res.Uploaded != 0 || res.Rendered != len(want) {
		t.Errorf("%d objects uploaded and %d pages rendered for %d changes", res.Uploaded, res.Rendered, len(want))
	}

	back, err := p.Rollback(ctx, 1)
	if err != nil || back.N != 1 {
		t.Fatalf("rollback: %+v %v", back, err)
	}
	w.shows(one)
	// The next release is numbered after the abandoned one and shows nothing
	// of it.
	three := planOf(t, map[string]string{"a": "A.", "b": "B.", "c": "C.", "d": "D.", "e": "E."})
	if res := publish(t, p, three); res.N != 3 || res.Parent != 1 {
		t.Errorf("after the rollback: %+v", res)
	}
	w.shows(three)
	if n, err := p.Previous(ctx); n != 1 || err != nil {
		t.Errorf("before release 3 was %d (%v), want 1", n, err)
	}
	var none *NoReleaseError
	if _, err := p.Rollback(ctx, 9); !errors.As(err, &none) {
		t.Errorf("rollback to a release that is not: %v", err)
	}
	s, err := p.Status(ctx)
	if err != nil || !s.InStep || s.Head.N != 3 || !s.Held(2) {
		t.Errorf("status: %+v %v", s, err)
	}
}

func TestRemovedPageIsGone(t *testing.T) {
	w := newWorld(t)
	p := w.publisher()
	publish(t, p, planOf(t, map[string]string{"a": "A.", "b": "B."}))
	less := planOf(t, map[string]string{"a": "A."})
	publish(t, p, less)
	w.shows(less)
	v, _, err := w.table.Get(context.Background(), routes.Site.PathKey("/2026/01/02/b/"))
	if err != nil || !strings.HasPrefix(v, "2:-,1:") {
		t.Errorf("the removed page's entries: %q %v", v, err)
	}
}

// Long histories are cut to fit a value, and what the table says it holds
// stays true. Rolling back further than that publishes the old release anew.
func TestLongHistory(t *testing.T) {
	ctx := context.Background()
	w := newWorld(t)
	p := w.publisher()
	var plans []*plan.Plan
	for i := range 30 {
		pl := planOf(t, map[string]string{"a": fmt.Sprintf("Version %d.", i), "b": fmt.Sprintf("Version %d.", i/10)})
		publish(t, p, pl)
		plans = append(plans, pl)
	}
	cur, err := p.tableCurrent(ctx)
	if err != nil || len(cur.Has) < 8 || slices.Contains(cur.Has, 1) {
		t.Errorf("held after 30 releases: %v %v", cur.Has, err)
	}
	if res, err := p.Rollback(ctx, cur.Has[0]); err != nil || res.N != cur.Has[0] {
		t.Fatalf("rollback to the oldest that is held: %+v %v", res, err)
	}
	w.shows(plans[cur.Has[0]-1])
	// Publishing on top of a release far back may not take from readers what
	// they still see while it is being written: checkWhole watches.
	next := planOf(t, map[string]string{"a": "New.", "b": "New."})
	publish(t, p, next)
	w.shows(next)
	if res, err := p.Rollback(ctx, 1); err != nil || res.N == 1 {
		t.Fatalf("rollback to one that is not held: %+v %v", res, err)
	}
	w.shows(plans[0])
}

// More changed pages than fit one call: nothing is visible before the last.
func TestLargePublish(t *testing.T) {
	w := newWorld(t)
	p := w.publisher()
	posts := map[string]string{}
	for i := range 28 {
		posts[fmt.Sprintf("p%02d", i)] = "Text."
	}
	publish(t, p, planOf(t, posts))
	for k := range posts {
		posts[k] = "Other text."
	}
	next := planOf(t, posts)
	if n := len(Targets(next)); n <= routes.MaxUpdate {
		t.Fatalf("only %d pages, which fit one call", n)
	}
	publish(t, p, next)
	w.shows(next)
}

// A route table that was lost is rebuilt from the record.
func TestTableIsDerived(t *testing.T) {
	w := newWorld(t)
	p := w.publisher()
	one := planOf(t, map[string]string{"a": "A."})
	publish(t, p, one)
	two := planOf(t, map[string]string{"a": "Better."})
	publish(t, p, two)
	empty, err := file.Open(filepath.Join(t.TempDir(), "routes"))
	if err != nil {
		t.Fatal(err)
	}
	// Something is in it, which is not ours to trust.
	etag, _ := empty.Version(context.Background())
	if _, err := empty.Update(context.Background(), etag, map[string]string{"www/old/": "1:" + recipe.Sum(nil), "pr-1/x/": "1:-"}, nil); err != nil {
		t.Fatal(err)
	}
	w.watch.Table = empty
	three := planOf(t, map[string]string{"a": "Better.", "b": "B."})
	publish(t, p, three)
	w.shows(three)
	if _, ok, _ := empty.Get(context.Background(), "www/old/"); ok {
		t.Error("a path of no release is still in the table")
	}
	if _, ok, _ := empty.Get(context.Background(), "pr-1/x/"); !ok {
		t.Error("another namespace lost a key")
	}
}

// A table that belongs to another record is not written to.
func TestForeignTable(t *testing.T) {
	w := newWorld(t)
	p := w.publisher()
	for i := range 3 {
		publish(t, p, planOf(t, map[string]string{"a": fmt.Sprint(i)}))
	}
	other := newWorld(t)
	q := other.publisher()
	q.Table = w.watch.Table
	if _, err := q.Publish(context.Background(), planOf(t, map[string]string{"z": "Z."}), Commit{}); err == nil || !strings.Contains(err.Error(), "another record") {
		t.Errorf("publishing into the table of another blog: %v", err)
	}
	w.checkWhole()
}

// Two publishers at once: both get their release, one after the other; the
// loser's first try is never visible.
func TestLostRace(t *testing.T) {
	ctx := context.Background()
	w := newWorld(t)
	publish(t, w.publisher(), planOf(t, map[string]string{"a": "A."}))
	ours := planOf(t, map[string]string{"a": "A.", "ours": "O."})
	theirs := planOf(t, map[string]string{"a": "A.", "theirs": "T."})

	p := w.publisher()
	// At the moment of decision, the others are there first.
	p.Regions[0].Bucket = &hooked{Bucket: w.buckets[0], before: func(key string) {
		if key == HeadKey {
			publish(t, w.publisher(), theirs)
			w.shows(theirs)
		}
	}}
	res, err := p.Publish(ctx, ours, Commit{})
	if err != nil || res.Attempts != 2 || res.Parent == 1 {
		t.Fatalf("the loser: %+v %v", res, err)
	}
	w.shows(ours)
	m, err := ReadManifest(ctx, w.buckets[0], res.Parent)
	if err != nil {
		t.Fatal(err)
	}
	if pages, _ := m.Pages(); !maps.Equal(pages, Targets(theirs)) {
		t.Error("the loser's release is not on top of the winner's")
	}
}

// hooked calls before the first Replace of a key.
type hooked struct {
	store.Bucket
	once   sync.Once
	before func(key string)
}

func (h *hooked) Replace(ctx context.Context, key string, m store.Meta, b store.Body, etag string) (string, error) {
	h.once.Do(func() { h.before(key) })
	return h.Bucket.Replace(ctx, key, m, b, etag)
}

func TestManyPublishersAtOnce(t *testing.T) {
	w := newWorld(t)
	publish(t, w.publisher(), planOf(t, map[string]string{"a": "A."}))
	const n = 4
	var plans []*plan.Plan
	for i := range n {
		plans = append(plans, planOf(t, map[string]string{"a": "A.", fmt.Sprintf("p%d", i): "P."}))
	}
	var wg sync.WaitGroup
	results := make([]*Result, n)
	for i := range n {
		wg.Go(func() {
			res, err := w.publisher().Publish(context.Background(), plans[i], Commit{})
			if err != nil {
				t.Errorf("publisher %d: %v", i, err)
			}
			results[i] = res
		})
	}
	wg.Wait()
	head, _, err := ReadHead(context.Background(), w.buckets[0])
	if err != nil {
		t.Fatal(err)
	}
	for i, res := range results {
		if res != nil && res.N == head.N {
			w.shows(plans[i])
			return
		}
	}
	t.Errorf("the head is release %d, which nobody published: %+v", head.N, results)
}

// checkFunc is a Checker.
type checkFunc func(n int, changes []Change) error

func (f checkFunc) Check(_ context.Context, n int, changes []Change) error { return f(n, changes) }

// An edge that does not show what was published is taken back by itself, unless
// somebody else has published meanwhile.
func TestCheckFails(t *testing.T) {
	ctx := context.Background()
	w := newWorld(t)
	one := planOf(t, map[string]string{"a": "A."})
	publish(t, w.publisher(), one)

	p := w.publisher()
	p.Check = checkFunc(func(n int, changes []Change) error {
		if n != 2 || len(changes) == 0 {
			t.Errorf("checking release %d: %v", n, changes)
		}
		return errors.New("wrong bytes")
	})
	res, err := p.Publish(ctx, planOf(t, map[string]string{"a": "Bad."}), Commit{})
	if err == nil || !strings.Contains(err.Error(), "release 1 is current again") || res.Current {
		t.Errorf("%+v %v", res, err)
	}
	w.shows(one)

	theirs := planOf(t, map[string]string{"a": "Theirs."})
	p.Check = checkFunc(func(int, []Change) error {
		publish(t, w.publisher(), theirs)
		return errors.New("wrong bytes")
	})
	if _, err := p.Publish(ctx, planOf(t, map[string]string{"a": "Bad too."}), Commit{}); err == nil || !strings.Contains(err.Error(), "another release is current") {
		t.Errorf("%v", err)
	}
	w.shows(theirs)
}

// A head write that succeeded and whose answer was lost is not a lost race.
func TestLostReply(t *testing.T) {
	w := newWorld(t)
	p := w.publisher()
	p.Regions[0].Bucket = &amnesiac{Bucket: w.buckets[0]}
	pl := planOf(t, map[string]string{"a": "A."})
	if res := publish(t, p, pl); res.Attempts != 1 || res.N != 1 {
		t.Errorf("%+v", res)
	}
	w.shows(pl)
}

// Nor is it one when others were faster than the second look: they published on
// top, or went back.
func TestLostReplyAndAnother(t *testing.T) {
	for name, others := range map[string]func(*world, *plan.Plan){
		"published": func(w *world, pl *plan.Plan) { publish(t, w.publisher(), pl) },
		"published and marked": func(w *world, pl *plan.Plan) {
			publish(t, w.publisher(), planOf(t, map[string]string{"a": "Another.", "b": "B."}))
			publish(t, w.publisher(), pl)
		},
		"went back": func(w *world, pl *plan.Plan) {
			if _, err := w.publisher().Rollback(t.Context(), 1); err != nil {
				t.Error(err)
			}
		},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			before := planOf(t, map[string]string{"a": "A."})
			publish(t, w.publisher(), before)
			after := before
			if name != "went back" {
				after = planOf(t, map[string]string{"a": "Theirs."})
			}
			p := w.publisher()
			p.OnConflict = Fail
			p.Regions[0].Bucket = &amnesiac{Bucket: w.buckets[0], meanwhile: func() { others(w, after) }}
			res, err := p.Publish(t.Context(), planOf(t, map[string]string{"a": "Ours."}), Commit{})
			if err != nil || res.Attempts != 1 || res.N != 2 {
				t.Errorf("%+v, %v", res, err)
			}
			w.shows(after)
			if _, err := w.publisher().Publish(t.Context(), after, Commit{}); !errors.Is(err, ErrNothing) {
				t.Errorf("publishing what is shown: %v", err)
			}
		})
	}
}

// amnesiac does what it is asked and answers that it could not.
type amnesiac struct {
	store.Bucket
	once      sync.Once
	meanwhile func()
}

func (a *amnesiac) Replace(ctx context.Context, key string, m store.Meta, b store.Body, etag string) (string, error) {
	if _, err := a.Bucket.Replace(ctx, key, m, b, etag); err != nil {
		return "", err
	}
	if a.meanwhile != nil {
		a.once.Do(a.meanwhile)
	}
	return "", store.ErrStale // what a retry of the SDK would be told
}
