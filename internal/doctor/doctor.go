// Package doctor finds what only a deployment would find, without deploying.
//
// # What it promises
//
// A Check is one thing that was looked at: it is well, or it should be known, or
// it will stop a deployment; and if it is not well it says what to do. Nothing
// is written, at AWS or on disk, and one thing that cannot be looked at does not
// keep the others from it.
//
// Offline needs this machine alone. It checks names against the limits of the
// services, what is deployed against CloudFront's quotas, the tools against
// their pins, and the synthesized templates, if there are some, for an order of
// deployment in which each stack finds what it names. Online asks AWS, in calls
// that read: who the credentials are, which regions the account may use and has
// bootstrapped, what a new account has too little of, whether the domain's zone
// is where the world looks for it, and what is there already.
//
// # What it cannot find
//
// What a role that deploys may not do; that a name is taken by something that is
// not the blog's, beyond those asked for here; and what AWS refuses without
// having written it down.
//
// # Decisions
//
// The checks are of the blog that blog.yaml describes; its own mistakes are
// package config's to find. Limits come from the packages that obey them (names,
// edge, routes), so that there is one table of each. AWS is asked by signed
// requests of package awsclient rather than by five clients of the SDK.
package doctor

import (
	"fmt"
	"slices"
)

// Status says how a check went.
type Status string

// What a check can find.
const (
	OK      Status = "ok"
	Warning Status = "warning" // it will be deployed, and somebody should know
	Failure Status = "failure" // a deployment would fail, or do the wrong thing
	Skipped Status = "skipped" // it could not be looked at, for a reason that is no fault
)

// Check is one thing that was looked at.
type Check struct {
	Area   string `json:"area"` // "names", "tools": what belongs together
	What   string `json:"what"`
	Status Status `json:"status"`
	Found  string `json:"found"`
	Do     string `json:"do,omitempty"`
}

// Report is all that was looked at, in order.
type Report []Check

// Count is how many checks went so.
func (r Report) Count(s Status) int {
	n := 0
	for _, c := range r {
		if c.Status == s {
			n++
		}
	}
	return n
}

// report collects the checks of an area.
type report struct {
	area string
	list Report
}

func (r *report) ok(what, found string, args ...any) {
	r.list = append(r.list, Check{r.area, what, OK, fmt.Sprintf(found, args...), ""})
}

func (r *report) skip(what, found string, args ...any) {
	r.list = append(r.list, Check{r.area, what, Skipped, fmt.Sprintf(found, args...), ""})
}

func (r *report) warn(what, do, found string, args ...any) {
	r.list = append(r.list, Check{r.area, what, Warning, fmt.Sprintf(found, args...), do})
}

func (r *report) fail(what, do, found string, args ...any) {
	r.list = append(r.list, Check{r.area, what, Failure, fmt.Sprintf(found, args...), do})
}

// limit checks that something fits: well, but near the end of it, from nine
// tenths on.
func (r *report) limit(what, unit, do string, n, most int) {
	if unit != "" {
		unit += " "
	}
	switch found := fmt.Sprintf("%d %sof %d", n, unit, most); {
	case n > most:
		r.fail(what, do, "%s", found)
	case n*10 > most*9:
		r.warn(what, do, "%s", found)
	default:
		r.ok(what, "%s", found)
	}
}

func unique(in []string) []string {
	var out []string
	for _, s := range in {
		if !slices.Contains(out, s) {
			out = append(out, s)
		}
	}
	return out
}
