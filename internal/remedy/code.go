package remedy

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"time"

	"github.com/aws/aws-lambda-go/events"
)

// ErrMoved is returned by Alias.Point when the alias is not as it was seen.
var ErrMoved = errors.New("the alias was changed meanwhile")

// Alias is the renderer's.
type Alias interface {
	// Get returns the alias as it is.
	Get(ctx context.Context) (Pointer, error)
	// Point makes it point at a version, if it is still as p says; else it
	// returns ErrMoved and changes nothing.
	Point(ctx context.Context, p Pointer, version string) error
}

// Pointer is an alias at one time.
type Pointer struct {
	Version  string
	Revision string // changes with every change
	Shifting bool   // a deployment sends some requests to another version
}

// Code takes a deployment back.
type Code struct {
	Desk
	Alias Alias
}

// Handle handles one event.
func (c *Code) Handle(ctx context.Context, ev events.EventBridgeEvent) error {
	if ev.Source == events.CodeDeployEventSource && ev.DetailType == events.CodeDeployDeploymentEventDetailType {
		if err := c.look(ctx); err != nil {
			return fmt.Errorf("looking at the alias after a deployment changed its state: %w", err)
		}
		return nil
	}
	return c.handle(ctx, ev, "a deployment", c.remedy)
}

// look remembers what the alias points at, and what it pointed at before. It
// does not matter which event it was, whether one came twice, or late, or not
// at all: what is seen is true now. Until a canary is over the alias still
// points at the old version, so a deployment that was refused leaves no trace.
// Versions are numbered upwards: one that was left for an older one, by this
// remedy or by a person, is not one to go back to.
func (c *Code) look(ctx context.Context) error {
	p, err := c.Alias.Get(ctx)
	if err != nil {
		return err
	}
	e, etag, err := c.Journal.read(ctx)
	if err != nil || e.Live == p.Version {
		return err
	}
	e.Good, e.Live, e.Since = e.Live, p.Version, c.Now()
	if number(e.Good) > number(e.Live) {
		e.Good = ""
	}
	if _, err := c.Journal.write(ctx, e, etag); err != nil {
		return err
	}
	c.Log.InfoContext(ctx, "another version answers", "live", e.Live, "before", e.Good)
	return nil
}

func number(version string) int {
	n, _ := strconv.Atoi(version) // "" and $LATEST are before all
	return n
}

func (c *Code) remedy(ctx context.Context, event string, alarm *Alarm, now time.Time) (verdict, error) {
	p, err := c.Alias.Get(ctx)
	if err != nil {
		return verdict{}, err
	}
	e, etag, err := c.Journal.read(ctx)
	if err != nil {
		return verdict{}, err
	}
	switch {
	case e.again(event) && p.Version == e.Act.To:
		return c.done(ctx, e, etag)
	case p.Shifting:
		return nothing("a deployment is under way, and watches the same alarms itself"), nil
	case e.Live == "":
		return nothing("no deployment has been seen yet"), nil
	case p.Version != e.Live:
		return left("The alias points at version %s, where no deployment left it (%s): somebody is at work. It stays.", p.Version, e.Live), nil
	case now.Sub(e.Since) > CodeWindow:
		return nothing("version %s has answered since %s", p.Version, e.Since.Format(time.RFC3339)), nil
	case e.tooSoon(event, now):
		return left("Version %s is %s old, but a version was taken back at %s (%s to %s) already, and there is one act an hour.",
			p.Version, age(now, e.Since), e.Act.At.Format(time.RFC3339), e.Act.From, e.Act.To), nil
	case e.Good == "":
		return left("No version is known to have answered before version %s.", p.Version), nil
	}
	e.Act = &Act{Event: event, Alarm: alarm.AlarmName, At: now, From: p.Version, To: e.Good}
	if etag, err = c.Journal.write(ctx, e, etag); err != nil {
		return verdict{}, err
	}
	err = c.Alias.Point(ctx, p, e.Good)
	if errors.Is(err, ErrMoved) {
		return left("The alias was changed just now, by somebody else. Nothing was done."), nil
	}
	if err != nil {
		return verdict{}, err
	}
	return c.done(ctx, e, etag)
}

// done writes down that the act is done, and that nothing before it is known to
// be good: what one goes back to is not gone back from.
func (c *Code) done(ctx context.Context, e entry, etag string) (verdict, error) {
	if !e.Act.Done {
		e.Act.Done = true
		e.Live, e.Since, e.Good = e.Act.To, c.Now(), ""
		if _, err := c.Journal.write(ctx, e, etag); err != nil {
			return verdict{}, err
		}
	}
	return verdict{acted: true, text: fmt.Sprintf(
		"The renderer of this region is version %s again instead of %s, which is kept.\n\n"+
			"A publish needs one version in all regions: until it is refused no longer, deploy a mended renderer, "+
			"or point the other region's alias back too. The next deployment moves the alias to its own version.", e.Act.To, e.Act.From)}, nil
}
