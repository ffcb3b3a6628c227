package s3

import (
	"context"
	"fmt"
	"net/http"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/retry"
	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/service/s3"
)

const (
	// maxConns is how many idle connections the client keeps. The default is
	// 10, and a publisher with more workers than that would pay three round
	// trips for a new connection with nearly every object.
	maxConns = 256
	// A connection on which nothing comes back is given up after this.
	answerWithin = time.Minute
	// attempts and maxBackoff bound the retries of one request: after some
	// ten seconds of failure a person is told.
	attempts   = 5
	maxBackoff = 5 * time.Second
)

// Options says where a bucket is. The zero value is AWS in the region that the
// environment names.
type Options struct {
	Region    string // "ap-southeast-1"; empty for AWS_REGION or the profile's
	Endpoint  string // "http://127.0.0.1:7070"; empty for AWS
	PathStyle bool   // address the bucket as a path and not as a host name
}

// NewClient returns a client with the credentials that the environment gives
// (variables, profile, SSO, or the role of the machine). It retries what can
// be retried, and slows down by itself when S3 asks for it.
func NewClient(ctx context.Context, o Options) (*s3.Client, error) {
	load := []func(*config.LoadOptions) error{
		config.WithHTTPClient(awshttp.NewBuildableClient().WithTransportOptions(func(t *http.Transport) {
			t.MaxIdleConns = maxConns
			t.MaxIdleConnsPerHost = maxConns
			t.ResponseHeaderTimeout = answerWithin
		})),
		config.WithRetryer(func() aws.Retryer {
			return retry.NewAdaptiveMode(func(a *retry.AdaptiveModeOptions) {
				a.StandardOptions = append(a.StandardOptions, func(s *retry.StandardOptions) {
					s.MaxAttempts = attempts
					s.MaxBackoff = maxBackoff
				})
			})
		}),
	}
	if o.Region != "" {
		load = append(load, config.WithRegion(o.Region))
	}
	cfg, err := config.LoadDefaultConfig(ctx, load...)
	if err != nil {
		return nil, fmt.Errorf("reading the AWS configuration: %w", err)
	}
	if cfg.Region == "" {
		return nil, fmt.Errorf("no AWS region is named\nhint: name the bucket's region, or set AWS_REGION")
	}
	return s3.NewFromConfig(cfg, func(s *s3.Options) {
		s.UsePathStyle = o.PathStyle
		if o.Endpoint != "" {
			s.BaseEndpoint = &o.Endpoint
		}
	}), nil
}
