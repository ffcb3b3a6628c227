// Package dialect reads the Markdown that posts are written in, and writes it
// as HTML.
//
// # The dialect
//
// CommonMark and GitHub's tables, strikethrough, task lists, autolinks and
// alerts; footnotes; definition lists; Python-Markdown's admonitions
// ("!!! note", "??? note" and "???+ note"); attribute lists as far as a
// heading's id and an image's width; fenced code, highlighted with classes; four
// of Hugo's shortcodes. It is what posts written for Material for MkDocs, Hugo,
// Jekyll or Gatsby have in common. What it does not know it shows as text and package markdown reports,
// with its line: nothing that an author wrote disappears without a word.
//
// # Promises
//
//   - HTML is a function of the source and the options. One parser serves the
//     checker and the renderer, so that what was checked is what is shown.
//   - The HTML is inert whatever the source says. Raw HTML passes only if it
//     is one of a few tags that carry no behaviour, and balanced, so that it
//     cannot change the page around it; addresses pass only with a scheme from
//     a short list; there is no style, no script and no event attribute.
//   - A Doc is safe for concurrent use once Parse has returned.
//
// # Decisions
//
// The HTML writer is ours rather than goldmark's: options differ from document
// to document (images, links, absolute addresses in feeds), and goldmark's
// renderer is configured once. It also lets Chinese and Japanese be right.
// goldmark 1.8.7's handling of line breaks between East Asian characters joins
// Latin words whose line ends with a comma or is followed by emphasis (its
// html.WithEastAsianLineBreaks), and CommonMark's rule for emphasis leaves
// **強調。**後 as it is; see breaks.go and emphasis.go.
//
// What only a checker asks (problems, references, reading time) is in package
// markdown, outside of what the renderer is built from: another wording of a
// warning must not give every page of the blog a new digest.
//
// Highlighting writes ten classes in place of chroma's eighty and joins
// neighbours of one class: a third of the bytes, and colours that one small
// stylesheet can keep readable in light and dark.
package dialect

import (
	"slices"
	"sort"

	"github.com/yuin/goldmark/ast"
	"github.com/yuin/goldmark/extension"
	"github.com/yuin/goldmark/parser"
	"github.com/yuin/goldmark/text"
	"github.com/yuin/goldmark/util"
)

// Doc is a parsed document.
type Doc struct {
	src     []byte
	root    *ast.Document
	line    int   // the line, in its file, that src begins on
	breaks  []int // the position of every line feed of src
	title   *ast.Heading
	leading bool // title is the first block
	ids     map[*ast.Heading]string
	raw     map[ast.Node][]Piece
	width   map[*ast.Image]int // from an attribute list, in CSS pixels
	notes   []Note
	mathml  map[ast.Node]string // formulas; empty for one that is shown as code
}

// Note is something that the source says and the HTML does not show.
type Note struct {
	Kind NoteKind
	Pos  int    // offset in Source
	Text string // the source
}

// NoteKind says what became of it.
type NoteKind int

const (
	DroppedAttribute NoteKind = iota // an attribute list, or a part of one, without effect
	UnusedFootnote                   // a footnote that the text does not refer to
	BadFormula                       // a formula that is shown as code; Text says why
)

// shared are the two configurations of the parser, without and with formulas.
// goldmark's parser keeps no state between documents and may be used by many
// goroutines.
var shared = map[bool]parser.Parser{false: newParser(false), true: newParser(true)}

func newParser(math bool) parser.Parser {
	inline := []util.PrioritizedValue{
		util.Prioritized(extension.NewTaskCheckBoxParser(), 0),
		util.Prioritized(parser.NewCodeSpanParser(), 100),
		util.Prioritized(extension.NewFootnoteParser(), 101),
		util.Prioritized(parser.NewLinkParser(), 200),
		util.Prioritized(parser.NewAutoLinkParser(), 300),
		util.Prioritized(parser.NewRawHTMLParser(), 400),
		util.Prioritized(emphasisParser{}, 500),
		util.Prioritized(addressParser{}, 998),
		util.Prioritized(extension.NewLinkifyParser(), 999),
	}
	block := append(parser.DefaultBlockParsers(),
		util.Prioritized(extension.NewDefinitionListParser(), 101),
		util.Prioritized(extension.NewDefinitionDescriptionParser(), 102),
		util.Prioritized(admonitionParser{}, 750),
		util.Prioritized(shortcodeParser{}, 751),
		util.Prioritized(extension.NewFootnoteBlockParser(), 999),
	)
	if math {
		inline = append(inline, util.Prioritized(formulaParser{}, 150))
		block = append(block, util.Prioritized(formulaBlockParser{}, 752))
	}
	return parser.NewParser(
		parser.WithBlockParsers(block...),
		parser.WithInlineParsers(inline...),
		parser.WithParagraphTransformers(append(parser.DefaultParagraphTransformers(),
			util.Prioritized(extension.NewTableParagraphTransformer(), 200))...),
		parser.WithASTTransformers(
			util.Prioritized(extension.NewTableASTTransformer(), 0),
			util.Prioritized(unusedFootnotes{}, 998),
			util.Prioritized(extension.NewFootnoteASTTransformer(), 999)),
		parser.WithEscapedSpace(),
	)
}

// Parse reads Markdown without front matter (see SplitFrontMatter). line is
// the number of the file's line that body begins on, for Line. Every input is
// a document: Parse cannot fail.
func Parse(body []byte, line int, features ...Feature) *Doc {
	d := &Doc{src: clean(body), line: line}
	for i, c := range d.src {
		if c == '\n' {
			d.breaks = append(d.breaks, i)
		}
	}
	pc := parser.NewContext()
	math := slices.Contains(features, Math)
	d.root = shared[math].Parse(text.NewReader(d.src), parser.WithContext(pc)).(*ast.Document)
	if n, ok := pc.Get(notesKey).([]Note); ok {
		d.notes = n
	}
	d.transform()
	if math {
		d.formulas()
	}
	return d
}

// clean replaces control characters, which neither HTML nor XML may hold, by
// spaces. Offsets stay as they are.
func clean(src []byte) []byte {
	control := func(c byte) bool { return c < ' ' && c != '\n' && c != '\t' && c != '\r' }
	for i, c := range src {
		if control(c) {
			out := append([]byte(nil), src...)
			for ; i < len(out); i++ {
				if control(out[i]) {
					out[i] = ' '
				}
			}
			return out
		}
	}
	return src
}

// Root is the document's tree, for package markdown. It must not be changed.
func (d *Doc) Root() *ast.Document { return d.root }

// Source is the text that the tree's positions point into.
func (d *Doc) Source() []byte { return d.src }

// Notes are what the HTML does not show, in no particular order.
func (d *Doc) Notes() []Note { return d.notes }

// Line is the number, in its file, of the line that holds the byte at pos of
// Source.
func (d *Doc) Line(pos int) int {
	return d.line + sort.SearchInts(d.breaks, pos)
}

// Title is the text of the first level-1 heading, or empty. leading says that
// the heading opens the document, as a title does; HTML leaves such a heading
// out when the page shows its text already (Options.Title).
func (d *Doc) Title() (title string, leading bool) {
	if d.title == nil {
		return "", false
	}
	return d.Plain(d.title), d.leading
}
