package remedy

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"time"

	"github.com/aws/aws-lambda-go/events"

	"github.com/victorleungtw/blog/internal/release"
)

// Content takes a release back.
type Content struct {
	Desk
	Publisher *release.Publisher // as blog rollback has it
}

// Handle handles one event.
func (c *Content) Handle(ctx context.Context, ev events.EventBridgeEvent) error {
	return c.handle(ctx, ev, "a release", c.remedy)
}

func (c *Content) remedy(ctx context.Context, event string, alarm *Alarm, now time.Time) (verdict, error) {
	shown, err := c.Publisher.Shown(ctx)
	if err != nil {
		return verdict{}, err
	}
	e, etag, err := c.Journal.read(ctx)
	if err != nil {
		return verdict{}, err
	}
	n := strconv.Itoa(shown.N)
	switch {
	case e.again(event) && shown.Back && n == e.Act.To:
		// It was done, and whoever did it could not say so any more. A release
		// that is gone back to under a new number is not recognized, and told
		// of as a person's.
		return c.done(ctx, e, etag)
	case shown.N == 0:
		return nothing("nothing has been published yet"), nil
	case now.Sub(shown.Since) > ContentWindow:
		return nothing("release %d has been current since %s", shown.N, shown.Since.Format(time.RFC3339)), nil
	case shown.Back:
		return left("Release %d is one that somebody went back to at %s. It stays.", shown.N, shown.Since.Format(time.RFC3339)), nil
	case e.tooSoon(event, now):
		return left("Release %d is %s old, but a release was taken back at %s (%s to %s) already, and there is one act an hour.",
			shown.N, age(now, shown.Since), e.Act.At.Format(time.RFC3339), e.Act.From, e.Act.To), nil
	case shown.Before == 0:
		return left("Release %d is the first. There is nothing before it.", shown.N), nil
	}
	e.Act = &Act{Event: event, Alarm: alarm.AlarmName, At: now, From: n, To: strconv.Itoa(shown.Before)}
	if etag, err = c.Journal.write(ctx, e, etag); err != nil {
		return verdict{}, err
	}
	_, err = c.Publisher.GoBack(ctx, shown.N, shown.Before)
	if errors.Is(err, release.ErrMoved) || errors.Is(err, release.ErrRace) {
		return left("Release %d is not current any more: somebody changed that just now. Nothing was done.", shown.N), nil
	}
	if err != nil && !errors.Is(err, release.ErrNothing) {
		return verdict{}, err
	}
	return c.done(ctx, e, etag)
}

// done writes down that the act is done. Should that fail, the retry finds it
// done.
func (c *Content) done(ctx context.Context, e entry, etag string) (verdict, error) {
	if !e.Act.Done {
		e.Act.Done = true
		if _, err := c.Journal.write(ctx, e, etag); err != nil {
			return verdict{}, err
		}
	}
	return verdict{acted: true, text: fmt.Sprintf(
		"Release %s is current again instead of %s, which is kept and can be looked at.\n\n"+
			"The next publish brings its content back. Mend it first, or stop the workflow that publishes.", e.Act.To, e.Act.From)}, nil
}

func age(now, since time.Time) string { return now.Sub(since).Round(time.Second).String() }
