package traffic_test

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"strings"
	"testing"

	"github.com/victorleungtw/blog/internal/names"
	"github.com/victorleungtw/blog/internal/routes"
	"github.com/victorleungtw/blog/internal/routes/file"
	"github.com/victorleungtw/blog/internal/store"
	"github.com/victorleungtw/blog/internal/store/dir"
	"github.com/victorleungtw/blog/internal/traffic"
)

// region is a bucket that can be away, and one that others write to first.
type region struct {
	store.Bucket
	away   bool
	before func() // runs once, before the next write
}

var errAway = errors.New("no connection")

func (r *region) Get(ctx context.Context, key string) (*store.Object, error) {
	if r.away {
		return nil, errAway
	}
	return r.Bucket.Get(ctx, key)
}

func (r *region) Replace(ctx context.Context, key string, m store.Meta, b store.Body, etag string) (string, error) {
	if r.away {
		return "", errAway
	}
	if f := r.before; f != nil {
		r.before = nil
		f()
	}
	return r.Bucket.Replace(ctx, key, m, b, etag)
}

// world is two regions and a route table.
type world struct {
	*traffic.Switch
	t      *testing.T
	sg, hk *region
}

func newWorld(t *testing.T) *world {
	t.Helper()
	w := &world{t: t}
	for _, r := range []**region{&w.sg, &w.hk} {
		b, err := dir.Open(t.TempDir())
		if err != nil {
			t.Fatal(err)
		}
		*r = &region{Bucket: b}
	}
	table, err := file.Open(filepath.Join(t.TempDir(), "routes"))
	if err != nil {
		t.Fatal(err)
	}
	w.Switch = &traffic.Switch{Primary: traffic.Region{Name: "sg", Bucket: w.sg}, Standby: traffic.Region{Name: "hk", Bucket: w.hk}, Table: table}
	return w
}

func to(dynamic string, standby int) traffic.Change {
	return traffic.Change{Standby: &standby, Dynamic: &dynamic}
}

func weight(standby int) traffic.Change { return traffic.Change{Standby: &standby} }

func (w *world) set(c traffic.Change) (left int) {
	w.t.Helper()
	errs, err := w.Set(w.t.Context(), c)
	if err != nil {
		w.t.Fatal(err)
	}
	return len(errs)
}

// want compares all that both places say, as one line.
func (w *world) want(want string) traffic.State {
	w.t.Helper()
	s, err := w.Read(w.t.Context())
	if err != nil {
		w.t.Fatal(err)
	}
	got := fmt.Sprintf("%d %q drained %v, %d problems", s.Steering.Standby, s.Steering.Dynamic, s.Drained(), len(s.Problems()))
	if got != want {
		w.t.Errorf("got  %s\nwant %s\n%s", got, want, strings.Join(s.Problems(), "\n"))
	}
	return s
}

func (w *world) text(r *region) string {
	w.t.Helper()
	o, _, err := traffic.ReadOrder(w.t.Context(), r)
	if err != nil {
		w.t.Fatal(err)
	}
	return strings.TrimSpace(o.Text())
}

// There and back, and what each region shows to the other's health check.
func TestSwitch(t *testing.T) {
	w := newWorld(t)
	w.want(`0 "" drained [], 0 problems`)
	if w.text(w.sg) != "drain=none;" || w.text(w.hk) != "drain=none;" {
		t.Errorf("%s %s", w.text(w.sg), w.text(w.hk))
	}
	for _, c := range []struct {
		change  traffic.Change
		want    string
		sg, hk  string
		thereIs bool // a key in the table
	}{
		{to(traffic.ToStandby, 100), `100 "standby" drained [sg], 0 problems`, "drain=none;", "drain=sg;", true},
		{to(traffic.ToStandby, 100), `100 "standby" drained [sg], 0 problems`, "drain=none;", "drain=sg;", true},
		{weight(10), `10 "standby" drained [sg], 0 problems`, "drain=none;", "drain=sg;", true},
		{to(traffic.ToPrimary, 0), `0 "primary" drained [hk], 0 problems`, "drain=hk;", "drain=none;", true},
		{to("", 0), `0 "" drained [], 0 problems`, "drain=none;", "drain=none;", false},
		{weight(10), `10 "" drained [], 0 problems`, "drain=none;", "drain=none;", true},
		{weight(0), `0 "" drained [], 0 problems`, "drain=none;", "drain=none;", false},
	} {
		if left := w.set(c.change); left > 0 {
			t.Errorf("%s: %d left", c.want, left)
		}
		w.want(c.want)
		if w.text(w.sg) != c.sg || w.text(w.hk) != c.hk {
			t.Errorf("%s: sg shows %s, hk %s", c.want, w.text(w.sg), w.text(w.hk))
		}
		if _, ok, err := w.Table.Get(t.Context(), routes.Site.TrafficKey()); err != nil || ok != c.thereIs {
			t.Errorf("%s: the key is there: %v, %v", c.want, ok, err)
		}
	}
}

// What is said already is not written again.
func TestNothingToChange(t *testing.T) {
	w := newWorld(t)
	w.set(to(traffic.ToStandby, 100))
	before, err := w.hk.Get(t.Context(), names.TrafficKey)
	if err != nil {
		t.Fatal(err)
	}
	etag, err := w.Table.Version(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	w.set(to(traffic.ToStandby, 100))
	after, err := w.hk.Get(t.Context(), names.TrafficKey)
	if err != nil {
		t.Fatal(err)
	}
	if now, err := w.Table.Version(t.Context()); err != nil || now != etag || after.ETag != before.ETag {
		t.Errorf("written again: table %v, object %v, %v", now != etag, after.ETag != before.ETag, err)
	}
}

// The disaster for which this is: the region that is left is dead.
func TestPrimaryIsDead(t *testing.T) {
	w := newWorld(t)
	w.sg.away = true
	if left := w.set(to(traffic.ToStandby, 100)); left != 1 {
		t.Errorf("%d regions left, want 1", left)
	}
	w.want(`100 "standby" drained [sg], 1 problems`) // that sg cannot be read
	w.sg.away = false
	w.want(`100 "standby" drained [sg], 0 problems`)
	w.set(to("", 0))
	w.want(`0 "" drained [], 0 problems`)
}

// Nobody is sent to a region that cannot be written.
func TestTargetIsDead(t *testing.T) {
	w := newWorld(t)
	w.hk.away = true
	if _, err := w.Set(t.Context(), to(traffic.ToStandby, 100)); !errors.Is(err, errAway) || !strings.Contains(err.Error(), "hk") {
		t.Errorf("got %v", err)
	}
	w.hk.away = false
	w.want(`0 "" drained [], 0 problems`)
}

// Both regions were chosen while the other was away: each drains the other, and a
// person is told.
func TestBothDrained(t *testing.T) {
	w := newWorld(t)
	w.set(to(traffic.ToPrimary, 0)) // sg drains hk
	w.sg.away = true
	if left := w.set(to(traffic.ToStandby, 100)); left != 1 {
		t.Errorf("%d regions left, want 1", left)
	}
	w.sg.away = false
	s := w.want(`100 "standby" drained [sg hk], 1 problems`)
	if !strings.Contains(s.Problems()[0], "each region drains the other") {
		t.Error(s.Problems())
	}
	w.set(to(traffic.ToStandby, 100)) // again, as it says
	w.want(`100 "standby" drained [sg], 0 problems`)
}

// The regions changed places in blog.yaml, and the word means something else.
func TestRegionsChangedPlaces(t *testing.T) {
	w := newWorld(t)
	w.set(to(traffic.ToStandby, 100))
	w.Primary, w.Standby = w.Standby, w.Primary
	s, err := w.Read(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if text := strings.Join(s.Problems(), "\n"); !strings.Contains(text, "www!t was written when sg was the primary and hk the standby") {
		t.Error(text)
	}
}

// Two people at once: the later one sees what the other wrote, and nothing is
// half of each.
func TestRace(t *testing.T) {
	w := newWorld(t)
	other := &traffic.Switch{
		Primary: traffic.Region{Name: "sg", Bucket: w.sg.Bucket}, Standby: traffic.Region{Name: "hk", Bucket: w.hk.Bucket}, Table: w.Table,
	}
	w.hk.before = func() {
		if _, err := other.Set(t.Context(), to(traffic.ToPrimary, 0)); err != nil {
			t.Error(err)
		}
		// The object that w has seen is gone: another one is in its place.
		if _, err := other.Set(t.Context(), to(traffic.ToStandby, 100)); err != nil {
			t.Error(err)
		}
		if _, err := other.Set(t.Context(), to("", 0)); err != nil {
			t.Error(err)
		}
	}
	w.set(to(traffic.ToStandby, 100))
	w.want(`100 "standby" drained [sg], 0 problems`)
	o, _, err := traffic.ReadOrder(t.Context(), w.hk)
	if err != nil || o.N != 3 {
		t.Errorf("hk's order has number %d, %v: somebody's change was written over", o.N, err)
	}
}

// What others left there steers nobody, and can be replaced.
func TestDamaged(t *testing.T) {
	w := newWorld(t)
	ctx := t.Context()
	etag, err := w.Table.Version(ctx)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := w.Table.Update(ctx, etag, map[string]string{"www!t": `{"standby":400}`}, nil); err != nil {
		t.Fatal(err)
	}
	if _, err := w.hk.Replace(ctx, names.TrafficKey, store.Meta{}, store.Bytes([]byte("drain everything")), ""); err != nil {
		t.Fatal(err)
	}
	if _, err := w.Read(ctx); err == nil {
		t.Error("a damaged key is no word")
	}
	w.set(to(traffic.ToStandby, 100))
	w.want(`100 "standby" drained [sg], 0 problems`)
}

func TestParse(t *testing.T) {
	for _, value := range []string{"{", `{"standby":101}`, `{"standby":-1}`, `{"dynamic":"mars"}`, "[]"} {
		if _, err := traffic.ParseSteering(value); err == nil {
			t.Errorf("%s: accepted", value)
		}
	}
	for _, data := range []string{"", "{}", `{"n":0,"drain":"sg"}`, `{"n":1,"drain":"sg;hk"}`} {
		if _, err := traffic.ParseOrder([]byte(data)); err == nil {
			t.Errorf("%s: accepted", data)
		}
	}
	// One region's text is not found in another's.
	if strings.Contains(traffic.Order{N: 1, Drain: "ap-southeast-10"}.Text(), traffic.DrainText("ap-southeast-1")) {
		t.Error("a region is drained for the sake of another")
	}
}
