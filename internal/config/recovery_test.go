package config

import (
	"reflect"
	"strings"
	"testing"

	"github.com/victorleungtw/blog/internal/recovery"
)

const (
	twoRegions = "title: Blog\naws:\n  region: ap-southeast-1\n  standby: eu-west-1\n"
	withDomain = "domain: blog.example.com\nhosted_zone: {id: Z0123456789ABC}\n" + twoRegions
)

// What is left out follows from what is written.
func TestRecovery(t *testing.T) {
	for src, want := range map[string]struct {
		strategy recovery.Strategy
		routing  Routing
		renderer int
	}{
		"title: Blog\n": {"", Routing{}, 1},
		twoRegions:      {recovery.WarmStandby, Routing{Policy: Failover}, 2},
		withDomain:      {recovery.WarmStandby, Routing{Policy: Failover}, 2},
		twoRegions + "  recovery: backup-restore":                   {recovery.BackupRestore, Routing{}, 1},
		twoRegions + "  recovery: pilot-light":                      {recovery.PilotLight, Routing{}, 2},
		withDomain + "  recovery: warm-standby":                     {recovery.WarmStandby, Routing{Policy: Failover}, 2},
		withDomain + "  recovery: active-active":                    {recovery.ActiveActive, Routing{Policy: Latency, Switch: true}, 2},
		withDomain + "  routing: failover":                          {recovery.WarmStandby, Routing{Policy: Failover}, 2},
		withDomain + "  routing: latency":                           {recovery.ActiveActive, Routing{Policy: Latency, Switch: true}, 2},
		withDomain + "  routing: {policy: failover, switch: true}":  {recovery.WarmStandby, Routing{Policy: Failover, Switch: true}, 2},
		withDomain + "  routing: {policy: failover, switch: false}": {recovery.WarmStandby, Routing{Policy: Failover}, 2},
		withDomain + "  routing: {policy: weighted, weights: {ap-southeast-1: 90, eu-west-1: 10}}": {
			recovery.ActiveActive, Routing{Weighted, map[string]int{"ap-southeast-1": 90, "eu-west-1": 10}, true}, 2},
		withDomain + "  routing: {policy: weighted, weights: {ap-southeast-1: 100, eu-west-1: 0}}": {
			recovery.ActiveActive, Routing{Weighted, map[string]int{"ap-southeast-1": 100, "eu-west-1": 0}, true}, 2},
	} {
		cfg, probs := Parse("blog.yaml", []byte(src))
		if len(probs) > 0 {
			t.Errorf("%s\n%s", src, show(probs))
		}
		if cfg.AWS.Recovery != want.strategy || !reflect.DeepEqual(cfg.AWS.Routing, want.routing) || len(cfg.RendererRegions()) != want.renderer {
			t.Errorf("%s\n%s %+v %v", src, cfg.AWS.Recovery, cfg.AWS.Routing, cfg.RendererRegions())
		}
		trial := cfg.ForEnv("dev")
		if trial.AWS.Recovery != "" || !reflect.DeepEqual(trial.AWS.Routing, Routing{}) {
			t.Errorf("%s\na trial has %s %+v", src, trial.AWS.Recovery, trial.AWS.Routing)
		}
	}
}

func TestRecoveryProblems(t *testing.T) {
	const one = "title: Blog\naws:\n"
	for src, want := range map[string]string{
		one + "  recovery: warm-standby":                                                                                  ":3: aws.recovery without a standby",
		one + "  routing: latency":                                                                                        ":3: aws.routing without a standby",
		one + "  standby: eu-west-1\n  recovery: warm":                                                                    ":4: aws.recovery: \"warm\" is none of them | one of backup-restore, pilot-light, warm-standby, active-active",
		one + "  standby: eu-west-1\n  recovery: warm-stanby":                                                             "did you mean warm-standby?",
		one + "  standby: eu-west-1\n  routing: failover":                                                                 ":4: aws.routing without a domain",
		one + "  standby: eu-west-1\n  recovery: active-active":                                                           ":4: aws.recovery is active-active, without a domain",
		withDomain + "  routing: geo":                                                                                     ":7: aws.routing: \"geo\" is none of them | one of failover, weighted, latency",
		withDomain + "  routing: {switch: true}":                                                                          ":7: aws.routing without a policy",
		withDomain + "  routing: [weighted]":                                                                              "its keys are policy, switch, weights",
		withDomain + "  routing: weighted":                                                                                ":7: aws.routing is weighted, without weights",
		withDomain + "  routing: {policy: latency, switch: false}":                                                        ":7: aws.routing.switch is false",
		withDomain + "  recovery: pilot-light\n  routing: failover":                                                       ":8: aws.routing with aws.recovery pilot-light",
		withDomain + "  recovery: backup-restore\n  routing: failover":                                                    ":8: aws.routing with aws.recovery backup-restore",
		withDomain + "  recovery: warm-standby\n  routing: latency":                                                       ":8: aws.routing is latency, where both regions answer",
		withDomain + "  recovery: active-active\n  routing: failover":                                                     ":8: aws.routing is failover, where one region waits",
		withDomain + "  routing: {policy: latency, weights: {a: 100}}":                                                    ":7: aws.routing.weights with the policy latency, which has none",
		withDomain + "  routing: {policy: weighted, weights: 90}":                                                         "want regions and numbers, got \"90\"",
		withDomain + "  routing: {policy: weighted, weights: {ap-southeast-1: 90, eu-west-1: 20}}":                        ":7: aws.routing.weights: the sum is 110, not 100",
		withDomain + "  routing: {policy: weighted, weights: {ap-southeast-1: 100}}":                                      ":7: aws.routing.weights: none for eu-west-1",
		withDomain + "  routing:\n    policy: weighted\n    weights:\n      ap-southeast-1: 50\n      us-east-1: 50":      ":11: aws.routing.weights: us-east-1 is no region of this blog | the regions are ap-southeast-1 and eu-west-1",
		withDomain + "  routing:\n    policy: weighted\n    weights:\n      ap-southeast-1: 50\n      ap-southeast-1: 50": ":11: aws.routing.weights.ap-southeast-1 is set twice",
		withDomain + "  routing:\n    policy: weighted\n    weights:\n      ap-southeast-1: ninety\n      eu-west-1: 10":  ":10: aws.routing.weights.ap-southeast-1: want a whole number, got \"ninety\"",
		withDomain + "  routing:\n    policy: weighted\n    weights:\n      ap-southeast-1: 120\n      eu-west-1: 10":     ":10: aws.routing.weights.ap-southeast-1: want a number from 0 to 100, got 120",
	} {
		_, probs := Parse("blog.yaml", []byte(src))
		if got := show(probs); !strings.Contains(got, want) || probs.Err() == nil {
			t.Errorf("%s\ngot  %swant %s", src, got, want)
		}
	}
}

// A region that has to be enabled is said before it is deployed to.
func TestOptInIsWarnedOf(t *testing.T) {
	for src, want := range map[string]string{
		"title: Blog\naws:\n  region: ap-east-1\n":                            ":3: warning: aws.region: ap-east-1 is off in an account until it is enabled",
		"title: Blog\naws:\n  region: ap-southeast-1\n  standby: ap-east-1\n": ":4: warning: aws.standby: ap-east-1",
		twoRegions: "",
	} {
		_, probs := Parse("blog.yaml", []byte(src))
		if got := show(probs); probs.Err() != nil || !strings.HasPrefix(got, want) || (want == "") != (got == "") {
			t.Errorf("%s\n%s", src, got)
		}
	}
}
