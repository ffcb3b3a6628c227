package edge_test

import (
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"net/http/httptest"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/victorleungtw/blog/internal/edge"
)

// steered is whom a miss of the real function's answer asks first and second:
// "usual" for the behaviour's own target.
func steered(t testing.TB, f *edge.Function, path, ip string) string {
	t.Helper()
	e := edge.NewEvent(httptest.NewRequest("GET", "https://example.com"+path, nil), "id")
	e.Viewer.IP = ip
	res, err := f.Run(t.Context(), e)
	switch {
	case err != nil:
		t.Fatal(err)
	case res.Response != nil:
		t.Fatalf("%s: %s", path, summary(res))
	case res.Group == nil:
		return "usual"
	}
	return res.Group.Primary + ", " + res.Group.Secondary
}

const (
	pagesAway   = edge.OriginStoreStandby + ", " + edge.OriginPrimary
	dynamicAway = edge.OriginFallback + ", " + edge.OriginPrimary
	dynamicHome = edge.OriginPrimary + ", " + edge.OriginFallback
)

// What each state of www!t means for a page, for a dynamic path, and for what
// needs no key.
func TestSteering(t *testing.T) {
	for value, want := range map[string][2]string{
		"":                                    {"usual", "usual"},
		`{"standby":0}`:                       {"usual", "usual"},
		`{"standby":100}`:                     {pagesAway, "usual"},
		`{"standby":100,"dynamic":"standby"}`: {pagesAway, dynamicAway},
		`{"standby":0,"dynamic":"primary"}`:   {"usual", dynamicHome},
		// Damaged, it sends nobody anywhere.
		`{"standby":1`:         {"usual", "usual"},
		`null`:                 {"usual", "usual"},
		`7`:                    {"usual", "usual"},
		`{"standby":"a lot"}`:  {"usual", "usual"},
		`{"standby":{"x":99}}`: {"usual", "usual"},
	} {
		store := site()
		if value != "" {
			store.keys["www!t"] = value
		}
		f := newFunction(t, store)
		for path, want := range map[string]string{
			"/": want[0], "/feed.xml": want[0], "/search": want[1], "/api/x": want[1], "/page/" + digest("a"): "usual",
		} {
			if got := steered(t, f, path, "192.0.2.7"); got != want {
				t.Errorf("%s: %s goes to %s, want %s", value, path, got, want)
			}
		}
	}
}

// A table that cannot say where to go is no reason for not going.
func TestSteeringWithoutItsKey(t *testing.T) {
	store := site()
	store.keys["www!t"] = `{"standby":100,"dynamic":"standby"}`
	store.fail["www!t"] = true
	if got := steered(t, newFunction(t, store), "/", "192.0.2.7"); got != "usual" {
		t.Errorf("goes to %s", got)
	}
}

// What the function says of a failure is what policy.go says.
func TestSteeringFailsOverAsPagesDo(t *testing.T) {
	store := site()
	store.keys["www!t"] = `{"standby":100}`
	e := edge.NewEvent(httptest.NewRequest("GET", "https://example.com/", nil), "id")
	res, err := newFunction(t, store).Run(t.Context(), e)
	if err != nil {
		t.Fatal(err)
	}
	c := edge.Describe(edge.Topology{Standby: true})
	if !reflect.DeepEqual(res.Group.FailoverCriteria, c.OriginGroups[0].FailoverCriteria) {
		t.Errorf("%v, and pages %v", res.Group.FailoverCriteria, c.OriginGroups[0].FailoverCriteria)
	}
}

// addresses are viewers from everywhere, the same in each run.
func addresses(n int) []string {
	r := rand.New(rand.NewPCG(1, 2))
	out := make([]string, n)
	for i := range out {
		out[i] = fmt.Sprintf("%d.%d.%d.%d", 1+r.IntN(223), r.IntN(256), r.IntN(256), r.IntN(256))
		if i%3 == 0 {
			out[i] = fmt.Sprintf("2001:%x:%x:%x::%x", r.IntN(1<<16), r.IntN(1<<16), r.IntN(1<<16), 1+r.IntN(1<<15))
		}
	}
	return out
}

// So many viewers as were asked for, from networks that are alike too.
func TestWeights(t *testing.T) {
	const n = 1000
	viewers := addresses(n)
	var neighbours []string
	for i := range n {
		neighbours = append(neighbours, fmt.Sprintf("203.0.%d.%d", i/256, i%256))
	}
	store := site()
	f := newFunction(t, store)
	for _, percent := range []int{0, 10, 50, 99, 100} {
		store.keys["www!t"] = fmt.Sprintf(`{"standby":%d}`, percent)
		for name, ips := range map[string][]string{"anywhere": viewers, "one network": neighbours} {
			away := 0
			for _, ip := range ips {
				if steered(t, f, "/", ip) == pagesAway {
					away++
				}
			}
			got := float64(away) * 100 / float64(len(ips))
			// Four standard deviations of a thousand viewers are at most 6.3.
			if math.Abs(got-float64(percent)) > 6.3 {
				t.Errorf("%s: %.1f %% of viewers, want %d", name, got, percent)
			}
			if (percent == 0 || percent == 100) && got != float64(percent) {
				t.Errorf("%s: %.1f %% of viewers, want all or none", name, got)
			}
		}
	}
}

// A viewer stays where they are on every page, and other weights move only
// those who have to move: whoever was sent away at 10 % still is at 50 %.
func TestSticky(t *testing.T) {
	store := site()
	f := newFunction(t, store)
	away := func(percent int, path, ip string) bool {
		store.keys["www!t"] = fmt.Sprintf(`{"standby":%d}`, percent)
		return steered(t, f, path, ip) == pagesAway
	}
	for _, ip := range addresses(60) {
		before := false
		for _, percent := range []int{5, 20, 40, 60, 80, 95} {
			now := away(percent, "/", ip)
			if before && !now {
				t.Errorf("%s came back at %d %%", ip, percent)
			}
			if now != away(percent, "/feed.xml", ip) {
				t.Errorf("%s is in two regions at %d %%", ip, percent)
			}
			before = now
		}
	}
}

// A machine that gives itself another IPv6 address is the same viewer.
func TestStickyNetwork(t *testing.T) {
	store := site()
	store.keys["www!t"] = `{"standby":50}`
	f := newFunction(t, store)
	sent := map[string]int{}
	for i := range 40 {
		network := fmt.Sprintf("2001:db8:%x:%x", 0x100+i, 0x200+i)
		first := steered(t, f, "/", network+"::1")
		sent[first]++
		for _, host := range []string{"::2", ":a:b:c:d", ":1:2:3:4", "::ffff"} {
			if got := steered(t, f, "/", network+host); got != first {
				t.Errorf("%s%s goes to %s, ::1 to %s", network, host, got, first)
			}
		}
		short := fmt.Sprintf("2001:%x", 0x100+i)
		if a, b := steered(t, f, "/", short+"::1"), steered(t, f, "/", short+"::a:b:c:d"); a != b {
			t.Errorf("%s: %s and %s", short, a, b)
		}
	}
	if len(sent) != 2 {
		t.Errorf("all networks in one region: %v", sent)
	}
}

// Whichever region is first, the other one answers when it is dead; with both
// dead nobody does, and the error is not kept.
func TestSteeringWhileARegionDies(t *testing.T) {
	regions := map[string][]string{
		"primary": {edge.OriginStore, edge.OriginDynamic, edge.OriginPrimary},
		"standby": {edge.OriginStoreStandby, edge.OriginFallback},
	}
	type outcome struct{ page, dynamic string }
	for _, c := range []struct {
		value string
		dead  string
		want  outcome
	}{
		{"", "", outcome{"from store", "from renderer"}},
		{"", "primary", outcome{"from renderer-fallback", "502"}}, // dynamic: until Route 53 has heard of it
		{"", "standby", outcome{"from store", "from renderer"}},
		{"", "primary standby", outcome{"502", "502"}},
		{`{"standby":100,"dynamic":"standby"}`, "", outcome{"from store-standby", "from renderer-fallback"}},
		{`{"standby":100,"dynamic":"standby"}`, "standby", outcome{"from renderer-primary", "from renderer-primary"}},
		{`{"standby":100,"dynamic":"standby"}`, "primary", outcome{"from store-standby", "from renderer-fallback"}},
		{`{"standby":100,"dynamic":"standby"}`, "primary standby", outcome{"502", "502"}},
		{`{"standby":0,"dynamic":"primary"}`, "", outcome{"from store", "from renderer-primary"}},
		{`{"standby":0,"dynamic":"primary"}`, "primary", outcome{"from renderer-fallback", "from renderer-fallback"}},
		{`{"standby":100}`, "", outcome{"from store-standby", "from renderer"}},
		{`{"standby":100}`, "standby", outcome{"from renderer-primary", "from renderer"}},
	} {
		l := newLab(t, true)
		if c.value != "" {
			l.table.keys["www!t"] = c.value
		}
		for region := range strings.FieldsSeq(c.dead) {
			for _, o := range regions[region] {
				l.refuse(o, errors.New("the region is gone"))
			}
		}
		said := func(path string) string {
			w := l.ask("GET", path)
			if w.Code != 200 {
				return fmt.Sprint(w.Code)
			}
			return w.Body.String()
		}
		if got := (outcome{said("/"), said("/api/x")}); got != c.want {
			t.Errorf("%s with %q dead: %+v, want %+v", c.value, c.dead, got, c.want)
		}
		// Healed, the next request is answered as if nothing had been.
		for _, origins := range regions {
			for _, o := range origins {
				delete(l.answers, o)
			}
		}
		if w := l.ask("GET", "/"); w.Code != 200 {
			t.Errorf("%s healed: %d", c.value, w.Code)
		}
	}
}

// The origin is no part of the cache key: a page that is cached is nobody's to
// ask for again.
func TestSteeringSharesTheCache(t *testing.T) {
	l := newLab(t, true)
	l.want(l.ask("GET", "/"), "200 Miss from store")
	l.table.keys["www!t"] = `{"standby":100}`
	l.want(l.ask("GET", "/"), "200 Hit from store")
	l.wantAsked()
	l.want(l.ask("GET", "/feed.xml"), "200 Miss from store-standby")
	l.table.keys["www!t"] = `{"standby":0}`
	l.want(l.ask("GET", "/feed.xml"), "200 Hit from store-standby")
}

// A key that is older than the distribution names no origin that is not there,
// with one region as with two.
func TestSteeringInOneRegion(t *testing.T) {
	for _, top := range []edge.Topology{{}, {Standby: true}, {Standby: true, BucketOnly: true}} {
		c := edge.Describe(top)
		var ids []string
		for _, o := range c.Origins {
			ids = append(ids, o.ID)
		}
		for _, id := range []string{edge.OriginStore, edge.OriginStoreStandby, edge.OriginFallback, edge.OriginPrimary, edge.OriginDynamic} {
			if !slices.Contains(ids, id) {
				t.Errorf("%+v has no origin %s", top, id)
			}
		}
	}
	l := newLab(t, false)
	l.table.keys["www!t"] = `{"standby":100,"dynamic":"standby"}`
	l.want(l.ask("GET", "/"), "200 Miss from store-standby")
}

// With a bucket alone in the standby region, pages that the primary lost come
// from it.
func TestBucketOnly(t *testing.T) {
	c := edge.Describe(edge.Topology{Standby: true, BucketOnly: true})
	if g := c.OriginGroups[0]; g.Primary != edge.OriginStore || g.Secondary != edge.OriginStoreStandby {
		t.Errorf("%+v", g)
	}
}

// The local module is as strict as CloudFront may be, and a function that makes
// a group of what is not there serves nobody.
func TestCreateRequestOriginGroup(t *testing.T) {
	const codes = `failoverCriteria: { statusCodes: [500] }`
	for call, fails := range map[string]bool{
		`cf.createRequestOriginGroup({ originIds: [{ originId: 'a' }, { originId: 'b' }], ` + codes + ` })`:                              false,
		`cf.createRequestOriginGroup({ originIds: ['a', 'b'], ` + codes + ` })`:                                                          true,
		`cf.createRequestOriginGroup({ originIds: [{ originId: 'a' }], ` + codes + ` })`:                                                 true,
		`cf.createRequestOriginGroup({ originIds: [{ originId: 'a' }, { originId: 'a' }], ` + codes + ` })`:                              true,
		`cf.createRequestOriginGroup({ originIds: [{ originId: 'a' }, { originId: 7 }], ` + codes + ` })`:                                true,
		`cf.createRequestOriginGroup({ originIds: [{ originId: 'a' }, { originId: 'b', weight: 1 }], ` + codes + ` })`:                   true,
		`cf.createRequestOriginGroup({ originIds: [{ originId: 'a' }, { originId: 'b' }] })`:                                             true,
		`cf.createRequestOriginGroup({ originIds: [{ originId: 'a' }, { originId: 'b' }], failoverCriteria: { statusCodes: [] } })`:      true,
		`cf.createRequestOriginGroup({ originIds: [{ originId: 'a' }, { originId: 'b' }], failoverCriteria: { statusCodes: [401] } })`:   true,
		`cf.createRequestOriginGroup({ originIds: [{ originId: 'a' }, { originId: 'b' }], failoverCriteria: { statusCodes: ['500'] } })`: true,
		`cf.createRequestOriginGroup({ originIds: [{ originId: 'a' }, { originId: 'b' }], selection: 'default', ` + codes + ` })`:        true,
		`cf.createRequestOriginGroup('a', 'b')`: true,
		`cf.createRequestOriginGroup()`:         true,
	} {
		src := "import cf from 'cloudfront';\nfunction handler(event) {\n" + call + ";\nreturn event.request;\n}\n"
		f, err := edge.NewFunction([]byte(src), newKV(), discard(), 0)
		if err != nil {
			t.Fatal(err)
		}
		res, err := f.Run(t.Context(), edge.NewEvent(httptest.NewRequest("GET", "https://example.com/", nil), "id"))
		if (err != nil) != fails {
			t.Errorf("%s: %v", call, err)
		}
		if !fails && !reflect.DeepEqual(res.Group, &edge.OriginGroup{Primary: "a", Secondary: "b", FailoverCriteria: []int{500}}) {
			t.Errorf("%s: %+v", call, res.Group)
		}
	}
	if _, err := edge.NewFunction([]byte("import cf from 'cloudfront';\ncf.createRequestOriginGroup({ originIds: [{ originId: 'a' }, { originId: 'b' }], "+codes+" });\nfunction handler(event) { return event.request; }\n"), newKV(), discard(), 0); err == nil {
		t.Error("a group was made outside the handler")
	}
}

// A group of one run is not the next one's.
func TestOriginGroupIsOfOneRun(t *testing.T) {
	store := site()
	store.keys["www!t"] = `{"standby":100}`
	f := newFunction(t, store)
	for range 20 { // more than there are runtimes
		if got := steered(t, f, "/", "192.0.2.7"); got != pagesAway {
			t.Fatal(got)
		}
	}
	delete(store.keys, "www!t")
	for range 20 {
		if got := steered(t, f, "/", "192.0.2.7"); got != "usual" {
			t.Fatal(got)
		}
	}
}

func TestUnknownOriginInAGroup(t *testing.T) {
	l := newLab(t, true, func(c *edge.DistributionConfig, _ *edge.Parts) {
		c.Origins = slices.DeleteFunc(c.Origins, func(o edge.Origin) bool { return o.ID == edge.OriginPrimary })
	})
	l.table.keys["www!t"] = `{"standby":100}`
	if w := l.ask("GET", "/"); w.Code != 502 {
		t.Errorf("%d: the group has an origin that the distribution lacks", w.Code)
	}
}
