package dialect

import (
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"golang.org/x/net/html"
	"golang.org/x/net/html/atom"
	"golang.org/x/tools/txtar"
	_ "rsc.io/markdown" // for the cases in its testdata; no code of it is used
)

// example is one case of a suite.
type example struct {
	suite string
	n     int
	md    string
	html  string
}

const (
	htmlIsText   = "raw HTML is shown as text, but for a few tags without attributes; see raw.go"
	escapedSpace = "an escaped space shows nothing, so that it can part emphasis from a script without spaces"
	schemesOnly  = "an address has a scheme from a short list; see url.go"
	bareLinks    = "bare addresses are links, as GitHub's specification says"
	goldmarkOnly = "the parser differs, and what it makes is harmless: [a]: <b<c> is a link, a lone | the head of a table"
)

// deviations are the examples whose HTML differs from the suite's by design.
// docs/content.md tells authors the same.
var deviations = []struct{ suite, examples, reason string }{
	{"CommonMark", "21 31 148-165 167 169-178 180-182 184-191 201 344 475-477 491 494 524 536 613-617 623 627-631 642-643", htmlIsText},
	{"regression", "3 9 13 16", htmlIsText},
	{"CommonMark", "13", escapedSpace},
	{"regression", "7 14", escapedSpace},
	{"CommonMark", "598-599 601", schemesOnly},
	{"CommonMark", "608 611-612", bareLinks},
	{"regression", "6 18", goldmarkOnly},
}

// The specifications' own examples, and GitHub's. An example that differs must
// be in deviations, and one that is there must differ.
func TestSpecs(t *testing.T) {
	byDesign := map[string]string{}
	for _, d := range deviations {
		for _, n := range numbers(t, d.examples) {
			name := fmt.Sprint(d.suite, " ", n)
			if byDesign[name] != "" {
				t.Errorf("%s is listed twice", name)
			}
			byDesign[name] = d.reason
		}
	}
	counts := map[string][2]int{} // examples and, of them, deviations
	for _, e := range examples(t) {
		name := fmt.Sprint(e.suite, " ", e.n)
		got, want := canonical(t, toHTML(t, e.md, Options{Lang: "en"}), false), canonical(t, e.html, true)
		c := counts[e.suite]
		c[0]++
		switch reason := byDesign[name]; {
		case got != want && reason == "":
			t.Errorf("%s: %q\ngot  %s\nwant %s", name, e.md, got, want)
		case got == want && reason != "":
			t.Errorf("%s is as the suite says: take it off the list of what deviates (%s)", name, reason)
		case reason != "":
			c[1]++
		}
		counts[e.suite] = c
		delete(byDesign, name)
	}
	for name := range byDesign {
		t.Errorf("%s is listed, and is no example", name)
	}
	for _, suite := range slices.Sorted(maps.Keys(counts)) {
		t.Logf("%s: %d examples, %d deviate by design", suite, counts[suite][0], counts[suite][1])
	}
}

// numbers reads "3 7-9".
func numbers(t *testing.T, s string) []int {
	t.Helper()
	var out []int
	for _, f := range strings.Fields(s) {
		from, to, ok := strings.Cut(f, "-")
		if !ok {
			to = from
		}
		a, err1 := strconv.Atoi(from)
		b, err2 := strconv.Atoi(to)
		if err1 != nil || err2 != nil || a > b {
			t.Fatalf("not a number or a range: %q", f)
		}
		for n := a; n <= b; n++ {
			out = append(out, n)
		}
	}
	return out
}

// examples are read from where they are kept: CommonMark's specification from
// goldmark's tests; the extensions of GitHub's (https://github.github.com/gfm/),
// by its numbers, and the tests of GitHub's own parser (cmark-gfm's
// extensions.txt and regression.txt), from those of rsc.io/markdown.
func examples(t *testing.T) []example {
	t.Helper()
	goldmark, rsc := moduleDir(t, "github.com/yuin/goldmark"), moduleDir(t, "rsc.io/markdown")
	var spec []struct {
		Markdown, HTML string
		Example        int
	}
	if err := json.Unmarshal(readFile(t, goldmark, "_test/spec.json"), &spec); err != nil {
		t.Fatal(err)
	}
	var out []example
	for _, e := range spec {
		out = append(out, example{"CommonMark", e.Example, e.Markdown, e.HTML})
	}
	for _, f := range []struct{ suite, file, prefix string }{
		{"GFM", "table", "gfm"}, {"GFM", "task", "gfm"}, {"GFM", "del", "gfm"}, {"GFM", "autoext", "gfm"},
		{"extensions", "gfm_ext", ""}, {"regression", "gfm_regress", ""},
	} {
		files := txtar.Parse(readFile(t, rsc, "testdata/"+f.file+".txt")).Files
		for i, md := range files {
			name, isMD := strings.CutSuffix(md.Name, ".md")
			digits, ok := strings.CutPrefix(name, f.prefix)
			if !isMD || !ok {
				continue
			}
			if n, err := strconv.Atoi(digits); err == nil && i+1 < len(files) && strings.HasSuffix(files[i+1].Name, ".html") {
				out = append(out, example{f.suite, n, decodeTxtar(md.Data), decodeTxtar(files[i+1].Data)})
			}
		}
	}
	counts := map[string]int{}
	for _, e := range out {
		counts[e.suite]++
	}
	if want := map[string]int{"CommonMark": 652, "GFM": 27, "extensions": 18, "regression": 19}; !maps.Equal(counts, want) {
		t.Fatalf("examples: %v, want %v", counts, want)
	}
	return out
}

// decodeTxtar undoes rsc.io/markdown's notation for what a txtar file cannot
// hold.
func decodeTxtar(b []byte) string {
	s := strings.ReplaceAll(string(b), "^J\n", "\n")
	s = strings.ReplaceAll(s, "^M", "\r")
	s = strings.ReplaceAll(s, "^D\n", "")
	return strings.ReplaceAll(s, "^@", "\x00")
}

func moduleDir(t *testing.T, path string) string {
	t.Helper()
	out, err := exec.Command("go", "list", "-m", "-f", "{{.Dir}}", path).Output()
	dir := strings.TrimSpace(string(out))
	if err != nil || dir == "" {
		t.Fatalf("where is %s? go mod download fetches it (%v)", path, err)
	}
	return dir
}

func readFile(t *testing.T, dir, name string) []byte {
	t.Helper()
	b, err := os.ReadFile(filepath.Join(dir, filepath.FromSlash(name)))
	if err != nil {
		t.Fatalf("the examples have moved: %v", err)
	}
	return b
}

// canonical is HTML without what the dialect does to all of it by design, and
// without what no reader sees: space around blocks, the order of attributes,
// how characters are escaped. What it takes out of ours it takes out by its
// exact form alone, so that a mistake in it differs. of says that the HTML is
// a suite's.
func canonical(t *testing.T, s string, suite bool) string {
	t.Helper()
	nodes, err := html.ParseFragment(strings.NewReader(s), &html.Node{Type: html.ElementNode, Data: "body", DataAtom: atom.Body})
	if err != nil {
		t.Fatal(err)
	}
	root := &html.Node{Type: html.ElementNode, Data: "body"}
	for _, n := range nodes {
		root.AppendChild(n)
	}
	if suite {
		asSuite(root)
	} else {
		asOurs(root)
	}
	var b strings.Builder
	write(&b, root, false)
	out := spaces.ReplaceAllString(b.String(), " ")
	return strings.TrimSpace(aroundBlocks.ReplaceAllString(out, "$1"))
}

var (
	spaces       = regexp.MustCompile(`[ \n]+`)
	aroundBlocks = regexp.MustCompile(` *(</?(?:p|h[1-6]|blockquote|pre|ul|ol|li|hr|table|thead|tbody|tr|td|th|dl|dt|dd|br)\b[^<>]*>) *`)
)

// asSuite gives a suite's HTML the dialect's form where that holds less: a page
// has one level-1 heading, which is not the text's; code has no class; a
// column is aligned by a class; an empty head is a cell.
func asSuite(root *html.Node) {
	shift := false
	each(root, func(n *html.Node) { shift = shift || n.Data == "h1" })
	each(root, func(n *html.Node) {
		switch n.Data {
		case "h1", "h2", "h3", "h4", "h5", "h6":
			if shift {
				n.Data = "h" + strconv.Itoa(min(6, int(n.Data[1]-'0')+1))
			}
		case "code":
			drop(n, "class", "")
		case "th", "td":
			switch align := strings.ReplaceAll(get(n, "align")+get(n, "style"), "text-align:", ""); align {
			case "center", "right":
				n.Attr = []html.Attribute{{Key: "class", Val: align}}
			default:
				n.Attr = nil
			}
			if n.Data == "th" && n.FirstChild == nil {
				n.Data = "td"
			}
		case "input": // attributes without a value, whatever the order
			drop(n, "class", "")
		}
	})
}

// asOurs undoes what the dialect adds.
func asOurs(root *html.Node) {
	each(root, func(n *html.Node) {
		switch n.Data {
		case "h1", "h2", "h3", "h4", "h5", "h6": // its id, and the link to itself
			id := get(n, "id")
			if a := n.FirstChild; a != nil && a.NextSibling == nil && a.Data == "a" && get(a, "href") == "#"+id && len(a.Attr) == 1 {
				unwrap(a)
			}
			drop(n, "id", "")
		case "a":
			if h := get(n, "href"); strings.HasPrefix(h, "http:") || strings.HasPrefix(h, "https:") || strings.HasPrefix(h, "//") {
				drop(n, "rel", "noopener")
			}
		case "img":
			drop(n, "loading", "lazy")
		case "figure": // an image with a title, alone
			img, caption := n.FirstChild, n.LastChild
			if img != nil && img.Data == "img" && caption == img.NextSibling && caption != nil && caption.Data == "figcaption" && caption.FirstChild != nil {
				img.Attr = append(img.Attr, html.Attribute{Key: "title", Val: caption.FirstChild.Data})
				n.RemoveChild(caption)
				n.Data = "p"
			}
		case "div": // the boxes of code and of tables
			switch get(n, "class") {
			case "code", "table":
				unwrap(n)
			}
		case "pre":
			drop(n, "tabindex", "0")
		case "span":
			unwrap(n) // of highlighted code: Markdown has no other
		case "th":
			drop(n, "scope", "col")
		case "ul":
			drop(n, "class", "tasks")
		case "input":
			drop(n, "aria-label", "")
		}
	})
}

// each calls visit for every element, children first, so that visit may take
// the element out.
func each(n *html.Node, visit func(*html.Node)) {
	for c := n.FirstChild; c != nil; {
		next := c.NextSibling
		each(c, visit)
		c = next
	}
	if n.Type == html.ElementNode && n.Parent != nil {
		visit(n)
	}
}

func get(n *html.Node, key string) string {
	for _, a := range n.Attr {
		if a.Key == key {
			return a.Val
		}
	}
	return ""
}

// drop takes an attribute off, if it has the value; of any value if value is empty.
func drop(n *html.Node, key, value string) {
	n.Attr = slices.DeleteFunc(n.Attr, func(a html.Attribute) bool { return a.Key == key && (value == "" || a.Val == value) })
}

func unwrap(n *html.Node) {
	for c := n.FirstChild; c != nil; c = n.FirstChild {
		n.RemoveChild(c)
		n.Parent.InsertBefore(c, n)
	}
	n.Parent.RemoveChild(n)
}

// write writes a tree with its attributes in order. Space in preformatted text
// counts, but for empty lines at its end.
func write(b *strings.Builder, n *html.Node, pre bool) {
	switch n.Type {
	case html.TextNode:
		s := strings.NewReplacer("&", "&amp;", "<", "&lt;", ">", "&gt;").Replace(n.Data)
		if pre {
			s = strings.NewReplacer(" ", "␠", "\n", "␤").Replace(s)
		}
		b.WriteString(s)
		return
	case html.CommentNode: // no reader sees it
		return
	}
	if n.Parent != nil {
		attrs := slices.Clone(n.Attr)
		slices.SortFunc(attrs, func(x, y html.Attribute) int { return strings.Compare(x.Key, y.Key) })
		b.WriteString("<" + n.Data)
		for _, a := range attrs {
			fmt.Fprintf(b, " %s=%q", a.Key, strings.NewReplacer("<", "&lt;", ">", "&gt;").Replace(a.Val))
		}
		b.WriteByte('>')
	}
	var inner strings.Builder
	for c := n.FirstChild; c != nil; c = c.NextSibling {
		write(&inner, c, pre || n.Data == "pre")
	}
	text := inner.String()
	if n.Data == "code" && pre {
		text = strings.TrimRight(text, "␤")
	}
	b.WriteString(text)
	if n.Parent != nil {
		b.WriteString("</" + n.Data + ">")
	}
}
