package lambdahttp

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/textproto"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/aws/aws-lambda-go/events"
)

// Invoke runs a function: JSON in, JSON out. It is what lambda.Handler does,
// in this process or in another behind a runtime API.
type Invoke func(ctx context.Context, payload []byte) ([]byte, error)

// Gateway is an HTTP API with a $default route to one function, as an
// http.RoundTripper. A function that fails is answered as API Gateway answers
// it: 500, or 503 when it could not be reached, with a JSON message.
type Gateway struct {
	Invoke Invoke
	// APIID is the API's id in request contexts.
	APIID string
}

// RoundTrip sends the request through the function.
func (g *Gateway) RoundTrip(req *http.Request) (*http.Response, error) {
	body, err := readBody(req.Body)
	if err != nil {
		return nil, err
	}
	if len(body) > MaxPayload {
		return g.message(req, http.StatusRequestEntityTooLarge, "Request Entity Too Large"), nil
	}
	payload, err := json.Marshal(g.event(req, body))
	if err != nil {
		return nil, err
	}
	out, err := g.invoke(req.Context(), payload)
	switch {
	case req.Context().Err() != nil:
		return nil, req.Context().Err()
	case err != nil:
		return g.message(req, http.StatusInternalServerError, "Internal Server Error"), nil
	case len(out) > MaxPayload:
		return g.message(req, http.StatusInternalServerError, "Internal Server Error"), nil
	}
	resp, err := answer(req, out)
	if err != nil { // a malformed answer is the function's fault
		return g.message(req, http.StatusInternalServerError, "Internal Server Error"), nil
	}
	return resp, nil
}

// invoke calls the function. One that panics has failed, and Lambda starts
// another.
func (g *Gateway) invoke(ctx context.Context, payload []byte) (out []byte, err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("the function panicked: %v", p)
		}
	}()
	return g.Invoke(ctx, payload)
}

func (g *Gateway) event(req *http.Request, body []byte) events.APIGatewayV2HTTPRequest {
	host := req.Host
	if host == "" {
		host = req.URL.Host
	}
	ip, _, err := net.SplitHostPort(req.RemoteAddr)
	if err != nil {
		ip = req.RemoteAddr
	}
	ev := events.APIGatewayV2HTTPRequest{
		Version:        "2.0",
		RouteKey:       "$default",
		RawPath:        req.URL.Path,
		RawQueryString: req.URL.RawQuery,
		Headers:        map[string]string{"host": host},
		RequestContext: events.APIGatewayV2HTTPRequestContext{
			RouteKey: "$default", Stage: "$default", APIID: g.APIID, DomainName: host,
			RequestID: req.Header.Get("X-Amz-Cf-Id"),
			HTTP: events.APIGatewayV2HTTPRequestContextHTTPDescription{
				Method: req.Method, Path: req.URL.Path, Protocol: "HTTP/1.1",
				SourceIP: ip, UserAgent: req.UserAgent(),
			},
		},
	}
	for k, vs := range req.Header {
		if k == "Cookie" {
			for _, v := range vs {
				for c := range strings.SplitSeq(v, ";") {
					ev.Cookies = append(ev.Cookies, strings.TrimSpace(c))
				}
			}
			continue
		}
		ev.Headers[strings.ToLower(k)] = strings.Join(vs, ",")
	}
	for k, vs := range req.URL.Query() {
		if ev.QueryStringParameters == nil {
			ev.QueryStringParameters = map[string]string{}
		}
		ev.QueryStringParameters[k] = strings.Join(vs, ",")
	}
	if utf8.Valid(body) {
		ev.Body = string(body)
	} else {
		ev.Body, ev.IsBase64Encoded = base64.StdEncoding.EncodeToString(body), true
	}
	return ev
}

// answer reads a function's answer.
func answer(req *http.Request, out []byte) (*http.Response, error) {
	var a events.APIGatewayV2HTTPResponse
	if err := json.Unmarshal(out, &a); err != nil {
		return nil, fmt.Errorf("the function's answer: %w", err)
	}
	if a.StatusCode < 100 || a.StatusCode > 599 {
		return nil, fmt.Errorf("the function's answer has status code %d", a.StatusCode)
	}
	body := []byte(a.Body)
	if a.IsBase64Encoded {
		var err error
		if body, err = base64.StdEncoding.DecodeString(a.Body); err != nil {
			return nil, fmt.Errorf("the function's body: %w", err)
		}
	}
	h := http.Header{}
	for k, v := range a.Headers {
		if strings.ContainsAny(k+v, "\r\n") {
			return nil, errors.New("the function's answer has a line break in a header")
		}
		h.Set(textproto.CanonicalMIMEHeaderKey(k), v)
	}
	for _, c := range a.Cookies {
		h.Add("Set-Cookie", c)
	}
	return response(req, a.StatusCode, h, body), nil
}

func response(req *http.Request, status int, h http.Header, body []byte) *http.Response {
	length := int64(len(body))
	if req.Method == http.MethodHead {
		// The function may have said the length of the body it left out.
		if n, err := strconv.ParseInt(h.Get("Content-Length"), 10, 64); err == nil {
			length = n
		}
		body = nil
	}
	if status != http.StatusNotModified && status != http.StatusNoContent {
		h.Set("Content-Length", strconv.FormatInt(length, 10))
	}
	return &http.Response{
		Status: strconv.Itoa(status) + " " + http.StatusText(status), StatusCode: status,
		Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1,
		Header: h, ContentLength: length, Request: req,
		Body: io.NopCloser(bytes.NewReader(body)),
	}
}

func (g *Gateway) message(req *http.Request, status int, text string) *http.Response {
	b, _ := json.Marshal(map[string]string{"message": text}) // a map of strings encodes
	return response(req, status, http.Header{"Content-Type": {"application/json"}}, b)
}
