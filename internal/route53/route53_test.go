package route53

import (
	"errors"
	"fmt"
	"reflect"
	"strings"
	"testing"
	"time"
)

func weight(n int) *int { return &n }

// hosts answer with their body and 200, or not at all.
func hosts(bodies map[string]string) Ask {
	return func(host, path string) (int, string, error) {
		body, ok := bodies[host+path]
		if !ok {
			return 0, "", errors.New("no connection")
		}
		var status int
		if n, _ := fmt.Sscanf(body, "%d", &status); n == 1 {
			return status, "", nil
		}
		return 200, body, nil
	}
}

func TestHealthy(t *testing.T) {
	ask := hosts(map[string]string{"a/h": "ok", "b/h": "503", "c/h": "301", "a/w": "drain=a;", "l/w": strings.Repeat("x", Searched) + "drain=a;"})
	up, dead := &Check{Type: HTTPS, Host: "a", Path: "/h"}, &Check{Type: HTTPS, Host: "d", Path: "/h"}
	notDead := &Check{Type: HTTPSMatch, Host: "d", Path: "/w", Search: "drain=a;", Inverted: true}
	both := &Check{Type: Calculated, Children: []*Check{up, notDead}, Threshold: 2}
	checks := map[string]*Check{
		"up": up, "ill": {Type: HTTPS, Host: "b", Path: "/h"},
		"moved": {Type: HTTPS, Host: "c", Path: "/h"}, "dead": dead,
		"says": {Type: HTTPSMatch, Host: "a", Path: "/w", Search: "drain=a;"}, "silent": {Type: HTTPSMatch, Host: "a", Path: "/w", Search: "drain=b;"},
		"late":     {Type: HTTPSMatch, Host: "l", Path: "/w", Search: "drain=a;"},
		"not says": {Type: HTTPSMatch, Host: "a", Path: "/w", Search: "drain=a;", Inverted: true},
		"not dead": notDead,
		"both":     both,
		"one":      {Type: Calculated, Children: []*Check{up, dead}, Threshold: 1},
		"neither":  {Type: Calculated, Children: []*Check{up, dead}, Threshold: 2},
	}
	for id, want := range map[string]bool{
		"up": true, "ill": false, "moved": true, "dead": false, "says": true, "silent": false, "late": false,
		"not says": false, "not dead": true, "both": true, "one": true, "neither": false,
	} {
		if got, err := checks[id].Healthy(ask); err != nil || got != want {
			t.Errorf("%s: %v %v", id, got, err)
		}
	}
	for name, c := range map[string]*Check{
		"type": {Type: "TCP", Host: "a"}, "no host": {Type: HTTPS, Path: "/"}, "no path": {Type: HTTPS, Host: "a"},
		"no text": {Type: HTTPSMatch, Host: "a", Path: "/"}, "a text": {Type: HTTPS, Host: "a", Path: "/", Search: "x"},
		"no children": {Type: Calculated, Threshold: 1}, "threshold": {Type: Calculated, Children: []*Check{up}, Threshold: 2},
		"deep": {Type: Calculated, Children: []*Check{both}, Threshold: 1},
	} {
		if _, err := c.Healthy(ask); err == nil {
			t.Errorf("%s: accepted", name)
		}
	}
	for c, want := range map[*Check]time.Duration{
		{Type: HTTPS, Interval: 30 * time.Second, Failures: 3}: 150 * time.Second,
		{Type: Calculated, Children: []*Check{{Type: HTTPS, Interval: 10 * time.Second, Failures: 3}, {Type: HTTPS, Interval: 30 * time.Second, Failures: 2}}}: 2 * time.Minute,
	} {
		if got := c.Detection(); got != want {
			t.Errorf("%+v: detected in %v, want %v", c, got, want)
		}
	}
}

func TestAnswer(t *testing.T) {
	atSG, atHK := &Check{Type: HTTPS, Host: "sg", Path: "/"}, &Check{Type: HTTPS, Host: "hk", Path: "/"}
	failover := []Record{{SetID: "sg", Failover: "PRIMARY", Check: atSG}, {SetID: "hk", Failover: "SECONDARY", Check: atHK}}
	weighted := []Record{{SetID: "sg", Weight: weight(90), Check: atSG}, {SetID: "hk", Weight: weight(10), Check: atHK}}
	spare := []Record{{SetID: "sg", Weight: weight(100), Check: atSG}, {SetID: "hk", Weight: weight(0), Check: atHK}}
	latency := []Record{{SetID: "sg", Region: "sg", Check: atSG}, {SetID: "hk", Region: "hk", Check: atHK}}
	sg, hk := map[string]float64{"sg": 1}, map[string]float64{"hk": 1}
	for _, c := range []struct {
		name                string
		records             []Record
		all, noSG, noHK, no map[string]float64
	}{
		{"failover", failover, sg, hk, sg, sg},
		{"weighted", weighted, map[string]float64{"sg": 0.9, "hk": 0.1}, hk, sg, map[string]float64{"sg": 0.9, "hk": 0.1}},
		{"weight 0", spare, sg, hk, sg, sg},
		{"latency", latency, hk, hk, sg, hk},
		{"unchecked", []Record{{SetID: "sg", Failover: "PRIMARY"}}, sg, sg, sg, sg},
		{"alone", failover[:1], sg, sg, sg, sg},
		{"no policy", []Record{{SetID: "sg", Check: atSG}}, sg, sg, sg, sg},
	} {
		for up, want := range map[string]map[string]float64{"sg hk": c.all, "hk": c.noSG, "sg": c.noHK, "": c.no} {
			bodies := map[string]string{}
			for _, host := range strings.Fields(up) {
				bodies[host+"/"] = "ok"
			}
			if got, err := Answer(c.records, hosts(bodies), "hk", "sg"); err != nil || !reflect.DeepEqual(got, want) {
				t.Errorf("%s with %q up: %v %v, want %v", c.name, up, got, err, want)
			}
		}
	}
	for name, records := range map[string][]Record{
		"none": nil, "mixed": {failover[0], weighted[1]}, "two primaries": {failover[0], {SetID: "hk", Failover: "PRIMARY"}},
		"two policies": {{SetID: "sg", Failover: "PRIMARY", Weight: weight(1)}}, "no policy": {{SetID: "sg"}, {SetID: "hk"}},
		"one name": {weighted[0], weighted[0]}, "too heavy": {{SetID: "sg", Weight: weight(256)}},
		"one region": {latency[0], {SetID: "x", Region: "sg"}}, "a stranger": {{SetID: "sg", Failover: "PRIMARY", Check: &Check{Type: "TCP"}}},
		"far": {{SetID: "x", Region: "mars"}}, "third": {{SetID: "x", Failover: "TERTIARY"}},
	} {
		if got, err := Answer(records, hosts(nil), "hk", "sg"); err == nil {
			t.Errorf("%s: %v", name, got)
		}
	}
}
