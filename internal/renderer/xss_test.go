package renderer_test

import (
	"bufio"
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"reflect"
	"strconv"
	"strings"
	"testing"

	"golang.org/x/net/html"

	"github.com/victorleungtw/blog/internal/config"
	"github.com/victorleungtw/blog/internal/names"
	"github.com/victorleungtw/blog/internal/recipe"
	"github.com/victorleungtw/blog/internal/render"
)

// payload is one line of testdata/xss.txt.
type payload struct{ class, text string }

func payloads(t *testing.T) []payload {
	t.Helper()
	f, err := os.Open("testdata/xss.txt")
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	var out []payload
	class := ""
	for s := bufio.NewScanner(f); s.Scan(); {
		line := s.Text()
		if c, ok := strings.CutPrefix(line, "## "); ok {
			class = c
		} else if line != "" && !strings.HasPrefix(line, "# ") && line != "#" {
			if v, err := strconv.Unquote(line); err == nil {
				line = v
			}
			out = append(out, payload{class, line})
		}
	}
	if len(out) < 150 {
		t.Fatalf("%d payloads", len(out))
	}
	return out
}

// hostileSite has a payload wherever a site has a text.
var hostileSite = config.Site{
	Title: `"><script>alert(1)</script>`, Description: `</title><img src=x onerror=alert(1)>`, Author: `' onmouseover='alert(1)`,
	BaseURL: "https://example.com", PerPage: 20,
	Languages: []config.Language{{Tag: "en"}, {Tag: "zh-Hant", Prefix: "zh", Title: "</script><svg onload=alert(1)>"}},
}

// Whatever an author writes into the front matter, every page and feed of the
// blog is inert.
func TestInertFrontMatter(t *testing.T) {
	files := map[string]string{}
	for i, p := range payloads(t) {
		text := yamlText(p.text)
		files[fmt.Sprintf("posts/p-%d/index.en.md", i)] = fmt.Sprintf(`---
title: %[1]s
date: 2026-01-%02[2]d
description: %[1]s
tags: [aws, %[3]s]
categories: [%[3]s]
authors: [%[1]s]
series: %[3]s
guid: %[1]s
audio: https://cdn.example.com/a.mp3
audio_length: 9
duration: "10:00"
chapters: [%[4]s]
people: [{name: %[1]s, role: %[1]s}]
---
x
`, text, i%28+1, yamlText("t "+p.text), yamlText("0:00 c "+strings.ReplaceAll(p.text, "\n", " ")))
	}
	b := newBlog(t, write(t, files), hostileSite)
	counts := map[string]int{}
	for _, pg := range b.plan.Pages {
		w := b.get(t, "/page/"+pg.Digest)
		if w.Code != http.StatusOK {
			t.Fatalf("%s: %d %s", pg.Path, w.Code, w.Body)
		}
		counts[inert(t, pg.Path, w.Header().Get("Content-Type"), w.Body.Bytes())]++
	}
	for _, kind := range []string{"text/html", "application/atom+xml", "application/rss+xml", "application/feed+json", "image/svg+xml"} {
		if counts[kind] == 0 {
			t.Errorf("nothing of the kind %s among %v", kind, counts)
		}
	}
}

// Whatever a recipe and its text say, what the renderer makes of it is inert:
// it does not rely on the checks of who wrote the recipe.
func TestInertPages(t *testing.T) {
	files := small()
	files["posts/talk/index.en.md"] = "---\ndate: 2026-01-03\ntags: [AWS]\ncategories: [podcast]\nseries: S\naudio: https://cdn.example.com/a.mp3\naudio_length: 9\nduration: \"10:00\"\nchapters: [\"0:00 x\"]\npeople: [{name: x}]\n---\n# Talk\n\nx\n"
	b := newBlog(t, write(t, files), twoLanguages)
	samples := map[string]*recipe.Recipe{} // one of each kind
	for _, pg := range b.plan.Pages {
		r := pg.Recipe
		name := string(r.Kind)
		if r.Feed != nil {
			name += r.Feed.Format
		}
		if r.Post != nil && r.Post.Episode != nil {
			name += "episode"
		}
		switch r.Kind {
		case recipe.Search, recipe.SearchLang, recipe.SearchPart, recipe.Stylesheet:
		default:
			samples[name] = r
		}
	}
	for _, p := range payloads(t) {
		for _, body := range bodies(p.text) {
			for _, r := range samples {
				if r.Kind == recipe.NotFound && len(p.text) > 60 {
					continue // it has 1,024 bytes for all
				}
				page, err := render.Render(t.Context(), hostile(t, r, p.text), text(body))
				if err != nil {
					t.Fatalf("%s of %q: %v", r.Kind, p.text, err)
				}
				inert(t, fmt.Sprintf("%s of %q", r.Kind, p.text), page.ContentType, page.Body)
			}
		}
	}
}

// text is the source of every page.
type text string

func (s text) Source(context.Context, string) ([]byte, error) { return []byte(s), nil }

// bodies are texts with a payload: alone, in all places that Markdown has, and
// in formulas.
func bodies(p string) []string {
	line := strings.ReplaceAll(p, "\n", " ")
	return []string{p + "\n\nThe end.\n", strings.Join([]string{
		"Inline " + line + " text, *" + line + "*, `" + line + "`.",
		"[a](" + line + ") [b](<" + line + ">) [c](/x \"" + line + "\") <" + line + ">",
		"![a](" + line + ") ![" + line + "](x.png \"" + line + "\"){ width=" + line + " }",
		"[d][e]\n\n[e]: " + line,
		"## " + line + " {#" + line + "}",
		"- " + line + "\n\n1. [ ] " + line,
		"> " + line,
		"| " + line + " | b |\n|---|---|\n| " + line + " | c |",
		"!!! note \"" + line + "\"\n    " + line,
		"??? " + line + "\n    x",
		"```" + strings.ReplaceAll(line, "`", "") + "\n" + line + "\n```",
		"```go title=\"" + line + "\"\nx\n```",
		"Term " + line + "\n: " + line,
		"Note[^1]\n\n[^1]: " + line,
		"<details>\n<summary>" + line + "</summary>\n\n" + line + "\n\n</details>",
		"<abbr title='" + line + "'>x</abbr> <kbd " + line + ">x</kbd>",
	}, "\n\n") + "\n", strings.Join([]string{
		"$" + line + "$ $\\text{" + line + "}$ $\\color{" + line + "}{x}$ $\\mathbb{" + line + "}$ $$" + line + "$$",
		"$$\n" + line + "\n$$",
		"```math\n\\frac{" + line + "}{x}\n```",
	}, "\n\n") + "\n"}
}

// hostile is a recipe with a payload in place of every text, and behind every
// path.
func hostile(t *testing.T, r *recipe.Recipe, p string) *recipe.Recipe {
	t.Helper()
	out, err := recipe.Decode(r.Encode())
	if err != nil {
		t.Fatal(err)
	}
	texts := set("Title Description Author Authors Text Name Role Summary Tags Desc Sub Intro OwnerName OwnerEmail GUID")
	paths := set("URL Path Home Page Self Older Newer Icon Feed Show Audio Chapters Img Image Links")
	var fill func(v reflect.Value, field string)
	fill = func(v reflect.Value, field string) {
		switch v.Kind() {
		case reflect.Pointer:
			if !v.IsNil() {
				fill(v.Elem(), field)
			}
		case reflect.Struct:
			for i := range v.NumField() {
				fill(v.Field(i), v.Type().Field(i).Name)
			}
		case reflect.Slice:
			for i := range v.Len() {
				fill(v.Index(i), field)
			}
		case reflect.Bool:
			if field == "Math" {
				v.SetBool(true)
			}
		case reflect.String:
			switch {
			case v.Type() == reflect.TypeFor[recipe.Kind]():
			case texts[field] && !strings.HasPrefix(v.String(), "/"):
				v.SetString(p)
			case paths[field]:
				v.SetString("/" + p)
			}
		}
	}
	fill(reflect.ValueOf(out), "")
	return out
}

// inert fails the test if an answer is not, and says of what kind it was.
func inert(t *testing.T, name, contentType string, body []byte) string {
	t.Helper()
	kind, _, _ := strings.Cut(contentType, ";")
	for _, bad := range inspect(t, kind, body) {
		t.Errorf("%s (%s): %s", name, kind, bad)
	}
	return kind
}

// Whatever a stranger asks, the answer is inert.
func TestInertSearch(t *testing.T) {
	b := newBlog(t, write(t, small()), twoLanguages)
	for _, p := range payloads(t) {
		for _, query := range []url.Values{
			{"q": {p.text}},
			{"q": {p.text + " cached"}, "lang": {p.text}, "tag": {p.text}, "page": {p.text}, "all": {p.text}},
			{"q": {"cached"}, "lang": {"en"}, "tag": {p.text}, p.text: {p.text}},
			{"q": {"~" + p.text}, "lang": {"zh-Hant"}},
		} {
			w := b.ask(t, query.Encode())
			if w.Code != http.StatusOK {
				t.Fatalf("%v: %d", query, w.Code)
			}
			inert(t, query.Encode(), w.Header().Get("Content-Type"), w.Body.Bytes())
		}
		// No header is shown, and what is no page is no HTML.
		for _, path := range []string{"/search/" + b.root(t) + "?q=cached&lang=en", "/page/" + url.PathEscape(p.text), "/" + url.PathEscape(p.text)} {
			want := b.get(t, path)
			req := httptest.NewRequest(http.MethodGet, path, nil)
			for _, h := range []string{"Accept-Language", "User-Agent", "Referer", "Cookie", "Origin", "X-Forwarded-Host", "X-Forwarded-For", "X-Blog-Release", "Accept", "If-None-Match"} {
				req.Header.Set(h, p.text)
			}
			req.Host = p.text
			req.Header.Set(names.OriginHeader, "secret")
			got := httptest.NewRecorder()
			b.ServeHTTP(got, req)
			if got.Body.String() != want.Body.String() || got.Code != want.Code {
				t.Errorf("%s with %q in its headers: %d %s", path, p.text, got.Code, got.Body)
			}
			if kind := got.Header().Get("Content-Type"); got.Code >= 400 && kind != "application/json" {
				t.Errorf("%s: %d %s", path, got.Code, kind)
			}
		}
	}
}

// The other tests look for something that is there to be found: what each
// payload does in a page that does not defend itself, inspect sees.
func TestInspect(t *testing.T) {
	harmless := map[string]bool{
		"Markdown": true, "on the server": true, "browsers of the past": true, // they are for others than today's browsers
	}
	inert := 0
	for _, p := range payloads(t) {
		if harmless[p.class] {
			continue
		}
		seen := false
		decoded := html.UnescapeString(html.UnescapeString(p.text))
		for _, page := range []string{
			"<div>" + p.text + "</div>", "<div>" + decoded + "</div>", `<a href="` + p.text + `">x</a>`,
			`<img alt="` + p.text + `">`, "<img alt='" + p.text + "'>", "<img alt=" + p.text + ">", "<title>" + p.text + "</title>",
			`<script type="application/ld+json">{"@context":"https://schema.org","name":"` + strings.ReplaceAll(p.text, `"`, `\"`) + `"}</script>`,
		} {
			seen = seen || len(inspectHTML(t, page, false)) > 0
		}
		if !seen {
			inert++
			t.Logf("%s: %q does nothing", p.class, p.text)
		}
	}
	if inert > 0 {
		t.Errorf("%d payloads are none", inert)
	}
}

// yamlText is a text in double quotes, as YAML has them.
func yamlText(s string) string {
	var b strings.Builder
	b.WriteByte('"')
	for _, r := range s {
		if r == '"' || r == '\\' || r < ' ' || r > 0x7e {
			fmt.Fprintf(&b, `\U%08x`, r)
			continue
		}
		b.WriteRune(r)
	}
	return b.String() + `"`
}
