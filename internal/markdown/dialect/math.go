package dialect

import (
	"bytes"
	"strings"

	"github.com/yuin/goldmark/ast"
	"github.com/yuin/goldmark/parser"
	"github.com/yuin/goldmark/text"
	"github.com/yuin/goldmark/util"
)

// Feature is a part of the dialect that a document may have or not.
type Feature int

// Math reads formulas in TeX: $…$ in a text, $$…$$ in it or alone on its lines,
// and fenced code with the language math. Without it a dollar is a dollar. In a
// text, no space stands within the dollars of a formula and no Latin letter or
// digit beside them, so that $5 and $10 are amounts: Pandoc's rule
// (https://pandoc.org/MANUAL.html#extension-tex_math_dollars), a little
// stricter.
const Math Feature = 1

// Formula is one in a text.
type Formula struct {
	ast.BaseInline
	source, tex string
	display     bool
}

// FormulaBlock is one that stands alone.
type FormulaBlock struct{ ast.BaseBlock }

// KindFormula and KindFormulaBlock are their kinds.
var (
	KindFormula      = ast.NewNodeKind("Formula")
	KindFormulaBlock = ast.NewNodeKind("FormulaBlock")
)

// Kind implements ast.Node.
func (n *Formula) Kind() ast.NodeKind { return KindFormula }

// Dump implements ast.Node.
func (n *Formula) Dump(src []byte, level int) {
	ast.DumpHelper(n, src, level, map[string]string{"TeX": n.tex}, nil)
}

// Kind implements ast.Node.
func (n *FormulaBlock) Kind() ast.NodeKind { return KindFormulaBlock }

// Dump implements ast.Node.
func (n *FormulaBlock) Dump(src []byte, level int) { ast.DumpHelper(n, src, level, nil, nil) }

// IsRaw implements ast.Node: nothing in it is Markdown.
func (n *FormulaBlock) IsRaw() bool { return true }

// formulaParser reads formulas in a text. One does not go over the end of a
// line: a lone dollar must not take the rest of a paragraph.
type formulaParser struct{}

func (formulaParser) Trigger() []byte { return []byte{'$'} }

func (formulaParser) Parse(_ ast.Node, block text.Reader, _ parser.Context) ast.Node {
	before := block.PrecendingCharacter()
	line, segment := block.PeekLine()
	mark := "$"
	if bytes.HasPrefix(line, []byte("$$")) {
		mark = "$$"
	}
	tex := line[len(mark):]
	end := closingDollar(tex, mark)
	if end <= 0 || len(mark)+end > maxTeX {
		if mark == "$" {
			return nil
		}
		block.Advance(len(mark)) // the second is not the first of another
		return ast.NewTextSegment(segment.WithStop(segment.Start + len(mark)))
	}
	if first, last := tex[0], tex[end-1]; mark == "$" && (util.IsSpace(first) || util.IsSpace(last) || before < 0x80 && util.IsAlphaNumeric(byte(before))) {
		return nil
	}
	all := len(mark) + end + len(mark)
	block.Advance(all)
	n := &Formula{source: string(line[:all]), tex: string(tex[:end]), display: mark == "$$"}
	n.SetPos(segment.Start)
	return n
}

// closingDollar is where the formula that tex begins with ends; -1 if it does
// not. What a backslash stands before does not end it.
func closingDollar(tex []byte, mark string) int {
	for i := 0; i < len(tex); i++ {
		switch {
		case tex[i] == '\\':
			i++
		case tex[i] == '\n':
			return -1
		case bytes.HasPrefix(tex[i:], []byte(mark)):
			if next := i + 1; mark == "$" && next < len(tex) && (tex[next] == '$' || util.IsAlphaNumeric(tex[next])) {
				return -1
			}
			return i
		}
	}
	return -1
}

// formulaBlockParser reads formulas between $$ and $$ that stand alone.
type formulaBlockParser struct{}

// formulaKey holds where the open block ends in the source.
var formulaKey = parser.NewContextKey()

func (formulaBlockParser) Trigger() []byte { return []byte{'$'} }

func (formulaBlockParser) Open(_ ast.Node, reader text.Reader, pc parser.Context) (ast.Node, parser.State) {
	line, segment := reader.PeekLine()
	offset := pc.BlockOffset()
	if offset < 0 || !bytes.HasPrefix(line[offset:], []byte("$$")) {
		return nil, parser.NoChildren
	}
	at := segment.Start + offset - segment.Padding + 2
	src := reader.Source()
	// It ends at the end of a line, before one that is empty.
	window, _, _ := bytes.Cut(src[at:min(len(src), at+maxTeX)], []byte("\n\n"))
	end := bytes.Index(window, []byte("$$"))
	if end < 0 || strings.TrimSpace(string(window[:end])) == "" {
		return nil, parser.NoChildren
	}
	if rest, _, _ := bytes.Cut(src[at+end+2:], []byte("\n")); !util.IsBlank(rest) {
		return nil, parser.NoChildren
	}
	n := &FormulaBlock{}
	n.SetPos(at - 2)
	n.Lines().Append(text.NewSegment(at, min(segment.Stop, at+end)))
	pc.Set(formulaKey, at+end)
	reader.AdvanceToEOL()
	return n, parser.NoChildren
}

func (formulaBlockParser) Continue(node ast.Node, reader text.Reader, pc parser.Context) parser.State {
	end, _ := pc.Get(formulaKey).(int)
	_, segment := reader.PeekLine()
	if segment.Start >= end+2 {
		return parser.Close
	}
	if segment.Start < end {
		node.Lines().Append(segment.WithStop(min(segment.Stop, end)))
	}
	reader.AdvanceToEOL()
	return parser.Continue | parser.NoChildren
}

func (formulaBlockParser) Close(ast.Node, text.Reader, parser.Context) {}

func (formulaBlockParser) CanInterruptParagraph() bool { return true }

func (formulaBlockParser) CanAcceptIndentedLine() bool { return false }

// formulas converts every formula; one that cannot be is noted.
func (d *Doc) formulas() {
	d.mathml = map[ast.Node]string{}
	_ = ast.Walk(d.root, func(n ast.Node, entering bool) (ast.WalkStatus, error) {
		if !entering {
			return ast.WalkContinue, nil
		}
		tex, display := "", true
		switch n := n.(type) {
		case *Formula:
			tex, display = n.tex, n.display
		case *FormulaBlock:
			tex = d.lines(n)
		case *ast.FencedCodeBlock:
			if d.Info(n).Lang != "math" {
				return ast.WalkContinue, nil
			}
			tex = d.lines(n)
		default:
			return ast.WalkContinue, nil
		}
		out, err := mathML(tex, display)
		if err != nil {
			d.notes = append(d.notes, Note{BadFormula, n.Pos(), err.Error()})
		}
		d.mathml[n] = out
		return ast.WalkContinue, nil
	})
}

// IsFormula says that a block of fenced code is a formula here.
func (d *Doc) IsFormula(n *ast.FencedCodeBlock) bool {
	_, ok := d.mathml[n]
	return ok
}

// formula writes a formula, or its source as code.
func (w *writer) formula(n ast.Node) {
	out := w.doc.mathml[n]
	if f, ok := n.(*Formula); ok {
		if out == "" {
			w.str("<code>")
			w.text(f.source)
			w.str("</code>")
			return
		}
		w.str(out)
		return
	}
	if out == "" {
		w.code(Code{}, w.doc.lines(n))
		return
	}
	w.str(`<div class="math" tabindex="0">`, out, "</div>\n")
}
