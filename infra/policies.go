package main

import (
	cf "github.com/aws/aws-cdk-go/awscdk/v2/awscloudfront"
	"github.com/aws/jsii-runtime-go"

	"github.com/victorleungtw/blog/internal/edge"
)

// The policies of the description. Behaviours share them by pointer, and each
// is made once.

func (d *distribution) cachePolicy(p *edge.CachePolicy) *string {
	return d.once(p, p == nil, func() *string {
		headers, queries := these(p.Headers), "none"
		if p.QueryStrings {
			queries = "all"
		}
		return cf.NewCfnCachePolicy(d.stack, jsii.String("Cache-"+p.Name), &cf.CfnCachePolicyProps{
			CachePolicyConfig: &cf.CfnCachePolicy_CachePolicyConfigProperty{
				Name:       jsii.String(d.names.Policy(p.Name)),
				MinTtl:     seconds(p.MinTTL),
				DefaultTtl: seconds(p.DefaultTTL),
				MaxTtl:     seconds(p.MaxTTL),
				ParametersInCacheKeyAndForwardedToOrigin: &cf.CfnCachePolicy_ParametersInCacheKeyAndForwardedToOriginProperty{
					CookiesConfig:              &cf.CfnCachePolicy_CookiesConfigProperty{CookieBehavior: jsii.String("none")},
					QueryStringsConfig:         &cf.CfnCachePolicy_QueryStringsConfigProperty{QueryStringBehavior: jsii.String(queries)},
					HeadersConfig:              &cf.CfnCachePolicy_HeadersConfigProperty{HeaderBehavior: headers.behavior, Headers: headers.names},
					EnableAcceptEncodingGzip:   jsii.Bool(p.EnableAcceptEncodingGzip),
					EnableAcceptEncodingBrotli: jsii.Bool(p.EnableAcceptEncodingBrotli),
				},
			},
		}).AttrId()
	})
}

func (d *distribution) originRequestPolicy(p *edge.OriginRequestPolicy) *string {
	return d.once(p, p == nil, func() *string {
		headers := these(p.Headers)
		return cf.NewCfnOriginRequestPolicy(d.stack, jsii.String("Request-"+p.Name), &cf.CfnOriginRequestPolicyProps{
			OriginRequestPolicyConfig: &cf.CfnOriginRequestPolicy_OriginRequestPolicyConfigProperty{
				Name:               jsii.String(d.names.Policy(p.Name)),
				CookiesConfig:      &cf.CfnOriginRequestPolicy_CookiesConfigProperty{CookieBehavior: jsii.String("none")},
				QueryStringsConfig: &cf.CfnOriginRequestPolicy_QueryStringsConfigProperty{QueryStringBehavior: jsii.String("none")},
				HeadersConfig:      &cf.CfnOriginRequestPolicy_HeadersConfigProperty{HeaderBehavior: headers.behavior, Headers: headers.names},
			},
		}).AttrId()
	})
}

func (d *distribution) responseHeadersPolicy(p *edge.ResponseHeadersPolicy) *string {
	return d.once(p, p == nil, func() *string {
		yes := jsii.Bool(true)
		security := &cf.CfnResponseHeadersPolicy_SecurityHeadersConfigProperty{}
		if p.ContentSecurityPolicy != "" {
			security.ContentSecurityPolicy = &cf.CfnResponseHeadersPolicy_ContentSecurityPolicyProperty{
				ContentSecurityPolicy: jsii.String(p.ContentSecurityPolicy), Override: yes,
			}
		}
		if p.ContentTypeOptions {
			security.ContentTypeOptions = &cf.CfnResponseHeadersPolicy_ContentTypeOptionsProperty{Override: yes}
		}
		if p.ReferrerPolicy != "" {
			security.ReferrerPolicy = &cf.CfnResponseHeadersPolicy_ReferrerPolicyProperty{
				ReferrerPolicy: jsii.String(p.ReferrerPolicy), Override: yes,
			}
		}
		if h := p.StrictTransportSecurity; h.MaxAge > 0 {
			security.StrictTransportSecurity = &cf.CfnResponseHeadersPolicy_StrictTransportSecurityProperty{
				AccessControlMaxAgeSec: seconds(h.MaxAge), Override: yes,
				IncludeSubdomains: jsii.Bool(h.IncludeSubdomains), Preload: jsii.Bool(h.Preload),
			}
		}
		config := &cf.CfnResponseHeadersPolicy_ResponseHeadersPolicyConfigProperty{
			Name:                  jsii.String(d.names.Policy(p.Name)),
			SecurityHeadersConfig: security,
		}
		var set []*cf.CfnResponseHeadersPolicy_CustomHeaderProperty
		for _, h := range p.CustomHeaders {
			set = append(set, &cf.CfnResponseHeadersPolicy_CustomHeaderProperty{
				Header: jsii.String(h.Name), Value: jsii.String(h.Value), Override: yes,
			})
		}
		if set != nil {
			config.CustomHeadersConfig = &cf.CfnResponseHeadersPolicy_CustomHeadersConfigProperty{Items: &set}
		}
		var remove []*cf.CfnResponseHeadersPolicy_RemoveHeaderProperty
		for _, h := range p.RemoveHeaders {
			remove = append(remove, &cf.CfnResponseHeadersPolicy_RemoveHeaderProperty{Header: jsii.String(h)})
		}
		if remove != nil {
			config.RemoveHeadersConfig = &cf.CfnResponseHeadersPolicy_RemoveHeadersConfigProperty{Items: &remove}
		}
		return cf.NewCfnResponseHeadersPolicy(d.stack, jsii.String("Headers-"+p.Name),
			&cf.CfnResponseHeadersPolicyProps{ResponseHeadersPolicyConfig: config}).AttrId()
	})
}

// once makes a policy the first time that it is asked for.
func (d *distribution) once(policy any, none bool, build func() *string) *string {
	if none {
		return nil
	}
	id, ok := d.made[policy]
	if !ok {
		id = *build()
		d.made[policy] = id
	}
	return jsii.String(id)
}

// headers are which headers a policy takes.
type headers struct {
	behavior *string
	names    *[]*string
}

func these(names []string) headers {
	if len(names) == 0 {
		return headers{behavior: jsii.String("none")}
	}
	return headers{jsii.String("whitelist"), jsii.Strings(names...)}
}
