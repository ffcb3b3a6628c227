package cloud

import (
	"context"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/victorleungtw/blog/internal/edge"
	"github.com/victorleungtw/blog/internal/release"
	"github.com/victorleungtw/blog/internal/shown"
	"github.com/victorleungtw/blog/internal/store"
)

// A takedown through all the parts: what the edge had in its cache is gone, by
// the tags that the renderers gave it, and nothing else is.
func TestTakedownAtTheEdge(t *testing.T) {
	ctx := context.Background()
	const path = "/2026/01/04/p03/"
	for _, part := range []string{"", "primary"} {
		t.Run("without "+part, func(t *testing.T) {
			p := newPlace(t)
			p.publish()
			_, pages, err := p.pub.Current(ctx)
			if err != nil {
				t.Fatal(err)
			}
			if part != "" { // the pages come from the standby's renderer then
				if err := p.edge.Fail(part, true); err != nil {
					t.Fatal(err)
				}
			}
			old := map[string]string{} // address of a page in the first release → its path
			for at, digest := range pages {
				if strings.HasPrefix(digest, "/") {
					continue
				}
				old["/page/"+digest] = at
				if a := p.get("/page/" + digest); a.code != http.StatusOK {
					t.Fatalf("%s: %d", at, a.code)
				}
			}
			if part != "" {
				if err := p.edge.Fail(part, false); err != nil {
					t.Fatal(err)
				}
			}
			if err := os.RemoveAll(filepath.Join(p.folder, "posts", "p03")); err != nil {
				t.Fatal(err)
			}
			p.publish()
			for address, at := range old {
				if a := p.get(address); a.code != http.StatusOK || a.cache != "Hit" {
					t.Errorf("%s, deleted but not taken down: %d %s", at, a.code, a.cache)
				}
			}
			out, err := p.pub.Takedown(ctx, path, release.TakedownOptions{
				Purge: func(_ context.Context, items []string) error { return p.edge.Purge(items) },
				Gone:  (&release.HTTPCheck{Client: &http.Client{Transport: edge.HandlerOrigin(p.edge)}, Base: "http://edge.local"}).Gone,
			})
			if err != nil {
				t.Fatal(err)
			}
			if a := p.get(path); a.code != http.StatusGone {
				t.Errorf("the path: %d", a.code)
			}
			gone := map[string]bool{}
			for _, d := range out.Digests {
				gone["/page/"+d] = true
			}
			for address, at := range old {
				switch a := p.get(address); {
				case gone[address] && a.code != http.StatusNotFound:
					t.Errorf("%s, at its old address: %d %s", at, a.code, a.cache)
				case !gone[address] && (a.code != http.StatusOK || a.cache != "Hit"):
					t.Errorf("%s, which shows nothing of it: %d %s", at, a.code, a.cache)
				}
			}
			if len(gone) < 4 || len(gone) >= len(old) {
				t.Errorf("%d of %d pages are gone", len(gone), len(old))
			}
			p.all()
		})
	}
}

// The tags are the edge's business: stored with a page and each of its
// variants, and kept from readers.
func TestTagsAreStoredAndHidden(t *testing.T) {
	ctx := context.Background()
	p := newPlace(t)
	p.publish()
	const path = "/2026/01/04/p03/"
	_, pages, err := p.pub.Current(ctx)
	if err != nil {
		t.Fatal(err)
	}
	for _, suffix := range []string{"", ".br", ".gz"} {
		for _, r := range p.cloud.Regions {
			obj, err := r.Bucket.Get(ctx, "page/"+pages[path]+suffix)
			if err != nil {
				t.Fatal(err)
			}
			if !strings.HasPrefix(obj.CacheTags, shown.Tag(path)+",") {
				t.Errorf("%s%s in %s has the tags %q", path, suffix, r.Name, obj.CacheTags)
			}
		}
	}
	for _, part := range []string{"", "primary"} {
		p.restart()
		if part != "" {
			if err := p.edge.Fail(part, true); err != nil {
				t.Fatal(err)
			}
		}
		w := httptest.NewRecorder()
		p.edge.ServeHTTP(w, httptest.NewRequest("GET", "http://edge.local"+path, nil))
		if w.Code != http.StatusOK || w.Header().Get(store.CacheTagHeader) != "" {
			t.Errorf("without %q: %d, tags %q", part, w.Code, w.Header().Get(store.CacheTagHeader))
		}
	}
}
