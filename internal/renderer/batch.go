package renderer

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"runtime"

	"golang.org/x/sync/errgroup"

	"github.com/victorleungtw/blog/internal/compress"
	"github.com/victorleungtw/blog/internal/recipe"
	"github.com/victorleungtw/blog/internal/store"
)

// Request is a direct invocation: a batch to render, or a question.
type Request struct {
	Render  []string `json:"render,omitempty"` // digests of recipes in the bucket
	Version bool     `json:"version,omitempty"`
}

// Response answers a Request.
type Response struct {
	Version string     `json:"version"`
	Pages   []Rendered `json:"pages,omitempty"` // in the order of Request.Render
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
	out := Response{Version: r.Version(), Pages: make([]Rendered, len(req.Render))}
	g, ctx := errgroup.WithContext(ctx)
	g.SetLimit(2 * runtime.GOMAXPROCS(0))
	for i, digest := range req.Render {
		g.Go(func() error {
			p, err := r.finish(ctx, digest)
			out.Pages[i] = p
			return err
		})
	}
	return out, g.Wait()
}

// finish makes sure that a page and its variants are stored.
func (r *Renderer) finish(ctx context.Context, digest string) (Rendered, error) {
	if !recipe.IsDigest(digest) {
		return Rendered{}, fmt.Errorf("%q is not a digest", digest)
	}
	page, err := r.page(ctx, digest)
	if err != nil {
		return Rendered{}, err
	}
	for _, enc := range compress.Encodings {
		key := "page/" + digest + enc.Suffix
		// The variants are written after the page itself, so one that is
		// missing is the trace of a batch that was cut short.
		if _, err := r.Bucket.Get(ctx, key); err == nil {
			continue
		} else if !errors.Is(err, store.ErrNotExist) {
			return Rendered{}, err
		}
		meta := page.Meta
		meta.ContentEncoding = enc.Name
		body := enc.Quick
		if !r.Quick {
			body = enc.Best
		}
		if err := r.keep(ctx, key, &store.Object{Meta: meta, Body: body(page.Body)}); err != nil {
			return Rendered{}, err
		}
	}
	return Rendered{Digest: digest, Sum: recipe.Sum(page.Body), Size: len(page.Body)}, nil
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
		if !probe.Version && len(probe.Render) == 0 {
			return nil, errors.New(`want {"render":[…]}, {"version":true} or an HTTP API event`)
		}
		out, err := r.Do(ctx, probe.Request)
		if err != nil {
			return nil, err
		}
		return json.Marshal(out)
	}
	return r.invokeHTTP(ctx, payload)
}
