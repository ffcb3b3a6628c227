package edge_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/victorleungtw/blog/internal/edge"
)

// digest returns a digest that is easy to tell from others in a failure.
func digest(c string) string { return strings.Repeat(c, 64) }

// kv is a key-value store in memory that can fail.
type kv struct {
	mu    sync.Mutex
	keys  map[string]string
	fail  map[string]bool // keys whose reads fail; "*" for all
	flaky map[string]bool // keys whose first read fails
	reads []string
}

func newKV(pairs ...string) *kv {
	k := &kv{keys: map[string]string{}, fail: map[string]bool{}, flaky: map[string]bool{}}
	for i := 0; i < len(pairs); i += 2 {
		k.keys[pairs[i]] = pairs[i+1]
	}
	return k
}

var errStore = errors.New("the store is down")

func (k *kv) Get(_ context.Context, key string) (string, bool, error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.reads = append(k.reads, key)
	flaky := k.flaky[key]
	delete(k.flaky, key)
	if k.fail["*"] || k.fail[key] || flaky {
		return "", false, errStore
	}
	v, ok := k.keys[key]
	return v, ok, nil
}

func discard() *slog.Logger { return slog.New(slog.DiscardHandler) }

func newFunction(t testing.TB, store edge.KeyValues) *edge.Function {
	t.Helper()
	f, err := edge.NewFunction(edge.Source(), store, discard(), 0)
	if err != nil {
		t.Fatal(err)
	}
	return f
}

// newFunctionAt is newFunction with a clock that the test sets, in Unix seconds.
func newFunctionAt(t testing.TB, store edge.KeyValues, clock *float64) *edge.Function {
	t.Helper()
	f := newFunction(t, store)
	f.Now = func() time.Time { return time.UnixMilli(int64(*clock * 1000)) }
	return f
}

// run calls the real function with a request.
func run(t testing.TB, f *edge.Function, method, target string, header ...string) edge.Result {
	t.Helper()
	r := httptest.NewRequest(method, target, nil)
	for i := 0; i < len(header); i += 2 {
		r.Header.Add(header[i], header[i+1])
	}
	res, err := f.Run(t.Context(), edge.NewEvent(r, "id"))
	if err != nil {
		t.Fatalf("%s %s: %v", method, target, err)
	}
	return res
}

// summary is a result in one line: what a table test compares.
func summary(res edge.Result) string {
	if res.Request != nil {
		return "-> " + res.Request.URI
	}
	s := http.StatusText(res.Response.StatusCode)
	if l, ok := res.Response.Headers["location"]; ok {
		s += " " + l.Value
	}
	return s
}

// roundTrip is an origin that is a function.
type roundTrip func(*http.Request) (*http.Response, error)

func (f roundTrip) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

// answer makes an origin's response.
func answer(r *http.Request, status int, body string, header ...string) *http.Response {
	h := http.Header{}
	for i := 0; i < len(header); i += 2 {
		h.Add(header[i], header[i+1])
	}
	return &http.Response{
		StatusCode: status, Header: h, Request: r, ContentLength: int64(len(body)),
		Body: io.NopCloser(bytes.NewReader([]byte(body))),
	}
}
