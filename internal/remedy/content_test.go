package remedy

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/victorleungtw/blog/internal/config"
	"github.com/victorleungtw/blog/internal/content"
	"github.com/victorleungtw/blog/internal/names"
	"github.com/victorleungtw/blog/internal/plan"
	"github.com/victorleungtw/blog/internal/release"
	"github.com/victorleungtw/blog/internal/render"
	"github.com/victorleungtw/blog/internal/renderer"
	"github.com/victorleungtw/blog/internal/routes"
	"github.com/victorleungtw/blog/internal/routes/file"
	"github.com/victorleungtw/blog/internal/store"
)

// blog is a published blog of two regions with a content remedy.
type blog struct {
	*Content
	t       *testing.T
	regions []release.Region
	table   routes.Table
	people
	now time.Time
}

func newBlog(t *testing.T) *blog {
	b := &blog{t: t, now: time.Date(2026, 11, 24, 9, 0, 0, 0, time.UTC)}
	for _, name := range []string{"primary", "standby"} {
		s := bucket(t)
		b.regions = append(b.regions, release.Region{Name: name, Bucket: s, Renderer: &renderer.Renderer{Bucket: s, Log: quiet, Quick: true}})
	}
	var err error
	if b.table, err = file.Open(filepath.Join(t.TempDir(), "routes")); err != nil {
		t.Fatal(err)
	}
	b.Content = &Content{Desk: Desk{
		Journal: Journal{b.regions[0].Bucket, names.ContentJournal}, Alarms: []string{alarmName},
		Tell: b.tell, Now: func() time.Time { return b.now }, Log: quiet,
	}}
	return b
}

func (b *blog) publisher() *release.Publisher {
	return &release.Publisher{Regions: append([]release.Region(nil), b.regions...), Table: b.table, Log: quiet, Now: b.Now}
}

// publish publishes a blog of one post with this text.
func (b *blog) publish(text string) {
	b.t.Helper()
	folder := b.t.TempDir()
	post := filepath.Join(folder, "posts", "hello")
	if err := os.MkdirAll(post, 0o755); err != nil {
		b.t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(post, "index.en.md"), []byte("---\ndate: 2026-03-01\n---\n# Hello\n\n"+text+"\n"), 0o644); err != nil {
		b.t.Fatal(err)
	}
	l, err := content.Open(folder, content.Options{Site: config.Site{
		Title: "Test", BaseURL: "https://example.com", PerPage: 3, Languages: []config.Language{{Tag: "en"}},
	}})
	if err != nil {
		b.t.Fatal(err)
	}
	defer l.Close()
	site, probs, err := l.Load(b.t.Context())
	if err != nil || site == nil {
		b.t.Fatal(err, probs)
	}
	pl, probs := plan.Build(site, render.Version())
	if probs.Err() != nil {
		b.t.Fatal(probs)
	}
	if _, err := b.publisher().Publish(b.t.Context(), pl, release.Commit{}); err != nil {
		b.t.Fatal(err)
	}
}

func (b *blog) rollback(n int) {
	b.t.Helper()
	if _, err := b.publisher().Rollback(b.t.Context(), n); err != nil {
		b.t.Fatal(err)
	}
}

// seen is what the route table shows.
func (b *blog) seen() int {
	b.t.Helper()
	v, _, err := b.table.Get(b.t.Context(), routes.Site.CurrentKey())
	if err != nil {
		b.t.Fatal(err)
	}
	if v == "" {
		return 0
	}
	cur, err := routes.ParseCurrent(v)
	if err != nil {
		b.t.Fatal(err)
	}
	return cur.At(b.now)
}

// want: after an alarm readers see release n, and this was told.
func (b *blog) want(id string, n int, told string) {
	b.t.Helper()
	b.Publisher = b.publisher() // each event has a new one
	if err := b.Handle(b.t.Context(), alarmAt(b.t, id, b.now)); err != nil {
		b.t.Errorf("%s: %v", id, err)
	}
	if got := b.seen(); got != n {
		b.t.Errorf("%s: readers see %d, want %d", id, got, n)
	}
	if got := b.heard(); !strings.HasPrefix(got, told) || told == "" && got != "" {
		b.t.Errorf("%s: told %q, want %q", id, got, told)
	}
	s, err := b.publisher().Status(b.t.Context())
	if err != nil || !s.InStep {
		b.t.Errorf("%s: %+v %v", id, s, err)
	}
}

func TestContentGoesBack(t *testing.T) {
	b := newBlog(t)
	b.want("0", 0, "")
	b.publish("First.")
	b.publish("Second.")
	b.publish("Third.")
	b.now = b.now.Add(5 * time.Minute)
	b.want("a", 2, "Taken back: Release 2 is current again instead of 3")
	b.want("a", 2, "Taken back: Release 2 is current again instead of 3") // it came twice
	b.want("b", 2, "Not repaired, over to you: Release 2 is one that somebody went back to")

	// The workflow publishes again within the hour.
	b.now = b.now.Add(10 * time.Minute)
	b.publish("Third, again.")
	b.want("c", 4, "Not repaired, over to you: Release 4 is 0s old, but a release was taken back at 2026-11-24T09:05:00Z (3 to 2)")
	b.now = b.now.Add(Pause)
	b.publish("Fifth.")
	b.want("d", 4, "Taken back: Release 4 is current again instead of 5")
}

func TestContentLeavesAlone(t *testing.T) {
	for name, c := range map[string]struct {
		then func(*blog)
		n    int
		told string
	}{
		"an old release":          {func(b *blog) { b.now = b.now.Add(ContentWindow + time.Second) }, 2, ""},
		"a person was faster":     {func(b *blog) { b.rollback(1) }, 1, "Not repaired, over to you: Release 1 is one that somebody went back to"},
		"and it was long ago":     {func(b *blog) { b.rollback(1); b.now = b.now.Add(time.Hour) }, 1, ""},
		"it went back and forth":  {func(b *blog) { b.rollback(1); b.rollback(2) }, 2, "Not repaired, over to you: Release 2"},
		"an old, republished one": {func(b *blog) { b.now = b.now.Add(time.Hour); b.publish("Third.") }, 2, "Taken back: Release 2 is current again instead of 3"},
	} {
		t.Run(name, func(t *testing.T) {
			b := newBlog(t)
			b.publish("First.")
			b.publish("Second.")
			c.then(b)
			b.want("a", c.n, c.told)
		})
	}
	t.Run("the first release", func(t *testing.T) {
		b := newBlog(t)
		b.publish("First.")
		b.want("a", 1, "Not repaired, over to you: Release 1 is the first")
	})
	t.Run("wrong and finished alarms", func(t *testing.T) {
		b := newBlog(t)
		b.publish("First.")
		b.publish("Second.")
		b.Publisher = b.publisher()
		over := recorded(t, "ok")
		over.Time = b.now
		other := alarmAt(t, "x", b.now)
		other.Detail = []byte(strings.Replace(string(other.Detail), alarmName, "another", 1))
		if err := b.Handle(t.Context(), over); err != nil {
			t.Error(err)
		}
		if err := b.Handle(t.Context(), other); err != nil {
			t.Error(err)
		}
		if err := b.Handle(t.Context(), recorded(t, "action")); err == nil {
			t.Error("an event without a type was taken")
		}
		if b.seen() != 2 || b.heard() != "" {
			t.Errorf("readers see %d", b.seen())
		}
	})
}

// racing is a bucket before whose next replacement somebody else acts.
type racing struct {
	store.Bucket
	act func()
}

func (r *racing) Replace(ctx context.Context, key string, m store.Meta, body store.Body, etag string) (string, error) {
	if act := r.act; act != nil {
		r.act = nil
		act()
	}
	return r.Bucket.Replace(ctx, key, m, body, etag)
}

// A newer release that is published after the remedy looked, and before it acts,
// stays; and so does what a person went back to.
func TestContentLosesARace(t *testing.T) {
	for name, c := range map[string]struct {
		act  func(*blog)
		want int
	}{
		"a publish":  {func(b *blog) { b.publish("Third.") }, 3},
		"a rollback": {func(b *blog) { b.rollback(1) }, 1},
	} {
		t.Run(name, func(t *testing.T) {
			b := newBlog(t)
			b.publish("First.")
			b.publish("Second.")
			b.Journal.Bucket = &racing{b.regions[0].Bucket, func() { c.act(b) }}
			b.want("a", c.want, "Not repaired, over to you: Release 2 is not current any more")
		})
	}
}

// What was written down and not done is done by the retry; and so is what was
// done and not told.
func TestContentCutShort(t *testing.T) {
	b := newBlog(t)
	b.publish("First.")
	b.publish("Second.")
	e, etag, err := b.Journal.read(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	e.Act = &Act{Event: "a", At: b.now, From: "2", To: "1"}
	if _, err := b.Journal.write(t.Context(), e, etag); err != nil {
		t.Fatal(err)
	}
	b.deaf = true
	b.Publisher = b.publisher()
	if err := b.Handle(t.Context(), alarmAt(t, "a", b.now)); err == nil || !strings.Contains(err.Error(), "telling people") {
		t.Fatalf("got %v", err)
	}
	b.deaf = false
	b.want("a", 1, "Taken back: Release 1 is current again instead of 2")
}
