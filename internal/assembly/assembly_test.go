package assembly

import (
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"golang.org/x/tools/txtar"

	"github.com/victorleungtw/blog/internal/route53"
)

// assembly is one that can be changed before it is opened.
type fixture map[string]map[string]any

func newFixture(t *testing.T) fixture {
	t.Helper()
	a, err := txtar.ParseFile("testdata/blog.txtar")
	if err != nil {
		t.Fatal(err)
	}
	f := fixture{}
	for _, file := range a.Files {
		var v map[string]any
		if err := json.Unmarshal(file.Data, &v); err != nil {
			t.Fatalf("%s: %v", file.Name, err)
		}
		f[file.Name] = v
	}
	return f
}

// set changes what is at a path, "edge.template.json/Resources/Cache/Type";
// with nil it goes.
func (f fixture) set(t *testing.T, path string, value any) {
	t.Helper()
	file, rest, _ := strings.Cut(path, "/")
	keys := strings.Split(rest, "/")
	var in any = f[file]
	for _, key := range keys[:len(keys)-1] {
		switch v := in.(type) {
		case map[string]any:
			in = v[key]
		case []any:
			i, err := strconv.Atoi(key)
			if err != nil {
				t.Fatalf("%s: %s is no place in a list", path, key)
			}
			in = v[i]
		}
	}
	m, ok := in.(map[string]any)
	if !ok {
		t.Fatalf("%s leads nowhere", path)
	}
	last := keys[len(keys)-1]
	if m[last] = value; value == nil {
		delete(m, last)
	}
}

func (f fixture) open(t *testing.T) (*Deployment, error) {
	t.Helper()
	dir := t.TempDir()
	for name, v := range f {
		data, err := json.Marshal(v)
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(dir, name), data, 0o666); err != nil {
			t.Fatal(err)
		}
	}
	return Open(dir)
}

func TestOpen(t *testing.T) {
	d, err := newFixture(t).open(t)
	if err != nil {
		t.Fatal(err)
	}
	c := d.Config
	if len(c.Origins) != 2 || !c.Origins[0].Bucket || c.Origins[0].ReadTimeout != 3*time.Second || c.Origins[0].ConnectionAttempts != 3 {
		t.Errorf("origins %+v", c.Origins)
	}
	if o := c.Origins[1]; !o.Verify || o.ConnectionAttempts != 1 || o.ReadTimeout != 30*time.Second || o.ConnectionTimeout != 10*time.Second {
		t.Errorf("the renderer is %+v", o)
	}
	if g := c.OriginGroups[0]; g.Primary != "store" || g.Secondary != "renderer" || !slices.Equal(g.FailoverCriteria, []int{403, 503}) {
		t.Errorf("group %+v", g)
	}
	b := c.DefaultCacheBehavior
	if !b.ViewerRequestFunction || !slices.Equal(b.AllowedMethods, []string{"GET", "HEAD"}) || b.Compress {
		t.Errorf("behaviour %+v", b)
	}
	if p := b.CachePolicy; p.MaxTTL != 10*time.Minute || !slices.Equal(p.Headers, []string{"x-blog-release"}) || !p.EnableAcceptEncodingGzip || p.EnableAcceptEncodingBrotli {
		t.Errorf("cache policy %+v", p)
	}
	if e := c.CustomErrorResponses; len(e) != 1 || e[0].ErrorCachingMinTTL != 10*time.Second {
		t.Errorf("errors %+v", e)
	}
	if got := d.Parameters["/blog/table"]; got == "" || got != d.KeyValueStore {
		t.Errorf("the table is %q, the function reads %q", got, d.KeyValueStore)
	}
	if !slices.Equal(d.Regions, []string{"eu-west-1"}) || d.Hosts != nil || !strings.Contains(string(d.Function), "handler") {
		t.Errorf("%q %q %s", d.Regions, d.Hosts, d.Function)
	}
	f := d.Origins[1].Routes[0].API.Function
	if f.Secret != d.Secret || f.Timeout != time.Minute || f.Bucket != "blog-000000000000-eu-west-1-an" {
		t.Errorf("the renderer is %+v, the edge says %q", f, d.Secret)
	}
	store := d.Origins[0].Bucket
	if !store.MayGet("page/x") || store.MayGet("src/x") || store.MayGet("page") {
		t.Errorf("page/x %v, src/x %v, page %v", store.MayGet("page/x"), store.MayGet("src/x"), store.MayGet("page"))
	}
}

// What is wrong on readers' way is refused, and says where.
func TestProblems(t *testing.T) {
	const (
		dist   = "edge.template.json/Resources/Distribution/Properties/DistributionConfig/"
		edge   = "edge.template.json/Resources/"
		region = "region.template.json/Resources/"
	)
	for _, tt := range []struct {
		name, path string
		value      any
		want       string
	}{
		{"a property nobody knows", dist + "Staging", true,
			"edge: Distribution (AWS::CloudFront::Distribution): DistributionConfig.Staging: is not understood: teach package assembly what it does, or list it in internal/assembly/effectless.go"},
		{"one deep in a list", dist + "Origins/1/CustomOriginConfig/IpAddressType", "ipv6", "DistributionConfig.Origins[1].CustomOriginConfig.IpAddressType: is not understood"},
		{"one of a policy", edge + "Headers/Properties/ResponseHeadersPolicyConfig/CorsConfig", map[string]any{}, "edge: Headers (AWS::CloudFront::ResponseHeadersPolicy): ResponseHeadersPolicyConfig.CorsConfig: is not understood"},
		{"one of a bucket", region + "Releases/Properties/WebsiteConfiguration", map[string]any{}, "region: Releases (AWS::S3::Bucket): WebsiteConfiguration"},
		{"a variable of the renderer", region + "Renderer/Properties/Environment/Variables/NEW", "1", "Environment.Variables.NEW: is not understood"},
		{"a type nobody knows", edge + "Wall", map[string]any{"Type": "AWS::Wall::Wall"}, "edge: Wall (AWS::Wall::Wall): resources of this type are not known"},
		{"a function of CloudFormation's", dist + "HttpVersion", map[string]any{"Fn::If": []any{"c", "http2", "http3"}}, "DistributionConfig.HttpVersion: Fn::If: this function is not understood"},
		{"a name of nothing", dist + "DefaultCacheBehavior/CachePolicyId", map[string]any{"Ref": "Nothing"}, "Nothing is no resource of the stack"},
		{"a managed policy", dist + "DefaultCacheBehavior/CachePolicyId", "658327ea-f89d-4fab-a63d-7e88639e58f6", "managed ones are not understood"},
		{"no cache policy", dist + "DefaultCacheBehavior/CachePolicyId", nil, "without a cache policy"},
		{"cookies in the key", edge + "Cache/Properties/CachePolicyConfig/ParametersInCacheKeyAndForwardedToOrigin/CookiesConfig/CookieBehavior", "all", `is "all", and only ["none"] is understood`},
		{"a header that gives way", edge + "Headers/Properties/ResponseHeadersPolicyConfig/SecurityHeadersConfig/ContentTypeOptions/Override", false, `ContentTypeOptions.Override: is "false"`},
		{"an error page", dist + "CustomErrorResponses", []any{map[string]any{"ErrorCode": 404., "ResponsePagePath": "/404"}}, "CustomErrorResponses[0].ResponsePagePath"},
		{"switched off", dist + "Enabled", false, "answers nobody"},
		{"a wrong number", dist + "OriginGroups/Quantity", 2., "OriginGroups.Quantity: is 2, with 1 items"},
		{"text for a number", dist + "Origins/0/ConnectionTimeout", "soon", `ConnectionTimeout: is "soon", want a whole number`},
		{"a response function", dist + "DefaultCacheBehavior/FunctionAssociations", []any{map[string]any{"EventType": "viewer-response", "FunctionARN": map[string]any{"Fn::GetAtt": "Function.FunctionARN"}}}, "EventType: is \"viewer-response\""},
		{"a function in development", edge + "Function/Properties/AutoPublish", false, "no reader's request meets it"},
		{"another runtime", edge + "Function/Properties/FunctionConfig/Runtime", "cloudfront-js-1.0", "cloudfront-js-1.0"},
		{"a function without a store", edge + "Function/Properties/FunctionConfig/KeyValueStoreAssociations", nil, "names 0 stores"},
		{"an export nobody has", edge + "Function/Properties/FunctionConfig/KeyValueStoreAssociations", []any{map[string]any{"KeyValueStoreARN": map[string]any{"Fn::ImportValue": "other:table"}}}, "no stack in us-east-1 exports other:table"},
		{"a bucket nobody makes", dist + "Origins/0/DomainName", "other.s3.eu-west-1.amazonaws.com", "no stack makes a bucket with the host name other.s3"},
		{"a host nobody has", dist + "Origins/1/DomainName", "origin.example.com", "no record and no API of the assembly has the host name origin.example.com"},
		{"plain HTTP to the renderer", dist + "Origins/1/CustomOriginConfig/OriginProtocolPolicy", "http-only", "http-only"},
		{"another header", dist + "Origins/1/OriginCustomHeaders", []any{map[string]any{"HeaderName": "x-other", "HeaderValue": "1"}}, "HeaderName: is \"x-other\""},
		{"no replica of the secret", "global.template.json/Resources/Secret/Properties/ReplicaRegions", nil, "BLOG_ORIGIN_SECRET_ARN: no stack makes a secret origin-key that is there in eu-west-1"},
		{"no replica of the host's name", region + "Host/Properties/ReplicaRegions", nil, "no stack makes a secret host that is there in us-east-1"},
		{"another bucket", region + "Renderer/Properties/Environment/Variables/BLOG_BUCKET", "other", `BLOG_BUCKET: is "other", and the edge reads blog-000000000000-eu-west-1-an`},
		{"a closed door", region + "API/Properties/DisableExecuteApiEndpoint", true, "the distribution asks at this endpoint"},
		{"another kind of API", region + "API/Properties/ProtocolType", "WEBSOCKET", "WEBSOCKET"},
		{"no stage", region + "Stage", nil, "has 0 stages"},
		{"a stage that nothing is deployed to", region + "Stage/Properties/AutoDeploy", nil, "no route is deployed"},
		{"a second route", region + "Other", map[string]any{"Type": "AWS::ApiGatewayV2::Route", "Properties": map[string]any{"ApiId": map[string]any{"Ref": "API"}, "RouteKey": "GET /"}}, "has 2 routes"},
		{"who is asked first", region + "Route/Properties/AuthorizationType", "AWS_IAM", "AWS_IAM"},
		{"no permission", region + "Permission", nil, "no permission lets the API call arn:aws:lambda:eu-west-1:000000000000:function:renderer:live"},
		{"permission for another API", region + "Permission/Properties/SourceArn", "arn:aws:execute-api:eu-west-1:000000000000:other/*/*", "no permission"},
		{"no alias", region + "Live", nil, "no stack makes the alias"},
		{"the newest code", region + "Live/Properties/FunctionVersion", "$LATEST", "cannot be gone back from"},
		{"a share of another version", region + "Live/Properties/RoutingConfig", map[string]any{}, "RoutingConfig: is not understood"},
		{"a comparison nobody knows", region + "ReleasesPolicy/Properties/PolicyDocument/Statement/1/Condition", map[string]any{"IpAddress": map[string]any{}}, "PolicyDocument.Statement[1].Condition.IpAddress"},
		{"an exception", region + "ReleasesPolicy/Properties/PolicyDocument/Statement/1/NotResource", "*", "PolicyDocument.Statement[1].NotResource"},
		{"AWS's own key", region + "Releases/Properties/BucketEncryption/ServerSideEncryptionConfiguration/0/ServerSideEncryptionByDefault/KMSMasterKeyID", nil, "CloudFront cannot use one that is AWS's"},
		{"a second distribution", edge + "Other", map[string]any{"Type": "AWS::CloudFront::Distribution"}, "one of 2 distributions"},
		{"no distribution", edge + "Distribution", nil, "there is none"},
		{"a condition", edge + "Cache/Condition", "Prod", "Cache has a condition"},
		{"a section", "edge.template.json/Mappings", map[string]any{}, "the section Mappings is not understood"},
		{"an artifact", "manifest.json/artifacts/Other", map[string]any{"type": "aws:other"}, "its type aws:other is not known"},
		{"no region", "manifest.json/artifacts/edge/environment", "aws://unknown-account/unknown-region", "names no region"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			f := newFixture(t)
			f.set(t, tt.path, tt.value)
			if _, err := f.open(t); err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("got %v\nwant %s", err, tt.want)
			}
		})
	}
}

// All is reported, not the first alone.
func TestAllProblems(t *testing.T) {
	f := newFixture(t)
	f.set(t, "edge.template.json/Resources/Distribution/Properties/DistributionConfig/Staging", true)
	f.set(t, "region.template.json/Resources/Permission", nil)
	_, err := f.open(t)
	var all Problems
	if !errors.As(err, &all) || len(all) != 2 {
		t.Fatalf("%v", err)
	}
	if all[0].ID != "Distribution" || all[1].Stack != "region" || all[1].Path != "IntegrationUri" {
		t.Errorf("%+v", all)
	}
}

// What the bucket gives out changes with its policy, its key's, and whether
// CloudFront signs.
func TestAccess(t *testing.T) {
	const region = "region.template.json/Resources/"
	for _, tt := range []struct {
		name, path string
		value      any
	}{
		{"no policy", region + "ReleasesPolicy", nil},
		{"another prefix", region + "ReleasesPolicy/Properties/PolicyDocument/Statement/1/Resource", "arn:aws:s3:::blog-000000000000-eu-west-1-an/pages/*"},
		{"another action", region + "ReleasesPolicy/Properties/PolicyDocument/Statement/1/Action", "s3:PutObject"},
		{"another service", region + "ReleasesPolicy/Properties/PolicyDocument/Statement/1/Principal", map[string]any{"Service": "s3.amazonaws.com"}},
		{"another account", region + "ReleasesPolicy/Properties/PolicyDocument/Statement/1/Condition/StringEquals/AWS:SourceAccount", "111122223333"},
		{"another distribution", region + "ReleasesPolicy/Properties/PolicyDocument/Statement/1/Condition/ArnLike/AWS:SourceArn", "arn:aws:cloudfront::000000000000:distribution/EOTHER"},
		{"a refusal", region + "ReleasesPolicy/Properties/PolicyDocument/Statement/0/Condition/Bool/aws:SecureTransport", "true"},
		{"a key that it may not use", region + "Key/Properties/KeyPolicy/Statement", []any{}},
		{"no signature", "edge.template.json/Resources/Access/Properties/OriginAccessControlConfig/SigningBehavior", "never"},
		{"no access control", "edge.template.json/Resources/Distribution/Properties/DistributionConfig/Origins/0/OriginAccessControlId", nil},
	} {
		f := newFixture(t)
		f.set(t, tt.path, tt.value)
		d, err := f.open(t)
		if err != nil {
			t.Errorf("%s: %v", tt.name, err)
		} else if d.Origins[0].Bucket.MayGet("page/x") {
			t.Errorf("%s: CloudFront may get a page all the same", tt.name)
		}
	}
}

func TestLike(t *testing.T) {
	for _, tt := range []struct {
		pattern, s string
		want       bool
	}{
		{"*", "", true}, {"*", "a/b", true}, {"a*c", "abbc", true}, {"a*c", "abb", false}, {"a?c", "abc", true},
		{"a?c", "ac", false}, {"", "", true}, {"", "a", false}, {"a**", "a", true}, {"page/*", "page/", true}, {"page/*", "pages/x", false},
	} {
		if got := like(tt.pattern, tt.s); got != tt.want {
			t.Errorf("%q %q: %v", tt.pattern, tt.s, got)
		}
	}
	if arnLike("arn:aws:cloudfront::*:distribution/E", "arn:aws:cloudfront::1:2:distribution/E") {
		t.Error("an asterisk crossed a colon")
	}
}

// A circle of values ends.
func TestCircle(t *testing.T) {
	f := newFixture(t)
	f.set(t, "region.template.json/Resources/Host/Properties/SecretString", "{{resolve:secretsmanager:host}}")
	f.set(t, "region.template.json/Resources/Host/Properties/ReplicaRegions", []any{map[string]any{"Region": "us-east-1"}, map[string]any{"Region": "eu-west-1"}})
	if _, err := f.open(t); err == nil || !strings.Contains(err.Error(), "it depends on itself") {
		t.Error(err)
	}
}

func TestNoAssembly(t *testing.T) {
	if _, err := Open(t.TempDir()); !errors.Is(err, os.ErrNotExist) {
		t.Error(err)
	}
	f := newFixture(t)
	f.set(t, "manifest.json/artifacts", map[string]any{"stage": map[string]any{"type": "cdk:cloud-assembly", "properties": map[string]any{"directoryName": "assembly-prod"}}})
	if _, err := f.open(t); err == nil || !strings.Contains(err.Error(), "assembly-prod") {
		t.Error(err)
	}
}

func TestChoose(t *testing.T) {
	sg, hk := &API{Region: "sg"}, &API{Region: "hk"}
	tenth, rest := 10, 90
	well := func(string, string) (int, string, error) { return 200, "", nil }
	for _, tt := range []struct {
		name    string
		routes  []Route
		regions []string
		want    *API
	}{
		{"alone", []Route{{API: hk}}, nil, hk},
		{"failover", []Route{{hk, route53.Record{SetID: "hk", Failover: "SECONDARY"}}, {sg, route53.Record{SetID: "sg", Failover: "PRIMARY"}}}, nil, sg},
		{"weighted", []Route{{sg, route53.Record{SetID: "sg", Weight: &tenth}}, {hk, route53.Record{SetID: "hk", Weight: &rest}}}, nil, hk},
		{"nearest", []Route{{hk, route53.Record{SetID: "hk", Region: "hk"}}, {sg, route53.Record{SetID: "sg", Region: "sg"}}}, []string{"sg", "hk"}, sg},
	} {
		if got, err := Choose(tt.routes, well, tt.regions); err != nil || got.API != tt.want {
			t.Errorf("%s: %+v, %v", tt.name, got, err)
		}
	}
	if _, err := Choose([]Route{{API: sg}, {API: hk}}, well, nil); err == nil {
		t.Error("two records without a policy were taken")
	}
}
