package edge_test

import (
	"maps"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/victorleungtw/blog/internal/edge"
	"github.com/victorleungtw/blog/internal/routes"
)

const shareKey = "c2hhcmUga2V5IG9mIHRoaXMgdGVzdCwgMzIgYnl0ZXM"

// sharing is branched() with the key that links are signed with.
func sharing() *kv {
	store := branched()
	maps.Copy(store.keys, map[string]string{"www!k": shareKey, "pr-1!k": "another key"})
	return store
}

func TestShare(t *testing.T) {
	store := sharing()
	clock := 1e9
	f := newFunctionAt(t, store, &clock)
	until := time.Unix(1e9+100, 0)
	link := routes.ShareLink(routes.Site, shareKey, until, digest("a"))

	store.reads = nil
	res := run(t, f, "GET", "https://example.com"+link+"?utm=1", "Accept-Encoding", "gzip, br", "X-Blog-Release", "9")
	if got := summary(res); got != "-> /draft/"+digest("a")+".br" || len(store.reads) != 1 {
		t.Errorf("%q after the reads %q", got, store.reads)
	}
	if _, ok := res.Request.Headers[edge.ReleaseHeader]; ok {
		t.Error("a viewer chose the release header")
	}
	for _, tt := range []struct {
		at                 float64
		method, host, want string
	}{
		{1e9, "HEAD", "example.com", "-> /draft/" + digest("a")},
		{1e9, "POST", "example.com", "Method Not Allowed"},
		{1e9 + 99.999, "GET", "example.com", "-> /draft/" + digest("a")},
		{1e9 + 100, "GET", "example.com", "Gone"},
		{1e10, "GET", "example.com", "Gone"},
		{1e9, "GET", "pr-1.branch.example.com", "Not Found"}, // another namespace, another key
		{1e9, "GET", "pr-2.branch.example.com", "Not Found"}, // no key
	} {
		clock = tt.at
		if got := summary(run(t, f, tt.method, "https://"+tt.host+link)); got != tt.want {
			t.Errorf("%v %s %s: %q, want %q", tt.at, tt.method, tt.host, got, tt.want)
		}
	}
	clock = 1e9
	own := routes.ShareLink("pr-1", "another key", until, digest("b"))
	if got := summary(run(t, f, "GET", "https://pr-1.branch.example.com"+own)); got != "-> /draft/"+digest("b") {
		t.Errorf("a link of a branch: %q", got)
	}
	// A new key revokes every link.
	store.keys["www!k"] = routes.NewShareKey()
	if got := summary(run(t, f, "GET", "https://example.com"+link)); got != "Not Found" {
		t.Errorf("after the key changed: %q", got)
	}
}

// No link but the one that was signed shows anything, however near it is, and
// the answer does not say how near.
func TestForgedShares(t *testing.T) {
	store := sharing()
	clock := 1e9
	f := newFunctionAt(t, store, &clock)
	link := routes.ShareLink(routes.Site, shareKey, time.Unix(1e9+100, 0), digest("a"))
	if got := summary(run(t, f, "GET", "https://example.com"+link)); got != "-> /draft/"+digest("a") {
		t.Fatalf("the link itself: %q", got)
	}
	forged := []string{
		"/~share/", "/~share/x", "/~share/..", link + "/", link + "A", link[:len(link)-1],
		strings.Replace(link, "/~share/", "/~share/0", 1), strings.Replace(link, ".", "..", 1), link + ".br",
		routes.ShareLink(routes.Site, "another key", time.Unix(1e9+100, 0), digest("a")),
		routes.ShareLink("pr-1", shareKey, time.Unix(1e9+100, 0), digest("a")),
		routes.ShareLink(routes.Site, "", time.Unix(1e9+100, 0), digest("a")),
		"/~share/gjdgxs." + digest("a") + ".",
	}
	for i := len("/~share/"); i < len(link); i++ { // each character changed
		for _, c := range "0z-" {
			if rune(link[i]) != c {
				forged = append(forged, link[:i]+string(c)+link[i+1:])
			}
		}
	}
	want := ""
	for _, path := range forged {
		e := edge.NewEvent(httptest.NewRequest("GET", "https://example.com/", nil), "id")
		e.Request.URI = path
		res, err := f.Run(t.Context(), e)
		if err != nil {
			t.Fatal(err)
		}
		if res.Response == nil || res.Response.StatusCode != 404 || res.Response.Headers["cache-control"].Value != "no-store" {
			t.Errorf("%s: %s", path, summary(res))
			continue
		}
		if want == "" {
			want = string(res.Response.Body)
		}
		if string(res.Response.Body) != want {
			t.Errorf("%s: the answer says more: %s", path, res.Response.Body)
		}
	}
	// An old one that is forged is not told that it is old. (No signature of
	// 32 bytes ends with _.)
	clock = 1e10
	if got := summary(run(t, f, "GET", "https://example.com"+link[:len(link)-1]+"_")); got != "Not Found" {
		t.Errorf("a forged link, expired: %q", got)
	}
}

// Without its signature a draft has no address.
func TestDraftsHaveNoOtherAddress(t *testing.T) {
	f := newFunction(t, sharing())
	d := digest("a")
	for _, path := range []string{
		"/draft/" + d, "/draft/" + d + ".br", "/%64raft/" + d, "/draft//" + d, "/page/../draft/" + d, "//draft/" + d,
		"/~share/../draft/" + d, "/search/../draft/" + d, "/DRAFT/" + d, "/draft/" + d + "/", "/~share/draft/" + d,
	} {
		e := edge.NewEvent(httptest.NewRequest("GET", "https://example.com/", nil), "id")
		e.Request.URI = path
		res, err := f.Run(t.Context(), e)
		if err != nil {
			t.Fatal(err)
		}
		if res.Response == nil || res.Response.StatusCode != 404 {
			t.Errorf("%s: %s", path, summary(res))
		}
	}
}

// A store that fails is a 503, not a link that is refused.
func TestShareStoreFailure(t *testing.T) {
	store := sharing()
	f := newFunction(t, store)
	link := routes.ShareLink(routes.Site, shareKey, time.Now().Add(time.Hour), digest("a"))
	for name, breaks := range map[string]func(){
		"the key":       func() { store.fail["www!k"] = true },
		"the key, once": func() { store.fail, store.flaky["www!k"] = map[string]bool{}, true },
	} {
		store.flaky = map[string]bool{}
		breaks()
		if res := run(t, f, "GET", "https://example.com"+link); res.Response == nil || res.Response.StatusCode != 503 {
			t.Errorf("%s: %s", name, summary(res))
		}
	}
	store.fail["*"] = true
	if got := summary(run(t, f, "GET", "https://example.com/~share/forged")); got != "Not Found" {
		t.Errorf("what is no link needs no store: %q", got)
	}
}
