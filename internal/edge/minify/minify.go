// Package minify makes of internal/edge/function.js what of it is deployed,
// because CloudFront counts comments, space and long names among the 10,240
// bytes that a function may have. A test of package edge runs it and compares;
// no program does, so that esbuild is part of none.
//
// esbuild leaves out what only people read, and gives names of a letter or two.
// Its rewriting of syntax stays off: it would save 4 % and write "a && await b"
// for "if (a) { await b; }" and "return await", which CloudFront's runtime
// refuses. What comes out is held against the documented language all the same.
//
// Two things are kept for people and for CloudFront: each declaration at the top
// begins a line, in the order of the file, so that a place in an error message
// says which function it is in and a change shows as what it is; and handler has
// its name, by which CloudFront calls it.
package minify

import (
	"bytes"
	"errors"
	"fmt"
	"regexp"

	"github.com/evanw/esbuild/pkg/api"
	"github.com/grafana/sobek/ast"
	"github.com/grafana/sobek/parser"

	"github.com/victorleungtw/blog/internal/edge/subset"
)

// exported is the line by which esbuild says what it called handler.
var exported = regexp.MustCompile(`export\{(\S+) as handler\};\n$`)

// Function returns a function for deployment.
func Function(src []byte) ([]byte, error) {
	// The export keeps esbuild from leaving out what it would think unused, and
	// tells the new name.
	result := api.Transform(string(src)+"\nexport { handler };\n", api.TransformOptions{
		Sourcefile:        "function.js",
		MinifyWhitespace:  true,
		MinifyIdentifiers: true,
		LegalComments:     api.LegalCommentsNone,
		Target:            api.ESNext, // nothing is made older: it is refused
	})
	var errs []error
	for _, m := range append(result.Errors, result.Warnings...) {
		if m.Location == nil {
			errs = append(errs, errors.New(m.Text))
			continue
		}
		errs = append(errs, fmt.Errorf("%s:%d:%d: %s", m.Location.File, m.Location.Line, m.Location.Column+1, m.Text))
	}
	if errs != nil {
		return nil, errors.Join(errs...)
	}
	code := result.Code
	export := exported.FindSubmatchIndex(code)
	if export == nil {
		return nil, errors.New("esbuild did not say what it called handler")
	}
	name := string(code[export[2]:export[3]])
	code = code[:export[0]]
	declaration := "function " + name + "("
	if bytes.Count(code, []byte(declaration)) != 1 {
		return nil, fmt.Errorf("handler is not a function of its own at the top: want one %q", declaration)
	}
	// A use of handler in the file would still have the other name, which is a
	// global name that nobody knows.
	code = bytes.Replace(code, []byte(declaration), []byte("function handler("), 1)
	code, err := lines(code)
	if err != nil {
		return nil, err
	}
	return code, subset.Check("function.min.js", code)
}

// lines puts each statement at the top in a line of its own.
func lines(code []byte) ([]byte, error) {
	program, err := parser.ParseFile(nil, "function.min.js", string(code), 0, parser.IsModule)
	if err != nil {
		return nil, err
	}
	var out bytes.Buffer
	from := 0
	for _, statement := range program.Body {
		if _, ok := statement.(*ast.EmptyStatement); ok {
			continue // the semicolon of an import
		}
		at := int(statement.Idx0()) - 1 // positions begin at 1
		if at > from {
			out.Write(code[from:at])
			out.WriteByte('\n')
			from = at
		}
	}
	out.Write(code[from:])
	out.WriteByte('\n')
	return out.Bytes(), nil
}
