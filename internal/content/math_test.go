package content

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/victorleungtw/blog/internal/config"
)

// A post has formulas if it says so, or if the blog does and it does not say
// otherwise.
func TestMath(t *testing.T) {
	dir := t.TempDir()
	for name, front := range map[string]string{"silent": "", "yes": "math: true\n", "no": "math: false\n"} {
		if err := os.MkdirAll(filepath.Join(dir, "posts", name), 0o777); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(dir, "posts", name, "index.en.md"), []byte("---\ndate: 2026-01-01\n"+front+"---\n# "+name+"\n\n$\\nope{}$\n"), 0o666); err != nil {
			t.Fatal(err)
		}
	}
	for _, all := range []bool{false, true} {
		l, err := Open(dir, Options{Site: config.Site{BaseURL: "https://example.com", Languages: []config.Language{{Tag: "en"}}, Math: all}})
		if err != nil {
			t.Fatal(err)
		}
		defer l.Close()
		s, probs, err := l.Load(t.Context())
		if err != nil || s == nil {
			t.Fatal(err, probs)
		}
		want := map[string]bool{"silent": all, "yes": true, "no": false}
		warned := map[string]bool{}
		for _, p := range probs {
			warned[filepath.Base(filepath.Dir(p.File))] = true
		}
		for _, d := range s.Documents() {
			if d.Source.Math != want[d.Title] || warned[d.Title] != want[d.Title] {
				t.Errorf("math: %v in blog.yaml: %s has formulas: %v, and is warned of a bad one: %v", all, d.Title, d.Source.Math, warned[d.Title])
			}
		}
	}
}
