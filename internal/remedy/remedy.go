// Package remedy is what two small Lambdas do when an alarm goes off: take back
// the last change, if there was one, and otherwise leave it to a person.
//
// There are two scopes, which know nothing of each other:
//
//	Code     one in each region: the renderer's alias goes back to the version
//	         that answered before the last deployment
//	Content  one, in us-east-1: readers get the release before the one that
//	         was just published
//
// # When they act
//
// An alarm says that something is wrong, not what. That the last change did it
// is likely shortly after it, and a guess later on; so a remedy acts within a
// window after a change and never else. It acts once an hour: a second alarm
// after the change was taken back says that the guess was wrong. It never acts
// against a person, or against anything that changed between its look and its
// deed: both deeds are compare-and-swaps from what was looked at.
//
// Whatever it decides, when it has acted or would have liked to, it tells
// people over SNS. With nothing to take back it is silent: the alarm told them.
//
// # Where it is written down
//
// In the release bucket, under remedy/: one object for each remedy, changed by
// compare-and-swap (Journal). What is about to be done is written before it is
// done, so that two invocations at once cannot both do it, and one that was cut
// short is finished by its retry: EventBridge and Lambda deliver an event at
// least once. A parameter of Systems Manager would have no compare-and-swap, and
// the alias's description is CloudFormation's to overwrite.
//
// Which version was good cannot be asked of Lambda, whose list of versions
// holds those that a canary refused too. So the code remedy looks at the alias
// whenever CodeDeploy says that a deployment changed its state, and remembers
// what it pointed at before.
//
// # How events come
//
// By a rule of EventBridge, not by an action of the alarm that names the Lambda.
// The alias waits for the deployment group, which watches the alarms; an alarm
// that named the Lambda, whose role names the alias, would close a circle, which
// CloudFormation refuses when it deploys. A rule names both and nothing names
// it. It also hears of deployments, tries for a day, and costs nothing.
package remedy

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"slices"
	"time"

	"github.com/aws/aws-lambda-go/events"
)

const (
	// CodeWindow is for how long after a deployment its alarms are taken for
	// its fault. A renderer that is wrong shows it when somebody publishes.
	CodeWindow = 6 * time.Hour
	// ContentWindow is the same for a publish: readers come every minute.
	ContentWindow = 30 * time.Minute
	// Pause is how long after an act there is no other.
	Pause = time.Hour
	// stale is the age at which the news of an alarm is history.
	stale = 15 * time.Minute
)

// When the alarms that the remedies hear go off: the content remedy's when so
// many of the last AlarmMinutes had so many 5xx among a hundred answers, the code
// remedy's with the first invocation that fails. Three minutes, because in a
// quiet one a single answer is a hundred percent.
const (
	ContentAlarmPercent = 5
	ContentAlarmMinutes = 3
	AlarmMinutes        = 5
)

// alarmDetailType is EventBridge's name for an alarm that changed
// (https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/cloudwatch-and-eventbridge.html).
const alarmDetailType = "CloudWatch Alarm State Change"

// Alarm is the part of such an event that matters here.
type Alarm struct {
	AlarmName string `json:"alarmName"`
	State     struct {
		Value  string `json:"value"`
		Reason string `json:"reason"`
	} `json:"state"`
}

// alarmOf returns the alarm that an event is about, or nil for one that this
// remedy has nothing to do with: of another alarm, or of one that is over.
func alarmOf(ev events.EventBridgeEvent, ours []string, now time.Time) (*Alarm, error) {
	if ev.Source != "aws.cloudwatch" || ev.DetailType != alarmDetailType {
		return nil, fmt.Errorf("neither an alarm's change of state nor a deployment's: source %q, type %q", ev.Source, ev.DetailType)
	}
	var a Alarm
	if err := json.Unmarshal(ev.Detail, &a); err != nil || a.AlarmName == "" || a.State.Value == "" {
		return nil, fmt.Errorf("event %s says of no alarm how it is: %s", ev.ID, ev.Detail)
	}
	if !slices.Contains(ours, a.AlarmName) || a.State.Value != "ALARM" || now.Sub(ev.Time) > stale {
		return nil, nil
	}
	return &a, nil
}

// Desk is what both remedies work with.
type Desk struct {
	Journal Journal
	Alarms  []string // names of those that it acts on
	Tell    Tell
	Now     func() time.Time
	Log     *slog.Logger
}

// handle has an alarm judged by a remedy, which takes back what was changed, and
// says what came of it.
func (d *Desk) handle(ctx context.Context, ev events.EventBridgeEvent, what string, remedy func(ctx context.Context, event string, alarm *Alarm, now time.Time) (verdict, error)) error {
	now := d.Now()
	alarm, err := alarmOf(ev, d.Alarms, now)
	if err != nil {
		return err
	}
	if alarm == nil {
		d.Log.InfoContext(ctx, "nothing to do", "event", ev.ID)
		return nil
	}
	v, err := remedy(ctx, ev.ID, alarm, now)
	if err != nil {
		return fmt.Errorf("taking back %s because of %s: %w", what, alarm.AlarmName, err)
	}
	return d.conclude(ctx, alarm, v)
}

// Tell tells people.
type Tell func(ctx context.Context, subject, text string) error

// verdict is what came of an event, for the log and for people.
type verdict struct {
	acted bool
	quiet bool // nothing to take back: the log alone
	text  string
}

func left(format string, args ...any) verdict {
	return verdict{text: fmt.Sprintf(format, args...)}
}

func nothing(format string, args ...any) verdict {
	return verdict{quiet: true, text: fmt.Sprintf(format, args...)}
}

// conclude says what came of an alarm, to the log and, if it matters, to people.
func (d *Desk) conclude(ctx context.Context, alarm *Alarm, v verdict) error {
	d.Log.InfoContext(ctx, v.text, "alarm", alarm.AlarmName, "acted", v.acted)
	if v.quiet {
		return nil
	}
	subject := "Not repaired, over to you: " + alarm.AlarmName
	if v.acted {
		subject = "Taken back: " + alarm.AlarmName
	}
	text := v.text + "\n\nThe alarm: " + alarm.State.Reason + "\nWhat to do: docs/runbook.md#remedies"
	if err := d.Tell(ctx, subject, text); err != nil {
		return fmt.Errorf("telling people (%s): %w", v.text, err)
	}
	return nil
}
