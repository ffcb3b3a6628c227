package dialect

import (
	"unicode"
	"unicode/utf8"

	"github.com/yuin/goldmark/ast"
	"github.com/yuin/goldmark/util"
)

// joins says whether the lines that end with before and begin with after join
// without a space: the segment break transformation rules that CSS Text 3
// suggests (https://www.w3.org/TR/css-text-3/#line-break-transform, and for
// punctuation https://github.com/w3c/csswg-drafts/issues/5086). Browsers do
// not all apply them, so it is done here.
func joins(before, after rune) bool {
	if before == '\u200b' || after == '\u200b' {
		return true
	}
	if before < 0x1100 && after < 0x1100 {
		return false
	}
	if wide(before) && wide(after) {
		return !unicode.Is(unicode.Hangul, before) && !unicode.Is(unicode.Hangul, after)
	}
	return squarePunct(before) || squarePunct(after)
}

// wide says that r takes a full square (East Asian Width F, W or H).
func wide(r rune) bool {
	switch util.EastAsianWidth(r) {
	case "F", "W", "H":
		return true
	}
	return false
}

// squarePunct says that r is punctuation of a script without spaces, which
// brings its own: 。，「」.
func squarePunct(r rune) bool {
	return r == '\u3000' || unicode.IsPunct(r) && wide(r) && eastAsian(r)
}

// lastRune is the last character that n shows, or zero.
func (d *Doc) lastRune(n ast.Node) rune {
	switch n := n.(type) {
	case *ast.Text:
		if r, size := utf8.DecodeLastRune(n.Segment.Value(d.src)); size > 0 {
			return r
		}
	case *ast.AutoLink:
		r, _ := utf8.DecodeLastRune(n.Label(d.src))
		return r
	}
	for c := n.LastChild(); c != nil; c = c.PreviousSibling() {
		if r := d.lastRune(c); r != 0 {
			return r
		}
	}
	return 0
}

// firstRune is the first character that n shows, or zero.
func (d *Doc) firstRune(n ast.Node) rune {
	switch n := n.(type) {
	case *ast.Text:
		if r, size := utf8.DecodeRune(n.Segment.Value(d.src)); size > 0 {
			return r
		}
	case *ast.AutoLink:
		r, _ := utf8.DecodeRune(n.Label(d.src))
		return r
	}
	for c := n.FirstChild(); c != nil; c = c.NextSibling() {
		if r := d.firstRune(c); r != 0 {
			return r
		}
	}
	return 0
}

// softBreak is what stands for the line break behind t: a line feed, or
// nothing between characters that need no space.
func (d *Doc) softBreak(t *ast.Text) string {
	before := d.lastRune(t)
	for p := t.PreviousSibling(); before == 0 && p != nil; p = p.PreviousSibling() {
		before = d.lastRune(p)
	}
	// What follows may be in another element: 見\n**此處**.
	for n := ast.Node(t); n != nil; n = n.Parent() {
		if n.Type() == ast.TypeBlock {
			break
		}
		for s := n.NextSibling(); s != nil; s = s.NextSibling() {
			if after := d.firstRune(s); after != 0 {
				if before != 0 && joins(before, after) {
					return ""
				}
				return "\n"
			}
		}
	}
	return "\n"
}
