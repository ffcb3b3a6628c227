package cloud

import (
	"context"
	"fmt"
	"net/url"
	"strings"

	"github.com/aws/aws-sdk-go-v2/service/lambda"

	"github.com/victorleungtw/blog/internal/awsclient"
	"github.com/victorleungtw/blog/internal/release"
)

// openRenderer opens a renderer by its address,
//
//	lambda:FUNCTION[?region=REGION][&endpoint=URL]
//
// REGION defaults to AWS_REGION or the profile's; endpoint is for what speaks
// Lambda's Invoke and is not AWS. Credentials come from the environment.
func openRenderer(ctx context.Context, address string) (release.Renderer, error) {
	bad := func(why string) error {
		return fmt.Errorf("renderer %q: %s\nhint: write lambda:FUNCTION?region=REGION", address, why)
	}
	name, query, _ := strings.Cut(address, "?")
	name, ok := strings.CutPrefix(name, "lambda:")
	if !ok || name == "" {
		return nil, bad("it does not name a function")
	}
	values, err := url.ParseQuery(query)
	if err != nil {
		return nil, bad(err.Error())
	}
	o := awsclient.Options{Answer: renderWithin}
	var endpoint *string
	for key, v := range values {
		if len(v) != 1 || v[0] == "" {
			return nil, bad(key + " needs one value")
		}
		switch key {
		case "region":
			o.Region = v[0]
		case "endpoint":
			if u, err := url.Parse(v[0]); err != nil || (u.Scheme != "http" && u.Scheme != "https") || u.Host == "" {
				return nil, bad("endpoint must be a URL such as http://127.0.0.1:9001")
			}
			endpoint = &v[0]
		default:
			return nil, bad(fmt.Sprintf("%q is unknown", key))
		}
	}
	cfg, err := awsclient.Load(ctx, o)
	if err != nil {
		return nil, err
	}
	if cfg.Region == "" {
		return nil, bad("no AWS region is named")
	}
	if endpoint != nil {
		cfg.BaseEndpoint = endpoint
	}
	return &function{lambda.NewFromConfig(cfg), name}, nil
}
