package release

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"runtime"
	"slices"
	"strings"
	"sync"
	"sync/atomic"

	"golang.org/x/sync/errgroup"

	"github.com/victorleungtw/blog/internal/content"
	"github.com/victorleungtw/blog/internal/pack"
	"github.com/victorleungtw/blog/internal/plan"
	"github.com/victorleungtw/blog/internal/renderer"
	"github.com/victorleungtw/blog/internal/store"
)

// renderBatch is how many pages one invocation makes. At 55 ms a page on one
// core, most of it brotli, a batch takes seconds of the function's time limit.
const renderBatch = 100

// packRaw is how much text goes into one pack, in bytes. Text of which no
// more than half can be compressed away still fits an invocation.
const packRaw = 2 * pack.MaxSize

// tooLong is for sources that travel as objects, because a feed of twenty might
// not fit into a pack.
const tooLong = pack.MaxSize / 32

// make gives every region what a release needs and the one before it did not:
// it uploads assets, and has the pages rendered and stored, from recipes and
// sources that go with the request. It returns how many objects the primary got
// and how many pages were made.
func (p *Publisher) make(ctx context.Context, pl *plan.Plan, d *difference) (uploaded, rendered int, err error) {
	if pl == nil {
		return 0, 0, nil // a release of before: all is there
	}
	fresh := map[string]bool{}
	for _, k := range d.added {
		fresh[k] = true
	}
	var pages []plan.Page
	for _, pg := range pl.Pages {
		if d.fresh[pg.Digest] {
			pages = append(pages, pg)
		}
	}
	return p.give(ctx, pl, pages, fresh, false)
}

// give gives every region pages, and of what they are made from the keys that
// are fresh.
func (p *Publisher) give(ctx context.Context, pl *plan.Plan, pages []plan.Page, fresh map[string]bool, draft bool) (uploaded, rendered int, err error) {
	var assets, texts []object
	for key, a := range pl.Site.Assets {
		if fresh[key] && a.Variant == nil {
			assets = append(assets, object{key: key, meta: a.Meta, body: a.Body})
		}
	}
	pictures := originals(pl.Site.Assets, fresh)
	for key, c := range pl.Cards {
		if fresh[key] {
			// Drawn when it is written, and by whoever writes it first.
			draw := sync.OnceValues(func() (store.Body, error) {
				png, err := c.PNG()
				return store.Bytes(png), err
			})
			assets = append(assets, object{key: key, meta: store.Meta{ContentType: "image/png", CacheControl: store.Immutable}, make: draw})
		}
	}
	for _, d := range pl.Site.Documents() {
		if key := "src/" + d.Source.Digest; fresh[key] && d.Body.Size > tooLong {
			texts = append(texts, object{key: key, meta: store.Meta{ContentType: "text/markdown; charset=utf-8", CacheControl: store.Immutable}, body: d.Body})
		}
	}
	slices.SortFunc(assets, func(a, b object) int { return strings.Compare(a.key, b.key) })
	if uploaded, err = p.upload(ctx, texts); err != nil {
		return uploaded, 0, err
	}
	// No page is made from an asset, so neither waits for the other.
	g, ctx := errgroup.WithContext(ctx)
	g.Go(func() error {
		n, err := p.upload(ctx, assets)
		uploaded += n
		return err
	})
	made := 0
	g.Go(func() (err error) { made, err = p.pictures(ctx, pictures); return err })
	g.Go(func() (err error) { rendered, err = p.render(ctx, pl, pages, fresh, draft); return err })
	err = g.Wait()
	return uploaded + made, rendered, err
}

// object is one thing to upload.
type object struct {
	key  string
	meta store.Meta
	body store.Body
	make func() (store.Body, error) // of a body that is yet to be made
}

// upload writes objects to every region, and returns how many were new to the
// primary.
func (p *Publisher) upload(ctx context.Context, todo []object) (int, error) {
	g, ctx := errgroup.WithContext(ctx)
	g.SetLimit(p.workers())
	var done, written atomic.Int64
	total := len(todo) * len(p.Regions)
	for _, o := range todo {
		for i, r := range p.Regions {
			g.Go(func() error {
				if p.away.is(r.Name) {
					return nil
				}
				body := o.body
				if o.make != nil {
					var err error
					if body, err = o.make(); err != nil {
						return err
					}
				}
				err := r.Bucket.Create(ctx, o.key, o.meta, body)
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

// packs cuts pages into batches: their recipes, and the sources that a region
// may not have.
func packs(pages []plan.Page, fresh map[string]bool, docs map[string]*content.Document) ([][]byte, error) {
	var out [][]byte
	for len(pages) > 0 {
		var w pack.Writer
		for n := 0; len(pages) > 0 && n < renderBatch && w.Raw() < packRaw; n++ {
			r := pages[0].Recipe
			w.Add(pack.Recipe, pages[0].Digest, r.Encode())
			for _, digest := range r.Sources() {
				d := docs[digest]
				if !fresh["src/"+digest] || d.Body.Size > tooLong {
					continue
				}
				body, err := read(d.Body)
				if err != nil {
					return nil, fmt.Errorf("%s: %w", d.File, err)
				}
				w.Add(pack.Source, digest, body)
			}
			pages = pages[1:]
		}
		b, err := w.Close()
		if err != nil {
			return nil, err
		}
		out = append(out, b)
	}
	return out, nil
}

// read reads a body, and holds it to its sum: the file may have been edited
// since it was planned.
func read(b store.Body) ([]byte, error) {
	f, err := b.Open()
	if err != nil {
		return nil, err
	}
	defer f.Close()
	out := make([]byte, b.Size)
	if _, err := io.ReadFull(f, out); err != nil || sha256.Sum256(out) != b.SHA256 {
		return nil, errors.New("the file was changed while it was published; run the command again")
	}
	return out, nil
}

// waves cuts pages into those of one source, which come first, and those of
// many, the feeds and parts of the search's index: these find their sources
// stored then. A small publish is one wave and so one request, unless what is
// new of a part's sources might not fit into a pack.
func waves(pages []plan.Page, fresh map[string]bool, docs map[string]*content.Document) [][]plan.Page {
	var simple, many []plan.Page
	large := len(pages) > renderBatch
	for _, pg := range pages {
		digests := pg.Recipe.Sources()
		if len(digests) < 2 {
			simple = append(simple, pg)
			continue
		}
		many = append(many, pg)
		size := int64(0)
		for _, digest := range digests {
			if d := docs[digest]; fresh["src/"+digest] && d.Body.Size <= tooLong {
				size += d.Body.Size
			}
		}
		large = large || size > pack.MaxSize
	}
	if large {
		return [][]plan.Page{simple, many}
	}
	return [][]plan.Page{pages}
}

// render has every region make pages, and compares their bytes.
func (p *Publisher) render(ctx context.Context, pl *plan.Plan, pages []plan.Page, fresh map[string]bool, draft bool) (int, error) {
	docs := map[string]*content.Document{}
	for _, d := range pl.Site.Documents() {
		docs[d.Source.Digest] = d
	}
	slices.SortFunc(pages, func(a, b plan.Page) int { return strings.Compare(a.Digest, b.Digest) })
	pages = slices.CompactFunc(pages, func(a, b plan.Page) bool { return a.Digest == b.Digest })
	answers := newAnswers(len(p.Regions), len(pages))
	for i, wave := range waves(pages, fresh, docs) {
		if i > 0 {
			fresh = nil // the first wave brought the sources
		}
		if err := p.renderWave(ctx, pl, wave, fresh, docs, draft, answers); err != nil {
			return 0, err
		}
	}
	for _, pg := range pages {
		sum := answers.sums[0][pg.Digest]
		for i, r := range p.Regions {
			if !p.renders(r) {
				continue
			}
			if got := answers.sums[i][pg.Digest]; got == "" || got != sum {
				return 0, fmt.Errorf("page %s has other bytes in %s than in %s; nothing was published", pg.Digest, r.Name, p.primary().Name)
			}
		}
		p.sums.set(pg.Digest, sum)
	}
	return len(pages), nil
}

func (p *Publisher) renderWave(ctx context.Context, pl *plan.Plan, pages []plan.Page, fresh map[string]bool, docs map[string]*content.Document, draft bool, to *answers) error {
	g, ctx := errgroup.WithContext(ctx)
	g.SetLimit(max(4, p.workers()/4))
	// A pack is made when there is somebody to send it, so that no more of
	// them are in memory than are under way; and as many at once as there are
	// processors, because making one takes ten times its own memory.
	packers := make(chan struct{}, runtime.GOMAXPROCS(0))
	for chunk := range slices.Chunk(pages, renderBatch) {
		g.Go(func() error {
			packers <- struct{}{}
			batches, err := packs(chunk, fresh, docs)
			<-packers
			if err != nil {
				return err
			}
			all, ctx := errgroup.WithContext(ctx)
			for i, r := range p.Regions {
				all.Go(func() error { return p.invoke(ctx, pl, i, r, batches, draft, to) })
			}
			return all.Wait()
		})
	}
	return g.Wait()
}

// invoke asks one region's renderer for batches, one after the other.
func (p *Publisher) invoke(ctx context.Context, pl *plan.Plan, i int, r Region, batches [][]byte, draft bool, to *answers) error {
	for _, b := range batches {
		if !p.renders(r) {
			return nil
		}
		resp, err := r.Renderer.Do(ctx, renderer.Request{Pack: b, Draft: draft})
		if p.leave(ctx, r, err) {
			return nil
		}
		if err != nil {
			return fmt.Errorf("rendering in %s: %w", r.Name, err)
		}
		if resp.Version != pl.Renderer {
			return fmt.Errorf("the renderer in %s became version %s while publishing for %s; run the command again", r.Name, resp.Version, pl.Renderer)
		}
		p.progress("render", to.add(i, resp.Pages), to.total)
	}
	return nil
}

// answers collects what the regions say of the pages that they made.
type answers struct {
	mu    sync.Mutex
	sums  []map[string]string // of each region, by digest
	done  int
	total int
}

func newAnswers(regions, pages int) *answers {
	a := &answers{total: regions * pages}
	for range regions {
		a.sums = append(a.sums, map[string]string{})
	}
	return a
}

func (a *answers) add(region int, pages []renderer.Rendered) int {
	a.mu.Lock()
	defer a.mu.Unlock()
	for _, pg := range pages {
		a.sums[region][pg.Digest] = pg.Sum
	}
	a.done += len(pages)
	return a.done
}

// sums remembers what the renderers said of the pages of this run, so that the
// check at the edge need not read them.
type sums struct{ m map[string]string }

func (s *sums) set(digest, sum string) {
	if s.m == nil {
		s.m = map[string]string{}
	}
	s.m[digest] = sum
}

// with adds the sums to changes.
func (s *sums) with(changes []Change) []Change {
	out := slices.Clone(changes)
	for i := range out {
		out[i].sum = s.m[out[i].To]
	}
	return out
}

func (p *Publisher) workers() int {
	if p.Workers > 0 {
		return p.Workers
	}
	return 32
}
