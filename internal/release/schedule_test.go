package release

import (
	"context"
	"errors"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/victorleungtw/blog/internal/plan"
)

// coming plans posts that are due at hours from now.
func comingPlans(t *testing.T, w *world, posts map[string]string, due ...[2]string) (out []ComingPlan, all []*plan.Plan) {
	t.Helper()
	for i, d := range due {
		posts[d[0]] = d[1]
		pl := planOf(t, posts)
		out = append(out, ComingPlan{At: w.now().Add(time.Duration(i+1) * time.Hour), Plan: pl})
		all = append(all, pl)
	}
	return out, all
}

// What comes due is there on the second, with no write, and not before; what is
// published in between keeps it so.
func TestSchedule(t *testing.T) {
	ctx := context.Background()
	w := newWorld(t)
	posts := map[string]string{"a": "A.", "b": "B."}
	now := planOf(t, posts)
	coming, due := comingPlans(t, w, posts, [2]string{"c", "C."}, [2]string{"d", "D."})
	res, err := w.publisher().Publish(ctx, now, Commit{}, coming...)
	if err != nil || res.N != 1 || len(res.Next) != 2 {
		t.Fatalf("%+v %v", res, err)
	}
	w.shows(now)
	if _, err := w.publisher().Publish(ctx, now, Commit{}, coming...); !errors.Is(err, ErrNothing) {
		t.Errorf("the same schedule again: %v", err)
	}
	w.wait(time.Hour - time.Second)
	w.shows(now)
	w.wait(time.Second)
	w.shows(due[0])
	w.checkWhole()
	if s, err := w.publisher().Status(ctx); err != nil || !s.InStep || s.Release != 2 || s.Pages != len(Targets(due[0])) {
		t.Errorf("after an hour: %+v %v", s, err)
	}
	if res, err := w.publisher().Publish(ctx, due[0], Commit{}, coming[1]); !errors.Is(err, ErrNothing) || res.N != 2 {
		t.Errorf("what came due, published: %+v %v", res, err)
	}

	// An edit in between. The post that is to come is in both.
	delete(posts, "d")
	posts["a"] = "Better."
	edited := planOf(t, posts)
	posts["d"] = "D."
	both := planOf(t, posts)
	res, err = w.publisher().Publish(ctx, edited, Commit{}, ComingPlan{coming[1].At, both})
	if err != nil || res.Parent != 2 {
		t.Fatalf("%+v %v", res, err)
	}
	for _, c := range res.Changes {
		if c.Verb != Changed {
			t.Errorf("an edit %s %s", c.Verb, c.Path)
		}
	}
	w.shows(edited)
	w.wait(time.Hour)
	w.shows(both)

	// A rollback goes back to what it names, and nothing comes by itself.
	if _, err := w.publisher().Rollback(ctx, 1); err != nil {
		t.Fatal(err)
	}
	w.wait(48 * time.Hour)
	w.shows(now)
	publish(t, w.publisher(), both)
	w.shows(both)
}

// A clock that is wrong, at the publisher's or at an edge, shows a release that
// was published, whole, for each path. Only an edge's clock decides which.
func TestJumpingClock(t *testing.T) {
	ctx := context.Background()
	r := rand.New(rand.NewPCG(7, 7))
	w := newWorld(t)
	posts := map[string]string{"a": "A.", "b": "B."}
	now := planOf(t, posts)
	coming, due := comingPlans(t, w, posts, [2]string{"c", "C."})
	if _, err := w.publisher().Publish(ctx, now, Commit{}, coming...); err != nil {
		t.Fatal(err)
	}
	at := coming[0].At
	for range 40 {
		w.clock.Store(int64(r.IntN(4 * 3600))) // an edge, anywhere in four hours
		want := now
		if !w.now().Before(at) {
			want = due[0]
		}
		w.shows(want)
		w.checkWhole()
		// A publisher whose clock is elsewhere says the same of the same
		// content, and takes nothing from readers.
		p := w.publisher()
		wrong := epoch.Add(time.Duration(r.IntN(4*3600)) * time.Second)
		p.Now = func() time.Time { return wrong }
		var err error
		if wrong.Before(at) {
			_, err = p.Publish(ctx, now, Commit{}, coming...)
		} else {
			_, err = p.Publish(ctx, due[0], Commit{})
		}
		if err != nil && !errors.Is(err, ErrNothing) {
			t.Fatal(err)
		}
		if !errors.Is(err, ErrNothing) {
			t.Errorf("a publisher at %s published again", wrong)
		}
	}
}

// A publisher that is killed while it publishes a schedule leaves the old
// release or the new one, with what is to come.
func TestScheduleKilled(t *testing.T) {
	sequential(t)
	ctx := context.Background()
	posts := map[string]string{"a": "A."}
	w := newWorld(t)
	first := planOf(t, posts)
	posts["b"] = "B."
	second := planOf(t, posts)
	coming, due := comingPlans(t, w, posts, [2]string{"c", "C."})
	old, fresh := 0, 0
	for at := 1; ; at++ {
		w := newWorld(t)
		publish(t, w.publisher(), first)
		k := &killer{left: at, done: at%2 == 0}
		p := w.publisher()
		p.Workers = 1
		p.Table = killedTable{w.table, k}
		for i := range p.Regions {
			b := killedBucket{w.buckets[i], k}
			p.Regions[i].Bucket, p.Regions[i].Renderer = b, stub{b}
		}
		p.Publish(ctx, second, Commit{}, coming...) // its end is looked at below
		if !k.dead {
			break
		}
		if n, _ := w.visible(); n == 1 {
			w.shows(first)
			old++
		} else {
			w.shows(second)
			fresh++
		}
		if _, err := w.publisher().Publish(ctx, second, Commit{}, coming...); err != nil && !errors.Is(err, ErrNothing) {
			t.Fatalf("killed at write %d: %v", at, err)
		}
		w.shows(second)
		w.wait(time.Hour)
		w.shows(due[0])
		if t.Failed() {
			t.Fatalf("killed at write %d", at)
		}
	}
	if old == 0 || fresh == 0 {
		t.Errorf("%d kills before the flip, %d after it", old, fresh)
	}
}
