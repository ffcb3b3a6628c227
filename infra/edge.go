package main

import (
	"fmt"

	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awscertificatemanager"
	"github.com/aws/aws-cdk-go/awscdk/v2/awscloudfront"
	"github.com/aws/jsii-runtime-go"

	"github.com/victorleungtw/blog/internal/config"
	"github.com/victorleungtw/blog/internal/edge"
	"github.com/victorleungtw/blog/internal/names"
)

// EdgeConfig is what the Edge stack is made from.
type EdgeConfig struct {
	Stack            awscdk.Stack
	Names            names.Names
	LogsDays         int
	Domain           string // empty for CloudFront's own
	ZoneID           string
	Branches         bool   // of Domain: *.branch.<Domain> is the edge's too
	Primary, Standby string // the same region when there is one
	Fleet            bool   // renderers are VPC origins
	Fallback         string // whose renderer stands in for the primary's bucket
	Edge             config.Edge
	RouteTable       awscloudfront.IKeyValueStore

	Keep       bool
	RemedyDir  string
	KMS        bool
	Probe      bool
	AlarmEmail string
}

// regions are those that hold content, the primary first.
func (c EdgeConfig) regions() []string {
	if c.Standby == c.Primary {
		return []string{c.Primary}
	}
	return []string{c.Primary, c.Standby}
}

// newEdge makes what readers meet: the edge function, the distribution, and
// the domain's records. It holds no data, and all of it follows from package
// edge, which is what previews and tests run.
func newEdge(c EdgeConfig) {
	// CloudFront makes the log of a function when there is something to write,
	// and would keep it for ever.
	newLogGroup(c.Stack, "FunctionLog", "/aws/cloudfront/function/"+c.Names.EdgeFunction(), c.LogsDays)
	function := awscloudfront.NewFunction(c.Stack, jsii.String("Function"), &awscloudfront.FunctionProps{
		FunctionName:  jsii.String(c.Names.EdgeFunction()),
		Comment:       jsii.String("Path to page"),
		Code:          awscloudfront.FunctionCode_FromInline(jsii.String(string(edge.Source()))),
		Runtime:       awscloudfront.FunctionRuntime_JS_2_0(),
		KeyValueStore: c.RouteTable,
	})
	d := distribution{
		stack:    c.Stack,
		comment:  c.Names.String(),
		names:    c.Names,
		function: *function.FunctionArn(),
		origins:  newOrigins(c),
	}
	if c.Edge.OriginKey > 0 {
		// With this the distribution changes, and CloudFormation reads the origin
		// secret again.
		d.comment += fmt.Sprintf(", origin key %d", c.Edge.OriginKey)
	}
	if c.Domain != "" {
		cert := awscertificatemanager.NewCertificate(c.Stack, jsii.String("Certificate"), &awscertificatemanager.CertificateProps{
			DomainName:              jsii.String(c.Domain),
			SubjectAlternativeNames: others(c),
			Validation:              validateIn(c.Stack, c.Domain, c.ZoneID),
		})
		d.domains, d.certificate = c.hosts(), *cert.CertificateArn()
	}
	if c.Edge.WAF.Rate > 0 {
		d.firewall = newFirewall(c)
	}
	dist := d.build(edge.Describe(c.topology()))
	excuseDistribution(c, dist)
	if c.Edge.AccessLogs {
		newAccessLogs(c, *dist.AttrId())
	}

	host := *dist.AttrDomainName()
	if c.Domain != "" {
		for i, name := range c.hosts() {
			for _, t := range []string{"A", "AAAA", "HTTPS"} {
				newRecord(c.Stack, record{
					ID: []string{"", "Branches"}[i] + t + "Record", ZoneID: c.ZoneID, Name: name, Type: t,
					Target: host, TargetZone: cloudFrontZone,
				})
			}
		}
		host = c.Domain
	}
	newEdgeWatch(c, dist, host)
	parameter(c.Stack, "BaseURLParameter", c.Names.BaseURL(), "https://"+host)
	parameter(c.Stack, "DistributionIDParameter", c.Names.DistributionID(), *dist.AttrId())
	output(c.Stack, "BaseURL", "https://"+host, "Where readers find the blog")
}

// topology is what package edge describes the distribution by.
func (c EdgeConfig) topology() edge.Topology {
	return edge.Topology{
		Standby: c.Standby != c.Primary, BucketOnly: c.Standby != c.Fallback, Fleet: c.Fleet,
		Shield: c.Edge.Shield(c.Primary), StandbyShield: c.Edge.Shield(c.Standby), Firewall: c.Edge.WAF.Rate > 0,
	}
}

func excuseDistribution(c EdgeConfig, dist awscloudfront.CfnDistribution) {
	excuse(dist, "AwsSolutions-CFR1", "A blog is for readers in every country.")
	if c.Edge.WAF.Rate == 0 {
		excuse(dist, "AwsSolutions-CFR2", "A firewall is an option, aws.edge.waf: pages are static, and what is dynamic is throttled at its API.")
	}
	excuse(dist, "AwsSolutions-CFR3", "Access logs are an option, aws.edge.access_logs, and delivered by CloudWatch's vended logs, which the rule does not know; the older kind that it knows needs a bucket with access lists.")
	if c.Domain == "" {
		excuse(dist, "AwsSolutions-CFR4", "With CloudFront's own certificate CloudFront chooses the protocols. With a domain it is TLSv1.2_2025.")
	}
}

// hosts are the names at which readers find the blog and, with branches, its
// branches: one wildcard, because a branch is nothing that is deployed.
func (c EdgeConfig) hosts() []string {
	if !c.Branches {
		return []string{c.Domain}
	}
	return []string{c.Domain, names.BranchDomain(c.Domain, "*")}
}

// others are the names of the certificate beside the first; nil for none.
func others(c EdgeConfig) *[]*string {
	if !c.Branches {
		return nil
	}
	return jsii.Strings(c.hosts()[1:]...)
}

// cloudFrontZone is the hosted zone of every distribution's domain name
// (https://docs.aws.amazon.com/general/latest/gr/cf_region.html).
const cloudFrontZone = "Z2FDTNDATAQYW2"

// newOrigins gives each origin of the description its address.
func newOrigins(c EdgeConfig) map[string]originAddress {
	access := *awscloudfront.NewCfnOriginAccessControl(c.Stack, jsii.String("BucketAccess"),
		&awscloudfront.CfnOriginAccessControlProps{
			OriginAccessControlConfig: &awscloudfront.CfnOriginAccessControl_OriginAccessControlConfigProperty{
				Name:                          jsii.String(c.Names.Policy("buckets")),
				OriginAccessControlOriginType: jsii.String("s3"),
				SigningBehavior:               jsii.String("always"),
				SigningProtocol:               jsii.String("sigv4"),
			},
		}).AttrId()
	bucket := func(region string) originAddress {
		return originAddress{
			host:   c.Names.Bucket(account(), region) + ".s3." + region + ".amazonaws.com",
			access: access,
		}
	}
	secret := resolve(c.Names.OriginSecret())
	out := map[string]originAddress{
		edge.OriginStore:        bucket(c.Primary),
		edge.OriginStoreStandby: bucket(c.Standby),
		edge.OriginFallback:     {host: resolve(c.Names.RendererHost(c.Fallback)), secret: secret},
		edge.OriginDynamic:      {host: resolve(c.Names.RendererHost(c.Primary)), secret: secret},
		edge.OriginPrimary:      {host: resolve(c.Names.RendererHost(c.Primary)), secret: secret},
	}
	if c.Domain != "" {
		out[edge.OriginFallback] = originAddress{host: names.RegionDomain(c.Domain, c.Fallback), secret: secret}
		out[edge.OriginDynamic] = originAddress{host: names.OriginDomain(c.Domain), secret: secret}
		out[edge.OriginPrimary] = originAddress{host: names.RegionDomain(c.Domain, c.Primary), secret: secret}
	}
	if c.Fleet {
		// The name is for TLS alone, and is the certificate's.
		fleet := func(region string) originAddress {
			return originAddress{host: names.RegionDomain(c.Domain, region), vpc: resolve(c.Names.VPCOrigin(region))}
		}
		out[edge.OriginFallback], out[edge.OriginDynamic], out[edge.OriginPrimary] = fleet(c.Fallback), fleet(c.Primary), fleet(c.Primary)
	}
	return out
}

// resolve is a secret's value, which CloudFormation reads when it deploys: it
// stands in no template and in no output.
func resolve(secret string) string {
	return *awscdk.SecretValue_SecretsManager(jsii.String(secret), nil).UnsafeUnwrap()
}
