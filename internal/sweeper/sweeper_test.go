package sweeper

import (
	"bytes"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/victorleungtw/blog/internal/names"
)

var (
	now = time.Date(2026, 11, 24, 12, 0, 0, 0, time.UTC)
	old = now.AddDate(0, 0, -8)
)

const (
	sg = "ap-southeast-1"
	us = "us-east-1"
)

// trial is an environment of a blog as it is deployed: eight days old, to be
// kept for seven.
func trial(blog, env string) []*fakeStack {
	n := blog + "-" + env + "-"
	tags := map[string]string{names.TagBlog: blog, names.TagEnv: env, names.TagTrialDays: "7"}
	make := func(region, part string, imports ...string) *fakeStack {
		own := map[string]string{}
		for k, v := range tags {
			own[k] = v
		}
		for i := range imports {
			imports[i] = n + imports[i]
		}
		return &fakeStack{region: region, name: n + part, tags: own, status: "CREATE_COMPLETE", created: old, imports: imports}
	}
	return []*fakeStack{
		make(us, "global"), make(sg, "content-"+sg), make(sg, "render-"+sg),
		make(us, "edge", "global"), make(us, "janitor", "global"), make(us, "ops", "global"),
	}
}

func newSweeper(c *clouds) (*Sweeper, *bytes.Buffer) {
	log := &bytes.Buffer{}
	return &Sweeper{
		Blog: "blog", Keep: []string{"staging"}, Regions: map[string]API{us: c.api(us), sg: c.api(sg)},
		Now: func() time.Time { return now }, Log: slog.New(slog.NewTextHandler(log, nil)),
	}, log
}

// An expired trial goes, wave after wave, and nothing else does.
func TestSweep(t *testing.T) {
	stacks := trial("blog", "dev")
	stacks = append(stacks, trial("other", "dev")...)
	c := newClouds(t, append(stacks, &fakeStack{region: us, name: "CDKToolkit", status: "CREATE_COMPLETE", created: old})...)
	s, _ := newSweeper(c)
	for _, want := range []string{
		"blog-dev-janitor blog-dev-ops", "blog-dev-edge", "blog-dev-render-" + sg, "blog-dev-content-" + sg, "blog-dev-global", "",
	} {
		if err := s.Sweep(t.Context()); err != nil {
			t.Fatal(err)
		}
		if got := c.took(); got != want {
			t.Fatalf("deletes %q, want %q", got, want)
		}
		// Before it is gone nothing else is begun, and it is not asked for twice.
		if err := s.Sweep(t.Context()); err != nil {
			t.Fatal(err)
		}
		if got := c.took(); got != "" {
			t.Errorf("meanwhile deletes %q", got)
		}
		c.pass()
	}
	want := "CDKToolkit other-dev-content-" + sg + " other-dev-edge other-dev-global other-dev-janitor other-dev-ops other-dev-render-" + sg
	if got := c.left(); got != want {
		t.Errorf("left: %s", got)
	}
}

// What keeps a trial that would be due, whichever stack it concerns.
func TestKept(t *testing.T) {
	for name, c := range map[string]struct {
		change func(*fakeStack)
		why    string
	}{
		"deployed since":       {func(s *fakeStack) { s.updated = now.AddDate(0, 0, -6) }, "young: until 2026-11-25T12:00:00Z"},
		"made since":           {func(s *fakeStack) { s.created = now.AddDate(0, 0, -6) }, "young"},
		"not quite":            {func(s *fakeStack) { s.updated = now.AddDate(0, 0, -7).Add(time.Second) }, "young"},
		"a longer life":        {func(s *fakeStack) { s.tags[names.TagTrialDays] = "30" }, "young"},
		"protected":            {func(s *fakeStack) { s.protected = true }, "kept: termination protection"},
		"no days":              {func(s *fakeStack) { delete(s.tags, names.TagTrialDays) }, "kept: no days"},
		"days are no number":   {func(s *fakeStack) { s.tags[names.TagTrialDays] = "soon" }, "kept: no days"},
		"days are negative":    {func(s *fakeStack) { s.tags[names.TagTrialDays] = "-7" }, "kept: no days"},
		"deployed just now":    {func(s *fakeStack) { s.status = "UPDATE_IN_PROGRESS" }, "later"},
		"rolled back just now": {func(s *fakeStack) { s.status = "UPDATE_ROLLBACK_IN_PROGRESS" }, "later"},
	} {
		for i := range trial("blog", "dev") {
			stacks := trial("blog", "dev")
			c.change(stacks[i])
			cf := newClouds(t, stacks...)
			s, log := newSweeper(cf)
			if err := s.Sweep(t.Context()); err != nil {
				t.Errorf("%s: %v", name, err)
			}
			if got := cf.took(); got != "" {
				t.Errorf("%s (%s): deletes %s", name, stacks[i].name, got)
			}
			if !strings.Contains(log.String(), c.why) {
				t.Errorf("%s: the log does not say why: %s", name, log)
			}
		}
	}
}

// What is no trial is not one by its tags alone, nor by its name alone.
func TestNoTrial(t *testing.T) {
	retag := func(stacks []*fakeStack, key, value string) []*fakeStack {
		for _, s := range stacks {
			s.tags[key] = value
		}
		return stacks
	}
	for name, stacks := range map[string][]*fakeStack{
		"prod":                       trial("blog", "prod"),
		"kept":                       trial("blog", "staging"),
		"named prod, tagged dev":     retag(trial("blog", "prod"), names.TagEnv, "dev"),
		"named dev, tagged prod":     retag(trial("blog", "dev"), names.TagEnv, "prod"),
		"named dev, tagged another":  retag(trial("blog", "dev"), names.TagEnv, "dev2"),
		"another blog's":             trial("blog2", "dev"),
		"named ours, tagged another": retag(trial("blog", "dev"), names.TagBlog, "blog2"),
		"no environment":             retag(trial("blog", "dev"), names.TagEnv, ""),
	} {
		c := newClouds(t, stacks...)
		s, _ := newSweeper(c)
		for range 6 {
			if err := s.Sweep(t.Context()); err != nil {
				t.Errorf("%s: %v", name, err)
			}
			c.pass()
		}
		if got := c.took(); got != "" {
			t.Errorf("%s: deletes %s", name, got)
		}
	}
}

// A deployment between two waves stops the deletion.
func TestDeployedMeanwhile(t *testing.T) {
	c := newClouds(t, trial("blog", "dev")...)
	s, _ := newSweeper(c)
	if err := s.Sweep(t.Context()); err != nil {
		t.Fatal(err)
	}
	c.pass()
	c.took()
	c.stacks = append(c.stacks, &fakeStack{region: us, name: "blog-dev-ops", status: "CREATE_COMPLETE", created: now.Add(-time.Minute),
		tags: map[string]string{names.TagBlog: "blog", names.TagEnv: "dev", names.TagTrialDays: "7"}})
	if err := s.Sweep(t.Context()); err != nil || c.took() != "" {
		t.Errorf("it went on: %v", err)
	}
}

// A stack that cannot be deleted is an error of each run and stops what depends
// on its going.
func TestStuck(t *testing.T) {
	stacks := trial("blog", "dev")
	stacks[2].stuck = true
	c := newClouds(t, stacks...)
	s, _ := newSweeper(c)
	for range 4 {
		if err := s.Sweep(t.Context()); err != nil {
			if !strings.Contains(err.Error(), "blog-dev-render-"+sg+" in "+sg+" could not be deleted before") {
				t.Fatal(err)
			}
		}
		c.pass()
	}
	c.took()
	if err := s.Sweep(t.Context()); err == nil {
		t.Error("nobody is told")
	}
	if got := c.took(); got != "blog-dev-render-"+sg {
		t.Errorf("deletes %q", got)
	}
}

// With a region that cannot be asked, an environment would be taken for less
// than it is.
func TestRegionAway(t *testing.T) {
	for _, region := range []string{us, sg} {
		c := newClouds(t, trial("blog", "dev")...)
		c.denied[region] = true
		s, _ := newSweeper(c)
		err := s.Sweep(t.Context())
		if err == nil || !strings.Contains(err.Error(), region) || !strings.Contains(err.Error(), "AccessDenied") {
			t.Errorf("%s: %v", region, err)
		}
		if got := c.took(); got != "" {
			t.Errorf("%s: deletes %s", region, got)
		}
	}
}
