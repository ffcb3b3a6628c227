package assembly

import (
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"
)

// noValue is AWS::NoValue: a property that is not there.
type noValue struct{}

// eval takes CloudFormation's functions out of a value, as a deployment would.
// Names that AWS would choose are made up, differ from each other, and are the
// same wherever they are used (identity.go).
func (s *stack) eval(v any) (any, error) { return evaluation{s, 0}.value(v) }

// text evaluates to text.
func (s *stack) text(v any) (string, error) { return evaluation{s, 0}.text(v) }

// evaluation is one value under way. Values lead to other stacks, and a circle
// of them must end.
type evaluation struct {
	stack *stack
	depth int
}

const deepest = 32

func (e evaluation) value(v any) (any, error) {
	if e.depth++; e.depth > deepest {
		return nil, errors.New("it depends on itself")
	}
	switch v := v.(type) {
	case string:
		return e.references(v)
	case []any:
		out := []any{}
		for _, one := range v {
			got, err := e.value(one)
			if err != nil {
				return nil, err
			}
			if got != (noValue{}) {
				out = append(out, got)
			}
		}
		return out, nil
	case map[string]any:
		if len(v) == 1 {
			for name, arg := range v {
				if name == "Ref" || name == "Condition" && isText(arg) || strings.HasPrefix(name, "Fn::") {
					out, err := e.function(name, arg)
					if err != nil {
						return nil, fmt.Errorf("%s: %w", name, err)
					}
					return out, nil
				}
			}
		}
		out := map[string]any{}
		for name, one := range v {
			got, err := e.value(one)
			if err != nil {
				return nil, err
			}
			if got != (noValue{}) {
				out[name] = got
			}
		}
		return out, nil
	}
	return v, nil
}

func isText(v any) bool { _, ok := v.(string); return ok }

func (e evaluation) text(v any) (string, error) {
	out, err := e.value(v)
	if err != nil {
		return "", err
	}
	s, ok := out.(string)
	if !ok {
		return "", fmt.Errorf("is %s, want text", show(out))
	}
	return s, nil
}

func (e evaluation) function(name string, arg any) (any, error) {
	switch name {
	case "Ref":
		id, ok := arg.(string)
		if !ok {
			return nil, errors.New("wants a name")
		}
		return e.ref(id)
	case "Fn::GetAtt":
		var id, attribute string
		switch arg := arg.(type) {
		case string:
			id, attribute, _ = strings.Cut(arg, ".")
		case []any:
			if len(arg) == 2 {
				id, _ = arg[0].(string)
				attribute, _ = arg[1].(string)
			}
		}
		r := e.stack.resources[id]
		if r == nil || attribute == "" {
			return nil, fmt.Errorf("%s names no resource of the stack and an attribute", show(arg))
		}
		return e.attribute(r, attribute)
	case "Fn::Join":
		l, _ := arg.([]any)
		if len(l) != 2 || !isText(l[0]) {
			return nil, errors.New("wants a separator and a list")
		}
		v, err := e.value(l[1])
		if err != nil {
			return nil, err
		}
		list, ok := v.([]any)
		if !ok {
			return nil, errors.New("wants a list to join")
		}
		var parts []string
		for _, one := range list {
			s, ok := one.(string)
			if !ok {
				return nil, fmt.Errorf("joins %s, want text", show(one))
			}
			parts = append(parts, s)
		}
		return strings.Join(parts, l[0].(string)), nil
	case "Fn::Sub":
		return e.sub(arg)
	case "Fn::ImportValue":
		export, err := e.text(arg)
		if err != nil {
			return nil, err
		}
		return e.imported(export)
	}
	return nil, errors.New("this function is not understood")
}

func (e evaluation) ref(name string) (any, error) {
	s := e.stack
	switch name {
	case "AWS::AccountId":
		return s.account, nil
	case "AWS::Region":
		return s.region, nil
	case "AWS::Partition":
		return "aws", nil
	case "AWS::URLSuffix":
		return "amazonaws.com", nil
	case "AWS::StackName":
		return s.name, nil
	case "AWS::StackId":
		return fmt.Sprintf("arn:aws:cloudformation:%s:%s:stack/%s/0", s.region, s.account, s.name), nil
	case "AWS::NoValue":
		return noValue{}, nil
	}
	if r := s.resources[name]; r != nil {
		return e.identity(r)
	}
	if p, ok := s.parameters[name]; ok && p.Default != nil {
		return p.Default, nil
	}
	return nil, fmt.Errorf("%s is no resource of the stack and no parameter with a default", name)
}

var substitution = regexp.MustCompile(`\$\{(!?)([^}]*)\}`)

func (e evaluation) sub(arg any) (any, error) {
	text, own := "", map[string]any{}
	switch arg := arg.(type) {
	case string:
		text = arg
	case []any:
		if len(arg) == 2 {
			text, _ = arg[0].(string)
			own, _ = arg[1].(map[string]any)
		}
	}
	if text == "" {
		return nil, errors.New("wants a text, or a text and its variables")
	}
	var failed error
	out := substitution.ReplaceAllStringFunc(text, func(m string) string {
		parts := substitution.FindStringSubmatch(m)
		name := parts[2]
		if parts[1] == "!" {
			return "${" + name + "}"
		}
		var v any
		switch {
		case own[name] != nil:
			v = own[name]
		case strings.Contains(name, ".") && !strings.HasPrefix(name, "AWS::"):
			v = map[string]any{"Fn::GetAtt": name}
		default:
			v = map[string]any{"Ref": name}
		}
		s, err := e.text(v)
		if err != nil && failed == nil {
			failed = err
		}
		return s
	})
	if failed != nil {
		return nil, failed
	}
	return e.references(out)
}

// imported is the value of another stack's export, of the same region.
func (e evaluation) imported(export string) (any, error) {
	for _, s := range e.stack.app.stacks {
		for _, o := range s.outputs {
			out, _ := o.(map[string]any)
			exported, _ := out["Export"].(map[string]any)
			if exported == nil || s.region != e.stack.region {
				continue
			}
			in := evaluation{s, e.depth}
			if name, err := in.text(exported["Name"]); err == nil && name == export {
				return in.value(out["Value"])
			}
		}
	}
	return nil, fmt.Errorf("no stack in %s exports %s", e.stack.region, export)
}

// dynamic is a reference that CloudFormation resolves when it deploys.
// https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/dynamic-references.html
var dynamic = regexp.MustCompile(`\{\{resolve:([^{}]*)\}\}`)

func (e evaluation) references(text string) (any, error) {
	var failed error
	out := dynamic.ReplaceAllStringFunc(text, func(m string) string {
		s, err := e.dynamic(strings.Split(dynamic.FindStringSubmatch(m)[1], ":"))
		if err != nil && failed == nil {
			failed = fmt.Errorf("%s: %w", m, err)
		}
		return s
	})
	if failed != nil {
		return nil, failed
	}
	return out, nil
}

func (e evaluation) dynamic(parts []string) (string, error) {
	switch {
	case len(parts) == 2 && parts[0] == "ssm":
		return e.parameter(parts[1])
	case len(parts) >= 2 && parts[0] == "secretsmanager":
		// secret-id:SecretString:json-key:version-stage:version-id
		rest := append(slices.Clone(parts[2:]), "SecretString", "", "", "")[:max(len(parts)-2, 1)]
		if rest[0] != "SecretString" || strings.Join(rest[1:], "") != "" {
			return "", errors.New("only the whole SecretString of a secret is understood")
		}
		return e.secret(parts[1])
	}
	return "", errors.New("this kind of reference is not understood")
}

// secret is the value that a secret has in the stack's region.
func (e evaluation) secret(name string) (string, error) {
	for _, r := range e.stack.app.of("AWS::SecretsManager::Secret") {
		in := evaluation{r.stack, e.depth}
		if got, err := in.text(r.properties["Name"]); err != nil || got != name {
			continue
		}
		regions := []string{r.stack.region}
		replicas, err := in.value(r.properties["ReplicaRegions"])
		if err != nil {
			return "", err
		}
		list, _ := replicas.([]any)
		for _, one := range list {
			m, _ := one.(map[string]any)
			region, _ := m["Region"].(string)
			regions = append(regions, region)
		}
		if !slices.Contains(regions, e.stack.region) {
			continue
		}
		if v, ok := r.properties["SecretString"]; ok {
			return in.text(v)
		}
		return "generated for " + name, nil
	}
	return "", fmt.Errorf("no stack makes a secret %s that is there in %s", name, e.stack.region)
}

// parameter is a value in Systems Manager, in the stack's region.
func (e evaluation) parameter(name string) (string, error) {
	for _, r := range e.stack.app.of("AWS::SSM::Parameter") {
		in := evaluation{r.stack, e.depth}
		if got, err := in.text(r.properties["Name"]); err == nil && got == name && r.stack.region == e.stack.region {
			return in.text(r.properties["Value"])
		}
	}
	return "", fmt.Errorf("no stack makes a parameter %s in %s", name, e.stack.region)
}
