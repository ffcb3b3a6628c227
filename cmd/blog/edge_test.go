package main

import (
	"bytes"
	"context"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/victorleungtw/blog/internal/cloud"
)

// atEdge is a place on this machine, and the edge in front of it.
type atEdge struct {
	t               *testing.T
	folder, content string
	edge            http.Handler
}

func newAtEdge(t *testing.T) *atEdge {
	t.Helper()
	a := &atEdge{t: t, folder: t.TempDir(), content: t.TempDir()}
	c, err := cloud.Local(context.Background(), a.folder, cloud.LocalOptions{Log: slog.New(slog.DiscardHandler), Quick: true})
	if err != nil {
		t.Fatal(err)
	}
	e, err := c.Edge(cloud.EdgeOptions{Log: slog.New(slog.DiscardHandler), Debug: true})
	if err != nil {
		t.Fatal(err)
	}
	a.edge = e
	return a
}

func (a *atEdge) write(slug, front, text string) {
	a.t.Helper()
	name := filepath.Join(a.content, "posts", slug, "index.en.md")
	if err := os.MkdirAll(filepath.Dir(name), 0o777); err != nil {
		a.t.Fatal(err)
	}
	if err := os.WriteFile(name, []byte("---\n"+front+"\n---\n# "+slug+"\n\n"+text+"\n"), 0o666); err != nil {
		a.t.Fatal(err)
	}
}

// blog runs the command on the place, and returns what it prints.
func (a *atEdge) blog(args ...string) string {
	a.t.Helper()
	var out, talk bytes.Buffer
	cmd := &app{out: &out, err: &talk, env: func(string) string { return "" }}
	args = append(args, "--local", a.folder)
	if args[0] == "publish" || args[0] == "share" || args[0] == "branch" {
		args = append(args, "--content", a.content)
	}
	if status := cmd.main(context.Background(), args); status != exitOK {
		a.t.Fatalf("blog %s: status %d: %s", strings.Join(args, " "), status, talk.String())
	}
	return out.String()
}

func (a *atEdge) get(host, path string) (*http.Response, string) {
	a.t.Helper()
	w := httptest.NewRecorder()
	a.edge.ServeHTTP(w, httptest.NewRequest("GET", "http://"+host+path, nil))
	body, err := io.ReadAll(w.Result().Body)
	if err != nil {
		a.t.Fatal(err)
	}
	return w.Result(), string(body)
}

// want fails unless an answer has this status and says this.
func (a *atEdge) want(host, path string, status int, text string) *http.Response {
	a.t.Helper()
	resp, body := a.get(host, path)
	if resp.StatusCode != status || !strings.Contains(body, text) {
		a.t.Errorf("%s%s: %d, want %d with %q: %.300s", host, path, resp.StatusCode, status, text, body)
	}
	return resp
}

// A branch from its publish to its end, as its readers see it.
func TestBranchAtTheEdge(t *testing.T) {
	a := newAtEdge(t)
	a.write("hello", "date: 2026-03-01", "The first text.")
	a.write("other", "date: 2026-03-02", "Other.")
	a.write("old", "date: 2026-01-01", "Old.")
	a.blog("publish")
	const site, host = "localhost:8080", "pr-7.branch.localhost:8080"
	a.want(host, hello, 404, "There is no branch pr-7.")

	a.write("hello", "date: 2026-03-01", "The branch's text.")
	a.write("new", "date: 2026-03-03", "Only on the branch.")
	if err := os.RemoveAll(filepath.Join(a.content, "posts", "other")); err != nil {
		t.Fatal(err)
	}
	a.blog("branch", "publish", "pr-7")
	resp := a.want(host, hello, 200, "The branch's text.")
	if got := resp.Header.Get("X-Blog-Release"); got != "1+pr-7.1" {
		t.Errorf("release %q", got)
	}
	a.want(host, "/2026/03/03/new/", 200, "Only on the branch.")
	a.want(host, "/2026/03/03/new", 301, "")
	a.want(host, "/2026/03/02/other/", 410, "")
	a.want(host, "/", 200, "/2026/03/03/new/")
	a.want(host, "/robots.txt", 200, "Disallow: /\n")
	a.want(site, hello, 200, "The first text.")
	a.want(site, "/2026/03/03/new/", 404, "")
	a.want(site, "/2026/03/02/other/", 200, "Other.")

	// The next push takes back what it does not change any more.
	a.write("hello", "date: 2026-03-01", "The first text.")
	a.blog("branch", "publish", "pr-7")
	a.want(host, hello, 200, "The first text.")
	a.want(host, "/2026/03/03/new/", 200, "Only on the branch.")

	// Going on with the blog does not disturb it, nor does a table made anew.
	a.write("other", "date: 2026-03-02", "Other.")
	if err := os.RemoveAll(filepath.Join(a.content, "posts", "new")); err != nil {
		t.Fatal(err)
	}
	a.write("old", "date: 2026-01-01", "Still old.")
	a.blog("publish")
	a.blog("reconcile")
	a.want(host, "/2026/01/01/old/", 200, "Still old.")
	a.want(host, "/2026/03/03/new/", 200, "Only on the branch.")
	a.want(host, "/2026/03/02/other/", 410, "")
	a.want(site, "/2026/01/01/old/", 200, "Still old.")
	a.want(site, "/2026/03/02/other/", 200, "Other.")

	a.blog("branch", "rm", "pr-7")
	a.want(host, hello, 404, "There is no branch pr-7.")
	a.want(site, hello, 200, "The first text.")
}

// A link to a draft shows the draft to whoever has it, and nothing shows it to
// anybody else.
func TestShareAtTheEdge(t *testing.T) {
	a := newAtEdge(t)
	const site = "localhost:8080"
	a.write("hello", "date: 2026-03-01", "The first text.")
	a.write("draft", "date: 2026-03-02\ndraft: true", "Not yet.")
	a.write("secret", "date: 2026-03-03\ndraft: true", "Not for anybody.")
	a.blog("publish")
	link := strings.TrimPrefix(strings.TrimSpace(a.blog("share", "/2026/03/02/draft/")), "http://"+site)

	resp := a.want(site, link, 200, "Not yet.")
	for name, want := range map[string]string{
		"Cache-Control": "private, no-store", "X-Robots-Tag": "noindex, nofollow", "Referrer-Policy": "no-referrer",
		"Content-Type": "text/html; charset=utf-8",
	} {
		if got := resp.Header.Get(name); got != want {
			t.Errorf("%s: %q, want %q", name, got, want)
		}
	}
	_, body := a.get(site, link)
	if strings.Contains(body, "secret") || !strings.Contains(body, `name="robots"`) || !strings.Contains(body, "noindex") {
		t.Errorf("the page: %s", body)
	}
	style := body[strings.Index(body, "/page/"):]
	a.want(site, style[:strings.IndexByte(style, '"')], 200, "")

	digest := strings.Split(link, ".")[1]
	for _, path := range []string{"/draft/" + digest, "/draft/" + digest + ".br", "/page/" + digest, "/2026/03/02/draft/", link[:len(link)-2] + "00"} {
		if resp, body := a.get(site, path); resp.StatusCode < 400 || strings.Contains(body, "Not yet.") {
			t.Errorf("%s: %d", path, resp.StatusCode)
		}
	}
	_, home := a.get(site, "/")
	_, feed := a.get(site, "/feed.xml")
	if strings.Contains(home+feed, "draft") {
		t.Error("the blog leads to the draft")
	}

	// The same link from another publish, after the table was made anew; and
	// none after they were revoked.
	a.blog("reconcile")
	a.want(site, link, 200, "Not yet.")
	a.blog("share", "--revoke-all")
	a.want(site, link, 404, "")
	again := strings.TrimPrefix(strings.TrimSpace(a.blog("share", "/2026/03/02/draft/")), "http://"+site)
	a.want(site, again, 200, "Not yet.")
}
