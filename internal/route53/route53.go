// Package route53 is what Route 53 answers, given health checks, records and what
// the checked hosts say: as much of it as the stacks use, as AWS documents it, and
// nothing else. It is for tests and drills, in which a region dies, is drained and
// heals, and somebody wants to know who gets the requests.
//
// It has no time in it: a check is what it would be once enough answers have
// agreed. What a template says that is not understood here is an error.
//
//   - a check: https://docs.aws.amazon.com/Route53/latest/DeveloperGuide/dns-failover-determining-health-of-endpoints.html
//   - a choice: https://docs.aws.amazon.com/Route53/latest/DeveloperGuide/health-checks-how-route-53-chooses-records.html
package route53

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"
)

// The types of health checks that are understood.
const (
	HTTPS      = "HTTPS"           // an answer of 2xx or 3xx
	HTTPSMatch = "HTTPS_STR_MATCH" // one with a text in it
	Calculated = "CALCULATED"      // so many others are healthy
)

// Check is a health check.
type Check struct {
	Type       string
	Host, Path string
	Search     string
	Inverted   bool // healthy means unhealthy
	Interval   time.Duration
	Failures   int // so many in a row
	Children   []*Check
	Threshold  int // how many children have to be healthy
}

// Detection is how long a place that fails is given out at most: until the
// checks have failed often enough, and until what was answered before has
// expired, a minute for an alias to an API
// (https://docs.aws.amazon.com/Route53/latest/DeveloperGuide/resource-record-sets-values-alias.html).
func (c *Check) Detection() time.Duration {
	if c.Type != Calculated {
		return c.Interval*time.Duration(c.Failures) + time.Minute
	}
	longest := time.Duration(0)
	for _, child := range c.Children {
		longest = max(longest, child.Detection())
	}
	return longest
}

// Record is one of the records of a name. One that has no policy is alone.
type Record struct {
	SetID    string
	Check    *Check // nil for one that is always healthy
	Failover string // PRIMARY or SECONDARY
	Weight   *int
	Region   string // of a latency record
}

// Ask is a request of a health checker. The error is for no answer.
type Ask func(host, path string) (status int, body string, err error)

const (
	// Patience is how long a checker waits: four seconds for a connection, and
	// two for the answer.
	Patience = 6 * time.Second
	// Searched is how many bytes of an answer a check looks for its text in.
	Searched = 5120
)

// Healthy is the state of a check.
func (c *Check) Healthy(ask Ask) (bool, error) {
	healthy := false
	switch c.Type {
	case Calculated:
		if len(c.Children) == 0 || c.Threshold < 1 || c.Threshold > len(c.Children) || c.Host+c.Path+c.Search != "" {
			return false, fmt.Errorf("a health check that counts: %+v", *c)
		}
		n := 0
		for _, child := range c.Children {
			if child.Type == Calculated {
				return false, errors.New("a health check counts one that counts others itself")
			}
			up, err := child.Healthy(ask)
			if err != nil {
				return false, err
			}
			if up {
				n++
			}
		}
		healthy = n >= c.Threshold
	case HTTPS, HTTPSMatch:
		if c.Host == "" || !strings.HasPrefix(c.Path, "/") || (c.Search != "") != (c.Type == HTTPSMatch) || len(c.Search) > 255 || len(c.Children) > 0 {
			return false, fmt.Errorf("a health check that asks: %+v", *c)
		}
		status, body, err := ask(c.Host, c.Path)
		healthy = err == nil && status >= 200 && status < 400 &&
			strings.Contains(body[:min(len(body), Searched)], c.Search)
	default:
		return false, fmt.Errorf("a health check is a %q", c.Type)
	}
	return healthy != c.Inverted, nil
}

// Answer returns the shares of the questions for a name that its records get.
// Nearest are the regions of latency records, the nearest to who asks first.
//
// When none is healthy it takes all for healthy: an answer that may work is
// better than none
// (https://docs.aws.amazon.com/Route53/latest/DeveloperGuide/dns-failover-problems.html).
func Answer(records []Record, ask Ask, nearest ...string) (map[string]float64, error) {
	if err := fits(records); err != nil {
		return nil, err
	}
	var healthy []Record
	for _, r := range records {
		up := r.Check == nil
		if !up {
			var err error
			if up, err = r.Check.Healthy(ask); err != nil {
				return nil, fmt.Errorf("record %s: %w", r.SetID, err)
			}
		}
		if up {
			healthy = append(healthy, r)
		}
	}
	if len(healthy) == 0 {
		healthy = records
	}
	switch r := records[0]; {
	case r.Failover != "":
		i := slices.IndexFunc(healthy, func(r Record) bool { return r.Failover == "PRIMARY" })
		return map[string]float64{healthy[max(i, 0)].SetID: 1}, nil
	case r.Weight != nil:
		return shares(healthy), nil
	case r.Region == "":
		return map[string]float64{r.SetID: 1}, nil
	}
	for _, region := range nearest {
		for _, r := range healthy {
			if r.Region == region {
				return map[string]float64{r.SetID: 1}, nil
			}
		}
	}
	return nil, fmt.Errorf("nobody said how far %s is", healthy[0].Region)
}

// shares are those of weighted records. One of weight 0 is answered when no
// healthy one has another weight.
func shares(records []Record) map[string]float64 {
	sum := 0
	for _, r := range records {
		sum += *r.Weight
	}
	out := map[string]float64{}
	for _, r := range records {
		switch {
		case sum == 0:
			out[r.SetID] = 1 / float64(len(records))
		case *r.Weight > 0:
			out[r.SetID] = float64(*r.Weight) / float64(sum)
		}
	}
	return out
}

// fits refuses records that Route 53 would not have under one name.
func fits(records []Record) error {
	if len(records) == 0 {
		return errors.New("no records")
	}
	kinds, ids := map[string]bool{}, map[string]bool{}
	for _, r := range records {
		n := 0
		for kind, is := range map[string]bool{"failover": r.Failover != "", "weighted": r.Weight != nil, "latency": r.Region != ""} {
			if is {
				kinds[kind] = true
				n++
			}
		}
		switch {
		case n == 0 && len(records) == 1:
		case n != 1:
			return fmt.Errorf("record %s has %d policies", r.SetID, n)
		case r.SetID == "" || ids[r.SetID]:
			return fmt.Errorf("two records are called %q", r.SetID)
		case r.Failover != "" && r.Failover != "PRIMARY" && r.Failover != "SECONDARY":
			return fmt.Errorf("record %s is a %q", r.SetID, r.Failover)
		case r.Failover != "" && ids["/"+r.Failover]:
			return fmt.Errorf("two records are %s", r.Failover)
		case r.Weight != nil && (*r.Weight < 0 || *r.Weight > 255):
			return fmt.Errorf("record %s has the weight %d", r.SetID, *r.Weight)
		case r.Region != "" && ids["/"+r.Region]:
			return fmt.Errorf("two records are in %s", r.Region)
		}
		ids[r.SetID], ids["/"+r.Failover+r.Region] = true, r.Weight == nil
	}
	if len(kinds) > 1 {
		return fmt.Errorf("records of one name with the policies %v", slices.Sorted(maps.Keys(kinds)))
	}
	return nil
}
