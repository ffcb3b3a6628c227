package plan

import (
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/victorleungtw/blog/internal/content"
)

func TestRedirects(t *testing.T) {
	files := stream(2)
	files["posts/p000/index.zh-Hant.md"] = "---\ndate: 2026-01-01\naliases: [/old/p0/]\n---\n# 文章\n"
	files["redirects"] = "# the old blog\n\n/a /b\n/b/ /c 301\n/c /tags/#All\n/%E9%97%9C/ /zh/\n"
	p, probs := build(t, files)
	if len(probs) > 0 {
		t.Fatalf("problems:\n%v", probs)
	}
	want := map[string]string{
		"/old/p0/": "/zh/2026/01/01/p000/",
		// One step each, however long the chain was.
		"/a": "/tags/#All", "/b/": "/tags/#All", "/c": "/tags/#All",
		"/關/": "/zh/",
	}
	delete(p.Redirects, "/~lang") // what a browser's languages lead to
	if !maps.Equal(p.Redirects, want) {
		t.Errorf("redirects: %v\nwant %v", p.Redirects, want)
	}
}

func TestRedirectProblems(t *testing.T) {
	files := stream(1)
	files["redirects"] = "/tags/ /\n/a/ /nothing/\n/b/ /archive\n"
	_, probs := build(t, files)
	var got []string
	for _, p := range probs {
		got = append(got, p.String()+" | "+p.Hint)
	}
	want := []string{
		"redirects:1: the old address /tags/ is a page of the site | remove it, or give the page another address",
		"redirects:2: /a/ leads to nowhere: the site has no page /nothing/ | let it lead to a page; blog import urls finds the nearest",
		"redirects:3: /b/ leads to nowhere: the site has no page /archive | write it with a slash at its end: /archive/",
	}
	if !slices.Equal(got, want) {
		t.Errorf("problems:\n%s", strings.Join(got, "\n"))
	}
}

// Addresses of forms that posts had before lead to the posts, unless two posts
// could have had them, or something else has.
func TestOldURLs(t *testing.T) {
	files := map[string]string{
		"posts/hello/index.en.md":      "---\ndate: 2026-01-02\n---\n# Hello\n",
		"posts/hello/index.zh-Hant.md": "---\ndate: 2026-01-02\n---\n# 你好\n",
		"posts/2025/twice.en.md":       "---\ndate: 2025-01-02\n---\n# Twice\n",
		"posts/2026/twice.en.md":       "---\ndate: 2026-01-03\n---\n# Twice again\n",
		"posts/tags/index.en.md":       "---\ndate: 2026-01-04\ntags: [A]\n---\n# About tags\n",
		"posts/about/index.en.md":      "---\ndate: 2026-01-05\n---\n# About a post\n",
		"pages/about/index.en.md":      "# About\n",
		"redirects":                    "/posts/about/ /about/\n",
	}
	site := testSite()
	site.OldURLs = []string{"/{slug}/", "/posts/{slug}/", "/{year}/{month}/{slug}.html"}
	p, probs := buildSite(t, files, content.Options{Site: site})
	if len(probs) > 0 {
		t.Fatalf("problems:\n%v", probs)
	}
	want := map[string]string{
		"/hello/": "/2026/01/02/hello/", "/posts/hello/": "/2026/01/02/hello/", "/2026/01/hello.html": "/2026/01/02/hello/",
		"/zh/hello/": "/zh/2026/01/02/hello/", "/zh/posts/hello/": "/zh/2026/01/02/hello/", "/zh/2026/01/hello.html": "/zh/2026/01/02/hello/",
		"/2025/01/twice.html": "/2025/01/02/twice/", "/2026/01/twice.html": "/2026/01/03/twice/",
		"/posts/tags/": "/2026/01/04/tags/", "/2026/01/tags.html": "/2026/01/04/tags/",
		"/posts/about/": "/about/", "/2026/01/about.html": "/2026/01/05/about/",
	}
	delete(p.Redirects, "/~lang")
	if !maps.Equal(p.Redirects, want) {
		t.Errorf("redirects:\n%v\nwant\n%v", p.Redirects, want)
	}
}
