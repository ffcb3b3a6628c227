package faultproxy_test

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/smithy-go"

	"github.com/victorleungtw/blog/internal/faultproxy"
	"github.com/victorleungtw/blog/internal/store/lab"
)

// backend is a server that notes what it carried out.
type backend struct {
	*httptest.Server
	mu   sync.Mutex
	done []string
}

func (b *backend) log() []string {
	b.mu.Lock()
	defer b.mu.Unlock()
	done := b.done
	b.done = nil
	return done
}

func newBackend(t *testing.T) *backend {
	b := &backend{}
	b.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			t.Errorf("the backend got half a body: %v", err)
		}
		b.mu.Lock()
		defer b.mu.Unlock()
		b.done = append(b.done, fmt.Sprintf("%s %s %s %d", r.Method, r.Host, r.URL.EscapedPath(), len(body)))
		if r.URL.Path == "/b/refused" {
			w.WriteHeader(http.StatusForbidden)
		}
		w.Write(bytes.Repeat([]byte("x"), 1000))
	}))
	t.Cleanup(b.Close)
	return b
}

func start(t *testing.T, o faultproxy.Options) *faultproxy.Proxy {
	t.Helper()
	p, err := faultproxy.Start(o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { p.Close() })
	return p
}

// client trusts the proxy, and never tries again by itself: net/http does so
// for a GET on a connection that was used before, so none is used twice.
func client(t *testing.T, p *faultproxy.Proxy, reuse bool) *http.Client {
	t.Helper()
	tr := &http.Transport{DisableKeepAlives: !reuse, DisableCompression: true}
	t.Cleanup(tr.CloseIdleConnections)
	if strings.HasPrefix(p.URL(), "https:") {
		file := filepath.Join(t.TempDir(), "ca.pem")
		if err := p.CertFile(file); err != nil {
			t.Fatal(err)
		}
		pem, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		roots := x509.NewCertPool()
		if !roots.AppendCertsFromPEM(pem) {
			t.Fatal("no certificate in the file")
		}
		tr.TLSClientConfig = &tls.Config{RootCAs: roots}
	}
	return &http.Client{Transport: tr}
}

// send returns the answer's status, body, and the error of either.
func send(c *http.Client, method, url, body string, header ...string) (int, string, error) {
	req, err := http.NewRequest(method, url, strings.NewReader(body))
	if err != nil {
		return 0, "", err
	}
	for i := 0; i < len(header); i += 2 {
		req.Header.Set(header[i], header[i+1])
	}
	resp, err := c.Do(req)
	if err != nil {
		return 0, "", err
	}
	defer resp.Body.Close()
	got, err := io.ReadAll(resp.Body)
	return resp.StatusCode, string(got), err
}

// What goes through is counted, and is what was sent, the Host header too.
func TestPassesAndCounts(t *testing.T) {
	for _, o := range []faultproxy.Options{{}, {TLS: true}, {RTT: time.Millisecond}, {TLS: true, RTT: time.Millisecond}} {
		t.Run(fmt.Sprintf("%v %v", o.TLS, o.RTT), func(t *testing.T) {
			b := newBackend(t)
			o.Backend = b.URL
			p := start(t, o)
			c := client(t, p, true)
			big := strings.Repeat("y", 3<<20)
			for _, tt := range []struct{ method, path, body string }{
				{"PUT", "/b/k%2Fa%20b", big}, {"GET", "/b/k", ""}, {"GET", "/b/k", ""}, {"GET", "/b/?list-type=2", ""},
			} {
				if status, body, err := send(c, tt.method, p.URL()+tt.path, tt.body); err != nil || status != 200 || len(body) != 1000 {
					t.Fatalf("%s %s: %d, %d bytes, %v", tt.method, tt.path, status, len(body), err)
				}
			}
			_, host, _ := strings.Cut(p.URL(), "//")
			if got, want := b.log()[0], fmt.Sprintf("PUT %s /b/k%%2Fa%%20b %d", host, len(big)); got != want {
				t.Errorf("the backend got %q, want %q", got, want)
			}
			n := p.Reset()
			if want := map[string]int{faultproxy.PutObject: 1, faultproxy.GetObject: 2, faultproxy.List: 1}; !maps.Equal(n.Requests, want) {
				t.Errorf("requests: %v, want %v", n.Requests, want)
			}
			if n.Up != int64(len(big)) || n.Down != 4000 || n.Conns != 1 || n.Peak != 1 {
				t.Errorf("%+v", n)
			}
			// The headers, and the frames of TLS, are a little.
			if n.WireUp <= n.Up || n.WireUp > n.Up+n.Up/100 || n.WireDown <= n.Down || n.WireDown > n.Down+4000 {
				t.Errorf("on the wire: %d up, %d down", n.WireUp, n.WireDown)
			}
			if n := p.Counts(); n.Total() != 0 || n.Conns != 0 {
				t.Errorf("after Reset: %+v", n)
			}
		})
	}
}

// Answers take as many round trips as they should, at least: more is the
// machine's business.
func TestDistance(t *testing.T) {
	const rtt = 40 * time.Millisecond
	for _, tt := range []struct {
		tls   bool
		first time.Duration
	}{{false, 2 * rtt}, {true, 3 * rtt}} {
		p := start(t, faultproxy.Options{Backend: newBackend(t).URL, RTT: rtt, TLS: tt.tls})
		c := client(t, p, true)
		for _, want := range []time.Duration{tt.first, rtt} {
			begin := time.Now()
			if _, _, err := send(c, "GET", p.URL()+"/b/k", ""); err != nil {
				t.Fatal(err)
			}
			took := time.Since(begin)
			t.Logf("TLS %v: %v, where the model says %v", tt.tls, took.Round(time.Millisecond), want)
			if took < want {
				t.Errorf("TLS %v: an answer after %v, before light could bring it in %v", tt.tls, took, want)
			}
		}
	}
}

func TestPeak(t *testing.T) {
	all := make(chan struct{})
	var here sync.WaitGroup
	here.Add(5)
	s := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { here.Done(); <-all }))
	t.Cleanup(s.Close)
	p := start(t, faultproxy.Options{Backend: s.URL})
	c := client(t, p, false)
	var wg sync.WaitGroup
	for range 5 {
		wg.Go(func() {
			if _, _, err := send(c, "GET", p.URL()+"/b/k", ""); err != nil {
				t.Error(err)
			}
		})
	}
	here.Wait()
	close(all)
	wg.Wait()
	if n := p.Counts(); n.Peak != 5 || n.Conns != 5 {
		t.Errorf("%d at once on %d connections, want 5 on 5", n.Peak, n.Conns)
	}
}

func TestKinds(t *testing.T) {
	const store = "/key-value-stores/arn%3Aaws%3Acloudfront%3A%3A1%3Akey-value-store%2Fx"
	for request, want := range map[string]string{
		"PUT /b/page/ab":                              faultproxy.PutObject,
		"GET /b/page/ab":                              faultproxy.GetObject,
		"HEAD /b/page/ab":                             faultproxy.HeadObject,
		"DELETE /b/page/ab":                           faultproxy.DeleteObject,
		"GET /b?list-type=2&prefix=page%2F":           faultproxy.List,
		"GET /b/?list-type=2":                         faultproxy.List,
		"GET /b?prefix=x&delimiter=%2F":               faultproxy.List,
		"PUT /b":                                      "PUT other",
		"GET /b?location=":                            "GET other",
		"POST /b?delete=":                             "POST other",
		"GET " + store:                                faultproxy.DescribeKVS,
		"GET " + store + "/keys?MaxResults=50":        faultproxy.ListKeys,
		"GET " + store + "/keys/www%2Fa":              faultproxy.GetKey,
		"POST " + store + "/keys":                     faultproxy.UpdateKeys,
		"POST /2015-03-31/functions/blog/invocations": faultproxy.Invoke,
	} {
		method, path, _ := strings.Cut(request, " ")
		if got := faultproxy.KindOf(httptest.NewRequest(method, path, nil)); got != want {
			t.Errorf("%s is %q, want %q", request, got, want)
		}
	}
}

const kvs = "/key-value-stores/arn/keys"

// Each fault is what it says: to the client, and to the backend.
func TestFaults(t *testing.T) {
	b := newBackend(t)
	reset := func(status int, _ string, err error) bool { return errors.Is(err, syscall.ECONNRESET) }
	says := func(want int, code string) func(int, string, error) bool {
		return func(status int, body string, err error) bool {
			return err == nil && status == want && strings.Contains(body, code)
		}
	}
	for _, tt := range []struct {
		fault        faultproxy.Fault
		method, path string
		done         int // what the backend carries out
		ok           func(status int, body string, err error) bool
	}{
		{faultproxy.SlowDown, "PUT", "/b/k", 0, says(503, "<Code>SlowDown</Code>")},
		{faultproxy.SlowDown, "POST", kvs, 0, says(429, "Rate exceeded")},
		{faultproxy.ResetBefore, "PUT", "/b/k", 0, reset},
		{faultproxy.ResetAfter, "PUT", "/b/k", 1, reset},
		{faultproxy.ErrorAfter, "PUT", "/b/k", 1, says(500, "<Code>InternalError</Code>")},
		{faultproxy.ErrorAfter, "POST", kvs, 1, says(500, "Internal server error")},
		{faultproxy.Truncate, "GET", "/b/k", 1, func(status int, body string, err error) bool {
			return status == 200 && len(body) == 500 && errors.Is(err, io.ErrUnexpectedEOF)
		}},
		{faultproxy.Truncate, "PUT", "/b/k", 1, says(200, "xxx")}, // an answer without a body of interest
		{faultproxy.Conflict, "PUT", "/b/k", 0, says(409, "<Code>ConditionalRequestConflict</Code>")},
		{faultproxy.Conflict, "POST", kvs, 0, says(409, "not in expected state")},
		{faultproxy.Conflict, "GET", "/b/k", 1, says(200, "xxx")},
		{faultproxy.LostReply, "PUT", "/b/k", 1, says(412, "<Code>PreconditionFailed</Code>")},
		{faultproxy.LostReply, "PUT", "/b/refused", 1, says(403, "xxx")},
		{faultproxy.LostReply, "POST", kvs, 1, says(400, "Pre-Condition failed")},
		{faultproxy.Delay, "PUT", "/b/k", 1, says(200, "xxx")},
	} {
		for _, secure := range []bool{false, true} {
			p := start(t, faultproxy.Options{Backend: b.URL, TLS: secure, Faults: &faultproxy.Plan{
				Rates: map[faultproxy.Fault]float64{tt.fault: 1}, Delay: time.Millisecond,
			}})
			c := client(t, p, false)
			b.log()
			status, body, err := send(c, tt.method, p.URL()+tt.path, "hello", "If-Match", `"x"`)
			if !tt.ok(status, body, err) {
				t.Errorf("%s, %s %s: %d %q %v", tt.fault, tt.method, tt.path, status, body, err)
			}
			if got := b.log(); len(got) != tt.done {
				t.Errorf("%s, %s %s: the backend carried out %q, want %d", tt.fault, tt.method, tt.path, got, tt.done)
			}
			p.SetFaults(nil)
			if status, _, err := send(c, "GET", p.URL()+"/b/k", ""); err != nil || status != 200 {
				t.Errorf("after %s: %d %v", tt.fault, status, err)
			}
		}
	}
}

// The same seed and the same requests have the same faults, at the rates that
// were asked for; another seed has others.
func TestSeed(t *testing.T) {
	b := newBackend(t)
	run := func(seed uint64, bucket string) (outcome string, faults map[faultproxy.Fault]int) {
		plan := faultproxy.Every(seed, 0.05)
		plan.Delay = 0
		p := start(t, faultproxy.Options{Backend: b.URL, Faults: plan})
		c := client(t, p, false)
		for i := range 400 {
			status, _, err := send(c, "PUT", fmt.Sprintf("%s/%s/%d", p.URL(), bucket, i%7), "hello", "If-None-Match", "*")
			outcome += fmt.Sprint(status, err != nil, " ")
		}
		return outcome, p.Counts().Faults
	}
	first, faults := run(7, "b")
	if again, _ := run(7, "c"); again != first {
		t.Error("the same seed went otherwise")
	}
	if other, _ := run(8, "b"); other == first {
		t.Error("another seed went the same way")
	}
	for _, f := range faultproxy.AllFaults() {
		// 20 are expected of each, but for Truncate, which a write cannot have.
		if n := faults[f]; (f == faultproxy.Truncate) != (n == 0) || n > 50 {
			t.Errorf("%s: %d of 400", f, n)
		}
	}
}

// Those who listen hear of every request, and of what the backend made of it.
func TestListeners(t *testing.T) {
	var mu sync.Mutex
	var heard []string
	hear := func(format string, a ...any) {
		mu.Lock()
		defer mu.Unlock()
		heard = append(heard, fmt.Sprintf(format, a...))
	}
	p := start(t, faultproxy.Options{
		Backend:  newBackend(t).URL,
		Arrived:  func(r *http.Request, kind string) { hear("%s %s", kind, r.URL.Path) },
		Answered: func(r *http.Request, kind string, status int) { hear("%s %d", kind, status) },
	})
	c := client(t, p, false)
	for _, f := range []faultproxy.Fault{faultproxy.ResetBefore, faultproxy.ResetAfter} {
		p.SetFaults(&faultproxy.Plan{Rates: map[faultproxy.Fault]float64{f: 1}})
		send(c, "PUT", p.URL()+"/b/k", "") // its end is TestFaults' business
	}
	mu.Lock()
	defer mu.Unlock()
	if want := []string{"PUT object /b/k", "PUT object /b/k", "PUT object 200"}; !slices.Equal(heard, want) {
		t.Errorf("heard %q, want %q", heard, want)
	}
}

func TestOnly(t *testing.T) {
	p := start(t, faultproxy.Options{Backend: newBackend(t).URL, Faults: &faultproxy.Plan{
		Rates: map[faultproxy.Fault]float64{faultproxy.SlowDown: 1},
		Only:  func(r *http.Request, kind string) bool { return kind == faultproxy.PutObject },
	}})
	c := client(t, p, true)
	for method, want := range map[string]int{"PUT": 503, "GET": 200} {
		if status, _, err := send(c, method, p.URL()+"/b/k", ""); err != nil || status != want {
			t.Errorf("%s: %d %v, want %d", method, status, err, want)
		}
	}
}

func TestDown(t *testing.T) {
	b := newBackend(t)
	p := start(t, faultproxy.Options{Backend: b.URL})
	c := client(t, p, true)
	get := func() error { _, _, err := send(c, "PUT", p.URL()+"/b/k", ""); return err }
	if err := get(); err != nil {
		t.Fatal(err)
	}
	p.Down(false)
	for range 3 {
		if err := get(); err == nil {
			t.Error("an answer from a region that is down")
		}
	}
	p.Up()
	if err := get(); err != nil {
		t.Errorf("after Up: %v", err)
	}
	p.Down(true)
	hung := make(chan error)
	go func() { hung <- get() }()
	for p.Counts().Requests[faultproxy.PutObject] < 3 { // it has arrived
		time.Sleep(time.Millisecond)
	}
	select {
	case err := <-hung:
		t.Errorf("a region that hangs answered: %v", err)
	default:
	}
	p.Up()
	if err := <-hung; err == nil {
		t.Error("a request that hung was answered")
	}
	if n := len(b.log()); n != 2 {
		t.Errorf("%d requests came through, want 2", n)
	}
	if n := p.Counts().Refused; n < 4 {
		t.Errorf("%d refused, want 4 or more", n)
	}
}

// A real S3 server takes the signature, and a real client the errors.
func TestS3(t *testing.T) {
	endpoint, newBucket := lab.Start(t)
	bucket := newBucket(t)
	p := start(t, faultproxy.Options{Backend: endpoint, TLS: true, RTT: time.Millisecond})
	c := client(t, p, true)
	s := lab.Client(t)
	through := s3.New(s.Options(), func(o *s3.Options) {
		o.BaseEndpoint = aws.String(p.URL())
		o.HTTPClient = c
	})
	put := func() error {
		_, err := through.PutObject(context.Background(), &s3.PutObjectInput{
			Bucket: &bucket, Key: aws.String("a b/é"), Body: bytes.NewReader(make([]byte, 3<<20)), IfNoneMatch: aws.String("*"),
		})
		return err
	}
	if err := put(); err != nil {
		t.Fatal(err)
	}
	for fault, code := range map[faultproxy.Fault]string{
		faultproxy.SlowDown: "SlowDown", faultproxy.Conflict: "ConditionalRequestConflict", faultproxy.ErrorAfter: "InternalError",
	} {
		p.SetFaults(&faultproxy.Plan{Rates: map[faultproxy.Fault]float64{fault: 1}})
		var api smithy.APIError
		if err := put(); !errors.As(err, &api) || api.ErrorCode() != code {
			t.Errorf("%s: %v, want the code %s", fault, err, code)
		}
	}
	p.SetFaults(nil)
	var api smithy.APIError
	if err := put(); !errors.As(err, &api) || api.ErrorCode() != "PreconditionFailed" {
		t.Errorf("the second put: %v", err)
	}
	if n := p.Counts(); n.Conns != 1 {
		t.Errorf("%d connections for requests in a row, want 1", n.Conns)
	}
}

func TestStartRefuses(t *testing.T) {
	if _, err := faultproxy.Start(faultproxy.Options{Backend: "127.0.0.1"}); err == nil {
		t.Error("an address without a scheme was taken")
	}
	p := start(t, faultproxy.Options{Backend: "http://127.0.0.1:1"})
	if err := p.CertFile(filepath.Join(t.TempDir(), "x")); err == nil {
		t.Error("a proxy without TLS wrote a certificate")
	}
	if _, _, err := send(client(t, p, false), "GET", p.URL()+"/b/k", ""); err == nil || p.Counts().Failed != 1 {
		t.Errorf("without a backend: %v, %+v", err, p.Counts())
	}
}
