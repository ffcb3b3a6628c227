package edge_test

import (
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/victorleungtw/blog/internal/edge"
)

// No URL makes the edge panic, answer 5xx, or send a reader to another site.
func FuzzRoute(f *testing.F) {
	for _, seed := range []string{
		"/", "/2022/06/18/aws", "/zh/2023/咖啡/", "/page/2/", "/page/" + digest("a") + ".css",
		"/page/" + digest("a") + "/../../x", "/asset/../head.json", "/search?q=a&q=b&&=c", "/api/x?%zz",
		"//evil.example/", "/\\evil.example", "/%2f%2fevil.example", "/%", "/%ff", "/%00", "/a%0d%0ab:c",
		"/old?next=//evil.example#x", "/evil", "/split?a=b%0d%0a", "/?", "/!c", "/=x", "/.", "/..//", "/%F0%9F%98%80/",
		"/" + strings.Repeat("%E5%92%96", 171), "/constructor", "/__proto__", "/~7/a/", "/~7//evil.example", "/~gate/1/a", "/~share/", "/~share/t85s00." + digest("a") + "." + strings.Repeat("A", 43), "/draft/" + digest("a"), "/?__proto__=1&constructor=2", "/gone?x",
	} {
		path, query, _ := strings.Cut(seed, "?")
		f.Add(path, query, "gzip, br;q=0.5")
	}
	l := newLab(f, false)
	l.give(edge.OriginStore, 403, "no")
	l.give(edge.OriginFallback, 404, "no")
	l.give(edge.OriginDynamic, 200, "found")
	function := newFunction(f, l.table)
	allowed := []int{200, 301, 400, 403, 404, 410, 413}

	f.Fuzz(func(t *testing.T, path, query, accept string) {
		local := func(location string) {
			t.Helper()
			u, err := url.Parse(location)
			if err != nil || u.Host != "" || u.Scheme != "" || !strings.HasPrefix(location, "/") ||
				strings.HasPrefix(location, "//") || strings.HasPrefix(location, `/\`) {
				t.Errorf("%q?%q leads to %q", path, query, location)
			}
			if strings.ContainsFunc(location, func(r rune) bool { return r <= ' ' || r >= 0x7f }) {
				t.Errorf("%q?%q: Location %q is not ASCII", path, query, location)
			}
		}
		// As any client could send it through this machine's HTTP stack.
		if u, err := url.ParseRequestURI("https://example.com/" + strings.TrimPrefix(path, "/")); err == nil {
			u.RawQuery = query
			r := httptest.NewRequest(http.MethodGet, "https://example.com/", nil)
			r.URL = u
			r.Header.Set("Accept-Encoding", accept)
			w := httptest.NewRecorder()
			l.ServeHTTP(w, r)
			if !slices.Contains(allowed, w.Code) {
				t.Errorf("%q?%q: %d %v", path, query, w.Code, w.Header())
			}
			if w.Code == 301 {
				local(w.Header().Get("Location"))
			}
		}
		// And as CloudFront would hand it to the function: any printable ASCII.
		if strings.ContainsFunc(path, func(r rune) bool { return r <= ' ' || r >= 0x7f || r == '?' || r == '#' }) {
			return
		}
		e := edge.NewEvent(httptest.NewRequest(http.MethodGet, "https://example.com/", nil), "id")
		e.Request.URI = "/" + strings.TrimPrefix(path, "/")
		if len(e.Request.URI) > 8000 {
			return
		}
		res, err := function.Run(t.Context(), e)
		if err != nil {
			t.Fatalf("%q: %v", path, err)
		}
		if res.Response != nil {
			if !slices.Contains(allowed, res.Response.StatusCode) {
				t.Errorf("%q: %d", path, res.Response.StatusCode)
			}
			if to, ok := res.Response.Headers["location"]; ok {
				local(to.Value)
			}
		}
	})
}

// What a request costs in this engine (CloudFront's is another) and, which is
// the same everywhere, how many reads it is billed for.
func BenchmarkFunction(b *testing.B) {
	f := newFunction(b, site())
	for _, bench := range []struct{ name, path string }{
		{"page", "/2022/06/18/aws/"},
		{"slash", "/2022/06/18/aws?utm_source=feed"},
		{"digest", "/page/" + digest("a") + ".css"},
		{"missing", "/wp-login.php"},
	} {
		b.Run(bench.name, func(b *testing.B) {
			r := httptest.NewRequest(http.MethodGet, "https://example.com"+bench.path, nil)
			r.Header.Set("Accept-Encoding", "gzip, deflate, br, zstd")
			r.Header.Set("User-Agent", "Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0")
			e := edge.NewEvent(r, "id")
			reads := 0
			b.ReportAllocs()
			for b.Loop() {
				res, err := f.Run(b.Context(), e)
				if err != nil {
					b.Fatal(err)
				}
				reads = res.Reads
			}
			b.ReportMetric(float64(reads), "reads/op")
		})
	}
}
