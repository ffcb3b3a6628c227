// Command pages makes every page of a blog and writes it to a folder, as a site
// generator does: what a first publish of the content has renderers make,
// without the compressed variants that they store besides.
//
//	pages BLOG OUT
//
// BLOG has blog.yaml and content. It reads and plans them as the publisher does
// and makes pages as the renderer does, in one process, on every CPU.
package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strings"

	"golang.org/x/sync/errgroup"

	"github.com/victorleungtw/blog/internal/config"
	"github.com/victorleungtw/blog/internal/content"
	"github.com/victorleungtw/blog/internal/plan"
	"github.com/victorleungtw/blog/internal/render"
)

func main() {
	if len(os.Args) != 3 {
		fmt.Fprintln(os.Stderr, "usage: pages BLOG OUT")
		os.Exit(2)
	}
	if err := run(context.Background(), os.Args[1], os.Args[2]); err != nil {
		fmt.Fprintln(os.Stderr, "error:", err)
		os.Exit(1)
	}
}

// files are the sources, by digest.
type files map[string]string

func (f files) Source(_ context.Context, digest string) ([]byte, error) {
	return os.ReadFile(f[digest])
}

func run(ctx context.Context, blog, out string) error {
	cfg, probs := config.Load(filepath.Join(blog, "blog.yaml"))
	if err := probs.Err(); err != nil {
		return err
	}
	folder := filepath.Join(blog, "content")
	cfg.Site.BaseURL = "https://blog.example"
	l, err := content.Open(folder, content.Options{Site: cfg.Site})
	if err != nil {
		return err
	}
	defer l.Close()
	site, probs, err := l.Load(ctx)
	if err != nil {
		return err
	}
	if site == nil {
		return probs
	}
	p, probs := plan.Build(site, render.Version())
	if err := probs.Err(); err != nil {
		return err
	}
	from := files{}
	for _, d := range site.Documents() {
		from[d.Source.Digest] = filepath.Join(folder, d.File)
	}
	g, ctx := errgroup.WithContext(ctx)
	g.SetLimit(runtime.GOMAXPROCS(0))
	for _, pg := range p.Pages {
		g.Go(func() error {
			page, err := render.Render(ctx, pg.Recipe, from)
			if err != nil {
				return fmt.Errorf("%s: %w", pg.Recipe.Path, err)
			}
			return write(fileOf(out, pg.Recipe.Path), page.Body)
		})
	}
	return g.Wait()
}

// fileOf is where a page is kept.
func fileOf(out, path string) string {
	if strings.HasSuffix(path, "/") {
		path += "index.html"
	} else if filepath.Ext(path) == "" { // what leads to the index for search is also a folder
		path += ".json"
	}
	return filepath.Join(out, filepath.FromSlash(path))
}

func write(name string, body []byte) error {
	if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
		return err
	}
	return os.WriteFile(name, body, 0o644)
}
