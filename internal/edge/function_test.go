package edge_test

import (
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"

	"github.com/victorleungtw/blog/internal/edge"
)

// site is a table at release 18.
func site() *kv {
	return newKV(
		"www!c", `{"n":18,"has":[12,17,18]}`,
		"www/", "18:"+digest("a")+",12:"+digest("b"),
		"www/2022/06/18/aws/", "12:"+digest("c"),
		"www/feed.xml", "17:"+digest("d"),
		"www/page/2/", "17:"+digest("e"),
		"www/zh/2023/咖啡/", "18:"+digest("f"),
		"www/gone/", "18:-,12:"+digest("c"),
		"www/back/", "18:"+digest("c")+",17:-,12:"+digest("d"),
		"www/next/", "19:"+digest("9"),
		"www/changing/", "19:"+digest("9")+",17:"+digest("7"),
		"www/old-slug", "18:/2022/06/18/aws/",
		"www/old/", "18:/2022/06/18/aws/",
		"www/to-zh", "18:/zh/2023/咖啡/",
		"www/to-zh-encoded", "18:/zh/2023/%E5%92%96%E5%95%A1/",
		"www/to-query", "18:/search?q=a#top",
		"www/evil", "18://evil.example/",
		"www/evil2", `18:/\evil.example/`,
		"www/search", "18:"+digest("b")+",12:"+digest("1"),
		"www/split", "18:/a\r\nset-cookie: x=1",
		"www/garbage", "hello,:,18,x:y,18:",
		"www/404.html", "12:"+digest("4"),
		"www/zh/404.html", "12:"+digest("5"),
		"www="+digest("4"), "<p>not here</p>",
		"www="+digest("5"), "<p>不在這裏</p>",
	)
}

func TestRoutes(t *testing.T) {
	f := newFunction(t, site())
	for _, tt := range []struct{ target, want string }{
		{"/", "-> /page/" + digest("a")},
		{"/?utm=1", "-> /page/" + digest("a")},
		{"/2022/06/18/aws/", "-> /page/" + digest("c")},
		{"/2022/06/18/aws", "Moved Permanently /2022/06/18/aws/"},
		{"/2022/06/18/aws?a=1&b=2&a=3", "Moved Permanently /2022/06/18/aws/?a=1&a=3&b=2"},
		{"/2022/06/18/aws?flag&q=%E5%92%96", "Moved Permanently /2022/06/18/aws/?flag&q=%E5%92%96"},
		{"/feed.xml", "-> /page/" + digest("d")},
		{"/feed.xml/", "Not Found"},
		{"/page/2/", "-> /page/" + digest("e")},
		{"/page/2", "Moved Permanently /page/2/"},
		{"/zh/2023/%E5%92%96%E5%95%A1/", "-> /page/" + digest("f")},
		{"/zh/2023/%e5%92%96%e5%95%a1", "Moved Permanently /zh/2023/%e5%92%96%e5%95%a1/"},
		{"/gone/", "Gone"},
		{"/gone", "Gone"},
		{"/back/", "-> /page/" + digest("c")},
		{"/next/", "Not Found"},
		{"/changing/", "-> /page/" + digest("7")},
		{"/old-slug", "Moved Permanently /2022/06/18/aws/"},
		{"/old/", "Moved Permanently /2022/06/18/aws/"},
		{"/old", "Moved Permanently /2022/06/18/aws/"}, // one hop, not two
		{"/old?x=1", "Moved Permanently /2022/06/18/aws/?x=1"},
		{"/to-zh", "Moved Permanently /zh/2023/%E5%92%96%E5%95%A1/"},
		{"/to-zh-encoded", "Moved Permanently /zh/2023/%E5%92%96%E5%95%A1/"},
		{"/to-query?x=1", "Moved Permanently /search?q=a&x=1#top"},
		{"/garbage", "Not Found"},
		{"/missing/", "Not Found"},
		{"/Feed.xml", "Not Found"},
		{"/%", "Bad Request"},
		{"/%zz", "Bad Request"},
		{"/%ff", "Bad Request"},
		{"/a%00b", "Bad Request"},
		{"/a%0d%0aset-cookie:x", "Bad Request"},
		{"/a%7f", "Bad Request"},
		{"/a%C2%85", "Bad Request"},
		{"//evil.example/", "Not Found"},
		{"//evil.example", "Not Found"},
		{"/evil", "Moved Permanently /evil.example/"},
		{"/evil2", "Moved Permanently /evil.example/"},
		{"/split", "Moved Permanently /a%0D%0Aset-cookie:%20x=1"},
		{"/search", "-> /search/" + digest("b")}, // the index of the release
		{"/search?q=x", "-> /search/" + digest("b")},
		{"/search/", "Not Found"},
		{"/search/" + digest("b"), "Not Found"},
		{"/api/x", "-> /api/x"},
		{"/api", "Not Found"},
		{"/!c", "Not Found"},
		{"/=" + digest("4"), "Not Found"},
	} {
		r := httptest.NewRequest("GET", "https://example.com/", nil)
		path, query, _ := strings.Cut(tt.target, "?")
		e := edge.NewEvent(r, "id")
		e.Request.URI = path // as CloudFront would, also where net/url would not
		if query != "" {
			r.URL.RawQuery = query
			e.Request.QueryString = edge.NewEvent(r, "id").Request.QueryString
		}
		res, err := f.Run(t.Context(), e)
		if err != nil {
			t.Errorf("%s: %v", tt.target, err)
		} else if got := summary(res); got != tt.want {
			t.Errorf("%s: got %q, want %q", tt.target, got, tt.want)
		}
	}
}

func TestDigestAddresses(t *testing.T) {
	store := site()
	f := newFunction(t, store)
	d := digest("0")
	for _, tt := range []struct{ path, want string }{
		{"/page/" + d, "-> /page/" + d},
		{"/page/" + d + ".css", "-> /page/" + d},
		{"/page/" + d + ".br", "Not Found"}, // would reach readers that cannot read it
		{"/page/" + d + ".html", "Not Found"},
		{"/page/" + d + "/", "Not Found"},
		{"/page/" + strings.ToUpper(digest("a")), "Not Found"},
		{"/page/" + strings.Repeat("%E5%92%96", 8), "Not Found"},
	} {
		if got := summary(run(t, f, "GET", "https://example.com"+tt.path)); got != tt.want {
			t.Errorf("%s: got %q, want %q", tt.path, got, tt.want)
		}
	}
	// A route can't be served where browsers keep answers for a year.
	long := "/page/" + strings.Repeat("x", 64)
	store.keys["www"+long] = "18:" + d
	if got := summary(run(t, f, "GET", "https://example.com"+long)); got != "Not Found" {
		t.Errorf("a route below the digest pattern: %q", got)
	}
	// And they need no key-value store.
	store.fail["*"] = true
	store.reads = nil
	res := run(t, f, "GET", "https://example.com/page/"+d+".css", "X-Blog-Release", "999")
	if got := summary(res); got != "-> /page/"+d || len(store.reads) != 0 || res.Reads != 0 {
		t.Errorf("with the store down: %q after %d reads", got, len(store.reads))
	}
	if _, ok := res.Request.Headers[edge.ReleaseHeader]; ok {
		t.Error("a viewer chose the release header")
	}
}

func TestVariants(t *testing.T) {
	f := newFunction(t, site())
	for _, tt := range []struct {
		accept []string
		want   string
	}{
		{nil, ""},
		{[]string{""}, ""},
		{[]string{"br"}, ".br"},
		{[]string{"gzip"}, ".gz"},
		{[]string{"x-gzip"}, ".gz"},
		{[]string{"gzip, deflate, br, zstd"}, ".br"},
		{[]string{"gzip, deflate"}, ".gz"},
		{[]string{"GZIP;Q=1.0"}, ".gz"},
		{[]string{"br;q=0, gzip"}, ".gz"},
		{[]string{"br;q=0.0"}, ""},
		{[]string{"br;q=0.000, gzip;q=0"}, ""},
		{[]string{"br;q=0.5, gzip;q=0.9"}, ".gz"},
		{[]string{"br;q=0.9, gzip;q=0.9"}, ".br"},
		{[]string{"gzip;q=0.9, br ; q=0.9"}, ".br"},
		{[]string{"gzip", "br"}, ".br"},
		{[]string{"*"}, ""},
		{[]string{"identity"}, ""},
		{[]string{"brx, xgzip"}, ""},
		{[]string{"br;q=abc"}, ""},
	} {
		var header []string
		for _, a := range tt.accept {
			header = append(header, "Accept-Encoding", a)
		}
		got := summary(run(t, f, "GET", "https://example.com/", header...))
		if want := "-> /page/" + digest("a") + tt.want; got != want {
			t.Errorf("%q: got %q, want %q", tt.accept, got, want)
		}
	}
}

func TestMissingPages(t *testing.T) {
	store := site()
	f := newFunction(t, store)
	body := func(path string) string {
		t.Helper()
		res := run(t, f, "GET", "https://example.com"+path)
		if res.Response == nil || res.Response.StatusCode != 404 && res.Response.StatusCode != 410 {
			t.Fatalf("%s: %s", path, summary(res))
		}
		if got := res.Response.Headers[edge.ReleaseHeader].Value; got != "18" {
			t.Errorf("%s: release %q", path, got)
		}
		return string(res.Response.Body)
	}
	for path, want := range map[string]string{
		"/missing":        "<p>not here</p>",
		"/gone/":          "<p>not here</p>",
		"/zh/missing/":    "<p>不在這裏</p>",
		"/ja/missing/":    "<p>not here</p>", // a language without a page of its own
		"/zhmissing":      "<p>not here</p>",
		"/wp-login/a.php": "<p>not here</p>",
	} {
		if got := body(path); got != want {
			t.Errorf("%s: body %q, want %q", path, got, want)
		}
	}
	// The body is worth less than the status.
	store.fail["www="+digest("4")] = true
	if got := body("/missing"); !strings.Contains(got, "<h1>Not Found</h1>") {
		t.Errorf("without its body: %q", got)
	}
	store.fail["www/404.html"] = true
	if got := body("/gone/"); !strings.Contains(got, "<h1>Gone</h1>") {
		t.Errorf("without its page: %q", got)
	}
}

// A key that CloudFront would refuse is not looked up.
func TestLongKeys(t *testing.T) {
	store := site()
	f := newFunction(t, store)
	for _, path := range []string{
		"/" + strings.Repeat("a", 509),         // 513 bytes with the namespace
		"/" + strings.Repeat("%E5%92%96", 170), // 514 bytes in 173 characters
	} {
		store.reads = nil
		if got := summary(run(t, f, "GET", "https://example.com"+path)); got != "Not Found" {
			t.Errorf("%d characters: %q", len(path), got)
		}
		for _, key := range store.reads {
			if len(key) > 512 {
				t.Errorf("a key of %d bytes was read", len(key))
			}
		}
	}
	longest := "/" + strings.Repeat("a", 508)
	store.keys["www"+longest] = "18:" + digest("8")
	if got := summary(run(t, f, "GET", "https://example.com"+longest)); got != "-> /page/"+digest("8") {
		t.Errorf("a key of 512 bytes: %q", got)
	}
}

// A store that fails is a 503, never a 404 and never an old page.
func TestStoreFailure(t *testing.T) {
	for name, breaks := range map[string]func(*kv){
		"everything":           func(k *kv) { k.fail["*"] = true },
		"the current release":  func(k *kv) { k.fail["www!c"] = true },
		"the path":             func(k *kv) { k.fail["www/feed.xml"] = true },
		"the path, once":       func(k *kv) { k.flaky["www/feed.xml"] = true },
		"no release yet":       func(k *kv) { delete(k.keys, "www!c") },
		"release zero":         func(k *kv) { k.keys["www!c"] = `{"n":0}` },
		"release not a number": func(k *kv) { k.keys["www!c"] = `{"n":"x"}` },
		"release not JSON":     func(k *kv) { k.keys["www!c"] = `18` + "}" },
	} {
		store := site()
		breaks(store)
		res := run(t, newFunction(t, store), "GET", "https://example.com/feed.xml")
		if res.Response == nil || res.Response.StatusCode != 503 {
			t.Errorf("%s: %s", name, summary(res))
			continue
		}
		h := res.Response.Headers
		if h["retry-after"].Value == "" || h["cache-control"].Value != "no-store" {
			t.Errorf("%s: headers %v", name, h)
		}
	}
}

func TestMethods(t *testing.T) {
	f := newFunction(t, site())
	for _, method := range []string{"POST", "PUT", "DELETE", "PATCH", "OPTIONS"} {
		for _, path := range []string{"/", "/page/" + digest("0"), "/missing"} {
			res := run(t, f, method, "https://example.com"+path)
			if res.Response == nil || res.Response.StatusCode != 405 || res.Response.Headers["allow"].Value != "GET, HEAD" {
				t.Errorf("%s %s: %s", method, path, summary(res))
			}
		}
		if got := summary(run(t, f, method, "https://example.com/api/x")); got != "-> /api/x" {
			t.Errorf("%s /api/x: %s", method, got)
		}
	}
	if got := summary(run(t, f, "HEAD", "https://example.com/")); got != "-> /page/"+digest("a") {
		t.Errorf("HEAD: %s", got)
	}
}

func TestReleaseHeader(t *testing.T) {
	f := newFunction(t, site())
	for _, path := range []string{"/", "/search?q=1", "/api/x"} {
		res := run(t, f, "GET", "https://example.com"+path, "X-Blog-Release", "999")
		if got := res.Request.Headers[edge.ReleaseHeader]; got.Value != "18" || got.Multi != nil {
			t.Errorf("%s: release %v", path, got)
		}
	}
}

// What the function says about security is what policy.go says, so that it
// does not matter whether a response headers policy covers its answers.
func TestOwnAnswersCarryThePolicy(t *testing.T) {
	f := newFunction(t, site())
	c := edge.Describe(edge.Topology{})
	want := c.DefaultCacheBehavior.ResponseHeadersPolicy.Headers()
	want.Del("Vary") // one encoding
	for _, path := range []string{"/missing", "/gone/", "/old", "/%25%", "/%zz"} {
		e := edge.NewEvent(httptest.NewRequest("GET", "https://example.com/", nil), "id")
		e.Request.URI = path
		res, err := f.Run(t.Context(), e)
		if err != nil {
			t.Fatal(err)
		}
		got := http.Header{}
		for name, v := range res.Response.Headers {
			got.Set(name, v.Value)
		}
		for name := range want {
			if got.Get(name) != want.Get(name) {
				t.Errorf("%s: %s is %q, policy.go says %q", path, name, got.Get(name), want.Get(name))
			}
		}
		if got.Get("Content-Type") != "text/html; charset=utf-8" {
			t.Errorf("%s: content type %q", path, got.Get("Content-Type"))
		}
	}
}

// Each read is billed and takes its part of a millisecond.
func TestReads(t *testing.T) {
	for path, want := range map[string][]string{
		"/":                    {"www!c", "www/", "www!t"},
		"/feed.xml":            {"www!c", "www/feed.xml", "www!t"},
		"/2022/06/18/aws":      {"www!c", "www/2022/06/18/aws", "www/2022/06/18/aws/"},
		"/old-slug":            {"www!c", "www/old-slug"},
		"/api/x":               {"www!c", "www!t"},
		"/page/" + digest("0"): nil,
		"/missing/":            {"www!c", "www/missing/", "www/missing/", "www/missing/404.html", "www/404.html", "www=" + digest("4")},
		"/gone/":               {"www!c", "www/gone/", "www/gone/404.html", "www/404.html", "www=" + digest("4")},
	} {
		store := site()
		res := run(t, newFunction(t, store), "GET", "https://example.com"+path)
		if !slices.Equal(store.reads, want) || res.Reads != len(want) {
			t.Errorf("%s read %q, want %q", path, store.reads, want)
		}
	}
}

// A 404 page has a link to the search for what the address says, and nothing of
// an address becomes anything else than that.
func TestNotFoundSuggests(t *testing.T) {
	store := site()
	store.keys["www="+digest("4")] = `<p>not here <a href="/search?q=~">search</a></p>`
	f := newFunction(t, store)
	for path, want := range map[string]string{
		"/2019/05/07/kubernetes-at-home/":               "kubernetes%20at%20home",
		"/posts/my_first.post.html":                     "my%20first%20post",
		"/zz/%E9%82%8A%E7%B7%A3-%E9%81%8B":              "%E9%82%8A%E7%B7%A3%20%E9%81%8B",
		"/%22%3E%3Cscript%3Ealert(1)":                   "%22%3E%3Cscript%3Ealert(1)",
		"/$&$1%26q=x":                                   "%24%26%241%26q%3Dx",
		"/" + strings.Repeat("%F0%9F%A6%8A", 119) + "a": strings.Repeat("%F0%9F%A6%8A", 60),
		"/a" + strings.Repeat("%F0%9F%A6%8A", 119):      "a" + strings.Repeat("%F0%9F%A6%8A", 59),
	} {
		e := edge.NewEvent(httptest.NewRequest("GET", "https://example.com/", nil), "id")
		e.Request.URI = path
		res, err := f.Run(t.Context(), e)
		if err != nil {
			t.Fatal(err)
		}
		if res.Response == nil || res.Response.StatusCode != 404 {
			t.Errorf("%.60s: %s", path, summary(res))
			continue
		}
		if got := string(res.Response.Body); got != `<p>not here <a href="/search?q=`+want+`">search</a></p>` {
			t.Errorf("%.60s: %s", path, got)
		}
	}
}
