package s3

import (
	"context"
	"errors"

	"github.com/aws/aws-sdk-go-v2/service/s3"

	"github.com/victorleungtw/blog/internal/awsclient"
)

// Options says where a bucket is. The zero value is AWS in the region that the
// environment names.
type Options struct {
	Region    string // "ap-southeast-1"; empty for AWS_REGION or the profile's
	Endpoint  string // "http://127.0.0.1:7070"; empty for AWS
	PathStyle bool   // address the bucket as a path and not as a host name
}

// NewClient returns a client with the credentials that the environment gives,
// which tries again and keeps connections as package awsclient says.
func NewClient(ctx context.Context, o Options) (*s3.Client, error) {
	cfg, err := awsclient.Load(ctx, awsclient.Options{Region: o.Region})
	if err != nil {
		return nil, err
	}
	if cfg.Region == "" {
		return nil, errors.New("no AWS region is named\nhint: name the bucket's region, or set AWS_REGION")
	}
	return s3.NewFromConfig(cfg, func(s *s3.Options) {
		s.UsePathStyle = o.PathStyle
		if o.Endpoint != "" {
			s.BaseEndpoint = &o.Endpoint
		}
	}), nil
}
