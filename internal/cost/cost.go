// Package cost estimates what a blog costs on AWS in a month.
//
// # What it promises
//
// Estimate is a pure function: blog.yaml and a few numbers about readers and
// writing in, a bill out. It asks nobody, so the same input prints the same
// bill until somebody changes the price list, which carries its date. Every
// price says where it was read, or that it is from memory (Price.From), and a
// bill names the region that the list has no price for instead of guessing one:
// its total is then what is known, and says so.
//
// What is counted is what the stacks make and what readers and publishes use of
// it. Not counted are taxes, support, the domain's registrar, a person's
// machine, and the twelve-month and credit offers for new accounts. The free
// tiers that stay are counted, as if the blog were alone in its account, and
// are spread over the regions in proportion.
//
// # What holds it to the stacks
//
// Two tests. Each field of config.Config is either shown to change a bill or is
// listed with the reason why it costs nothing (fields_test.go here), so that a
// new option cannot be forgotten. And the resources that a bill counts are
// compared with those in the synthesized templates (infra/cost_test.go), so
// that an alarm too many is noticed.
//
// To price a new option: add what is charged to prices.go, and a line to one of
// the functions in parts.
//
// # Flat-rate plans
//
// CloudFront sells four plans at a fixed price that take the place of a part of
// the bill. Which of them a distribution may have depends on what it uses, and
// this one uses more than most: its own policies need Business, its origin
// groups Premium. So the free plan that a small blog hopes for is not to be had
// without giving up that pages survive a region. Estimate says of each plan
// what forbids it (plans.go).
package cost

import (
	"cmp"
	"fmt"
	"math"
	"slices"

	"github.com/victorleungtw/blog/internal/config"
)

// Usage is what happens in a month. The zero value is a blog that nobody reads
// or writes.
type Usage struct {
	Views           int     `json:"views"`             // pages that readers open
	RequestsPerView float64 `json:"requests_per_view"` // the page, its stylesheet, fonts, pictures
	KBPerView       float64 `json:"kb_per_view"`       // what these weigh as sent
	AsiaShare       float64 `json:"asia_share"`        // of readers in the price class of Hong Kong and Singapore; the rest is America's and Europe's
	MissShare       float64 `json:"miss_share"`        // of requests that no edge cache can answer
	DynamicPerView  float64 `json:"dynamic_per_view"`  // requests for /search and /api/*
	Publishes       int     `json:"publishes"`
	PagesPerPublish int     `json:"pages_per_publish"` // pages that one changes
	StoredGB        float64 `json:"stored_gb"`         // in each region
}

// Typical is a blog with a few thousand posts, one new every day, and readers
// mostly in Asia.
func Typical() Usage {
	return Usage{
		Views: 100_000, RequestsPerView: 4, KBPerView: 80, AsiaShare: 0.7, MissShare: 0.05,
		DynamicPerView: 0.02, Publishes: 30, PagesPerPublish: 20, StoredGB: 2,
	}
}

// Check says what no month can be.
func (u Usage) Check() error {
	for _, n := range []struct {
		name  string
		value float64
		max   float64
	}{
		{"views", float64(u.Views), 1e12}, {"requests per view", u.RequestsPerView, 1e6}, {"KB per view", u.KBPerView, 1e9},
		{"dynamic requests per view", u.DynamicPerView, 1e6}, {"the share of readers in Asia", u.AsiaShare, 1},
		{"the share of misses", u.MissShare, 1}, {"publishes", float64(u.Publishes), 1e6},
		{"pages per publish", float64(u.PagesPerPublish), 1e6}, {"stored GB", u.StoredGB, 1e9},
	} {
		if !(n.value >= 0 && n.value <= n.max) { // not a number is neither
			return fmt.Errorf("%s: %v is not between 0 and %v", n.name, n.value, n.max)
		}
	}
	return nil
}

// Bill is an estimate.
type Bill struct {
	PricesOf string  `json:"prices_of"` // the date of the price list
	Usage    Usage   `json:"usage"`
	Lines    []Line  `json:"lines"`
	Total    float64 `json:"total_usd"`
	// Unpriced names what the price list does not know; Total is without it.
	Unpriced []string `json:"unpriced,omitempty"`
	Plans    []Plan   `json:"flat_rate_plans"`
}

// Line is one thing that is charged.
type Line struct {
	Service  string  `json:"service"`
	What     string  `json:"what"`
	Region   string  `json:"region,omitempty"` // empty for what is the same everywhere
	Quantity float64 `json:"quantity"`
	Unit     string  `json:"unit"`
	USD      float64 `json:"usd"`
	Known    bool    `json:"known"`                       // the list has a price
	Memory   bool    `json:"price_from_memory,omitempty"` // nobody has looked it up
	Free     bool    `json:"within_free_tier,omitempty"`
	// Planned: a flat-rate plan pays for it.
	Planned bool `json:"in_plan,omitempty"`

	item *Item
}

// Services are the line's services in the order in which they appear.
func (b *Bill) Services() []string {
	var out []string
	for _, l := range b.Lines {
		if !slices.Contains(out, l.Service) {
			out = append(out, l.Service)
		}
	}
	return out
}

// Subtotal is what a service costs.
func (b *Bill) Subtotal(service string) float64 {
	sum := 0.0
	for _, l := range b.Lines {
		if l.Service == service {
			sum += l.USD
		}
	}
	return sum
}

// Resources counts what is charged by the piece, by CloudFormation's type.
func (b *Bill) Resources() map[string]int {
	out := map[string]int{}
	for _, l := range b.Lines {
		if l.item.Resource != "" {
			out[l.item.Resource] += int(l.Quantity)
		}
	}
	return out
}

// Estimate is the bill of a month.
func Estimate(cfg *config.Config, u Usage) *Bill {
	m := &meter{cfg: cfg, u: u}
	for _, part := range parts {
		part(m)
	}
	b := &Bill{PricesOf: PricesOf, Usage: u, Lines: m.lines}
	used := map[*Item]float64{}
	for _, l := range b.Lines {
		used[l.item] += l.Quantity
	}
	for i := range b.Lines {
		l := &b.Lines[i]
		charged := 1.0 // the share that the free tier leaves
		if q := used[l.item]; q > 0 {
			charged = 1 - math.Min(1, l.item.Free/q)
		}
		l.Free = charged == 0 && l.Quantity > 0
		var tiers Tiers
		if tiers, l.Known = l.item.in(l.Region); !l.Known {
			b.Unpriced = append(b.Unpriced, l.Service+", "+l.What+", in "+l.Region)
			continue
		}
		l.USD, l.Memory = tiers.of(l.Quantity * charged / l.item.per())
		b.Total += l.USD
	}
	b.Plans = plans(cfg, b)
	return b
}

// meter collects what is used.
type meter struct {
	cfg   *config.Config
	u     Usage
	lines []Line
}

// use adds a line. Nothing used is no line, unless it can be on the next bill.
func (m *meter) use(it *Item, region string, quantity float64, what string) {
	m.lines = append(m.lines, Line{
		Service: it.Service, What: cmp.Or(what, it.Name), Region: region,
		Quantity: quantity, Unit: it.Unit, Planned: it.Planned, item: it,
	})
}

// requests are what the edge answers.
func (m *meter) requests() float64 {
	return float64(m.u.Views) * (m.u.RequestsPerView + m.u.DynamicPerView)
}

// dynamic are the requests that a renderer answers.
func (m *meter) dynamic() float64 { return float64(m.u.Views) * m.u.DynamicPerView }

// pages are rendered in a month.
func (m *meter) pages() float64 { return float64(m.u.Publishes * m.u.PagesPerPublish) }

// ByPiece reports whether each resource of a CloudFormation type is charged
// for.
func ByPiece(typ string) bool {
	return slices.ContainsFunc(items, func(it *Item) bool { return it.Resource == typ })
}
