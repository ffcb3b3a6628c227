package edge

import (
	"fmt"
	"net/http"
	"strings"
	"time"
)

// Value is the header's value; empty without a MaxAge.
func (s StrictTransportSecurity) Value() string {
	if s.MaxAge <= 0 {
		return ""
	}
	v := fmt.Sprintf("max-age=%d", int64(s.MaxAge/time.Second))
	if s.IncludeSubdomains {
		v += "; includeSubDomains"
	}
	if s.Preload {
		v += "; preload"
	}
	return v
}

// Headers are what the policy sets on every answer.
func (p *ResponseHeadersPolicy) Headers() http.Header {
	h := http.Header{}
	set := func(name, value string) {
		if value != "" {
			h.Set(name, value)
		}
	}
	set("Content-Security-Policy", p.ContentSecurityPolicy)
	set("Referrer-Policy", p.ReferrerPolicy)
	set("Strict-Transport-Security", p.StrictTransportSecurity.Value())
	if p.ContentTypeOptions {
		set("X-Content-Type-Options", "nosniff")
	}
	for _, c := range p.CustomHeaders {
		set(c.Name, c.Value)
	}
	return h
}

// Behavior returns the behaviour of a path, as the viewer sent it. Patterns
// are tried in order; the default behaviour takes the rest.
func (c *DistributionConfig) Behavior(path string) *CacheBehavior {
	for i := range c.CacheBehaviors {
		if matchPattern(c.CacheBehaviors[i].PathPattern, path) {
			return &c.CacheBehaviors[i]
		}
	}
	return &c.DefaultCacheBehavior
}

// matchPattern follows CloudFront: * is any number of characters, ? exactly
// one, a slash is a character like another, case counts, and a pattern without
// a leading slash means the same as with one.
// https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/DownloadDistValuesCacheBehavior.html#DownloadDistValuesPathPattern
func matchPattern(pattern, path string) bool {
	pattern = "/" + strings.TrimPrefix(pattern, "/")
	// The usual two-pointer match: on a mismatch, let the last * take one more.
	star, mark, i := -1, 0, 0
	for j := 0; j < len(path); {
		switch {
		case i < len(pattern) && pattern[i] == '*':
			star, mark = i, j
			i++
		case i < len(pattern) && (pattern[i] == '?' || pattern[i] == path[j]):
			i++
			j++
		case star >= 0:
			mark++
			i, j = star+1, mark
		default:
			return false
		}
	}
	return strings.Trim(pattern[i:], "*") == ""
}

// errorTTL is how long CloudFront keeps an error at least: its default is ten
// seconds.
func (c *DistributionConfig) errorTTL(code int) time.Duration {
	for _, e := range c.CustomErrorResponses {
		if e.ErrorCode == code {
			return e.ErrorCachingMinTTL
		}
	}
	return 10 * time.Second
}

func (c *DistributionConfig) origin(id string) (Origin, bool) {
	for _, o := range c.Origins {
		if o.ID == id {
			return o, true
		}
	}
	return Origin{}, false
}

// target returns the origins of a behaviour: one, or a group's two with the
// codes at which the second is asked.
func (c *DistributionConfig) target(id string) (origins []Origin, criteria []int, err error) {
	for _, g := range c.OriginGroups {
		if g.ID == id {
			return c.members(g)
		}
	}
	o, ok := c.origin(id)
	if !ok {
		return nil, nil, fmt.Errorf("no origin %q in the distribution", id)
	}
	return []Origin{o}, nil, nil
}

// members are a group's two origins, which are the distribution's.
func (c *DistributionConfig) members(g OriginGroup) (origins []Origin, criteria []int, err error) {
	for _, id := range []string{g.Primary, g.Secondary} {
		o, ok := c.origin(id)
		if !ok {
			return nil, nil, fmt.Errorf("no origin %q in the distribution", id)
		}
		origins = append(origins, o)
	}
	return origins, g.FailoverCriteria, nil
}
