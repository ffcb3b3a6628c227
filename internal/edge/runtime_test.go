package edge_test

import (
	"context"
	"encoding/json"
	"errors"
	"net/http/httptest"
	"testing"

	"github.com/victorleungtw/blog/internal/edge"
	"github.com/victorleungtw/blog/internal/edge/subset"
)

// The event is CloudFront's, field by field.
func TestEvent(t *testing.T) {
	r := httptest.NewRequest("GET", "https://example.com/a%20b?x=1&y&x=%E5%92%96&z=\xe9&=", nil)
	for _, h := range [][2]string{
		{"Accept", "text/html"}, {"Accept", "*/*"}, {"Cookie", "a=1; b=2"}, {"Cookie", "a=3"}, {"X-Latin", "caf\xe9"},
		{"Connection", "close"}, {"X-Edge-Location", "x"}, {"X-Amz-Cf-Id", "x"}, {"X-Forwarded-Proto", "http"},
	} {
		r.Header.Add(h[0], h[1])
	}
	got, err := json.MarshalIndent(edge.NewEvent(r, "the-id"), "", " ")
	if err != nil {
		t.Fatal(err)
	}
	want := `{
 "version": "1.0",
 "context": {
  "distributionDomainName": "d111111abcdef8.cloudfront.net",
  "distributionId": "EDFDVBD6EXAMPLE",
  "eventType": "viewer-request",
  "requestId": "the-id"
 },
 "viewer": {
  "ip": "192.0.2.1"
 },
 "request": {
  "method": "GET",
  "uri": "/a%20b",
  "querystring": {
   "x": {
    "value": "1",
    "multiValue": [
     {
      "value": "1"
     },
     {
      "value": "%E5%92%96"
     }
    ]
   },
   "y": {
    "value": ""
   },
   "z": {
    "value": "é"
   }
  },
  "headers": {
   "accept": {
    "value": "text/html",
    "multiValue": [
     {
      "value": "text/html"
     },
     {
      "value": "*/*"
     }
    ]
   },
   "host": {
    "value": "example.com"
   },
   "x-latin": {
    "value": "café"
   }
  },
  "cookies": {
   "a": {
    "value": "1",
    "multiValue": [
     {
      "value": "1"
     },
     {
      "value": "3"
     }
    ]
   },
   "b": {
    "value": "2"
   }
  }
 }
}`
	if string(got) != want {
		t.Errorf("got %s", got)
	}
}

func TestWithinTheLanguage(t *testing.T) {
	if err := subset.Check("function.min.js", edge.Source()); err != nil {
		t.Error(err)
	}
}

// What CloudFront would refuse is refused here.
func TestFunctionErrors(t *testing.T) {
	wrap := func(body string) string { return "async function handler(event) {\n" + body + "\n}\n" }
	for _, tt := range []struct{ name, src, kind string }{
		{"throws", wrap(`throw new Error('x');`), edge.ExecutionError},
		{"runs on", wrap(`while (true) { parseInt('1', 10); }`), edge.ExecutionError},
		{"recursion", "function f() { return f(); }\n" + wrap(`return f();`), edge.ExecutionError},
		{"never settles", wrap(`const v = await Promise.race([]); return v;`), edge.ExecutionError},
		{"missing key", "import cf from 'cloudfront';\nconst k = cf.kvs();\n" + wrap(`const v = await k.get('none'); return v;`), edge.ExecutionError},
		{"another hash", "import c from 'crypto';\n" + wrap(`return c.createHmac('md5', 'k').update('x').digest('hex');`), edge.ExecutionError},
		{"another encoding", "import c from 'crypto';\n" + wrap(`return c.createHmac('sha256', 'k').update('x').digest('latin1');`), edge.ExecutionError},
		{"bytes", "import cf from 'cloudfront';\nconst k = cf.kvs();\n" + wrap(`const v = await k.get('www!c', { format: 'bytes' }); return v;`), edge.ExecutionError},
		{"nothing", wrap(``), edge.ValidationError},
		{"a string", wrap(`return 'x';`), edge.ValidationError},
		{"an empty object", wrap(`return {};`), edge.ValidationError},
		{"method", wrap(`event.request.method = 'POST'; return event.request;`), edge.ValidationError},
		{"relative uri", wrap(`event.request.uri = 'x'; return event.request;`), edge.ValidationError},
		{"uri with a query", wrap(`event.request.uri = '/a?b'; return event.request;`), edge.ValidationError},
		{"uri with a space", wrap(`event.request.uri = '/a b'; return event.request;`), edge.ValidationError},
		{"long uri", wrap(`event.request.uri = '/' + 'a'.repeat(8192); return event.request;`), edge.ValidationError},
		{"query", wrap(`event.request.querystring.a = { value: 'b c' }; return event.request;`), edge.ValidationError},
		{"host", wrap(`event.request.headers.host = { value: 'evil' }; return event.request;`), edge.ValidationError},
		{"host gone", wrap(`delete event.request.headers.host; return event.request;`), edge.ValidationError},
		{"content length", wrap(`event.request.headers['content-length'] = { value: '1' }; return event.request;`), edge.ValidationError},
		{"x-edge", wrap(`event.request.headers['x-edge-a'] = { value: '1' }; return event.request;`), edge.ValidationError},
		{"capitals", wrap(`event.request.headers['X-A'] = { value: '1' }; return event.request;`), edge.ValidationError},
		{"not a header", wrap(`event.request.headers['x-a'] = { value: 1 }; return event.request;`), edge.ValidationError},
		{"line break", wrap(`return { statusCode: 301, headers: { location: { value: '/a\r\nb: c' } } };`), edge.ValidationError},
		{"status text", wrap(`return { statusCode: '200' };`), edge.ValidationError},
		{"status 99", wrap(`return { statusCode: 99 };`), edge.ValidationError},
		{"response x-cache", wrap(`return { statusCode: 200, headers: { 'x-cache': { value: 'a' } } };`), edge.ValidationError},
		{"response via", wrap(`return { statusCode: 200, headers: { via: { value: 'a' } } };`), edge.ValidationError},
		{"body", wrap(`return { statusCode: 200, body: { encoding: 'hex', data: 'a' } };`), edge.ValidationError},
		{"body data", wrap(`return { statusCode: 200, body: { encoding: 'text', data: 1 } };`), edge.ValidationError},
		{"body base64", wrap(`return { statusCode: 200, body: { encoding: 'base64', data: '*' } };`), edge.ValidationError},
		{"body number", wrap(`return { statusCode: 200, body: 1 };`), edge.ValidationError},
	} {
		t.Run(tt.name, func(t *testing.T) {
			f, err := edge.NewFunction([]byte(tt.src), site(), discard(), 20_000_000)
			if err != nil {
				t.Fatal(err)
			}
			e := edge.NewEvent(httptest.NewRequest("GET", "https://example.com/a", nil), "id")
			for range 3 { // a failed run leaves nothing behind
				_, err = f.Run(t.Context(), e)
				var failed *edge.FunctionError
				if !errors.As(err, &failed) || failed.Kind != tt.kind {
					t.Fatalf("want %s, got %v", tt.kind, err)
				}
				if want := map[string]int{edge.ExecutionError: 503, edge.ValidationError: 502}[tt.kind]; failed.Status() != want {
					t.Errorf("status %d", failed.Status())
				}
			}
		})
	}
}

func TestFunctionRefusals(t *testing.T) {
	for name, src := range map[string]string{
		"outside the language": `class A {}`,
		"no handler":           `const a = 1;`,
		"not a function":       `const handler = 1;`,
		"fails to load":        `const a = null; const b = a.c; async function handler(event) { return event.request; }`,
	} {
		if _, err := edge.NewFunction([]byte(src), site(), discard(), 0); err == nil {
			t.Errorf("%s: accepted", name)
		}
	}
}

// Date stands still, and a body may be a string or base64.
func TestFunctionRuntime(t *testing.T) {
	src := `
async function handler(event) {
    const start = Date.now();
    let i = 0;
    while (i < 20000) { i++; }
    console.log('took ' + (Date.now() - start));
    return { statusCode: 200, body: Date.now() === start ? { encoding: 'base64', data: 'c3RpbGw=' } : 'moved' };
}`
	f, err := edge.NewFunction([]byte(src), site(), discard(), 0)
	if err != nil {
		t.Fatal(err)
	}
	if body := run(t, f, "GET", "https://example.com/").Response.Body; string(body) != "still" {
		t.Errorf("body %q", body)
	}
}

// The module crypto makes an HMAC as RFC 4231 section 4.3 does.
func TestFunctionCrypto(t *testing.T) {
	src := `
import crypto from 'crypto';
async function handler(event) {
    const mac = crypto.createHmac('sha256', 'Jefe').update('what do ya want ');
    return { statusCode: 200, body: mac.update('for nothing?').digest('hex') };
}`
	f, err := edge.NewFunction([]byte(src), site(), discard(), 0)
	if err != nil {
		t.Fatal(err)
	}
	for range 2 { // in one runtime
		if body := string(run(t, f, "GET", "https://example.com/").Response.Body); body != "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843" {
			t.Errorf("HMAC %s", body)
		}
	}
}

// A viewer who has left is not served.
func TestRunCancelled(t *testing.T) {
	store := site()
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	e := edge.NewEvent(httptest.NewRequest("GET", "https://example.com/", nil), "id")
	if _, err := newFunction(t, store).Run(ctx, e); !errors.Is(err, context.Canceled) || len(store.reads) > 0 {
		t.Errorf("after %d reads: %v", len(store.reads), err)
	}
}
