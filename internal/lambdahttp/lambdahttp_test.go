package lambdahttp

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/aws/aws-lambda-go/events"
)

// recorded is an event as an HTTP API sends it (payload format 2.0), with the
// parts that vary made up.
const recorded = `{
  "version": "2.0",
  "routeKey": "$default",
  "rawPath": "/api/é b",
  "rawQueryString": "q=%E9%9B%B2&q=2",
  "cookies": ["a=1", "b=2"],
  "headers": {
    "accept": "*/*",
    "content-length": "5",
    "host": "origin.example.com",
    "via": "2.0 3f5.cloudfront.net (CloudFront)",
    "x-amz-cf-id": "ZxAdpmyaSuwf5",
    "x-forwarded-for": "203.0.113.7, 130.176.1.5",
    "x-forwarded-port": "443",
    "x-forwarded-proto": "https",
    "x-origin-verify": "k"
  },
  "queryStringParameters": {"q": "雲,2"},
  "requestContext": {
    "accountId": "123456789012",
    "apiId": "a1b2c3d4e5",
    "domainName": "origin.example.com",
    "domainPrefix": "origin",
    "http": {
      "method": "POST",
      "path": "/api/é b",
      "protocol": "HTTP/1.1",
      "sourceIp": "130.176.1.5",
      "userAgent": "Amazon CloudFront"
    },
    "requestId": "YxZ1",
    "routeKey": "$default",
    "stage": "$default",
    "time": "22/Nov/2026:10:00:00 +0000",
    "timeEpoch": 1795341600000
  },
  "body": "aGVsbG8=",
  "isBase64Encoded": true
}`

func TestRequest(t *testing.T) {
	var ev events.APIGatewayV2HTTPRequest
	if err := json.Unmarshal([]byte(recorded), &ev); err != nil {
		t.Fatal(err)
	}
	var got *http.Request
	var body string
	h := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		b, _ := io.ReadAll(r.Body)
		got, body = r, string(b)
	})
	if _, err := Handler(h)(context.Background(), ev); err != nil {
		t.Fatal(err)
	}
	for what, pair := range map[string][2]string{
		"method":  {got.Method, "POST"},
		"path":    {got.URL.Path, "/api/é b"},
		"query":   {got.URL.Query().Get("q"), "雲"},
		"host":    {got.Host, "origin.example.com"},
		"header":  {got.Header.Get("X-Origin-Verify"), "k"},
		"address": {got.RemoteAddr, "130.176.1.5:0"},
		"body":    {body, "hello"},
	} {
		if pair[0] != pair[1] {
			t.Errorf("%s: %q, want %q", what, pair[0], pair[1])
		}
	}
	if c, err := got.Cookie("b"); err != nil || c.Value != "2" {
		t.Errorf("cookies: %v", got.Cookies())
	}
}

func TestAnotherFormatIsRefused(t *testing.T) {
	_, err := Handler(http.NotFoundHandler())(context.Background(), events.APIGatewayV2HTTPRequest{Version: "1.0"})
	if err == nil {
		t.Error("an event of format 1.0 was answered")
	}
}

// through sends a request through a gateway and a handler and back.
func through(t *testing.T, h http.Handler, req *http.Request) *http.Response {
	t.Helper()
	g := &Gateway{APIID: "test", Invoke: func(ctx context.Context, payload []byte) ([]byte, error) {
		var ev events.APIGatewayV2HTTPRequest
		if err := json.Unmarshal(payload, &ev); err != nil {
			return nil, err
		}
		out, err := Handler(h)(ctx, ev)
		if err != nil {
			return nil, err
		}
		return json.Marshal(out)
	}}
	resp, err := g.RoundTrip(req)
	if err != nil {
		t.Fatal(err)
	}
	return resp
}

// Whatever a handler sees and answers directly, it sees and answers through
// the gateway.
func TestRoundTrip(t *testing.T) {
	binary := []byte{0, 1, 0xff, 0xfe, '"', '\n'}
	h := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		b, _ := io.ReadAll(r.Body)
		w.Header().Set("X-Seen", r.Method+" "+r.URL.Path+"?"+r.URL.RawQuery+" "+r.Header.Get("X-In")+" "+r.Host)
		http.SetCookie(w, &http.Cookie{Name: "a", Value: "1"})
		http.SetCookie(w, &http.Cookie{Name: "b", Value: "2"})
		w.WriteHeader(http.StatusTeapot)
		w.Write(b)
	})
	for _, body := range [][]byte{nil, []byte("text 雲"), binary} {
		req := httptest.NewRequest("POST", "https://example.com/a%20b/%E9%9B%B2?x=1&x=2", bytes.NewReader(body))
		req.Header.Set("X-In", "v")
		direct := httptest.NewRecorder()
		h.ServeHTTP(direct, req.Clone(context.Background()))
		req.Body = io.NopCloser(bytes.NewReader(body))
		resp := through(t, h, req)
		got, _ := io.ReadAll(resp.Body)
		if !bytes.Equal(got, body) || resp.StatusCode != http.StatusTeapot {
			t.Errorf("body %q: %d %q", body, resp.StatusCode, got)
		}
		if g, w := resp.Header.Get("X-Seen"), direct.Header().Get("X-Seen"); g != w {
			t.Errorf("seen %q, directly %q", g, w)
		}
		if len(resp.Header.Values("Set-Cookie")) != 2 {
			t.Errorf("cookies: %v", resp.Header)
		}
	}
}

func TestGatewayOnFailure(t *testing.T) {
	for name, out := range map[string]struct {
		body string
		err  error
	}{
		"the function failed":      {"", errors.New("boom")},
		"not JSON":                 {"<html>", nil},
		"no status":                {`{"body":"x"}`, nil},
		"body is not base64":       {`{"statusCode":200,"body":"%%%","isBase64Encoded":true}`, nil},
		"a header breaks its line": {"{\"statusCode\":200,\"headers\":{\"a\":\"b\\r\\nc: d\"}}", nil},
		"too large":                {`{"statusCode":200,"body":"` + strings.Repeat("x", MaxPayload) + `"}`, nil},
	} {
		g := &Gateway{Invoke: func(context.Context, []byte) ([]byte, error) { return []byte(out.body), out.err }}
		resp, err := g.RoundTrip(httptest.NewRequest("GET", "https://example.com/", nil))
		if err != nil || resp.StatusCode != http.StatusInternalServerError {
			t.Errorf("%s: %v %v", name, resp, err)
		}
	}
	g := &Gateway{Invoke: func(context.Context, []byte) ([]byte, error) { t.Error("invoked"); return nil, nil }}
	big := httptest.NewRequest("POST", "https://example.com/", strings.NewReader(strings.Repeat("x", MaxPayload+1)))
	if resp, err := g.RoundTrip(big); err != nil || resp.StatusCode != http.StatusRequestEntityTooLarge {
		t.Errorf("a request that is too large: %v %v", resp, err)
	}
}
