package drill

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"maps"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/victorleungtw/blog/internal/assembly"
	"github.com/victorleungtw/blog/internal/cloud"
	"github.com/victorleungtw/blog/internal/config"
	"github.com/victorleungtw/blog/internal/content"
	"github.com/victorleungtw/blog/internal/edge"
	"github.com/victorleungtw/blog/internal/lambdahttp"
	"github.com/victorleungtw/blog/internal/plan"
	"github.com/victorleungtw/blog/internal/recipe"
	"github.com/victorleungtw/blog/internal/release"
)

var quiet = slog.New(slog.DiscardHandler)

const (
	primary = 0
	standby = 1

	posts     = 40
	locations = 8
	// cacheBytes holds about half of the pages of the blog.
	cacheBytes = 80_000
	// pace is the time from one read to the next.
	pace = 10 * time.Millisecond
)

// deployed is the edge that the flag names; nil for package edge's.
var deployed = sync.OnceValues(func() (*assembly.Deployment, error) {
	if *assemblyDir == "" {
		return nil, nil
	}
	return assembly.Open(*assemblyDir)
})

// place is the folder of published; empty before that.
var place string

// published is a folder with a published blog, made once: drills only read.
var published = sync.OnceValues(func() (string, error) {
	var err error
	if place, err = os.MkdirTemp("", "drill-"); err != nil {
		return "", err
	}
	return place, publish(context.Background(), place, "first")
})

// publish publishes an edition of the blog to a folder; each page of an edition
// differs from that of another.
func publish(ctx context.Context, dir, edition string) error {
	folder := filepath.Join(dir, "content")
	for i := range posts {
		post := filepath.Join(folder, "posts", fmt.Sprintf("p%02d", i))
		if err := os.MkdirAll(post, 0o777); err != nil {
			return err
		}
		text := fmt.Sprintf("---\ndate: 2025-%02d-01\ntags: [All]\n---\n# Post %d\n\nThe text of post %d, %s edition.\n", i%12+1, i, i, edition)
		if err := os.WriteFile(filepath.Join(post, "index.en.md"), []byte(text), 0o666); err != nil {
			return err
		}
	}
	l, err := content.Open(folder, content.Options{Site: config.Site{
		Title: "The " + edition + " drill", BaseURL: "https://example.com", PerPage: 10, Languages: []config.Language{{Tag: "en"}},
	}})
	if err != nil {
		return err
	}
	defer l.Close()
	site, probs, err := l.Load(ctx)
	if err := errors.Join(err, probs.Err()); err != nil {
		return err
	}
	c, err := cloud.Local(ctx, dir, cloud.LocalOptions{Log: quiet, Quick: true})
	if err != nil {
		return err
	}
	p := &release.Publisher{Regions: c.Regions, Table: c.Table, Check: c.Checker, Log: quiet, Now: time.Now}
	version, err := p.Version(ctx)
	if err != nil {
		return err
	}
	pl, probs := plan.Build(site, version)
	if err := probs.Err(); err != nil {
		return err
	}
	_, err = p.Publish(ctx, pl, release.Commit{})
	return err
}

// world is one blog in one drill.
type world struct {
	t      *testing.T
	dice   *rand.Rand
	cloud  *cloud.Cloud
	edges  []*cloud.Edge
	paths  []string // the more popular first
	want   map[string][32]byte
	broken [2]faults // by region
	// detection is how long Route 53 takes at most to move dynamic requests to
	// the other region, of which nothing is in the drill; 0 when it cannot.
	detection time.Duration

	zipf *rand.Zipf
}

// faults are what is wrong with a region's parts. Nil: nothing.
type faults struct {
	bucket, api trip
	function    lambdahttp.Invoke
}

// trip is a request to a part that is not well.
type trip func(next http.RoundTripper, r *http.Request) (*http.Response, error)

// part is a part with the faults that it has at the moment.
type part struct {
	next http.RoundTripper
	bad  *trip
}

func (p part) RoundTrip(r *http.Request) (*http.Response, error) {
	if *p.bad != nil {
		return (*p.bad)(p.next, r)
	}
	return p.next.RoundTrip(r)
}

// newWorld opens the published blog behind new edges, in a synctest bubble.
func newWorld(t *testing.T) *world {
	t.Helper()
	dir, err := published()
	if err != nil {
		t.Fatal(err)
	}
	// The bubble's clock begins before anything was published.
	time.Sleep(time.Until(time.Date(2030, 1, 1, 0, 0, 0, 0, time.UTC)))
	return open(t, dir)
}

// open opens the blog that was published to a folder.
func open(t *testing.T, dir string) *world {
	t.Helper()
	d, err := deployed()
	if err != nil {
		t.Fatal(err)
	}
	if d != nil && len(d.Regions) != 2 {
		t.Skip("NOT RUN: the assembly has one region")
	}
	c, err := cloud.Local(t.Context(), dir, cloud.LocalOptions{Log: quiet, Quick: true, Assembly: d})
	if err != nil {
		t.Fatal(err)
	}
	w := &world{t: t, dice: rand.New(rand.NewPCG(*seed, 0)), cloud: c, want: map[string][32]byte{}}
	if d != nil {
		for _, o := range d.Origins {
			if o.ID == edge.OriginDynamic && len(o.Routes) > 1 && o.Routes[0].Check != nil {
				w.detection = o.Routes[0].Check.Detection()
			}
		}
	}
	options := cloud.EdgeOptions{
		Log: quiet, Debug: true, CacheBytes: cacheBytes,
		Bucket: func(i int, next http.RoundTripper) http.RoundTripper { return part{next, &w.broken[i].bucket} },
		API:    func(i int, next http.RoundTripper) http.RoundTripper { return part{next, &w.broken[i].api} },
		Function: func(i int, next lambdahttp.Invoke) lambdahttp.Invoke {
			return func(ctx context.Context, payload []byte) ([]byte, error) {
				if bad := w.broken[i].function; bad != nil {
					return bad(ctx, payload)
				}
				return next(ctx, payload)
			}
		},
	}
	for range locations {
		e, err := c.Edge(options)
		if err != nil {
			t.Fatal(err)
		}
		w.edges = append(w.edges, e)
	}
	_, pages, err := w.publisher().Current(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for _, path := range slices.Sorted(maps.Keys(pages)) {
		// Not what redirects, nor the search, which is dynamic.
		if recipe.IsDigest(pages[path]) && path != recipe.SearchPath {
			w.paths = append(w.paths, path)
		}
	}
	w.dice.Shuffle(len(w.paths), func(i, j int) { w.paths[i], w.paths[j] = w.paths[j], w.paths[i] })
	w.zipf = rand.NewZipf(w.dice, 1.2, 4, uint64(len(w.paths)-1))
	for _, path := range w.paths {
		a := w.ask(w.dice.IntN(locations), path)
		if a.status != http.StatusOK {
			t.Fatalf("%s before anything broke: %d", path, a.status)
		}
		w.want[path] = a.sum
	}
	return w
}

func (w *world) publisher() *release.Publisher {
	return &release.Publisher{Regions: w.cloud.Regions, Table: w.cloud.Table, Log: quiet, Now: time.Now}
}

// answer is what a reader gets, and after how long.
type answer struct {
	status int
	sum    [32]byte
	from   string // "cache", or the region's part that answered
	took   time.Duration
}

func (w *world) ask(location int, path string) answer {
	start := time.Now()
	r := httptest.NewRequest("GET", "http://blog.local"+path, nil)
	r.Header.Set("Accept-Encoding", "br, gzip")
	rec := httptest.NewRecorder()
	w.edges[location].ServeHTTP(rec, r)
	body, err := io.ReadAll(rec.Body)
	if err != nil {
		w.t.Fatal(err)
	}
	a := answer{status: rec.Code, sum: sha256.Sum256(body), from: rec.Header().Get("X-Blog-Origin"), took: time.Since(start)}
	if x := rec.Header().Get("X-Cache"); x == "Hit from cloudfront" {
		a.from = "cache"
	}
	return a
}

// page reads a page as some reader does.
func (w *world) page() (answer, bool) {
	path := w.paths[w.zipf.Uint64()]
	a := w.ask(w.dice.IntN(locations), path)
	return a, a.status == http.StatusOK && a.sum == w.want[path]
}

// dynamic asks for what no cache keeps.
func (w *world) dynamic() (answer, bool) {
	a := w.ask(w.dice.IntN(locations), "/api/release")
	return a, a.status == http.StatusOK
}

// The ways in which a part is not well.

// refuses is a host that is not there, on a network that says so.
func refuses(http.RoundTripper, *http.Request) (*http.Response, error) {
	return nil, errors.New("connection refused")
}

// silent is one on a network that does not: the edge gives up connecting.
func silent(_ http.RoundTripper, r *http.Request) (*http.Response, error) {
	return nil, wait(r.Context(), connecting/2)
}

// slow answers ten seconds late, and a little more: a renderer has ten.
func slow(next http.RoundTripper, r *http.Request) (*http.Response, error) {
	if err := wait(r.Context(), 10*time.Second+time.Millisecond); !errors.Is(err, errWaited) {
		return nil, err
	}
	return next.RoundTrip(r)
}

var errWaited = errors.New("no answer")

// wait is a wait that a caller can give up.
func wait(ctx context.Context, d time.Duration) error {
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-time.After(d):
		return errWaited
	}
}

func fails(context.Context, []byte) ([]byte, error) {
	return []byte(`{"statusCode":500,"headers":{"content-type":"application/json"},"body":"{}"}`), nil
}

func panics(context.Context, []byte) ([]byte, error) { panic("a bug") }

func hangs(ctx context.Context, _ []byte) ([]byte, error) {
	<-ctx.Done()
	return nil, ctx.Err()
}
