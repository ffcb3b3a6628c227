package content

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/victorleungtw/blog/internal/problem"
)

// When each form of a date begins, for a blog in Hong Kong, eight hours ahead
// of UTC, and in New York, which changes its clocks.
func TestMoments(t *testing.T) {
	for _, tt := range []struct{ date, hongKong, newYork string }{
		{"2026-12-01", "2026-11-30T16:00:00Z", "2026-12-01T05:00:00Z"},
		{"2026-07-01", "2026-06-30T16:00:00Z", "2026-07-01T04:00:00Z"},
		{`"2026-12-01"`, "2026-11-30T16:00:00Z", "2026-12-01T05:00:00Z"},
		{"2026-12-01 09:00", "2026-12-01T01:00:00Z", "2026-12-01T14:00:00Z"},
		{"2026-12-01T9:00", "2026-12-01T01:00:00Z", "2026-12-01T14:00:00Z"},
		{"2026-12-01 09:00:30.75", "2026-12-01T01:00:30Z", "2026-12-01T14:00:30Z"},
		{"2026-12-01T09:00:00+08:00", "2026-12-01T01:00:00Z", "2026-12-01T01:00:00Z"},
		{"2026-12-01T09:00:00Z", "2026-12-01T09:00:00Z", "2026-12-01T09:00:00Z"},
		{"2026-12-01 09:00 -0530", "2026-12-01T14:30:00Z", "2026-12-01T14:30:00Z"},
		{"2026-12-01 09:00:00 -5", "2026-12-01T14:00:00Z", "2026-12-01T14:00:00Z"},
		{"{created: 2026-12-01 09:00}", "2026-12-01T01:00:00Z", "2026-12-01T14:00:00Z"},
		// Not understood, and said so.
		{"2026-12-01 09:00 PST", "2026-11-30T16:00:00Z", "2026-12-01T05:00:00Z"},
		{"2026-12-01 25:00", "2026-11-30T16:00:00Z", "2026-12-01T05:00:00Z"},
		{"2026-12-01 09:00+15:00", "2026-11-30T16:00:00Z", "2026-12-01T05:00:00Z"},
	} {
		for zone, want := range map[string]string{"Asia/Hong_Kong": tt.hongKong, "America/New_York": tt.newYork} {
			cfg := site
			cfg.Timezone = zone
			s, probs := load(t, folder(t, "-- posts/a.md --\n---\ndate: "+tt.date+"\n---\n# A\n"), Options{Site: cfg})
			if s == nil {
				t.Errorf("%s: %v", tt.date, probs)
				continue
			}
			d := s.Posts[0]
			if got := d.At.UTC().Format(time.RFC3339Nano); got != want {
				t.Errorf("%s in %s begins at %s, want %s", tt.date, zone, got, want)
			}
			if day := tt.date[strings.Index(tt.date, "2026"):][:10]; d.Date != day || !strings.HasPrefix(d.Path, "/"+strings.ReplaceAll(day, "-", "/")+"/") {
				t.Errorf("%s in %s is of the day %s, at %s", tt.date, zone, d.Date, d.Path)
			}
			odd := strings.ContainsAny(tt.date, "P") || strings.Contains(tt.date, "25:") || strings.Contains(tt.date, "+15")
			if warned := len(probs.Warnings()) == 1 && strings.Contains(probs[0].Message, "is not understood"); warned != odd {
				t.Errorf("%s: problems %v", tt.date, probs)
			}
		}
	}
	cfg := site
	cfg.Timezone = "Mars/Olympus"
	if _, err := Open(t.TempDir(), Options{Site: cfg}); err == nil {
		t.Error("a zone that nobody knows is taken")
	}
}

// Of one day's posts the later is the newer; without times the path decides.
func TestOrderWithinADay(t *testing.T) {
	s, probs := load(t, folder(t, `
-- posts/a.md --
---
date: 2026-01-01 09:00
---
# A
-- posts/b.md --
---
date: 2026-01-01 10:00
---
# B
-- posts/c.md --
---
date: 2026-01-01
---
# C
-- posts/d.md --
---
date: 2026-01-01
---
# D
-- posts/e.md --
---
date: 2026-01-02
---
# E
`), Options{Site: site})
	if s == nil {
		t.Fatal(probs)
	}
	if got := slugs(s); got != "e b a c d" {
		t.Errorf("newest first: %s", got)
	}
}

func slugs(s *Site) string {
	var out []string
	for _, d := range s.Documents() {
		out = append(out, d.Slug)
	}
	return strings.Join(out, " ")
}

const comingFolder = `
-- posts/now.md --
---
date: 2026-11-01
---
# Now
-- posts/noon.md --
---
date: 2026-12-01 12:00
---
# Noon

![x](x.svg)
-- posts/noon.ja.md --
---
date: 2026-12-01T21:00:00+09:00
slug: noon
---
# 正午
-- posts/x.svg --
<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 40 30"></svg>
-- posts/tomorrow.md --
---
date: 2026-11-24
---
# Tomorrow

[Noon](noon.md)
-- posts/never.md --
---
date: 2026-11-25
draft: true
---
# Never
-- posts/old.md --
---
date: 2026-12-24
draft: true
---
# Old
-- pages/shop.md --
---
date: 2026-12-24
---
# Shop
`

func TestComing(t *testing.T) {
	at := func(s string) time.Time {
		v, err := time.Parse(time.RFC3339, s)
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
	now := at("2026-11-23T10:00:00Z")
	l := open(t, folder(t, comingFolder), Options{Site: site, Now: now})
	if s, _ := l.At(now); s != nil || l.Coming() != nil {
		t.Error("there is a site before anything was read")
	}
	s, probs, err := l.Load(context.Background())
	if s == nil {
		t.Fatal(probs, err)
	}
	if slugs(s) != "now" {
		t.Errorf("published: %s", slugs(s))
	}
	want := []string{
		"pages/shop.md:2: info: goes live by itself at 2026-12-24 00:00 UTC",
		"posts/noon.ja.md:2: info: goes live by itself at 2026-12-01 12:00 UTC",
		"posts/noon.md:2: info: goes live by itself at 2026-12-01 12:00 UTC",
		"posts/tomorrow.md:2: info: goes live by itself at 2026-11-24 00:00 UTC",
	}
	var got []string
	for _, p := range probs {
		got = append(got, p.String())
	}
	if !slices.Equal(got, want) {
		t.Errorf("problems:\n%s\nwant:\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}

	var times []string
	for _, c := range l.Coming() {
		times = append(times, c.UTC().Format(time.RFC3339))
	}
	if wantTimes := []string{"2026-11-24T00:00:00Z", "2026-12-01T12:00:00Z", "2026-12-24T00:00:00Z"}; !slices.Equal(times, wantTimes) {
		t.Errorf("coming: %v, want %v", times, wantTimes)
	}
	if !l.Until().IsZero() {
		t.Errorf("all that comes is prepared, and yet only until %v", l.Until())
	}

	// The link of tomorrow's post leads nowhere before December: known today.
	if s, probs := l.At(l.Coming()[0]); s != nil || len(probs.Errors()) != 1 ||
		probs.Errors()[0].String() != "posts/tomorrow.md:6: links to posts/noon.md, which is dated 2026-12-01" {
		t.Errorf("as of tomorrow: %v", probs)
	}
	s, probs = l.At(l.Coming()[1])
	if s == nil {
		t.Fatal(probs)
	}
	if slugs(s) != "noon noon tomorrow now" || len(s.Assets) != 1 || len(s.Posts[0].Translations) != 2 {
		t.Errorf("as of December: %s, %d assets", slugs(s), len(s.Assets))
	}
	// A second before, it is not there; and what was built first did not change.
	if s, _ := l.At(l.Coming()[1].Add(-time.Second)); s != nil {
		t.Error("the post of noon is there before noon")
	}
	if s, _ := l.At(now); s == nil || slugs(s) != "now" || len(s.Assets) != 0 {
		t.Error("the site of today changed by looking at others")
	}

	// Time passes for a loader that lives on.
	l.SetNow(at("2026-12-01T12:00:00Z"))
	if s, probs, _ := l.Load(context.Background()); s == nil || slugs(s) != "noon noon tomorrow now" || len(l.Coming()) != 1 {
		t.Errorf("in December: %v, coming %v", probs, l.Coming())
	}
	all := open(t, folder(t, comingFolder), Options{Site: site, Now: now, Drafts: true})
	if s, probs, _ := all.Load(context.Background()); s == nil || len(s.Documents()) != 7 || len(all.Coming()) != 0 {
		t.Errorf("with drafts: %v, coming %v", probs, all.Coming())
	}
}

// What one moment is told of, another is not.
func TestAtTwice(t *testing.T) {
	var archive strings.Builder
	for i := range 5 {
		fmt.Fprintf(&archive, "-- posts/m%d.md --\n---\ndate: 2026-01-01\nodd: 1\n---\n# M\n", i)
	}
	for i := range 2 {
		fmt.Fprintf(&archive, "-- posts/a%d.md --\n---\ndate: 2026-12-01\n---\n# A\n", i)
	}
	now := time.Date(2026, 11, 23, 0, 0, 0, 0, time.UTC)
	l := open(t, folder(t, archive.String()), Options{Site: site, Now: now})
	_, first, err := l.Load(context.Background())
	if err != nil || len(first) != 7 {
		t.Fatalf("%v (%v)", first, err)
	}
	want := first.Error()
	if _, later := l.At(l.Coming()[0]); len(later) != 5 {
		t.Errorf("as of December:\n%v", later)
	}
	if _, again := l.At(now); again.Error() != want || first.Error() != want {
		t.Errorf("at first:\n%s\nthe second time:\n%v", want, again)
	}
}

// What comes after the next MaxComing moments asks for a publish in between.
func TestComingTooMuch(t *testing.T) {
	var archive strings.Builder
	for i := range MaxComing + 2 {
		fmt.Fprintf(&archive, "-- posts/p%d.md --\n---\ndate: 2026-12-%02d\n---\n# P\n", i, i+1)
		fmt.Fprintf(&archive, "-- posts/q%d.md --\n---\ndate: 2026-12-%02d\n---\n# Q\n", i, i+1)
	}
	archive.WriteString("-- posts/a.md --\n---\ndate: 2026-01-01\n---\n# A\n")
	l := open(t, folder(t, archive.String()), Options{Site: site, Now: time.Date(2026, 11, 23, 0, 0, 0, 0, time.UTC)})
	_, probs, err := l.Load(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	if len(l.Coming()) != MaxComing+2 {
		t.Errorf("coming: %v", l.Coming())
	}
	var late []string
	for _, p := range probs.Warnings() {
		late = append(late, p.File)
		if p.Hint == "" {
			t.Errorf("no hint: %v", p)
		}
	}
	if !slices.Equal(late, []string{"posts/p8.md", "posts/p9.md", "posts/q8.md", "posts/q9.md"}) || len(probs) != 2*(MaxComing+2) {
		t.Errorf("warnings for %v of %d problems", late, len(probs))
	}
	if !l.Until().Equal(l.Coming()[0]) {
		t.Errorf("until %v, want the first of %v", l.Until(), l.Coming())
	}
}

func TestInfoIsNoWarning(t *testing.T) {
	var l problem.List
	l.Infof("a.md", 1, "", "fine")
	l.Warnf("a.md", 2, "", "look")
	if l.Err() != nil || len(l.Warnings()) != 1 || l[0].String() != "a.md:1: info: fine" {
		t.Errorf("%v", l)
	}
}
