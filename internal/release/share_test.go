package release

import (
	"context"
	"errors"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/victorleungtw/blog/internal/plan"
	"github.com/victorleungtw/blog/internal/routes"
	"github.com/victorleungtw/blog/internal/store"
)

func pageOf(t *testing.T, pl *plan.Plan, path string) plan.Page {
	t.Helper()
	for _, pg := range pl.Pages {
		if pg.Path == path {
			return pg
		}
	}
	t.Fatalf("no page %s", path)
	return plan.Page{}
}

// A shared page leads to nothing that its readers are not to see, is made in
// every region, and no reader of the blog sees anything of it.
func TestShare(t *testing.T) {
	ctx := context.Background()
	site := planOf(t, map[string]string{"a": "A."})
	all := planOf(t, map[string]string{"a": "A.", "b": "Draft.", "c": "Another draft."})
	pg := pageOf(t, all, "/2026/01/02/b/")
	if pg.Recipe.Post.Newer == nil || pg.Recipe.Post.Older == nil {
		t.Fatal("the draft has no neighbours, so nothing is tried here")
	}
	for _, published := range []bool{false, true} {
		w := newWorld(t)
		if published {
			publish(t, w.publisher(), site)
		}
		link, until, err := w.publisher().Share(ctx, all, pg, 48*time.Hour)
		if err != nil {
			t.Fatal(err)
		}
		key, ok, err := w.table.Get(ctx, "www!k")
		digest := strings.Split(link, ".")[1]
		if err != nil || !ok || !until.Equal(w.now().Add(48*time.Hour).Truncate(time.Second)) || link != routes.ShareLink(routes.Site, key, until, digest) {
			t.Errorf("%s, signed with %q, %v", link, key, err)
		}
		for i, b := range w.buckets {
			raw, err := b.Get(ctx, "recipe/"+digest)
			if err != nil {
				t.Fatal(err)
			}
			if text := string(raw.Body); !strings.Contains(text, `"noindex":true`) || strings.Contains(text, "Post c") || strings.Contains(text, "Post a") {
				t.Errorf("the recipe in region %d: %s", i, text)
			}
			for _, other := range all.Pages {
				_, err := b.Get(ctx, "page/"+other.Digest)
				if style := strings.HasSuffix(other.Path, ".css"); style && err != nil {
					t.Errorf("the stylesheet is not stored in region %d: %v", i, err)
				} else if !published && !style && !errors.Is(err, store.ErrNotExist) {
					t.Errorf("%s was made in region %d", other.Path, i)
				}
			}
		}
		if pg.Recipe.Post.Newer == nil || pg.Recipe.NoIndex {
			t.Error("the plan was changed")
		}
		if published {
			w.shows(site)
		}
	}
}

func TestShareRefuses(t *testing.T) {
	ctx := context.Background()
	w := newWorld(t)
	all := planOf(t, map[string]string{"a": "A.", "b": "B."})
	for name, tt := range map[string]struct {
		path string
		d    time.Duration
		want string
	}{
		"a list":         {"/", time.Hour, "not a post"},
		"no time":        {"/2026/01/01/a/", 0, "up to 720 hours"},
		"the past":       {"/2026/01/01/a/", -time.Hour, "up to 720 hours"},
		"more than kept": {"/2026/01/01/a/", MaxShare + time.Second, "up to 720 hours"},
	} {
		if link, _, err := w.publisher().Share(ctx, all, pageOf(t, all, tt.path), tt.d); err == nil || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%s: %q, %v", name, link, err)
		}
	}
	if _, ok, err := w.table.Get(ctx, "www!k"); ok || err != nil {
		t.Errorf("a key for nothing, %v", err)
	}
}

// All publishers sign with one key, whoever made it; it outlives a table that is
// written anew, and goes when it is revoked.
func TestShareKey(t *testing.T) {
	ctx := context.Background()
	w := newWorld(t)
	publish(t, w.publisher(), planOf(t, map[string]string{"a": "A."}))
	keys := make([]string, 8)
	var wg sync.WaitGroup
	for i := range keys {
		wg.Go(func() {
			var err error
			if keys[i], err = w.publisher().shareKey(ctx, false); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	for _, k := range keys {
		if k == "" || k != keys[0] {
			t.Fatalf("keys %q", keys)
		}
	}
	etag, err := w.table.Version(ctx)
	if err != nil {
		t.Fatal(err)
	}
	// What a table is when another one was put in its place.
	if _, err := w.watch.Table.Update(ctx, etag, map[string]string{"www!c": `{"n":1}`, "www/x/": "1:-"}, nil); err != nil {
		t.Fatal(err)
	}
	if _, err := w.publisher().Repair(ctx, false); err != nil {
		t.Fatal(err)
	}
	if k, err := w.publisher().shareKey(ctx, false); err != nil || k != keys[0] {
		t.Errorf("after the table was made anew: %q, %v", k, err)
	}
	if err := w.publisher().RevokeShares(ctx); err != nil {
		t.Fatal(err)
	}
	if k, err := w.publisher().shareKey(ctx, false); err != nil || k == keys[0] {
		t.Errorf("after they were revoked: %q, %v", k, err)
	}
}
