package edge_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/victorleungtw/blog/internal/edge"
	"github.com/victorleungtw/blog/internal/store"
	"github.com/victorleungtw/blog/internal/store/dir"
)

// bucket returns a store in a folder, with one page in three variants, an
// asset, and what no reader may see.
func bucket(t testing.TB) (store.Bucket, string) {
	t.Helper()
	folder := t.TempDir()
	b, err := dir.Open(folder)
	if err != nil {
		t.Fatal(err)
	}
	html := store.Meta{ContentType: "text/html; charset=utf-8", CacheControl: store.Immutable}
	br, gz := html, html
	br.ContentEncoding, gz.ContentEncoding = "br", "gzip"
	for key, o := range map[string]struct {
		m    store.Meta
		body string
	}{
		"page/" + digest("a"):            {html, "<p>plain</p>"},
		"page/" + digest("a") + ".br":    {br, "brotli"},
		"page/" + digest("a") + ".gz":    {gz, "gzip"},
		"asset/" + digest("b") + ".mp3":  {store.Meta{ContentType: "audio/mpeg", CacheControl: store.Immutable}, "0123456789"},
		"asset/" + digest("c") + ".what": {store.Meta{}, "?"},
		"src/" + digest("d"):             {store.Meta{}, "# draft"},
		"recipe/" + digest("e"):          {store.Meta{}, "{}"},
		"release/0000000001.json":        {store.Meta{}, "{}"},
	} {
		if err := b.Create(t.Context(), key, o.m, store.Bytes([]byte(o.body))); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := b.Replace(t.Context(), "head.json", store.Meta{}, store.Bytes([]byte("{}")), ""); err != nil {
		t.Fatal(err)
	}
	return b, folder
}

func roundTripTo(t *testing.T, o http.RoundTripper, method, target string, header ...string) (*http.Response, string) {
	t.Helper()
	r := httptest.NewRequest(method, "https://store"+target, nil)
	for i := 0; i < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	resp, err := o.RoundTrip(r)
	if err != nil {
		t.Fatal(err)
	}
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return resp, string(body)
}

func TestStoreOrigin(t *testing.T) {
	b, _ := bucket(t)
	o := edge.StoreOrigin(b)
	page, audio := "/page/"+digest("a"), "/asset/"+digest("b")+".mp3"
	tag := func(target string) string {
		resp, _ := roundTripTo(t, o, "HEAD", target)
		return resp.Header.Get("ETag")
	}
	for _, tt := range []struct {
		name, method, target string
		header               []string
		status               int
		body                 string
	}{
		{"page", "GET", page, nil, 200, "<p>plain</p>"},
		{"variant", "GET", page + ".br", nil, 200, "brotli"},
		{"head", "HEAD", page, nil, 200, ""},
		{"asset", "GET", audio, nil, 200, "0123456789"},
		{"query is ignored", "GET", audio + "?versionId=1", nil, 200, "0123456789"},
		{"range", "GET", audio, []string{"Range", "bytes=2-4"}, 206, "234"},
		{"odd range", "GET", audio, []string{"Range", "bytes=a"}, 200, "0123456789"},
		{"past the end", "GET", audio, []string{"Range", "bytes=10-"}, 416, "InvalidRange"},
		{"not modified", "GET", page, []string{"If-None-Match", tag(page)}, 304, ""},
		{"another tag", "GET", page, []string{"If-None-Match", `"x"`}, 200, "<p>plain</p>"},
		{"other condition", "GET", page, []string{"If-Match", `"x"`}, 412, "PreconditionFailed"},
		{"missing", "GET", "/page/" + digest("0"), nil, 403, "AccessDenied"},
		{"missing, head", "HEAD", "/page/" + digest("0"), nil, 403, ""},
		{"source", "GET", "/src/" + digest("d"), nil, 403, "AccessDenied"},
		{"recipe", "GET", "/recipe/" + digest("e"), nil, 403, "AccessDenied"},
		{"manifest", "GET", "/release/0000000001.json", nil, 403, "AccessDenied"},
		{"head.json", "GET", "/head.json", nil, 403, "AccessDenied"},
		{"list", "GET", "/?list-type=2", nil, 403, "AccessDenied"},
		{"list of pages", "GET", "/page/", nil, 403, "AccessDenied"},
		{"way out", "GET", "/page/../head.json", nil, 403, "AccessDenied"},
		{"encoded way out", "GET", "/page/%2e%2e/head.json", nil, 403, "AccessDenied"},
		{"long", "GET", "/asset/" + strings.Repeat("a", 2000), nil, 403, "AccessDenied"},
		{"write", "PUT", page, nil, 403, "AccessDenied"},
		{"delete", "DELETE", page, nil, 403, "AccessDenied"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			resp, body := roundTripTo(t, o, tt.method, tt.target, tt.header...)
			if resp.StatusCode != tt.status || !strings.Contains(body, tt.body) || (tt.body == "" && body != "") {
				t.Errorf("%d %q, want %d %q", resp.StatusCode, body, tt.status, tt.body)
			}
			if tt.status >= 400 && resp.Header.Get("Content-Type") != "application/xml" {
				t.Errorf("headers %v", resp.Header)
			}
		})
	}
	resp, _ := roundTripTo(t, o, "GET", page+".br")
	for name, want := range map[string]string{
		"Content-Type": "text/html; charset=utf-8", "Content-Encoding": "br", "Cache-Control": store.Immutable,
		"Accept-Ranges": "bytes", "Content-Length": "6",
	} {
		if got := resp.Header.Get(name); got != want {
			t.Errorf("%s: %q, want %q", name, got, want)
		}
	}
	if e := resp.Header.Get("ETag"); !strings.HasPrefix(e, `"`) || e == tag(page) {
		t.Errorf("ETag %s", e)
	}
	resp, _ = roundTripTo(t, o, "GET", "/asset/"+digest("c")+".what")
	if got := resp.Header.Get("Content-Type"); got != "binary/octet-stream" {
		t.Errorf("without a type: %q", got)
	}
}

// Damaged bytes are never served: the renderer makes the page anew.
func TestCorruptObject(t *testing.T) {
	b, folder := bucket(t)
	file := filepath.Join(folder, "page", digest("a"))
	data, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(file, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(file, bytes.Replace(data, []byte("plain"), []byte("PLAIN"), 1), 0o600); err != nil {
		t.Fatal(err)
	}
	resp, body := roundTripTo(t, edge.StoreOrigin(b), "GET", "/page/"+digest("a"))
	if resp.StatusCode != 500 || !strings.Contains(body, "InternalError") || resp.Header.Get("Cache-Control") != "" {
		t.Errorf("%d %v %q", resp.StatusCode, resp.Header, body)
	}
	l := newLab(t, true, func(_ *edge.DistributionConfig, p *edge.Parts) { p.Origins[edge.OriginStore] = edge.StoreOrigin(b) })
	l.give(edge.OriginFallback, 200, "rendered")
	l.want(l.ask("GET", "/"), "200 Miss rendered")
}

func TestHandlerOrigin(t *testing.T) {
	o := edge.HandlerOrigin(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/panic" {
			panic("no")
		}
		if r.URL.Host != "" || r.RequestURI != r.URL.RequestURI() || r.Host == "" || r.Body == nil {
			t.Errorf("the handler got %+v", r)
		}
		w.Header().Set("X-A", "b")
		w.WriteHeader(http.StatusTeapot)
		w.WriteHeader(http.StatusOK)
		_, _ = io.WriteString(w, r.URL.Path+"?"+r.URL.RawQuery)
	}))
	resp, body := roundTripTo(t, o, "GET", "/a%2Fb?c=d")
	if resp.StatusCode != 418 || body != "/a/b?c=d" || resp.Header.Get("X-A") != "b" || resp.ContentLength != int64(len(body)) {
		t.Errorf("%+v %q", resp, body)
	}
	if _, err := o.RoundTrip(httptest.NewRequest("GET", "https://x/panic", nil)); err == nil {
		t.Error("a panic is not an error")
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := o.RoundTrip(httptest.NewRequestWithContext(ctx, "GET", "https://x/a", nil)); !errors.Is(err, context.Canceled) {
		t.Errorf("after the end: %v", err)
	}
}

func TestSwitch(t *testing.T) {
	s := edge.NewSwitch(edge.HandlerOrigin(http.NotFoundHandler()))
	r := httptest.NewRequest("GET", "https://x/", nil)
	for _, down := range []bool{false, true, true, false} {
		s.Down(down)
		if _, err := s.RoundTrip(r); errors.Is(err, edge.ErrDown) != down {
			t.Errorf("down %v: %v", down, err)
		}
	}
	// While the store is down readers get pages from the renderer.
	store := edge.NewSwitch(roundTrip(func(r *http.Request) (*http.Response, error) { return answer(r, 200, "stored"), nil }))
	l := newLab(t, true, func(_ *edge.DistributionConfig, p *edge.Parts) { p.Origins[edge.OriginStore] = store })
	store.Down(true)
	l.want(l.ask("GET", "/"), "200 Miss from renderer-fallback")
	store.Down(false)
	l.want(l.ask("GET", "/feed.xml"), "200 Miss stored")
}

// A reader's whole path, from the real store through the real function.
func TestPagesFromTheStore(t *testing.T) {
	b, _ := bucket(t)
	l := newLab(t, false, func(_ *edge.DistributionConfig, p *edge.Parts) { p.Origins[edge.OriginStore] = edge.StoreOrigin(b) })
	for _, tt := range []struct{ target, accept, want, encoding, control string }{
		{"/", "", "200 Miss <p>plain</p>", "", edge.BrowserCacheControl},
		{"/", "gzip, br", "200 Miss brotli", "br", edge.BrowserCacheControl},
		{"/", "gzip", "200 Miss gzip", "gzip", edge.BrowserCacheControl},
		{"/page/" + digest("a"), "br", "200 Hit brotli", "br", store.Immutable},
		{"/asset/" + digest("b") + ".mp3", "br", "200 Miss 0123456789", "", store.Immutable},
		{"/missing/", "br", "404 FunctionGeneratedResponse <p>not here</p>", "", edge.BrowserCacheControl},
	} {
		w := l.ask("GET", tt.target, "Accept-Encoding", tt.accept)
		l.want(w, tt.want)
		if w.Header().Get("Content-Encoding") != tt.encoding || w.Header().Get("Cache-Control") != tt.control {
			t.Errorf("%s: %v", tt.target, w.Header())
		}
		if tag := w.Header().Get("Etag"); tag != "" {
			if again := l.ask("GET", tt.target, "Accept-Encoding", tt.accept, "If-None-Match", tag); again.Code != 304 {
				t.Errorf("%s: asked again: %d", tt.target, again.Code)
			}
		}
	}
}
