package cloud

import (
	"context"
	"crypto/sha256"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/victorleungtw/blog/internal/config"
	"github.com/victorleungtw/blog/internal/content"
	"github.com/victorleungtw/blog/internal/plan"
	"github.com/victorleungtw/blog/internal/recipe"
	"github.com/victorleungtw/blog/internal/release"
)

var quiet = slog.New(slog.DiscardHandler)

// place is a blog of a few posts in a folder, published and served.
type place struct {
	t      *testing.T
	folder string // the content
	cloud  *Cloud
	pub    *release.Publisher
	edge   *Edge
}

func newPlace(t *testing.T) *place {
	t.Helper()
	c, err := Local(context.Background(), t.TempDir(), LocalOptions{Log: quiet, Quick: true})
	if err != nil {
		t.Fatal(err)
	}
	p := &place{t: t, folder: t.TempDir(), cloud: c}
	p.pub = &release.Publisher{Regions: c.Regions, Table: c.Table, Check: c.Checker, Log: quiet, Now: time.Now}
	p.restart()
	for i := range 12 {
		p.write(fmt.Sprintf("posts/p%02d/index.en.md", i), fmt.Sprintf("---\ndate: 2026-01-%02d\ntags: [All]\n---\n# Post %d\n\nThe text of post %d.\n", i+1, i, i))
	}
	p.write("posts/p00/index.zh-Hant.md", "---\ndate: 2026-01-01\n---\n# 第零篇\n\n![圖](a.svg)\n")
	p.write("posts/p00/a.svg", `<svg xmlns="http://www.w3.org/2000/svg" width="4" height="3"/>`)
	return p
}

// restart gives the place an edge with an empty cache.
func (p *place) restart() {
	p.t.Helper()
	e, err := p.cloud.Edge(EdgeOptions{Log: quiet, Debug: true})
	if err != nil {
		p.t.Fatal(err)
	}
	p.edge = e
}

func (p *place) write(name, text string) {
	p.t.Helper()
	path := filepath.Join(p.folder, name)
	if err := os.MkdirAll(filepath.Dir(path), 0o777); err != nil {
		p.t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text), 0o666); err != nil {
		p.t.Fatal(err)
	}
}

func (p *place) publish() *release.Result {
	p.t.Helper()
	res, err := p.pub.Publish(context.Background(), p.plan(), release.Commit{})
	if err != nil {
		p.t.Fatal(err)
	}
	return res
}

// plan is what the folder holds now.
func (p *place) plan() *plan.Plan {
	p.t.Helper()
	ctx := context.Background()
	l, err := content.Open(p.folder, content.Options{Site: config.Site{
		Title: "Test", BaseURL: "https://example.com", PerPage: 10,
		Languages: []config.Language{{Tag: "en"}, {Tag: "zh-Hant", Prefix: "zh"}},
	}})
	if err != nil {
		p.t.Fatal(err)
	}
	p.t.Cleanup(func() { l.Close() })
	site, probs, err := l.Load(ctx)
	if err != nil || site == nil {
		p.t.Fatal(err, probs)
	}
	version, err := p.pub.Version(ctx)
	if err != nil {
		p.t.Fatal(err)
	}
	pl, probs := plan.Build(site, version)
	if probs.Err() != nil {
		p.t.Fatal(probs)
	}
	return pl
}

type answer struct {
	code         int
	sum, cache   string
	origin, kind string
}

func (p *place) get(path string) answer {
	p.t.Helper()
	req := httptest.NewRequest("GET", "http://edge.local"+(&url.URL{Path: path}).EscapedPath(), nil)
	req.Header.Set("Accept-Encoding", "br, gzip")
	w := httptest.NewRecorder()
	p.edge.ServeHTTP(w, req)
	body, _ := io.ReadAll(w.Body)
	cache, _, _ := strings.Cut(w.Header().Get("X-Cache"), " ")
	return answer{w.Code, fmt.Sprintf("%x", sha256.Sum256(body)), cache, w.Header().Get("X-Blog-Origin"), w.Header().Get("Content-Type")}
}

// all asks for every page of the current release: not for what redirects, nor
// for the search, which a renderer answers each time.
func (p *place) all() map[string]answer {
	p.t.Helper()
	n, pages, err := p.pub.Current(context.Background())
	if err != nil || n == 0 {
		p.t.Fatal(n, err)
	}
	out := map[string]answer{}
	for path, to := range pages {
		if !recipe.IsDigest(to) || path == recipe.SearchPath {
			continue
		}
		out[path] = p.get(path)
		if out[path].code != http.StatusOK {
			p.t.Errorf("%s: %d", path, out[path].code)
		}
	}
	return out
}

// A publish makes new what it changed and leaves everything else in the cache;
// so does going back.
func TestCacheAcrossReleases(t *testing.T) {
	p := newPlace(t)
	p.publish()
	first := p.all()
	for path, a := range first {
		if a.cache != "Miss" {
			t.Errorf("%s: %s at the first request", path, a.cache)
		}
	}
	p.write("posts/p06/index.en.md", "---\ndate: 2026-01-07\ntags: [All]\n---\n# Post 6\n\nThe text of post 6, mended.\n")
	res := p.publish()
	changed := map[string]bool{}
	for _, c := range res.Changes {
		changed[c.Path] = true
	}
	if !changed["/2026/01/07/p06/"] || changed["/2026/01/01/p00/"] || len(changed) > 20 {
		t.Errorf("changed: %v", res.Changes)
	}
	for path, a := range p.all() {
		if want := map[bool]string{true: "Miss", false: "Hit"}[changed[path]]; a.cache != want {
			t.Errorf("%s (changed %v): %s", path, changed[path], a.cache)
		}
		if (a.sum != first[path].sum) != changed[path] {
			t.Errorf("%s (changed %v): its bytes say otherwise", path, changed[path])
		}
	}
	if _, err := p.pub.Rollback(context.Background(), 1); err != nil {
		t.Fatal(err)
	}
	for path, a := range p.all() {
		if a.cache != "Hit" || a.sum != first[path].sum {
			t.Errorf("%s after the rollback: %s", path, a.cache)
		}
	}
}

// Published pages outlive any one part, with the same bytes.
func TestFallback(t *testing.T) {
	p := newPlace(t)
	p.publish()
	want := p.all()
	for _, tt := range []struct{ part, origin string }{{"primary", "renderer-fallback"}, {"renderer", "store"}} {
		p.restart() // with nothing in the cache
		if err := p.edge.Fail(tt.part, true); err != nil {
			t.Fatal(err)
		}
		for path, a := range p.all() {
			if a.sum != want[path].sum || a.origin != tt.origin || a.cache != "Miss" {
				t.Errorf("without %s: %s: %+v, want the bytes %s", tt.part, path, a, want[path].sum)
			}
		}
	}
	// With both away, what the edge has it still has; the rest is an error
	// that is not kept.
	p.restart()
	p.get("/")
	if err := p.edge.Fail("both", true); err != nil {
		t.Fatal(err)
	}
	if a := p.get("/"); a.code != 200 || a.cache != "Hit" {
		t.Errorf("a cached page without origins: %+v", a)
	}
	if a := p.get("/zh/"); a.code < 500 {
		t.Errorf("an uncached page without origins: %+v", a)
	}
	if err := p.edge.Fail("both", false); err != nil {
		t.Fatal(err)
	}
	if a := p.get("/zh/"); a.code != 200 {
		t.Errorf("after the origins are back: %+v", a)
	}
	if err := p.edge.Fail("everything", true); err == nil {
		t.Error("an unknown part was taken away")
	}
}

// A page that was lost from the store is made again by the renderer.
func TestLostObject(t *testing.T) {
	ctx := context.Background()
	root := t.TempDir()
	c, err := Local(ctx, root, LocalOptions{Log: quiet, Quick: true})
	if err != nil {
		t.Fatal(err)
	}
	p := newPlace(t)
	p.cloud = c
	p.pub.Regions, p.pub.Table, p.pub.Check = c.Regions, c.Table, c.Checker
	p.restart()
	p.publish()
	want := p.get("/2026/01/07/p06/")
	for _, region := range []string{"primary", "standby"} {
		if err := os.RemoveAll(filepath.Join(root, region, "page")); err != nil {
			t.Fatal(err)
		}
		if err := os.Mkdir(filepath.Join(root, region, "page"), 0o777); err != nil {
			t.Fatal(err)
		}
	}
	p.restart()
	if a := p.get("/2026/01/07/p06/"); a.code != 200 || a.sum != want.sum || a.origin != "renderer-fallback" {
		t.Errorf("%+v, want the bytes %s", a, want.sum)
	}
}

func TestDynamicAnswers(t *testing.T) {
	p := newPlace(t)
	p.publish()
	for range 2 {
		a := p.get("/api/release")
		if a.code != 200 || a.cache != "Miss" || a.kind != "application/json" {
			t.Errorf("/api/release: %+v", a)
		}
	}
	if a := p.get("/healthz"); a.code != 404 {
		t.Errorf("/healthz can be seen from outside: %+v", a)
	}
	if a := p.get("/head.json"); a.code != 404 {
		t.Errorf("/head.json can be seen from outside: %+v", a)
	}
}
