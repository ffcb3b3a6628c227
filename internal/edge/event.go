package edge

import (
	"encoding/base64"
	"errors"
	"fmt"
	"maps"
	"net"
	"net/http"
	"net/url"
	"reflect"
	"slices"
	"strings"
	"unicode/utf8"
)

// Event is what CloudFront gives to a function.
// https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/functions-event-structure.html
type Event struct {
	Version string  `json:"version"`
	Context Context `json:"context"`
	Viewer  Viewer  `json:"viewer"`
	Request Request `json:"request"`
}

// Context is about the event itself.
type Context struct {
	DistributionDomainName string `json:"distributionDomainName"`
	DistributionID         string `json:"distributionId"`
	EventType              string `json:"eventType"`
	RequestID              string `json:"requestId"`
}

// Viewer is who asks.
type Viewer struct {
	IP string `json:"ip"`
}

// Request is the viewer's request. URI and query string are as sent, not
// decoded; header names are in lower case.
type Request struct {
	Method      string            `json:"method"`
	URI         string            `json:"uri"`
	QueryString map[string]Values `json:"querystring"`
	Headers     map[string]Values `json:"headers"`
	Cookies     map[string]Values `json:"cookies"`
}

// Response is an answer that a function makes itself.
type Response struct {
	StatusCode        int
	StatusDescription string
	Headers           map[string]Values
	Cookies           map[string]Values
	Body              []byte
}

// Values is one header, cookie or query parameter. Multi is there only when
// the name was sent more than once, and then holds every value.
type Values struct {
	Value      string  `json:"value"`
	Attributes string  `json:"attributes,omitempty"` // of a Set-Cookie
	Multi      []Value `json:"multiValue,omitempty"`
}

// Value is one of several.
type Value struct {
	Value      string `json:"value"`
	Attributes string `json:"attributes,omitempty"`
}

func (v *Values) add(value string) {
	if v.Multi == nil {
		v.Multi = []Value{{Value: v.Value}}
	}
	v.Multi = append(v.Multi, Value{Value: value})
}

// All returns every value in order.
func (v Values) All() []string {
	if len(v.Multi) == 0 {
		return []string{v.Value}
	}
	all := make([]string, len(v.Multi))
	for i, m := range v.Multi {
		all[i] = m.Value
	}
	return all
}

// utf8Of is what CloudFront makes of a value before a function sees it: what
// is not UTF-8 is taken for ISO-8859-1.
// https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/edge-function-restrictions-all.html#function-restrictions-encoding
func utf8Of(s string) string {
	if utf8.ValidString(s) {
		return s
	}
	runes := make([]rune, len(s))
	for i, b := range []byte(s) {
		runes[i] = rune(b)
	}
	return string(runes)
}

func put(m map[string]Values, name, value string) {
	name, value = utf8Of(name), utf8Of(value)
	if v, ok := m[name]; ok {
		v.add(value)
		m[name] = v
	} else {
		m[name] = Values{Value: value}
	}
}

// NewEvent makes the viewer request event of an HTTP request.
func NewEvent(r *http.Request, requestID string) Event {
	e := Event{
		Version: "1.0",
		Context: Context{
			DistributionDomainName: "d111111abcdef8.cloudfront.net", // the documentation's example
			DistributionID:         "EDFDVBD6EXAMPLE",
			EventType:              "viewer-request",
			RequestID:              requestID,
		},
		Request: Request{
			Method:      r.Method,
			URI:         r.URL.EscapedPath(),
			QueryString: map[string]Values{},
			Headers:     map[string]Values{"host": {Value: r.Host}},
			Cookies:     map[string]Values{},
		},
	}
	e.Viewer.IP, _, _ = net.SplitHostPort(r.RemoteAddr)
	for pair := range strings.SplitSeq(r.URL.RawQuery, "&") {
		if name, value, _ := strings.Cut(pair, "="); name != "" {
			put(e.Request.QueryString, name, value)
		}
	}
	for name, values := range r.Header {
		name = strings.ToLower(name)
		if name == "cookie" || disallowed(name) {
			continue
		}
		for _, v := range values {
			put(e.Request.Headers, name, v)
		}
	}
	for _, c := range r.Cookies() {
		put(e.Request.Cookies, c.Name, c.Value)
	}
	return e
}

// RawQuery is the query string that the parameters make, by name.
func (r *Request) RawQuery() string {
	var parts []string
	for _, name := range slices.Sorted(maps.Keys(r.QueryString)) {
		for _, v := range r.QueryString[name].All() {
			if v == "" {
				parts = append(parts, name)
			} else {
				parts = append(parts, name+"="+v)
			}
		}
	}
	return strings.Join(parts, "&")
}

// The header rules of edge functions.
// https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/edge-function-restrictions-all.html
var (
	disallowedHeaders = []string{
		"connection", "expect", "keep-alive", "proxy-authenticate", "proxy-authorization",
		"proxy-connection", "trailer", "upgrade", "x-accel-buffering", "x-accel-charset",
		"x-accel-limit-rate", "x-accel-redirect", "x-amzn-auth", "x-amzn-cf-billing", "x-amzn-cf-id",
		"x-amzn-cf-xff", "x-amzn-errortype", "x-amzn-fle-profile", "x-amzn-header-count",
		"x-amzn-header-order", "x-amzn-lambda-integration-tag", "x-amzn-requestid", "x-cache",
		"x-forwarded-proto", "x-real-ip",
	}
	readOnlyHeaders = []string{"cdn-loop", "content-length", "host", "transfer-encoding", "via"}
)

// disallowed headers are not shown to a function, and it may not add them.
func disallowed(name string) bool {
	return slices.Contains(disallowedHeaders, name) ||
		strings.HasPrefix(name, "x-amz-cf-") || strings.HasPrefix(name, "x-edge-")
}

// maxURI is the longest URI with its query string, in characters.
const maxURI = 8192

// checkRequest says whether CloudFront would go on with a request that a
// function returned for the one that it was given.
func checkRequest(before, after *Request) error {
	if after.Method != before.Method {
		return fmt.Errorf("request.method is read-only: %q became %q", before.Method, after.Method)
	}
	if !strings.HasPrefix(after.URI, "/") {
		return fmt.Errorf("request.uri %q does not begin with a slash", after.URI)
	}
	if _, err := url.ParseRequestURI(after.URI); err != nil || strings.ContainsAny(after.URI, " ?#") {
		return fmt.Errorf("request.uri %q is not a path", after.URI)
	}
	query := after.RawQuery()
	if len(after.URI)+len(query) >= maxURI {
		return fmt.Errorf("the URI has %d characters: the limit is %d", len(after.URI)+len(query), maxURI)
	}
	if reflect.DeepEqual(before.QueryString, after.QueryString) {
		query = "" // what the viewer sent is not the function's to answer for
	}
	if bad := strings.IndexFunc(query, func(r rune) bool { return r <= ' ' || r == 0x7f || r == '#' }); bad >= 0 {
		return fmt.Errorf("request.querystring holds %q", query[bad])
	}
	if err := checkHeaders("request", after.Headers, before.Headers); err != nil {
		return err
	}
	for _, name := range readOnlyHeaders {
		b, had := before.Headers[name]
		a, has := after.Headers[name]
		if had != has || !slices.Equal(b.All(), a.All()) {
			return fmt.Errorf("request header %s is read-only", name)
		}
	}
	return nil
}

// checkHeaders is what requests and responses have in common. Headers that are
// as they were before are not the function's.
func checkHeaders(of string, headers, before map[string]Values) error {
	for _, name := range slices.Sorted(maps.Keys(headers)) {
		if b, ok := before[name]; ok && reflect.DeepEqual(b, headers[name]) {
			continue
		}
		if name == "" || strings.ToLower(name) != name {
			return fmt.Errorf("%s.headers must have header names in lower case: %q", of, name)
		}
		if disallowed(name) {
			return fmt.Errorf("%s header %s is not allowed", of, name)
		}
		for _, v := range headers[name].All() {
			if strings.ContainsAny(v, "\r\n\x00") {
				return fmt.Errorf("%s header %s holds a line break: %q", of, name, v)
			}
		}
	}
	return nil
}

// wireResponse is a response as a function writes it: the body is a string or
// an object.
type wireResponse struct {
	StatusCode        *int              `json:"statusCode"`
	StatusDescription string            `json:"statusDescription"`
	Headers           map[string]Values `json:"headers"`
	Cookies           map[string]Values `json:"cookies"`
	Body              any               `json:"body"`
}

// checkResponse turns what a function returned into a Response, if CloudFront
// would.
func checkResponse(w *wireResponse) (*Response, error) {
	if *w.StatusCode < 200 || *w.StatusCode > 599 {
		return nil, fmt.Errorf("response.statusCode is %d", *w.StatusCode)
	}
	if err := checkHeaders("response", w.Headers, nil); err != nil {
		return nil, err
	}
	for _, name := range []string{"transfer-encoding", "via"} {
		if _, ok := w.Headers[name]; ok {
			return nil, fmt.Errorf("response header %s is read-only", name)
		}
	}
	r := &Response{
		StatusCode: *w.StatusCode, StatusDescription: w.StatusDescription,
		Headers: w.Headers, Cookies: w.Cookies,
	}
	switch b := w.Body.(type) {
	case nil:
	case string:
		r.Body = []byte(b)
	case map[string]any:
		data, ok := b["data"].(string)
		if !ok {
			return nil, errors.New("response.body.data is not a string")
		}
		switch b["encoding"] {
		case "text":
			r.Body = []byte(data)
		case "base64":
			body, err := base64.StdEncoding.DecodeString(data)
			if err != nil {
				return nil, fmt.Errorf("response.body is not base64: %w", err)
			}
			r.Body = body
		default:
			return nil, fmt.Errorf("response.body.encoding is %v: want text or base64", b["encoding"])
		}
	default:
		return nil, fmt.Errorf("response.body is a %T", b)
	}
	return r, nil
}
