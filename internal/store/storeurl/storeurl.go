// Package storeurl opens a store by its address, as people write it in a flag
// or a configuration file.
//
//	dir:PATH
//	s3://BUCKET[?region=REGION][&endpoint=URL][&path_style=true]
//
// PATH is a directory of this machine, absolute or not, and is not unescaped.
// REGION defaults to AWS_REGION or the profile's; endpoint is for a server that
// is not AWS, which mostly also needs path_style. Credentials come from the
// environment, never from the address.
package storeurl

import (
	"context"
	"fmt"
	"net/url"
	"strconv"
	"strings"

	"github.com/victorleungtw/blog/internal/store"
	"github.com/victorleungtw/blog/internal/store/dir"
	"github.com/victorleungtw/blog/internal/store/s3"
)

// Open returns the store at an address. For a directory it creates what is
// missing; for S3 it sends no request.
func Open(ctx context.Context, address string) (store.Bucket, error) {
	if path, ok := strings.CutPrefix(address, "dir:"); ok {
		if path == "" {
			return nil, bad(address, "the path is missing")
		}
		return dir.Open(path)
	}
	bucket, options, err := parseS3(address)
	if err != nil {
		return nil, err
	}
	client, err := s3.NewClient(ctx, options)
	if err != nil {
		return nil, fmt.Errorf("opening %s: %w", address, err)
	}
	return s3.New(client, bucket), nil
}

func parseS3(address string) (bucket string, o s3.Options, err error) {
	u, err := url.Parse(address)
	if err != nil || u.Scheme != "s3" {
		return "", o, bad(address, "it is of neither kind")
	}
	switch {
	case u.Host == "":
		return "", o, bad(address, "the bucket is missing")
	case u.User != nil:
		return "", o, bad(u.Redacted(), "a bucket has no user; credentials come from the environment")
	case u.Port() != "":
		return "", o, bad(address, "a bucket has no port")
	case u.Path != "" && u.Path != "/", u.Fragment != "":
		return "", o, bad(address, "a store is a whole bucket, not a folder in one")
	}
	query, err := url.ParseQuery(u.RawQuery)
	if err != nil {
		return "", o, bad(address, err.Error())
	}
	for name, values := range query {
		if len(values) != 1 || values[0] == "" {
			return "", o, bad(address, name+" needs one value")
		}
		value := values[0]
		switch name {
		case "region":
			o.Region = value
		case "endpoint":
			e, err := url.Parse(value)
			if err != nil || (e.Scheme != "http" && e.Scheme != "https") || e.Host == "" {
				return "", o, bad(address, "endpoint must be a URL such as http://127.0.0.1:7070")
			}
			o.Endpoint = value
		case "path_style":
			if o.PathStyle, err = strconv.ParseBool(value); err != nil {
				return "", o, bad(address, "path_style must be true or false")
			}
		default:
			return "", o, bad(address, fmt.Sprintf("%q is unknown", name))
		}
	}
	return u.Host, o, nil
}

func bad(address, why string) error {
	return fmt.Errorf("store %q: %s\nhint: write dir:PATH or s3://BUCKET?region=REGION", address, why)
}
