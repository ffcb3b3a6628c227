package assembly

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/victorleungtw/blog/internal/route53"
)

// Route is one place to which a host name leads, by one of its records.
type Route struct {
	API *API
	route53.Record
}

// Choose is the route that most of those who ask Route 53 are given. A latency
// record set gives out what is nearest: here that is the first of regions, since
// there is one edge, and it is nowhere.
func Choose(routes []Route, ask route53.Ask, regions []string) (Route, error) {
	records := make([]route53.Record, len(routes))
	for i, r := range routes {
		records[i] = r.Record
	}
	shares, err := route53.Answer(records, ask, regions...)
	if err != nil {
		return Route{}, err
	}
	return slices.MaxFunc(routes, func(x, y Route) int { return cmp.Compare(shares[x.SetID], shares[y.SetID]) }), nil
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
		return []Route{{API: a.api(r)}}
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
	out := Route{Record: route53.Record{SetID: p.text("SetIdentifier"), Failover: p.text("Failover"), Region: p.text("Region")}}
	if p.has("Weight") {
		n := p.number("Weight", 0)
		out.Weight = &n
	}
	target := p.object("AliasTarget")
	to := target.text("DNSName")
	if target.truth("EvaluateTargetHealth") {
		target.bad("EvaluateTargetHealth", "is true, which is not understood: the health check decides")
	}
	if id := p.text("HealthCheckId"); id != "" {
		out.Check = a.health(p, id)
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

// health reads the health check of a record, and where it asks.
func (a *app) health(at *properties, id string) *route53.Check {
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
	h := &route53.Check{Type: p.text("Type"), Inverted: p.truth("Inverted")}
	switch h.Type {
	case route53.Calculated:
		h.Threshold = p.number("HealthThreshold", 0)
		for _, child := range p.texts("ChildHealthChecks") {
			if c := a.health(p, child); c != nil {
				h.Children = append(h.Children, c)
			}
		}
	case route53.HTTPSMatch, route53.HTTPS:
		if h.Type == route53.HTTPSMatch {
			h.Search = p.text("SearchString")
		}
		p.only("Port", "443")
		h.Host, h.Path = p.text("FullyQualifiedDomainName"), p.text("ResourcePath")
		h.Interval, h.Failures = p.seconds("RequestInterval", 30), p.number("FailureThreshold", 3)
		if a.checked[h.Host] == nil {
			if to := a.resolve(p, h.Host); len(to) > 0 {
				a.checked[h.Host] = to[0].API
			}
		}
	default:
		p.bad("Type", "is %q, which is not understood", h.Type)
	}
	top.done()
	return h
}
