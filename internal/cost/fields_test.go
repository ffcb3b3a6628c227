package cost

import (
	"maps"
	"reflect"
	"slices"
	"testing"

	"github.com/victorleungtw/blog/internal/config"
	"github.com/victorleungtw/blog/internal/recovery"
)

// Each field of blog.yaml changes the bill, or is here with the reason why it
// does not. A new field fails this test until it is one or the other: an option
// that costs money without a line would be found on the invoice.

// priced are the fields that change a bill. The change is to a blog with two
// regions and a domain.
var priced = map[string]func(*config.Config){
	"Domain":                  func(c *config.Config) { c.Domain, c.Zone = "", config.Zone{} },
	"Zone.ID":                 func(c *config.Config) { c.Zone = config.Zone{Create: true} }, // not there yet
	"AWS.Region":              func(c *config.Config) { c.AWS.Region = "us-east-1" },
	"AWS.Standby":             func(c *config.Config) { c.AWS.Standby = "" },
	"AWS.RendererMemory":      func(c *config.Config) { c.AWS.RendererMemory = 10_240 },
	"AWS.KMS":                 func(c *config.Config) { c.AWS.KMS = true },
	"AWS.AlarmEmail":          func(c *config.Config) { c.AWS.AlarmEmail = "ops@example.com" },
	"AWS.Compute":             func(c *config.Config) { c.AWS.Compute = config.ComputeFleet },
	"AWS.Fleet.InstanceType":  func(c *config.Config) { c.AWS.Compute, c.AWS.Fleet.InstanceType = config.ComputeFleet, "t4g.medium" },
	"AWS.Fleet.Min":           func(c *config.Config) { c.AWS.Compute, c.AWS.Fleet.Min = config.ComputeFleet, 3 },
	"AWS.Fleet.Zones":         func(c *config.Config) { c.AWS.Compute, c.AWS.Fleet.Zones = config.ComputeFleet, 3 },
	"AWS.TrialDays":           func(c *config.Config) { c.AWS.TrialDays = 7 },
	"AWS.Pipeline.Connection": func(c *config.Config) { c.AWS.Pipeline.Connection = "arn" },
	"AWS.Recovery":            func(c *config.Config) { c.AWS.Recovery = recovery.BackupRestore },
	"AWS.Routing.Policy":      func(c *config.Config) { *c = *c.WithRecovery(recovery.ActiveActive) },
	"AWS.Routing.Switch":      func(c *config.Config) { c.AWS.Routing.Switch = true },
	"AWS.Env":                 func(c *config.Config) { c.AWS.Env = "dev" }, // nothing acts on alarms
	"AWS.Probe":               func(c *config.Config) { c.AWS.Probe = true },

	"AWS.Edge.OriginShield": func(c *config.Config) { c.AWS.Edge.OriginShield = config.ShieldNearest },
	"AWS.Edge.AccessLogs":   func(c *config.Config) { c.AWS.Edge.AccessLogs = true },
	"AWS.Edge.WAF.Rate":     func(c *config.Config) { c.AWS.Edge.WAF.Rate = 100 },
	"AWS.AccountGuards":     func(c *config.Config) { c.AWS.AccountGuards = true },
}

// free are the fields that do not.
var free = map[string]string{
	"Site":                      "what pages say; how much is stored and sent is asked of the author",
	"Branches":                  "a name more in a certificate and in records that are aliases",
	"Zone.Create":               "the zone costs the same, whoever made it",
	"AWS.Name":                  "a name",
	"AWS.Account":               "the account is free",
	"AWS.Budget.MonthlyUSD":     "a budget without actions is free",
	"AWS.Budget.Email":          "as are its mails",
	"AWS.Budget.AnomalyMonitor": "and the detection of unusual costs",
	"AWS.LogRetentionDays":      "logs of this size are within the free 5 GB however long they are kept",
	"AWS.Routing.Weights":       "shares of the same requests",
	"AWS.GitHub.Repository":     "a role and a provider of identities, which IAM does not charge for",
	"AWS.GitHub.CreateProvider": "as above",
	"AWS.Fleet.Max":             "instances that come under load go again",
	"AWS.Fleet.PrefixLists":     "which addresses are let in",
	"AWS.GitHub.Deploy":         "a role; the workflow's minutes are GitHub's",
	"AWS.Pipeline.Repository":   "a name; with Connection there is a pipeline",
	"AWS.Pipeline.Branch":       "a name",
	"AWS.Pipeline.Approve":      "a mail for each deployment",
	"AWS.Trial":                 "says that this is a trial, which is priced by its other fields",
	"AWS.Rehearsal":             "a role more in a trial",
	"AWS.Edge.OriginKey":        "a number in a comment",
	"AWS.PermissionsBoundary":   "a policy, which IAM does not charge for",
}

func TestEveryFieldIsPricedOrFree(t *testing.T) {
	fields := map[string]bool{}
	var walk func(prefix string, typ reflect.Type)
	walk = func(prefix string, typ reflect.Type) {
		for i := range typ.NumField() {
			f := typ.Field(i)
			name := prefix + f.Name
			if _, whole := free[name]; !whole && f.Type.Kind() == reflect.Struct && f.Type.PkgPath() == typ.PkgPath() {
				walk(name+".", f.Type)
				continue
			}
			fields[name] = true
		}
	}
	walk("", reflect.TypeFor[config.Config]())
	for _, name := range slices.Sorted(maps.Keys(fields)) {
		_, costs := priced[name]
		reason, not := free[name]
		switch {
		case !costs && !not:
			t.Errorf("%s has no line in a bill, and is not said to be free: add it to parts.go and to priced, or to free with a reason", name)
		case costs && not:
			t.Errorf("%s is both priced and free (%s)", name, reason)
		}
	}
	for _, name := range slices.Concat(slices.Sorted(maps.Keys(priced)), slices.Sorted(maps.Keys(free))) {
		if !fields[name] {
			t.Errorf("%s is no field of config.Config", name)
		}
	}
}

func TestPricedFieldsChangeTheBill(t *testing.T) {
	busy := Typical()
	busy.Views, busy.DynamicPerView = 20_000_000, 1 // above every free tier
	for _, name := range slices.Sorted(maps.Keys(priced)) {
		t.Run(name, func(t *testing.T) {
			before := parse(t, "domain: blog.example.com\nhosted_zone: {id: Z0123456789ABC}\naws: {standby: ap-east-1}\n")
			after := *before
			priced[name](&after)
			a, b := Estimate(before, busy), Estimate(&after, busy)
			if reflect.DeepEqual(a.Lines, b.Lines) {
				t.Errorf("the bill is the same with another %s", name)
			}
			if len(b.Unpriced) > 0 {
				t.Errorf("without a price: %q", b.Unpriced)
			}
		})
	}
}

// The list that blog cost --prices prints is whole, and each price says where
// it is from.
func TestItems(t *testing.T) {
	all := parse(t, "domain: blog.example.com\nhosted_zone: {id: Z0123456789ABC}\naws: {standby: ap-east-1, kms: true, alarm_email: ops@example.com, probe: true, account_guards: true, edge: {origin_shield: true, access_logs: true, waf: true}}\n")
	for _, l := range Estimate(all, Typical()).Lines {
		if !slices.Contains(items, l.item) {
			t.Errorf("%s, %s is not in items", l.Service, l.item.Name)
		}
	}
	for _, it := range items {
		if it.Unit == "" || len(it.Prices) == 0 {
			t.Errorf("%s, %s: %+v", it.Service, it.Name, it)
		}
		for region, tiers := range it.Prices {
			for i, tier := range tiers {
				if p := tier.Price; p.USD <= 0 || p.From == nil || (p.From.Doc == "") != (p.From.Date == "") {
					t.Errorf("%s, %s, %q: the price %+v", it.Service, it.Name, region, p)
				}
				if last := i == len(tiers)-1; (tier.UpTo == 0) != last {
					t.Errorf("%s, %s, %q: tier %d ends at %v", it.Service, it.Name, region, i, tier.UpTo)
				}
			}
		}
	}
}
