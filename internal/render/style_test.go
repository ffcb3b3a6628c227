package render

import (
	"math"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
)

func TestMinify(t *testing.T) {
	css := "/* a\n b */\n:root {\n  --a: b c;\n}\na:hover,\nb > c {\n  color: red;\n  font: 1px \"A, B\";\n}\n@media (x: y) {\n  p {\n    margin: 0;\n  }\n}\n"
	want := `:root{--a:b c}a:hover,b > c{color:red;font:1px "A, B"}@media (x: y){p{margin:0}}`
	if got := minify(css); got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
}

// minify takes the source line by line; a line it could not must not appear.
func TestStylesheetForm(t *testing.T) {
	src, err := sources.ReadFile("style.css")
	if err != nil {
		t.Fatal(err)
	}
	ok := regexp.MustCompile(`^(|\}|[^{};]+[,{]|@?[a-z-]+: [^;]+;)$`)
	for line := range strings.Lines(cssComment.ReplaceAllString(string(src), "")) {
		if line = strings.TrimSpace(line); !ok.MatchString(line) {
			t.Errorf("write a selector with its brace, or one declaration: %q", line)
		}
	}
	css := string(stylesheet)
	if strings.Count(css, "{") != strings.Count(css, "}") {
		t.Error("braces do not match")
	}
	for _, no := range []string{"url(", "@import", "@font-face", "expression", "!important", "/*", "\n"} {
		if strings.Contains(css, no) {
			t.Errorf("%q in the stylesheet", no)
		}
	}
	// Every property that is used is set, or has no effect.
	for _, m := range regexp.MustCompile(`var\((--[a-z]+)\)`).FindAllStringSubmatch(css, -1) {
		if !strings.Contains(css, m[1]+":") {
			t.Errorf("%s is used and never set", m[1])
		}
	}
}

// palettes reads the two sets of colours of the stylesheet: light, and what
// dark changes.
func palettes(t *testing.T) map[string]map[string]float64 {
	t.Helper()
	css := string(stylesheet)
	colour := regexp.MustCompile(`(--[a-z]+):#([0-9a-f]{6}|[0-9a-f]{3});?`)
	root := regexp.MustCompile(`:root\{([^}]*)\}`).FindAllStringSubmatch(css, -1)
	if len(root) != 3 {
		t.Fatalf("%d :root blocks, want light, dark and print", len(root))
	}
	out := map[string]map[string]float64{}
	for i, name := range []string{"light", "dark", "print"} {
		out[name] = map[string]float64{}
		if name == "print" { // over light
			for k, v := range out["light"] {
				out[name][k] = v
			}
		}
		for _, m := range colour.FindAllStringSubmatch(root[i][1], -1) {
			out[name][m[1]] = luminance(m[2])
		}
	}
	return out
}

// luminance is WCAG's relative luminance
// (https://www.w3.org/TR/WCAG22/#dfn-relative-luminance).
func luminance(hex string) float64 {
	if len(hex) == 3 {
		hex = string([]byte{hex[0], hex[0], hex[1], hex[1], hex[2], hex[2]})
	}
	var l float64
	for i, weight := range []float64{0.2126, 0.7152, 0.0722} {
		n, _ := strconv.ParseUint(hex[2*i:2*i+2], 16, 8)
		c := float64(n) / 255
		if c <= 0.04045 {
			c /= 12.92
		} else {
			c = math.Pow((c+0.055)/1.055, 2.4)
		}
		l += weight * c
	}
	return l
}

// Text has the contrast that WCAG 2.2 asks for at level AA, 4.5 to 1, on every
// ground that it stands on.
func TestContrast(t *testing.T) {
	all := palettes(t)
	for name, p := range all {
		for _, text := range []string{"--ink", "--soft", "--accent", "--green", "--amber", "--red", "--violet", "--blue", "--teal"} {
			for _, ground := range []string{"--paper", "--tint"} {
				if r := ratio(p[text], p[ground]); r < 4.5 {
					t.Errorf("%s: %s on %s has a contrast of %.2f", name, text, ground, r)
				}
			}
		}
		if r := ratio(p["--ink"], p["--mark"]); r < 4.5 {
			t.Errorf("%s: marked text has a contrast of %.2f", name, r)
		}
		if r := ratio(p["--paper"], p["--accent"]); r < 4.5 {
			t.Errorf("%s: selected text has a contrast of %.2f", name, r)
		}
	}
}

func ratio(a, b float64) float64 {
	if a < b {
		a, b = b, a
	}
	return (a + 0.05) / (b + 0.05)
}

// A class that pages have and the stylesheet does not know is a mistake in one
// of them.
func TestClasses(t *testing.T) {
	inert := []string{"note.note"} // a note looks as all call-outs do
	var classes []string
	names, err := sources.ReadDir("templates")
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range names {
		b, err := sources.ReadFile("templates/" + e.Name())
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range regexp.MustCompile(`class="([^"]*)"`).FindAllStringSubmatch(string(b), -1) {
			classes = append(classes, strings.Fields(m[1])...)
		}
	}
	classes = append(classes, "k", "t", "f", "s", "m", "c", "gi", "gd", "gh", "gp", // dialect's
		"code", "table", "tasks", "note", "tip", "warning", "danger", "quote", "title", "footnotes", "right", "center", "prose")
	css := string(stylesheet)
	for _, c := range classes {
		if !regexp.MustCompile(`\.`+c+`\b`).MatchString(css) && !slices.Contains(inert, c) {
			t.Errorf("no rule for .%s", c)
		}
	}
}
