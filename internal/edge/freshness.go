package edge

import (
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"
)

// directives are those of a Cache-Control header, names in lower case.
type directives map[string]string

func parseCacheControl(h http.Header) directives {
	d := directives{}
	for _, line := range h.Values("Cache-Control") {
		for part := range strings.SplitSeq(line, ",") {
			name, value, _ := strings.Cut(strings.TrimSpace(part), "=")
			d[strings.ToLower(name)] = strings.Trim(value, `"`)
		}
	}
	return d
}

func (d directives) has(names ...string) bool {
	return slices.ContainsFunc(names, func(n string) bool { _, ok := d[n]; return ok })
}

// seconds reads a directive's duration. A number that is not one counts as
// zero: a cache that cannot read its instructions keeps nothing.
func (d directives) seconds(name string) (time.Duration, bool) {
	v, ok := d[name]
	if !ok {
		return 0, false
	}
	n, err := strconv.ParseInt(v, 10, 32)
	if err != nil || n < 0 {
		n = 0
	}
	return time.Duration(n) * time.Second, true
}

// lifetime says how long an answer may be used, and how.
type lifetime struct {
	store       bool          // it may be kept at all
	fresh       time.Duration // without asking
	whileAsking time.Duration // after that: while asking (stale-while-revalidate)
	onError     time.Duration // after that: while the origin fails; -1 for as long as it is kept
}

// shared says whether one answer may be given to all who asked at once. AWS
// names what prevents it: no-store, private, no-cache, and an age of zero.
func (l lifetime) shared() bool { return l.store && l.fresh+l.whileAsking > 0 }

// lifetimeOf follows CloudFront's tables: of s-maxage, max-age and Expires the
// first that is there, held between the minimum and the maximum TTL; the
// default TTL for an answer that says nothing.
// https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/Expiration.html#ExpirationDownloadDist
func (c *DistributionConfig) lifetimeOf(p *CachePolicy, status int, h http.Header, now time.Time) lifetime {
	d := parseCacheControl(h)
	age, said := d.seconds("s-maxage")
	if !said {
		age, said = d.seconds("max-age")
	}
	if !said && h.Get("Expires") != "" {
		t, err := http.ParseTime(h.Get("Expires"))
		if said = true; err == nil {
			age = max(0, t.Sub(now))
		}
	}
	if status >= 400 {
		return c.errorLifetime(status, d, age, said)
	}
	switch {
	case p.MaxTTL == 0:
		return lifetime{} // a policy that disables caching
	case d.has("no-store", "private"):
		return lifetime{store: p.MinTTL > 0, fresh: p.MinTTL}
	case d.has("no-cache"):
		age, said = 0, true
	}
	if !said {
		// A redirect is kept only if it says so; so is anything under a policy
		// whose default is zero.
		// https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/http-3xx-status-codes.html
		if age = p.DefaultTTL; status >= 300 || age == 0 {
			return lifetime{store: p.MinTTL > 0, fresh: p.MinTTL}
		}
	}
	l := lifetime{store: true, fresh: max(min(age, p.MaxTTL), p.MinTTL), onError: -1}
	// These may not be shown stale, whatever else is said.
	if d.has("must-revalidate", "proxy-revalidate", "no-cache") {
		l.onError = 0
		return l
	}
	l.whileAsking, _ = d.seconds("stale-while-revalidate")
	if t, ok := d.seconds("stale-if-error"); ok {
		l.onError = t
	}
	return l
}

// errorLifetime: some codes are always kept, for the error caching minimum TTL
// or longer if the origin says so; the other 4xx codes only if it says so.
// https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/HTTPStatusCodes.html
func (c *DistributionConfig) errorLifetime(status int, d directives, age time.Duration, said bool) lifetime {
	always := []int{404, 405, 414, 500, 501, 502, 503, 504}
	if d.has("no-store", "private", "no-cache") || (!said && !slices.Contains(always, status)) {
		return lifetime{}
	}
	ttl := max(age, c.errorTTL(status))
	return lifetime{store: ttl > 0, fresh: ttl}
}
