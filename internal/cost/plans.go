package cost

import (
	"fmt"
	"maps"
	"slices"

	"github.com/victorleungtw/blog/internal/config"
	"github.com/victorleungtw/blog/internal/edge"
)

// Plan is one of CloudFront's flat-rate plans, and what it would make of a
// bill.
type Plan struct {
	Name  string  `json:"name"`
	USD   float64 `json:"usd"`   // its price
	Total float64 `json:"total"` // with what it does not pay for
	// Without names what the distribution has and the plan does not allow: it
	// cannot be chosen before that is given up.
	Without []string `json:"without,omitempty"`
	// Over names what the plan's allowance is exceeded in. That costs nothing
	// more; AWS then delivers from fewer places, after months of it.
	Over []string `json:"over,omitempty"`
}

// flatRate is what a plan has, by its page. All of them want a firewall, and
// pay for it.
type flatRate struct {
	name        string
	price       Price
	requests    float64
	gb          float64
	s3          float64 // GB of storage that it pays for
	behaviors   int
	has         feature
	extraLevels []level // of the same plan, dearer
}

// feature is something that a distribution can have and not every plan allows:
// the plans by their number, the first that does.
type feature int

const (
	table     feature = iota + 1 // Pro: a KeyValueStore for the function
	tags                         // Pro: invalidation by cache tag
	edgeLogs                     // Pro: access logs
	policies                     // Business: cache and header policies of one's own
	vpcOrigin                    // Business: an origin in a private network
	failover                     // Premium: origin groups
	shield                       // Premium: Origin Shield
)

var features = map[feature]string{
	table:     "the route table (KeyValueStore)",
	tags:      "invalidation by cache tag",
	edgeLogs:  "access logs",
	policies:  "cache and header policies of its own",
	vpcOrigin: "origins in a private network",
	failover:  "origin groups, by which pages survive a region",
	shield:    "Origin Shield",
}

type level struct{ requests, gb, usd float64 }

var flatRates = []flatRate{
	{name: "Free", price: Price{0, flatRatePage}, requests: 1e6, gb: 100, s3: 5, behaviors: 5},
	{name: "Pro", price: Price{15, flatRatePage}, requests: 10e6, gb: 50_000, s3: 50, behaviors: 10, has: edgeLogs},
	{name: "Business", price: Price{200, flatRatePage}, requests: 125e6, gb: 50_000, s3: 1000, behaviors: 50, has: vpcOrigin},
	{name: "Premium", price: Price{1000, flatRatePage}, requests: 500e6, gb: 50_000, s3: 5000, behaviors: 100, has: shield,
		extraLevels: []level{{750e6, 75_000, 1450}, {1.25e9, 125_000, 2250}, {2e9, 200_000, 3500}, {3.5e9, 350_000, 6000}, {6e9, 600_000, 10_000}}},
}

// plans says what each plan would make of a bill.
func plans(cfg *config.Config, b *Bill) []Plan {
	d := edge.Describe(edge.Topology{Standby: cfg.AWS.Standby != ""})
	used := uses(d, b)
	requests, gb, planned, storage := 0.0, 0.0, 0.0, 0.0
	for _, l := range b.Lines {
		if l.Planned {
			planned += l.USD
		}
		switch l.item {
		case httpsRequests:
			requests += l.Quantity
		case transfer:
			gb += l.Quantity
		case stored:
			storage += l.USD
		}
	}
	var out []Plan
	for _, f := range flatRates {
		p := Plan{Name: f.name, USD: f.price.USD, Without: f.forbids(used, len(d.CacheBehaviors)+1)}
		limits := level{f.requests, f.gb, f.price.USD}
		for _, more := range f.extraLevels {
			if requests > limits.requests || gb > limits.gb {
				limits = more
			}
		}
		p.USD = limits.usd
		if requests > limits.requests {
			p.Over = append(p.Over, fmt.Sprintf("%.0f million requests of %.0f", requests/1e6, limits.requests/1e6))
		}
		if gb > limits.gb {
			p.Over = append(p.Over, fmt.Sprintf("%.0f GB of %.0f", gb, limits.gb))
		}
		credit := 0.0
		if all := storageGB(b); all > 0 {
			credit = storage * min(1, f.s3/all)
		}
		p.Total = b.Total - planned - credit + p.USD
		out = append(out, p)
	}
	return out
}

func storageGB(b *Bill) float64 {
	gb := 0.0
	for _, l := range b.Lines {
		if l.item == stored {
			gb += l.Quantity
		}
	}
	return gb
}

// forbids is what the distribution has and the plan does not.
func (f flatRate) forbids(used map[feature]bool, behaviors int) []string {
	var out []string
	for _, x := range slices.Sorted(maps.Keys(used)) {
		if x > f.has {
			out = append(out, features[x])
		}
	}
	if behaviors > f.behaviors {
		out = append(out, fmt.Sprintf("%d cache behaviours of %d", behaviors, f.behaviors))
	}
	return out
}

// uses are the features of a blog's distribution: what it is described to have,
// and what its options add, which are lines of the bill.
func uses(d edge.DistributionConfig, b *Bill) map[feature]bool {
	out := map[feature]bool{table: true}
	if d.CacheTagHeader != "" {
		out[tags] = true
	}
	for _, c := range append(d.CacheBehaviors, d.DefaultCacheBehavior) {
		if c.CachePolicy != nil || c.ResponseHeadersPolicy != nil || c.OriginRequestPolicy != nil {
			out[policies] = true
		}
	}
	if len(d.OriginGroups) > 0 {
		out[failover] = true
	}
	for _, l := range b.Lines {
		if l.item.Needs != 0 {
			out[l.item.Needs] = true
		}
	}
	return out
}
