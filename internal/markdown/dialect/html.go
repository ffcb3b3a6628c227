package dialect

import (
	"bytes"
	"io"
	"strconv"
	"strings"
	"sync"
	"time"
	"unicode/utf8"

	"github.com/yuin/goldmark/ast"
	extast "github.com/yuin/goldmark/extension/ast"

	"github.com/victorleungtw/blog/internal/recipe"
)

// Options are what HTML depends on besides the document.
type Options struct {
	// Lang is the language of labels that the writer adds ("Note", "Table").
	Lang string
	// Title is what the page shows as its heading. A leading title with this
	// text is left out. If a level-1 heading remains, every heading goes down
	// a level: the page has one.
	Title string
	// Source resolves images and links. One that it does not know is written
	// as it is.
	Source *recipe.Source
	// Base makes every address absolute, for feeds: "https://example.com".
	// Feeds also have plain code, and headings without links to themselves.
	Base string
	// Page is the path of the page, for Base.
	Page string
}

// HTML writes the document. It fails when w does, or when the machine is too
// slow to highlight (see highlight); nothing is written then.
func (d *Doc) HTML(w io.Writer, o Options) error {
	b := buffers.Get().(*bytes.Buffer)
	defer buffers.Put(b)
	b.Reset()
	if err := d.html(b, &o, time.Now); err != nil {
		return err
	}
	_, err := w.Write(b.Bytes())
	return err
}

func (d *Doc) html(b *bytes.Buffer, o *Options, now func() time.Time) error {
	out := &writer{Buffer: b, doc: d, opt: o, label: labelsFor(o.Lang), now: now}
	title, leading := d.Title()
	if leading && title == strings.Join(strings.Fields(o.Title), " ") {
		out.skip = d.title
	}
	if d.hasH1(out.skip) {
		out.shift = 1
	}
	out.children(d.root)
	return out.err
}

var buffers = sync.Pool{New: func() any { return new(bytes.Buffer) }}

func (d *Doc) hasH1(skip *ast.Heading) bool {
	for h := range d.ids {
		if h.Level == 1 && h != skip {
			return true
		}
	}
	return false
}

type writer struct {
	*bytes.Buffer
	doc    *Doc
	opt    *Options
	label  *labels
	skip   *ast.Heading
	shift  int
	images int
	now    func() time.Time // only to refuse, see tokens
	err    error
}

func (w *writer) str(parts ...string) {
	for _, s := range parts {
		w.WriteString(s)
	}
}

// text writes s as text.
func (w *writer) text(s string) { w.escape(s, false) }

func (w *writer) attr(name, value string) {
	w.str(" ", name, `="`)
	w.escape(value, true)
	w.WriteByte('"')
}

// escape writes s as text, or as an attribute in double quotes.
func (w *writer) escape(s string, attr bool) {
	from := 0
	for i := 0; i < len(s); i++ {
		var esc string
		switch c := s[i]; {
		case c == '<':
			esc = "&lt;"
		case c == '>':
			esc = "&gt;"
		case c == '&':
			esc = "&amp;"
		case c == '"' && attr:
			esc = "&quot;"
		case c < utf8.RuneSelf:
			continue
		default:
			// Bytes that are not UTF-8 become what browsers make of them, so
			// that the page is text whatever the source is.
			r, n := utf8.DecodeRuneInString(s[i:])
			if r != utf8.RuneError || n != 1 {
				i += n - 1
				continue
			}
			esc = "\ufffd"
		}
		w.str(s[from:i], esc)
		from = i + 1
	}
	w.WriteString(s[from:])
}

func (w *writer) children(n ast.Node) {
	for c := n.FirstChild(); c != nil && w.err == nil; c = c.NextSibling() {
		w.node(c)
	}
}

func (w *writer) wrap(tag string, n ast.Node) {
	w.str("<", tag, ">")
	w.children(n)
	w.str("</", tag, ">")
}

// node writes a block; inline nodes are in inline.go.
func (w *writer) node(n ast.Node) {
	switch n := n.(type) {
	case *ast.Heading:
		w.heading(n)
	case *ast.Paragraph:
		w.paragraph(n)
	case *ast.TextBlock:
		w.children(n)
		if n.NextSibling() != nil {
			w.WriteByte('\n')
		}
	case *ast.ThematicBreak:
		w.str("<hr>\n")
	case *ast.Blockquote:
		w.str("<blockquote>\n")
		w.children(n)
		w.str("</blockquote>\n")
	case *ast.List:
		w.list(n)
	case *ast.ListItem:
		w.wrap("li", n)
		w.WriteByte('\n')
	case *ast.CodeBlock:
		w.code(Code{}, w.doc.lines(n))
	case *FormulaBlock:
		w.formula(n)
	case *ast.FencedCodeBlock:
		if w.doc.IsFormula(n) {
			w.formula(n)
			return
		}
		w.code(w.doc.Info(n), w.doc.lines(n))
	case *ast.HTMLBlock:
		w.rawBlock(n)
	case *ast.LinkReferenceDefinition:
	case *Admonition:
		w.admonition(n)
	case *Shortcode:
		w.shortcode(n)
	case *Caption:
		w.caption(n)
	case *extast.Table:
		w.table(n)
	case *extast.DefinitionList:
		w.str("<dl>\n")
		w.children(n)
		w.str("</dl>\n")
	case *extast.DefinitionTerm:
		w.wrap("dt", n)
		w.WriteByte('\n')
	case *extast.DefinitionDescription:
		w.wrap("dd", n)
		w.WriteByte('\n')
	case *extast.FootnoteList:
		w.str(`<section class="footnotes" role="doc-endnotes"`)
		w.attr("aria-label", w.label.footnotes)
		w.str(">\n<ol>\n")
		w.children(n)
		w.str("</ol>\n</section>\n")
	case *extast.Footnote:
		w.str(`<li id="fn:`, strconv.Itoa(n.Index), `">`)
		w.children(n)
		w.str("</li>\n")
	default:
		if !w.inline(n) {
			w.children(n)
		}
	}
}

func (w *writer) heading(n *ast.Heading) {
	if n == w.skip {
		return
	}
	tag := "h" + strconv.Itoa(min(n.Level+w.shift, 6))
	if w.opt.Base != "" {
		w.wrap(tag, n)
		w.WriteByte('\n')
		return
	}
	id := w.doc.ids[n]
	w.str("<", tag)
	w.attr("id", id)
	w.WriteByte('>')
	// The text itself is the link to the section: one element, with a name for
	// those who hear the page. A heading with a link in it goes without.
	link := n.FirstChild() != nil && !hasLink(n)
	if link {
		w.WriteString("<a")
		w.attr("href", "#"+id)
		w.WriteByte('>')
	}
	w.children(n)
	if link {
		w.str("</a>")
	}
	w.str("</", tag, ">\n")
}

func hasLink(n ast.Node) bool {
	for c := n.FirstChild(); c != nil; c = c.NextSibling() {
		switch c.(type) {
		case *ast.Link, *ast.AutoLink, *extast.FootnoteLink:
			return true
		}
		if hasLink(c) {
			return true
		}
	}
	return false
}

// paragraph writes a paragraph; an image alone in one, with a title, is a
// figure with a caption.
func (w *writer) paragraph(n *ast.Paragraph) {
	if n.FirstChild() == nil {
		return
	}
	if img, ok := n.FirstChild().(*ast.Image); ok && n.ChildCount() == 1 && len(img.Title) > 0 && w.image(img, "<figure>") {
		w.str("<figcaption>")
		w.text(string(unescape(img.Title)))
		w.str("</figcaption></figure>\n")
		return
	}
	w.wrap("p", n)
	w.WriteByte('\n')
}

func (w *writer) list(n *ast.List) {
	tag := "ul"
	if n.IsOrdered() {
		tag = "ol"
	}
	w.str("<", tag)
	if n.IsOrdered() && n.Start != 1 {
		w.str(` start="`, strconv.Itoa(n.Start), `"`)
	}
	if isTasks(n) {
		w.str(` class="tasks"`)
	}
	w.str(">\n")
	w.children(n)
	w.str("</", tag, ">\n")
}

func isTasks(list *ast.List) bool {
	for item := list.FirstChild(); item != nil; item = item.NextSibling() {
		if b := item.FirstChild(); b != nil {
			if _, ok := b.FirstChild().(*extast.TaskCheckBox); ok {
				return true
			}
		}
	}
	return false
}

func (w *writer) rawBlock(n *ast.HTMLBlock) {
	pieces := w.doc.raw[n]
	if len(pieces) == 0 {
		return
	}
	markup := false
	for _, p := range pieces {
		markup = markup || p.Tag
	}
	if !markup {
		w.str("<p>")
	}
	w.pieces(pieces)
	if !markup {
		w.str("</p>")
	}
	w.WriteByte('\n')
}

func (w *writer) pieces(pieces []Piece) {
	for _, p := range pieces {
		switch {
		case p.Tag:
			w.WriteString(p.Text)
		case p.Shown:
			w.text(p.Text)
		default:
			w.text(string(entities([]byte(p.Text))))
		}
	}
}
