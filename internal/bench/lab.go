package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/s3"

	"github.com/victorleungtw/blog/internal/faultproxy"
	"github.com/victorleungtw/blog/internal/renderer"
	"github.com/victorleungtw/blog/internal/store"
	"github.com/victorleungtw/blog/internal/store/lab"
	blogs3 "github.com/victorleungtw/blog/internal/store/s3"
)

// server is the S3 server that all tools share: a process of its own.
type server struct {
	endpoint string
	dir      string // where the buckets are folders
	client   *s3.Client
	stop     func() error
	buckets  int
}

// startServer starts it over a new folder in dir.
func startServer(dir string) (*server, error) {
	s := &server{dir: filepath.Join(dir, "s3")}
	own, err := lab.Run("-dir", s.dir)
	if err != nil {
		return nil, err
	}
	s.endpoint, s.stop = own.Endpoint, own.Stop
	s.client = s3.New(s3.Options{
		BaseEndpoint: &s.endpoint, UsePathStyle: true, Region: lab.Region,
		Credentials: credentials.NewStaticCredentialsProvider(lab.AccessKey, lab.SecretKey, ""),
	})
	return s, nil
}

func (s *server) newBucket(ctx context.Context) (string, error) {
	s.buckets++
	name := fmt.Sprintf("bench-%d", s.buckets)
	_, err := s.client.CreateBucket(ctx, &s3.CreateBucketInput{Bucket: &name})
	return name, err
}

// contents are the objects of a bucket whose keys begin with prefix: their
// number and bytes.
func (s *server) contents(ctx context.Context, bucket, prefix string) (n int, size int64, err error) {
	pages := s3.NewListObjectsV2Paginator(s.client, &s3.ListObjectsV2Input{Bucket: &bucket, Prefix: &prefix})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return 0, 0, err
		}
		for _, o := range page.Contents {
			n++
			size += aws.ToInt64(o.Size)
		}
	}
	return n, size, nil
}

// region is what one region of a cloud is to a publisher.
type region struct {
	bucket   string
	s3       *faultproxy.Proxy
	renderer *faultproxy.Proxy // nil for a tool that has no use for one
	standin  *standin          // nil when pages are really made
}

// place is a new, empty cloud, far away: all that one tool publishes to in one
// repetition.
type place struct {
	server  *server
	dir     string // for the tools' own files
	regions []*region
	table   *table
	bundle  string // the certificates to trust, in a file
	closers []func()
}

// renderers say who makes a place's pages.
type renderers int

const (
	noRenderer renderers = iota
	standins
	realRenderers
)

const function = "bench-renderer"

// newPlace makes a place. Everything in it is rtt away.
func (s *server) newPlace(ctx context.Context, dir string, regions int, rtt time.Duration, how renderers) (_ *place, err error) {
	p := &place{server: s, dir: dir, bundle: filepath.Join(dir, "certificates.pem")}
	defer func() {
		if err != nil {
			p.close()
		}
	}()
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return nil, err
	}
	for range regions {
		r := &region{}
		p.regions = append(p.regions, r)
		if r.bucket, err = s.newBucket(ctx); err != nil {
			return nil, err
		}
		if r.s3, err = p.proxy(s.endpoint, rtt); err != nil {
			return nil, err
		}
		if how == noRenderer {
			continue
		}
		invoke := (&renderer.Renderer{Bucket: p.bucket(r), Log: slog.New(slog.DiscardHandler)}).Invoke
		if how == standins {
			r.standin = newStandin(p.bucket(r))
			invoke = r.standin.Invoke
		}
		url, err := p.serve(lambdaAPI(function, invoke))
		if err != nil {
			return nil, err
		}
		if r.renderer, err = p.proxy(url, rtt); err != nil {
			return nil, err
		}
	}
	if how != noRenderer {
		if p.table, err = newTable(p, rtt); err != nil {
			return nil, err
		}
	}
	return p, nil
}

// proxy puts the distance before a backend.
func (p *place) proxy(backend string, rtt time.Duration) (*faultproxy.Proxy, error) {
	proxy, err := faultproxy.Start(faultproxy.Options{Backend: backend, TLS: true, RTT: rtt})
	if err != nil {
		return nil, err
	}
	p.closers = append(p.closers, func() { proxy.Close() })
	one := filepath.Join(p.dir, "certificate.pem")
	if err := proxy.CertFile(one); err != nil {
		return nil, err
	}
	pem, err := os.ReadFile(one)
	if err != nil {
		return nil, err
	}
	f, err := os.OpenFile(p.bundle, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o644)
	if err != nil {
		return nil, err
	}
	_, err = f.Write(pem)
	return proxy, errors.Join(err, f.Close())
}

// serve answers on a free port of this machine.
func (p *place) serve(h http.Handler) (string, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", err
	}
	srv := &http.Server{Handler: h}
	go srv.Serve(l) // ends at Close
	p.closers = append(p.closers, func() { srv.Close() })
	return "http://" + l.Addr().String(), nil
}

// bucket reaches a region's bucket from beside it: without the distance, and
// uncounted.
func (p *place) bucket(r *region) store.Bucket { return blogs3.New(p.server.client, r.bucket) }

// close takes the place away, with what is in its buckets.
func (p *place) close() {
	for _, c := range p.closers {
		c()
	}
	for _, r := range p.regions {
		if r.bucket != "" {
			os.RemoveAll(filepath.Join(p.server.dir, r.bucket))
		}
	}
	os.RemoveAll(p.dir)
}

// traffic is what went through a place's proxies.
type traffic struct {
	S3       []map[string]int `json:"s3"` // requests by kind, a region each
	KVS      map[string]int   `json:"kvs,omitempty"`
	Invoke   int              `json:"invoke,omitempty"`
	Up       int64            `json:"up"`    // bytes on the wire, TLS and headers included
	Down     int64            `json:"down"`  //
	BodyUp   int64            `json:"body"`  // bytes of request bodies
	Conns    int              `json:"conns"` // opened
	Peak     int              `json:"peak"`  // most requests at once, at one proxy
	Failures int              `json:"failures,omitempty"`
}

// reset returns what was counted since it was called before.
func (p *place) reset() traffic {
	var t traffic
	add := func(proxy *faultproxy.Proxy) map[string]int {
		c := proxy.Reset()
		t.Up += c.WireUp
		t.Down += c.WireDown
		t.BodyUp += c.Up
		t.Conns += c.Conns
		t.Peak = max(t.Peak, c.Peak)
		t.Failures += c.Failed
		return c.Requests
	}
	for _, r := range p.regions {
		t.S3 = append(t.S3, add(r.s3))
		if r.renderer != nil {
			t.Invoke += add(r.renderer)[faultproxy.Invoke]
		}
	}
	if p.table != nil {
		t.KVS = add(p.table.proxy)
	}
	return t
}

// environment is what every program is run in: no settings of this machine's
// user, the place's certificates, and a home of its own.
func (p *place) environment() []string {
	var env []string
	for _, v := range os.Environ() {
		name, _, _ := strings.Cut(v, "=")
		if !strings.HasPrefix(name, "AWS_") && !strings.HasPrefix(name, "BLOG_") && !strings.HasPrefix(name, "RCLONE_") && name != "HOME" {
			env = append(env, v)
		}
	}
	return append(env,
		"HOME="+p.dir, "XDG_CACHE_HOME="+p.cache(),
		"AWS_ACCESS_KEY_ID="+lab.AccessKey, "AWS_SECRET_ACCESS_KEY="+lab.SecretKey, "AWS_REGION="+lab.Region,
		"AWS_EC2_METADATA_DISABLED=true",
		"SSL_CERT_FILE="+p.bundle, // for programs in Go
	)
}

// cache is where a tool may remember things from one run to the next.
func (p *place) cache() string { return filepath.Join(p.dir, "cache") }

// drain waits until what is on its way has arrived and was counted.
func drain(rtt time.Duration) { time.Sleep(2*rtt + 20*time.Millisecond) }
