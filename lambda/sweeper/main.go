// The sweeper's Lambda: environment, clients, one sweep. What it does is in
// package sweeper.
//
//	BLOG_NAME     the blog whose trials are looked at
//	BLOG_KEEP     environments that are no trials, with commas between them
//	BLOG_REGIONS  the regions to look at, with commas between them
package main

import (
	"context"
	"fmt"
	"log/slog"
	"os"
	"strings"
	"time"

	"github.com/aws/aws-lambda-go/lambda"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation"

	"github.com/victorleungtw/blog/internal/awsclient"
	"github.com/victorleungtw/blog/internal/names"
	"github.com/victorleungtw/blog/internal/sweeper"
)

func main() {
	log := slog.New(slog.NewJSONHandler(os.Stdout, nil))
	s, err := open(context.Background(), os.Getenv, log)
	if err != nil {
		log.Error("the sweeper cannot start", "error", err)
		os.Exit(1)
	}
	lambda.Start(s.Sweep)
}

func open(ctx context.Context, env func(string) string, log *slog.Logger) (*sweeper.Sweeper, error) {
	s := &sweeper.Sweeper{Blog: env(names.EnvName), Regions: map[string]sweeper.API{}, Now: time.Now, Log: log}
	for _, key := range []string{names.EnvName, names.EnvKeep, names.EnvRegions} {
		if env(key) == "" {
			return nil, fmt.Errorf("%s is not set", key)
		}
	}
	s.Keep = strings.Split(env(names.EnvKeep), ",")
	for region := range strings.SplitSeq(env(names.EnvRegions), ",") {
		cfg, err := awsclient.Load(ctx, awsclient.Options{Region: region})
		if err != nil {
			return nil, err
		}
		s.Regions[region] = cloudformation.NewFromConfig(cfg)
	}
	return s, nil
}
