package release

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync/atomic"

	"golang.org/x/sync/errgroup"

	"github.com/victorleungtw/blog/internal/plan"
	"github.com/victorleungtw/blog/internal/renderer"
	"github.com/victorleungtw/blog/internal/store"
)

// renderBatch is how many pages one invocation makes. At 55 ms a page on one
// core, most of it brotli, a batch takes seconds of the function's time limit.
const renderBatch = 100

// upload writes what the current release does not have to every region:
// sources, assets and recipes. It returns how many objects the primary got.
func (p *Publisher) upload(ctx context.Context, pl *plan.Plan, known map[string]bool) (int, error) {
	type object struct {
		key  string
		meta store.Meta
		body func() store.Body
	}
	var todo []object
	seen := map[string]bool{}
	add := func(o object) {
		if !seen[o.key] {
			seen[o.key] = true
			todo = append(todo, o)
		}
	}
	for _, d := range pl.Site.Documents() {
		if key := "src/" + d.Source.Digest; !known[key] {
			add(object{key, store.Meta{ContentType: "text/markdown; charset=utf-8", CacheControl: store.Immutable}, func() store.Body { return d.Body }})
		}
	}
	for key, a := range pl.Site.Assets {
		if !known[key] {
			add(object{key, a.Meta, func() store.Body { return a.Body }})
		}
	}
	for _, pg := range pl.Pages {
		if !known[pg.Digest] {
			add(object{"recipe/" + pg.Digest, store.Meta{ContentType: "application/json", CacheControl: store.Immutable},
				func() store.Body { return store.Bytes(pg.Recipe.Encode()) }})
		}
	}
	g, ctx := errgroup.WithContext(ctx)
	g.SetLimit(p.workers())
	var done, written atomic.Int64
	total := len(todo) * len(p.Regions)
	for i, r := range p.Regions {
		for _, o := range todo {
			g.Go(func() error {
				if p.away.is(r.Name) {
					return nil
				}
				err := r.Bucket.Create(ctx, o.key, o.meta, o.body())
				switch {
				case err == nil && i == 0:
					written.Add(1)
				case err != nil && !errors.Is(err, store.ErrExists) && !p.leave(ctx, r, err):
					return fmt.Errorf("uploading to %s: %w", r.Name, err)
				}
				p.progress("upload", int(done.Add(1)), total)
				return nil
			})
		}
	}
	err := g.Wait()
	return int(written.Load()), err
}

// render has every region make the pages that the current release does not
// have, and compares their bytes.
func (p *Publisher) render(ctx context.Context, pl *plan.Plan, known map[string]bool) (int, error) {
	var digests []string
	for _, pg := range pl.Pages {
		if !known[pg.Digest] {
			digests = append(digests, pg.Digest)
		}
	}
	slices.Sort(digests)
	digests = slices.Compact(digests)

	sums := make([]map[string]string, len(p.Regions))
	g, ctx := errgroup.WithContext(ctx)
	g.SetLimit(max(2, p.workers()/4))
	var done atomic.Int64
	total := len(digests) * len(p.Regions)
	type answer struct {
		region int
		pages  []renderer.Rendered
	}
	answers := make(chan answer)
	collected := make(chan struct{})
	go func() {
		defer close(collected)
		for a := range answers {
			if sums[a.region] == nil {
				sums[a.region] = map[string]string{}
			}
			for _, pg := range a.pages {
				sums[a.region][pg.Digest] = pg.Sum
			}
			p.progress("render", int(done.Add(int64(len(a.pages)))), total)
		}
	}()
	for i, r := range p.Regions {
		for batch := range slices.Chunk(digests, renderBatch) {
			g.Go(func() error {
				if p.away.is(r.Name) {
					return nil
				}
				resp, err := r.Renderer.Do(ctx, renderer.Request{Render: batch})
				if p.leave(ctx, r, err) {
					return nil
				}
				if err != nil {
					return fmt.Errorf("rendering in %s: %w", r.Name, err)
				}
				if resp.Version != pl.Renderer {
					return fmt.Errorf("the renderer in %s became version %s while publishing for %s; run the command again", r.Name, resp.Version, pl.Renderer)
				}
				answers <- answer{i, resp.Pages}
				return nil
			})
		}
	}
	err := g.Wait()
	close(answers)
	<-collected
	if err != nil {
		return 0, err
	}
	for _, d := range digests {
		for i, r := range p.Regions {
			if p.away.is(r.Name) {
				continue
			}
			if sums[i][d] == "" || sums[i][d] != sums[0][d] {
				return 0, fmt.Errorf("page %s has other bytes in %s than in %s; nothing was published", d, r.Name, p.primary().Name)
			}
		}
	}
	return len(digests), nil
}

func (p *Publisher) workers() int {
	if p.Workers > 0 {
		return p.Workers
	}
	return 16
}
