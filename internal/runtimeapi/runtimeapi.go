// Package runtimeapi is the endpoint that a Lambda function talks to: the four
// calls of the runtime API, for tests and benchmarks that run a function as a
// process.
//
//	api, err := runtimeapi.Start()
//	defer api.Close()
//	… start the function with AWS_LAMBDA_RUNTIME_API=api.Address …
//	err = api.Ready(ctx)                    // it asks for its first invocation
//	reply, err := api.Invoke(ctx, payload)
//
// It hands out one invocation at a time, as Lambda does. There is no deadline,
// and none of the freezing and thawing between invocations. A function that ends
// is not noticed here: let ctx end with it.
//
// Source: https://docs.aws.amazon.com/lambda/latest/dg/runtimes-api.html
package runtimeapi

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strconv"
	"sync"
)

// API is the endpoint of one function. Ready and Invoke are not to be called by
// two goroutines at once.
type API struct {
	Address string // host and port

	server  *http.Server
	polls   chan chan<- invocation
	waiting chan<- invocation // the function's, when it waits for one
	replies chan Reply
	failed  chan error
	count   int

	closing sync.Once
	closed  chan struct{}
}

type invocation struct {
	id      string
	payload []byte
}

// Reply is what a function answered.
type Reply struct {
	Body  []byte
	Error bool // it is the description of an error

	id string
}

// ARN is that of the function in each invocation.
const ARN = "arn:aws:lambda:ap-southeast-1:123456789012:function:blog-prod-renderer:live"

// Start listens on a free port.
func Start() (*API, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	a := &API{
		Address: l.Addr().String(), polls: make(chan chan<- invocation), replies: make(chan Reply),
		failed: make(chan error, 1), closed: make(chan struct{}),
	}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /2018-06-01/runtime/invocation/next", a.next)
	mux.HandleFunc("POST /2018-06-01/runtime/invocation/{id}/response", a.answer)
	mux.HandleFunc("POST /2018-06-01/runtime/invocation/{id}/error", a.answer)
	mux.HandleFunc("POST /2018-06-01/runtime/init/error", a.initError)
	a.server = &http.Server{Handler: mux}
	go a.server.Serve(l) // ends at Close
	return a, nil
}

// Close ends all calls.
func (a *API) Close() error {
	a.closing.Do(func() { close(a.closed) })
	return a.server.Close()
}

func (a *API) next(w http.ResponseWriter, r *http.Request) {
	mine := make(chan invocation)
	select {
	case a.polls <- mine:
	case <-r.Context().Done():
		return
	case <-a.closed:
		return
	}
	select {
	case inv := <-mine:
		w.Header().Set("Lambda-Runtime-Aws-Request-Id", inv.id)
		w.Header().Set("Lambda-Runtime-Deadline-Ms", "4102444800000") // the year 2100
		w.Header().Set("Lambda-Runtime-Invoked-Function-Arn", ARN)
		w.Write(inv.payload)
	case <-r.Context().Done():
	case <-a.closed:
	}
}

func (a *API) answer(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return
	}
	w.WriteHeader(http.StatusAccepted)
	http.NewResponseController(w).Flush()
	select {
	case a.replies <- Reply{Body: body, Error: r.URL.Path == "/2018-06-01/runtime/invocation/"+r.PathValue("id")+"/error", id: r.PathValue("id")}:
	case <-a.closed:
	}
}

func (a *API) initError(w http.ResponseWriter, r *http.Request) {
	body, _ := io.ReadAll(r.Body)
	w.WriteHeader(http.StatusAccepted)
	select {
	case a.failed <- fmt.Errorf("the function failed to start: %s", body):
	default:
	}
}

// Ready returns when the function asks for an invocation.
func (a *API) Ready(ctx context.Context) error {
	if a.waiting != nil {
		return nil
	}
	select {
	case a.waiting = <-a.polls:
		return nil
	case err := <-a.failed:
		return err
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

// Invoke sends a payload and waits for the function's answer.
func (a *API) Invoke(ctx context.Context, payload []byte) (Reply, error) {
	if err := a.Ready(ctx); err != nil {
		return Reply{}, fmt.Errorf("before it was invoked: %w", err)
	}
	a.count++
	id := strconv.Itoa(a.count)
	select {
	case a.waiting <- invocation{id, payload}:
	case <-ctx.Done():
		return Reply{}, fmt.Errorf("before it was invoked: %w", context.Cause(ctx))
	}
	a.waiting = nil
	select {
	case r := <-a.replies:
		if r.id != id {
			return r, fmt.Errorf("an answer to invocation %s, want %s", r.id, id)
		}
		return r, nil
	case <-ctx.Done():
		return Reply{}, fmt.Errorf("in an invocation: %w", context.Cause(ctx))
	}
}

// Answer is Invoke for who takes a function's error as an error.
func (a *API) Answer(ctx context.Context, payload []byte) ([]byte, error) {
	r, err := a.Invoke(ctx, payload)
	if err == nil && r.Error {
		err = errors.New(string(r.Body))
	}
	return r.Body, err
}
