package main

import (
	"archive/zip"
	"bytes"
	"compress/flate"
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"runtime"
	"time"

	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/s3"

	"github.com/victorleungtw/blog/internal/bench/program"
	"github.com/victorleungtw/blog/internal/faultproxy"
	"github.com/victorleungtw/blog/internal/lambdahttp"
	"github.com/victorleungtw/blog/internal/names"
	"github.com/victorleungtw/blog/internal/originkey/keyfake"
	"github.com/victorleungtw/blog/internal/runtimeapi"
	"github.com/victorleungtw/blog/internal/store/lab"
)

// world is what the function finds around it.
type world struct {
	server          *lab.Server
	client          *s3.Client        // of S3, without the distance
	s3, secrets     *faultproxy.Proxy // at a distance, behind TLS
	bundle          string            // the certificates to trust, a file
	trust           *x509.CertPool
	renderer, hello string // programs
	zipped          int64  // bytes of the renderer as it is deployed
	closers         []func() error
}

const originKey = "open sesame"

// newWorld builds the functions and starts what they talk to.
func newWorld(ctx context.Context, dir string, rtt time.Duration) (_ *world, err error) {
	w := &world{bundle: filepath.Join(dir, "certificates.pem"), trust: x509.NewCertPool()}
	defer func() {
		if err != nil {
			err = errors.Join(err, w.close())
		}
	}()
	if w.renderer, err = function(ctx, filepath.Join(dir, "renderer"), runtime.GOARCH, "./lambda/renderer"); err != nil {
		return nil, err
	}
	if w.hello, err = function(ctx, filepath.Join(dir, "hello"), runtime.GOARCH, "./internal/bench/readers/hello"); err != nil {
		return nil, err
	}
	deployed, err := function(ctx, filepath.Join(dir, "bootstrap"), "arm64", "./lambda/renderer")
	if err != nil {
		return nil, err
	}
	if w.zipped, err = zipSize(deployed); err != nil {
		return nil, err
	}
	if w.server, err = lab.Run("-dir", filepath.Join(dir, "s3")); err != nil {
		return nil, err
	}
	w.closers = append(w.closers, w.server.Stop)
	w.client = w.clientOf(w.server.Endpoint)
	if w.s3, err = w.proxy(w.server.Endpoint, rtt); err != nil {
		return nil, err
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	key := &http.Server{Handler: keyfake.New(originKey)}
	go key.Serve(l) // ends at Close
	w.closers = append(w.closers, key.Close)
	w.secrets, err = w.proxy("http://"+l.Addr().String(), rtt)
	return w, err
}

func (w *world) clientOf(endpoint string) *s3.Client {
	return s3.New(s3.Options{
		BaseEndpoint: &endpoint, UsePathStyle: true, Region: lab.Region,
		Credentials: credentials.NewStaticCredentialsProvider(lab.AccessKey, lab.SecretKey, ""),
	})
}

// proxy puts the distance before a backend, and its certificate into the bundle.
func (w *world) proxy(backend string, rtt time.Duration) (*faultproxy.Proxy, error) {
	p, err := faultproxy.Start(faultproxy.Options{Backend: backend, TLS: true, RTT: rtt})
	if err != nil {
		return nil, err
	}
	w.closers = append(w.closers, p.Close)
	one := w.bundle + ".one"
	if err := p.CertFile(one); err != nil {
		return nil, err
	}
	pem, err := os.ReadFile(one)
	if err != nil {
		return nil, err
	}
	w.trust.AppendCertsFromPEM(pem)
	f, err := os.OpenFile(w.bundle, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o644)
	if err != nil {
		return nil, err
	}
	_, err = f.Write(pem)
	return p, errors.Join(err, f.Close())
}

func (w *world) close() error {
	var errs []error
	for i := len(w.closers) - 1; i >= 0; i-- {
		errs = append(errs, w.closers[i]())
	}
	return errors.Join(errs...)
}

// function builds a function as the CDK app does (infra/build.go), for a processor.
func function(ctx context.Context, out, arch, pkg string) (string, error) {
	return program.Own(ctx, out, []string{"CGO_ENABLED=0", "GOOS=" + runtime.GOOS, "GOARCH=" + arch, "GOFLAGS=", "GOEXPERIMENT="},
		pkg, "-tags", "lambda.norpc", "-trimpath", "-ldflags", "-s -w")
}

// zipSize is how large a program is in a zip file.
func zipSize(name string) (int64, error) {
	body, err := os.ReadFile(name)
	if err != nil {
		return 0, err
	}
	var b bytes.Buffer
	z := zip.NewWriter(&b)
	z.RegisterCompressor(zip.Deflate, func(w io.Writer) (io.WriteCloser, error) { return flate.NewWriter(w, flate.BestCompression) })
	w, err := z.Create("bootstrap")
	if err == nil {
		_, err = w.Write(body)
	}
	err = errors.Join(err, z.Close())
	return int64(b.Len()), err
}

// running is a function that was started and asked for work.
type running struct {
	*process
	api     *runtimeapi.API
	ready   time.Duration
	gateway *lambdahttp.Gateway
}

// start starts a function in the environment that Lambda gives it.
func (w *world) start(ctx context.Context, bin, bucket string) (*running, error) {
	api, err := runtimeapi.Start()
	if err != nil {
		return nil, err
	}
	address := "s3://" + bucket + "?" + url.Values{"endpoint": {w.s3.URL()}, "path_style": {"true"}}.Encode()
	p, err := startProcess(ctx, []string{bin}, []string{
		"PATH=/usr/bin:/bin", "HOME=" + filepath.Dir(w.bundle), "TZ=:UTC",
		"AWS_LAMBDA_RUNTIME_API=" + api.Address, "AWS_LAMBDA_FUNCTION_NAME=blog-prod-renderer",
		"AWS_REGION=" + lab.Region, "AWS_ACCESS_KEY_ID=" + lab.AccessKey, "AWS_SECRET_ACCESS_KEY=" + lab.SecretKey,
		"AWS_ENDPOINT_URL_SECRETS_MANAGER=" + w.secrets.URL(), "SSL_CERT_FILE=" + w.bundle,
		names.EnvBucket + "=" + address, names.EnvOriginSecret + "=blog/prod/origin-key", names.EnvMetrics + "=blog-prod",
	})
	if err != nil {
		api.Close()
		return nil, err
	}
	f := &running{process: p, api: api, gateway: &lambdahttp.Gateway{Invoke: api.Answer}}
	if err := api.Ready(p.ctx); err != nil {
		f.stop()
		return nil, err
	}
	f.ready = time.Since(p.began)
	return f, nil
}

func (f *running) stop() {
	f.process.stop()
	f.api.Close()
}

// took is what one request took.
type took struct{ wall, cpu time.Duration }

// measure takes the time of an invocation. The CPU time is all that the function
// had until it asked for more work.
func (f *running) measure(invoke func() error) (took, error) {
	var t took
	before, err := f.cpu()
	if err != nil {
		return t, err
	}
	start := time.Now()
	if err := invoke(); err != nil {
		return t, err
	}
	t.wall = time.Since(start)
	if err := f.api.Ready(f.ctx); err != nil {
		return t, err
	}
	after, err := f.cpu()
	t.cpu = after - before
	return t, err
}

// get asks as CloudFront does.
func (f *running) get(path string) (took, error) {
	req, err := http.NewRequestWithContext(f.ctx, http.MethodGet, "https://origin.blog.example"+path, nil)
	if err != nil {
		return took{}, err
	}
	req.Header.Set(names.OriginHeader, originKey)
	return f.measure(func() error {
		resp, err := f.gateway.RoundTrip(req)
		if err != nil {
			return err
		}
		body, err := io.ReadAll(resp.Body)
		if err != nil || resp.StatusCode != http.StatusOK || len(body) == 0 {
			return fmt.Errorf("%s: status %d, %d bytes (%v)", path, resp.StatusCode, len(body), err)
		}
		return nil
	})
}

// request is one of those that the function sends to S3.
type request struct {
	put  bool
	key  string
	body []byte
}

// alone sends requests one after the other from a client that does nothing else,
// on a connection of its own, and returns how long they take: what the function
// would need if it did nothing but wait.
func (w *world) alone(ctx context.Context, bucket string, requests []request) (time.Duration, error) {
	sign := s3.NewPresignClient(w.clientOf(w.s3.URL()))
	var all []*http.Request
	for _, r := range requests {
		var signed string
		method := http.MethodGet
		if r.put {
			method = http.MethodPut
			u, err := sign.PresignPutObject(ctx, &s3.PutObjectInput{Bucket: &bucket, Key: &r.key})
			if err != nil {
				return 0, err
			}
			signed = u.URL
		} else {
			u, err := sign.PresignGetObject(ctx, &s3.GetObjectInput{Bucket: &bucket, Key: &r.key})
			if err != nil {
				return 0, err
			}
			signed = u.URL
		}
		req, err := http.NewRequestWithContext(ctx, method, signed, bytes.NewReader(r.body))
		if err != nil {
			return 0, err
		}
		all = append(all, req)
	}
	transport := &http.Transport{TLSClientConfig: &tls.Config{RootCAs: w.trust}}
	defer transport.CloseIdleConnections()
	start := time.Now()
	for _, req := range all {
		resp, err := transport.RoundTrip(req)
		if err != nil {
			return 0, err
		}
		_, err = io.Copy(io.Discard, resp.Body)
		resp.Body.Close()
		if err != nil || resp.StatusCode != http.StatusOK && resp.StatusCode != http.StatusNotFound {
			return 0, fmt.Errorf("%s %s: %s (%v)", req.Method, req.URL.Path, resp.Status, err)
		}
	}
	return time.Since(start), nil
}
