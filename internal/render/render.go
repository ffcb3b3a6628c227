// Package render makes pages: a recipe in, bytes out.
//
// # What it promises
//
// Render is pure. The bytes are a function of the recipe, of the sources that
// it names by digest, and of Version: there is no clock, no environment and no
// order of a map in it. So any region, any machine and any day give a digest
// the same bytes. A recipe for another version is refused.
//
// The pages are inert: they hold no JavaScript and no inline style, and of
// another host only the pictures that a post itself names, so they live under
// "default-src 'none'" with style-src 'self'. JSON-LD in
// a script element is data: the HTML standard leaves an element whose type is
// not JavaScript's before it asks the policy
// (https://html.spec.whatwg.org/multipage/scripting.html#prepare-the-script-element),
// and search engines read it.
//
// # Decisions
//
//   - html/template, parsed once. It escapes by context, which is worth more
//     here than the 0.1 ms that a faster engine would save: highlighting a
//     block of code costs ten times that.
//   - Feeds are encoded by encoding/xml and encoding/json from structs.
//   - Feeds hold posts in full, as plain HTML with absolute addresses, without
//     highlighting: a feed reader has none of our styles.
//   - Words are in words.go, for English, Chinese in both scripts and Japanese.
//     Other languages see English words and ISO dates; their text is theirs.
//   - One stylesheet for everything, style.css, about 3 KB on the wire and
//     immutable: a second page costs nothing for it.
package render

import (
	"context"
	"errors"
	"fmt"

	"github.com/victorleungtw/blog/internal/markdown/dialect"
	"github.com/victorleungtw/blog/internal/recipe"
)

// Sources gives the files that a recipe names.
type Sources interface {
	// Source returns the Markdown file with this SHA-256, whole, with its
	// front matter. The caller of Render vouches that the bytes have the
	// digest.
	Source(ctx context.Context, digest string) ([]byte, error)
}

// Page is what a recipe makes.
type Page struct {
	Body        []byte
	ContentType string
	Text        []byte // the same as Markdown (RFC 7763), of a page that has one: see recipe.TextPath
}

// The ContentType of a page for browsers, and that of a Text.
const (
	TypeHTML = "text/html; charset=utf-8"
	TypeText = "text/markdown; charset=utf-8"
)

// ErrVersion is returned for a recipe that another version is to render.
var ErrVersion = errors.New("the recipe is for another version of the renderer")

// errIncomplete is returned for a recipe that lacks what its kind needs.
var errIncomplete = errors.New("the recipe is incomplete")

const (
	typeAtom = "application/atom+xml; charset=utf-8"
	typeRSS  = "application/rss+xml; charset=utf-8"
	typeXML  = "application/xml; charset=utf-8"
	typeFeed = "application/feed+json; charset=utf-8"
	typeMark = "application/json+chapters"
	typeText = "text/plain; charset=utf-8"
	typeCSS  = "text/css; charset=utf-8"
	typeSVG  = "image/svg+xml"
	typeJSON = "application/json"

	typeOpenSearch = "application/opensearchdescription+xml; charset=utf-8"
	typeBinary     = "application/octet-stream"
)

// Render makes the page that r describes.
func Render(ctx context.Context, r *recipe.Recipe, src Sources) (*Page, error) {
	if r.Renderer != Version() {
		return nil, fmt.Errorf("%w: it names %q, this is %s", ErrVersion, r.Renderer, Version())
	}
	if r.Site == nil && r.Kind != recipe.Stylesheet && r.Kind != recipe.SearchLang && r.Kind != recipe.SearchPart {
		return nil, missing(r, "site")
	}
	var body, text []byte
	var err error
	contentType := TypeHTML
	switch r.Kind {
	case recipe.Post:
		body, text, err = post(ctx, r, src)
	case recipe.List:
		body, err = list(r)
		text = listText(r)
	case recipe.Index:
		body, err = index(r)
		text = indexText(r)
	case recipe.NotFound:
		body, err = notFound(r)
	case recipe.Feed:
		body, contentType, err = feed(ctx, r, src)
	case recipe.Sitemap:
		contentType = typeXML
		body, err = sitemap(r)
	case recipe.SitemapIdx:
		contentType = typeXML
		body, err = sitemapIndex(r)
	case recipe.Robots:
		contentType = typeText
		body = robots(r)
	case recipe.Guide:
		contentType = typeText
		body, err = guide(r)
	case recipe.Security:
		contentType = typeText
		body, err = security(r)
	case recipe.Chapters:
		contentType = typeMark
		body, err = chapters(r)
	case recipe.Icon:
		contentType = typeSVG
		body, err = icon(r)
	case recipe.OpenSearch:
		contentType = typeOpenSearch
		body, err = openSearch(r)
	case recipe.Search, recipe.SearchLang:
		contentType = typeJSON
		body, err = searchNode(r)
	case recipe.SearchPart:
		contentType = typeBinary
		body, err = searchPart(ctx, r, src)
	case recipe.Stylesheet:
		contentType = typeCSS
		body = stylesheet
	default:
		err = fmt.Errorf("no template for pages of kind %q", r.Kind)
	}
	if err != nil {
		return nil, err
	}
	return &Page{Body: body, ContentType: contentType, Text: text}, nil
}

func missing(r *recipe.Recipe, what string) error {
	return fmt.Errorf("%w: a page of kind %q needs %s", errIncomplete, r.Kind, what)
}

// document reads and parses a source. The text is that of the document, without
// its front matter.
func document(ctx context.Context, src Sources, s *recipe.Source) (doc *dialect.Doc, text []byte, err error) {
	raw, err := read(ctx, src, s)
	if err != nil {
		return nil, nil, err
	}
	doc, text = parse(raw, s.Math)
	return doc, text, nil
}

func read(ctx context.Context, src Sources, s *recipe.Source) ([]byte, error) {
	raw, err := src.Source(ctx, s.Digest)
	if err != nil {
		return nil, fmt.Errorf("reading source %s: %w", s.Digest, err)
	}
	return raw, nil
}

func parse(raw []byte, math bool) (doc *dialect.Doc, text []byte) {
	_, text, line := dialect.SplitFrontMatter(raw)
	if math {
		return dialect.Parse(text, line, dialect.Math), text
	}
	return dialect.Parse(text, line), text
}
