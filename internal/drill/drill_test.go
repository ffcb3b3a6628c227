package drill

import (
	"flag"
	"fmt"
	"os"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/victorleungtw/blog/internal/edge"
)

var (
	reads       = flag.Int("reads", 240, "how many pages are read while something is broken")
	seed        = flag.Uint64("seed", 1, "decides who reads what")
	assemblyDir = flag.String("assembly", "", "drill the edge that cdk synth wrote to this folder")
)

func TestMain(m *testing.M) {
	flag.Parse()
	code := m.Run()
	if testing.Verbose() {
		fmt.Print(report())
	}
	os.RemoveAll(place)
	os.Exit(code)
}

// drill is one thing that goes wrong, and what is promised of it.
type drill struct {
	name    string
	breaks  func(w *world)
	promise promise
}

// promise is what a reader may notice.
type promise struct {
	text    string
	failed  bool          // pages that no cache has may fail
	dynamic bool          // dynamic requests may fail
	moves   bool          // not those that Route 53 moves, with a domain
	slowest time.Duration // the longest wait for a page
}

// What the distribution's settings come to: two attempts to connect of two
// seconds each, three seconds for a bucket's answer, two attempts of ten at a
// renderer's.
const (
	connecting = 4 * time.Second
	reading    = 3 * time.Second
	answering  = 20 * time.Second
)

var drills = []drill{
	{"primary region dead, connections refused", func(w *world) {
		w.broken[primary] = faults{bucket: refuses, api: refuses}
	}, promise{text: "no page fails or waits", dynamic: true, moves: true}},
	{"primary region dead, packets lost", func(w *world) {
		w.broken[primary] = faults{bucket: silent, api: silent}
	}, promise{text: "no page fails", dynamic: true, moves: true, slowest: connecting}},
	{"primary region slow, 10 s", func(w *world) {
		w.broken[primary] = faults{bucket: slow, api: slow}
	}, promise{text: "no page fails", dynamic: true, moves: true, slowest: reading}},
	{"standby region dead", func(w *world) {
		w.broken[standby] = faults{bucket: refuses, api: refuses}
	}, promise{text: "nobody notices"}},
	{"both renderers answer 500", func(w *world) {
		w.broken[primary].function, w.broken[standby].function = fails, fails
	}, promise{text: "no page fails or waits", dynamic: true}},
	{"both renderers panic", func(w *world) {
		w.broken[primary].function, w.broken[standby].function = panics, panics
	}, promise{text: "no page fails or waits", dynamic: true}},
	{"both renderers hang", func(w *world) {
		w.broken[primary].function, w.broken[standby].function = hangs, hangs
	}, promise{text: "no page fails or waits", dynamic: true}},
	{"both regions dead", func(w *world) {
		for i := range w.broken {
			w.broken[i] = faults{bucket: refuses, api: refuses}
		}
	}, promise{text: "what caches have is served", failed: true, dynamic: true}},
	{"primary dead, standby's renderer hangs", func(w *world) {
		w.broken[primary] = faults{bucket: silent, api: silent}
		w.broken[standby] = faults{function: hangs}
	}, promise{text: "what caches have is served", failed: true, dynamic: true, slowest: connecting + answering}},
}

// tally is what was seen in one part of a drill.
type tally struct {
	reads, failed int
	from          map[string]int
	slowest       time.Duration
	last          time.Time // when the last failed read had ended
}

func (c *tally) add(a answer, ok bool) {
	c.reads++
	if !ok {
		c.failed++
		c.last = time.Now()
	} else {
		c.from[a.from]++
	}
	c.slowest = max(c.slowest, a.took)
}

func newTally() *tally { return &tally{from: map[string]int{}} }

// result is one drill's row.
type result struct {
	drill                  drill
	before, during, after  *tally
	dynamic, dynamicHealed *tally
	outage                 time.Duration // from the break to its end
	recovery               time.Duration // from its end to the end of the last failed read
	detection              time.Duration // of Route 53
	primaryAway            bool          // its bucket
}

var (
	mu      sync.Mutex
	results []result
)

func TestDrills(t *testing.T) {
	for _, d := range drills {
		t.Run(strings.ReplaceAll(d.name, " ", "_"), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				r := run(t, newWorld(t), d)
				check(t, r)
				t.Log(r.row())
				mu.Lock()
				defer mu.Unlock()
				results = append(results, r)
			})
		})
	}
}

// run breaks something and mends it again. Before it and after it a third as
// many pages are read.
func run(t *testing.T, w *world, d drill) result {
	r := result{drill: d, before: newTally(), during: newTally(), after: newTally(), dynamic: newTally(), dynamicHealed: newTally()}
	read := func(n int, pages, dynamic *tally) {
		for i := range n {
			pages.add(w.page())
			if i%20 == 0 {
				dynamic.add(w.dynamic())
			}
			time.Sleep(pace)
		}
	}
	read(*reads/3, r.before, newTally())
	broke := time.Now()
	d.breaks(w)
	r.detection, r.primaryAway = w.detection, w.broken[primary].bucket != nil
	read(*reads, r.during, r.dynamic)
	w.broken = [2]faults{}
	healed := time.Now()
	r.outage = healed.Sub(broke)
	read(*reads/3, r.after, r.dynamicHealed)
	for _, c := range []*tally{r.after, r.dynamicHealed} {
		if c.failed > 0 {
			r.recovery = max(r.recovery, c.last.Sub(healed))
		}
	}
	return r
}

// check holds what was seen against what is promised.
func check(t *testing.T, r result) {
	t.Helper()
	p := r.drill.promise
	if r.before.failed+r.after.failed+r.dynamicHealed.failed > 0 || r.recovery > 0 {
		t.Errorf("failed: %d before, %d after, %d dynamic after", r.before.failed, r.after.failed, r.dynamicHealed.failed)
	}
	if r.during.failed > 0 != p.failed {
		t.Errorf("%d of %d pages failed", r.during.failed, r.during.reads)
	}
	if r.during.slowest != p.slowest {
		t.Errorf("the slowest page took %v, want %v", r.during.slowest, p.slowest)
	}
	if r.dynamic.failed > 0 != (p.dynamic && !(p.moves && r.detection > 0)) {
		t.Errorf("%d of %d dynamic requests failed", r.dynamic.failed, r.dynamic.reads)
	}
	// While the primary's bucket is away nobody but a cache and the standby
	// answers, and before and after it the primary does.
	for _, c := range []*tally{r.before, r.after} {
		if c.from[edge.OriginStore] == 0 || c.from[edge.OriginFallback] > 0 {
			t.Errorf("answers came from %v", c.from)
		}
	}
	if c := r.during.from; c["cache"] == 0 || (c[edge.OriginStore] > 0) == r.primaryAway || c[edge.OriginFallback] > 0 && !r.primaryAway {
		t.Errorf("meanwhile answers came from %v", c)
	}
}
