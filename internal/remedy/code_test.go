package remedy

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/victorleungtw/blog/internal/names"
)

// pointed is an alias, and whoever else moves it.
type pointed struct {
	Pointer
	moves  int
	before func() // runs before the next Point
	fail   error  // of the next Point, which happens
}

func (p *pointed) to(version string) {
	p.Version, p.moves = version, p.moves+1
	p.Revision = fmt.Sprint("r", p.moves)
}

func (p *pointed) Get(context.Context) (Pointer, error) { return p.Pointer, nil }

func (p *pointed) Point(_ context.Context, seen Pointer, version string) error {
	if p.before != nil {
		p.before()
	}
	if seen.Revision != p.Revision {
		return ErrMoved
	}
	p.to(version)
	err := p.fail
	p.fail = nil
	return err
}

// region is a renderer's region with a code remedy.
type region struct {
	*Code
	t     *testing.T
	alias *pointed
	people
	now time.Time
}

func newRegion(t *testing.T) *region {
	r := &region{t: t, alias: &pointed{}, now: time.Date(2026, 11, 24, 9, 0, 0, 0, time.UTC)}
	r.alias.to("1")
	r.Code = &Code{Alias: r.alias, Desk: Desk{
		Journal: Journal{bucket(t), names.CodeJournal}, Alarms: []string{alarmName},
		Tell: r.tell, Now: func() time.Time { return r.now }, Log: quiet,
	}}
	return r
}

// deployment tells the remedy that one changed its state.
func (r *region) deployment() {
	r.t.Helper()
	if err := r.Handle(r.t.Context(), recorded(r.t, "deployment")); err != nil {
		r.t.Fatal(err)
	}
}

// deploy deploys a version, the way CodeDeploy does.
func (r *region) deploy(version string) {
	r.t.Helper()
	r.alias.Shifting = true
	r.deployment() // START
	r.now = r.now.Add(5 * time.Minute)
	r.alias.to(version)
	r.alias.Shifting = false
	r.deployment() // SUCCESS
}

func (r *region) alarm(id string) error {
	r.t.Helper()
	return r.Handle(r.t.Context(), alarmAt(r.t, id, r.now))
}

// want: after an alarm the alias is here, and this was told.
func (r *region) want(id, version, told string) {
	r.t.Helper()
	if err := r.alarm(id); err != nil {
		r.t.Errorf("%s: %v", id, err)
	}
	if r.alias.Version != version {
		r.t.Errorf("%s: the alias is at %s, want %s", id, r.alias.Version, version)
	}
	if got := r.heard(); !strings.HasPrefix(got, told) || told == "" && got != "" {
		r.t.Errorf("%s: told %q, want %q", id, got, told)
	}
}

func TestCodeGoesBack(t *testing.T) {
	r := newRegion(t)
	r.deploy("2")
	r.deploy("3")
	r.now = r.now.Add(10 * time.Minute)
	r.want("a", "2", "Taken back: The renderer of this region is version 2 again instead of 3")
	// The same event again changes nothing, and tells the same.
	r.want("a", "2", "Taken back")
	// Another alarm at once: what is older is not touched, and people are told.
	r.want("b", "2", "Not repaired, over to you: Version 2 is 0s old, but a version was taken back")
	r.now = r.now.Add(Pause)
	r.want("c", "2", "Not repaired, over to you: No version is known")
}

func TestCodeLeavesAlone(t *testing.T) {
	for name, c := range map[string]struct {
		before  func(*region)
		version string
		told    string
	}{
		"no deployment":     {func(r *region) {}, "1", ""},
		"an old deployment": {func(r *region) { r.deploy("2"); r.now = r.now.Add(CodeWindow + time.Second) }, "2", ""},
		"a canary, which CodeDeploy watches": {func(r *region) {
			r.deploy("2")
			r.alias.Shifting = true
			r.deployment()
		}, "2", ""},
		"the alias was moved by hand": {func(r *region) { r.deploy("2"); r.deploy("3"); r.alias.to("2") }, "2", "Not repaired, over to you: The alias points at version 2"},
		"a person is faster": {func(r *region) {
			r.deploy("2")
			r.alias.before = func() { r.alias.to("1"); r.alias.before = nil }
		}, "1", "Not repaired, over to you: The alias was changed just now"},
		// Versions 2 and 3 never answered alone: 2 was refused by its canary.
		"a refused canary is not gone back to": {func(r *region) {
			r.alias.Shifting = true
			r.deployment()
			r.alias.Shifting = false
			r.deployment() // FAILURE: the alias is at 1
			r.deploy("3")
		}, "1", "Taken back: The renderer of this region is version 1 again instead of 3"},
		// 3 was left for 2 by hand; then a canary of 4 begins and is refused.
		"a version that was left is not gone back to": {func(r *region) {
			r.deploy("2")
			r.deploy("3")
			r.alias.to("2")
			r.alias.Shifting = true
			r.deployment()
			r.alias.Shifting = false
			r.deployment()
		}, "2", "Not repaired, over to you: No version is known"},
	} {
		t.Run(name, func(t *testing.T) {
			r := newRegion(t)
			c.before(r)
			r.want("a", c.version, c.told)
		})
	}
}

// Only one of two alarms at once acts.
func TestCodeAlarmsAtOnce(t *testing.T) {
	r := newRegion(t)
	r.deploy("2")
	other := *r.Code
	var second error
	r.alias.before = func() {
		r.alias.before = nil
		second = other.Handle(t.Context(), alarmAt(t, "b", r.now))
	}
	r.want("a", "1", "Not repaired, over to you: Version 2 is 0s old, but a version was taken back")
	if second != nil {
		t.Error(second)
	}
}

// An invocation that is cut short after the deed is finished by its retry.
func TestCodeCutShort(t *testing.T) {
	r := newRegion(t)
	r.deploy("2")
	r.alias.fail = errors.New("time is up")
	if err := r.alarm("a"); err == nil {
		t.Fatal("nothing went wrong")
	}
	r.want("a", "1", "Taken back")
	r.want("b", "1", "Not repaired")

	// And after it has done all but tell.
	r = newRegion(t)
	r.deploy("2")
	r.deaf = true
	if err := r.alarm("a"); err == nil || !strings.Contains(err.Error(), "telling people") {
		t.Fatalf("got %v", err)
	}
	r.deaf = false
	r.want("a", "1", "Taken back")
}
