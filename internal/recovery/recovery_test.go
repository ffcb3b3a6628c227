package recovery

import (
	"slices"
	"testing"
	"time"

	"github.com/victorleungtw/blog/internal/edge"
)

// The figures are made of what the distribution is set to.
func TestPagesAreAsSoonAsTheDistributionIs(t *testing.T) {
	c := edge.Describe(edge.Topology{Standby: true})
	for _, o := range c.Origins {
		if o.ID != edge.OriginStore {
			continue
		}
		if got := time.Duration(o.ConnectionAttempts) * o.ConnectionTimeout; got != connect {
			t.Errorf("connecting takes %v, and recovery counts %v", got, connect)
		}
		if o.ReadTimeout != silent {
			t.Errorf("a bucket may be silent for %v, and recovery counts %v", o.ReadTimeout, silent)
		}
		return
	}
	t.Error("no bucket")
}

// Each strategy promises what the one before it does or more, says why, and is
// one of the four.
func TestPromises(t *testing.T) {
	for _, domain := range []bool{false, true} {
		testPromises(t, domain)
	}
}

func testPromises(t *testing.T, domain bool) {
	var names []Strategy
	var before Promise
	for i, p := range Promises(domain) {
		names = append(names, p.Strategy)
		for _, o := range []Objective{p.Pages, p.Dynamic, p.Publish} {
			if o.RTO <= 0 || o.Because == "" {
				t.Errorf("%s: %+v", p.Strategy, o)
			}
		}
		if p.RPOBecause == "" {
			t.Errorf("%s: an RPO of %v for no reason", p.Strategy, p.RPO)
		}
		if i > 0 && (p.Pages.RTO > before.Pages.RTO || p.Publish.RTO > before.Publish.RTO || p.RPO > before.RPO || p.Dynamic.ByHand && !before.Dynamic.ByHand) {
			t.Errorf("%s promises less than %s", p.Strategy, before.Strategy)
		}
		before = p
		if got, ok := PromiseOf(p.Strategy, domain); !ok || got != p {
			t.Errorf("%s: %+v", p.Strategy, got)
		}
	}
	if !slices.Equal(names, Strategies()) {
		t.Errorf("%v", names)
	}
	if _, ok := PromiseOf("luck", domain); ok {
		t.Error("a strategy that is none has a promise")
	}
}
