package assembly

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
)

// Request is somebody's request of a resource, for a policy to judge.
type Request struct {
	Service  string // "cloudfront.amazonaws.com"; empty for somebody unknown
	Action   string // "s3:GetObject"
	Resource string // ARN
	// Context holds condition keys, in lower case. A key that is not there is
	// one that the request does not have.
	Context map[string]string
}

// policy is what a resource allows and refuses.
// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic.html
type policy []statement

type statement struct {
	deny               bool
	anyone             bool
	services           []string
	actions, resources []string
	conditions         []condition
}

// condition holds when one of the values does.
type condition struct {
	operator, key string
	values        []string
}

// allows says whether a statement allows the request and none refuses it.
func (p policy) allows(r Request) bool {
	allowed := false
	for _, s := range p {
		if s.concerns(r) {
			if s.deny {
				return false
			}
			allowed = true
		}
	}
	return allowed
}

func (s statement) concerns(r Request) bool {
	if !s.anyone && (r.Service == "" || !slices.Contains(s.services, r.Service)) {
		return false
	}
	if !slices.ContainsFunc(s.actions, func(a string) bool { return like(strings.ToLower(a), strings.ToLower(r.Action)) }) ||
		!slices.ContainsFunc(s.resources, func(a string) bool { return like(a, r.Resource) }) {
		return false
	}
	return !slices.ContainsFunc(s.conditions, func(c condition) bool { return !c.holds(r.Context) })
}

// operators are the comparisons that our policies make.
var operators = map[string]func(want, got string) bool{
	"StringEquals":    func(want, got string) bool { return want == got },
	"StringLike":      like,
	"ArnEquals":       arnLike,
	"ArnLike":         arnLike,
	"Bool":            strings.EqualFold,
	"NumericLessThan": func(want, got string) bool { return number(got) < number(want) },
	"Null":            nil, // on its own: it asks whether there is a value
}

func (c condition) holds(context map[string]string) bool {
	got, there := context[strings.ToLower(c.key)]
	return slices.ContainsFunc(c.values, func(want string) bool {
		if c.operator == "Null" {
			return strings.EqualFold(want, strconv.FormatBool(!there))
		}
		return there && operators[c.operator](want, got)
	})
}

func number(s string) float64 {
	n, err := strconv.ParseFloat(s, 64)
	if err != nil {
		return 0
	}
	return n
}

// like compares with * and ?, which cross every border.
func like(pattern, s string) bool {
	for i := range pattern {
		switch {
		case pattern[i] == '*':
			for j := range len(s) + 1 - i {
				if like(pattern[i+1:], s[i+j:]) {
					return true
				}
			}
			return false
		case i >= len(s), pattern[i] != '?' && pattern[i] != s[i]:
			return false
		}
	}
	return len(pattern) == len(s)
}

// arnLike compares ARNs part by part: an asterisk does not cross a colon, but
// in the last.
func arnLike(pattern, s string) bool {
	want, got := strings.SplitN(pattern, ":", 6), strings.SplitN(s, ":", 6)
	return slices.EqualFunc(want, got, like)
}

// policyOf reads a policy document. What is not understood is a problem of the
// property that holds it.
func (p *properties) policyOf(name string) policy {
	doc, _ := p.value(name).(map[string]any)
	if doc == nil {
		p.bad(name, "is not there")
		return nil
	}
	for _, key := range slices.Sorted(maps.Keys(doc)) {
		if key != "Version" && key != "Statement" && key != "Id" {
			p.bad(name+"."+key, "is not understood")
		}
	}
	var out policy
	for i, raw := range listOf(doc["Statement"]) {
		at := fmt.Sprintf("%s.Statement[%d]", name, i)
		m, ok := raw.(map[string]any)
		if !ok {
			p.bad(at, "is %s, want an object", show(raw))
			continue
		}
		out = append(out, p.statementOf(at, m))
	}
	return out
}

func (p *properties) statementOf(at string, m map[string]any) statement {
	var s statement
	for _, key := range slices.Sorted(maps.Keys(m)) {
		v := m[key]
		switch key {
		case "Sid":
		case "Effect":
			if s.deny = v == "Deny"; v != "Allow" && v != "Deny" {
				p.bad(at+".Effect", "is %s", show(v))
			}
		case "Action":
			s.actions = p.textsOf(at+".Action", v)
		case "Resource":
			s.resources = p.textsOf(at+".Resource", v)
		case "Principal":
			p.principalOf(at+".Principal", v, &s)
		case "Condition":
			operations, ok := v.(map[string]any)
			if !ok {
				p.bad(at+".Condition", "is %s, want an object", show(v))
			}
			for _, operator := range slices.Sorted(maps.Keys(operations)) {
				if _, ok := operators[operator]; !ok {
					p.bad(at+".Condition."+operator, "this comparison is not understood: add it to internal/assembly/access.go")
					continue
				}
				keys, _ := operations[operator].(map[string]any)
				for _, key := range slices.Sorted(maps.Keys(keys)) {
					s.conditions = append(s.conditions, condition{operator, key, p.textsOf(at+".Condition."+operator+"."+key, keys[key])})
				}
			}
		default: // NotAction, NotResource, NotPrincipal
			p.bad(at+"."+key, "is not understood: add it to internal/assembly/access.go")
		}
	}
	return s
}

// principalOf reads who a statement is about. Roles and accounts are none of
// those who ask on readers' way.
func (p *properties) principalOf(at string, v any, s *statement) {
	if v == "*" {
		s.anyone = true
		return
	}
	m, ok := v.(map[string]any)
	if !ok {
		p.bad(at, "is %s, want * or an object", show(v))
	}
	for _, kind := range slices.Sorted(maps.Keys(m)) {
		who := p.textsOf(at+"."+kind, m[kind])
		switch kind {
		case "AWS":
			s.anyone = s.anyone || slices.Contains(who, "*")
		case "Service":
			s.services = append(s.services, who...)
		default:
			p.bad(at+"."+kind, "is not understood")
		}
	}
}

func (p *properties) textsOf(at string, v any) []string {
	var out []string
	for _, one := range listOf(v) {
		switch one := one.(type) {
		case string:
			out = append(out, one)
		case bool, float64:
			out = append(out, fmt.Sprint(one))
		default:
			p.bad(at, "has %s, want text", show(one))
		}
	}
	return out
}

// listOf is a list, or one value as a list.
func listOf(v any) []any {
	if v == nil {
		return nil
	}
	if l, ok := v.([]any); ok {
		return l
	}
	return []any{v}
}
