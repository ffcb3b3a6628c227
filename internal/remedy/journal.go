package remedy

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/victorleungtw/blog/internal/store"
)

// Act is something that a remedy did or began to do.
type Act struct {
	Event string    `json:"event"` // EventBridge's id, the same when it comes again
	Alarm string    `json:"alarm"`
	At    time.Time `json:"at"`
	From  string    `json:"from"` // a version or a release
	To    string    `json:"to"`
	Done  bool      `json:"done"`
}

// entry is the journal's object.
type entry struct {
	// Live, Since and Good are the code remedy's: what the alias points at,
	// since when, and what it pointed at before.
	Live  string    `json:"live,omitempty"`
	Since time.Time `json:"since,omitzero"`
	Good  string    `json:"good,omitempty"`

	Act *Act `json:"act,omitempty"` // the last
}

// Journal is where a remedy writes down what it does: one object, which nobody
// else writes.
type Journal struct {
	Bucket store.Bucket
	Key    string
}

// errBusy is returned when another invocation wrote at the same time.
var errBusy = errors.New("another invocation of this remedy is at work")

func (j Journal) read(ctx context.Context) (e entry, etag string, err error) {
	obj, err := j.Bucket.Get(ctx, j.Key)
	if errors.Is(err, store.ErrNotExist) {
		return e, "", nil
	}
	if err != nil {
		return e, "", fmt.Errorf("reading what was done before: %w", err)
	}
	if err := json.Unmarshal(obj.Body, &e); err != nil {
		return e, "", fmt.Errorf("%s: %w", j.Key, err)
	}
	return e, obj.ETag, nil
}

func (j Journal) write(ctx context.Context, e entry, etag string) (string, error) {
	body, err := json.Marshal(e)
	if err != nil {
		return "", err
	}
	next, err := j.Bucket.Replace(ctx, j.Key, store.Meta{ContentType: "application/json", CacheControl: "no-store"}, store.Bytes(body), etag)
	if errors.Is(err, store.ErrStale) || errors.Is(err, store.ErrConflict) {
		return "", errBusy
	}
	if err != nil {
		return "", fmt.Errorf("writing down what is about to be done: %w", err)
	}
	return next, nil
}

// again says whether an event came before, and what was done then.
func (e entry) again(event string) bool { return e.Act != nil && e.Act.Event == event }

// tooSoon says that there was another act within the hour, by another event.
func (e entry) tooSoon(event string, now time.Time) bool {
	return e.Act != nil && e.Act.Event != event && now.Sub(e.Act.At) < Pause
}
