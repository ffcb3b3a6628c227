package cloud

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/aws/aws-sdk-go-v2/service/sts"

	"github.com/victorleungtw/blog/internal/awsclient"
	"github.com/victorleungtw/blog/internal/config"
	"github.com/victorleungtw/blog/internal/names"
	"github.com/victorleungtw/blog/internal/release"
	"github.com/victorleungtw/blog/internal/renderer"
	"github.com/victorleungtw/blog/internal/routes/kvs"
	"github.com/victorleungtw/blog/internal/store/s3"
)

// propagation is for how long the edge may show the release before: the route
// table has no promise about how fast it reaches every edge, and seconds is
// what is seen.
const propagation = time.Minute

// renderWithin is how long a renderer is waited for: a little longer than the
// function itself may take (infra/render.go).
const renderWithin = 5*time.Minute + 30*time.Second

// AWS opens what blog.yaml's stacks deployed. A standby may have a bucket alone.
func AWS(ctx context.Context, cfg *config.Config) (*Cloud, error) {
	n, err := names.New(cfg.AWS.Name, cfg.AWS.Env)
	if err != nil {
		return nil, err
	}
	global, err := awsclient.Load(ctx, awsclient.Options{Region: names.GlobalRegion})
	if err != nil {
		return nil, err
	}
	account, err := accountOf(ctx, global, cfg)
	if err != nil {
		return nil, err
	}
	params, err := parameters(ctx, global, n)
	if err != nil {
		return nil, err
	}
	c := &Cloud{BaseURL: params[n.BaseURL()]}
	if c.Table, err = kvs.New(global, params[n.RouteTableARN()]); err != nil {
		return nil, fmt.Errorf("opening the route table: %w", err)
	}
	for _, region := range cfg.Regions() {
		client, err := s3.NewClient(ctx, s3.Options{Region: region})
		if err != nil {
			return nil, err
		}
		r := release.Region{Name: region, Bucket: s3.New(client, n.Bucket(account, region))}
		if slices.Contains(cfg.RendererRegions(), region) {
			there := global.Copy()
			there.Region, there.HTTPClient = region, awsclient.HTTPClient(renderWithin)
			r.Renderer = &function{lambda.NewFromConfig(there), n.Renderer()}
		}
		c.Regions = append(c.Regions, r)
	}
	c.Checker = &release.HTTPCheck{
		Client: &http.Client{Timeout: 30 * time.Second}, Base: c.BaseURL, Bucket: c.Bucket(), Patience: propagation,
	}
	c.Purge = func(ctx context.Context, items []string) error {
		id := params[n.DistributionID()]
		if id == "" {
			return fmt.Errorf("the parameter %s does not exist\n    hint: deploy the stack %s", n.DistributionID(), n.Stack("edge"))
		}
		endpoint := "https://cloudfront.amazonaws.com"
		if global.BaseEndpoint != nil {
			endpoint = *global.BaseEndpoint
		}
		return invalidate(ctx, &http.Client{Timeout: 30 * time.Second}, global, endpoint, id, items)
	}
	return c, nil
}

// accountOf is the account that the bucket names carry. Working in another
// than blog.yaml says is refused before anything is read.
func accountOf(ctx context.Context, cfg aws.Config, c *config.Config) (string, error) {
	id, err := sts.NewFromConfig(cfg).GetCallerIdentity(ctx, &sts.GetCallerIdentityInput{})
	if err != nil {
		return "", fmt.Errorf("asking AWS who we are: %w\n    hint: sign in (aws login, or AWS_PROFILE), or publish to a folder with --local", err)
	}
	account := aws.ToString(id.Account)
	if c.AWS.Account != "" && c.AWS.Account != account {
		return "", fmt.Errorf("blog.yaml is for account %s, but the credentials are of %s", c.AWS.Account, account)
	}
	return account, nil
}

// parameters reads what the stacks wrote down for publishers.
func parameters(ctx context.Context, cfg aws.Config, n names.Names) (map[string]string, error) {
	endpoint := "https://ssm." + names.GlobalRegion + ".amazonaws.com/"
	if cfg.BaseEndpoint != nil {
		endpoint = *cfg.BaseEndpoint // AWS_ENDPOINT_URL, as the SDK's clients have it
	}
	out, err := parametersByPath(ctx, &http.Client{Timeout: 30 * time.Second}, cfg, endpoint, n.Parameters())
	if err != nil {
		return nil, fmt.Errorf("reading the parameters below %s in %s: %w", n.Parameters(), names.GlobalRegion, err)
	}
	if out[n.RouteTableARN()] == "" || out[n.BaseURL()] == "" {
		return nil, fmt.Errorf("the parameters %s and %s do not exist in %s\n    hint: deploy the stacks first: docs/deploy.md",
			n.RouteTableARN(), n.BaseURL(), names.GlobalRegion)
	}
	return out, nil
}

// function is a renderer in AWS, invoked directly.
type function struct {
	client *lambda.Client
	name   string
}

func (f *function) Do(ctx context.Context, req renderer.Request) (renderer.Response, error) {
	var out renderer.Response
	payload, err := json.Marshal(req)
	if err != nil {
		return out, err
	}
	resp, err := f.client.Invoke(ctx, &lambda.InvokeInput{
		FunctionName: aws.String(f.name), Qualifier: aws.String(names.LiveAlias), Payload: payload,
	})
	if err != nil {
		return out, fmt.Errorf("invoking %s: %w", f.name, err)
	}
	if resp.FunctionError != nil {
		var e struct {
			Message string `json:"errorMessage"`
		}
		if json.Unmarshal(resp.Payload, &e) != nil || e.Message == "" {
			e.Message = string(resp.Payload)
		}
		return out, errors.New(e.Message)
	}
	if err := json.Unmarshal(resp.Payload, &out); err != nil {
		return out, fmt.Errorf("the answer of %s: %w", f.name, err)
	}
	return out, nil
}
