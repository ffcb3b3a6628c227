// Package renderer is the Lambda that makes pages: a recipe in, bytes out, and
// the bytes kept in its region's bucket.
//
// # Two ways in
//
// A publisher invokes it directly with a batch of digests, before the release
// that has them is visible to anybody. That is where the work is done: each
// page is rendered, compressed as well as it can be, and stored three times
// (as it is, .br, .gz). CloudFront asks it over HTTP only for what S3 could
// not give: the primary region is down, an object was lost.
//
// # What it promises
//
// It answers a digest address with that digest's bytes or with an error, never
// with other bytes. A recipe that was made for another version of the renderer
// is refused with 503 and a log line that raises an alarm: rendering it with
// this version would put different bytes under the same name.
//
// It renders from the bucket of its own region alone, so that losing one
// region does not stop the other, and writes there only what does not exist.
// It holds nothing between requests that would change an answer: what it
// remembers of an index is remembered by digest (search.go).
//
// The same door leads to the search (search.go) and to old releases (travel.go).
//
// # Compression
//
// Brotli at its best quality takes about 50 ms for a page, a hundred times what
// rendering takes, and is done in batches only. Over HTTP a page whose stored
// variant is missing is compressed quickly, sent with a short life and a weak
// ETag, and not stored: the place stays free for the better bytes.
//
// # Who may ask
//
// Requests over HTTP must carry the secret that CloudFront adds to them; only
// /healthz and /ops/route, which Route 53 asks, are open. Direct invocations are
// authorised by IAM.
package renderer

import (
	"context"
	"errors"
	"fmt"
	"github.com/victorleungtw/blog/internal/compress"
	"log/slog"

	"golang.org/x/sync/errgroup"

	"github.com/victorleungtw/blog/internal/emf"
	"github.com/victorleungtw/blog/internal/names"
	"github.com/victorleungtw/blog/internal/recipe"
	"github.com/victorleungtw/blog/internal/render"
	"github.com/victorleungtw/blog/internal/shown"
	"github.com/victorleungtw/blog/internal/store"
)

// ErrVersion is returned for a recipe that another version is to render.
var ErrVersion = errors.New("the recipe is for another version of the renderer")

// Renderer makes the pages of one region.
type Renderer struct {
	Bucket store.Bucket
	Log    *slog.Logger
	// Quick stores variants that were compressed quickly.
	Quick bool
	// Verify judges the value of the origin's secret header. With none, every
	// request over HTTP but those of health checks is refused.
	Verify func(ctx context.Context, got string) bool

	search  searcher
	history lineage
}

// Warm makes the connection to the bucket that the first page will need. What
// goes wrong is for that page to meet.
func (r *Renderer) Warm(ctx context.Context) { r.Bucket.Get(ctx, names.HeadKey) }

// Version is the version of this renderer.
func (r *Renderer) Version() string { return render.Version() }

// Where pages are stored. Addresses of drafts are not of this site: the edge
// function goes there for a signed link alone.
const (
	pages  = "page/"
	drafts = "draft/"
)

// getter is where recipes and sources are read from.
type getter interface {
	Get(ctx context.Context, key string) (*store.Object, error)
}

// Suffixes are those of the keys of a page, behind "page/<digest>": the page and
// what compress makes of it, and of one with a text (recipe.HasText) the same of
// that.
func Suffixes(text bool) []string {
	out := []string{""}
	for _, e := range compress.Encodings {
		out = append(out, e.Suffix)
	}
	if text {
		for _, s := range out {
			out = append(out, textSuffix+s)
		}
	}
	return out
}

const textSuffix = ".md"

// page returns a page's bytes, and whether they were rendered now: the stored
// ones, else rendered and stored. The text is its own, where suffix says so.
func (r *Renderer) page(ctx context.Context, from getter, prefix, digest, suffix string) (obj *store.Object, made bool, err error) {
	obj, err = r.Bucket.Get(ctx, prefix+digest+suffix)
	if err == nil || !errors.Is(err, store.ErrNotExist) {
		return obj, false, err
	}
	objs, err := r.render(ctx, from, prefix, digest)
	if err == nil && objs[suffix] == nil {
		err = fmt.Errorf("%s%s has no text: %w", prefix, digest, store.ErrNotExist)
	}
	return objs[suffix], err == nil, err
}

// render makes a page, and stores it and its text as they are. It returns them by
// suffix.
func (r *Renderer) render(ctx context.Context, from getter, prefix, digest string) (map[string]*store.Object, error) {
	raw, err := from.Get(ctx, "recipe/"+digest)
	if err != nil {
		return nil, err
	}
	if recipe.Sum(raw.Body) != digest {
		return nil, fmt.Errorf("recipe/%s: %w", digest, store.ErrCorrupt)
	}
	rec, err := recipe.Decode(raw.Body)
	if err == nil && rec.Renderer != r.Version() {
		err = fmt.Errorf("%w: it wants %s, this is %s", ErrVersion, rec.Renderer, r.Version())
	} else if err != nil {
		// A field that this version does not know is another version's too.
		err = fmt.Errorf("%w: %w", ErrVersion, err)
	}
	if err != nil {
		r.Log.ErrorContext(ctx, "recipe of another renderer version", emf.Count(MetricMismatch, 1), "digest", digest, "error", err)
		return nil, err
	}
	if rec.NoIndex && prefix != drafts {
		// A shared draft. Whoever was given a link knows the digest, and is not
		// to see the page at an address that never ends.
		return nil, fmt.Errorf("recipe/%s is of a draft: %w", digest, store.ErrNotExist)
	}
	p, err := render.Render(ctx, rec, sources{from})
	if err != nil {
		return nil, fmt.Errorf("rendering %s: %w", rec.Path, err)
	}
	tags, _ := shown.Tags(rec) // a page of more posts than tags is taken down by its address
	meta := store.Meta{ContentType: p.ContentType, CacheControl: store.Immutable, CacheTags: tags}
	objs := map[string]*store.Object{"": {Meta: meta, Body: p.Body}}
	if p.Text != nil && prefix != drafts {
		meta.ContentType = render.TypeText
		objs[textSuffix] = &store.Object{Meta: meta, Body: p.Text}
	}
	g, ctx := errgroup.WithContext(ctx) // a reader may be waiting
	for suffix, obj := range objs {
		g.Go(func() error { return r.keep(ctx, prefix+digest+suffix, obj) })
	}
	return objs, g.Wait()
}

// keep stores an object. One that is there already was made from the same
// recipe and has the same bytes.
func (r *Renderer) keep(ctx context.Context, key string, obj *store.Object) error {
	err := r.Bucket.Create(ctx, key, obj.Meta, store.Bytes(obj.Body))
	if errors.Is(err, store.ErrExists) {
		return nil
	}
	return err
}

// sources reads sources, and checks them: a page made from
// other text than its recipe names would be the wrong page.
type sources struct{ from getter }

func (s sources) Source(ctx context.Context, digest string) ([]byte, error) {
	obj, err := s.from.Get(ctx, "src/"+digest)
	if errors.Is(err, store.ErrNotExist) {
		// A page of which a source is missing is not a page that does not exist.
		return nil, fmt.Errorf("src/%s is missing", digest)
	} else if err != nil {
		return nil, err
	}
	if recipe.Sum(obj.Body) != digest {
		return nil, fmt.Errorf("src/%s: %w", digest, store.ErrCorrupt)
	}
	return obj.Body, nil
}
