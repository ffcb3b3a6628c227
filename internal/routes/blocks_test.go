package routes_test

import (
	"fmt"
	"maps"
	"slices"
	"testing"

	"github.com/victorleungtw/blog/internal/recipe"
	"github.com/victorleungtw/blog/internal/routes"
)

// What was put into blocks is found there, and nothing else is; the few that do
// not fit are named.
func TestFill(t *testing.T) {
	for _, n := range []int{1, 2, 7, 50, 5000, 20000} {
		digests := map[string]string{}
		for i := range n {
			path := fmt.Sprintf("/%d/文章/", i)
			digests[path] = recipe.Sum([]byte(path))
		}
		b, values, left := routes.Fill(routes.Site, 7, digests)
		if err := check(values); err != nil {
			t.Fatal(err)
		}
		if !slices.IsSorted(left) || len(left) > n/100+1 {
			t.Errorf("of %d paths %d do not fit", n, len(left))
		}
		if got := b.Size(routes.Site, values); got != n-len(left) {
			t.Errorf("%d paths of %d are in blocks, and %d are not", got, n, len(left))
		}
		for path, digest := range digests {
			want := digest
			if slices.Contains(left, path) {
				want = ""
			}
			if got := b.Find(routes.Site, values, path); got != want {
				t.Fatalf("%s of %d is %q, want %q", path, n, got, want)
			}
		}
		for i := range 1000 {
			if got := b.Find(routes.Site, values, fmt.Sprint("/none/", i)); got != "" {
				t.Errorf("/none/%d is %s", i, got)
			}
		}
		again, same, _ := routes.Fill(routes.Site, 7, maps.Clone(digests))
		if again != b || !maps.Equal(same, values) {
			t.Error("the same paths make other blocks")
		}
		if older := (routes.Blocks{Gen: 6, Count: b.Count}); older.Find(routes.Site, values, "/0/文章/") != "" || older.Size(routes.Site, values) != 0 {
			t.Error("another generation has them too")
		}
	}
}

// check holds values to the limits of a call, however many calls they take.
func check(values map[string]string) error {
	for key, value := range values {
		if err := routes.CheckUpdate(map[string]string{key: value}, nil); err != nil {
			return err
		}
		if gen, ok := routes.Site.IsBlock(key); !ok || gen != 7 || !routes.Site.Owns(key) || routes.Site.Kept(key) {
			return fmt.Errorf("%s is no key of a block", key)
		}
	}
	return nil
}

// A table that is damaged has nothing in its blocks that it should not.
func TestFindInDamage(t *testing.T) {
	b := routes.Blocks{Gen: 1, Count: 1}
	for _, value := range []string{"", ":", ",", "x", "0123456789abcdef:", "0123456789abcdef:zz"} {
		if got := b.Find(routes.Site, map[string]string{"www!b1.0": value}, "/"); got != "" {
			t.Errorf("%q has %q", value, got)
		}
	}
	for _, key := range []string{"www!c", "www/", "www!b", "pr!b1.0", "www=b"} {
		if gen, ok := routes.Site.IsBlock(key); ok && gen != 0 {
			t.Errorf("%s is of generation %d", key, gen)
		}
	}
	if (routes.Blocks{}).Find(routes.Site, map[string]string{"www!b0.0": "x"}, "/") != "" {
		t.Error("no blocks have a path")
	}
}
