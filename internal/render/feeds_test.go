package render

import (
	"bytes"
	"context"
	"encoding/json"
	"encoding/xml"
	"fmt"
	"net/mail"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/mmcdole/gofeed"

	"github.com/victorleungtw/blog/internal/recipe"
)

// Feeds are read by two parsers that know nothing of how they were made: gofeed,
// which forgives as feed readers do, and the structs below, which do not.

// rendered makes the fixtures of kind Feed, by name.
func rendered(t *testing.T) map[string]struct {
	r    *recipe.Recipe
	body string
} {
	t.Helper()
	out := map[string]struct {
		r    *recipe.Recipe
		body string
	}{}
	all, src := fixtures(t)
	for _, f := range all {
		if f.recipe.Kind != recipe.Feed {
			continue
		}
		p, err := Render(context.Background(), f.recipe, src)
		if err != nil {
			t.Fatal(err)
		}
		out[f.name] = struct {
			r    *recipe.Recipe
			body string
		}{f.recipe, string(p.Body)}
	}
	if len(out) != 4*len(languages) {
		t.Fatalf("%d feeds", len(out))
	}
	return out
}

func TestFeedsByGofeed(t *testing.T) {
	for name, f := range rendered(t) {
		got, err := gofeed.NewParser().ParseString(f.body)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if got.FeedType != strings.ReplaceAll(f.r.Feed.Format, "show", "rss") || got.Title == "" ||
			got.FeedLink != "https://example.com"+f.r.Path || got.Link != "https://example.com"+f.r.Feed.Page {
			t.Errorf("%s: type %s, title %q, self %s, page %s", name, got.FeedType, got.Title, got.FeedLink, got.Link)
		}
		if !strings.EqualFold(got.Language, f.r.Lang) {
			t.Errorf("%s: language %q, want %q", name, got.Language, f.r.Lang)
		}
		if len(got.Items) != len(f.r.Feed.Items) {
			t.Fatalf("%s: %d items", name, len(got.Items))
		}
		for i, it := range got.Items {
			want := f.r.Feed.Items[i]
			id := "https://example.com" + want.URL
			if want.GUID != "" {
				id = want.GUID
			}
			if it.Title != want.Title || it.Link != "https://example.com"+want.URL || it.GUID != id {
				t.Errorf("%s: item %q at %s, guid %s", name, it.Title, it.Link, it.GUID)
			}
			if it.PublishedParsed == nil || it.PublishedParsed.Format(time.DateOnly) != want.Date {
				t.Errorf("%s: published %v, want %s", name, it.PublishedParsed, want.Date)
			}
			if !strings.Contains(it.Content, "<p>") || strings.Contains(it.Content, `="/`) || strings.Contains(it.Content, "<script") {
				t.Errorf("%s: not in full, or with a relative address: %.300s", name, it.Content)
			}
			if !slices.Equal(it.Categories, want.Tags) {
				t.Errorf("%s: tags %q, want %q", name, it.Categories, want.Tags)
			}
			if (want.Episode != nil && want.Episode.Audio != "") != (len(it.Enclosures) == 1) {
				t.Errorf("%s: enclosures %+v", name, it.Enclosures)
			}
		}
	}
}

// strictRSS is RSS 2.0 as far as a feed must or may have it
// (https://www.rssboard.org/rss-specification), with podcasts' elements by
// their namespaces.
type strictRSS struct {
	XMLName xml.Name `xml:"rss"`
	Version string   `xml:"version,attr"`
	Channel struct {
		Title    []string `xml:"title"`
		Desc     []string `xml:"description"`
		Language string   `xml:"language"`
		Built    string   `xml:"lastBuildDate"`
		Author   string   `xml:"http://www.itunes.com/dtds/podcast-1.0.dtd author"`
		Explicit string   `xml:"http://www.itunes.com/dtds/podcast-1.0.dtd explicit"`
		Type     string   `xml:"http://www.itunes.com/dtds/podcast-1.0.dtd type"`
		Image    struct {
			Href string `xml:"href,attr"`
		} `xml:"http://www.itunes.com/dtds/podcast-1.0.dtd image"`
		Owner struct {
			Name  string `xml:"http://www.itunes.com/dtds/podcast-1.0.dtd name"`
			Email string `xml:"http://www.itunes.com/dtds/podcast-1.0.dtd email"`
		} `xml:"http://www.itunes.com/dtds/podcast-1.0.dtd owner"`
		Categories []struct {
			Text string `xml:"text,attr"`
			Sub  []struct {
				Text string `xml:"text,attr"`
			} `xml:"http://www.itunes.com/dtds/podcast-1.0.dtd category"`
		} `xml:"http://www.itunes.com/dtds/podcast-1.0.dtd category"`
		GUID   []string `xml:"https://podcastindex.org/namespace/1.0 guid"`
		Locked struct {
			Owner string `xml:"owner,attr"`
			Value string `xml:",chardata"`
		} `xml:"https://podcastindex.org/namespace/1.0 locked"`
		People []strictPerson `xml:"https://podcastindex.org/namespace/1.0 person"`
		Items  []strictItem   `xml:"item"`
	} `xml:"channel"`
}

type strictItem struct {
	Title []string `xml:"title"`
	GUID  struct {
		Permalink string `xml:"isPermaLink,attr"`
		Value     string `xml:",chardata"`
	} `xml:"guid"`
	Date      string `xml:"pubDate"`
	Enclosure []struct {
		URL    string `xml:"url,attr"`
		Length int64  `xml:"length,attr"`
		Type   string `xml:"type,attr"`
	} `xml:"enclosure"`
	Duration    string `xml:"http://www.itunes.com/dtds/podcast-1.0.dtd duration"`
	Episode     int    `xml:"http://www.itunes.com/dtds/podcast-1.0.dtd episode"`
	Season      int    `xml:"http://www.itunes.com/dtds/podcast-1.0.dtd season"`
	Kind        string `xml:"http://www.itunes.com/dtds/podcast-1.0.dtd episodeType"`
	Explicit    string `xml:"http://www.itunes.com/dtds/podcast-1.0.dtd explicit"`
	Transcripts []struct {
		URL      string `xml:"url,attr"`
		Type     string `xml:"type,attr"`
		Language string `xml:"language,attr"`
	} `xml:"https://podcastindex.org/namespace/1.0 transcript"`
	Chapters []struct {
		URL  string `xml:"url,attr"`
		Type string `xml:"type,attr"`
	} `xml:"https://podcastindex.org/namespace/1.0 chapters"`
	People []strictPerson `xml:"https://podcastindex.org/namespace/1.0 person"`
}

type strictPerson struct {
	Role string `xml:"role,attr"`
	Href string `xml:"href,attr"`
	Name string `xml:",chardata"`
}

func TestRSSStrictly(t *testing.T) {
	for name, f := range rendered(t) {
		if f.r.Feed.Format != "rss" {
			continue
		}
		var got strictRSS
		if err := xml.Unmarshal([]byte(f.body), &got); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		c := got.Channel
		// itunes:title would be a second one to this parser, as to some readers.
		if got.Version != "2.0" || len(c.Title) != 1 || len(c.Desc) != 1 || c.Desc[0] == "" {
			t.Errorf("%s: version %s, titles %q, descriptions %q", name, got.Version, c.Title, c.Desc)
		}
		if _, err := mail.ParseDate(c.Built); err != nil { // RFC 822, as RSS asks
			t.Errorf("%s: lastBuildDate %q: %v", name, c.Built, err)
		}
		seen := map[string]bool{}
		for _, it := range c.Items {
			if _, err := mail.ParseDate(it.Date); err != nil {
				t.Errorf("%s: pubDate %q: %v", name, it.Date, err)
			}
			if seen[it.GUID.Value] || it.GUID.Value == "" || (it.GUID.Permalink == "true") != strings.HasPrefix(it.GUID.Value, "https://") {
				t.Errorf("%s: guid %+v", name, it.GUID)
			}
			seen[it.GUID.Value] = true
		}
	}
}

// Apple's requirements
// (https://podcasters.apple.com/support/823-podcast-requirements): what the
// channel and each item must have, in the forms that are accepted.
func TestApple(t *testing.T) {
	types := []string{"audio/x-m4a", "audio/mpeg", "video/quicktime", "video/mp4", "video/x-m4v", "application/pdf"}
	for name, f := range rendered(t) {
		if f.r.Feed.Show == nil {
			continue
		}
		var got strictRSS
		if err := xml.Unmarshal([]byte(f.body), &got); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		c := got.Channel
		if c.Author != "A & B" || c.Explicit != "false" || c.Type != "episodic" || c.Owner.Email != "a@example.com" || c.Owner.Name != "A" {
			t.Errorf("%s: author %q, explicit %q, type %q, owner %+v", name, c.Author, c.Explicit, c.Type, c.Owner)
		}
		if !regexp.MustCompile(`^https://.+\.(jpg|png)$`).MatchString(c.Image.Href) {
			t.Errorf("%s: image %q", name, c.Image.Href)
		}
		if len(c.Categories) != 2 || c.Categories[0].Text != "Technology" || c.Categories[1].Text != "Society & Culture" || c.Categories[1].Sub[0].Text != "Documentary" {
			t.Errorf("%s: categories %+v", name, c.Categories)
		}
		if c.Language != strings.ToLower(f.r.Lang) || len(c.Desc[0]) > 4000 {
			t.Errorf("%s: language %q", name, c.Language)
		}
		for _, it := range c.Items {
			if len(it.Title) != 1 || it.Title[0] == "" || len(it.Enclosure) != 1 {
				t.Fatalf("%s: %+v", name, it)
			}
			e := it.Enclosure[0]
			u, err := url.Parse(e.URL)
			if err != nil || u.Scheme != "https" || e.Length <= 0 || !slices.Contains(types, e.Type) || u.RawQuery != "" {
				t.Errorf("%s: enclosure %+v", name, e)
			}
			if it.Kind != "full" && it.Kind != "trailer" && it.Kind != "bonus" {
				t.Errorf("%s: episodeType %q", name, it.Kind)
			}
		}
		if it := c.Items[0]; it.Duration != "3723" || it.Episode != 7 || it.Season != 2 || it.Explicit != "" {
			t.Errorf("%s: %+v", name, it)
		}
		if it := c.Items[1]; it.Kind != "trailer" || it.Explicit != "true" || it.Enclosure[0].Type != "audio/x-m4a" {
			t.Errorf("%s: %+v", name, it)
		}
	}
}

// Podcasting 2.0 (https://github.com/Podcastindex-org/podcast-namespace).
func TestPodcasting20(t *testing.T) {
	for name, f := range rendered(t) {
		if f.r.Feed.Show == nil {
			continue
		}
		var got strictRSS
		if err := xml.Unmarshal([]byte(f.body), &got); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		c := got.Channel
		if len(c.GUID) != 1 || c.GUID[0] != "9b024349-ccf0-5f69-a609-6b82873eab3c" || c.Locked.Value != "yes" || c.Locked.Owner != "a@example.com" {
			t.Errorf("%s: guid %q, locked %+v", name, c.GUID, c.Locked)
		}
		if len(c.People) != 1 || c.People[0].Name != "Ann <Lee>" {
			t.Errorf("%s: people %+v", name, c.People)
		}
		it := c.Items[0]
		if len(it.Transcripts) != len(languages) {
			t.Fatalf("%s: transcripts %+v", name, it.Transcripts)
		}
		for i, tr := range it.Transcripts {
			if tr.Type != "text/html" || tr.Language != languages[i].Tag || tr.URL != "https://example.com"+languages[i].Home+"2026/03/01/talk/" {
				t.Errorf("%s: transcript %+v", name, tr)
			}
		}
		if len(it.Chapters) != 1 || it.Chapters[0].Type != "application/json+chapters" || !strings.HasSuffix(it.Chapters[0].URL, "/talk/chapters.json") {
			t.Errorf("%s: chapters %+v", name, it.Chapters)
		}
		if len(it.People) != 1 || it.People[0].Role != "guest" || it.People[0].Href != "https://example.org/?a=1&b=2" {
			t.Errorf("%s: people %+v", name, it.People)
		}
		if tr := c.Items[1].Transcripts; len(tr) != 1 || tr[0].Language != f.r.Lang {
			t.Errorf("%s: an episode in one language has the transcripts %+v", name, tr)
		}
	}
}

// Atom as RFC 4287 requires it: section 4.1.1 of a feed, 4.1.2 of an entry.
func TestAtomStrictly(t *testing.T) {
	type link struct {
		Rel  string `xml:"rel,attr"`
		Href string `xml:"href,attr"`
	}
	var got struct {
		XMLName xml.Name `xml:"http://www.w3.org/2005/Atom feed"`
		ID      []string `xml:"http://www.w3.org/2005/Atom id"`
		Title   []string `xml:"http://www.w3.org/2005/Atom title"`
		Updated []string `xml:"http://www.w3.org/2005/Atom updated"`
		Author  []string `xml:"http://www.w3.org/2005/Atom author>name"`
		Links   []link   `xml:"http://www.w3.org/2005/Atom link"`
		Entries []struct {
			ID      []string `xml:"http://www.w3.org/2005/Atom id"`
			Title   []string `xml:"http://www.w3.org/2005/Atom title"`
			Updated []string `xml:"http://www.w3.org/2005/Atom updated"`
			Content struct {
				Type string `xml:"type,attr"`
			} `xml:"http://www.w3.org/2005/Atom content"`
		} `xml:"http://www.w3.org/2005/Atom entry"`
	}
	if err := xml.Unmarshal([]byte(rendered(t)["atom.ja.xml"].body), &got); err != nil {
		t.Fatal(err)
	}
	once := func(what string, values []string, date bool) {
		t.Helper()
		if len(values) != 1 || values[0] == "" {
			t.Errorf("%s: %q", what, values)
		} else if _, err := time.Parse(time.RFC3339, values[0]); date && err != nil {
			t.Errorf("%s: %v", what, err)
		}
	}
	once("id", got.ID, false)
	once("title", got.Title, false)
	once("updated", got.Updated, true)
	once("author", got.Author, false)
	if i := slices.IndexFunc(got.Links, func(l link) bool { return l.Rel == "self" }); i < 0 || got.Links[i].Href != "https://example.com/ja/feed.xml" {
		t.Errorf("links: %+v", got.Links)
	}
	for _, e := range got.Entries {
		once("entry's id", e.ID, false)
		once("entry's title", e.Title, false)
		once("entry's updated", e.Updated, true)
		if e.Content.Type != "html" {
			t.Errorf("content of type %q", e.Content.Type)
		}
	}
}

// JSON Feed 1.1 has the fields that it requires and no others but its own.
func TestJSONFeedStrictly(t *testing.T) {
	top := strings.Fields("version title home_page_url feed_url description favicon authors language items")
	item := strings.Fields("id url title content_html summary image date_published date_modified authors tags language attachments")
	for name, f := range rendered(t) {
		if f.r.Feed.Format != "json" {
			continue
		}
		var got map[string]any
		if err := json.Unmarshal([]byte(f.body), &got); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if got["version"] != "https://jsonfeed.org/version/1.1" || got["title"] == "" {
			t.Errorf("%s: %v %v", name, got["version"], got["title"])
		}
		for k := range got {
			if !slices.Contains(top, k) {
				t.Errorf("%s: unknown field %s", name, k)
			}
		}
		for _, it := range got["items"].([]any) {
			m := it.(map[string]any)
			if m["id"] == "" || m["content_html"] == "" {
				t.Errorf("%s: an item without an id or a text", name)
			}
			for k := range m {
				if !slices.Contains(item, k) {
					t.Errorf("%s: unknown field %s", name, k)
				}
			}
		}
	}
}

// What is remembered of posts stays within its bounds, and is the last.
func TestRecent(t *testing.T) {
	var m recent
	text := strings.Repeat("x", maxItems/10)
	for i := range 30 {
		m.keep(fmt.Sprint(i), text)
		m.keep(fmt.Sprint(i), "another")
	}
	m.keep("too large", strings.Repeat("x", maxItems))
	if m.size > maxItems || len(m.held) != len(m.order) || len(m.held) != 9 {
		t.Errorf("%d texts of %d bytes", len(m.held), m.size)
	}
	for i := range 30 {
		if got, ok := m.have(fmt.Sprint(i)); ok != (i >= 21) || ok && got != text {
			t.Errorf("%d: %v", i, ok)
		}
	}
}

// A feed that was made from what is remembered is the one that was made without.
func TestFeedFromMemory(t *testing.T) {
	all, src := fixtures(t)
	for _, f := range all {
		if f.recipe.Kind != recipe.Feed {
			continue
		}
		items = recent{}
		first, err := Render(t.Context(), f.recipe, src)
		if err != nil {
			t.Fatal(err)
		}
		if len(items.held) == 0 {
			t.Errorf("%s: nothing is remembered", f.name)
		}
		second, err := Render(t.Context(), f.recipe, src)
		if err != nil || !bytes.Equal(first.Body, second.Body) {
			t.Errorf("%s is another the second time (%v)", f.name, err)
		}
	}
}
