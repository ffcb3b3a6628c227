package release

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/victorleungtw/blog/internal/plan"
	"github.com/victorleungtw/blog/internal/recipe"
	"github.com/victorleungtw/blog/internal/renderer"
	"github.com/victorleungtw/blog/internal/routes"
	"github.com/victorleungtw/blog/internal/shown"
	"github.com/victorleungtw/blog/internal/store"
)

const regretted = "/2026/01/02/b/"

// regretWorld is a world whose second post was written, edited, and deleted.
func regretWorld(t *testing.T, plans [3]*plan.Plan) *world {
	t.Helper()
	w := newWorld(t)
	for _, pl := range plans {
		publish(t, w.publisher(), pl)
	}
	return w
}

func regretPlans(t *testing.T) [3]*plan.Plan {
	t.Helper()
	return [3]*plan.Plan{
		planOf(t, map[string]string{"a": "A.", "b": "A secret.", "c": "C."}),
		planOf(t, map[string]string{"a": "A.", "b": "A secret, edited.", "c": "C."}),
		planOf(t, map[string]string{"a": "A.", "c": "C."}),
	}
}

// checkGone: nothing in any region, and nothing in the route table, shows or
// leads to what was regretted.
func (w *world) checkGone() {
	w.t.Helper()
	ctx := context.Background()
	record, _, err := readTakedown(ctx, w.buckets[0], TakedownKey(regretted))
	if err != nil {
		w.t.Fatal(err)
	}
	going := need(set(record.Digests))
	for i, b := range w.buckets {
		for _, key := range w.keys(i) {
			obj, err := b.Get(ctx, key)
			if err != nil {
				w.t.Fatal(err)
			}
			switch {
			case going.has(key):
				w.t.Errorf("region %d still has %s", i, key)
			case strings.HasPrefix(key, "src/") && strings.Contains(string(obj.Body), "secret"):
				w.t.Errorf("region %d still has the text, in %s", i, key)
			case strings.HasPrefix(key, "recipe/"):
				var r recipe.Recipe
				if err := json.Unmarshal(obj.Body, &r); err != nil {
					w.t.Error(err)
				}
				if slices.Contains(shown.Posts(&r), regretted) {
					w.t.Errorf("region %d still has the recipe of %s, which shows it", i, r.Path)
				}
			}
		}
	}
	all, err := w.watch.Table.All(ctx)
	if err != nil {
		w.t.Fatal(err)
	}
	cur, err := routes.ParseCurrent(all[routes.Site.CurrentKey()])
	if err != nil {
		w.t.Fatal(err)
	}
	for key, v := range all {
		if gen, ok := routes.Site.IsBlock(key); ok && gen != cur.Blocks.Gen {
			continue // nobody looks there
		}
		for _, d := range record.Digests {
			if strings.Contains(v, d) {
				w.t.Errorf("the route table leads to it: %s is %s", key, v)
			}
		}
	}
}

// purged is what the edges were told to forget, and what they are asked for.
type purged struct{ items, asked []string }

func (p *purged) options() TakedownOptions {
	return TakedownOptions{
		Reason: "asked by its subject",
		Purge:  func(_ context.Context, items []string) error { p.items = items; return nil },
		Gone:   func(_ context.Context, paths []string) error { p.asked = paths; return nil },
	}
}

func TestTakedown(t *testing.T) {
	ctx := context.Background()
	plans := regretPlans(t)
	w := newWorld(t)
	publish(t, w.publisher(), plans[0])
	var still *ShownError
	if _, err := w.publisher().Takedown(ctx, regretted, TakedownOptions{}); !errors.As(err, &still) || still.At == "" || still.By != "release 1" {
		t.Errorf("while it is shown: %v", err)
	}
	publish(t, w.publisher(), plans[1])
	publish(t, w.publisher(), plans[2])
	if _, err := w.publisher().Takedown(ctx, "/no/such/", TakedownOptions{}); err == nil || !strings.Contains(err.Error(), "no page at /no/such/") {
		t.Errorf("what never was: %v", err)
	}
	before := w.keys(0)

	var edge purged
	out, err := w.publisher().Takedown(ctx, regretted, edge.options())
	if err != nil {
		t.Fatal(err)
	}
	w.shows(plans[2])
	w.checkGone()
	w.checkStored()
	if out.N != 4 || len(out.Sources) != 2 {
		t.Errorf("%+v", out)
	}
	if !slices.Equal(edge.items, []string{"#" + shown.Tag(regretted)}) {
		t.Errorf("the edges were told to forget %q", edge.items)
	}
	if edge.asked[0] != regretted || len(edge.asked) < 2 || edge.asked[1] != "/page/"+out.Digests[0] {
		t.Errorf("the edge was asked for %q", edge.asked)
	}
	// What shows nothing of it stays: the third release is whole (above), and
	// the other posts' sources are there.
	of := 0
	for _, key := range before {
		if slices.ContainsFunc(out.Digests, func(d string) bool { return strings.Contains(key, d) }) {
			of++
		}
	}
	if lost := len(before) + 3 - len(w.keys(0)); lost != 2+of {
		t.Errorf("%d objects went, and %d are of the %d pages", lost, of, len(out.Digests))
	}
	for region := range w.buckets {
		if rec, _, err := readTakedown(ctx, w.buckets[region], TakedownKey(regretted)); err != nil || rec.Reason != "asked by its subject" || rec.N != 0 {
			t.Errorf("region %d: %+v %v", region, rec, err)
		}
	}
	if s, err := w.publisher().Status(ctx); err != nil || !s.InStep || !slices.Equal(s.Edge.Has, []int{3, 4}) {
		t.Errorf("%+v %v", s, err)
	}
	if rep, err := w.publisher().Repair(ctx, true); err != nil || !rep.Whole() {
		t.Errorf("%+v %v", rep, err)
	}

	var refused *TakenDownError
	for _, n := range []int{1, 2} {
		if _, err := w.publisher().Rollback(ctx, n); !errors.As(err, &refused) || refused.Path != regretted {
			t.Errorf("going back to release %d: %v", n, err)
		}
	}
	for _, pl := range plans[:2] {
		if _, err := w.publisher().Publish(ctx, pl, Commit{}); !errors.As(err, &refused) {
			t.Errorf("publishing it again: %v", err)
		}
	}
	w.shows(plans[2])

	// A second time there is nothing to do; later releases go on forbidding it.
	again, err := w.publisher().Takedown(ctx, regretted, TakedownOptions{})
	if err != nil || again.N != 4 || !slices.Equal(again.Digests, out.Digests) || again.Reason != out.Reason {
		t.Errorf("%+v %v", again, err)
	}
	next := planOf(t, map[string]string{"a": "A.", "c": "C, edited.", "d": "D."})
	publish(t, w.publisher(), next)
	if _, err := w.publisher().Rollback(ctx, 3); err != nil {
		t.Error(err)
	}
	w.shows(plans[2])
	if _, err := w.publisher().Publish(ctx, plans[0], Commit{}); !errors.As(err, &refused) {
		t.Errorf("publishing it again, after a rollback: %v", err)
	}
	// A post of another text may be at the path.
	mended := planOf(t, map[string]string{"a": "A.", "b": "Nothing that is a secret.", "c": "C."})
	res := publish(t, w.publisher(), mended)
	w.shows(mended)
	w.checkStored()
	publish(t, w.publisher(), next)
	if _, err := w.publisher().Rollback(ctx, res.N); err != nil {
		t.Errorf("going back to another text: %v", err)
	}
	w.shows(mended)
	// Which may be regretted as well.
	publish(t, w.publisher(), next)
	if more, err := w.publisher().Takedown(ctx, regretted, TakedownOptions{}); err != nil || len(more.Sources) != 3 {
		t.Errorf("%+v %v", more, err)
	}
	w.shows(next)
	w.checkGone()
}

// What a takedown is not let do while somebody can come to see the page.
func TestTakedownRefuses(t *testing.T) {
	ctx := context.Background()
	plans := regretPlans(t)
	w := regretWorld(t, plans)
	first, err := w.publisher().manifest(ctx, 1)
	if err != nil {
		t.Fatal(err)
	}
	pages, err := first.Pages()
	if err != nil {
		t.Fatal(err)
	}
	body := fmt.Sprintf(`{"name":"pr-1","digests":[%q]}`, pages[regretted])
	etag, err := w.buckets[0].Replace(ctx, "branch/pr-1.json", jsonMeta, store.Bytes([]byte(body)), "")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := w.publisher().Takedown(ctx, regretted, TakedownOptions{}); err == nil || !strings.Contains(err.Error(), "blog branch rm pr-1") {
		t.Errorf("while a branch shows it: %v", err)
	}
	if _, err := w.buckets[0].Replace(ctx, "branch/pr-1.json", jsonMeta, store.Bytes([]byte(`{"removed":true}`)), etag); err != nil {
		t.Fatal(err)
	}
	p := w.publisher()
	p.Regions[1].Bucket = cutOff{p.Regions[1].Bucket}
	before := w.keys(0)
	if _, err := p.Takedown(ctx, regretted, TakedownOptions{}); err == nil || !strings.Contains(err.Error(), "r1 cannot be reached") {
		t.Errorf("while a region is away: %v", err)
	}
	if !slices.Equal(w.keys(0), before) {
		t.Error("something went")
	}
	if _, err := w.publisher().Takedown(ctx, regretted, TakedownOptions{}); err != nil {
		t.Error(err)
	}
	w.checkGone()
}

// cutOff is a region behind a broken line.
type cutOff struct{ store.Bucket }

func (cutOff) Get(context.Context, string) (*store.Object, error) {
	return nil, errors.New("no route to host")
}

// A takedown that is killed at any write is finished by the next.
func TestTakedownKilled(t *testing.T) {
	sequential(t)
	ctx := context.Background()
	plans := regretPlans(t)
	for _, done := range []bool{false, true} {
		kills := 0
		for at := 1; ; at++ {
			w := regretWorld(t, plans)
			k := &killer{left: at, done: done}
			dying(w, k).Takedown(ctx, regretted, TakedownOptions{}) // its end is looked at below
			if !k.dead {
				break
			}
			kills++
			w.shows(plans[2])
			w.checkStored()
			if _, err := w.publisher().Takedown(ctx, regretted, TakedownOptions{}); err != nil {
				t.Errorf("the next one: %v", err)
			}
			w.shows(plans[2])
			w.checkGone()
			w.checkStored()
			if s, err := w.publisher().Status(ctx); err != nil || !s.InStep {
				t.Errorf("%+v %v", s, err)
			}
			var refused *TakenDownError
			if _, err := w.publisher().Publish(ctx, plans[0], Commit{}); !errors.As(err, &refused) {
				t.Errorf("publishing it again: %v", err)
			}
			if t.Failed() {
				t.Fatalf("killed at write %d (done %v)", at, done)
			}
		}
		if kills < 10 {
			t.Errorf("only %d kills", kills)
		}
	}
}

// A publisher of an old checkout does not bring it back, wherever it is when the
// page is taken down; what it made by then goes with another takedown.
func TestTakedownWhilePublishing(t *testing.T) {
	sequential(t)
	ctx := context.Background()
	plans := regretPlans(t)
	shown, refused := 0, 0
	for at := 1; ; at++ {
		w := regretWorld(t, plans)
		var down error
		pause := &pauses{at: at, then: func() { _, down = w.publisher().Takedown(ctx, regretted, TakedownOptions{}) }}
		_, err := pause.publisher(w).Publish(ctx, plans[0], Commit{})
		if !pause.done {
			break
		}
		var taken *TakenDownError
		var still *ShownError
		switch {
		case errors.As(err, &taken) && down == nil:
			refused++
			w.shows(plans[2])
			if _, err := w.publisher().Takedown(ctx, regretted, TakedownOptions{}); err != nil {
				t.Errorf("the next takedown: %v", err)
			}
			w.checkGone()
		case err == nil && errors.As(down, &still):
			shown++
			w.shows(plans[0])
		default:
			t.Errorf("published: %v; taken down: %v", err, down)
		}
		w.checkStored()
		if t.Failed() {
			t.Fatalf("taken down before request %d of a publish", at)
		}
	}
	t.Logf("%d publishes were refused, %d were first", refused, shown)
	if shown == 0 || refused == 0 {
		t.Error("all were on one side")
	}
}

// Releases to come show nothing of it either, and come when they were to.
func TestTakedownKeepsComing(t *testing.T) {
	ctx := context.Background()
	plans := regretPlans(t)
	w := regretWorld(t, plans)
	later := planOf(t, map[string]string{"a": "A.", "c": "C.", "e": "In an hour."})
	if _, err := w.publisher().Publish(ctx, plans[2], Commit{}, ComingPlan{w.now().Add(time.Hour), later}); err != nil {
		t.Fatal(err)
	}
	if _, err := w.publisher().Takedown(ctx, regretted, TakedownOptions{}); err != nil {
		t.Fatal(err)
	}
	w.checkGone()
	w.checkStored()
	w.shows(plans[2])
	w.wait(time.Hour)
	w.shows(later)

	// One that will show it is in the way.
	w = regretWorld(t, plans)
	if _, err := w.publisher().Publish(ctx, plans[2], Commit{}, ComingPlan{w.now().Add(time.Hour), plans[1]}); err != nil {
		t.Fatal(err)
	}
	var still *ShownError
	if _, err := w.publisher().Takedown(ctx, regretted, TakedownOptions{}); !errors.As(err, &still) {
		t.Errorf("while a release to come shows it: %v", err)
	}
}

// A page of more posts than tags is forgotten by its address.
func TestTakedownByAddress(t *testing.T) {
	ctx := context.Background()
	plans := regretPlans(t)
	w := regretWorld(t, plans)
	many := recipe.Recipe{Renderer: "v1", Kind: recipe.List, Path: "/all/", List: &recipe.ListData{}}
	for i := range shown.MaxTags {
		many.List.Items = append(many.List.Items, recipe.Item{URL: fmt.Sprintf("/%d/", i)})
	}
	many.List.Items = append(many.List.Items, recipe.Item{URL: regretted})
	digest := many.Digest()
	if err := w.buckets[1].Create(ctx, "recipe/"+digest, jsonMeta, store.Bytes(many.Encode())); err != nil {
		t.Fatal(err)
	}
	var edge purged
	if _, err := w.publisher().Takedown(ctx, regretted, edge.options()); err != nil {
		t.Fatal(err)
	}
	want := []string{"#" + shown.Tag(regretted)}
	for _, suffix := range renderer.Suffixes(true) {
		want = append(want, "/page/"+digest+suffix)
	}
	slices.Sort(want)
	if !slices.Equal(edge.items, want) {
		t.Errorf("forgotten are %q, want %q", edge.items, want)
	}
	w.checkGone()
}
