package markdown

import (
	"bytes"
	"regexp"
	"slices"
	"strings"

	"github.com/yuin/goldmark/ast"

	"github.com/victorleungtw/blog/internal/markdown/dialect"
	"github.com/victorleungtw/blog/internal/problem"
)

// check finds what the author meant and readers will not see that way.
func check(tree *dialect.Doc) problem.List {
	c := &checker{tree: tree, html: map[int]string{}}
	walk(tree, c.node)
	c.reportHTML()
	c.foreign()
	for _, n := range tree.Notes() {
		switch n.Kind {
		case dialect.DroppedAttribute:
			c.warn(n.Pos, "remove it; a heading's #id and an image's width are understood", "the attribute %s has no effect", n.Text)
		case dialect.BadFormula:
			c.warn(n.Pos, "correct it; not all of TeX is understood", "the formula is shown as its source: %s", n.Text)
		case dialect.UnusedFootnote:
			c.warn(n.Pos, "refer to it with [^"+n.Text+"], or remove it", "the footnote [^%s] is not shown: nothing refers to it", n.Text)
		}
	}
	c.list.Sort()
	return slices.Compact(c.list)
}

type checker struct {
	tree *dialect.Doc
	list problem.List
	html map[int]string // raw HTML that is shown as text, by line
}

func (c *checker) warn(pos int, hint, format string, args ...any) {
	c.list.Warnf("", c.tree.Line(pos), hint, format, args...)
}

func (c *checker) node(n ast.Node) {
	switch n := n.(type) {
	case *ast.RawHTML, *ast.HTMLBlock:
		c.raw(n)
	case *ast.FencedCodeBlock:
		c.code(n)
	case *ast.Link:
		c.address(n, string(n.Destination))
	case *ast.AutoLink:
		c.address(n, dialect.Destination(n, c.tree.Source()))
	case *ast.Image:
		dest := string(n.Destination)
		c.address(n, dest)
		if dialect.External(dest) {
			c.at(n, "put a copy beside the post: it cannot disappear then, and nobody learns who reads", "the image %s is on another site, which every reader's browser will ask for it", dest)
		}
		if c.tree.Plain(n) == "" {
			c.at(n, "write what it shows: ![A cat asleep on a server](cat.jpg)", "the image %s has no text for readers who cannot see it", dest)
		}
	case *dialect.Admonition:
		if n.Family() == "" {
			c.at(n, "use one of note, tip, warning, danger, quote", "the admonition %q is not known and looks like a note", n.Name)
		}
		if n.FirstChild() == nil {
			c.at(n, "indent its text by four spaces", "the admonition %q is empty", n.Name)
		}
	}
}

func (c *checker) at(n ast.Node, hint, format string, args ...any) {
	c.list.Warnf("", line(c.tree, n), hint, format, args...)
}

func (c *checker) address(n ast.Node, dest string) {
	if !dialect.Safe(dest) {
		c.at(n, "use https:, mailto: or a path", "the address %s is left out: %s: is not allowed", clip(dest), dialect.Scheme(dest))
	}
}

// raw collects the raw HTML that is shown as text. A line gets one warning: a
// tag is rarely alone.
func (c *checker) raw(n ast.Node) {
	for _, p := range c.tree.Raw(n) {
		if p.Shown && p.Text != "<!--" {
			line := c.tree.Line(p.Pos)
			c.html[line] = strings.TrimSpace(c.html[line] + " " + p.Text)
		}
	}
}

func (c *checker) reportHTML() {
	for line, tags := range c.html {
		c.list.Warnf("", line, "write it in Markdown", "the HTML %s is shown as text", clip(tags))
	}
}

func clip(s string) string {
	s = strings.Join(strings.Fields(s), " ")
	if r := []rune(s); len(r) > 60 {
		return string(r[:60]) + "…"
	}
	return s
}

func (c *checker) code(n *ast.FencedCodeBlock) {
	if c.tree.IsFormula(n) {
		return
	}
	info := c.tree.Info(n)
	switch lang := strings.ToLower(info.Lang); {
	case lang == "math":
		c.at(n, mathHint, "the math is shown as its source")
	case lang == "mermaid" || lang == "dot" || lang == "plantuml":
		c.at(n, "put an image of it beside the post", "the %s is shown as its source", lang)
	case !dialect.Highlights(info.Lang):
		c.at(n, "correct the name, or use text", "code in %q cannot be highlighted", info.Lang)
	}
	if len(info.Rest) > 0 {
		c.at(n, "remove it", "%s has no effect on the code", strings.Join(info.Rest, " "))
	}
}

// syntax is a notation of another system that is shown as it is.
type syntax struct {
	has     string // what a text with it contains
	form    *regexp.Regexp
	message string // %s is what was found
	hint    string
}

const mathHint = "write math: true in the front matter, or in blog.yaml, to have formulas"

const shortcodeHint = `write it in Markdown; figure, youtube, gist and highlight are understood on lines of their own: {{< figure src="map.png" alt="A map" >}}`

var syntaxes = []syntax{
	{"{{<", regexp.MustCompile(`\{\{<[^\n]*?(?:>\}\}|$)`), "the Hugo short code %s is shown as text", shortcodeHint},
	{"{{%", regexp.MustCompile(`\{\{%[^\n]*?(?:%\}\}|$)`), "the Hugo short code %s is shown as text", shortcodeHint},
	{"{%", regexp.MustCompile(`(?:^|[^{])(\{%[^\n]*?%\})`), "the Liquid tag %s is shown as text", "write it in Markdown"},
	{"{{", regexp.MustCompile(`\{\{[^<%{}\n][^{}\n]*\}\}`), "the template expression %s is shown as text", "write what it stands for"},
	{"===", regexp.MustCompile(`(?m)^ {0,3}(===[!+]? +"[^"\n]*")`), "the tab %s is shown as text", "use a heading for each tab"},
	{":", regexp.MustCompile(`:(?:material|fontawesome|octicons|simple)-[\w-]+:`), "the icon %s is shown as text", "remove it"},
	{":", regexp.MustCompile(`(?m)(?:^|[\s(])(:[a-z][a-z0-9_]*[a-z]:)(?:$|[\s.,;!?)])`), "%s is shown as text", "write the emoji itself"},
	{"--8<--", regexp.MustCompile(`(?m)^[ ]*(-{1,}8<-{1,}[^\n]*)`), "the snippet %s is shown as text", "copy its text into the post"},
	{"[TOC]", regexp.MustCompile(`(?m)^ {0,3}(\[TOC\])[ \t]*$`), "%s is shown as text: there are no tables of contents", "remove it"},
	{"$$", regexp.MustCompile(`\$\$[^$\n]*(?:\$\$)?`), "the formula %s is shown as its source", mathHint},
	{"[^", regexp.MustCompile(`\[\^[^\]\s]+\]`), "the footnote %s is shown as text: there is none with this name", "add a line with the footnote: [^name]: text"},
	{"[[", regexp.MustCompile(`\[\[[^\[\]\n]+\]\]`), "the wiki link %s is shown as text", "write it as [text](../post/index.en.md)"},
	{"==", regexp.MustCompile(`(?:^|[^=])(==[^\s=][^=\n]*[^\s=]==)(?:[^=]|$)`), "the mark-up %s is shown as text", "write <mark>text</mark>"},
	{"++", regexp.MustCompile(`\+\+[a-z0-9]+(?:\+[a-z0-9]+)*\+\+`), "the keys %s are shown as text", "write <kbd>Ctrl</kbd>"},
	{"*[", regexp.MustCompile(`(?m)^(\*\[[^\]\n]+\]:[^\n]*)`), "the abbreviation %s is shown as text", `write <abbr title="...">...</abbr>`},
	{"!!!", regexp.MustCompile(`(?m)^ {0,3}(!!![^\n]*)`), "the admonition %s is not well formed and is shown as text", `write it as !!! note "Title", and indent its text by four spaces`},
	{"???", regexp.MustCompile(`(?m)^ {0,3}(\?\?\?\+?[^\n]*)`), "the admonition %s is not well formed and is shown as text", `write it as ??? note "Title", and indent its text by four spaces`},
	{"<!--", regexp.MustCompile(`<!--[^\n]*`), "the comment %s has no end and is shown as text", "end it with -->"},
	{"import ", regexp.MustCompile(`(?m)^(import [^\n]+ from ['"][^\n]*)`), "the line %s is shown as text", "remove it: there are no components"},
	{"](", regexp.MustCompile(`!?\[[^\[\]\n]*\]\([^()\n<]*[ \t][^()\n"']*\)`), "the link %s is shown as text: its address has a space", "write %20 for each space"},
}

// foreign looks for the notations of other systems in what readers see as
// text.
func (c *checker) foreign() {
	prose := c.prose()
	for _, s := range syntaxes {
		if !bytes.Contains(prose, []byte(s.has)) {
			continue
		}
		for _, m := range s.form.FindAllSubmatchIndex(prose, -1) {
			from, to := m[0], m[1]
			if len(m) > 2 && m[2] >= 0 {
				from, to = m[2], m[3]
			}
			if found := clip(string(prose[from:to])); found != "" {
				c.warn(from, s.hint, s.message, found)
			}
		}
	}
}

// prose is the source of everything that is shown as text, at its place, and
// spaces for the rest.
func (c *checker) prose() []byte {
	src := c.tree.Source()
	out := bytes.Repeat([]byte{' '}, len(src))
	for i := 0; ; i++ {
		n := bytes.IndexByte(src[i:], '\n')
		if n < 0 {
			break
		}
		i += n
		out[i] = '\n'
	}
	walk(c.tree, func(n ast.Node) {
		switch n := n.(type) {
		case *ast.Text:
			if n.Parent().Kind() != ast.KindCodeSpan {
				copy(out[n.Segment.Start:n.Segment.Stop], src[n.Segment.Start:n.Segment.Stop])
			}
		case *ast.RawHTML, *ast.HTMLBlock:
			for _, p := range c.tree.Raw(n) {
				if !p.Tag {
					copy(out[p.Pos:min(len(out), p.Pos+len(p.Text))], p.Text)
				}
			}
		}
	})
	// Escaped characters are text on purpose.
	for i := 0; i+1 < len(out); i++ {
		n := bytes.IndexByte(out[i:len(out)-1], '\\')
		if n < 0 {
			break
		}
		i += n
		if out[i] = ' '; out[i+1] != '\n' {
			out[i+1] = ' '
		}
		i++
	}
	return out
}
