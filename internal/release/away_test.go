package release

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/victorleungtw/blog/internal/renderer"
	"github.com/victorleungtw/blog/internal/store"
)

var errUnreachable = errors.New("dial tcp: connection refused")

// unreachable is a region after some writes, or from the beginning.
type unreachable struct {
	store.Bucket
	k *killer
}

func (u unreachable) Get(ctx context.Context, key string) (*store.Object, error) {
	if u.k.read() != nil {
		return nil, errUnreachable
	}
	return u.Bucket.Get(ctx, key)
}

func (u unreachable) Create(ctx context.Context, key string, m store.Meta, b store.Body) error {
	if err := u.k.write(func() error { return u.Bucket.Create(ctx, key, m, b) }); !errors.Is(err, errKilled) {
		return err
	}
	return errUnreachable
}

func (u unreachable) Replace(ctx context.Context, key string, m store.Meta, b store.Body, etag string) (next string, err error) {
	err = u.k.write(func() error { next, err = u.Bucket.Replace(ctx, key, m, b, etag); return err })
	if errors.Is(err, errKilled) {
		return "", errUnreachable
	}
	return next, err
}

func (u unreachable) Do(ctx context.Context, req renderer.Request) (renderer.Response, error) {
	if u.k.read() != nil {
		return renderer.Response{}, errUnreachable
	}
	return stub{u}.Do(ctx, req)
}

// without is a publisher whose standby goes away after some writes.
func (w *world) without(writes int) *Publisher {
	p := w.publisher()
	u := unreachable{w.buckets[1], &killer{left: writes}}
	u.k.dead = writes == 0
	p.Regions[1].Bucket, p.Regions[1].Renderer = u, u
	return p
}

// A standby that is away, from the beginning or from the middle of a publish,
// stops nobody; what it missed is written down, and made up for.
func TestStandbyAway(t *testing.T) {
	ctx := context.Background()
	for writes := 0; ; writes++ {
		w := newWorld(t)
		publish(t, w.publisher(), planOf(t, map[string]string{"a": "A.", "b": "B."}))
		two := planOf(t, map[string]string{"a": "A.", "b": "Better."})
		w.watch.oneRegion = true // what is visible is not in both now
		p := w.without(writes)
		if _, err := p.Version(ctx); err != nil {
			t.Fatal(err)
		}
		res := publish(t, p, two)
		if !p.Regions[1].Bucket.(unreachable).k.dead {
			if writes < 4 {
				t.Fatalf("the standby was written to %d times", writes)
			}
			return // it was there to the end
		}
		if !slices.Equal(res.Debt, []string{"r1"}) {
			t.Fatalf("nobody was missed after %d writes: %+v", writes, res)
		}
		w.shows(two)
		if s, err := w.publisher().Status(ctx); err != nil || s.InStep || !slices.Equal(s.Head.Debt, []string{"r1"}) {
			t.Errorf("after %d writes: %+v %v", writes, s, err)
		}

		// Still away: a rollback and another publish work too.
		p = w.without(0)
		three := planOf(t, map[string]string{"a": "A.", "b": "Best."})
		if res := publish(t, p, three); !slices.Equal(res.Debt, []string{"r1"}) {
			t.Errorf("after %d writes: still away, and no debt: %+v", writes, res)
		}
		w.shows(three)
		if _, err := w.without(0).Rollback(ctx, 2); err != nil {
			t.Errorf("after %d writes: rollback without the standby: %v", writes, err)
		}
		w.shows(two)

		// Back again: paid, with nothing else to do.
		if _, err := w.publisher().Publish(ctx, two, Commit{}); !errors.Is(err, ErrNothing) {
			t.Fatalf("after %d writes: %v", writes, err)
		}
		if r, err := w.publisher().Repair(ctx, true); err != nil || !r.Whole() {
			t.Errorf("after %d writes: not made up for: %+v %v", writes, r, err)
		}
		s, err := w.publisher().Status(ctx)
		if err != nil || !s.InStep || len(s.Head.Debt) > 0 {
			t.Errorf("after %d writes: %+v %v", writes, s, err)
		}
		w.watch.oneRegion = false
		w.checkWhole()
		w.shows(two)
		if t.Failed() {
			return
		}
	}
}

// Without the primary nothing is published.
func TestPrimaryAway(t *testing.T) {
	w := newWorld(t)
	one := planOf(t, map[string]string{"a": "A."})
	publish(t, w.publisher(), one)
	p := w.publisher()
	u := unreachable{w.buckets[0], &killer{dead: true}}
	p.Regions[0].Bucket, p.Regions[0].Renderer = u, u
	if _, err := p.Publish(context.Background(), planOf(t, map[string]string{"a": "B."}), Commit{}); !errors.Is(err, errUnreachable) {
		t.Errorf("%v", err)
	}
	w.shows(one)
}

func TestOlderCommit(t *testing.T) {
	ctx := context.Background()
	w := newWorld(t)
	at := func(id string, day int) Commit {
		return Commit{ID: id, Time: time.Date(2026, 1, day, 0, 0, 0, 0, time.UTC)}
	}
	newer := planOf(t, map[string]string{"a": "Newer."})
	if _, err := w.publisher().Publish(ctx, newer, at("bbb", 2)); err != nil {
		t.Fatal(err)
	}
	older := planOf(t, map[string]string{"a": "Older."})
	var refused *OlderError
	if _, err := w.publisher().Publish(ctx, older, at("aaa", 1)); !errors.As(err, &refused) || refused.N != 1 {
		t.Errorf("an older commit: %v", err)
	}
	w.shows(newer)
	for name, c := range map[string]Commit{"the same commit": at("bbb", 2), "no commit": {}, "a commit without a time": {ID: "ccc"}} {
		if _, err := w.publisher().Publish(ctx, newer, c); !errors.Is(err, ErrNothing) {
			t.Errorf("%s: %v", name, err)
		}
	}
	p := w.publisher()
	p.AllowOlder = true
	if _, err := p.Publish(ctx, older, at("aaa", 1)); err != nil {
		t.Errorf("an older commit, by force: %v", err)
	}
	w.shows(older)

	// The slower of two builds is the older one: it loses the race, and does
	// not win the next.
	p = w.publisher()
	p.Regions[0].Bucket = &hooked{Bucket: w.buckets[0], before: func(string) {
		if _, err := w.publisher().Publish(ctx, newer, at("ddd", 4)); err != nil {
			t.Error(err)
		}
	}}
	if _, err := p.Publish(ctx, planOf(t, map[string]string{"a": "Slow."}), at("ccc", 3)); !errors.As(err, &refused) {
		t.Errorf("the slower and older build: %v", err)
	}
	w.shows(newer)
}

func TestFailOnConflict(t *testing.T) {
	w := newWorld(t)
	publish(t, w.publisher(), planOf(t, map[string]string{"a": "A."}))
	theirs := planOf(t, map[string]string{"a": "Theirs."})
	p := w.publisher()
	p.OnConflict = Fail
	p.Regions[0].Bucket = &hooked{Bucket: w.buckets[0], before: func(string) { publish(t, w.publisher(), theirs) }}
	if _, err := p.Publish(context.Background(), planOf(t, map[string]string{"a": "Ours."}), Commit{}); !errors.Is(err, ErrConflict) {
		t.Errorf("%v", err)
	}
	w.shows(theirs)
}

func TestOlderErrorSaysBoth(t *testing.T) {
	e := &OlderError{3, Commit{ID: "bbbbbbbbbbbbbbbb", Time: time.Unix(200, 0).UTC()}, Commit{ID: "aaaaaaaaaaaaaaaa", Time: time.Unix(100, 0).UTC()}}
	if s := fmt.Sprint(e); !strings.Contains(s, "bbbbbbbbbbbb of 1970-01-01T00:03:20Z") || !strings.Contains(s, "aaaaaaaaaaaa of") {
		t.Error(s)
	}
}
