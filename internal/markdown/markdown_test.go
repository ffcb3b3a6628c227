package markdown

import (
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/victorleungtw/blog/internal/markdown/dialect"
	"github.com/victorleungtw/blog/internal/problem"
)

func TestParse(t *testing.T) {
	src := "---\ntitle: x\n---\n# The *title*\n\nFirst `paragraph`, [a](../b/index.md#c).\n\n![A cat](cat.png) <https://x.org/> mail@x.org\n\n[ref][r]\n\n[r]: /about/\n"
	_, body, line := SplitFrontMatter([]byte(src))
	d := Parse(body, line)
	if d.Title != "The title" || d.Summary != "First paragraph, a." || d.Minutes != 1 {
		t.Errorf("got %q, %q, %d", d.Title, d.Summary, d.Minutes)
	}
	want := []Ref{
		{"../b/index.md#c", 6, false},
		{"cat.png", 8, true},
		{"https://x.org/", 8, false},
		{"mailto:mail@x.org", 8, false},
		{"/about/", 10, false},
	}
	if !slices.Equal(d.Refs, want) {
		t.Errorf("refs\ngot  %v\nwant %v", d.Refs, want)
	}
	if len(d.Problems) > 0 {
		t.Errorf("problems: %v", d.Problems)
	}
}

// What a figure shows and where it leads are references of the post.
func TestFigureRefs(t *testing.T) {
	d := Parse([]byte("a\n\n{{< figure src=\"a.png\" link=\"../b/index.en.md\" caption=\"[c](c.md)\" >}}\n"), 1)
	if want := []Ref{{"../b/index.en.md", 3, false}, {"a.png", 3, true}, {"c.md", 3, false}}; !slices.Equal(d.Refs, want) {
		t.Errorf("refs\ngot  %v\nwant %v", d.Refs, want)
	}
}

func TestSummary(t *testing.T) {
	long := strings.Repeat("word ", 60)
	tests := []struct{ md, want string }{
		{"", ""},
		{"# Only a title", ""},
		{"![x](y.png)", "x"},
		{"## A\n\n- list\n\nText &amp; *more*\nlines", "Text & more lines"},
		{"One.\n\nTwo.\n\n<!-- more -->\n\nThree.", "One. Two."},
		{"One. <!--more--> Two.\n\nThree.", "One. Two."},
		{"One.\n\n<!-- MORE -->", "One."},
		{"<!-- more -->\n\nOne.", "One."},
		{"One.\n\nTwo <!-- note --> x.", "One."},
		{long, strings.TrimSpace(strings.Repeat("word ", 36)) + "…"},
		{"a " + strings.Repeat("x", 300), "a…"},
		{strings.Repeat("字", 100), strings.Repeat("字", 89) + "…"},
		{strings.Repeat("字", 90), strings.Repeat("字", 90)},
		{strings.Repeat("字", 88) + "，接著還有", strings.Repeat("字", 88) + "…"},
		{strings.Repeat("字", 80) + "Kubernetes很重要", strings.Repeat("字", 80) + "Kubernetes很重要"},
		{strings.Repeat("字", 86) + " Kubernetes 很重要", strings.Repeat("字", 86) + "…"},
	}
	for _, tt := range tests {
		if got := Parse([]byte(tt.md), 1).Summary; got != tt.want {
			t.Errorf("%.40q\ngot  %q\nwant %q", tt.md, got, tt.want)
		}
	}
}

func TestCount(t *testing.T) {
	tests := []struct {
		md   string
		want Count
	}{
		{"It's a well-known *fact*, 3.14 of node.js.", Count{Words: 7}},
		{"了解 Kubernetes，也稱 K8s。", Count{Words: 2, Characters: 4}},
		{"カタカナとひらがなー", Count{Characters: 10}},
		{"한국어 단어", Count{Words: 2}},
		{"día naïve e\u0301te\u0301", Count{Words: 3}},
		{"```go\nvar x = 1\n```", Count{Words: 3}},
		{"[link](https://example.com/a/b/c) ![alt text](x.png)", Count{Words: 3}},
		{"a[^1]\n\n[^1]: two words", Count{Words: 1}},
		{"", Count{}},
	}
	for _, tt := range tests {
		if got := Parse([]byte(tt.md), 1).Count; got != tt.want {
			t.Errorf("%q: %+v, want %+v", tt.md, got, tt.want)
		}
	}
}

// One character of another script changes next to nothing: ten thousand
// English words stay three quarters of an hour.
func TestMinutes(t *testing.T) {
	english := strings.Repeat("word ", 10000)
	for md, want := range map[string]int{
		"":                                    1,
		english:                               43,
		english + "字":                         43,
		strings.Repeat("字", 4000):             10,
		strings.Repeat("字", 4000) + " a word": 10,
		strings.Repeat("字", 400) + strings.Repeat(" word", 460): 3,
	} {
		if got := Parse([]byte(md), 1).Minutes; got != want {
			t.Errorf("%.20q…: %d minutes, want %d", md, got, want)
		}
	}
}

func TestProblems(t *testing.T) {
	tests := []struct {
		md   string
		line int
		want string
	}{
		{"a\n\n{{< tweet id=\"1\" >}}", 3, `the Hugo short code {{< tweet id="1" >}} is shown as text`},
		{"see {{< youtube 4jqxzrQHAZ0 >}}", 1, "the Hugo short code {{< youtube 4jqxzrQHAZ0 >}} is shown as text"},
		{"a\n\n{{< youtube >}}", 3, "the Hugo short code {{< youtube >}} is shown as text"},
		{"{{< figure src=\"x.png\" %}}", 1, `the Hugo short code {{< figure src="x.png" %}} is shown as text`},
		{"{{< highlight go >}}\nx", 1, "the Hugo short code {{< highlight go >}} is shown as text"},
		{"{{< highlight nolang >}}\nx\n{{< /highlight >}}", 1, `code in "nolang" cannot be highlighted`},
		{"a\n\n{{< figure src=\"x.png\" >}}", 3, "the image x.png has no text for readers who cannot see it"},
		{"{{< figure\n src=\"x.png\" alt=\"a\"\n class=\"b\" >}}", 3, "the attribute class=b has no effect"},
		{"{{% note %}}", 1, "the Hugo short code {{% note %}} is shown as text"},
		{"a {% raw %} b", 1, "the Liquid tag {% raw %} is shown as text"},
		{"{{ site.title }}", 1, "the template expression {{ site.title }} is shown as text"},
		{"=== \"Tab A\"\n\n    x", 1, `the tab === "Tab A" is shown as text`},
		{"a :material-account: b", 1, "the icon :material-account: is shown as text"},
		{"well :smile:!", 1, ":smile: is shown as text"},
		{"--8<-- \"x.md\"", 1, `the snippet --8<-- "x.md" is shown as text`},
		{"a\n\n[TOC]\n", 3, "[TOC] is shown as text: there are no tables of contents"},
		{"so $$x^2$$ is", 1, "the formula $$x^2$$ is shown as its source"},
		{"a[^1]", 1, "the footnote [^1] is shown as text: there is none with this name"},
		{"a\n\n[^1]: b", 3, "the footnote [^1] is not shown: nothing refers to it"},
		{"[[Other page]]", 1, "the wiki link [[Other page]] is shown as text"},
		{"a ==mark== b", 1, "the mark-up ==mark== is shown as text"},
		{"++ctrl+c++", 1, "the keys ++ctrl+c++ are shown as text"},
		{"*[HTML]: Hyper Text", 1, "the abbreviation *[HTML]: Hyper Text is shown as text"},
		{"!!! note \"open\n    x", 1, `the admonition !!! note "open is not well formed and is shown as text`},
		{"???", 1, "the admonition ??? is not well formed and is shown as text"},
		{"!!! foo\n    x", 1, `the admonition "foo" is not known and looks like a note`},
		{"!!! tip\n\nx", 1, `the admonition "tip" is empty`},
		{"!!! tip inline end\n    x", 1, "the attribute inline end has no effect"},
		{"import X from './x'", 1, "the line import X from './x' is shown as text"},
		{"[a](b c.md)", 1, "the link [a](b c.md) is shown as text: its address has a space"},
		{"a <!-- b", 1, "the comment <!-- b has no end and is shown as text"},
		{"<!-- b\n\nc", 1, "the comment <!-- b has no end and is shown as text"},
		{"a <font color=red>b</font>", 1, "the HTML <font color=red> </font> is shown as text"},
		{"<div>\n\nb\n\n</div>", 1, "the HTML <div> is shown as text"},
		{"a\n\n```nolang\n```", 3, `code in "nolang" cannot be highlighted`},
		{"```mermaid\nx\n```", 1, "the mermaid is shown as its source"},
		{"```go hl_lines=\"1\"\nx\n```", 1, `hl_lines="1" has no effect on the code`},
		{"## A {: .b }", 1, "the attribute .b has no effect"},
		{"![a](b.png){ align=left }", 1, "the attribute align=left has no effect"},
		{"a\nb\n{: .c }", 3, "the attribute .c has no effect"},
		{"[a](javascript:b)", 1, "the address javascript:b is left out: javascript: is not allowed"},
		{"![](b.png)", 1, "the image b.png has no text for readers who cannot see it"},
		{"![a](https://x.org/b.png)", 1, "the image https://x.org/b.png is on another site, which every reader's browser will ask for it"},
	}
	for _, tt := range tests {
		list := Parse([]byte(tt.md), 1).Problems
		i := slices.IndexFunc(list, func(p problem.Problem) bool { return p.Message == tt.want })
		if i < 0 {
			t.Errorf("%q: no %q in\n%v", tt.md, tt.want, list)
			continue
		}
		if p := list[i]; p.Line != tt.line || p.Hint == "" || p.Severity != problem.Warning {
			t.Errorf("%q: got %+v, want line %d and a hint", tt.md, p, tt.line)
		}
	}
}

func TestFormulaProblems(t *testing.T) {
	for md, want := range map[string]string{
		"a\n\nso $\\frac{a}{$ is":           "3: the formula is shown as its source: mismatched curly brace",
		"a\n\n$$\n\\nope{x}\n$$":            `3: the formula is shown as its source: \nope is not understood here`,
		"a\n\n\n```math\n\\def\\a{}\n```":   `4: the formula is shown as its source: \def is not allowed`,
		"$x^2$ $5 $$y$$\n\n```math\nz\n```": "",
	} {
		got := ""
		for _, p := range Parse([]byte(md), 1, dialect.Math).Problems {
			got += strconv.Itoa(p.Line) + ": " + p.Message
		}
		if got != want {
			t.Errorf("%q: %q, want %q", md, got, want)
		}
	}
}

// What is not a mistake is not reported.
func TestNoProblems(t *testing.T) {
	for _, md := range []string{
		"{{< figure src=\"a.png\" caption=\"b\" >}}\n\n{{% youtube 4jqxzrQHAZ0 %}}\n\n{{< highlight go >}}\n{{< figure >}}\n{{< /highlight >}}",
		"`{{< figure >}}` and `{% raw %}` and `[^1]` and `:smile:`",
		"```\n{{ x }} [TOC] $$ !!! ==a==\n```",
		"    {{ x }} !!! x",
		`\{{ x }} \[^1] \$\$`,
		"10:30:20, a:b:c, http://x.org:80/, 注意：見 :",
		"a == b && c == d, i++ and j++, $5 and $10",
		"<details>\n<summary>A</summary>\n\nb <kbd>x</kbd> <br> c\n\n</details>",
		"<!-- more -->\n\n<!-- {{ x }} -->",
		"> [!NOTE]\n> x",
		"!!! note \"A\"\n    x\n\n??? tip\n    y",
		"## A {#b}\n\n![a](b.png){ width=\"300\" loading=lazy }",
		"```go title=\"a.go\"\n```\n\n```text\n```\n\n```\n```",
		"a[^1] [b](c.md) [d](<e f.md>) [g](h.md \"a title\")",
		"[x] and [[1, 2]](y.md), [^ x]",
		"Wow!!! Really???",
	} {
		md += "\n\n[^1]: z"
		list := Parse([]byte(md), 1).Problems
		list = slices.DeleteFunc(list, func(p problem.Problem) bool { return strings.HasPrefix(p.Message, "the footnote [^1] is not shown") })
		if len(list) > 0 {
			t.Errorf("%q: %v", md, list)
		}
	}
}
