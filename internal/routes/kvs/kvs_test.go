package kvs_test

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"

	"github.com/victorleungtw/blog/internal/routes"
	"github.com/victorleungtw/blog/internal/routes/kvs"
	"github.com/victorleungtw/blog/internal/routes/kvsfake"
	"github.com/victorleungtw/blog/internal/routes/routestest"
)

func open(t *testing.T, cfg aws.Config, arn string) *kvs.Table {
	t.Helper()
	table, err := kvs.New(cfg, arn)
	if err != nil {
		t.Fatal(err)
	}
	return table
}

func start(t *testing.T) (*kvsfake.Server, *kvs.Table) {
	t.Helper()
	s := kvsfake.Start(t)
	return s, open(t, s.Config(), s.ARN)
}

func TestConformance(t *testing.T) {
	routestest.Run(t, func(t *testing.T) routes.Table {
		_, table := start(t)
		return table
	})
}

func TestNewRefuses(t *testing.T) {
	for _, arn := range []string{
		"", "8562a61f-caba-2845-9d99-b97d1ae5d3c0", "arn:aws:s3:::bucket",
		"arn:aws:cloudfront::123456789012:distribution/E1", "arn:aws:cloudfront:::key-value-store/x",
	} {
		if _, err := kvs.New(aws.Config{}, arn); err == nil || !strings.Contains(err.Error(), "hint:") {
			t.Errorf("New(%q): %v, want an error with a hint", arn, err)
		}
	}
}

// A store that is not there is not an empty table.
func TestNoSuchStore(t *testing.T) {
	s := kvsfake.Start(t)
	table := open(t, s.Config(), s.ARN[:len(s.ARN)-1]+"f")
	for name, call := range map[string]func() error{
		"Version": func() error { _, err := table.Version(t.Context()); return err },
		"Get":     func() error { _, _, err := table.Get(t.Context(), "k"); return err },
		"All":     func() error { _, err := table.All(t.Context()); return err },
		"Update": func() error {
			_, err := table.Update(t.Context(), "KV", map[string]string{"k": "1"}, nil)
			return err
		},
		"Update with deletes": func() error {
			_, err := table.Update(t.Context(), "KV", map[string]string{"k": "1"}, []string{"l"})
			return err
		},
	} {
		if err := call(); err == nil || !strings.Contains(err.Error(), "no such store") {
			t.Errorf("%s: %v, want an error that says there is no such store", name, err)
		}
	}
}

func TestAnswers(t *testing.T) {
	s, table := start(t)
	etag, err := table.Version(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	contract := []error{routes.ErrStale, routes.ErrLimit, fs.ErrPermission}
	for _, test := range []struct {
		status        int
		code, message string
		want          error // nil: none of the contract's
		says          string
	}{
		{400, "ValidationException", "Pre-Condition failed", routes.ErrStale, ""},
		{400, "ValidationException", "Pre-condition failed: the ETag is not current", routes.ErrStale, ""},
		{400, "ValidationException", "1 validation error detected", nil, "1 validation error"},
		{409, "ConflictException", "Resource is not in expected state", routes.ErrStale, ""},
		{402, "ServiceQuotaExceededException", "Limit exceeded", routes.ErrLimit, "Limit exceeded"},
		{403, "AccessDeniedException", "not authorized", fs.ErrPermission, "regional STS"},
		{404, "ResourceNotFoundException", "not found", nil, "no such store"},
		{500, "InternalServerException", "oops", nil, "oops"},
	} {
		s.Wrap(func(http.Handler) http.Handler {
			return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				kvsfake.Error(w, test.status, test.code, test.message)
			})
		})
		_, err := table.Update(t.Context(), etag, map[string]string{"k": "1"}, nil)
		if err == nil {
			t.Errorf("%s: no error", test.code)
			continue
		}
		for _, e := range contract {
			if errors.Is(err, e) != (e == test.want) {
				t.Errorf("%s %s: %v\nwraps %q: %v", test.code, test.message, err, e, e != test.want)
			}
		}
		if !strings.Contains(err.Error(), test.says) {
			t.Errorf("%s: %v\nwant a message with %q", test.code, err, test.says)
		}
		if _, ok, err := table.Get(t.Context(), "k"); test.code != "ResourceNotFoundException" && (ok || err == nil) {
			t.Errorf("%s: Get = %v, %v; want an error", test.code, ok, err)
		}
	}
}

// The change was made and its answer was lost: the second try finds another
// ETag. The package comment says what a caller makes of it.
func TestLostAnswer(t *testing.T) {
	s, table := start(t)
	etag, err := table.Version(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	var tries atomic.Int32
	s.Wrap(func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if r.Method != "POST" || tries.Add(1) > 1 {
				next.ServeHTTP(w, r)
				return
			}
			next.ServeHTTP(httptest.NewRecorder(), r)
			panic(http.ErrAbortHandler)
		})
	})
	if _, err := table.Update(t.Context(), etag, map[string]string{"k": "1"}, nil); !errors.Is(err, routes.ErrStale) {
		t.Errorf("Update: %v, want ErrStale", err)
	}
	if v, ok, err := table.Get(t.Context(), "k"); err != nil || !ok || v != "1" {
		t.Errorf("Get = %q, %v, %v; want the change that was made", v, ok, err)
	}
	if n := tries.Load(); n != 2 {
		t.Errorf("%d tries, want 2", n)
	}
}

func TestTriesAgain(t *testing.T) {
	s, table := start(t)
	var tries atomic.Int32
	s.Wrap(func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if tries.Add(1)%3 != 0 {
				kvsfake.Error(w, 500, "InternalServerException", "for now")
				return
			}
			next.ServeHTTP(w, r)
		})
	})
	etag, err := table.Version(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if _, err := table.Update(t.Context(), etag, map[string]string{"k": "1"}, nil); err != nil {
		t.Fatal(err)
	}
	if v, ok, err := table.Get(t.Context(), "k"); err != nil || !ok || v != "1" {
		t.Errorf("Get = %q, %v, %v", v, ok, err)
	}
}

// A small publish is one request, a read of a table of n keys is n/50 and the
// two that tell whether it changed.
func TestNumberOfRequests(t *testing.T) {
	s, table := start(t)
	var n atomic.Int32
	s.Wrap(func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			n.Add(1)
			next.ServeHTTP(w, r)
		})
	})
	count := func(what string, want int32, call func() error) {
		t.Helper()
		n.Store(0)
		if err := call(); err != nil {
			t.Fatalf("%s: %v", what, err)
		}
		if got := n.Load(); got != want {
			t.Errorf("%s: %d requests, want %d", what, got, want)
		}
	}
	var etag string
	var err error
	count("Version", 1, func() error { etag, err = table.Version(t.Context()); return err })
	for batch := range 3 {
		puts := map[string]string{}
		for i := range routes.MaxUpdate {
			puts[fmt.Sprint(batch, "/", i)] = "1:-"
		}
		count("Update", 1, func() error { etag, err = update(t.Context(), table, etag, puts, nil); return err })
	}
	count("Update that deletes", 1, func() error {
		etag, err = update(t.Context(), table, etag, nil, []string{"0/0", "0/1"})
		return err
	})
	count("Get", 1, func() error { _, _, err := table.Get(t.Context(), "0/2"); return err })
	count("Get of nothing", 1, func() error { _, _, err := table.Get(t.Context(), "none"); return err })
	count("All", 3+2, func() error { _, err := table.All(t.Context()); return err })
}

// All gives up when the table never stands still.
func TestAllOfATableThatChanges(t *testing.T) {
	s, table := start(t)
	other := open(t, s.Config(), s.ARN)
	var changes, busy atomic.Int32
	s.Wrap(func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			next.ServeHTTP(w, r)
			if r.Method == "GET" && strings.HasSuffix(r.URL.Path, "/keys") && busy.CompareAndSwap(0, 1) {
				etag, err := other.Version(t.Context())
				if err == nil {
					_, err = other.Update(t.Context(), etag, map[string]string{"k": fmt.Sprint(changes.Add(1))}, nil)
				}
				if err != nil {
					t.Error(err)
				}
				busy.Store(0)
			}
		})
	})
	if all, err := table.All(t.Context()); !errors.Is(err, routes.ErrStale) {
		t.Errorf("All = %v, %v; want ErrStale", all, err)
	}
	if n := changes.Load(); n < 2 {
		t.Errorf("All gave up after %d changes", n)
	}
}

type roundTrip func(*http.Request) (*http.Response, error)

func (f roundTrip) Do(r *http.Request) (*http.Response, error) { return f(r) }

// Without an endpoint of the tests' own, requests go to the account's.
func TestEndpoint(t *testing.T) {
	s := kvsfake.Start(t)
	cfg := s.Config()
	cfg.BaseEndpoint = nil
	var got *http.Request
	cfg.HTTPClient = roundTrip(func(r *http.Request) (*http.Response, error) {
		got = r
		return nil, errors.New("no network here")
	})
	if _, _, err := open(t, cfg, s.ARN).Get(t.Context(), "www/a b/é"); err == nil {
		t.Fatal("no error")
	}
	const want = "https://123456789012.cloudfront-kvs.global.api.aws/key-value-stores/" +
		"arn%3Aaws%3Acloudfront%3A%3A123456789012%3Akey-value-store%2F8562a61f-caba-2845-9d99-b97d1ae5d3c0/keys/www%2Fa%20b%2F%C3%A9"
	if got.URL.String() != want {
		t.Errorf("the request goes to %s\nwant %s", got.URL, want)
	}
	if token := got.Header.Get("X-Amz-Security-Token"); token != "token" {
		t.Errorf("X-Amz-Security-Token: %q", token)
	}
}

func update(ctx context.Context, table routes.Table, etag string, puts map[string]string, deletes []string) (string, error) {
	now, err := table.Update(ctx, etag, puts, deletes)
	return now.ETag, err
}
