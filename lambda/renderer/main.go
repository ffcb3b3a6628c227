// The renderer's Lambda: environment, store, handler. What it does is in
// package renderer.
//
//	BLOG_BUCKET             the region's release bucket: a name, or an address
//	                        of package storeurl
//	BLOG_ORIGIN_SECRET_ARN  the secret that CloudFront's requests carry; without
//	                        it only direct invocations and /healthz are answered
package main

import (
	"context"
	"fmt"
	"log/slog"
	"os"
	"strings"
	"time"

	"github.com/aws/aws-lambda-go/lambda"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"

	"github.com/victorleungtw/blog/internal/names"
	"github.com/victorleungtw/blog/internal/originkey"
	"github.com/victorleungtw/blog/internal/renderer"
	"github.com/victorleungtw/blog/internal/store/storeurl"
)

func main() {
	log := slog.New(slog.NewJSONHandler(os.Stdout, nil))
	r, err := open(context.Background(), os.Getenv, log)
	if err != nil {
		log.Error("the renderer cannot start", "error", err)
		os.Exit(1)
	}
	lambda.Start(r)
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
	if id := env(names.EnvOriginSecret); id != "" {
		cfg, err := config.LoadDefaultConfig(ctx)
		if err != nil {
			return nil, err
		}
		r.Verify = originkey.New(secretsmanager.NewFromConfig(cfg), id, time.Now, log).Verify
	}
	return r, nil
}
