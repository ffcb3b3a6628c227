package release

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"maps"
	"path"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/victorleungtw/blog/internal/plan"
	"github.com/victorleungtw/blog/internal/recipe"
	"github.com/victorleungtw/blog/internal/routes"
	"github.com/victorleungtw/blog/internal/sketch"
)

// target is what a release is to show.
type target struct {
	plan     *plan.Plan // nil for a release that is published again
	renderer string
	pages    map[string]string // path → digest, or the path that it redirects to
	objects  []string          // keys of sources and assets, sorted
	unrouted []string
	inline   []string

	members []member
	sum     string
	sketch  sketch.Sketch
}

// member is one element of a release as a set, and what it stands for.
type member struct {
	e    sketch.Element
	name string // a path, a key, or a digest of Unrouted
}

// The first byte of an element says what it stands for; the next seven find the
// path, or are the rest of the key; the last 32 are the digest.
const (
	pageElement     = 'p' // SHA-256 of the path; the page's digest
	redirectElement = 'r' // SHA-256 of the path; SHA-256 of where it leads
	sourceElement   = 's' // src/<digest>
	assetElement    = 'a' // asset/<digest>.<the extension>, of a picture's variant asset/<digest>-<width>.<the extension>
	unroutedElement = 'u' // a page that no path leads to
)

func pathElement(p, to string) (e sketch.Element) {
	where := sha256.Sum256([]byte(p))
	copy(e[1:8], where[:])
	if to[0] != '/' {
		e[0] = pageElement
		setDigest(&e, to)
		return e
	}
	e[0] = redirectElement
	sum := sha256.Sum256([]byte(to))
	copy(e[8:], sum[:])
	return e
}

// objectElement fails for a key that cannot be told from its element again.
func objectElement(key string) (e sketch.Element, err error) {
	prefix, name, _ := strings.Cut(key, "/")
	ext := strings.TrimPrefix(path.Ext(name), ".")
	e[0] = sourceElement
	if prefix == "asset" {
		e[0] = assetElement
		copy(e[1:6], ext)
	}
	digest, width, _ := strings.Cut(strings.TrimSuffix(name, "."+ext), "-")
	if w, err := strconv.ParseUint(width, 10, 16); err == nil {
		binary.BigEndian.PutUint16(e[6:8], uint16(w))
	}
	setDigest(&e, digest)
	if back := objectOf(e); back != key {
		return e, fmt.Errorf("the key %s has not the form of a source or an asset", key)
	}
	return e, nil
}

func setDigest(e *sketch.Element, digest string) {
	hex.Decode(e[8:], []byte(digest)) // what is not a digest is found by object
}

// digestOf is the digest in an element.
func digestOf(e sketch.Element) string { return hex.EncodeToString(e[8:]) }

// objectOf is the key that an element stands for.
func objectOf(e sketch.Element) string {
	if e[0] == sourceElement {
		return "src/" + digestOf(e)
	}
	width := ""
	if w := binary.BigEndian.Uint16(e[6:8]); w > 0 {
		width = "-" + strconv.Itoa(int(w))
	}
	return "asset/" + digestOf(e) + width + "." + string(bytes.TrimRight(e[1:6], "\x00"))
}

// targetOf is what a plan is to show.
func targetOf(pl *plan.Plan) (*target, error) {
	t := &target{plan: pl, renderer: pl.Renderer, pages: Targets(pl), objects: objects(pl)}
	for _, pg := range pl.Pages {
		switch pg.Recipe.Kind {
		case recipe.Stylesheet:
			t.unrouted = append(t.unrouted, pg.Digest)
		case recipe.NotFound:
			t.inline = append(t.inline, pg.Digest)
		}
	}
	return t, t.finish()
}

// targetFrom is what a release showed.
func targetFrom(m *Manifest) (*target, error) {
	pages, err := m.Pages()
	if err != nil {
		return nil, err
	}
	t := &target{renderer: m.Renderer, pages: pages, objects: m.Objects, unrouted: m.Unrouted, inline: m.Inline}
	return t, t.finish()
}

// finish computes what the rest follows from.
func (t *target) finish() error {
	t.members = make([]member, 0, len(t.pages)+len(t.objects)+len(t.unrouted))
	for p, to := range t.pages {
		if len(routes.Site.PathKey(p)) > routes.MaxKey {
			return fmt.Errorf("the URL %s is longer than %d bytes; give the post a shorter slug", p, routes.MaxKey-len(routes.Site))
		}
		t.members = append(t.members, member{pathElement(p, to), p})
	}
	for _, key := range t.objects {
		e, err := objectElement(key)
		if err != nil {
			return err
		}
		t.members = append(t.members, member{e, key})
	}
	for _, d := range t.unrouted {
		var e sketch.Element
		e[0] = unroutedElement
		setDigest(&e, d)
		t.members = append(t.members, member{e, d})
	}
	slices.SortFunc(t.members, func(a, b member) int { return bytes.Compare(a.e[:], b.e[:]) })
	sum := sha256.New()
	for i := range t.members {
		sum.Write(t.members[i].e[:])
		t.sketch.Add(t.members[i].e)
	}
	t.sum = hex.EncodeToString(sum.Sum(nil))
	return nil
}

// difference is what a release changes.
type difference struct {
	paths          map[string]step
	added, dropped []string        // objects
	fresh          map[string]bool // digests that have to be made
}

// step is what a release does to one path: "" is nothing there.
type step struct{ from, to string }

// between compares two targets.
func between(from, to *target) *difference {
	d := &difference{paths: map[string]step{}, fresh: map[string]bool{}}
	for p, t := range to.pages {
		if f := from.pages[p]; f != t {
			d.path(p, f, t)
		}
	}
	for p, f := range from.pages {
		if _, ok := to.pages[p]; !ok {
			d.path(p, f, "")
		}
	}
	had, have := set(from.objects), set(to.objects)
	d.added = slices.DeleteFunc(slices.Clone(to.objects), func(k string) bool { return had[k] })
	d.dropped = slices.DeleteFunc(slices.Clone(from.objects), func(k string) bool { return have[k] })
	for _, u := range to.unrouted {
		if !slices.Contains(from.unrouted, u) {
			d.fresh[u] = true
		}
	}
	return d
}

func set(list []string) map[string]bool {
	out := make(map[string]bool, len(list))
	for _, k := range list {
		out[k] = true
	}
	return out
}

func (d *difference) path(p, from, to string) {
	d.paths[p] = step{from, to}
	if to != "" && to[0] != '/' {
		d.fresh[to] = true
	}
}

// compare finds what a target changes in the release that a record is of: by
// the record's sketch when that tells, else by reading all of it.
func (p *Publisher) compare(ctx context.Context, base *record, t *target) (*difference, error) {
	if base == nil {
		return between(&target{}, t), nil
	}
	if d, ok := bySketch(base, t); ok {
		return d, nil
	}
	m, err := p.manifest(ctx, base.N)
	if err != nil {
		return nil, err
	}
	from, err := targetFrom(m)
	if err != nil {
		return nil, err
	}
	return between(from, t), nil
}

// bySketch fails when the differences are too many, or when one of them is of
// a path whose name is in neither the target nor the record.
func bySketch(base *record, t *target) (*difference, bool) {
	theirs, err := sketchOf(base)
	if err != nil {
		return nil, false // of another version of this program
	}
	fresh, stale, ok := sketch.Diff(&t.sketch, theirs)
	if !ok {
		return nil, false
	}
	d := &difference{paths: map[string]step{}, fresh: map[string]bool{}}
	names := map[sketch.Element]string{} // of what the target has and the base has not
	for _, e := range fresh {
		names[e] = ""
	}
	for i := range t.members {
		if _, ok := names[t.members[i].e]; ok {
			names[t.members[i].e] = t.members[i].name
		}
	}
	where := map[[7]byte]string{} // paths by their hash
	for p := range base.Routes {
		e := pathElement(p, "/")
		where[[7]byte(e[1:8])] = p
	}
	for e, name := range names {
		switch e[0] {
		case pageElement, redirectElement:
			if name == "" {
				return nil, false
			}
			where[[7]byte(e[1:8])] = name
			d.path(name, "", t.pages[name])
		case unroutedElement:
			d.fresh[digestOf(e)] = true
		default:
			d.added = append(d.added, objectOf(e))
		}
	}
	for _, e := range stale {
		switch e[0] {
		case pageElement, redirectElement:
			p := where[[7]byte(e[1:8])]
			if p == "" {
				return nil, false
			}
			from := digestOf(e)
			if e[0] == redirectElement {
				if from = recorded(base, p); from == "" {
					return nil, false
				}
			}
			d.path(p, from, t.pages[p])
		case unroutedElement:
		default:
			d.dropped = append(d.dropped, objectOf(e))
		}
	}
	slices.Sort(d.added)
	slices.Sort(d.dropped)
	return d, true
}

// recorded is what a path is in a record's release, if the record says it.
func recorded(r *record, p string) string {
	es, err := routes.ParseEntries(r.Routes[p])
	if err != nil {
		return ""
	}
	to, _ := routes.Resolve(es, r.N)
	return to
}

// value returns a path's entries in the release that a record is of, where it
// is from. When no record near by has them, they are those of the record's
// base, and the entries of releases before that, which no reader sees any
// more, are lost: below is that base, else 0.
func (p *Publisher) value(ctx context.Context, r *record, path, from string, now time.Time) (value string, below int, err error) {
	for {
		if v, ok := r.Routes[path]; ok {
			return v, 0, nil
		}
		since := func(n int) string {
			if from == "" {
				return ""
			}
			return routes.FormatEntries([]routes.Entry{{N: n, To: from}})
		}
		switch {
		case r.First:
			return since(r.N), 0, nil
		case r.Base == 0 && isSettled(r.Time, now):
			return since(r.N), r.N, nil
		case r.Base == 0:
			m, err := p.manifest(ctx, r.N)
			if err != nil {
				return "", 0, err
			}
			return m.Routes[path], 0, nil
		case isSettled(r.BaseTime, now):
			return since(r.Base), r.Base, nil
		}
		if r, err = p.record(ctx, r.Base); err != nil {
			return "", 0, err
		}
	}
}

// changes lists what a difference is to a reader who sees release n, over the
// release that the record is of.
func (p *Publisher) changes(ctx context.Context, base *record, n int, d *difference, t *target) ([]Change, error) {
	if base == nil || n == base.N {
		before, after := map[string]string{}, map[string]string{}
		for path, s := range d.paths {
			if s.from != "" {
				before[path] = s.from
			}
			if s.to != "" {
				after[path] = s.to
			}
		}
		return Diff(before, after), nil
	}
	before := map[string]string{}
	if n < base.Base || base.Base == 0 {
		m, err := p.manifest(ctx, n)
		if err != nil {
			return nil, err
		}
		if before, err = m.Pages(); err != nil {
			return nil, err
		}
		return Diff(before, t.pages), nil
	}
	// What the record does not name is the same in both releases.
	after := map[string]string{}
	for path, s := range d.paths {
		if s.from != "" {
			before[path] = s.from
		}
	}
	for path, value := range base.Routes {
		delete(before, path)
		es, err := routes.ParseEntries(value)
		if err != nil {
			return nil, fmt.Errorf("release %d: %s: %w", base.N, path, err)
		}
		if to, ok := routes.Resolve(es, n); ok && to != routes.Gone {
			before[path] = to
		}
	}
	for path := range maps.Keys(base.Routes) {
		if to, ok := t.pages[path]; ok {
			after[path] = to
		}
	}
	for path := range d.paths {
		if to, ok := t.pages[path]; ok {
			after[path] = to
		}
	}
	return Diff(before, after), nil
}
