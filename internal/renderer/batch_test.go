package renderer_test

import (
	"context"
	"fmt"
	"runtime"
	"strings"
	"sync"
	"testing"

	"github.com/victorleungtw/blog/internal/renderer"
	"github.com/victorleungtw/blog/internal/store"
)

// counted counts what is read from a bucket, by key.
type counted struct {
	store.Bucket
	mu   sync.Mutex
	gets map[string]int
}

func (c *counted) Get(ctx context.Context, key string) (*store.Object, error) {
	c.mu.Lock()
	c.gets[key]++
	c.mu.Unlock()
	return c.Bucket.Get(ctx, key)
}

// TestBatchReads makes all pages of a blog in which many feeds show one post.
func TestBatchReads(t *testing.T) {
	var tags []string
	for i := range 30 {
		tags = append(tags, fmt.Sprint("tag", i))
	}
	b := newBlog(t, write(t, map[string]string{
		"posts/edge/index.en.md": "---\ndate: 2026-01-01\ntags: [" + strings.Join(tags, ", ") + "]\n---\n# Edge\n\nA cached page is fast.\n",
	}), twoLanguages)
	var all []string
	for _, pg := range b.plan.Pages {
		all = append(all, pg.Digest)
	}
	batch := func() map[string]int {
		c := &counted{Bucket: b.Bucket, gets: map[string]int{}}
		b.Bucket = c
		defer func() { b.Bucket = c.Bucket }()
		if _, err := b.Do(t.Context(), renderer.Request{Render: all}); err != nil {
			t.Fatal(err)
		}
		return c.gets
	}

	together := 2 * runtime.GOMAXPROCS(0) // those who begin at once may each read
	sources := 0
	for key, n := range batch() {
		kind, name, _ := strings.Cut(key, "/")
		switch {
		case kind == "page" && strings.Contains(name, "."):
			t.Errorf("%s was looked for %d times, beside a page that was not there", key, n)
		case kind == "src":
			sources++
			if n > together {
				t.Errorf("%s was read %d times", key, n)
			}
		case n != 1:
			t.Errorf("%s was read %d times", key, n)
		}
	}
	if sources != 1 || len(all) <= 2*together {
		t.Fatalf("%d pages read %d sources, which shows nothing", len(all), sources)
	}

	// Beside a page that is there, something may be missing.
	looked := 0
	for key := range batch() {
		if strings.Contains(key, ".") {
			looked++
		}
	}
	if looked < 2*len(all) {
		t.Errorf("of %d pages that were there, %d variants were looked for", len(all), looked)
	}
}
