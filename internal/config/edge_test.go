package config

import (
	"maps"
	"slices"
	"strings"
	"testing"
)

func TestEdge(t *testing.T) {
	for _, c := range []struct {
		name, aws string
		want      Edge
	}{
		{"nothing", "", Edge{}},
		{"off", "edge: {origin_shield: false, access_logs: false, waf: false}", Edge{}},
		{"on", "edge: {origin_shield: true, access_logs: true, waf: true, origin_key: 3}",
			Edge{OriginShield: ShieldNearest, AccessLogs: true, WAF: WAF{Rate: 2000}, OriginKey: 3}},
		{"chosen", "edge: {origin_shield: eu-west-1, waf: {rate: 100}}", Edge{OriginShield: "eu-west-1", WAF: WAF{Rate: 100}}},
		{"a firewall with nothing said", "edge: {waf: {}}", Edge{WAF: WAF{Rate: 2000}}},
	} {
		cfg, probs := Parse("blog.yaml", []byte("title: Blog\naws: {"+c.aws+"}\n"))
		if len(probs) > 0 || cfg.AWS.Edge != c.want {
			t.Errorf("%s: %+v, want %+v\n%s", c.name, cfg.AWS.Edge, c.want, show(probs))
		}
	}
}

func TestEdgeProblems(t *testing.T) {
	for _, c := range []struct{ name, aws, want string }{
		{"a region without one", "edge: {origin_shield: ap-east-1}", `:2: aws.edge.origin_shield: CloudFront offers no origin shield in "ap-east-1" | `},
		{"nearly a region", "edge: {origin_shield: eu-wset-1}", "did you mean eu-west-1?"},
		{"nearest to nothing known", "region: ap-northeast-3, edge: {origin_shield: true}",
			":2: aws.edge.origin_shield: CloudFront does not say which origin shield is nearest to ap-northeast-3 | name the one to use, for example ap-southeast-1\n"},
		{"the standby's", "region: ap-southeast-1, standby: ap-northeast-3, edge: {origin_shield: true}", "nearest to ap-northeast-3"},
		{"a firewall that is a number", "edge: {waf: 500}", `:2: aws.edge.waf: want true or false, got "500"`},
		{"too few requests", "edge: {waf: {rate: 5}}", ":2: aws.edge.waf.rate: want a number from 10 to 2000000000, got 5"},
		{"an unknown key", "edge: {shield: true}", `:2: unknown key "aws.edge.shield" | `},
		{"the zeroth key", "edge: {origin_key: 0}", ":2: aws.edge.origin_key: want a number from 1"},
		{"an ARN", "permissions_boundary: 'arn:aws:iam::111122223333:policy/wall'", `:2: aws.permissions_boundary: "arn:aws:iam::111122223333:policy/wall" is not the name of a policy | own, `},
		{"any policy", "permissions_boundary: 'wall*'", `"wall*" is not the name of a policy`},
		{"guards of an account", "account_guards: [guardduty]", ":2: aws.account_guards: want true or false, got a list"},
	} {
		_, probs := Parse("blog.yaml", []byte("title: Blog\naws: {"+c.aws+"}\n"))
		if got := show(probs); !strings.Contains(got, c.want) || len(probs) != 1 {
			t.Errorf("%s:\ngot  %swant %s", c.name, got, c.want)
		}
	}
}

// A shield is always in a region that offers one, and itself nearest there.
func TestShields(t *testing.T) {
	nearest := Edge{OriginShield: ShieldNearest}
	for _, region := range slices.Sorted(maps.Keys(shields)) {
		shield := nearest.Shield(region)
		if _, known := regions[region]; !known || nearest.Shield(shield) != shield {
			t.Errorf("the shield for %s is in %s, and that for %s in %q", region, shield, shield, nearest.Shield(shield))
		}
	}
	for _, c := range []struct{ shield, region, want string }{
		{"", "ap-east-1", ""},
		{ShieldNearest, "ap-east-1", "ap-southeast-1"},
		{ShieldNearest, "ap-southeast-1", "ap-southeast-1"},
		{"us-east-2", "ap-east-1", "us-east-2"},
	} {
		if got := (Edge{OriginShield: c.shield}).Shield(c.region); got != c.want {
			t.Errorf("%q in front of %s: %q, want %q", c.shield, c.region, got, c.want)
		}
	}
}

// A trial has none of it: least of all the account's guards, which would be
// deleted with it. What caps roles caps its roles too.
func TestTrialHasNoGuards(t *testing.T) {
	cfg, probs := Parse("blog.yaml", []byte("title: Blog\naws: {edge: {waf: true, access_logs: true}, account_guards: true, permissions_boundary: team/wall}\n"))
	if len(probs) > 0 {
		t.Fatal(show(probs))
	}
	dev := cfg.ForEnv("dev")
	if dev.AWS.Edge != (Edge{}) || dev.AWS.AccountGuards || dev.AWS.PermissionsBoundary != "team/wall" {
		t.Errorf("%+v", dev.AWS)
	}
}
