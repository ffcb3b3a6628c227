package cost

import (
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/victorleungtw/blog/internal/config"
)

func near(a, b float64) bool { return math.Abs(a-b) < 0.005 }

// parse is a configuration from a few lines of blog.yaml.
func parse(t *testing.T, yaml string) *config.Config {
	t.Helper()
	cfg, probs := config.Parse("blog.yaml", []byte("title: Blog\n"+yaml))
	if probs.Err() != nil {
		t.Fatal(probs)
	}
	return cfg
}

// line is the only line of a name, in a region.
func line(t *testing.T, b *Bill, what, region string) Line {
	t.Helper()
	var found []Line
	for _, l := range b.Lines {
		if l.What == what && l.Region == region {
			found = append(found, l)
		}
	}
	if len(found) != 1 {
		t.Fatalf("%d lines are called %q in %q", len(found), what, region)
	}
	return found[0]
}

// Calculated by hand from the prices that the pages show.
func TestByHand(t *testing.T) {
	const domain = "domain: blog.example.com\nhosted_zone: {id: Z0123456789ABC}\n"
	const two = "aws: {standby: ap-east-1}\n"
	quiet := Usage{}
	small, large := Typical(), Typical()
	large.Views = 100_000_000
	for _, c := range []struct {
		name, yaml   string
		usage        Usage
		what, region string
		quantity     float64
		usd          float64
	}{
		// 100,000 × 80 KB = 8 GB, of which 0.7; all of it within 1 TB.
		{"transfer, small", two, small, "transfer to readers", asia, 5.6, 0},
		// 8 TB, of which 5.6 TB in Asia at 0.12 and 2.4 TB at 0.085, and an
		// eighth of each is free.
		{"transfer, large, Asia", two, large, "transfer to readers", asia, 5600, 588.00},
		{"transfer, large, west", two, large, "transfer to readers", west, 2400, 178.50},
		// 402 million requests, 10 million of them free: 392/402 of 281.4
		// million at 0.012 for 10,000.
		{"requests, large, Asia", two, large, "requests", asia, 281_400_000, 329.28},
		{"requests, large, west", two, large, "requests", west, 120_600_000, 117.60},
		// 102 million runs, 2 million free, 0.10 a million.
		{"function, large", two, large, "runs of the edge function", "", 102_000_000, 10.00},
		// 30 publishes of two calls, and 600 pages by 50; 1.00 for 1,000.
		{"route table", two, small, "calls that write the route table", "", 72, 0.072},
		{"storage", two, small, "releases", "ap-southeast-1", 2, 0.05},
		// 600 pages of four objects and 30 publishes of three writes.
		{"writes", two, small, "writes and lists", "ap-southeast-1", 2490, 0.01245},
		{"writes, standby", two, small, "writes and lists", "ap-east-1", 4980, 0.0249},
		// 402,000 × 5 % from the primary's bucket, and 30 × 40 of publishes.
		{"reads", two, small, "reads, most of them the edge's misses", "ap-southeast-1", 21_300, 0.00852},
		// 600 pages × 4 objects × 12 KB at 0.09 a GB.
		{"replication", two, small, "replication to the standby", "ap-southeast-1", 0.0288, 0.002592},
		// 2 million requests at 1.25 a million.
		{"API, large", two, large, "requests that reach a renderer", "ap-southeast-1", 2_000_000, 2.50},
		// (600 × 0.1 s + 2,000 × 0.02 s) × 1,769 MB.
		{"computing", two, small, "time of the renderer (arm64)", "ap-southeast-1", 172.75, 0},
		{"zone", domain + two, quiet, "hosted zone", "", 1, 0.50},
		{"health checks", domain + two, quiet, "health checks", "", 2, 0},
		{"health checks over HTTPS", domain + two, quiet, "health checks: HTTPS, a text", "", 2, 2.00},
		// us-east-1, and a copy in each of two regions.
		{"origin secret", domain + two, quiet, "origin secret and its copies", "", 3, 1.20},
		{"host names", two, quiet, "host names of renderers, without a domain", "", 4, 1.60},
		{"host names, one region", "", quiet, "host names of renderers, without a domain", "", 2, 0.80},
		{"host names, Virginia", "aws: {region: us-east-1}\n", quiet, "host names of renderers, without a domain", "", 1, 0.40},
		{"keys", "aws: {standby: ap-east-1, kms: true}\n", quiet, "keys of the blog's own", "", 2, 2.00},
		// 5 alarms in each region and 5 at the edge, ten of which are free.
		{"alarms", two, quiet, "alarms", "ap-southeast-1", 5, 0.1667},
		{"alarms at the edge", two, quiet, "alarms at the edge", "us-east-1", 5, 0.1667},
		{"metrics", two, quiet, "metrics made of the log", "ap-southeast-1", 5, 0},
		{"dashboard", two, quiet, "dashboards", "", 1, 0},
		{"probe", "aws: {probe: true, alarm_email: a@b.c}\n", quiet, "health check of the first page: HTTPS", "", 1, 1.00},
	} {
		t.Run(c.name, func(t *testing.T) {
			l := line(t, Estimate(parse(t, c.yaml), c.usage), c.what, c.region)
			if math.Abs(l.Quantity-c.quantity) > 0.02 {
				t.Errorf("%v %s, want %v", l.Quantity, l.Unit, c.quantity)
			}
			if math.Abs(l.USD-c.usd) > 0.0005 {
				t.Errorf("%v dollars, want %v", l.USD, c.usd)
			}
		})
	}
}

func TestTiers(t *testing.T) {
	p := func(usd float64) Price { return Price{usd, cloudFrontPage} }
	three := Tiers{{10, p(3)}, {30, p(2)}, {0, p(1)}}
	for quantity, want := range map[float64]float64{0: 0, 1: 3, 10: 30, 11: 32, 30: 70, 100: 140} {
		if got, memory := three.of(quantity); got != want || memory {
			t.Errorf("%v cost %v (from memory: %v), want %v", quantity, got, memory, want)
		}
	}
	// A tier that is not reached does not make a price doubtful.
	later := Tiers{{10, p(3)}, {0, Price{1, memory}}}
	if _, m := later.of(10); m {
		t.Error("a tier that was not reached counts as from memory")
	}
	if _, m := later.of(11); !m {
		t.Error("a price from memory is not said to be")
	}
}

// A region that the list does not know is said so, and nothing is guessed.
func TestUnknownRegion(t *testing.T) {
	known := Estimate(parse(t, ""), Typical())
	if len(known.Unpriced) > 0 {
		t.Errorf("unpriced: %v", known.Unpriced)
	}
	b := Estimate(parse(t, "aws: {region: eu-west-1}\n"), Typical())
	if !slices.Contains(b.Unpriced, "S3, releases, in eu-west-1") || !slices.Contains(b.Unpriced, "CloudWatch, alarms, in eu-west-1") {
		t.Errorf("unpriced: %q", b.Unpriced)
	}
	if l := line(t, b, "releases", "eu-west-1"); l.Known || l.USD != 0 {
		t.Errorf("%+v", l)
	}
}

func TestSumsAddUp(t *testing.T) {
	u := Typical()
	u.Views = 30_000_000
	b := Estimate(parse(t, "aws: {standby: ap-east-1, kms: true}\n"), u)
	lines, services := 0.0, 0.0
	for _, l := range b.Lines {
		lines += l.USD
	}
	for _, s := range b.Services() {
		services += b.Subtotal(s)
	}
	if b.Total < 100 || !near(lines, b.Total) || !near(services, b.Total) {
		t.Errorf("lines %v, services %v, in all %v", lines, services, b.Total)
	}
}

// The figures of docs/deploy.md and of the README, to the dollar.
func TestTotals(t *testing.T) {
	const domain = "domain: blog.example.com\nhosted_zone: {id: Z0123456789ABC}\n"
	large := Typical()
	large.Views = 100_000_000
	for _, c := range []struct {
		yaml  string
		usage Usage
		want  float64
	}{
		{"aws: {standby: ap-east-1}\n", Typical(), 4},
		{domain + "aws: {standby: ap-east-1}\n", Typical(), 4},
		{domain + "aws: {standby: ap-east-1}\n", large, 1248},
	} {
		if got := math.Round(Estimate(parse(t, c.yaml), c.usage).Total); got != c.want {
			t.Errorf("%q, %d views: %v, want %v", c.yaml, c.usage.Views, got, c.want)
		}
	}
}

func TestPlans(t *testing.T) {
	large := Typical()
	large.Views = 200_000_000 // 804 million requests, 16 TB
	small := Estimate(parse(t, "aws: {standby: ap-east-1}\n"), Typical()).Plans
	big := Estimate(parse(t, "domain: a.example.com\nhosted_zone: {id: Z0123456789ABC}\naws: {standby: ap-east-1}\n"), large)
	var names []string
	for _, p := range small {
		names = append(names, p.Name)
		// Only the dearest plan has origin groups.
		if failover := slices.ContainsFunc(p.Without, func(s string) bool { return strings.HasPrefix(s, "origin groups") }); failover != (p.Name != "Premium") {
			t.Errorf("%s: without %q", p.Name, p.Without)
		}
		if len(p.Over) > 0 {
			t.Errorf("%s is too small: %q", p.Name, p.Over)
		}
	}
	if !slices.Equal(names, []string{"Free", "Pro", "Business", "Premium"}) {
		t.Errorf("plans %v", names)
	}
	if w := small[0].Without; len(w) < 4 || !strings.Contains(w[0], "KeyValueStore") {
		t.Errorf("the free plan is without %q", w)
	}
	free, premium := big.Plans[0], big.Plans[3]
	if want := []string{"804 million requests of 1", "16000 GB of 100"}; !slices.Equal(free.Over, want) {
		t.Errorf("free: %q, want %q", free.Over, want)
	}
	// The next size of the plan is large enough for transfer, not for requests,
	// and the one after it for both.
	if premium.USD != 2250 || len(premium.Over) > 0 {
		t.Errorf("premium: %+v", premium)
	}
	// What is left to pay beside it: all but CloudFront and the zone, and its
	// credit pays for the storage.
	rest := big.Total
	for _, l := range big.Lines {
		if l.Service == "CloudFront" && l.What != "calls that write the route table" || l.What == "hosted zone" || l.What == "releases" {
			rest -= l.USD
		}
	}
	if !near(premium.Total, rest+2250) {
		t.Errorf("premium: %v in all, want %v", premium.Total, rest+2250)
	}
}

// An option can need more of a plan than the blog does without it.
func TestPlansOfAFleet(t *testing.T) {
	cfg := parse(t, "domain: a.example.com\nhosted_zone: {id: Z0123456789ABC}\naws: {standby: ap-east-1}\n")
	const what = "origins in a private network"
	for _, p := range Estimate(cfg, Typical()).Plans {
		if slices.Contains(p.Without, what) {
			t.Errorf("%s: %q without a fleet", p.Name, p.Without)
		}
	}
	cfg.AWS.Compute = config.ComputeFleet
	for i, p := range Estimate(cfg, Typical()).Plans {
		if slices.Contains(p.Without, what) != (i < 2) { // Free and Pro
			t.Errorf("%s: without %q", p.Name, p.Without)
		}
	}
}

func TestCheck(t *testing.T) {
	if err := Typical().Check(); err != nil {
		t.Error(err)
	}
	for name, change := range map[string]func(*Usage){
		"views":                        func(u *Usage) { u.Views = -1 },
		"the share of readers in Asia": func(u *Usage) { u.AsiaShare = 1.5 },
		"KB per view":                  func(u *Usage) { u.KBPerView = math.NaN() },
	} {
		u := Typical()
		change(&u)
		if err := u.Check(); err == nil || !strings.HasPrefix(err.Error(), name+":") {
			t.Errorf("%s: %v", name, err)
		}
	}
}
