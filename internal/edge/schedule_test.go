package edge_test

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"github.com/victorleungtw/blog/internal/edge"
	"github.com/victorleungtw/blog/internal/routes"
)

// A coming release is seen from its second on, on every path at once.
func TestSchedule(t *testing.T) {
	store := newKV(
		"www!c", `{"n":18,"next":[{"n":19,"at":1000},{"n":20,"at":2000}]}`,
		"www/", "20:"+digest("c")+",19:"+digest("b")+",18:"+digest("a"),
		"www/new/", "19:"+digest("9"),
		"www/moved", "20:/new/,18:"+digest("8"),
		"www/gone/", "19:-,18:"+digest("7"),
	)
	clock := 0.0
	f := newFunctionAt(t, store, &clock)
	for _, tt := range []struct {
		at                                float64
		release, home, fresh, moved, gone string
	}{
		{0, "18", digest("a"), "Not Found", "-> /page/" + digest("8"), "-> /page/" + digest("7")},
		{999.999, "18", digest("a"), "Not Found", "-> /page/" + digest("8"), "-> /page/" + digest("7")},
		{1000, "19", digest("b"), "-> /page/" + digest("9"), "-> /page/" + digest("8"), "Gone"},
		{1999.999, "19", digest("b"), "-> /page/" + digest("9"), "-> /page/" + digest("8"), "Gone"},
		{2000, "20", digest("c"), "-> /page/" + digest("9"), "Moved Permanently /new/", "Gone"},
		{999, "18", digest("a"), "Not Found", "-> /page/" + digest("8"), "-> /page/" + digest("7")}, // a clock that goes back
	} {
		clock = tt.at
		home := run(t, f, "GET", "https://example.com/")
		if got := home.Request.Headers[edge.ReleaseHeader].Value; got != tt.release {
			t.Errorf("at %v: release %s, want %s", tt.at, got, tt.release)
		}
		for path, want := range map[string]string{"/": "-> /page/" + tt.home, "/new/": tt.fresh, "/moved": tt.moved, "/gone/": tt.gone} {
			res := run(t, f, "GET", "https://example.com"+path)
			if got := summary(res); got != want {
				t.Errorf("at %v: %s is %q, want %q", tt.at, path, got, want)
			}
			if res.Response != nil && res.Response.Headers[edge.ReleaseHeader].Value != tt.release {
				t.Errorf("at %v: %s says release %s", tt.at, path, res.Response.Headers[edge.ReleaseHeader].Value)
			}
		}
	}
}

// For every value of the clock, readers see exactly one release, the one that
// package routes names, on every path.
func TestOneReleaseAtEverySecond(t *testing.T) {
	rnd := rand.New(rand.NewPCG(3, 4))
	store := newKV()
	clock := 0.0
	f := newFunctionAt(t, store, &clock)
	const paths = 4
	for range 60 {
		c := routes.Current{N: 1 + rnd.IntN(5), Gen: 3, ID: "5f0c1e9a"}
		at, n := int64(1), c.N
		for range rnd.IntN(routes.MaxNext + 1) {
			at, n = at+1+rnd.Int64N(5), n+1+rnd.IntN(2)
			c.Next = append(c.Next, routes.Coming{N: n, At: at})
		}
		value := c.String()
		if back, err := routes.ParseCurrent(value); err != nil || back.String() != value {
			t.Fatalf("%s: %v", value, err)
		}
		store.keys = map[string]string{routes.Site.CurrentKey(): value}
		entries := map[string][]routes.Entry{}
		for i := range paths {
			path := fmt.Sprintf("/%d/", i)
			for r := n; r >= 1; r-- {
				if rnd.IntN(3) == 0 {
					entries[path] = append(entries[path], routes.Entry{N: r, To: fmt.Sprintf("%064x", r)})
				}
			}
			if len(entries[path]) > 0 {
				store.keys[routes.Site.PathKey(path)] = routes.FormatEntries(entries[path])
			}
		}
		for second := range at + 3 {
			clock = float64(second) + rnd.Float64()*0.999
			want := c.At(time.UnixMilli(int64(clock * 1000)))
			for i := range paths {
				path := fmt.Sprintf("/%d/", i)
				res := run(t, f, "GET", "https://example.com"+path)
				to, ok := routes.Resolve(entries[path], want)
				page, release := "-> /page/"+to, ""
				if !ok {
					page = "Not Found"
				}
				if res.Request != nil {
					release = res.Request.Headers[edge.ReleaseHeader].Value
				} else {
					release = res.Response.Headers[edge.ReleaseHeader].Value
				}
				if got := summary(res); got != page || release != fmt.Sprint(want) {
					t.Fatalf("%s at %v: %s is %q of release %s, want %q of %d", value, clock, path, got, release, page, want)
				}
			}
		}
	}
}

// Whatever stands in next, the page is there: a coming release that cannot be
// read is passed over, the others count.
func TestDamagedNext(t *testing.T) {
	store := newKV("www/", "18:"+digest("a")+",17:"+digest("b")+",19:"+digest("c")+",20:"+digest("d"))
	clock := 5000.0
	f := newFunctionAt(t, store, &clock)
	const good = `{"n":19,"at":1000}`
	for next, want := range map[string]string{
		`null`: "a", `7`: "a", `"x"`: "a", `{}`: "a", `[]`: "a", `{"n":19,"at":1000}`: "a", `true`: "a",
		`[null]`: "a", `[7]`: "a", `["x"]`: "a", `[[]]`: "a", `[{}]`: "a", `[true]`: "a",
		`[{"n":19}]`: "a", `[{"at":1000}]`: "a", `[{"n":19,"at":null}]`: "a", `[{"n":19,"at":""}]`: "a",
		`[{"n":19,"at":"1000"}]`: "a", `[{"n":"19","at":1000}]`: "a", `[{"n":0,"at":1000}]`: "a", `[{"n":-1,"at":1000}]`: "a",
		`[{"n":19,"at":0}]`: "a", `[{"n":19,"at":-5}]`: "a", `[{"n":19.5,"at":1000}]`: "a", `[{"n":19,"at":[]}]`: "a",
		`[{"n":19,"at":false}]`: "a", `[{"n":null,"at":1000}]`: "a", `[{"n":{},"at":{}}]`: "a",
		`[` + good + `]`: "c", `[null,` + good + `]`: "c", `[` + good + `,null]`: "c", `[{"n":20,"at":"x"},` + good + `]`: "c",
		`[` + good + `,{"n":20,"at":6000}]`: "c", `[` + good + `,{"n":20,"at":5000}]`: "d",
	} {
		store.keys["www!c"] = `{"n":18,"next":` + next + `}`
		if !json.Valid([]byte(store.keys["www!c"])) {
			t.Fatalf("%s is not JSON", next)
		}
		if got := summary(run(t, f, "GET", "https://example.com/")); got != "-> /page/"+strings.Repeat(want, 64) {
			t.Errorf("next %s: %q", next, got)
		}
	}
	// No release that comes can stand in for one that was never there.
	store.keys["www!c"] = `{"n":0,"next":[` + good + `]}`
	if res := run(t, f, "GET", "https://example.com/"); res.Response == nil || res.Response.StatusCode != 503 {
		t.Errorf("without a release: %s", summary(res))
	}
}

// An answer that the function makes is of one moment, and no cache keeps it:
// CloudFront looks into its cache after the function, and a browser asks anew.
func TestOwnAnswersAreNotKept(t *testing.T) {
	l := newLab(t, false)
	l.give(edge.OriginStore, 200, "page", "Cache-Control", "max-age=31536000, immutable")
	l.table.keys["www!c"] = `{"n":18,"next":[{"n":19,"at":2000}]}`
	l.table.keys["www/next/"] = "19:" + digest("9")
	l.now = time.Unix(1999, 0)
	if got := l.ask("GET", "/next/"); got.Code != 404 || got.Header().Get("Cache-Control") != edge.BrowserCacheControl {
		t.Errorf("before: %d, %q", got.Code, got.Header().Get("Cache-Control"))
	}
	l.now = time.Unix(2000, 0)
	if got := l.ask("GET", "/next/"); got.Code != 200 {
		t.Errorf("from that second on: %d", got.Code)
	}
}
