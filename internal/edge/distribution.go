package edge

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"net"
	"net/http"
	"net/url"
	"reflect"
	"slices"
	"strings"
	"sync"
	"time"
)

// Distribution is CloudFront's read path on one machine: it answers viewers as
// the distribution that its configuration describes would. Safe for use by
// many goroutines.
//
// GET and HEAD share a cache entry; AWS documents that both are cached and not
// whether they share. A HEAD that misses asks the origin with GET, so that the
// GET that follows finds the object; so does a request for a range, which
// CloudFront may widen.
type Distribution struct {
	config   DistributionConfig
	function *Function
	origins  map[string]http.RoundTripper
	secret   string
	now      func() time.Time
	log      *slog.Logger
	insecure bool
	debug    bool

	cache      *cache
	flights    flights
	background sync.WaitGroup
}

// Parts are what a Distribution is made of, beside its configuration.
type Parts struct {
	// Origins answer by the IDs in the configuration. Each must be safe for
	// use by many goroutines. The request's URL has the ID as its host.
	Origins map[string]http.RoundTripper
	// Function is the edge function; nil means Source().
	Function []byte
	// KeyValues is the route table that the edge function reads.
	KeyValues KeyValues
	// Verify is the origin secret, sent to the origins that verify it.
	Verify string
	// CacheBytes bounds the cache; zero means 256 MiB.
	CacheBytes int64
	Now        func() time.Time // nil means time.Now
	Log        *slog.Logger     // nil means none
	// Insecure serves plain HTTP, for a preview on this machine: viewers are
	// not sent to https, and Strict-Transport-Security and the CSP directive
	// upgrade-insecure-requests are left out. The first is ignored over plain
	// HTTP, but over a self-signed https://localhost it would bind every
	// other local server to TLS, on any port, for two years. The second makes
	// a browser fetch the stylesheet by https, where nobody listens: browsers
	// differ in whether they exempt localhost, and none exempts a preview seen
	// from a phone at http://192.168.1.5.
	Insecure bool
	// Debug adds x-blog-release, x-blog-digest and x-blog-origin to answers.
	Debug bool
}

// NewDistribution loads the edge function and checks that the parts fit the
// configuration.
func NewDistribution(c DistributionConfig, parts Parts) (*Distribution, error) {
	d := &Distribution{
		config: c, origins: parts.Origins, secret: parts.Verify,
		now: parts.Now, log: parts.Log, insecure: parts.Insecure, debug: parts.Debug,
	}
	if d.now == nil {
		d.now = time.Now
	}
	if d.log == nil {
		d.log = slog.New(slog.DiscardHandler)
	}
	size := parts.CacheBytes
	if size <= 0 {
		size = 256 << 20
	}
	d.cache = newCache(size)
	d.flights.byKey = map[string]*flight{}
	for _, b := range append(slices.Clone(c.CacheBehaviors), c.DefaultCacheBehavior) {
		if _, _, err := c.target(b.TargetOriginID); err != nil {
			return nil, fmt.Errorf("behaviour %q: %w", b.PathPattern, err)
		}
		if b.CachePolicy == nil || b.ResponseHeadersPolicy == nil {
			return nil, fmt.Errorf("behaviour %q: has no cache policy or no response headers policy", b.PathPattern)
		}
	}
	for _, o := range c.Origins {
		if parts.Origins[o.ID] == nil {
			return nil, fmt.Errorf("origin %q: nothing answers for it", o.ID)
		}
		if o.Verify && parts.Verify == "" {
			return nil, fmt.Errorf("origin %q: wants the origin secret", o.ID)
		}
	}
	if parts.KeyValues == nil {
		return nil, errors.New("the edge function has no key-value store to read")
	}
	source := parts.Function
	if source == nil {
		source = Source()
	}
	f, err := NewFunction(source, parts.KeyValues, d.log, 0)
	if err != nil {
		return nil, err
	}
	f.Now = d.now
	d.function = f
	return d, nil
}

// Wait returns when no origin is being asked behind a reader's back. For an
// orderly end, and for tests.
func (d *Distribution) Wait() { d.background.Wait() }

// ServeHTTP answers one viewer.
func (d *Distribution) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	path := r.URL.EscapedPath()
	b := d.config.Behavior(path)
	a := &reply{d: d, w: w, r: r, behavior: b, id: rand.Text()}
	switch {
	case !strings.HasPrefix(path, "/"):
		a.entry(errorEntry(http.StatusBadRequest, ""), resultError)
		return
	case len(r.URL.RequestURI()) > maxURI:
		a.entry(errorEntry(http.StatusRequestEntityTooLarge, ""), resultError)
		return
	case !d.insecure && r.TLS == nil && b.ViewerProtocolPolicy == "redirect-to-https":
		to := http.Header{"Location": {"https://" + r.Host + r.URL.RequestURI()}}
		a.entry(&entry{status: http.StatusMovedPermanently, header: to}, resultRedirect)
		return
	case !slices.Contains(b.AllowedMethods, r.Method):
		a.entry(errorEntry(http.StatusForbidden, "This distribution is not configured to allow the HTTP request method that was used."), resultError)
		return
	case (r.Method == http.MethodGet || r.Method == http.MethodHead) && r.ContentLength != 0:
		a.entry(errorEntry(http.StatusForbidden, ""), resultError) // a body has no place in a request for one
		return
	}
	req, group, err := d.viewerRequest(a)
	if req == nil || err != nil {
		if err != nil {
			a.fail(err)
		}
		return
	}
	origin, key, err := d.originRequest(b, req, r, a.id)
	if err != nil {
		a.fail(&FunctionError{ValidationError, err})
		return
	}
	origin.group = group
	a.request = req
	if r.Method != http.MethodGet && r.Method != http.MethodHead {
		origin.method, origin.body = r.Method, r.Body
		e, err := d.ask(r.Context(), b.TargetOriginID, origin)
		if err != nil {
			e = failure(err)
		}
		a.entry(e, map[bool]string{true: resultError, false: resultMiss}[e.status >= 400])
		return
	}
	a.entry(d.obtain(r.Context(), b, key, origin))
}

// viewerRequest runs the function, if the behaviour has one. It returns nil
// when the function has answered, and the origin group if the function made one.
func (d *Distribution) viewerRequest(a *reply) (*Request, *OriginGroup, error) {
	event := NewEvent(a.r, a.id)
	before := event.Request
	if !a.behavior.ViewerRequestFunction {
		return &before, nil, nil
	}
	result, err := d.function.Run(a.r.Context(), event)
	if err != nil {
		return nil, nil, err
	}
	if result.Response != nil {
		a.function(result.Response)
		return nil, nil, nil
	}
	if result.Group != nil {
		// AWS does not say what a group of origins that do not exist is; no
		// reader would get a page.
		if _, _, err := d.config.members(*result.Group); err != nil {
			return nil, nil, &FunctionError{ValidationError, err}
		}
	}
	return result.Request, result.Group, nil
}

// originRequest makes the request for a cache miss, and the cache key. What is
// in the key is what an origin is sent, and an origin request policy's headers
// beside it. The host is not in the key: CloudFront's holds the
// distribution's own name, which is the same for every alias.
// https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/understanding-the-cache-key.html
func (d *Distribution) originRequest(b *CacheBehavior, req *Request, r *http.Request, id string) (originRequest, string, error) {
	u, err := url.ParseRequestURI(req.URI)
	if err != nil {
		return originRequest{}, "", fmt.Errorf("the function's URI: %w", err)
	}
	h := http.Header{}
	key := req.URI
	p := b.CachePolicy
	if p.QueryStrings {
		// Parameters that the function left alone go on as they were sent.
		u.RawQuery = req.RawQuery()
		if reflect.DeepEqual(NewEvent(r, id).Request.QueryString, req.QueryString) {
			u.RawQuery = r.URL.RawQuery
		}
		key += "?" + u.RawQuery
	}
	for _, name := range slices.Sorted(slices.Values(p.Headers)) {
		forward(h, req, name)
		key += "\n" + name + ": " + strings.Join(h.Values(name), ", ")
	}
	if encodings := acceptEncoding(p, req); encodings != "" {
		h.Set("Accept-Encoding", encodings)
		key += "\naccept-encoding: " + encodings
	}
	if b.OriginRequestPolicy != nil {
		for _, name := range b.OriginRequestPolicy.Headers {
			forward(h, req, name)
		}
	}
	h.Set("User-Agent", "Amazon CloudFront")
	h.Set("X-Amz-Cf-Id", id)
	h.Set("Via", via)
	if ip, _, err := net.SplitHostPort(r.RemoteAddr); err == nil {
		h.Set("X-Forwarded-For", strings.TrimPrefix(strings.Join(r.Header.Values("X-Forwarded-For"), ", ")+", "+ip, ", "))
	}
	return originRequest{method: http.MethodGet, url: u, header: h}, key, nil
}

func forward(h http.Header, req *Request, name string) {
	if v, ok := req.Headers[strings.ToLower(name)]; ok && h.Get(name) == "" {
		for _, one := range v.All() {
			h.Add(name, one)
		}
	}
}

// acceptEncoding is the normal form in which CloudFront puts Accept-Encoding
// into the key of a policy that enables compressed objects.
// https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/cache-key-understand-cache-policy.html#cache-policy-compressed-objects
func acceptEncoding(p *CachePolicy, req *Request) string {
	sent := strings.ToLower(strings.Join(req.Headers["accept-encoding"].All(), ","))
	var normal []string
	for name, enabled := range map[string]bool{"br": p.EnableAcceptEncodingBrotli, "gzip": p.EnableAcceptEncodingGzip} {
		for part := range strings.SplitSeq(sent, ",") {
			if encoding, _, _ := strings.Cut(part, ";"); enabled && strings.TrimSpace(encoding) == name {
				normal = append(normal, name)
				break
			}
		}
	}
	slices.Sort(normal)
	return strings.Join(normal, ",")
}

// fail answers for a function that failed.
func (a *reply) fail(err error) {
	var failed *FunctionError
	if !errors.As(err, &failed) {
		if errors.Is(err, context.Canceled) {
			return // the viewer has left
		}
		failed = &FunctionError{ExecutionError, err}
	}
	a.d.log.ErrorContext(a.r.Context(), "edge function failed", "path", a.r.URL.Path, "err", err)
	a.entry(errorEntry(failed.Status(), "The CloudFront function associated with the distribution failed."), failed.Kind)
}

// function writes an answer that the function made.
func (a *reply) function(resp *Response) {
	e := &entry{status: resp.StatusCode, header: http.Header{}, body: resp.Body}
	for _, name := range slices.Sorted(maps.Keys(resp.Headers)) {
		for _, v := range resp.Headers[name].All() {
			e.header.Add(name, v)
		}
	}
	for _, name := range slices.Sorted(maps.Keys(resp.Cookies)) {
		c := resp.Cookies[name]
		line := name + "=" + c.Value
		if c.Attributes != "" {
			line += "; " + c.Attributes
		}
		e.header.Add("Set-Cookie", line)
	}
	e.header.Del("Content-Length")
	a.entry(e, resultFunction)
}
