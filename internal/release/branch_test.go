package release

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/victorleungtw/blog/internal/plan"
	"github.com/victorleungtw/blog/internal/routes"
	"github.com/victorleungtw/blog/internal/store"
)

// seenOn is what readers see at a branch's host: the branch's own entry of
// exactly its number, else what the site shows. It is nil for no branch.
func (w *world) seenOn(name string) map[string]string {
	w.t.Helper()
	all, err := w.watch.Table.All(context.Background())
	if err != nil {
		w.t.Fatal(err)
	}
	value, ok := all[name+"!c"]
	if !ok {
		return nil
	}
	cur, err := routes.ParseCurrent(value)
	if err != nil {
		w.t.Fatal(err)
	}
	_, out := w.visible()
	for k, v := range all {
		path, ok := strings.CutPrefix(k, name)
		if !ok || path[0] != '/' {
			continue
		}
		es, err := routes.ParseEntries(v)
		if err != nil {
			w.t.Fatal(err)
		}
		for _, e := range es {
			if e.N == cur.N && e.To == routes.Gone {
				delete(out, path)
			} else if e.N == cur.N {
				out[path] = e.To
			}
		}
	}
	return out
}

// branchShows fails unless readers of a branch see exactly this plan, and all of
// it is stored.
func (w *world) branchShows(name string, pl *plan.Plan) {
	w.t.Helper()
	seen := w.seenOn(name)
	if !maps.Equal(seen, Targets(pl)) {
		w.t.Errorf("branch %s shows something else: %v", name, Diff(Targets(pl), seen))
	}
	for path, to := range seen {
		for i, b := range w.buckets {
			if _, err := b.Get(context.Background(), "page/"+to); to[0] != '/' && err != nil {
				w.t.Errorf("%s is visible but not stored in region %d: %v", path, i, err)
			}
		}
	}
}

// keysOf are a namespace's keys in the table.
func (w *world) keysOf(ns routes.Namespace) []string {
	w.t.Helper()
	all, err := w.watch.Table.All(context.Background())
	if err != nil {
		w.t.Fatal(err)
	}
	return slices.DeleteFunc(slices.Sorted(maps.Keys(all)), func(k string) bool { return !ns.Owns(k) })
}

func (w *world) publishBranch(name string, pl *plan.Plan) *BranchResult {
	w.t.Helper()
	res, err := w.publisher().PublishBranch(context.Background(), name, pl, Commit{ID: "c0ffee"}, w.now().Add(time.Hour))
	if err != nil {
		w.t.Fatal(err)
	}
	return res
}

func TestBranches(t *testing.T) {
	ctx := context.Background()
	w := newWorld(t)
	site := planOf(t, map[string]string{"a": "A.", "b": "B.", "c": "C.", "d": "D."})
	first := planOf(t, map[string]string{"a": "A.", "b": "Better.", "c": "C.", "e": "E."})
	second := planOf(t, map[string]string{"a": "Best.", "b": "B.", "c": "C.", "d": "D."})

	if _, err := w.publisher().PublishBranch(ctx, "pr-1", first, Commit{}, w.now()); err == nil || !strings.Contains(err.Error(), "blog publish first") {
		t.Errorf("on top of nothing: %v", err)
	}
	publish(t, w.publisher(), site)
	res := w.publishBranch("pr-1", first)
	if res.N != 1 || res.Release != 1 || res.Rendered == 0 || !slices.EqualFunc(res.Changes, Diff(Targets(site), Targets(first)), func(a, b Change) bool { return a == b }) {
		t.Errorf("first: %+v", res)
	}
	w.branchShows("pr-1", first)
	w.shows(site)

	// Another push: what it does not change any more is as the site has it.
	if res := w.publishBranch("pr-1", second); res.N != 2 {
		t.Errorf("second: %+v", res)
	}
	w.branchShows("pr-1", second)
	want := []string{"pr-1!c"}
	for path := range differing(site, second) {
		want = append(want, "pr-1"+path)
	}
	slices.Sort(want)
	if got := w.keysOf("pr-1"); !slices.Equal(got, want) {
		t.Errorf("keys of the branch: %q, want %q", got, want)
	}
	b, _, err := w.publisher().readBranch(ctx, "pr-1")
	if err != nil || b.N != 2 || len(b.Pending) > 0 || len(b.Digests) == 0 || !maps.Equal(b.Routes, differing(site, second)) {
		t.Errorf("record: %+v, %v", b, err)
	}
	there := *w.publisher().as("r1")
	if other, _, err := there.readBranch(ctx, "pr-1"); err != nil || other.ID != b.ID {
		t.Errorf("the standby's record: %+v, %v", other, err)
	}

	// The site goes on under it.
	later := planOf(t, map[string]string{"a": "A.", "b": "B.", "c": "Changed.", "d": "D."})
	publish(t, w.publisher(), later)
	seen := w.seenOn("pr-1")
	for path, to := range Targets(later) {
		if own, ok := differing(site, second)[path]; ok {
			to = own
		}
		if seen[path] != to {
			t.Errorf("%s on the branch is %s, want %s", path, seen[path], to)
		}
	}

	// A branch with the same content is one all the same.
	w.publishBranch("same", later)
	w.branchShows("same", later)
	if got := w.keysOf("same"); !slices.Equal(got, []string{"same!c"}) {
		t.Errorf("keys of a branch without a difference: %q", got)
	}
	list, err := w.publisher().Branches(ctx)
	if err != nil || len(list) != 2 || list[0].Name != "pr-1" || list[1].Name != "same" {
		t.Errorf("list: %+v, %v", list, err)
	}

	for _, name := range []string{"pr-1", "same"} {
		if err := w.publisher().RemoveBranch(ctx, name); err != nil {
			t.Fatal(err)
		}
		if keys := w.keysOf(routes.Namespace(name)); len(keys) > 0 || w.seenOn(name) != nil {
			t.Errorf("left of %s: %q", name, keys)
		}
	}
	w.shows(later)
	if list, err := w.publisher().Branches(ctx); err != nil || len(list) != 0 {
		t.Errorf("after the removal: %+v, %v", list, err)
	}
	var none *NoBranchError
	for _, name := range []string{"pr-1", "never"} {
		if err := w.publisher().RemoveBranch(ctx, name); !errors.As(err, &none) {
			t.Errorf("removing %s, which is not there: %v", name, err)
		}
	}
	// An edge may remember entries of the numbers of before.
	if res := w.publishBranch("pr-1", first); res.N != 3 {
		t.Errorf("made again: %+v", res)
	}
	if _, err := w.publisher().PublishBranch(ctx, "www", first, Commit{}, w.now()); err == nil {
		t.Error("a branch called www")
	}
}

// differing is what a branch is to hold.
func differing(from, to *plan.Plan) map[string]string {
	out := map[string]string{}
	for _, c := range Diff(Targets(from), Targets(to)) {
		out[c.Path] = c.To
		if c.Verb == Removed {
			out[c.Path] = routes.Gone
		}
	}
	return out
}

// A publish of a branch that is killed at any write leaves the branch as it was
// or as it was to be, whole, and the site as it is; the next one, or the
// removal, goes on from there.
func TestKilledBranches(t *testing.T) {
	sequential(t)
	ctx := context.Background()
	site := planOf(t, map[string]string{"a": "A.", "b": "B.", "c": "C."})
	many := map[string]string{"a": "Other.", "c": "C."}
	for i := range 28 { // more than one call's worth of keys
		many[fmt.Sprintf("p%02d", i)] = "P."
	}
	first, second := planOf(t, map[string]string{"a": "A.", "b": "Better.", "d": "D."}), planOf(t, many)
	if n := len(differing(site, second)); n <= routes.MaxUpdate {
		t.Fatalf("only %d keys: one call", n)
	}
	third := planOf(t, map[string]string{"a": "A.", "c": "Third."})
	// attempt goes on from a branch that shows first, as long as the killer lets
	// it.
	attempt := func(w *world, op string, k *killer) error {
		p := w.publisher()
		p.Workers = 1 // so that a number names the same write each time
		p.Table = killedTable{p.Table, k}
		for i, b := range w.buckets {
			p.Regions[i].Bucket, p.Regions[i].Renderer = killedBucket{b, k}, stub{killedBucket{b, k}}
		}
		if op == "remove" {
			return p.RemoveBranch(ctx, "pr-1")
		}
		_, err := p.PublishBranch(ctx, "pr-1", second, Commit{}, w.now())
		return err
	}
	begin := func() *world {
		w := newWorld(t)
		publish(t, w.publisher(), site)
		w.publishBranch("pr-1", first)
		return w
	}
	for _, op := range []string{"publish", "remove"} {
		const plenty = 1 << 20
		count := &killer{left: plenty}
		if err := attempt(begin(), op, count); err != nil {
			t.Fatal(err)
		}
		total := plenty - count.left
		old, fresh := 0, 0
		for at := 1; at <= total; at++ {
			if !*every && at > 5 && at < total-10 && at%19 != 0 {
				continue
			}
			for _, done := range []bool{false, true} {
				w := begin()
				// The last write goes to the standby, which may be away.
				k := &killer{left: at, done: done}
				if err := attempt(w, op, k); !errors.Is(err, errKilled) && at < total || !k.dead {
					t.Fatalf("%s killed at write %d of %d (done %v): %v", op, at, total, done, err)
				}
				w.shows(site)
				switch seen := w.seenOn("pr-1"); {
				case maps.Equal(seen, Targets(first)):
					old++
				case op == "publish" && maps.Equal(seen, Targets(second)), op == "remove" && seen == nil:
					fresh++
				default:
					t.Fatalf("%s killed at write %d of %d (done %v): the branch shows a mixture: %v", op, at, total, done, Diff(Targets(first), seen))
				}
				w.publishBranch("pr-1", third)
				w.branchShows("pr-1", third)
				if got, want := len(w.keysOf("pr-1")), 1+len(differing(site, third)); got != want {
					t.Errorf("%s killed at write %d of %d (done %v): %d keys after the next publish, want %d", op, at, total, done, got, want)
				}
				if err := w.publisher().RemoveBranch(ctx, "pr-1"); err != nil || len(w.keysOf("pr-1")) > 0 {
					t.Errorf("%s killed at write %d of %d (done %v): removing it: %v, and %q is left", op, at, total, done, err, w.keysOf("pr-1"))
				}
			}
		}
		if old == 0 || fresh == 0 {
			t.Errorf("%s: %d kills left the branch as it was, %d as it was to be: all on one side", op, old, fresh)
		}
	}
}

// A publish that was killed when its branch was seen already, and before it was
// on record, is what readers of the branch see until the end of the next one.
func TestKilledBranchIsKnown(t *testing.T) {
	ctx := context.Background()
	w := newWorld(t)
	plans := make([]*plan.Plan, 3)
	for i := range plans {
		posts := map[string]string{}
		for j := range 28 {
			posts[fmt.Sprintf("p%02d", j)] = fmt.Sprint("Text ", i)
		}
		plans[i] = planOf(t, posts)
	}
	publish(t, w.publisher(), plans[0])
	if n := len(differing(plans[1], plans[2])); n < routes.MaxUpdate || n >= 2*routes.MaxUpdate {
		t.Fatalf("%d keys: not two calls", n)
	}
	// Of the updates of the table the first asks how full it is, the second
	// brings most of the entries, the third is seen.
	for i, done := range []bool{true, false} {
		p := w.publisher()
		p.Table = killedTable{p.Table, &killer{left: 3, done: done}}
		if _, err := p.PublishBranch(ctx, "pr-1", plans[1+i], Commit{}, w.now()); !errors.Is(err, errKilled) {
			t.Fatal(err)
		}
		w.branchShows("pr-1", plans[1])
	}
	w.publishBranch("pr-1", plans[2])
	w.branchShows("pr-1", plans[2])
}

// Of publishers of one branch at the same time, one shows its own, whole; the
// others are told.
func TestRacingBranches(t *testing.T) {
	site := planOf(t, map[string]string{"a": "A.", "b": "B."})
	for round := range 10 {
		w := newWorld(t)
		publish(t, w.publisher(), site)
		plans := make([]*plan.Plan, 4)
		for i := range plans {
			plans[i] = planOf(t, map[string]string{"a": fmt.Sprint("A of ", i, round), "b": "B."})
		}
		errs := make([]error, len(plans))
		var wg sync.WaitGroup
		for i, pl := range plans {
			wg.Go(func() {
				_, errs[i] = w.publisher().PublishBranch(context.Background(), "pr-1", pl, Commit{}, w.now())
			})
		}
		wg.Wait()
		won := 0
		for i, err := range errs {
			switch {
			case err == nil:
				won++
			case !errors.Is(err, ErrBranchConflict):
				t.Errorf("publisher %d: %v", i, err)
			}
		}
		if won == 0 {
			t.Errorf("round %d: nobody won: %v", round, errs)
		}
		seen := w.seenOn("pr-1")
		if !slices.ContainsFunc(plans, func(pl *plan.Plan) bool { return maps.Equal(seen, Targets(pl)) }) {
			t.Errorf("round %d: a mixture: %v", round, Diff(Targets(site), seen))
		}
		if b, _, err := w.publisher().readBranch(context.Background(), "pr-1"); err != nil || b.N == 0 {
			t.Errorf("round %d: %+v, %v", round, b, err)
		}
	}
}

// What a branch needs is spared by a collection of garbage until it is removed.
func TestBranchesAreNotGarbage(t *testing.T) {
	ctx := context.Background()
	w := newWorld(t)
	site := planOf(t, map[string]string{"a": "A.", "b": "B."})
	branch := planOf(t, map[string]string{"a": "Other.", "b": "B."})
	publish(t, w.publisher(), site)
	w.publishBranch("pr-1", branch)
	w.wait(time.Hour)
	collect(t, w.publisher(), everything)
	w.branchShows("pr-1", branch)
	for _, d := range branch.Site.Documents() {
		if _, err := w.buckets[1].Get(ctx, "src/"+d.Source.Digest); err != nil {
			t.Errorf("%s: %v", d.File, err)
		}
	}
	if err := w.publisher().RemoveBranch(ctx, "pr-1"); err != nil {
		t.Fatal(err)
	}
	if out := collect(t, w.publisher(), everything); out.Kinds["page"] == 0 {
		t.Errorf("nothing of a removed branch was collected: %+v", out)
	}
}

// A branch may not fill the table that the blog is in.
func TestBranchLeavesRoom(t *testing.T) {
	ctx := context.Background()
	w := newWorld(t)
	publish(t, w.publisher(), planOf(t, map[string]string{"a": "A."}))
	etag, err := w.table.Version(ctx)
	if err != nil {
		t.Fatal(err)
	}
	value := strings.Repeat("x", routes.MaxValue)
	for i := 0; i < nearlyFull/(routes.MaxValue+10); i += routes.MaxUpdate {
		puts := map[string]string{}
		for j := range routes.MaxUpdate {
			puts[fmt.Sprintf("full/%05d", i+j)] = value
		}
		info, err := w.watch.Table.Update(ctx, etag, puts, nil)
		if err != nil {
			t.Fatal(err)
		}
		etag = info.ETag
	}
	_, err = w.publisher().PublishBranch(ctx, "pr-1", planOf(t, map[string]string{"a": "Other."}), Commit{}, w.now())
	if !errors.Is(err, routes.ErrLimit) || len(w.keysOf("pr-1")) > 0 {
		t.Errorf("%v, and the keys %q", err, w.keysOf("pr-1"))
	}
	if _, err := w.buckets[0].Get(ctx, branchKey("pr-1")); !errors.Is(err, store.ErrNotExist) {
		t.Errorf("a record of what was refused: %v", err)
	}
}

// interrupted runs something once, just before its nth update.
type interrupted struct {
	routes.Table
	n    int
	hook func()
}

func (h *interrupted) Update(ctx context.Context, etag string, puts map[string]string, deletes []string) (routes.Info, error) {
	if h.n--; h.n == 0 {
		h.hook()
	}
	return h.Table.Update(ctx, etag, puts, deletes)
}

// Whoever lost a branch to somebody else writes nothing more, also when the
// other has not shown anything yet.
func TestOvertakenBranch(t *testing.T) {
	ctx := context.Background()
	w := newWorld(t)
	publish(t, w.publisher(), planOf(t, map[string]string{"a": "A."}))
	mine, other := planOf(t, map[string]string{"a": "Mine."}), planOf(t, map[string]string{"a": "Other."})
	p := w.publisher()
	p.Table = &interrupted{w.table, 2, func() {
		q := w.publisher()
		q.Table = killedTable{w.table, &killer{left: 2}} // it dies before it writes an entry
		if _, err := q.PublishBranch(ctx, "pr-1", other, Commit{}, w.now()); !errors.Is(err, errKilled) {
			t.Error(err)
		}
		// Else there were no reason to look again.
		etag, err := w.table.Version(ctx)
		if err == nil {
			_, err = w.table.Update(ctx, etag, map[string]string{"other!c": `{"n":1}`}, nil)
		}
		if err != nil {
			t.Error(err)
		}
	}}
	if _, err := p.PublishBranch(ctx, "pr-1", mine, Commit{}, w.now()); !errors.Is(err, ErrBranchConflict) {
		t.Errorf("the one that was overtaken: %v", err)
	}
	if keys := w.keysOf("pr-1"); len(keys) > 0 {
		t.Errorf("it wrote %q", keys)
	}
	w.publishBranch("pr-1", other)
	w.branchShows("pr-1", other)
}

// Whoever takes a branch over just before its publisher shows it goes on from
// what that one shows.
func TestBranchShownWhileTakenOver(t *testing.T) {
	ctx := context.Background()
	w := newWorld(t)
	publish(t, w.publisher(), planOf(t, map[string]string{"a": "A."}))
	first, second := planOf(t, map[string]string{"a": "First."}), planOf(t, map[string]string{"a": "Second."})
	ready, shown, done := make(chan bool), make(chan bool), make(chan error, 1)
	q := w.publisher()
	q.Table = &interrupted{w.table, 2, func() { close(ready); <-shown }}
	p := w.publisher()
	p.Table = &interrupted{w.table, 2, func() {
		go func() {
			_, err := q.PublishBranch(ctx, "pr-1", second, Commit{}, w.now())
			done <- err
		}()
		<-ready
	}}
	if _, err := p.PublishBranch(ctx, "pr-1", first, Commit{}, w.now()); !errors.Is(err, ErrBranchConflict) {
		t.Errorf("the first: %v", err)
	}
	w.branchShows("pr-1", first)
	close(shown)
	if err := <-done; err != nil {
		t.Errorf("the second: %v", err)
	}
	w.branchShows("pr-1", second)
	// Had it taken more than one call, readers would have seen the first's page
	// until the end.
	value, _, err := w.table.Get(ctx, "pr-1/2026/01/01/a/")
	if es, bad := routes.ParseEntries(value); err != nil || bad != nil || len(es) != 2 || es[1].To != Targets(first)["/2026/01/01/a/"] {
		t.Errorf("the value is %q (%v)", value, err)
	}
}

// What is being deleted is not relied on.
func TestBranchAndShareDuringCollection(t *testing.T) {
	ctx := context.Background()
	w := newWorld(t)
	publish(t, w.publisher(), planOf(t, map[string]string{"a": "A."}))
	pl := planOf(t, map[string]string{"a": "Other."})
	for _, d := range pl.Site.Documents() {
		body, err := encode(collection{Time: "2026-11-01T00:00:00Z", Keys: []string{"src/" + d.Source.Digest}})
		if err != nil {
			t.Fatal(err)
		}
		if err := w.buckets[0].Create(ctx, "gc/x.json", jsonMeta, store.Bytes(body)); err != nil {
			t.Fatal(err)
		}
	}
	h, etag, err := ReadHead(ctx, w.buckets[0])
	if err != nil {
		t.Fatal(err)
	}
	h.Collect = "gc/x.json"
	body, err := encode(h)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := w.buckets[0].Replace(ctx, HeadKey, jsonMeta, store.Bytes(body), etag); err != nil {
		t.Fatal(err)
	}
	var collecting *CollectingError
	if _, err := w.publisher().PublishBranch(ctx, "pr-1", pl, Commit{}, w.now()); !errors.As(err, &collecting) {
		t.Errorf("a branch: %v", err)
	}
	if _, _, err := w.publisher().Share(ctx, pl, pageOf(t, pl, "/2026/01/01/a/"), time.Hour); !errors.As(err, &collecting) {
		t.Errorf("a link: %v", err)
	}
}
