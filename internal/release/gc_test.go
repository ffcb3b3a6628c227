package release

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"maps"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/victorleungtw/blog/internal/plan"
	"github.com/victorleungtw/blog/internal/renderer"
	"github.com/victorleungtw/blog/internal/routes"
	"github.com/victorleungtw/blog/internal/routes/file"
	"github.com/victorleungtw/blog/internal/store"
)

// everything deletes all that a collection may, however young.
var everything = CollectOptions{Keep: 1, Delete: true}

// forget gives the world a route table that knows of the current release alone,
// as one does that was lost and built again.
func (w *world) forget() {
	w.t.Helper()
	table, err := file.Open(filepath.Join(memory(w.t), "routes"))
	if err != nil {
		w.t.Fatal(err)
	}
	w.watch.Table = table
	p := w.publisher()
	s, err := p.read(context.Background())
	if err == nil {
		_, err = p.bring(context.Background(), s)
	}
	if err != nil {
		w.t.Fatal(err)
	}
}

// checkStored: all that the current release and those in the table need is
// there, in every region, and what those need that they are built on, but for
// what was taken down.
func (w *world) checkStored() {
	w.t.Helper()
	ctx := context.Background()
	p := w.publisher()
	down := need{}
	if t, _, err := readTakedown(ctx, w.buckets[0], TakedownKey(regretted)); err == nil {
		for _, keys := range t.keys() {
			maps.Copy(down, set(keys))
		}
	}
	head, _, err := ReadHead(ctx, w.buckets[0])
	if err != nil {
		w.t.Fatal(err)
	}
	cur, err := p.tableCurrent(ctx)
	if err != nil {
		w.t.Fatal(err)
	}
	for _, n := range append(slices.Clone(cur.Has), head.releases()...) {
		chain, err := p.chain(ctx, n)
		if err != nil {
			w.t.Errorf("release %d: %v", n, err)
			continue
		}
		for _, c := range chain {
			all := need{}
			if err := p.reach(ctx, c, all); err != nil {
				w.t.Errorf("release %d: %v", c, err)
			}
			for key := range all {
				keys := []string{key}
				if !strings.Contains(key, "/") {
					keys = []string{"recipe/" + key}
					for _, suffix := range renderer.Suffixes(false) {
						keys = append(keys, "page/"+key+suffix)
					}
				}
				for _, key := range keys {
					if c == n || !down[key] {
						w.has(c, key)
					}
				}
			}
		}
	}
}

// has: every region has what a release needs.
func (w *world) has(n int, key string) {
	w.t.Helper()
	for i, b := range w.buckets {
		if _, err := b.Get(context.Background(), key); err != nil {
			w.t.Errorf("release %d needs %s, and region %d has it not: %v", n, key, i, err)
		}
	}
}

// keys are what a region has.
func (w *world) keys(region int) []string {
	w.t.Helper()
	var out []string
	for key, err := range w.buckets[region].List(context.Background(), "") {
		if err != nil {
			w.t.Fatal(err)
		}
		out = append(out, key)
	}
	return out
}

func collect(t *testing.T, p *Publisher, o CollectOptions) *Collected {
	t.Helper()
	out, err := p.Collect(context.Background(), o)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// garbageWorld is a world of four releases whose second one nothing reaches:
// its pages are there, and a publish of its plan needs them again.
func garbageWorld(t *testing.T, plans [4]*plan.Plan) *world {
	t.Helper()
	w := newWorld(t)
	for _, pl := range plans {
		publish(t, w.publisher(), pl)
	}
	w.forget()
	return w
}

func fourPlans(t *testing.T) (out [4]*plan.Plan) {
	t.Helper()
	for i, text := range []string{"First.", "Second.", "Third.", "Fourth."} {
		out[i] = planOf(t, map[string]string{"a": text, "b": "B."})
	}
	return out
}

func TestCollect(t *testing.T) {
	ctx := context.Background()
	plans := fourPlans(t)
	w := newWorld(t)
	for _, pl := range plans {
		publish(t, w.publisher(), pl)
	}
	if held := collect(t, w.publisher(), everything); len(held.Keys) > 0 {
		t.Errorf("%q are garbage, and the table holds all releases", held.Keys)
	}

	w = garbageWorld(t, plans)
	before := [2][]string{w.keys(0), w.keys(1)}

	look := collect(t, w.publisher(), CollectOptions{Keep: 1})
	// Release 1 is what release 4 is built on, release 3 the one before it.
	if look.Deleted || !slices.Equal(look.Kept, []int{1, 3, 4}) || !slices.Equal(look.Dropped, []int{2}) {
		t.Errorf("a dry run: %+v", look)
	}
	for i := range w.buckets {
		if !slices.Equal(w.keys(i), before[i]) {
			t.Errorf("a dry run changed region %d", i)
		}
	}
	if all := collect(t, w.publisher(), CollectOptions{Keep: 4, Delete: true}); len(all.Keys) > 0 {
		t.Errorf("of four releases that are kept %q are garbage", all.Keys)
	}
	if young := collect(t, w.publisher(), CollectOptions{Keep: 1, Older: time.Hour, Delete: true}); len(young.Keys) > 0 {
		t.Errorf("%q are not an hour old", young.Keys)
	}

	done := collect(t, w.publisher(), everything)
	if !done.Deleted || !slices.Equal(done.Keys, look.Keys) {
		t.Errorf("deleted %q, announced %q", done.Keys, look.Keys)
	}
	for _, key := range []string{"src/", "recipe/", "page/", "release/"} {
		if !slices.ContainsFunc(done.Keys, func(k string) bool { return strings.HasPrefix(k, key) }) {
			t.Errorf("nothing below %s is garbage: %q", key, done.Keys)
		}
	}
	for i := range w.buckets {
		left := slices.DeleteFunc(w.keys(i), func(k string) bool { return strings.HasPrefix(k, collectPrefix) })
		want := slices.DeleteFunc(slices.Clone(before[i]), func(k string) bool { return slices.Contains(done.Keys, k) })
		if !slices.Equal(left, want) {
			t.Errorf("region %d has %q, want %q", i, left, want)
		}
		if use := done.Regions[i]; use.Objects != len(done.Keys) || use.Bytes == 0 {
			t.Errorf("region %d: %+v", i, use)
		}
	}
	w.shows(plans[3])
	w.checkStored()
	if s, err := w.publisher().Status(ctx); err != nil || !s.InStep || s.Head.Collect != "" {
		t.Errorf("%+v %v", s, err)
	}
	// The list itself is garbage by now.
	if again := collect(t, w.publisher(), everything); len(again.Keys) != 1 || !strings.HasPrefix(again.Keys[0], collectPrefix) {
		t.Errorf("a second time: %q", again.Keys)
	}

	var none *NoReleaseError
	if _, err := w.publisher().Rollback(ctx, 2); !errors.As(err, &none) {
		t.Errorf("going back to a release that was dropped: %v", err)
	}
	if _, err := w.publisher().Rollback(ctx, 1); err != nil {
		t.Error(err)
	}
	w.shows(plans[0])
	publish(t, w.publisher(), plans[1])
	w.shows(plans[1])
	w.checkStored()
	if rep, err := w.publisher().Repair(ctx, true); err != nil || !rep.Whole() {
		t.Errorf("%+v %v", rep, err)
	}
}

// A branch on record keeps what it names, until it is removed.
func TestCollectKeepsBranches(t *testing.T) {
	ctx := context.Background()
	w := garbageWorld(t, fourPlans(t))
	all := collect(t, w.publisher(), CollectOptions{Keep: 1})
	digest := ""
	for _, key := range all.Keys {
		if d, ok := strings.CutPrefix(key, "recipe/"); ok {
			digest = d
		}
	}
	record := func(removed bool, etag string) string {
		body := fmt.Sprintf(`{"name":"pr-1","digests":[%q],"removed":%v}`, digest, removed)
		etag, err := w.buckets[0].Replace(ctx, "branch/pr-1.json", jsonMeta, store.Bytes([]byte(body)), etag)
		if err != nil {
			t.Fatal(err)
		}
		return etag
	}
	etag := record(false, "")
	kept := collect(t, w.publisher(), CollectOptions{Keep: 1})
	want := len(slices.DeleteFunc(slices.Clone(all.Keys), func(key string) bool { return strings.Contains(key, digest) }))
	if len(kept.Keys) != want || slices.ContainsFunc(kept.Keys, need{digest: true}.has) {
		t.Errorf("with a branch %q are garbage, want %d", kept.Keys, want)
	}
	record(true, etag)
	if gone := collect(t, w.publisher(), CollectOptions{Keep: 1}); !slices.Equal(gone.Keys, all.Keys) {
		t.Errorf("without the branch %q are garbage, want %q", gone.Keys, all.Keys)
	}
}

// A branch that is recorded while its objects are being deleted: it is told, or
// it keeps them.
func TestCollectAgainstBranch(t *testing.T) {
	ctx := context.Background()
	plans := fourPlans(t)
	kept, told := 0, 0
	for at := 1; ; at++ {
		w := garbageWorld(t, plans)
		all := collect(t, w.publisher(), CollectOptions{Keep: 1})
		n := need{strings.TrimPrefix(all.Keys[slices.IndexFunc(all.Keys, func(k string) bool { return strings.HasPrefix(k, "recipe/") })], "recipe/"): true}
		var err error
		was := false
		pause := &pauses{at: at, then: func() {
			body := fmt.Sprintf(`{"name":"pr-1","digests":[%q]}`, slices.Collect(maps.Keys(n))[0])
			if err := w.buckets[0].Create(ctx, "branch/pr-1.json", jsonMeta, store.Bytes([]byte(body))); err != nil {
				t.Fatal(err)
			}
			err = w.publisher().mayUse(ctx, slices.Collect(maps.Keys(n)), nil)
			was = slices.ContainsFunc(w.keys(0), n.has)
		}}
		collect(t, pause.publisher(w), everything)
		if !pause.done {
			break
		}
		there := slices.ContainsFunc(w.keys(0), n.has)
		var collecting *CollectingError
		switch {
		case errors.As(err, &collecting):
			told++
		case err != nil:
			t.Fatal(err)
		case was && !there:
			t.Errorf("at step %d: a branch found what it needs, and it went", at)
		case there:
			kept++
		}
	}
	if kept == 0 || told == 0 {
		t.Errorf("%d branches kept what they need, %d were told", kept, told)
	}
}

// pauses stops whoever works with it before one of their requests, once, while
// something else happens.
type pauses struct {
	mu   sync.Mutex
	at   int
	done bool
	then func()
}

func (p *pauses) step() {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.at--; p.at == 0 {
		p.done = true
		p.then()
	}
}

// publisher is one that is stopped.
func (p *pauses) publisher(w *world) *Publisher {
	out := w.publisher()
	out.Workers = 1
	out.Table = pausedTable{out.Table, p}
	for i := range out.Regions {
		b := pausedBucket{out.Regions[i].Bucket.(store.Janitor), p}
		out.Regions[i].Bucket, out.Regions[i].Renderer = b, pausedRenderer{stub{b}, p}
	}
	return out
}

type pausedBucket struct {
	store.Janitor
	p *pauses
}

func (b pausedBucket) Get(ctx context.Context, key string) (*store.Object, error) {
	b.p.step()
	return b.Janitor.Get(ctx, key)
}

func (b pausedBucket) Create(ctx context.Context, key string, m store.Meta, body store.Body) error {
	b.p.step()
	return b.Janitor.Create(ctx, key, m, body)
}

func (b pausedBucket) Replace(ctx context.Context, key string, m store.Meta, body store.Body, etag string) (string, error) {
	b.p.step()
	return b.Janitor.Replace(ctx, key, m, body, etag)
}

func (b pausedBucket) List(ctx context.Context, prefix string) iter.Seq2[string, error] {
	b.p.step()
	return b.Janitor.List(ctx, prefix)
}

func (b pausedBucket) Inspect(ctx context.Context, prefix string) iter.Seq2[store.Info, error] {
	b.p.step()
	return b.Janitor.Inspect(ctx, prefix)
}

func (b pausedBucket) Delete(ctx context.Context, keys []string) error {
	b.p.step()
	return b.Janitor.Delete(ctx, keys)
}

func (b pausedBucket) Erase(ctx context.Context, keys []string) error {
	b.p.step()
	return b.Janitor.Erase(ctx, keys)
}

type pausedRenderer struct {
	stub
	p *pauses
}

func (r pausedRenderer) Do(ctx context.Context, req renderer.Request) (renderer.Response, error) {
	r.p.step()
	return r.stub.Do(ctx, req)
}

type pausedTable struct {
	routes.Table
	p *pauses
}

func (t pausedTable) Version(ctx context.Context) (string, error) {
	t.p.step()
	return t.Table.Version(ctx)
}

func (t pausedTable) Get(ctx context.Context, key string) (string, bool, error) {
	t.p.step()
	return t.Table.Get(ctx, key)
}

func (t pausedTable) Update(ctx context.Context, etag string, puts map[string]string, deletes []string) (routes.Info, error) {
	t.p.step()
	return t.Table.Update(ctx, etag, puts, deletes)
}

// What a publish relies on is never taken from under it: a publisher that needs
// objects which nothing reaches is stopped before each of its requests, for a
// whole collection that spares no age.
func TestCollectWhilePublishing(t *testing.T) {
	sequential(t)
	ctx := context.Background()
	plans := fourPlans(t)
	hit, at := 0, 1
	for ; ; at++ {
		w := garbageWorld(t, plans)
		var got *Collected
		pause := &pauses{at: at, then: func() { got = collect(t, w.publisher(), everything) }}
		if _, err := pause.publisher(w).Publish(ctx, plans[1], Commit{}); err != nil {
			t.Errorf("collected before request %d: %v", at, err)
		}
		if !pause.done {
			break
		}
		if slices.ContainsFunc(got.Keys, func(k string) bool { return strings.HasPrefix(k, "page/") }) {
			hit++
		}
		w.shows(plans[1])
		w.checkStored()
		if t.Failed() {
			t.Fatalf("collected before request %d of the publisher", at)
		}
	}
	t.Logf("%d requests, %d collections deleted pages", at-1, hit)
	if hit < 10 {
		t.Errorf("only %d collections deleted pages", hit)
	}
}

// The other way round: a publisher runs, from its beginning to its end, before
// each request of a collection. It is told when what it needs is being deleted.
func TestPublishWhileCollecting(t *testing.T) {
	ctx := context.Background()
	plans := fourPlans(t)
	told, through := 0, 0
	for at := 1; ; at++ {
		w := garbageWorld(t, plans)
		var err error
		pause := &pauses{at: at, then: func() { _, err = w.publisher().Publish(ctx, plans[1], Commit{}) }}
		collect(t, pause.publisher(w), everything)
		if !pause.done {
			break
		}
		var collecting *CollectingError
		switch {
		case errors.As(err, &collecting):
			told++
			w.shows(plans[3])
		case err != nil:
			t.Errorf("published before request %d of a collection: %v", at, err)
		default:
			through++
			w.shows(plans[1])
		}
		w.checkStored()
		if _, err := w.publisher().Publish(ctx, plans[1], Commit{}); err != nil && !errors.Is(err, ErrNothing) {
			t.Errorf("published after a collection: %v", err)
		}
		w.shows(plans[1])
		w.checkStored()
		if t.Failed() {
			t.Fatalf("published before request %d of the collection", at)
		}
	}
	t.Logf("%d publishes went through, %d were told", through, told)
	if told == 0 || through == 0 {
		t.Error("all publishes were on one side of the announcement")
	}
}

// A rollback is stopped like a publish: the release that it goes to may be the
// one that goes.
func TestCollectWhileRollingBack(t *testing.T) {
	ctx := context.Background()
	plans := fourPlans(t)
	back, none := 0, 0
	for at := 1; ; at++ {
		w := garbageWorld(t, plans)
		pause := &pauses{at: at, then: func() { collect(t, w.publisher(), everything) }}
		_, err := pause.publisher(w).Rollback(ctx, 2)
		if !pause.done {
			break
		}
		if err == nil {
			back++
		} else {
			none++
		}
		w.checkWhole()
		w.checkStored()
		if t.Failed() {
			t.Fatalf("collected before request %d of the rollback: %v", at, err)
		}
	}
	t.Logf("%d went back, %d were refused", back, none)
	if none == 0 {
		t.Error("no rollback was refused")
	}
}

// A rollback carries the announcement on, and heeds it.
func TestRollbackWhileCollecting(t *testing.T) {
	sequential(t)
	ctx := context.Background()
	plans := fourPlans(t)
	told := 0
	for at := 1; ; at++ {
		w := garbageWorld(t, plans)
		var collecting *CollectingError
		pause := &pauses{at: at, then: func() {
			if _, err := w.publisher().Rollback(ctx, 2); errors.As(err, &collecting) {
				told++
			}
			if _, err := w.publisher().Rollback(ctx, 3); err != nil {
				t.Error(err)
			}
			if _, err := w.publisher().Publish(ctx, plans[1], Commit{}); err != nil && !errors.As(err, &collecting) {
				t.Error(err)
			}
		}}
		collect(t, pause.publisher(w), everything)
		if !pause.done {
			break
		}
		w.checkWhole()
		w.checkStored()
		if s, err := w.publisher().Status(ctx); err != nil || !s.InStep || s.Head.Collect != "" {
			t.Errorf("%+v %v", s, err)
		}
		if t.Failed() {
			t.Fatalf("rolled back before request %d of the collection", at)
		}
	}
	if told == 0 {
		t.Error("no rollback was told")
	}
}

// dyingBucket stops for good at a write, which may be done.
type dyingBucket struct {
	killedBucket
	j store.Janitor
}

func (b dyingBucket) Inspect(ctx context.Context, prefix string) iter.Seq2[store.Info, error] {
	return b.j.Inspect(ctx, prefix)
}

func (b dyingBucket) Delete(ctx context.Context, keys []string) error {
	for few := range slices.Chunk(keys, 8) { // it can die halfway
		if err := b.k.write(func() error { return b.j.Delete(ctx, few) }); err != nil {
			return err
		}
	}
	return nil
}

func (b dyingBucket) Erase(ctx context.Context, keys []string) error { return b.Delete(ctx, keys) }

// dying is a publisher that dies.
func dying(w *world, k *killer) *Publisher {
	p := w.publisher()
	p.Workers = 1
	p.Table = killedTable{w.table, k}
	for i := range p.Regions {
		b := dyingBucket{killedBucket{w.buckets[i], k}, w.buckets[i].(store.Janitor)}
		p.Regions[i].Bucket, p.Regions[i].Renderer = b, stub{b}
	}
	return p
}

// A collection that is killed at any write harms nobody, and the next one
// finishes it, also after a publish in between.
func TestCollectKilled(t *testing.T) {
	sequential(t)
	ctx := context.Background()
	plans := fourPlans(t)
	other := planOf(t, map[string]string{"a": "Fourth.", "b": "Better."})
	want := collect(t, garbageWorld(t, plans).publisher(), CollectOptions{Keep: 1}).Keys
	resumed := 0
	for _, done := range []bool{false, true} {
		for at := 1; ; at++ {
			w := garbageWorld(t, plans)
			k := &killer{left: at, done: done}
			dying(w, k).Collect(ctx, everything) // its end is looked at below
			if !k.dead {
				break
			}
			w.shows(plans[3])
			w.checkStored()
			publish(t, w.publisher(), other)
			w.shows(other)
			w.checkStored()
			if collect(t, w.publisher(), everything).Resumed {
				resumed++
			}
			collect(t, w.publisher(), everything)
			w.shows(other)
			w.checkStored()
			for i := range w.buckets {
				for _, key := range w.keys(i) {
					if slices.Contains(want, key) {
						t.Errorf("region %d still has %s", i, key)
					}
				}
			}
			if s, err := w.publisher().Status(ctx); err != nil || !s.InStep || s.Head.Collect != "" {
				t.Errorf("%+v %v", s, err)
			}
			if t.Failed() {
				t.Fatalf("killed at write %d (done %v)", at, done)
			}
		}
	}
	if resumed == 0 {
		t.Error("no collection was resumed")
	}
}
