package doctor

import (
	"context"
	"encoding/json"
	"encoding/xml"
	"errors"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strconv"

	"github.com/aws/aws-sdk-go-v2/aws"

	"github.com/victorleungtw/blog/internal/awsclient"
	"github.com/victorleungtw/blog/internal/config"
	"github.com/victorleungtw/blog/internal/names"
)

// AWS is how AWS and the DNS are asked.
type AWS struct {
	Config aws.Config
	Client *http.Client
	// DNS is asked where the world looks for a zone; net.DefaultResolver.
	DNS interface {
		LookupNS(ctx context.Context, name string) ([]*net.NS, error)
	}
}

// Online looks at the account. Each answer is of AWS, now.
func Online(ctx context.Context, b *Blog, a *AWS) Report {
	account, all := a.checkIdentity(ctx, b)
	if account == "" {
		return all
	}
	for _, region := range b.regions() {
		all = append(all, a.checkRegion(ctx, b, account, region)...)
	}
	all = append(all, a.checkDomain(ctx, b)...)
	all = append(all, a.checkDeployed(ctx, b, account)...)
	return all
}

// endpoint is where a service answers; AWS_ENDPOINT_URL leads elsewhere, as it
// does for the SDK's clients.
func (a *AWS) endpoint(service, region string) string {
	if a.Config.BaseEndpoint != nil {
		return *a.Config.BaseEndpoint
	}
	switch service {
	case "cloudfront", "route53": // one for all regions
		return "https://" + service + ".amazonaws.com"
	}
	return "https://" + service + "." + region + ".amazonaws.com"
}

// call sends a request to a service in a region.
func (a *AWS) call(ctx context.Context, service, region, method, path string, header map[string]string, body []byte) ([]byte, error) {
	cfg := a.Config.Copy()
	cfg.Region = region
	return awsclient.Send(ctx, a.Client, cfg, awsclient.Call{
		Service: service, Method: method, URL: a.endpoint(service, region) + path, Header: header, Body: body,
	})
}

// json calls an operation of the AWS JSON 1.1 protocol.
func (a *AWS) json(ctx context.Context, service, region, target string, in, out any) error {
	cfg := a.Config.Copy()
	cfg.Region = region
	call, err := awsclient.JSONCall(service, a.endpoint(service, region)+"/", target, in)
	if err != nil {
		return err
	}
	body, err := awsclient.Send(ctx, a.Client, cfg, call)
	if err != nil {
		return err
	}
	return json.Unmarshal(body, out)
}

// xml reads a document of a REST service.
func (a *AWS) xml(ctx context.Context, service, path string, out any) error {
	body, err := a.call(ctx, service, names.GlobalRegion, http.MethodGet, path, nil, nil)
	if err != nil {
		return err
	}
	return xml.Unmarshal(body, out)
}

// code is what AWS calls a refusal; empty for another error.
func code(err error) string {
	var f *awsclient.Fault
	if errors.As(err, &f) {
		return f.Code
	}
	return ""
}

// denied reports whether the credentials may not ask, which says nothing about
// what was asked.
func denied(err error) bool {
	switch code(err) {
	case "AccessDenied", "AccessDeniedException", "UnauthorizedOperation":
		return true
	}
	return false
}

// caller asks the STS of a region who the credentials are. That STS, and not
// the global one: a route table takes no session token of the global one, and
// nor does a region that an account has to opt in to.
func (a *AWS) caller(ctx context.Context, region string) (account, arn string, err error) {
	body, err := a.call(ctx, "sts", region, http.MethodPost, "/",
		map[string]string{"Content-Type": "application/x-www-form-urlencoded; charset=utf-8"},
		[]byte("Action=GetCallerIdentity&Version=2011-06-15"))
	if err != nil {
		return "", "", err
	}
	var out struct {
		Account string `xml:"GetCallerIdentityResult>Account"`
		ARN     string `xml:"GetCallerIdentityResult>Arn"`
	}
	err = xml.Unmarshal(body, &out)
	return out.Account, out.ARN, err
}

// checkIdentity finds out who we are. Without an account nothing else can be
// asked.
func (a *AWS) checkIdentity(ctx context.Context, b *Blog) (account string, _ Report) {
	r := &report{area: "account"}
	account, arn, err := a.caller(ctx, names.GlobalRegion)
	switch want := b.Config.AWS.Account; {
	case err != nil:
		r.fail("credentials", "sign in (aws login, aws sso login, or AWS_PROFILE), or look at this machine alone with --offline", "%v", err)
		return "", r.list
	case want != "" && want != account:
		r.fail("credentials", "use credentials of that account, or correct aws.account", "blog.yaml is for account %s, and the credentials are of %s", want, account)
		return "", r.list
	}
	r.ok("credentials", "%s", arn)
	return account, r.list
}

// What a new account has of it, and what the blog would like to have.
const (
	defaultBootstrap = 6   // the version of the bootstrap that the CDK asks for by itself
	fewExecutions    = 100 // at once, in a region: a publish takes some tens
)

// checkRegion finds out whether stacks can be deployed to a region.
func (a *AWS) checkRegion(ctx context.Context, b *Blog, account, region string) Report {
	r := &report{area: region}
	if !a.checkOptIn(ctx, r, region) {
		return r.list
	}
	var param struct {
		Parameter struct{ Value string }
	}
	qualifier := b.qualifier()
	what := "bootstrap"
	bootstrap := "npx --prefix infra cdk bootstrap aws://" + account + "/" + region
	err := a.json(ctx, "ssm", region, "AmazonSSM.GetParameter",
		map[string]string{"Name": "/cdk-bootstrap/" + qualifier + "/version"}, &param)
	need := b.bootstrapNeeded(region)
	version, _ := strconv.Atoi(param.Parameter.Value)
	switch {
	case code(err) == "ParameterNotFound":
		r.fail(what, bootstrap, "not done")
	case denied(err):
		r.skip(what, "the credentials may not look: %v", err)
	case err != nil:
		r.fail(what, "try again", "%v", err)
	case version < need:
		r.fail(what, bootstrap, "version %d, and the stacks need %d", version, need)
	default:
		r.ok(what, "version %d", version)
	}

	var settings struct {
		AccountLimit struct{ ConcurrentExecutions int }
	}
	what = "executions of Lambda at once"
	body, err := a.call(ctx, "lambda", region, http.MethodGet, "/2016-08-19/account-settings", nil, nil)
	if err == nil {
		err = json.Unmarshal(body, &settings)
	}
	switch n := settings.AccountLimit.ConcurrentExecutions; {
	case denied(err):
		r.skip(what, "the credentials may not look: %v", err)
	case err != nil:
		r.fail(what, "try again", "%v", err)
	case n < fewExecutions:
		r.warn(what, "ask for more: aws service-quotas request-service-quota-increase --region "+region+" --service-code lambda --quota-code L-B99A9384 --desired-value 1000",
			"%d, as new accounts have it: readers and a publish will be throttled, and nothing of it can be reserved for a function", n)
	default:
		r.ok(what, "%d", n)
	}
	return r.list
}

// checkOptIn finds out whether the account may use a region, and whether its
// credentials hold there. Without that nothing else of it can be asked.
func (a *AWS) checkOptIn(ctx context.Context, r *report, region string) bool {
	const what = "region"
	if config.OptIn(region) {
		in, _ := json.Marshal(map[string]string{"RegionName": region})
		body, err := a.call(ctx, "account", names.GlobalRegion, http.MethodPost, "/getRegionOptStatus",
			map[string]string{"Content-Type": "application/json"}, in)
		var out struct{ RegionOptStatus string }
		if err == nil {
			err = json.Unmarshal(body, &out)
		}
		switch {
		case denied(err):
			r.skip("enabled for the account", "the credentials may not look; what follows shows it too")
		case err != nil:
			r.fail("enabled for the account", "try again", "%v", err)
		case out.RegionOptStatus == "ENABLED" || out.RegionOptStatus == "ENABLED_BY_DEFAULT":
			r.ok("enabled for the account", "%s", out.RegionOptStatus)
		case out.RegionOptStatus == "ENABLING":
			r.fail("enabled for the account", "wait: it takes minutes, sometimes hours", "ENABLING")
			return false
		default:
			r.fail("enabled for the account", "aws account enable-region --region-name "+region+", or another standby in blog.yaml", "%s", out.RegionOptStatus)
			return false
		}
	}
	switch _, _, err := a.caller(ctx, region); {
	case err == nil:
		r.ok(what, "its STS knows the credentials")
		return true
	case code(err) == "InvalidClientTokenId" && config.OptIn(region):
		r.fail(what, "enable it (aws account enable-region --region-name "+region+"), or, if it is, sign in again with AWS_STS_REGIONAL_ENDPOINTS=regional: such regions refuse tokens of the global STS", "%v", err)
	default:
		r.fail(what, "try again; is the region's code right?", "%v", err)
	}
	return false
}

// qualifier is the part of the bootstrap's names that a project may choose.
func (b *Blog) qualifier() string {
	var f struct{ Context map[string]any }
	if data, err := os.ReadFile(filepath.Join(b.Root, "cdk.json")); err == nil && json.Unmarshal(data, &f) == nil {
		if q, ok := f.Context["@aws-cdk/core:bootstrapQualifier"].(string); ok {
			return q
		}
	}
	return "hnb659fds"
}

// bootstrapNeeded is the version that the stacks of a region ask for.
func (b *Blog) bootstrapNeeded(region string) int {
	need := defaultBootstrap
	if a, err := readAssembly(filepath.Join(b.Root, "cdk.out")); err == nil {
		for _, s := range a.stacks {
			if s.region == region {
				need = max(need, s.bootstrap)
			}
		}
	}
	return need
}
