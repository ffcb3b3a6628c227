package soak

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	sdk "github.com/aws/aws-sdk-go-v2/service/s3"

	"github.com/victorleungtw/blog/internal/edge"
	"github.com/victorleungtw/blog/internal/faultproxy"
	"github.com/victorleungtw/blog/internal/lambdahttp"
	"github.com/victorleungtw/blog/internal/release"
	"github.com/victorleungtw/blog/internal/renderer"
	"github.com/victorleungtw/blog/internal/routes/kvs"
	"github.com/victorleungtw/blog/internal/routes/kvsfake"
	"github.com/victorleungtw/blog/internal/store"
	"github.com/victorleungtw/blog/internal/store/lab"
	"github.com/victorleungtw/blog/internal/store/s3"
)

var (
	quiet    = slog.New(slog.DiscardHandler)
	warnings = slog.New(slog.NewTextHandler(os.Stderr, &slog.HandlerOptions{Level: slog.LevelWarn}))
)

// region is one region: a bucket and a renderer, as those who use them reach
// them.
type region struct {
	name   string
	bucket string // its name
	// publisher, lambda and inside are the ways of the publisher to the bucket
	// and to the renderer, and of the renderer to the bucket. Trouble is made
	// on these. The edge has a way of its own.
	publisher, lambda, inside, edge *faultproxy.Proxy
	direct                          store.Bucket // for the checks
}

func (g *region) proxies() []*faultproxy.Proxy {
	return []*faultproxy.Proxy{g.publisher, g.lambda, g.inside, g.edge}
}

// down takes the region away, for everybody.
func (g *region) down(hang bool) {
	for _, p := range g.proxies() {
		p.Down(hang && p != g.edge)
	}
}

func (g *region) up() {
	for _, p := range g.proxies() {
		p.Up()
	}
}

// world is one blog with its readers.
type world struct {
	t       testing.TB
	dir     string
	regions []*region
	table   *kvsfake.Server
	kvs     *faultproxy.Proxy
	edge    *edge.Distribution
	look    []*release.Publisher // read each region's record directly, the primary's first
	history history
	readers readers

	clock    atomic.Pointer[time.Time] // the edge's; nil: the right one
	requests atomic.Int64              // of publishers, so far
	// arrived is told of a publisher's request. Nil: nobody is.
	arrived atomic.Pointer[func()]

	mu      sync.Mutex
	swaps   map[string]int    // accepted writes of a head, by bucket and the value they replaced
	folders map[string]folder // that publishers were given
}

// program is the blog command, built once.
var program = sync.OnceValues(func() (string, error) {
	dir, err := os.MkdirTemp("", "soak-")
	if err != nil {
		return "", err
	}
	file := filepath.Join(dir, "blog.exe")
	out, err := exec.Command("go", "build", "-buildvcs=false", "-o", file, "github.com/victorleungtw/blog/cmd/blog").CombinedOutput()
	if err != nil {
		return "", fmt.Errorf("building the command: %w\n%s", err, out)
	}
	return file, nil
})

// newWorld makes a blog in two new buckets, with nothing published.
func newWorld(t testing.TB) *world {
	t.Helper()
	endpoint, newBucket := lab.Start(t)
	for _, kv := range append(lab.Env(t), "AWS_CONFIG_FILE="+os.DevNull, "AWS_SHARED_CREDENTIALS_FILE="+os.DevNull, "AWS_PROFILE=") {
		name, value, _ := strings.Cut(kv, "=")
		os.Setenv(name, value)
	}
	w := &world{t: t, dir: t.TempDir(), swaps: map[string]int{}, folders: map[string]folder{}}
	w.readers.known, w.readers.pages = map[int][]*shown{}, map[string]*page{}
	proxy := func(o faultproxy.Options) *faultproxy.Proxy {
		p, err := faultproxy.Start(o)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { p.Close() })
		return p
	}
	arrived := func(*http.Request, string) {
		w.requests.Add(1)
		if f := w.arrived.Load(); f != nil {
			(*f)()
		}
	}
	origins := map[string]http.RoundTripper{}
	for i, name := range []string{"primary", "standby"} {
		g := &region{name: name, bucket: newBucket(t)}
		g.publisher = proxy(faultproxy.Options{Backend: endpoint, Arrived: arrived, Answered: w.sawWrite})
		g.inside = proxy(faultproxy.Options{Backend: endpoint})
		g.edge = proxy(faultproxy.Options{Backend: endpoint})
		r := &renderer.Renderer{Bucket: bucket(t, g.bucket, g.inside.URL()), Log: quiet, Quick: true}
		function := httptest.NewServer(lambda(r))
		t.Cleanup(function.Close)
		g.lambda = proxy(faultproxy.Options{Backend: function.URL, Arrived: arrived})
		client := lab.Client(t)
		g.direct = s3.New(client, g.bucket)
		w.regions = append(w.regions, g)
		// An edge gives an origin up early, and another one its chance.
		near := s3.New(sdk.New(client.Options(), func(o *sdk.Options) {
			o.BaseEndpoint = aws.String(g.edge.URL())
			o.Retryer = aws.NopRetryer{}
		}), g.bucket)
		stands := &renderer.Renderer{Bucket: near, Log: quiet, Quick: true, Verify: func(context.Context, string) bool { return true }}
		origins[[]string{edge.OriginStore, edge.OriginStoreStandby}[i]] = edge.StoreOrigin(near)
		origins[[]string{edge.OriginDynamic, edge.OriginFallback}[i]] = &lambdahttp.Gateway{Invoke: stands.Invoke, APIID: name}
	}
	origins[edge.OriginPrimary] = origins[edge.OriginDynamic]
	w.table = kvsfake.New()
	w.table.Listen(w.history.changed)
	api := httptest.NewServer(w.table)
	t.Cleanup(api.Close)
	w.kvs = proxy(faultproxy.Options{Backend: api.URL, Arrived: arrived})
	var err error
	w.edge, err = edge.NewDistribution(edge.Describe(edge.Topology{Standby: true}), edge.Parts{
		Origins: origins, KeyValues: w.table, Verify: "soak", Log: warnings, Insecure: true, Now: w.now,
	})
	if err != nil {
		t.Fatal(err)
	}
	table, err := kvs.Open(t.Context(), kvs.Options{ARN: w.table.ARN, Endpoint: api.URL})
	if err != nil {
		t.Fatal(err)
	}
	for i := range w.regions {
		look := &release.Publisher{Table: table, Log: quiet, Now: time.Now}
		for j := range w.regions {
			g := w.regions[(i+j)%len(w.regions)]
			look.Regions = append(look.Regions, release.Region{Name: g.name, Bucket: g.direct})
		}
		w.look = append(w.look, look)
	}
	return w
}

// now is the edge's clock.
func (w *world) now() time.Time {
	if c := w.clock.Load(); c != nil {
		return *c
	}
	return time.Now()
}

func bucket(t testing.TB, name, endpoint string) store.Bucket {
	t.Helper()
	c, err := s3.NewClient(t.Context(), s3.Options{Region: lab.Region, Endpoint: endpoint, PathStyle: true})
	if err != nil {
		t.Fatal(err)
	}
	return s3.New(c, name)
}

// lambda is a renderer behind Lambda's Invoke
// (https://docs.aws.amazon.com/lambda/latest/api/API_Invoke.html). A caller
// that dies does not end what it called.
func lambda(r *renderer.Renderer) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		payload, err := io.ReadAll(req.Body)
		if err != nil {
			return
		}
		out, err := r.Invoke(context.WithoutCancel(req.Context()), payload)
		if err != nil {
			w.Header().Set("X-Amz-Function-Error", "Unhandled")
			out, _ = json.Marshal(map[string]string{"errorMessage": err.Error(), "errorType": "error"}) // strings encode
		}
		w.Write(out)
	})
}

// sawWrite counts the accepted writes of heads.
func (w *world) sawWrite(r *http.Request, kind string, status int) {
	if kind == faultproxy.PutObject && status == http.StatusOK && strings.HasSuffix(r.URL.Path, "/"+release.HeadKey) {
		w.mu.Lock()
		defer w.mu.Unlock()
		w.swaps[r.URL.Path+" "+r.Header.Get("If-Match")+r.Header.Get("If-None-Match")]++
	}
}

// trouble makes every kind of fault, everywhere but for readers; nil ends it.
func (w *world) trouble(plan *faultproxy.Plan) {
	all := []*faultproxy.Proxy{w.kvs}
	for _, g := range w.regions {
		all = append(all, g.publisher, g.lambda, g.inside)
	}
	for i, p := range all {
		if plan == nil {
			p.SetFaults(nil)
			continue
		}
		own := *plan // two regions do not fail alike
		own.Seed += uint64(i)
		p.SetFaults(&own)
	}
}

// faults are the faults so far, by kind.
func (w *world) faults() map[faultproxy.Fault]int {
	sum := map[faultproxy.Fault]int{}
	all := []*faultproxy.Proxy{w.kvs}
	for _, g := range w.regions {
		all = append(all, g.proxies()...)
	}
	for _, p := range all {
		for f, n := range p.Counts().Faults {
			sum[f] += n
		}
	}
	return sum
}

// publisher is one run of the command.
type publisher struct {
	folder   folder // nil: it does not publish
	cmd      *exec.Cmd
	out, err bytes.Buffer
	result   release.Result // when it ended well
}

// start begins to publish a folder. Publishers that run at once need different
// names.
func (w *world) start(name string, f folder, flags ...string) *publisher {
	w.t.Helper()
	content := w.write(name, f)
	return w.command(f, slices.Concat([]string{"publish", "--json", "--content", content}, w.place(0, 1), flags)...)
}

// write puts a folder on the disk, and remembers that it may be published.
func (w *world) write(name string, f folder) (content string) {
	w.t.Helper()
	w.mu.Lock()
	w.folders[f.key()] = f
	w.mu.Unlock()
	content = filepath.Join(w.dir, name)
	if err := f.write(content); err != nil {
		w.t.Fatal(err)
	}
	return content
}

// command starts the command, for a folder if it publishes one.
func (w *world) command(f folder, args ...string) *publisher {
	w.t.Helper()
	blog, err := program()
	if err != nil {
		w.t.Fatal(err)
	}
	p := &publisher{folder: f, cmd: exec.Command(blog, args...)}
	p.cmd.Dir, p.cmd.Stdout, p.cmd.Stderr = w.dir, &p.out, &p.err
	if err := p.cmd.Start(); err != nil {
		w.t.Fatal(err)
	}
	return p
}

// place are the flags that say where the blog is: which region decides, and
// which follows.
func (w *world) place(order ...int) []string {
	args := []string{"--base-url", "https://example.com", "--routes", w.table.Address(w.kvs.URL())}
	for i, at := range order {
		g := w.regions[at]
		args = append(args,
			[]string{"--primary", "--standby"}[i],
			fmt.Sprintf("s3://%s?region=%s&path_style=true&endpoint=%s", g.bucket, lab.Region, url.QueryEscape(g.publisher.URL())),
			[]string{"--renderer", "--standby-renderer"}[i],
			fmt.Sprintf("lambda:blog?region=%s&endpoint=%s", lab.Region, url.QueryEscape(g.lambda.URL())))
	}
	return args
}

// errKilled is how a publisher ends that was killed.
var errKilled = errors.New("killed")

// wait returns how the publisher ended.
func (p *publisher) wait() error {
	err := p.cmd.Wait()
	var exit *exec.ExitError
	switch {
	case err == nil && p.folder == nil:
		return nil
	case err == nil:
		if err := json.Unmarshal(p.out.Bytes(), &p.result); err != nil {
			return fmt.Errorf("it ended well and said %q: %w", p.out.String(), err)
		}
		return nil
	case errors.As(err, &exit) && !exit.Exited():
		return errKilled
	}
	return fmt.Errorf("%w\n%s", err, p.err.String())
}
