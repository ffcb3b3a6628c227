// Package markdown says what a post's Markdown holds besides its HTML: its
// title, what to show of it in a list, how long it takes to read, what it
// refers to, and what its author should know before publishing.
//
// The text is read by package dialect, the parser that the renderer uses, so
// that a document means the same to both. The HTML itself is dialect's; this
// package is apart from it so that a better warning or a better count does not
// change the renderer's version, and with it every page.
//
// A Doc is plain data: it does not hold on to the source.
package markdown

import (
	"strings"

	"github.com/yuin/goldmark/ast"

	"github.com/victorleungtw/blog/internal/markdown/dialect"
	"github.com/victorleungtw/blog/internal/problem"
)

// SummaryWidth is the width of a Summary in columns, of which a Latin letter
// takes one and a Chinese character two: what a search engine shows.
const SummaryWidth = 180

// Doc is what a document says.
type Doc struct {
	Title string // the first level-1 heading, without markup; empty if there is none
	// Summary is plain text: what stands before <!-- more -->, else the first
	// paragraph, cut to SummaryWidth.
	Summary  string
	Count    Count
	Minutes  int          // reading time, at least 1
	Refs     []Ref        // in the order of the text
	Problems problem.List // warnings, by line; File is empty
}

// Ref is a link or an image.
type Ref struct {
	Dest  string // as written, with its fragment
	Line  int    // of the file
	Image bool
}

// SplitFrontMatter parts a source into its YAML front matter and its body,
// which begins on line bodyLine, from 1. See dialect.SplitFrontMatter.
func SplitFrontMatter(src []byte) (yaml, body []byte, bodyLine int) {
	return dialect.SplitFrontMatter(src)
}

// Parse reads Markdown without front matter. bodyLine is the line of the file
// that body begins on.
func Parse(body []byte, bodyLine int, features ...dialect.Feature) *Doc {
	tree := dialect.Parse(body, bodyLine, features...)
	title, _ := tree.Title()
	texts := blocks(tree)
	count := countOf(tree, texts)
	return &Doc{
		Title:    title,
		Summary:  summary(tree, texts, SummaryWidth),
		Count:    count,
		Minutes:  count.Minutes(),
		Refs:     refs(tree),
		Problems: check(tree),
	}
}

// blocks is the plain text of each block at the top of the document.
func blocks(tree *dialect.Doc) []string {
	out := make([]string, 0, tree.Root().ChildCount())
	for n := tree.Root().FirstChild(); n != nil; n = n.NextSibling() {
		out = append(out, tree.Plain(n))
	}
	return out
}

// walk visits every node on the way down.
func walk(tree *dialect.Doc, visit func(n ast.Node)) {
	_ = ast.Walk(tree.Root(), func(n ast.Node, entering bool) (ast.WalkStatus, error) {
		if entering {
			visit(n)
		}
		return ast.WalkContinue, nil
	})
}

func refs(tree *dialect.Doc) []Ref {
	var out []Ref
	walk(tree, func(n ast.Node) {
		switch n := n.(type) {
		case *ast.Link:
			out = append(out, Ref{Dest: string(n.Destination), Line: line(tree, n)})
		case *ast.Image:
			out = append(out, Ref{Dest: string(n.Destination), Line: line(tree, n), Image: true})
		case *ast.AutoLink:
			out = append(out, Ref{Dest: dialect.Destination(n, tree.Source()), Line: line(tree, n)})
		}
	})
	return out
}

// line is the line that a node begins on: its own position, or that of the
// nearest node around it that has one.
func line(tree *dialect.Doc, n ast.Node) int {
	for ; n != nil; n = n.Parent() {
		if pos := n.Pos(); pos >= 0 && n.Kind() != ast.KindDocument {
			return tree.Line(pos)
		}
	}
	return tree.Line(0)
}

// summary is the text before <!-- more -->, or the first paragraph that has
// any, cut to width.
func summary(tree *dialect.Doc, texts []string, width int) string {
	var before []string
	first, more := "", false
	for i, n := 0, tree.Root().FirstChild(); n != nil && !more; i, n = i+1, n.NextSibling() {
		if n.Kind() == ast.KindHeading {
			continue
		}
		if b, ok := n.(*ast.HTMLBlock); ok && isMore(tree, b) {
			more = len(before) > 0
			continue
		}
		text := texts[i]
		if text == "" {
			continue
		}
		if n.Kind() == ast.KindParagraph {
			if first == "" {
				first = text
			}
			more = hasInlineMore(tree, n)
		}
		before = append(before, text)
	}
	if more {
		return cut(strings.Join(before, " "), width)
	}
	return cut(first, width)
}

func isMore(tree *dialect.Doc, n *ast.HTMLBlock) bool {
	var b strings.Builder
	for i := range n.Lines().Len() {
		s := n.Lines().At(i)
		b.Write(s.Value(tree.Source()))
	}
	if n.HasClosure() {
		b.Write(n.ClosureLine.Value(tree.Source()))
	}
	return isMoreComment(b.String())
}

func hasInlineMore(tree *dialect.Doc, p ast.Node) bool {
	for c := p.FirstChild(); c != nil; c = c.NextSibling() {
		if raw, ok := c.(*ast.RawHTML); ok && raw.Segments.Len() > 0 {
			s := raw.Segments.At(0)
			if isMoreComment(string(s.Value(tree.Source()))) {
				return true
			}
		}
	}
	return false
}

// isMoreComment knows the spellings of Hugo and WordPress (<!--more-->) and of
// Material (<!-- more -->).
func isMoreComment(s string) bool {
	s, ok := strings.CutPrefix(strings.TrimSpace(s), "<!--")
	if !ok {
		return false
	}
	s, _, ok = strings.Cut(s, "-->")
	return ok && strings.EqualFold(strings.TrimSpace(s), "more")
}
