package doctor

import (
	"context"
	"strings"

	"github.com/victorleungtw/blog/internal/config"
	"github.com/victorleungtw/blog/internal/edge"
	"github.com/victorleungtw/blog/internal/edge/subset"
	"github.com/victorleungtw/blog/internal/names"
	"github.com/victorleungtw/blog/internal/routes"
)

// Blog is what is checked.
type Blog struct {
	Config *config.Config
	Names  names.Names
	Root   string // the project's folder
	// Paths are those of the content, from a path to what it leads to; nil if
	// there is none to look at.
	Paths map[string]string
	// Run runs a program and returns what it printed.
	Run func(ctx context.Context, name string, args ...string) (string, error)
}

// regions are those in which there are stacks: each once, the primary first.
func (b *Blog) regions() []string {
	return unique(append(b.Config.Regions(), names.GlobalRegion))
}

// Offline looks at all that this machine knows.
func Offline(ctx context.Context, b *Blog) Report {
	var all Report
	all = append(all, b.checkNames()...)
	all = append(all, b.checkEdge()...)
	all = append(all, b.checkTable()...)
	all = append(all, b.checkTools(ctx)...)
	all = append(all, b.checkAssembly()...)
	return all
}

// checkNames holds the names to what the services take.
func (b *Blog) checkNames() Report {
	r := &report{area: "names"}
	limits := b.Names.Limits(b.Config.AWS.Account, b.Config.Regions())
	bad := 0
	for _, l := range limits {
		if err := l.Check(); err != nil {
			bad++
			r.fail("lengths and characters", "shorten aws.name or aws.env in blog.yaml", "%v", err)
		}
		if l.Shared && !strings.Contains(l.Name, b.Names.String()) {
			bad++
			r.fail("one name in an account", "a second environment would take it: put the environment into it", "%s %q", l.What, l.Name)
		}
	}
	if bad == 0 {
		longest := limits[0]
		for _, l := range limits {
			if l.Max-len(l.Name) < longest.Max-len(longest.Name) {
				longest = l
			}
		}
		r.ok("lengths and characters", "%d names; nearest to its limit is the %s %q, %d of %d",
			len(limits), longest.What, longest.Name, len(longest.Name), longest.Max)
		r.ok("one name in an account", "each carries %s", b.Names)
	}
	if d := b.Config.LiveDomain(); d != "" {
		for _, region := range b.Config.Regions() {
			if name := names.RegionDomain(d, region); len(name) > maxHost {
				r.fail("host names", "use a shorter domain", "%q has %d characters, %d are allowed", name, len(name), maxHost)
			}
		}
	}
	return r.list
}

// maxHost is the length of a name in the DNS (RFC 1035, section 2.3.4).
const maxHost = 253

// What CloudFront allows a distribution and its function, in an account that
// has asked for nothing more
// (https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/cloudfront-limits.html).
// Where that page gives more than it did a year before, the smaller number is
// here.
const (
	maxBehaviors     = 25
	maxOrigins       = 25
	maxOriginGroups  = 10
	maxPolicyHeaders = 10 // of one policy
	maxPolicies      = 20 // of each kind, in an account
	// The lengths of a header's value and of all headers together are known for
	// those that CloudFront adds to a request; for a response it has the same
	// errors and names no number.
	maxHeaderValue = 1783
	maxHeaderBytes = 10_240
)

// checkEdge holds what is deployed to CloudFront's quotas.
func (b *Blog) checkEdge() Report {
	r := &report{area: "edge"}
	const smaller = "there is hardly room for more code: shorten what is there first: internal/edge"
	r.limit("size of the function", "bytes", smaller, len(edge.Source()), subset.MaxSize)

	d := b.describe()
	const fewer = "ask AWS for a higher quota, or describe less: internal/edge"
	r.limit("cache behaviours", "", fewer, len(d.CacheBehaviors)+1, maxBehaviors)
	r.limit("origins", "", fewer, len(d.Origins), maxOrigins)
	r.limit("origin groups", "", fewer, len(d.OriginGroups), maxOriginGroups)

	responses, caches := policies(d)
	r.limit("header policies", "", fewer, len(responses), maxPolicies)
	r.limit("cache policies", "", fewer, len(caches), maxPolicies)
	most, value, total := 0, 0, 0
	for p := range responses {
		most = max(most, len(p.CustomHeaders), len(p.RemoveHeaders))
		bytes := len("content-security-policy") + len(p.ContentSecurityPolicy) + len("referrer-policy") + len(p.ReferrerPolicy)
		value = max(value, len(p.ContentSecurityPolicy))
		for _, h := range p.CustomHeaders {
			bytes += len(h.Name) + len(h.Value)
			value = max(value, len(h.Value))
		}
		total = max(total, bytes)
	}
	const shorter = "shorten the headers: internal/edge/policy.go"
	r.limit("headers of a policy", "", fewer, most, maxPolicyHeaders)
	r.limit("longest header, the content security policy among them", "characters", shorter, value, maxHeaderValue)
	r.limit("headers of a policy together", "characters", shorter, total, maxHeaderBytes)
	return r.list
}

// policies are those of a description, each once.
func policies(d edge.DistributionConfig) (responses map[*edge.ResponseHeadersPolicy]bool, caches map[*edge.CachePolicy]bool) {
	responses, caches = map[*edge.ResponseHeadersPolicy]bool{}, map[*edge.CachePolicy]bool{}
	for _, c := range append(d.CacheBehaviors, d.DefaultCacheBehavior) {
		if c.ResponseHeadersPolicy != nil {
			responses[c.ResponseHeadersPolicy] = true
		}
		if c.CachePolicy != nil {
			caches[c.CachePolicy] = true
		}
	}
	return responses, caches
}

// describe is the blog's distribution.
func (b *Blog) describe() edge.DistributionConfig {
	return edge.Describe(edge.Topology{Standby: b.Config.AWS.Standby != ""})
}

// entryBytes is what a path that leads to a page takes beside its name: a
// release number, a colon and a digest.
const entryBytes = len("1000:") + 64

// checkTable holds the content to what the route table takes.
func (b *Blog) checkTable() Report {
	r := &report{area: "route table"}
	if b.Paths == nil {
		r.skip("size", "no content to look at")
		return r.list
	}
	size, long := 0, 0
	for path, to := range b.Paths {
		key := len(routes.Site.PathKey(path))
		value := entryBytes
		if to != "" {
			value = len("1000:") + len(to)
		}
		size += key + value
		if key > routes.MaxKey {
			long++
			r.fail("length of a path", "give the page a shorter address", "%.60s… has %d bytes, %d are allowed", path, key, routes.MaxKey)
		}
	}
	if long == 0 {
		r.ok("length of a path", "%d paths, none over %d bytes", len(b.Paths), routes.MaxKey)
	}
	r.limit("size", "bytes", "the table would be full of what readers see: docs/decisions.md says what then", size, routes.MaxTable)
	return r.list
}
