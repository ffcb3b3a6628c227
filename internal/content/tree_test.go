package content

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"
)

// open is a loader of dir.
func open(t *testing.T, dir string, opts Options) *Loader {
	t.Helper()
	l, err := Open(dir, opts)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	return l
}

func treeOf(t *testing.T, l *Loader) string {
	t.Helper()
	tree, err := l.Tree(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	return tree
}

func put(t *testing.T, dir, name, text string) {
	t.Helper()
	name = filepath.Join(dir, filepath.FromSlash(name))
	if err := os.MkdirAll(filepath.Dir(name), 0o777); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(name, []byte(text), 0o666); err != nil {
		t.Fatal(err)
	}
}

const treeFolder = `
-- posts/a/index.en.md --
---
date: 2026-01-01
---
# A
-- posts/a/pic.svg --
<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 40 30"></svg>
-- pages/about/index.en.md --
# About
-- notes.xlsx --
a table
`

// What could shape a site is in the tree; what could not is not.
func TestTree(t *testing.T) {
	link := func(dir, to string) {
		name := filepath.Join(dir, "posts", "link")
		os.Remove(name)
		if err := os.Symlink(to, name); err != nil {
			t.Fatal(err)
		}
	}
	for _, tt := range []struct {
		name string
		edit func(dir string, opts *Options)
		same bool
	}{
		{"nothing", func(string, *Options) {}, true},
		{"a byte of a post", func(dir string, _ *Options) { put(t, dir, "pages/about/index.en.md", "# Abuot\n") }, false},
		{"a byte of a picture", func(dir string, _ *Options) {
			put(t, dir, "posts/a/pic.svg", `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 41 30"></svg>`)
		}, false},
		{"a new post", func(dir string, _ *Options) { put(t, dir, "posts/b.md", "") }, false},
		{"a file is moved", func(dir string, _ *Options) {
			if err := os.Rename(filepath.Join(dir, "posts/a/pic.svg"), filepath.Join(dir, "posts/a/pix.svg")); err != nil {
				t.Fatal(err)
			}
		}, false},
		{"a file is gone", func(dir string, _ *Options) {
			if err := os.Remove(filepath.Join(dir, "posts/a/pic.svg")); err != nil {
				t.Fatal(err)
			}
		}, false},
		{"authors", func(dir string, _ *Options) { put(t, dir, "posts/.authors.yml", "authors: {}\n") }, false},
		{"mkdocs.yml", func(dir string, _ *Options) { put(t, dir, "mkdocs.yml", "site_name: x\n") }, false},
		{"a link", func(dir string, _ *Options) { link(dir, "nowhere") }, false},
		{"the title", func(_ string, o *Options) { o.Site.Title = "Other" }, false},
		{"the zone", func(_ string, o *Options) { o.Site.Timezone = "Asia/Tokyo" }, false},
		{"drafts", func(_ string, o *Options) { o.Drafts = true }, false},
		{"posts of every time", func(_ string, o *Options) { o.Now = time.Time{} }, false},
		{"another time", func(_ string, o *Options) { o.Now = o.Now.AddDate(1, 0, 0) }, true},
		{"a file that is not published", func(dir string, _ *Options) { put(t, dir, "notes.xlsx", "another") }, true},
		{"a repository", func(dir string, _ *Options) { put(t, dir, ".git/description.txt", "x") }, true},
		{"a hidden file", func(dir string, _ *Options) { put(t, dir, "posts/.a.md", "x") }, true},
		{"times", func(dir string, _ *Options) {
			if err := os.Chtimes(filepath.Join(dir, "posts/a/pic.svg"), time.Unix(1, 0), time.Unix(1, 0)); err != nil {
				t.Fatal(err)
			}
		}, true},
	} {
		t.Run(tt.name, func(t *testing.T) {
			dir, opts := folder(t, treeFolder), Options{Site: site, Now: time.Unix(1700000000, 0)}
			before := treeOf(t, open(t, dir, opts))
			tt.edit(dir, &opts)
			if after := treeOf(t, open(t, dir, opts)); (after == before) != tt.same {
				t.Errorf("the tree is the same: %t", after == before)
			}
		})
	}
	t.Run("where a link leads", func(t *testing.T) {
		dir := folder(t, treeFolder)
		link(dir, "nowhere")
		before := treeOf(t, open(t, dir, Options{Site: site}))
		link(dir, "elsewhere")
		if treeOf(t, open(t, dir, Options{Site: site})) == before {
			t.Error("the tree is the same")
		}
	})
}

// A loader that lives long sees what changed since its last Tree.
func TestTreeAgain(t *testing.T) {
	dir := folder(t, treeFolder)
	l := open(t, dir, Options{Site: site})
	before := treeOf(t, l)
	put(t, dir, "posts/b.md", "# B\n")
	with := treeOf(t, l)
	if with == before {
		t.Error("a new post is not in the tree")
	}
	if err := os.Remove(filepath.Join(dir, "posts/b.md")); err != nil {
		t.Fatal(err)
	}
	if treeOf(t, l) != before {
		t.Error("the tree of the same files is another")
	}
}

// many is a folder with so many files that a state is worth its while.
func many(t *testing.T) string {
	dir := folder(t, "-- posts/a.md --\n---\ndate: 2026-01-01\n---\n# A\n\n![x](000.svg)\n")
	for i := range stateFiles {
		put(t, dir, fmt.Sprintf("posts/%03d.svg", i), fmt.Sprintf(`<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 %d 9"></svg>`, 100+i))
	}
	return dir
}

// later is a loader whose clock says that the files were not touched just now.
func later(t *testing.T, dir, state string) *Loader {
	l := open(t, dir, Options{Site: site, State: state})
	l.clock = func() time.Time { return time.Now().Add(time.Hour) }
	return l
}

func TestStateSparesReading(t *testing.T) {
	dir, state := many(t), filepath.Join(t.TempDir(), "cache", "a.state")
	first := later(t, dir, state)
	tree := treeOf(t, first)
	if first.state.files != stateFiles+1 {
		t.Errorf("%d files were read of %d", first.state.files, stateFiles+1)
	}
	s, probs, err := first.Load(t.Context())
	if s == nil || err != nil {
		t.Fatal(probs, err)
	}
	if first.state.files != stateFiles+1 {
		t.Error("Load read again what Tree had read")
	}

	second := later(t, dir, state)
	if treeOf(t, second) != tree {
		t.Error("the state changed the tree")
	}
	s2, _, err := second.Load(t.Context())
	if err != nil || second.state.files != 0 {
		t.Errorf("%d files were read in spite of the state (%v)", second.state.files, err)
	}
	if got, want := s2.Posts[0].Source.Images["000.svg"], s.Posts[0].Source.Images["000.svg"]; !reflect.DeepEqual(got, want) || got.Width != 100 {
		t.Errorf("an image out of the state is %+v, out of the file %+v", got, want)
	}
	names, err := os.ReadDir(filepath.Dir(state))
	if err != nil || len(names) != 1 {
		t.Errorf("beside the state there is %v (%v)", names, err)
	}
}

// The state never hides a change, not even one that leaves size and time.
func TestStateSeesChanges(t *testing.T) {
	name := func(dir string) string { return filepath.Join(dir, "posts", "007.svg") }
	for _, tt := range []struct {
		name string
		edit func(t *testing.T, name string)
	}{
		{"another size", func(t *testing.T, name string) { put(t, filepath.Dir(name), "007.svg", "<svg/>") }},
		{"the same size", func(t *testing.T, name string) {
			data, err := os.ReadFile(name)
			if err != nil {
				t.Fatal(err)
			}
			put(t, filepath.Dir(name), "007.svg", strings.Replace(string(data), "107", "701", 1))
		}},
		{"the same size and time", func(t *testing.T, name string) {
			if runtime.GOOS == "windows" {
				t.Skip("nothing but its bytes tells of the change there")
			}
			info, err := os.Stat(name)
			if err != nil {
				t.Fatal(err)
			}
			data, err := os.ReadFile(name)
			if err != nil {
				t.Fatal(err)
			}
			put(t, filepath.Dir(name), "007.svg", strings.Replace(string(data), "107", "701", 1))
			if err := os.Chtimes(name, info.ModTime(), info.ModTime()); err != nil {
				t.Fatal(err)
			}
		}},
		{"gone", func(t *testing.T, name string) {
			if err := os.Remove(name); err != nil {
				t.Fatal(err)
			}
		}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			dir, state := many(t), filepath.Join(t.TempDir(), "a.state")
			before := treeOf(t, later(t, dir, state))
			tt.edit(t, name(dir))
			with := later(t, dir, state)
			got, want := treeOf(t, with), treeOf(t, open(t, dir, Options{Site: site}))
			if got != want || got == before {
				t.Errorf("with the state %s, without %s, before %s", got, want, before)
			}
			if with.state.files > 1 {
				t.Errorf("%d files were read for one change", with.state.files)
			}
		})
	}
}

// What was touched just before it was read may be touched again without a trace.
func TestStateDistrustsTheRacy(t *testing.T) {
	dir, state := many(t), filepath.Join(t.TempDir(), "a.state")
	l := open(t, dir, Options{Site: site, State: state})
	l.clock = func() time.Time { return time.Now().Add(racy / 2) }
	tree := treeOf(t, l)
	if _, err := os.Stat(state); err != nil {
		t.Fatal(err) // it was written, and holds nothing
	}
	second := later(t, dir, state)
	if treeOf(t, second) != tree || second.state.files != stateFiles+1 {
		t.Errorf("%d files were read again of %d", second.state.files, stateFiles+1)
	}
}

// A state that is not whole is no state.
func TestStateSpoilt(t *testing.T) {
	dir, state := many(t), filepath.Join(t.TempDir(), "a.state")
	tree := treeOf(t, later(t, dir, state))
	good, err := os.ReadFile(state)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.HasPrefix(good, []byte(stateVersion)) {
		t.Fatalf("the state begins with %q", good[:20])
	}
	flip := func(i int) []byte {
		b := slices.Clone(good)
		b[i] ^= 1
		return b
	}
	for what, data := range map[string][]byte{
		"empty": {}, "cut short": good[:len(good)/2], "cut in its digest": good[:len(stateVersion)+7],
		"of another version": flip(len(stateVersion) - 2), "with another digest": flip(len(stateVersion)),
		"with another byte": flip(len(good) - 9), "not a state": []byte("hello"),
	} {
		if err := os.WriteFile(state, data, 0o666); err != nil {
			t.Fatal(err)
		}
		l := later(t, dir, state)
		if l.remember(); len(l.facts) > 0 {
			t.Errorf("a state that is %s was believed", what)
		}
		if treeOf(t, l) != tree {
			t.Errorf("a state that is %s changed the tree", what)
		}
	}
	// A folder in its place cannot be read, nor written.
	os.Remove(state)
	put(t, state, "x", "")
	if treeOf(t, later(t, dir, state)) != tree {
		t.Error("without a place for its state, the tree is another")
	}
	if names, err := os.ReadDir(filepath.Dir(state)); err != nil || len(names) != 1 {
		t.Errorf("a state that could not be written left %v (%v)", names, err)
	}
}

// A few small files are read faster than a state.
func TestStateOfASmallFolder(t *testing.T) {
	state := filepath.Join(t.TempDir(), "a.state")
	treeOf(t, later(t, folder(t, treeFolder), state))
	if _, err := os.Stat(state); err == nil {
		t.Error("a state was written")
	}
}

func TestStateFile(t *testing.T) {
	cache := t.TempDir()
	for _, key := range []string{"XDG_CACHE_HOME", "HOME", "LocalAppData"} {
		t.Setenv(key, cache)
	}
	a, b := StateFile("a"), StateFile("b")
	if a == b || !strings.HasPrefix(a, cache) || a != StateFile("./a") {
		t.Errorf("the states of a and b are kept in %q and %q", a, b)
	}
}
