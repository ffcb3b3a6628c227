package dialect

import (
	"bytes"
	"regexp"
	"strconv"
	"strings"

	"github.com/yuin/goldmark/ast"
	"github.com/yuin/goldmark/text"
)

var (
	youtubeID  = regexp.MustCompile(`^[\w-]{5,20}$`)
	gistUser   = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9-]{0,38}$`)
	gistID     = regexp.MustCompile(`^[0-9a-f]{5,40}$`)
	notInAName = regexp.MustCompile(`[^\pL\pN_]+`)
)

// figure takes its arguments, and says which have no effect.
func (n *Shortcode) figure(src []byte, args []argument) (dropped []argument, ok bool) {
	caption := &Caption{}
	part := func(a argument) ast.Node {
		if a.value == "" {
			return nil
		}
		t := ast.NewTextBlock()
		for from := a.at; from < a.at+len(a.value); {
			to := a.at + len(a.value)
			if i := bytes.IndexByte(src[from:to], '\n'); i >= 0 {
				to = from + i + 1
			}
			t.Lines().Append(text.NewSegment(from, to))
			from = to
		}
		t.SetPos(a.at)
		return t
	}
	var title, said, attr ast.Node
	for _, a := range args {
		switch a.name {
		case "src":
			n.image = a.value
		case "alt":
			n.alt = a.value
		case "link":
			n.href = a.value
		case "title":
			title = part(a)
		case "caption":
			said = part(a)
		case "attr":
			attr = part(a)
		case "attrlink":
			n.attrlink = a.value
		case "width":
			n.width, _ = strconv.Atoi(strings.TrimSuffix(a.value, "px"))
			if n.width < 1 || n.width > 10000 {
				n.width, dropped = 0, append(dropped, a)
			}
		case "loading": // decided by the renderer
		default:
			dropped = append(dropped, a)
		}
	}
	for _, p := range []ast.Node{title, said, attr} {
		if p != nil {
			caption.AppendChild(caption, p)
		}
	}
	if caption.title, caption.attr = title, attr; caption.HasChildren() {
		n.AppendChild(n, caption)
	}
	return dropped, n.image != ""
}

// youtube takes the id of a video, by its place or its name, and a title.
func (n *Shortcode) youtube(args []argument) (dropped []argument, ok bool) {
	id, title := "", ""
	for i, a := range args {
		switch {
		case a.name == "id" || a.name == "" && i == 0:
			id = a.value
		case a.name == "title":
			title = string(unescape([]byte(a.value)))
		default:
			dropped = append(dropped, a)
		}
	}
	if title == "" {
		title = id
	}
	n.href, n.linkText = "https://www.youtube.com/watch?v="+id, "YouTube: "+title
	return dropped, youtubeID.MatchString(id)
}

// gist takes the name of its owner, its id, and the file of it that is meant.
func (n *Shortcode) gist(args []argument) (dropped []argument, ok bool) {
	var by [3]string
	for i, a := range args {
		if a.name != "" || i > 2 {
			dropped = append(dropped, a)
			continue
		}
		by[i] = a.value
	}
	n.href, n.linkText = "https://gist.github.com/"+by[0]+"/"+by[1], "Gist: "+by[0]+"/"+by[1]
	if by[2] != "" {
		n.href += "#file-" + strings.ToLower(notInAName.ReplaceAllString(by[2], "-"))
		n.linkText += ", " + by[2]
	}
	return dropped, gistUser.MatchString(by[0]) && gistID.MatchString(by[1])
}

// build gives a shortcode its image and its links, once the caption's markup
// has been read.
func (d *Doc) build(n *Shortcode) {
	if n.Name != "figure" {
		n.AppendChild(n, link(n, n.href, ast.NewString([]byte(n.linkText))))
		return
	}
	caption, _ := n.FirstChild().(*Caption)
	alt := string(unescape([]byte(n.alt)))
	if alt == "" && caption != nil {
		alt = d.Plain(caption)
	}
	img := ast.NewImage(ast.NewLink())
	img.Destination = []byte(n.image)
	img.SetPos(n.Pos())
	if alt != "" {
		img.AppendChild(img, ast.NewString([]byte(alt)))
	}
	if n.width > 0 {
		d.width[img] = n.width
	}
	var shown ast.Node = img
	if n.href != "" {
		shown = link(n, n.href, img)
	}
	if caption == nil {
		n.AppendChild(n, shown)
		return
	}
	n.InsertBefore(n, caption, shown)
	switch {
	case n.attrlink == "":
	case caption.attr == nil:
		caption.AppendChild(caption, link(n, n.attrlink, ast.NewString([]byte(n.attrlink))))
	default:
		l := link(n, n.attrlink)
		for c := caption.attr.FirstChild(); c != nil; c = caption.attr.FirstChild() {
			l.AppendChild(l, c)
		}
		caption.attr.AppendChild(caption.attr, l)
	}
}

// link is a link that stands where n does.
func link(n ast.Node, to string, children ...ast.Node) *ast.Link {
	l := ast.NewLink()
	l.Destination = []byte(to)
	l.SetPos(n.Pos())
	for _, c := range children {
		l.AppendChild(l, c)
	}
	return l
}

// shortcode writes a figure, or a card with a link.
func (w *writer) shortcode(n *Shortcode) {
	if n.Name != "figure" {
		w.str(`<p class="card">`)
		w.children(n)
		w.str("</p>\n")
		return
	}
	w.wrap("figure", n)
	w.WriteByte('\n')
}

func (w *writer) caption(n *Caption) {
	w.str("<figcaption>")
	for c := n.FirstChild(); c != nil; c = c.NextSibling() {
		switch {
		case c == n.title:
			w.wrap("strong", c)
		case c.Type() == ast.TypeInline:
			w.inline(c)
		default:
			w.children(c)
		}
		if c.NextSibling() != nil {
			w.WriteByte(' ')
		}
	}
	w.str("</figcaption>")
}
