package plan

import (
	"cmp"
	"slices"
	"strconv"
	"strings"

	"github.com/victorleungtw/blog/internal/config"
	"github.com/victorleungtw/blog/internal/content"
	"github.com/victorleungtw/blog/internal/recipe"
)

type adder func(path string, build func())

// language plans the pages of one language.
func (b *builder) language(l config.Language, add adder) {
	home := content.Home(l)
	var posts []*content.Document // newest first
	for _, p := range b.site.Posts {
		if p.Lang == l.Tag {
			posts = append(posts, p)
		}
	}
	b.series(add, l, posts)
	b.related(l.Tag, posts)
	for i, p := range posts {
		add(p.Path, func() { b.post(p, l, neighbour(posts, i-1), neighbour(posts, i+1)) })
		b.chapters(add, p, l)
	}
	for _, p := range b.site.Pages {
		if p.Lang == l.Tag {
			add(p.Path, func() { b.post(p, l, nil, nil) })
			b.chapters(add, p, l)
		}
	}

	b.list(add, list{lang: l, path: home, posts: posts, alternates: b.homes(), pins: true, feed: home + "feed.xml"})
	b.feeds(add, l, home, topic{posts: posts}, nil)
	b.guide(add, l, posts)

	for _, t := range topicsOf(posts, func(d *content.Document) []string { return d.Categories }) {
		path := home + strings.ReplaceAll(b.site.CategoryFormat(), "{slug}", t.slug) + "/"
		ls := list{lang: l, path: path, title: t.name, intro: "Category", posts: t.posts, feed: path + "feed.xml"}
		show, _ := b.site.Config.Show(t.name)
		if show != nil {
			ls.show = path + "rss.xml"
		}
		b.list(add, ls)
		b.feeds(add, l, path, t, show)
	}
	tags := topicsOf(posts, func(d *content.Document) []string { return d.Tags })
	var tagLinks []recipe.Link
	for _, t := range tags {
		path := home + "tag/" + t.slug + "/"
		tagLinks = append(tagLinks, recipe.Link{Text: t.name, URL: path})
		b.list(add, list{lang: l, path: path, title: t.name, intro: "Tag", posts: t.posts, feed: path + "feed.xml"})
		b.feeds(add, l, path, t, nil)
	}
	years := yearsOf(posts)
	var yearLinks []recipe.Link
	for _, y := range years {
		path := home + b.archivePath(y.name)
		yearLinks = append(yearLinks, recipe.Link{Text: y.name, URL: path})
		b.list(add, list{lang: l, path: path, title: y.name, intro: "Archive", posts: y.posts})
	}
	b.index(add, l, home+"tags/", "Tags", tagLinks)
	b.index(add, l, home+"archive/", "Archive", yearLinks)
	add(home+"opensearch.xml", func() {
		b.emit(&recipe.Recipe{Kind: recipe.OpenSearch, Path: home + "opensearch.xml", Lang: l.Tag, Site: b.siteOf(l)})
	})
	add(home+"404.html", func() {
		b.emit(&recipe.Recipe{Kind: recipe.NotFound, Path: home + "404.html", Lang: l.Tag, Site: b.siteOf(l)})
	})
}

// languageTopics plans the pages of categories that are languages (category
// zh): one for all of the site, at the root, where readers' links point.
func (b *builder) languageTopics(add adder) {
	for _, t := range topicsOf(b.site.Posts, func(d *content.Document) []string { return d.LangTopics }) {
		l := b.site.Language(t.posts[0].Lang)
		path := "/" + strings.ReplaceAll(b.site.CategoryFormat(), "{slug}", t.slug) + "/"
		b.list(add, list{lang: l, path: path, title: t.name, intro: "Category", posts: t.posts})
	}
}

func neighbour(posts []*content.Document, i int) *recipe.Link {
	if i < 0 || i >= len(posts) {
		return nil
	}
	return &recipe.Link{Text: posts[i].Title, URL: posts[i].Path}
}

func (b *builder) post(d *content.Document, l config.Language, newer, older *recipe.Link) {
	r := &recipe.Recipe{
		Kind: recipe.Post, Path: d.Path, Lang: d.Lang, Site: b.siteOf(l),
		Title: d.Title, Description: d.Description, Alternates: alternates(d),
		Post: &recipe.PostData{
			Source: d.Source, Date: d.Date, Updated: d.Updated, Authors: d.Authors,
			Newer: newer, Older: older, Episode: episode(d, true),
			Tags: b.tagLinks(d, l), Series: b.inSeries[d], Related: b.near[d], Drift: d.Drift,
		},
	}
	if d.Date != "" {
		r.Post.Minutes = d.Minutes
	}
	for _, c := range d.Categories {
		r.Post.Categories = append(r.Post.Categories, recipe.Link{
			Text: c,
			URL:  content.Home(l) + strings.ReplaceAll(b.site.CategoryFormat(), "{slug}", content.Slugify(c)) + "/",
		})
	}
	r.Post.Image = b.image(d, l)
	b.emit(r)
}

// tagLinks are made once for a post, and shared by all that show them.
func (b *builder) tagLinks(d *content.Document, l config.Language) []recipe.Link {
	if d.Date == "" {
		return nil // a standing page is in no list
	}
	out, made := b.tags[d]
	if !made {
		for _, t := range d.Tags {
			out = append(out, recipe.Link{Text: t, URL: content.Home(l) + "tag/" + content.Slugify(t) + "/"})
		}
		b.tags[d] = out
	}
	return out
}

func alternates(d *content.Document) []recipe.Alternate {
	var out []recipe.Alternate
	for _, t := range d.Translations {
		out = append(out, recipe.Alternate{Lang: t.Lang, Path: t.Path})
	}
	return out
}

// homes are the home pages as each other's alternates.
func (b *builder) homes() []recipe.Alternate {
	if len(b.site.Config.Languages) < 2 {
		return nil
	}
	var out []recipe.Alternate
	for _, l := range b.site.Config.Languages {
		out = append(out, recipe.Alternate{Lang: l.Tag, Path: content.Home(l)})
	}
	return out
}

func (b *builder) index(add adder, l config.Language, path, title string, links []recipe.Link) {
	if len(links) == 0 {
		return
	}
	add(path, func() {
		b.emit(&recipe.Recipe{
			Kind: recipe.Index, Path: path, Lang: l.Tag, Title: title, Site: b.siteOf(l),
			Index: &recipe.IndexData{Groups: []recipe.Group{{Links: links}}},
		})
	})
}

// feeds plans the three feeds below a list: Atom, RSS and JSON Feed. The RSS of
// a podcast is the show's.
func (b *builder) feeds(add adder, l config.Language, page string, t topic, show *config.Show) {
	for _, f := range []struct{ format, file string }{{"atom", "feed.xml"}, {"rss", "rss.xml"}, {"json", "feed.json"}} {
		self := page + f.file
		if f.format == "rss" && show != nil {
			_, i := b.site.Config.Show(show.Category)
			b.show(add, l, self, page, show, b.site.ShowImages[i], t.name, t.posts)
			continue
		}
		add(self, func() {
			r := b.feedOf(l, f.format, self, page, t.posts, FeedItems)
			r.Title = t.name
			b.emit(r)
		})
	}
}

func (b *builder) feedOf(l config.Language, format, self, page string, posts []*content.Document, most int) *recipe.Recipe {
	f := &recipe.FeedData{Format: format, Self: self, Page: page}
	for _, d := range posts[:min(len(posts), most)] {
		item := recipe.FeedItem{
			Title: d.Title, URL: d.Path, Lang: d.Lang, Date: d.Date, Updated: d.Updated,
			Summary: d.Description, Tags: d.Tags, Source: d.Source, Episode: episode(d, false), GUID: d.GUID,
		}
		if d.Cover.URL != "" {
			item.Image = &d.Cover
		}
		if !slices.Equal(d.Authors, []string{b.site.Config.Author}) {
			item.Authors = d.Authors
		}
		f.Items = append(f.Items, item)
	}
	return &recipe.Recipe{Kind: recipe.Feed, Path: self, Lang: l.Tag, Site: b.siteOf(l), Feed: f}
}

func (b *builder) archivePath(year string) string {
	return strings.ReplaceAll(b.site.ArchiveFormat(), "{date}", year) + "/"
}

// topic is a tag, a category or a year, and its posts, newest first.
type topic struct {
	name, slug string
	posts      []*content.Document
}

// topicsOf groups posts by their topics. Two spellings with one slug are one
// topic, named by its oldest post: a new post cannot rename it.
func topicsOf(posts []*content.Document, of func(*content.Document) []string) []topic {
	bySlug := map[string]*topic{}
	for _, p := range posts {
		for _, name := range of(p) {
			slug := content.Slugify(name)
			t := bySlug[slug]
			if t == nil {
				t = &topic{slug: slug}
				bySlug[slug] = t
			}
			if n := len(t.posts); n == 0 || t.posts[n-1] != p {
				t.posts = append(t.posts, p)
			}
			t.name = name
		}
	}
	out := make([]topic, 0, len(bySlug))
	for _, t := range bySlug {
		out = append(out, *t)
	}
	slices.SortFunc(out, func(x, y topic) int { return strings.Compare(x.slug, y.slug) })
	return out
}

func yearsOf(posts []*content.Document) []topic {
	var out []topic
	for _, p := range posts {
		year := p.Date[:4]
		if n := len(out); n == 0 || out[n-1].name != year {
			out = append(out, topic{name: year, slug: year})
		}
		t := &out[len(out)-1]
		t.posts = append(t.posts, p)
	}
	return out
}

// sitemaps makes a file for each language and year, one for each language's
// other pages, and the index over them.
func (b *builder) sitemaps() {
	files := map[string][]recipe.URLEntry{}
	for _, p := range b.plan.Pages {
		r := p.Recipe
		if r.Kind != recipe.Post && r.Kind != recipe.List && r.Kind != recipe.Index {
			continue
		}
		e := recipe.URLEntry{Path: r.Path, Alternates: r.Alternates}
		name := "/sitemap/" + strings.ToLower(r.Lang) + ".xml"
		if r.Post != nil && r.Post.Date != "" {
			e.LastMod = cmp.Or(r.Post.Updated, r.Post.Date)
			name = "/sitemap/" + strings.ToLower(r.Lang) + "-" + r.Post.Date[:4] + ".xml"
		}
		files[name] = append(files[name], e)
	}
	var index []recipe.URLEntry
	site := b.siteOf(b.site.Config.Languages[0])
	for name, entries := range files {
		slices.SortFunc(entries, func(x, y recipe.URLEntry) int { return strings.Compare(x.Path, y.Path) })
		last := ""
		for _, e := range entries {
			last = max(last, e.LastMod)
		}
		index = append(index, recipe.URLEntry{Path: name, LastMod: last})
		b.paths[name] = true
		b.emit(&recipe.Recipe{Kind: recipe.Sitemap, Path: name, Site: site, Sitemap: entries})
	}
	slices.SortFunc(index, func(x, y recipe.URLEntry) int { return cmp.Compare(x.Path, y.Path) })
	b.emit(&recipe.Recipe{Kind: recipe.SitemapIdx, Path: "/sitemap.xml", Site: site, Sitemap: index})
}

// list is one list of posts, over as many pages as it takes.
type list struct {
	lang       config.Language
	path       string
	title      string // empty for a home page
	intro      string
	posts      []*content.Document
	alternates []recipe.Alternate
	pins       bool   // pinned posts come first
	feed       string // the list's own feed
	show       string // the RSS feed of the podcast that it is of
}

func (b *builder) list(add adder, ls list) {
	pages := paginate(len(ls.posts), b.site.Config.PerPage)
	url := func(number int) string {
		if number == 1 {
			return ls.path
		}
		return ls.path + "page/" + strconv.Itoa(number) + "/"
	}
	for i, pg := range pages {
		add(url(pg.number), func() {
			data := &recipe.ListData{Intro: ls.intro, Feed: ls.feed, Show: ls.show}
			if i > 0 {
				data.Newer = &recipe.Link{URL: url(pages[i-1].number)}
			}
			if i+1 < len(pages) {
				next := pages[i+1]
				data.Older = &recipe.Link{URL: url(next.number)}
				if unseen := pg.to; unseen > next.from {
					// Some of the next page is on this one too: go to where
					// the new begins.
					data.Older.URL += "#" + recipe.ItemID(ls.posts[unseen].Path)
				}
			}
			posts := ls.posts[pg.from:pg.to]
			if ls.pins && i == 0 {
				posts = pinnedFirst(ls.posts, posts)
			}
			data.Items = slices.Grow(data.Items, len(posts)) // nil stays nil
			for _, d := range posts {
				data.Items = append(data.Items, recipe.Item{
					Title: d.Title, URL: d.Path, Lang: d.Lang, Date: d.Date, Summary: d.Description,
					Minutes: d.Minutes, Episode: d.Episode != nil, Pinned: d.Pinned && ls.pins && i == 0,
					Tags: b.tagLinks(d, b.site.Language(d.Lang)),
				})
			}
			r := &recipe.Recipe{Kind: recipe.List, Path: url(pg.number), Lang: ls.lang.Tag, Title: ls.title, Site: b.siteOf(ls.lang), List: data}
			if i == 0 {
				r.Alternates = ls.alternates
			}
			b.emit(r)
		})
	}
}

func pinnedFirst(all, page []*content.Document) []*content.Document {
	var out []*content.Document
	for _, d := range all {
		if d.Pinned {
			out = append(out, d)
		}
	}
	for _, d := range page {
		if !d.Pinned {
			out = append(out, d)
		}
	}
	return out
}

// listPage is posts[from:to] of a list that is newest first.
type listPage struct{ number, from, to int }

// paginate cuts a list of n posts, newest first, into pages.
//
// Page 1 has the newest posts and changes with each of them, which no scheme
// can help. The pages behind it are cut from the oldest post on and numbered
// from there: page 2 has the very first posts for ever, page 3 the next. Counted
// the usual way, from the newest, every page of every list would change with
// every post: on a blog of 1,160 posts, 117 pages instead of one.
//
// So page 1 and the newest page behind it may have posts in common. A post
// that page 1 does not show is always on a page behind it.
func paginate(n, per int) []listPage {
	pages := []listPage{{number: 1, from: 0, to: min(n, per)}}
	for k := (n - 1) / per; k >= 1; k-- { // the k-th full page from the oldest
		pages = append(pages, listPage{number: k + 1, from: n - k*per, to: n - (k-1)*per})
	}
	return pages
}
