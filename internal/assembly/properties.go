package assembly

import (
	"encoding/json"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strconv"
	"time"
)

// properties are an object in a resource's properties, read key by key. Every
// key must be asked for, or be listed in effectless.go, before done.
type properties struct {
	of     *resource
	path   string // "DistributionConfig.Origins[0]"
	values map[string]any
	asked  map[string]bool
	inner  []*properties
}

func (r *resource) props() *properties {
	return &properties{of: r, values: r.properties, asked: map[string]bool{}}
}

func (p *properties) at(name string) string {
	if p.path == "" {
		return name
	}
	return p.path + "." + name
}

func (p *properties) bad(name, format string, args ...any) {
	p.of.stack.app.bad.addf(p.of, p.at(name), format, args...)
}

func (p *properties) has(name string) bool { _, ok := p.values[name]; return ok }

// value is a property without CloudFormation's functions; nil when it is not
// there or cannot be known.
func (p *properties) value(name string) any {
	p.asked[name] = true
	v, ok := p.values[name]
	if !ok {
		return nil
	}
	out, err := p.of.stack.eval(v)
	if err != nil {
		p.bad(name, "%v", err)
		return nil
	}
	if out == (noValue{}) {
		return nil
	}
	return out
}

func (p *properties) text(name string) string {
	switch v := p.value(name).(type) {
	case nil:
		return ""
	case string:
		return v
	case float64:
		return strconv.FormatFloat(v, 'f', -1, 64)
	case bool:
		return strconv.FormatBool(v)
	default:
		p.bad(name, "is %s, want text", show(v))
		return ""
	}
}

// number is a property, or what it is when nobody sets it.
func (p *properties) number(name string, unset int) int {
	switch v := p.value(name).(type) {
	case nil:
		return unset
	case float64:
		if v == float64(int(v)) {
			return int(v)
		}
	case string:
		if n, err := strconv.Atoi(v); err == nil {
			return n
		}
	}
	p.bad(name, "is %s, want a whole number", show(p.values[name]))
	return unset
}

func (p *properties) seconds(name string, unset int) time.Duration {
	return time.Duration(p.number(name, unset)) * time.Second
}

func (p *properties) truth(name string) bool {
	switch v := p.value(name).(type) {
	case nil:
		return false
	case bool:
		return v
	case string: // CloudFormation takes both
		if b, err := strconv.ParseBool(v); err == nil {
			return b
		}
	}
	p.bad(name, "is %s, want true or false", show(p.values[name]))
	return false
}

func (p *properties) texts(name string) []string {
	v := p.value(name)
	if v == nil {
		return nil
	}
	list, ok := v.([]any)
	if !ok {
		list = []any{v} // CloudFormation takes one for a list of one
	}
	var out []string
	for _, e := range list {
		s, ok := e.(string)
		if !ok {
			p.bad(name, "has %s, want text", show(e))
			continue
		}
		out = append(out, s)
	}
	return out
}

func (p *properties) numbers(name string) []int {
	var out []int
	list, _ := p.value(name).([]any)
	for _, e := range list {
		n, ok := e.(float64)
		if !ok {
			p.bad(name, "has %s, want a number", show(e))
			continue
		}
		out = append(out, int(n))
	}
	return out
}

// only reports a property that has another value than those that are
// understood. The first is what it is when nobody sets it.
func (p *properties) only(name string, understood ...string) string {
	v := understood[0]
	if p.has(name) {
		v = p.text(name)
	}
	p.asked[name] = true
	if !slices.Contains(understood, v) {
		p.bad(name, "is %q, and only %q is understood", v, understood)
	}
	return v
}

// object is a property that is an object; an empty one when it is not there.
func (p *properties) object(name string) *properties {
	p.asked[name] = true
	in := &properties{of: p.of, path: p.at(name), asked: map[string]bool{}}
	switch v := p.values[name].(type) {
	case nil:
	case map[string]any:
		in.values = v
	default:
		p.bad(name, "is %s, want an object", show(v))
	}
	p.inner = append(p.inner, in)
	return in
}

// list is a property that is a list of objects.
func (p *properties) list(name string) []*properties {
	p.asked[name] = true
	if !p.has(name) {
		return nil
	}
	l, ok := p.values[name].([]any)
	if !ok {
		p.bad(name, "is %s, want a list", show(p.values[name]))
		return nil
	}
	var out []*properties
	for i, e := range l {
		m, ok := e.(map[string]any)
		if !ok {
			p.bad(fmt.Sprintf("%s[%d]", name, i), "is %s, want an object", show(e))
			continue
		}
		in := &properties{of: p.of, path: fmt.Sprintf("%s[%d]", p.at(name), i), values: m, asked: map[string]bool{}}
		p.inner = append(p.inner, in)
		out = append(out, in)
	}
	return out
}

// counted is the Items of an object that says their number as well, which
// CloudFront compares.
func (p *properties) counted(name string) *properties {
	o := p.object(name)
	items, _ := o.values["Items"].([]any)
	if n := o.number("Quantity", len(items)); n != len(items) {
		o.bad("Quantity", "is %d, with %d items", n, len(items))
	}
	return o
}

var index = regexp.MustCompile(`\[\d+\]`)

// done reports what was not asked for.
func (p *properties) done() {
	for _, name := range slices.Sorted(maps.Keys(p.values)) {
		key := p.of.typ + " " + index.ReplaceAllString(p.at(name), "[]")
		if !p.asked[name] && effectlessProperties[key] == "" {
			p.bad(name, "is not understood: %s", howToList)
		}
	}
	for _, in := range p.inner {
		in.done()
	}
}

// show is a value for an error.
func show(v any) string {
	data, err := json.Marshal(v)
	if err != nil {
		return fmt.Sprint(v)
	}
	if len(data) > 80 {
		return string(data[:80]) + "…"
	}
	return string(data)
}
