package main

import (
	"time"

	"github.com/aws/aws-cdk-go/awscdk/v2"
	cf "github.com/aws/aws-cdk-go/awscdk/v2/awscloudfront"
	"github.com/aws/jsii-runtime-go"

	"github.com/victorleungtw/blog/internal/edge"
	"github.com/victorleungtw/blog/internal/names"
)

// distribution turns the description of package edge into CloudFront's
// resources, one to one, with the constructs that CloudFormation has itself.
// The CDK's higher ones would choose the origins' ids, add permissions in the
// wrong stack, and want a bucket object of another region's stack.
type distribution struct {
	stack       awscdk.Stack
	names       names.Names
	function    string // ARN
	origins     map[string]originAddress
	domains     []string // none for CloudFront's own
	certificate string   // ARN
	comment     string
	firewall    string // ARN of the web ACL, if there is one

	made map[any]string // ids of policies that exist already
}

// originAddress is what the description leaves to its caller.
type originAddress struct {
	host   string
	access string // id of the origin access control, for a bucket
	secret string // value of the origin header, for a renderer
	vpc    string // id of the VPC origin, for a fleet
}

func (d *distribution) build(c edge.DistributionConfig) cf.CfnDistribution {
	d.made = map[any]string{}
	config := &cf.CfnDistribution_DistributionConfigProperty{
		Enabled:              jsii.Bool(true),
		Comment:              jsii.String(d.comment),
		HttpVersion:          jsii.String(c.HTTPVersion),
		CacheTagConfig:       &cf.CfnDistribution_CacheTagConfigProperty{HeaderName: jsii.String(c.CacheTagHeader)},
		Ipv6Enabled:          jsii.Bool(c.IPV6Enabled),
		DefaultCacheBehavior: d.defaultBehavior(c.DefaultCacheBehavior),
	}
	var behaviors []*cf.CfnDistribution_CacheBehaviorProperty
	for _, b := range c.CacheBehaviors {
		behaviors = append(behaviors, d.behavior(b))
	}
	var origins []*cf.CfnDistribution_OriginProperty
	for _, o := range c.Origins {
		origins = append(origins, d.origin(o))
	}
	var groups []*cf.CfnDistribution_OriginGroupProperty
	for _, g := range c.OriginGroups {
		groups = append(groups, originGroup(g))
	}
	var errors []*cf.CfnDistribution_CustomErrorResponseProperty
	for _, e := range c.CustomErrorResponses {
		errors = append(errors, &cf.CfnDistribution_CustomErrorResponseProperty{
			ErrorCode:          jsii.Number(e.ErrorCode),
			ErrorCachingMinTtl: seconds(e.ErrorCachingMinTTL),
		})
	}
	config.CacheBehaviors, config.Origins, config.CustomErrorResponses = &behaviors, &origins, &errors
	config.OriginGroups = &cf.CfnDistribution_OriginGroupsProperty{
		Quantity: jsii.Number(len(groups)), Items: &groups,
	}
	if len(d.domains) > 0 {
		config.Aliases = jsii.Strings(d.domains...)
		config.ViewerCertificate = &cf.CfnDistribution_ViewerCertificateProperty{
			AcmCertificateArn:      jsii.String(d.certificate),
			MinimumProtocolVersion: jsii.String(c.MinimumProtocolVersion),
			SslSupportMethod:       jsii.String("sni-only"),
		}
	}
	if c.WebACL {
		config.WebAclId = jsii.String(d.firewall)
	}
	return cf.NewCfnDistribution(d.stack, jsii.String("Distribution"), &cf.CfnDistributionProps{DistributionConfig: config})
}

func (d *distribution) origin(o edge.Origin) *cf.CfnDistribution_OriginProperty {
	a := d.origins[o.ID]
	out := &cf.CfnDistribution_OriginProperty{
		Id:                 jsii.String(o.ID),
		DomainName:         jsii.String(a.host),
		ConnectionAttempts: jsii.Number(o.ConnectionAttempts),
		ConnectionTimeout:  seconds(o.ConnectionTimeout),
	}
	if o.OriginShield != "" {
		out.OriginShield = &cf.CfnDistribution_OriginShieldProperty{
			Enabled: jsii.Bool(true), OriginShieldRegion: jsii.String(o.OriginShield),
		}
	}
	if o.Bucket {
		out.OriginAccessControlId = jsii.String(a.access)
		out.S3OriginConfig = &cf.CfnDistribution_S3OriginConfigProperty{
			OriginAccessIdentity: jsii.String(""), // required, and empty: access control took its place
			OriginReadTimeout:    seconds(o.ReadTimeout),
		}
		return out
	}
	if a.vpc != "" {
		out.VpcOriginConfig = &cf.CfnDistribution_VpcOriginConfigProperty{
			VpcOriginId: jsii.String(a.vpc), OriginReadTimeout: seconds(o.ReadTimeout),
		}
		return out
	}
	out.CustomOriginConfig = &cf.CfnDistribution_CustomOriginConfigProperty{
		OriginProtocolPolicy: jsii.String("https-only"),
		OriginSslProtocols:   jsii.Strings("TLSv1.2"),
		OriginReadTimeout:    seconds(o.ReadTimeout),
	}
	if o.Verify {
		out.OriginCustomHeaders = &[]*cf.CfnDistribution_OriginCustomHeaderProperty{{
			HeaderName:  jsii.String(names.OriginHeader),
			HeaderValue: jsii.String(a.secret),
		}}
	}
	return out
}

func originGroup(g edge.OriginGroup) *cf.CfnDistribution_OriginGroupProperty {
	var codes []*float64
	for _, code := range g.FailoverCriteria {
		codes = append(codes, jsii.Number(code))
	}
	return &cf.CfnDistribution_OriginGroupProperty{
		Id: jsii.String(g.ID),
		FailoverCriteria: &cf.CfnDistribution_OriginGroupFailoverCriteriaProperty{
			StatusCodes: &cf.CfnDistribution_StatusCodesProperty{
				Quantity: jsii.Number(len(codes)), Items: &codes,
			},
		},
		Members: &cf.CfnDistribution_OriginGroupMembersProperty{
			Quantity: jsii.Number(2),
			Items: &[]*cf.CfnDistribution_OriginGroupMemberProperty{
				{OriginId: jsii.String(g.Primary)}, {OriginId: jsii.String(g.Secondary)},
			},
		},
	}
}

func (d *distribution) behavior(b edge.CacheBehavior) *cf.CfnDistribution_CacheBehaviorProperty {
	return &cf.CfnDistribution_CacheBehaviorProperty{
		PathPattern:             jsii.String(b.PathPattern),
		TargetOriginId:          jsii.String(b.TargetOriginID),
		ViewerProtocolPolicy:    jsii.String(b.ViewerProtocolPolicy),
		AllowedMethods:          jsii.Strings(b.AllowedMethods...),
		Compress:                jsii.Bool(b.Compress),
		CachePolicyId:           d.cachePolicy(b.CachePolicy),
		OriginRequestPolicyId:   d.originRequestPolicy(b.OriginRequestPolicy),
		ResponseHeadersPolicyId: d.responseHeadersPolicy(b.ResponseHeadersPolicy),
		FunctionAssociations:    d.functions(b),
	}
}

// defaultBehavior is behavior in the other type that CloudFormation has for it.
func (d *distribution) defaultBehavior(b edge.CacheBehavior) *cf.CfnDistribution_DefaultCacheBehaviorProperty {
	p := d.behavior(b)
	return &cf.CfnDistribution_DefaultCacheBehaviorProperty{
		TargetOriginId:          p.TargetOriginId,
		ViewerProtocolPolicy:    p.ViewerProtocolPolicy,
		AllowedMethods:          p.AllowedMethods,
		Compress:                p.Compress,
		CachePolicyId:           p.CachePolicyId,
		OriginRequestPolicyId:   p.OriginRequestPolicyId,
		ResponseHeadersPolicyId: p.ResponseHeadersPolicyId,
		FunctionAssociations:    p.FunctionAssociations,
	}
}

func (d *distribution) functions(b edge.CacheBehavior) any {
	if !b.ViewerRequestFunction {
		return nil
	}
	return &[]*cf.CfnDistribution_FunctionAssociationProperty{{
		EventType: jsii.String("viewer-request"), FunctionArn: jsii.String(d.function),
	}}
}

func seconds(t time.Duration) *float64 { return jsii.Number(t.Seconds()) }
