package edge

import (
	"bytes"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"sync/atomic"
	"time"

	"github.com/victorleungtw/blog/internal/httprecord"
	"github.com/victorleungtw/blog/internal/names"
	"github.com/victorleungtw/blog/internal/store"
)

// ReadablePrefixes are the keys of a bucket that CloudFront may read: the
// bucket policy allows s3:GetObject on these and nothing else, so sources,
// recipes, manifests and the head cannot be fetched.
func ReadablePrefixes() []string {
	return []string{names.PagePrefix, names.AssetPrefix, names.DraftPrefix}
}

// storeOrigin is a bucket as CloudFront sees it.
type storeOrigin struct {
	bucket store.Bucket
	mayGet func(key string) bool
}

// StoreOrigin is a BucketOrigin with the policy that infra gives a release
// bucket: ReadablePrefixes.
func StoreOrigin(b store.Bucket) http.RoundTripper {
	return BucketOrigin(b, func(key string) bool {
		return slices.ContainsFunc(ReadablePrefixes(), func(prefix string) bool { return strings.HasPrefix(key, prefix) })
	})
}

// BucketOrigin answers as a private S3 bucket does to CloudFront's origin
// access control, whose policy says what it may get and has no ListBucket: a key
// that is not there is 403, not 404. Bytes that do not match their checksum are
// 500, and so another origin's chance.
// https://docs.aws.amazon.com/AmazonS3/latest/API/API_GetObject.html
func BucketOrigin(b store.Bucket, mayGet func(key string) bool) http.RoundTripper {
	return storeOrigin{b, mayGet}
}

func (o storeOrigin) RoundTrip(r *http.Request) (*http.Response, error) {
	w := &httprecord.Recorder{}
	if err := o.serve(w, r); err != nil {
		return nil, err
	}
	return response(w, r), nil
}

func (o storeOrigin) serve(w *httprecord.Recorder, r *http.Request) error {
	w.Header().Set("X-Amz-Request-Id", "0A49CE4060975EAC")
	key := strings.TrimPrefix(r.URL.Path, "/")
	// A key that no store of ours would take is one that is not there.
	if !o.mayGet(key) || store.CheckKey(key) != nil || (r.Method != http.MethodGet && r.Method != http.MethodHead) {
		s3Error(w, r, http.StatusForbidden, "AccessDenied", "Access Denied")
		return nil
	}
	object, err := o.bucket.Get(r.Context(), key)
	switch {
	case errors.Is(err, store.ErrNotExist):
		s3Error(w, r, http.StatusForbidden, "AccessDenied", "Access Denied")
		return nil
	case errors.Is(err, store.ErrCorrupt):
		s3Error(w, r, http.StatusInternalServerError, "InternalError", "We encountered an internal error. Please try again.")
		return nil
	case err != nil:
		return fmt.Errorf("reading %s: %w", key, err) // as a connection that fails
	}
	h := w.Header()
	h.Set("Content-Type", object.ContentType)
	if object.ContentType == "" {
		h.Set("Content-Type", "binary/octet-stream") // S3's default
	}
	setIf(h, "Content-Encoding", object.ContentEncoding)
	setIf(h, "Cache-Control", object.CacheControl)
	setIf(h, store.CacheTagHeader, object.CacheTags)
	if tag := object.ETag; tag != "" {
		if !strings.HasPrefix(tag, `"`) {
			tag = `"` + tag + `"`
		}
		h.Set("ETag", tag)
	}
	if v := r.Header.Get("Range"); v != "" && !validRange.MatchString(v) {
		r = r.Clone(r.Context())
		r.Header.Del("Range")
	}
	h.Set("Content-Length", fmt.Sprint(len(object.Body)))
	http.ServeContent(w, r, "", time.Time{}, bytes.NewReader(object.Body))
	switch w.Status() {
	case http.StatusRequestedRangeNotSatisfiable:
		s3Error(w, r, w.Status(), "InvalidRange", "The requested range is not satisfiable")
	case http.StatusPreconditionFailed:
		s3Error(w, r, w.Status(), "PreconditionFailed", "At least one of the pre-conditions you specified did not hold")
	}
	return nil
}

// s3Error writes S3's XML, in place of what may have been written.
func s3Error(w *httprecord.Recorder, r *http.Request, status int, code, message string) {
	body, err := xml.Marshal(struct {
		XMLName   xml.Name `xml:"Error"`
		Code      string
		Message   string
		RequestID string `xml:"RequestId"`
	}{Code: code, Message: message, RequestID: w.Header().Get("X-Amz-Request-Id")})
	if err != nil {
		body = nil // constants encode
	}
	w.Body.Reset()
	for _, name := range []string{"Etag", "Content-Encoding", "Cache-Control", "X-Content-Type-Options", store.CacheTagHeader} {
		w.Header().Del(name)
	}
	w.Header().Set("Content-Type", "application/xml")
	w.Header().Set("Content-Length", fmt.Sprint(len(body)))
	w.WriteHeader(status)
	if r.Method != http.MethodHead {
		w.Body.Write(body)
	}
}

// response is what an origin that recorded this answer gives.
func response(w *httprecord.Recorder, r *http.Request) *http.Response {
	length := int64(w.Body.Len())
	if r.Method == http.MethodHead {
		length = -1
	}
	return &http.Response{
		Status: fmt.Sprintf("%d %s", w.Status(), http.StatusText(w.Status())), StatusCode: w.Status(),
		Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1, Header: w.Header(), ContentLength: length,
		Body: io.NopCloser(bytes.NewReader(w.Body.Bytes())), Request: r,
	}
}

// HandlerOrigin is an origin in this process, such as the renderer's handler.
// A handler that panics is a connection that breaks.
func HandlerOrigin(h http.Handler) http.RoundTripper { return handlerOrigin{h} }

type handlerOrigin struct{ h http.Handler }

func (o handlerOrigin) RoundTrip(r *http.Request) (resp *http.Response, err error) {
	defer func() {
		if p := recover(); p != nil {
			resp, err = nil, fmt.Errorf("the handler panicked: %v", p)
		}
	}()
	if err := r.Context().Err(); err != nil {
		return nil, err
	}
	// What a server would hand to it.
	in := r.Clone(r.Context())
	in.RequestURI, in.Host, in.RemoteAddr = r.URL.RequestURI(), r.URL.Host, "127.0.0.1:443"
	in.URL.Scheme, in.URL.Host = "", ""
	if in.Body == nil {
		in.Body = http.NoBody
	}
	w := &httprecord.Recorder{}
	o.h.ServeHTTP(w, in)
	return response(w, r), nil
}

// FailOrigin is an origin that cannot be reached.
func FailOrigin(err error) http.RoundTripper { return failOrigin{err} }

type failOrigin struct{ err error }

func (o failOrigin) RoundTrip(*http.Request) (*http.Response, error) { return nil, o.err }

// ErrDown is what a Switch answers while its origin is down.
var ErrDown = errors.New("the origin is switched off")

// Switch is an origin that can be taken away and given back while it is in
// use, for a preview of what readers see when a part fails.
type Switch struct {
	origin http.RoundTripper
	down   atomic.Bool
}

// NewSwitch returns a switch whose origin is up.
func NewSwitch(origin http.RoundTripper) *Switch { return &Switch{origin: origin} }

// Down takes the origin away, or gives it back.
func (s *Switch) Down(down bool) { s.down.Store(down) }

// RoundTrip asks the origin, or fails as if it could not be reached.
func (s *Switch) RoundTrip(r *http.Request) (*http.Response, error) {
	if s.down.Load() {
		return nil, ErrDown
	}
	return s.origin.RoundTrip(r)
}
