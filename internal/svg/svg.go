// Package svg takes out of an SVG what is no picture: scripts, handlers of events,
// and whatever would fetch something from elsewhere.
//
// # What it promises
//
// What Clean returns holds only elements and attributes of a list (list.go), refers
// to nothing but its own parts and pictures that it holds itself, and has no
// declaration of a document type, in which entities hide. What is on the list is
// left byte for byte as it was, so that a file with nothing to take out is the same
// file.
//
// A file that is not XML in UTF-8 is refused. It could not be shown anyway, or
// means something else to a browser than to this package.
//
// # What it is not
//
// The only line of defence. Files are served under a policy that lets nothing run
// (edge.AssetCSP), and pages show them as images, in which browsers run nothing.
// This is for who saves the file and opens it, and for the day on which one of the
// two is lost.
package svg

import (
	"bytes"
	"embed"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"regexp"
	"slices"
	"strings"
	"unicode/utf8"
)

// Sources are this package's files: what they take out shapes what is published.
//
//go:embed *.go
var Sources embed.FS

// MaxSize is the largest file that is read, in bytes.
const MaxSize = 8 << 20

// maxDepth bounds how deep elements are nested.
const maxDepth = 256

// Clean returns the file without what is not on the list, and names what it took
// out, each thing once: "<script>", "onload", "a reference to another file".
func Clean(src []byte) (out []byte, removed []string, err error) {
	if len(src) > MaxSize {
		return nil, nil, fmt.Errorf("it has more than %d MB", MaxSize>>20)
	}
	if !utf8.Valid(src) {
		return nil, nil, errors.New("it is not UTF-8")
	}
	c := cleaner{src: src, dec: xml.NewDecoder(bytes.NewReader(src))}
	c.dec.CharsetReader = func(label string, r io.Reader) (io.Reader, error) {
		return nil, fmt.Errorf("it says that it is %s, and not UTF-8", label)
	}
	if err := c.all(); err != nil {
		return nil, nil, err
	}
	return c.out.Bytes(), c.removed, nil
}

type cleaner struct {
	src     []byte
	dec     *xml.Decoder
	out     bytes.Buffer
	removed []string
}

func (c *cleaner) drop(what string) {
	if !slices.Contains(c.removed, what) {
		c.removed = append(c.removed, what)
	}
}

func (c *cleaner) all() error {
	var (
		open   []string // elements that are kept
		hidden int      // how deep in one that is not
		root   bool
		css    []byte // of the <style> that is open
		before int    // where its text begins in what is written
	)
	for {
		from := c.dec.InputOffset()
		tok, err := c.dec.RawToken()
		if errors.Is(err, io.EOF) {
			break
		} else if err != nil {
			return err
		}
		raw := c.src[from:c.dec.InputOffset()]
		switch t := tok.(type) {
		case xml.StartElement:
			if !root && t.Name.Local != "svg" {
				return errors.New("the first element is not <svg>")
			}
			root = true
			if len(open)+hidden > maxDepth {
				return fmt.Errorf("its elements are nested more than %d deep", maxDepth)
			}
			if hidden > 0 {
				hidden++
			} else if notes[t.Name.Space] {
				hidden = 1
			} else if !elements[t.Name.Local] || !plain(t.Name.Space) {
				c.drop("<" + t.Name.Local + ">")
				hidden = 1
			} else if !c.start(t, raw) {
				hidden = 1
			} else {
				open = append(open, name(t.Name))
				css, before = nil, c.out.Len()
			}
			// An element that closes itself has an end, too: of no bytes.
		case xml.EndElement:
			if hidden > 0 {
				hidden--
				continue
			}
			if len(open) == 0 || open[len(open)-1] != name(t.Name) {
				return fmt.Errorf("</%s> closes nothing", name(t.Name))
			}
			open = open[:len(open)-1]
			if t.Name.Local == "style" && !safeStyle(string(css)) {
				c.drop("a reference to another file in <style>")
				c.out.Truncate(before)
			}
			c.out.Write(raw)
		case xml.CharData:
			if hidden > 0 {
				continue
			}
			css = append(css, t...) // in one piece: a comment may part a word
			c.out.Write(raw)
		case xml.Comment:
			if hidden == 0 {
				c.out.Write(raw)
			}
		case xml.ProcInst:
			if t.Target != "xml" {
				c.drop("<?" + t.Target + "?>")
				continue
			}
			c.out.Write(raw)
		case xml.Directive:
			if bytes.ContainsAny(raw, "[&") {
				c.drop("entities")
				continue
			}
			c.out.Write(raw)
		}
	}
	switch {
	case !root:
		return errors.New("there is no <svg> in it")
	case hidden > 0 || len(open) > 0:
		return errors.New("it is cut short: an element is not closed")
	}
	return nil
}

// plain says that a prefix is none, or the one that programs write for SVG itself.
func plain(prefix string) bool { return prefix == "" || prefix == "svg" }

func name(n xml.Name) string {
	if n.Space != "" {
		return n.Space + ":" + n.Local
	}
	return n.Local
}

// start writes the start of an element, without the attributes that are not
// allowed. It is false, and writes nothing, when the element is nothing without
// one of them.
func (c *cleaner) start(t xml.StartElement, raw []byte) bool {
	keep := make([]xml.Attr, 0, len(t.Attr))
	for _, a := range t.Attr {
		if notes[a.Name.Space] || a.Name.Space == "xmlns" && notes[a.Name.Local] {
			continue
		}
		switch why := c.refuse(t, a); {
		case why == "":
			keep = append(keep, a)
		case animates(t.Name.Local) && a.Name.Local == "attributeName":
			c.drop("<" + t.Name.Local + "> of " + a.Value)
			return false
		default:
			c.drop(why)
		}
	}
	if len(keep) == len(t.Attr) {
		c.out.Write(raw)
		return true
	}
	fmt.Fprintf(&c.out, "<%s", name(t.Name))
	for _, a := range keep {
		fmt.Fprintf(&c.out, ` %s="`, name(a.Name))
		xml.EscapeText(&c.out, []byte(a.Value))
		c.out.WriteByte('"')
	}
	if bytes.HasSuffix(raw, []byte("/>")) {
		c.out.WriteByte('/')
	}
	c.out.WriteByte('>')
	return true
}

func animates(element string) bool {
	return strings.HasPrefix(element, "animate") || element == "set"
}

// refuse says why an attribute is not allowed; empty if it is.
func (c *cleaner) refuse(t xml.StartElement, a xml.Attr) string {
	local, prefix := a.Name.Local, a.Name.Space
	switch {
	case prefix == "xmlns" || prefix == "" && local == "xmlns":
		if strings.Contains(a.Value, "&") {
			return "a name space of an entity"
		}
		return ""
	case strings.HasPrefix(strings.ToLower(local), "on"):
		return local
	case local == "href", local == "src": // by whatever prefix
		return c.reference(t.Name.Local, a.Value)
	case prefix == "xml": // lang, space; not base, which says where references lead
		if local == "base" {
			return "xml:base"
		}
		return ""
	case local == "attributeName":
		v := strings.ToLower(a.Value)
		if strings.HasPrefix(v, "on") || strings.HasSuffix(v, "href") {
			return local
		}
	case local == "style", strings.Contains(strings.ToLower(a.Value), "url("):
		if !safeStyle(a.Value) {
			return "a reference to another file in " + local
		}
	case strings.Contains(strings.ToLower(strip(a.Value)), "javascript:"):
		return "javascript:"
	}
	return ""
}

// embedded are pictures that a file holds itself.
var embedded = regexp.MustCompile(`^data:image/(png|jpeg|jpg|gif|webp);base64,[A-Za-z0-9+/=\s]*$`)

// reference says why a reference may not be followed; empty if it may.
func (c *cleaner) reference(element, to string) string {
	to = strings.TrimSpace(to)
	if strings.HasPrefix(to, "#") || to == "" {
		return ""
	}
	if element == "a" {
		return "a link"
	}
	if (element == "image" || element == "feImage") && embedded.MatchString(to) {
		return ""
	}
	return "a reference to another file in <" + element + ">"
}

// strip leaves out what browsers skip in the name of a scheme.
func strip(s string) string {
	return strings.Map(func(r rune) rune {
		if r <= ' ' {
			return -1
		}
		return r
	}, s)
}

var urls = regexp.MustCompile(`(?i)url\(\s*(["']?)\s*([^)"']*)`)

// safeStyle says that CSS refers to nothing outside of the file. Escapes and
// comments can hide a word, so those are refused where they could.
func safeStyle(css string) bool {
	low := strings.ToLower(css)
	for _, word := range []string{"@import", "expression(", "javascript:", "-moz-binding", "image-set(", "image(", "src("} {
		if strings.Contains(low, word) {
			return false
		}
	}
	if strings.Contains(css, `\`) {
		return false
	}
	for _, m := range urls.FindAllStringSubmatch(css, -1) {
		if to := strings.TrimSpace(m[2]); !strings.HasPrefix(to, "#") && !embedded.MatchString(to) && !strings.HasPrefix(to, "data:font/") {
			return false
		}
	}
	return true
}
