package dialect

import (
	"bytes"
	"regexp"
	"strings"

	"github.com/yuin/goldmark/ast"
	"github.com/yuin/goldmark/parser"
	"github.com/yuin/goldmark/text"
	"github.com/yuin/goldmark/util"
)

// Admonition is a call-out: a kind, a title and blocks.
//
//	!!! warning "Back up first"      ??? note "Folded"      ???+ tip
//	    Indented by four spaces.         Indented.              Shown open.
//
// The forms are those of Python-Markdown
// (https://python-markdown.github.io/extensions/admonition/) and of its
// "details" extension; GitHub's alerts ("> [!NOTE]") become one too.
type Admonition struct {
	ast.BaseBlock
	Name     string // as written, in lower case: "warning"
	Title    string // empty for the kind's own title
	Untitled bool   // the title was given and empty: show none
	Fold     bool   // the reader can fold it
	Open     bool   // it is shown unfolded
}

// KindAdmonition is Admonition's kind.
var KindAdmonition = ast.NewNodeKind("Admonition")

// Kind implements ast.Node.
func (n *Admonition) Kind() ast.NodeKind { return KindAdmonition }

// Dump implements ast.Node.
func (n *Admonition) Dump(src []byte, level int) {
	ast.DumpHelper(n, src, level, map[string]string{"Name": n.Name, "Title": n.Title}, nil)
}

// Family is which of the five looks the admonition's name asks for, or empty
// for a name that is not known, which looks like a note.
func (n *Admonition) Family() string { return families[n.Name] }

var families = map[string]string{
	"note": "note", "info": "note", "todo": "note", "abstract": "note", "summary": "note", "tldr": "note",
	"example": "note", "seealso": "note",
	"tip": "tip", "hint": "tip", "success": "tip", "check": "tip", "done": "tip",
	"question": "tip", "help": "tip", "faq": "tip",
	"warning": "warning", "caution": "warning", "attention": "warning", "important": "warning",
	"danger": "danger", "error": "danger", "failure": "danger", "fail": "danger", "missing": "danger", "bug": "danger",
	"quote": "quote", "cite": "quote",
}

// The kind, other classes (Material's "inline end"), and a title in quotes.
var admonitionLine = regexp.MustCompile(`^(!!!|\?\?\?\+?)[ \t]*([\w-]+)((?:[ \t]+[\w-]+)*)(?:[ \t]+"(.*)")?[ \t]*\r?\n?$`)

type admonitionParser struct{}

func (admonitionParser) Trigger() []byte { return []byte{'!', '?'} }

func (admonitionParser) Open(_ ast.Node, reader text.Reader, pc parser.Context) (ast.Node, parser.State) {
	line, segment := reader.PeekLine()
	at := pc.BlockOffset()
	if at < 0 || at+4 > len(line) {
		return nil, parser.NoChildren
	}
	m := admonitionLine.FindSubmatchIndex(line[at:])
	if m == nil {
		return nil, parser.NoChildren
	}
	part := func(i int) string {
		if m[2*i] < 0 {
			return ""
		}
		return string(line[at+m[2*i] : at+m[2*i+1]])
	}
	n := &Admonition{
		Name:     strings.ToLower(part(2)),
		Title:    strings.TrimSpace(part(4)),
		Untitled: m[8] >= 0 && m[8] == m[9],
		Fold:     line[at] == '?',
		Open:     part(1) == "???+",
	}
	if classes := strings.TrimSpace(part(3)); classes != "" {
		note(pc, Note{DroppedAttribute, segment.Start + at + m[6], classes})
	}
	reader.AdvanceToEOL()
	return n, parser.HasChildren
}

func (admonitionParser) Continue(_ ast.Node, reader text.Reader, _ parser.Context) parser.State {
	line, _ := reader.PeekLine()
	if util.IsBlank(line) {
		return parser.Continue | parser.HasChildren
	}
	pos, padding := util.IndentPosition(line, reader.LineOffset(), 4)
	if pos < 0 {
		return parser.Close
	}
	reader.AdvanceAndSetPadding(pos, padding)
	return parser.Continue | parser.HasChildren
}

func (admonitionParser) Close(ast.Node, text.Reader, parser.Context) {}

func (admonitionParser) CanInterruptParagraph() bool { return true }

func (admonitionParser) CanAcceptIndentedLine() bool { return false }

// alerts are GitHub's names
// (https://docs.github.com/get-started/writing-on-github/getting-started-with-writing-and-formatting-on-github/basic-writing-and-formatting-syntax#alerts).
var alerts = map[string]string{
	"[!NOTE]": "note", "[!TIP]": "tip", "[!IMPORTANT]": "important", "[!WARNING]": "warning", "[!CAUTION]": "caution",
}

// alert makes an admonition of a block quote whose first line says so.
func (d *Doc) alert(quote *ast.Blockquote) {
	p, ok := quote.FirstChild().(*ast.Paragraph)
	if !ok || p.Lines().Len() == 0 {
		return
	}
	first := p.Lines().At(0)
	name, ok := alerts[string(bytes.ToUpper(bytes.TrimSpace(first.Value(d.src))))]
	if !ok {
		return
	}
	for c := p.FirstChild(); c != nil; {
		t, ok := c.(*ast.Text)
		if !ok || t.Segment.Start >= first.Stop {
			break
		}
		next := c.NextSibling()
		p.RemoveChild(p, c)
		c = next
	}
	if p.FirstChild() == nil {
		quote.RemoveChild(quote, p)
	}
	n := &Admonition{Name: name}
	n.SetPos(first.Start)
	quote.Parent().ReplaceChild(quote.Parent(), quote, n)
	for c := quote.FirstChild(); c != nil; c = quote.FirstChild() {
		n.AppendChild(n, c)
	}
}
