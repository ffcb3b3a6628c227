package cost

import (
	"slices"

	"github.com/victorleungtw/blog/internal/names"
)

// What the options that protect and watch the edge and the account take.
const (
	firewallRules = 4       // infra's newFirewall
	logKBPerLine  = 0.15    // of JSON, compressed
	guardEvents   = 50_000. // that GuardDuty reads a month in a region with a blog and nothing else
)

var (
	shieldRequests = &Item{
		Service: "CloudFront", Name: "requests through the origin shield", Unit: "requests", Per: 10_000,
		Prices: global(0.0090, memory),
	}
	accessLogs = &Item{
		Service: "S3", Name: "access logs", Unit: "GB",
		Prices: global(0.023, memory),
	}
	firewall = &Item{
		Service: "WAF", Name: "web ACL", Unit: "ACLs", Resource: "AWS::WAFv2::WebACL", Planned: true,
		Prices: global(5.00, wafPage),
	}
	firewallParts = &Item{
		Service: "WAF", Name: "rules", Unit: "rules", Planned: true,
		Prices: global(1.00, wafPage),
	}
	firewallLooks = &Item{
		Service: "WAF", Name: "requests looked at", Unit: "requests", Per: 1_000_000, Planned: true,
		Prices: global(0.60, wafPage),
	}
	guardReads = &Item{
		Service: "GuardDuty", Name: "calls that it reads, after 30 free days", Unit: "events", Per: 1_000_000,
		Prices: global(4.00, memory),
	}
)

// protecting is what firewall, shield, access logs and the account's guards cost.
// The account's first trail and Access Analyzer cost nothing, and Athena 5 USD
// for each terabyte that somebody asks it to read.
func protecting(m *meter) {
	e := m.cfg.AWS.Edge
	if e.OriginShield != "" {
		m.use(shieldRequests, "", m.requests()*m.u.MissShare, "")
	}
	if e.AccessLogs {
		months := float64(m.cfg.AWS.LogRetentionDays) / 30
		m.use(accessLogs, "", m.requests()*logKBPerLine/1e6*months, "")
	}
	if e.WAF.Rate > 0 {
		m.use(firewall, "", 1, "")
		m.use(firewallParts, "", firewallRules, "")
		m.use(firewallLooks, "", m.requests(), "")
	}
	if m.cfg.AWS.AccountGuards {
		regions := append(m.cfg.Regions(), names.GlobalRegion)
		slices.Sort(regions)
		m.use(guardReads, "", guardEvents*float64(len(slices.Compact(regions))), "")
	}
}
