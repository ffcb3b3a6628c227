package renderer

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/aws/aws-lambda-go/events"

	"github.com/victorleungtw/blog/internal/compress"
	"github.com/victorleungtw/blog/internal/emf"
	"github.com/victorleungtw/blog/internal/lambdahttp"
	"github.com/victorleungtw/blog/internal/names"
	"github.com/victorleungtw/blog/internal/recipe"
	"github.com/victorleungtw/blog/internal/store"
	"github.com/victorleungtw/blog/internal/travel"
)

// What the renderer lets caches keep.
const (
	// noStore is for answers that are true only now.
	noStore = "no-store"
	// forNow is for a page whose better bytes may be stored meanwhile. Its content
	// is what its address names, so that old is never wrong: after the five
	// minutes nobody waits while a cache asks for the better ones, and a cache
	// that finds nobody to ask goes on with what it has. (What is stored says
	// store.Immutable, and needs neither in its year.)
	forNow = "public, max-age=300, stale-while-revalidate=86400, stale-if-error=604800"
)

func (r *Renderer) invokeHTTP(ctx context.Context, payload []byte) ([]byte, error) {
	var ev events.APIGatewayV2HTTPRequest
	if err := json.Unmarshal(payload, &ev); err != nil {
		return nil, fmt.Errorf("neither a request for a batch nor an HTTP API event: %w", err)
	}
	out, err := lambdahttp.Handler(r)(ctx, ev)
	if err != nil {
		return nil, err
	}
	return json.Marshal(out)
}

// ServeHTTP answers CloudFront and the health checks.
func (r *Renderer) ServeHTTP(w http.ResponseWriter, req *http.Request) {
	start := time.Now()
	sw := &statusWriter{ResponseWriter: w}
	r.route(sw, req)
	r.Log.InfoContext(req.Context(), "request", "method", req.Method, "path", req.URL.Path,
		"status", sw.status, "bytes", sw.bytes, "ms", time.Since(start).Milliseconds(),
		"release", req.Header.Get("X-Blog-Release"))
}

func (r *Renderer) route(w http.ResponseWriter, req *http.Request) {
	if req.Method != http.MethodGet && req.Method != http.MethodHead {
		w.Header().Set("Allow", "GET, HEAD")
		fail(w, http.StatusMethodNotAllowed, "only GET and HEAD")
		return
	}
	switch req.URL.Path {
	case "/healthz":
		r.health(w, req)
		return
	case OrderPath:
		r.order(w, req)
		return
	}
	if r.Verify == nil || !r.Verify(req.Context(), req.Header.Get(names.OriginHeader)) {
		fail(w, http.StatusForbidden, "not through the front door")
		return
	}
	switch path := req.URL.Path; {
	case strings.HasPrefix(path, "/page/"):
		r.servePage(w, req, strings.TrimPrefix(path, "/page/"))
	case strings.HasPrefix(path, "/search/"):
		r.serveSearch(w, req, strings.TrimPrefix(path, "/search/"))
	case strings.HasPrefix(path, travel.Prefix):
		r.serveTravel(w, req)
	case path == "/version":
		answerJSON(w, http.StatusOK, Response{Version: r.Version()})
	case path == "/api/release":
		r.release(w, req)
	default:
		fail(w, http.StatusNotFound, "no such page")
	}
}

// servePage answers a digest address, with or without the suffix of a variant.
func (r *Renderer) servePage(w http.ResponseWriter, req *http.Request, name string) {
	digest, _, _ := strings.Cut(name, ".")
	suffix := strings.TrimPrefix(name, digest)
	text := ""
	if rest, ok := strings.CutPrefix(suffix, textSuffix); ok {
		text, suffix = textSuffix, rest
	}
	enc, encoded := compress.BySuffix(suffix)
	if !recipe.IsDigest(digest) || suffix != "" && !encoded {
		fail(w, http.StatusNotFound, "not an address of a page")
		return
	}
	if encoded {
		switch obj, err := r.Bucket.Get(req.Context(), "page/"+name); {
		case err == nil:
			send(w, req, obj, `"`+name+`"`)
			return
		case !errors.Is(err, store.ErrNotExist):
			r.failed(w, req, err)
			return
		}
	}
	start := time.Now()
	obj, made, err := r.page(req.Context(), r.Bucket, pages, digest, text)
	if err != nil {
		r.failed(w, req, err)
		return
	}
	if made {
		r.Log.InfoContext(req.Context(), "page missed", emf.Count(MetricMissed, 1), emf.Count(MetricPages, 1),
			emf.Milliseconds(MetricTime, time.Since(start)), "path", req.URL.Path)
	}
	if !encoded {
		send(w, req, obj, `"`+name+`"`)
		return
	}
	quick := &store.Object{Meta: obj.Meta, Body: enc.Quick(obj.Body)}
	quick.ContentEncoding, quick.CacheControl = enc.Name, forNow
	send(w, req, quick, `W/"`+name+`"`)
}

// send answers with an object.
func send(w http.ResponseWriter, req *http.Request, obj *store.Object, etag string) {
	h := w.Header()
	h.Set("Content-Type", obj.ContentType)
	h.Set("Cache-Control", obj.CacheControl)
	h.Set("ETag", etag)
	if obj.CacheTags != "" {
		h.Set(store.CacheTagHeader, obj.CacheTags)
	}
	if obj.ContentEncoding != "" {
		h.Set("Content-Encoding", obj.ContentEncoding)
	}
	if matches(req.Header.Get("If-None-Match"), etag) {
		h.Del("Content-Type")
		h.Del("Content-Encoding")
		w.WriteHeader(http.StatusNotModified)
		return
	}
	h.Set("Content-Length", fmt.Sprint(len(obj.Body)))
	w.WriteHeader(http.StatusOK)
	if req.Method != http.MethodHead {
		w.Write(obj.Body) // a reader that hung up is not our failure
	}
}

// matches compares an If-None-Match list weakly (RFC 9110 section 13.1.2).
func matches(list, etag string) bool {
	if strings.TrimSpace(list) == "*" {
		return true
	}
	for t := range strings.SplitSeq(list, ",") {
		if t = strings.TrimSpace(t); t != "" && strings.TrimPrefix(t, "W/") == strings.TrimPrefix(etag, "W/") {
			return true
		}
	}
	return false
}

// failed answers an error. What went wrong is for the log; a reader gets a
// status that tells caches whether to try again.
func (r *Renderer) failed(w http.ResponseWriter, req *http.Request, err error) {
	switch {
	case errors.Is(err, store.ErrNotExist):
		fail(w, http.StatusNotFound, "no such page")
	case errors.Is(err, ErrVersion):
		w.Header().Set("Retry-After", "30")
		fail(w, http.StatusServiceUnavailable, "this renderer has another version")
	default:
		r.Log.ErrorContext(req.Context(), "page failed", emf.Count(MetricFailed, 1), "path", req.URL.Path, "error", err)
		fail(w, http.StatusInternalServerError, "the page could not be made")
	}
}

func fail(w http.ResponseWriter, status int, text string) {
	answerJSON(w, status, map[string]string{"error": text})
}

func answerJSON(w http.ResponseWriter, status int, v any) {
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Cache-Control", noStore)
	w.WriteHeader(status)
	json.NewEncoder(w).Encode(v) // plain structs encode; a reader that hung up is not our failure
}

// health is what Route 53 asks: whether this region can serve. It reads the
// one object that every release needs.
func (r *Renderer) health(w http.ResponseWriter, req *http.Request) {
	if _, err := r.Bucket.Get(req.Context(), names.HeadKey); err != nil && !errors.Is(err, store.ErrNotExist) {
		r.Log.ErrorContext(req.Context(), "unhealthy", "error", err)
		fail(w, http.StatusServiceUnavailable, "the bucket cannot be read")
		return
	}
	answerJSON(w, http.StatusOK, map[string]string{"status": "ok"})
}

// release says which release this region's record holds: a dynamic answer,
// never cached.
func (r *Renderer) release(w http.ResponseWriter, req *http.Request) {
	obj, err := r.Bucket.Get(req.Context(), names.HeadKey)
	if err != nil {
		r.failed(w, req, err)
		return
	}
	var head struct {
		N  int    `json:"n"`
		ID string `json:"id"`
	}
	if err := json.Unmarshal(obj.Body, &head); err != nil {
		r.failed(w, req, fmt.Errorf("head.json: %w", err))
		return
	}
	answerJSON(w, http.StatusOK, head)
}

// statusWriter remembers what was answered, for the log.
type statusWriter struct {
	http.ResponseWriter
	status, bytes int
}

func (w *statusWriter) WriteHeader(status int) {
	if w.status == 0 {
		w.status = status
	}
	w.ResponseWriter.WriteHeader(status)
}

func (w *statusWriter) Write(b []byte) (int, error) {
	if w.status == 0 {
		w.status = http.StatusOK
	}
	n, err := w.ResponseWriter.Write(b)
	w.bytes += n
	return n, err
}
