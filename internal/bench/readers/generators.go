package main

import (
	"bytes"
	"context"
	"embed"
	"fmt"
	"io"
	"io/fs"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/victorleungtw/blog/internal/bench/corpus"
	"github.com/victorleungtw/blog/internal/bench/program"
)

const (
	hugoModule  = "github.com/gohugoio/hugo"
	hugoVersion = "v0.165.0"
)

// generator is what was measured of one that makes a whole blog.
type generator struct {
	name, version string
	files         map[string]int  // that it wrote, by the end of their name
	whole, again  []program.Usage // all pages; all again, after one post changed
	server        []time.Duration // from an edit until it is seen over HTTP
	serverCPU     time.Duration   // for an edit
	serverRSS     int64
	serverReady   time.Duration
}

func (g *generator) total() int {
	n := 0
	for _, v := range g.files {
		n += v
	}
	return n
}

// generators measures the making of all pages, and of one.
func (s *settings) generators(ctx context.Context, dir string, b *blog, r *report) error {
	pages, err := program.Own(ctx, filepath.Join(dir, "pages"), nil, "./internal/bench/readers/pages")
	if err != nil {
		return err
	}
	preview, err := program.Own(ctx, filepath.Join(dir, "blog-program"), nil, "./cmd/blog")
	if err != nil {
		return err
	}
	r.Ours = &generator{name: "blog", version: r.Version}
	var hugo, site string
	if s.hugo {
		s.say("building Hugo %s", hugoVersion)
		if hugo, err = program.Build(ctx, dir, hugoModule, hugoVersion, "CGO_ENABLED=0"); err != nil {
			return err
		}
		r.Hugo = &generator{name: "Hugo", version: hugoVersion}
		site = filepath.Join(dir, "hugo-site")
		if err := writeHugo(site, b.dir); err != nil {
			return err
		}
	}
	for round := range s.rounds {
		out := filepath.Join(dir, "out")
		if err := r.Ours.make(ctx, &r.Ours.whole, out, pages, b.dir, out); err != nil {
			return err
		}
		s.say("blog: all pages in %s", describe(r.Ours.whole[round]))
		if r.Hugo == nil {
			continue
		}
		public := filepath.Join(site, "public")
		command := []string{hugo, "--source", site, "--destination", public, "--quiet"}
		if err := r.Hugo.make(ctx, &r.Hugo.whole, public, command...); err != nil {
			return err
		}
		s.say("Hugo: all pages in %s", describe(r.Hugo.whole[round]))
		edit := newEdit(b, round+1)
		if err := os.WriteFile(filepath.Join(site, edit.hugoFile), edit.body, 0o644); err != nil {
			return err
		}
		// It writes over what is there, as it does by itself.
		used, _, err := program.Measure(ctx, os.Environ(), command)
		if err != nil {
			return err
		}
		r.Hugo.again = append(r.Hugo.again, used)
		page, err := os.ReadFile(filepath.Join(public, filepath.FromSlash(edit.path), "index.html"))
		if err != nil || !bytes.Contains(page, edit.mark) {
			return fmt.Errorf("the site that Hugo built again is without the edit (%v)", err)
		}
		s.say("Hugo: again, one post changed, in %s", describe(used))
	}
	if r.Hugo != nil {
		address, err := freeAddress()
		if err != nil {
			return err
		}
		port := address[strings.LastIndex(address, ":")+1:]
		command := []string{hugo, "server", "--source", site, "--renderToMemory", "--bind", "127.0.0.1", "--port", port, "--baseURL", "http://" + address + "/"}
		if err := s.serve(ctx, r.Hugo, b, command, address, func(e edit) string { return filepath.Join(site, e.hugoFile) }); err != nil {
			return err
		}
	}
	address, err := freeAddress()
	if err != nil {
		return err
	}
	command := []string{preview, "preview", "--config", filepath.Join(b.dir, "blog.yaml"), "--content", b.content(), "--addr", address}
	return s.serve(ctx, r.Ours, b, command, address, func(e edit) string { return filepath.Join(b.content(), e.file) })
}

// make measures a command that makes all pages into an empty folder, and counts
// them.
func (g *generator) make(ctx context.Context, to *[]program.Usage, out string, command ...string) error {
	if err := os.RemoveAll(out); err != nil {
		return err
	}
	used, _, err := program.Measure(ctx, os.Environ(), command)
	if err != nil {
		return err
	}
	*to = append(*to, used)
	g.files = map[string]int{}
	return filepath.WalkDir(out, func(name string, e fs.DirEntry, err error) error {
		if err == nil && !e.IsDir() {
			g.files[filepath.Ext(name)]++
		}
		return err
	})
}

// edit is a change to one post, and where it shows.
type edit struct {
	file     string // below content
	hugoFile string // below Hugo's site
	path     string
	body     []byte
	mark     []byte // what the page shows then
}

func newEdit(b *blog, n int) edit {
	e := corpus.EditOne(b.opts, n)
	rest, _ := strings.CutPrefix(e.File, "posts/en/")
	_, after, _ := strings.Cut(string(e.Body), "\ndate: ")
	date, _, _ := strings.Cut(after, "\n")
	slug := strings.TrimSuffix(rest[strings.LastIndex(rest, "/")+1:], ".md")
	return edit{
		file: e.File, hugoFile: filepath.Join("content", "en", "posts", filepath.FromSlash(rest)),
		path: "/" + strings.ReplaceAll(date, "-", "/") + "/" + slug + "/",
		body: e.Body, mark: fmt.Appendf(nil, "Correction %d:", n),
	}
}

// serve measures how long an edit takes until it is seen over HTTP.
func (s *settings) serve(ctx context.Context, g *generator, b *blog, command []string, address string, fileOf func(edit) string) error {
	p, err := startProcess(ctx, command, os.Environ())
	if err != nil {
		return err
	}
	defer p.stop()
	client := &http.Client{}
	first := newEdit(b, 0)
	seen := func(ctx context.Context, path string, mark []byte) (bool, error) {
		req, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+address+path, nil)
		if err != nil {
			return false, err
		}
		resp, err := client.Do(req)
		if err != nil {
			return false, nil // it does not listen yet
		}
		defer resp.Body.Close()
		page, err := io.ReadAll(resp.Body)
		return err == nil && resp.StatusCode == http.StatusOK && bytes.Contains(page, mark), nil
	}
	await := func(path string, mark []byte) (time.Duration, error) {
		// Often enough to see it, seldom enough not to be what is measured.
		const every = 10 * time.Millisecond
		start := time.Now()
		for {
			if ok, err := seen(p.ctx, path, mark); ok || err != nil {
				return time.Since(start), err
			}
			select {
			case <-p.ctx.Done():
				return 0, fmt.Errorf("%s: %w", g.name, context.Cause(p.ctx))
			case <-time.After(every):
			}
		}
	}
	if g.serverReady, err = await(first.path, nil); err != nil {
		return err
	}
	s.say("%s: the server answers after %.1f s", g.name, g.serverReady.Seconds())
	var cpu time.Duration
	for i := range s.edits {
		select { // until all of the edit before is done, seen or not
		case <-time.After(s.pause):
		case <-p.ctx.Done():
			return context.Cause(p.ctx)
		}
		e := newEdit(b, 1000+i)
		before, err := p.cpu()
		if err != nil {
			return err
		}
		if err := os.WriteFile(fileOf(e), e.body, 0o644); err != nil {
			return err
		}
		took, err := await(e.path, e.mark)
		if err != nil {
			return err
		}
		after, err := p.cpu()
		if err != nil {
			return err
		}
		cpu += after - before
		g.server = append(g.server, took)
		s.say("%s: an edit is seen after %.3f s", g.name, took.Seconds())
	}
	g.serverCPU = cpu / time.Duration(s.edits)
	g.serverRSS, err = p.peak()
	if err != nil {
		return err
	}
	return os.WriteFile(fileOf(first), first.body, 0o644)
}

//go:embed all:hugo
var hugoSite embed.FS

// writeHugo makes a site of Hugo's with the documents of a blog.
func writeHugo(dir, blog string) error {
	own, err := fs.Sub(hugoSite, "hugo")
	if err != nil {
		return err
	}
	if err := os.CopyFS(dir, own); err != nil {
		return err
	}
	if err := os.CopyFS(filepath.Join(dir, "static", "images"), os.DirFS(filepath.Join(blog, "content", "images"))); err != nil {
		return err
	}
	languages, err := os.ReadDir(filepath.Join(blog, "content", "posts"))
	if err != nil {
		return err
	}
	for _, l := range languages {
		posts := filepath.Join(dir, "content", l.Name(), "posts")
		if err := os.CopyFS(posts, os.DirFS(filepath.Join(blog, "content", "posts", l.Name()))); err != nil {
			return err
		}
		years, err := os.ReadDir(posts)
		if err != nil {
			return err
		}
		for _, y := range years { // a section, whose list is that of the year
			text := fmt.Sprintf("---\ntitle: %q\n---\n", y.Name())
			if err := os.WriteFile(filepath.Join(posts, y.Name(), "_index.md"), []byte(text), 0o644); err != nil {
				return err
			}
		}
	}
	return nil
}

// freeAddress is one of this machine that nobody listens on.
func freeAddress() (string, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", err
	}
	return l.Addr().String(), l.Close()
}

func describe(u program.Usage) string {
	return fmt.Sprintf("%.2f s, %.1f s of CPU, %d MiB", u.Wall.Seconds(), u.CPU.Seconds(), u.RSS>>20)
}
