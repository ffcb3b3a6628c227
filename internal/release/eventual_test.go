package release

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"maps"
	"math/rand/v2"
	"sync"
	"testing"

	"github.com/victorleungtw/blog/internal/plan"
	"github.com/victorleungtw/blog/internal/store"
)

// eventual is a bucket as S3 was before December 2020, and a little worse. For
// a while after a write, a read may answer with any earlier state of the object,
// an older head or nothing at all; and a listing may leave the key out. A write with a condition is
// decided on what is there: S3 has no such write of its time to be compared
// with, and without one there is no protocol to test.
type eventual struct {
	store.Bucket
	mu    sync.Mutex
	rng   *rand.Rand
	past  map[string][]*store.Object // earlier states; nil is "not there"
	left  map[string]int             // how many more answers may be stale
	calm  bool                       // the while is over
	stale *counter
}

// lag is how many stale answers a write is followed by at most.
const lag = 4

func (b *eventual) old(key string) (*store.Object, bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	past := b.past[key]
	if b.calm || b.left[key] == 0 || len(past) == 0 || b.rng.IntN(3) == 0 {
		return nil, false
	}
	b.left[key]--
	b.stale.add("GET " + kind(key))
	return past[b.rng.IntN(len(past))], true
}

func (b *eventual) wrote(key string, before *store.Object) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.past[key] = append(b.past[key], before)
	b.left[key] = lag
}

func (b *eventual) Get(ctx context.Context, key string) (*store.Object, error) {
	if obj, ok := b.old(key); ok {
		if obj == nil {
			return nil, fmt.Errorf("%s: %w", key, store.ErrNotExist)
		}
		return obj, nil
	}
	return b.Bucket.Get(ctx, key)
}

func (b *eventual) Create(ctx context.Context, key string, m store.Meta, body store.Body) error {
	err := b.Bucket.Create(ctx, key, m, body)
	if err == nil {
		b.wrote(key, nil)
	}
	return err
}

func (b *eventual) Replace(ctx context.Context, key string, m store.Meta, body store.Body, etag string) (string, error) {
	before, err := b.Bucket.Get(ctx, key)
	if err != nil && !errors.Is(err, store.ErrNotExist) {
		return "", err
	}
	next, err := b.Bucket.Replace(ctx, key, m, body, etag)
	if err == nil {
		b.wrote(key, before)
	}
	return next, err
}

func (b *eventual) List(ctx context.Context, prefix string) iter.Seq2[string, error] {
	return func(yield func(string, error) bool) {
		for key, err := range b.Bucket.List(ctx, prefix) {
			b.mu.Lock()
			hide := err == nil && !b.calm && b.left[key] > 0 && b.rng.IntN(2) == 0
			if hide {
				b.left[key]--
				b.stale.add("LIST " + kind(key))
			}
			b.mu.Unlock()
			if !hide && !yield(key, err) {
				return
			}
		}
	}
}

// The protocol does not rest on S3's promise that a read sees the last write.
// Without it a publisher may be slower, or fail and have to be run again. But
// readers see a release that was published, whole, at every instant (world
// watches each write); what a publisher reports as done is what readers see,
// and nothing that was published is lost; and when the reads have caught up,
// everything agrees. What it rests on is the condition of a write.
func TestEventualConsistency(t *testing.T) {
	seen := &counter{}
	seeds := uint64(3)
	if *every {
		seeds = 60
	}
	for seed := range seeds {
		t.Run(fmt.Sprint("seed ", seed), func(t *testing.T) { eventually(t, seed, seen) })
	}
	// It is no test of anything if every answer was fresh.
	for _, what := range []string{"GET head.json", "GET release", "LIST page"} {
		if seen.n[what] < 10 {
			t.Errorf("stale answers: %v; want more of %s", seen, what)
		}
	}
	t.Logf("stale answers: %v", seen)
}

func eventually(t *testing.T, seed uint64, seen *counter) {
	ctx := context.Background()
	w := newWorld(t)
	rng := rand.New(rand.NewPCG(seed, 1))
	var late []*eventual
	publisher := func() *Publisher {
		p := w.publisher()
		for i := range p.Regions {
			p.Regions[i].Bucket, p.Regions[i].Renderer = late[i], stub{late[i]}
		}
		return p
	}
	for i, b := range w.buckets {
		late = append(late, &eventual{
			Bucket: b, rng: rand.New(rand.NewPCG(seed, uint64(i)+2)), stale: seen,
			past: map[string][]*store.Object{}, left: map[string]int{},
		})
	}
	plans := make([]*plan.Plan, 5)
	for i := range plans {
		plans[i] = planOf(t, map[string]string{"a": fmt.Sprintf("Version %d.", i), "b": "B.", "c": fmt.Sprintf("Version %d.", i/2)})
	}
	published := map[int]map[string]string{} // release → pages
	// Somebody runs it until it is done; each run is another process.
	until := func(what string, act func(*Publisher) error) {
		t.Helper()
		var err error
		for range 30 {
			if err = act(publisher()); err == nil || errors.Is(err, ErrNothing) {
				return
			}
		}
		t.Fatalf("%s: not done after 30 runs: %v", what, err)
	}
	for step := range 10 {
		pl := plans[rng.IntN(len(plans))]
		if back := 1 + rng.IntN(5); step > 4 && rng.IntN(4) == 0 && published[back] != nil {
			until(fmt.Sprint("rollback to ", back), func(p *Publisher) error {
				res, err := p.Rollback(ctx, back)
				if err == nil {
					published[res.N] = published[back]
				}
				return err
			})
			if _, now := w.visible(); !maps.Equal(now, published[back]) {
				t.Errorf("step %d: a rollback to %d is done, and readers see something else", step, back)
			}
			continue
		}
		until("publish", func(p *Publisher) error {
			res, err := p.Publish(ctx, pl, Commit{})
			if err == nil {
				if old := published[res.N]; old != nil && !maps.Equal(old, Targets(pl)) {
					t.Errorf("step %d: two publishes are release %d", step, res.N)
				}
				published[res.N] = Targets(pl)
			}
			return err
		})
		if n, now := w.visible(); !maps.Equal(now, Targets(pl)) {
			t.Errorf("step %d: a publish is done, and readers see release %d, which is something else", step, n)
		}
	}
	for _, b := range late {
		b.calm = true
	}
	until("the last publish", func(p *Publisher) error {
		_, err := p.Publish(ctx, plans[0], Commit{})
		return err
	})
	w.shows(plans[0])
	if s, err := publisher().Status(ctx); err != nil || !s.InStep {
		t.Errorf("when reads have caught up: %+v, %v", s, err)
	}
	// Nothing that was published is lost, in either region.
	for n, pages := range published {
		for i, b := range w.buckets {
			m, err := ReadManifest(ctx, b, n)
			if err != nil {
				t.Errorf("release %d in region %d: %v", n, i, err)
				continue
			}
			got, err := m.Pages()
			if err != nil || !maps.Equal(got, pages) {
				t.Errorf("release %d in region %d is another: %v, %v", n, i, Diff(pages, got), err)
			}
			for path, to := range pages {
				if to[0] == '/' {
					continue
				}
				if _, err := b.Get(ctx, "page/"+to); err != nil {
					t.Errorf("release %d, %s in region %d: %v", n, path, i, err)
				}
			}
		}
	}
}
