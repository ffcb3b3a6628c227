package render

import (
	"bytes"
	"cmp"
	"context"
	"fmt"
	"html/template"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/victorleungtw/blog/internal/markdown/dialect"
	"github.com/victorleungtw/blog/internal/recipe"
	"github.com/victorleungtw/blog/internal/search"
)

var templates = template.Must(template.New("").Funcs(template.FuncMap{
	"clock":    clock,
	"date":     func(w *words, s string) string { return w.Date(s) },
	"id":       recipe.ItemID,
	"maxQuery": func() int { return search.MaxQuery },
}).ParseFS(sources, "templates/*.html"))

// view is what the templates are given.
type view struct {
	*recipe.Recipe
	W         *words
	Lang, Dir string
	HeadTitle string // in the browser's tab
	Heading   string // of the page
	About     string // for search results and previews
	Canonical string
	Alt       []alternate
	Feeds     []recipe.Link
	Switch    []language
	OGType    string
	Image     *recipe.Image // for previews; its URL absolute
	Data      any           // JSON-LD
	Show      string        // the RSS feed of the podcast that a list is of
	Nav       []navLink
	Body      template.HTML
	Also      []language  // other languages of the post
	Text      string      // where the page is as Markdown
	PageNo    int         // of a list, from 1
	Search    *searchView // of a page of results
	Drift     *driftNote
}

type alternate struct{ Lang, URL string }

type language struct {
	recipe.Lang
	URL     string
	Current bool
}

type navLink struct {
	recipe.Link
	Current bool
}

// newView fills in what all pages have.
func newView(r *recipe.Recipe) *view {
	s := r.Site
	v := &view{Recipe: r, Lang: cmp.Or(r.Lang, "en"), Heading: r.Title, About: r.Description, PageNo: 1}
	v.W = wordsFor(v.Lang)
	if rightToLeft.MatchString(strings.ToLower(v.Lang)) {
		v.Dir = "rtl"
	}
	v.Canonical = absolute(s, r.Path)
	v.HeadTitle = s.Title
	if r.Title != "" {
		v.HeadTitle = r.Title + v.W.Sep + s.Title
	}
	if s.Feed != "" {
		v.Feeds = append(v.Feeds, recipe.Link{Text: s.Title, URL: s.Feed})
	}
	for _, n := range s.Nav {
		v.Nav = append(v.Nav, navLink{n, n.URL == r.Path})
	}
	if r.Path != "/" && recipe.HasText(r.Path) && !r.NoIndex {
		v.Text = recipe.TextPath(r.Path)
	}
	paths := map[string]string{}
	for _, a := range r.Alternates {
		paths[a.Lang] = a.Path
	}
	alternates := r.Alternates
	if len(alternates) == 0 && len(s.Languages) > 1 && !r.NoIndex {
		alternates = []recipe.Alternate{{Lang: v.Lang, Path: r.Path}}
	}
	for _, a := range withDefault(s, alternates) {
		v.Alt = append(v.Alt, alternate{a.Lang, absolute(s, a.Path)})
	}
	if len(s.Languages) > 1 {
		for _, l := range s.Languages {
			url := cmp.Or(paths[l.Tag], l.Home)
			if url == "/" {
				url += "?lang=" + l.Tag // else the edge goes by the browser's languages
			}
			v.Switch = append(v.Switch, language{l, url, l.Tag == r.Lang})
		}
	}
	return v
}

// withDefault adds where readers of any other language are to go: the page in
// the site's own language, or in the first of those that it exists in.
func withDefault(s *recipe.Site, alternates []recipe.Alternate) []recipe.Alternate {
	if len(alternates) == 0 {
		return nil
	}
	path := alternates[0].Path
	for _, a := range alternates {
		if len(s.Languages) > 0 && a.Lang == s.Languages[0].Tag {
			path = a.Path
		}
	}
	return append(slices.Clone(alternates), recipe.Alternate{Lang: "x-default", Path: path})
}

func execute(name string, v any) ([]byte, error) {
	var b bytes.Buffer
	if err := templates.ExecuteTemplate(&b, name, v); err != nil {
		return nil, fmt.Errorf("executing template %s: %w", name, err)
	}
	return b.Bytes(), nil
}

// post is a post's page, and its text, of one reading.
func post(ctx context.Context, r *recipe.Recipe, src Sources) (page, text []byte, err error) {
	p := r.Post
	if p == nil {
		return nil, nil, missing(r, "post")
	}
	doc, raw, err := document(ctx, src, &p.Source)
	if err != nil {
		return nil, nil, err
	}
	text = postText(r, doc, raw)
	var body bytes.Buffer
	if err := doc.HTML(&body, dialect.Options{Lang: r.Lang, Title: r.Title, Source: &p.Source}); err != nil {
		return nil, nil, err
	}
	v := newView(r)
	v.Body = template.HTML(body.String()) // made by dialect, which lets nothing active through
	v.OGType = "article"
	for _, l := range v.Switch {
		for _, a := range r.Alternates {
			if a.Lang == l.Tag && !l.Current {
				v.Also = append(v.Also, l)
			}
		}
	}
	if img := p.Image; img != nil {
		v.Image = &recipe.Image{URL: absolute(r.Site, img.URL), Width: img.Width, Height: img.Height}
	} else if img, ok := doc.FirstImage(&p.Source); ok {
		v.Image = &recipe.Image{URL: absolute(r.Site, img.URL), Width: img.Width, Height: img.Height}
	}
	if v.Drift, err = driftOf(ctx, r, src); err != nil {
		return nil, nil, err
	}
	v.Data = postData(r, v)
	page, err = execute("post.html", v)
	return page, text, err
}

var pageNumber = regexp.MustCompile(`/page/([0-9]+)/$`)

func list(r *recipe.Recipe) ([]byte, error) {
	if r.List == nil {
		return nil, missing(r, "list")
	}
	v := newView(r)
	v.OGType = "website"
	if f := r.List.Feed; f != "" && f != r.Site.Feed {
		v.Feeds = append(v.Feeds, recipe.Link{Text: v.HeadTitle, URL: f})
	}
	if r.List.Show != "" {
		v.Show = r.List.Show
	}
	if r.List.Intro != "" {
		v.HeadTitle = v.W.Intro(r.List.Intro) + ": " + v.HeadTitle
	}
	if m := pageNumber.FindStringSubmatch(r.Path); m != nil {
		v.PageNo, _ = strconv.Atoi(m[1])
		v.HeadTitle += v.W.Sep + fmt.Sprintf(v.W.Page, v.PageNo)
	}
	if r.Title == "" && v.PageNo == 1 {
		v.About = cmp.Or(v.About, r.Site.Description)
		v.Data = siteData(r, v)
	} else if r.Title != "" {
		v.Data = breadcrumbs(r, recipe.Link{Text: r.Title, URL: r.Path})
	}
	return execute("list.html", v)
}

func index(r *recipe.Recipe) ([]byte, error) {
	if r.Index == nil {
		return nil, missing(r, "index")
	}
	v := newView(r)
	v.OGType = "website"
	v.Heading = v.W.Intro(r.Title)
	v.HeadTitle = v.Heading + v.W.Sep + r.Site.Title
	v.Data = breadcrumbs(r, recipe.Link{Text: v.Heading, URL: r.Path})
	return execute("index.html", v)
}

// maxNotFound is the size of a 404 page that the edge function can hold.
const maxNotFound = 1024

// notFound makes the page as small as it must be: a long title of the site is
// cut.
func notFound(r *recipe.Recipe) ([]byte, error) {
	v := newView(r)
	title := []rune(r.Site.Title)
	for n := len(title); ; n /= 2 {
		v.Heading = string(title[:n])
		if n < len(title) {
			v.Heading += "…"
		}
		body, err := execute("notfound.html", v)
		if err != nil {
			return nil, err
		}
		if len(body) <= maxNotFound {
			return body, nil
		}
		if n == 0 {
			return nil, fmt.Errorf("the 404 page of %s has %d bytes, %d too many, even without the site's title", v.Lang, len(body), len(body)-maxNotFound)
		}
	}
}
