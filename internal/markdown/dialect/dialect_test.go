package dialect

import (
	"bytes"
	"math/rand/v2"
	"strings"
	"sync"
	"testing"

	"github.com/victorleungtw/blog/internal/recipe"
)

func toHTML(t testing.TB, md string, o Options, features ...Feature) string {
	t.Helper()
	var b bytes.Buffer
	if err := Parse([]byte(md), 1, features...).HTML(&b, o); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

var source = &recipe.Source{
	Images: map[string]recipe.Image{
		"a.png": {URL: "/asset/aa.png", Width: 1200, Height: 500},
		"b.svg": {URL: "/asset/bb.svg"},
		"c.jpg": {URL: "/asset/cc-1440.jpg", Width: 1440, Height: 1080, Set: "/asset/cc", Widths: []int{480, 960, 1440}},
		"d.png": {URL: "/asset/dd.png", Width: 300, Height: 200, Set: "/asset/dd", Widths: []int{300}},
	},
	Links: map[string]string{
		"../other/index.en.md": "/2020/01/02/other/",
		"../文章/index.zh.md":    "/zh/2020/01/02/文章/",
		"data.csv":             "/asset/cc.csv",
	},
}

func TestHTML(t *testing.T) {
	tests := []struct{ name, md, want string }{
		{"emphasis", "a *b* **c** ~~d~~ `e<f`", "<p>a <em>b</em> <strong>c</strong> <del>d</del> <code>e&lt;f</code></p>\n"},
		{"entities", `&copy; &amp; &#65; ?a=1&copy=2 \&copy; \*x\*`, "<p>© &amp; A ?a=1&amp;copy=2 &amp;copy; *x*</p>\n"},
		{"hard break", "a  \nb", "<p>a<br>\nb</p>\n"},

		{"heading", "## Why `x` & y?", `<h2 id="why-x-y"><a href="#why-x-y">Why <code>x</code> &amp; y?</a></h2>` + "\n"},
		{"heading in Chinese", "## 安裝 Kubernetes！", `<h2 id="安裝-kubernetes"><a href="#安裝-kubernetes">安裝 Kubernetes！</a></h2>` + "\n"},
		{"heading ids are unique", "## A\n\n## A\n\n## A-1\n\n## !", `<h2 id="a"><a href="#a">A</a></h2>
<h2 id="a-1"><a href="#a-1">A</a></h2>
<h2 id="a-1-1"><a href="#a-1-1">A-1</a></h2>
<h2 id="section"><a href="#section">!</a></h2>
`},
		{"heading id of the page", "## Main", `<h2 id="main-1"><a href="#main-1">Main</a></h2>` + "\n"},
		{"heading id of the author", "## A {#b}\n\n## B {: #my_id .c }\n\nC {#c}\n---", `<h2 id="b"><a href="#b">A</a></h2>
<h2 id="my_id"><a href="#my_id">B</a></h2>
<h2 id="c"><a href="#c">C</a></h2>
`},
		{"braces that are no list", "## Use {x} and {}", `<h2 id="use-x-and"><a href="#use-x-and">Use {x} and {}</a></h2>` + "\n"},
		{"heading with a link", "## See [a](/b/)", `<h2 id="see-a">See <a href="/b/">a</a></h2>` + "\n"},
		{"title shown by the page", "# The *title*\n\n## A", `<h2 id="a"><a href="#a">A</a></h2>` + "\n"},
		{"another title", "# Other\n\n## A", `<h2 id="other"><a href="#other">Other</a></h2>
<h3 id="a"><a href="#a">A</a></h3>
`},
		{"a second level 1", "# The title\n\n# A\n\n###### F", `<h2 id="a"><a href="#a">A</a></h2>
<h6 id="f"><a href="#f">F</a></h6>
`},

		{"link", `[a](https://x.org/ "T&quot;") [b](../other/index.en.md#x) [c](/y/) [d](mailto:a@b.c)`,
			`<p><a href="https://x.org/" rel="noopener" title="T&quot;">a</a> <a href="/2020/01/02/other/#x">b</a> <a href="/y/">c</a> <a href="mailto:a@b.c">d</a></p>` + "\n"},
		{"link in Chinese", `[a](../文章/index.zh.md) [b](#安裝)`, `<p><a href="/zh/2020/01/02/%E6%96%87%E7%AB%A0/">a</a> <a href="#%E5%AE%89%E8%A3%9D">b</a></p>` + "\n"},
		{"autolink", "https://x.org/a_b, 見 https://x.org/c。<d@e.f>",
			`<p><a href="https://x.org/a_b" rel="noopener">https://x.org/a_b</a>, 見 <a href="https://x.org/c" rel="noopener">https://x.org/c</a>。<a href="mailto:d@e.f">d@e.f</a></p>` + "\n"},
		{"bare mailto and xmpp", "見 mailto:a_b@c.de. (xmpp:f@g.hi/j@k) mailto:a@b.c-",
			`<p>見 <a href="mailto:a_b@c.de">mailto:a_b@c.de</a>. (<a href="xmpp:f@g.hi/j@k">xmpp:f@g.hi/j@k</a>) mailto:a@b.c-</p>` + "\n"},
		{"images", "![A *b*](a.png) ![C](a.png){ width=300 } ![D](b.svg#x)",
			`<p><img src="/asset/aa.png" alt="A b" width="1200" height="500"> <img src="/asset/aa.png" alt="C" width="300" height="125" loading="lazy" decoding="async"> <img src="/asset/bb.svg" alt="D" loading="lazy" decoding="async"></p>` + "\n"},
		{"variants", `![A](c.jpg) ![B](d.png) ![C](c.jpg){width=300}`, `<p><picture><source type="image/webp" srcset="/asset/cc-480.webp 480w, /asset/cc-960.webp 960w, /asset/cc-1440.webp 1440w" sizes="(max-width:800px) 94vw, 720px">` +
			`<img src="/asset/cc-1440.jpg" alt="A" width="1440" height="1080"></picture> ` +
			`<picture><source type="image/webp" srcset="/asset/dd-300.webp"><img src="/asset/dd.png" alt="B" width="300" height="200" loading="lazy" decoding="async"></picture> ` +
			`<picture><source type="image/webp" srcset="/asset/cc-480.webp 480w, /asset/cc-960.webp 960w, /asset/cc-1440.webp 1440w" sizes="300px">` +
			`<img src="/asset/cc-1440.jpg" alt="C" width="300" height="225" loading="lazy" decoding="async"></picture></p>` + "\n"},
		{"figure of variants", `![A](d.png "B")`, `<figure><picture><source type="image/webp" srcset="/asset/dd-300.webp"><img src="/asset/dd.png" alt="A" width="300" height="200"></picture><figcaption>B</figcaption></figure>` + "\n"},
		{"figure", `![A](a.png "B & c")`, `<figure><img src="/asset/aa.png" alt="A" width="1200" height="500"><figcaption>B &amp; c</figcaption></figure>` + "\n"},

		{"table", "a | b\n--:|:-:\n`x\\|y` | z", `<div class="table" role="group" tabindex="0" aria-label="Table"><table>
<thead><tr><th scope="col" class="right">a</th><th scope="col" class="center">b</th></tr></thead>
<tbody>
<tr><td class="right"><code>x|y</code></td><td class="center">z</td></tr>
</tbody></table></div>
`},
		{"table with an empty corner", "|  | b |\n|-|-|\n| a | 1 |", `<div class="table" role="group" tabindex="0" aria-label="Table"><table>
<thead><tr><td></td><th scope="col">b</th></tr></thead>
<tbody>
<tr><td>a</td><td>1</td></tr>
</tbody></table></div>
`},
		{"tasks", "- [x] a\n- [ ] b", `<ul class="tasks">
<li><input type="checkbox" disabled checked aria-label="Done"> a</li>
<li><input type="checkbox" disabled aria-label="To do"> b</li>
</ul>
`},
		{"loose list", "2. a\n\n3. b", "<ol start=\"2\">\n<li><p>a</p>\n</li>\n<li><p>b</p>\n</li>\n</ol>\n"},
		{"definition list", "A\n: b", "<dl>\n<dt>A</dt>\n<dd>b</dd>\n</dl>\n"},
		{"footnotes", "a[^x] b[^x]\n\n[^x]: c", `<p>a<sup id="fnref:1"><a href="#fn:1" role="doc-noteref">1</a></sup> b<sup id="fnref1:1"><a href="#fn:1" role="doc-noteref">1</a></sup></p>
<section class="footnotes" role="doc-endnotes" aria-label="Footnotes">
<ol>
<li id="fn:1"><p>c <a href="#fnref:1" role="doc-backlink" aria-label="Back to the text">↩︎</a> <a href="#fnref1:1" role="doc-backlink" aria-label="Back to the text">↩︎</a></p>
</li>
</ol>
</section>
`},

		{"figure shortcode", "a\n{{< figure src=\"a.png\" alt=\"A & b\" title=\"T `c`\" caption=\"It's *\\\"q\\\"*\" attr=\"me\" attrlink=\"https://x.org/\" width=\"300px\" link=\"../other/index.en.md\" >}}\nb",
			"<p>a</p>\n" + `<figure><a href="/2020/01/02/other/"><img src="/asset/aa.png" alt="A &amp; b" width="300" height="125"></a><figcaption><strong>T <code>c</code></strong> It's <em>"q"</em> <a href="https://x.org/" rel="noopener">me</a></figcaption></figure>` + "\n<p>b</p>\n"},
		{"figure over lines", "{{% figure\n  src=a.png\n  caption=\"x\"\n%}}\n\nnext", `<figure><img src="/asset/aa.png" alt="x" width="1200" height="500"><figcaption>x</figcaption></figure>` + "\n<p>next</p>\n"},
		{"youtube and gist", "- {{< youtube 4jqxzrQHAZ0 >}}\n\n> {{% youtube id=\"4jqxzrQHAZ0\" title=\"A & b\" %}}\n\n{{< gist spf13 7896402 img_a.html >}}",
			`<ul>
<li><p class="card"><a href="https://www.youtube.com/watch?v=4jqxzrQHAZ0" rel="noopener">YouTube: 4jqxzrQHAZ0</a></p>
</li>
</ul>
<blockquote>
<p class="card"><a href="https://www.youtube.com/watch?v=4jqxzrQHAZ0" rel="noopener">YouTube: A &amp; b</a></p>
</blockquote>
<p class="card"><a href="https://gist.github.com/spf13/7896402#file-img_a-html" rel="noopener">Gist: spf13/7896402, img_a.html</a></p>
`},
		{"highlight shortcode", "> {{% highlight go %}}\n> var x\n>\n>   y\n> {{% /highlight %}}\n\n{{< highlight text >}}ls -l{{< /highlight >}} x", `<blockquote>
<div class="code" data-lang="Go"><pre tabindex="0"><code><span class="k">var </span>x

  y</code></pre></div>
</blockquote>
<div class="code"><pre tabindex="0"><code>ls -l</code></pre></div>
`},
		{"shortcodes in code", "`{{< youtube 4jqxzrQHAZ0 >}}`\n\n    {{< youtube 4jqxzrQHAZ0 >}}", "<p><code>{{&lt; youtube 4jqxzrQHAZ0 &gt;}}</code></p>\n" + `<div class="code"><pre tabindex="0"><code>{{&lt; youtube 4jqxzrQHAZ0 &gt;}}</code></pre></div>` + "\n"},

		{"admonition", "!!! warning \"Mind `x`\"\n    a\n\n    - b\n\nc", `<div class="note warning" role="note"><p class="title">Mind <code>x</code></p>
<p>a</p>
<ul>
<li>b</li>
</ul>
</div>
<p>c</p>
`},
		{"admonition in a paragraph", "a\n!!! tip\n    b", "<p>a</p>\n<div class=\"note tip\" role=\"note\"><p class=\"title\">Tip</p>\n<p>b</p>\n</div>\n"},
		{"admonition without a title", "!!! note \"\"\n\ta", "<div class=\"note note\" role=\"note\">\n<p>a</p>\n</div>\n"},
		{"nested admonition", "!!! note\n    ??? bug\n        a", "<div class=\"note note\" role=\"note\"><p class=\"title\">Note</p>\n<details class=\"note danger\"><summary>Bug</summary>\n<p>a</p>\n</details>\n</div>\n"},
		{"open details", "???+ quote \"A\"\n    b", "<details class=\"note quote\" open><summary>A</summary>\n<p>b</p>\n</details>\n"},
		{"alert", "> [!CAUTION]\n> *a*\n> b", "<div class=\"note warning\" role=\"note\"><p class=\"title\">Caution</p>\n<p><em>a</em>\nb</p>\n</div>\n"},
		{"block quote", "> [!Important] a", "<blockquote>\n<p>[!Important] a</p>\n</blockquote>\n"},

		{"code", "```go title=\"x.go\"\nvar x = \"<\" // y\n```", `<div class="code" data-lang="x.go"><pre tabindex="0"><code><span class="k">var </span>x = <span class="s">"&lt;" </span><span class="c">// y</span></code></pre></div>` + "\n"},
		{"code in braces", "``` { .yaml .annotate }\na: 1\n```", `<div class="code" data-lang="YAML"><pre tabindex="0"><code><span class="k">a</span>: <span class="m">1</span></code></pre></div>` + "\n"},
		{"code in no language", "```\n<b>\n\n```\n\n    c", `<div class="code"><pre tabindex="0"><code>&lt;b&gt;</code></pre></div>
<div class="code"><pre tabindex="0"><code>c</code></pre></div>
`},
		{"code in an unknown language", "```nolang\na\n```", `<div class="code" data-lang="nolang"><pre tabindex="0"><code>a</code></pre></div>` + "\n"},
		{"a diff", "```diff\n-a\n+b\n```", "<div class=\"code\" data-lang=\"Diff\"><pre tabindex=\"0\"><code><span class=\"gd\">-a\n</span><span class=\"gi\">+b</span></code></pre></div>\n"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got := toHTML(t, tt.md, Options{Lang: "en", Title: "The title", Source: source})
			if got != tt.want {
				t.Errorf("got  %s\nwant %s", got, tt.want)
			}
		})
	}
}

// Lines and emphasis in scripts that put no space between words.
func TestEastAsian(t *testing.T) {
	tests := []struct{ md, want string }{
		{"中文\n繼續", "中文繼續"},
		{"中文，\ngo", "中文，go"},
		{"中文\ngo", "中文\ngo"},
		{"한국어\n단어", "한국어\n단어"},
		{"one,\ntwo", "one,\ntwo"},
		{"one\n*two*", "one\n<em>two</em>"},
		{"one\n`two`", "one\n<code>two</code>"},
		{"one\n[two](/)", "one\n<a href=\"/\">two</a>"},
		{"見\n**此處**\n說明", "見<strong>此處</strong>說明"},
		{"**注意**\n請看", "<strong>注意</strong>請看"},
		{"（見下）\nnext", "（見下）next"},
		{"“quoted”\nnext", "“quoted”\nnext"},

		{"**注意。**請看", "<strong>注意。</strong>請看"},
		{"用**`go build`**編譯", "用<strong><code>go build</code></strong>編譯"},
		{"這是**“引文”**的", "這是<strong>“引文”</strong>的"},
		{"是*「強調」*嗎", "是<em>「強調」</em>嗎"},
		{"~~刪除。~~後", "<del>刪除。</del>後"},
		{"a**\"b\"**c", `a**"b"**c`}, // as CommonMark says
		{"snake_case_name", "snake_case_name"},
		{`A\ 中`, "A中"},
	}
	for _, tt := range tests {
		if got := toHTML(t, tt.md, Options{Lang: "zh-Hant"}); got != "<p>"+tt.want+"</p>\n" {
			t.Errorf("%q: got %q, want %q", tt.md, got, tt.want)
		}
	}
}

func TestFeedHTML(t *testing.T) {
	md := "## A\n\n[b](../other/index.en.md) [c](#a) [d](x/y.html) [e](https://z.org/) ![f](a.png) g[^1]\n\n```go\nvar x = 1\n```\n\na|b\n-|-:\n1|2\n\n[^1]: h"
	got := toHTML(t, md, Options{Lang: "en", Source: source, Base: "https://example.com", Page: "/zh/2020/文/"})
	const page = "https://example.com/zh/2020/%E6%96%87/"
	for _, want := range []string{
		"<h2>A</h2>",
		`<a href="https://example.com/2020/01/02/other/">b</a>`,
		`<a href="` + page + `#a">c</a>`,
		`<a href="` + page + `x/y.html">d</a>`,
		`<a href="https://z.org/" rel="noopener">e</a>`,
		`<img src="https://example.com/asset/aa.png" alt="f" width="1200" height="500">`,
		`<a href="` + page + `#fn:1" role="doc-noteref">1</a>`,
		"<pre><code>var x = 1</code></pre>",
		"<table>\n<thead><tr><th scope=\"col\">a</th>",
	} {
		if !strings.Contains(got, want) {
			t.Errorf("no %s in\n%s", want, got)
		}
	}
	for _, no := range []string{"<span", "tabindex", `href="/`, `src="/`, `href="#`} {
		if strings.Contains(got, no) {
			t.Errorf("%s in\n%s", no, got)
		}
	}
}

func TestLabels(t *testing.T) {
	for lang, want := range map[string]string{
		"zh-Hant": "警告", "zh-HK": "警告", "zh-Hant-TW": "警告", "zh": "警告", "ja-JP": "警告", "en-GB": "Warning", "fr": "Warning",
	} {
		if got := toHTML(t, "!!! warning\n    x", Options{Lang: lang}); !strings.Contains(got, `<p class="title">`+want+`</p>`) {
			t.Errorf("%s: %s", lang, got)
		}
	}
	for lang, l := range translations {
		if lang != "en" && len(l.kinds) < len(families) {
			t.Errorf("%s: %d of %d admonitions have a title", lang, len(l.kinds), len(families))
		}
	}
}

func TestTitle(t *testing.T) {
	tests := []struct {
		md, title string
		leading   bool
	}{
		{"# A `b` &amp; *c*\n\nd", "A b & c", true},
		{"<!-- x -->\n\n# A", "A", true},
		{"Setext\n===", "Setext", true},
		{"text\n\n# A", "A", false},
		{"> # A", "", false},
		{"## A", "", false},
		{"", "", false},
	}
	for _, tt := range tests {
		if title, leading := Parse([]byte(tt.md), 1).Title(); title != tt.title || leading != tt.leading {
			t.Errorf("%q: %q, %v", tt.md, title, leading)
		}
	}
}

func TestFirstImage(t *testing.T) {
	d := Parse([]byte("![](https://x.org/y.png)\n\n> ![](b.svg)\n\n![](a.png)"), 1)
	if img, ok := d.FirstImage(source); !ok || img.URL != "/asset/bb.svg" {
		t.Errorf("got %v, %v", img, ok)
	}
	if _, ok := d.FirstImage(&recipe.Source{}); ok {
		t.Error("an image that the recipe does not know")
	}
}

func TestSplitFrontMatter(t *testing.T) {
	tests := []struct {
		src, yaml, body string
		line            int
	}{
		{"---\na: 1\n---\nb\n", "a: 1\n", "b\n", 4},
		{"\ufeff--- \r\na: 1\r\n...\r\nb", "a: 1\r\n", "b", 4},
		{"---\n---\n", "", "", 3},
		{"---\na: 1\n---", "a: 1\n", "", 4},
		{"---\na: 1\n", "", "---\na: 1\n", 1},
		{"a\n---\nb\n---\n", "", "a\n---\nb\n---\n", 1},
		{"----\na\n----\n", "", "----\na\n----\n", 1},
		{"", "", "", 1},
		{"---", "", "---", 1},
	}
	for _, tt := range tests {
		yaml, body, line := SplitFrontMatter([]byte(tt.src))
		if string(yaml) != tt.yaml || string(body) != tt.body || line != tt.line {
			t.Errorf("%q: %q, %q, line %d", tt.src, yaml, body, line)
		}
	}
}

// One document has one HTML, whatever else is being rendered.
func TestConcurrent(t *testing.T) {
	var docs []string
	for _, s := range hostile {
		docs = append(docs, s+"\n\n## a\n\n```go\nvar x = 1 // "+s+"\n```\n\n!!! note\n    "+s)
	}
	want := make([]string, len(docs))
	for i, md := range docs {
		want[i] = toHTML(t, md, Options{Lang: "ja", Source: source})
	}
	var wg sync.WaitGroup
	for seed := range 4 {
		wg.Go(func() {
			r := rand.New(rand.NewPCG(uint64(seed), 1))
			for _, i := range r.Perm(len(docs)) {
				var b bytes.Buffer
				if err := Parse([]byte(docs[i]), 1).HTML(&b, Options{Lang: "ja", Source: source}); err != nil || b.String() != want[i] {
					t.Errorf("document %d differs (%v):\n%s\n%s", i, err, b.String(), want[i])
				}
			}
		})
	}
	wg.Wait()
}
