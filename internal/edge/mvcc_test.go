package edge_test

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/victorleungtw/blog/internal/routes"
)

// An edge learns of each key on its own. So at any instant it may hold any
// mixture of what the table held at the moments of a publish, and these tests
// try every mixture, on the real function.

// moments are the table's states in the order in which they were written.
type moments []map[string]string

// mixtures calls check with every edge state: each key that ever changed in
// each of its states, as indexes into moments.
func (m moments) mixtures(check func(state map[string]int, edgeState map[string]string)) {
	keys := map[string]bool{}
	for _, table := range m {
		for key := range table {
			keys[key] = true
		}
	}
	sorted := slices.Sorted(maps.Keys(keys))
	state := make([]int, len(sorted))
	for {
		held, chosen := map[string]string{}, map[string]int{}
		for i, key := range sorted {
			chosen[key] = state[i]
			if v, ok := m[state[i]][key]; ok {
				held[key] = v
			}
		}
		check(chosen, held)
		i := 0
		for ; i < len(state); i++ {
			if state[i]++; state[i] < len(m) {
				break
			}
			state[i] = 0
		}
		if i == len(state) {
			return
		}
	}
}

func with(table map[string]string, pairs ...string) map[string]string {
	next := maps.Clone(table)
	for i := 0; i < len(pairs); i += 2 {
		next[pairs[i]] = pairs[i+1]
	}
	return next
}

// A publish of release 18 over 17 in two calls: half of the entries, then the
// rest, then the flip.
func TestEveryMixtureOfAPublish(t *testing.T) {
	old := map[string]string{
		"www!c":      `{"n":17,"has":[17]}`,
		"www/early/": "12:" + digest("a"),
		"www/late/":  "17:" + digest("b"),
		"www/gone/":  "12:" + digest("c"),
		"www/moved/": "12:" + digest("d"),
	}
	half := with(old,
		"www/early/", "18:"+digest("1")+",12:"+digest("a"),
		"www/new/", "18:"+digest("5"))
	written := with(half,
		"www/late/", "18:"+digest("2")+",17:"+digest("b"),
		"www/gone/", "18:-,12:"+digest("c"),
		"www/moved/", "18:/early/,12:"+digest("d"))
	flipped := with(written, "www!c", `{"n":18,"has":[17,18]}`)

	before := map[string]string{
		"/early/": "-> /page/" + digest("a"), "/late/": "-> /page/" + digest("b"), "/gone/": "-> /page/" + digest("c"),
		"/moved/": "-> /page/" + digest("d"), "/new/": "Not Found",
	}
	after := map[string]string{
		"/early/": "-> /page/" + digest("1"), "/late/": "-> /page/" + digest("2"), "/gone/": "Gone",
		"/moved/": "Moved Permanently /early/", "/new/": "-> /page/" + digest("5"),
	}
	// "Half" stands for every moment between: each key is in it either old
	// or written, so that three states a key are all there are.
	m := moments{old, half, flipped}
	store := newKV()
	f := newFunction(t, store)
	mixtures := 0
	m.mixtures(func(state map[string]int, held map[string]string) {
		mixtures++
		store.keys = held
		isFlipped := state["www!c"] == 2
		for path := range before {
			want := before[path]
			if isFlipped && held["www"+path] == flipped["www"+path] {
				want = after[path]
			}
			if got := summary(run(t, f, "GET", "https://example.com"+path)); got != want {
				t.Errorf("edge state %v: %s is %q, want %q", state, path, got, want)
			}
		}
	})
	if want := 3 * 3 * 3 * 3 * 3 * 3; mixtures != want { // www!c and five paths
		t.Errorf("%d mixtures, want %d", mixtures, want)
	}
}

// Three releases and a way back: however far an edge is behind on each key, a
// page is in the form of some release that is not above the one the edge
// takes for current. A page that all releases have is never missing.
func TestEveryMixtureOfThreeReleases(t *testing.T) {
	entry := func(n int, c string) string { return fmt.Sprintf("%d:%s", n, digest(c)) }
	forms := map[string][3]string{ // of releases 17, 18, 19
		"/both/":  {"a", "b", "c"},
		"/once/":  {"d", "d", "e"},
		"/never/": {"f", "f", "f"},
	}
	r17 := map[string]string{"www!c": `{"n":17}`, "www/both/": entry(17, "a"), "www/once/": entry(12, "d"), "www/never/": entry(3, "f")}
	r18 := with(r17, "www!c", `{"n":18}`, "www/both/", entry(18, "b")+","+r17["www/both/"])
	r19 := with(r18, "www!c", `{"n":19}`, "www/both/", entry(19, "c")+","+r18["www/both/"], "www/once/", entry(19, "e")+","+r17["www/once/"])
	back := with(r19, "www!c", `{"n":17}`) // a rollback is one key

	store := newKV()
	f := newFunction(t, store)
	moments{r17, r18, r19, back}.mixtures(func(state map[string]int, held map[string]string) {
		store.keys = held
		current := []int{17, 18, 19, 17}[state["www!c"]]
		for path, form := range forms {
			res := run(t, f, "GET", "https://example.com"+path)
			got := summary(res)
			allowed := false
			for n := 17; n <= current; n++ {
				allowed = allowed || got == "-> /page/"+digest(form[n-17])
			}
			if !allowed {
				t.Errorf("edge state %v: %s is %q at release %d", state, path, got, current)
			}
			// And exactly the current one's, when the edge knows that much.
			if state["www"+path] >= current-17 && got != "-> /page/"+digest(form[current-17]) {
				t.Errorf("edge state %v: %s is %q, not the form of release %d", state, path, got, current)
			}
		}
	})
}

// The function and package routes read a value alike, whatever its order.
func TestResolveAgreesWithRoutes(t *testing.T) {
	store := newKV()
	f := newFunction(t, store)
	rnd := rand.New(rand.NewPCG(1, 2))
	tos := []string{routes.Gone, "/target/", digest("a"), digest("b"), digest("c")}
	for range 400 {
		var entries []routes.Entry
		for _, n := range rnd.Perm(30)[:rnd.IntN(8)] {
			entries = append(entries, routes.Entry{N: n + 1, To: tos[rnd.IntN(len(tos))]})
		}
		n := 1 + rnd.IntN(32)
		delete(store.keys, "www/p/")
		if len(entries) > 0 {
			value := routes.FormatEntries(entries)
			if rnd.IntN(2) == 0 { // the order is a promise, but nothing rests on it
				value = routes.FormatEntries(entries[:1])
				for _, e := range entries[1:] {
					value += "," + routes.FormatEntries([]routes.Entry{e})
				}
			}
			store.keys[routes.Site.PathKey("/p/")] = value
		}
		store.keys[routes.Site.CurrentKey()] = routes.Current{N: n, Has: []int{1}}.String()
		to, ok := routes.Resolve(entries, n)
		want := "-> /page/" + to
		switch {
		case !ok:
			want = "Not Found"
		case to == routes.Gone:
			want = "Gone"
		case to[0] == '/':
			want = "Moved Permanently " + to
		}
		if got := summary(run(t, f, "GET", "https://example.com/p/")); got != want {
			t.Fatalf("%q at %d: %q, package routes says %q", store.keys["www/p/"], n, got, want)
		}
	}
}
