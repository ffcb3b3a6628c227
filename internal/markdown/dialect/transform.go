package dialect

import (
	"bytes"
	"regexp"
	"strconv"
	"strings"
	"unicode"

	"github.com/yuin/goldmark/ast"
	extast "github.com/yuin/goldmark/extension/ast"
	"github.com/yuin/goldmark/parser"
	"github.com/yuin/goldmark/text"
)

// notesKey holds []Note in the parser's context.
var notesKey = parser.NewContextKey()

func note(pc parser.Context, n Note) {
	list, _ := pc.Get(notesKey).([]Note)
	pc.Set(notesKey, append(list, n))
}

// unusedFootnotes notes the footnotes that goldmark's transformer, which runs
// next, takes out of the tree.
type unusedFootnotes struct{}

func (unusedFootnotes) Transform(root *ast.Document, r text.Reader, pc parser.Context) {
	_ = ast.Walk(root, func(n ast.Node, entering bool) (ast.WalkStatus, error) {
		if f, ok := n.(*extast.Footnote); ok && entering && f.Index < 0 {
			note(pc, Note{UnusedFootnote, f.Pos(), string(f.Ref)})
		}
		return ast.WalkContinue, nil
	})
}

// transform settles what depends on more than one node: alerts, attribute
// lists, raw HTML, the title and the headings' ids.
func (d *Doc) transform() {
	d.ids = map[*ast.Heading]string{}
	d.width = map[*ast.Image]int{}
	var headings []*ast.Heading
	var quotes []*ast.Blockquote
	var shortcodes []*Shortcode
	var raw bool
	custom := map[*ast.Heading]string{}
	_ = ast.Walk(d.root, func(n ast.Node, entering bool) (ast.WalkStatus, error) {
		if !entering {
			return ast.WalkContinue, nil
		}
		switch n := n.(type) {
		case *ast.Heading:
			headings = append(headings, n)
			if a, ok := d.trailingAttributes(n, true); ok {
				custom[n] = a.id
				d.dropped(a.pos, a.rest)
			}
		case *ast.Paragraph, *ast.TextBlock:
			if a, ok := d.trailingAttributes(n, false); ok {
				if a.id != "" {
					a.rest = append(a.rest, "#"+a.id)
				}
				d.dropped(a.pos, a.rest)
			}
		case *ast.Image, *ast.Link:
			d.inlineAttributes(n)
		case *ast.Blockquote:
			quotes = append(quotes, n)
		case *Shortcode:
			shortcodes = append(shortcodes, n)
		case *ast.RawHTML, *ast.HTMLBlock:
			raw = true
		}
		return ast.WalkContinue, nil
	})
	for _, q := range quotes {
		d.alert(q)
	}
	defer func() { // raw HTML in a caption is sifted with its paragraph
		for _, n := range shortcodes {
			d.build(n)
		}
	}()
	if raw {
		d.raw = map[ast.Node][]Piece{}
		d.sift(d.root)
	}
	for _, h := range headings {
		if h.Level == 1 && h.Parent() == d.root {
			d.title = h
			d.leading = d.isFirst(h)
			break
		}
	}
	d.name(headings, custom)
}

// isFirst says that nothing that shows stands before n.
func (d *Doc) isFirst(n ast.Node) bool {
	for p := n.PreviousSibling(); p != nil; p = p.PreviousSibling() {
		if _, ok := p.(*ast.HTMLBlock); !ok || len(d.raw[p]) > 0 {
			return false
		}
	}
	return true
}

// reserved are the ids of the page around the document.
var reserved = []string{"main"}

// name gives each heading an id of its own. A leading title, which is usually
// left out, comes last: it must not take the id of a section.
func (d *Doc) name(headings []*ast.Heading, custom map[*ast.Heading]string) {
	taken := map[string]int{} // how many asked for an id
	for _, id := range reserved {
		taken[id] = 1
	}
	give := func(h *ast.Heading, id string) {
		if id == "" {
			id = "section"
		}
		unique := id
		for taken[unique] > 0 {
			unique = id + "-" + strconv.Itoa(taken[id])
			taken[id]++
		}
		taken[unique]++
		d.ids[h] = unique
	}
	for _, h := range headings {
		if id := custom[h]; id != "" {
			give(h, id)
		}
	}
	for _, h := range headings {
		if custom[h] == "" && !(h == d.title && d.leading) {
			give(h, slug(d.Plain(h)))
		}
	}
	if t := d.title; t != nil && d.leading && custom[t] == "" {
		give(t, slug(d.Plain(t)))
	}
}

// slug is a heading's text as an id: letters, digits and underscores of every
// script in lower case, a hyphen for each run of spaces and hyphens, nothing
// for the rest. It is Python-Markdown's slugify_unicode without normalisation.
func slug(s string) string {
	var b strings.Builder
	gap := false
	for _, r := range s {
		switch {
		case unicode.IsSpace(r) || r == '-':
			gap = b.Len() > 0
		case r == '_' || unicode.In(r, unicode.L, unicode.N, unicode.M):
			if gap {
				b.WriteByte('-')
				gap = false
			}
			b.WriteRune(unicode.ToLower(r))
		}
	}
	return b.String()
}

// attributes is an attribute list, as far as it has an effect here.
type attributes struct {
	pos   int // of its first byte in Source
	id    string
	width int
	rest  []string // without effect
}

var (
	headingList = regexp.MustCompile(`[ \t]*\{:?([^{}\n]*)\}[ \t]*\r?\n?$`)
	blockList   = regexp.MustCompile(`^[ \t]*\{:([^{}\n]*)\}[ \t]*\r?\n?$`)
	inlineList  = regexp.MustCompile(`^\{:?([^{}\n]*)\}`)
	oneOf       = regexp.MustCompile(`^(?:#([^\s#.={}"'<>]+)|(\.[\w-]+)|([A-Za-z][\w:.-]*)=("[^"]*"|'[^']*'|[^\s"'=<>]+))(?:\s+|$)`)
)

// parseAttributes reads what stands between the braces. It is false for text
// that only looks like a list: {x} in a heading about templates.
func parseAttributes(pos int, list string) (attributes, bool) {
	a := attributes{pos: pos}
	list = strings.TrimSpace(list)
	if list == "" {
		return a, false
	}
	for list != "" {
		m := oneOf.FindStringSubmatch(list)
		if m == nil {
			return a, false
		}
		list = list[len(m[0]):]
		value := strings.Trim(m[4], `"'`)
		switch {
		case m[1] != "":
			a.id = m[1]
		case m[3] == "id":
			a.id = value
		case m[3] == "width":
			n, err := strconv.Atoi(strings.TrimSuffix(value, "px"))
			if err != nil || n < 1 || n > 10000 {
				a.rest = append(a.rest, strings.TrimSpace(m[0]))
				continue
			}
			a.width = n
		case m[3] == "loading": // decided by the renderer
		default:
			a.rest = append(a.rest, strings.TrimSpace(m[0]))
		}
	}
	return a, true
}

// trailingAttributes cuts an attribute list off the end of a heading, or off
// the last line of another block if it stands there alone.
func (d *Doc) trailingAttributes(n ast.Node, heading bool) (attributes, bool) {
	lines := n.Lines()
	if lines == nil || lines.Len() == 0 {
		return attributes{}, false
	}
	last := lines.At(lines.Len() - 1)
	value := last.Value(d.src)
	if bytes.IndexByte(value, '{') < 0 || last.Padding > 0 {
		return attributes{}, false
	}
	re := blockList
	if heading {
		re = headingList
	} else if lines.Len() == 1 {
		return attributes{}, false
	}
	m := re.FindSubmatchIndex(value)
	if m == nil {
		return attributes{}, false
	}
	a, ok := parseAttributes(last.Start+m[0], string(value[m[2]:m[3]]))
	if !ok || !d.cut(n.LastChild(), last.Start+m[0], last.Start+m[1]) {
		return attributes{}, false
	}
	if t, ok := n.LastChild().(*ast.Text); ok { // the line before is the last now
		t.SetSoftLineBreak(false)
		t.SetHardLineBreak(false)
	}
	return a, true
}

// inlineAttributes cuts an attribute list that follows an image or a link.
func (d *Doc) inlineAttributes(n ast.Node) {
	next, ok := n.NextSibling().(*ast.Text)
	if !ok || next.Segment.Start >= len(d.src) || d.src[next.Segment.Start] != '{' {
		return
	}
	from := next.Segment.Start
	m := inlineList.FindSubmatchIndex(d.src[from:])
	if m == nil {
		return
	}
	a, ok := parseAttributes(from, string(d.src[from+m[2]:from+m[3]]))
	if !ok {
		return
	}
	last := next
	for last.Segment.Stop < from+m[1] {
		if last, ok = last.NextSibling().(*ast.Text); !ok {
			return
		}
	}
	if !d.cut(last, from, from+m[1]) {
		return
	}
	if a.id != "" {
		a.rest = append(a.rest, "#"+a.id)
	}
	if img, ok := n.(*ast.Image); ok && a.width > 0 {
		d.width[img] = a.width
	} else if a.width > 0 {
		a.rest = append(a.rest, "width")
	}
	d.dropped(from, a.rest)
}

// cut takes the text from..to out of the tree; last is the node that it ends
// in. It is false, and nothing is changed, when something other than text
// stands there.
func (d *Doc) cut(last ast.Node, from, to int) bool {
	for n := last; ; n = n.PreviousSibling() {
		t, ok := n.(*ast.Text)
		if !ok {
			return false
		}
		if t.Segment.Start <= from {
			break
		}
	}
	for n := last; n != nil; {
		t := n.(*ast.Text)
		prev := n.PreviousSibling()
		start := t.Segment.Start
		switch {
		case start < from && t.Segment.Stop > to: // a list in the middle
			rest := ast.NewTextSegment(text.NewSegment(to, t.Segment.Stop))
			rest.SetSoftLineBreak(t.SoftLineBreak())
			rest.SetHardLineBreak(t.HardLineBreak())
			t.SetSoftLineBreak(false)
			t.SetHardLineBreak(false)
			t.Segment = t.Segment.WithStop(from)
			t.Parent().InsertAfter(t.Parent(), t, rest)
		case start < from:
			t.Segment = t.Segment.WithStop(from)
		case t.Segment.Stop > to || t.SoftLineBreak() || t.HardLineBreak():
			t.Segment = text.NewSegment(to, max(to, t.Segment.Stop))
		default:
			t.Parent().RemoveChild(t.Parent(), t)
		}
		if start <= from {
			return true
		}
		n = prev
	}
	return true
}

func (d *Doc) dropped(pos int, what []string) {
	if len(what) > 0 {
		d.notes = append(d.notes, Note{DroppedAttribute, pos, strings.Join(what, " ")})
	}
}
