package main

import (
	"slices"

	"github.com/aws/aws-cdk-go/awscdk/v2/awsroute53"
	"github.com/aws/jsii-runtime-go"

	"github.com/victorleungtw/blog/internal/config"
	"github.com/victorleungtw/blog/internal/names"
	"github.com/victorleungtw/blog/internal/renderer"
	"github.com/victorleungtw/blog/internal/traffic"
)

// routing is one region's part in origin.<domain>.
type routing struct {
	Record  bool   // Route 53 leads here at all
	Primary bool   // with the policy failover
	Policy  string // of package config
	Weight  int    // with weighted
	// Drainer is the region whose word takes this one out; empty for none.
	Drainer string
}

// routingOf is what the configuration says of a region.
//
// A region that is alone has a failover record to nothing: Route 53 refuses to
// have a plain one beside it on the day that a standby comes or goes.
func routingOf(cfg *config.Config, region string) routing {
	out := routing{
		Record:  slices.Contains(cfg.RecordRegions(), region),
		Primary: region == cfg.AWS.Region,
		Policy:  config.Failover,
	}
	if cfg.AWS.Routing.Policy != "" {
		out.Policy, out.Weight = cfg.AWS.Routing.Policy, cfg.AWS.Routing.Weights[region]
	}
	if slices.Contains(cfg.Drainable(), region) {
		out.Drainer = cfg.AWS.Standby
		if !out.Primary {
			out.Drainer = cfg.AWS.Region
		}
	}
	return out
}

// newPolicy makes a region's health checks and says how its record is chosen.
//
// With nobody healthy Route 53 takes everybody for healthy and goes by the policy
// alone: the primary, the shares, the nearer region. That is what we want of it: a
// health check that is wrong must not take the blog away, and a drained region is
// better than none.
func newPolicy(c RenderConfig) *choice {
	out := &choice{SetID: c.Region, HealthCheck: newHealthCheck(c.Stack, names.RegionDomain(c.Domain, c.Region))}
	if c.Routing.Drainer != "" {
		out.HealthCheck = newDrain(c, out.HealthCheck)
	}
	switch {
	case c.Routing.Policy == config.Weighted:
		out.Weight = &c.Routing.Weight
	case c.Routing.Policy == config.Latency:
		out.Region = c.Region
	case c.Routing.Primary:
		out.Failover = "PRIMARY"
	default:
		out.Failover = "SECONDARY"
	}
	return out
}

// checkers are where Route 53 looks for a word that drains from: the fewest that
// it takes, because each asks twice a minute for ever and each question is a
// request to the renderer that is paid for.
var checkers = []string{"eu-west-1", "us-east-1", "us-west-2"}

// newDrain makes the health check of a region that can be taken out by hand: its
// own is good, and the other region does not say that it is drained.
//
// The second one is inverted. A check for the contrary, that the other region says
// "not drained", would fail when that region is down, and send readers to it.
//
// One answer is enough for it to change, so that a switch is quick; should a
// checker not see the text once, a region that somebody drained gets requests for
// half a minute.
func newDrain(c RenderConfig, own string) (id string) {
	drained := awsroute53.NewCfnHealthCheck(c.Stack, jsii.String("Drained"), &awsroute53.CfnHealthCheckProps{
		HealthCheckConfig: &awsroute53.CfnHealthCheck_HealthCheckConfigProperty{
			Type:                     jsii.String("HTTPS_STR_MATCH"),
			FullyQualifiedDomainName: jsii.String(names.RegionDomain(c.Domain, c.Routing.Drainer)),
			Port:                     jsii.Number(443),
			ResourcePath:             jsii.String(renderer.OrderPath),
			SearchString:             jsii.String(traffic.DrainText(c.Region)),
			Inverted:                 jsii.Bool(true),
			EnableSni:                jsii.Bool(true),
			RequestInterval:          jsii.Number(30),
			FailureThreshold:         jsii.Number(1),
			Regions:                  jsii.Strings(checkers...),
		},
		HealthCheckTags: &[]*awsroute53.CfnHealthCheck_HealthCheckTagProperty{
			{Key: jsii.String("Name"), Value: jsii.String(c.Region + " is not drained")},
		},
	})
	return *awsroute53.NewCfnHealthCheck(c.Stack, jsii.String("InService"), &awsroute53.CfnHealthCheckProps{
		HealthCheckConfig: &awsroute53.CfnHealthCheck_HealthCheckConfigProperty{
			Type:              jsii.String("CALCULATED"),
			ChildHealthChecks: jsii.Strings(own, *drained.AttrHealthCheckId()),
			HealthThreshold:   jsii.Number(2), // both
		},
		HealthCheckTags: &[]*awsroute53.CfnHealthCheck_HealthCheckTagProperty{
			{Key: jsii.String("Name"), Value: jsii.String(c.Region + " is healthy and not drained")},
		},
	}).AttrHealthCheckId()
}
