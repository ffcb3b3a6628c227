package main

import (
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/victorleungtw/blog/internal/edge"
	"github.com/victorleungtw/blog/internal/names"
)

// CloudFront takes a function of 10 KB. That it is the file that previews and
// tests run is for TestAssembly.
func TestFunctionFits(t *testing.T) {
	if n := len(edge.Source()); n > 10*1024 {
		t.Errorf("function of %d bytes", n)
	}
}

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
			"renderer-fallback": hostHK, "renderer": hostSG, "renderer-primary": hostSG,
		},
		"domain": {
			"store": "blog-prod-${AWS::AccountId}" + sg, "store-standby": "blog-prod-${AWS::AccountId}" + hk,
			"renderer-fallback": "ap-east-1.origin.blog.example.com secret", "renderer": "origin.blog.example.com secret",
			"renderer-primary": "ap-southeast-1.origin.blog.example.com secret",
		},
		// One region's renderer for both.
		"vault": {
			"store": "blog-prod-${AWS::AccountId}" + sg, "store-standby": "blog-prod-${AWS::AccountId}" + hk,
			"renderer-fallback": "ap-southeast-1.origin.blog.example.com secret", "renderer": "origin.blog.example.com secret",
			"renderer-primary": "ap-southeast-1.origin.blog.example.com secret",
		},
		"dev": {
			"store": "blog-dev-${AWS::AccountId}" + sg, "store-standby": "blog-dev-${AWS::AccountId}" + sg,
			"renderer-fallback": strings.Replace(hostSG, "prod", "dev", 1), "renderer": strings.Replace(hostSG, "prod", "dev", 1),
			"renderer-primary": strings.Replace(hostSG, "prod", "dev", 1),
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
		for _, policy := range []string{"Failover", "Weight", "Region"} {
			if p[policy] != nil {
				line += " " + flat(p[policy])
			}
		}
		if p["SetIdentifier"] != nil {
			line += " " + flat(p["SetIdentifier"]) + " " + flat(p["HealthCheckId"])
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
		"fleet/edge":                   {"blog.example.com A" + in, "blog.example.com AAAA" + in, "blog.example.com HTTPS" + in},
		"fleet/render-ap-southeast-1":  {"ap-southeast-1.origin.blog.example.com A" + in, "origin.blog.example.com A PRIMARY ap-southeast-1 ${Health.HealthCheckId}" + in},
		"fleet/render-ap-east-1":       {"ap-east-1.origin.blog.example.com A" + in, "origin.blog.example.com A SECONDARY ap-east-1 ${Health.HealthCheckId}" + in},
		"domain/render-ap-southeast-1": {"ap-southeast-1.origin.blog.example.com A" + in, "origin.blog.example.com A PRIMARY ap-southeast-1 ${Health.HealthCheckId}" + in},
		"vault/edge":                   {"blog.example.com A" + in, "blog.example.com AAAA" + in, "blog.example.com HTTPS" + in},
		"vault/render-ap-southeast-1":  {"ap-southeast-1.origin.blog.example.com A" + in, "origin.blog.example.com A PRIMARY ap-southeast-1 ${Health.HealthCheckId}" + in},
		"light/edge":                   {"blog.example.com A" + in, "blog.example.com AAAA" + in, "blog.example.com HTTPS" + in},
		"light/render-ap-southeast-1":  {"ap-southeast-1.origin.blog.example.com A" + in, "origin.blog.example.com A PRIMARY ap-southeast-1 ${Health.HealthCheckId}" + in},
		"light/render-ap-east-1":       {"ap-east-1.origin.blog.example.com A" + in},
		"switch/edge":                  {"blog.example.com A" + in, "blog.example.com AAAA" + in, "blog.example.com HTTPS" + in},
		"switch/render-ap-southeast-1": {"ap-southeast-1.origin.blog.example.com A" + in, "origin.blog.example.com A PRIMARY ap-southeast-1 ${InService.HealthCheckId}" + in},
		"switch/render-ap-east-1":      {"ap-east-1.origin.blog.example.com A" + in, "origin.blog.example.com A SECONDARY ap-east-1 ${Health.HealthCheckId}" + in},
		"shares/edge":                  {"blog.example.com A" + in, "blog.example.com AAAA" + in, "blog.example.com HTTPS" + in},
		"shares/render-ap-southeast-1": {"ap-southeast-1.origin.blog.example.com A" + in, "origin.blog.example.com A 90 ap-southeast-1 ${InService.HealthCheckId}" + in},
		"shares/render-ap-east-1":      {"ap-east-1.origin.blog.example.com A" + in, "origin.blog.example.com A 10 ap-east-1 ${InService.HealthCheckId}" + in},
		"near/edge":                    {"blog.example.com A" + in, "blog.example.com AAAA" + in, "blog.example.com HTTPS" + in},
		"near/render-ap-southeast-1":   {"ap-southeast-1.origin.blog.example.com A" + in, "origin.blog.example.com A ap-southeast-1 ap-southeast-1 ${InService.HealthCheckId}" + in},
		"near/render-ap-east-1":        {"ap-east-1.origin.blog.example.com A" + in, "origin.blog.example.com A ap-east-1 ap-east-1 ${InService.HealthCheckId}" + in},
		"domain/render-ap-east-1":      {"ap-east-1.origin.blog.example.com A" + in, "origin.blog.example.com A SECONDARY ap-east-1 ${Health.HealthCheckId}" + in},
	}
	each(t, func(t *testing.T, d *deployment, s *stack) {
		// Both are the same blog.
		name := d.name
		if name == "on" {
			name = "domain"
		}
		part := name + "/" + strings.TrimPrefix(s.Name, d.blog.Names.String()+"-")
		if got := records(s); !slices.Equal(got, want[part]) {
			t.Errorf("records %q, want %q", got, want[part])
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
		for _, region := range d.blog.Config.RendererRegions() {
			s := d.stacks["render-"+region]
			api := s.one(t, "AWS::ApiGatewayV2::Api")
			if api.Properties["DisableExecuteApiEndpoint"] != (live != "") {
				t.Errorf("%s %s: two doors", d.name, region)
			}
			hosts := 0
			for _, secret := range s.of("AWS::SecretsManager::Secret") {
				if strings.Contains(flat(secret.Properties["Name"]), "/renderer-host/") {
					hosts++
				}
			}
			if (hosts == 1) != (live == "") {
				t.Errorf("%s %s: %d host secrets", d.name, region, hosts)
			}
			check, checked := s.of("AWS::Route53::HealthCheck")["Health"]
			if live == "" || !checked {
				continue
			}
			got := flat(at(check.Properties, "HealthCheckConfig", "FullyQualifiedDomainName")) + flat(at(check.Properties, "HealthCheckConfig", "ResourcePath"))
			if got != names.RegionDomain(live, region)+"/healthz" {
				t.Errorf("%s: health check of %s", region, got)
			}
		}
	}
}
