// Package plan turns the blog's content into the pages of a release: for each
// path a recipe, and with it the digest that names the page's bytes before
// they exist.
//
// Build is pure: the same content and the same renderer version give the same
// plan, on any machine. It renders nothing and reads no file, so planning all
// of a blog costs a hash a page.
//
// # What a new post changes
//
// Its own page; its two neighbours in its language;
// the first page of each list it is in (home, its tags, its categories, its
// year) and their feeds; llms.txt; one sitemap file and, once a day, the index
// of them. No other recipe holds anything of it. Three choices keep it so:
//
//   - No page shows a count, a build date or a list of the newest posts, but the
//     lists themselves.
//   - Lists are cut from the oldest post on, so that a full page never changes
//     again (see paginate).
//   - There is one sitemap file a language and year.
//
// # Links
//
// Build knows every path of the release, and so it is here that a link to an
// absolute path of the site is found to lead nowhere.
package plan

import (
	"cmp"
	"fmt"
	"runtime"
	"slices"
	"strings"
	"sync"
	"sync/atomic"

	"golang.org/x/text/language"
	"golang.org/x/text/language/display"

	"github.com/victorleungtw/blog/internal/card"
	"github.com/victorleungtw/blog/internal/config"
	"github.com/victorleungtw/blog/internal/content"
	"github.com/victorleungtw/blog/internal/problem"
	"github.com/victorleungtw/blog/internal/recipe"
)

// FeedItems is how many posts a feed holds.
const FeedItems = 20

const iconPath = "/favicon.svg"

// Page is one page of a release.
type Page struct {
	Path   string // URL path, decoded; for the stylesheet its digest address
	Digest string
	Recipe *recipe.Recipe
}

// Plan is everything a release consists of.
type Plan struct {
	Renderer  string               // the renderer version in every recipe
	Pages     []Page               // by path
	Redirects map[string]string    // path → path
	Cards     map[string]card.Card // pictures to draw, by key
	Site      *content.Site        // where sources and assets come from
}

// Build plans a release for the renderer with this version.
func Build(site *content.Site, version string) (*Plan, problem.List) {
	b := &builder{
		site: site, version: version,
		plan:     &Plan{Renderer: version, Redirects: map[string]string{}, Cards: map[string]card.Card{}, Site: site},
		paths:    map[string]bool{},
		sites:    map[string]*recipe.Site{},
		tags:     map[*content.Document][]recipe.Link{},
		inSeries: map[*content.Document]*recipe.SeriesData{},
		near:     map[*content.Document][]recipe.Link{},
	}
	b.all()
	b.digest()
	b.links()
	if langs := site.Config.Languages; len(langs) > 1 {
		b.plan.Redirects[languagesPath] = homesByLanguage(langs)
	}
	b.redirects()
	slices.SortFunc(b.plan.Pages, func(x, y Page) int { return strings.Compare(x.Path, y.Path) })
	b.probs.Sort()
	return b.plan, b.probs
}

type builder struct {
	site     *content.Site
	version  string
	plan     *Plan
	paths    map[string]bool
	sites    map[string]*recipe.Site             // by language
	tags     map[*content.Document][]recipe.Link // see tagLinks
	inSeries map[*content.Document]*recipe.SeriesData
	near     map[*content.Document][]recipe.Link // see related
	probs    problem.List
}

// all makes the pages in two steps: the paths that navigation may name have to
// be known before the first recipe is made.
func (b *builder) all() {
	var made []func()
	add := func(path string, build func()) {
		if b.paths[path] {
			b.probs.Errorf(documentAt(b.site, path), 0, "give the post or page another slug", "two pages have the URL %s", path)
			return
		}
		b.paths[path] = true
		made = append(made, build)
	}
	for _, l := range b.site.Config.Languages {
		b.language(l, add)
	}
	b.languageTopics(add)
	add("/sitemap.xml", func() {})
	add(recipe.SearchPath, func() {})
	add("/robots.txt", func() {
		b.emit(&recipe.Recipe{Kind: recipe.Robots, Path: "/robots.txt", Site: b.siteOf(b.site.Config.Languages[0])})
	})

	b.security(add)
	add(iconPath, func() {
		b.emit(&recipe.Recipe{Kind: recipe.Icon, Path: iconPath, Site: b.siteOf(b.site.Config.Languages[0])})
	})

	// The others hold the stylesheet's address, and so its digest.
	style := &recipe.Recipe{Kind: recipe.Stylesheet, Path: "/style.css", Renderer: b.version}
	address := "/page/" + style.Digest() + ".css"
	b.emitAt(address, style)
	for _, l := range b.site.Config.Languages {
		b.sites[l.Tag] = b.describe(l, address)
	}
	for _, build := range made {
		build()
	}
	b.sitemaps()
	b.search()
}

func (b *builder) siteOf(l config.Language) *recipe.Site { return b.sites[l.Tag] }

// emit adds a recipe's page under its own path.
func (b *builder) emit(r *recipe.Recipe) { b.emitAt(r.Path, r) }

func (b *builder) emitAt(path string, r *recipe.Recipe) {
	r.Renderer = b.version
	b.plan.Pages = append(b.plan.Pages, Page{Path: path, Recipe: r})
}

// digest names the pages, on every CPU: encoding and hashing recipes is nearly
// all of the work of a plan.
func (b *builder) digest() {
	pages := b.plan.Pages
	var next atomic.Int64
	var wg sync.WaitGroup
	for range runtime.GOMAXPROCS(0) {
		wg.Go(func() {
			for {
				i := int(next.Add(1)) - 1
				if i >= len(pages) {
					return
				}
				if pages[i].Digest == "" {
					pages[i].Digest = pages[i].Recipe.Digest()
				}
			}
		})
	}
	wg.Wait()
}

// describe is what every page of a language says.
func (b *builder) describe(l config.Language, stylesheet string) *recipe.Site {
	cfg, home := b.site.Config, content.Home(l)
	s := &recipe.Site{
		Title: cmp.Or(l.Title, cfg.Title), Description: cmp.Or(l.Desc, cfg.Description),
		BaseURL: cfg.BaseURL, Author: cfg.Author,
		Home: home, Icon: iconPath, Stylesheet: stylesheet, Feed: home + "feed.xml", Search: recipe.SearchPath,
		Locale: locale(l.Tag),
	}
	for _, n := range cfg.Nav {
		url := home + strings.TrimPrefix(n.URL, "/")
		if !b.paths[url] {
			continue // this language has no such page
		}
		text := cmp.Or(n.Text[l.Tag], n.Text[cfg.Languages[0].Tag], n.Text["en"])
		s.Nav = append(s.Nav, recipe.Link{Text: text, URL: url})
	}
	for _, other := range cfg.Languages {
		s.Languages = append(s.Languages, recipe.Lang{Tag: other.Tag, Name: endonym(other.Tag), Home: content.Home(other)})
	}
	return s
}

// endonym is a language's name in itself: 繁體中文.
func endonym(tag string) string {
	t, err := language.Parse(tag)
	if err != nil {
		return tag
	}
	return cmp.Or(display.Self.Name(t), tag)
}

// links checks the links to absolute paths.
func (b *builder) links() {
	known := func(p string) bool {
		if page, ok := strings.CutSuffix(p, ".md"); ok && b.paths[page+"/"] {
			return true // recipe.TextPath
		}
		return b.paths[p] || b.site.Redirects[p] != "" || b.site.Assets[strings.TrimPrefix(p, "/")].Key != ""
	}
	for _, docs := range [][]*content.Document{b.site.Posts, b.site.Pages} {
		for _, doc := range docs {
			for _, l := range doc.SiteLinks {
				if known(l.Path) {
					continue
				}
				hint := "link to the document instead, relative to this one: ../other-post/index.en.md"
				if known(l.Path + "/") {
					hint = fmt.Sprintf("write it with a slash at its end: %s/", l.Path)
				}
				b.probs.Errorf(doc.File, l.Line, hint, "a link to nowhere: the site has no page %s", l.Path)
			}
		}
	}
}

// redirects takes over the old addresses of the site: none that is a page, and
// none that leads to none.
func (b *builder) redirects() {
	for from, to := range b.site.Redirects {
		at, written := b.site.RedirectAt[from]
		path, _, _ := strings.Cut(to, "#")
		switch {
		case b.paths[from] && written:
			b.probs.Errorf(at.File, at.Line, "remove it, or give the page another address", "the old address %s is a page of the site", from)
		case b.paths[from]: // a guess
		case !b.paths[path] && b.site.Assets[strings.TrimPrefix(path, "/")].Key == "":
			hint := "let it lead to a page; blog import urls finds the nearest"
			if b.paths[path+"/"] {
				hint = fmt.Sprintf("write it with a slash at its end: %s/", path)
			}
			b.probs.Errorf(at.File, at.Line, hint, "%s leads to nowhere: the site has no page %s", from, path)
		default:
			b.plan.Redirects[from] = to
		}
	}
}

func documentAt(site *content.Site, path string) string {
	for _, docs := range [][]*content.Document{site.Posts, site.Pages} {
		for _, d := range docs {
			if d.Path == path {
				return d.File
			}
		}
	}
	return path
}
