package dialect

import (
	"strings"

	"github.com/yuin/goldmark/ast"
	extast "github.com/yuin/goldmark/extension/ast"
)

func (d *Doc) lines(n ast.Node) string {
	var b strings.Builder
	lines := n.Lines()
	for i := range lines.Len() {
		s := lines.At(i)
		b.Write(s.Value(d.src))
	}
	code := b.String()
	if strings.Contains(code, "\r") {
		code = strings.ReplaceAll(code, "\r\n", "\n")
	}
	return strings.TrimRight(code, "\n")
}

// code writes a block of code. Readers who use a keyboard scroll it, hence the
// tabindex.
func (w *writer) code(c Code, code string) {
	if w.opt.Base != "" {
		w.str("<pre><code>")
		w.text(code)
		w.str("</code></pre>\n")
		return
	}
	l := lexer(c.Lang)
	name := c.Title
	if name == "" && l != nil {
		name = l.Config().Name
	} else if name == "" && !plainText[strings.ToLower(c.Lang)] {
		name = c.Lang
	}
	w.str(`<div class="code"`)
	if name != "" {
		w.attr("data-lang", name)
	}
	w.str(`><pre tabindex="0"><code>`)
	if err := highlight(w, l, code); err != nil {
		w.err = err
		return
	}
	w.str("</code></pre></div>\n")
}

func (w *writer) admonition(n *Admonition) {
	look := n.Family()
	if look == "" {
		look = "note"
	}
	title := n.Title
	if title == "" && !n.Untitled {
		title = w.label.kind(n.Name)
	}
	if n.Fold {
		w.str(`<details class="note `, look, `"`)
		if n.Open {
			w.str(" open")
		}
		w.str("><summary>")
		if title == "" {
			title = w.label.kind(n.Name)
		}
		w.title(title)
		w.str("</summary>\n")
		w.children(n)
		w.str("</details>\n")
		return
	}
	w.str(`<div class="note `, look, `" role="note">`)
	if title != "" {
		w.str(`<p class="title">`)
		w.title(title)
		w.str("</p>")
	}
	w.WriteByte('\n')
	w.children(n)
	w.str("</div>\n")
}

// title writes an admonition's title: text, with `code`.
func (w *writer) title(s string) {
	parts := strings.Split(s, "`")
	for i, p := range parts {
		code := i%2 == 1 && i < len(parts)-1
		switch {
		case code:
			w.str("<code>")
			w.text(p)
			w.str("</code>")
			continue
		case i%2 == 1:
			w.WriteByte('`')
		}
		w.text(string(unescape([]byte(p))))
	}
}

// table writes a table in a box that scrolls on its own: a wide table must not
// make the page wide. The box is a group, not a region: of regions, which are
// landmarks, a page with two tables would have two with one name.
func (w *writer) table(n *extast.Table) {
	if w.opt.Base == "" {
		w.str(`<div class="table" role="group" tabindex="0"`)
		w.attr("aria-label", w.label.table)
		w.WriteByte('>')
	}
	w.str("<table>\n")
	body := false
	for row := n.FirstChild(); row != nil; row = row.NextSibling() {
		cell := "td"
		if _, ok := row.(*extast.TableHeader); ok {
			cell = "th"
			w.str("<thead>")
		} else if !body {
			body = true
			w.str("<tbody>\n")
		}
		w.str("<tr>")
		for c := row.FirstChild(); c != nil; c = c.NextSibling() {
			cell := cell
			if cell == "th" && c.FirstChild() == nil {
				cell = "td" // an empty corner is the head of nothing
			}
			w.str("<", cell)
			if cell == "th" {
				w.str(` scope="col"`)
			}
			if tc, ok := c.(*extast.TableCell); ok && w.opt.Base == "" {
				switch tc.Alignment {
				case extast.AlignCenter:
					w.str(` class="center"`)
				case extast.AlignRight:
					w.str(` class="right"`)
				}
			}
			w.WriteByte('>')
			w.children(c)
			w.str("</", cell, ">")
		}
		w.str("</tr>")
		if cell == "th" {
			w.str("</thead>")
		}
		w.WriteByte('\n')
	}
	if body {
		w.str("</tbody>")
	}
	w.str("</table>")
	if w.opt.Base == "" {
		w.str("</div>")
	}
	w.WriteByte('\n')
}
