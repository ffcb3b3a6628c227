// Package routesurl opens a route table by its address, as people write it in a
// flag.
//
//	PATH
//	kvs:ARN[?region=REGION][&endpoint=URL]
//
// PATH is a file of this machine (package file). ARN is that of a CloudFront
// KeyValueStore, arn:aws:cloudfront::ACCOUNT:key-value-store/ID; endpoint is for
// a server that speaks its API and is not AWS. Credentials come from the
// environment, never from the address.
package routesurl

import (
	"context"
	"fmt"
	"net/url"
	"strings"

	"github.com/victorleungtw/blog/internal/routes"
	"github.com/victorleungtw/blog/internal/routes/file"
	"github.com/victorleungtw/blog/internal/routes/kvs"
)

// Open returns the table at an address. It sends no request.
func Open(ctx context.Context, address string) (routes.Table, error) {
	rest, ok := strings.CutPrefix(address, "kvs:")
	if !ok {
		switch {
		case address == "":
			return nil, bad(address, "it is empty")
		case strings.HasPrefix(address, "arn:"), strings.HasPrefix(address, "s3:"), strings.HasPrefix(address, "dir:"):
			return nil, bad(address, "it is of neither kind")
		}
		t, err := file.Open(address)
		if err != nil {
			return nil, fmt.Errorf("opening the route table: %w", err)
		}
		return t, nil
	}
	o, err := parse(address, rest)
	if err != nil {
		return nil, err
	}
	t, err := kvs.Open(ctx, o)
	if err != nil {
		return nil, fmt.Errorf("opening the route table: %w", err)
	}
	return t, nil
}

func parse(address, rest string) (o kvs.Options, err error) {
	arn, query, _ := strings.Cut(rest, "?")
	o.ARN = arn
	values, err := url.ParseQuery(query)
	if err != nil {
		return o, bad(address, err.Error())
	}
	for name, v := range values {
		if len(v) != 1 || v[0] == "" {
			return o, bad(address, name+" needs one value")
		}
		switch name {
		case "region":
			o.Region = v[0]
		case "endpoint":
			e, err := url.Parse(v[0])
			if err != nil || (e.Scheme != "http" && e.Scheme != "https") || e.Host == "" {
				return o, bad(address, "endpoint must be a URL such as http://127.0.0.1:7071")
			}
			o.Endpoint = v[0]
		default:
			return o, bad(address, fmt.Sprintf("%q is unknown", name))
		}
	}
	return o, nil
}

func bad(address, why string) error {
	return fmt.Errorf("route table %q: %s\nhint: write PATH or kvs:ARN?region=REGION", address, why)
}
