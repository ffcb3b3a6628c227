package edge

import (
	"bytes"
	"net/http"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
)

const via = "1.1 d111111abcdef8.cloudfront.net (CloudFront)"

// reply is one answer under way to a viewer.
type reply struct {
	d        *Distribution
	w        http.ResponseWriter
	r        *http.Request
	behavior *CacheBehavior
	id       string
	request  *Request // as the function left it; nil when it answered itself
}

// validRange is a Range header that CloudFront obeys; for any other it sends
// the whole object.
// https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/RangeGETs.html
var validRange = regexp.MustCompile(`^bytes=\s*(\d+-\d*|-\d+)(\s*,\s*(\d+-\d*|-\d+))*\s*$`)

// entry writes an answer. A 200 is subject to the viewer's conditions and
// ranges, which are the cache's to judge: the origin never sees them.
func (a *reply) entry(e *entry, result string) {
	h := a.w.Header()
	for name, values := range e.header {
		h[name] = values
	}
	if result == resultHit || result == resultRefreshHit {
		h.Set("Age", strconv.Itoa(max(0, int(a.d.now().Sub(e.born)/time.Second))))
	}
	h.Set("Via", via)
	h.Set("X-Amz-Cf-Id", a.id)
	w := &lastWord{ResponseWriter: a.w, word: func(status int) { a.finish(h, e, result, status) }}
	if _, ok := h["Content-Type"]; !ok {
		h["Content-Type"] = nil // net/http would guess one
	}
	if e.status != http.StatusOK || (a.r.Method != http.MethodGet && a.r.Method != http.MethodHead) {
		if e.status >= 200 && e.status != http.StatusNoContent && e.status != http.StatusNotModified {
			h.Set("Content-Length", strconv.Itoa(len(e.body)))
		}
		w.WriteHeader(e.status)
		if a.r.Method != http.MethodHead {
			_, _ = w.Write(e.body) // the viewer may leave
		}
		return
	}
	r := a.r
	if v := r.Header.Get("Range"); v != "" && !validRange.MatchString(v) {
		r = r.Clone(r.Context())
		r.Header.Del("Range")
	}
	h.Set("Content-Length", strconv.Itoa(len(e.body))) // ServeContent leaves it to us for an encoded body
	modified, _ := http.ParseTime(e.header.Get("Last-Modified"))
	http.ServeContent(w, r, "", modified, bytes.NewReader(e.body))
}

// finish sets what no origin and no function has a say in. It runs when the
// status is known and the headers are about to go.
func (a *reply) finish(h http.Header, e *entry, result string, status int) {
	policy := a.behavior.ResponseHeadersPolicy
	for _, name := range policy.RemoveHeaders {
		h.Del(name)
	}
	for name, values := range policy.Headers() {
		h[name] = values
	}
	if status >= 400 && (result == resultHit || result == resultMiss || result == resultRefreshHit) {
		result = resultError
	}
	h.Set("X-Cache", result+" from cloudfront")
	if a.d.debug {
		if a.request != nil {
			setIf(h, ReleaseHeader, a.request.Headers[ReleaseHeader].Value)
			setIf(h, "X-Blog-Digest", digestOf(a.request.URI))
		}
		setIf(h, "X-Blog-Origin", e.origin)
	}
	if a.d.insecure {
		h.Del("Strict-Transport-Security")
		setIf(h, "Content-Security-Policy", strings.Join(slices.DeleteFunc(
			strings.Split(h.Get("Content-Security-Policy"), "; "),
			func(directive string) bool { return directive == "upgrade-insecure-requests" }), "; "))
	}
}

func setIf(h http.Header, name, value string) {
	if value != "" {
		h.Set(name, value)
	}
}

var digestURI = regexp.MustCompile(`^/page/([0-9a-f]{64})(\.md)?(\.br|\.gz)?$`)

// digestOf is the digest in a rewritten URI, or "".
func digestOf(uri string) string {
	if m := digestURI.FindStringSubmatch(uri); m != nil {
		return m[1]
	}
	return ""
}

// lastWord calls back once, just before the header is written.
type lastWord struct {
	http.ResponseWriter
	word func(status int)
	said bool
}

func (w *lastWord) WriteHeader(status int) {
	if !w.said {
		w.said = true
		w.word(status)
	}
	w.ResponseWriter.WriteHeader(status)
}

func (w *lastWord) Write(b []byte) (int, error) {
	if !w.said {
		w.WriteHeader(http.StatusOK)
	}
	return w.ResponseWriter.Write(b)
}
