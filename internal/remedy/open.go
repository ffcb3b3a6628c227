package remedy

import (
	"context"
	"fmt"
	"log/slog"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/aws/aws-sdk-go-v2/service/sns"

	"github.com/victorleungtw/blog/internal/awsclient"
	"github.com/victorleungtw/blog/internal/cloud"
	"github.com/victorleungtw/blog/internal/config"
	"github.com/victorleungtw/blog/internal/names"
	"github.com/victorleungtw/blog/internal/release"
	"github.com/victorleungtw/blog/internal/store/storeurl"
)

// environment is what a remedy's Lambda is told (package names).
type environment struct {
	get     func(string) string
	missing []string
}

func (e *environment) text(key string) string {
	v := e.get(key)
	if v == "" {
		e.missing = append(e.missing, key)
	}
	return v
}

func (e *environment) list(key string) []string { return strings.Split(e.text(key), ",") }

func (e *environment) err() error {
	if len(e.missing) > 0 {
		return fmt.Errorf("the environment lacks %s", strings.Join(e.missing, ", "))
	}
	return nil
}

// OpenCode makes the code remedy of a Lambda with this environment.
func OpenCode(ctx context.Context, get func(string) string, log *slog.Logger) (*Code, error) {
	env := &environment{get: get}
	address, function, topic, alarms := env.text(names.EnvBucket), env.text(names.EnvFunction), env.text(names.EnvTopic), env.list(names.EnvAlarms)
	if err := env.err(); err != nil {
		return nil, err
	}
	if !strings.Contains(address, ":") {
		address = "s3://" + address
	}
	bucket, err := storeurl.Open(ctx, address)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", names.EnvBucket, err)
	}
	cfg, err := awsclient.Load(ctx, awsclient.Options{})
	if err != nil {
		return nil, err
	}
	return &Code{
		Alias: FunctionAlias{lambda.NewFromConfig(cfg), function},
		Desk:  Desk{Journal{bucket, names.CodeJournal}, alarms, tellOver(cfg, topic), time.Now, log},
	}, nil
}

// OpenContent makes the content remedy of a Lambda with this environment. It
// finds the blog as the command does.
func OpenContent(ctx context.Context, get func(string) string, log *slog.Logger) (*Content, error) {
	env := &environment{get: get}
	c := config.Default()
	c.AWS.Name, c.AWS.Env = env.text(names.EnvName), env.text(names.EnvEnv)
	regions, topic, alarms := env.list(names.EnvRegions), env.text(names.EnvTopic), env.list(names.EnvAlarms)
	if err := env.err(); err != nil {
		return nil, err
	}
	c.AWS.Region = regions[0]
	if len(regions) > 1 {
		c.AWS.Standby = regions[1]
	}
	blog, err := cloud.AWS(ctx, c)
	if err != nil {
		return nil, err
	}
	cfg, err := awsclient.Load(ctx, awsclient.Options{})
	if err != nil {
		return nil, err
	}
	return &Content{
		Publisher: &release.Publisher{Regions: blog.Regions, Table: blog.Table, Log: log, Now: time.Now},
		Desk:      Desk{Journal{blog.Bucket(), names.ContentJournal}, alarms, tellOver(cfg, topic), time.Now, log},
	}, nil
}

func tellOver(cfg aws.Config, topic string) Tell { return Topic(sns.NewFromConfig(cfg), topic) }
