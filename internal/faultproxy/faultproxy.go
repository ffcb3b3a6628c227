// Package faultproxy stands between a client and an S3 server, a
// KeyValueStore or a renderer, for tests and benchmarks: it adds distance,
// counts, and makes trouble.
//
//	p, err := faultproxy.Start(faultproxy.Options{Backend: endpoint, RTT: 20 * time.Millisecond})
//	defer p.Close()
//	… give the client p.URL() for its endpoint …
//	fmt.Println(p.Counts())
//
// It is an HTTP/1.1 reverse proxy on a loopback address, with TLS 1.3 on demand
// (a client trusts CertFile, which the AWS SDKs take from AWS_CA_BUNDLE). The
// request goes on as it came, its Host header too: a signature names the host
// that the client called, and the backend verifies it against that.
//
// # Distance
//
// Every byte arrives half of RTT after it was sent, each way, under TLS. What
// is on its way is not waited for, as on a real line, up to 2 MiB a direction
// and connection. The first byte of a connection arrives one RTT later still,
// because a client on loopback does not wait for the TCP handshake that it
// would pay for elsewhere. So a first answer takes two RTT over HTTP and three
// over HTTPS (TLS 1.3 costs one by itself), the next on the same connection
// one. There is no bandwidth limit, slow start, loss or jitter.
//
// # Counting
//
// Requests are counted by what they ask for (Kind), also those that a fault
// answered; bytes as bodies and as what TCP carried, headers and TLS included;
// connections; and how many requests were open at once at most.
//
// # Faults
//
// A Plan says which share of the requests go wrong, and how (Fault). Whether a
// request does follows from the seed, its method and path (without a bucket), and
// how many of that method and path were before it, and from nothing else: a
// printed seed makes the same trouble for the same requests again. Two proxies
// that should not fail alike take two seeds. Down takes the backend away as
// a whole, for as long as one likes.
package faultproxy

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"log"
	"maps"
	"net"
	"net/http"
	"net/url"
	"os"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

// Options say what a proxy is like. Only Backend is required.
type Options struct {
	Backend string        // "http://127.0.0.1:41873"
	TLS     bool          // answer over HTTPS
	RTT     time.Duration // see the package comment
	Faults  *Plan         // nil: none
	// Arrived, if given, is told of each request before anything happens to it,
	// and Answered of what the backend made of it, whatever the client is told
	// then. Both may be called by several requests at once.
	Arrived  func(r *http.Request, kind string)
	Answered func(r *http.Request, kind string, status int)
}

// Proxy is a running proxy.
type Proxy struct {
	options  Options
	backend  *url.URL
	listener *listener
	server   *http.Server
	forward  *http.Transport
	cert     *certificate

	plan atomic.Pointer[running]
	down atomic.Pointer[outage]

	mu     sync.Mutex
	counts Counts
	open   int // requests under way
}

// Counts is what went through a proxy.
type Counts struct {
	Requests map[string]int // by Kind
	Faults   map[Fault]int
	// Up and Down are bytes of bodies, WireUp and WireDown all that TCP
	// carried, to the backend and from it.
	Up, Down, WireUp, WireDown int64
	Conns                      int // that clients opened
	Peak                       int // most requests at once
	Failed                     int // requests that the backend did not answer
	Refused                    int // requests and connections while Down
}

// Total is the number of requests.
func (c Counts) Total() int {
	n := 0
	for _, v := range c.Requests {
		n += v
	}
	return n
}

// Start starts a proxy on a free port of 127.0.0.1.
func Start(o Options) (*Proxy, error) {
	backend, err := url.Parse(o.Backend)
	if err != nil || backend.Host == "" {
		return nil, fmt.Errorf("the backend %q is not a URL such as http://127.0.0.1:7070", o.Backend)
	}
	tcp, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	p := &Proxy{
		options: o,
		backend: backend,
		forward: &http.Transport{
			MaxIdleConns: 1024, MaxIdleConnsPerHost: 1024, IdleConnTimeout: time.Minute,
			DisableCompression: true, // the backend's answer, byte for byte
		},
	}
	p.counts = empty()
	p.listener = &listener{Listener: tcp, proxy: p, rtt: o.RTT, open: map[*conn]bool{}}
	p.SetFaults(o.Faults)
	p.server = &http.Server{
		Handler:  http.HandlerFunc(p.serve),
		ErrorLog: log.New(io.Discard, "", 0), // handshakes that a client left
		ConnContext: func(ctx context.Context, c net.Conn) context.Context {
			if t, ok := c.(*tls.Conn); ok {
				c = t.NetConn()
			}
			return context.WithValue(ctx, connKey{}, c)
		},
	}
	var l net.Listener = p.listener
	if o.TLS {
		if p.cert, err = newCertificate(); err != nil {
			tcp.Close()
			return nil, err
		}
		l = tls.NewListener(l, &tls.Config{Certificates: []tls.Certificate{p.cert.pair}, MinVersion: tls.VersionTLS13})
	}
	go p.server.Serve(l) // ends with ErrServerClosed at Close
	return p, nil
}

type connKey struct{}

// URL is where clients find the proxy.
func (p *Proxy) URL() string {
	scheme := "http"
	if p.cert != nil {
		scheme = "https"
	}
	return scheme + "://" + p.listener.Addr().String()
}

// CertFile writes the certificate that clients of a proxy with TLS must trust,
// in PEM, to a file.
func (p *Proxy) CertFile(path string) error {
	if p.cert == nil {
		return errors.New("the proxy has no TLS, and so no certificate")
	}
	return os.WriteFile(path, p.cert.pem, 0o644)
}

// Close ends the proxy and all connections.
func (p *Proxy) Close() error {
	p.Up()
	err := p.server.Close()
	p.listener.resetAll()
	p.forward.CloseIdleConnections()
	return err
}

func empty() Counts { return Counts{Requests: map[string]int{}, Faults: map[Fault]int{}} }

// Counts returns what went through since the start or the last Reset.
func (p *Proxy) Counts() Counts {
	p.mu.Lock()
	defer p.mu.Unlock()
	c := p.counts
	c.Requests, c.Faults = maps.Clone(c.Requests), maps.Clone(c.Faults)
	return c
}

// Reset begins to count anew, and returns what was counted. Connections that
// are open stay open, and are not counted again.
func (p *Proxy) Reset() Counts {
	p.mu.Lock()
	defer p.mu.Unlock()
	c := p.counts
	p.counts = empty()
	p.counts.Peak = p.open
	return c
}

func (p *Proxy) count(f func(c *Counts)) {
	p.mu.Lock()
	defer p.mu.Unlock()
	f(&p.counts)
}

// serve answers one request.
func (p *Proxy) serve(w http.ResponseWriter, r *http.Request) {
	kind := KindOf(r)
	p.count(func(c *Counts) {
		c.Requests[kind]++
		p.open++
		c.Peak = max(c.Peak, p.open)
	})
	defer p.count(func(*Counts) { p.open-- })
	if p.options.Arrived != nil {
		p.options.Arrived(r, kind)
	}
	if out := p.down.Load(); out != nil {
		p.refuse(r, out)
	}
	fault, delay := p.plan.Load().choose(r, kind)
	if fault != "" {
		p.count(func(c *Counts) { c.Faults[fault]++ })
	}
	if delay > 0 && !pause(r.Context(), delay) {
		abort(r)
	}
	switch fault {
	case ResetBefore:
		abort(r)
	case SlowDown, Conflict:
		// The body is read, as a server does that means to keep the
		// connection.
		n, _ := io.Copy(io.Discard, r.Body)
		p.count(func(c *Counts) { c.Up += n })
		p.answer(w, r, kind, fault)
		return
	}
	resp, err := p.ask(r)
	if err == nil && p.options.Answered != nil {
		p.options.Answered(r, kind, resp.StatusCode)
	}
	if out := p.down.Load(); out != nil {
		if err == nil {
			resp.Body.Close()
		}
		p.refuse(r, out) // it was carried out, and the answer cannot come back
	}
	if err != nil {
		p.count(func(c *Counts) { c.Failed++ })
		abort(r)
	}
	defer resp.Body.Close()
	switch fault {
	case ResetAfter, ErrorAfter, LostReply:
		if fault == LostReply && resp.StatusCode >= 300 {
			break // nothing was changed whose reply could be lost
		}
		if _, err := io.Copy(io.Discard, resp.Body); err != nil || fault == ResetAfter {
			abort(r)
		}
		p.answer(w, r, kind, fault)
		return
	}
	p.pass(w, r, resp, fault)
}

// ask sends the request to the backend as it came.
func (p *Proxy) ask(r *http.Request) (*http.Response, error) {
	// What a client that dies had sent whole is carried out; what it had not
	// ends with its body.
	ctx := context.WithoutCancel(r.Context())
	out := r.Clone(ctx)
	out.URL.Scheme, out.URL.Host, out.RequestURI = p.backend.Scheme, p.backend.Host, ""
	for _, name := range []string{"Connection", "Keep-Alive", "Proxy-Connection", "Te", "Trailer", "Transfer-Encoding", "Upgrade"} {
		out.Header.Del(name)
	}
	if out.Header["User-Agent"] == nil {
		out.Header["User-Agent"] = []string{""} // or the transport adds its own
	}
	out.Body = http.NoBody
	if r.ContentLength != 0 {
		out.Body = &counted{r.Body, p}
	}
	return p.forward.RoundTrip(out)
}

// pass gives the backend's answer to the client, all of it or half.
func (p *Proxy) pass(w http.ResponseWriter, r *http.Request, resp *http.Response, fault Fault) {
	h := w.Header()
	maps.Copy(h, resp.Header)
	h.Del("Connection") // whether this one stays open is between us and the client
	if resp.ContentLength >= 0 && h.Get("Content-Length") == "" {
		h.Set("Content-Length", fmt.Sprint(resp.ContentLength))
	}
	w.WriteHeader(resp.StatusCode)
	var body io.Reader = resp.Body
	if fault == Truncate {
		body = io.LimitReader(body, max(resp.ContentLength/2, 0))
	}
	n, err := io.Copy(w, body)
	p.count(func(c *Counts) { c.Down += n })
	if fault == Truncate {
		// What was written is sent, and then the connection ends.
		http.NewResponseController(w).Flush()
		panic(http.ErrAbortHandler)
	}
	if err != nil {
		abort(r)
	}
}

// counted counts the bytes of a body.
type counted struct {
	io.ReadCloser
	p *Proxy
}

func (b *counted) Read(buf []byte) (int, error) {
	n, err := b.ReadCloser.Read(buf)
	b.p.count(func(c *Counts) { c.Up += int64(n) })
	return n, err
}

// abort resets the connection that a request came on.
func abort(r *http.Request) {
	r.Context().Value(connKey{}).(*conn).reset()
	panic(http.ErrAbortHandler)
}

// pause waits, and says whether it could do so to the end.
func pause(ctx context.Context, d time.Duration) bool {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return true
	case <-ctx.Done():
		return false
	}
}

// Kinds of requests.
const (
	PutObject    = "PUT object"
	GetObject    = "GET object"
	HeadObject   = "HEAD object"
	DeleteObject = "DELETE object"
	List         = "LIST"
	DescribeKVS  = "DescribeKeyValueStore"
	GetKey       = "GetKey"
	ListKeys     = "ListKeys"
	UpdateKeys   = "UpdateKeys"
	Invoke       = "Invoke"
)

// KindOf says what a request asks for, by its method and path: of S3 in path
// style, of a KeyValueStore, of Lambda. What has no name here is "PUT other",
// by its method.
func KindOf(r *http.Request) string {
	path := strings.TrimPrefix(r.URL.EscapedPath(), "/")
	parts := strings.Split(path, "/")
	switch {
	case parts[0] == "key-value-stores" && r.Method == "GET" && len(parts) == 2:
		return DescribeKVS
	case parts[0] == "key-value-stores" && r.Method == "GET" && len(parts) == 3:
		return ListKeys
	case parts[0] == "key-value-stores" && r.Method == "GET":
		return GetKey
	case parts[0] == "key-value-stores" && r.Method == "POST" && len(parts) == 3:
		return UpdateKeys
	case r.Method == "POST" && strings.HasSuffix(path, "/invocations"):
		return Invoke
	}
	_, key, _ := strings.Cut(path, "/")
	query := r.URL.Query()
	switch {
	case key == "" && r.Method == "GET" && (query.Has("list-type") || len(query) == 0 || query.Has("prefix") || query.Has("delimiter")):
		return List
	case key != "" && (r.Method == "GET" || r.Method == "HEAD" || r.Method == "PUT" || r.Method == "DELETE"):
		return r.Method + " object"
	}
	return r.Method + " other"
}
