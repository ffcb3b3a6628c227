package plan

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/victorleungtw/blog/internal/config"
	"github.com/victorleungtw/blog/internal/content"
	"github.com/victorleungtw/blog/internal/recipe"
)

func TestTree(t *testing.T) {
	dir := write(t, stream(3))
	l, err := content.Open(dir, content.Options{Site: config.Site{Title: "Test", Languages: []config.Language{{Tag: "en"}}}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	tree := func(version string) string {
		t.Helper()
		s, err := l.Tree(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		return Tree(s, version)
	}
	before := tree("v1")
	if before != tree("v1") {
		t.Error("the same folder has two trees")
	}
	if before == tree("v2") {
		t.Error("the renderer's version is not in the tree")
	}
	if err := os.WriteFile(filepath.Join(dir, "posts/p001/index.en.md"), []byte("# Other\n"), 0o666); err != nil {
		t.Fatal(err)
	}
	if before == tree("v1") {
		t.Error("the content is not in the tree")
	}
}

// elsewhere are packages that a plan is built with and that do not decide what
// it holds: what the configuration says is in the tree as it was read, and the
// others shape messages, or bytes that a plan does not hold.
var elsewhere = []string{"internal/config", "internal/names", "internal/problem", "internal/recovery", "internal/store", "internal/suggest"}

// Every other package of this module that plans are built with is in planner.
func TestPlannerCoversPackages(t *testing.T) {
	out, err := exec.Command("go", "list", "-deps", ".").Output()
	if err != nil {
		t.Fatal(err)
	}
	var want []string
	for line := range strings.Lines(string(out)) {
		name, ok := strings.CutPrefix(strings.TrimSpace(line), "github.com/victorleungtw/blog/")
		if ok && !slices.Contains(elsewhere, name) {
			want = append(want, name)
		}
	}
	var got []string
	for _, c := range covered {
		got = append(got, c.pkg)
		var all bytes.Buffer
		if recipe.HashSources(&all, c.pkg, c.files); !bytes.Contains(all.Bytes(), []byte("package "+filepath.Base(c.pkg)+"\n")) {
			t.Errorf("%s has no source", c.pkg)
		}
	}
	slices.Sort(want)
	if !slices.Equal(got, want) {
		t.Errorf("the planner is made from %v\nthis package is built from %v", got, want)
	}
}
