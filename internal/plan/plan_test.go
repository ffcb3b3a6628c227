package plan

import (
	"context"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/victorleungtw/blog/internal/config"
	"github.com/victorleungtw/blog/internal/content"
	"github.com/victorleungtw/blog/internal/problem"
	"github.com/victorleungtw/blog/internal/recipe"
)

// write makes a folder of posts: name → text.
func write(t *testing.T, files map[string]string) string {
	t.Helper()
	dir := t.TempDir()
	for name, text := range files {
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o777); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o666); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

func build(t *testing.T, files map[string]string) (*Plan, problem.List) {
	t.Helper()
	return buildSite(t, files, content.Options{Site: testSite()})
}

func testSite() config.Site {
	return config.Site{
		Title: "Test", BaseURL: "https://example.com", PerPage: 10,
		Languages: []config.Language{{Tag: "en"}, {Tag: "zh-Hant", Prefix: "zh", Title: "測試"}},
		Nav:       []config.NavItem{{Text: map[string]string{"en": "Tags", "zh-Hant": "標籤"}, URL: "/tags/"}},
	}
}

func buildSite(t *testing.T, files map[string]string, opts content.Options) (*Plan, problem.List) {
	t.Helper()
	l, err := content.Open(write(t, files), opts)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	s, probs, err := l.Load(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	if s == nil {
		t.Fatalf("content:\n%v", probs)
	}
	return Build(s, "v1")
}

func pages(p *Plan) map[string]string {
	out := map[string]string{}
	for _, pg := range p.Pages {
		out[pg.Path] = pg.Digest
	}
	return out
}

func find(t *testing.T, p *Plan, path string) *recipe.Recipe {
	t.Helper()
	for _, pg := range p.Pages {
		if pg.Path == path {
			return pg.Recipe
		}
	}
	t.Fatalf("no page %s", path)
	return nil
}

// stream is n posts, one a day, each with a tag and a category.
func stream(n int) map[string]string {
	files := map[string]string{}
	for i := range n {
		files[fmt.Sprintf("posts/p%03d/index.en.md", i)] = fmt.Sprintf(
			"---\ndate: %s\ntags: [All]\ncategories: [notes]\n---\n# Post %d\n\nText of post %d.\n", day(i), i, i)
	}
	return files
}

func day(i int) string { return fmt.Sprintf("2026-%02d-%02d", i/28+1, i%28+1) }

func TestPaths(t *testing.T) {
	files := stream(11)
	files["posts/p000/index.zh-Hant.md"] = "---\ndate: 2026-01-01\ntags: [全部]\n---\n# 文章\n"
	files["pages/about/index.en.md"] = "# About\n"
	p, probs := build(t, files)
	if len(probs) > 0 {
		t.Fatalf("problems:\n%v", probs)
	}
	var got []string
	for _, pg := range p.Pages {
		if !strings.HasPrefix(pg.Path, "/page/") || pg.Path == "/page/2/" {
			if pg.Recipe.Kind != recipe.Post {
				got = append(got, pg.Path)
			}
		}
	}
	want := []string{
		"/", "/404.html", "/archive/", "/archive/2026/", "/archive/2026/page/2/",
		"/category/notes/", "/category/notes/feed.json", "/category/notes/feed.xml", "/category/notes/page/2/", "/category/notes/rss.xml",
		"/favicon.svg", "/feed.json", "/feed.xml", "/llms.txt", "/opensearch.xml", "/page/2/", "/robots.txt", "/rss.xml",
		"/search", "/search/en", "/search/en/p", "/search/zh-hant", "/search/zh-hant/p",
		"/sitemap.xml", "/sitemap/en-2026.xml", "/sitemap/en.xml", "/sitemap/zh-hant-2026.xml", "/sitemap/zh-hant.xml",
		"/tag/all/", "/tag/all/feed.json", "/tag/all/feed.xml", "/tag/all/page/2/", "/tag/all/rss.xml", "/tags/",
		"/zh/", "/zh/404.html", "/zh/archive/", "/zh/archive/2026/", "/zh/feed.json", "/zh/feed.xml", "/zh/llms.txt", "/zh/opensearch.xml", "/zh/rss.xml",
		"/zh/tag/全部/", "/zh/tag/全部/feed.json", "/zh/tag/全部/feed.xml", "/zh/tag/全部/rss.xml", "/zh/tags/",
	}
	if !slices.Equal(got, want) {
		t.Errorf("paths:\n%s\nwant:\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
	style := find(t, p, find(t, p, "/").Site.Stylesheet)
	if style.Kind != recipe.Stylesheet {
		t.Errorf("the stylesheet's address leads to a %s", style.Kind)
	}
	zh := find(t, p, "/zh/")
	if zh.Site.Title != "測試" || zh.Site.Languages[1].Name != "繁體中文" || zh.Site.Nav[0].URL != "/zh/tags/" {
		t.Errorf("the Chinese home says %+v", zh.Site)
	}
}

// Building twice gives the same digests: nothing depends on the order of a map.
func TestBuildIsPure(t *testing.T) {
	files := stream(25)
	first, _ := build(t, files)
	for range 5 {
		again, _ := build(t, files)
		for path, digest := range pages(first) {
			if pages(again)[path] != digest {
				t.Fatalf("%s has another digest the second time", path)
			}
		}
	}
}

// A new post changes what shows it and nothing else.
func TestNewPostChangesFewPages(t *testing.T) {
	const n = 35
	before, _ := build(t, stream(n))
	after, _ := build(t, stream(n+1))
	was := pages(before)
	var got []string
	for _, pg := range after.Pages {
		if was[pg.Path] != pg.Digest {
			got = append(got, pg.Path)
		}
	}
	want := []string{
		"/",
		"/2026/02/07/p034/", // the neighbour
		"/2026/02/08/p035/", // the post
		"/archive/2026/", "/category/notes/", "/category/notes/feed.json", "/category/notes/feed.xml", "/category/notes/rss.xml",
		"/feed.json", "/feed.xml", "/llms.txt", "/rss.xml",
		"/search", "/search/en", "/search/en/p", // the index, the language's, the part with the post
		"/sitemap.xml", "/sitemap/en-2026.xml",
		"/tag/all/", "/tag/all/feed.json", "/tag/all/feed.xml", "/tag/all/rss.xml",
	}
	if !slices.Equal(got, want) {
		t.Errorf("changed:\n%s\nwant:\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}

// An edit of a post's text changes the post, and the feeds that have it in
// full.
func TestEditChangesFewPages(t *testing.T) {
	files := stream(35)
	before, _ := build(t, files)
	name := "posts/p003/index.en.md"
	files[name] = strings.Replace(files[name], "Text of", "Text, better, of", 1) + "\nAnd more.\n"
	after, _ := build(t, files)
	was := pages(before)
	var got []string
	for _, pg := range after.Pages {
		if was[pg.Path] != pg.Digest {
			got = append(got, pg.Path)
		}
	}
	// Too old for the feeds; lists show its summary, which changed too.
	want := []string{"/2026/01/04/p003/", "/archive/2026/page/2/", "/category/notes/page/2/", "/llms.txt", "/page/2/",
		"/search", "/search/en", "/search/en/p", "/tag/all/page/2/"}
	if !slices.Equal(got, want) {
		t.Errorf("changed:\n%s\nwant:\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}

func TestPaginate(t *testing.T) {
	for n := range 100 {
		pages := paginate(n, 10)
		shown := map[int]bool{}
		for i, p := range pages {
			if p.to-p.from > 10 || (n > 0 && p.to == p.from) {
				t.Errorf("n=%d: page %d shows %d posts", n, p.number, p.to-p.from)
			}
			if i > 0 && p.number >= 2 && p.to-p.from != 10 {
				t.Errorf("n=%d: page %d is not full", n, p.number)
			}
			for k := p.from; k < p.to; k++ {
				shown[k] = true
			}
		}
		if len(shown) != n {
			t.Errorf("n=%d: %d posts are on no page", n, n-len(shown))
		}
		if (n > 10) != (len(pages) > 1) {
			t.Errorf("n=%d: %d pages", n, len(pages))
		}
	}
	// A page behind the first keeps its posts, counted from the oldest.
	for n := 11; n < 99; n++ {
		was := map[int]int{}
		for _, p := range paginate(n, 10)[1:] {
			was[p.number] = n - p.to
		}
		for _, p := range paginate(n+1, 10)[1:] {
			if oldest, ok := was[p.number]; ok && oldest != n+1-p.to {
				t.Errorf("page %d changed its posts from %d to %d posts", p.number, n, n+1)
			}
		}
	}
}

func TestOlderLinkSkipsWhatWasShown(t *testing.T) {
	p, _ := build(t, stream(13))
	home := find(t, p, "/").List
	// Posts 12..3 are on the first page; page 2 has 9..0, of which 2 is new.
	if want := "/page/2/#2026-01-03-p002"; home.Older.URL != want {
		t.Errorf("older: %s, want %s", home.Older.URL, want)
	}
	p, _ = build(t, stream(20))
	if home := find(t, p, "/").List; home.Older.URL != "/page/2/" {
		t.Errorf("older: %s, want /page/2/", home.Older.URL)
	}
}

func TestLinksToPathsAreChecked(t *testing.T) {
	files := stream(1)
	files["pages/about/index.en.md"] = "# About\n\n[tags](/tags/) [none](/nothing/)\n\n[slash](/archive)\n"
	_, probs := build(t, files)
	var got []string
	for _, p := range probs {
		got = append(got, p.String()+" | "+p.Hint)
	}
	want := []string{
		"pages/about/index.en.md:3: a link to nowhere: the site has no page /nothing/ | link to the document instead, relative to this one: ../other-post/index.en.md",
		"pages/about/index.en.md:5: a link to nowhere: the site has no page /archive | write it with a slash at its end: /archive/",
	}
	if !slices.Equal(got, want) {
		t.Errorf("problems:\n%s", strings.Join(got, "\n"))
	}
}

func TestPageThatCollidesWithList(t *testing.T) {
	files := stream(1)
	files["pages/tags/index.en.md"] = "# My tags\n"
	_, probs := build(t, files)
	if probs.Err() == nil || !strings.Contains(probs.Error(), "two pages have the URL /tags/") {
		t.Errorf("problems: %v", probs)
	}
}

// However large a language is, an edit makes one part of its index new, and what
// leads to it; a post that comes makes one part new, or cuts one in two.
func TestSearchParts(t *testing.T) {
	parts := func(p *Plan) map[string]string {
		out := map[string]string{}
		for _, pg := range p.Pages {
			if pg.Recipe.Kind == recipe.SearchPart {
				out[pg.Path] = pg.Digest
			}
		}
		return out
	}
	changed := func(was, is map[string]string) (n int) {
		for path, digest := range is {
			if was[path] != digest {
				n++
			}
		}
		return n
	}
	const n = 200
	files := stream(n)
	before, _ := build(t, files)
	was := parts(before)
	if len(was) < n/64 {
		t.Fatalf("%d posts in %d parts", n, len(was))
	}
	files["posts/p003/index.en.md"] += "\nMore.\n"
	edited, _ := build(t, files)
	if got := changed(was, parts(edited)); got != 1 {
		t.Errorf("an edit changes %d parts", got)
	}
	more, _ := build(t, stream(n+1))
	if got := changed(was, parts(more)); got != 1 && got != 2 {
		t.Errorf("a new post changes %d parts", got)
	}
	// A language that nobody wrote in keeps its index.
	files["posts/p000/index.zh-Hant.md"] = "---\ndate: 2026-01-01\n---\n# 文章\n"
	both, _ := build(t, files)
	files["posts/p004/index.en.md"] += "\nMore.\n"
	again, _ := build(t, files)
	if pages(both)["/search/zh-hant"] != pages(again)["/search/zh-hant"] || pages(both)["/search"] == pages(again)["/search"] {
		t.Error("an edit in English changes the index of Chinese, or nothing")
	}
}

// What no reader may see is not in the index.
func TestSearchHoldsWhatIsPublished(t *testing.T) {
	files := stream(2)
	files["posts/hidden/index.en.md"] = "---\ndate: 2026-01-01\ndraft: true\n---\n# Hidden\n"
	p, _ := build(t, files)
	for _, pg := range p.Pages {
		if pg.Recipe.Search == nil {
			continue
		}
		for _, post := range pg.Recipe.Search.Posts {
			if strings.Contains(post.Path, "hidden") {
				t.Errorf("%s has %s", pg.Path, post.Path)
			}
		}
	}
}

// The parts of a series lead to each other, and a new one changes the part
// before it, the page of the series, and what every new post changes.
func TestSeries(t *testing.T) {
	files := stream(6)
	for _, name := range []string{"p001", "p003"} {
		name = "posts/" + name + "/index.en.md"
		files[name] = strings.Replace(files[name], "tags:", "series: How to\ntags:", 1)
	}
	before, probs := build(t, files)
	if len(probs) > 0 {
		t.Fatal(probs)
	}
	first := find(t, before, "/2026/01/02/p001/").Post.Series
	if first.Part != 1 || first.Before != nil || first.Next.URL != "/2026/01/04/p003/" || first.Series.URL != "/series/how-to/" {
		t.Errorf("the first part says %+v", first)
	}
	own := find(t, before, "/series/how-to/").Index
	if l := own.Groups[0].Links; !own.Posts || len(l) != 2 || l[0].URL != "/2026/01/02/p001/" || l[1].URL != "/2026/01/04/p003/" {
		t.Errorf("the page of the series has %+v", own)
	}
	if all := find(t, before, "/series/").Index.Groups[0].Links; len(all) != 1 || all[0].Text != "How to" {
		t.Errorf("the list of series has %+v", all)
	}
	name := "posts/p005/index.en.md"
	without := maps.Clone(files)
	files[name] = strings.Replace(files[name], "tags:", "series: how to\ntags:", 1)
	after, _ := build(t, files)
	plain, _ := build(t, without)
	was := pages(plain)
	var got []string
	for _, pg := range after.Pages {
		if r := pg.Recipe; was[pg.Path] != pg.Digest && r.Search == nil && r.Feed == nil {
			got = append(got, pg.Path)
		}
	}
	if want := []string{"/2026/01/04/p003/", "/2026/01/06/p005/", "/series/how-to/"}; !slices.Equal(got, want) {
		t.Errorf("changed: %v, want %v", got, want)
	}
}

// Posts that share what few have lead to each other, and a new one changes one
// older page at most by it.
func TestRelated(t *testing.T) {
	files := stream(30)
	about := func(i int, title, tags string) {
		files[fmt.Sprintf("posts/p%03d/index.en.md", i)] = fmt.Sprintf("---\ndate: %s\ntags: [%s]\n---\n# %s\n", day(i), tags, title)
	}
	about(3, "Growing tomatoes", "All, Garden")
	about(9, "Pruning roses", "All, Garden")
	about(15, "A tomato salad", "All")
	links := func(p *Plan, i int) (out []string) {
		for _, l := range find(t, p, fmt.Sprintf("/2026/%s/p%03d/", strings.ReplaceAll(day(i)[5:], "-", "/"), i)).Post.Related {
			out = append(out, l.Text)
		}
		return out
	}
	p, _ := build(t, files)
	for i, want := range map[int][]string{3: {"Pruning roses"}, 9: {"Growing tomatoes"}, 15: {"Growing tomatoes"}, 20: nil} {
		if got := links(p, i); !slices.Equal(got, want) {
			t.Errorf("post %d leads to %q, want %q", i, got, want)
		}
	}
	about(29, "Winter in the garden", "All, Garden")
	was := pages(p)
	again, _ := build(t, files)
	changed := 0
	for _, pg := range again.Pages {
		if pg.Recipe.Kind == recipe.Post && pg.Recipe.Post.Date < day(28) && was[pg.Path] != pg.Digest {
			changed++
		}
	}
	if got := links(again, 29); !slices.Equal(got, []string{"Pruning roses", "Growing tomatoes"}) || changed > 1 {
		t.Errorf("the new post leads to %q and changes %d older posts", got, changed)
	}
}
