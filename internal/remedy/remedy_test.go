package remedy

import (
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-lambda-go/events"

	"github.com/victorleungtw/blog/internal/store"
	"github.com/victorleungtw/blog/internal/store/dir"
)

const alarmName = "blog-prod-edge-EdgeErrorsAlarm-1A2B3C"

// recorded is an event as AWS documents it.
func recorded(t *testing.T, name string) events.EventBridgeEvent {
	t.Helper()
	data, err := os.ReadFile(filepath.Join("testdata", name+".json"))
	if err != nil {
		t.Fatal(err)
	}
	var ev events.EventBridgeEvent
	if name == "action" { // its time has another form, so Lambda's library refuses it
		data = []byte(strings.Replace(string(data), ".989+0000", "Z", 1))
	}
	if err := json.Unmarshal(data, &ev); err != nil {
		t.Fatal(err)
	}
	return ev
}

// alarmAt is the recorded alarm, going off at another time.
func alarmAt(t *testing.T, id string, at time.Time) events.EventBridgeEvent {
	ev := recorded(t, "alarm")
	ev.ID, ev.Time = id, at
	return ev
}

// people are who is told.
type people struct {
	mails []string // subjects
	texts []string
	deaf  bool
}

func (p *people) tell(_ context.Context, subject, text string) error {
	if p.deaf {
		return errors.New("the topic is gone")
	}
	p.mails, p.texts = append(p.mails, subject), append(p.texts, text)
	return nil
}

// heard returns what was told since it was last asked, one line each.
func (p *people) heard() string {
	var out []string
	for i, m := range p.mails {
		first, _, _ := strings.Cut(p.texts[i], "\n")
		verb, _, _ := strings.Cut(m, ":")
		out = append(out, verb+": "+first)
	}
	p.mails, p.texts = nil, nil
	return strings.Join(out, " | ")
}

func bucket(t *testing.T) store.Bucket {
	t.Helper()
	b, err := dir.Open(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	return b
}

var quiet = slog.New(slog.DiscardHandler)

func TestAlarmOf(t *testing.T) {
	for name, c := range map[string]struct {
		event string
		ours  string
		late  time.Duration
		fires bool
		err   string
	}{
		"ours":          {event: "alarm", ours: alarmName, fires: true},
		"another":       {event: "alarm", ours: "blog-prod-edge-EdgeFunctionErrorsAlarm"},
		"over":          {event: "ok", ours: alarmName},
		"history":       {event: "alarm", ours: alarmName, late: 16 * time.Minute},
		"not by a rule": {event: "action", ours: alarmName, err: "neither an alarm's change"},
		"a deployment":  {event: "deployment", ours: alarmName, err: "neither an alarm's change"},
	} {
		ev := recorded(t, c.event)
		a, err := alarmOf(ev, []string{"x", c.ours}, ev.Time.Add(c.late))
		if (a != nil) != c.fires || (err != nil) != (c.err != "") || err != nil && !strings.Contains(err.Error(), c.err) {
			t.Errorf("%s: %+v, %v", name, a, err)
		}
		if a != nil && !strings.Contains(a.State.Reason, "12.5") {
			t.Errorf("%s: %+v", name, a)
		}
	}
	ev := recorded(t, "alarm")
	ev.Detail = []byte(`{"alarmName":"x"}`)
	if _, err := alarmOf(ev, nil, ev.Time); err == nil {
		t.Error("an alarm without a state was taken")
	}
}

// Two invocations at once cannot both write down that they act.
func TestJournal(t *testing.T) {
	j := Journal{bucket(t), "remedy/x.json"}
	ctx := t.Context()
	e, first, err := j.read(ctx)
	if err != nil || first != "" || e.Act != nil {
		t.Fatalf("%+v %q %v", e, first, err)
	}
	at := time.Date(2026, 11, 24, 12, 0, 0, 0, time.UTC)
	e.Act = &Act{Event: "a", At: at, From: "2", To: "1"}
	if _, err := j.write(ctx, e, first); err != nil {
		t.Fatal(err)
	}
	if _, err := j.write(ctx, e, first); !errors.Is(err, errBusy) {
		t.Errorf("two wrote the first entry: %v", err)
	}
	e, second, err := j.read(ctx)
	if err != nil || !e.again("a") || e.again("b") {
		t.Fatalf("%+v %v", e, err)
	}
	for _, c := range []struct {
		event string
		after time.Duration
		want  bool
	}{{"a", 0, false}, {"b", 0, true}, {"b", time.Hour - 1, true}, {"b", time.Hour, false}} {
		if got := e.tooSoon(c.event, at.Add(c.after)); got != c.want {
			t.Errorf("event %s after %s: %v", c.event, c.after, got)
		}
	}
	e.Act.Done = true
	if _, err := j.write(ctx, e, second); err != nil {
		t.Fatal(err)
	}
	e.Act = &Act{Event: "b"}
	if _, err := j.write(ctx, e, second); !errors.Is(err, errBusy) {
		t.Errorf("two wrote over the same entry: %v", err)
	}
}
