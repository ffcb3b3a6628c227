package config

import (
	"maps"
	"slices"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v3"

	"github.com/victorleungtw/blog/internal/recovery"
	"github.com/victorleungtw/blog/internal/suggest"
)

// The policies by which Route 53 chooses between two regions.
const (
	Failover = "failover" // the primary, while it is healthy
	Weighted = "weighted" // each its share
	Latency  = "latency"  // the one that is nearer to the edge that asks
)

var policies = []string{Failover, Weighted, Latency}

// Routing is how origin.<domain>, the host of dynamic requests, chooses between
// the regions. It is the zero value without a standby.
type Routing struct {
	Policy string
	// Weights are each region's share of a hundred, with Weighted.
	Weights map[string]int
	// Switch says that a region can be taken out by an object in the other one's
	// bucket, which a health check reads (package traffic). It is always so where
	// both regions answer.
	Switch bool
}

// RendererRegions are the regions with a renderer, the primary first.
func (c *Config) RendererRegions() []string {
	if c.AWS.Recovery == recovery.BackupRestore {
		return c.Regions()[:1]
	}
	return c.Regions()
}

// RecordRegions are the regions that Route 53 leads dynamic requests to, the
// primary first; each has a health check.
func (c *Config) RecordRegions() []string {
	if c.AWS.Standby != "" && !c.AWS.Recovery.Record() {
		return c.Regions()[:1]
	}
	return c.Regions()
}

// Drainable are the regions that an object in the other one's bucket takes out of
// the records: the primary, where the standby waits, else both.
func (c *Config) Drainable() []string {
	switch {
	case c.AWS.Standby == "" || !c.AWS.Routing.Switch:
		return nil
	case c.AWS.Routing.Policy == Failover:
		return c.Regions()[:1]
	}
	return c.Regions()
}

// WithRecovery is the config with a strategy and the routing that it has when
// none is written.
func (c *Config) WithRecovery(s recovery.Strategy) *Config {
	out := *c
	if c.AWS.Standby == "" || s == c.AWS.Recovery {
		return &out
	}
	out.AWS.Recovery, out.AWS.Routing = s, routingOf(s)
	return &out
}

func routingOf(s recovery.Strategy) Routing {
	switch s {
	case recovery.WarmStandby:
		return Routing{Policy: Failover}
	case recovery.ActiveActive:
		return Routing{Policy: Latency, Switch: true}
	}
	return Routing{}
}

func (r *reader) strategy(to *recovery.Strategy) func(*yaml.Node) {
	var known []string
	for _, s := range recovery.Strategies() {
		known = append(known, string(s))
	}
	word := ""
	read := r.oneOf("aws.recovery", &word, known)
	return func(n *yaml.Node) {
		read(n)
		*to = recovery.Strategy(word)
	}
}

// oneOf returns a field that stores one of some words.
func (r *reader) oneOf(key string, to *string, words []string) func(*yaml.Node) {
	return r.scalar(key, to, func(s string) (string, string) {
		if slices.Contains(words, s) {
			return "", ""
		}
		hint := "one of " + strings.Join(words, ", ")
		if near := suggest.Word(s, words); near != "" {
			hint = "did you mean " + near + "?"
		}
		return strconv.Quote(s) + " is none of them", hint
	})
}

// routing reads the policy alone, or keys.
func (r *reader) routing(n *yaml.Node, to *Routing) {
	if n.Kind == yaml.ScalarNode {
		r.oneOf("aws.routing", &to.Policy, policies)(n)
		return
	}
	r.mapping(n, "aws.routing", fields{
		"policy":  r.oneOf("aws.routing.policy", &to.Policy, policies),
		"weights": func(n *yaml.Node) { r.weights(n, to) },
		"switch":  r.boolean("aws.routing.switch", &to.Switch),
	})
	if n.Kind == yaml.MappingNode && r.at["aws.routing.policy"] == 0 {
		r.probs.Errorf(r.file, r.at["aws.routing"], "add for example policy: weighted", "aws.routing without a policy")
	}
}

// weights reads a number for each region; which regions there are is known when
// all is read.
func (r *reader) weights(n *yaml.Node, to *Routing) {
	if n.Kind != yaml.MappingNode {
		r.errorf(n, weightsHint, "aws.routing.weights: want regions and numbers, got %s", kind(n))
		return
	}
	to.Weights = map[string]int{}
	for i := 0; i+1 < len(n.Content); i += 2 {
		k, v := follow(n.Content[i]), follow(n.Content[i+1])
		key := "aws.routing.weights." + k.Value
		if _, twice := to.Weights[k.Value]; twice {
			r.errorf(k, "keep one of the two", "%s is set twice", key)
			continue
		}
		r.at[key] = k.Line
		weight := 0
		r.number(key, 0, 100, &weight)(v)
		to.Weights[k.Value] = weight
	}
}

const weightsHint = "for example weights: {ap-southeast-1: 90, ap-east-1: 10}"

// recovery checks the strategy and the routing against the regions, the domain
// and each other, and fills in what was left out.
func (r *reader) recovery(cfg *Config) {
	a := &cfg.AWS
	recoveryLine, strategic := r.at["aws.recovery"]
	routingLine, routed := r.at["aws.routing"]
	_, domain := r.at["domain"]
	if a.Standby == "" {
		if strategic {
			r.probs.Errorf(r.file, recoveryLine, "add standby, or delete recovery", "aws.recovery without a standby: one region has nothing to recover in")
		}
		if routed {
			r.probs.Errorf(r.file, routingLine, "add standby, or delete routing", "aws.routing without a standby: there is one region to go to")
		}
		a.Recovery, a.Routing = "", Routing{}
		return
	}
	if routed && !domain {
		r.probs.Errorf(r.file, routingLine, "add domain, or delete routing", "aws.routing without a domain: Route 53 has no record to choose by")
	}
	shared := a.Routing.Policy == Weighted || a.Routing.Policy == Latency
	if !strategic {
		a.Recovery = recovery.WarmStandby
		if shared {
			a.Recovery = recovery.ActiveActive
		}
	}
	switch {
	case a.Recovery == recovery.ActiveActive && !domain && !routed:
		r.probs.Errorf(r.file, recoveryLine, "add domain, or write warm-standby", "aws.recovery is active-active, without a domain: Route 53 has no record to share requests out by")
	case a.Recovery == "", !routed:
	case !a.Recovery.Record():
		r.probs.Errorf(r.file, routingLine, "delete routing, or write recovery: warm-standby", "aws.routing with aws.recovery %s, where Route 53 knows one region", a.Recovery)
	case a.Recovery == recovery.WarmStandby && shared:
		r.probs.Errorf(r.file, routingLine, "write recovery: active-active, or routing: failover", "aws.routing is %s, where both regions answer; a standby waits", a.Routing.Policy)
	case a.Recovery == recovery.ActiveActive && a.Routing.Policy == Failover:
		r.probs.Errorf(r.file, routingLine, "write routing: latency or weighted, or recovery: warm-standby", "aws.routing is failover, where one region waits; active-active has two that answer")
	}
	if a.Routing.Policy == "" {
		a.Routing.Policy = routingOf(a.Recovery).Policy
	}
	r.shares(cfg)
	if a.Recovery == recovery.ActiveActive {
		if line := r.at["aws.routing.switch"]; line != 0 && !a.Routing.Switch {
			r.probs.Errorf(r.file, line, "delete switch", "aws.routing.switch is false: a region that answers could not be taken out")
		}
		a.Routing.Switch = true
	}
}

// shares checks the weights.
func (r *reader) shares(cfg *Config) {
	routing := cfg.AWS.Routing
	line := r.at["aws.routing.weights"]
	switch {
	case routing.Policy == Weighted && line == 0:
		r.probs.Errorf(r.file, r.at["aws.routing"], weightsHint, "aws.routing is weighted, without weights")
		return
	case line == 0:
		return
	case routing.Policy != Weighted && routing.Policy != "":
		r.probs.Errorf(r.file, line, "delete weights, or write policy: weighted", "aws.routing.weights with the policy %s, which has none", routing.Policy)
		return
	}
	sum := 0
	for _, region := range slices.Sorted(maps.Keys(routing.Weights)) {
		sum += routing.Weights[region]
		if !slices.Contains(cfg.Regions(), region) {
			r.probs.Errorf(r.file, r.at["aws.routing.weights."+region], "the regions are "+strings.Join(cfg.Regions(), " and "),
				"aws.routing.weights: %s is no region of this blog", region)
		}
	}
	for _, region := range cfg.Regions() {
		if _, ok := routing.Weights[region]; !ok {
			r.probs.Errorf(r.file, line, weightsHint, "aws.routing.weights: none for %s", region)
		}
	}
	if sum != 100 {
		r.probs.Errorf(r.file, line, "they are shares of a hundred", "aws.routing.weights: the sum is %d, not 100", sum)
	}
}

// optIn warns of regions that an account has to enable first: a deployment fails
// there, minutes after it began.
func (r *reader) optIn(cfg *Config) {
	for _, key := range []struct{ name, region string }{{"aws.region", cfg.AWS.Region}, {"aws.standby", cfg.AWS.Standby}} {
		if OptIn(key.region) {
			r.probs.Warnf(r.file, r.at[key.name], "aws account enable-region --region-name "+key.region+", then wait until get-region-opt-status says ENABLED",
				"%s: %s is off in an account until it is enabled; a deployment fails there before", key.name, key.region)
		}
	}
}
