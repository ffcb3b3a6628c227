package main

import (
	"maps"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// subRef finds what a Fn::Sub text refers to; ${!x} is a literal ${x}.
var subRef = regexp.MustCompile(`\$\{([^!}][^}]*)\}`)

// refs collects the logical ids, the pseudo parameters and the parameters that
// a value refers to by Ref, Fn::GetAtt and Fn::Sub.
func refs(v any, found map[string]bool) {
	switch v := v.(type) {
	case []any:
		for _, e := range v {
			refs(e, found)
		}
	case map[string]any:
		for k, e := range v {
			switch {
			case k == "Ref":
				found[flat(e)] = true
			case k == "Fn::GetAtt":
				if s, ok := e.(string); ok { // "Logical.Attribute"
					e = []any{s[:strings.IndexByte(s, '.')]}
				}
				found[flat(at(e, 0))] = true
			case k == "Fn::Sub":
				text, vars := e, map[string]any{}
				if l, ok := e.([]any); ok {
					text = l[0]
					vars, _ = l[1].(map[string]any)
					refs(vars, found)
				}
				for _, m := range subRef.FindAllStringSubmatch(text.(string), -1) {
					name, _, _ := strings.Cut(m[1], ".")
					if _, own := vars[name]; !own {
						found[name] = true
					}
				}
			default:
				refs(e, found)
			}
		}
	}
}

// dependencies are the logical ids that a resource waits for. UpdatePolicy
// counts: CloudFormation resolves its references, and the CDK's own checks do
// not look there.
func (r resource) dependencies() []string {
	found := map[string]bool{}
	refs(r.Properties, found)
	refs(r.UpdatePolicy, found)
	refs(r.Metadata, found)
	for _, id := range strs(r.DependsOn) {
		found[id] = true
	}
	return slices.Sorted(maps.Keys(found))
}

// cycle returns a way from a resource back to itself, or nil.
func (t template) cycle() []string {
	const under, done = 1, 2
	state := map[string]int{}
	var path []string
	var visit func(id string) []string
	visit = func(id string) []string {
		r, ok := t.Resources[id]
		if !ok || state[id] == done {
			return nil // a parameter, or seen
		}
		path = append(path, id)
		if state[id] == under {
			return path[slices.Index(path, id):]
		}
		state[id] = under
		for _, to := range r.dependencies() {
			if c := visit(to); c != nil {
				return c
			}
		}
		state[id] = done
		path = path[:len(path)-1]
		return nil
	}
	for _, id := range slices.Sorted(maps.Keys(t.Resources)) {
		if c := visit(id); c != nil {
			return c
		}
	}
	return nil
}

// CloudFormation finds a circle when it deploys; synth does not.
func TestNoCycles(t *testing.T) {
	each(t, func(t *testing.T, d *deployment, s *stack) {
		if c := s.Template.cycle(); c != nil {
			t.Errorf("circular dependency: %s", strings.Join(c, " -> "))
		}
	})
}

func TestCycleIsFound(t *testing.T) {
	ref := func(id string) any { return map[string]any{"Ref": id} }
	for name, c := range map[string]struct {
		resources map[string]resource
		want      string
	}{
		"none": {map[string]resource{
			"A": {Properties: map[string]any{"x": ref("B")}}, "B": {Properties: map[string]any{"x": ref("AWS::Region")}},
		}, ""},
		"an alarm that acts on what its deployment watches": {map[string]resource{
			"Alias":  {UpdatePolicy: map[string]any{"CodeDeployLambdaAliasUpdate": map[string]any{"DeploymentGroupName": ref("Group")}}},
			"Group":  {Properties: map[string]any{"Alarms": []any{map[string]any{"Name": ref("Alarm")}}}},
			"Alarm":  {Properties: map[string]any{"AlarmActions": []any{map[string]any{"Fn::GetAtt": []any{"Repair", "Arn"}}}}},
			"Repair": {DependsOn: []any{"Policy"}},
			"Policy": {Properties: map[string]any{"Resource": map[string]any{"Fn::Sub": "${Alias}:*"}}},
		}, "Alarm -> Repair -> Policy -> Alias -> Group -> Alarm"},
		"text with a variable of its own": {map[string]resource{
			"A": {Properties: map[string]any{"x": map[string]any{"Fn::Sub": []any{"${A}${!A}", map[string]any{"A": "own"}}}}},
		}, ""},
		"itself": {map[string]resource{
			"A": {Properties: map[string]any{"x": map[string]any{"Fn::GetAtt": "A.Arn"}}},
		}, "A -> A"},
		"a name alone": {map[string]resource{
			"A": {DependsOn: "B"}, "B": {DependsOn: "A"},
		}, "A -> B -> A"},
	} {
		if got := strings.Join(template{Resources: c.resources}.cycle(), " -> "); got != c.want {
			t.Errorf("%s: %q, want %q", name, got, c.want)
		}
	}
}

// Everything that a template refers to is in it.
func TestReferencesResolve(t *testing.T) {
	each(t, func(t *testing.T, d *deployment, s *stack) {
		for id, r := range s.Template.Resources {
			for _, to := range r.dependencies() {
				_, isResource := s.Template.Resources[to]
				_, isParameter := s.Template.Parameters[to]
				if !isResource && !isParameter && !strings.HasPrefix(to, "AWS::") {
					t.Errorf("%s refers to %s, which is not there", id, to)
				}
			}
		}
	})
}

// find collects the arguments of an intrinsic function.
func find(v any, function string) []any {
	var out []any
	switch v := v.(type) {
	case []any:
		for _, e := range v {
			out = append(out, find(e, function)...)
		}
	case map[string]any:
		for k, e := range v {
			if k == function {
				out = append(out, e)
			}
			out = append(out, find(e, function)...)
		}
	}
	return out
}

// The route table's ARN from Global to Edge, in one region, and nothing else.
func TestNoReferencesBetweenStacks(t *testing.T) {
	each(t, func(t *testing.T, d *deployment, s *stack) {
		all := []any{s.Template.Outputs}
		for id, r := range s.Template.Resources {
			all = append(all, r.Properties, r.UpdatePolicy)
			if strings.Contains(r.Type, "CrossRegion") {
				t.Errorf("%s: %s carries a value to another region", id, r.Type)
			}
		}
		if got := find(all, "Fn::GetStackOutput"); len(got) > 0 {
			t.Errorf("reads outputs of another stack: %v", got)
		}
		for name, p := range s.Template.Parameters {
			if name != "BootstrapVersion" {
				t.Errorf("parameter %s: %v", name, p)
			}
		}
		for _, name := range find(all, "Fn::ImportValue") {
			global := d.stacks["global"]
			if s.Region != global.Region || !strings.HasPrefix(flat(name), global.Name+":ExportsOutputFnGetAttRouteTable") {
				t.Errorf("imports %v", name)
			}
		}
		for id, o := range s.Template.Outputs {
			if at(o, "Export") != nil && !strings.Contains(s.Name, "-global") {
				t.Errorf("exports %s", id)
			}
		}
	})
}
