package dialect

import (
	"strings"
	"sync"
	"testing"
	"time"
)

func TestMath(t *testing.T) {
	const x = "<math><mrow><mi>x</mi></mrow></math>"
	block := `<div class="math" tabindex="0"><math display="block"><mrow><mi>x</mi></mrow></math></div>` + "\n"
	tests := []struct{ md, want string }{
		{"It is $x^2$.", "<p>It is <math><mrow><msup><mi>x</mi><mn>2</mn></msup></mrow></math>.</p>\n"},
		{"$5 and $10, $ x $, $x$1, \\$x\\$, `$x$`, a $$ b, $x", "<p>$5 and $10, $ x $, $x$1, $x$, <code>$x$</code>, a $$ b, $x</p>\n"},
		{"是$x$的", "<p>是" + x + "的</p>\n"},
		{"costs $5, **$x$**", "<p>costs $5, <strong>" + x + "</strong></p>\n"},
		{"$a_i b_j$ *c*", "<p><math><mrow><msub><mi>a</mi><mi>i</mi></msub><msub><mi>b</mi><mi>j</mi></msub></mrow></math> <em>c</em></p>\n"},
		{"so $$x$$ is", `<p>so <math display="block"><mrow><mi>x</mi></mrow></math> is</p>` + "\n"},
		{"$$x$$", block},
		{"a\n$$\nx\n$$\nb", "<p>a</p>\n" + block + "<p>b</p>\n"},
		{"> $$\n> x\n> $$", "<blockquote>\n" + block + "</blockquote>\n"},
		{"```math\nx\n```", block},
		{"    $$x$$", `<div class="code"><pre tabindex="0"><code>$$x$$</code></pre></div>` + "\n"},
		{"$$\nx\n\ny\n$$", "<p>$$\nx</p>\n<p>y\n$$</p>\n"},
		{"$\\frac{a}{$ $\\nope{x}$", `<p><code>$\frac{a}{$</code> <code>$\nope{x}$</code></p>` + "\n"},
		{"$$\n\\def\\a{\\a}\\a\n$$", `<div class="code"><pre tabindex="0"><code>` + "\n" + `\def\a{\a}\a</code></pre></div>` + "\n"},
		{"$\\begin{aligned}a&=b\\end{aligned}$", `<p><math><mrow><mtable displaystyle="true"><mtr><mtd class="right"><mi>a</mi></mtd><mtd class="left"><mo>=</mo><mi>b</mi></mtd></mtr></mtable></mrow></math></p>` + "\n"},
		{"$\\text{if } x<y$", "<p><math><mrow><mtext>if\u00a0</mtext><mi>x</mi><mo>&lt;</mo><mi>y</mi></mrow></math></p>\n"},
	}
	for _, tt := range tests {
		if got := toHTML(t, tt.md, Options{Lang: "en"}, Math); got != tt.want {
			t.Errorf("%q\ngot  %q\nwant %q", tt.md, got, tt.want)
		}
	}
	if got := toHTML(t, "It is $x^2$ and $$y$$.", Options{Lang: "en"}); got != "<p>It is $x^2$ and $$y$$.</p>\n" {
		t.Errorf("without the feature: %s", got)
	}
}

// A title has one text, whether formulas are read or not: the Markdown of a
// post is written without.
func TestMathTitle(t *testing.T) {
	for _, f := range [][]Feature{nil, {Math}} {
		if title, _ := Parse([]byte("# On $x^2$"), 1, f...).Title(); title != "On $x^2$" {
			t.Errorf("%v: %q", f, title)
		}
	}
}

// A formula has one MathML: treeblood writes attributes in another order each
// time.
func TestMathIsDeterministic(t *testing.T) {
	const tex = `\left(\sum_{i=0}^n \frac{\vec{v}}{\begin{pmatrix}1&2\end{pmatrix}}\right)`
	want, err := mathML(tex, true)
	if err != nil {
		t.Fatal(err)
	}
	for range 50 {
		if got, _ := mathML(tex, true); got != want {
			t.Fatalf("%s\n%s", got, want)
		}
	}
}

// No formula takes long, or much: those that nest are refused.
func TestMathIsBounded(t *testing.T) {
	for _, s := range []string{"{", "x^{", `\frac{`, `\sqrt{`, `\left(`, "(", "[", "x^", "a_1^2", `\begin{matrix}`, "&", "'", `\sqrt `} {
		for _, n := range []int{maxDepth, maxTeX / len(s), maxTeX} {
			start := time.Now()
			out, err := mathML(strings.Repeat(s, n), true)
			if len(out) > 1<<20 {
				t.Errorf("%d × %s: %d bytes in %v (%v)", n, s, len(out), time.Since(start), err)
			}
		}
	}
	deep := strings.Repeat("{", maxDepth+1) + "x" + strings.Repeat("}", maxDepth+1)
	if _, err := mathML(deep, true); err == nil || !strings.Contains(err.Error(), "deep") {
		t.Errorf("too deep: %v", err)
	}
}

// Formulas are converted by many at once.
func TestMathConcurrent(t *testing.T) {
	var wg sync.WaitGroup
	for range 4 {
		wg.Go(func() {
			for _, tex := range []string{`\frac{a}{b}`, `\nope{x}`, `\begin{pmatrix}1&2\end{pmatrix}`, `\mathbb{R}`, `\ce{H2O}`, `\left(\vec{v}\right)`, `\sum_{i=0}^n`, `\text{a}`} {
				out, err := mathML(tex, true)
				if again, _ := mathML(tex, true); (out == "") != (err != nil) || again != out {
					t.Errorf("%s: %q, %q, %v", tex, out, again, err)
				}
			}
		})
	}
	wg.Wait()
}
