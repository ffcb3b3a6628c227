package doctor

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
)

// account is an AWS that answers each call in its own protocol, and refuses
// what it does not know. What is asked of which service in which region is read
// from the signature.
type account struct {
	t       *testing.T
	answers map[string]string // "service region operation" → answer; "!" before it is a refusal
	asked   map[string]bool
	ns      []*net.NS
	nsErr   error
}

func (a *account) LookupNS(_ context.Context, name string) ([]*net.NS, error) {
	if name != "example.com" {
		a.t.Errorf("name servers of %s are asked for", name)
	}
	return a.ns, a.nsErr
}

func (a *account) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, _ := io.ReadAll(r.Body)
	// Credential=AK/20261124/us-east-1/sts/aws4_request
	scope := strings.Split(r.Header.Get("Authorization"), "/")
	if len(scope) < 5 {
		a.t.Errorf("not signed: %s %s", r.Method, r.URL)
		return
	}
	region, service := scope[2], scope[3]
	operation := r.Method + " " + r.URL.RequestURI()
	switch target := r.Header.Get("X-Amz-Target"); {
	case service == "sts":
		form, err := url.ParseQuery(string(body))
		if err != nil {
			a.t.Error(err)
		}
		operation = form.Get("Action")
	case target != "":
		var in struct{ Name, Path string }
		if err := json.Unmarshal(body, &in); err != nil {
			a.t.Error(err)
		}
		operation = strings.TrimSpace(target[strings.LastIndex(target, ".")+1:] + " " + in.Name + in.Path)
	case service == "account":
		operation += " " + string(body)
	}
	key := service + " " + region + " " + operation
	a.asked[key] = true
	answer, ok := a.answers[key]
	switch refusal, refused := strings.CutPrefix(answer, "!"); {
	case !ok:
		a.t.Errorf("unexpected call: %s", key)
		w.WriteHeader(http.StatusNotImplemented)
	case refused:
		status, text, _ := strings.Cut(refusal, " ")
		code := 0
		fmt.Sscan(status, &code)
		w.WriteHeader(code)
		io.WriteString(w, text)
	default:
		io.WriteString(w, answer)
	}
}

const (
	whoami = `<GetCallerIdentityResponse><GetCallerIdentityResult><Arn>arn:aws:iam::123456789012:user/a</Arn><Account>123456789012</Account></GetCallerIdentityResult></GetCallerIdentityResponse>`
	zone   = `<GetHostedZoneResponse><HostedZone><Id>/hostedzone/Z0123456789ABC</Id><Name>example.com.</Name><Config><PrivateZone>false</PrivateZone></Config></HostedZone><DelegationSet><NameServers><NameServer>ns-1.awsdns-01.org</NameServer><NameServer>ns-2.awsdns-02.com</NameServer></NameServers></DelegationSet></GetHostedZoneResponse>`

	notFoundXML  = `!404 <ErrorResponse><Error><Code>EntityNotFound</Code><Message>no</Message></Error></ErrorResponse>`
	notFoundJSON = `!400 {"__type":"ParameterNotFound","message":"no"}`
	deniedJSON   = `!400 {"__type":"AccessDeniedException","message":"not you"}`
	deniedXML    = `!403 <ErrorResponse><Error><Code>AccessDenied</Code><Message>not you</Message></Error></ErrorResponse>`
)

// fresh is an account in which everything is ready, and nothing deployed.
func fresh() map[string]string {
	out := map[string]string{
		"account us-east-1 POST /getRegionOptStatus " + `{"RegionName":"ap-east-1"}`: `{"RegionName":"ap-east-1","RegionOptStatus":"ENABLED"}`,
		"route53 us-east-1 GET /2013-04-01/hostedzone/Z0123456789ABC":                zone,
		"acm us-east-1 ListCertificates":                                             `{"CertificateSummaryList":[]}`,
		"ssm us-east-1 GetParametersByPath /blog/prod/":                              `{"Parameters":[]}`,
		"cloudfront us-east-1 GET /2020-05-31/key-value-store/blog-prod-routes":      notFoundXML,
	}
	for _, path := range []string{"key-value-store", "origin-access-control", "response-headers-policy?Type=custom", "cache-policy?Type=custom"} {
		out["cloudfront us-east-1 GET /2020-05-31/"+path] = `<List><MaxItems>100</MaxItems><Quantity>3</Quantity></List>`
	}
	for _, region := range []string{"us-east-1", "ap-southeast-1", "ap-east-1"} {
		out["sts "+region+" GetCallerIdentity"] = whoami
		out["ssm "+region+" GetParameter /cdk-bootstrap/hnb659fds/version"] = `{"Parameter":{"Name":"v","Value":"27"}}`
		out["lambda "+region+" GET /2016-08-19/account-settings"] = `{"AccountLimit":{"ConcurrentExecutions":1000}}`
		if region != "us-east-1" {
			out["acm "+region+" ListCertificates"] = `{"CertificateSummaryList":[]}`
			out["s3 "+region+" HEAD /blog-prod-123456789012-"+region+"-an"] = `!404 `
			out["s3 "+region+" HEAD /blog-prod-logs-123456789012-"+region+"-an"] = `!404 `
		}
	}
	return out
}

// look asks an account whose answers are changed.
func look(t *testing.T, change map[string]string, adjust func(*Blog, *account)) (Report, *account) {
	t.Helper()
	a := &account{t: t, answers: fresh(), asked: map[string]bool{},
		ns: []*net.NS{{Host: "ns-1.awsdns-01.org."}, {Host: "NS-2.awsdns-02.com."}}}
	maps.Copy(a.answers, change)
	s := httptest.NewServer(a)
	t.Cleanup(s.Close)
	b := newBlog(t)
	if adjust != nil {
		adjust(b, a)
	}
	cfg := aws.Config{Credentials: credentials.NewStaticCredentialsProvider("AK", "SK", ""), BaseEndpoint: &s.URL}
	return Online(context.Background(), b, &AWS{Config: cfg, Client: s.Client(), DNS: a}), a
}

func TestReady(t *testing.T) {
	r, a := look(t, nil, nil)
	for _, c := range r {
		if c.Status != OK {
			t.Errorf("%+v", c)
		}
	}
	// Nothing of the account goes unasked.
	for _, key := range slices.Sorted(maps.Keys(a.answers)) {
		if !a.asked[key] {
			t.Errorf("not asked: %s", key)
		}
	}
	want(t, r, "credentials", OK, "user/a")
	want(t, r, "delegation", OK, "")
	want(t, r, "names", OK, "nothing has them")
}

func TestAccount(t *testing.T) {
	const optIn = "account us-east-1 POST /getRegionOptStatus " + `{"RegionName":"ap-east-1"}`
	invalid := `!403 <ErrorResponse><Error><Code>InvalidClientTokenId</Code><Message>bad token</Message></Error></ErrorResponse>`
	boot := "ssm ap-southeast-1 GetParameter /cdk-bootstrap/hnb659fds/version"
	concurrency := "lambda ap-southeast-1 GET /2016-08-19/account-settings"
	for name, c := range map[string]struct {
		change map[string]string
		adjust func(*Blog, *account)
		what   string
		status Status
		found  string
	}{
		"not signed in":     {map[string]string{"sts us-east-1 GetCallerIdentity": invalid}, nil, "credentials", Failure, "InvalidClientTokenId"},
		"another account":   {nil, func(b *Blog, _ *account) { b.Config.AWS.Account = "999999999999" }, "credentials", Failure, "blog.yaml is for account 999999999999"},
		"region off":        {map[string]string{optIn: `{"RegionOptStatus":"DISABLED"}`}, nil, "enabled for the account", Failure, "DISABLED"},
		"region on its way": {map[string]string{optIn: `{"RegionOptStatus":"ENABLING"}`}, nil, "enabled for the account", Failure, "ENABLING"},
		"may not look":      {map[string]string{optIn: deniedJSON}, nil, "enabled for the account", Skipped, "may not look"},
		"an old token":      {map[string]string{"sts ap-east-1 GetCallerIdentity": invalid}, nil, "region", Failure, "bad token"},
		"not bootstrapped":  {map[string]string{boot: notFoundJSON}, nil, "bootstrap", Failure, "not done"},
		"an old bootstrap":  {map[string]string{boot: `{"Parameter":{"Value":"5"}}`}, nil, "bootstrap", Failure, "version 5, and the stacks need 6"},
		"bootstrap denied":  {map[string]string{boot: deniedJSON}, nil, "bootstrap", Skipped, "may not look"},
		"a new account":     {map[string]string{concurrency: `{"AccountLimit":{"ConcurrentExecutions":10}}`}, nil, "executions of Lambda at once", Warning, "10, as new accounts have it"},
		"another qualifier": {map[string]string{"ssm us-east-1 GetParameter /cdk-bootstrap/mine/version": notFoundJSON, "ssm ap-southeast-1 GetParameter /cdk-bootstrap/mine/version": notFoundJSON, "ssm ap-east-1 GetParameter /cdk-bootstrap/mine/version": notFoundJSON}, func(b *Blog, a *account) {
			b.write(a.t, "cdk.json", `{"context":{"@aws-cdk/core:bootstrapQualifier":"mine"}}`)
		}, "bootstrap", Failure, "not done"},
		"what the stacks say": {map[string]string{"ssm ap-east-1 GetParameter /cdk-bootstrap/hnb659fds/version": `{"Parameter":{"Value":"7"}}`}, func(b *Blog, a *account) { b.assembly(a.t, "", "{}") }, "bootstrap", Failure, "version 7, and the stacks need 8"},
	} {
		t.Run(name, func(t *testing.T) {
			r, a := look(t, c.change, c.adjust)
			want(t, r, c.what, c.status, c.found)
			// Nothing is asked of an account that is not known, or of a region
			// that cannot be used.
			if c.what == "credentials" && len(a.asked) != 1 {
				t.Errorf("asked %v", a.asked)
			}
			if c.what == "enabled for the account" && c.status == Failure && a.asked["sts ap-east-1 GetCallerIdentity"] {
				t.Error("the region was asked all the same")
			}
		})
	}
}

func TestDomain(t *testing.T) {
	const get = "route53 us-east-1 GET /2013-04-01/hostedzone/Z0123456789ABC"
	certs := "acm us-east-1 ListCertificates"
	const cert = "certificate of blog.example.com in us-east-1"
	ns := func(hosts ...string) func(*Blog, *account) {
		return func(_ *Blog, a *account) {
			a.ns = nil
			for _, h := range hosts {
				a.ns = append(a.ns, &net.NS{Host: h})
			}
		}
	}
	for name, c := range map[string]struct {
		change map[string]string
		adjust func(*Blog, *account)
		what   string
		status Status
		found  string
	}{
		"no domain":      {nil, func(b *Blog, _ *account) { b.Config.Domain, b.Config.Zone.ID = "", "" }, "address", OK, "CloudFront's own name"},
		"a zone to make": {nil, func(b *Blog, _ *account) { b.Config.Zone.ID, b.Config.Zone.Create = "", true }, "hosted zone", Warning, "does not exist yet"},
		"no such zone":   {map[string]string{get: `!404 <ErrorResponse><Error><Code>NoSuchHostedZone</Code><Message>no</Message></Error></ErrorResponse>`}, nil, "hosted zone", Failure, "there is no zone Z0123456789ABC"},
		"denied":         {map[string]string{get: deniedXML}, nil, "hosted zone", Skipped, "may not look"},
		"private":        {map[string]string{get: strings.Replace(zone, "false", "true", 1)}, nil, "hosted zone", Failure, "is private"},
		"another's zone": {map[string]string{get: strings.Replace(zone, "example.com.", "g.example.com.", 1)}, nil, "hosted zone", Failure, "blog.example.com is not in it"},
		// A zone of log.example.com does not hold blog.example.com.
		"ends alike":        {map[string]string{get: strings.Replace(zone, "example.com.", "log.example.com.", 1)}, nil, "hosted zone", Failure, "is not in it"},
		"not delegated":     {nil, func(_ *Blog, a *account) { a.ns, a.nsErr = nil, errors.New("no such host") }, "delegation", Failure, "knows no name servers of example.com"},
		"elsewhere":         {nil, ns("ns1.registrar.net."), "delegation", Failure, "ns1.registrar.net"},
		"half delegated":    {nil, ns("ns-1.awsdns-01.org.", "ns1.registrar.net."), "delegation", Warning, "ns1.registrar.net too"},
		"issued":            {map[string]string{certs: `{"CertificateSummaryList":[{"DomainName":"blog.example.com","Status":"EXPIRED"},{"DomainName":"blog.example.com","Status":"ISSUED"},{"DomainName":"other.example.com","Status":"FAILED"}]}`}, nil, cert, OK, "ISSUED"},
		"being validated":   {map[string]string{certs: `{"CertificateSummaryList":[{"DomainName":"blog.example.com","Status":"PENDING_VALIDATION"}]}`}, nil, cert, Warning, "PENDING_VALIDATION"},
		"not validated":     {map[string]string{certs: `{"CertificateSummaryList":[{"DomainName":"blog.example.com","Status":"VALIDATION_TIMED_OUT"}]}`}, nil, cert, Failure, "VALIDATION_TIMED_OUT"},
		"origin, by region": {map[string]string{"acm ap-east-1 ListCertificates": `{"CertificateSummaryList":[{"DomainName":"origin.blog.example.com","Status":"FAILED"}]}`}, nil, "certificate of origin.blog.example.com in ap-east-1", Failure, "FAILED"},
	} {
		t.Run(name, func(t *testing.T) {
			r, _ := look(t, c.change, c.adjust)
			want(t, r, c.what, c.status, c.found)
		})
	}
}

func TestDeployed(t *testing.T) {
	const (
		list  = "ssm us-east-1 GetParametersByPath /blog/prod/"
		table = "cloudfront us-east-1 GET /2020-05-31/key-value-store/blog-prod-routes"
		dist  = "cloudfront us-east-1 GET /2020-05-31/distribution/E1"
	)
	there := map[string]string{
		list:  `{"Parameters":[{"Name":"/blog/prod/route-table-arn","Value":"arn"},{"Name":"/blog/prod/base-url","Value":"https://blog.example.com"},{"Name":"/blog/prod/distribution-id","Value":"E1"}]}`,
		table: `<KeyValueStore><Status>READY</Status></KeyValueStore>`,
		dist:  `<Distribution><Status>Deployed</Status><DistributionConfig><Enabled>true</Enabled></DistributionConfig></Distribution>`,
	}
	for name, c := range map[string]struct {
		change map[string]string
		what   string
		status Status
		found  string
	}{
		"whole":            {nil, "distribution", OK, "E1 is on every edge"},
		"its address":      {nil, "blog", OK, "https://blog.example.com"},
		"half":             {map[string]string{list: `{"Parameters":[{"Name":"/blog/prod/route-table-arn","Value":"arn"}]}`}, "blog", Warning, "cut short"},
		"table lost":       {map[string]string{table: notFoundXML}, "route table", Failure, "EntityNotFound"},
		"on its way":       {map[string]string{dist: strings.Replace(there[dist], "Deployed", "InProgress", 1)}, "distribution", Warning, "InProgress"},
		"switched off":     {map[string]string{dist: strings.Replace(there[dist], "true", "false", 1)}, "distribution", Failure, "disabled"},
		"may not look":     {map[string]string{list: deniedJSON}, "blog", Skipped, "may not look"},
		"a table is left":  {map[string]string{list: `{"Parameters":[]}`}, "name of the route table", Failure, "blog-prod-routes exists already"},
		"a bucket is left": {map[string]string{list: `{"Parameters":[]}`, "s3 ap-east-1 HEAD /blog-prod-logs-123456789012-ap-east-1-an": ""}, "name of the bucket", Failure, "ap-east-1-an exists already"},
		"no room":          {map[string]string{list: `{"Parameters":[]}`, "cloudfront us-east-1 GET /2020-05-31/response-headers-policy?Type=custom": `<L><Quantity>18</Quantity></L>`}, "header policies", Failure, "18 of 20 are in use"},
	} {
		t.Run(name, func(t *testing.T) {
			change := maps.Clone(there)
			maps.Copy(change, c.change)
			r, _ := look(t, change, nil)
			want(t, r, c.what, c.status, c.found)
		})
	}
}
