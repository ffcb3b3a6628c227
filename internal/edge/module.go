package edge

import (
	"errors"
	"fmt"

	"github.com/grafana/sobek"
)

// module is the built-in module 'cloudfront' of one runtime: its default
// export has kvs(), whose handle has get and exists.
// https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/functions-custom-methods.html
type module struct{ in *instance }

func (m *module) Link() error { return nil }

func (m *module) GetExportedNames(callback func([]string), _ ...sobek.ModuleRecord) bool {
	callback([]string{"default"})
	return true
}

func (m *module) ResolveExport(name string, _ ...sobek.ResolveSetElement) (*sobek.ResolvedBinding, bool) {
	if name != "default" {
		return nil, false
	}
	return &sobek.ResolvedBinding{BindingName: name, Module: m}, false
}

func (m *module) Evaluate(rt *sobek.Runtime) *sobek.Promise {
	p, resolve, reject := rt.NewPromise()
	handle := rt.NewObject()
	cf := rt.NewObject()
	err := errors.Join(
		handle.Set("get", func(call sobek.FunctionCall) sobek.Value { return m.in.promise(m.in.get, call) }),
		handle.Set("exists", func(call sobek.FunctionCall) sobek.Value { return m.in.promise(m.in.exists, call) }),
		cf.Set("kvs", func() sobek.Value { return handle }),
	)
	if err != nil {
		_ = reject(rt.NewGoError(err))
	} else {
		_ = resolve(&binding{cf})
	}
	return p
}

type binding struct{ cf *sobek.Object }

func (b *binding) GetBindingValue(string) sobek.Value { return b.cf }

// promise wraps a read of the store. It is settled before it is returned: a
// function cannot tell, since await always lets others go first.
func (in *instance) promise(read func(sobek.FunctionCall) (sobek.Value, error), call sobek.FunctionCall) sobek.Value {
	p, resolve, reject := in.rt.NewPromise()
	value, err := read(call)
	if err != nil {
		_ = reject(in.rt.NewGoError(err))
	} else {
		_ = resolve(value)
	}
	return in.rt.ToValue(p)
}

func (in *instance) read(key string) (string, bool, error) {
	if in.ctx == nil {
		return "", false, errors.New("the key-value store cannot be read outside the handler")
	}
	in.reads++
	return in.kv.Get(in.ctx, key)
}

// get rejects for a key that is not there, as CloudFront's does.
func (in *instance) get(call sobek.FunctionCall) (sobek.Value, error) {
	key := call.Argument(0).String()
	value, ok, err := in.read(key)
	if err != nil {
		return nil, fmt.Errorf("key-value store: %w", err)
	}
	if !ok {
		return nil, fmt.Errorf("key-value store: key not found: %s", key)
	}
	format := "string"
	if options, ok := call.Argument(1).(*sobek.Object); ok {
		if f := options.Get("format"); f != nil {
			format = f.String()
		}
	}
	switch format {
	case "string":
		return in.rt.ToValue(value), nil
	case "json":
		return in.parse(in.jsonO, in.rt.ToValue(value))
	}
	return nil, fmt.Errorf("key-value store: format %q is not supported here", format)
}

func (in *instance) exists(call sobek.FunctionCall) (sobek.Value, error) {
	_, ok, err := in.read(call.Argument(0).String())
	if err != nil {
		return nil, fmt.Errorf("key-value store: %w", err)
	}
	return in.rt.ToValue(ok), nil
}
