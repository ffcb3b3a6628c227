package release

import (
	"context"
	"fmt"
	"iter"
	"maps"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/victorleungtw/blog/internal/routes"
	"github.com/victorleungtw/blog/internal/store"
)

// counter counts requests by kind.
type counter struct {
	mu sync.Mutex
	n  map[string]int
}

func (c *counter) add(what string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.n == nil {
		c.n = map[string]int{}
	}
	c.n[what]++
}

func (c *counter) String() string {
	var out []string
	for _, k := range slices.Sorted(maps.Keys(c.n)) {
		out = append(out, fmt.Sprintf("%s %d", k, c.n[k]))
	}
	return strings.Join(out, ", ")
}

type countedBucket struct {
	store.Bucket
	c *counter
}

func kind(key string) string {
	if k, _, ok := strings.Cut(key, "/"); ok {
		return k
	}
	return key
}

func (b countedBucket) Get(ctx context.Context, key string) (*store.Object, error) {
	b.c.add("GET " + kind(key))
	return b.Bucket.Get(ctx, key)
}

func (b countedBucket) Create(ctx context.Context, key string, m store.Meta, body store.Body) error {
	b.c.add("PUT " + kind(key))
	return b.Bucket.Create(ctx, key, m, body)
}

func (b countedBucket) Replace(ctx context.Context, key string, m store.Meta, body store.Body, etag string) (string, error) {
	b.c.add("PUT " + kind(key))
	return b.Bucket.Replace(ctx, key, m, body, etag)
}

func (b countedBucket) List(ctx context.Context, prefix string) iter.Seq2[string, error] {
	b.c.add("LIST " + kind(prefix))
	return b.Bucket.List(ctx, prefix)
}

type countedTable struct {
	routes.Table
	c *counter
}

func (t countedTable) Version(ctx context.Context) (string, error) {
	t.c.add("describe")
	return t.Table.Version(ctx)
}

func (t countedTable) Get(ctx context.Context, key string) (string, bool, error) {
	t.c.add("get")
	return t.Table.Get(ctx, key)
}

func (t countedTable) Update(ctx context.Context, etag string, puts map[string]string, deletes []string) (routes.Info, error) {
	t.c.add("update")
	return t.Table.Update(ctx, etag, puts, deletes)
}

// What a publish costs is a promise too: requests do not grow with the blog,
// and a change of the protocol that adds one shows here.
func TestRequests(t *testing.T) {
	ctx := context.Background()
	count := func(posts int) (edit, nothing string) {
		w := newWorld(t)
		all := map[string]string{}
		for i := range posts {
			all[fmt.Sprintf("p%02d", i)] = "Text."
		}
		publish(t, w.publisher(), planOf(t, all))
		all["p00"] = "Other text."
		next := planOf(t, all)
		run := func() string {
			p := w.publisher()
			c := [3]counter{}
			for i := range p.Regions {
				p.Regions[i].Bucket = countedBucket{p.Regions[i].Bucket, &c[i]}
			}
			p.Table = countedTable{p.Table, &c[2]}
			p.Publish(ctx, next, Commit{}) // what it did is looked at by other tests
			return fmt.Sprintf("primary: %v\nstandby: %v\ntable: %v", &c[0], &c[1], &c[2])
		}
		return run(), run()
	}
	edit, nothing := count(4)
	wantEdit := `primary: GET head.json 1, GET release 1, PUT head.json 2, PUT release 1
standby: GET head.json 1, PUT head.json 1, PUT release 1
table: describe 1, update 1`
	wantNothing := `primary: GET head.json 1
standby: 
table: describe 1`
	if edit != wantEdit {
		t.Errorf("an edit costs\n%s\nwant\n%s", edit, wantEdit)
	}
	if nothing != wantNothing {
		t.Errorf("nothing new costs\n%s\nwant\n%s", nothing, wantNothing)
	}
	// The same on a blog of six times the size.
	if more, _ := count(24); more != wantEdit {
		t.Errorf("on a larger blog an edit costs\n%s", more)
	}
}
