package edge

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"hash"

	"github.com/grafana/sobek"
)

// module is a built-in module of one runtime, which has a default export alone.
type module struct {
	value func() (*sobek.Object, error)
}

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
	if value, err := m.value(); err != nil {
		_ = reject(rt.NewGoError(err))
	} else {
		_ = resolve(&binding{value})
	}
	return p
}

type binding struct{ value *sobek.Object }

func (b *binding) GetBindingValue(string) sobek.Value { return b.value }

// cloudfront is the module 'cloudfront': kvs(), whose handle has get and exists,
// and of the methods that change a request's origin createRequestOriginGroup.
// https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/functions-custom-methods.html
func (in *instance) cloudfront() (*sobek.Object, error) {
	handle, cf := in.rt.NewObject(), in.rt.NewObject()
	return cf, errors.Join(
		handle.Set("get", func(call sobek.FunctionCall) sobek.Value { return in.promise(in.get, call) }),
		handle.Set("exists", func(call sobek.FunctionCall) sobek.Value { return in.promise(in.exists, call) }),
		cf.Set("kvs", func() sobek.Value { return handle }),
		cf.Set("createRequestOriginGroup", in.createOriginGroup),
	)
}

// crypto is the module 'crypto', of which a function here may use
// createHash('sha256'), createHmac('sha256', key) and their update and digest.
// https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/functions-javascript-runtime-20.html#writing-functions-javascript-features-builtin-modules-crypto-20
func (in *instance) crypto() (*sobek.Object, error) {
	o := in.rt.NewObject()
	known := func(call sobek.FunctionCall) {
		if a := call.Argument(0).String(); a != "sha256" {
			panic(in.rt.NewTypeError("the algorithm %q is not supported here", a))
		}
	}
	return o, errors.Join(
		o.Set("createHash", func(call sobek.FunctionCall) sobek.Value {
			known(call)
			return in.hash(sha256.New())
		}),
		o.Set("createHmac", func(call sobek.FunctionCall) sobek.Value {
			known(call)
			return in.hash(hmac.New(sha256.New, []byte(call.Argument(1).String())))
		}),
	)
}

func (in *instance) hash(h hash.Hash) sobek.Value {
	o := in.rt.NewObject()
	set := func(name string, method func(arg string) sobek.Value) {
		if err := o.Set(name, func(call sobek.FunctionCall) sobek.Value {
			return method(call.Argument(0).String())
		}); err != nil {
			panic(in.rt.NewGoError(err))
		}
	}
	set("update", func(data string) sobek.Value {
		h.Write([]byte(data)) // never fails (package hash)
		return o
	})
	set("digest", func(encoding string) sobek.Value {
		switch encoding {
		case "hex":
			return in.rt.ToValue(hex.EncodeToString(h.Sum(nil)))
		case "base64":
			return in.rt.ToValue(base64.StdEncoding.EncodeToString(h.Sum(nil)))
		case "base64url":
			return in.rt.ToValue(base64.RawURLEncoding.EncodeToString(h.Sum(nil)))
		}
		panic(in.rt.NewTypeError("the encoding %q is not supported here", encoding))
	})
	return o
}

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
