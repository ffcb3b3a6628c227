package dialect

import (
	"fmt"
	"maps"
	"regexp"
	"strings"
	"sync"
	"time"

	"github.com/alecthomas/chroma/v2"
	"github.com/alecthomas/chroma/v2/lexers"
	"github.com/yuin/goldmark/ast"
)

// Code is what the first line of a fenced block says.
type Code struct {
	Lang  string   // as written: "go"
	Title string   // title="main.go"
	Rest  []string // what has no effect: hl_lines="2"
}

var fenceAttr = regexp.MustCompile(`([\w-]+)=("[^"]*"|'[^']*'|[^\s"'{}]+)|[^\s{}]+`)

// Info reads the info string of a fenced block: "go", `go title="main.go"`,
// or Python-Markdown's "{ .go .no-copy }".
func (d *Doc) Info(n *ast.FencedCodeBlock) Code {
	var c Code
	if n.Info == nil {
		return c
	}
	for _, m := range fenceAttr.FindAllStringSubmatch(string(n.Info.Segment.Value(d.src)), -1) {
		switch {
		case m[1] == "title":
			c.Title = strings.Trim(m[2], `"'`)
		case m[1] != "":
			c.Rest = append(c.Rest, m[0])
		case c.Lang == "":
			c.Lang = strings.TrimPrefix(m[0], ".")
		default:
			c.Rest = append(c.Rest, m[0])
		}
	}
	return c
}

// plainText are names for code without a language, which chroma knows or not.
var plainText = map[string]bool{
	"": true, "text": true, "txt": true, "plain": true, "plaintext": true, "none": true, "nohighlight": true, "output": true,
}

// found caches lexers by the name that posts use; chroma looks a name up in
// every lexer's file patterns. Names that are not known are not kept: a
// stranger's document must not be able to fill it.
var found sync.Map // string -> chroma.Lexer

func lexer(lang string) chroma.Lexer {
	if plainText[strings.ToLower(lang)] {
		return nil
	}
	if l, ok := found.Load(lang); ok {
		return l.(chroma.Lexer)
	}
	l := patient().Get(lang)
	if l != nil {
		found.Store(lang, l)
	}
	return l
}

// Highlights says whether code in lang is highlighted, or needs not to be.
func Highlights(lang string) bool {
	return plainText[strings.ToLower(lang)] || lexer(lang) != nil
}

const (
	// maxCode is the size in bytes above which code is not highlighted. Code
	// that long is data, and chroma's time is not always linear.
	maxCode = 32 << 10
	// slowStep is what a token may take. What takes longer is no result: the
	// bytes would depend on how busy the machine was, and a digest has one set
	// of bytes.
	slowStep = 10 * time.Second
)

// patient are chroma's lexers, made to wait for a pattern as long as slowStep.
// They give up on one after 250 ms otherwise, a time that a busy machine takes,
// and go on as if it had not matched. Each is made when it is first used.
var patient = sync.OnceValue(func() *chroma.LexerRegistry {
	out := chroma.NewLexerRegistry()
	for _, l := range lexers.GlobalLexerRegistry.Lexers {
		own, ok := l.(*chroma.RegexLexer)
		if !ok { // made of two others
			out.Register(l)
			continue
		}
		made, err := chroma.NewLexer(own.Config(), func() chroma.Rules {
			rules := maps.Clone(own.MustRules())
			rules["patience"] = []chroma.Rule{{Mutator: patience{}}}
			return rules
		})
		if err != nil {
			panic(err) // of its configuration alone
		}
		out.Register(made)
	}
	return out
})

// patience is a rule of a state that no lexer enters: it changes the others when
// they are compiled, and is gone.
type patience struct{}

func (patience) Mutate(*chroma.LexerState) error { return nil }

func (patience) MutateLexer(rules chroma.CompiledRules, state string, _ int) error {
	delete(rules, state)
	for _, of := range rules {
		for _, r := range of {
			if r.Regexp != nil {
				r.Regexp.MatchTimeout = slowStep
			}
		}
	}
	return nil
}

// highlight writes code, with a span around what has a colour. An error means
// that the machine was too slow to tell.
func highlight(w *writer, l chroma.Lexer, code string) error {
	if l == nil || len(code) > maxCode {
		w.text(code)
		return nil
	}
	tokens, err := tokens(l, code, w.now)
	if err != nil {
		return err
	}
	if tokens == nil {
		w.text(code)
		return nil
	}
	class := ""
	for _, t := range tokens {
		c := classOf(t.Type)
		if strings.TrimSpace(t.Value) == "" {
			c = class // a space has no colour of its own
		}
		if c != class {
			if class != "" {
				w.str("</span>")
			}
			if c != "" {
				w.str(`<span class="`, c, `">`)
			}
			class = c
		}
		w.text(t.Value)
	}
	// Lexers expect the line feed that tokens adds.
	if n := w.Len(); n > 0 && w.Bytes()[n-1] == '\n' {
		w.Truncate(n - 1)
	}
	if class != "" {
		w.str("</span>")
	}
	return nil
}

// tokens parts code, with a line feed at its end; nil if the lexer cannot, or
// loses characters.
func tokens(l chroma.Lexer, code string, now func() time.Time) ([]chroma.Token, error) {
	code += "\n"
	for range 3 {
		out, slow := tokenise(l, code, now)
		if !slow {
			n := 0
			for _, t := range out {
				n += len(t.Value)
			}
			if n != len(code) {
				out = nil
			}
			return out, nil
		}
	}
	return nil, fmt.Errorf("highlighting %s code: a step took longer than %v three times; try again, or leave out the code's language",
		l.Config().Name, slowStep)
}

func tokenise(l chroma.Lexer, code string, now func() time.Time) (out []chroma.Token, slow bool) {
	defer func() {
		if recover() != nil { // a fault of the lexer: the same on every machine
			out, slow = nil, false
		}
	}()
	last := now()
	next, err := l.Tokenise(&chroma.TokeniseOptions{State: "root", EnsureLF: true}, code)
	if err != nil {
		return nil, false
	}
	for t := next(); t != chroma.EOF; t = next() {
		step := now()
		if step.Sub(last) > slowStep {
			return nil, true
		}
		last = step
		out = append(out, t)
	}
	return out, now().Sub(last) > slowStep
}

// classOf is the class of a token: k keyword, t type, f function, s string,
// m number or constant, c comment, gi, gd, gh, gp (inserted, deleted, heading,
// prompt); empty for most.
func classOf(t chroma.TokenType) string {
	switch t {
	case chroma.KeywordType, chroma.NameClass, chroma.NameNamespace, chroma.NameException:
		return "t"
	case chroma.KeywordConstant, chroma.NameConstant, chroma.LiteralStringEscape, chroma.LiteralStringInterpol:
		return "m"
	case chroma.NameFunction, chroma.NameFunctionMagic, chroma.NameAttribute, chroma.NameDecorator, chroma.NameBuiltin, chroma.NameVariable:
		return "f"
	case chroma.NameTag, chroma.CommentPreproc, chroma.OperatorWord:
		return "k"
	case chroma.GenericInserted:
		return "gi"
	case chroma.GenericDeleted:
		return "gd"
	case chroma.GenericHeading, chroma.GenericSubheading:
		return "gh"
	case chroma.GenericPrompt:
		return "gp"
	}
	switch {
	case t.InSubCategory(chroma.LiteralString):
		return "s"
	case t.InSubCategory(chroma.LiteralNumber):
		return "m"
	case t.InCategory(chroma.Keyword):
		return "k"
	case t.InCategory(chroma.Comment):
		return "c"
	}
	return ""
}
