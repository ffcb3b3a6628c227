package plan

import (
	"cmp"
	"crypto/sha1"
	"encoding/hex"
	"strings"

	"golang.org/x/text/language"

	"github.com/victorleungtw/blog/internal/card"
	"github.com/victorleungtw/blog/internal/config"
	"github.com/victorleungtw/blog/internal/content"
	"github.com/victorleungtw/blog/internal/recipe"
)

// GuidePosts is how many posts llms.txt lists.
const GuidePosts = 40

// chapters plans an episode's chapters, for players.
func (b *builder) chapters(add adder, d *content.Document, l config.Language) {
	if d.Episode != nil && len(d.Episode.Marks) > 0 {
		path := chaptersPath(d)
		add(path, func() {
			b.emit(&recipe.Recipe{
				Kind: recipe.Chapters, Path: path, Lang: d.Lang, Site: b.bare(l), Title: d.Title, Chapters: d.Episode.Marks,
			})
		})
	}
}

// bare is of a site what a page without navigation shows: another stylesheet or
// link in the header leaves such a page as it is.
func (b *builder) bare(l config.Language) *recipe.Site {
	s := b.siteOf(l)
	return &recipe.Site{Title: s.Title, BaseURL: s.BaseURL, Author: s.Author, Home: s.Home}
}

// guide plans llms.txt of one language.
func (b *builder) guide(add adder, l config.Language, posts []*content.Document) {
	path := content.Home(l) + "llms.txt"
	items := func(docs []*content.Document) []recipe.GuideItem {
		var out []recipe.GuideItem
		for _, d := range docs {
			out = append(out, recipe.GuideItem{Title: d.Title, Page: d.Path, Summary: d.Description})
		}
		return out
	}
	add(path, func() {
		site := b.bare(l)
		full := b.siteOf(l)
		site.Description, site.Feed, site.Languages = full.Description, full.Feed, full.Languages
		g := &recipe.GuideData{Posts: items(posts[:min(len(posts), GuidePosts)])}
		var standing []*content.Document
		for _, d := range b.site.Pages {
			if d.Lang == l.Tag {
				standing = append(standing, d)
			}
		}
		g.Pages = items(standing)
		b.emit(&recipe.Recipe{Kind: recipe.Guide, Path: path, Lang: l.Tag, Site: site, Guide: g})
	})
}

// security plans security.txt, where the configuration says whom to tell.
func (b *builder) security(add adder) {
	s := b.site.Config.Security
	if len(s.Contact) == 0 {
		return
	}
	const path = "/.well-known/security.txt"
	add(path, func() {
		l := b.site.Config.Languages[0]
		site := b.bare(l)
		site.Languages = b.siteOf(l).Languages
		b.emit(&recipe.Recipe{
			Kind: recipe.Security, Path: path, Lang: l.Tag, Site: site,
			Security: &recipe.SecurityData{Contact: s.Contact, Expires: s.Expires, Policy: s.Policy},
		})
	})
}

// image is the picture that stands for a post elsewhere: the author's, or a card
// with the title, which is drawn when it is published. A post whose title has
// no card has the first picture of its text, as far as it has one.
func (b *builder) image(d *content.Document, l config.Language) *recipe.Image {
	if d.Cover.URL != "" {
		return &d.Cover
	}
	c := card.Card{Site: b.siteOf(l).Title, Title: d.Title, Lang: d.Lang, Foot: strings.Join(d.Authors, ", ")}
	if !b.site.Config.Cards || !c.Can() {
		return nil
	}
	key := c.Name()
	b.plan.Cards[key] = c
	return &recipe.Image{URL: "/" + key, Width: card.Width, Height: card.Height}
}

// locale is a language as Open Graph writes it, with its likeliest territory:
// zh_TW, en_US (https://ogp.me/#optional).
func locale(tag string) string {
	t, err := language.Parse(tag)
	if err != nil {
		return ""
	}
	base, _ := t.Base()
	region, _ := t.Region()
	return base.String() + "_" + region.String()
}

// chaptersPath is where players find an episode's chapters.
func chaptersPath(d *content.Document) string { return d.Path + "chapters.json" }

// episode is what a page or a feed says of a post's audio.
func episode(d *content.Document, page bool) *recipe.Episode {
	if d.Episode == nil {
		return nil
	}
	e := *d.Episode
	if len(e.Marks) > 0 {
		e.Chapters = chaptersPath(d)
	}
	if page {
		return &e
	}
	e.Marks = nil
	for _, t := range d.Translations {
		e.Transcripts = append(e.Transcripts, recipe.Alternate{Lang: t.Lang, Path: t.Path})
	}
	return &e
}

// show plans the RSS feed of a podcast in one language. Apple wants an
// enclosure in every item, so that episodes without audio are not in it.
func (b *builder) show(add adder, l config.Language, self, page string, s *config.Show, image recipe.Image, topic string, posts []*content.Document) {
	def := b.site.Config.Languages[0].Tag
	var episodes []*content.Document
	for _, d := range posts {
		if d.Episode != nil && d.Episode.Audio != "" {
			episodes = append(episodes, d)
		}
	}
	add(self, func() {
		site := b.siteOf(l)
		r := b.feedOf(l, "rss", self, page, episodes, showItems)
		r.Title = cmp.Or(s.Title[l.Tag], s.Title[def], topic+" – "+site.Title)
		r.Feed.Show = &recipe.Show{
			GUID:   cmp.Or(s.GUID[l.Tag], showGUID(site.BaseURL+self)),
			Author: s.Author, Desc: cmp.Or(s.Description[l.Tag], s.Description[def]),
			OwnerName: s.OwnerName, OwnerEmail: s.OwnerEmail, Image: image.URL, Categories: s.Categories,
			Explicit: s.Explicit, Type: s.Type, Locked: s.Locked, People: s.People,
		}
		b.emit(r)
	})
}

// showItems is how many episodes a show's feed holds: players know no others.
const showItems = 300

// podcasts is the namespace of podcast:guid
// (https://github.com/Podcastindex-org/podcast-namespace/blob/main/docs/tags/guid.md).
const podcasts = "ead4c236bf5858c6a2c6a6b28d128cb6"

// showGUID is the UUID of version 5 (RFC 9562, section 5.5) of a feed's address
// without its scheme and without slashes at its end.
func showGUID(feed string) string {
	_, rest, ok := strings.Cut(feed, "://")
	if !ok {
		rest = feed
	}
	ns, _ := hex.DecodeString(podcasts) // a constant
	h := sha1.New()
	h.Write(ns)
	h.Write([]byte(strings.TrimRight(rest, "/")))
	u := h.Sum(nil)[:16]
	u[6] = u[6]&0x0f | 0x50
	u[8] = u[8]&0x3f | 0x80
	s := hex.EncodeToString(u)
	return s[:8] + "-" + s[8:12] + "-" + s[12:16] + "-" + s[16:20] + "-" + s[20:]
}
