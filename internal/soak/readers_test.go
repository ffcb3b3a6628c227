package soak

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"maps"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/victorleungtw/blog/internal/lambdahttp"
	"github.com/victorleungtw/blog/internal/recipe"
	"github.com/victorleungtw/blog/internal/release"
	"github.com/victorleungtw/blog/internal/renderer"
	"github.com/victorleungtw/blog/internal/routes"
	"github.com/victorleungtw/blog/internal/store"
)

// history is which release was current when: the edge function's own truth, as
// the table had it.
type history struct {
	mu     sync.Mutex
	since  []moment
	value  string
	waiter chan struct{} // closed by the next change of anything
}

type moment struct {
	at time.Time
	n  int // the current release from then on
}

// changed is told of each change of the table, before a reader can see it.
func (h *history) changed(values map[string]string) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.waiter != nil {
		close(h.waiter)
		h.waiter = nil
	}
	value := values[routes.Site.CurrentKey()]
	if value == h.value {
		return
	}
	h.value = value
	cur, err := routes.ParseCurrent(value)
	if err != nil {
		cur.N = -1 // no release: every read will say so
	}
	h.since = append(h.since, moment{time.Now(), cur.N})
}

// next is closed when the table changes.
func (h *history) next() <-chan struct{} {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.waiter == nil {
		h.waiter = make(chan struct{})
	}
	return h.waiter
}

// between returns the releases that were current at some time from one moment
// to another; 0 stands for none yet.
func (h *history) between(from, to time.Time) []int {
	h.mu.Lock()
	defer h.mu.Unlock()
	var out []int
	for i := len(h.since) - 1; i >= -1; i-- {
		if i < 0 {
			return append(out, 0)
		}
		if m := h.since[i]; m.at.After(to) {
			continue
		} else if out = append(out, m.n); m.at.Before(from) {
			break
		}
	}
	return out
}

// now is what the table says.
func (h *history) now() routes.Current {
	h.mu.Lock()
	defer h.mu.Unlock()
	cur, _ := routes.ParseCurrent(h.value) // changed has parsed it
	return cur
}

// releases returns every release that was ever current.
func (h *history) releases() []int {
	h.mu.Lock()
	defer h.mu.Unlock()
	var out []int
	for _, m := range h.since {
		out = append(out, m.n)
	}
	slices.Sort(out)
	return slices.Compact(out)
}

// shown is a release as it must be seen.
type shown struct {
	at     map[string]string // path → digest, or where it redirects to
	pages  map[string]*page  // by path
	folder folder
}

// page is what is remembered of a page's bytes.
type page struct {
	sum   [32]byte
	marks map[mark]bool
}

// mark is one that a page shows: a post and its version.
type mark struct{ slug, version string }

// page returns the page with a digest, whose bytes never change.
func (w *world) page(b store.Bucket, digest string) (*page, error) {
	if p := w.readers.pages[digest]; p != nil {
		return p, nil
	}
	o, err := b.Get(context.Background(), "page/"+digest)
	if err != nil {
		return nil, err
	}
	p := &page{sha256.Sum256(o.Body), map[mark]bool{}}
	for _, m := range marks.FindAllSubmatch(o.Body, -1) {
		p.marks[mark{string(m[1]), string(m[2])}] = true
	}
	w.readers.pages[digest] = p
	return p, nil
}

// form returns what a renderer makes of the search's index when nothing is asked.
func (w *world) form(b store.Bucket, digest string) (*page, error) {
	address := recipe.SearchPath + "/" + digest
	if p := w.readers.pages[address]; p != nil {
		return p, nil
	}
	stands := &renderer.Renderer{Bucket: b, Log: quiet, Quick: true, Verify: func(context.Context, string) bool { return true }}
	r := httptest.NewRequest(http.MethodGet, "https://renderer.test"+address, nil)
	r.RequestURI = ""
	resp, err := (&lambdahttp.Gateway{Invoke: stands.Invoke, APIID: "soak"}).RoundTrip(r)
	if err != nil {
		return nil, err
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil || resp.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("%s: %d (%v)", address, resp.StatusCode, err)
	}
	p := &page{sum: sha256.Sum256(body)}
	w.readers.pages[address] = p
	return p, nil
}

// release returns what readers must see of release n. It is one thing; only
// when both regions were published to by people who could not see the other may
// a number mean two, and readers saw one of them.
func (w *world) release(n int) ([]*shown, error) {
	w.readers.mu.Lock()
	defer w.readers.mu.Unlock()
	if s := w.readers.known[n]; len(s) > 0 {
		return s, nil
	}
	return w.reread(n)
}

// reread reads release n of every region that has it.
func (w *world) reread(n int) (out []*shown, err error) {
	var why []error
	for _, look := range w.look {
		s, err := w.readRelease(look, n)
		switch {
		case err != nil:
			why = append(why, err)
		case len(out) == 0 || !maps.Equal(out[0].at, s.at):
			out = append(out, s)
		}
	}
	if len(out) == 0 {
		return nil, errors.Join(why...)
	}
	w.readers.known[n] = out
	return out, nil
}

// readRelease reads release n of a record, and finds the one folder that it was
// made from.
func (w *world) readRelease(look *release.Publisher, n int) (*shown, error) {
	s := &shown{pages: map[string]*page{}}
	var err error
	if s.at, err = look.Pages(context.Background(), n); err != nil {
		return nil, err
	}
	made := folder{} // all marks together say which folder it must be
	for path, to := range s.at {
		if to[0] == '/' {
			continue
		}
		read := w.page
		if path == recipe.SearchPath {
			read = w.form
		}
		p, err := read(look.Regions[0].Bucket, to)
		if err != nil {
			return nil, fmt.Errorf("release %d is recorded, and its page %s is not there: %w", n, path, err)
		}
		s.pages[path] = p
		for m := range p.marks {
			made[m.slug] = m.version
		}
	}
	w.mu.Lock()
	f, ok := w.folders[made.key()]
	w.mu.Unlock()
	if !ok {
		return nil, fmt.Errorf("release %d is of no folder that was published: %v", n, made)
	}
	if err := f.holds(s.pages); err != nil {
		return nil, fmt.Errorf("release %d is a mixture: %w", n, err)
	}
	s.folder = f
	return s, nil
}

// answer is what a reader got.
type answer struct {
	status int
	header http.Header
	body   []byte
}

func (w *world) get(path string) answer {
	r := httptest.NewRequest(http.MethodGet, "http://edge.test"+path, nil)
	rec := httptest.NewRecorder()
	w.edge.ServeHTTP(rec, r)
	return answer{rec.Code, rec.Header(), rec.Body.Bytes()}
}

// errAway is an answer that says that the blog cannot be read.
var errAway = errors.New("no answer")

// judge says what is wrong with an answer to a request that began and ended at
// these times.
func (w *world) judge(path string, a answer, from, to time.Time) error {
	current := w.history.between(from, to)
	if a.status >= 500 {
		if slices.Contains(current, 0) {
			return nil // before the first release
		}
		return fmt.Errorf("%w: %s: %d %v", errAway, path, a.status, a.header)
	}
	var why []error
	for _, n := range current {
		if n == 0 {
			why = append(why, errors.New("nothing was published yet"))
			continue
		}
		list, err := w.release(n)
		if err != nil {
			why = append(why, err)
		}
		for _, s := range list {
			if err := s.is(path, a); err != nil {
				why = append(why, fmt.Errorf("release %d: %w", n, err))
				continue
			}
			return nil
		}
	}
	return fmt.Errorf("%s: %d, %d bytes, are of no release that was current then: %w", path, a.status, len(a.body), errors.Join(why...))
}

// is says why an answer is not what the release has at a path.
func (s *shown) is(path string, a answer) error {
	to, ok := s.at[path]
	switch {
	case !ok && (a.status == 404 || a.status == 410):
		return nil
	case !ok:
		return errors.New("it has no such page")
	case to[0] == '/' && a.status == 301 && a.header.Get("Location") == to:
		return nil
	case to[0] == '/':
		return fmt.Errorf("it redirects to %s", to)
	case a.status != 200:
		return errors.New("it has the page")
	case sha256.Sum256(a.body) != s.pages[path].sum:
		return errors.New("its page has other bytes")
	}
	return nil
}

// readers read all the while.
type readers struct {
	mu    sync.Mutex
	known map[int][]*shown
	pages map[string]*page // by digest

	count struct {
		sync.Mutex
		reads, during, away int // during: when two releases were current within one read
	}
}

// read starts readers, which end with the returned function. What is wrong they
// tell the test. They read now and then, and without a pause for a while when the
// table has changed: a reader who sees something wrong sees it then.
func (w *world) read(t testing.TB, r *rand.Rand, many int, mayFail func() bool) (stop func()) {
	ctx, cancel := context.WithCancel(context.Background())
	var wg sync.WaitGroup
	for range many {
		own := rand.New(rand.NewPCG(r.Uint64(), r.Uint64()))
		wg.Go(func() {
			hurry := 0
			for ctx.Err() == nil {
				changed := w.history.next()
				p := w.somePath(own)
				from := time.Now()
				a := w.get(p)
				to := time.Now()
				err := w.judge(p, a, from, to)
				c := &w.readers.count
				c.Lock()
				c.reads++
				if len(w.history.between(from, to)) > 1 {
					c.during++
				}
				if errors.Is(err, errAway) {
					c.away++
				}
				c.Unlock()
				if err != nil && !(errors.Is(err, errAway) && mayFail()) {
					t.Errorf("a reader saw what it should not: %v", err)
					return
				}
				if hurry > 0 {
					hurry--
					continue
				}
				select {
				case <-changed:
					hurry = 10
				case <-time.After(time.Duration(own.IntN(20000)) * time.Microsecond):
				case <-ctx.Done():
				}
			}
		})
	}
	return func() { cancel(); wg.Wait() }
}

// somePath is a path that some release has: often a post's, and one in ten
// times the front page.
func (w *world) somePath(r *rand.Rand) string {
	switch r.IntN(10) {
	case 0:
		return "/"
	case 1:
		w.readers.mu.Lock()
		defer w.readers.mu.Unlock()
		for n := range w.readers.known { // any
			paths := slices.Sorted(maps.Keys(w.readers.known[n][0].at))
			return paths[r.IntN(len(paths))]
		}
	}
	return postPath(fmt.Sprintf("p%02d", r.IntN(maxPosts)))
}
