package renderer_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/victorleungtw/blog/internal/bench/corpus"
	"github.com/victorleungtw/blog/internal/config"
	"github.com/victorleungtw/blog/internal/content"
	"github.com/victorleungtw/blog/internal/names"
	"github.com/victorleungtw/blog/internal/plan"
	"github.com/victorleungtw/blog/internal/recipe"
	"github.com/victorleungtw/blog/internal/renderer"
	"github.com/victorleungtw/blog/internal/store"
	"github.com/victorleungtw/blog/internal/store/dir"
)

// blog is a bucket with what a plan is made from, and its renderer.
type blog struct {
	*renderer.Renderer
	plan    *plan.Plan
	sources int // bytes
}

func newBlog(t testing.TB, folder string, site config.Site) *blog {
	t.Helper()
	ctx := context.Background()
	l, err := content.Open(folder, content.Options{Site: site})
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	s, probs, err := l.Load(ctx)
	if err != nil || s == nil {
		t.Fatal(err, probs)
	}
	bucket, err := dir.Open(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	b := &blog{Renderer: &renderer.Renderer{
		Bucket: bucket, Log: slog.New(slog.DiscardHandler), Quick: true,
		Verify: func(_ context.Context, got string) bool { return got == "secret" },
	}}
	if b.plan, probs = plan.Build(s, b.Version()); probs.Err() != nil {
		t.Fatal(probs)
	}
	seen := map[string]bool{}
	for _, d := range s.Documents() {
		b.sources += int(d.Body.Size)
		if seen[d.Source.Digest] {
			continue
		}
		seen[d.Source.Digest] = true
		raw, err := os.ReadFile(filepath.Join(folder, d.File))
		if err != nil {
			t.Fatal(err)
		}
		b.put(t, "src/"+d.Source.Digest, raw)
	}
	for _, pg := range b.plan.Pages {
		b.put(t, "recipe/"+pg.Digest, pg.Recipe.Encode())
	}
	return b
}

func (b *blog) put(t testing.TB, key string, body []byte) {
	t.Helper()
	err := b.Bucket.Create(context.Background(), key, store.Meta{ContentType: "x/y"}, store.Bytes(body))
	if err != nil && !errors.Is(err, store.ErrExists) {
		t.Fatal(err)
	}
}

func (b *blog) root(t testing.TB) string {
	t.Helper()
	for _, pg := range b.plan.Pages {
		if pg.Recipe.Kind == recipe.Search {
			return pg.Digest
		}
	}
	t.Fatal("the plan has no index")
	return ""
}

// get asks as CloudFront does, with the address that the edge function made.
func (b *blog) get(t testing.TB, path string) *httptest.ResponseRecorder {
	t.Helper()
	req := httptest.NewRequest(http.MethodGet, path, nil)
	req.Header.Set(names.OriginHeader, "secret")
	w := httptest.NewRecorder()
	b.ServeHTTP(w, req)
	return w
}

func (b *blog) ask(t testing.TB, query string) *httptest.ResponseRecorder {
	t.Helper()
	return b.get(t, "/search/"+b.root(t)+"?"+query)
}

var twoLanguages = config.Site{
	Title: "Test", BaseURL: "https://example.com", PerPage: 10,
	Languages: []config.Language{{Tag: "en"}, {Tag: "zh-Hant", Prefix: "zh", Title: "測試"}},
}

func write(t testing.TB, files map[string]string) string {
	t.Helper()
	folder := t.TempDir()
	for name, text := range files {
		path := filepath.Join(folder, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o777); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o666); err != nil {
			t.Fatal(err)
		}
	}
	return folder
}

func small() map[string]string {
	return map[string]string{
		"posts/edge/index.en.md":      "---\ndate: 2026-01-01\ntags: [AWS]\n---\n# Edge\n\nA cached page is fast.\n",
		"posts/edge/index.zh-Hant.md": "---\ndate: 2026-01-01\ntags: [雲端]\n---\n# 邊緣\n\n快取的網頁很快，CloudFront 會做。\n",
		"posts/other/index.en.md":     "---\ndate: 2026-01-02\n---\n# Other\n\nA page about CloudFront.\n\n```\ncached in code\n```\n",
		"posts/draft/index.en.md":     "---\ndate: 2026-01-02\ndraft: true\n---\n# Draft\n\nA cached secret.\n",
		"pages/about/index.en.md":     "# About\n\nA standing page.\n",
	}
}

func TestSearchPage(t *testing.T) {
	b := newBlog(t, write(t, small()), twoLanguages)
	for _, tt := range []struct {
		query     string
		have, not []string
	}{
		{"q=caching&lang=en", []string{`<html lang="en">`, `href="/2026/01/01/edge/"`, "A <mark>cached</mark> page", "1 result<", `value="caching"`, "noindex"}, []string{"/other/", "secret", "/zh/2026"}},
		{"q=cloudfront&lang=zh-Hant", []string{`<html lang="zh-Hant">`, "/zh/2026/01/01/edge/", "<mark>CloudFront</mark>", "搜尋"}, []string{"/other/"}},
		{"q=cloudfront&lang=zh-Hant&all=1", []string{`<html lang="zh-Hant">`, "/zh/2026/01/01/edge/", "/other/", `<li lang="en">`}, nil},
		{"q=cloudfront", []string{`<html lang="en">`, "/zh/2026/01/01/edge/", "/other/"}, nil},
		{"q=cloudfront&lang=xx", []string{`<html lang="en">`, "/other/", "/zh/2026/01/01/edge/"}, nil},
		{"q=page&lang=en&tag=aws", []string{"/2026/01/01/edge/", "Only posts with the tag aws"}, []string{"/other/", "/about/"}},
		{"q=standing&lang=en", []string{"/about/"}, nil},
		{"q=secret&lang=en", []string{"Nothing found"}, []string{"draft"}},
		{"q=&lang=en", []string{`role="search"`}, []string{"Nothing found", `role="status"`}},
		{"", []string{`role="search"`}, nil},
		{"q=%3Cscript%3Ealert(1)%3C/script%3E&lang=%22%3E%3Cb&tag=%22onx%3D%22", []string{"&lt;script&gt;"}, []string{"<script>", `"onx=`, `"><b>`}},
	} {
		w := b.ask(t, tt.query)
		body := w.Body.String()
		if w.Code != http.StatusOK || !strings.HasPrefix(w.Header().Get("Content-Type"), "text/html") {
			t.Errorf("%s: %d %s", tt.query, w.Code, w.Header())
		}
		main := body[strings.Index(body, "<main"):strings.Index(body, "</main>")]
		for _, s := range tt.have {
			if !strings.Contains(body, s) {
				t.Errorf("%s: no %s in\n%s", tt.query, s, body)
			}
		}
		for _, s := range tt.not {
			if strings.Contains(main, s) {
				t.Errorf("%s: %s in\n%s", tt.query, s, main)
			}
		}
	}
}

func TestSearchAnswers(t *testing.T) {
	b := newBlog(t, write(t, small()), twoLanguages)
	first := b.ask(t, "q=cached&lang=en")
	if got := first.Header().Get(store.CacheTagHeader); !regexp.MustCompile(`^p-[0-9a-f]{16}$`).MatchString(got) {
		t.Errorf("cache tags %q: one for the post that is shown", got)
	}
	if got := first.Header().Get("Cache-Control"); !strings.Contains(got, "s-maxage") || !strings.Contains(got, "max-age=0") {
		t.Errorf("Cache-Control: %s", got)
	}
	again := b.ask(t, "q=cached&lang=en")
	if first.Body.String() != again.Body.String() || first.Header().Get("ETag") != again.Header().Get("ETag") {
		t.Error("the same question has another answer")
	}
	for path, want := range map[string]int{
		"/search/":                           404,
		"/search/" + strings.Repeat("0", 64): 404, // no such index
		"/search/" + b.root(t) + "/../x":     404,
		"/search":                            404,
	} {
		if w := b.get(t, path); w.Code != want {
			t.Errorf("%s: %d", path, w.Code)
		}
	}
	req := httptest.NewRequest(http.MethodGet, "/search/"+b.root(t)+"?q=a", nil)
	w := httptest.NewRecorder()
	if b.ServeHTTP(w, req); w.Code != http.StatusForbidden {
		t.Errorf("without the secret: %d", w.Code)
	}
}

// A search when the posts are many, beside what rendering one of them takes:
//
//	go test ./internal/renderer -run - -bench Search -benchtime 2000x
//
// "first" is the question that reads the index, "cold" one whose texts have not
// been read. The posts are of package corpus, whose Chinese is noise and so the
// worst that an index can be made of.
func BenchmarkSearch(bm *testing.B) {
	posts := 1000 // in three languages
	if testing.Short() {
		posts = 100
	}
	folder := bm.TempDir()
	if _, err := corpus.Write(folder, corpus.Options{Posts: posts, Images: 1, Seed: 1}); err != nil {
		bm.Fatal(err)
	}
	cfg, probs := config.Load(folder + "/blog.yaml")
	if probs.Err() != nil {
		bm.Fatal(probs)
	}
	b := newBlog(bm, folder+"/content", cfg.Site)
	index := 0
	for _, pg := range b.plan.Pages {
		switch pg.Recipe.Kind {
		case recipe.Search, recipe.SearchLang, recipe.SearchPart:
			w := b.get(bm, "/page/"+pg.Digest)
			if w.Code != 200 {
				bm.Fatal(w.Body)
			}
			index += w.Body.Len()
		}
	}

	// Rendering: the recipe and the source are read, the page is made and kept.
	var render []time.Duration
	var titles []string
	for _, pg := range b.plan.Pages {
		if pg.Recipe.Kind == recipe.Post && len(render) < 500 {
			start := time.Now()
			if w := b.get(bm, "/page/"+pg.Digest); w.Code != 200 {
				bm.Fatal(w.Body)
			}
			render = append(render, time.Since(start))
			titles = append(titles, pg.Recipe.Title)
		}
	}
	// Questions: two words, or four characters, of titles, each asked once.
	var questions []string
	for i, title := range titles {
		r := []rune(title)
		if f := strings.Fields(title); len(f) > 2 {
			questions = append(questions, f[i%(len(f)-1)]+" "+f[i%(len(f)-1)+1])
		} else if len(r) > 4 {
			questions = append(questions, string(r[i%(len(r)-3):][:4]))
		}
	}
	ask := func(q string) time.Duration {
		start := time.Now()
		if w := b.ask(bm, "q="+url.QueryEscape(q)); w.Code != 200 {
			bm.Fatal(w.Body)
		}
		return time.Since(start)
	}
	first := ask(questions[0])
	var cold, warm []time.Duration
	for _, q := range questions {
		cold = append(cold, ask(q))
	}
	for bm.Loop() {
		warm = append(warm, ask(questions[len(warm)%len(questions)]))
	}
	p := func(d []time.Duration, percent int) float64 {
		slices.Sort(d)
		return float64(d[(len(d)-1)*percent/100].Microseconds()) / 1000
	}
	bm.ReportMetric(float64(first.Microseconds())/1000, "ms-first")
	bm.ReportMetric(p(render, 50), "ms-render-p50")
	bm.ReportMetric(p(render, 95), "ms-render-p95")
	bm.ReportMetric(p(cold, 95), "ms-cold-p95")
	bm.ReportMetric(p(warm, 50), "ms-warm-p50")
	bm.ReportMetric(p(warm, 95), "ms-warm-p95")
	bm.ReportMetric(100*float64(index)/float64(b.sources), "index-%")
	fmt.Printf("%d documents, %d bytes; index %d bytes; %d questions\n", 3*posts, b.sources, index, len(questions))
}
