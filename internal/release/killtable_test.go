package release

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/victorleungtw/blog/internal/content"
	"github.com/victorleungtw/blog/internal/plan"
	"github.com/victorleungtw/blog/internal/recipe"
	"github.com/victorleungtw/blog/internal/routes"
	"github.com/victorleungtw/blog/internal/store"
)

// killRow is a row of the table in docs/publish.md.
type killRow struct{ when, readers, head, next string }

// killTable reads the table of what a kill leaves.
func killTable(t *testing.T) map[string]killRow {
	t.Helper()
	doc, err := os.ReadFile("../../docs/publish.md")
	if err != nil {
		t.Fatal(err)
	}
	_, section, ok := strings.Cut(string(doc), "\n## Killed at each step\n")
	if !ok {
		t.Fatal("publish.md has no section on kills")
	}
	section, _, _ = strings.Cut(section, "\n## ")
	rows := map[string]killRow{}
	for line := range strings.Lines(section) {
		cells := strings.Split(strings.TrimSpace(line), "|")
		if len(cells) != 7 || strings.HasPrefix(line, "|---") {
			continue
		}
		for i := range cells {
			cells[i] = strings.TrimSpace(cells[i])
		}
		if cells[1] == "killed" {
			continue
		}
		rows[cells[1]] = killRow{cells[1], cells[2], cells[3], cells[4]}
	}
	return rows
}

// stepper is a killer who knows which step of a publish is which.
type stepper struct {
	*killer
	flipped bool // the route table has the release, or is about to have it
}

type steppedBucket struct {
	store.Bucket
	s       *stepper
	primary bool
}

func (b steppedBucket) Get(ctx context.Context, key string) (*store.Object, error) {
	if err := b.s.read(); err != nil {
		return nil, err
	}
	return b.Bucket.Get(ctx, key)
}

func (b steppedBucket) Create(ctx context.Context, key string, m store.Meta, body store.Body) error {
	step := "in 2"
	switch {
	case strings.HasPrefix(key, "asset/"):
		step = "in 1"
	case strings.HasPrefix(key, "release/"):
		step = "in 3"
	}
	return b.s.in(step, func() error { return b.Bucket.Create(ctx, key, m, body) })
}

func (b steppedBucket) Replace(ctx context.Context, key string, m store.Meta, body store.Body, etag string) (next string, err error) {
	swap := func() error { next, err = b.Bucket.Replace(ctx, key, m, body, etag); return err }
	switch {
	case !b.primary:
		err = b.s.in("in 5, before its last call", swap)
	case b.s.flipped:
		err = b.s.in("in 6", swap)
	case b.s.done:
		err = b.s.in("in 4, after the head changed", swap)
	default:
		err = b.s.in("in 4, before the head changed", swap)
	}
	return next, err
}

type steppedTable struct {
	routes.Table
	s *stepper
}

func (t steppedTable) Version(ctx context.Context) (string, error) {
	if err := t.s.read(); err != nil {
		return "", err
	}
	return t.Table.Version(ctx)
}

func (t steppedTable) Update(ctx context.Context, etag string, puts map[string]string, deletes []string) (info routes.Info, err error) {
	cur, _ := routes.ParseCurrent(puts[routes.Site.CurrentKey()])
	step := "in 5, before its last call"
	if cur.N == 2 {
		t.s.flipped = true
		if t.s.done {
			step = "in 5, after its last call"
		}
	}
	err = t.s.in(step, func() error { info, err = t.Table.Update(ctx, etag, puts, deletes); return err })
	return info, err
}

// The table in docs/publish.md says what a kill at each step leaves. It is held
// to a publisher that is killed before and after each of its writes.
func TestKillTable(t *testing.T) {
	sequential(t)
	ctx := context.Background()
	rows := killTable(t)
	posts := map[string]string{}
	for i := range 26 { // entries for more than one call
		posts[fmt.Sprintf("p%02d", i)] = "Text."
	}
	first := planOf(t, posts)
	for slug := range posts {
		posts[slug] = "Other text."
	}
	second := planOf(t, posts)
	picture := []byte("a picture")
	key := "asset/" + recipe.Sum(picture) + ".png"
	second.Site.Assets[key] = content.Asset{Key: key, Body: store.Bytes(picture)}

	// run has the second release published by somebody who is killed.
	run := func(at int, done bool) (*world, *stepper) {
		w := newWorld(t)
		publish(t, w.publisher(), first)
		s := &stepper{killer: &killer{left: at, done: done}}
		p := w.publisher()
		p.Workers = 1
		p.Table = steppedTable{w.watch.Table, s}
		for i := range p.Regions {
			b := steppedBucket{w.buckets[i], s, i == 0}
			p.Regions[i].Bucket, p.Regions[i].Renderer = b, stub{b}
		}
		p.Check = checkFunc(func(int, []Change) error { return s.in("in 7", func() error { return nil }) })
		p.Publish(ctx, second, Commit{}) // its end is looked at below
		return w, s
	}
	_, whole := run(1<<20, false)
	seen := map[string]int{}
	for _, done := range []bool{false, true} {
		for at := range whole.all {
			if whole.all[at] == "in 2" && at%50 > 0 {
				continue // there are hundreds, one like the other
			}
			w, s := run(at+1, done)
			if !s.dead {
				t.Fatalf("nobody was killed at write %d of %d", at+1, len(whole.all))
			}
			seen[s.step]++
			row, ok := rows[s.step]
			if !ok {
				t.Fatalf("publish.md has no row %q", s.step)
			}
			n, _ := w.visible()
			if want := fmt.Sprintf("%d, whole", n); row.readers != want {
				t.Errorf("killed %s: readers see %s; publish.md says %s", s.step, want, row.readers)
			}
			w.shows(map[int]*plan.Plan{1: first, 2: second}[n])
			head, _, err := ReadHead(ctx, w.buckets[0])
			if err != nil || fmt.Sprint(head.N) != row.head {
				t.Errorf("killed %s: the head says %d (%v); publish.md says %s", s.step, head.N, err, row.head)
			}
			res, err := w.publisher().Publish(ctx, second, Commit{})
			got := "nothing"
			if err == nil {
				got = fmt.Sprint(res.N)
			} else if !errors.Is(err, ErrNothing) {
				t.Fatalf("killed %s: the next run: %v", s.step, err)
			}
			if got != row.next && row.next != "2 or 3" || row.next == "2 or 3" && got != "2" && got != "3" {
				t.Errorf("killed %s: the next run publishes %s; publish.md says %s", s.step, got, row.next)
			}
			w.shows(second)
			if st, err := w.publisher().Status(ctx); err != nil || !st.InStep || st.Head.Live == nil {
				t.Errorf("killed %s: after the next run: %+v %v", s.step, st, err)
			}
			if t.Failed() {
				return
			}
		}
	}
	for step := range rows {
		if seen[step] == 0 {
			t.Errorf("nobody was killed %s", step)
		}
	}
}
