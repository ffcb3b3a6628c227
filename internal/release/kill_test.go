package release

import (
	"context"
	"errors"
	"flag"
	"maps"
	"math"
	"sync"
	"testing"

	"github.com/victorleungtw/blog/internal/plan"
	"github.com/victorleungtw/blog/internal/routes"
	"github.com/victorleungtw/blog/internal/store"
)

// errKilled is what a publisher sees of its own death: nothing that it does
// afterwards has an effect.
var errKilled = errors.New("killed")

// killer lets a number of writes through and then no more, to any part. With
// done the last one is carried out and only its answer is lost.
type killer struct {
	mu   sync.Mutex // one write at a time, so that they can be counted
	left int
	done bool
	dead bool
	step string   // in which it killed
	all  []string // the step of each write
}

// write runs one write, or does not.
func (k *killer) write(do func() error) error { return k.in("", do) }

// in is a write in a step of a publish.
func (k *killer) in(step string, do func() error) error {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.dead {
		return errKilled
	}
	k.all = append(k.all, step)
	k.left--
	if k.left > 0 {
		return do()
	}
	k.dead, k.step = true, step
	if k.done {
		if err := do(); err != nil {
			return err
		}
	}
	return errKilled
}

func (k *killer) read() error {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.dead {
		return errKilled
	}
	return nil
}

type killedBucket struct {
	store.Bucket
	k *killer
}

func (b killedBucket) Get(ctx context.Context, key string) (*store.Object, error) {
	if err := b.k.read(); err != nil {
		return nil, err
	}
	return b.Bucket.Get(ctx, key)
}

func (b killedBucket) Create(ctx context.Context, key string, m store.Meta, body store.Body) error {
	return b.k.write(func() error { return b.Bucket.Create(ctx, key, m, body) })
}

func (b killedBucket) Replace(ctx context.Context, key string, m store.Meta, body store.Body, etag string) (next string, err error) {
	err = b.k.write(func() error {
		next, err = b.Bucket.Replace(ctx, key, m, body, etag)
		return err
	})
	return next, err
}

type killedTable struct {
	routes.Table
	k *killer
}

func (t killedTable) Version(ctx context.Context) (string, error) {
	if err := t.k.read(); err != nil {
		return "", err
	}
	return t.Table.Version(ctx)
}

func (t killedTable) Update(ctx context.Context, etag string, puts map[string]string, deletes []string) (next routes.Info, err error) {
	err = t.k.write(func() error {
		next, err = t.Table.Update(ctx, etag, puts, deletes)
		return err
	})
	return next, err
}

var every = flag.Bool("every", false, "kill at every write; else at every 25th upload and at every write after the uploads")

// sequential leaves a long test out of a run with -short, which is how the race
// detector is run: in it one thing happens after another.
func sequential(t *testing.T) {
	t.Helper()
	if testing.Short() {
		t.Skip("NOT RUN with -short: nothing in it happens at the same time")
	}
}

// A publisher is killed at each of its writes, before it and after it. Readers
// see the old release or the new one, whole; the next run finishes.
func TestKilledAtEveryWrite(t *testing.T) {
	sequential(t)
	posts := map[string]string{}
	// Enough pages that the route table takes more than one call.
	for slug := 'a'; slug < 'y'; slug++ {
		posts[string(slug)] = "Text."
	}
	first := planOf(t, posts)
	for slug := range posts {
		posts[slug] = "Other text."
	}
	delete(posts, "c")
	posts["y"] = "New."
	second := planOf(t, posts)
	if len(Diff(Targets(first), Targets(second))) <= routes.MaxUpdate {
		t.Fatal("the change fits one call")
	}
	t.Run("many changes", func(t *testing.T) { killEverywhere(t, first, second) })
	t.Run("the first publish", func(t *testing.T) { killEverywhere(t, nil, second) })
	t.Run("the first publish, without blocks", func(t *testing.T) {
		// So that it takes more than one call.
		defer func(n int) { worthBlocks = n }(worthBlocks)
		worthBlocks = math.MaxInt
		killEverywhere(t, nil, second)
	})
	posts["d"] = "Once more."
	t.Run("one change", func(t *testing.T) { killEverywhere(t, second, planOf(t, posts)) })
}

// killEverywhere kills the publisher of second at its writes. First is what is
// there before; nil for nothing.
func killEverywhere(t *testing.T, first, second *plan.Plan) {
	ctx := context.Background()
	begin := func() *world {
		w := newWorld(t)
		if first != nil {
			publish(t, w.publisher(), first)
		}
		return w
	}
	before := map[string]string{}
	if first != nil {
		before = Targets(first)
	}
	attempt := func(w *world, k *killer) error {
		p := w.publisher()
		p.Workers = 1 // so that a number names the same write each time
		p.Table = killedTable{w.table, k}
		for i := range p.Regions {
			b := killedBucket{w.buckets[i], k}
			p.Regions[i].Bucket, p.Regions[i].Renderer = b, stub{b}
		}
		_, err := p.Publish(ctx, second, Commit{})
		return err
	}
	// How many writes there are, to know where the last ones begin.
	const plenty = 1 << 20
	count := &killer{left: plenty}
	if err := attempt(begin(), count); err != nil {
		t.Fatal(err)
	}
	total := plenty - count.left

	old, fresh := 0, 0
	for _, done := range []bool{false, true} {
		for at := 1; at <= total; at++ {
			if !*every && at < total-10 && at%25 != 0 {
				continue
			}
			w := begin()
			k := &killer{left: at, done: done}
			// The last write only notes that the edge is in step.
			if err := attempt(w, k); err == nil && at < total || !k.dead {
				t.Fatalf("killed at write %d of %d: %v", at, total, err)
			}
			w.checkWhole()
			switch _, seen := w.visible(); {
			case maps.Equal(seen, before):
				old++
			case maps.Equal(seen, Targets(second)):
				fresh++
			default:
				t.Errorf("killed at write %d (done %v): readers see neither release", at, done)
			}
			if _, err := w.publisher().Publish(ctx, second, Commit{}); err != nil && !errors.Is(err, ErrNothing) {
				t.Fatalf("killed at write %d (done %v): the next run: %v", at, done, err)
			}
			w.shows(second)
			if s, err := w.publisher().Status(ctx); err != nil || !s.InStep {
				t.Errorf("killed at write %d (done %v): after the next run: %+v %v", at, done, s, err)
			}
			if t.Failed() {
				return
			}
		}
	}
	t.Logf("%d kills left the old release visible, %d the new one", old, fresh)
	if old == 0 || fresh == 0 {
		t.Error("the kills were all on one side of the flip")
	}
}

// After a kill the author changes their mind: what was half published never
// shows.
func TestKilledThenPublishedSomethingElse(t *testing.T) {
	ctx := context.Background()
	first := planOf(t, map[string]string{"a": "A.", "b": "B."})
	second := planOf(t, map[string]string{"a": "A.", "b": "B.", "never": "N."})
	third := planOf(t, map[string]string{"a": "A.", "b": "Better."})
	for at := 1; ; at++ {
		w := newWorld(t)
		publish(t, w.publisher(), first)
		k := &killer{left: at, done: true}
		p := w.publisher()
		p.Workers = 1
		p.Table = killedTable{w.table, k}
		for i := range p.Regions {
			b := killedBucket{w.buckets[i], k}
			p.Regions[i].Bucket, p.Regions[i].Renderer = b, stub{b}
		}
		p.Publish(ctx, second, Commit{}) // its end is looked at below
		if !k.dead {
			return
		}
		publish(t, w.publisher(), third)
		w.shows(third)
		if _, err := w.publisher().Rollback(ctx, 1); err != nil {
			t.Fatalf("killed at write %d: rolling back: %v", at, err)
		}
		w.shows(first)
		if t.Failed() {
			t.Fatalf("killed at write %d", at)
		}
	}
}
