package content

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"golang.org/x/tools/txtar"

	"github.com/victorleungtw/blog/internal/config"
	"github.com/victorleungtw/blog/internal/problem"
)

// site is a blog in three languages.
var site = config.Site{
	Title: "Test", BaseURL: "https://example.com", Author: "Ada", PerPage: 10,
	Languages: []config.Language{{Tag: "en"}, {Tag: "zh-Hant", Prefix: "zh"}, {Tag: "ja", Prefix: "ja"}},
}

// folder writes a txtar archive to a new directory.
func folder(t *testing.T, archive string) string {
	t.Helper()
	dir := t.TempDir()
	for _, f := range txtar.Parse([]byte(archive)).Files {
		name := filepath.Join(dir, filepath.FromSlash(f.Name))
		if err := os.MkdirAll(filepath.Dir(name), 0o777); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(name, f.Data, 0o666); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

func load(t *testing.T, dir string, opts Options) (*Site, problem.List) {
	t.Helper()
	l, err := Open(dir, opts)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	s, probs, err := l.Load(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	return s, probs
}

func TestOwnLayout(t *testing.T) {
	dir := folder(t, `
-- posts/first/index.en.md --
---
date: 2026-03-01
tags: [S3, Route 53]
categories: [architecture]
---
# The first post

It links to [the second](../second/index.en.md#part) and shows
![a picture](pic.svg) and offers [a file](data.csv).
-- posts/first/index.zh-Hant.md --
---
date: 2026-03-01
title: 第一篇
---
內容。
-- posts/first/pic.svg --
<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 40 30"></svg>
-- posts/first/data.csv --
a,b
-- posts/second/index.en.md --
---
date: 2026-03-02T23:30:00-11:00
updated: 2026-04-01
pin: true
authors: [Grace]
---
# The *second* post

Text.
-- pages/about/index.en.md --
# About

Us. [The first post](/2026/03/01/first/).
`)
	s, probs := load(t, dir, Options{Site: site})
	if s == nil || len(probs) > 0 {
		t.Fatalf("problems:\n%v", probs)
	}
	var got []string
	for _, d := range s.Documents() {
		got = append(got, fmt.Sprintf("%s %s %q %s", d.Path, d.Lang, d.Title, d.Date))
	}
	want := []string{
		`/2026/03/02/second/ en "The second post" 2026-03-02`,
		`/2026/03/01/first/ en "The first post" 2026-03-01`,
		`/zh/2026/03/01/first/ zh-Hant "第一篇" 2026-03-01`,
		`/about/ en "About" `,
	}
	if !slices.Equal(got, want) {
		t.Errorf("documents:\n%s\nwant:\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
	first := s.Posts[1]
	if to := first.Source.Links["../second/index.en.md"]; to != "/2026/03/02/second/" {
		t.Errorf("link to the second post: %q (of %v)", to, first.Source.Links)
	}
	img := first.Source.Images["pic.svg"]
	if img.Width != 40 || img.Height != 30 || !strings.HasPrefix(img.URL, "/asset/") {
		t.Errorf("image: %+v", img)
	}
	if len(s.Assets) != 2 {
		t.Errorf("assets: %v", s.Assets)
	}
	if len(first.Translations) != 2 || first.Translations[1].Lang != "zh-Hant" {
		t.Errorf("translations: %v", first.Translations)
	}
	second := s.Posts[0]
	if !second.Pinned || second.Updated != "2026-04-01" || second.Authors[0] != "Grace" || first.Authors[0] != "Ada" {
		t.Errorf("facts of the second post: %+v", second)
	}
}

// A date is the day that the author wrote, in every zone.
func TestDatesDoNotShift(t *testing.T) {
	for _, date := range []string{
		"2022-09-14", "2022-09-14T00:00:00Z", "2022-09-14 23:59:59 +14:00", "2022-09-14T00:30:00-11:00", `"2022-09-14"`,
	} {
		for _, zone := range []string{"Pacific/Kiritimati", "America/Los_Angeles", "UTC"} {
			t.Setenv("TZ", zone)
			dir := folder(t, "-- posts/career/index.en.md --\n---\ndate: "+date+"\n---\n# Career\n")
			s, probs := load(t, dir, Options{Site: site})
			if s == nil {
				t.Fatalf("%s: %v", date, probs)
			}
			if d := s.Posts[0]; d.Path != "/2022/09/14/career/" || d.Date != "2022-09-14" {
				t.Errorf("%s in %s: %s, dated %s", date, zone, d.Path, d.Date)
			}
		}
	}
}

const mkdocs = `
-- mkdocs.yml --
site_name: Continuous Improvement
site_url: https://example.com/
plugins:
  - search
  - blog:
      blog_dir: .
      post_dir: posts
      post_url_format: "{date}/{slug}"
      pagination_per_page: 5
markdown_extensions:
  - pymdownx.emoji:
      emoji_index: !!python/name:material.extensions.emoji.twemoji
-- docs/index.md --
# Blog
-- docs/.authors.yml --
authors:
  vic:
    name: Victor
    description: x
`

func TestMkDocsLayout(t *testing.T) {
	dir := folder(t, mkdocs+`
-- docs/about.md --
# About me
-- docs/posts/k8s-en.md --
---
date:
  created: 2023-09-06
  updated: 2023-10-01
slug: kubernetes
categories: [en, Notes]
authors: [vic]
---
# Understanding Kubernetes
-- docs/posts/k8s-zh.md --
---
date: 2023-09-06
slug: kubernetes
categories: zh
---
# 了解 Kubernetes
-- docs/posts/career-zh.md --
---
date: 2022-09-14
slug: career
categories:
  - zh
---
# 職業生涯
-- docs/posts/2023/pod.md --
---
date: 2023-09-07
categories:
  - podcast
---
# Hello, World! Part 2: "What is AWS?"
`)
	s, probs := load(t, dir, Options{Site: config.Site{Title: "Ignored", Timezone: "Asia/Tokyo"}})
	if s == nil {
		t.Fatalf("problems:\n%v", probs)
	}
	// mkdocs.yml has no zone: that of blog.yaml counts.
	if at := s.Posts[0].At.UTC(); !at.Equal(time.Date(2023, 9, 6, 15, 0, 0, 0, time.UTC)) {
		t.Errorf("the day of the newest post begins at %v", at)
	}
	var got []string
	for _, d := range s.Documents() {
		got = append(got, d.Path+" "+d.Lang)
	}
	want := []string{
		"/2023/09/07/hello-world-part-2-what-is-aws/ en",
		"/2023/09/06/kubernetes/ en",
		"/zh/2023/09/06/kubernetes/ zh-Hant",
		"/zh/2022/09/14/career/ zh-Hant",
		"/about/ en",
	}
	if !slices.Equal(got, want) {
		t.Errorf("documents:\n%s\nwant:\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
	if s.Config.Timezone != "Asia/Tokyo" || s.Config.PerPage != 5 || s.Config.BaseURL != "https://example.com" || len(s.Config.Languages) != 2 {
		t.Errorf("settings: %+v", s.Config)
	}
	en := s.Posts[1]
	if len(en.Translations) != 2 || en.Updated != "2023-10-01" || en.Authors[0] != "Victor" || !slices.Equal(en.Categories, []string{"Notes"}) {
		t.Errorf("the English edition: %+v", en)
	}
	if s.Posts[0].Episode == nil || en.Episode != nil {
		t.Error("category podcast makes an episode, and nothing else does")
	}
	// A Chinese edition without an English one had the English form of address.
	if to := s.Redirects["/2022/09/14/career/"]; to != "/zh/2022/09/14/career/" {
		t.Errorf("the old address of the Chinese post leads to %q", to)
	}
	if to, taken := s.Redirects["/2023/09/06/kubernetes/"]; taken {
		t.Errorf("the English post's own address redirects to %q", to)
	}
}

func TestDraftsAndDaysToCome(t *testing.T) {
	dir := folder(t, `
-- posts/a/index.en.md --
---
date: 2026-01-01
draft: true
---
# A
-- posts/b/index.en.md --
---
date: 2026-12-31
---
# B
-- posts/c/index.en.md --
---
date: 2026-11-22
---
# C
`)
	now := time.Date(2026, 11, 22, 0, 0, 0, 0, time.UTC)
	s, probs := load(t, dir, Options{Site: site, Now: now})
	if len(s.Posts) != 1 || s.Posts[0].Slug != "c" {
		t.Errorf("published: %v", s.Posts)
	}
	if len(probs) != 1 || probs[0].File != "posts/b/index.en.md" || probs[0].Severity != problem.Info {
		t.Errorf("problems: %v", probs)
	}
	if s, _ := load(t, dir, Options{Site: site, Now: now, Drafts: true}); len(s.Posts) != 3 {
		t.Errorf("with drafts: %v", s.Posts)
	}
}

// What did not change is not read again; what changed is.
func TestLoadAgain(t *testing.T) {
	dir := folder(t, "-- posts/a/index.en.md --\n---\ndate: 2026-01-01\n---\n# A\n-- posts/b/index.en.md --\n---\ndate: 2026-01-02\n---\n# B\n")
	l, err := Open(dir, Options{Site: site})
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	ctx := context.Background()
	if _, _, err := l.Load(ctx); err != nil {
		t.Fatal(err)
	}
	a, b := l.docs["posts/a/index.en.md"], l.docs["posts/b/index.en.md"]
	if err := os.WriteFile(filepath.Join(dir, "posts/b/index.en.md"), []byte("---\ndate: 2026-01-02\n---\n# Better\n"), 0o666); err != nil {
		t.Fatal(err)
	}
	s, _, err := l.Load(ctx)
	if err != nil {
		t.Fatal(err)
	}
	if l.docs["posts/a/index.en.md"] != a || l.docs["posts/b/index.en.md"] == b || s.Posts[0].Title != "Better" {
		t.Errorf("after a change of b: %+v", s.Posts[0])
	}
}

// A picture that changed under its name is another asset.
func TestLoadChangedPicture(t *testing.T) {
	dir := folder(t, "-- posts/a.md --\n---\ndate: 2026-01-01\ndraft: true\n---\n# A\n\n![x](x.png)\n")
	put(t, dir, "posts/x.png", pngOf(t, 3, 3))
	l := open(t, dir, Options{Site: site, Drafts: true})
	width := func() int {
		t.Helper()
		s, probs, err := l.Load(context.Background())
		if s == nil {
			t.Fatal(probs, err)
		}
		return s.Posts[0].Source.Images["x.png"].Width
	}
	if w := width(); w != 3 {
		t.Errorf("%d pixels wide, want 3", w)
	}
	put(t, dir, "posts/x.png", pngOf(t, 444, 3))
	if w := width(); w != 444 {
		t.Errorf("%d pixels wide, want 444", w)
	}
}

func TestTranslationOf(t *testing.T) {
	s, probs := load(t, folder(t, `
-- posts/hello.md --
---
date: 2026-01-01
---
# Hello
-- posts/gruesse.ja.md --
---
date: 2026-01-02
translation_of: hello
---
# こんにちは
-- posts/nihao.zh-Hant.md --
---
date: 2026-01-03
translation_of: gruesse.ja.md
---
# 你好
-- posts/alone.zh-Hant.md --
---
date: 2026-01-04
---
# 一人
`), Options{Site: site})
	if s == nil || len(probs) > 0 {
		t.Fatal(probs)
	}
	for _, d := range s.Posts {
		var langs []string
		for _, tr := range d.Translations {
			langs = append(langs, tr.Lang)
		}
		want := "en zh-Hant ja"
		if d.Slug == "alone" {
			want = ""
		}
		if got := strings.Join(langs, " "); got != want {
			t.Errorf("%s is there in %q, want %q", d.File, got, want)
		}
	}
}

func TestSlugify(t *testing.T) {
	for in, want := range map[string]string{
		"Service mesh": "service-mesh", "職業生涯": "職業生涯", "C++ & Go": "c--go", "  AWS  ": "aws",
		"Hello, World!": "hello-world", "a_b-c": "a_b-c", "CAFÉ": "café", "!!!": "",
	} {
		if got := Slugify(in); got != want {
			t.Errorf("Slugify(%q) = %q, want %q", in, got, want)
		}
	}
}

func TestPlaytime(t *testing.T) {
	for s, want := range map[string]int{
		"0:00": 0, "2:38": 158, "02:38": 158, "75:30": 4530, "1:02:03": 3723, "1:2:03": 3723, "100:00:00": 360_000,
		"99:99": -1, "2:60": -1, "1:60:00": -1, "100:00": -1, "2:3": -1, "2": -1, "": -1, ":30": -1, "-1:30": -1, "2:38 ": -1,
	} {
		got, ok := playtime(s)
		if !ok {
			got = -1
		}
		if got != want {
			t.Errorf("%q is %d seconds, want %d", s, got, want)
		}
	}
}
