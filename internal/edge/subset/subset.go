// Package subset says whether a script is within the language that CloudFront
// Functions document for JavaScript runtime 2.0.
//
// CloudFront accepts any text as a function and compiles it at the first
// request: a construct that its engine lacks is a 503 for every reader, and no
// deployment step before it complains. So the script is parsed here and
// everything that the documentation does not list is refused: syntax, global
// names, and methods. Where the documentation is silent (may a for-in loop
// declare its variable with const?) the answer is no.
//
// Two rules come from its sentence "async arguments and closures are not
// supported" and from what the engine does with them ("SyntaxError: await in
// arguments not supported"): await may only be the whole right-hand side of a
// declaration or an assignment, or a statement of its own; and an async
// function is declared at the top level and holds no other function.
//
// Checking is by name, not by type: a method is accepted when some documented
// type has it. What a script means is for its tests.
//
// Source: https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/functions-javascript-runtime-20.html
package subset

import (
	"fmt"
	"strings"

	"github.com/grafana/sobek/ast"
	"github.com/grafana/sobek/file"
	"github.com/grafana/sobek/parser"
	"github.com/grafana/sobek/unistring"
)

// MaxSize is the largest function that CloudFront takes, in bytes.
// https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/cloudfront-limits.html#limits-functions
const MaxSize = 10 * 1024

// Violation is one construct outside the subset.
type Violation struct {
	Line, Column int // 1-based
	What         string
}

func (v Violation) String() string { return fmt.Sprintf("%d:%d: %s", v.Line, v.Column, v.What) }

// Error lists every violation found in one script.
type Error []Violation

func (e Error) Error() string {
	lines := make([]string, len(e))
	for i, v := range e {
		lines[i] = v.String()
	}
	return "outside the language of CloudFront Functions:\n" + strings.Join(lines, "\n")
}

// Check parses a script as an ES module and returns nil, an Error with all
// violations, or an error that says why it is not JavaScript at all.
func Check(name string, src []byte) error {
	if len(src) > MaxSize {
		return fmt.Errorf("%s has %d bytes: CloudFront takes %d", name, len(src), MaxSize)
	}
	program, err := parser.ParseFile(nil, name, string(src), 0, parser.IsModule)
	if err != nil {
		return fmt.Errorf("parsing %s: %w", name, err)
	}
	c := &checker{file: program.File, modules: map[unistring.String]map[string]bool{}}
	c.scope(program.DeclarationList, program.Body, func() { c.statements(program.Body) })
	if len(c.found) > 0 {
		return c.found
	}
	return nil
}

type checker struct {
	file  *file.File
	found Error
	names []map[unistring.String]bool // declared names, innermost scope last
	depth int                         // functions around the node
	async bool                        // whether the innermost function is async
	// modules are the methods that a module's local name has.
	modules map[unistring.String]map[string]bool
}

func (c *checker) refuse(at file.Idx, format string, args ...any) {
	pos := c.file.Position(int(at) - c.file.Base())
	c.found = append(c.found, Violation{pos.Line, pos.Column, fmt.Sprintf(format, args...)})
}

// scope walks with the names that a function or a block declares.
func (c *checker) scope(vars []*ast.VariableDeclaration, body []ast.Statement, walk func()) {
	names := map[unistring.String]bool{}
	for _, v := range vars {
		for _, b := range v.List {
			declare(names, b.Target)
		}
	}
	for _, s := range body {
		switch s := s.(type) {
		case *ast.LexicalDeclaration:
			for _, b := range s.List {
				declare(names, b.Target)
			}
		case *ast.FunctionDeclaration:
			names[s.Function.Name.Name] = true
		case *ast.ImportDeclaration:
			if s.ImportClause != nil && s.ImportClause.ImportedDefaultBinding != nil {
				names[s.ImportClause.ImportedDefaultBinding.Name] = true
			}
		}
	}
	c.names = append(c.names, names)
	walk()
	c.names = c.names[:len(c.names)-1]
}

func declare(names map[unistring.String]bool, target ast.Expression) {
	if id, ok := target.(*ast.Identifier); ok {
		names[id.Name] = true
	}
}

func (c *checker) declared(name unistring.String) bool {
	for _, names := range c.names {
		if names[name] {
			return true
		}
	}
	return false
}

// target checks what a declaration or a parameter binds.
func (c *checker) target(t ast.Expression) {
	if _, ok := t.(*ast.Identifier); !ok {
		c.refuse(t.Idx0(), "destructuring")
	}
}

func (c *checker) function(at file.Idx, params *ast.ParameterList, vars []*ast.VariableDeclaration, body ast.Node, async, declaration bool) {
	if async && (!declaration || c.depth > 0) {
		c.refuse(at, "async function that is not declared at the top level")
	}
	if c.async {
		c.refuse(at, "function inside an async function")
	}
	outer := c.async
	c.async, c.depth = async, c.depth+1
	defer func() { c.async, c.depth = outer, c.depth-1 }()

	var statements []ast.Statement
	if block, ok := body.(*ast.BlockStatement); ok {
		statements = block.List
	}
	c.scope(vars, statements, func() {
		names := c.names[len(c.names)-1]
		names["arguments"] = true
		for _, p := range params.List {
			c.target(p.Target)
			declare(names, p.Target)
			if p.Initializer != nil {
				c.refuse(p.Initializer.Idx0(), "default parameter")
			}
		}
		if params.Rest != nil {
			c.target(params.Rest)
			declare(names, params.Rest)
		}
		if e, ok := body.(*ast.ExpressionBody); ok {
			c.expression(e.Expression)
			return
		}
		c.statements(statements)
	})
}

// settled walks an expression in the only places where await may stand.
func (c *checker) settled(e ast.Expression) {
	if await, ok := e.(*ast.AwaitExpression); ok && c.async {
		e = await.Argument
	}
	if e != nil {
		c.expression(e)
	}
}

func (c *checker) call(e *ast.CallExpression) {
	switch callee := e.Callee.(type) {
	case *ast.DotExpression:
		c.expression(callee.Left)
		name := string(callee.Identifier.Name)
		if id, ok := callee.Left.(*ast.Identifier); ok && !c.declared(id.Name) {
			if !statics[string(id.Name)][name] {
				c.refuse(callee.Idx0(), "method %s.%s", id.Name, name)
			}
		} else if ok && c.modules[id.Name] != nil {
			if !c.modules[id.Name][name] {
				c.refuse(callee.Idx0(), "method %s of the module %s", name, id.Name)
			}
		} else if !methods[name] {
			c.refuse(callee.Identifier.Idx, "method %s", name)
		}
	case *ast.Identifier, *ast.FunctionLiteral, *ast.ArrowFunctionLiteral:
		c.expression(e.Callee)
	default:
		c.refuse(e.Callee.Idx0(), "call of something that is not a name or a method")
	}
	for _, a := range e.ArgumentList {
		c.expression(a)
	}
}

func (c *checker) text(at file.Idx, literal string) {
	if strings.Contains(literal, `\u{`) {
		c.refuse(at, `escape \u{...}`)
	}
}

func (c *checker) regexp(e *ast.RegExpLiteral) {
	if strings.Trim(e.Flags, "gimy") != "" {
		c.refuse(e.Idx, "regular expression flags %q", e.Flags)
	}
	for _, construct := range []string{"(?<=", "(?<!", `\p{`, `\P{`, `\u{`} {
		if strings.Contains(e.Pattern, construct) {
			c.refuse(e.Idx, "%s in a regular expression", construct)
		}
	}
}
