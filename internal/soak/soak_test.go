package soak

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"maps"
	"math/rand/v2"
	"os"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/victorleungtw/blog/internal/faultproxy"
)

var (
	kills    = flag.Int("kills", 6, "how many publishers to kill")
	races    = flag.Int("races", 2, "how many races of 2 to 8 publishers")
	faults   = flag.Int("faults", 1, "how many publishes with faults of every kind")
	outages  = flag.Int("outages", 2, "how many times to take a region away")
	clocks   = flag.Int("clocks", 1, "how many posts to schedule, read with a clock that jumps around their time")
	rate     = flag.Float64("rate", 0.05, "the share of requests that each fault happens to")
	dead     = flag.Duration("dead", time.Second, "for how long a region is away; 1m is what a real one takes")
	seed     = flag.Uint64("seed", 0, "repeats a run; 0 takes a new one")
	first    = flag.Int("first", 0, "the iteration of each kind to begin with")
	readMany = flag.Int("readers", 2, "how many read at once")
)

func TestMain(m *testing.M) {
	flag.Parse()
	if *seed == 0 {
		*seed = uint64(time.Now().UnixNano()) % 1e9
	}
	code := m.Run()
	if file, err := program(); err == nil {
		os.RemoveAll(strings.TrimSuffix(file, "blog.exe"))
	}
	os.Exit(code)
}

// run is one kind of trouble, again and again.
type run struct {
	*world
	t      *testing.T
	base   folder // what is published
	mayErr atomic.Bool
	tally  map[string]int
}

// repeat makes a world with readers and something published, and repeats.
func repeat(t *testing.T, kind string, times, readers int, one func(s *run, r *rand.Rand)) {
	t.Parallel()
	if times == 0 {
		t.Skip("NOT RUN: asked for none")
	}
	s := &run{world: newWorld(t), t: t, tally: map[string]int{}}
	r := rand.New(rand.NewPCG(*seed, 0))
	s.base = firstFolder(r, (minPosts+maxPosts)/2)
	if err := s.start("base", s.base).wait(); err != nil {
		t.Fatal(err)
	}
	stop := s.read(t, r, readers, s.mayErr.Load)
	begun, told := time.Now(), time.Now()
	done := 0
	for i := *first; i < *first+times && !t.Failed(); i++ {
		// Each iteration has its own dice, so that -first can begin with it.
		one(s, rand.New(rand.NewPCG(*seed, uint64(i)+1)))
		done++
		if t.Failed() {
			t.Logf("to repeat: go test ./internal/soak -run %s -%s 1 -first %d -seed %d", t.Name(), kind, i, *seed)
		} else if time.Since(told) > 10*time.Second {
			told = time.Now()
			fmt.Fprintf(os.Stderr, "%s: %d of %d, %s\n", kind, done, times, time.Since(begun).Round(time.Second))
		}
	}
	stop()
	s.finish()
	s.tally[kind] = done
	s.report(kind, time.Since(begun))
}

// settled checks that what is published, everywhere, is a folder, after the
// dust.
func (s *run) settled(what string, f folder) {
	s.t.Helper()
	ctx := context.Background()
	st, err := s.look[0].Status(ctx)
	if err != nil {
		s.t.Errorf("%s: the status: %v", what, err)
		return
	}
	if !st.InStep {
		s.t.Errorf("%s: not in step: %+v", what, st)
	}
	now, err := s.shown(st.Release)
	if err != nil {
		s.t.Errorf("%s: %v", what, err)
		return
	}
	if now.folder.key() != f.key() {
		s.t.Errorf("%s: release %d shows the folder %v, want %v", what, st.Release, now.folder, f)
	}
	for p := range now.at {
		if a := s.get(p); now.is(p, a) != nil {
			s.t.Errorf("%s: release %d: %s: %d: %v", what, st.Release, p, a.status, now.is(p, a))
		}
	}
}

// shown is release n as the primary has it.
func (s *run) shown(n int) (*shown, error) {
	s.readers.mu.Lock()
	defer s.readers.mu.Unlock()
	return s.readRelease(s.look[0], n)
}

// finish checks what must be true of the whole run.
func (s *run) finish() {
	s.trouble(nil)
	for _, n := range s.history.releases() {
		if _, err := s.release(n); err != nil {
			s.t.Error(err)
		}
	}
	rep, err := s.look[0].Repair(context.Background(), true)
	if err != nil {
		s.t.Errorf("looking for what was lost: %v", err)
	} else if !rep.Whole() {
		s.t.Errorf("something was lost: %+v", rep)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	for was, n := range s.swaps {
		s.tally["head values"]++
		if n != 1 {
			s.t.Errorf("%d writers replaced the head %s", n, was)
		}
	}
}

var reports sync.Mutex

// report prints the tally, for people.
func (s *run) report(kind string, took time.Duration) {
	reports.Lock()
	defer reports.Unlock()
	c := &s.readers.count
	fmt.Fprintf(os.Stderr, "\n%s, seed %d, %s\n", kind, *seed, took.Round(100*time.Millisecond))
	line := func(name string, n int) { fmt.Fprintf(os.Stderr, "  %-46s %8d\n", name, n) }
	var names []string
	for name := range s.tally {
		names = append(names, name)
	}
	slices.Sort(names)
	for _, name := range names {
		line(name, s.tally[name])
	}
	line("releases shown", len(s.history.releases()))
	line("reads", c.reads)
	line("reads while the release changed", c.during)
	line("reads without an answer", c.away)
	for f, n := range s.faults() {
		line("faults: "+string(f), n)
	}
}

// finishWell publishes a folder until it ends well, as CI does that is run
// again, and returns how often it took. Nothing else is running.
func (s *run) finishWell(f folder, tries int) int {
	s.t.Helper()
	var err error
	for i := range tries {
		if err = s.start("again", f).wait(); err == nil {
			return i + 1
		}
	}
	s.t.Errorf("the folder could not be published: %v", err)
	return tries
}

// TestKills kills publishers with SIGKILL, at a request or after a time, and
// publishes again. Some of them were rolling back.
func TestKills(t *testing.T) {
	usual := int64(60) // requests of a publish
	repeat(t, "kills", *kills, *readMany, func(s *run, r *rand.Rand) {
		f := s.base.edited(r)
		for {
			before := s.requests.Load()
			at := 1 + r.Int64N(usual+usual/10)
			after := time.Duration(r.IntN(150)) * time.Millisecond
			pause := time.Duration(r.IntN(3000)) * time.Microsecond
			kill := make(chan struct{})
			var once sync.Once
			die := func() { once.Do(func() { close(kill) }) }
			if r.IntN(3) == 0 {
				defer time.AfterFunc(after, die).Stop()
			} else {
				hook := func() {
					if s.requests.Load()-before == at {
						die()
					}
				}
				s.arrived.Store(&hook)
			}
			var p *publisher
			if r.IntN(5) == 0 {
				p = s.command(nil, append([]string{"rollback"}, s.place(0, 1)...)...)
			} else {
				p = s.start("killed", f)
			}
			ended := make(chan error, 1)
			go func() { ended <- p.wait() }()
			var err error
			select {
			case <-kill:
				time.Sleep(pause)
				p.cmd.Process.Kill() // it may have ended
				err = <-ended
			case err = <-ended:
			}
			s.arrived.Store(nil)
			if errors.Is(err, errKilled) {
				if p.folder == nil {
					s.tally["killed while rolling back"]++
				}
				break
			}
			if err != nil && (p.folder != nil || !strings.Contains(err.Error(), "is the first; there is nothing before it")) {
				s.t.Errorf("a publish that was not killed: %v", err)
				return
			}
			if p.folder != nil {
				usual = (usual + s.requests.Load() - before) / 2
				s.base = f
				f = s.base.edited(r) // it was faster than its killer
			}
			s.tally["ended before they were killed"]++
		}
		// The author runs it again, or has other ideas meanwhile.
		if r.IntN(4) == 0 {
			f = f.edited(r)
		}
		s.finishWell(f, 1)
		s.base = f
		s.settled("after a kill", f)
		s.tally["converged"]++
	})
}

// TestRaces has several publishers publish at once.
func TestRaces(t *testing.T) {
	repeat(t, "races", *races, *readMany, func(s *run, r *rand.Rand) {
		n := 2 + min(r.IntN(7), r.IntN(7)) // 2 to 8, more often few
		var ps []*publisher
		edits := map[string]bool{s.base.key(): true}
		for i := range n {
			how := []string{"rebase", "fail"}[r.IntN(2)]
			// Two who remove the same post would publish the same, and the loser's
			// folder be shown as the winner's.
			f := s.base.edited(r)
			for edits[f.key()] {
				f = s.base.edited(r)
			}
			edits[f.key()] = true
			ps = append(ps, s.start(fmt.Sprint("racer", i), f, "--on-conflict", how))
			time.Sleep(time.Duration(r.IntN(20000)) * time.Microsecond)
		}
		numbers := map[int]string{}
		lost := map[string]error{} // what they were told
		for _, p := range ps {
			err := p.wait()
			if err != nil && strings.Contains(err.Error(), "recorded but not yet shown") && strings.Contains(err.Error(), "other publishers") {
				// It won; others wrote the route table each time that it looked.
				s.tally["winners told to run again"]++
				continue
			}
			if err != nil {
				// It was told so, and why.
				if !strings.Contains(err.Error(), "another publish") && !strings.Contains(err.Error(), "other publishers") {
					s.t.Errorf("a loser: %v", err)
				}
				s.tally["losers told"]++
				lost[p.folder.key()] = err
				continue
			}
			s.tally["winners"]++
			if p.result.Attempts > 1 {
				s.tally["winners that lost before"]++
			}
			shown, err := s.shown(p.result.N)
			if err != nil {
				s.t.Error(err)
			} else if shown.folder.key() != p.folder.key() {
				s.t.Errorf("a publisher says that its folder is release %d, which has another", p.result.N)
			}
			if other, twice := numbers[p.result.N]; twice && other != p.folder.key() {
				s.t.Errorf("two publishers say that they are release %d", p.result.N)
			}
			numbers[p.result.N] = p.folder.key()
		}
		s.tally["publishers"] += n
		if len(numbers) == 0 {
			s.t.Error("nobody won")
			return
		}
		for _, n := range s.history.releases() {
			list, err := s.release(n)
			if err != nil {
				s.t.Error(err)
			}
			for _, rel := range list {
				if err := lost[rel.folder.key()]; err != nil {
					s.t.Errorf("release %d was shown, and its publisher was told that it lost: %v", n, err)
				}
			}
		}
		st, err := s.look[0].Status(context.Background())
		if err != nil {
			s.t.Error(err)
			return
		}
		rel, err := s.shown(st.Release)
		if err != nil {
			s.t.Error(err)
			return
		}
		s.base = rel.folder
		s.settled("after a race", s.base)
		s.tally["converged"]++
	})
}

// TestFaults publishes while all that can go wrong does, everywhere.
func TestFaults(t *testing.T) {
	repeat(t, "faults", *faults, *readMany, func(s *run, r *rand.Rand) {
		plan := faultproxy.Every(r.Uint64(), *rate)
		plan.Delay = 100 * time.Millisecond
		f := s.base.edited(r)
		s.trouble(plan)
		for i := range 20 {
			err := s.start("faulty", f).wait()
			if err == nil {
				break
			}
			s.tally["publishes that failed and were run again"]++
			if i == 19 {
				s.t.Errorf("20 tries, and the last: %v", err)
			}
		}
		s.trouble(nil)
		// What a publish left for the next one, that one does.
		s.finishWell(f, 1)
		s.base = f
		s.settled("after faults", f)
		s.tally["converged"]++
	})
}

// TestOutages takes a region away in the middle of publishes.
func TestOutages(t *testing.T) {
	repeat(t, "outages", *outages, *readMany, func(s *run, r *rand.Rand) {
		g := s.regions[r.IntN(2)]
		hang := r.IntN(2) == 0
		f := s.base.edited(r)
		before := s.requests.Load()
		at := r.Int64N(25)
		fall := make(chan struct{})
		var once sync.Once
		hook := func() {
			if s.requests.Load()-before >= at {
				once.Do(func() { close(fall) })
			}
		}
		s.arrived.Store(&hook)
		p := s.start("cut", f)
		ended := make(chan error, 1)
		go func() { ended <- p.wait() }()
		var err error
		over := false
		s.mayErr.Store(true)
		select {
		case <-fall:
			g.down(hang)
		case err = <-ended:
			over = true
			g.down(hang)
		}
		s.arrived.Store(nil)
		s.tally[g.name+" away"]++
		outlasts := !hang && r.IntN(2) == 0
		if outlasts && !over {
			err, over = <-ended, true
		}
		switch {
		case outlasts && g.name == "primary":
			// A person decides that the standby does, and edits on.
			f = f.edited(r)
			content := s.write("taken over", f)
			p := s.command(f, append([]string{"publish", "--json", "--content", content}, s.place(1, 0)...)...)
			if err := p.wait(); err != nil {
				s.t.Errorf("a publish by the standby: %v", err)
			}
			s.tally["taken over by the standby"]++
		case !outlasts:
			time.Sleep(*dead)
		}
		g.up()
		if !over {
			err = <-ended
		}
		if err != nil {
			s.tally["publishes that failed and were run again"]++
			if g.name == "standby" {
				s.t.Errorf("a publish without the standby: %v", err)
			}
		} else if slices.Contains(p.result.Debt, g.name) {
			s.tally["publishes that went on, with a debt"]++
		}
		time.Sleep(10 * time.Millisecond) // readers whose request was under way
		s.mayErr.Store(false)
		s.finishWell(f, 1)
		s.base = f
		s.settled("after an outage", f)
		s.tally["converged"]++
	})
}

// TestClocks schedules posts, and reads with a clock that jumps around the
// moment at which they go live. Half of the time something else is published in
// between. The readers of this test are in it: theirs is the only right clock.
func TestClocks(t *testing.T) {
	repeat(t, "clocks", *clocks, 0, func(s *run, r *rand.Rand) {
		var due time.Time
		var slug string
		var before, f folder
		// A machine that takes longer to publish than the post has time is
		// given more.
		for lead := 3 * time.Second; ; lead *= 2 {
			due = time.Now().Add(lead).Truncate(time.Second)
			slug = fmt.Sprint("s", due.Unix())
			version := newMark(r)
			between := r.IntN(2) == 0
			before, f = s.schedule(s.base, slug, version)
			if between && time.Until(due) > 0 {
				before, f = s.schedule(s.base.edited(r), slug, version)
			}
			if time.Until(due) > 0 {
				if between {
					s.tally["published in between"]++
				}
				break
			}
			// The next folder is without it: an hour earlier it was still to
			// come, whatever the release says that holds it.
			s.tally["published too late"]++
			s.base = before
		}
		for range 300 {
			jump := []time.Duration{0, -time.Second, -time.Millisecond, time.Second, -time.Hour, time.Hour, 24 * time.Hour}[r.IntN(7)]
			clock := due.Add(jump)
			s.clock.Store(&clock)
			path := []string{"/", postPath(slug), s.somePath(r)}[r.IntN(3)]
			a := s.get(path)
			s.clock.Store(nil)
			cur := s.history.now()
			list, err := s.release(cur.At(clock))
			if err != nil {
				s.t.Errorf("at %v of the moment: %v", jump, err)
				return
			}
			if err := list[0].is(path, a); err != nil {
				s.t.Errorf("at %v of the moment: %s: %d: release %d: %v", jump, path, a.status, cur.At(clock), err)
			}
			want := before
			if jump >= 0 {
				want = f
			}
			if list[0].folder.key() != want.key() {
				s.t.Errorf("at %v of the moment release %d shows %v, want %v", jump, cur.At(clock), list[0].folder, want)
			}
			s.tally["reads at a wrong time"]++
			if jump >= 0 {
				s.tally["of these, after the moment"]++
			}
			if s.t.Failed() {
				return
			}
		}
		// No write is needed. The store's clock, by which a publisher and the
		// status go, shows whole seconds, and may show the last one.
		time.Sleep(time.Until(due.Add(2 * time.Second)))
		s.settled("when the post is live", f)
		f = f.edited(r)
		s.finishWell(f, 1)
		s.base = f
		s.settled("after the post went live", f)
		s.tally["converged"]++
	})
}

// schedule publishes a folder with one more post, which is to come, and returns
// what readers see before and after.
func (s *run) schedule(before folder, slug, version string) (_, after folder) {
	s.t.Helper()
	after = maps.Clone(before)
	after[slug] = version
	s.mu.Lock()
	s.folders[before.key()] = before
	s.mu.Unlock()
	if err := s.start("timed", after).wait(); err != nil {
		s.t.Errorf("publishing what is to come: %v", err)
	}
	return before, after
}
