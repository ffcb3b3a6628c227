package dialect

import (
	"bytes"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/alecthomas/chroma/v2"
	"github.com/alecthomas/chroma/v2/lexers"
	"github.com/dlclark/regexp2/v2"
	"github.com/yuin/goldmark/ast"
)

// lexerFunc is a lexer that gives what the function returns.
type lexerFunc func(code string) (chroma.Iterator, error)

func (f lexerFunc) Tokenise(_ *chroma.TokeniseOptions, code string) (chroma.Iterator, error) {
	return f(code)
}
func (lexerFunc) Config() *chroma.Config                               { return &chroma.Config{Name: "Test"} }
func (f lexerFunc) SetRegistry(*chroma.LexerRegistry) chroma.Lexer     { return f }
func (f lexerFunc) SetAnalyser(func(text string) float32) chroma.Lexer { return f }
func (lexerFunc) AnalyseText(string) float32                           { return 0 }

func whole(code string) (chroma.Iterator, error) {
	return chroma.Literator(chroma.Token{Type: chroma.Keyword, Value: code}), nil
}

func still() time.Time { return time.Time{} }

// A lexer that fails leaves the code as it is, without highlighting.
func TestBrokenLexers(t *testing.T) {
	for name, l := range map[string]lexerFunc{
		"error":           func(string) (chroma.Iterator, error) { return nil, errors.New("no") },
		"panic":           func(string) (chroma.Iterator, error) { panic("no") },
		"lost characters": func(code string) (chroma.Iterator, error) { return whole(code[1:]) },
	} {
		if out, err := tokens(l, "code", still); out != nil || err != nil {
			t.Errorf("%s: %v, %v", name, out, err)
		}
	}
	if out, err := tokens(lexerFunc(whole), "code", still); len(out) != 1 || err != nil {
		t.Errorf("a sound lexer: %v, %v", out, err)
	}
}

// A machine that is too slow gives no result, rather than one that depends on
// how slow it was; a moment of slowness is forgiven.
func TestSlowMachine(t *testing.T) {
	clock := func(slow int) func() time.Time {
		at, calls := time.Time{}, 0
		return func() time.Time {
			calls++
			if calls%2 == 0 && calls/2 <= slow { // the first step of each try
				at = at.Add(2 * slowStep)
			}
			return at
		}
	}
	if out, err := tokens(lexerFunc(whole), "code", clock(1)); len(out) != 1 || err != nil {
		t.Errorf("slow once: %v, %v", out, err)
	}
	if out, err := tokens(lexerFunc(whole), "code", clock(99)); err == nil || !strings.Contains(err.Error(), "Test") {
		t.Errorf("always slow: %v, %v", out, err)
	}
	for _, md := range []string{"```go\nx\n```\n\nnext", "> - ```go\n>   x\n>   ```\n\nnext"} {
		var b bytes.Buffer
		if err := Parse([]byte(md), 1).html(&b, &Options{}, clock(99)); err == nil {
			t.Errorf("%q: a page without its code: %s", md, b.String())
		}
	}
}

func TestLongCode(t *testing.T) {
	code := "```go\n" + strings.Repeat("var x = 1\n", maxCode/10+1) + "```"
	if out := toHTML(t, code, Options{}); strings.Contains(out, "<span") {
		t.Error("code above the limit is highlighted")
	}
}

func TestInfo(t *testing.T) {
	for info, want := range map[string]Code{
		"":                                 {},
		"go":                               {Lang: "go"},
		`go title="a b.go" hl_lines="1 2"`: {Lang: "go", Title: "a b.go", Rest: []string{`hl_lines="1 2"`}},
		"{ .py .no-copy }":                 {Lang: "py", Rest: []string{".no-copy"}},
		"{.py title='x'}":                  {Lang: "py", Title: "x"},
		"c++":                              {Lang: "c++"},
		"js {1,3}":                         {Lang: "js", Rest: []string{"1,3"}},
	} {
		d := Parse([]byte("``` "+info+"\nx\n```"), 1)
		got := d.Info(d.Root().FirstChild().(*ast.FencedCodeBlock))
		if got.Lang != want.Lang || got.Title != want.Title || strings.Join(got.Rest, "|") != strings.Join(want.Rest, "|") {
			t.Errorf("%q: %+v, want %+v", info, got, want)
		}
	}
}

// A patient lexer finds what chroma's own finds, and gives up on nothing.
func TestPatient(t *testing.T) {
	for lang, code := range map[string]string{
		"go": "func f() string { return \"a\" + `b` } // c\n", "javascript": "const a = /b/.test(`${c}`); // d\n",
		"yaml": "a: [b, 1] # c\n", "html": "<p onclick=\"a()\"><script>let a = 1</script>\n", "bash": "echo \"$a\" | b # c\n",
	} {
		got, slow := tokenise(patient().Get(lang), code, time.Now)
		want, _ := tokenise(lexers.Get(lang), code, time.Now)
		if slow || len(got) < 5 || !slices.Equal(got, want) {
			t.Errorf("%s: %v, want %v", lang, got, want)
		}
	}
	rules := chroma.CompiledRules{"root": {{Regexp: regexp2.MustCompile("a")}}, "patience": {{}}}
	if err := (patience{}).MutateLexer(rules, "patience", 0); err != nil || len(rules) != 1 || rules["root"][0].Regexp.MatchTimeout != slowStep {
		t.Errorf("%v %v", rules, err)
	}
}
