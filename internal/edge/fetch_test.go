package edge_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/victorleungtw/blog/internal/edge"
)

func TestFailover(t *testing.T) {
	ok := func(origin string) func(*lab) { return func(l *lab) { l.give(origin, 200, "from "+origin) } }
	status := func(origin string, code int) func(*lab) {
		return func(l *lab) { l.give(origin, code, fmt.Sprint(code, " of ", origin)) }
	}
	broken := func(origin string) func(*lab) { return func(l *lab) { l.refuse(origin, errors.New("refused")) } }
	const page, asset = "/feed.xml", "/asset/a.png"
	for _, tt := range []struct {
		name    string
		standby bool
		target  string
		set     []func(*lab)
		want    string
		asked   int
	}{
		{"403", true, page, []func(*lab){status("store", 403), ok("renderer-fallback")}, "200 Miss from renderer-fallback", 2},
		{"404", true, page, []func(*lab){status("store", 404), ok("renderer-fallback")}, "200 Miss from renderer-fallback", 2},
		{"500", true, page, []func(*lab){status("store", 500), ok("renderer-fallback")}, "200 Miss from renderer-fallback", 2},
		{"502", true, page, []func(*lab){status("store", 502), ok("renderer-fallback")}, "200 Miss from renderer-fallback", 2},
		{"503", true, page, []func(*lab){status("store", 503), ok("renderer-fallback")}, "200 Miss from renderer-fallback", 2},
		{"504", true, page, []func(*lab){status("store", 504), ok("renderer-fallback")}, "200 Miss from renderer-fallback", 2},
		{"no connection", true, page, []func(*lab){broken("store"), ok("renderer-fallback")}, "200 Miss from renderer-fallback", 3},
		{"400 is an answer", true, page, []func(*lab){status("store", 400)}, "400 Error 400 of store", 1},
		{"301 is an answer", true, page, []func(*lab){status("store", 301)}, "301 Miss 301 of store", 1},
		{"missing in both", true, page, []func(*lab){status("store", 403), status("renderer-fallback", 404)}, "404 Error 404 of renderer-fallback", 2},
		{"second unreachable", true, page, []func(*lab){status("store", 403), broken("renderer-fallback")}, "502", 3},
		{"both unreachable", true, page, []func(*lab){broken("store"), broken("renderer-fallback")}, "502", 4},
		{"without a standby", false, page, []func(*lab){status("store", 403), ok("renderer-fallback")}, "200 Miss from renderer-fallback", 2},
		{"asset", true, asset, []func(*lab){status("store", 403), ok("store-standby")}, "200 Miss from store-standby", 2},
		{"asset without a standby", false, asset, []func(*lab){status("store", 403)}, "403 Error 403 of store", 1},
		{"search", true, "/search", []func(*lab){status("renderer", 503), ok("renderer-fallback")}, "200 Miss from renderer-fallback", 2},
		{"search in a region without the index", true, "/search", []func(*lab){status("renderer", 404), ok("renderer-fallback")}, "200 Miss from renderer-fallback", 2},
		{"the rest of what is dynamic has one origin", true, "/api/x", []func(*lab){status("renderer", 503)}, "503 Error 503 of renderer", 1},
		{"cut short", true, page, []func(*lab){func(l *lab) {
			l.answers["store"] = func(r *http.Request) (*http.Response, error) {
				resp := answer(r, 200, "half")
				resp.ContentLength = 8
				return resp, nil
			}
		}}, "200 Miss from renderer-fallback", 3},
		{"broken off", true, page, []func(*lab){func(l *lab) {
			l.answers["store"] = func(r *http.Request) (*http.Response, error) {
				resp := answer(r, 200, "half")
				resp.Body = io.NopCloser(io.MultiReader(strings.NewReader("half"), errReader{}))
				return resp, nil
			}
		}}, "200 Miss from renderer-fallback", 3},
	} {
		t.Run(tt.name, func(t *testing.T) {
			l := newLab(t, tt.standby)
			for _, set := range tt.set {
				set(l)
			}
			w := l.ask("GET", tt.target)
			if tt.want == "502" {
				if w.Code != 502 || !strings.HasPrefix(w.Header().Get("X-Cache"), "Error") {
					t.Errorf("%d %s", w.Code, w.Header().Get("X-Cache"))
				}
			} else {
				l.want(w, tt.want)
			}
			if len(l.asked) != tt.asked {
				t.Errorf("asked %q", l.asked)
			}
		})
	}
}

type errReader struct{}

func (errReader) Read([]byte) (int, error) { return 0, errors.New("connection reset") }

// An origin that hangs costs its read timeout and no more: a bucket is asked
// once, a renderer twice.
func TestTimeout(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := newLab(t, true)
		hang := func(r *http.Request) (*http.Response, error) {
			<-r.Context().Done()
			return nil, r.Context().Err()
		}
		l.answers[edge.OriginStore] = hang
		start := time.Now()
		l.want(l.ask("GET", "/"), "200 Miss from renderer-fallback")
		if took := time.Since(start); took != 3*time.Second {
			t.Errorf("a store that hangs took %v", took)
		}
		l.answers[edge.OriginDynamic] = hang
		start = time.Now()
		if w := l.ask("GET", "/api/x"); w.Code != 504 || time.Since(start) != 20*time.Second {
			t.Errorf("a renderer that hangs: %d, after %v", w.Code, time.Since(start))
		}
	})
}

// Errors of an origin are not kept, a missing object for ten seconds.
func TestErrorCaching(t *testing.T) {
	for _, tt := range []struct {
		status int
		header []string
		after  time.Duration
		asks   bool
	}{
		{500, nil, 0, true},
		{502, nil, 0, true},
		{503, nil, 0, true},
		{504, nil, 0, true},
		{503, []string{"Cache-Control", "max-age=5"}, 4 * time.Second, false},
		{404, nil, 9 * time.Second, false},
		{404, nil, 10 * time.Second, true},
		{404, []string{"Cache-Control", "max-age=60"}, 59 * time.Second, false},
		{404, []string{"Cache-Control", "no-store"}, 0, true},
		{400, nil, 0, true},
		{403, nil, 0, true},
		{403, []string{"Cache-Control", "s-maxage=60, max-age=0"}, 59 * time.Second, false},
	} {
		l := newLab(t, false)
		l.give(edge.OriginDynamic, tt.status, "no", tt.header...)
		l.want(l.ask("GET", "/api/x"), fmt.Sprint(tt.status, " Error no"))
		l.now = l.now.Add(tt.after)
		l.want(l.ask("GET", "/api/x"), fmt.Sprint(tt.status, " Error no"))
		if asks := len(l.asked) > 0; asks != tt.asks {
			t.Errorf("%d %v after %v: asked again: %v", tt.status, tt.header, tt.after, asks)
		}
	}
}

// An expired object is confirmed, not fetched, when it did not change.
func TestRevalidation(t *testing.T) {
	l := newLab(t, false)
	l.give(edge.OriginDynamic, 200, "one", "Cache-Control", "max-age=10", "Etag", `"e1"`)
	l.want(l.ask("GET", "/api/x"), "200 Miss one")
	l.now = l.now.Add(11 * time.Second)
	l.give(edge.OriginDynamic, 304, "", "Cache-Control", "max-age=20", "Etag", `"e1"`)
	w := l.ask("GET", "/api/x")
	l.want(w, "200 RefreshHit one")
	if got := l.headers[0].Get("If-None-Match"); got != `"e1"` {
		t.Errorf("If-None-Match %q", got)
	}
	if w.Header().Get("Age") != "0" || w.Header().Get("Cache-Control") != "max-age=20" {
		t.Errorf("after the confirmation: %v", w.Header())
	}
	l.now = l.now.Add(19 * time.Second)
	l.want(l.ask("GET", "/api/x"), "200 Hit one")
	l.now = l.now.Add(2 * time.Second)
	l.give(edge.OriginDynamic, 200, "two", "Cache-Control", "max-age=10", "Etag", `"e2"`)
	l.want(l.ask("GET", "/api/x"), "200 Miss two")
}

func TestStaleOnError(t *testing.T) {
	for _, tt := range []struct {
		name, control string
		after         time.Duration
		stale         bool
	}{
		{"by default", "max-age=10", time.Hour, true},
		{"within stale-if-error", "max-age=10, stale-if-error=60", 69 * time.Second, true},
		{"after stale-if-error", "max-age=10, stale-if-error=60", 71 * time.Second, false},
		{"forbidden", "max-age=10, stale-if-error=0", 11 * time.Second, false},
		{"must-revalidate", "max-age=10, must-revalidate", 11 * time.Second, false},
	} {
		for _, broken := range []bool{false, true} {
			l := newLab(t, false)
			l.give(edge.OriginDynamic, 200, "one", "Cache-Control", tt.control)
			l.ask("GET", "/api/x")
			l.now = l.now.Add(tt.after)
			l.give(edge.OriginDynamic, 503, "sorry")
			if broken {
				l.refuse(edge.OriginDynamic, errors.New("refused"))
			}
			w := l.ask("GET", "/api/x")
			if len(l.asked) == 0 {
				t.Errorf("%s: the origin was not asked", tt.name)
			}
			if stale := w.Code == 200 && w.Body.String() == "one"; stale != tt.stale {
				t.Errorf("%s (no connection: %v): %d %q", tt.name, broken, w.Code, w.Body)
			}
			// A 4xx is news, not a failure.
			l.give(edge.OriginDynamic, 404, "gone")
			l.want(l.ask("GET", "/api/x"), "404 Error gone")
		}
	}
}

// While errors are kept, the origin that gave one is left alone.
func TestSilence(t *testing.T) {
	l := newLab(t, false, func(c *edge.DistributionConfig, _ *edge.Parts) {
		c.CustomErrorResponses = []edge.CustomErrorResponse{{ErrorCode: 503, ErrorCachingMinTTL: 5 * time.Second}}
	})
	l.give(edge.OriginDynamic, 200, "one", "Cache-Control", "max-age=10")
	l.ask("GET", "/api/x")
	l.give(edge.OriginDynamic, 503, "sorry")
	l.now = l.now.Add(11 * time.Second)
	for _, tt := range []struct {
		after time.Duration
		asked int
	}{{0, 1}, {0, 0}, {4 * time.Second, 0}, {time.Second, 1}} {
		l.now = l.now.Add(tt.after)
		l.want(l.ask("GET", "/api/x"), "200 Hit one")
		if len(l.asked) != tt.asked {
			t.Errorf("%v later: asked %q", tt.after, l.asked)
		}
	}
}

// During an outage of both origins, a reader of a cached page notices nothing.
func TestPagesOutliveTheirOrigins(t *testing.T) {
	l := newLab(t, true)
	l.ask("GET", "/")
	l.refuse(edge.OriginStore, errors.New("refused"))
	l.refuse(edge.OriginFallback, errors.New("refused"))
	l.now = l.now.Add(364 * 24 * time.Hour)
	l.want(l.ask("GET", "/"), "200 Hit from store")
	l.now = l.now.Add(2 * 24 * time.Hour)
	l.want(l.ask("GET", "/"), "200 Hit from store")
}

func TestStaleWhileRevalidate(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := newLab(t, false)
		l.give(edge.OriginDynamic, 200, "one", "Cache-Control", "max-age=10, stale-while-revalidate=30")
		l.ask("GET", "/api/x")
		l.now = l.now.Add(20 * time.Second)
		gate := make(chan struct{})
		l.answers[edge.OriginDynamic] = func(r *http.Request) (*http.Response, error) {
			<-gate
			return answer(r, 200, "two", "Cache-Control", "max-age=10, stale-while-revalidate=30"), nil
		}
		// Nobody waits for the origin, and it is asked once.
		l.want(l.ask("GET", "/api/x"), "200 Hit one")
		w := httptest.NewRecorder()
		l.ServeHTTP(w, httptest.NewRequest("GET", "https://example.com/api/x", nil))
		l.want(w, "200 Hit one")
		synctest.Wait()
		l.wantAsked("renderer GET /api/x")
		close(gate)
		l.Wait()
		l.want(l.ask("GET", "/api/x"), "200 Hit two")
		l.now = l.now.Add(41 * time.Second)
		l.want(l.ask("GET", "/api/x"), "200 Miss two")
	})
}

// Many readers of an object that is not there yet are one request.
func TestCollapse(t *testing.T) {
	const readers = 20
	for _, tt := range []struct {
		name, control string
		asked         int
	}{
		{"cacheable", "max-age=60", 1},
		{"no-store", "no-store", readers},
		{"private", "private, max-age=60", readers},
		{"no age", "max-age=0", readers},
		{"says nothing", "", readers},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				l := newLab(t, false)
				gate := make(chan struct{})
				l.answers[edge.OriginDynamic] = func(r *http.Request) (*http.Response, error) {
					select {
					case <-gate:
						return answer(r, 200, "x", "Cache-Control", tt.control), nil
					case <-r.Context().Done():
						return nil, r.Context().Err()
					}
				}
				results := make(chan string, readers)
				first, leave := context.WithCancel(t.Context())
				for i := range readers {
					ctx := t.Context()
					if i == 0 {
						ctx = first
					}
					go func() {
						w := httptest.NewRecorder()
						l.ServeHTTP(w, httptest.NewRequestWithContext(ctx, "GET", "https://example.com/api/x", nil))
						results <- fmt.Sprint(w.Code, w.Header().Get("X-Cache"))
					}()
					if i == 0 {
						synctest.Wait()
					}
				}
				synctest.Wait()
				if len(l.asked) != 1 {
					t.Fatalf("asked %d times while the first was under way", len(l.asked))
				}
				leave() // the first reader goes; the others still get their answer
				synctest.Wait()
				close(gate)
				count := map[string]int{}
				for range readers {
					count[<-results]++
				}
				if len(l.asked) != tt.asked {
					t.Errorf("asked %d times, want %d", len(l.asked), tt.asked)
				}
				if got := count["200Miss from cloudfront"]; got != tt.asked {
					t.Errorf("answers: %v", count)
				}
			})
		})
	}
}

// Nor may readers share the confirmation of an object that must be confirmed
// for each.
func TestConfirmationIsNotShared(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := newLab(t, false)
		l.give(edge.OriginDynamic, 200, "x", "Cache-Control", "max-age=0", "Etag", `"1"`)
		l.ask("GET", "/api/x")
		gate := make(chan struct{})
		l.asked = nil
		l.answers[edge.OriginDynamic] = func(r *http.Request) (*http.Response, error) {
			<-gate
			return answer(r, 304, "", "Cache-Control", "max-age=0", "Etag", `"1"`), nil
		}
		var readers sync.WaitGroup
		for range 3 {
			readers.Go(func() {
				w := httptest.NewRecorder()
				l.ServeHTTP(w, httptest.NewRequest("GET", "https://example.com/api/x", nil))
				l.want(w, "200 RefreshHit x")
			})
		}
		synctest.Wait()
		close(gate)
		readers.Wait()
		if len(l.asked) != 3 {
			t.Errorf("asked %q", l.asked)
		}
	})
}
