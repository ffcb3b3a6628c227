package edge

import (
	"bytes"
	"reflect"
	"testing"

	"github.com/grafana/sobek/ast"
	jsfile "github.com/grafana/sobek/file"
	"github.com/grafana/sobek/parser"

	"github.com/victorleungtw/blog/internal/edge/subset"
)

func TestStrip(t *testing.T) {
	for src, want := range map[string]string{
		"// a\n  b();\n":                             "b();\n",
		"\tb(); // why\n":                            "b();// why\n",
		"b('// no comment');  \n":                    "b('// no comment');\n",
		"a(`\n  // text\n  `);\n //b\n":              "a(`\n  // text\n  `);\n",
		"// don`t\n  b( c );\n":                      "b(c);\n",
		"/* a */\n b()":                              "/* a */\nb()\n",
		"if (a === b) {\n":                           "if(a===b){\n",
		"a = 'b = c' + d;\n":                         "a='b = c'+d;\n",
		"a = 'it\\'s = b' + c;\n":                    "a='it\\'s = b'+c;\n",
		"a = `b = ${c + d}`;\n":                      "a=`b = ${c + d}`;\n",
		"a = / = /.test(b);\n":                       "a=/ = /.test(b);\n",
		"a = b.replace(/[ /] = \\//g, c) + d / 2;\n": "a=b.replace(/[ /] = \\//g,c)+d / 2;\n",
		"return /a = b/.test( c );\n":                "return /a = b/.test(c);\n",
		"const a = b - -c;\n":                        "const a=b- -c;\n",
		"\tb('a  b');\r\n":                           "b('a  b');\n",
		"f {\n  a();\n  b();\n}\ng {\n}\n":           "f{a();b()}\ng{}\n",
		"a(\n  b,\n  c\n);\nd();\n":                  "a(b,c);\nd();\n",
		"f {\n  a(); // why\n  b();\n}\n":            "f{a();// why\nb()}\n",
		"f {\n  /a/.test(b);\n  b();\n}\n":           "f{/a/.test(b);b()}\n",
		"f {\n  a +\n    b;\n}\n":                    "f{a+\nb}\n",
		"":                                           "",
	} {
		if got := string(strip([]byte(src))); got != want {
			t.Errorf("%q became %q, want %q", src, got, want)
		}
	}
}

// What is deployed is the program of the file, each of its declarations at the
// beginning of a line, and fits.
func TestSourceIsTheFile(t *testing.T) {
	if n := len(Source()); n > subset.MaxSize {
		t.Errorf("%d bytes, CloudFront takes %d", n, subset.MaxSize)
	}
	if len(Source()) == len(file) {
		t.Error("nothing was left out")
	}
	for line := range bytes.Lines(file) {
		if words := bytes.Fields(line); len(words) > 1 && bytes.HasPrefix(line, words[0]) && words[0][0] >= 'a' {
			begins := append([]byte("\n"), bytes.Join(words[:2], []byte(" "))...)
			if !bytes.Contains(append([]byte("\n"), Source()...), begins) {
				t.Errorf("no line begins with %q", begins[1:])
			}
		}
	}
	if where := differ(parse(t, file), parse(t, Source()), "program"); where != "" {
		t.Errorf("another program: %s", where)
	}
}

// The comparison above sees a change of any kind of token.
func TestDiffer(t *testing.T) {
	a := parse(t, []byte("function f(a) { return a + `x${a}` + /a/.test('b') + 1; }"))
	for _, other := range []string{
		"function f(a) { return a - `x${a}` + /a/.test('b') + 1; }",
		"function f(a) { return a + `y${a}` + /a/.test('b') + 1; }",
		"function f(a) { return a + `x${a}` + /b/.test('b') + 1; }",
		"function f(a) { return a + `x${a}` + /a/.test('c') + 1; }",
		"function f(a) { return a + `x${a}` + /a/.test('b') + 2; }",
		"function f(a) { return a + `x${a}` + /a/.exec('b') + 1; }",
		"function f(b) { return a + `x${a}` + /a/.test('b') + 1; }",
		"function f(a) { return a + `x${a}` + /a/.test('b') + 1; } f();",
	} {
		if differ(a, parse(t, []byte(other)), "program") == "" {
			t.Errorf("no difference is seen in %s", other)
		}
	}
}

func parse(t *testing.T, src []byte) *ast.Program {
	t.Helper()
	p, err := parser.ParseFile(nil, "function.js", string(src), 0, parser.IsModule)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// differ returns the first place in which two syntax trees differ, but for
// where things stand in the text; "" when they are one program.
func differ(a, b *ast.Program, at string) string {
	return differing(reflect.ValueOf(a.Body), reflect.ValueOf(b.Body), at)
}

func differing(a, b reflect.Value, at string) string {
	switch {
	case a.IsValid() != b.IsValid():
		return at
	case !a.IsValid():
		return ""
	case a.Type() != b.Type():
		return at + ": " + a.Type().String() + " and " + b.Type().String()
	}
	switch a.Type() {
	case reflect.TypeFor[jsfile.Idx](), reflect.TypeFor[*jsfile.File]():
		return ""
	}
	switch a.Kind() {
	case reflect.Pointer, reflect.Interface:
		if a.IsNil() != b.IsNil() {
			return at
		}
		return differing(a.Elem(), b.Elem(), at)
	case reflect.Slice:
		if a.Len() != b.Len() {
			return at
		}
		for i := range a.Len() {
			if where := differing(a.Index(i), b.Index(i), at); where != "" {
				return where
			}
		}
	case reflect.Struct:
		for i := range a.NumField() {
			name := a.Type().Field(i).Name
			if name == "Source" { // of a function: its text
				continue
			}
			if where := differing(a.Field(i), b.Field(i), at+"."+name); where != "" {
				return where
			}
		}
	default:
		if !a.Equal(b) {
			return at
		}
	}
	return ""
}
