package drill

import (
	"context"
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-lambda-go/events"

	"github.com/victorleungtw/blog/internal/names"
	"github.com/victorleungtw/blog/internal/remedy"
	"github.com/victorleungtw/blog/internal/store"
	"github.com/victorleungtw/blog/internal/store/dir"
)

// alarm is a CloudWatch alarm on one metric with a datapoint a minute: it goes
// off at the end of a minute when enough of the last ones breached, and minutes
// without data did not. What AWS takes to deliver the metric is not in it.
type alarm struct {
	name    string
	minutes int // how many of remedy.AlarmMinutes must breach
	breach  func(bad, all int) bool

	bad, all int
	last     []bool
	minute   time.Time
}

func (a *alarm) count(bad bool) {
	a.all++
	if bad {
		a.bad++
	}
}

// on is the alarm's state, which changes at the end of a minute.
func (a *alarm) on() bool {
	if time.Since(a.minute) >= time.Minute {
		a.minute = time.Now()
		a.last = append(a.last, a.all > 0 && a.breach(a.bad, a.all))
		a.last = a.last[max(0, len(a.last)-remedy.AlarmMinutes):]
		a.bad, a.all = 0, 0
	}
	n := 0
	for _, breached := range a.last {
		if breached {
			n++
		}
	}
	return n >= a.minutes
}

// event is what EventBridge says of it.
func (a *alarm) event() events.EventBridgeEvent {
	detail, err := json.Marshal(map[string]any{"alarmName": a.name, "state": map[string]string{"value": "ALARM", "reason": "Threshold Crossed"}})
	if err != nil {
		panic(err)
	}
	return events.EventBridgeEvent{ID: a.name + time.Now().String(), Source: "aws.cloudwatch", DetailType: "CloudWatch Alarm State Change", Time: time.Now(), Detail: detail}
}

// told are the subjects of what people were told.
type told []string

func (t *told) tell(_ context.Context, subject, _ string) error {
	*t = append(*t, subject)
	return nil
}

// taken is a drill's row: a bad change, and how it was taken back.
type taken struct {
	name     string
	requests int // from the change to the act
	failed   int
	within   time.Duration // from the first failure to the end of the last
	promised time.Duration
}

var takenBack []taken

// rate is how often somebody asks in these drills.
const rate = 100 * time.Millisecond

// waitFor asks until a quarter of an hour after the change, and tells the remedy
// of its alarm whenever that goes off.
func waitFor(t *testing.T, r *taken, a *alarm, ask func() bool, act func(events.EventBridgeEvent) error) {
	t.Helper()
	var first, last time.Time
	acted, on := 0, false
	for begin := time.Now(); time.Since(begin) < 15*time.Minute; time.Sleep(rate) {
		// An event is a change of state, so one that stays on is told of once.
		was := on
		if on = a.on(); on && !was {
			acted++
			if err := act(a.event()); err != nil {
				t.Fatal(err)
			}
		}
		ok := ask()
		a.count(!ok)
		if acted == 0 {
			r.requests++
		}
		if !ok {
			r.failed++
			if first.IsZero() {
				first = time.Now()
			}
			last = time.Now()
		}
	}
	r.within = last.Sub(first).Round(time.Second)
	if acted != 1 {
		t.Errorf("the alarm went off %d times, want once", acted)
	}
	if r.failed == 0 || r.within > r.promised {
		t.Errorf("%d failed, the last %v after the first; promised are %v", r.failed, r.within, r.promised)
	}
	mu.Lock()
	defer mu.Unlock()
	takenBack = append(takenBack, *r)
}

// A release whose new pages are in no bucket any more, and that no renderer can
// make: readers are answered 5xx until the release before it is back.
func TestBadRelease(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		folder := t.TempDir()
		if err := publish(t.Context(), folder, "good"); err != nil {
			t.Fatal(err)
		}
		w := open(t, folder)
		before := pagesOf(t, w)
		time.Sleep(time.Hour)
		if err := publish(t.Context(), folder, "bad"); err != nil {
			t.Fatal(err)
		}
		for _, r := range w.cloud.Regions {
			janitor := r.Bucket.(store.Janitor)
			var lost []string
			for key, err := range janitor.List(t.Context(), "page/") {
				if err != nil {
					t.Fatal(err)
				}
				if digest, _, _ := strings.Cut(strings.TrimPrefix(key, "page/"), "."); !before[digest] {
					lost = append(lost, key)
				}
			}
			if len(lost) == 0 {
				t.Fatal("the second release has no pages of its own")
			}
			if err := janitor.Delete(t.Context(), lost); err != nil {
				t.Fatal(err)
			}
		}
		for i := range w.broken {
			w.broken[i].function = fails
		}
		var people told
		c := &remedy.Content{Publisher: w.publisher(), Desk: remedy.Desk{
			Journal: remedy.Journal{Bucket: w.cloud.Regions[primary].Bucket, Key: names.ContentJournal},
			Alarms:  []string{"EdgeErrors"}, Tell: people.tell, Now: time.Now, Log: quiet,
		}}
		a := &alarm{name: "EdgeErrors", minutes: remedy.ContentAlarmMinutes, minute: time.Now(),
			breach: func(bad, all int) bool { return 100*bad >= remedy.ContentAlarmPercent*all }}
		r := &taken{name: "a bad release, content remedy", promised: (remedy.ContentAlarmMinutes + 1) * time.Minute}
		waitFor(t, r, a, func() bool { _, ok := w.page(); return ok }, func(ev events.EventBridgeEvent) error { return c.Handle(t.Context(), ev) })
		if len(people) != 1 || !strings.HasPrefix(people[0], "Taken back") {
			t.Errorf("people were told %q", people)
		}
		if n, _, err := w.publisher().Current(t.Context()); n != 1 || err != nil {
			t.Errorf("release %d is current, want 1 (%v)", n, err)
		}
	})
}

func pagesOf(t *testing.T, w *world) map[string]bool {
	t.Helper()
	_, pages, err := w.publisher().Current(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	digests := map[string]bool{}
	for _, to := range pages {
		digests[to] = true
	}
	return digests
}

// alias is the renderer's, with Lambda's compare-and-swap.
type alias struct{ remedy.Pointer }

func (a *alias) to(version string) {
	n, _ := strconv.Atoi(a.Revision)
	a.Version, a.Revision = version, strconv.Itoa(n+1)
}

func (a *alias) Get(context.Context) (remedy.Pointer, error) { return a.Pointer, nil }

func (a *alias) Point(_ context.Context, seen remedy.Pointer, version string) error {
	if seen.Revision != a.Revision {
		return remedy.ErrMoved
	}
	a.to(version)
	return nil
}

// A version of the renderer that its canary let through, because nobody asked
// for anything in those five minutes, and that panics when somebody does.
func TestBadVersion(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		live := &alias{}
		live.to("1")
		journal, err := dir.Open(t.TempDir())
		if err != nil {
			t.Fatal(err)
		}
		var people told
		c := &remedy.Code{Alias: live, Desk: remedy.Desk{
			Journal: remedy.Journal{Bucket: journal, Key: names.CodeJournal},
			Alarms:  []string{"Errors"}, Tell: people.tell, Now: time.Now, Log: quiet,
		}}
		deployment := func() {
			t.Helper()
			ev := events.EventBridgeEvent{ID: "deployment", Source: events.CodeDeployEventSource, DetailType: events.CodeDeployDeploymentEventDetailType, Time: time.Now()}
			if err := c.Handle(t.Context(), ev); err != nil {
				t.Fatal(err)
			}
		}
		deployment()
		time.Sleep(5 * time.Minute)
		live.to("2")
		deployment()
		a := &alarm{name: "Errors", minutes: 1, minute: time.Now(), breach: func(bad, _ int) bool { return bad > 0 }}
		r := &taken{name: "a bad version of the renderer, code remedy", promised: time.Minute}
		waitFor(t, r, a, func() bool {
			w.broken[primary].function = nil
			if live.Version == "2" {
				w.broken[primary].function = panics
			}
			_, ok := w.dynamic()
			return ok
		}, func(ev events.EventBridgeEvent) error { return c.Handle(t.Context(), ev) })
		if len(people) != 1 || !strings.HasPrefix(people[0], "Taken back") {
			t.Errorf("people were told %q", people)
		}
		if live.Version != "1" {
			t.Errorf("version %s answers, want 1", live.Version)
		}
	})
}

func (r taken) row() string {
	return fmt.Sprintf("| %s | %d | %d | %v | %v |\n", r.name, r.requests, r.failed, r.within, r.promised)
}
