package webtest

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

func server(t *testing.T) *httptest.Server {
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/old" {
			http.Redirect(w, r, "/new", http.StatusMovedPermanently)
			return
		}
		w.Header().Set("X-Lang", r.Header.Get("Accept-Language"))
		fmt.Fprintf(w, "this is %s", r.URL.Path)
	}))
	t.Cleanup(s.Close)
	return s
}

func TestRun(t *testing.T) {
	s := server(t)
	good := `
# what holds
GET /a
> Accept-Language: ja
code == 200
header X-Lang == ja
body contains is /a
body !contains script
body ~ ^this is /.$
body !~ b$

GET /old
code == 301
header Location == /new
header Location != /old
`
	script, err := Parse("good", good)
	if err != nil {
		t.Fatal(err)
	}
	if err := script.Run(context.Background(), s.Client(), s.URL+"/"); err != nil {
		t.Errorf("what holds was found not to: %v", err)
	}
	// Each check, turned round, must fail and say where.
	for _, c := range []string{"code == 201", "code != 200", "header X-Lang == en", "body contains b", "body !contains this", "body ~ z", "body !~ this"} {
		script, err := Parse("bad", "GET /a\n"+c+"\n")
		if err != nil {
			t.Fatal(err)
		}
		err = script.Run(context.Background(), s.Client(), s.URL)
		if err == nil || !strings.HasPrefix(err.Error(), "bad:2: GET /a: ") {
			t.Errorf("%s: %v", c, err)
		}
	}
	script, _ = Parse("down", "GET /a\ncode == 200\n")
	if err := script.Run(context.Background(), s.Client(), "http://127.0.0.1:1"); err == nil {
		t.Error("a server that is not there passed")
	}
}

func TestParseErrors(t *testing.T) {
	for text, want := range map[string]string{
		"":                        "s: there is no request in it",
		"get /":                   `s:1: want a method and a path: "get /"`,
		"GET /":                   "s:1: GET / checks nothing",
		"GET /\ncode is 200":      `s:2: not a check: "code is 200"`,
		"GET /\n> x\ncode == 200": "s:2: want > Name: value",
		"GET /\nbody ~ (":         "s:2: error parsing regexp: missing closing ): `(`",
	} {
		if _, err := Parse("s", text); err == nil || err.Error() != want {
			t.Errorf("%q: %v, want %s", text, err, want)
		}
	}
}
