package render

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/victorleungtw/blog/internal/recipe"
)

const module = "github.com/victorleungtw/blog/"

// goList runs go list on this package and what it is built from.
func goList(t *testing.T, format string) []string {
	t.Helper()
	var out, errs bytes.Buffer
	cmd := exec.Command("go", "list", "-deps", "-f", format, ".")
	cmd.Stdout, cmd.Stderr = &out, &errs
	if err := cmd.Run(); err != nil {
		t.Fatalf("go list: %v\n%s", err, errs.String())
	}
	lines := strings.Fields(out.String())
	slices.Sort(lines)
	return slices.Compact(lines)
}

// Every package of this module that shapes a page is in the version, and every
// file of theirs.
func TestVersionCoversPackages(t *testing.T) {
	var want []string
	for _, p := range goList(t, `{{.ImportPath}}`) {
		if name, ok := strings.CutPrefix(p, module); ok {
			want = append(want, name)
		}
	}
	var got []string
	for _, c := range covered {
		got = append(got, c.pkg)
		root := filepath.Join("../..", filepath.FromSlash(c.pkg))
		err := filepath.WalkDir(root, func(name string, e fs.DirEntry, err error) error {
			if err != nil {
				return err
			}
			rel, _ := filepath.Rel(root, name)
			if e.IsDir() {
				if rel == "testdata" {
					return fs.SkipDir
				}
				return nil
			}
			if strings.HasSuffix(rel, "_test.go") {
				return nil
			}
			disk, err := os.ReadFile(name)
			if err != nil {
				return err
			}
			if in, err := fs.ReadFile(c.files, filepath.ToSlash(rel)); err != nil || !bytes.Equal(in, disk) {
				t.Errorf("%s/%s is not in the version: add it to the embedded sources", c.pkg, rel)
			}
			return nil
		})
		if err != nil {
			t.Error(err)
		}
	}
	slices.Sort(got)
	if !slices.Equal(got, want) {
		t.Errorf("the version covers %v\nthe package is built from %v", got, want)
	}
}

// Every module that the package is built from is in the version, as it is in
// go.mod.
func TestVersionCoversModules(t *testing.T) {
	var want []string
	for _, m := range goList(t, `{{with .Module}}{{if not .Main}}{{.Path}}@{{.Version}}{{end}}{{end}}`) {
		want = append(want, strings.Replace(m, "@", " ", 1))
	}
	if got := strings.TrimSpace(dependencies); got != strings.Join(want, "\n") {
		t.Errorf("dependencies is\n%s\ngo.mod says\n%s", got, strings.Join(want, "\n"))
	}
}

func TestVersionChanges(t *testing.T) {
	sum := func(files fstest.MapFS) string {
		h := sha256.New()
		recipe.HashSources(h, "p", files)
		return hex.EncodeToString(h.Sum(nil))
	}
	base := fstest.MapFS{"a.go": {Data: []byte("a")}, "templates/b.html": {Data: []byte("b")}}
	was := sum(base)
	base["a_test.go"] = &fstest.MapFile{Data: []byte("t")}
	if sum(base) != was {
		t.Error("a test changes the version")
	}
	base["templates/b.html"] = &fstest.MapFile{Data: []byte("B")}
	changed := sum(base)
	if changed == was {
		t.Error("a template does not change the version")
	}
	delete(base, "templates/b.html")
	base["templates/c.html"] = &fstest.MapFile{Data: []byte("B")}
	if sum(base) == changed {
		t.Error("a file's name does not change the version")
	}
	if v := Version(); len(v) != 16 || v != Version() {
		t.Errorf("version %q", v)
	}
}
