// Package preview is the blog on one machine, whole: it publishes a folder into
// a store of its own and serves it through the edge, and does so again
// whenever a file changes.
//
// Nothing here stands in for the real path. A change goes through the same
// loader, plan, publisher and renderer as a publish to AWS; a request goes
// through the edge function, the cache and the origins of package edge. So a
// page that a preview shows is a page that was released, with the bytes that
// its digest names.
//
// # The one difference
//
// An open page has to learn that it changed, and pages carry no script. For a
// browser's navigation (Sec-Fetch-Dest: document) the preview adds a script, and
// the list of problems if there are any, to the end of the HTML on its way out,
// and allows itself in the page's policy. Anything else that asks (a test, curl,
// a feed reader) gets the bytes as they are; Options.Reload turns the addition
// off for everybody.
//
// # When the content is wrong
//
// The last good release stays up and every page says what to fix. There is no
// good release when the preview starts with wrong content; then every path
// answers 500 with the list, until the next change.
package preview

import (
	"bytes"
	"context"
	_ "embed"
	"errors"
	"fmt"
	"html/template"
	"log/slog"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/victorleungtw/blog/internal/httprecord"
	"github.com/victorleungtw/blog/internal/problem"
	"github.com/victorleungtw/blog/internal/release"
)

// Options are what a preview needs.
type Options struct {
	// Publish loads and publishes the folder. The list holds problems of the
	// content; the error is for what is not the author's to fix.
	Publish func(context.Context) (*release.Result, problem.List, error)
	// Edge serves what was published.
	Edge http.Handler
	// Folder is watched, with all below it.
	Folder string
	Log    *slog.Logger
	Reload bool // add the script that reloads an open page
}

// Server is a running preview. It is an http.Handler.
type Server struct {
	opts    Options
	watcher *watcher

	mu       sync.Mutex
	probs    problem.List
	failure  error
	n        int           // the release that is served; 0 before the first
	changed  chan struct{} // closed and replaced at every change
	revision int
}

// New publishes once and returns the preview, whether or not that succeeded.
// The folder is watched from before it is read, so that no edit is missed; an
// error is of the watching.
func New(ctx context.Context, opts Options) (*Server, error) {
	w, err := newWatcher(opts.Folder)
	if err != nil {
		return nil, err
	}
	s := &Server{opts: opts, watcher: w, changed: make(chan struct{})}
	s.publish(ctx)
	return s, nil
}

// Watch publishes whenever a file changes, until ctx is done. It is called once.
func (s *Server) Watch(ctx context.Context) error {
	return s.watcher.run(ctx, func() { s.publish(ctx) })
}

// Problems are those of the last attempt to publish.
func (s *Server) Problems() (problem.List, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.probs, s.failure
}

func (s *Server) publish(ctx context.Context) {
	start := time.Now()
	res, probs, err := s.opts.Publish(ctx)
	took := time.Since(start).Round(time.Millisecond)
	same := errors.Is(err, release.ErrNothing)
	if same {
		err = nil
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	repeated := same && s.n == res.N && probs.Error() == s.probs.Error() && s.failure == nil
	s.probs, s.failure = probs, err
	switch {
	case err != nil:
		s.opts.Log.ErrorContext(ctx, "not published", "error", err)
	case probs.Err() != nil:
		s.opts.Log.WarnContext(ctx, "not published: the last good release stays up", "problems", len(probs.Errors()))
	case repeated:
		return // a file that no page is made from
	default:
		s.n = res.N
		s.opts.Log.InfoContext(ctx, "published", "release", res.N, "changed", len(res.Changes), "took", took)
	}
	s.revision++
	close(s.changed)
	s.changed = make(chan struct{})
}

// state is what a request sees.
type state struct {
	probs       problem.List
	failure     error
	n, revision int
	changed     <-chan struct{}
}

func (s *Server) state() state {
	s.mu.Lock()
	defer s.mu.Unlock()
	return state{s.probs, s.failure, s.n, s.revision, s.changed}
}

var (
	//go:embed reload.js
	reloadJS []byte
	//go:embed preview.css
	previewCSS []byte
)

// ServeHTTP serves the blog, and the preview's own three paths.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	switch r.URL.Path {
	case "/_preview/events":
		s.events(w, r)
		return
	case "/_preview/reload.js":
		static(w, "text/javascript; charset=utf-8", reloadJS)
		return
	case "/_preview/preview.css":
		static(w, "text/css; charset=utf-8", previewCSS)
		return
	}
	now := s.state()
	if now.n == 0 {
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		w.Header().Set("Cache-Control", "no-store")
		w.WriteHeader(http.StatusInternalServerError)
		w.Write([]byte(`<!doctype html><html lang="en"><meta charset="utf-8"><title>Not published</title><body>`))
		w.Write(addition(now, s.opts.Reload))
		return
	}
	if !s.opts.Reload || r.Header.Get("Sec-Fetch-Dest") != "document" {
		s.opts.Edge.ServeHTTP(w, r)
		return
	}
	// The body is to be added to, so it must come as it is, and whole.
	plain := r.Clone(r.Context())
	plain.Header.Set("Accept-Encoding", "identity")
	plain.Header.Del("If-None-Match")
	plain.Header.Del("If-Modified-Since")
	plain.Header.Del("Range")
	rec := &httprecord.Recorder{}
	s.opts.Edge.ServeHTTP(rec, plain)
	body := rec.Body.Bytes()
	if strings.HasPrefix(rec.Header().Get("Content-Type"), "text/html") && r.Method == http.MethodGet {
		body = insert(body, addition(now, true))
		allowPreview(rec.Header())
		rec.Header().Set("Content-Length", strconv.Itoa(len(body)))
		rec.Header().Set("Cache-Control", "no-store") // so that going back reloads too
		rec.Header().Del("ETag")
	}
	for k, v := range rec.Header() {
		w.Header()[k] = v
	}
	w.WriteHeader(rec.Status())
	w.Write(body) // a browser that went away is not our failure
}

func static(w http.ResponseWriter, ctype string, body []byte) {
	w.Header().Set("Content-Type", ctype)
	w.Header().Set("Cache-Control", "no-store")
	w.Write(body)
}

// events tells an open page of every change (Server-Sent Events, WHATWG HTML
// section 9.2).
func (s *Server) events(w http.ResponseWriter, r *http.Request) {
	seen, err := strconv.Atoi(r.URL.Query().Get("seen"))
	if err != nil {
		http.Error(w, "seen: not a number", http.StatusBadRequest)
		return
	}
	w.Header().Set("Content-Type", "text/event-stream")
	w.Header().Set("Cache-Control", "no-store")
	flush := http.NewResponseController(w)
	for {
		now := s.state()
		if now.revision != seen {
			fmt.Fprintf(w, "event: change\ndata: %d\n\n", now.revision)
			seen = now.revision
		} else {
			fmt.Fprint(w, ": waiting\n\n") // the browser learns that it is connected
		}
		if flush.Flush() != nil {
			return
		}
		select {
		case <-r.Context().Done():
			return
		case <-now.changed:
		}
	}
}

var banner = template.Must(template.New("banner").Parse(`
<link rel="stylesheet" href="/_preview/preview.css">
{{- if or .Problems .Failure}}
<aside class="preview-problems" role="alert" lang="en">
<h2>{{if .Blocked}}Not published. What you see is the last good release.{{else}}Published, with warnings{{end}}</h2>
{{- if .Failure}}<p>{{.Failure}}</p>{{end}}
<ul>{{range .Problems}}
<li><code>{{.String}}</code>{{with .Hint}}<br><span>{{.}}</span>{{end}}</li>{{end}}
</ul></aside>
{{- end}}
{{- if .Reload}}
<script src="/_preview/reload.js" data-seen="{{.Revision}}" defer></script>
{{- end}}
`))

func addition(now state, reload bool) []byte {
	var b bytes.Buffer
	err := banner.Execute(&b, map[string]any{
		"Problems": now.probs, "Failure": now.failure, "Revision": now.revision, "Reload": reload,
		"Blocked": now.failure != nil || now.probs.Err() != nil,
	})
	if err != nil {
		return []byte(template.HTMLEscapeString(err.Error()))
	}
	return b.Bytes()
}

// insert puts the addition before the end of the body.
func insert(page, add []byte) []byte {
	if i := bytes.LastIndex(page, []byte("</body>")); i >= 0 {
		return append(append(append(make([]byte, 0, len(page)+len(add)), page[:i]...), add...), page[i:]...)
	}
	return append(append(make([]byte, 0, len(page)+len(add)), page...), add...)
}

// allowPreview lets the page's policy run the preview's script and nothing
// else.
func allowPreview(h http.Header) {
	csp := h.Get("Content-Security-Policy")
	if csp == "" {
		return
	}
	h.Set("Content-Security-Policy", csp+"; script-src 'self'")
}
