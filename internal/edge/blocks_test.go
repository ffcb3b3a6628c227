package edge_test

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/victorleungtw/blog/internal/recipe"
	"github.com/victorleungtw/blog/internal/routes"
)

// packedSite is a site of which most paths are in blocks.
func packedSite() (*kv, routes.Blocks, map[string]string) {
	k := site()
	settled := map[string]string{}
	for i := range 200 {
		path := fmt.Sprintf("/%d/咖啡/", i)
		settled[path] = recipe.Sum([]byte(path))
	}
	b, values, left := routes.Fill(routes.Site, 3, settled)
	maps.Copy(k.keys, values)
	for _, path := range left {
		k.keys[routes.Site.PathKey(path)] = "12:" + settled[path]
	}
	k.keys[routes.Site.CurrentKey()] = routes.Current{N: 18, Has: []int{12, 17, 18}, Blocks: b}.String()
	return k, b, settled
}

// The function finds in blocks what a publisher put there, and nothing else.
func TestPackedRoutes(t *testing.T) {
	store, b, settled := packedSite()
	f := newFunction(t, store)
	for path, digest := range settled {
		if got := summary(run(t, f, "GET", "https://example.com"+path)); got != "-> /page/"+digest {
			t.Fatalf("%s: %s, want %s", path, got, digest)
		}
	}
	some := slices.Sorted(maps.Keys(settled))[0]
	for _, path := range slices.Sorted(maps.Keys(settled)) {
		if _, own := store.keys[routes.Site.PathKey(path)]; !own {
			some = path
			break
		}
	}
	digest := settled[some]
	bare := strings.TrimSuffix(some, "/")
	for path, want := range map[string]string{
		bare:                "Moved Permanently " + strings.ReplaceAll(some, "咖啡", "%E5%92%96%E5%95%A1"),
		bare + ".md":        "-> /page/" + digest + ".md",
		"/missing/":         "Not Found",
		"/page/2/":          "-> /page/" + strings.Repeat("e", 64), // has a key
		"/gone/":            "Gone",
		some + "index.html": "Not Found",
	} {
		if got := summary(run(t, f, "GET", "https://example.com"+path)); got != want {
			t.Errorf("%s: %s, want %s", path, got, want)
		}
	}
	// A key of the path's own comes first, and so does its not being readable.
	own := routes.Site.PathKey(some)
	ask := func(name, want string) {
		t.Helper()
		if got := summary(run(t, f, "GET", "https://example.com"+some)); got != want {
			t.Errorf("%s: %s, want %s", name, got, want)
		}
	}
	for _, tt := range []struct{ value, want string }{
		{"18:" + strings.Repeat("8", 64) + ",12:" + digest, "-> /page/" + strings.Repeat("8", 64)},
		{"19:" + strings.Repeat("8", 64) + ",12:" + digest, "-> /page/" + digest},
		{"18:-,12:" + digest, "Gone"},
	} {
		store.keys[own] = tt.value
		ask(tt.value, tt.want)
	}
	store.fail[own] = true
	ask("with its key unreadable", "Service Unavailable")
	delete(store.keys, own)
	delete(store.fail, own)
	ask("without a key again", "-> /page/"+digest)
	for key, value := range store.keys {
		if gen, ok := routes.Site.IsBlock(key); !ok || gen != b.Gen || !strings.Contains(value, digest) {
			continue
		}
		store.fail[key] = true
		ask("with its block unreadable", "Service Unavailable")
		delete(store.fail, key)
		store.keys[key] = "x"
		ask("with its block damaged", "Not Found")
		delete(store.keys, key)
		ask("with its block lost", "Not Found")
	}
}
