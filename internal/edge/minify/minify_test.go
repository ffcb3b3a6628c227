package minify_test

import (
	"bytes"
	"os"
	"os/exec"
	"strings"
	"testing"

	"github.com/grafana/sobek/ast"
	"github.com/grafana/sobek/parser"

	"github.com/victorleungtw/blog/internal/edge/minify"
)

func TestFunction(t *testing.T) {
	for _, tt := range []struct{ name, src, want string }{
		{"names", "// Why.\nfunction double(number) {\n    return number * 2; // because\n}\n\nfunction handler(event) {\n    return double(event.n);\n}\n",
			"function r(n){return n*2}\nfunction handler(n){return r(n.n)}\n"},
		{"imports", "import cf from 'cloudfront';\nimport crypto from 'crypto';\nconst kvs = cf.kvs();\nasync function handler(event) {\n    const value = await kvs.get('a');\n    return crypto.createHmac('sha256', value);\n}\n",
			"import r from\"cloudfront\";\nimport a from\"crypto\";\nconst e=r.kvs();\nasync function handler(c){const t=await e.get(\"a\");return a.createHmac(\"sha256\",t)}\n"},
		{"await stays a statement", "import cf from 'cloudfront';\nasync function handler(event) {\n    if (event.a) {\n        await cf.kvs().get('a');\n    }\n    const b = await cf.kvs().get('b');\n    return b;\n}\n",
			"import t from\"cloudfront\";\nasync function handler(a){if(a.a){await t.kvs().get(\"a\")}const n=await t.kvs().get(\"b\");return n}\n"},
		{"the last semicolon", "function handler(event) { return event; }\nconst a = 1", "function handler(n){return n}\nconst t=1;\n"},
	} {
		got, err := minify.Function([]byte(tt.src))
		if err != nil {
			t.Errorf("%s: %v", tt.name, err)
		} else if string(got) != tt.want {
			t.Errorf("%s: got %s", tt.name, got)
		}
	}
}

func TestRefusals(t *testing.T) {
	for _, tt := range []struct{ name, src, want string }{
		{"no JavaScript", "function handler(event) {\n  return (;\n}\n", `function.js:2:11: Unexpected ";"`},
		{"no handler", "function other(event) { return event; }\n", `"handler" is not declared`},
		{"handler is a value", "const handler = (event) => event;\n", "handler is not a function of its own"},
		{"handler is used", "function again(event) { return handler(event); }\nfunction handler(event) { return again(event); }\n", "global"},
		{"outside the language", "function handler(event) { return event?.a; }\n", "outside the language"},
		{"a warning", "function handler(event) { return typeof event === 'nul'; }\n", `never evaluate to "nul"`},
		{"too long", "const a = '" + strings.Repeat("a", 11_000) + "';\nfunction handler(event) { return a; }\n", "CloudFront takes 10240"},
	} {
		if _, err := minify.Function([]byte(tt.src)); err == nil || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%s: %v, want %q", tt.name, err, tt.want)
		}
	}
}

// Each declaration of the function begins a line, in the order of the file.
func TestLines(t *testing.T) {
	src, err := os.ReadFile("../function.js")
	if err != nil {
		t.Fatal(err)
	}
	code, err := minify.Function(src)
	if err != nil {
		t.Fatal(err)
	}
	before, after := top(t, src), top(t, code)
	if len(before) != len(after) {
		t.Fatalf("%d declarations became %d", len(before), len(after))
	}
	for i, at := range after {
		kind := func(src []byte, at int) string { return string(bytes.Fields(src[at:])[0]) }
		if a, b := kind(src, before[i]), kind(code, at); a != b {
			t.Errorf("%s became %s", a, b)
		}
		if at > 0 && code[at-1] != '\n' {
			t.Errorf("inside of a line: %s", code[at:min(at+40, len(code))])
		}
	}
}

// top returns where the statements at the top of a program begin.
func top(t *testing.T, src []byte) []int {
	t.Helper()
	program, err := parser.ParseFile(nil, "function.js", string(src), 0, parser.IsModule)
	if err != nil {
		t.Fatal(err)
	}
	var out []int
	for _, s := range program.Body {
		if _, ok := s.(*ast.EmptyStatement); !ok {
			out = append(out, int(s.Idx0())-1)
		}
	}
	return out
}

// esbuild makes a file that is committed, and is in no program that is run.
func TestNoProgramHasIt(t *testing.T) {
	out, err := exec.Command("go", "list", "-deps", "../../../cmd/...", "../../../lambda/...", "../../../infra").Output()
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Contains(out, []byte("/internal/edge\n")) {
		t.Error("no program has the edge function")
	}
	if bytes.Contains(out, []byte("esbuild")) {
		t.Error("a program is built with esbuild")
	}
}
