package config

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"

	"github.com/victorleungtw/blog/internal/suggest"
)

// Edge is what a distribution may have beside what it needs. The zero value is
// none of it; each costs something, which docs/deploy.md lists.
type Edge struct {
	// OriginShield is one more cache in front of the buckets: the region that
	// it is in, or ShieldNearest. Empty for none.
	OriginShield string
	AccessLogs   bool // a line for each request, in a bucket in us-east-1
	WAF          WAF
	// OriginKey counts the origin secret's values. The distribution learns a new
	// one only when something of it changes, and this is what is changed.
	OriginKey int
}

// WAF is the firewall in front of the distribution. No Rate, no firewall.
type WAF struct {
	Rate int // requests that one address may send in five minutes
}

// ShieldNearest is an origin shield in the region that AWS documents as the
// nearest to each origin.
const ShieldNearest = "nearest"

// defaultRate lets an office behind one address read, at four requests a page,
// and ends a loop.
const defaultRate = 2000

// shields are where an origin shield is for an origin in a region, as CloudFront
// documents it: the same region where it offers one, else the one of its table
// (https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/origin-shield.html#choose-origin-shield-region).
// Of a region that is not in the table nothing is assumed: the author names one.
var shields = map[string]string{
	"ap-northeast-1": "ap-northeast-1",
	"ap-northeast-2": "ap-northeast-2",
	"ap-south-1":     "ap-south-1",
	"ap-southeast-1": "ap-southeast-1",
	"ap-southeast-2": "ap-southeast-2",
	"eu-central-1":   "eu-central-1",
	"eu-west-1":      "eu-west-1",
	"eu-west-2":      "eu-west-2",
	"sa-east-1":      "sa-east-1",
	"us-east-1":      "us-east-1",
	"us-east-2":      "us-east-2",
	"us-west-2":      "us-west-2",

	"af-south-1":   "eu-west-1",
	"ap-east-1":    "ap-southeast-1",
	"ca-central-1": "us-east-1",
	"eu-north-1":   "eu-west-2",
	"eu-south-1":   "eu-central-1",
	"eu-west-3":    "eu-west-2",
	"me-south-1":   "ap-south-1",
	"us-west-1":    "us-west-2",
}

// Shield is the region of the origin shield of an origin in region; empty for
// none.
func (e Edge) Shield(region string) string {
	if e.OriginShield == ShieldNearest {
		return shields[region]
	}
	return e.OriginShield
}

func (r *reader) edge(n *yaml.Node, e *Edge) {
	r.mapping(n, "aws.edge", fields{
		"origin_shield": r.originShield(&e.OriginShield),
		"access_logs":   r.boolean("aws.edge.access_logs", &e.AccessLogs),
		"waf":           func(n *yaml.Node) { r.waf(n, &e.WAF) },
		"origin_key":    r.number("aws.edge.origin_key", 1, 1_000_000, &e.OriginKey),
	})
}

// originShield reads true, false, or a region that has one.
func (r *reader) originShield(to *string) func(*yaml.Node) {
	const key = "aws.edge.origin_shield"
	return func(n *yaml.Node) {
		if n.Kind == yaml.ScalarNode && n.ShortTag() == "!!bool" {
			on := false
			if r.boolean(key, &on)(n); on {
				*to = ShieldNearest
			}
			return
		}
		r.scalar(key, to, func(s string) (string, string) {
			offered := slices.Sorted(maps.Values(shields))
			if slices.Contains(offered, s) {
				return "", ""
			}
			hint := "true, or one of " + strings.Join(slices.Compact(offered), ", ")
			if near := suggest.Word(s, offered); near != "" {
				hint = "did you mean " + near + "?"
			}
			return fmt.Sprintf("CloudFront offers no origin shield in %q", s), hint
		})(n)
	}
}

// waf reads true, false, or a mapping with the rate.
func (r *reader) waf(n *yaml.Node, w *WAF) {
	if n.Kind == yaml.ScalarNode {
		on := false
		if r.boolean("aws.edge.waf", &on)(n); on {
			w.Rate = defaultRate
		}
		return
	}
	w.Rate = defaultRate
	// Fewer than ten is nothing that AWS WAF counts
	// (https://docs.aws.amazon.com/waf/latest/APIReference/API_RateBasedStatement.html).
	r.mapping(n, "aws.edge.waf", fields{
		"rate": r.number("aws.edge.waf.rate", 10, 2_000_000_000, &w.Rate),
	})
}

// shields checks that the nearest origin shield is known where it was asked for.
func (r *reader) shields(cfg *Config) {
	if cfg.AWS.Edge.OriginShield != ShieldNearest {
		return
	}
	for _, region := range cfg.Regions() {
		if _, known := regions[region]; known && shields[region] == "" {
			r.probs.Errorf(r.file, r.at["aws.edge.origin_shield"], "name the one to use, for example ap-southeast-1",
				"aws.edge.origin_shield: CloudFront does not say which origin shield is nearest to %s", region)
		}
	}
}
