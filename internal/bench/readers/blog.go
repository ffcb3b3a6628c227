package main

import (
	"context"
	"errors"
	"os"
	"path/filepath"

	"golang.org/x/sync/errgroup"

	"github.com/victorleungtw/blog/internal/bench/corpus"
	"github.com/victorleungtw/blog/internal/config"
	"github.com/victorleungtw/blog/internal/content"
	"github.com/victorleungtw/blog/internal/plan"
	"github.com/victorleungtw/blog/internal/recipe"
	"github.com/victorleungtw/blog/internal/render"
	"github.com/victorleungtw/blog/internal/store"
)

// blog is what everything is measured on: a folder.
type blog struct {
	dir   string
	opts  corpus.Options
	stats corpus.Stats
}

func newBlog(dir string, o corpus.Options) (*blog, error) {
	stats, err := corpus.Write(dir, o)
	return &blog{dir, o, stats}, err
}

// content is the folder with the documents.
func (b *blog) content() string { return filepath.Join(b.dir, "content") }

// planned is a blog's plan, with the texts that it is made from.
type planned struct {
	*plan.Plan
	sources map[string][]byte // by digest
}

// Source is what package render asks.
func (p *planned) Source(_ context.Context, digest string) ([]byte, error) {
	if raw, ok := p.sources[digest]; ok {
		return raw, nil
	}
	return nil, store.ErrNotExist
}

func (b *blog) plan(ctx context.Context) (*planned, error) {
	cfg, probs := config.Load(filepath.Join(b.dir, "blog.yaml"))
	if err := probs.Err(); err != nil {
		return nil, err
	}
	cfg.Site.BaseURL = "https://blog.example"
	l, err := content.Open(b.content(), content.Options{Site: cfg.Site})
	if err != nil {
		return nil, err
	}
	defer l.Close()
	site, probs, err := l.Load(ctx)
	if err != nil {
		return nil, err
	}
	if site == nil {
		return nil, probs
	}
	p, probs := plan.Build(site, render.Version())
	if err := probs.Err(); err != nil {
		return nil, err
	}
	out := &planned{Plan: p, sources: map[string][]byte{}}
	for _, d := range site.Documents() {
		if out.sources[d.Source.Digest], err = os.ReadFile(filepath.Join(b.content(), d.File)); err != nil {
			return nil, err
		}
	}
	return out, nil
}

// of are the pages of some kinds, by path.
func (p *planned) of(kinds ...recipe.Kind) []plan.Page {
	var out []plan.Page
	for _, pg := range p.Pages {
		for _, k := range kinds {
			if pg.Recipe.Kind == k {
				out = append(out, pg)
			}
		}
	}
	return out
}

// upload puts all recipes and sources into a bucket.
func (p *planned) upload(ctx context.Context, b store.Bucket) error {
	g, ctx := errgroup.WithContext(ctx)
	g.SetLimit(16)
	put := func(key string, body []byte) {
		g.Go(func() error {
			err := b.Create(ctx, key, store.Meta{ContentType: "text/plain", CacheControl: store.Immutable}, store.Bytes(body))
			if errors.Is(err, store.ErrExists) {
				return nil
			}
			return err
		})
	}
	for digest, raw := range p.sources {
		put("src/"+digest, raw)
	}
	for _, pg := range p.Pages {
		put("recipe/"+pg.Digest, pg.Recipe.Encode())
	}
	return g.Wait()
}
