// Package routes is the route table: what the edge function reads to turn a
// path into a page's address. On AWS it is a CloudFront KeyValueStore; on one
// machine it is a file with the same limits.
//
// # Keys
//
//	www!c             {"n":18,"gen":21,"id":"5f0c1e9a","has":[12,15,16,17,18]}:
//	                  the current release, the generation and the id of the head
//	                  that made it current, and the releases that the table
//	                  holds whole; with "next", what will be current and when
//	www/2026/03/01/a/ 18:<digest>,12:<digest>  a path's entries, newest first
//	www!b<g>.<i>      <tag>:<digest>,<tag>:<digest>: paths that have no key of their
//	                  own, because they never changed (type Blocks)
//	www=<digest>      the body of a page small enough to be answered by the
//	                  function itself (the 404 pages)
//
//	www!k             the key that links to shared drafts are signed with
//	www!t             which region readers are sent to first (package traffic)
//
// "www" is the namespace of the blog; another namespace in the same table is
// another view of the same edge: a branch, whose name is its namespace. A branch
// holds only what differs. Its NAME!c is {"n":3}, the number of its own last
// publish, and of a path's entries only one of exactly that number counts; what
// has none is shown as the blog has it. A path in a key is
// the decoded, UTF-8 form of the URL's path: percent-encoding would spend nine
// bytes on each Chinese character, of the 512 that a key may have.
//
// # Entries
//
// An entry says what a path has been since release n: a digest (the page at
// page/<digest>), "-" (gone: 410), or an absolute path (a permanent redirect).
// No release has two entries for a path. The function takes the newest entry whose n is not above the current
// release. So entries of a release that is being written are invisible until
// the one key www!c is changed, an edge that still holds yesterday's www!c
// picks yesterday's entries from today's values, and rolling back is changing
// one number.
//
// # next
//
// A coming release is written like any other and then listed in next with the
// second from which it is current. Every edge compares its own clock, so that
// it goes live everywhere at that second, with no write: [{"n":19,"at":1767225600}]
// makes 19 the release from 2026-01-01T00:00:00Z on. At and the edge function
// apply the same rule.
//
// # has
//
// A release is listed in has once every entry it needs is in the table; that
// makes the table the judge of its own completeness. Moving to a listed
// release is one write of www!c. A release that is not listed is written
// first: for each path on which it differs from the newest listed release
// below it, or from any release in between (one that a killed publisher may
// have left half written), the entry list is written anew.
//
// # Blocks
//
// Calls of fifty keys wait for each other. So what a table is filled with stands
// a dozen paths in a value, at keys that www!c names by a number. A path that
// changes has a key of its own from then on, which comes first.
//
// # Limits
//
// 5 MB in all, 512 bytes a key, 1,024 bytes a value, 50 keys a call, each call
// all or nothing and refused when the table changed since it was read
// (https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/cloudfront-limits.html#limits-keyvaluestores).
//
// The suite in package routestest says what a Table promises as tests; every
// Table passes it.
package routes

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/victorleungtw/blog/internal/recipe"
)

// The documented limits of a CloudFront KeyValueStore, which every Table
// enforces.
const (
	MaxKey    = 512      // bytes
	MaxValue  = 1024     // bytes
	MaxTable  = maxTable // bytes, keys and values
	MaxUpdate = 50       // keys in one Update
)

// Gone marks a path that a release no longer has.
const Gone = "-"

var (
	// ErrStale is returned by Update when the table is not the one the caller
	// saw. AWS says it as ValidationException "Pre-Condition failed".
	ErrStale = errors.New("the route table changed since it was read")
	// ErrLimit is returned for a key, a value, a call or a table over its limit.
	ErrLimit = errors.New("over a limit of the route table")
)

// Table is the store behind the edge function. All methods may be called at
// the same time.
type Table interface {
	// Version returns the ETag that the next Update must name.
	Version(ctx context.Context) (etag string, err error)
	// Get reads one value. ok is false for a key that is not there.
	Get(ctx context.Context, key string) (value string, ok bool, err error)
	// Update puts and deletes up to MaxUpdate keys, all or none, if the table
	// still has this ETag, and returns what it is then. Deleting a key that
	// is not there is no error. An Update of nothing leaves the ETag as it is.
	// What CheckUpdate refuses is refused before anything is read.
	//
	// A table behind a network can lose an answer: then Update returns
	// ErrStale, or another error, for a change that was made. The caller
	// reads again and sees what is left to do.
	Update(ctx context.Context, etag string, puts map[string]string, deletes []string) (Info, error)
	// All reads the whole table as it was at one moment, or returns ErrStale
	// when it changes too often for that. It takes a call for each 50 keys:
	// for repair and reports, not for publishing.
	All(ctx context.Context) (map[string]string, error)
}

// Info is a table as a whole.
type Info struct {
	ETag  string // names what it holds
	Items int    // keys
	Bytes int    // of keys and values, of MaxTable; AWS counts them so
}

// CheckUpdate returns an error when no Table would take this Update: over the
// limit for a key, a value or a call (ErrLimit), not UTF-8, or with a key that
// is put and deleted at once (AWS was seen to accept that, and to delete).
func CheckUpdate(puts map[string]string, deletes []string) error {
	if n := len(puts) + len(deletes); n > MaxUpdate {
		return fmt.Errorf("%w: %d keys in one call, %d are allowed", ErrLimit, n, MaxUpdate)
	}
	check := func(key string) error {
		switch {
		case key == "" || len(key) > MaxKey:
			return fmt.Errorf("%w: the key %q has %d bytes, 1 to %d are allowed", ErrLimit, key, len(key), MaxKey)
		case !utf8.ValidString(key):
			return fmt.Errorf("the key %q is not UTF-8", key)
		}
		return nil
	}
	for key, value := range puts {
		if err := check(key); err != nil {
			return err
		}
		switch {
		case len(value) > MaxValue:
			return fmt.Errorf("%w: the value of %q has %d bytes, %d are allowed", ErrLimit, key, len(value), MaxValue)
		case !utf8.ValidString(value):
			return fmt.Errorf("the value of %q is not UTF-8", key)
		}
	}
	for _, key := range deletes {
		if err := check(key); err != nil {
			return err
		}
		if _, both := puts[key]; both {
			return fmt.Errorf("the key %q is put and deleted in one call", key)
		}
	}
	return nil
}

// Entry is what a path has been since release N.
type Entry struct {
	N  int    // 1 or more
	To string // a digest, Gone, or what Redirect returns
}

// Redirect returns the To of an entry that sends readers to a path. A comma in
// the path is percent-encoded, because commas separate entries; Location needs
// no other escape here, because the edge function makes those.
func Redirect(path string) string { return strings.ReplaceAll(path, ",", "%2C") }

// ParseEntries reads a value of the table: entries of different releases,
// newest first, in the one form that FormatEntries writes.
func ParseEntries(value string) ([]Entry, error) {
	var out []Entry
	for s := range strings.SplitSeq(value, ",") {
		n, to, ok := strings.Cut(s, ":")
		num, err := strconv.Atoi(n)
		switch {
		case !ok || err != nil || num < 1 || strconv.Itoa(num) != n:
			return nil, fmt.Errorf("route entry %q: want <release>:<digest>", s)
		case to != Gone && !strings.HasPrefix(to, "/") && !recipe.IsDigest(to):
			return nil, fmt.Errorf("route entry %q: want a digest, %q or a path after the colon", s, Gone)
		case len(out) > 0 && num >= out[len(out)-1].N:
			return nil, fmt.Errorf("route entries %q: want the newest first, and one for each release", value)
		}
		out = append(out, Entry{num, to})
	}
	return out, nil
}

// FormatEntries writes entries as a value, newest first. Of two entries for one
// release it keeps the one that is first in the slice.
func FormatEntries(entries []Entry) string {
	es := slices.Clone(entries)
	slices.SortStableFunc(es, func(a, b Entry) int { return cmp.Compare(b.N, a.N) })
	es = slices.CompactFunc(es, func(a, b Entry) bool { return a.N == b.N })
	var b strings.Builder
	for i, e := range es {
		if i > 0 {
			b.WriteByte(',')
		}
		fmt.Fprintf(&b, "%d:%s", e.N, Redirect(e.To))
	}
	return b.String()
}

// Resolve returns what a path is in release n, by the rule that the edge
// function applies. ok is false when the path did not exist yet.
func Resolve(entries []Entry, n int) (to string, ok bool) {
	best := 0
	for _, e := range entries {
		if e.N <= n && e.N > best {
			best, to = e.N, e.To
		}
	}
	return to, best > 0
}

// MaxNext bounds the coming releases in www!c, which is one value of at most
// MaxValue bytes and is read for every page.
const MaxNext = 8

// Current is the value of the key www!c.
type Current struct {
	N    int      `json:"n"`              // the current release, but for Next
	Gen  int      `json:"gen,omitempty"`  // generation of the head that it was taken from
	ID   string   `json:"id,omitempty"`   // first 8 digits of that head's id
	Has  []int    `json:"has,omitempty"`  // releases that the table holds whole, ascending
	Next []Coming `json:"next,omitempty"` // by At, at most MaxNext

	Blocks Blocks `json:"b,omitzero"`
}

// Coming is a release that is current from a moment on.
type Coming struct {
	N  int   `json:"n"`
	At int64 `json:"at"` // Unix seconds
}

// At returns the release that readers see at t: the last of Next whose time has
// come, else N.
func (c Current) At(t time.Time) int {
	n := c.N
	for _, next := range c.Next {
		if next.At <= t.Unix() {
			n = next.N
		}
	}
	return n
}

// ParseCurrent reads www!c. An empty value is a table without a release. It
// takes only what a publisher writes; the edge function is more patient, and
// passes over a coming release that it cannot read.
func ParseCurrent(value string) (Current, error) {
	var c Current
	if value == "" {
		return c, nil
	}
	if err := json.Unmarshal([]byte(value), &c); err != nil {
		return Current{}, fmt.Errorf("route table: current release %q: %w", value, err)
	}
	if c.N < 1 || slices.ContainsFunc(c.Has, func(n int) bool { return n < 1 }) {
		return Current{}, fmt.Errorf("route table: current release %q: want releases of 1 and more", value)
	}
	for i, next := range c.Next {
		if next.N < 1 || next.At < 1 || i > 0 && next.At <= c.Next[i-1].At {
			return Current{}, fmt.Errorf("route table: current release %q: want coming releases of 1 and more, by time", value)
		}
	}
	if len(c.Next) > MaxNext {
		return Current{}, fmt.Errorf("route table: current release %q: %d coming releases, %d are allowed", value, len(c.Next), MaxNext)
	}
	return c, nil
}

func (c Current) String() string {
	b, _ := json.Marshal(c) // ints cannot fail
	return string(b)
}

// Namespace names the keys of one view of the edge.
type Namespace string

// Site is the namespace that readers see.
const Site Namespace = "www"

// branchForm is a part of a host name, and a key's first part.
var branchForm = regexp.MustCompile(`^[a-z0-9-]{1,40}$`)

// Branch returns the namespace of a branch: a name of 1 to 40 of a–z, 0–9 and
// "-", because it is also a part of the host name at which the branch is seen.
// A host name's part begins and ends with none of the last.
func Branch(name string) (Namespace, error) {
	if !branchForm.MatchString(name) || strings.Trim(name, "-") != name || Namespace(name) == Site {
		return "", fmt.Errorf("a branch cannot be called %q: want 1 to 40 of a-z, 0-9 and - between them, and not %q", name, Site)
	}
	return Namespace(name), nil
}

func (ns Namespace) CurrentKey() string             { return string(ns) + "!c" }
func (ns Namespace) ShareKey() string               { return string(ns) + "!k" }
func (ns Namespace) TrafficKey() string             { return string(ns) + "!t" }
func (ns Namespace) PathKey(path string) string     { return string(ns) + path }
func (ns Namespace) InlineKey(digest string) string { return string(ns) + "=" + digest }

// Kept says whether a key is there whatever is published, and no release has
// it: which is current, what links are signed with, where readers are sent.
func (ns Namespace) Kept(key string) bool {
	return key == ns.CurrentKey() || key == ns.ShareKey() || key == ns.TrafficKey()
}

// Owns says whether a key belongs to the namespace.
func (ns Namespace) Owns(key string) bool {
	rest, ok := strings.CutPrefix(key, string(ns))
	return ok && rest != "" && strings.ContainsRune("!/=", rune(rest[0]))
}
