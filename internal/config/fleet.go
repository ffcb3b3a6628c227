package config

import (
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"
)

// What answers requests that the buckets could not: the values of aws.compute.
const (
	ComputeLambda = "lambda"
	ComputeFleet  = "fleet" // instances behind a load balancer; batches stay with the Lambda
)

// Fleet is one region's instances.
type Fleet struct {
	InstanceType string // of an arm64 family: "t4g.small"
	Min, Max     int    // instances
	Zones        int    // over which they are spread
	// PrefixLists are the ids of CloudFront's list of addresses by region, for
	// regions that edgeLists does not have.
	PrefixLists map[string]string
}

// PrefixList is the id of the list of CloudFront's addresses in a region, by which
// a security group can allow them.
func (f Fleet) PrefixList(region string) string {
	if id := f.PrefixLists[region]; id != "" {
		return id
	}
	return edgeLists[region]
}

// edgeLists are the ids of com.amazonaws.global.cloudfront.origin-facing. They are
// AWS's, the same in every account and different in every region, and stand in no
// documentation; those here are from public templates. A wrong one makes a stack
// fail, because the region has no such list.
var edgeLists = map[string]string{
	"ap-northeast-1": "pl-58a04531", "ap-northeast-2": "pl-22a6434b", "ap-south-1": "pl-9aa247f3",
	"ap-southeast-1": "pl-31a34658", "ap-southeast-2": "pl-b8a742d1", "ca-central-1": "pl-38a64351",
	"eu-central-1": "pl-a3a144ca", "eu-north-1": "pl-fab65393", "eu-west-1": "pl-4fa04526",
	"eu-west-2": "pl-93a247fa", "eu-west-3": "pl-75b1541c", "sa-east-1": "pl-5da64334",
	"us-east-1": "pl-3b927c52", "us-east-2": "pl-b6a144df", "us-west-1": "pl-4ea04527", "us-west-2": "pl-82a045eb",
}

var (
	instanceForm   = regexp.MustCompile(`^[a-z]+[0-9][a-z0-9-]*\.([a-z]+|[0-9]+xlarge|metal-[0-9]+xl)$`)
	arm64Form      = regexp.MustCompile(`^(a1|[a-z]+[0-9]g[a-z]*)\.`) // the g behind the generation is Graviton's
	prefixListForm = regexp.MustCompile(`^pl-[0-9a-f]{8,17}$`)
)

func (r *reader) compute(to *string) func(*yaml.Node) {
	return r.scalar("aws.compute", to, func(s string) (string, string) {
		if s != ComputeLambda && s != ComputeFleet {
			return fmt.Sprintf("%q is not a way to compute", s), "lambda, or fleet for instances behind a load balancer"
		}
		return "", ""
	})
}

func (r *reader) fleet(n *yaml.Node, f *Fleet) {
	r.mapping(n, "aws.fleet", fields{
		"instance_type": r.scalar("aws.fleet.instance_type", &f.InstanceType, func(s string) (string, string) {
			switch {
			case !instanceForm.MatchString(s):
				return fmt.Sprintf("%q is not a type of instance", s), "for example t4g.small"
			case !arm64Form.MatchString(s):
				return fmt.Sprintf("%q is not an arm64 type", s), "the renderer is built for arm64: a family with a g behind its generation, for example t4g.small or c8g.medium"
			}
			return "", ""
		}),
		"min":          r.number("aws.fleet.min", 1, 100, &f.Min),
		"max":          r.number("aws.fleet.max", 1, 100, &f.Max),
		"zones":        r.number("aws.fleet.zones", 2, 3, &f.Zones), // every region has three, most no more
		"prefix_lists": func(n *yaml.Node) { r.prefixLists(n, f) },
	})
}

func (r *reader) prefixLists(n *yaml.Node, f *Fleet) {
	f.PrefixLists = map[string]string{}
	fs := fields{}
	for region := range regions {
		fs[region] = func(n *yaml.Node) {
			id := ""
			r.scalar("aws.fleet.prefix_lists."+region, &id, func(s string) (string, string) {
				if !prefixListForm.MatchString(s) {
					return fmt.Sprintf("%q is not the id of a prefix list", s), prefixListHint(region)
				}
				return "", ""
			})(n)
			f.PrefixLists[region] = id
		}
	}
	r.mapping(n, "aws.fleet.prefix_lists", fs)
}

func prefixListHint(region string) string {
	return "`aws ec2 describe-managed-prefix-lists --region " + region +
		" --filters Name=prefix-list-name,Values=com.amazonaws.global.cloudfront.origin-facing` shows it"
}

// fleets checks the fleet against the rest.
func (r *reader) fleets(cfg *Config) {
	a := cfg.AWS
	if line, ok := r.at["aws.fleet"]; ok && a.Compute != ComputeFleet {
		r.probs.Errorf(r.file, line, "add compute: fleet, or delete fleet", "aws.fleet, and aws.compute is %s", a.Compute)
	}
	if a.Compute != ComputeFleet {
		return
	}
	line := r.at["aws.compute"]
	if a.Fleet.Min > a.Fleet.Max {
		r.probs.Errorf(r.file, max(r.at["aws.fleet.max"], r.at["aws.fleet.min"]), "raise max or lower min",
			"aws.fleet.min is %d and aws.fleet.max %d", a.Fleet.Min, a.Fleet.Max)
	}
	if a.Fleet.Max < a.Fleet.Zones {
		r.probs.Errorf(r.file, line, "raise aws.fleet.max", "%d zones, and at most %d instances", a.Fleet.Zones, a.Fleet.Max)
	}
	if cfg.LiveDomain() == "" {
		r.probs.Errorf(r.file, line, "deploy with compute: lambda until the domain's zone has an id",
			"a fleet without a domain: its load balancer's certificate is for a name below it")
	}
	var unknown []string
	for _, region := range cfg.Regions() {
		if a.Fleet.PrefixList(region) == "" {
			unknown = append(unknown, region)
		}
	}
	for _, region := range unknown {
		r.probs.Errorf(r.file, line, "add aws.fleet.prefix_lists."+region+": "+prefixListHint(region),
			"CloudFront's list of addresses in %s is not known here", region)
	}
	for _, region := range slices.Sorted(maps.Keys(a.Fleet.PrefixLists)) {
		if !slices.Contains(cfg.Regions(), region) {
			r.probs.Errorf(r.file, r.at["aws.fleet.prefix_lists."+region], "delete it",
				"aws.fleet.prefix_lists has %s, and the blog is in %s", region, strings.Join(cfg.Regions(), " and "))
		}
	}
}
