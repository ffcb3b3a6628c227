// Package traffic is which region readers are sent to first, when a person has
// said so.
//
// By itself nothing here is needed: a page that one region cannot give comes
// from the other within the same request, and Route 53 leads dynamic requests
// past a region that fails its health check. What a person can do beside that is
// to take a region out before it fails (a drain), to keep it out until it is
// trusted again, and to send some viewers to the other one first.
//
// # Two places
//
// The word stands in two places, each read where the decision is made:
//
//   - www!t in the route table (Steering) is read by the edge function for each
//     request. It decides which region's bucket or renderer CloudFront asks first,
//     for pages and for dynamic requests. It is at every edge within seconds.
//   - traffic.json in each region's bucket (Order) is read by that region's
//     renderer, which shows it at /ops/route. Route 53 looks there for the text
//     that drains the *other* region, if the stacks have that health check
//     (`routing: {switch: true}`), so that origin.<domain> moves without an edit
//     of its records and without the edge function.
//
// A region is drained by an object in the other one's bucket, and the health
// check is inverted: only text that is there drains. So a region that is dead, and
// whose object nobody can read or write, drains nobody; with a check for the
// opposite, the death of the one would have taken the other out as well.
//
// # What it promises
//
// Both writes are conditional, like the head's. The key is the site's own and no
// release's: publishing, rolling back and repairing leave it alone. Set may be
// stopped anywhere and run again. Sending readers to a region whose bucket cannot
// be written is refused: it is no place to send them.
//
// # What it cannot do
//
// Pages that an edge has in its cache are answered from there whatever is said
// here; they have the same bytes everywhere. Assets, and pages by their digest
// address, go to the primary first: no function runs for the ones, and the others
// need no route table; both fail over in the same request.
package traffic

import (
	"encoding/json"
	"fmt"
	"strings"
)

// Where a Steering sends dynamic requests.
const (
	ToPrimary = "primary"
	ToStandby = "standby"
)

// Steering is the value of www!t. The zero value is nobody's word: pages from the
// primary first, dynamic requests wherever origin.<domain> leads.
type Steering struct {
	// Standby is of how many in a hundred viewers the pages come from the
	// standby first. A viewer is always among the same.
	Standby int `json:"standby"`
	// Dynamic is the region that dynamic requests go to first: ToPrimary,
	// ToStandby, or empty.
	Dynamic string `json:"dynamic,omitempty"`
	// Regions are the names of the primary and the standby when this was said.
	// It means something else after the two have changed places.
	Regions []string `json:"regions,omitempty"`
}

// ParseSteering reads www!t. An empty value is a key that is not there. It takes
// only what Set writes; the edge function is more patient.
func ParseSteering(value string) (Steering, error) {
	var s Steering
	if value == "" {
		return s, nil
	}
	if err := json.Unmarshal([]byte(value), &s); err != nil {
		return Steering{}, fmt.Errorf("route table: traffic %q: %w", value, err)
	}
	if s.Standby < 0 || s.Standby > 100 || s.Dynamic != "" && s.Dynamic != ToPrimary && s.Dynamic != ToStandby {
		return Steering{}, fmt.Errorf("route table: traffic %q: want 0 to 100 for the standby, and primary or standby for dynamic requests", value)
	}
	return s, nil
}

func (s Steering) String() string {
	b, _ := json.Marshal(s) // strings and ints cannot fail
	return string(b)
}

// Order is traffic.json of one region.
type Order struct {
	// N counts the changes: of the bytes that an ETag names, none come back.
	N int `json:"n"`
	// Drain is the other region, when it is to get no dynamic requests.
	Drain string `json:"drain,omitempty"`
}

// ParseOrder reads traffic.json.
func ParseOrder(data []byte) (Order, error) {
	var o Order
	if err := json.Unmarshal(data, &o); err != nil {
		return Order{}, fmt.Errorf("traffic.json: %w", err)
	}
	if o.N < 1 || strings.ContainsAny(o.Drain, ";\n") {
		return Order{}, fmt.Errorf("traffic.json: %q is nothing that was written here", data)
	}
	return o, nil
}

// DrainText is what /ops/route says while a region is drained, and what its
// health check looks for. The semicolon keeps one region's name from being the
// beginning of another's.
func DrainText(region string) string { return "drain=" + region + ";" }

// Text is the body of /ops/route.
func (o Order) Text() string {
	if o.Drain == "" {
		return DrainText("none") + "\n"
	}
	return DrainText(o.Drain) + "\n"
}
