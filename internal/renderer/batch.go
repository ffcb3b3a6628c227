package renderer

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"runtime"
	"slices"
	"sync/atomic"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/victorleungtw/blog/internal/compress"
	"github.com/victorleungtw/blog/internal/emf"
	"github.com/victorleungtw/blog/internal/pack"
	"github.com/victorleungtw/blog/internal/recipe"
	"github.com/victorleungtw/blog/internal/render"
	"github.com/victorleungtw/blog/internal/store"
)

// Request is a direct invocation: a batch to render, or a question.
type Request struct {
	Render []string `json:"render,omitempty"` // digests of recipes in the bucket
	// Pack holds recipes and sources that the bucket may not have yet (package
	// pack). They are stored before anything is rendered, and the page of every
	// recipe among them is rendered.
	Pack []byte `json:"pack,omitempty"`
	// Draft stores the pages where only a signed link leads.
	Draft   bool `json:"draft,omitempty"`
	Version bool `json:"version,omitempty"`
}

// Response answers a Request.
type Response struct {
	Version string     `json:"version"`
	Pages   []Rendered `json:"pages,omitempty"` // in the order of Request.Render, then of the pack
}

// Rendered says what a digest's bytes are. Two regions that made the same page
// answer the same Sum.
type Rendered struct {
	Digest string `json:"digest"`
	Sum    string `json:"sum"` // hex SHA-256 of the page's bytes
	Size   int    `json:"size"`
}

// Do answers a direct invocation.
func (r *Renderer) Do(ctx context.Context, req Request) (Response, error) {
	out := Response{Version: r.Version()}
	start := time.Now()
	b, digests, err := r.unpack(ctx, req)
	if err != nil {
		return out, err
	}
	out.Pages = make([]Rendered, len(digests))
	g, ctx := errgroup.WithContext(ctx)
	g.SetLimit(2 * runtime.GOMAXPROCS(0))
	for i, digest := range digests {
		g.Go(func() error {
			p, err := b.finish(ctx, digest)
			out.Pages[i] = p
			return err
		})
	}
	err = g.Wait()
	if len(digests) > 0 {
		made := int(b.made.Load())
		r.Log.InfoContext(ctx, "batch", emf.Count(MetricPages, made), emf.Milliseconds(MetricTime, time.Since(start)),
			"asked", len(digests), "failed", err != nil)
	}
	return out, err
}

// batch is one direct invocation.
type batch struct {
	*Renderer
	packed map[string][]byte // by key
	prefix string            // of the pages
	made   atomic.Int64      // pages that were not there
	read   memory[*store.Object]
}

// maxRead is how many bytes of sources a batch remembers. Feeds of whole posts
// show the same ones again and again.
const maxRead = 4 << 20

// unpack stores what came with a request, and tells which pages it asks for.
func (r *Renderer) unpack(ctx context.Context, req Request) (*batch, []string, error) {
	b := &batch{Renderer: r, packed: map[string][]byte{}, prefix: pages}
	if req.Draft {
		b.prefix = drafts
	}
	members, err := pack.Read(req.Pack)
	if err != nil {
		return nil, nil, err
	}
	digests := slices.Clone(req.Render)
	g, ctx := errgroup.WithContext(ctx)
	g.SetLimit(8 * runtime.GOMAXPROCS(0)) // it waits for S3 most of the time
	for _, m := range members {
		key := m.Kind.Prefix() + m.Digest
		b.packed[key] = m.Body
		meta := store.Meta{ContentType: "text/markdown; charset=utf-8", CacheControl: store.Immutable}
		if m.Kind == pack.Recipe {
			meta.ContentType = "application/json"
			digests = append(digests, m.Digest)
		}
		g.Go(func() error { return r.keep(ctx, key, &store.Object{Meta: meta, Body: m.Body}) })
	}
	return b, digests, g.Wait()
}

// Get reads what came with the request, or was read before, before it asks the
// bucket.
func (b *batch) Get(ctx context.Context, key string) (*store.Object, error) {
	if body, ok := b.packed[key]; ok {
		return &store.Object{Body: body}, nil
	}
	return b.read.get(key, maxRead, func() (*store.Object, int, error) {
		obj, err := b.Bucket.Get(ctx, key)
		if err != nil {
			return nil, 0, err
		}
		return obj, len(obj.Body), nil
	})
}

// finish makes sure that a page, its text and their variants are stored.
func (b *batch) finish(ctx context.Context, digest string) (Rendered, error) {
	if !recipe.IsDigest(digest) {
		return Rendered{}, fmt.Errorf("%q is not a digest", digest)
	}
	page, err := b.Bucket.Get(ctx, b.prefix+digest)
	switch {
	case err == nil:
		err = b.complete(ctx, digest, page)
	case errors.Is(err, store.ErrNotExist):
		page, err = b.make(ctx, digest)
	}
	if err != nil {
		return Rendered{}, err
	}
	return Rendered{Digest: digest, Sum: recipe.Sum(page.Body), Size: len(page.Body)}, nil
}

// make stores a page that was not there, with all that stands beside it.
func (b *batch) make(ctx context.Context, digest string) (*store.Object, error) {
	objs, err := b.render(ctx, b, b.prefix, digest)
	if err != nil {
		return nil, err
	}
	b.made.Add(1)
	for suffix, obj := range objs {
		if err := b.encode(ctx, b.prefix+digest+suffix, obj, false); err != nil {
			return nil, err
		}
	}
	return objs[""], nil
}

// complete makes what is missing beside a page that was there: text and variants
// are written after it, so something missing is the trace of a batch that was cut
// short, or of a reader who came first.
func (b *batch) complete(ctx context.Context, digest string, page *store.Object) error {
	if err := b.encode(ctx, b.prefix+digest, page, true); err != nil {
		return err
	}
	// Most pages that have no text are no HTML, and are not made again to see it.
	if page.ContentType != render.TypeHTML || b.prefix == drafts {
		return nil
	}
	text, _, err := b.page(ctx, b, b.prefix, digest, textSuffix)
	if errors.Is(err, store.ErrNotExist) {
		return nil
	} else if err != nil {
		return err
	}
	return b.encode(ctx, b.prefix+digest+textSuffix, text, true)
}

// encode stores the variants of an object, with a look whether they are there
// already if they may be.
func (b *batch) encode(ctx context.Context, key string, obj *store.Object, look bool) error {
	for _, enc := range compress.Encodings {
		key := key + enc.Suffix
		if look {
			if _, err := b.Bucket.Get(ctx, key); err == nil {
				continue
			} else if !errors.Is(err, store.ErrNotExist) {
				return err
			}
		}
		meta := obj.Meta
		meta.ContentEncoding = enc.Name
		body := enc.Quick
		if !b.Quick {
			body = enc.Best
		}
		if err := b.keep(ctx, key, &store.Object{Meta: meta, Body: body(obj.Body)}); err != nil {
			return err
		}
	}
	return nil
}

// Invoke is the function's entry: direct invocations and HTTP API events, as
// JSON. It is the method of aws-lambda-go's lambda.Handler.
func (r *Renderer) Invoke(ctx context.Context, payload []byte) ([]byte, error) {
	var probe struct {
		Request
		RouteKey string `json:"routeKey"`
		RawPath  string `json:"rawPath"`
	}
	// An HTTP event's "version" is a string, which is how the two are told
	// apart before either is decoded in full.
	if err := json.Unmarshal(payload, &probe); err == nil && probe.RawPath == "" && probe.RouteKey == "" {
		if !probe.Version && len(probe.Render) == 0 && len(probe.Pack) == 0 {
			return nil, errors.New(`want {"render":[…]}, {"pack":"…"}, {"version":true} or an HTTP API event`)
		}
		out, err := r.Do(ctx, probe.Request)
		if err != nil {
			return nil, err
		}
		return json.Marshal(out)
	}
	return r.invokeHTTP(ctx, payload)
}
