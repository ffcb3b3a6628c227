// Package history reads the releases of a blog as they are stored: what each
// of them showed, when, and which was before it.
//
// Package release writes them, and says there how a release comes to be. What
// only reads them is here, so that who shows an old release (package renderer)
// is built without all that it takes to make one.
//
// # What is stored
//
// A record is what differs from an earlier release, its base. A release without
// a base has everything in an object beside its record, which nobody reads who
// only wants to change something. Both are gzip over JSON, written once.
//
// # The line of releases
//
// A release names the one that readers saw before it, its parent. From the
// release that readers see now, parents lead back through releases each of which
// readers saw in its time, and through no other: not one that is to come, or
// was to and never did, not one whose publisher lost or died, and none that was
// left by going back to an earlier one. It ends where a record is not kept any
// more.
package history

import (
	"bytes"
	"compress/gzip"
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/victorleungtw/blog/internal/routes"
	"github.com/victorleungtw/blog/internal/store"
)

// Commit is what the content's repository was at.
type Commit struct {
	ID string `json:"id,omitempty"`
	// Time is when it was committed. A shallow clone knows it, which is why
	// the order of two commits goes by it and not by ancestry.
	Time time.Time `json:"time,omitzero"`
}

// Manifest is one release. It is an image of the route table as well: with it
// alone the table can be rebuilt.
type Manifest struct {
	N        int    `json:"n"`
	ID       string `json:"id"`     // of the publish that wrote it
	Parent   int    `json:"parent"` // the release that was current before; 0 for the first
	Commit   Commit `json:"commit,omitzero"`
	Time     string `json:"time"`           // when it was published, RFC 3339
	From     string `json:"from,omitempty"` // when it became current by itself, if it did, RFC 3339
	Renderer string `json:"renderer"`
	// Routes are the entries of every path (package routes).
	Routes map[string]string `json:"routes"`
	// Unrouted are digests of pages that are reached by their address alone:
	// the stylesheet.
	Unrouted []string `json:"unrouted,omitempty"`
	// Inline are digests of pages whose bytes stand in the route table: the
	// 404 pages.
	Inline []string `json:"inline,omitempty"`
	// Objects are the keys of the sources and assets that the pages need.
	Objects []string `json:"objects,omitempty"`
}

// Since is when readers began to see the release.
func (m *Manifest) Since() (time.Time, error) {
	since := m.From
	if since == "" {
		since = m.Time
	}
	t, err := time.Parse(time.RFC3339, since)
	if err != nil {
		return t, fmt.Errorf("release %d: %w", m.N, err)
	}
	return t, nil
}

// Pages returns what each path is in the release: a digest, or the path that
// it redirects to. Paths that are gone are not in it.
func (m *Manifest) Pages() (map[string]string, error) {
	out := make(map[string]string, len(m.Routes))
	for path, value := range m.Routes {
		es, err := routes.ParseEntries(value)
		if err != nil {
			return nil, fmt.Errorf("release %d: %s: %w", m.N, path, err)
		}
		if to, ok := routes.Resolve(es, m.N); ok && to != routes.Gone {
			out[path] = to
		}
	}
	return out, nil
}

// Digests returns every digest that the release shows, and the path where it does;
// none of a page that has no route.
func (m *Manifest) Digests() (map[string]string, error) {
	pages, err := m.Pages()
	if err != nil {
		return nil, err
	}
	out := map[string]string{}
	for path, to := range pages {
		if to[0] != '/' {
			out[to] = path
		}
	}
	for _, d := range m.Unrouted {
		out[d] = ""
	}
	return out, nil
}

// Record is a release as it is stored: what differs from an earlier release,
// its base.
//
// Writing a release must not take longer on a larger blog, so a record holds
// the paths and objects that changed since its base, and a sketch of the whole
// (package sketch), from which the next publisher finds what it is about to
// change without reading the whole. Several releases in a row share a base and
// repeat each other's changes, until these are too many: then the last of them
// becomes the base of the next.
type Record struct {
	Manifest        // Routes hold what changed since the base; Objects are not used
	Base     int    `json:"base,omitempty"`     // 0: the rest is at WholeKey
	First    bool   `json:"first,omitempty"`    // without a base: every entry begins with this release
	BaseTime string `json:"baseTime,omitempty"` // when the base was published
	Depth    int    `json:"depth,omitempty"`    // records below this one
	// Added and Dropped are what the base's Objects lack and have too much.
	Added   []string `json:"added,omitempty"`
	Dropped []string `json:"dropped,omitempty"`
	Count   int      `json:"pages"` // paths of the release, redirects included
	Plan    string   `json:"plan"`
	Sketch  []byte   `json:"sketch"`
}

// Key is where release n's record is.
func Key(n int) string { return fmt.Sprintf("release/%010d.json", n) }

// WholeKey is where the Manifest of a release without a base is.
func WholeKey(n int) string { return fmt.Sprintf("release/%010d.whole.json", n) }

// Getter is where releases are read from: a store.Bucket.
type Getter interface {
	Get(ctx context.Context, key string) (*store.Object, error)
}

// Read reads release n's record.
func Read(ctx context.Context, from Getter, n int) (*Record, error) {
	var r Record
	if err := unfold(ctx, from, Key(n), &r); err != nil {
		return nil, fmt.Errorf("reading release %d: %w", n, err)
	}
	switch {
	case r.N != n:
		return nil, fmt.Errorf("reading release %d: the manifest says it is %d", n, r.N)
	case r.Base >= n:
		return nil, fmt.Errorf("reading release %d: the manifest builds on release %d", n, r.Base)
	}
	return &r, nil
}

// ReadWhole reads all of release n, whose record has no base.
func ReadWhole(ctx context.Context, from Getter, n int) (*Manifest, error) {
	var m Manifest
	if err := unfold(ctx, from, WholeKey(n), &m); err != nil {
		return nil, fmt.Errorf("reading release %d: %w", n, err)
	}
	return &m, nil
}

// Fold returns what Read and ReadWhole read: gzip over JSON, because half of a
// record is text that repeats.
func Fold(v any) ([]byte, error) {
	var out bytes.Buffer
	w := gzip.NewWriter(&out)
	enc := json.NewEncoder(w)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(v); err != nil {
		return nil, err
	}
	err := w.Close()
	return out.Bytes(), err
}

func unfold(ctx context.Context, from Getter, key string, v any) error {
	obj, err := from.Get(ctx, key)
	if err != nil {
		return err
	}
	z, err := gzip.NewReader(bytes.NewReader(obj.Body))
	if err != nil {
		return fmt.Errorf("%s: %w", key, err)
	}
	if err := json.NewDecoder(z).Decode(v); err != nil {
		return fmt.Errorf("%s: %w", key, err)
	}
	return nil
}
