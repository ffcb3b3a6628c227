package release

import (
	"context"
	"errors"
	"testing"
	"time"
)

// shown is what the record says that readers see, which the route table says too.
func (w *world) shown() Shown {
	w.t.Helper()
	s, err := w.publisher().Shown(context.Background())
	if err != nil {
		w.t.Fatal(err)
	}
	if n, _ := w.visible(); n != s.N {
		w.t.Errorf("readers see %d, and the record says %d", n, s.N)
	}
	return s
}

func TestShown(t *testing.T) {
	w := newWorld(t)
	is := func(when string, want Shown) {
		t.Helper()
		if got := w.shown(); got.N != want.N || got.Before != want.Before || got.Back != want.Back || !got.Since.Equal(want.Since) {
			t.Errorf("%s: %+v, want %+v", when, got, want)
		}
	}
	is("nothing", Shown{})
	posts := map[string]string{"a": "A."}
	publish(t, w.publisher(), planOf(t, posts))
	is("the first", Shown{N: 1, Since: w.now()})

	w.wait(time.Hour)
	second := w.now()
	posts["b"] = "B."
	plan := planOf(t, posts)
	coming, _ := comingPlans(t, w, posts, [2]string{"c", "C."})
	if _, err := w.publisher().Publish(context.Background(), plan, Commit{}, coming...); err != nil {
		t.Fatal(err)
	}
	is("the second", Shown{N: 2, Before: 1, Since: second})
	w.wait(coming[0].At.Sub(w.now()) + time.Hour)
	is("one that came due", Shown{N: 3, Before: 2, Since: coming[0].At})

	if _, err := w.publisher().Rollback(context.Background(), 1); err != nil {
		t.Fatal(err)
	}
	is("after a rollback", Shown{N: 1, Since: w.now(), Back: true})
}

// Whoever decided while looking at one release changes nothing under another.
func TestGoBackFromAnother(t *testing.T) {
	w := newWorld(t)
	posts := map[string]string{"a": "A."}
	publish(t, w.publisher(), planOf(t, posts))
	posts["b"] = "B."
	publish(t, w.publisher(), planOf(t, posts))
	posts["c"] = "C."
	last := planOf(t, posts)
	publish(t, w.publisher(), last)
	if _, err := w.publisher().GoBack(context.Background(), 2, 1); !errors.Is(err, ErrMoved) {
		t.Errorf("got %v, want ErrMoved", err)
	}
	w.shows(last)
	if res, err := w.publisher().GoBack(context.Background(), 3, 2); err != nil || res.N != 2 || !res.Current {
		t.Errorf("%+v %v", res, err)
	}
}
