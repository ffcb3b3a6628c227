package assembly

import (
	"github.com/victorleungtw/blog/internal/edge"
)

// policyNamed finds the policy that a behaviour names. A managed policy of
// AWS's is not in the templates, and so not understood.
func (d *reading) policyNamed(p *properties, name, typ string) (*resource, string) {
	id := p.text(name)
	if id == "" {
		return nil, ""
	}
	r := d.app.find(typ, func(r *resource) bool {
		got, err := evaluation{r.stack, 0}.identity(r)
		return err == nil && got == id
	})
	if r == nil {
		p.bad(name, "no stack makes the policy %s; managed ones are not understood", id)
	}
	return r, id
}

func (d *reading) cachePolicy(p *properties) *edge.CachePolicy {
	r, id := d.policyNamed(p, "CachePolicyId", "AWS::CloudFront::CachePolicy")
	if r == nil {
		if id == "" {
			p.bad("CachePolicyId", "is not there; a behaviour without a cache policy is not understood")
		}
		return nil
	}
	if out := d.cache[id]; out != nil {
		return out
	}
	top := r.props()
	c := top.object("CachePolicyConfig")
	key := c.object("ParametersInCacheKeyAndForwardedToOrigin")
	key.object("CookiesConfig").only("CookieBehavior", "none")
	out := &edge.CachePolicy{
		Name:                       c.text("Name"),
		MinTTL:                     c.seconds("MinTTL", 0),
		DefaultTTL:                 c.seconds("DefaultTTL", 0),
		MaxTTL:                     c.seconds("MaxTTL", 0),
		QueryStrings:               key.object("QueryStringsConfig").only("QueryStringBehavior", "none", "all") == "all",
		Headers:                    headersOf(key),
		EnableAcceptEncodingGzip:   key.truth("EnableAcceptEncodingGzip"),
		EnableAcceptEncodingBrotli: key.truth("EnableAcceptEncodingBrotli"),
	}
	top.done()
	d.cache[id] = out
	return out
}

// headersOf are the request headers that a policy takes.
func headersOf(p *properties) []string {
	c := p.object("HeadersConfig")
	names := c.texts("Headers")
	if c.only("HeaderBehavior", "none", "whitelist") == "none" {
		return nil
	}
	return names
}

func (d *reading) originRequestPolicy(p *properties) *edge.OriginRequestPolicy {
	r, id := d.policyNamed(p, "OriginRequestPolicyId", "AWS::CloudFront::OriginRequestPolicy")
	if r == nil {
		return nil
	}
	if out := d.request[id]; out != nil {
		return out
	}
	top := r.props()
	c := top.object("OriginRequestPolicyConfig")
	c.object("CookiesConfig").only("CookieBehavior", "none")
	c.object("QueryStringsConfig").only("QueryStringBehavior", "none")
	out := &edge.OriginRequestPolicy{Name: c.text("Name"), Headers: headersOf(c)}
	top.done()
	d.request[id] = out
	return out
}

func (d *reading) responseHeadersPolicy(p *properties) *edge.ResponseHeadersPolicy {
	r, id := d.policyNamed(p, "ResponseHeadersPolicyId", "AWS::CloudFront::ResponseHeadersPolicy")
	if r == nil {
		if id == "" {
			p.bad("ResponseHeadersPolicyId", "is not there; answers would have no security headers")
		}
		return nil
	}
	if out := d.response[id]; out != nil {
		return out
	}
	top := r.props()
	c := top.object("ResponseHeadersPolicyConfig")
	security := c.object("SecurityHeadersConfig")
	// Every header takes the place of the origin's.
	header := func(name string) *properties {
		h := security.object(name)
		if security.has(name) {
			h.only("Override", "true")
		}
		return h
	}
	out := &edge.ResponseHeadersPolicy{
		Name:                  c.text("Name"),
		ContentSecurityPolicy: header("ContentSecurityPolicy").text("ContentSecurityPolicy"),
		ContentTypeOptions:    security.has("ContentTypeOptions"),
		ReferrerPolicy:        header("ReferrerPolicy").text("ReferrerPolicy"),
	}
	header("ContentTypeOptions")
	hsts := header("StrictTransportSecurity")
	out.StrictTransportSecurity = edge.StrictTransportSecurity{
		MaxAge:            hsts.seconds("AccessControlMaxAgeSec", 0),
		IncludeSubdomains: hsts.truth("IncludeSubdomains"),
		Preload:           hsts.truth("Preload"),
	}
	for _, h := range c.object("CustomHeadersConfig").list("Items") {
		h.only("Override", "true")
		out.CustomHeaders = append(out.CustomHeaders, edge.Header{Name: h.text("Header"), Value: h.text("Value")})
	}
	for _, h := range c.object("RemoveHeadersConfig").list("Items") {
		out.RemoveHeaders = append(out.RemoveHeaders, h.text("Header"))
	}
	top.done()
	d.response[id] = out
	return out
}
