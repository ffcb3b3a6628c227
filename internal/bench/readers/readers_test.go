package main

import (
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/victorleungtw/blog/internal/bench/corpus"
	"github.com/victorleungtw/blog/internal/bench/doc"
	"github.com/victorleungtw/blog/internal/bench/program"
	"github.com/victorleungtw/blog/internal/recipe"
)

func TestMain(m *testing.M) {
	if program.Launched() {
		return
	}
	os.Exit(m.Run())
}

// The whole of a measurement but Hugo, small and without the distance. How long
// anything takes is not looked at.
func TestSmoke(t *testing.T) {
	s, err := parse([]string{"-posts=12", "-rounds=1", "-edits=2", "-starts=2", "-requests=20", "-rtt=0", "-pause=50ms", "-hugo=false"})
	if err != nil {
		t.Fatal(err)
	}
	s.say = t.Logf
	r, err := s.measure(t.Context(), t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	if o := r.Ours; len(o.whole) != 1 || o.whole[0].CPU <= 0 || o.whole[0].RSS < 1<<20 || o.files[".html"] < 3*12 || o.files[".xml"] == 0 || o.files[".json"] == 0 ||
		len(o.server) != 2 || o.serverCPU <= 0 || o.serverReady <= 0 || o.serverRSS < 1<<20 {
		t.Errorf("of making pages something was not measured: %+v", o)
	}
	if len(r.Served) != 2 || r.Zip < 1<<20 || len(r.Hello) != 4 || len(r.Nothing) != 20 || len(r.Goldmark) != 20 || len(r.Render) != 20 {
		t.Errorf("of the function something was not measured: %+v", r)
	}
	for _, f := range r.Served {
		if len(f.ready) != 4 || len(f.first.took) != 2 || len(f.lazy.alone) != 2 || f.first.trips != 1 || f.first.keys == 0 || f.lazy.trips != 5 {
			t.Errorf("%d documents: starts: %+v", f.documents, f)
		}
		if len(f.stored) != 20 || len(f.made) == 0 || len(f.cold) == 0 || len(f.warm) != len(f.cold) || f.opening.wall <= 0 {
			t.Errorf("%d documents: requests: %+v", f.documents, f)
		}
		for _, took := range append(f.stored, f.cold...) {
			if took.wall <= 0 || took.cpu <= 0 {
				t.Errorf("%d documents: a request took %+v", f.documents, took)
			}
		}
		if f.idle < 1<<20 || f.pages < f.idle || f.questions < f.pages || f.batch < f.idle || f.index == 0 || f.corpus == 0 {
			t.Errorf("%d documents: sizes: %+v", f.documents, f)
		}
	}

	// Every table, with what Hugo would have been.
	hugo := *r.Ours
	hugo.name, hugo.version, hugo.again = "Hugo", hugoVersion, hugo.whole
	r.Hugo = &hugo
	page, err := os.ReadFile("../../../docs/benchmark.md")
	if err != nil {
		t.Fatal(err)
	}
	name := filepath.Join(t.TempDir(), "benchmark.md")
	if err := os.WriteFile(name, page, 0o644); err != nil {
		t.Fatal(err)
	}
	for range 2 { // the second time finds what the first left
		if err := doc.Write(name, r.sections()); err != nil {
			t.Fatal(err)
		}
	}
	written, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range sectionOrder {
		body := r.sections()[s]
		if body == "" || strings.Contains(body, "NaN") || strings.Contains(body, "Inf") || strings.Contains(body, "%!") || !strings.Contains(string(written), body) {
			t.Errorf("the section %s:\n%s", s, body)
		}
	}
	if !strings.Contains(r.targets(), "hugo server") || strings.Count(r.pages(), "| Hugo |") != 1 {
		t.Errorf("Hugo has no place:\n%s\n%s", r.targets(), r.pages())
	}
}

// Hugo's site has every document, a section for each year, and the same edit.
func TestHugoSite(t *testing.T) {
	b, err := newBlog(filepath.Join(t.TempDir(), "blog"), corpus.Options{Posts: 20, Images: 1, Seed: 1})
	if err != nil {
		t.Fatal(err)
	}
	site := filepath.Join(t.TempDir(), "site")
	if err := writeHugo(site, b.dir); err != nil {
		t.Fatal(err)
	}
	count := map[string]int{}
	err = filepath.WalkDir(site, func(name string, e fs.DirEntry, err error) error {
		if err == nil && !e.IsDir() {
			count[strings.ReplaceAll(filepath.Ext(name), ".", "")]++
			if e.Name() == "_index.md" {
				count["years"]++
			}
		}
		return err
	})
	if err != nil || count["md"]-count["years"] != 60 || count["years"] != 3*14 || count["toml"] != 1 || count["html"] == 0 {
		t.Errorf("%v %v", count, err)
	}
	e := newEdit(b, 3)
	old, err := os.ReadFile(filepath.Join(site, e.hugoFile))
	if err != nil || !strings.HasPrefix(string(e.body), string(old)) || !strings.Contains(string(e.body), string(e.mark)) || strings.Contains(string(old), string(e.mark)) {
		t.Errorf("the edit of %s: %v", e.hugoFile, err)
	}
	p, err := b.plan(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	found := 0
	for _, pg := range p.of(recipe.Post) {
		if pg.Recipe.Path == e.path {
			found++
		}
	}
	if found != 1 {
		t.Errorf("%d posts are at %s", found, e.path)
	}
}

func TestPercentile(t *testing.T) {
	of := []int{5, 1, 4, 2, 3}
	for percent, want := range map[int]int{1: 1, 20: 1, 50: 3, 60: 3, 61: 4, 99: 5, 100: 5} {
		if got := percentile(of, percent); got != want {
			t.Errorf("p%d: %d, want %d", percent, got, want)
		}
	}
	if of[0] != 5 {
		t.Error("it sorted what it was given")
	}
}

func TestBadFlags(t *testing.T) {
	for _, args := range [][]string{{"x"}, {"-posts=3"}, {"-rounds=0"}, {"-write=docs", "-hugo=false"}} {
		if _, err := parse(args); err == nil {
			t.Errorf("%v was taken", args)
		}
	}
}

// What waits for a process learns that it ended, and why.
func TestProcessEnds(t *testing.T) {
	p, err := startProcess(t.Context(), []string{"sh", "-c", "echo why; exit 3"}, os.Environ())
	if err != nil {
		t.Fatal(err)
	}
	defer p.stop()
	select {
	case <-p.ctx.Done():
	case <-time.After(time.Minute):
		t.Fatal("nobody says that it ended")
	}
	<-p.ended
	if _, err := p.cpu(); err == nil {
		t.Error("a process that ended has CPU time")
	}
}
