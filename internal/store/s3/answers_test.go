package s3_test

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws/ratelimit"
	"github.com/aws/aws-sdk-go-v2/aws/retry"
	"github.com/aws/aws-sdk-go-v2/credentials"
	awss3 "github.com/aws/aws-sdk-go-v2/service/s3"

	"github.com/victorleungtw/blog/internal/awsclient"
	"github.com/victorleungtw/blog/internal/store"
	"github.com/victorleungtw/blog/internal/store/s3"
)

// What the S3 server of the tests never does is answered here by hand, in the
// form that S3's documentation gives:
// https://docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html

// bucket returns a store whose requests go to h and are tried three times,
// without a pause.
func bucket(t *testing.T, server *httptest.Server) *s3.Bucket {
	t.Helper()
	t.Cleanup(server.Close)
	return s3.New(awss3.New(awss3.Options{
		BaseEndpoint: &server.URL,
		UsePathStyle: true,
		Region:       "ap-southeast-1",
		Credentials:  credentials.NewStaticCredentialsProvider("A", "S", ""),
		HTTPClient:   server.Client(),
		Retryer: retry.NewStandard(func(o *retry.StandardOptions) {
			o.MaxAttempts = 3
			o.RateLimiter = ratelimit.None
			o.Backoff = retry.BackoffDelayerFunc(func(int, error) (time.Duration, error) { return 0, nil })
		}),
	}), "blog-1-ap-southeast-1-an")
}

func answer(w http.ResponseWriter, status int, code string) {
	w.Header().Set("Content-Type", "application/xml")
	w.WriteHeader(status)
	fmt.Fprintf(w, "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<Error><Code>%s</Code><Message>said the server</Message><RequestId>R1</RequestId></Error>", code)
}

var text = store.Meta{ContentType: "text/plain"}

func TestAnswers(t *testing.T) {
	contract := []error{store.ErrNotExist, store.ErrExists, store.ErrStale, store.ErrConflict, store.ErrCorrupt, fs.ErrPermission}
	other := errors.New("an error that is none of the contract's")
	for _, test := range []struct {
		status                     int
		code                       string
		get, create, replace, list error // nil: not an answer to this request
		says                       string
	}{
		{412, "PreconditionFailed", nil, store.ErrExists, store.ErrStale, nil, ""},
		{404, "NoSuchKey", store.ErrNotExist, nil, store.ErrStale, nil, ""},
		{404, "NoSuchBucket", other, other, other, other, "check its name"},
		{409, "ConditionalRequestConflict", nil, store.ErrConflict, store.ErrConflict, nil, ""},
		{409, "OperationAborted", nil, store.ErrConflict, store.ErrConflict, nil, ""},
		{400, "BadDigest", nil, store.ErrCorrupt, store.ErrCorrupt, nil, ""},
		{400, "XAmzContentSHA256Mismatch", nil, store.ErrCorrupt, store.ErrCorrupt, nil, ""},
		{400, "InvalidRequest", other, other, other, other, "said the server"},
		{403, "AccessDenied", fs.ErrPermission, fs.ErrPermission, fs.ErrPermission, fs.ErrPermission, "s3:ListBucket"},
		{301, "PermanentRedirect", other, other, other, other, "another region"},
		{503, "SlowDown", other, other, other, other, "SlowDown"},
	} {
		t.Run(test.code, func(t *testing.T) {
			b := bucket(t, httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				io.Copy(io.Discard, r.Body)
				answer(w, test.status, test.code)
			})))
			check := func(what string, want error, request func() error) {
				t.Helper()
				if want == nil {
					return
				}
				err := request()
				if err == nil {
					t.Errorf("%s: no error", what)
					return
				}
				for _, e := range contract {
					if errors.Is(err, e) != (e == want) {
						t.Errorf("%s: %v\nwraps %q: %v", what, err, e, e != want)
					}
				}
				if text := err.Error(); !strings.Contains(text, test.says) || !strings.Contains(text, "-an/head.json") {
					t.Errorf("%s: %s\nwant the key, and %q", what, text, test.says)
				}
			}
			body := store.Bytes([]byte("x"))
			check("Get", test.get, func() error {
				_, err := b.Get(t.Context(), "head.json")
				return err
			})
			check("Create", test.create, func() error { return b.Create(t.Context(), "head.json", text, body) })
			check("Replace", test.replace, func() error {
				_, err := b.Replace(t.Context(), "head.json", text, body, `"e"`)
				return err
			})
			check("List", test.list, func() error {
				for _, err := range b.List(t.Context(), "head.json") {
					return err
				}
				return nil
			})
		})
	}
}

// counted counts the bytes that are read, again and again if need be.
type counted struct {
	*strings.Reader
	n *int64
}

func (c counted) Read(p []byte) (int, error) {
	n, err := c.Reader.Read(p)
	*c.n += int64(n)
	return n, err
}

func (c counted) WriteTo(w io.Writer) (int64, error) { return io.Copy(w, struct{ io.Reader }{c}) }
func (c counted) Close() error                       { return nil }

func countedBody(s string) (store.Body, *int64) {
	n := new(int64)
	b := store.Bytes([]byte(s))
	b.Open = func() (io.ReadSeekCloser, error) { return counted{strings.NewReader(s), n}, nil }
	return b, n
}

// The body is read once and sent as it is, under its SHA-256, with TLS and
// without.
func TestPutOnTheWire(t *testing.T) {
	content := strings.Repeat("some bytes ", 10000)
	sum := sha256.Sum256([]byte(content))
	for name, start := range map[string]func(http.Handler) *httptest.Server{
		"http":  httptest.NewServer,
		"https": httptest.NewTLSServer,
	} {
		t.Run(name, func(t *testing.T) {
			var request *http.Request
			var got []byte
			b := bucket(t, start(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				request = r
				got, _ = io.ReadAll(r.Body)
				w.Header().Set("ETag", `"e2"`)
			})))
			body, read := countedBody(content)
			m := store.Meta{ContentType: "text/html; charset=utf-8", ContentEncoding: "br", CacheControl: store.Immutable}
			tag, err := b.Replace(t.Context(), "page/a.br", m, body, `"e1"`)
			if err != nil || tag != `"e2"` {
				t.Fatalf("Replace = %s, %v", tag, err)
			}
			for header, want := range map[string]string{
				"X-Amz-Content-Sha256":         hex.EncodeToString(sum[:]),
				"X-Amz-Checksum-Sha256":        base64.StdEncoding.EncodeToString(sum[:]),
				"Content-Length":               strconv.Itoa(len(content)),
				"Content-Type":                 m.ContentType,
				"Content-Encoding":             m.ContentEncoding,
				"Cache-Control":                m.CacheControl,
				"If-Match":                     `"e1"`,
				"If-None-Match":                "",
				"X-Amz-Trailer":                "",
				"X-Amz-Decoded-Content-Length": "",
			} {
				if v := request.Header.Get(header); v != want {
					t.Errorf("%s: %q, want %q", header, v, want)
				}
			}
			if len(request.TransferEncoding) > 0 {
				t.Errorf("Transfer-Encoding: %q", request.TransferEncoding)
			}
			if signed := request.Header.Get("Authorization"); !strings.Contains(signed, "x-amz-content-sha256") || !strings.Contains(signed, "if-match") {
				t.Errorf("Authorization: %s: want the payload's hash and the condition signed", signed)
			}
			if string(got) != content {
				t.Errorf("the server got %d bytes, want the %d of the body", len(got), len(content))
			}
			if *read != int64(len(content)) {
				t.Errorf("%d bytes of the body were read, want %d: each once", *read, len(content))
			}
			if err := b.Create(t.Context(), "page/a.br", m, body); err != nil {
				t.Fatal(err)
			}
			if v := request.Header.Get("If-None-Match"); v != "*" || request.Header.Get("If-Match") != "" {
				t.Errorf("Create: If-None-Match: %q, If-Match: %q; want * and nothing", v, request.Header.Get("If-Match"))
			}
		})
	}
}

func TestPutTriesAgainWithTheWholeBody(t *testing.T) {
	var tries int
	var got []byte
	b := bucket(t, httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		got, _ = io.ReadAll(r.Body)
		if tries++; tries < 3 {
			answer(w, 503, "SlowDown")
		}
	})))
	content := strings.Repeat("x", 100000)
	if err := b.Create(t.Context(), "src/a", text, store.Bytes([]byte(content))); err != nil {
		t.Fatal(err)
	}
	if tries != 3 || string(got) != content {
		t.Errorf("%d tries, the last of %d bytes; want 3 of %d", tries, len(got), len(content))
	}
}

// The write happened and its answer was lost: the second try meets the first
// one's object. The package comment says what a caller makes of it.
func TestLostAnswer(t *testing.T) {
	stored := map[string]bool{}
	b := bucket(t, httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		io.Copy(io.Discard, r.Body)
		if stored[r.URL.Path] {
			answer(w, 412, "PreconditionFailed")
			return
		}
		stored[r.URL.Path] = true
		c, _, err := http.NewResponseController(w).Hijack()
		if err != nil {
			t.Error(err)
			return
		}
		c.Close()
	})))
	if err := b.Create(t.Context(), "src/a", text, store.Bytes([]byte("x"))); !errors.Is(err, store.ErrExists) {
		t.Errorf("Create: %v, want ErrExists", err)
	}
	if _, err := b.Replace(t.Context(), "head.json", text, store.Bytes([]byte("x")), `"e"`); !errors.Is(err, store.ErrStale) {
		t.Errorf("Replace: %v, want ErrStale", err)
	}
}

func TestGetDamaged(t *testing.T) {
	sum := sha256.Sum256([]byte("what was written"))
	for header, value := range map[string]string{
		"X-Amz-Checksum-Sha256": base64.StdEncoding.EncodeToString(sum[:]),
		// An object that something else wrote has another kind of checksum.
		"X-Amz-Checksum-Crc32": "AAAAAA==",
	} {
		var requests atomic.Int32
		b := bucket(t, httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			requests.Add(1)
			if mode := r.Header.Get("X-Amz-Checksum-Mode"); mode != "ENABLED" {
				t.Errorf("X-Amz-Checksum-Mode: %q, want ENABLED: S3 sends no checksum otherwise", mode)
			}
			w.Header().Set(header, value)
			io.WriteString(w, "what was wriTten")
		})))
		if o, err := b.Get(t.Context(), "src/a"); !errors.Is(err, store.ErrCorrupt) {
			t.Errorf("%s: Get = %v, %v; want ErrCorrupt", header, o, err)
		}
		if n := requests.Load(); n != 1 {
			t.Errorf("%s: %d requests, want 1: it is no better the second time", header, n)
		}
	}
}

// cut answers with a body that ends early, n times, and then with all of it.
func cut(n int32) (*httptest.Server, *atomic.Int32) {
	requests := new(atomic.Int32)
	return httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Length", "10")
		w.Header().Set("ETag", `"e"`)
		if requests.Add(1) <= n {
			io.WriteString(w, "0123")
			http.NewResponseController(w).Flush()
			panic(http.ErrAbortHandler)
		}
		io.WriteString(w, "0123456789")
	})), requests
}

func TestGetCutShort(t *testing.T) {
	server, requests := cut(2)
	o, err := bucket(t, server).Get(t.Context(), "src/a")
	if err != nil || string(o.Body) != "0123456789" || o.ETag != `"e"` {
		t.Errorf("Get = %v, %v; want the whole body", o, err)
	}
	if n := requests.Load(); n != 3 {
		t.Errorf("%d requests, want 3", n)
	}

	server, requests = cut(1000)
	o, err = bucket(t, server).Get(t.Context(), "src/a")
	if err == nil || !errors.Is(err, io.ErrUnexpectedEOF) {
		t.Errorf("Get = %v, %v; want io.ErrUnexpectedEOF", o, err)
	}
	if n := requests.Load(); n != 3 {
		t.Errorf("%d requests, want 3 and then an error", n)
	}
}

func TestGetWithoutChecksum(t *testing.T) {
	b := bucket(t, httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		io.WriteString(w, "x")
	})))
	if o, err := b.Get(t.Context(), "src/a"); err != nil || string(o.Body) != "x" {
		t.Errorf("Get = %v, %v", o, err)
	}
}

func setEnv(t *testing.T) {
	t.Helper()
	for name, value := range map[string]string{
		"AWS_CONFIG_FILE": "none", "AWS_SHARED_CREDENTIALS_FILE": "none", "AWS_PROFILE": "",
		"AWS_ACCESS_KEY_ID": "A", "AWS_SECRET_ACCESS_KEY": "S", "AWS_SESSION_TOKEN": "",
		"AWS_REGION": "", "AWS_DEFAULT_REGION": "", "AWS_ENDPOINT_URL": "", "AWS_ENDPOINT_URL_S3": "",
		"AWS_EC2_METADATA_DISABLED": "true",
	} {
		t.Setenv(name, value)
	}
}

func TestNewClientNeedsARegion(t *testing.T) {
	setEnv(t)
	if _, err := s3.NewClient(t.Context(), s3.Options{}); err == nil || !strings.Contains(err.Error(), "AWS_REGION") {
		t.Errorf("NewClient: %v, want an error that says how to name a region", err)
	}
	t.Setenv("AWS_REGION", "ap-east-1")
	c, err := s3.NewClient(t.Context(), s3.Options{})
	if err != nil || c.Options().Region != "ap-east-1" || c.Options().UsePathStyle || c.Options().BaseEndpoint != nil {
		t.Errorf("NewClient: %v", err)
	}
	if n := c.Options().Retryer.MaxAttempts(); n != awsclient.Attempts {
		t.Errorf("%d attempts, want %d", n, awsclient.Attempts)
	}
}

// A worker keeps its connection.
func TestNewClientKeepsConnections(t *testing.T) {
	setEnv(t)
	const workers, rounds = 40, 6
	var conns, arrived atomic.Int32
	together := make(chan chan struct{}, 1) // this round's signal that all have arrived
	server := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		io.Copy(io.Discard, r.Body)
		all := <-together
		together <- all
		if arrived.Add(1)%workers == 0 {
			close(all)
		}
		<-all // so that every worker needs a connection of its own
	}))
	server.Config.ConnState = func(_ net.Conn, state http.ConnState) {
		if state == http.StateNew {
			conns.Add(1)
		}
	}
	server.Start()
	defer server.Close()
	c, err := s3.NewClient(t.Context(), s3.Options{Region: "us-east-1", Endpoint: server.URL, PathStyle: true})
	if err != nil {
		t.Fatal(err)
	}
	b := s3.New(c, "bucket")
	for range rounds {
		together <- make(chan struct{})
		var wg sync.WaitGroup
		for i := range workers {
			wg.Go(func() {
				if err := b.Create(t.Context(), "src/"+strconv.Itoa(i), text, store.Bytes([]byte("x"))); err != nil {
					t.Error(err)
				}
			})
		}
		wg.Wait()
		<-together
	}
	// With the SDK's default of 10 idle connections it is 40 + 5·30 = 190.
	// Some are not back in time for the next round.
	if n := conns.Load(); n > 2*workers {
		t.Errorf("%d connections for %d workers", n, workers)
	}
}
