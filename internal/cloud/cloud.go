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

	"github.com/victorleungtw/blog/internal/assembly"
	"github.com/victorleungtw/blog/internal/edge"
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

	local    []*renderer.Renderer // the renderers of this process, by region
	assembly *assembly.Deployment
}

// LocalOptions say what a place on this machine is like.
type LocalOptions struct {
	Log *slog.Logger
	// Quick stores variants that are compressed quickly: for a preview, where
	// 50 ms a page would be waited for, and nothing travels far.
	Quick bool
	// Assembly is what stands in front of the place; nil means what package
	// edge describes. Its first region is the primary, its second the standby.
	Assembly *assembly.Deployment
	// Renderers are the addresses (openRenderer) of renderers elsewhere, the
	// primary's first. A place that has one has its edge elsewhere too, so a
	// publish is not checked through it.
	Renderers []string
}

// Local opens the place in a folder, with two regions, or as many as its
// assembly has.
func Local(ctx context.Context, folder string, opts LocalOptions) (*Cloud, error) {
	standby := "dir:" + filepath.Join(folder, "standby")
	if d := opts.Assembly; d != nil && len(d.Regions) == 1 {
		standby = ""
	}
	return Addresses(ctx, "dir:"+filepath.Join(folder, "primary"), standby, filepath.Join(folder, "routes"), opts)
}

// Addresses opens a place by the addresses of its buckets (package storeurl)
// and of its route table (package routesurl). The standby may be empty.
func Addresses(ctx context.Context, primary, standby, table string, opts LocalOptions) (*Cloud, error) {
	c := &Cloud{assembly: opts.Assembly}
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
