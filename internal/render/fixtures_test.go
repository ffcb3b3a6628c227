package render

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/victorleungtw/blog/internal/recipe"
)

// memory is a Sources.
type memory map[string][]byte

func (m memory) Source(_ context.Context, digest string) ([]byte, error) {
	b, ok := m[digest]
	if !ok {
		return nil, fmt.Errorf("no source %s", digest)
	}
	return b, nil
}

func (m memory) add(t testing.TB, file string) string {
	t.Helper()
	b, err := os.ReadFile(filepath.Join("testdata/src", file))
	if err != nil {
		t.Fatal(err)
	}
	d := recipe.Sum(b)
	m[d] = b
	return d
}

type fixture struct {
	name   string // of the golden file
	recipe *recipe.Recipe
}

var languages = []recipe.Lang{
	{Tag: "en", Name: "English", Home: "/"},
	{Tag: "zh-Hant", Name: "繁體中文", Home: "/zh/"},
	{Tag: "ja", Name: "日本語", Home: "/ja/"},
}

// local is what differs from language to language.
var local = map[string]struct{ site, about, title, category, tag, archive string }{
	"en":      {"Living at the Edge", "Notes on systems that stay up.", "Running a blog from the edge", "Cloud & edge", "Kubernetes", "Archive"},
	"zh-Hant": {"邊緣生活", "打造不停機的系統。", "在邊緣運行部落格", "雲端", "微服務", "文章彙整"},
	"ja":      {"エッジに生きる", "止まらないシステムの作り方。", "エッジでブログを動かす", "クラウド", "マイクロサービス", "アーカイブ"},
}

func siteIn(l recipe.Lang) *recipe.Site {
	return &recipe.Site{
		Title: local[l.Tag].site, Description: local[l.Tag].about, BaseURL: "https://example.com", Author: "Victor Leung",
		Home: l.Home, Icon: "/favicon.svg", Search: "/search", Stylesheet: "/page/0000000000000000000000000000000000000000000000000000000000000000.css", Feed: l.Home + "feed.xml",
		Locale:    strings.NewReplacer("en", "en_US", "zh-Hant", "zh_TW", "ja", "ja_JP").Replace(l.Tag),
		Nav:       []recipe.Link{{Text: local[l.Tag].archive, URL: l.Home + "archive/"}, {Text: local[l.Tag].tag, URL: l.Home + "tag/" + local[l.Tag].tag + "/"}},
		Languages: languages,
	}
}

// everywhere is a path in every language.
func everywhere(path string) []recipe.Alternate {
	var out []recipe.Alternate
	for _, l := range languages {
		out = append(out, recipe.Alternate{Lang: l.Tag, Path: l.Home + path})
	}
	return out
}

// fixtures are pages of every kind in three languages.
func fixtures(t testing.TB) ([]fixture, memory) {
	t.Helper()
	src := memory{}
	out := []fixture{{"style.css", &recipe.Recipe{Kind: recipe.Stylesheet, Path: "/style.css"}}}
	for _, l := range languages {
		add := func(name string, r *recipe.Recipe) {
			r.Renderer, r.Lang, r.Site = Version(), l.Tag, siteIn(l)
			out = append(out, fixture{name, r})
		}
		w := local[l.Tag]
		path := l.Home + "2026/03/01/edge/"
		tags := []recipe.Link{{Text: w.tag, URL: l.Home + "tag/" + w.tag + "/"}, {Text: "AWS", URL: l.Home + "tag/aws/"}}
		source := recipe.Source{
			Digest: src.add(t, "edge."+l.Tag+".md"),
			Images: map[string]recipe.Image{"map.png": {URL: "/asset/1111.png", Width: 1200, Height: 630}},
			Links:  map[string]string{"../recipe/index." + l.Tag + ".md": l.Home + "2026/02/01/recipe/"},
		}
		episode := &recipe.Episode{Audio: "/asset/2222.mp3", Type: "audio/mpeg", Length: 12345678, Duration: 3723, Number: 7, Season: 2}
		chapters := []recipe.Chapter{{Start: 0, Title: w.title}, {Start: 3700, Title: "A & B"}}
		listed, aired := *episode, *episode
		listed.Marks, listed.Chapters = chapters, l.Home+"2026/03/01/talk/chapters.json"
		aired.Chapters, aired.Transcripts = listed.Chapters, everywhere("2026/03/01/talk/")
		aired.People = []recipe.Person{{Name: "Ann <Lee>", Role: "guest", URL: "https://example.org/?a=1&b=2"}}
		add("post."+l.Tag+".html", &recipe.Recipe{
			Kind: recipe.Post, Path: path, Title: w.title, Description: w.about + " <&>", Alternates: everywhere("2026/03/01/edge/"),
			Post: &recipe.PostData{
				Source: source, Date: "2026-03-01", Updated: "2026-03-09", Authors: []string{"Victor Leung"}, Minutes: 3,
				Categories: []recipe.Link{{Text: w.category, URL: l.Home + "category/cloud/"}}, Tags: tags,
				Related: []recipe.Link{{Text: w.category + " <&>", URL: l.Home + "2025/01/01/related/"}},
				Series: &recipe.SeriesData{
					Series: recipe.Link{Text: w.archive, URL: l.Home + "series/" + w.archive + "/"}, Part: 2,
					Before: &recipe.Link{Text: w.about, URL: l.Home + "2026/02/01/recipe/"}, Next: &recipe.Link{Text: "B > A", URL: l.Home + "2026/03/02/b/"},
				},
				Newer: &recipe.Link{Text: "B > A", URL: l.Home + "2026/03/02/b/"}, Older: &recipe.Link{Text: w.archive, URL: l.Home + "2026/02/01/recipe/"},
			},
		})
		add("episode."+l.Tag+".html", &recipe.Recipe{
			Kind: recipe.Post, Path: l.Home + "2026/03/01/talk/", Title: w.title + "!", Description: w.about,
			Post: &recipe.PostData{
				Source: source, Date: "2026-03-01", Minutes: 3, Episode: &listed, Tags: tags[:1],
				Image: &recipe.Image{URL: "/asset/3333.png", Width: 1200, Height: 630},
				Drift: &recipe.Drift{Lang: "en", Path: "/2026/03/01/talk/", Digest: src.add(t, "edge.en.md"), Changed: []int{1, 2, 99}, Gone: 1},
			},
		})
		add("chapters."+l.Tag+".json", &recipe.Recipe{Kind: recipe.Chapters, Path: listed.Chapters, Title: w.title, Chapters: chapters})
		add("llms."+l.Tag+".txt", &recipe.Recipe{
			Kind: recipe.Guide, Path: l.Home + "llms.txt",
			Guide: &recipe.GuideData{
				Posts: []recipe.GuideItem{{Title: w.title + " [1]", Page: path, Summary: w.about}},
				Pages: []recipe.GuideItem{{Title: "A_b*c", Page: l.Home + "about/"}},
			},
		})
		add("page."+l.Tag+".html", &recipe.Recipe{
			Kind: recipe.Post, Path: l.Home + "about/", Title: w.title, Post: &recipe.PostData{Source: source},
		})
		items := []recipe.Item{
			{Title: w.title, URL: path, Lang: l.Tag, Date: "2026-03-01", Summary: w.about, Minutes: 3, Pinned: true, Tags: tags},
			{Title: "The same, spoken", URL: l.Home + "2026/03/01/talk/", Lang: "en", Date: "2026-03-01", Minutes: 12, Episode: true},
		}
		add("home."+l.Tag+".html", &recipe.Recipe{
			Kind: recipe.List, Path: l.Home, Alternates: everywhere(""),
			List: &recipe.ListData{Items: items, Feed: l.Home + "feed.xml", Older: &recipe.Link{URL: l.Home + "page/9/#2026-01-01-x"}},
		})
		add("list."+l.Tag+".html", &recipe.Recipe{
			Kind: recipe.List, Path: l.Home + "category/cloud/page/3/", Title: w.category,
			List: &recipe.ListData{Intro: "Category", Items: items, Feed: l.Home + "category/cloud/feed.xml", Newer: &recipe.Link{URL: l.Home + "category/cloud/page/4/"}},
		})
		add("index."+l.Tag+".html", &recipe.Recipe{
			Kind: recipe.Index, Path: l.Home + "tags/", Title: "Tags",
			Index: &recipe.IndexData{Groups: []recipe.Group{{Links: tags}, {Title: "A–Z", Links: tags[1:]}}},
		})
		add("series."+l.Tag+".html", &recipe.Recipe{
			Kind: recipe.Index, Path: l.Home + "series/x/", Title: w.category,
			Index: &recipe.IndexData{Groups: []recipe.Group{{Links: tags}}, Posts: true},
		})
		add("icon."+l.Tag+".svg", &recipe.Recipe{Kind: recipe.Icon, Path: "/favicon.svg"})
		add("opensearch."+l.Tag+".xml", &recipe.Recipe{Kind: recipe.OpenSearch, Path: l.Home + "opensearch.xml"})
		add("notfound."+l.Tag+".html", &recipe.Recipe{Kind: recipe.NotFound, Path: l.Home + "404.html"})
		feedItems := []recipe.FeedItem{
			{Title: w.title, URL: path, Lang: l.Tag, Date: "2026-03-01", Updated: "2026-03-09", Summary: w.about + " <&>", Tags: []string{w.tag, "AWS"}, Source: source},
			{Title: w.title + "!", URL: l.Home + "2026/03/01/talk/", Lang: l.Tag, Date: "2026-03-01", Source: source, Episode: episode},
		}
		add("atom."+l.Tag+".xml", &recipe.Recipe{
			Kind: recipe.Feed, Path: l.Home + "feed.xml",
			Feed: &recipe.FeedData{Format: "atom", Self: l.Home + "feed.xml", Page: l.Home, Items: feedItems},
		})
		add("rss."+l.Tag+".xml", &recipe.Recipe{
			Kind: recipe.Feed, Path: l.Home + "category/cloud/rss.xml", Title: w.category,
			Feed: &recipe.FeedData{Format: "rss", Self: l.Home + "category/cloud/rss.xml", Page: l.Home + "category/cloud/", Items: feedItems},
		})
		add("feed."+l.Tag+".json", &recipe.Recipe{
			Kind: recipe.Feed, Path: l.Home + "tag/aws/feed.json", Title: "AWS",
			Feed: &recipe.FeedData{Format: "json", Self: l.Home + "tag/aws/feed.json", Page: l.Home + "tag/aws/", Items: feedItems},
		})
		add("show."+l.Tag+".xml", &recipe.Recipe{
			Kind: recipe.Feed, Path: l.Home + "category/podcast/rss.xml", Title: w.site,
			Feed: &recipe.FeedData{
				Format: "rss", Self: l.Home + "category/podcast/rss.xml", Page: l.Home + "category/podcast/",
				Items: []recipe.FeedItem{
					{Title: w.title + "!", URL: l.Home + "2026/03/01/talk/", Lang: l.Tag, Date: "2026-03-01", Source: source, Episode: &aired, GUID: "old-feed-7"},
					{Title: "0", URL: l.Home + "2026/02/01/zero/", Lang: l.Tag, Date: "2026-02-01", Source: source, Authors: []string{"Ann <Lee>"},
						Episode: &recipe.Episode{Audio: "https://cdn.example.org/0.m4a", Type: "audio/mp4", Length: 9, Kind: "trailer", Explicit: true}},
				},
				Show: &recipe.Show{
					GUID: "9b024349-ccf0-5f69-a609-6b82873eab3c", Author: "A & B", Desc: w.about, OwnerName: "A", OwnerEmail: "a@example.com",
					Image: "/asset/4444.jpg", Type: "episodic", Locked: true, People: []recipe.Person{{Name: "Ann <Lee>"}},
					Categories: []recipe.ShowCategory{{Name: "Technology"}, {Name: "Society & Culture", Sub: "Documentary"}},
				},
			},
		})
		add("sitemap."+l.Tag+".xml", &recipe.Recipe{
			Kind: recipe.Sitemap, Path: "/sitemap/" + l.Tag + ".xml",
			Sitemap: []recipe.URLEntry{
				{Path: path, LastMod: "2026-03-09", Alternates: everywhere("2026/03/01/edge/")},
				{Path: l.Home + "tag/" + w.tag + "/"},
			},
		})
	}
	out[0].recipe.Renderer = Version()
	root := siteIn(languages[0])
	return append(out,
		fixture{"sitemapidx.xml", &recipe.Recipe{Renderer: Version(), Kind: recipe.SitemapIdx, Path: "/sitemap.xml", Site: root,
			Sitemap: []recipe.URLEntry{{Path: "/sitemap/en.xml"}, {Path: "/sitemap/ja.xml", LastMod: "2026-03-09"}}}},
		fixture{"security.txt", &recipe.Recipe{Renderer: Version(), Kind: recipe.Security, Path: "/.well-known/security.txt", Site: root,
			Security: &recipe.SecurityData{Contact: []string{"mailto:security@example.com", "https://example.com/report"}, Expires: "2027-06-30", Policy: "https://example.com/policy"}}},
		fixture{"robots.txt", &recipe.Recipe{Renderer: Version(), Kind: recipe.Robots, Path: "/robots.txt", Site: root}},
	), src
}
