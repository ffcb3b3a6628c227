package main

import (
	"context"
	"crypto/tls"
	"errors"
	"flag"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os"
	"os/exec"
	"runtime"
	"time"

	"github.com/victorleungtw/blog/internal/assembly"
	"github.com/victorleungtw/blog/internal/cloud"
	"github.com/victorleungtw/blog/internal/preview"
	"github.com/victorleungtw/blog/internal/problem"
	"github.com/victorleungtw/blog/internal/release"
)

const previewHelp = `Preview serves the blog on this machine, and publishes again at every change.

Usage: blog preview [flags]

    --content DIR    the folder; content if not given. A folder with a
                     mkdocs.yml is read as it is
    --addr ADDR      where to listen; localhost:8080 if not given
    --open           open a browser
    --cert FILE, --key FILE
                     serve over TLS with this certificate, in PEM: then the
                     headers are those that readers get, HSTS too
    --drafts         show drafts and posts of days to come
    --fail PART      take a part away and watch the fallback: primary or
                     standby (a region), renderer (both renderers), both (the
                     primary region and the renderers)
    --store DIR      keep the releases in DIR, as publish --local does; if not
                     given they are in a temporary folder and go with the preview
    --assembly DIR   be the edge that cdk synth wrote to DIR (cdk.out): its
                     templates say which behaviours, policies, function, bucket
                     policies and routes there are
    --reload=false   add nothing to pages that a browser opens
    --config FILE    the configuration; blog.yaml if not given

The whole path of a reader's request runs here, from the deployed edge function
to the renderer's handler. Response headers say what happened: X-Cache,
X-Blog-Release, X-Blog-Digest, X-Blog-Origin. Try

    $ curl -I http://localhost:8080/ http://localhost:8080/
`

func (a *app) preview(ctx context.Context, args []string) error {
	var p place
	fs := flag.NewFlagSet("preview", flag.ContinueOnError)
	fs.StringVar(&p.content, "content", "content", "")
	fs.StringVar(&p.config, "config", "", "")
	addr := fs.String("addr", "localhost:8080", "")
	open := fs.Bool("open", false, "")
	certFile, keyFile := fs.String("cert", "", ""), fs.String("key", "", "")
	drafts := fs.Bool("drafts", false, "")
	fail := fs.String("fail", "", "")
	keep := fs.String("store", "", "")
	synthesized := fs.String("assembly", "", "")
	reload := fs.Bool("reload", true, "")
	if err := a.parse(fs, previewHelp, args); err != nil {
		return err
	}
	cfg, err := a.configuration(&p)
	if err != nil {
		return err
	}
	local := cloud.LocalOptions{Log: a.log(slog.LevelWarn), Quick: true}
	if *synthesized != "" {
		if local.Assembly, err = assembly.Open(*synthesized); err != nil {
			return fmt.Errorf("%w\n    hint: cdk synth writes an assembly, to cdk.out", err)
		}
	}
	encrypted := *certFile != "" || *keyFile != ""
	var pair tls.Certificate
	if encrypted {
		if pair, err = tls.LoadX509KeyPair(*certFile, *keyFile); err != nil {
			return fmt.Errorf("%w\n    hint: name both, --cert and --key", err)
		}
	}
	ln, err := net.Listen("tcp", *addr)
	if err != nil {
		return fmt.Errorf("%w\n    hint: something else listens there; choose another with --addr", err)
	}
	defer ln.Close()
	host := ln.Addr().String()
	if name, _, err := net.SplitHostPort(*addr); err == nil && name == "localhost" {
		host = fmt.Sprintf("localhost:%d", ln.Addr().(*net.TCPAddr).Port)
	}
	base := "http://" + host
	if encrypted {
		base = "https://" + host
		ln = tls.NewListener(ln, &tls.Config{Certificates: []tls.Certificate{pair}})
	}

	folder := *keep
	if folder == "" {
		if folder, err = os.MkdirTemp("", "blog-preview-"); err != nil {
			return err
		}
		defer os.RemoveAll(folder)
	}
	quiet := slog.New(slog.NewTextHandler(io.Discard, nil))
	c, err := cloud.Local(ctx, folder, local)
	if err != nil {
		return err
	}
	front, err := c.Edge(cloud.EdgeOptions{Log: quiet, Debug: true, TLS: encrypted})
	if err != nil {
		return err
	}
	if *fail != "" {
		if err := front.Fail(*fail, true); err != nil {
			return &usageError{"--fail: " + err.Error(), "preview "}
		}
	}
	// Nobody previews a link to this machine on another site, and drawing the
	// cards of a whole blog takes longer than all else.
	cfg.Cards = false
	loader, err := p.loader(cfg, base, *drafts)
	if err != nil {
		return fmt.Errorf("%w\n    hint: run it where the content folder is, or name one with --content", err)
	}
	defer loader.Close()

	pub := a.publisher(c, false)
	pub.Check = nil // the reader is about to look
	handler := http.Handler(front)
	if *keep == "" { // what is kept is to be whole
		demand := &onDemand{next: front, failed: func(ctx context.Context, path string, err error) {
			a.log(slog.LevelWarn).WarnContext(ctx, "a picture could not be made", "path", path, "error", err)
		}}
		pub.Later, handler = demand.later, demand
	}
	j := &job{pub: pub, loader: loader}
	server, err := preview.New(ctx, preview.Options{
		Publish: func(ctx context.Context) (*release.Result, problem.List, error) {
			nothing, err := j.look(ctx)
			switch {
			case err != nil:
				return nil, j.problems, err
			case nothing: // as after an edit that is taken back
				return &release.Result{N: j.start.N}, j.problems, release.ErrNothing
			}
			var probs problem.List
			if err := j.load(ctx); errors.As(err, &probs) {
				return nil, probs, nil
			} else if err != nil {
				return nil, nil, err
			}
			res, err := j.publish(ctx, release.Commit{})
			return res, j.problems, err
		},
		Edge: handler, Folder: p.content, Log: a.log(slog.LevelInfo), Reload: *reload,
	})
	if err != nil {
		return err
	}
	probs, _ := server.Problems()
	a.problems(probs)
	fmt.Fprintf(a.out, "The blog is at %s\n", base)
	if *open {
		openBrowser(base)
	}
	return serve(ctx, ln, server)
}

// serve answers requests and watches the folder until ctx is done.
func serve(ctx context.Context, ln net.Listener, s *preview.Server) error {
	srv := &http.Server{
		Handler: s, ReadHeaderTimeout: 10 * time.Second,
		BaseContext: func(net.Listener) context.Context { return ctx },
	}
	done := make(chan error, 2)
	go func() { done <- s.Watch(ctx) }()
	go func() { done <- srv.Serve(ln) }()
	var err error
	select {
	case err = <-done:
	case <-ctx.Done():
	}
	end, cancel := context.WithTimeout(context.Background(), time.Second)
	defer cancel()
	srv.Shutdown(end) // pages that are open keep a connection; it may be cut
	if errors.Is(err, http.ErrServerClosed) {
		err = nil
	}
	return err
}

// openBrowser tries; a machine without one is no reason to stop.
func openBrowser(url string) {
	name, args := "xdg-open", []string{url}
	switch runtime.GOOS {
	case "darwin":
		name = "open"
	case "windows":
		name, args = "rundll32", []string{"url.dll,FileProtocolHandler", url}
	}
	cmd := exec.Command(name, args...)
	if cmd.Start() == nil {
		go cmd.Wait()
	}
}
