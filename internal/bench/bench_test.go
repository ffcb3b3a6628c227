package main

import (
	"bytes"
	"encoding/json"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/victorleungtw/blog/internal/bench/corpus"
	"github.com/victorleungtw/blog/internal/bench/doc"
	"github.com/victorleungtw/blog/internal/bench/program"
	"github.com/victorleungtw/blog/internal/faultproxy"
	"github.com/victorleungtw/blog/internal/pack"
	"github.com/victorleungtw/blog/internal/recipe"
	"github.com/victorleungtw/blog/internal/render"
	"github.com/victorleungtw/blog/internal/renderer"
	"github.com/victorleungtw/blog/internal/store/dir"
)

func TestMain(m *testing.M) {
	if program.Launched() {
		return
	}
	os.Exit(m.Run())
}

// The whole of a measurement but the peers, small and without the distance.
// How long it takes is not looked at.
func TestSmoke(t *testing.T) {
	ctx := t.Context()
	folder := t.TempDir()
	tools, err := findTools(ctx, folder, []string{"blog"})
	if err != nil {
		t.Fatal(err)
	}
	srv, err := startServer(folder)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := srv.stop(); err != nil {
			t.Error(err)
		}
	})
	u := &suite{server: srv, dir: folder, say: t.Logf}
	tr, err := newTree(filepath.Join(folder, "tree"), corpus.Options{Posts: 4, Images: 2, Seed: 1})
	if err != nil {
		t.Fatal(err)
	}
	r := &report{Machine: doc.Machine(), Rounds: 1, Corpus: tr.stats, Tools: tools}
	if r.Samples, err = u.compare(ctx, tools, tr, 1); err != nil {
		t.Fatal(err)
	}
	if len(r.Samples) != 2*len(steps) {
		t.Fatalf("%d samples", len(r.Samples))
	}
	for _, s := range r.Samples {
		puts := 0
		for _, region := range s.S3 {
			puts += region[faultproxy.PutObject]
		}
		idle := s.Step == nothing || s.Step == nothingFresh
		if (puts == 0) != idle || (s.Pages == 0) != idle {
			t.Errorf("%s, %s: %d objects written, %d pages asked for", s.Tool, s.Step, puts, s.Pages)
		}
		if s.Wall <= 0 || s.CPU <= 0 || s.RSS < 1<<20 || s.Up == 0 || s.Down == 0 || s.Conns == 0 {
			t.Errorf("%s, %s: something was not measured: %+v", s.Tool, s.Step, s)
		}
	}
	// A place leaves nothing behind.
	left, err := os.ReadDir(srv.dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range left {
		if strings.HasPrefix(e.Name(), "bench-") {
			t.Errorf("the bucket %s is still there", e.Name())
		}
	}
	if r.Curve, r.Unfit, err = u.curve(ctx, r.ours(), []int{6, 12}, corpus.Options{Images: 2, Seed: 1}, 1); err != nil {
		t.Fatal(err)
	}
	checkReport(t, r)
}

// checkReport looks whether the report has a place for each thing measured.
func checkReport(t *testing.T, r *report) {
	t.Helper()
	folder := t.TempDir()
	r.Real = r.Samples[:len(steps)]
	var doc strings.Builder
	for name := range r.sections() {
		fmt.Fprintf(&doc, "Before %[1]s.\n\n<!-- bench:%[1]s -->\nwhat was before\n<!-- bench:end -->\n\n", name)
	}
	name := filepath.Join(folder, "benchmark.md")
	if err := os.WriteFile(name, []byte(doc.String()), 0o644); err != nil {
		t.Fatal(err)
	}
	for range 2 { // the second time finds what the first left
		if err := r.write(folder); err != nil {
			t.Fatal(err)
		}
	}
	b, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	text := string(b)
	for name := range r.sections() {
		if strings.Count(text, "Before "+name+".") != 1 {
			t.Errorf("the text before the section %s is gone", name)
		}
	}
	for _, s := range append(steps, newFresh) {
		if !strings.Contains(text, string(s)) {
			t.Errorf("no table mentions %q", s)
		}
	}
	if strings.Contains(text, "what was before") {
		t.Error("what was measured before is still there")
	}
	picture, err := os.ReadFile(filepath.Join(folder, "benchmark.svg"))
	if err != nil {
		t.Fatal(err)
	}
	for d := xml.NewDecoder(bytes.NewReader(picture)); ; {
		if _, err := d.Token(); errors.Is(err, io.EOF) {
			break
		} else if err != nil {
			t.Fatalf("the picture: %v", err)
		}
	}
	if n := bytes.Count(picture, []byte("<circle")); n != 4*3*2 {
		t.Errorf("the picture has %d points, want four panels of three lines over two sizes", n)
	}
	if bytes.Contains(picture, []byte("NaN")) || bytes.Contains(picture, []byte("Inf")) {
		t.Error("a point of the picture is nowhere")
	}
}

// docs/benchmark.md has a place for each table.
func TestDocHasSections(t *testing.T) {
	b, err := os.ReadFile("../../docs/benchmark.md")
	if err != nil {
		t.Fatal(err)
	}
	text := string(b)
	for _, name := range sectionOrder {
		if text, err = doc.Replace(text, name, "new"); err != nil {
			t.Error(err)
		}
	}
}

// Each step begins with the folder, and the memory of the tool, that it says.
func TestPrepare(t *testing.T) {
	tr, err := newTree(filepath.Join(t.TempDir(), "tree"), corpus.Options{Posts: 3, Images: 1, Seed: 1})
	if err != nil {
		t.Fatal(err)
	}
	p := &place{dir: t.TempDir()}
	look := func() (old, young, size int64) {
		err := filepath.WalkDir(tr.dir, func(_ string, e os.DirEntry, err error) error {
			if err != nil || e.IsDir() {
				return err
			}
			info, err := e.Info()
			if err != nil {
				return err
			}
			size += info.Size()
			if info.ModTime().Equal(longAgo) {
				old++
			} else {
				young++
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
		return old, young, size
	}
	_, _, whole := look()
	// 9 posts, an image and blog.yaml
	for _, tt := range []struct {
		step       step
		old, young int64
		grown      bool
		remembers  bool
	}{
		{first, 11, 0, false, true},
		{nothing, 11, 0, false, true},
		{one, 10, 1, true, true},
		{first, 11, 0, false, true},
		{nothingFresh, 0, 11, false, false},
		{oneFresh, 0, 11, true, false},
		{newFresh, 0, 12, true, false},
		{first, 11, 0, false, true},
	} {
		if err := os.MkdirAll(p.cache(), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := prepare(tt.step, tr, p, 1); err != nil {
			t.Fatal(err)
		}
		_, err := os.Stat(p.cache())
		old, young, size := look()
		if old != tt.old || young != tt.young || (size > whole) != tt.grown || (err == nil) != tt.remembers {
			t.Errorf("%s: %d files of old and %d of now, %d bytes of %d at first, the cache: %v", tt.step, old, young, size, whole, err)
		}
	}
}

// The stand-in refuses what the renderer would refuse.
func TestStandin(t *testing.T) {
	bucket, err := dir.Open(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	source := []byte("# A post\n")
	post := &recipe.Recipe{Kind: recipe.Post, Renderer: render.Version(), Path: "/a/", Post: &recipe.PostData{Source: recipe.Source{Digest: recipe.Sum(source)}}}
	other := &recipe.Recipe{Kind: recipe.Post, Renderer: "other", Path: "/b/", Post: post.Post}
	packOf := func(members ...any) []byte {
		var w pack.Writer
		for _, m := range members {
			switch m := m.(type) {
			case *recipe.Recipe:
				w.Add(pack.Recipe, m.Digest(), m.Encode())
			case []byte:
				w.Add(pack.Source, recipe.Sum(m), m)
			}
		}
		b, err := w.Close()
		if err != nil {
			t.Fatal(err)
		}
		return b
	}
	s := httptest.NewServer(lambdaAPI(function, newStandin(bucket).Invoke))
	defer s.Close()
	for _, tt := range []struct {
		name string
		req  renderer.Request
		want string
	}{
		{"a recipe that did not come", renderer.Request{Render: []string{post.Digest()}}, "sends the recipes"},
		{"a source that did not come", renderer.Request{Pack: packOf(post)}, "source did not come"},
		{"another version", renderer.Request{Pack: packOf(other, source)}, "another version"},
		{"all of it", renderer.Request{Pack: packOf(post, source)}, ""},
		{"again, without its source", renderer.Request{Pack: packOf(post)}, ""},
	} {
		body, err := json.Marshal(tt.req)
		if err != nil {
			t.Fatal(err)
		}
		resp, err := http.Post(s.URL+"/2015-03-31/functions/"+function+"/invocations", "application/json", bytes.NewReader(body))
		if err != nil {
			t.Fatal(err)
		}
		answer, err := io.ReadAll(resp.Body)
		resp.Body.Close()
		if err != nil {
			t.Fatal(err)
		}
		failed := resp.Header.Get("X-Amz-Function-Error") != ""
		if failed != (tt.want != "") || !strings.Contains(string(answer), tt.want) {
			t.Errorf("%s: %s", tt.name, answer)
		}
		if tt.want == "" && !strings.Contains(string(answer), post.Digest()) {
			t.Errorf("%s: %s", tt.name, answer)
		}
	}
}
