package assembly

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"time"
)

// Route is one place to which a host name leads. A name that has several is
// one of Route 53's record sets with a routing policy.
type Route struct {
	API *API
	// Of the routing policy; which of them is set says which it is.
	Failover string // PRIMARY or SECONDARY
	Weight   int    // -1 for none
	Latency  string // a region
	Health   *Health
}

// Health is the health check of a route: a request to a host of the blog's own,
// or a number of others.
type Health struct {
	Host, Path string
	Search     string // a text that a healthy answer has; empty for any
	Interval   time.Duration
	Failures   int // so many in a row
	Inverted   bool

	Target []Route // where the host leads

	Children  []*Health
	Threshold int // so many of them are well
}

// Detection is how long a place that fails is given out at most: until the
// checks have failed often enough, and until what was answered before has
// expired, a minute for an alias to an API
// (https://docs.aws.amazon.com/Route53/latest/DeveloperGuide/resource-record-sets-values-alias.html).
func (h *Health) Detection() time.Duration {
	longest := time.Duration(0)
	for _, c := range h.Children {
		longest = max(longest, c.Detection())
	}
	if h.Children != nil {
		return longest
	}
	return h.Interval*time.Duration(h.Failures) + time.Minute
}

// Choose is the route that Route 53 gives out, when asked for one and not for
// all. When none is healthy it takes all for healthy: an answer that may work
// is better than none
// (https://docs.aws.amazon.com/Route53/latest/DeveloperGuide/dns-failover-problems.html).
//
// A weighted or latency record set gives different readers different answers.
// Here it is the one with the greatest weight, or the first: there is one edge,
// and it is nowhere.
func Choose(routes []Route, healthy func(*Health) bool) Route {
	up := slices.DeleteFunc(slices.Clone(routes), func(r Route) bool { return r.Health != nil && !healthy(r.Health) })
	if len(up) == 0 {
		up = slices.Clone(routes)
	}
	slices.SortStableFunc(up, func(x, y Route) int {
		if c := strings.Compare(x.Failover, y.Failover); c != 0 {
			return c // PRIMARY comes before SECONDARY
		}
		return y.Weight - x.Weight
	})
	return up[0]
}

const (
	// patience is how long a checker waits: four seconds for a connection, and
	// two for the answer.
	patience = 6 * time.Second
	// searched is how much of an answer it looks for its text in.
	searched = 5120
)

// Healthy asks a health check's target as Route 53's checkers would, through
// ask. A status of 2xx or 3xx is health.
// https://docs.aws.amazon.com/Route53/latest/DeveloperGuide/dns-failover-determining-health-of-endpoints.html
func (h *Health) Healthy(ctx context.Context, ask func(*API, *http.Request) (*http.Response, error)) bool {
	up := 0
	for _, c := range h.Children {
		if c.Healthy(ctx, ask) {
			up++
		}
	}
	if h.Children != nil {
		return (up >= h.Threshold) != h.Inverted
	}
	return h.answers(ctx, ask) != h.Inverted
}

func (h *Health) answers(ctx context.Context, ask func(*API, *http.Request) (*http.Response, error)) bool {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, "https://"+h.Host+h.Path, nil)
	if err != nil {
		return false
	}
	resp, err := ask(Choose(h.Target, func(*Health) bool { return true }).API, r)
	if err != nil {
		return false
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(io.LimitReader(resp.Body, searched))
	return err == nil && resp.StatusCode >= 200 && resp.StatusCode < 400 && strings.Contains(string(body), h.Search)
}

// resolve finds where a host name leads.
func (a *app) resolve(at *properties, host string) []Route {
	var out []Route
	for _, r := range a.of("AWS::Route53::RecordSet") {
		name, err := r.stack.text(r.properties["Name"])
		typ, _ := r.stack.text(r.properties["Type"])
		if err == nil && strings.TrimSuffix(name, ".") == host && typ == "A" {
			if route, ok := a.record(r, host); ok {
				out = append(out, route)
			}
		}
	}
	if len(out) > 0 {
		return out
	}
	for _, r := range a.of("AWS::ApiGatewayV2::Api") {
		id, _ := evaluation{r.stack, 0}.identity(r)
		if host != fmt.Sprintf("%s.execute-api.%s.amazonaws.com", id, r.stack.region) {
			continue
		}
		if r.props().truth("DisableExecuteApiEndpoint") {
			a.bad.addf(r, "DisableExecuteApiEndpoint", "is true, and the distribution asks at this endpoint")
		}
		return []Route{{API: a.api(r), Weight: -1}}
	}
	at.bad("DomainName", "no record and no API of the assembly has the host name %s", host)
	return nil
}

// record reads a record set: an alias to an API's own domain.
func (a *app) record(r *resource, host string) (Route, bool) {
	p := r.props()
	for _, name := range []string{"Name", "Type"} {
		p.asked[name] = true
	}
	out := Route{Failover: p.text("Failover"), Weight: p.number("Weight", -1), Latency: p.text("Region")}
	target := p.object("AliasTarget")
	to := target.text("DNSName")
	if target.truth("EvaluateTargetHealth") {
		target.bad("EvaluateTargetHealth", "is true, which is not understood: the health check decides")
	}
	if id := p.text("HealthCheckId"); id != "" {
		out.Health = a.health(p, id)
	}
	p.done()
	domain := a.find("AWS::ApiGatewayV2::DomainName", func(d *resource) bool {
		got, err := evaluation{d.stack, 0}.attribute(d, "RegionalDomainName")
		return err == nil && got == to
	})
	if domain == nil {
		target.bad("DNSName", "no stack makes an API's domain %s", to)
		return out, false
	}
	d := domain.props()
	if name := d.text("DomainName"); name != host {
		target.bad("DNSName", "leads to the API's domain of %s, which does not answer for %s", name, host)
	}
	d.done()
	mappings := a.within(domain.stack, "AWS::ApiGatewayV2::ApiMapping", "DomainName", host)
	if len(mappings) != 1 {
		d.bad("", "has %d API mappings, want one", len(mappings))
		return out, false
	}
	m := mappings[0].props()
	m.text("DomainName")
	m.only("Stage", "$default")
	id := m.text("ApiId")
	m.done()
	api := a.find("AWS::ApiGatewayV2::Api", func(r *resource) bool {
		got, err := evaluation{r.stack, 0}.identity(r)
		return err == nil && r.stack == domain.stack && got == id
	})
	if api == nil {
		m.bad("ApiId", "the stack makes no API %s", id)
		return out, false
	}
	out.API = a.api(api)
	return out, true
}

// health reads the health check of a record.
func (a *app) health(at *properties, id string) *Health {
	r := a.find("AWS::Route53::HealthCheck", func(r *resource) bool {
		got, err := evaluation{r.stack, 0}.attribute(r, "HealthCheckId")
		self, err2 := evaluation{r.stack, 0}.identity(r)
		return err == nil && err2 == nil && (got == id || self == id)
	})
	if r == nil {
		at.bad("", "no stack makes the health check %s", id)
		return nil
	}
	top := r.props()
	p := top.object("HealthCheckConfig")
	h := &Health{Inverted: p.truth("Inverted")}
	switch p.only("Type", "HTTPS", "HTTPS_STR_MATCH", "CALCULATED") {
	case "CALCULATED":
		h.Threshold = p.number("HealthThreshold", 0)
		for _, child := range p.texts("ChildHealthChecks") {
			if c := a.health(p, child); c != nil {
				h.Children = append(h.Children, c)
			}
		}
	case "HTTPS_STR_MATCH":
		h.Search = p.text("SearchString")
		fallthrough
	default:
		p.only("Port", "443")
		h.Host, h.Path = p.text("FullyQualifiedDomainName"), p.text("ResourcePath")
		h.Interval, h.Failures = p.seconds("RequestInterval", 30), p.number("FailureThreshold", 3)
		h.Target = a.resolve(p, h.Host)
	}
	top.done()
	return h
}
