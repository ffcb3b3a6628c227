package main

import (
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/victorleungtw/blog/internal/edge"
	"github.com/victorleungtw/blog/internal/names"
)

// The function that is deployed is the file that previews and tests run.
func TestFunctionIsTheFile(t *testing.T) {
	for _, d := range deployments {
		f := d.stacks["edge"].one(t, "AWS::CloudFront::Function")
		if f.Properties["FunctionCode"] != string(edge.Source()) {
			t.Errorf("%s: another function", d.name)
		}
		if len(edge.Source()) > 10*1024 {
			t.Errorf("function of %d bytes, CloudFront takes 10 KB", len(edge.Source()))
		}
		if at(f.Properties, "FunctionConfig", "Runtime") != "cloudfront-js-2.0" || f.Properties["AutoPublish"] != true {
			t.Errorf("%s: %v", d.name, f.Properties)
		}
		stores := items(at(f.Properties, "FunctionConfig", "KeyValueStoreAssociations"))
		if len(stores) != 1 || at(stores[0], "KeyValueStoreARN", "Fn::ImportValue") == nil {
			t.Errorf("%s: stores %v", d.name, stores)
		}
	}
}

// The template, read back into the terms of package edge, is the description.
func TestDistributionIsTheDescription(t *testing.T) {
	for _, d := range deployments {
		s := d.stacks["edge"]
		got := described(t, s, d.blog.Names)
		want := edge.Describe(edge.Topology{Standby: d.blog.Config.AWS.Standby != ""})
		for i := range want.Origins { // fixed by CloudFront, and in no template
			if strings.HasPrefix(want.Origins[i].ID, edge.OriginStore) {
				want.Origins[i].ReadTimeout = 0
			}
		}
		if d.blog.Config.LiveDomain() == "" {
			want.MinimumProtocolVersion = "" // CloudFront's own domain has its own
		}
		for _, pair := range [][2]any{
			{got.Origins, want.Origins}, {got.OriginGroups, want.OriginGroups},
			{got.CustomErrorResponses, want.CustomErrorResponses},
			{got.DefaultCacheBehavior, want.DefaultCacheBehavior}, {got.CacheBehaviors, want.CacheBehaviors},
			{got, want},
		} {
			if !reflect.DeepEqual(pair[0], pair[1]) {
				t.Errorf("%s:\ngot  %#v\nwant %#v", d.name, pair[0], pair[1])
				break
			}
		}
	}
}

// described reads a template in package edge's terms.
func described(t *testing.T, s *stack, n names.Names) edge.DistributionConfig {
	t.Helper()
	c := at(s.one(t, "AWS::CloudFront::Distribution").Properties, "DistributionConfig").(map[string]any)
	out := edge.DistributionConfig{
		CacheTagHeader: flat(at(c, "CacheTagConfig", "HeaderName")),
		HTTPVersion:    flat(c["HttpVersion"]),
		IPV6Enabled:    c["IPV6Enabled"] == true,
	}
	if v, ok := at(c, "ViewerCertificate", "MinimumProtocolVersion").(string); ok {
		out.MinimumProtocolVersion = v
	}
	for _, o := range items(c["Origins"]) {
		header := at(o, "OriginCustomHeaders", 0, "HeaderName")
		out.Origins = append(out.Origins, edge.Origin{
			ID: flat(at(o, "Id")), ConnectionAttempts: int(number(at(o, "ConnectionAttempts"))),
			ConnectionTimeout: duration(at(o, "ConnectionTimeout")),
			ReadTimeout:       duration(at(o, "CustomOriginConfig", "OriginReadTimeout")),
			Verify:            header == names.OriginHeader,
		})
	}
	for _, g := range items(at(c, "OriginGroups", "Items")) {
		group := edge.OriginGroup{
			ID: flat(at(g, "Id")), Primary: flat(at(g, "Members", "Items", 0, "OriginId")),
			Secondary: flat(at(g, "Members", "Items", 1, "OriginId")),
		}
		for _, code := range items(at(g, "FailoverCriteria", "StatusCodes", "Items")) {
			group.FailoverCriteria = append(group.FailoverCriteria, int(number(code)))
		}
		out.OriginGroups = append(out.OriginGroups, group)
	}
	for _, e := range items(c["CustomErrorResponses"]) {
		out.CustomErrorResponses = append(out.CustomErrorResponses, edge.CustomErrorResponse{
			ErrorCode: int(number(at(e, "ErrorCode"))), ErrorCachingMinTTL: duration(at(e, "ErrorCachingMinTTL")),
		})
	}
	out.DefaultCacheBehavior = behavior(t, s, n, c["DefaultCacheBehavior"])
	for _, b := range items(c["CacheBehaviors"]) {
		out.CacheBehaviors = append(out.CacheBehaviors, behavior(t, s, n, b))
	}
	return out
}

func behavior(t *testing.T, s *stack, n names.Names, b any) edge.CacheBehavior {
	t.Helper()
	out := edge.CacheBehavior{
		TargetOriginID:       flat(at(b, "TargetOriginId")),
		ViewerProtocolPolicy: flat(at(b, "ViewerProtocolPolicy")),
		AllowedMethods:       strs(at(b, "AllowedMethods")),
		Compress:             at(b, "Compress") == true,
	}
	if p := at(b, "PathPattern"); p != nil {
		out.PathPattern = flat(p)
	}
	if fs := items(at(b, "FunctionAssociations")); len(fs) > 0 {
		out.ViewerRequestFunction = at(fs[0], "EventType") == "viewer-request" &&
			strings.HasPrefix(flat(at(fs[0], "FunctionARN")), "${Function")
	}
	policy := func(field, typ, config string) map[string]any {
		id := at(b, field, "Fn::GetAtt", 0)
		if id == nil {
			return nil
		}
		r := s.Template.Resources[id.(string)]
		if r.Type != typ {
			t.Fatalf("%s is a %s", id, r.Type)
		}
		return r.Properties[config].(map[string]any)
	}
	name := func(p map[string]any) string { return strings.TrimPrefix(flat(p["Name"]), n.String()+"-") }

	if p := policy("CachePolicyId", "AWS::CloudFront::CachePolicy", "CachePolicyConfig"); p != nil {
		key := p["ParametersInCacheKeyAndForwardedToOrigin"]
		if at(key, "CookiesConfig", "CookieBehavior") != "none" {
			t.Errorf("%s has cookies in the cache key", name(p))
		}
		out.CachePolicy = &edge.CachePolicy{
			Name: name(p), MinTTL: duration(p["MinTTL"]), DefaultTTL: duration(p["DefaultTTL"]), MaxTTL: duration(p["MaxTTL"]),
			QueryStrings:               at(key, "QueryStringsConfig", "QueryStringBehavior") == "all",
			Headers:                    strs(at(key, "HeadersConfig", "Headers")),
			EnableAcceptEncodingGzip:   at(key, "EnableAcceptEncodingGzip") == true,
			EnableAcceptEncodingBrotli: at(key, "EnableAcceptEncodingBrotli") == true,
		}
	}
	if p := policy("OriginRequestPolicyId", "AWS::CloudFront::OriginRequestPolicy", "OriginRequestPolicyConfig"); p != nil {
		if at(p, "CookiesConfig", "CookieBehavior") != "none" || at(p, "QueryStringsConfig", "QueryStringBehavior") != "none" {
			t.Errorf("%s sends more than headers", name(p))
		}
		out.OriginRequestPolicy = &edge.OriginRequestPolicy{Name: name(p), Headers: strs(at(p, "HeadersConfig", "Headers"))}
	}
	if p := policy("ResponseHeadersPolicyId", "AWS::CloudFront::ResponseHeadersPolicy", "ResponseHeadersPolicyConfig"); p != nil {
		out.ResponseHeadersPolicy = responseHeaders(t, name(p), p)
	}
	return out
}

func responseHeaders(t *testing.T, name string, p map[string]any) *edge.ResponseHeadersPolicy {
	t.Helper()
	sec := p["SecurityHeadersConfig"].(map[string]any)
	for header, c := range sec {
		if at(c, "Override") != true {
			t.Errorf("%s: %s gives way to the origin's", name, header)
		}
	}
	hsts := sec["StrictTransportSecurity"]
	out := &edge.ResponseHeadersPolicy{
		Name:                  name,
		ContentSecurityPolicy: flat(at(sec, "ContentSecurityPolicy", "ContentSecurityPolicy")),
		ContentTypeOptions:    sec["ContentTypeOptions"] != nil,
		ReferrerPolicy:        flat(at(sec, "ReferrerPolicy", "ReferrerPolicy")),
		StrictTransportSecurity: edge.StrictTransportSecurity{
			MaxAge:            duration(at(hsts, "AccessControlMaxAgeSec")),
			IncludeSubdomains: at(hsts, "IncludeSubdomains") == true, Preload: at(hsts, "Preload") == true,
		},
	}
	for _, h := range items(at(p, "CustomHeadersConfig", "Items")) {
		if at(h, "Override") != true {
			t.Errorf("%s: %v gives way to the origin's", name, h)
		}
		out.CustomHeaders = append(out.CustomHeaders, edge.Header{Name: flat(at(h, "Header")), Value: flat(at(h, "Value"))})
	}
	for _, h := range items(at(p, "RemoveHeadersConfig", "Items")) {
		out.RemoveHeaders = append(out.RemoveHeaders, flat(at(h, "Header")))
	}
	return out
}

func number(v any) float64 { f, _ := v.(float64); return f }

func duration(v any) time.Duration { return time.Duration(number(v)) * time.Second }

// Where each origin is, in each kind of deployment.
func TestOrigins(t *testing.T) {
	const (
		sg     = "-ap-southeast-1-an.s3.ap-southeast-1.amazonaws.com access"
		hk     = "-ap-east-1-an.s3.ap-east-1.amazonaws.com access"
		hostSG = "{{resolve:secretsmanager:blog/prod/renderer-host/ap-southeast-1:SecretString:::}} secret"
		hostHK = "{{resolve:secretsmanager:blog/prod/renderer-host/ap-east-1:SecretString:::}} secret"
	)
	want := map[string]map[string]string{
		"own": {
			"store": "blog-prod-${AWS::AccountId}" + sg, "store-standby": "blog-prod-${AWS::AccountId}" + hk,
			"renderer-fallback": hostHK, "renderer": hostSG,
		},
		"domain": {
			"store": "blog-prod-${AWS::AccountId}" + sg, "store-standby": "blog-prod-${AWS::AccountId}" + hk,
			"renderer-fallback": "ap-east-1.origin.blog.example.com secret", "renderer": "origin.blog.example.com secret",
		},
		"dev": {
			"store":             "blog-dev-${AWS::AccountId}" + sg,
			"renderer-fallback": strings.Replace(hostSG, "prod", "dev", 1), "renderer": strings.Replace(hostSG, "prod", "dev", 1),
		},
	}
	for _, d := range deployments {
		if want[d.name] == nil {
			continue
		}
		got := map[string]string{}
		dist := d.stacks["edge"].one(t, "AWS::CloudFront::Distribution")
		for _, o := range items(at(dist.Properties, "DistributionConfig", "Origins")) {
			s := flat(at(o, "DomainName"))
			if flat(at(o, "OriginAccessControlId")) == "${BucketAccess.Id}" {
				s += " access"
			}
			value := "{{resolve:secretsmanager:blog/" + d.blog.Names.Env() + "/origin-key:SecretString:::}}"
			if flat(at(o, "OriginCustomHeaders", 0, "HeaderValue")) == value {
				s += " secret"
			}
			got[flat(at(o, "Id"))] = s
		}
		if !reflect.DeepEqual(got, want[d.name]) {
			t.Errorf("%s:\ngot  %v\nwant %v", d.name, got, want[d.name])
		}
	}
}

// records are a stack's record sets, one a line.
func records(s *stack) []string {
	var out []string
	for _, r := range s.of("AWS::Route53::RecordSet") {
		p := r.Properties
		line := flat(p["Name"]) + " " + flat(p["Type"])
		if p["Failover"] != nil {
			line += " " + flat(p["Failover"]) + " " + flat(p["SetIdentifier"]) + " " + flat(p["HealthCheckId"])
		}
		out = append(out, line+" in "+flat(p["HostedZoneId"]))
	}
	slices.Sort(out)
	return out
}

func TestRecords(t *testing.T) {
	const in = " in Z0123456789ABCDEFGHIJ"
	want := map[string][]string{
		"domain/edge": {
			"*.branch.blog.example.com A" + in, "*.branch.blog.example.com AAAA" + in, "*.branch.blog.example.com HTTPS" + in,
			"blog.example.com A" + in, "blog.example.com AAAA" + in, "blog.example.com HTTPS" + in,
		},
		"alone/edge":                   {"example.com A" + in, "example.com AAAA" + in, "example.com HTTPS" + in},
		"alone/render-eu-west-1":       {"eu-west-1.origin.example.com A" + in, "origin.example.com A PRIMARY eu-west-1 ${Health.HealthCheckId}" + in},
		"domain/render-ap-southeast-1": {"ap-southeast-1.origin.blog.example.com A" + in, "origin.blog.example.com A PRIMARY ap-southeast-1 ${Health.HealthCheckId}" + in},
		"domain/render-ap-east-1":      {"ap-east-1.origin.blog.example.com A" + in, "origin.blog.example.com A SECONDARY ap-east-1 ${Health.HealthCheckId}" + in},
	}
	each(t, func(t *testing.T, d *deployment, s *stack) {
		part := strings.TrimPrefix(s.Name, d.blog.Names.String()+"-")
		if got := records(s); !slices.Equal(got, want[d.name+"/"+part]) {
			t.Errorf("records %q, want %q", got, want[d.name+"/"+part])
		}
	})
}

func TestDomain(t *testing.T) {
	for _, d := range deployments {
		live := d.blog.Config.LiveDomain()
		dist := d.stacks["edge"].one(t, "AWS::CloudFront::Distribution")
		var want []string
		if live != "" {
			want = []string{live}
		}
		if d.blog.Config.Branches {
			want = append(want, "*.branch."+live)
		}
		for _, cert := range d.stacks["edge"].of("AWS::CertificateManager::Certificate") {
			got := append([]string{flat(cert.Properties["DomainName"])}, strs(cert.Properties["SubjectAlternativeNames"])...)
			if !slices.Equal(got, want) {
				t.Errorf("%s: a certificate for %v, want %v", d.name, got, want)
			}
		}
		if got := strs(at(dist.Properties, "DistributionConfig", "Aliases")); !slices.Equal(got, want) {
			t.Errorf("%s: aliases %v, want %v", d.name, got, want)
		}
		for _, region := range d.blog.Config.Regions() {
			s := d.stacks["render-"+region]
			api := s.one(t, "AWS::ApiGatewayV2::Api")
			if api.Properties["DisableExecuteApiEndpoint"] != (live != "") {
				t.Errorf("%s %s: two doors", d.name, region)
			}
			hosts := len(s.of("AWS::SecretsManager::Secret"))
			if (hosts == 1) != (live == "") {
				t.Errorf("%s %s: %d host secrets", d.name, region, hosts)
			}
			check := s.of("AWS::Route53::HealthCheck")["Health"]
			if live == "" {
				continue
			}
			got := flat(at(check.Properties, "HealthCheckConfig", "FullyQualifiedDomainName")) + flat(at(check.Properties, "HealthCheckConfig", "ResourcePath"))
			if got != names.RegionDomain(live, region)+"/healthz" {
				t.Errorf("%s: health check of %s", region, got)
			}
		}
	}
}
