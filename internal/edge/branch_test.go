package edge_test

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/victorleungtw/blog/internal/edge"
	"github.com/victorleungtw/blog/internal/routes"
)

// branched is site() with a branch whose third publish is current, and one
// that is being written for the first time.
func branched() *kv {
	store := site()
	maps.Copy(store.keys, map[string]string{
		"pr-1!c":               `{"n":3}`,
		"pr-1/":                "3:" + digest("1"),
		"pr-1/feed.xml":        "2:" + digest("0"),                       // as it was two publishes ago
		"pr-1/new/":            "4:" + digest("9") + ",3:" + digest("2"), // the next one is being written
		"pr-1/late/":           "4:" + digest("9"),
		"pr-1/search":          "3:" + digest("8"),
		"pr-1/gone/":           "3:" + digest("3"),
		"pr-1/2022/06/18/aws/": "3:-",
		"pr-1/old-slug":        "3:/new/",
		"pr-1/404.html":        "3:" + digest("6"),
		"pr-1=" + digest("6"):  "<p>not on the branch</p>",
		"pr-2/":                "1:" + digest("1"),
	})
	return store
}

// A branch is a difference that is shown on top of what is current.
func TestBranch(t *testing.T) {
	f := newFunction(t, branched())
	for _, tt := range []struct{ target, want string }{
		{"/", "-> /page/" + digest("1")},
		{"/new/", "-> /page/" + digest("2")},
		{"/new", "Moved Permanently /new/"},
		{"/late/", "Not Found"},
		{"/feed.xml", "-> /page/" + digest("d")},
		{"/page/2/", "-> /page/" + digest("e")},
		{"/gone/", "-> /page/" + digest("3")},
		{"/2022/06/18/aws/", "Gone"},
		{"/2022/06/18/aws", "Gone"},
		{"/old-slug", "Moved Permanently /new/"},
		{"/old/", "Moved Permanently /2022/06/18/aws/"},
		{"/next/", "Not Found"},
		{"/missing/", "Not Found"},
		{"/page/" + digest("0") + ".css", "-> /page/" + digest("0")},
		{"/search", "-> /search/" + digest("8")},
	} {
		if got := summary(run(t, f, "GET", "https://pr-1.branch.example.com"+tt.target)); got != tt.want {
			t.Errorf("%s: got %q, want %q", tt.target, got, tt.want)
		}
	}
	if got := summary(run(t, f, "GET", "https://example.com/new/")); got != "Not Found" {
		t.Errorf("the site shows a page of a branch: %q", got)
	}
}

// Which hosts are a branch's, and whose.
func TestBranchHosts(t *testing.T) {
	f := newFunction(t, branched())
	for host, want := range map[string]string{
		"pr-1.branch.example.com":                       "18+pr-1.3",
		"PR-1.Branch.Example.COM":                       "18+pr-1.3",
		"pr-1.branch.localhost:8080":                    "18+pr-1.3",
		"pr-2.branch.example.com":                       "There is no branch pr-2.\n",
		"other.branch.example.com":                      "There is no branch other.\n",
		"example.com":                                   "18",
		"d111111abcdef8.cloudfront.net":                 "18",
		"www.branch.example.com":                        "18",
		"pr-1.example.com":                              "18",
		"pr-1.branches.example.com":                     "18",
		"x.pr-1.branch.example.com":                     "18",
		"pr_1.branch.example.com":                       "18",
		"branch.example.com":                            "18",
		strings.Repeat("a", 40) + ".branch.example.com": "There is no branch " + strings.Repeat("a", 40) + ".\n",
		strings.Repeat("a", 41) + ".branch.example.com": "18",
	} {
		res := run(t, f, "GET", "https://"+host+"/")
		got := ""
		if res.Request != nil {
			got = res.Request.Headers[edge.ReleaseHeader].Value
		} else {
			got = string(res.Response.Body)
			h := res.Response.Headers
			if res.Response.StatusCode != 404 || h["cache-control"].Value != "no-store" || h["content-type"].Value != "text/plain; charset=utf-8" {
				t.Errorf("%s: %d %v", host, res.Response.StatusCode, h)
			}
		}
		if got != want {
			t.Errorf("%s: %q, want %q", host, got, want)
		}
	}
}

// Search engines are told to stay away, whatever the branch holds and whether
// or not there is one; the site's own robots.txt is a page like any other.
func TestBranchRobots(t *testing.T) {
	store := branched()
	store.keys["www/robots.txt"] = "12:" + digest("7")
	store.keys["pr-1/robots.txt"] = "3:" + digest("8")
	f := newFunction(t, store)
	for _, host := range []string{"pr-1", "none"} {
		store.reads = nil
		res := run(t, f, "GET", "https://"+host+".branch.example.com/robots.txt")
		if res.Response == nil || res.Response.StatusCode != 200 || string(res.Response.Body) != "User-agent: *\nDisallow: /\n" ||
			res.Response.Headers["content-type"].Value != "text/plain; charset=utf-8" || len(store.reads) > 0 {
			t.Errorf("%s: %s after %d reads", host, summary(res), len(store.reads))
		}
	}
	if got := summary(run(t, f, "GET", "https://example.com/robots.txt")); got != "-> /page/"+digest("7") {
		t.Errorf("the site's: %q", got)
	}
}

func TestBranchMissingPages(t *testing.T) {
	store := branched()
	f := newFunction(t, store)
	for _, tt := range []struct{ path, want string }{
		{"/missing/", "<p>not on the branch</p>"},
		{"/2022/06/18/aws/", "<p>not on the branch</p>"},
		{"/zh/missing/", "<p>不在這裏</p>"}, // the branch did not change this one
	} {
		res := run(t, f, "GET", "https://pr-1.branch.example.com"+tt.path)
		if res.Response == nil || string(res.Response.Body) != tt.want || res.Response.Headers[edge.ReleaseHeader].Value != "18+pr-1.3" {
			t.Errorf("%s: %s", tt.path, summary(res))
		}
	}
}

// A branch is on top of what the site shows at that moment, coming releases
// included.
func TestBranchFollowsTheSite(t *testing.T) {
	store := branched()
	store.keys["www!c"] = `{"n":18,"next":[{"n":19,"at":1000}]}`
	clock := 999.0
	f := newFunctionAt(t, store, &clock)
	for _, want := range []string{"Not Found", "-> /page/" + digest("9")} {
		if got := summary(run(t, f, "GET", "https://pr-1.branch.example.com/next/")); got != want {
			t.Errorf("at %v: %q, want %q", clock, got, want)
		}
		clock++
	}
}

// A store that fails is a 503 on a branch's host too.
func TestBranchStoreFailure(t *testing.T) {
	for name, breaks := range map[string]func(*kv){
		"everything":       func(k *kv) { k.fail["*"] = true },
		"the branch":       func(k *kv) { k.fail["pr-1!c"] = true },
		"the branch, once": func(k *kv) { k.flaky["pr-1!c"] = true },
		"the site":         func(k *kv) { k.fail["www!c"] = true },
		"damaged":          func(k *kv) { k.keys["pr-1!c"] = "{" },
	} {
		store := branched()
		breaks(store)
		res := run(t, newFunction(t, store), "GET", "https://pr-1.branch.example.com/feed.xml")
		if res.Response == nil || res.Response.StatusCode != 503 {
			t.Errorf("%s: %s", name, summary(res))
		}
	}
}

// Reads are billed; a page takes two more than on the site's own host, a page
// that is not there the most.
func TestBranchReads(t *testing.T) {
	for path, want := range map[string]int{"/": 4, "/feed.xml": 5, "/missing": 9, "/zh/missing": 11, "/robots.txt": 0} {
		store := branched()
		res := run(t, newFunction(t, store), "GET", "https://pr-1.branch.example.com"+path)
		if len(store.reads) != want || res.Reads != want {
			t.Errorf("%s: %d reads: %q", path, len(store.reads), store.reads)
		}
	}
}

// A publish of a branch, in any number of calls, is seen at once: entries of
// the next number are invisible until NAME!c says it, and those of the last
// from then on, whatever mixture of keys an edge holds.
func TestEveryMixtureOfABranch(t *testing.T) {
	theSite := map[string]string{
		"www!c": `{"n":17}`, "www/same/": "9:" + digest("a"), "www/both/": "9:" + digest("b"), "www/less/": "9:" + digest("c"), "www/more/": "9:" + digest("d"),
	}
	old := map[string]string{"pr-1!c": `{"n":1}`, "pr-1/both/": "1:" + digest("1"), "pr-1/less/": "1:" + digest("2")}
	written := with(old, "pr-1/both/", "2:"+digest("3")+",1:"+digest("1"), "pr-1/more/", "2:"+digest("4"))
	flipped := with(written, "pr-1!c", `{"n":2}`)
	swept := with(flipped, "pr-1/both/", "2:"+digest("3"))
	delete(swept, "pr-1/less/")

	site := map[string]string{"/same/": "a", "/both/": "b", "/less/": "c", "/more/": "d"}
	forms := map[int]map[string]string{
		1: {"/same/": "a", "/both/": "1", "/less/": "2", "/more/": "d"},
		2: {"/same/": "a", "/both/": "3", "/less/": "c", "/more/": "4"},
	}
	store := newKV()
	f := newFunction(t, store)
	mixtures := 0
	moments{old, written, flipped, swept}.mixtures(func(state map[string]int, held map[string]string) {
		mixtures++
		store.keys = held
		maps.Copy(store.keys, theSite)
		n := 1
		if state["pr-1!c"] >= 2 {
			n = 2
		}
		for path, form := range forms[n] {
			got := summary(run(t, f, "GET", "https://pr-1.branch.example.com"+path))
			if got == "-> /page/"+digest(form) {
				continue
			}
			// An edge that is behind, or was swept ahead, shows the site's
			// page, and nothing else.
			behind := n == 2 && state["pr-1"+path] == 0
			ahead := n == 1 && state["pr-1"+path] == 3
			if got != "-> /page/"+digest(site[path]) || !behind && !ahead {
				t.Errorf("edge state %v: %s is %q at %d, want the form %s", state, path, got, n, form)
			}
		}
	})
	if want := 4 * 4 * 4 * 4; mixtures != want {
		t.Errorf("%d mixtures, want %d", mixtures, want)
	}
}

// Whatever two namespaces hold, a branch's host shows its own entry of exactly
// its number, else what the site's host shows.
func TestBranchIsADifference(t *testing.T) {
	rnd := rand.New(rand.NewPCG(5, 6))
	tos := []string{routes.Gone, "/target/", digest("a"), digest("b")}
	some := func() string {
		var es []routes.Entry
		for _, n := range rnd.Perm(6)[:rnd.IntN(4)] {
			es = append(es, routes.Entry{N: n + 1, To: tos[rnd.IntN(len(tos))]})
		}
		return routes.FormatEntries(es)
	}
	ns, err := routes.Branch("b")
	if err != nil {
		t.Fatal(err)
	}
	store := newKV()
	f := newFunction(t, store)
	seen := map[bool]int{}
	for range 400 {
		n := 1 + rnd.IntN(6)
		store.keys = map[string]string{routes.Site.CurrentKey(): `{"n":4}`, ns.CurrentKey(): fmt.Sprintf(`{"n":%d}`, n)}
		own := some()
		for key, value := range map[string]string{routes.Site.PathKey("/p/"): some(), ns.PathKey("/p/"): own} {
			if value != "" {
				store.keys[key] = value
			}
		}
		want := summary(run(t, f, "GET", "https://example.com/p/"))
		i := -1
		es, _ := routes.ParseEntries(own)
		if i = slices.IndexFunc(es, func(e routes.Entry) bool { return e.N == n }); i >= 0 {
			want = map[bool]string{true: "Gone", false: "-> /page/" + es[i].To}[es[i].To == routes.Gone]
			if es[i].To[0] == '/' {
				want = "Moved Permanently" + " " + es[i].To
			}
		}
		seen[i >= 0]++
		if got := summary(run(t, f, "GET", "https://b.branch.example.com/p/")); got != want {
			t.Fatalf("%v: %q, want %q", store.keys, got, want)
		}
	}
	if seen[true] < 50 || seen[false] < 50 {
		t.Errorf("%d own, %d of the site: not both were tried", seen[true], seen[false])
	}
}
