package subset

import (
	"strings"

	"github.com/grafana/sobek/ast"
	"github.com/grafana/sobek/token"
)

func (c *checker) statements(list []ast.Statement) {
	for _, s := range list {
		c.statement(s)
	}
}

func (c *checker) block(list []ast.Statement) {
	c.scope(nil, list, func() { c.statements(list) })
}

// statement walks one statement. A kind of statement that is not here is
// refused, so that a construct unknown to this package cannot pass.
func (c *checker) statement(s ast.Statement) {
	switch s := s.(type) {
	case nil, *ast.EmptyStatement, *ast.BranchStatement:
	case *ast.BlockStatement:
		c.block(s.List)
	case *ast.ExpressionStatement:
		if assign, ok := s.Expression.(*ast.AssignExpression); ok && assign.Operator == token.ASSIGN {
			c.expression(assign.Left)
			c.settled(assign.Right)
			return
		}
		c.settled(s.Expression)
	case *ast.VariableStatement:
		c.bindings(s.List)
	case *ast.LexicalDeclaration:
		c.bindings(s.List)
	case *ast.FunctionDeclaration:
		f := s.Function
		if f.Generator {
			c.refuse(f.Function, "generator")
		}
		c.function(f.Function, f.ParameterList, f.DeclarationList, f.Body, f.Async, true)
	case *ast.IfStatement:
		c.expression(s.Test)
		c.statement(s.Consequent)
		c.statement(s.Alternate)
	case *ast.ForStatement:
		c.loop(s)
	case *ast.ForInStatement:
		c.into(s.Into)
		c.expression(s.Source)
		c.statement(s.Body)
	case *ast.WhileStatement:
		c.expression(s.Test)
		c.statement(s.Body)
	case *ast.DoWhileStatement:
		c.statement(s.Body)
		c.expression(s.Test)
	case *ast.LabelledStatement:
		c.statement(s.Statement)
	case *ast.ReturnStatement:
		if s.Argument != nil {
			c.expression(s.Argument)
		}
	case *ast.ThrowStatement:
		c.expression(s.Argument)
	case *ast.SwitchStatement:
		c.expression(s.Discriminant)
		for _, branch := range s.Body {
			if branch.Test != nil {
				c.expression(branch.Test)
			}
			c.block(branch.Consequent)
		}
	case *ast.TryStatement:
		c.try(s)
	case *ast.ImportDeclaration:
		c.imports(s)
	default:
		c.refuse(s.Idx0(), "statement %s", kind(s))
	}
}

func (c *checker) bindings(list []*ast.Binding) {
	for _, b := range list {
		c.target(b.Target)
		if b.Initializer != nil {
			c.settled(b.Initializer)
		}
	}
}

func (c *checker) loop(s *ast.ForStatement) {
	walk := func() {
		if s.Test != nil {
			c.expression(s.Test)
		}
		if s.Update != nil {
			c.expression(s.Update)
		}
		c.statement(s.Body)
	}
	switch init := s.Initializer.(type) {
	case *ast.ForLoopInitializerLexicalDecl:
		declaration := &init.LexicalDeclaration
		c.scope(nil, []ast.Statement{declaration}, func() {
			c.statement(declaration)
			walk()
		})
		return
	case *ast.ForLoopInitializerVarDeclList:
		c.bindings(init.List)
	case *ast.ForLoopInitializerExpression:
		c.expression(init.Expression)
	}
	walk()
}

func (c *checker) into(i ast.ForInto) {
	switch i := i.(type) {
	case *ast.ForIntoVar:
		c.target(i.Binding.Target)
	case *ast.ForIntoExpression:
		c.expression(i.Expression)
	default:
		c.refuse(i.Idx0(), "for-in loop that declares with let or const")
	}
}

func (c *checker) try(s *ast.TryStatement) {
	c.statement(s.Body)
	if s.Catch != nil {
		if s.Catch.Parameter == nil {
			c.refuse(s.Catch.Catch, "catch without a name")
			c.statement(s.Catch.Body)
		} else {
			c.target(s.Catch.Parameter)
			c.scope(nil, nil, func() {
				declare(c.names[len(c.names)-1], s.Catch.Parameter)
				c.statement(s.Catch.Body)
			})
		}
	}
	if s.Finally != nil {
		c.statement(s.Finally)
	}
}

func (c *checker) imports(s *ast.ImportDeclaration) {
	clause := s.ImportClause
	if clause == nil || clause.ImportedDefaultBinding == nil || clause.NamedImports != nil || clause.NameSpaceImport != nil {
		c.refuse(s.Idx, "import of another form than import name from 'module'")
		return
	}
	module := string(s.FromClause.ModuleSpecifier)
	if modules[module] == nil {
		c.refuse(s.Idx, "import of %q", module)
		return
	}
	c.modules[clause.ImportedDefaultBinding.Name] = modules[module]
}

// expression walks one expression, and refuses every kind that is not here.
func (c *checker) expression(e ast.Expression) {
	switch e := e.(type) {
	case nil: // a hole in an array
	case *ast.NullLiteral, *ast.BooleanLiteral, *ast.ThisExpression:
	case *ast.NumberLiteral:
		if strings.HasSuffix(e.Literal, "n") {
			c.refuse(e.Idx, "BigInt")
		}
	case *ast.StringLiteral:
		c.text(e.Idx, e.Literal)
	case *ast.RegExpLiteral:
		c.regexp(e)
	case *ast.Identifier:
		if !c.declared(e.Name) && !globals[string(e.Name)] {
			c.refuse(e.Idx, "global %s", e.Name)
		}
	case *ast.TemplateLiteral:
		if e.Tag != nil {
			c.refuse(e.OpenQuote, "tagged template")
		}
		for _, part := range e.Elements {
			c.text(part.Idx, part.Literal)
		}
		for _, x := range e.Expressions {
			c.expression(x)
		}
	case *ast.ArrayLiteral:
		for _, x := range e.Value {
			c.expression(x)
		}
	case *ast.ObjectLiteral:
		for _, p := range e.Value {
			c.property(p)
		}
	case *ast.FunctionLiteral:
		if e.Generator {
			c.refuse(e.Function, "generator")
		}
		c.function(e.Function, e.ParameterList, e.DeclarationList, e.Body, e.Async, false)
	case *ast.ArrowFunctionLiteral:
		c.function(e.Start, e.ParameterList, e.DeclarationList, e.Body, e.Async, false)
	case *ast.UnaryExpression:
		c.expression(e.Operand)
	case *ast.BinaryExpression:
		if e.Operator == token.COALESCE {
			c.refuse(e.Right.Idx0(), "operator ??")
		}
		c.expression(e.Left)
		c.expression(e.Right)
	case *ast.AssignExpression:
		switch e.Operator { // of a compound assignment, the operator alone
		case token.COALESCE, token.LOGICAL_AND, token.LOGICAL_OR:
			c.refuse(e.Right.Idx0(), "operator %s=", e.Operator)
		}
		c.expression(e.Left)
		c.expression(e.Right)
	case *ast.ConditionalExpression:
		c.expression(e.Test)
		c.expression(e.Consequent)
		c.expression(e.Alternate)
	case *ast.SequenceExpression:
		for _, x := range e.Sequence {
			c.expression(x)
		}
	case *ast.CallExpression:
		c.call(e)
	case *ast.NewExpression:
		c.expression(e.Callee)
		for _, a := range e.ArgumentList {
			c.expression(a)
		}
	case *ast.DotExpression:
		c.expression(e.Left)
	case *ast.BracketExpression:
		c.expression(e.Left)
		c.expression(e.Member)
	case *ast.AwaitExpression:
		c.refuse(e.Await, "await that is not a statement of its own or all that is assigned")
		c.expression(e.Argument)
	default:
		c.refuse(e.Idx0(), "%s", kind(e))
	}
}

func (c *checker) property(p ast.Property) {
	switch p := p.(type) {
	case *ast.PropertyKeyed:
		if p.Computed {
			c.refuse(p.Idx0(), "computed property name")
		}
		if p.Kind == ast.PropertyKindMethod {
			c.refuse(p.Idx0(), "method in an object literal")
		}
		c.expression(p.Value)
	case *ast.PropertyShort:
		c.refuse(p.Idx0(), "property without a value")
	default:
		c.refuse(p.Idx0(), "%s", kind(p))
	}
}
