package dialect

import (
	"html"
	"regexp"
	"strings"

	"github.com/yuin/goldmark/ast"
)

// Piece is a part of a raw HTML node.
type Piece struct {
	Pos int // offset in Source
	// Text is markup to be written as it is if Tag is set, and text to be
	// escaped otherwise.
	Text string
	Tag  bool
	// Shown says that the author wrote this as markup and readers see it as
	// text.
	Shown bool

	written string // a tag as the author wrote it
}

// Raw returns what a RawHTML or HTMLBlock node shows; nothing for a comment.
func (d *Doc) Raw(n ast.Node) []Piece { return d.raw[n] }

// tag is a tag that passes.
type tag struct {
	block  bool   // stands among blocks and may hold them; otherwise it must open and close within one text
	void   bool   // has no end
	within string // the tag that must be the innermost one around it
	attr   string // the one attribute that passes
}

// tags are the ones that need no attribute to be useful, do nothing but mark
// text up, and have no Markdown of their own (or an older one: <b>).
var tags = map[string]tag{
	"br": {void: true}, "wbr": {void: true},
	"kbd": {}, "sub": {}, "sup": {}, "mark": {}, "small": {}, "del": {}, "ins": {},
	"b": {}, "i": {}, "em": {}, "strong": {}, "s": {}, "u": {}, "q": {}, "cite": {},
	"abbr": {attr: "title"},
	"ruby": {}, "rt": {within: "ruby"}, "rp": {within: "ruby"},
	"details": {block: true, attr: "open"}, "summary": {block: true, within: "details"},
	"figure": {block: true}, "figcaption": {block: true, within: "figure"},
}

var (
	tagSyntax = regexp.MustCompile("^<(/?)([A-Za-z][A-Za-z0-9-]*)" +
		"((?:\\s+[^\\s\"'<>/=`]+(?:\\s*=\\s*(?:\"[^\"]*\"|'[^']*'|[^\\s\"'=<>`]+))?)*)\\s*(/?)>")
	attrSyntax = regexp.MustCompile("([^\\s\"'<>/=`]+)(?:\\s*=\\s*(?:\"([^\"]*)\"|'([^']*)'|([^\\s\"'=<>`]+)))?")
)

// opened is a tag that waits for its end.
type opened struct {
	node ast.Node
	at   int // of the piece in raw[node]
	name string
}

// sift decides, for the raw HTML among the children of parent and below, what
// passes. A tag passes if it is in tags, stands where it may, and is opened
// and closed among the same children; so what passes is well formed and cannot
// reach the page around it.
func (d *Doc) sift(parent ast.Node) {
	var stack []opened
	for n := parent.FirstChild(); n != nil; n = n.NextSibling() {
		switch n := n.(type) {
		case *ast.RawHTML:
			var pos int
			var b strings.Builder
			for i := range n.Segments.Len() {
				s := n.Segments.At(i)
				if i == 0 {
					pos = s.Start
				}
				b.Write(s.Value(d.src))
			}
			stack = d.scan(n, pos, b.String(), stack, false)
		case *ast.HTMLBlock:
			var pos int
			var b strings.Builder
			for i := range n.Lines().Len() {
				s := n.Lines().At(i)
				if i == 0 {
					pos = s.Start
				}
				b.Write(s.Value(d.src))
			}
			if n.HasClosure() {
				if b.Len() == 0 {
					pos = n.ClosureLine.Start
				}
				b.Write(n.ClosureLine.Value(d.src))
			}
			stack = d.scan(n, pos, b.String(), stack, true)
			for i, o := range stack { // text is not left open behind a block
				if !tags[o.name].block {
					stack = d.unclosed(stack, i)
					break
				}
			}
		default:
			d.sift(n)
		}
	}
	d.unclosed(stack, 0)
}

// unclosed shows the tags of stack from i on as text.
func (d *Doc) unclosed(stack []opened, i int) []opened {
	for _, o := range stack[i:] {
		d.show(o.node, o.at)
	}
	return stack[:i]
}

func (d *Doc) show(n ast.Node, i int) {
	p := &d.raw[n][i]
	p.Tag, p.Shown, p.Text = false, true, p.written
}

// scan parts s, the source of n, into pieces.
func (d *Doc) scan(n ast.Node, pos int, s string, stack []opened, block bool) []opened {
	var pieces []Piece
	text := func(from, to int, shown bool) {
		if from < to && (shown || strings.TrimSpace(s[from:to]) != "") {
			pieces = append(pieces, Piece{Pos: pos + from, Text: s[from:to], Shown: shown})
		}
	}
	from := 0
	for i := 0; i < len(s); {
		if s[i] != '<' {
			i++
			continue
		}
		if strings.HasPrefix(s[i:], "<!--") {
			if end := commentEnd(s[i:]); end > 0 {
				text(from, i, false)
				i += end
				from = i
				continue
			}
			text(from, i, false)
			text(i, i+4, true)
			i += 4
			from = i
			continue
		}
		m := tagSyntax.FindStringSubmatch(s[i:])
		if m == nil { // a lone <, a declaration, a processing instruction
			text(from, i, false)
			text(i, i+1, true)
			i++
			from = i
			continue
		}
		text(from, i, false)
		d.raw[n] = append(d.raw[n], pieces...)
		pieces = nil
		html, ok := safe(m, block)
		p := Piece{Pos: pos + i, Text: html, Tag: true, written: m[0]}
		name, end := strings.ToLower(m[2]), m[1] != ""
		if ok {
			stack, ok = d.match(n, stack, name, end)
		}
		if !ok {
			p = Piece{Pos: pos + i, Text: m[0], Shown: true}
		}
		d.raw[n] = append(d.raw[n], p)
		i += len(m[0])
		from = i
	}
	text(from, len(s), false)
	d.raw[n] = append(d.raw[n], pieces...)
	return stack
}

// commentEnd is the length of the comment that s begins with; 0 if it has no
// end. Two are whole though they share their hyphens: <!--> and <!--->.
func commentEnd(s string) int {
	for _, short := range []string{"<!-->", "<!--->"} {
		if strings.HasPrefix(s, short) {
			return len(short)
		}
	}
	if i := strings.Index(s[len("<!--"):], "-->"); i >= 0 {
		return len("<!--") + i + len("-->")
	}
	return 0
}

// match opens or closes a tag. It is false when the tag may not stand here.
func (d *Doc) match(n ast.Node, stack []opened, name string, end bool) ([]opened, bool) {
	t := tags[name]
	if t.void {
		return stack, !end
	}
	if end {
		for i := len(stack) - 1; i >= 0; i-- {
			if stack[i].name == name {
				d.unclosed(stack, i+1)
				return stack[:i], true
			}
		}
		return stack, false
	}
	inner := ""
	if len(stack) > 0 {
		inner = stack[len(stack)-1].name
	}
	if t.within != "" && t.within != inner || t.block && inner != "" && !tags[inner].block {
		return stack, false
	}
	return append(stack, opened{n, len(d.raw[n]), name}), true
}

// safe is the tag in m, a match of tagSyntax, with nothing but what passes.
func safe(m []string, block bool) (string, bool) {
	name := strings.ToLower(m[2])
	t, ok := tags[name]
	if !ok || t.block && !block {
		return "", false
	}
	if m[1] != "" {
		return "</" + name + ">", strings.TrimSpace(m[3]) == ""
	}
	out := "<" + name
	for _, a := range attrSyntax.FindAllStringSubmatch(m[3], -1) {
		if !strings.EqualFold(a[1], t.attr) {
			return "", false
		}
		if t.attr == "open" {
			out += " open"
			continue
		}
		out += " " + t.attr + `="` + html.EscapeString(html.UnescapeString(a[2]+a[3]+a[4])) + `"`
	}
	return out + ">", true
}
