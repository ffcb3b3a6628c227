package config

import (
	"reflect"
	"testing"
)

const live = "title: Blog\ndomain: x.y\nhosted_zone: {id: Z123456}\naws:\n"

func TestFleet(t *testing.T) {
	cfg, probs := Parse("blog.yaml", []byte(live+"  compute: fleet\n"))
	if len(probs) > 0 || !reflect.DeepEqual(cfg.AWS.Fleet, Default().AWS.Fleet) || cfg.AWS.Compute != ComputeFleet {
		t.Errorf("%+v\n%s", cfg.AWS, show(probs))
	}
	// A trial has no domain, and so no fleet.
	if trial := cfg.ForEnv("dev"); trial.AWS.Compute != ComputeLambda {
		t.Errorf("%+v", trial.AWS)
	}
	cfg, probs = Parse("blog.yaml", []byte(live+"  standby: ap-east-1\n  compute: fleet\n  fleet: {instance_type: c8g.medium, min: 3, max: 9, zones: 3, prefix_lists: {ap-east-1: pl-0123abcd}}\n"))
	if probs.Err() != nil || cfg.AWS.Fleet.PrefixList("ap-east-1") != "pl-0123abcd" || cfg.AWS.Fleet.PrefixList("ap-southeast-1") != "pl-31a34658" {
		t.Errorf("%+v\n%s", cfg.AWS.Fleet, show(probs))
	}
	if cfg, probs = Parse("blog.yaml", []byte("title: Blog\n")); len(probs) > 0 || cfg.AWS.Compute != ComputeLambda {
		t.Errorf("%+v\n%s", cfg.AWS, show(probs))
	}
}

func TestInstanceTypes(t *testing.T) {
	for typ, ok := range map[string]bool{
		"t4g.small": true, "t4g.nano": true, "c8g.medium": true, "m7gd.2xlarge": true, "c7gn.16xlarge": true, "im4gn.large": true,
		"g5g.xlarge": true, "a1.medium": true, "x8g.metal-24xl": true, "c8g.metal": true,
		"t3.small": false, "g5.xlarge": false, "m7i.large": false, "g4dn.xlarge": false, "small": false, "t4g": false, "t4g.small;": false,
	} {
		_, probs := Parse("blog.yaml", []byte(live+"  compute: fleet\n  fleet: {instance_type: "+typ+"}\n"))
		if (len(probs) == 0) != ok {
			t.Errorf("%s: %s", typ, show(probs))
		}
	}
}

func TestFleetProblems(t *testing.T) {
	const ask = "`aws ec2 describe-managed-prefix-lists --region ap-east-1 --filters Name=prefix-list-name,Values=com.amazonaws.global.cloudfront.origin-facing` shows it"
	for _, c := range []struct{ name, src, want string }{
		{"another way", live + "  compute: ec2\n", ":5: aws.compute: \"ec2\" is not a way to compute | lambda, or fleet for instances behind a load balancer\n"},
		{"not asked for", live + "  fleet: {min: 2}\n", ":5: aws.fleet, and aws.compute is lambda | add compute: fleet, or delete fleet\n"},
		{"no domain", "title: Blog\naws: {compute: fleet}\n",
			":2: a fleet without a domain: its load balancer's certificate is for a name below it | deploy with compute: lambda until the domain's zone has an id\n"},
		{"turned around", live + "  compute: fleet\n  fleet: {min: 4, max: 3}\n", ":6: aws.fleet.min is 4 and aws.fleet.max 3 | raise max or lower min\n"},
		{"fewer than zones", live + "  compute: fleet\n  fleet: {min: 2, max: 2, zones: 3}\n", ":5: 3 zones, and at most 2 instances | raise aws.fleet.max\n"},
		{"one zone", live + "  compute: fleet\n  fleet: {zones: 1}\n", ":6: aws.fleet.zones: want a number from 2 to 3, got 1\n"},
		{"not arm64", live + "  compute: fleet\n  fleet: {instance_type: m7i.large}\n",
			":6: aws.fleet.instance_type: \"m7i.large\" is not an arm64 type | the renderer is built for arm64: a family with a g behind its generation, for example t4g.small or c8g.medium\n"},
		{"no type", live + "  compute: fleet\n  fleet: {instance_type: small}\n", ":6: aws.fleet.instance_type: \"small\" is not a type of instance | for example t4g.small\n"},
		{"unknown addresses", live + "  standby: ap-east-1\n  compute: fleet\n",
			":6: CloudFront's list of addresses in ap-east-1 is not known here | add aws.fleet.prefix_lists.ap-east-1: " + ask + "\n"},
		{"no list", live + "  standby: ap-east-1\n  compute: fleet\n  fleet: {prefix_lists: {ap-east-1: sg-1}}\n",
			":6: CloudFront's list of addresses in ap-east-1 is not known here | add aws.fleet.prefix_lists.ap-east-1: " + ask + "\n" +
				":7: aws.fleet.prefix_lists.ap-east-1: \"sg-1\" is not the id of a prefix list | " + ask + "\n"},
		{"a list elsewhere", live + "  compute: fleet\n  fleet: {prefix_lists: {ap-east-1: pl-0123abcd}}\n",
			":6: aws.fleet.prefix_lists has ap-east-1, and the blog is in ap-southeast-1 | delete it\n"},
	} {
		_, probs := Parse("blog.yaml", []byte(c.src))
		if got := show(probs.Errors()); got != c.want {
			t.Errorf("%s: got\n%s\nwant\n%s", c.name, got, c.want)
		}
	}
}
