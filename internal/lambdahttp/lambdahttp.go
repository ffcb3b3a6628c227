// Package lambdahttp is both sides of the contract between an API Gateway HTTP
// API and the Lambda behind it, in payload format 2.0.
//
// Handler is the Lambda's side: it turns an event into an http.Request, so
// that the renderer is an http.Handler that knows nothing of AWS. Gateway is
// API Gateway's side, for the machine that has no AWS: it turns an
// http.Request into the JSON event that API Gateway would send, and the JSON
// answer back into an http.Response, and enforces what API Gateway enforces. A
// request that goes through both has been through the same bytes as in
// production.
//
// There are libraries for the first half. algnhsa had its last release in
// 2023; aws-lambda-go-api-proxy brings six web frameworks into go.sum. The
// contract is one page long, and its tests are recorded events.
//
// Source: https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-develop-integrations-lambda.html
package lambdahttp

import (
	"bytes"
	"context"
	"encoding/base64"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"unicode/utf8"

	"github.com/aws/aws-lambda-go/events"

	"github.com/victorleungtw/blog/internal/httprecord"
)

// MaxPayload is the largest event or answer of a synchronous Lambda
// invocation, in bytes of JSON.
// (https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html)
const MaxPayload = 6 << 20

// Handler answers HTTP API events with h.
func Handler(h http.Handler) func(context.Context, events.APIGatewayV2HTTPRequest) (events.APIGatewayV2HTTPResponse, error) {
	return func(ctx context.Context, ev events.APIGatewayV2HTTPRequest) (events.APIGatewayV2HTTPResponse, error) {
		req, err := request(ctx, ev)
		if err != nil {
			return events.APIGatewayV2HTTPResponse{}, fmt.Errorf("HTTP API event: %w", err)
		}
		w := &httprecord.Recorder{}
		h.ServeHTTP(w, req)
		return answered(w), nil
	}
}

func request(ctx context.Context, ev events.APIGatewayV2HTTPRequest) (*http.Request, error) {
	if ev.Version != "2.0" {
		return nil, fmt.Errorf("payload format %q: this function understands 2.0 only", ev.Version)
	}
	body := []byte(ev.Body)
	if ev.IsBase64Encoded {
		var err error
		if body, err = base64.StdEncoding.DecodeString(ev.Body); err != nil {
			return nil, fmt.Errorf("body: %w", err)
		}
	}
	// rawPath is decoded once by API Gateway when it came percent-encoded;
	// building the URL from parts avoids decoding it again.
	u := &url.URL{Path: ev.RawPath, RawQuery: ev.RawQueryString}
	req, err := http.NewRequestWithContext(ctx, ev.RequestContext.HTTP.Method, u.String(), bytes.NewReader(body))
	if err != nil {
		return nil, err
	}
	for k, v := range ev.Headers {
		req.Header.Set(k, v)
	}
	for _, c := range ev.Cookies {
		req.Header.Add("Cookie", c)
	}
	req.Host = req.Header.Get("Host")
	req.Header.Del("Host")
	req.RemoteAddr = ev.RequestContext.HTTP.SourceIP + ":0"
	req.RequestURI = u.RequestURI()
	return req, nil
}

// answered makes an event of an answer. Lambda sends it whole, so nothing is
// streamed.
func answered(w *httprecord.Recorder) events.APIGatewayV2HTTPResponse {
	out := events.APIGatewayV2HTTPResponse{StatusCode: w.Status(), Headers: map[string]string{}}
	for k, vs := range w.Header() {
		if k == "Set-Cookie" {
			out.Cookies = vs
			continue
		}
		out.Headers[strings.ToLower(k)] = strings.Join(vs, ", ")
	}
	// JSON carries text; anything else goes as base64. A compressed body is
	// never text, whatever its bytes happen to be.
	if b := w.Body.Bytes(); w.Header().Get("Content-Encoding") == "" && utf8.Valid(b) {
		out.Body = string(b)
	} else {
		out.Body, out.IsBase64Encoded = base64.StdEncoding.EncodeToString(b), true
	}
	return out
}

func readBody(r io.ReadCloser) ([]byte, error) {
	if r == nil {
		return nil, nil
	}
	defer r.Close()
	return io.ReadAll(io.LimitReader(r, MaxPayload+1))
}
