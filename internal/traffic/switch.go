package traffic

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/victorleungtw/blog/internal/names"
	"github.com/victorleungtw/blog/internal/routes"
	"github.com/victorleungtw/blog/internal/store"
)

// maxAttempts is how often a write is tried that somebody else was faster at.
const maxAttempts = 5

// ErrRace is returned when others changed the same thing again and again.
var ErrRace = errors.New("somebody else changes it at the same time; run the command again")

// Region is one region's name and record.
type Region struct {
	Name   string
	Bucket store.Bucket
}

// Switch reads and writes both places.
type Switch struct {
	Primary, Standby Region
	Table            routes.Table
}

// Change is what a person says. Pages and Dynamic are each left as they are
// when nil.
type Change struct {
	Standby *int    // of a hundred viewers, how many have pages from the standby first
	Dynamic *string // ToPrimary, ToStandby, or empty for wherever origin.<domain> leads
}

// State is what both places say.
type State struct {
	Steering Steering
	Regions  []RegionState // the primary first
}

// RegionState is one region's traffic.json, or why it could not be read.
type RegionState struct {
	Name  string
	Order Order
	Err   error
}

// Drained returns the regions that one of the others drains.
func (s State) Drained() []string {
	var out []string
	for i, r := range s.Regions {
		other := s.Regions[len(s.Regions)-1-i]
		if other.Err == nil && other.Order.Drain == r.Name {
			out = append(out, r.Name)
		}
	}
	return out
}

// Problems are what a person should look at, one sentence each.
func (s State) Problems() []string {
	var out []string
	primary, standby := s.Regions[0].Name, s.Regions[1].Name
	for _, r := range s.Regions {
		if r.Err != nil {
			out = append(out, fmt.Sprintf("%s cannot be read: %v", r.Name, r.Err))
		}
	}
	drained := s.Drained()
	if len(drained) == 2 {
		out = append(out, "each region drains the other, so that Route 53 goes by neither and the primary answers")
	}
	if said := s.Steering.Regions; len(said) == 2 && (said[0] != primary || said[1] != standby) {
		out = append(out, fmt.Sprintf("www!t was written when %s was the primary and %s the standby", said[0], said[1]))
	}
	want := map[string]string{ToPrimary: standby, ToStandby: primary}[s.Steering.Dynamic]
	for _, r := range drained {
		if r != want && len(drained) == 1 {
			out = append(out, fmt.Sprintf("%s is drained, which the edge was not told", r))
		}
	}
	if want != "" && len(drained) == 0 && s.Regions[0].Err == nil && s.Regions[1].Err == nil {
		out = append(out, fmt.Sprintf("the edge sends no dynamic requests to %s, which is not drained", want))
	}
	return out
}

// Read returns what both places say. A region that cannot be read is in the
// State; the error is for the route table.
func (w *Switch) Read(ctx context.Context) (State, error) {
	value, _, err := w.Table.Get(ctx, routes.Site.TrafficKey())
	if err != nil {
		return State{}, fmt.Errorf("reading the route table: %w", err)
	}
	s := State{}
	if s.Steering, err = ParseSteering(value); err != nil {
		return State{}, err
	}
	for _, r := range []Region{w.Primary, w.Standby} {
		o, _, err := ReadOrder(ctx, r.Bucket)
		s.Regions = append(s.Regions, RegionState{r.Name, o, err})
	}
	return s, nil
}

// Set makes both places say what change says, the regions first: where requests
// go to must stand before they are sent there. left is a region in which an older
// order could not be looked for or taken back, because it cannot be reached; it
// drains nobody for as long as it is away.
func (w *Switch) Set(ctx context.Context, change Change) (left []error, err error) {
	if change.Dynamic != nil {
		to, from := w.Primary, w.Standby
		if *change.Dynamic == ToStandby {
			to, from = from, to
		}
		drain := from.Name
		if *change.Dynamic == "" {
			drain = "" // and the other region's word falls below
		}
		if err := order(ctx, to.Bucket, drain); err != nil {
			if drain != "" {
				return nil, fmt.Errorf("%s: %w\n    hint: a region that cannot be written is no place to send readers to", to.Name, err)
			}
			left = append(left, fmt.Errorf("%s: %w", to.Name, err))
		}
		if err := order(ctx, from.Bucket, ""); err != nil {
			left = append(left, fmt.Errorf("%s: %w", from.Name, err))
		}
	}
	return left, w.steer(ctx, change)
}

// steer writes www!t.
func (w *Switch) steer(ctx context.Context, change Change) error {
	key := routes.Site.TrafficKey()
	for range maxAttempts {
		// The version is read before the value: a write in between makes the
		// update fail.
		etag, err := w.Table.Version(ctx)
		if err != nil {
			return fmt.Errorf("reading the route table: %w", err)
		}
		value, there, err := w.Table.Get(ctx, key)
		if err != nil {
			return fmt.Errorf("reading the route table: %w", err)
		}
		s, err := ParseSteering(value)
		if err != nil {
			s = Steering{} // damaged, it steers nobody; what is said now replaces it
		}
		if change.Standby != nil {
			s.Standby = *change.Standby
		}
		if change.Dynamic != nil {
			s.Dynamic = *change.Dynamic
		}
		s.Regions = []string{w.Primary.Name, w.Standby.Name}
		puts, deletes := map[string]string{key: s.String()}, []string(nil)
		if s.Standby == 0 && s.Dynamic == "" {
			puts, deletes = nil, []string{key} // nobody's word
		}
		if there && value == s.String() && puts != nil || !there && deletes != nil {
			return nil
		}
		_, err = w.Table.Update(ctx, etag, puts, deletes)
		if err == nil {
			return nil
		}
		if !errors.Is(err, routes.ErrStale) {
			return fmt.Errorf("writing where readers are sent: %w", err)
		}
	}
	return fmt.Errorf("the route table: %w", ErrRace)
}

// ReadOrder reads a region's word. A bucket that has none says nothing, and the
// ETag is empty.
func ReadOrder(ctx context.Context, b store.Bucket) (o Order, etag string, err error) {
	obj, err := b.Get(ctx, names.TrafficKey)
	if errors.Is(err, store.ErrNotExist) {
		return Order{}, "", nil
	} else if err != nil {
		return Order{}, "", err
	}
	o, err = ParseOrder(obj.Body)
	return o, obj.ETag, err
}

// order makes a region's object drain the other region, or nobody.
func order(ctx context.Context, b store.Bucket, drain string) error {
	for range maxAttempts {
		o, etag, err := ReadOrder(ctx, b)
		if err != nil && etag == "" {
			return fmt.Errorf("reading %s: %w", names.TrafficKey, err)
		}
		if err == nil && o.Drain == drain {
			return nil
		}
		data, err := json.Marshal(Order{N: o.N + 1, Drain: drain})
		if err != nil {
			return err
		}
		meta := store.Meta{ContentType: "application/json", CacheControl: "no-store"}
		_, err = b.Replace(ctx, names.TrafficKey, meta, store.Bytes(data), etag)
		if err == nil {
			return nil
		}
		if !errors.Is(err, store.ErrStale) && !errors.Is(err, store.ErrConflict) {
			return fmt.Errorf("writing %s: %w", names.TrafficKey, err)
		}
	}
	return fmt.Errorf("%s: %w", names.TrafficKey, ErrRace)
}
