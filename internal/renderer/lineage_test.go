package renderer

import (
	"context"
	"errors"
	"log/slog"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/victorleungtw/blog/internal/history"
	"github.com/victorleungtw/blog/internal/names"
	"github.com/victorleungtw/blog/internal/store"
	"github.com/victorleungtw/blog/internal/store/dir"
)

// shelf holds objects, and counts who reads them.
type shelf struct {
	mu      sync.Mutex
	objects map[string][]byte
	reads   int
	fail    string // a key that cannot be read
}

var errShelf = errors.New("the shelf is stuck")

func (s *shelf) Get(_ context.Context, key string) (*store.Object, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.reads++
	if key == s.fail {
		return nil, errShelf
	}
	body, ok := s.objects[key]
	if !ok {
		return nil, store.ErrNotExist
	}
	return &store.Object{Body: body}, nil
}

func (s *shelf) put(t *testing.T, key string, v any) {
	t.Helper()
	body, err := history.Fold(v)
	if err != nil {
		t.Fatal(err)
	}
	s.objects[key] = body
}

// record puts release n, after parent, over base.
func (s *shelf) record(t *testing.T, n, parent, base int, routes map[string]string) {
	t.Helper()
	m := history.Manifest{N: n, Parent: parent, Time: "2026-05-31T20:35:00Z", Routes: routes}
	if base == 0 {
		s.put(t, history.WholeKey(n), &m)
		m.Routes = nil
	}
	s.put(t, history.Key(n), &history.Record{Manifest: m, Base: base, Sketch: []byte("for publishers")})
}

func numbers(t *testing.T, l *lineage, s *shelf, from int) (out []int, err error) {
	t.Helper()
	for r, err := range l.line(t.Context(), s, from) {
		if err != nil {
			return out, err
		}
		out = append(out, r.N)
	}
	return out, nil
}

// The line is that of the parents: what was never current, or left by going
// back, is not in it. It ends where a record is not kept.
func TestLine(t *testing.T) {
	s := &shelf{objects: map[string][]byte{}}
	s.record(t, 2, 1, 0, nil)
	s.record(t, 3, 2, 2, nil)
	s.record(t, 4, 3, 3, nil) // a release to come, given up
	s.record(t, 5, 3, 3, nil)
	s.record(t, 6, 5, 5, nil) // left by going back to 5
	s.record(t, 8, 5, 6, nil)
	s.record(t, 9, 12, 8, nil) // damaged: its past is in its future
	for from, want := range map[int][]int{8: {8, 5, 3, 2}, 6: {6, 5, 3, 2}, 9: {9}, 7: nil} {
		l := new(lineage)
		for range 2 { // as read, and as remembered
			if got, err := numbers(t, l, s, from); err != nil || !slices.Equal(got, want) {
				t.Errorf("from %d: %v %v, want %v", from, got, err, want)
			}
		}
	}
	s.fail = history.Key(3)
	if got, err := numbers(t, new(lineage), s, 8); !errors.Is(err, errShelf) || !slices.Equal(got, []int{8, 5}) {
		t.Errorf("%v %v: what cannot be read is no end", got, err)
	}
}

// A long line takes a read for each release, not one after the other, and none
// the second time.
func TestLongLine(t *testing.T) {
	s := &shelf{objects: map[string][]byte{}}
	const many = 1000
	s.record(t, 1, 0, 0, nil)
	for n := 2; n <= many; n++ {
		s.record(t, n, n-1, n-1, map[string]string{"/a/": "1:/b/"})
	}
	l := new(lineage)
	got, err := numbers(t, l, s, many)
	if err != nil || len(got) != many || s.reads != many {
		t.Errorf("%d releases in %d reads: %v", len(got), s.reads, err)
	}
	if _, err := numbers(t, l, s, many); err != nil || s.reads != many {
		t.Errorf("%d reads after the second time: %v", s.reads, err)
	}
	for r := range l.line(t.Context(), s, many) {
		if r.Sketch != nil {
			t.Fatal("a sketch is remembered")
		}
		break
	}
}

// What a path is in a release is said by its record, by one below, or by the
// whole of the lowest.
func TestAt(t *testing.T) {
	a, b := strings.Repeat("a", 64), strings.Repeat("b", 64)
	s := &shelf{objects: map[string][]byte{}}
	s.record(t, 1, 0, 0, map[string]string{"/a/": "1:" + a, "/b/": "1:" + a, "/c/": "1:" + a, "/bad/": "x"})
	s.record(t, 2, 1, 1, map[string]string{"/b/": "2:" + b + ",1:" + a})
	s.record(t, 3, 2, 2, map[string]string{"/c/": "3:-,1:" + a, "/d/": "3:/a/"})
	s.record(t, 5, 3, 4, nil)
	l := new(lineage)
	at := func(n int, path string) (string, error) {
		r, err := l.record(t.Context(), s, n)
		if err != nil {
			t.Fatal(err)
		}
		return l.at(t.Context(), s, r, path)
	}
	for _, tt := range []struct {
		n          int
		path, want string
	}{
		{3, "/a/", a}, {3, "/b/", b}, {3, "/c/", ""}, {3, "/d/", "/a/"}, {3, "/e/", ""},
		{2, "/b/", b}, {2, "/c/", a}, {2, "/d/", ""}, {1, "/b/", a},
	} {
		if got, err := at(tt.n, tt.path); err != nil || got != tt.want {
			t.Errorf("%s in release %d: %q %v, want %q", tt.path, tt.n, got, err, tt.want)
		}
	}
	if _, err := at(1, "/bad/"); err == nil {
		t.Error("a damaged entry is taken for something")
	}
	// A hole in the record is no answer that there is nothing.
	if got, err := at(5, "/a/"); err == nil || errors.Is(err, store.ErrNotExist) {
		t.Errorf("without its base: %q %v", got, err)
	}
}

// The number of what is current is the edge's to say.
func TestTravelNeedsARelease(t *testing.T) {
	bucket, err := dir.Open(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	r := &Renderer{Bucket: bucket, Log: slog.New(slog.DiscardHandler), Verify: func(context.Context, string) bool { return true }}
	if err := bucket.Create(t.Context(), names.HeadKey, store.Meta{}, store.Bytes([]byte(`{"n":1}`))); err != nil {
		t.Fatal(err)
	}
	for _, header := range []string{"", "x", "0", "-1", "7", "7+pr.1"} {
		req := httptest.NewRequest("GET", "/~1/", nil)
		req.Header.Set("X-Blog-Release", header)
		w := httptest.NewRecorder()
		r.ServeHTTP(w, req)
		if w.Code != 404 {
			t.Errorf("%q: %d %s", header, w.Code, w.Body)
		}
	}
}
