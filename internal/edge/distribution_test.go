package edge_test

import (
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/victorleungtw/blog/internal/edge"
	"github.com/victorleungtw/blog/internal/names"
)

const immutable = "public, max-age=31536000, immutable"

// lab is a distribution whose clock and origins a test holds.
type lab struct {
	*edge.Distribution
	t     testing.TB
	table *kv
	now   time.Time

	mu      sync.Mutex
	asked   []string // "origin method path", in order
	headers []http.Header
	answers map[string]roundTrip // by origin
}

type change func(*edge.DistributionConfig, *edge.Parts)

func newLab(t testing.TB, standby bool, changes ...change) *lab {
	t.Helper()
	l := &lab{t: t, table: site(), now: time.Date(2026, 3, 1, 0, 0, 0, 0, time.UTC), answers: map[string]roundTrip{}}
	c := edge.Describe(edge.Topology{Standby: standby})
	parts := edge.Parts{
		Origins: map[string]http.RoundTripper{}, KeyValues: l.table, Verify: "secret", Log: discard(),
		Now: func() time.Time { return l.now },
	}
	for _, o := range c.Origins {
		parts.Origins[o.ID] = roundTrip(func(r *http.Request) (*http.Response, error) {
			l.mu.Lock()
			l.asked = append(l.asked, strings.TrimSpace(o.ID+" "+r.Method+" "+r.URL.RequestURI()))
			l.headers = append(l.headers, r.Header.Clone())
			give := l.answers[o.ID]
			l.mu.Unlock()
			if give == nil {
				return answer(r, 200, "from "+o.ID, "Cache-Control", immutable, "Etag", `"1"`, "Content-Type", "text/html"), nil
			}
			return give(r)
		})
	}
	for _, change := range changes {
		change(&c, &parts)
	}
	d, err := edge.NewDistribution(c, parts)
	if err != nil {
		t.Fatal(err)
	}
	l.Distribution = d
	return l
}

func insecure(_ *edge.DistributionConfig, p *edge.Parts) { p.Insecure = true }
func debug(_ *edge.DistributionConfig, p *edge.Parts)    { p.Debug = true }

// give makes an origin answer with a status, a body and headers.
func (l *lab) give(origin string, status int, body string, header ...string) {
	l.answers[origin] = func(r *http.Request) (*http.Response, error) { return answer(r, status, body, header...), nil }
}

func (l *lab) refuse(origin string, err error) {
	l.answers[origin] = func(*http.Request) (*http.Response, error) { return nil, err }
}

// ask sends one request and forgets what origins were asked before.
func (l *lab) ask(method, target string, header ...string) *httptest.ResponseRecorder {
	l.t.Helper()
	l.asked, l.headers = nil, nil
	r := httptest.NewRequest(method, "https://example.com"+target, nil)
	for i := 0; i < len(header); i += 2 {
		r.Header.Add(header[i], header[i+1])
	}
	w := httptest.NewRecorder()
	l.ServeHTTP(w, r)
	return w
}

// want checks an answer in the form "status xcache body".
func (l *lab) want(w *httptest.ResponseRecorder, want string) {
	l.t.Helper()
	cache := strings.TrimSuffix(w.Header().Get("X-Cache"), " from cloudfront")
	if got := strings.TrimSpace(fmt.Sprint(w.Code, " ", cache, " ", w.Body)); got != want {
		l.t.Errorf("got  %s\nwant %s", got, want)
	}
}

func (l *lab) wantAsked(want ...string) {
	l.t.Helper()
	if !slices.Equal(l.asked, want) {
		l.t.Errorf("origins asked: %q\nwant %q", l.asked, want)
	}
}

func TestHitAndMiss(t *testing.T) {
	l := newLab(t, true)
	l.want(l.ask("GET", "/"), "200 Miss from store")
	l.wantAsked("store GET /page/" + digest("a"))
	l.now = l.now.Add(90 * time.Second)
	w := l.ask("GET", "/")
	l.want(w, "200 Hit from store")
	l.wantAsked()
	if age := w.Header().Get("Age"); age != "90" {
		t.Errorf("Age %q", age)
	}
	// A page that did not change keeps its entry over a publish.
	l.table.keys["www!c"] = `{"n":19}`
	l.want(l.ask("GET", "/"), "200 Hit from store")
	// A page that changed is another object.
	l.want(l.ask("GET", "/changing/"), "200 Miss from store")
	l.wantAsked("store GET /page/" + digest("9"))
	l.table.keys["www!c"] = `{"n":18}`
	l.want(l.ask("GET", "/changing/"), "200 Miss from store")
	l.wantAsked("store GET /page/" + digest("7"))
}

func TestCacheKey(t *testing.T) {
	l := newLab(t, true)
	same := func(first, second func() *httptest.ResponseRecorder, hit bool) {
		t.Helper()
		first()
		w := second()
		if got := w.Header().Get("X-Cache") == "Hit from cloudfront"; got != hit {
			t.Errorf("the second answer was %q", w.Header().Get("X-Cache"))
		}
	}
	get := func(target string, header ...string) func() *httptest.ResponseRecorder {
		return func() *httptest.ResponseRecorder { return l.ask("GET", target, header...) }
	}
	head := func(target string) func() *httptest.ResponseRecorder {
		return func() *httptest.ResponseRecorder { return l.ask("HEAD", target) }
	}
	same(get("/"), get("/?utm_source=x"), true)
	same(get("/"), get("/", "Cookie", "a=b", "User-Agent", "x", "Accept-Language", "ja"), true)
	same(get("/"), get("/", "Accept-Encoding", "br"), false) // another stored variant
	same(get("/"), get("/", "Accept-Encoding", "zstd"), true)
	same(get("/page/"+digest("a")), get("/"), true) // one object behind two addresses
	same(get("/feed.xml"), head("/feed.xml"), true)
	same(head("/page/2/"), get("/page/2/"), true) // a HEAD leaves the object behind
	same(get("/asset/a.png"), get("/asset/a.png?v=2"), true)
	same(get("/asset/a.png"), get("/asset/b.png"), false)
	same(get("/asset/a.png"), get("/asset/A.png"), false)

	l.give(edge.OriginDynamic, 200, "found", "Cache-Control", "max-age=60")
	same(get("/search?q=a"), get("/search?q=a"), true)
	same(get("/search?q=a"), get("/search?q=b"), false)
	same(get("/search?q=c"), get("/search?q=c", "Accept-Encoding", "deflate, gzip"), false)
	same(get("/search?q=c", "Accept-Encoding", "gzip;q=0.5,BR"), get("/search?q=c", "Accept-Encoding", "br, gzip"), true)
	same(get("/search?q=d", "X-Blog-Release", "1"), get("/search?q=d", "X-Blog-Release", "2"), true)
	l.ask("GET", "/search?q=e")
	l.table.keys["www!c"] = `{"n":19}`
	same(func() *httptest.ResponseRecorder { return nil }, get("/search?q=e"), false) // of another release
}

func TestOriginRequest(t *testing.T) {
	l := newLab(t, false)
	l.ask("GET", "/?a=1", "Cookie", "a=b", "Authorization", "x", "X-Origin-Verify", "guess", "X-Blog-Release", "9", "X-Forwarded-For", "1.2.3.4")
	h := l.headers[0]
	for name, want := range map[string]string{
		"Cookie": "", "Authorization": "", names.OriginHeader: "", edge.ReleaseHeader: "18",
		"User-Agent": "Amazon CloudFront", "X-Forwarded-For": "1.2.3.4, 192.0.2.1", "Accept-Encoding": "",
	} {
		if got := h.Get(name); got != want {
			t.Errorf("the store was sent %s: %q, want %q", name, got, want)
		}
	}
	l.ask("GET", "/search?b=2&a=1&b=%20", "X-Origin-Verify", "guess", "Accept-Encoding", "gzip, br")
	l.wantAsked("renderer GET /search/" + digest("b") + "?b=2&a=1&b=%20")
	h = l.headers[0]
	for name, want := range map[string]string{names.OriginHeader: "secret", edge.ReleaseHeader: "18", "Accept-Encoding": "br,gzip"} {
		if got := h.Get(name); got != want {
			t.Errorf("the renderer was sent %s: %q, want %q", name, got, want)
		}
	}
}

func TestConditionalRequests(t *testing.T) {
	l := newLab(t, true)
	for _, tt := range []struct {
		header []string
		want   int
	}{
		{[]string{"If-None-Match", `"1"`}, 304},
		{[]string{"If-None-Match", `W/"1"`}, 304},
		{[]string{"If-None-Match", `"0", "1"`}, 304},
		{[]string{"If-None-Match", `*`}, 304},
		{[]string{"If-None-Match", `"2"`}, 200},
		{nil, 200},
	} {
		w := l.ask("GET", "/", tt.header...)
		if w.Code != tt.want {
			t.Errorf("%v: %d, want %d", tt.header, w.Code, tt.want)
		}
		if tt.want == 304 && (w.Body.Len() > 0 || w.Header().Get("Etag") != `"1"` ||
			w.Header().Get("Cache-Control") != edge.BrowserCacheControl || w.Header().Get("Content-Security-Policy") == "") {
			t.Errorf("%v: %v %q", tt.header, w.Header(), w.Body)
		}
	}
	l.want(l.ask("HEAD", "/"), "200 Hit")
}

func TestRanges(t *testing.T) {
	l := newLab(t, true)
	l.give(edge.OriginStore, 200, "0123456789", "Etag", `"1"`, "Content-Type", "audio/mpeg", "Cache-Control", immutable)
	for _, tt := range []struct{ header, want, contentRange string }{
		{"bytes=0-3", "206 Miss 0123", "bytes 0-3/10"}, // also on a miss: the whole object is fetched
		{"bytes=4-", "206 Hit 456789", "bytes 4-9/10"},
		{"bytes=-2", "206 Hit 89", "bytes 8-9/10"},
		{"bytes=8-20", "206 Hit 89", "bytes 8-9/10"},
		{"bytes=x", "200 Hit 0123456789", ""},
		{"lines=1-2", "200 Hit 0123456789", ""},
	} {
		w := l.ask("GET", "/asset/a.mp3", "Range", tt.header)
		l.want(w, tt.want)
		if got := w.Header().Get("Content-Range"); got != tt.contentRange {
			t.Errorf("%s: Content-Range %q", tt.header, got)
		}
	}
	if w := l.ask("GET", "/asset/a.mp3", "Range", "bytes=10-"); w.Code != 416 || w.Header().Get("X-Cache") != "Error from cloudfront" {
		t.Errorf("past the end: %d %v", w.Code, w.Header())
	}
	l.want(l.ask("GET", "/asset/a.mp3", "Range", "bytes=0-1", "If-Range", `"other"`), "200 Hit 0123456789")
	if w := l.ask("HEAD", "/asset/a.mp3"); w.Header().Get("Content-Length") != "10" || w.Header().Get("Accept-Ranges") != "bytes" || w.Body.Len() > 0 {
		t.Errorf("HEAD: %v", w.Header())
	}
}

func TestMethodsOfBehaviours(t *testing.T) {
	l := newLab(t, true)
	for _, tt := range []struct {
		method, target string
		want           int
	}{
		{"POST", "/", 403}, {"OPTIONS", "/", 403}, {"DELETE", "/asset/a.png", 403}, {"PUT", "/page/" + digest("a"), 403},
		{"POST", "/api/x", 403}, {"OPTIONS", "/api/x", 200}, {"OPTIONS", "/search", 405},
	} {
		if w := l.ask(tt.method, tt.target); w.Code != tt.want {
			t.Errorf("%s %s: %d, want %d", tt.method, tt.target, w.Code, tt.want)
		}
	}
	r := httptest.NewRequest("GET", "https://example.com/", strings.NewReader("body"))
	w := httptest.NewRecorder()
	l.ServeHTTP(w, r)
	if w.Code != 403 {
		t.Errorf("GET with a body: %d", w.Code)
	}
	if w := l.ask("GET", "/"+strings.Repeat("a", 8192)); w.Code != 413 {
		t.Errorf("a long URL: %d", w.Code)
	}
}

func TestPlainHTTP(t *testing.T) {
	r := httptest.NewRequest("GET", "http://example.com/a?b=c", nil)
	w := httptest.NewRecorder()
	newLab(t, false).ServeHTTP(w, r)
	if w.Code != 301 || w.Header().Get("Location") != "https://example.com/a?b=c" || w.Header().Get("X-Cache") != "Redirect from cloudfront" {
		t.Errorf("%d %v", w.Code, w.Header())
	}
	for path, want := range map[string]int{"/": 200, "/missing": 404, "/asset/a.png": 200} {
		w := httptest.NewRecorder()
		newLab(t, false, insecure).ServeHTTP(w, httptest.NewRequest("GET", "http://localhost"+path, nil))
		if w.Code != want {
			t.Errorf("%s: %d, want %d", path, w.Code, want)
		}
		csp := w.Header().Get("Content-Security-Policy")
		if strings.Contains(csp, "upgrade-insecure-requests") || strings.HasSuffix(csp, ";") || !strings.Contains(csp, "frame-ancestors") {
			t.Errorf("%s: CSP %q", path, csp)
		}
		if w.Header().Get("Strict-Transport-Security") != "" || w.Header().Get("X-Content-Type-Options") != "nosniff" {
			t.Errorf("%s: %v", path, w.Header())
		}
	}
}

func TestDebugHeaders(t *testing.T) {
	l := newLab(t, true, debug)
	for _, target := range []string{"/", "/"} { // a miss and a hit
		h := l.ask("GET", target, "Accept-Encoding", "br").Header()
		if h.Get("X-Blog-Release") != "18" || h.Get("X-Blog-Digest") != digest("a") || h.Get("X-Blog-Origin") != "store" {
			t.Errorf("%s: %v", target, h)
		}
	}
	h := newLab(t, true).ask("GET", "/").Header()
	if h.Get("X-Blog-Release") != "" || h.Get("X-Blog-Digest") != "" || h.Get("X-Blog-Origin") != "" {
		t.Errorf("without debug: %v", h)
	}
}

// A function that fails is CloudFront's error page, under the same headers.
func TestFunctionFailure(t *testing.T) {
	l := newLab(t, true)
	l.table.fail["*"] = true
	w := l.ask("GET", "/")
	if w.Code != 503 || w.Header().Get("Retry-After") == "" || w.Header().Get("X-Cache") != "FunctionGeneratedResponse from cloudfront" {
		t.Errorf("store down: %d %v", w.Code, w.Header())
	}
	l.wantAsked()
	l.want(l.ask("GET", "/page/"+digest("a")+".css"), "200 Miss from store")
	l.want(l.ask("GET", "/asset/a.png"), "200 Miss from store")
}

func TestParts(t *testing.T) {
	ok := func() (edge.DistributionConfig, edge.Parts) {
		c := edge.Describe(edge.Topology{Standby: true})
		p := edge.Parts{Origins: map[string]http.RoundTripper{}, KeyValues: site(), Verify: "x"}
		for _, o := range c.Origins {
			p.Origins[o.ID] = edge.FailOrigin(errors.New("x"))
		}
		return c, p
	}
	if _, err := edge.NewDistribution(ok()); err != nil {
		t.Fatal(err)
	}
	for name, change := range map[string]change{
		"no origin":    func(_ *edge.DistributionConfig, p *edge.Parts) { delete(p.Origins, edge.OriginStoreStandby) },
		"no secret":    func(_ *edge.DistributionConfig, p *edge.Parts) { p.Verify = "" },
		"no store":     func(_ *edge.DistributionConfig, p *edge.Parts) { p.KeyValues = nil },
		"no target":    func(c *edge.DistributionConfig, _ *edge.Parts) { c.DefaultCacheBehavior.TargetOriginID = "x" },
		"group of one": func(c *edge.DistributionConfig, _ *edge.Parts) { c.OriginGroups[0].Secondary = "x" },
		"no policy":    func(c *edge.DistributionConfig, _ *edge.Parts) { c.CacheBehaviors[0].CachePolicy = nil },
	} {
		c, p := ok()
		change(&c, &p)
		if _, err := edge.NewDistribution(c, p); err == nil {
			t.Errorf("%s: accepted", name)
		}
	}
}

// What passes through unchanged, and what does not.
func TestResponseHeaders(t *testing.T) {
	l := newLab(t, true)
	l.give(edge.OriginStore, 200, "x", "Content-Type", "text/html; charset=utf-8", "Content-Encoding", "br", "Etag", `"1"`,
		"Cache-Control", immutable, "Set-Cookie", "a=b", "X-Amz-Request-Id", "1", "X-Amz-Version-Id", "2",
		"X-Amz-Server-Side-Encryption", "AES256", "Content-Security-Policy", "default-src *", "X-Other", "kept", "Connection", "close")
	for range 2 {
		h := l.ask("GET", "/").Header()
		for name, want := range map[string]string{
			"Content-Type": "text/html; charset=utf-8", "Content-Encoding": "br", "Etag": `"1"`, "Content-Length": "1",
			"Cache-Control": edge.BrowserCacheControl, "Set-Cookie": "", "X-Amz-Request-Id": "", "X-Amz-Version-Id": "",
			"X-Amz-Server-Side-Encryption": "", "Content-Security-Policy": edge.PageCSP, "X-Other": "kept", "Connection": "",
			"Vary": "Accept, Accept-Datetime, Accept-Encoding, Accept-Language",
		} {
			if got := h.Get(name); got != want {
				t.Errorf("%s: %q, want %q", name, got, want)
			}
		}
	}
	// No type, no guess.
	l.give(edge.OriginStore, 200, "<script>", "Cache-Control", immutable)
	if got := l.ask("GET", "/asset/x").Header().Get("Content-Type"); got != "" {
		t.Errorf("a type was guessed: %q", got)
	}
}
