package dialect

import (
	"strconv"

	"github.com/yuin/goldmark/ast"
	extast "github.com/yuin/goldmark/extension/ast"

	"github.com/victorleungtw/blog/internal/recipe"
)

// inline writes an inline node. It is false for a node that it does not know.
func (w *writer) inline(n ast.Node) bool {
	switch n := n.(type) {
	case *ast.Text:
		w.text(string(w.doc.unescape(n)))
		switch {
		case n.HardLineBreak():
			w.str("<br>\n")
		case n.SoftLineBreak() && n.NextSibling() != nil:
			w.str(w.doc.softBreak(n))
		}
	case *ast.String:
		w.text(string(n.Value))
	case *ast.Emphasis:
		if n.Level == 2 {
			w.wrap("strong", n)
		} else {
			w.wrap("em", n)
		}
	case *extast.Strikethrough:
		w.wrap("del", n)
	case *ast.CodeSpan:
		w.codeSpan(n)
	case *Formula:
		w.formula(n)
	case *ast.Link:
		w.link(string(n.Destination), string(n.Title), n)
	case *ast.AutoLink:
		w.autoLink(n)
	case *ast.Image:
		if !w.image(n, "") {
			w.text(w.doc.Plain(n))
		}
	case *ast.RawHTML:
		w.pieces(w.doc.raw[n])
	case *extast.TaskCheckBox:
		w.str(`<input type="checkbox" disabled`)
		if n.IsChecked {
			w.str(" checked")
			w.attr("aria-label", w.label.done)
		} else {
			w.attr("aria-label", w.label.open)
		}
		w.str("> ")
	case *extast.FootnoteLink:
		i := strconv.Itoa(n.Index)
		w.str(`<sup id="`, refID(n.Index, n.RefIndex), `"><a`)
		w.attr("href", w.opt.absolute("#fn:"+i))
		w.str(` role="doc-noteref">`, i, "</a></sup>")
	case *extast.FootnoteBacklink:
		w.str(" <a")
		w.attr("href", w.opt.absolute("#"+refID(n.Index, n.RefIndex)))
		w.str(` role="doc-backlink"`)
		w.attr("aria-label", w.label.back)
		w.str(">↩\ufe0e</a>") // the selector asks for text, not an emoji
	default:
		return false
	}
	return true
}

// refID names the place that refers to a footnote, for the way back.
func refID(footnote, ref int) string {
	if ref == 0 {
		return "fnref:" + strconv.Itoa(footnote)
	}
	return "fnref" + strconv.Itoa(ref) + ":" + strconv.Itoa(footnote)
}

func (w *writer) codeSpan(n *ast.CodeSpan) {
	w.str("<code>")
	for c := n.FirstChild(); c != nil; c = c.NextSibling() {
		t, ok := c.(*ast.Text)
		if !ok {
			continue
		}
		v := t.Segment.Value(w.doc.src)
		if l := len(v); l > 0 && v[l-1] == '\n' {
			w.text(string(v[:l-1]))
			w.WriteByte(' ')
		} else {
			w.text(string(v))
		}
	}
	w.str("</code>")
}

// link writes a link. One with an address that may not be followed is shown
// without it.
func (w *writer) link(dest, title string, n ast.Node) {
	addr, ok := w.address(dest)
	if !ok {
		w.children(n)
		return
	}
	w.anchor(addr, External(dest))
	if title != "" {
		w.attr("title", string(unescape([]byte(title))))
	}
	w.WriteByte('>')
	w.children(n)
	w.str("</a>")
}

func (w *writer) autoLink(n *ast.AutoLink) {
	label := string(n.Label(w.doc.src))
	dest := Destination(n, w.doc.src)
	if !Safe(dest) {
		w.text(label)
		return
	}
	w.anchor(encodeURL(trimURL(dest)), External(dest)) // nothing is escaped in <...>
	w.WriteByte('>')
	w.text(label)
	w.str("</a>")
}

// anchor writes <a href without the closing bracket.
func (w *writer) anchor(addr string, external bool) {
	w.str("<a")
	w.attr("href", addr)
	if external {
		w.str(` rel="noopener"`)
	}
}

// Destination is where an autolink leads.
func Destination(n *ast.AutoLink, src []byte) string {
	dest := string(n.URL(src))
	if n.AutoLinkType == ast.AutoLinkEmail && Scheme(dest) != "mailto" {
		return "mailto:" + dest
	}
	return dest
}

// address resolves a link as written.
func (w *writer) address(dest string) (string, bool) {
	if !Safe(dest) {
		return "", false
	}
	if w.opt.Source != nil {
		key, fragment := SplitFragment(dest)
		if to, ok := w.opt.Source.Links[key]; ok && key != "" {
			return w.opt.absolute(href(to) + href(fragment)), true
		}
	}
	return w.opt.absolute(href(dest)), true
}

// image writes an image behind prefix. It is false, and nothing is written,
// for an address that may not be followed.
func (w *writer) image(n *ast.Image, prefix string) bool {
	dest := string(n.Destination)
	img, known := w.asset(dest)
	if !known && !Safe(dest) {
		return false
	}
	w.WriteString(prefix)
	asked := w.doc.width[n]
	// A feed reader may show an address of a srcset that it has no base for.
	choice := len(img.Widths) > 0 && w.opt.Base == ""
	if choice {
		w.sources(img, asked)
	}
	w.WriteString("<img")
	if known {
		w.attr("src", w.opt.absolute(href(img.URL)))
	} else {
		w.attr("src", w.opt.absolute(href(dest)))
	}
	w.attr("alt", w.doc.Plain(n))
	if prefix == "" && len(n.Title) > 0 {
		w.attr("title", string(unescape(n.Title)))
	}
	width, height := img.Width, img.Height
	if asked > 0 {
		if width > 0 {
			height = (height*asked + width/2) / width
		}
		width = asked
	}
	if width > 0 {
		w.str(` width="`, strconv.Itoa(width), `"`)
	}
	if height > 0 {
		w.str(` height="`, strconv.Itoa(height), `"`)
	}
	// The first image is likely in the first screen, where waiting for layout
	// would show it late.
	if w.images++; w.images > 1 && w.opt.Base == "" {
		w.str(` loading="lazy" decoding="async"`)
	}
	w.WriteByte('>')
	if choice {
		w.WriteString("</picture>")
	}
	return true
}

// Sizes are what a browser, which has no stylesheet yet, may assume an image to
// take of the screen: what style.css gives to a text.
const sizes = "(max-width:800px) 94vw, 720px"

// sources begins a picture with the WebP of each width that the image has. What
// follows is the image for browsers that know none.
func (w *writer) sources(img recipe.Image, asked int) {
	w.str(`<picture><source type="image/webp" srcset="`)
	one := len(img.Widths) == 1
	for i, width := range img.Widths {
		if i > 0 {
			w.str(", ")
		}
		w.escape(img.Variant(width), true)
		if !one {
			w.str(" ", strconv.Itoa(width), "w")
		}
	}
	w.WriteByte('"')
	switch {
	case one:
	case asked > 0:
		w.str(` sizes="`, strconv.Itoa(asked), `px"`)
	default:
		w.str(` sizes="`, sizes, `"`)
	}
	w.WriteByte('>')
}

// asset is what the recipe knows an image by.
func (w *writer) asset(dest string) (recipe.Image, bool) {
	if w.opt.Source == nil {
		return recipe.Image{}, false
	}
	if img, ok := w.opt.Source.Images[dest]; ok {
		return img, true
	}
	key, _ := SplitFragment(dest)
	img, ok := w.opt.Source.Images[key]
	return img, ok
}

// FirstImage is the first image of the document that the recipe knows.
func (d *Doc) FirstImage(src *recipe.Source) (recipe.Image, bool) {
	var found recipe.Image
	if src == nil || len(src.Images) == 0 {
		return found, false
	}
	w := writer{opt: &Options{Source: src}}
	ok := false
	_ = ast.Walk(d.root, func(n ast.Node, entering bool) (ast.WalkStatus, error) {
		if img, is := n.(*ast.Image); is && entering {
			if found, ok = w.asset(string(img.Destination)); ok {
				return ast.WalkStop, nil
			}
		}
		return ast.WalkContinue, nil
	})
	return found, ok
}
