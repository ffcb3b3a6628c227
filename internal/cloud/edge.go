package cloud

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"slices"

	"github.com/victorleungtw/blog/internal/assembly"
	"github.com/victorleungtw/blog/internal/edge"
	"github.com/victorleungtw/blog/internal/lambdahttp"
	"github.com/victorleungtw/blog/internal/renderer"
	"github.com/victorleungtw/blog/internal/route53"
)

// localKey opens the renderers of this process to the edge of this process.
const localKey = "local"

func isLocalKey(_ context.Context, got string) bool { return got == localKey }

// EdgeOptions say what an edge on this machine is like.
type EdgeOptions struct {
	Log   *slog.Logger
	Debug bool // say in headers where an answer came from
	TLS   bool // what serves it speaks TLS
	// CacheBytes bounds the cache; 0 for what package edge takes.
	CacheBytes int64
	// Bucket, API and Function, if given, stand in front of a region's bucket,
	// its API and the function behind that, for a drill: 0 is the primary. They
	// are asked for once a region.
	Bucket, API func(region int, next http.RoundTripper) http.RoundTripper
	Function    func(region int, next lambdahttp.Invoke) lambdahttp.Invoke
}

// Edge is the edge in front of a local place.
type Edge struct {
	http.Handler
	// Fail takes a part away, or gives it back: "primary" or "standby", a region;
	// "renderer", those of both; "both", the primary and the renderers.
	Fail func(part string, down bool) error
	// Purge forgets cached objects, by path or by "#tag".
	Purge func(items []string) error
}

// Edge builds the edge in front of a local place: the function, the
// distribution, and as origins its buckets, and its renderers behind an API
// Gateway. Which of them an origin is says the place's assembly or package edge.
func (c *Cloud) Edge(opts EdgeOptions) (*Edge, error) {
	w := &wiring{cloud: c, opts: opts}
	config, parts := edge.Describe(edge.Topology{Standby: len(c.local) > 1}), edge.Parts{Verify: localKey}
	var err error
	if c.assembly != nil {
		config, parts, err = w.assembled(c.assembly)
	} else {
		parts.Origins = w.described()
	}
	if err != nil {
		return nil, err
	}
	parts.KeyValues, parts.Log, parts.Debug, parts.Insecure = c.Table, opts.Log, opts.Debug, !opts.TLS
	parts.CacheBytes = opts.CacheBytes
	d, err := edge.NewDistribution(config, parts)
	if err != nil {
		return nil, fmt.Errorf("starting the edge: %w", err)
	}
	return &Edge{d, w.fail, d.Invalidate}, nil
}

// wiring is the parts of a place as an edge meets them, each with a switch.
type wiring struct {
	cloud              *Cloud
	opts               EdgeOptions
	buckets, renderers []*edge.Switch // by region
}

// region adds a region's parts: what its bucket lets the edge get, and its
// renderer.
func (w *wiring) region(mayGet func(key string) bool, r *renderer.Renderer) {
	i := len(w.buckets)
	bucket := edge.StoreOrigin(w.cloud.local[i].Bucket)
	if mayGet != nil {
		bucket = edge.BucketOrigin(w.cloud.local[i].Bucket, mayGet)
	}
	if w.opts.Bucket != nil {
		bucket = w.opts.Bucket(i, bucket)
	}
	function := lambdahttp.Invoke(r.Invoke)
	if w.opts.Function != nil {
		function = w.opts.Function(i, function)
	}
	w.buckets = append(w.buckets, edge.NewSwitch(bucket))
	var api http.RoundTripper = &lambdahttp.Gateway{Invoke: function, APIID: "local"}
	if w.opts.API != nil {
		api = w.opts.API(i, api)
	}
	w.renderers = append(w.renderers, edge.NewSwitch(api))
}

// described wires the origins of package edge's description.
func (w *wiring) described() map[string]http.RoundTripper {
	for _, r := range w.cloud.local {
		w.region(nil, r)
	}
	last := len(w.renderers) - 1
	return map[string]http.RoundTripper{
		edge.OriginStore:        w.buckets[0],
		edge.OriginStoreStandby: w.buckets[last], // the primary's, if it is alone
		edge.OriginFallback:     w.renderers[last],
		edge.OriginDynamic:      w.renderers[0],
		edge.OriginPrimary:      w.renderers[0],
	}
}

// assembled wires the origins as the templates do: buckets with their
// policies, renderers with the bucket and the secret that their environment
// names, host names as Route 53 gives them out.
func (w *wiring) assembled(d *assembly.Deployment) (config edge.DistributionConfig, parts edge.Parts, err error) {
	if len(d.Regions) != len(w.cloud.local) {
		return config, parts, fmt.Errorf("the assembly has %d regions, and this place %d", len(d.Regions), len(w.cloud.local))
	}
	for i, region := range d.Regions {
		mayGet := func(string) bool { return false } // no origin leads to it
		own := w.cloud.local[i]
		r := &renderer.Renderer{Bucket: own.Bucket, Log: own.Log, Quick: own.Quick}
		for _, o := range d.Origins {
			if o.Bucket != nil && o.Bucket.Region == region {
				mayGet = o.Bucket.MayGet
			}
			for _, route := range o.Routes {
				if route.API.Region == region {
					secret := route.API.Function.Secret
					r.Verify = func(_ context.Context, got string) bool { return got == secret }
				}
			}
		}
		w.region(mayGet, r)
	}
	parts = edge.Parts{Function: d.Function, Verify: d.Secret, Origins: map[string]http.RoundTripper{}}
	for _, o := range d.Origins {
		if o.Bucket != nil {
			parts.Origins[o.ID] = w.buckets[slices.Index(d.Regions, o.Bucket.Region)]
			continue
		}
		parts.Origins[o.ID] = &host{o.Routes, d, w.renderers}
	}
	return d.Config, parts, nil
}

// host is an origin that is found by its name.
type host struct {
	routes    []assembly.Route
	in        *assembly.Deployment
	renderers []*edge.Switch // by region
}

func (h *host) RoundTrip(r *http.Request) (*http.Response, error) {
	route, err := assembly.Choose(h.routes, func(name, path string) (int, string, error) {
		return h.check(r.Context(), name, path)
	}, h.in.Regions)
	if err != nil {
		return nil, err
	}
	return h.ask(route.API, r)
}

// check is a request of a health checker.
func (h *host) check(ctx context.Context, name, path string) (status int, body string, err error) {
	ctx, cancel := context.WithTimeout(ctx, route53.Patience)
	defer cancel()
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, "https://"+name+path, nil)
	if err != nil {
		return 0, "", err
	}
	resp, err := h.ask(h.in.Checked[name], r)
	if err != nil {
		return 0, "", err
	}
	defer resp.Body.Close()
	b, err := io.ReadAll(io.LimitReader(resp.Body, route53.Searched))
	return resp.StatusCode, string(b), err
}

// ask waits as long as API and function do. What neither of them ends in time
// is the API's error, not the origin's silence.
func (h *host) ask(a *assembly.API, r *http.Request) (*http.Response, error) {
	ctx, cancel := context.WithTimeout(r.Context(), min(a.Timeout, a.Function.Timeout))
	defer cancel()
	resp, err := h.renderers[slices.Index(h.in.Regions, a.Region)].RoundTrip(r.WithContext(ctx))
	if err != nil && ctx.Err() != nil && r.Context().Err() == nil {
		return &http.Response{
			Status: "503 Service Unavailable", StatusCode: http.StatusServiceUnavailable, Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1,
			Header: http.Header{}, Body: http.NoBody, Request: r,
		}, nil
	}
	return resp, err
}

// fail takes a part away, or gives it back.
func (w *wiring) fail(part string, down bool) error {
	var parts []*edge.Switch
	switch part {
	case "primary":
		parts = []*edge.Switch{w.buckets[0], w.renderers[0]}
	case "standby":
		last := len(w.renderers) - 1
		parts = []*edge.Switch{w.buckets[last], w.renderers[last]}
	case "renderer":
		parts = w.renderers
	case "both":
		parts = append([]*edge.Switch{w.buckets[0]}, w.renderers...)
	default:
		return fmt.Errorf("there is no part %q to take away: use primary, standby, renderer or both", part)
	}
	for _, p := range parts {
		p.Down(down)
	}
	return nil
}
