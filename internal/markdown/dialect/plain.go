package dialect

import (
	"bytes"
	"html"
	"regexp"
	"strings"
	"unicode"

	"github.com/yuin/goldmark/ast"
	extast "github.com/yuin/goldmark/extension/ast"
	"github.com/yuin/goldmark/util"
)

// Plain is what a reader sees of n, without markup, on one line. A block
// within n ends in a space; an image is its alternative text; code blocks,
// footnotes and their numbers are left out.
func (d *Doc) Plain(n ast.Node) string {
	var b strings.Builder
	d.plain(&b, n)
	return collapse(b.String())
}

// collapse is strings.Join(strings.Fields(s), " "), without the list of words:
// most texts need no change but at the end.
func collapse(s string) string {
	s = strings.TrimSpace(s)
	space := false
	for _, r := range s {
		if ' ' < r && r < 0x80 || r > '\u3000' || !unicode.IsSpace(r) {
			space = false
			continue
		}
		if space || r != ' ' {
			return strings.Join(strings.Fields(s), " ")
		}
		space = true
	}
	return s
}

func (d *Doc) plain(b *strings.Builder, n ast.Node) {
	switch n := n.(type) {
	case *ast.Text:
		b.Write(d.unescape(n))
		if n.HardLineBreak() {
			b.WriteByte(' ')
		} else if n.SoftLineBreak() {
			b.WriteString(d.softBreak(n))
		}
		return
	case *ast.String:
		b.Write(n.Value)
		return
	case *ast.AutoLink:
		b.Write(n.Label(d.src))
		return
	case *Formula:
		b.WriteString(n.source)
		return
	case *ast.RawHTML, *ast.HTMLBlock:
		for _, p := range d.raw[n] {
			if !p.Tag {
				b.Write(entities([]byte(p.Text)))
			}
		}
		return
	case *ast.CodeBlock, *ast.FencedCodeBlock, *FormulaBlock, *extast.FootnoteList, *extast.FootnoteLink:
		return
	case *ast.CodeSpan:
		for c := n.FirstChild(); c != nil; c = c.NextSibling() {
			if t, ok := c.(*ast.Text); ok {
				b.Write(t.Segment.Value(d.src))
			}
		}
		return
	}
	for c := n.FirstChild(); c != nil; c = c.NextSibling() {
		d.plain(b, c)
	}
	if n.Type() == ast.TypeBlock {
		b.WriteByte(' ')
	}
}

// unescape resolves the escapes and references of a text.
func (d *Doc) unescape(t *ast.Text) []byte {
	v := t.Segment.Value(d.src)
	if t.IsRaw() {
		return v
	}
	return unescape(v)
}

// unescape resolves backslash escapes and character references in one pass, so
// that neither makes the other: \&lt; is the text "&lt;".
func unescape(v []byte) []byte {
	plain := true
	for _, c := range v {
		if c == '\\' || c == '&' {
			plain = false
			break
		}
	}
	if plain {
		return v
	}
	out := make([]byte, 0, len(v))
	from := 0
	for i := 0; i+1 < len(v); i++ {
		if v[i] != '\\' || !util.IsPunct(v[i+1]) && v[i+1] != ' ' {
			continue
		}
		out = append(out, entities(v[from:i])...)
		if v[i+1] != ' ' { // an escaped space shows nothing
			out = append(out, v[i+1])
		}
		i++
		from = i + 1
	}
	return append(out, entities(v[from:])...)
}

var entity = regexp.MustCompile(`&(?:#[0-9]{1,7}|#[xX][0-9a-fA-F]{1,6}|[A-Za-z][A-Za-z0-9]*);`)

// entities resolves character references that end in a semicolon. Browsers,
// and package html, take some without: they would see © in "?a=1&copy=2".
func entities(v []byte) []byte {
	if bytes.IndexByte(v, '&') < 0 {
		return v
	}
	return entity.ReplaceAllFunc(v, func(m []byte) []byte {
		name := string(m[1 : len(m)-1])
		if name[0] == '#' {
			return []byte(html.UnescapeString(string(m)))
		}
		if e, ok := util.LookUpHTML5EntityByName(name); ok {
			return e.Characters
		}
		return m
	})
}
