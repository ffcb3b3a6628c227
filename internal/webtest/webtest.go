// Package webtest checks a web server by scripts of requests and what their
// answers must be. The same script runs in a test against a handler, against a
// preview, as the smoke test of a deployment, and against production.
//
// A script is cases with a blank line between them:
//
//	# a comment
//	GET /2026/03/01/first/
//	> Accept-Encoding: br
//	code == 200
//	header Content-Type == text/html; charset=utf-8
//	header X-Cache ~ ^(Hit|Miss) from cloudfront$
//	body contains <h1
//	body !contains <script
//
// A case begins with a method and a path or URL. Lines with ">" are request
// headers. A check names what it looks at (code, header NAME, body), how (==,
// !=, contains, !contains, ~ and !~ for a regular expression) and what with, to
// the end of the line. Redirects are not followed, so that they can be checked.
//
// The form is that of the scripts with which the Go project tests its own web
// site.
package webtest

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"regexp"
	"strconv"
	"strings"
)

// maxBody is how much of an answer is read.
const maxBody = 64 << 20

// Script is a parsed script.
type Script struct{ Cases []Case }

// Case is one request and its checks.
type Case struct {
	File   string
	Line   int
	Method string
	URL    string
	Header http.Header
	checks []check
}

type check struct {
	line           int
	what, how, arg string
	name           string // of a header
	re             *regexp.Regexp
}

// Parse reads a script. The error names file and line.
func Parse(file, text string) (*Script, error) {
	var s Script
	var c *Case
	for i, line := range strings.Split(text, "\n") {
		line = strings.TrimSpace(line)
		bad := func(format string, args ...any) error {
			return fmt.Errorf("%s:%d: %s", file, i+1, fmt.Sprintf(format, args...))
		}
		switch {
		case line == "":
			c = nil
		case strings.HasPrefix(line, "#"):
		case c == nil:
			method, url, ok := strings.Cut(line, " ")
			if !ok || method != strings.ToUpper(method) {
				return nil, bad("want a method and a path: %q", line)
			}
			s.Cases = append(s.Cases, Case{File: file, Line: i + 1, Method: method, URL: strings.TrimSpace(url), Header: http.Header{}})
			c = &s.Cases[len(s.Cases)-1]
		case strings.HasPrefix(line, ">"):
			k, v, ok := strings.Cut(line[1:], ":")
			if !ok {
				return nil, bad("want > Name: value")
			}
			c.Header.Set(strings.TrimSpace(k), strings.TrimSpace(v))
		default:
			ck, err := parseCheck(line)
			if err != nil {
				return nil, bad("%v", err)
			}
			ck.line = i + 1
			c.checks = append(c.checks, ck)
		}
	}
	for _, c := range s.Cases {
		if len(c.checks) == 0 {
			return nil, fmt.Errorf("%s:%d: %s %s checks nothing", file, c.Line, c.Method, c.URL)
		}
	}
	if len(s.Cases) == 0 {
		return nil, fmt.Errorf("%s: there is no request in it", file)
	}
	return &s, nil
}

var checkRE = regexp.MustCompile(`^(code|body|header ([A-Za-z0-9-]+)) (==|!=|contains|!contains|~|!~)(?: (.*))?$`)

func parseCheck(line string) (check, error) {
	m := checkRE.FindStringSubmatch(line)
	if m == nil {
		return check{}, fmt.Errorf("not a check: %q", line)
	}
	c := check{what: m[1], name: m[2], how: m[3], arg: m[4]}
	if strings.HasSuffix(c.how, "~") {
		var err error
		if c.re, err = regexp.Compile(c.arg); err != nil {
			return c, err
		}
	}
	return c, nil
}

// Run makes each request against the server at base, with client, and returns
// every check that failed.
func (s *Script) Run(ctx context.Context, client *http.Client, base string) error {
	direct := *client
	direct.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	var errs []error
	for _, c := range s.Cases {
		errs = append(errs, c.run(ctx, &direct, base))
	}
	return errors.Join(errs...)
}

func (c *Case) run(ctx context.Context, client *http.Client, base string) error {
	fail := func(line int, format string, args ...any) error {
		return fmt.Errorf("%s:%d: %s %s: %s", c.File, line, c.Method, c.URL, fmt.Sprintf(format, args...))
	}
	url := c.URL
	if strings.HasPrefix(url, "/") {
		url = strings.TrimSuffix(base, "/") + url
	}
	req, err := http.NewRequestWithContext(ctx, c.Method, url, nil)
	if err != nil {
		return fail(c.Line, "%v", err)
	}
	req.Header = c.Header.Clone()
	if req.Header.Get("Accept-Encoding") == "" {
		req.Header.Set("Accept-Encoding", "identity") // else the client would ask for gzip by itself
	}
	resp, err := client.Do(req)
	if err != nil {
		return fail(c.Line, "%v", err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(io.LimitReader(resp.Body, maxBody))
	if err != nil {
		return fail(c.Line, "%v", err)
	}
	var errs []error
	for _, ck := range c.checks {
		var got string
		switch {
		case ck.what == "code":
			got = strconv.Itoa(resp.StatusCode)
		case ck.what == "body":
			got = string(body)
		default:
			got = strings.Join(resp.Header.Values(ck.name), ", ")
		}
		if !ck.holds(got) {
			errs = append(errs, fail(ck.line, "%s is %s; want %s %s", ck.what, short(got), ck.how, ck.arg))
		}
	}
	return errors.Join(errs...)
}

func (c *check) holds(got string) bool {
	switch c.how {
	case "==":
		return got == c.arg
	case "!=":
		return got != c.arg
	case "contains":
		return strings.Contains(got, c.arg)
	case "!contains":
		return !strings.Contains(got, c.arg)
	case "~":
		return c.re.MatchString(got)
	default: // !~; Parse admits nothing else
		return !c.re.MatchString(got)
	}
}

func short(s string) string {
	const most = 300
	if len(s) > most {
		return fmt.Sprintf("%q… (%d bytes)", s[:most], len(s))
	}
	return strconv.Quote(s)
}
