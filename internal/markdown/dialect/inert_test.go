package dialect

import (
	"html"
	"regexp"
	"strings"
	"testing"
	"unicode/utf8"
)

var (
	anyTag  = regexp.MustCompile(`^<(/?)([a-z][a-z0-9]*)((?: [a-z-]+(?:="[^"<>]*")?)*)>`)
	anyAttr = regexp.MustCompile(` ([a-z-]+)(?:="([^"<>]*)")?`)

	writable = words(`h1 h2 h3 h4 h5 h6 p br hr blockquote ul ol li dl dt dd section sup sub a img figure figcaption div
		pre code span details summary table thead tbody tr th td em strong del input
		math mrow mi mn mo ms mtext mspace mfrac msqrt mroot msub msup msubsup munder mover munderover mmultiscripts mprescripts
		mtable mtr mtd mstyle mpadded mphantom kbd mark small ins abbr ruby rt rp wbr b i s u q cite`)
	writableAttrs = words(`id href rel role class alt src width height loading title start data-lang tabindex open scope
		type disabled checked aria-label display form fence separator stretchy symmetric largeop movablelimits accent
		accentunder lspace rspace minsize maxsize depth voffset linethickness displaystyle scriptlevel columnspan rowspan
		mathvariant mathcolor`)
	noEnd = words("br hr img input wbr")
)

func words(s string) map[string]bool {
	m := map[string]bool{}
	for _, w := range strings.Fields(s) {
		m[w] = true
	}
	return m
}

// checkInert reads HTML as strictly as the writer writes it. It reports
// everything that is not a known tag with known attributes, that is not closed
// in order, or that leads somewhere it may not.
func checkInert(t *testing.T, md, out string) {
	t.Helper()
	if !utf8.ValidString(out) {
		t.Errorf("%q: not UTF-8: %q", md, out)
	}
	var open []string
	ids := map[string]bool{}
	for rest := out; rest != ""; {
		if rest[0] == '>' || rest[0] == '&' && html.UnescapeString(rest[:min(len(rest), 40)]) == rest[:min(len(rest), 40)] && !strings.HasPrefix(rest, "&amp;") {
			t.Errorf("%q: %q is not escaped in\n%s", md, rest[0], out)
			return
		}
		if rest[0] != '<' {
			rest = rest[1:]
			continue
		}
		m := anyTag.FindStringSubmatch(rest)
		if m == nil {
			t.Errorf("%q: not a tag: %.60q in\n%s", md, rest, out)
			return
		}
		rest = rest[len(m[0]):]
		name := m[2]
		if !writable[name] {
			t.Errorf("%q: <%s> in\n%s", md, name, out)
		}
		for _, a := range anyAttr.FindAllStringSubmatch(m[3], -1) {
			value := html.UnescapeString(a[2])
			if !writableAttrs[a[1]] {
				t.Errorf("%q: <%s %s> in\n%s", md, name, a[1], out)
			}
			if a[1] == "href" || a[1] == "src" {
				bare := strings.ToLower(strings.Map(func(r rune) rune {
					if r <= ' ' {
						return -1
					}
					return r
				}, value))
				if scheme := regexp.MustCompile(`^([a-z][a-z0-9+.-]*):`).FindStringSubmatch(bare); scheme != nil && !schemes[scheme[1]] {
					t.Errorf("%q: address %q", md, value)
				}
			}
			if a[1] == "id" {
				if ids[value] {
					t.Errorf("%q: id %q twice", md, value)
				}
				ids[value] = true
			}
		}
		switch {
		case noEnd[name]:
		case m[1] == "":
			open = append(open, name)
		case len(open) == 0 || open[len(open)-1] != name:
			t.Errorf("%q: </%s> closes %v in\n%s", md, name, open, out)
			return
		default:
			open = open[:len(open)-1]
		}
	}
	if len(open) > 0 {
		t.Errorf("%q: %v left open in\n%s", md, open, out)
	}
}

// hostile documents try to get something active, or something unbalanced, into
// the page.
var hostile = []string{
	`<script>alert(1)</script>`,
	"<script>\nalert(1)\n\n# x",
	`a <script src=x></script> b`,
	`<SCRIPT/XSS SRC="x">`,
	`<img src=x onerror=alert(1)>`,
	`<svg onload=alert(1)>`,
	`<iframe srcdoc="<script>alert(1)</script>"></iframe>`,
	`<style>*{display:none}</style>`,
	`<base href="https://evil.example/">`,
	`<meta http-equiv=refresh content="0;url=x">`,
	`<form action=x><input name=y></form>`,
	`<a href="javascript:alert(1)">x</a>`,
	`<kbd onclick=alert(1)>x</kbd>`,
	`<details ontoggle=alert(1) open><summary>x</summary></details>`,
	`<details open="x"><summary onclick=1>x</summary>`,
	`<abbr title="x" onmouseover="alert(1)">y</abbr>`,
	`<abbr title='"><script>alert(1)</script>'>y</abbr>`,
	"</article></main><script>alert(1)</script>",
	"</div></div></body>",
	"<b>never closed\n\nnext",
	"*a <b>x* y</b>",
	"<details>\n\n- a\n\n  </details>",
	"<details><summary>a</details></summary>",
	"<figure>\n\n<details>\n\n</figure>\n\n</details>",
	"<summary>alone</summary>",
	"<rt>alone</rt> <ruby>a<rt>b",
	"<kbd>\n\n# x\n\n</kbd>",
	"> <details>\n\nx</details>",
	"<!-- a --> <!-- b",
	"<!-->--><script>alert(1)</script>",
	"<?php x ?> <!DOCTYPE x> <![CDATA[ <b> ]]>",
	"<?php\n\n?>\n\n<!DOCTYPE html>\n\n<![CDATA[\n<b>\n]]>",
	"<\x00script>alert(1)</script>",
	"[a](javascript:alert(1))",
	"[a](JaVaScRiPt:alert(1))",
	"[a](<java\tscript:alert(1)>)",
	"[a](java&Tab;script:alert(1))",
	"[a](&#106;avascript&colon;alert(1))",
	"[a](&#x6A;avascript:alert(1))",
	"[a](\\javascript:alert(1))",
	"[a](java\\script:alert(1))",
	"[a](javascript\\:alert(1))",
	"[a](data:text/html,<script>alert(1)</script>)",
	"[a](vbscript:x) [a](file:///etc/passwd) [a](blob:x)",
	"<javascript:alert(1)>",
	"[a]: javascript:alert(1)\n\n[a] ![a]",
	"![a](javascript:alert(1)) ![a](data:image/svg+xml,<svg/onload=alert(1)>)",
	`![a" onerror="alert(1)](x.png "b" onerror="c")`,
	`![a](x.png" onerror="alert(1))`,
	`[a](/x "\" onclick=\"alert(1)")`,
	`[a](/x "&quot; onclick=&quot;alert(1)")`,
	`[a](/x&quot;onclick=&quot;alert(1))`,
	"[<b>](x) [a](<x><script>)",
	"## a {#\" onclick=alert(1)}",
	"## a {: #x onclick=\"alert(1)\" style=\"x\" }",
	"![a](b.png){ onerror=alert(1) width=\"1\\\" onerror=x\" }",
	"## <script>x</script>",
	"```\"><script>\nx\n```",
	"```go title=\"</div><script>\"\nx\n```",
	"```html\n<script>alert(1)</script>\n```",
	"``<script>``",
	"!!! note \"<script>alert(1)</script>\"\n    x",
	"!!! \"><script> \"x\"\n    y",
	"??? note \"`</code><script>`\"\n    x",
	"{{< figure src=\"javascript:alert(1)\" caption=\"<script>x</script> <kbd>y\" link=\"vbscript:x\" >}}",
	"{{< figure src=\"x\\\" onerror=\\\"alert(1)\" alt=\"\\\" onerror=\\\"alert(1)\" attrlink=\"javascript:alert(1)\" >}}",
	"{{< youtube \"4jqx&quot;onclick\" >}} {{< youtube id=4jqxzrQHAZ0 title=\"<script>alert(1)</script>\" >}}",
	"{{< youtube id=4jqxzrQHAZ0 title=\"&lt;script>alert(1)</script>\" >}}",
	"{{< gist spf13 7896402 \"<script>\" >}}",
	"{{< highlight \"><script>\" >}}\n</code></pre><script>alert(1)</script>\n{{< /highlight >}}",
	strings.Repeat("{{< figure src=\"", 500),
	strings.Repeat("{{< highlight go >}}\n", 500),
	"$<script>alert(1)</script>$ $\\text{<script>alert(1)</script>}$ $\\href{javascript:alert(1)}{x}$ $\\class{\" onclick=\"x}{y}$",
	"$\\color{\" onclick=\"alert(1)}{x}$ $\\style{position:fixed}{x}$ $\\mathbb{<b>}$ $\\unicode{<script>}$ $a</math><script>$",
	"$$\n</math><script>alert(1)</script>\n$$\n\n```math\n<img src=x onerror=alert(1)>\n```",
	"[^<script>]: x\n\n[^<script>]",
	"[^a]\n\n[^a]: <details>",
	"a | <script>\n-|-\n<b> | </b>",
	"- [ ] <script>\n- [x] </li>",
	"A\n: <script>",
	"https://x.org/\"><script>alert(1)</script>",
	"www.x.org/<script>",
	"\xff\xfe<b\xff>\xc0\x80",
	"[a](\xff\"x)",
	"## \xff\n\n## \xff",
	strings.Repeat(">", 300) + "x",
	strings.Repeat("- ", 200) + "x",
	strings.Repeat("*a **b ", 200),
	strings.Repeat("[", 500) + strings.Repeat("](", 500),
	strings.Repeat("<b>", 300),
	strings.Repeat("<details>\n\n", 100),
}

func TestInert(t *testing.T) {
	for _, md := range hostile {
		checkInert(t, md, toHTML(t, md, Options{Lang: "en", Source: source}))
		checkInert(t, md, toHTML(t, md, Options{Lang: "en", Source: source}, Math))
		checkInert(t, md, toHTML(t, md, Options{Lang: "en", Base: "https://example.com", Page: "/a/"}))
	}
}

func TestScheme(t *testing.T) {
	tests := []struct {
		dest, scheme   string
		safe, external bool
	}{
		{"https://x.org", "https", true, true},
		{"HTTP://x.org", "http", true, true},
		{"//x.org/", "", true, true},
		{"/a:b", "", true, false},
		{"a.md#b:c", "", true, false},
		{"mailto:a@b.c", "mailto", true, false},
		{" javascript:x", "javascript", false, false},
		{"java&Tab;script:x", "javascript", false, false},
		{"java&#10;script&colon;x", "javascript", false, false},
		{"&#1;javascript:x", "javascript", false, false},
		{`javascript\:x`, "javascript", false, false},
		{"c:/x", "c", false, false},
		{"1a:x", "", true, false},
		{"", "", true, false},
		{"#a", "", true, false},
	}
	for _, tt := range tests {
		if s := Scheme(tt.dest); s != tt.scheme || Safe(tt.dest) != tt.safe || External(tt.dest) != tt.external {
			t.Errorf("%q: %q, safe %v, external %v", tt.dest, s, Safe(tt.dest), External(tt.dest))
		}
	}
}

func FuzzInert(f *testing.F) {
	for _, md := range hostile {
		f.Add(md)
	}
	f.Fuzz(func(t *testing.T, md string) {
		checkInert(t, md, toHTML(t, md, Options{Lang: "en", Source: source}))
		checkInert(t, md, toHTML(t, md, Options{Lang: "en", Source: source}, Math))
	})
}

// Raw HTML that passes, and how the rest is shown.
func TestRawHTML(t *testing.T) {
	tests := []struct{ md, want string }{
		{"a<br>b<br/>c", "<p>a<br>b<br>c</p>\n"},
		{"<kbd>Ctrl</kbd>+<KBD>C</KBD>", "<p><kbd>Ctrl</kbd>+<kbd>C</kbd></p>\n"},
		{"H<sub>2</sub>O", "<p>H<sub>2</sub>O</p>\n"},
		{"<ruby>漢<rp>(</rp><rt>kan</rt><rp>)</rp></ruby>", "<p><ruby>漢<rp>(</rp><rt>kan</rt><rp>)</rp></ruby></p>\n"},
		{`<abbr title="A &amp; B">AB</abbr>`, `<p><abbr title="A &amp; B">AB</abbr></p>` + "\n"},
		{"<details open>\n<summary>A *b*</summary>\n\n*c*\n\n</details>", "<details open><summary>A *b*</summary>\n<p><em>c</em></p>\n</details>\n"},
		{"<figure>\n\n![x](a.png)\n\n<figcaption>A &lt; B</figcaption>\n</figure>", "<figure>\n<p><img src=\"a.png\" alt=\"x\"></p>\n<figcaption>A &lt; B</figcaption></figure>\n"},
		{"a <!-- b --> c", "<p>a  c</p>\n"},
		{"<!-- a\n\nb -->", ""},
		{"a<!-->b<!--->c", "<p>abc</p>\n"},
		{"<div align=\"center\">\na\n</div>", "<p>&lt;div align=\"center\"&gt;\na\n&lt;/div&gt;</p>\n"},
		{"<Chart data={x} />", "<p>&lt;Chart data={x} /&gt;</p>\n"},
		{"a < b <c", "<p>a &lt; b &lt;c</p>\n"},
	}
	for _, tt := range tests {
		if got := toHTML(t, tt.md, Options{Lang: "en"}); got != tt.want {
			t.Errorf("%q\ngot  %q\nwant %q", tt.md, got, tt.want)
		}
	}
}
