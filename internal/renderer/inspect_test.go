package renderer_test

import (
	"bytes"
	"encoding/json"
	"encoding/xml"
	"fmt"
	"io"
	"regexp"
	"slices"
	"strings"
	"testing"

	"golang.org/x/net/html"
)

// inspect says what is active in an answer.
func inspect(t *testing.T, kind string, body []byte) []string {
	t.Helper()
	switch kind {
	case "text/html":
		return inspectHTML(t, string(body), true)
	case "application/atom+xml", "application/rss+xml", "application/xml", "application/opensearchdescription+xml", "image/svg+xml":
		return inspectXML(t, kind, body)
	case "application/feed+json":
		var f struct {
			Items []struct {
				HTML string `json:"content_html"`
			}
		}
		if err := json.Unmarshal(body, &f); err != nil {
			return []string{err.Error()}
		}
		var out []string
		for _, i := range f.Items {
			out = append(out, inspectHTML(t, i.HTML, false)...)
		}
		return out
	}
	return nil // no browser makes a page of it
}

// inspectXML looks into the HTML that a feed holds: what feed readers take for
// HTML is an Atom content, and a description and an encoded content of RSS.
func inspectXML(t *testing.T, kind string, body []byte) (out []string) {
	t.Helper()
	d := xml.NewDecoder(bytes.NewReader(body))
	var name string
	var text strings.Builder
	for {
		token, err := d.Token()
		if err == io.EOF {
			return out
		} else if err != nil {
			return append(out, err.Error())
		}
		switch x := token.(type) {
		case xml.StartElement:
			name = x.Name.Local
			text.Reset()
			if kind == "image/svg+xml" && !slices.Contains([]string{"svg", "rect", "text", "style", "path", "circle"}, name) {
				out = append(out, "<"+name+"> in a picture")
			}
			for _, a := range x.Attr {
				if strings.HasPrefix(strings.ToLower(a.Name.Local), "on") || !safeAddress(a.Value) && (a.Name.Local == "href" || a.Name.Local == "url") {
					out = append(out, fmt.Sprintf("<%s %s=%q>", name, a.Name.Local, a.Value))
				}
			}
		case xml.CharData:
			text.Write(x)
		case xml.EndElement:
			if x.Name.Local == name && (name == "content" || name == "description" && kind == "application/rss+xml" || name == "encoded") {
				out = append(out, inspectHTML(t, text.String(), false)...)
			}
			text.Reset()
		}
	}
}

func set(s string) map[string]bool {
	m := map[string]bool{}
	for _, w := range strings.Fields(s) {
		m[w] = true
	}
	return m
}

// What the templates and the dialect write. A list of what is good fails safe:
// a tag that nobody thought of is reported, not missed.
var (
	elements = set(`html head meta title link script body a header nav main footer form label span input button h1 h2 h3 h4 h5 h6
		p picture source time ol ul li article div details summary blockquote audio section br hr dl dt dd sup sub img figure figcaption
		math mrow mi mn mo ms mtext mspace mfrac msqrt mroot msub msup msubsup munder mover munderover mmultiscripts mprescripts
		mtable mtr mtd mstyle mpadded mphantom pre code table thead tbody tr th td em strong del kbd mark small ins abbr ruby rt rp wbr b i s u q cite`)
	attributes = set(`charset name content property rel href hreflang type title lang dir class id role datetime src alt width
		height loading decoding srcset sizes controls preload download start open scope disabled checked tabindex value maxlength action data-lang
		aria-label aria-current display form fence separator stretchy symmetric largeop movablelimits accent accentunder
		lspace rspace minsize maxsize depth voffset linethickness displaystyle scriptlevel columnspan rowspan mathvariant mathcolor`)
	linkRels   = set("stylesheet canonical alternate search icon")
	inputTypes = set("search hidden checkbox")
	addresses  = set("href src action")
)

// safeAddress reads an address as a browser does
// (https://url.spec.whatwg.org/#concept-basic-url-parser): control characters
// and spaces around it, tabs and line ends in it, do not count.
func safeAddress(s string) bool {
	s = strings.TrimFunc(s, func(r rune) bool { return r <= ' ' })
	s = strings.NewReplacer("\t", "", "\n", "", "\r", "").Replace(s)
	m := regexp.MustCompile(`^([A-Za-z][A-Za-z0-9+.-]*):`).FindStringSubmatch(s)
	return m == nil || set("http https mailto tel sms geo xmpp irc ftp")[strings.ToLower(m[1])]
}

// isLinkedData says that s is JSON-LD in schema.org's terms, as a whole.
func isLinkedData(s string) bool {
	type data struct {
		Context string `json:"@context"`
	}
	var list []data
	if json.Unmarshal([]byte(s), &list) != nil {
		list = make([]data, 1)
		if json.Unmarshal([]byte(s), &list[0]) != nil {
			return false
		}
	}
	return !slices.ContainsFunc(list, func(d data) bool { return d.Context != "https://schema.org" })
}

// inspectHTML parses HTML as a browser does and says what in it is active, or
// reaches out of its place. A page of ours is whole: the parts of its body are
// the header, the text and the footer, in this order.
func inspectHTML(t *testing.T, page string, whole bool) (out []string) {
	t.Helper()
	root, err := html.Parse(strings.NewReader(page))
	if err != nil {
		t.Fatal(err)
	}
	report := func(format string, args ...any) { out = append(out, fmt.Sprintf(format, args...)) }
	ids := map[string]bool{}
	var parts []string
	for n := range root.Descendants() {
		if n.Type == html.CommentNode && whole {
			report("a comment: %s", n.Data)
		}
		if n.Type != html.ElementNode {
			continue
		}
		if !elements[n.Data] || n.Namespace != "" && n.Namespace != "math" {
			report("<%s>", n.Data)
		}
		attr := map[string]string{}
		for _, a := range n.Attr {
			attr[a.Key] = a.Val
			if !attributes[a.Key] || a.Namespace != "" {
				report("<%s %s=%q>", n.Data, a.Key, a.Val)
			}
			if addresses[a.Key] && !safeAddress(a.Val) {
				report("<%s %s=%q> leads nowhere good", n.Data, a.Key, a.Val)
			}
			if a.Key == "srcset" {
				for candidate := range strings.SplitSeq(a.Val, ",") {
					if at := strings.Fields(candidate); len(at) != 2 || !safeAddress(at[0]) {
						report("<%s srcset=%q>", n.Data, a.Val)
					}
				}
			}
			if a.Key == "name" && n.Data != "meta" && n.Data != "input" {
				report("<%s name=%q>", n.Data, a.Val)
			}
			if a.Key == "id" && ids[a.Val] {
				report("two elements have the id %q", a.Val)
			}
		}
		if id := attr["id"]; id != "" {
			ids[id] = true
		}
		switch n.Data {
		case "script":
			if attr["type"] != "application/ld+json" || n.FirstChild == nil || !isLinkedData(n.FirstChild.Data) {
				report("a script: %v", n.FirstChild)
			}
		case "link":
			if !linkRels[attr["rel"]] || attr["rel"] == "stylesheet" && !strings.HasPrefix(attr["href"], "/page/") {
				report("<link rel=%q href=%q>", attr["rel"], attr["href"])
			}
		case "form":
			if attr["class"] != "find" || attr["action"] != "/search" {
				report("a form that is not the search: %v", n.Attr)
			}
		case "input":
			if !inputTypes[attr["type"]] {
				report("an input: %v", n.Attr)
			}
		}
		if p := n.Parent; p.Data == "body" {
			parts = append(parts, n.Data)
		}
	}
	if around := strings.Join(parts, " "); whole && !slices.Contains([]string{"a header main footer", "header main"}, around) {
		report("the page's parts are %s", around)
	}
	return out
}
