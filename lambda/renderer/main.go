// The renderer: environment, store, handler. What it does is in package renderer.
//
// It is a Lambda; or, with BLOG_LISTEN, a server on an instance of the fleet. One
// program for both, so that both have one version, which is that of the pages.
//
//	BLOG_BUCKET             the region's release bucket: a name, or an address
//	                        of package storeurl
//	BLOG_ORIGIN_SECRET_ARN  the secret that CloudFront's requests carry; without
//	                        it only direct invocations and health checks are answered
//	BLOG_LISTEN             an address to listen on. Whoever can connect may ask,
//	                        unless there is a secret
//	BLOG_METRICS            the namespace of its metrics; without it the log has
//	                        none
package main

import (
	"context"
	"fmt"
	"log/slog"
	"net"
	"os"
	"os/signal"
	"runtime/debug"
	"strings"
	"syscall"
	"time"

	"github.com/aws/aws-lambda-go/lambda"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"

	"github.com/victorleungtw/blog/internal/emf"
	"github.com/victorleungtw/blog/internal/names"
	"github.com/victorleungtw/blog/internal/originkey"
	"github.com/victorleungtw/blog/internal/renderer"
	"github.com/victorleungtw/blog/internal/store/storeurl"
)

func main() {
	log := slog.New(slog.NewJSONHandler(os.Stdout, nil))
	if namespace := os.Getenv(names.EnvMetrics); namespace != "" {
		log = slog.New(emf.New(os.Stdout, namespace, renderer.Service))
	}
	if err := run(log); err != nil {
		log.Error("the renderer cannot start", "error", err)
		os.Exit(1)
	}
}

func run(log *slog.Logger) error {
	// Half of the usual room for garbage: what a question reads is soon garbage,
	// beside an index that stays.
	if os.Getenv("GOGC") == "" {
		debug.SetGCPercent(50)
	}
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM, os.Interrupt)
	defer stop()
	r, err := open(ctx, os.Getenv, log)
	if err != nil {
		return err
	}
	address := os.Getenv(names.EnvListen)
	if address == "" {
		stop() // Lambda's runtime has its own way with signals
		lambda.Start(r)
		return nil
	}
	if r.Verify == nil {
		r.Verify = func(context.Context, string) bool { return true }
	}
	l, err := net.Listen("tcp", address)
	if err != nil {
		return fmt.Errorf("%s: %w", names.EnvListen, err)
	}
	return serve(ctx, l, r, log)
}

func open(ctx context.Context, env func(string) string, log *slog.Logger) (*renderer.Renderer, error) {
	address := env(names.EnvBucket)
	if !strings.Contains(address, ":") {
		address = "s3://" + address
	}
	bucket, err := storeurl.Open(ctx, address)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", names.EnvBucket, err)
	}
	r := &renderer.Renderer{Bucket: bucket, Log: log}
	// The first page needs a connection to the bucket and the key, and waits for
	// both at once while Lambda is still starting the function.
	go r.Warm(context.WithoutCancel(ctx))
	if id := env(names.EnvOriginSecret); id != "" {
		cfg, err := config.LoadDefaultConfig(ctx)
		if err != nil {
			return nil, err
		}
		key := originkey.New(secretsmanager.NewFromConfig(cfg), id, time.Now, log)
		go key.Fetch(context.WithoutCancel(ctx))
		r.Verify = key.Verify
	}
	return r, nil
}
