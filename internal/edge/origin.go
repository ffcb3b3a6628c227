package edge

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/victorleungtw/blog/internal/names"
)

// maxObject is the largest answer that an origin may give here, where each is
// held in memory. CloudFront's limit is 50 GB.
const maxObject = 512 << 20

// originRequest is what a cache miss asks an origin for.
type originRequest struct {
	method string
	url    *url.URL // path and query
	header http.Header
	body   io.ReadCloser // nil but for methods that are not cached
	// group takes the place of the behaviour's target. It is not part of the
	// cache key: whatever origin answered, the next viewer gets that answer.
	group *OriginGroup
}

// ask sends a request to a behaviour's target. A group's second origin is
// asked when the first gives one of the group's codes, cannot be reached, or
// takes too long, and only for GET, HEAD and OPTIONS. A group that the function
// made is obeyed like one of the distribution's.
// https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/high_availability_origin_failover.html
func (d *Distribution) ask(ctx context.Context, target string, req originRequest) (*entry, error) {
	origins, criteria, err := d.config.target(target)
	if req.group != nil {
		origins, criteria, err = d.config.members(*req.group)
	}
	if err != nil {
		return nil, err
	}
	repeatable := slices.Contains([]string{http.MethodGet, http.MethodHead, http.MethodOptions}, req.method)
	var e *entry
	for i, o := range origins {
		e, err = d.attempt(ctx, o, req, repeatable)
		if !repeatable || i == len(origins)-1 || (err == nil && !slices.Contains(criteria, e.status)) {
			break
		}
		d.log.InfoContext(ctx, "origin failed over", "from", o.ID, "to", origins[i+1].ID, "path", req.url.Path, "err", cause(e, err))
	}
	return e, err
}

func cause(e *entry, err error) error {
	if err == nil {
		err = fmt.Errorf("HTTP status %d", e.status)
	}
	return err
}

// attempt asks one origin, as often as it may be asked when it does not
// answer. An answer, whatever it says, is not asked for twice, and neither is a
// bucket that took too long: its attempts are attempts to connect.
// https://docs.aws.amazon.com/cloudfront/latest/APIReference/API_Origin.html
func (d *Distribution) attempt(ctx context.Context, o Origin, req originRequest, repeatable bool) (e *entry, err error) {
	attempts := 1
	if repeatable {
		attempts = max(1, o.ConnectionAttempts)
	}
	for range attempts {
		if e, err = d.send(ctx, o, req); err == nil || ctx.Err() != nil {
			return e, err
		}
		if o.Bucket && errors.Is(err, context.DeadlineExceeded) {
			break
		}
	}
	return nil, fmt.Errorf("origin %s: %w", o.ID, err)
}

func (d *Distribution) send(ctx context.Context, o Origin, req originRequest) (*entry, error) {
	ctx, cancel := context.WithTimeout(ctx, o.ReadTimeout)
	defer cancel()
	u := *req.url
	u.Scheme, u.Host = "https", o.ID
	r := (&http.Request{
		Method: req.method, URL: &u, Host: u.Host, Header: req.header.Clone(), Body: req.body,
		Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1,
	}).WithContext(ctx)
	if o.Verify {
		r.Header.Set(names.OriginHeader, d.secret) // an origin custom header: a viewer's own does not get here
	}
	resp, err := d.origins[o.ID].RoundTrip(r)
	if err != nil {
		return nil, err
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(io.LimitReader(resp.Body, maxObject+1))
	switch {
	case err != nil:
		return nil, fmt.Errorf("reading the answer: %w", err)
	case len(body) > maxObject:
		return nil, fmt.Errorf("the answer has more than %d bytes", maxObject)
	case req.method != http.MethodHead && resp.ContentLength >= 0 && resp.StatusCode != http.StatusNotModified && resp.ContentLength != int64(len(body)):
		return nil, fmt.Errorf("the answer ended after %d of %d bytes", len(body), resp.ContentLength)
	}
	return &entry{status: resp.StatusCode, header: originHeader(resp.Header), body: body, origin: o.ID}, nil
}

// originHeader is what CloudFront keeps of an origin's headers when a
// behaviour forwards no cookies.
// https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/RequestAndResponseBehaviorS3Origin.html#response-s3-removed-headers
func originHeader(h http.Header) http.Header {
	kept := h.Clone()
	if kept == nil {
		kept = http.Header{}
	}
	for _, name := range []string{
		"Connection", "Keep-Alive", "Proxy-Connection", "Set-Cookie", "Te", "Trailer", "Transfer-Encoding",
		"Upgrade", "X-Amz-Id-2", "X-Amz-Request-Id", "X-Cache", "Via", "Content-Length", "Accept-Ranges",
	} {
		kept.Del(name)
	}
	return kept
}

// failure is CloudFront's own answer for an origin that gave none.
func failure(err error) *entry {
	status := http.StatusBadGateway
	if errors.Is(err, context.DeadlineExceeded) {
		status = http.StatusGatewayTimeout
	}
	return errorEntry(status, "The origin could not be reached.")
}

func errorEntry(status int, why string) *entry {
	title := fmt.Sprintf("%d %s", status, http.StatusText(status))
	return &entry{
		status: status,
		header: http.Header{"Content-Type": {"text/html; charset=utf-8"}},
		body: []byte(`<!doctype html><html lang="en"><title>` + title + `</title><h1>` + title +
			`</h1><p>The request could not be satisfied. ` + why + `</p></html>`),
	}
}

// age is the Age that an origin gives its answer: it may have come out of
// another cache.
func age(h http.Header) time.Duration {
	d, _ := directives{"age": strings.TrimSpace(h.Get("Age"))}.seconds("age")
	return d
}
