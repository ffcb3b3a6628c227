package main

import (
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/victorleungtw/blog/internal/assembly"
	"github.com/victorleungtw/blog/internal/edge"
	"github.com/victorleungtw/blog/internal/names"
	"github.com/victorleungtw/blog/internal/renderer"
	"github.com/victorleungtw/blog/internal/route53"
	"github.com/victorleungtw/blog/internal/routes/file"
	"github.com/victorleungtw/blog/internal/store/dir"
	"github.com/victorleungtw/blog/internal/traffic"
)

func deployed(t *testing.T, name string) *deployment {
	t.Helper()
	i := slices.IndexFunc(deployments, func(d *deployment) bool { return d.name == name })
	if i < 0 {
		t.Fatalf("no deployment %s", name)
	}
	return deployments[i]
}

// recordsOf are the records of origin.<domain>, as the templates have them.
func recordsOf(t *testing.T, d *deployment) []route53.Record {
	t.Helper()
	for _, s := range d.stacks {
		for id, r := range s.of("AWS::Route53::HealthCheck") {
			c := r.Properties["HealthCheckConfig"]
			if flat(at(c, "Type")) == route53.Calculated {
				continue
			}
			if n := number(at(c, "RequestInterval")); n != 30 {
				t.Errorf("%s asks every %v s; every 10 s costs a dollar more", id, n)
			}
			if n := number(at(c, "FailureThreshold")); n < 1 || n > 10 {
				t.Errorf("%s changes after %v answers", id, n)
			}
			if n := len(items(at(c, "Regions"))); n != 0 && n < 3 {
				t.Errorf("%s is asked from %d regions: Route 53 wants three", id, n)
			}
			if at(c, "EnableSNI") != true {
				t.Errorf("%s asks without the host's name", id)
			}
		}
	}
	a := d.opened(t)
	i := slices.IndexFunc(a.Origins, func(o assembly.Origin) bool { return o.ID == edge.OriginDynamic })
	if i < 0 {
		t.Fatal("no origin for dynamic requests")
	}
	var records []route53.Record
	for _, r := range a.Origins[i].Routes {
		records = append(records, r.Record)
	}
	return records
}

// live is two regions with their renderers, and what a person can say.
type live struct {
	*traffic.Switch
	t    *testing.T
	down map[string]bool // regions that do not answer
	ask  map[string]http.Handler

	records []route53.Record
}

func newLive(t *testing.T, d *deployment) *live {
	t.Helper()
	l := &live{t: t, down: map[string]bool{}, ask: map[string]http.Handler{}, records: recordsOf(t, d)}
	table, err := file.Open(t.TempDir() + "/routes")
	if err != nil {
		t.Fatal(err)
	}
	l.Switch = &traffic.Switch{Table: table}
	for i, region := range d.blog.Config.Regions() {
		b, err := dir.Open(t.TempDir())
		if err != nil {
			t.Fatal(err)
		}
		*[]*traffic.Region{&l.Primary, &l.Standby}[i] = traffic.Region{Name: region, Bucket: b}
		l.ask[names.RegionDomain(d.blog.Config.Domain, region)] = &renderer.Renderer{Bucket: b, Log: slog.New(slog.DiscardHandler)}
	}
	return l
}

// check is a health checker's request, answered by the region's renderer.
func (l *live) check(host, path string) (int, string, error) {
	h, ok := l.ask[host]
	if !ok {
		l.t.Errorf("a health check asks %s, which is no region's own name", host)
	}
	if region, _, _ := strings.Cut(host, "."); l.down[region] {
		return 0, "", errAway
	}
	w := httptest.NewRecorder()
	h.ServeHTTP(w, httptest.NewRequest("GET", "https://"+host+path, nil))
	body, err := io.ReadAll(w.Body)
	return w.Code, string(body), err
}

// to says where dynamic requests go, as an edge in a region asks.
func (l *live) to(near string) string {
	l.t.Helper()
	other := l.Primary.Name
	if near == other {
		other = l.Standby.Name
	}
	got, err := route53.Answer(l.records, l.check, near, other)
	if err != nil {
		l.t.Fatal(err)
	}
	data, err := json.Marshal(got)
	if err != nil {
		l.t.Fatal(err)
	}
	return string(data)
}

func (l *live) say(dynamic string) {
	l.t.Helper()
	if _, err := l.Set(l.t.Context(), traffic.Change{Dynamic: &dynamic}); err != nil {
		l.t.Fatal(err)
	}
}

// Who gets dynamic requests while regions die, are drained and heal, by the
// records and health checks of the templates, asked of the renderer itself.
func TestWhoGetsDynamicRequests(t *testing.T) {
	const sg, hk = "ap-southeast-1", "ap-east-1"
	all := func(region string) string { return fmt.Sprintf(`{"%s":1}`, region) }
	const shared = `{"ap-east-1":0.1,"ap-southeast-1":0.9}`
	type row struct {
		name string
		say  string // "" for as it is
		down []string
		want map[string]string // by deployment
	}
	healthy := map[string]string{"domain": all(sg), "switch": all(sg), "shares": shared, "near": all(hk), "light": all(sg), "alone": ""}
	for _, step := range []row{
		{"healthy", "", nil, healthy},
		{"the primary is dead", "", []string{sg}, map[string]string{"domain": all(hk), "switch": all(hk), "shares": all(hk), "near": all(hk), "light": all(sg)}},
		{"the standby is dead", "", []string{hk}, map[string]string{"domain": all(sg), "switch": all(sg), "shares": all(sg), "near": all(sg), "light": all(sg)}},
		// Route 53 takes all for healthy when none is, and goes by its policy.
		{"both are dead", "", []string{sg, hk}, healthy},
		{"healed", "", nil, healthy},
		{"the primary is drained", traffic.ToStandby, nil, map[string]string{"domain": all(sg), "switch": all(hk), "shares": all(hk), "near": all(hk), "light": all(sg)}},
		// It stays so when the primary, which is why it was drained, is dead.
		{"drained and dead", "", []string{sg}, map[string]string{"domain": all(hk), "switch": all(hk), "shares": all(hk), "near": all(hk), "light": all(sg)}},
		// The region that drains is dead: nobody hears its word, and the other
		// one answers.
		{"drained by the dead", "", []string{hk}, map[string]string{"domain": all(sg), "switch": all(sg), "shares": all(sg), "near": all(sg), "light": all(sg)}},
		{"drained, both dead", "", []string{sg, hk}, healthy},
		{"drained, both healed", "", nil, map[string]string{"domain": all(sg), "switch": all(hk), "shares": all(hk), "near": all(hk), "light": all(sg)}},
		// A standby that waits gets nothing anyway; one that answers is taken out.
		{"the standby is drained", traffic.ToPrimary, nil, map[string]string{"domain": all(sg), "switch": all(sg), "shares": all(sg), "near": all(sg), "light": all(sg)}},
		{"nobody says", "auto", nil, healthy},
	} {
		for _, name := range []string{"domain", "switch", "shares", "near", "light"} {
			t.Run(name+"/"+step.name, func(t *testing.T) {
				l := newLive(t, deployed(t, name))
				// What was said before, in the order of the table.
				switch {
				case strings.HasPrefix(step.name, "drained"):
					l.say(traffic.ToStandby)
				case step.say == "auto":
					l.say(traffic.ToStandby)
					l.say("")
				case step.say != "":
					l.say(step.say)
				}
				for _, region := range step.down {
					l.down[region] = true
				}
				if got := l.to(hk); got != step.want[name] {
					t.Errorf("%s, want %s", got, step.want[name])
				}
			})
		}
	}
}

// Each region drained the other while it was away: both would be out, so neither
// is, and Route 53 goes by its policy.
func TestBothAreDrained(t *testing.T) {
	for name, want := range map[string]string{"shares": `{"ap-east-1":0.1,"ap-southeast-1":0.9}`, "near": `{"ap-east-1":1}`, "switch": `{"ap-east-1":1}`} {
		l := newLive(t, deployed(t, name))
		l.say(traffic.ToPrimary)
		l.Primary.Bucket = away{l.Primary.Bucket}
		l.say(traffic.ToStandby)
		if got := l.to("ap-east-1"); got != want {
			t.Errorf("%s: %s, want %s", name, got, want)
		}
	}
}

// Today's records are as they were: one check for each region, nothing that has to
// be paid for besides.
func TestNoSwitchUnlessAskedFor(t *testing.T) {
	for name, want := range map[string][2]int{"domain": {1, 1}, "alone": {1, 0}, "light": {1, 0}, "vault": {1, 0}, "switch": {3, 1}, "shares": {3, 3}, "near": {3, 3}} {
		d := deployed(t, name)
		got := [2]int{}
		for i, region := range d.blog.Config.RendererRegions() {
			got[i] = len(d.stacks["render-"+region].of("AWS::Route53::HealthCheck"))
		}
		if !reflect.DeepEqual(got, want) {
			t.Errorf("%s: %v health checks, want %v", name, got, want)
		}
	}
}

// A bucket alone: no renderer, no copy of the secret, and pages come from it.
func TestBackupRestore(t *testing.T) {
	d := deployed(t, "vault")
	secret := d.stacks["global"].one(t, "AWS::SecretsManager::Secret")
	for _, r := range items(secret.Properties["ReplicaRegions"]) {
		if flat(at(r, "Region")) == "ap-east-1" {
			t.Error("the origin secret is copied to where nobody reads it")
		}
	}
	if len(d.stacks["content-ap-east-1"].of("AWS::S3::Bucket")) != 2 {
		t.Error("the standby has no bucket")
	}
}

func number(v any) float64 { f, _ := v.(float64); return f }
