package release

import (
	"slices"
	"strings"
)

// Verb says what a release does to a path.
type Verb string

const (
	Added   Verb = "added"
	Changed Verb = "changed"
	Removed Verb = "removed"
)

// Change is one path on which two releases differ.
type Change struct {
	Verb Verb   `json:"verb"`
	Path string `json:"path"`
	From string `json:"from,omitempty"` // a digest, or the path of a redirect
	To   string `json:"to,omitempty"`

	sum string // hex SHA-256 of To's bytes, when a renderer of this run said it
}

// Diff lists what differs between two releases' pages, by path.
func Diff(from, to map[string]string) []Change {
	var out []Change
	for path, t := range to {
		switch f, ok := from[path]; {
		case !ok:
			out = append(out, Change{Verb: Added, Path: path, To: t})
		case f != t:
			out = append(out, Change{Verb: Changed, Path: path, From: f, To: t})
		}
	}
	for path, f := range from {
		if _, ok := to[path]; !ok {
			out = append(out, Change{Verb: Removed, Path: path, From: f})
		}
	}
	slices.SortFunc(out, func(a, b Change) int { return strings.Compare(a.Path, b.Path) })
	return out
}
