package edge

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"runtime"
	"time"

	"github.com/grafana/sobek"

	"github.com/victorleungtw/blog/internal/edge/subset"
)

// KeyValues is what the edge function reads. routes.Table is one.
type KeyValues interface {
	// Get reads one value. ok is false for a key that is not there; err is
	// for a store that could not say.
	Get(ctx context.Context, key string) (value string, ok bool, err error)
}

// The two ways in which a function can fail, as CloudFront names them in
// X-Cache.
const (
	ExecutionError  = "FunctionExecutionError"  // it threw, or ran for too long: 503
	ValidationError = "FunctionValidationError" // it returned what CloudFront does not accept: 502
)

// FunctionError is a run that CloudFront would answer with an error page.
type FunctionError struct {
	Kind string // ExecutionError or ValidationError
	Err  error
}

func (e *FunctionError) Error() string { return fmt.Sprintf("edge function: %s: %v", e.Kind, e.Err) }
func (e *FunctionError) Unwrap() error { return e.Err }

// Status is the HTTP status of CloudFront's answer.
func (e *FunctionError) Status() int {
	if e.Kind == ValidationError {
		return 502
	}
	return 503
}

// Result is what a function made of a request: a request to go on with, or a
// response. One of the two is nil.
type Result struct {
	Request  *Request
	Response *Response
	Reads    int // key-value store reads, each of which CloudFront bills
	// Group is where a cache miss goes, in place of the behaviour's target; nil
	// when the function left that alone. It has no ID.
	Group *OriginGroup
}

// Function runs a CloudFront Function. It may be used by many goroutines at
// once: a JavaScript runtime serves one, so there is one for each processor,
// made when it is first needed.
type Function struct {
	// Now is the clock of Date, which stands still during a run. It is set
	// before the first; nil means time.Now.
	Now func() time.Time

	src     string
	kv      KeyValues
	log     *slog.Logger
	limit   time.Duration
	runtime chan *instance // nil stands for one that is still to be made
}

// DefaultTimeLimit ends a run that hangs. It is no measure of the real one's
// budget, about a millisecond of compute, which no other machine can tell, and a
// run may wait for a second on a machine that has more to do than it can.
const DefaultTimeLimit = 10 * time.Second

// NewFunction compiles a function and refuses one that is outside the language
// of CloudFront Functions. Its console.log goes to log at debug level. A run
// that takes longer than limit is ended; zero means DefaultTimeLimit.
func NewFunction(src []byte, kv KeyValues, log *slog.Logger, limit time.Duration) (*Function, error) {
	if err := subset.Check("function.js", src); err != nil {
		return nil, err
	}
	if limit <= 0 {
		limit = DefaultTimeLimit
	}
	f := &Function{src: string(src), kv: kv, log: log, limit: limit, runtime: make(chan *instance, runtime.GOMAXPROCS(0))}
	first, err := newInstance(f.src)
	if err != nil {
		return nil, err
	}
	f.runtime <- first
	for range cap(f.runtime) - 1 {
		f.runtime <- nil
	}
	return f, nil
}

// Run calls the function for one event. The error is a *FunctionError, or the
// context's.
func (f *Function) Run(ctx context.Context, e Event) (Result, error) {
	if err := ctx.Err(); err != nil {
		return Result{}, err
	}
	var in *instance
	select {
	case in = <-f.runtime:
	case <-ctx.Done():
		return Result{}, ctx.Err()
	}
	defer func() { f.runtime <- in }()
	if in == nil {
		var err error
		if in, err = newInstance(f.src); err != nil {
			return Result{}, &FunctionError{ExecutionError, err}
		}
	}
	in.ctx, in.kv, in.log, in.reads, in.group, in.start = ctx, f.kv, f.log, 0, nil, time.Now()
	if f.Now != nil {
		in.start = f.Now()
	}
	timer := time.AfterFunc(f.limit, func() { in.rt.Interrupt("the time limit") })
	out, err := in.call(&e)
	if !timer.Stop() || err != nil {
		// The interrupt may come late, or the run may have left something
		// behind: the next one gets a new runtime.
		defer func() { in = nil }()
	}
	if err != nil {
		return Result{Reads: in.reads}, &FunctionError{ExecutionError, err}
	}
	result, err := decode(&e.Request, out)
	result.Reads = in.reads
	if result.Request != nil {
		result.Group = in.group
	}
	if err != nil {
		return result, &FunctionError{ValidationError, err}
	}
	return result, nil
}

// decode reads a function's result, in JSON.
func decode(before *Request, out string) (Result, error) {
	var w wireResponse
	if err := json.Unmarshal([]byte(out), &w); err != nil {
		return Result{}, fmt.Errorf("the returned value is neither a request nor a response: %w", err)
	}
	if w.StatusCode != nil {
		response, err := checkResponse(&w)
		return Result{Response: response}, err
	}
	var after Request
	if err := json.Unmarshal([]byte(out), &after); err != nil {
		return Result{}, fmt.Errorf("the returned value is not a request: %w", err)
	}
	if after.URI == "" {
		return Result{}, errors.New("the returned value is neither a request nor a response")
	}
	if err := checkRequest(before, &after); err != nil {
		return Result{}, err
	}
	return Result{Request: &after}, nil
}

// instance is one JavaScript runtime with the function loaded.
type instance struct {
	rt               *sobek.Runtime
	handler          sobek.Callable
	parse, stringify sobek.Callable
	jsonO            sobek.Value

	// Of the run under way.
	ctx   context.Context
	kv    KeyValues
	log   *slog.Logger
	reads int
	group *OriginGroup
	start time.Time
}

func newInstance(src string) (*instance, error) {
	in := &instance{rt: sobek.New(), start: time.Now()}
	rt := in.rt
	rt.SetMaxCallStackSize(256)
	rt.SetTimeSource(func() time.Time { return in.start }) // Date stands still during a run
	// What the engine here has and CloudFront's does not.
	for _, name := range []string{
		"eval", "Function", "Map", "Set", "WeakMap", "WeakSet", "WeakRef", "Proxy", "Reflect",
		"BigInt", "escape", "unescape", "AggregateError", "FinalizationRegistry",
	} {
		if err := rt.GlobalObject().Delete(name); err != nil {
			return nil, fmt.Errorf("removing %s: %w", name, err)
		}
	}
	console := rt.NewObject()
	if err := console.Set("log", func(call sobek.FunctionCall) sobek.Value {
		if in.log != nil {
			in.log.DebugContext(in.ctx, "edge function", "log", call.Argument(0).String())
		}
		return sobek.Undefined()
	}); err != nil {
		return nil, err
	}
	if err := rt.Set("console", console); err != nil {
		return nil, err
	}
	in.jsonO = rt.Get("JSON")
	in.parse, _ = sobek.AssertFunction(in.jsonO.ToObject(rt).Get("parse"))
	in.stringify, _ = sobek.AssertFunction(in.jsonO.ToObject(rt).Get("stringify"))

	// CloudFront finds the function by its name; a module must export it. The
	// export is a line of its own, so that places in errors are the file's.
	modules := map[string]sobek.ModuleRecord{
		"cloudfront": &module{value: in.cloudfront}, "crypto": &module{value: in.crypto},
	}
	m, err := sobek.ParseModule("function.js", src+"\nexport { handler };\n",
		func(_ any, specifier string) (sobek.ModuleRecord, error) {
			m, ok := modules[specifier]
			if !ok {
				return nil, fmt.Errorf("no module %q", specifier)
			}
			return m, nil
		})
	if err != nil {
		return nil, fmt.Errorf("loading the edge function: %w", err)
	}
	if err := m.Link(); err != nil {
		return nil, fmt.Errorf("loading the edge function: %w", err)
	}
	if p := m.Evaluate(rt); p.State() != sobek.PromiseStateFulfilled {
		return nil, fmt.Errorf("loading the edge function: %v", p.Result())
	}
	handler, ok := sobek.AssertFunction(rt.NamespaceObjectFor(m).Get("handler"))
	if !ok {
		return nil, errors.New("loading the edge function: handler is not a function")
	}
	in.handler = handler
	return in, nil
}

// call runs the handler and returns its result in JSON.
func (in *instance) call(e *Event) (out string, err error) {
	defer func() {
		// A fault of the engine is a failed run, as it would be at the edge,
		// and not the end of the program around it.
		if r := recover(); r != nil {
			err = fmt.Errorf("the JavaScript engine failed: %v", r)
		}
	}()
	data, err := json.Marshal(e)
	if err != nil {
		return "", fmt.Errorf("encoding the event: %w", err)
	}
	event, err := in.parse(in.jsonO, in.rt.ToValue(string(data)))
	if err != nil {
		return "", fmt.Errorf("decoding the event: %w", err)
	}
	result, err := in.handler(sobek.Undefined(), event)
	if err != nil {
		return "", err
	}
	if p, ok := result.Export().(*sobek.Promise); ok {
		switch p.State() {
		case sobek.PromiseStateFulfilled:
			result = p.Result()
		case sobek.PromiseStateRejected:
			return "", fmt.Errorf("the handler threw %v", p.Result())
		default:
			return "", errors.New("the handler waits for something that never comes")
		}
	}
	text, err := in.stringify(in.jsonO, result)
	if err != nil {
		return "", fmt.Errorf("encoding the result: %w", err)
	}
	return text.String(), nil
}
