package main

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/andybalholm/brotli"
	"github.com/aws/aws-lambda-go/events"

	"github.com/victorleungtw/blog/internal/names"
	"github.com/victorleungtw/blog/internal/originkey/keyfake"
	"github.com/victorleungtw/blog/internal/pack"
	"github.com/victorleungtw/blog/internal/recipe"
	"github.com/victorleungtw/blog/internal/render"
	"github.com/victorleungtw/blog/internal/renderer"
	"github.com/victorleungtw/blog/internal/runtimeapi"
	"github.com/victorleungtw/blog/internal/store"
	"github.com/victorleungtw/blog/internal/store/dir"
)

// runtimeAPI is what the function asks for work.
type runtimeAPI struct{ *runtimeapi.API }

func newRuntimeAPI(t *testing.T) *runtimeAPI {
	t.Helper()
	api, err := runtimeapi.Start()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { api.Close() })
	return &runtimeAPI{api}
}

// invoke sends a payload and waits for the function's answer, or for its end.
func (api *runtimeAPI) invoke(t *testing.T, payload any, exited <-chan error) runtimeapi.Reply {
	t.Helper()
	raw, ok := payload.([]byte)
	if !ok {
		var err error
		if raw, err = json.Marshal(payload); err != nil {
			t.Fatal(err)
		}
	}
	ctx, cancel := context.WithCancelCause(t.Context())
	defer cancel(nil)
	go func() {
		select {
		case err := <-exited:
			cancel(fmt.Errorf("the function ended: %v", err))
		case <-ctx.Done():
		}
	}()
	r, err := api.Invoke(ctx, raw)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// compile builds the function as it is deployed, but for the processor.
func compile(t *testing.T, arch string) string {
	t.Helper()
	out := filepath.Join(t.TempDir(), "bootstrap")
	cmd := exec.Command("go", "build", "-tags", "lambda.norpc", "-trimpath", "-buildvcs=false", "-ldflags", "-s -w", "-o", out, ".")
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0", "GOOS="+runtime.GOOS, "GOARCH="+arch)
	if msg, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("building for %s: %v\n%s", arch, err, msg)
	}
	return out
}

// secretsManager holds the key.
func secretsManager(t *testing.T, value string) string {
	s := httptest.NewServer(keyfake.New(value))
	t.Cleanup(s.Close)
	return s.URL
}

// journal is what a process writes, and may be read meanwhile.
type journal struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (j *journal) Write(p []byte) (int, error) {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.b.Write(p)
}

func (j *journal) String() string {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.b.String()
}

func start(t *testing.T, bin string, env ...string) (exited chan error, log *journal) {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	cmd := exec.CommandContext(ctx, bin)
	log = &journal{}
	cmd.Stdout, cmd.Stderr = log, log
	cmd.Env = append([]string{"PATH=/usr/bin:/bin", "HOME=" + t.TempDir()}, env...)
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	exited = make(chan error, 1)
	done := make(chan struct{})
	go func() { defer close(done); exited <- cmd.Wait() }()
	t.Cleanup(func() { cancel(); <-done })
	return exited, log
}

// command starts the program with a pipe from what it writes.
func command(t *testing.T, bin string, env ...string) (*exec.Cmd, io.Reader) {
	t.Helper()
	cmd := exec.Command(bin)
	cmd.Env = append([]string{"PATH=/usr/bin:/bin", "HOME=" + t.TempDir()}, env...)
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { cmd.Process.Kill() })
	return cmd, out
}

func put(t *testing.T, b store.Bucket, key string, body []byte) {
	t.Helper()
	if err := b.Create(context.Background(), key, store.Meta{ContentType: "text/plain"}, store.Bytes(body)); err != nil {
		t.Fatal(err)
	}
}

// The function as a process, behind a runtime API: what Lambda runs.
func TestBehindRuntimeAPI(t *testing.T) {
	folder := t.TempDir()
	bucket, err := dir.Open(folder)
	if err != nil {
		t.Fatal(err)
	}
	src := []byte("---\ndate: 2026-01-01\n---\n# Hello\n\nA post.\n")
	put(t, bucket, "src/"+recipe.Sum(src), src)
	rec := &recipe.Recipe{
		Renderer: render.Version(), Kind: recipe.Post, Path: "/2026/01/01/hello/", Lang: "en", Title: "Hello",
		Site: &recipe.Site{Title: "Test", BaseURL: "https://example.com", Home: "/", Stylesheet: "/page/" + recipe.Sum(nil) + ".css", Feed: "/feed.xml"},
		Post: &recipe.PostData{Source: recipe.Source{Digest: recipe.Sum(src)}, Date: "2026-01-01"},
	}
	digest := rec.Digest()
	put(t, bucket, "recipe/"+digest, rec.Encode())
	old := *rec
	old.Renderer = "another"
	put(t, bucket, "recipe/"+old.Digest(), old.Encode())

	api := newRuntimeAPI(t)
	exited, log := start(t, compile(t, runtime.GOARCH),
		"AWS_LAMBDA_RUNTIME_API="+api.Address, "AWS_LAMBDA_FUNCTION_NAME=blog-prod-renderer",
		names.EnvBucket+"=dir:"+folder, names.EnvOriginSecret+"=blog/prod/origin-key",
		names.EnvMetrics+"=blog-prod", "AWS_REGION=ap-southeast-1", "AWS_ACCESS_KEY_ID=test", "AWS_SECRET_ACCESS_KEY=test",
		"AWS_ENDPOINT_URL_SECRETS_MANAGER="+secretsManager(t, "open sesame"))
	defer func() {
		if t.Failed() {
			t.Logf("the function's log:\n%s", log)
		}
	}()
	get := func(method, path, key string, header map[string]string) events.APIGatewayV2HTTPResponse {
		t.Helper()
		ev := events.APIGatewayV2HTTPRequest{Version: "2.0", RouteKey: "$default", RawPath: path, Headers: map[string]string{names.OriginHeader: key}}
		ev.RequestContext.HTTP.Method = method
		for k, v := range header {
			ev.Headers[k] = v
		}
		r := api.invoke(t, ev, exited)
		var out events.APIGatewayV2HTTPResponse
		if err := json.Unmarshal(r.Body, &out); err != nil || r.Error {
			t.Fatalf("%s %s: %s", method, path, r.Body)
		}
		return out
	}

	// The question and the batch, as a publisher asks.
	var resp renderer.Response
	if r := api.invoke(t, renderer.Request{Version: true}, exited); r.Error || json.Unmarshal(r.Body, &resp) != nil || resp.Version != render.Version() {
		t.Errorf("version: %s, want %s", r.Body, render.Version())
	}

	// A page that nobody has rendered yet, over HTTP.
	miss := get("GET", "/page/"+digest+".br", "open sesame", nil)
	if miss.StatusCode != 200 || miss.Headers["content-encoding"] != "br" || !strings.Contains(miss.Headers["cache-control"], "max-age=300") {
		t.Errorf("miss: %d %v", miss.StatusCode, miss.Headers)
	}
	page := unbrotli(t, miss)
	if !strings.Contains(page, "A post.") {
		t.Errorf("the page has no text: %s", page)
	}
	stored, err := bucket.Get(context.Background(), "page/"+digest)
	if err != nil || string(stored.Body) != page {
		t.Errorf("the page was not kept: %v", err)
	}

	if r := api.invoke(t, renderer.Request{Render: []string{digest}}, exited); r.Error || json.Unmarshal(r.Body, &resp) != nil {
		t.Errorf("batch: %s", r.Body)
	} else if want := fmt.Sprintf("%x", sha256.Sum256([]byte(page))); len(resp.Pages) != 1 || resp.Pages[0].Sum != want {
		t.Errorf("batch: %+v, want the sum %s", resp.Pages, want)
	}
	hit := get("GET", "/page/"+digest+".br", "open sesame", nil)
	if hit.StatusCode != 200 || hit.Headers["cache-control"] != store.Immutable || unbrotli(t, hit) != page {
		t.Errorf("hit: %d %v", hit.StatusCode, hit.Headers)
	}
	head := get("HEAD", "/page/"+digest, "open sesame", nil)
	if head.StatusCode != 200 || head.Body != "" || head.Headers["content-length"] != fmt.Sprint(len(page)) {
		t.Errorf("HEAD: %d %v %q", head.StatusCode, head.Headers, head.Body)
	}
	if r := get("GET", "/page/"+digest, "open sesame", map[string]string{"if-none-match": head.Headers["etag"]}); r.StatusCode != 304 || r.Body != "" {
		t.Errorf("If-None-Match: %d %q", r.StatusCode, r.Body)
	}

	for _, tt := range []struct {
		method, path, key string
		want              int
	}{
		{"GET", "/page/" + digest, "", 403},
		{"GET", "/page/" + digest, "guess", 403},
		{"GET", "/healthz", "", 200},
		{"GET", "/ops/route", "", 200},
		{"HEAD", "/ops/route", "", 200},
		{"POST", "/ops/route", "", 405},
		{"GET", "/page/" + recipe.Sum([]byte("no such recipe")), "open sesame", 404},
		{"GET", "/page/../head.json", "open sesame", 404},
		{"GET", "/page/" + digest + ".zip", "open sesame", 404},
		{"GET", "/page/" + old.Digest(), "open sesame", 503},
		{"POST", "/page/" + digest, "open sesame", 405},
		{"GET", "/", "open sesame", 404},
	} {
		got := get(tt.method, tt.path, tt.key, nil)
		if got.StatusCode != tt.want {
			t.Errorf("%s %s with key %q: %d, want %d", tt.method, tt.path, tt.key, got.StatusCode, tt.want)
		}
		if tt.want >= 400 && got.Headers["cache-control"] != "no-store" {
			t.Errorf("%s %s: an error may be kept: %v", tt.method, tt.path, got.Headers)
		}
	}

	// What another region's health check looks for: nothing, until somebody says
	// so, and nothing that it could find where the object is damaged.
	for _, tt := range []struct {
		object, body string
		status       int
	}{
		{"", "drain=none;\n", 200},
		{`{"n":1,"drain":"ap-southeast-1"}`, "drain=ap-southeast-1;\n", 200},
		{`{"n":2}`, "drain=none;\n", 200},
		{`{"n":3,"drain":`, "", 503},
	} {
		if tt.object != "" {
			etag := ""
			if obj, err := bucket.Get(context.Background(), names.TrafficKey); err == nil {
				etag = obj.ETag
			}
			if _, err := bucket.Replace(context.Background(), names.TrafficKey, store.Meta{}, store.Bytes([]byte(tt.object)), etag); err != nil {
				t.Fatal(err)
			}
		}
		got := get("GET", "/ops/route", "", nil)
		if got.StatusCode != tt.status || got.Headers["cache-control"] != "no-store" || tt.status == 200 && got.Body != tt.body || strings.Contains(got.Body, "drain=") != (tt.status == 200) {
			t.Errorf("%s: %d %q %v", tt.object, got.StatusCode, got.Body, got.Headers)
		}
	}

	// A recipe and a source that come with the request: they are kept, and the
	// page of a draft is not among the pages.
	text := []byte("Not finished.")
	fresh := *rec
	fresh.Title, fresh.NoIndex = "A draft", true
	post := *rec.Post
	post.Source = recipe.Source{Digest: recipe.Sum(text)}
	fresh.Post = &post
	var w pack.Writer
	w.Add(pack.Recipe, fresh.Digest(), fresh.Encode())
	w.Add(pack.Source, recipe.Sum(text), text)
	packed, err := w.Close()
	if err != nil {
		t.Fatal(err)
	}
	if r := api.invoke(t, renderer.Request{Pack: packed, Draft: true}, exited); r.Error {
		t.Errorf("a pack: %s", r.Body)
	}
	for key, want := range map[string]string{
		"src/" + recipe.Sum(text): string(text), "recipe/" + fresh.Digest(): string(fresh.Encode()),
		"draft/" + fresh.Digest(): `<meta name="robots" content="noindex,nofollow">`,
	} {
		if obj, err := bucket.Get(context.Background(), key); err != nil || !strings.Contains(string(obj.Body), want) {
			t.Errorf("%s after a pack: %v", key, err)
		}
	}
	if got := get("GET", "/draft/"+fresh.Digest(), "open sesame", nil); got.StatusCode != 404 {
		t.Errorf("a draft's address answers %d", got.StatusCode)
	}
	if _, err := bucket.Get(context.Background(), "page/"+fresh.Digest()); !errors.Is(err, store.ErrNotExist) {
		t.Errorf("a draft is among the pages: %v", err)
	}

	for _, bad := range map[string]any{
		"b0": renderer.Request{Pack: packed[:len(packed)-1]},
		"b1": []byte(`{}`), "b2": []byte(`"text"`), "b3": []byte(`{"render":["../../etc"]}`),
		"b4": renderer.Request{Render: []string{old.Digest()}},
	} {
		if r := api.invoke(t, bad, exited); !r.Error {
			t.Errorf("%v was answered: %s", bad, r.Body)
		}
	}
	// What a process wrote before it answered may come to us after the answer.
	got := counted(t, log.String(), "blog-prod")
	for end := time.Now().Add(10 * time.Second); got[renderer.MetricMismatch] < 2 && time.Now().Before(end); time.Sleep(10 * time.Millisecond) {
		got = counted(t, log.String(), "blog-prod")
	}
	// Two pages in all: one that a reader missed, and the draft of the pack.
	// Another version was asked for twice.
	for metric, want := range map[string]float64{renderer.MetricPages: 2, renderer.MetricMissed: 1, renderer.MetricMismatch: 2, renderer.MetricFailed: 0} {
		if got[metric] != want {
			t.Errorf("%s: %v, want %v", metric, got[metric], want)
		}
	}
	if got[renderer.MetricTime] <= 0 {
		t.Error("rendering took no time")
	}
	for metric := range got {
		if !slices.Contains(renderer.Metrics(), metric) {
			t.Errorf("a metric that is not listed: %s", metric)
		}
	}
}

// counted are the sums of the metrics in a log.
func counted(t *testing.T, log, namespace string) map[string]float64 {
	t.Helper()
	out := map[string]float64{}
	for line := range strings.Lines(log) {
		var root map[string]any
		var aws struct {
			CloudWatchMetrics []struct {
				Namespace string
				Metrics   []struct{ Name string }
			}
		}
		if json.Unmarshal([]byte(line), &root) != nil || root["_aws"] == nil {
			continue
		}
		data, err := json.Marshal(root["_aws"])
		if err == nil {
			err = json.Unmarshal(data, &aws)
		}
		if err != nil {
			t.Fatal(err)
		}
		for _, d := range aws.CloudWatchMetrics {
			if d.Namespace != namespace {
				t.Errorf("namespace %s", d.Namespace)
			}
			for _, m := range d.Metrics {
				out[m.Name] += root[m.Name].(float64)
			}
		}
	}
	return out
}

func unbrotli(t *testing.T, r events.APIGatewayV2HTTPResponse) string {
	t.Helper()
	raw, err := base64.StdEncoding.DecodeString(r.Body)
	if err != nil || !r.IsBase64Encoded {
		t.Fatalf("the body is not base64: %v", err)
	}
	b, err := io.ReadAll(brotli.NewReader(bytes.NewReader(raw)))
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// A function that cannot start says why and ends.
func TestCannotStart(t *testing.T) {
	exited, log := start(t, compile(t, runtime.GOARCH), "AWS_LAMBDA_RUNTIME_API=127.0.0.1:1", names.EnvBucket+"=ftp://x")
	if err := <-exited; err == nil || !strings.Contains(log.String(), names.EnvBucket) {
		t.Errorf("ended with %v, log %s", err, log)
	}
}

// What is deployed is for arm64.
func TestBuildsForARM64(t *testing.T) {
	info, err := os.Stat(compile(t, "arm64"))
	if err != nil {
		t.Fatal(err)
	}
	// Lambda's limit for a direct upload is 50 MB zipped; a function this size
	// starts in a fraction of a second.
	if info.Size() > 40<<20 {
		t.Errorf("the function has %d MB", info.Size()>>20)
	}
}
