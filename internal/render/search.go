package render

import (
	"context"
	"encoding/hex"
	"encoding/json"
	"encoding/xml"
	"errors"
	"fmt"
	"net/url"
	"sync"

	"github.com/victorleungtw/blog/internal/recipe"
	"github.com/victorleungtw/blog/internal/search"
)

// searchNode is what a recipe says of the index: its readers have no use for the
// rest.
func searchNode(r *recipe.Recipe) ([]byte, error) {
	if r.Search == nil {
		return nil, missing(r, "search")
	}
	body, err := json.Marshal(r.Search)
	if err != nil {
		return nil, fmt.Errorf("writing the index: %w", err)
	}
	return append(body, '\n'), nil
}

// SearchNode reads a page of kind Search or SearchLang.
func SearchNode(body []byte) (*recipe.SearchData, error) {
	var d recipe.SearchData
	if err := json.Unmarshal(body, &d); err != nil {
		return nil, fmt.Errorf("reading the index: %w", err)
	}
	return &d, nil
}

// readers is how many sources of a part are read at once. Reading is waiting
// for S3.
const readers = 16

func searchPart(ctx context.Context, r *recipe.Recipe, src Sources) ([]byte, error) {
	if r.Search == nil {
		return nil, missing(r, "search")
	}
	posts := make([]search.Post, len(r.Search.Posts))
	errs := make([]error, len(posts))
	var wg sync.WaitGroup
	free := make(chan struct{}, readers)
	for i, p := range r.Search.Posts {
		wg.Go(func() {
			free <- struct{}{}
			defer func() { <-free }()
			posts[i], errs[i] = searchPost(ctx, p, src)
		})
	}
	wg.Wait()
	if err := errors.Join(errs...); err != nil {
		return nil, err
	}
	return search.Build(r.Lang, posts), nil
}

func searchPost(ctx context.Context, p recipe.SearchPost, src Sources) (search.Post, error) {
	out := search.Post{Path: p.Path, Title: p.Title, Date: p.Date, Tags: p.Tags}
	if n, err := hex.Decode(out.Source[:], []byte(p.Source)); err != nil || n != len(out.Source) {
		return out, fmt.Errorf("%s: %q is not a digest", p.Path, p.Source)
	}
	raw, err := src.Source(ctx, p.Source)
	if err != nil {
		return out, fmt.Errorf("reading source %s: %w", p.Source, err)
	}
	out.Text, out.Size = SearchText(raw), len(raw)
	return out, nil
}

// SearchText is what of a Markdown file is searched.
func SearchText(raw []byte) string {
	doc, _ := parse(raw, false)
	return doc.Plain(doc.Root())
}

// searchView is what a page of results shows.
type searchView struct {
	search.Query
	*search.Results
	Asked        bool // there is a question
	Many         bool // there is more than one language
	Newer, Older string
	// Widen and Narrow lead to the same question in all languages, and in the
	// page's own; Untag to the one without the tag.
	Widen, Narrow, Untag string
	address              string
}

// First is the number of the first result of the page.
func (v *searchView) First() int { return (v.Page-1)*search.PerPage + 1 }

// With is the address of the same question among posts with a tag.
func (v *searchView) With(tag string) string {
	q := v.Query
	q.Tag, q.Page = tag, 1
	return v.at(q)
}

func (v *searchView) at(q search.Query) string { return v.address + "?" + q.Values().Encode() }

// SearchLanguages are the languages in which a question is asked, and the one
// that the page of its results is in. A language that the site has not is as if
// it had not been named.
func SearchLanguages(root *recipe.SearchData, q *search.Query) (in []recipe.SearchLanguage, page *recipe.SearchLanguage, err error) {
	if len(root.Languages) == 0 {
		return nil, nil, errors.New("the index has no language")
	}
	for i, l := range root.Languages {
		if l.Site == nil {
			return nil, nil, fmt.Errorf("the index says nothing of the site in %s", l.Lang)
		}
		if l.Lang == q.Lang {
			page = &root.Languages[i]
		}
	}
	if page == nil {
		q.Lang, q.All, page = "", true, &root.Languages[0]
	}
	if q.All {
		return root.Languages, page, nil
	}
	return []recipe.SearchLanguage{*page}, page, nil
}

// SearchPage makes a page of results; of the form alone, without a question.
func SearchPage(root *recipe.SearchData, q search.Query, res *search.Results) ([]byte, error) {
	_, lang, err := SearchLanguages(root, &q)
	if err != nil {
		return nil, err
	}
	// The form is a page like others; results are made of pages that search
	// engines have already.
	r := &recipe.Recipe{Kind: recipe.Search, Path: lang.Site.Search, Lang: lang.Lang, Site: lang.Site, NoIndex: res != nil}
	v := newView(r)
	v.About = r.Site.Description
	v.OGType = "website"
	v.Heading = v.W.Search
	v.HeadTitle = v.W.Search + v.W.Sep + r.Site.Title
	if q.Text != "" {
		v.HeadTitle = q.Text + v.W.Sep + v.HeadTitle
	}
	if q.Page > 1 {
		v.HeadTitle += v.W.Sep + fmt.Sprintf(v.W.Page, q.Page)
	}
	s := &searchView{Query: q, Results: res, Asked: res != nil, Many: len(root.Languages) > 1, address: r.Path}
	if s.Results == nil {
		s.Results = &search.Results{}
	}
	other := q
	other.Page = 1
	if q.Tag != "" {
		other.Tag = ""
		s.Untag, other.Tag = s.at(other), q.Tag
	}
	if s.Many {
		if other.All = !q.All; q.All && q.Lang != "" {
			s.Narrow = s.at(other)
		} else if !q.All {
			s.Widen = s.at(other)
		}
	}
	if other = q; q.Page > 1 {
		other.Page = q.Page - 1
		s.Newer = s.at(other)
	}
	if s.More {
		other.Page = q.Page + 1
		s.Older = s.at(other)
	}
	for i, l := range v.Switch {
		again := search.Query{Text: q.Text, Lang: l.Tag, Page: 1}
		v.Switch[i].URL = s.at(again)
	}
	v.Search = s
	return execute("search.html", v)
}

// OpenSearch 1.1: https://github.com/dewitt/opensearch
type openSearchDescription struct {
	XMLName     xml.Name `xml:"http://a9.com/-/spec/opensearch/1.1/ OpenSearchDescription"`
	ShortName   string
	Description string
	Language    string
	Encoding    string        `xml:"InputEncoding"`
	URL         openSearchURL `xml:"Url"`
	Image       *openSearchImage
}

type openSearchURL struct {
	Type     string `xml:"type,attr"`
	Method   string `xml:"method,attr"`
	Template string `xml:"template,attr"`
}

type openSearchImage struct {
	Type string `xml:"type,attr"`
	URL  string `xml:",chardata"`
}

// maxShortName is how long a ShortName may be, in characters.
const maxShortName = 16

func openSearch(r *recipe.Recipe) ([]byte, error) {
	s := r.Site
	name := []rune(s.Title)
	d := openSearchDescription{
		ShortName: string(name[:min(len(name), maxShortName)]), Description: s.Title, Language: r.Lang, Encoding: "UTF-8",
		URL: openSearchURL{"text/html", "get", absolute(s, s.Search) + "?q={searchTerms}&" + url.Values{"lang": {r.Lang}}.Encode()},
	}
	if s.Icon != "" {
		d.Image = &openSearchImage{typeSVG, absolute(s, s.Icon)}
	}
	return encode(d)
}
