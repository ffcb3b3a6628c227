package plan

import (
	"bytes"
	"image"
	"image/color"
	"image/png"
	"slices"
	"strings"
	"testing"

	"github.com/victorleungtw/blog/internal/config"
	"github.com/victorleungtw/blog/internal/content"
	"github.com/victorleungtw/blog/internal/recipe"
)

// The two examples of the specification
// (https://github.com/Podcastindex-org/podcast-namespace/blob/main/docs/tags/guid.md),
// however the address is written.
func TestShowGUID(t *testing.T) {
	for feed, want := range map[string]string{
		"https://mp3s.nashownotes.com/pc20rss.xml": "917393e3-1b1e-5cef-ace4-edaa54e1f810",
		"http://mp3s.nashownotes.com/pc20rss.xml/": "917393e3-1b1e-5cef-ace4-edaa54e1f810",
		"podnews.net/rss":                          "9b024349-ccf0-5f69-a609-6b82873eab3c",
		"https://podnews.net/rss//":                "9b024349-ccf0-5f69-a609-6b82873eab3c",
	} {
		if got := showGUID(feed); got != want {
			t.Errorf("%s: %s, want %s", feed, got, want)
		}
	}
}

func TestLocale(t *testing.T) {
	for tag, want := range map[string]string{"en": "en_US", "en-GB": "en_GB", "zh-Hant": "zh_TW", "zh-Hans": "zh_CN", "zh-HK": "zh_HK", "ja": "ja_JP", "pt-BR": "pt_BR"} {
		if got := locale(tag); got != want {
			t.Errorf("%s: %s, want %s", tag, got, want)
		}
	}
}

// podcast is a site with a show of two episodes, one of them in two languages,
// and a third that has no audio.
func podcast(t *testing.T, change func(*config.Site, map[string]string)) *content.Site {
	t.Helper()
	var cover bytes.Buffer
	if err := png.Encode(&cover, image.NewPaletted(image.Rect(0, 0, 1400, 1400), color.Palette{color.White})); err != nil {
		t.Fatal(err)
	}
	post := func(date, more, title string) string {
		return "---\ndate: " + date + "\ncategories: [podcast]\n" + more + "---\n# " + title + "\n\nText.\n"
	}
	const audio = "audio: a.mp3\nduration: \"1:00\"\nchapters: [\"0:00 Intro\"]\n"
	files := map[string]string{
		"cover.png":               cover.String(),
		"posts/two/a.mp3":         "ID3...",
		"posts/one/a.mp3":         "ID3...",
		"posts/two/index.en.md":   post("2026-01-02", audio+"guid: old\n", "Two"),
		"posts/two/index.de.md":   post("2026-01-02", audio, "Zwei"),
		"posts/one/index.en.md":   post("2026-01-01", audio, "One"),
		"posts/zero/index.en.md":  post("2025-01-01", "", "Zero"),
		"pages/about/index.en.md": "# About\n",
	}
	cfg := config.Site{
		Title: "Site", BaseURL: "https://example.com", PerPage: 10,
		Languages: []config.Language{{Tag: "en", Title: "Site"}, {Tag: "de", Prefix: "de", Title: "Seite"}},
		Shows: []config.Show{{
			Category: "podcast", Title: map[string]string{"en": "The Show"}, GUID: map[string]string{"en": "9b024349-ccf0-5f69-a609-6b82873eab3c"},
			Type: "serial", Categories: []recipe.ShowCategory{{Name: "Technology"}}, Image: "cover.png",
		}},
		Security: config.Security{Contact: []string{"mailto:s@example.com"}, Expires: "2027-01-01"},
	}
	change(&cfg, files)
	l, err := content.Open(write(t, files), content.Options{Site: cfg})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	site, probs, err := l.Load(t.Context())
	if err != nil || site == nil {
		t.Fatal(err, probs)
	}
	return site
}

func asItIs(*config.Site, map[string]string) {}

func TestShow(t *testing.T) {
	p, probs := Build(podcast(t, asItIs), "v1")
	if probs.Err() != nil {
		t.Fatal(probs)
	}
	feed := find(t, p, "/category/podcast/rss.xml")
	s := feed.Feed.Show
	if s == nil || feed.Title != "The Show" || s.GUID != "9b024349-ccf0-5f69-a609-6b82873eab3c" || !strings.HasPrefix(s.Image, "/asset/") || s.Type != "serial" {
		t.Fatalf("%+v of %q", s, feed.Title)
	}
	var titles []string
	for _, it := range feed.Feed.Items {
		titles = append(titles, it.Title)
	}
	if !slices.Equal(titles, []string{"Two", "One"}) {
		t.Errorf("items %q: one without audio has no place in a podcast", titles)
	}
	first := feed.Feed.Items[0]
	if first.GUID != "old" || len(first.Episode.Transcripts) != 2 || first.Episode.Transcripts[1].Path != "/de/2026/01/02/two/" ||
		first.Episode.Chapters != "/2026/01/02/two/chapters.json" || first.Episode.Marks != nil {
		t.Errorf("%+v %+v", first, first.Episode)
	}
	if c := find(t, p, "/2026/01/02/two/chapters.json"); c.Kind != recipe.Chapters || len(c.Chapters) != 1 {
		t.Errorf("chapters: %+v", c)
	}
	// In German it has the default language's title and an identity of its own.
	other := find(t, p, "/de/category/podcast/rss.xml")
	if other.Feed.Show.GUID == s.GUID || other.Feed.Show.GUID != showGUID("https://example.com/de/category/podcast/rss.xml") || other.Title != "The Show" || len(other.Feed.Items) != 1 {
		t.Errorf("%+v of %q", other.Feed.Show, other.Title)
	}
	if l := find(t, p, "/category/podcast/").List; l.Show != "/category/podcast/rss.xml" {
		t.Errorf("the list names the show's feed %q", l.Show)
	}
	// The other feeds of the category are as those of any.
	if f := find(t, p, "/category/podcast/feed.json"); f.Feed.Show != nil || len(f.Feed.Items) != 3 {
		t.Errorf("JSON: %+v", f.Feed)
	}
}

func TestMachines(t *testing.T) {
	p, _ := Build(podcast(t, asItIs), "v1")
	if s := find(t, p, "/.well-known/security.txt").Security; s.Expires != "2027-01-01" || s.Contact[0] != "mailto:s@example.com" {
		t.Errorf("%+v", s)
	}
	for _, pg := range p.Pages {
		html := pg.Recipe.Kind == recipe.Post || pg.Recipe.Kind == recipe.List || pg.Recipe.Kind == recipe.Index
		if recipe.HasText(pg.Path) != html {
			t.Errorf("%s is of kind %s: what has a text ends with a slash", pg.Path, pg.Recipe.Kind)
		}
	}
	g := find(t, p, "/de/llms.txt").Guide
	if len(g.Posts) != 1 || g.Posts[0].Page != "/de/2026/01/02/two/" {
		t.Errorf("%+v", g)
	}
	if got := p.Redirects["/~lang"]; got != "/#de=/de/&en=/" {
		t.Errorf("/~lang: %q", got)
	}
	index := find(t, p, "/sitemap.xml").Sitemap
	var mods []string
	for _, e := range index {
		mods = append(mods, e.Path+" "+e.LastMod)
	}
	want := []string{"/sitemap/de-2026.xml 2026-01-02", "/sitemap/de.xml ", "/sitemap/en-2025.xml 2025-01-01", "/sitemap/en-2026.xml 2026-01-02", "/sitemap/en.xml "}
	if !slices.Equal(mods, want) {
		t.Errorf("the index of sitemaps has %q", mods)
	}
	one := podcast(t, func(c *config.Site, files map[string]string) {
		c.Languages = c.Languages[:1]
		delete(files, "posts/two/index.de.md")
	})
	if p, _ := Build(one, "v1"); p.Redirects["/~lang"] != "" {
		t.Error("a site of one language chooses one")
	}
}

// A post has a card unless its author chose a picture or the fonts lack its
// letters; the card's name is in the page before anybody draws it.
func TestCards(t *testing.T) {
	if p, _ := Build(podcast(t, asItIs), "v1"); len(p.Cards) > 0 {
		t.Errorf("%d cards, and nobody wants one", len(p.Cards))
	}
	site := podcast(t, func(c *config.Site, files map[string]string) {
		c.Cards = true
		files["posts/one/index.en.md"] = strings.Replace(files["posts/one/index.en.md"], "date:", "cover: /cover.png\ndate:", 1)
		files["posts/zero/index.en.md"] = strings.Replace(files["posts/zero/index.en.md"], "# Zero", "# 안녕", 1)
	})
	p, _ := Build(site, "v1")
	if len(p.Cards) != 3 { // of two in both languages, and of the page
		t.Fatalf("%d cards", len(p.Cards))
	}
	img := find(t, p, "/2026/01/02/two/").Post.Image
	c, ok := p.Cards[strings.TrimPrefix(img.URL, "/")]
	if !ok || c.Title != "Two" || c.Site != "Site" || img.Width != 1200 || img.Height != 630 {
		t.Errorf("%+v shows %+v", img, c)
	}
	if img := find(t, p, "/2026/01/01/one/").Post.Image; img.Width != 1400 {
		t.Errorf("%+v", img)
	}
	if img := find(t, p, "/2025/01/01/zero/").Post.Image; img != nil {
		t.Errorf("%+v", img)
	}
	// Another stylesheet, another version of the pages: the same cards.
	again, _ := Build(site, "v2")
	for key := range again.Cards {
		if _, ok := p.Cards[key]; !ok {
			t.Errorf("%s is new", key)
		}
	}
}
