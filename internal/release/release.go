// Package release publishes: it makes a plan of pages the current release of
// the blog, in the record of one or two regions and in the route table.
//
// # The record
//
// A release is a number n and a manifest, release/<n>.json, written once. The
// head, head.json, says which release is current; it is the only object that
// changes, by compare-and-swap, and every change gives it a new id and a
// generation one higher. Rolling back changes the head too, and nothing else:
// the number of a later release is never used again.
//
// # The steps of a publish
//
//	1  upload    sources, assets, recipes to every region      Create
//	2  render    every page that the last release did not have, in every
//	             region; the regions must agree on the bytes
//	3  manifest  release/<n>.json to every region               Create
//	4  head      the primary's head; the standby's follows      Replace
//	5  routes    entries, invisible until the current release is changed;
//	             both in one call when they are few
//	6  check     the changed pages, through the edge; when they are not what
//	             was published, back to the release before
//
// # What a kill at each step leaves
//
// Until step 4 nothing that anybody reads has changed: blobs that no release
// names, perhaps a manifest whose number is skipped. After step 4 the record
// is ahead of the edge, which goes on showing the release before, whole. The
// next run of any command that publishes starts by bringing the edge to the
// head. No step has to be undone, so none can be left half undone.
//
// # Two publishers
//
// Both may upload and render at once; everything they write is named by its
// digest. Of two that swap the head from the same state one wins. The other
// learns it before anything of its own is visible, reads the winner's release,
// and plans again on top of it, or stops (Publisher.OnConflict). Content of an
// older commit than the one that is shown is refused, at the start and after
// every lost race: the slower of two builds is often the older. In the route
// table the generation decides: a
// publisher that finds the table at a later generation than its own stops
// writing, and every write names the version of the table that it read.
//
// # A standby that is away
//
// Readers of a healthy primary need no standby, so a publish goes on without
// one that cannot be reached, and writes into the head what that region now
// lacks: a debt. The next publish that reaches it copies what is missing and
// clears the debt (Repair). The primary decides, and a publish without it
// fails.
//
// # What a reader can see
//
// At every instant each edge answers from one release: the entries of a
// release are chosen by the one key that names the current release (package
// routes).
package release

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/victorleungtw/blog/internal/history"
	"github.com/victorleungtw/blog/internal/names"
	"github.com/victorleungtw/blog/internal/routes"
	"github.com/victorleungtw/blog/internal/store"
)

// HeadKey is the object that says which release is current.
const HeadKey = names.HeadKey

// Head is the one mutable object of the record.
type Head struct {
	N    int    `json:"n"`    // the current release
	Last int    `json:"last"` // the highest number of any release
	Gen  int    `json:"gen"`  // counts the changes of the head
	ID   string `json:"id"`   // of this change; unlike the rest it is never the same twice
	// Before are the changes before this one, the latest first, by the first
	// characters of their IDs. A publisher that is not told whether its change was
	// made finds it here when others have made theirs since.
	Before []string `json:"before,omitempty"`
	Commit Commit   `json:"commit,omitzero"`
	Time   string   `json:"time"` // RFC 3339, by the publisher's clock; for people
	Act    string   `json:"act"`  // "publish", "rollback", "collect" or actRepair
	// Plan names what release N shows, and Tree the content that it was made
	// from: a publisher that has the same is done.
	Plan string `json:"plan,omitempty"`
	Tree string `json:"tree,omitempty"`
	// Next are the releases that become current by themselves.
	Next []Coming `json:"next,omitempty"`
	// Until is when content that is not in Next comes due, RFC 3339.
	Until string `json:"until,omitempty"`
	// Debt names the regions that could not be reached and lack something that
	// the head's release needs. The next publish that reaches them pays it.
	Debt []string `json:"debt,omitempty"`
	// Collect is the list of a garbage collection under way.
	Collect string `json:"collect,omitempty"`
	// Takedowns are the records of what was taken down, and is not published
	// again.
	Takedowns []string `json:"takedowns,omitempty"`
	// Live says that the standbys and the route table were brought to this
	// change, and how the table was then. It is added by a second write, which
	// changes nothing else. Without it the next publisher looks for itself.
	Live *Live `json:"live,omitempty"`
}

// actRepair is the act of making up for what was away.
const actRepair = "repair"

const actTakedown = "takedown"

// Coming is a release that becomes current at a time.
type Coming struct {
	N    int       `json:"n"`
	At   time.Time `json:"at"`
	Plan string    `json:"plan"`
}

// Live is the route table as a publisher left it.
type Live struct {
	ETag   string        `json:"etag"`
	Has    []int         `json:"has"`
	Blocks routes.Blocks `json:"blocks,omitzero"`
	Items  int           `json:"items"`
	Bytes  int           `json:"bytes"` // of routes.MaxTable
}

func (l *Live) current() routes.Current { return routes.Current{Has: l.Has, Blocks: l.Blocks} }

// At returns the release that readers see at a time.
func (h Head) At(t time.Time) int { return h.current(routes.Current{}).At(t) }

// current is the head as a route table has it that holds what was says.
func (h Head) current(was routes.Current) routes.Current {
	c := routes.Current{N: h.N, Gen: h.Gen, ID: short(h.ID), Has: was.Has, Blocks: was.Blocks}
	for _, next := range h.Next {
		c.Next = append(c.Next, routes.Coming{N: next.N, At: next.At.Unix()})
	}
	return c
}

// releases are the current release and those to come.
func (h Head) releases() []int {
	out := []int{h.N}
	for _, next := range h.Next {
		out = append(out, next.N)
	}
	return out
}

// Commit is what the content's repository was at.
type Commit = history.Commit

// Manifest is one release.
type Manifest = history.Manifest

// ManifestKey is where release n's manifest is.
func ManifestKey(n int) string { return history.Key(n) }

// ReadHead reads a region's head. An empty record has the zero Head and ETag.
func ReadHead(ctx context.Context, b store.Bucket) (Head, string, error) {
	h, etag, _, err := readHead(ctx, b)
	return h, etag, err
}

// readHead also returns the time of the store's clock, if it has one.
func readHead(ctx context.Context, b store.Bucket) (h Head, etag string, at time.Time, err error) {
	obj, err := b.Get(ctx, HeadKey)
	if errors.Is(err, store.ErrNotExist) {
		return h, "", at, nil
	}
	if err != nil {
		return h, "", at, fmt.Errorf("reading the head: %w", err)
	}
	if err := json.Unmarshal(obj.Body, &h); err != nil {
		return h, "", at, fmt.Errorf("reading the head: %w", err)
	}
	return h, obj.ETag, obj.Date, nil
}

var jsonMeta = store.Meta{ContentType: "application/json", CacheControl: "no-store"}

func encode(v any) ([]byte, error) {
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	err := enc.Encode(v)
	return b.Bytes(), err
}

// newID is 16 random bytes.
func newID() string {
	var b [16]byte
	rand.Read(b[:]) // never fails (crypto/rand)
	return hex.EncodeToString(b[:])
}

// nextRoutes writes the entries of release n over those of base: what changed
// gets an entry in front. A value that grows over its limit loses its oldest
// entry, but never the one that release keep, which readers see, needs.
func nextRoutes(base map[string]string, pages map[string]string, n, keep int) (map[string]string, error) {
	next := make(map[string]string, len(base)+len(pages))
	for path, value := range base {
		es, err := routes.ParseEntries(value)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", path, err)
		}
		want, listed := pages[path]
		if !listed {
			want = routes.Gone
		}
		if got, _ := routes.Resolve(es, n); got == want {
			next[path] = value
		} else if next[path], err = prepend(path, es, routes.Entry{N: n, To: want}, keep); err != nil {
			return nil, err
		}
	}
	for path, to := range pages {
		if _, old := base[path]; old {
			continue
		}
		if len(routes.Site.PathKey(path)) > routes.MaxKey {
			return nil, fmt.Errorf("the URL %s is longer than %d bytes; give the post a shorter slug", path, routes.MaxKey-len(routes.Site))
		}
		var err error
		if next[path], err = prepend(path, nil, routes.Entry{N: n, To: to}, keep); err != nil {
			return nil, err
		}
	}
	return next, nil
}

func prepend(path string, old []routes.Entry, e routes.Entry, keep int) (string, error) {
	es := slices.Insert(slices.Clone(old), 0, e)
	for {
		v := routes.FormatEntries(es)
		if len(v) <= routes.MaxValue {
			return v, nil
		}
		last := len(es) - 1
		if needed := slices.IndexFunc(es, func(x routes.Entry) bool { return x.N <= keep }); needed == last {
			last--
		}
		if last < 1 {
			return "", fmt.Errorf("the redirect of %s is too long for the route table", path)
		}
		es = slices.Delete(es, last, last+1)
	}
}

// held lists the releases that the table still holds whole after its values
// went from one release's routes to the next: those that were held before and
// for which no value lost the entry that they need.
func held(from, to map[string]string, before []int) []int {
	lost := map[int]bool{}
	for path, now := range to {
		was, ok := from[path]
		if !ok || was == now {
			continue
		}
		a, err1 := routes.ParseEntries(was)
		b, err2 := routes.ParseEntries(now)
		for _, r := range before {
			x, _ := routes.Resolve(a, r)
			y, _ := routes.Resolve(b, r)
			if err1 != nil || err2 != nil || x != y {
				lost[r] = true
			}
		}
	}
	return slices.DeleteFunc(slices.Clone(before), func(r int) bool { return lost[r] })
}
