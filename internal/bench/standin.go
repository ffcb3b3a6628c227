package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"

	"github.com/victorleungtw/blog/internal/pack"
	"github.com/victorleungtw/blog/internal/recipe"
	"github.com/victorleungtw/blog/internal/render"
	"github.com/victorleungtw/blog/internal/renderer"
	"github.com/victorleungtw/blog/internal/store"
)

// standin answers a publisher as the renderer does, and makes no page: the
// seconds that brotli takes are Lambda's on AWS, and would be the publisher's
// here. It reads every pack to the end and refuses what the renderer would
// refuse: a recipe of another version, a source that a recipe names and that did
// not come.
//
// It does make the 404 pages, one for each language, because a publisher puts
// their bytes into the route table.
type standin struct {
	bucket store.Bucket

	mu    sync.Mutex
	known map[string]bool // the sources that came
	pages int
}

func newStandin(b store.Bucket) *standin { return &standin{bucket: b, known: map[string]bool{}} }

// Invoke is one direct invocation.
func (s *standin) Invoke(ctx context.Context, payload []byte) ([]byte, error) {
	var req renderer.Request
	if err := json.Unmarshal(payload, &req); err != nil {
		return nil, err
	}
	if len(req.Render) > 0 {
		return nil, errors.New("a publisher sends the recipes of what it asks for")
	}
	members, err := pack.Read(req.Pack)
	if err != nil {
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, m := range members {
		if m.Kind == pack.Source {
			s.known[m.Digest] = true
		}
	}
	out := renderer.Response{Version: render.Version()}
	for _, m := range members {
		if m.Kind != pack.Recipe {
			continue
		}
		r, err := recipe.Decode(m.Body)
		if err != nil {
			return nil, err
		}
		if r.Renderer != render.Version() {
			return nil, renderer.ErrVersion
		}
		if r.Post != nil && !s.known[r.Post.Source.Digest] {
			return nil, fmt.Errorf("%s: its source did not come", r.Path)
		}
		if r.Kind == recipe.NotFound {
			if err := s.make(ctx, m.Digest, r); err != nil {
				return nil, err
			}
		}
		out.Pages = append(out.Pages, renderer.Rendered{Digest: m.Digest, Sum: recipe.Sum([]byte(m.Digest))})
	}
	s.pages += len(out.Pages)
	return json.Marshal(out)
}

// maxPayload is what a synchronous invocation may carry, each way
// (https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html).
const maxPayload = 6 << 20

// lambdaAPI answers Lambda's Invoke for one function
// (https://docs.aws.amazon.com/lambda/latest/api/API_Invoke.html). It looks at
// no signature.
func lambdaAPI(function string, invoke func(context.Context, []byte) ([]byte, error)) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		fail := func(status int, kind, message string) {
			w.Header().Set("X-Amzn-ErrorType", kind)
			w.WriteHeader(status)
			json.NewEncoder(w).Encode(map[string]string{"Message": message})
		}
		name, ok := strings.CutPrefix(r.URL.Path, "/2015-03-31/functions/")
		if name, _ = strings.CutSuffix(name, "/invocations"); !ok || name != function {
			fail(http.StatusNotFound, "ResourceNotFoundException", "Function not found: "+name)
			return
		}
		payload, err := io.ReadAll(io.LimitReader(r.Body, maxPayload+1))
		if err != nil {
			return // the client left
		}
		if len(payload) > maxPayload {
			fail(http.StatusRequestEntityTooLarge, "RequestTooLargeException", fmt.Sprintf("the payload has more than %d bytes", maxPayload))
			return
		}
		out, err := invoke(r.Context(), payload)
		if err == nil && len(out) > maxPayload {
			err = fmt.Errorf("the answer has %d bytes, %d are allowed", len(out), maxPayload)
		}
		if err != nil {
			w.Header().Set("X-Amz-Function-Error", "Unhandled")
			json.NewEncoder(w).Encode(map[string]string{"errorMessage": err.Error(), "errorType": "error"})
			return
		}
		w.Write(out)
	})
}

// make makes a page that is made of its recipe alone.
func (s *standin) make(ctx context.Context, digest string, r *recipe.Recipe) error {
	p, err := render.Render(ctx, r, nil)
	if err != nil {
		return err
	}
	err = s.bucket.Create(ctx, "page/"+digest, store.Meta{ContentType: p.ContentType, CacheControl: store.Immutable}, store.Bytes(p.Body))
	if errors.Is(err, store.ErrExists) {
		return nil
	}
	return err
}

// count is how many pages were asked for.
func (s *standin) count() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.pages
}
