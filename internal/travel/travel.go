// Package travel is how an old release of the blog looks: the addresses, the
// page with its banner, what changed since, and the list of all versions.
//
// # Addresses
//
//	/~7/2026/03/01/a/         the page as release 7 had it
//	/~7/2026/03/01/a/?diff    of a post, what changed between that and now
//	/~map/2026/03/01/a/       every version of it: a TimeMap
//	/~gate/1767225600/…       the way there from a moment, in Unix seconds: a TimeGate
//	/~style.css               what a banner and a difference look like
//
// These are the terms of RFC 7089 (Memento). A page's own address is its
// TimeGate: asked with Accept-Datetime, the edge function sends the request to
// the fourth of these, of which a client sees nothing but the redirect to the
// release that was current then.
//
// # What it promises
//
// All of it is text in, text out. A page comes as it was stored and keeps every
// byte of its own but two kinds: in the head it is marked noindex, and links
// within the site lead into the same release, so that a reader stays in the time
// that they went to. Files, the search and what a redirect left behind are of
// today.
//
// The markup needs no script and no inline style. An old page has an old
// stylesheet, which knows nothing of banners; so they bring their own, and what
// it says of colours goes by the system's.
package travel

import (
	"net/url"
	"strconv"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"
)

// Prefix begins every address of this package.
const Prefix = "/~"

// Kind is what an address asks for.
type Kind int

// What there is.
const (
	Nothing Kind = iota
	Memento      // a page of a release
	Gate         // the release of a moment
	Map          // all versions
	Style
)

// Address is one address, parsed.
type Address struct {
	Kind Kind
	N    int       // of a Memento
	At   time.Time // of a Gate
	Path string    // the page's own
}

// maxPath is more than the route table can hold of a path.
const maxPath = 1024

// Parse reads a decoded path. What it does not know is Nothing.
func Parse(path string) Address {
	rest, ok := strings.CutPrefix(path, Prefix)
	if !ok {
		return Address{}
	}
	if rest == "style.css" {
		return Address{Kind: Style}
	}
	first, page, slash := strings.Cut(rest, "/")
	a := Address{Path: "/" + page}
	if !mayBePath(a.Path) {
		return Address{}
	}
	switch first {
	case "map":
		a.Kind = Map
		if !slash {
			return Address{}
		}
	case "gate":
		at, page, slash := strings.Cut(page, "/")
		t, err := strconv.ParseInt(at, 10, 64)
		if a.Path = "/" + page; err != nil || !slash || !mayBePath(a.Path) || strconv.FormatInt(t, 10) != at {
			return Address{}
		}
		a.Kind, a.At = Gate, time.Unix(t, 0).UTC()
	default:
		n, err := strconv.Atoi(first)
		if err != nil || n < 1 || len(first) > 9 || strconv.Itoa(n) != first {
			return Address{}
		}
		a.Kind, a.N = Memento, n
	}
	return a
}

// mayBePath refuses what is no path of a page, and what a browser would take
// for an address of another site when it stands in a link.
func mayBePath(path string) bool {
	return len(path) <= maxPath && utf8.ValidString(path) && !strings.HasPrefix(path, "//") && !strings.HasPrefix(path, Prefix) &&
		!strings.ContainsFunc(path, unicode.IsControl) && !strings.ContainsRune(path, '\\')
}

// Escape is a path as it stands in an address.
func Escape(path string) string { return (&url.URL{Path: path}).EscapedPath() }

// To is the address of a page in release n.
func To(n int, path string) string { return Prefix + strconv.Itoa(n) + Escape(path) }

// Follow is where a redirect of release n leads: into the same release, if it
// leads to a page.
func Follow(n int, to string) string {
	to = "/" + strings.TrimLeft(to, `/\`)
	u, err := url.Parse(to)
	if err != nil {
		return To(n, to)
	}
	if elsewhere.MatchString(to) {
		return u.String()
	}
	return Prefix + strconv.Itoa(n) + u.String()
}

// Datetime is a moment as HTTP writes it.
func Datetime(t time.Time) string { return t.UTC().Format("Mon, 02 Jan 2006 15:04:05 GMT") }

// Version is one version of a page: where it is, and since when.
type Version struct {
	N     int
	Since time.Time
}

// Links is the Link header of everything about a page's versions: base is the
// site's address without the path.
func Links(base, path string) string {
	return "<" + base + Escape(path) + `>; rel="original timegate", <` + base + Prefix + "map" + Escape(path) + `>; rel="timemap"; type="` + MapType + `"`
}

// MapType is the media type of a TimeMap (RFC 6690, RFC 7089 section 5).
const MapType = "application/link-format"

// TimeMap lists the versions of a page, oldest first.
func TimeMap(base, path string, versions []Version) []byte {
	var b strings.Builder
	b.WriteString("<" + base + Escape(path) + `>; rel="original timegate"`)
	b.WriteString(",\n<" + base + Prefix + "map" + Escape(path) + `>; rel="self"; type="` + MapType + `"`)
	if last := len(versions) - 1; last >= 0 {
		b.WriteString(`; from="` + Datetime(versions[0].Since) + `"; until="` + Datetime(versions[last].Since) + `"`)
		for i, v := range versions {
			rel := "memento"
			if i == last {
				rel = "last " + rel
			}
			if i == 0 {
				rel = "first " + rel
			}
			b.WriteString(",\n<" + base + To(v.N, path) + `>; rel="` + rel + `"; datetime="` + Datetime(v.Since) + `"`)
		}
	}
	b.WriteString("\n")
	return []byte(b.String())
}
