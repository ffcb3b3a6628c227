// Package cloud opens the place that a command works on: the regions' records
// and renderers, the route table, and the edge to check them by.
//
// There are three kinds of place. AWS finds everything by name, as package
// names gives them, and asks Systems Manager for the two things that AWS named
// itself. Local is a directory with the same parts, each region a folder, the
// renderers in this process. Addresses names the parts one by one, for an S3
// server that is not AWS.
//
// Whatever the place, what comes out is the same: a release.Publisher works on
// it and cannot tell.
package cloud

import (
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"path/filepath"
	"slices"
	"strings"

	"github.com/victorleungtw/blog/internal/edge"
	"github.com/victorleungtw/blog/internal/lambdahttp"
	"github.com/victorleungtw/blog/internal/release"
	"github.com/victorleungtw/blog/internal/renderer"
	"github.com/victorleungtw/blog/internal/routes"
	"github.com/victorleungtw/blog/internal/routes/routesurl"
	"github.com/victorleungtw/blog/internal/store"
	"github.com/victorleungtw/blog/internal/store/storeurl"
)

// Cloud is an open place.
type Cloud struct {
	Regions []release.Region // the primary first
	Table   routes.Table
	// BaseURL is where readers find the blog, scheme and host; empty when the
	// place does not know.
	BaseURL string
	// Checker asks the edge after a publish.
	Checker release.Checker
	// Purge makes the edges forget paths and cache tags ("#…"); nil when the
	// place has its edge elsewhere.
	Purge func(ctx context.Context, items []string) error

	local []*renderer.Renderer // the renderers of this process, by region
}

// LocalOptions say what a place on this machine is like.
type LocalOptions struct {
	Log *slog.Logger
	// Quick stores variants that are compressed quickly: for a preview, where
	// 50 ms a page would be waited for, and nothing travels far.
	Quick bool
	// Renderers are the addresses (openRenderer) of renderers elsewhere, the
	// primary's first. A place that has one has its edge elsewhere too, so a
	// publish is not checked through it.
	Renderers []string
}

// Local opens the place in a folder, with two regions.
func Local(ctx context.Context, folder string, opts LocalOptions) (*Cloud, error) {
	return Addresses(ctx, "dir:"+filepath.Join(folder, "primary"), "dir:"+filepath.Join(folder, "standby"),
		filepath.Join(folder, "routes"), opts)
}

// Addresses opens a place by the addresses of its buckets (package storeurl)
// and of its route table (package routesurl). The standby may be empty.
func Addresses(ctx context.Context, primary, standby, table string, opts LocalOptions) (*Cloud, error) {
	c := &Cloud{}
	for i, address := range []string{primary, standby} {
		if address == "" {
			continue
		}
		name := []string{"primary", "standby"}[i]
		bucket, err := storeurl.Open(ctx, address)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
		r := &renderer.Renderer{Bucket: bucket, Log: opts.Log.With("region", name), Quick: opts.Quick, Verify: isLocalKey}
		c.local = append(c.local, r)
		region := release.Region{Name: name, Bucket: bucket, Renderer: r}
		if i < len(opts.Renderers) {
			if region.Renderer, err = openRenderer(ctx, opts.Renderers[i]); err != nil {
				return nil, err
			}
		}
		c.Regions = append(c.Regions, region)
	}
	var err error
	if c.Table, err = routesurl.Open(ctx, table); err != nil {
		return nil, err
	}
	if len(opts.Renderers) > 0 {
		return c, nil
	}
	check, err := c.Edge(EdgeOptions{Log: opts.Log})
	if err != nil {
		return nil, err
	}
	c.Purge = func(_ context.Context, items []string) error { return check.Purge(items) }
	c.Checker = &release.HTTPCheck{
		Client: &http.Client{Transport: edge.HandlerOrigin(check.Handler)}, Base: "http://edge.local", Bucket: c.Regions[0].Bucket,
	}
	return c, nil
}

// localKey opens the renderers of this process to the edge of this process.
const localKey = "local"

func isLocalKey(_ context.Context, got string) bool { return got == localKey }

// EdgeOptions say what an edge on this machine is like.
type EdgeOptions struct {
	Log   *slog.Logger
	Debug bool // say in headers where an answer came from
}

// Edge is the edge in front of a local place.
type Edge struct {
	http.Handler
	// Fail takes a part away, or gives it back: "primary", "renderer", "both".
	Fail func(part string, down bool) error
	// Purge forgets cached objects, by path or by "#tag".
	Purge func(items []string) error
}

// Edge builds the edge in front of a local place: the deployed function, the
// described distribution, and as origins its buckets, and its renderers behind
// an API Gateway.
func (c *Cloud) Edge(opts EdgeOptions) (*Edge, error) {
	standby := len(c.local) > 1
	last := c.local[len(c.local)-1]
	origins := map[string]*edge.Switch{
		edge.OriginStore:    edge.NewSwitch(edge.StoreOrigin(c.Regions[0].Bucket)),
		edge.OriginFallback: edge.NewSwitch(gateway(last)),
		edge.OriginDynamic:  edge.NewSwitch(gateway(c.local[0])),
	}
	if standby {
		origins[edge.OriginStoreStandby] = edge.NewSwitch(edge.StoreOrigin(c.Regions[1].Bucket))
	}
	trips := map[string]http.RoundTripper{}
	for id, o := range origins {
		trips[id] = o
	}
	d, err := edge.NewDistribution(edge.Describe(edge.Topology{Standby: standby}), edge.Parts{
		Origins: trips, KeyValues: c.Table, Verify: localKey, Log: opts.Log, Debug: opts.Debug, Insecure: true,
	})
	if err != nil {
		return nil, fmt.Errorf("starting the edge: %w", err)
	}
	parts := map[string][]string{
		"primary":  {edge.OriginStore, edge.OriginDynamic},
		"renderer": {edge.OriginFallback, edge.OriginDynamic},
		"both":     {edge.OriginStore, edge.OriginDynamic, edge.OriginFallback},
	}
	fail := func(part string, down bool) error {
		ids, ok := parts[part]
		if !ok {
			return fmt.Errorf("there is no part %q to take away: use primary, renderer or both", part)
		}
		for _, id := range ids {
			origins[id].Down(down)
		}
		return nil
	}
	return &Edge{d, fail, d.Invalidate}, nil
}

func gateway(r *renderer.Renderer) http.RoundTripper {
	return &lambdahttp.Gateway{Invoke: r.Invoke, APIID: "local"}
}

// Prefer makes the named region the primary for this run: the other is away,
// and somebody has to decide.
func (c *Cloud) Prefer(name string) error {
	i := slices.IndexFunc(c.Regions, func(r release.Region) bool { return r.Name == name })
	if i < 0 {
		var known []string
		for _, r := range c.Regions {
			known = append(known, r.Name)
		}
		return fmt.Errorf("there is no region %q; there is %s", name, strings.Join(known, " and "))
	}
	c.Regions = append([]release.Region{c.Regions[i]}, slices.Delete(slices.Clone(c.Regions), i, i+1)...)
	if check, ok := c.Checker.(*release.HTTPCheck); ok {
		check.Bucket = c.Bucket()
	}
	return nil
}

// Bucket is the primary's record.
func (c *Cloud) Bucket() store.Bucket { return c.Regions[0].Bucket }
