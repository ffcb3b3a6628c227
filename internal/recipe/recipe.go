// Package recipe says what one page is made from.
//
// A recipe holds everything that shapes a page's bytes: the digests of its
// sources, the facts about other posts that it shows (a title in a list, the
// neighbour's link), what the site says on every page, and the version of the
// renderer. Nothing else may shape them: no clock, no environment, no order of
// a map. So the digest of a recipe, SHA-256 of its canonical JSON, names the
// page's bytes before they exist: same recipe, same digest, same bytes, in
// every region and on every machine.
//
// The other half of the promise is what a recipe must not hold. A fact that
// changes with every publish (the newest posts, a count, a build time) would
// give every page that carries it a new digest every time. A new post changes
// its own recipe, its neighbours', its lists', its feeds', and no other.
//
// Fields are plain data, in the order in which they are encoded. Adding a field
// with omitempty leaves the digests of recipes that do not use it as they were.
package recipe

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"strings"
)

// Kind says which template makes the page.
type Kind string

const (
	Post       Kind = "post"       // one post or episode, or a standing page such as /about/
	List       Kind = "list"       // home, a category, a tag, a year; one page of it
	Index      Kind = "index"      // all tags, or all years, as links
	Feed       Kind = "feed"       // RSS, Atom or JSON Feed, full text; a show's RSS
	Chapters   Kind = "chapters"   // an episode's chapters, for players
	Guide      Kind = "guide"      // llms.txt: what there is to read, for language models
	Security   Kind = "security"   // security.txt
	Sitemap    Kind = "sitemap"    // one sitemap file
	SitemapIdx Kind = "sitemapidx" // the sitemap of sitemaps
	Robots     Kind = "robots"     // robots.txt
	NotFound   Kind = "notfound"   // the 404 page of one language, at most 1,024 bytes
	Stylesheet Kind = "stylesheet" // the one stylesheet
	Icon       Kind = "icon"       // the site's picture in a browser's tab, as SVG
	OpenSearch Kind = "opensearch" // how a browser searches in one language
	Search     Kind = "search"     // what the pages of results say, and where each language's index is
	SearchLang Kind = "searchlang" // the parts of one language's index
	SearchPart Kind = "searchpart" // one part: what is searched of up to 64 posts (package search)
)

// Recipe is what one page is made from.
type Recipe struct {
	Renderer string `json:"renderer"` // render.Version of the renderer that is to make it
	Kind     Kind   `json:"kind"`
	Path     string `json:"path"`           // the page's URL path, decoded: "/zh/2023/09/06/kubernetes/"
	Lang     string `json:"lang,omitempty"` // BCP 47, of the page
	Site     *Site  `json:"site,omitempty"`

	Title       string `json:"title,omitempty"`
	Description string `json:"description,omitempty"`
	// NoIndex asks search engines to leave the page out: a shared draft.
	NoIndex bool `json:"noindex,omitempty"`
	// Alternates are the same page in every language it exists in, itself
	// included, for hreflang and the language switch. Empty for a page that
	// exists in one.
	Alternates []Alternate `json:"alternates,omitempty"`

	Post    *PostData   `json:"post,omitempty"`
	List    *ListData   `json:"list,omitempty"`
	Index   *IndexData  `json:"index,omitempty"`
	Feed    *FeedData   `json:"feed,omitempty"`
	Sitemap []URLEntry  `json:"sitemap,omitempty"` // for Sitemap and SitemapIdx
	Search  *SearchData `json:"search,omitempty"`  // for Search, SearchLang and SearchPart

	Chapters []Chapter     `json:"chapters,omitempty"`
	Guide    *GuideData    `json:"guide,omitempty"`
	Security *SecurityData `json:"security,omitempty"`
}

// Site is what every page of one language says.
type Site struct {
	Title       string `json:"title"`
	Description string `json:"description,omitempty"`
	BaseURL     string `json:"baseURL"` // scheme and host, no slash at the end: "https://example.com"
	Author      string `json:"author,omitempty"`
	Home        string `json:"home"`             // the language's home: "/" or "/zh/"
	Stylesheet  string `json:"stylesheet"`       // its address: "/page/<digest>.css"
	Feed        string `json:"feed"`             // the language's Atom feed
	Icon        string `json:"icon,omitempty"`   // its picture in a browser's tab: "/favicon.svg"
	Search      string `json:"search,omitempty"` // where the site is searched: "/search"
	Locale      string `json:"locale,omitempty"` // as Open Graph has it: "zh_TW"
	Nav         []Link `json:"nav,omitempty"`
	Languages   []Lang `json:"languages,omitempty"` // every language of the site, in the config's order
}

// Lang is one language of the site.
type Lang struct {
	Tag  string `json:"tag"`  // BCP 47: "zh-Hant"
	Name string `json:"name"` // in itself: "繁體中文"
	Home string `json:"home"`
}

// Link is a text and where it leads.
type Link struct {
	Text string `json:"text"`
	URL  string `json:"url"` // a path of this site, or an absolute URL
}

// Alternate is the page in one language.
type Alternate struct {
	Lang string `json:"lang"`
	Path string `json:"path"`
}

// PostData is for Kind Post.
type PostData struct {
	Source     Source      `json:"source"`
	Date       string      `json:"date,omitempty"`    // YYYY-MM-DD; empty for a standing page
	Updated    string      `json:"updated,omitempty"` // YYYY-MM-DD
	Authors    []string    `json:"authors,omitempty"`
	Minutes    int         `json:"minutes,omitempty"` // reading time
	Categories []Link      `json:"categories,omitempty"`
	Tags       []Link      `json:"tags,omitempty"`
	Newer      *Link       `json:"newer,omitempty"` // the neighbours in this language
	Older      *Link       `json:"older,omitempty"`
	Series     *SeriesData `json:"series,omitempty"`
	Related    []Link      `json:"related,omitempty"`
	Episode    *Episode    `json:"episode,omitempty"`
	Image      *Image      `json:"image,omitempty"` // that stands for the post elsewhere
	Drift      *Drift      `json:"drift,omitempty"`
}

// SeriesData is a post's place in a series.
type SeriesData struct {
	Series Link  `json:"series"` // its name and its page
	Part   int   `json:"part"`   // from 1
	Before *Link `json:"before,omitempty"`
	Next   *Link `json:"next,omitempty"`
}

// Source is a Markdown file and what its relative references mean.
type Source struct {
	Digest string `json:"digest"` // SHA-256 of the file, hex: the object src/<digest>
	// Images maps an image reference, as written, to the asset.
	Images map[string]Image `json:"images,omitempty"`
	// Links maps a link to another document or file, as written and without
	// its fragment, to a URL of this site.
	Links map[string]string `json:"links,omitempty"`
	// Math says that the file has formulas.
	Math bool `json:"math,omitempty"`
}

// Image is an asset with its size in pixels; zero when unknown.
type Image struct {
	URL    string `json:"url"` // "/asset/<sha256>.png"
	Width  int    `json:"width,omitempty"`
	Height int    `json:"height,omitempty"`
	// Widths are those that it exists in as WebP, ascending, at addresses that
	// begin with Set: see Variant.
	Set    string `json:"set,omitempty"` // "/asset/<sha256>"
	Widths []int  `json:"widths,omitempty"`
}

// Variant is the address of an image's WebP of one of its widths. All have one
// digest, so that a page's compression finds the second of them in the first.
func (i Image) Variant(width int) string { return fmt.Sprintf("%s-%d.webp", i.Set, width) }

// Alone is the image without its variants, for what shows one file.
func (i Image) Alone() Image {
	i.Set, i.Widths = "", nil
	return i
}

// ListData is for Kind List.
type ListData struct {
	Items []Item `json:"items"`
	// Intro says what is listed when the title does not: "Category", "Tag",
	// "Archive"; empty for a home page.
	Intro string `json:"intro,omitempty"`
	Newer *Link  `json:"newer,omitempty"` // the neighbouring pages of the list; Text is empty
	Older *Link  `json:"older,omitempty"`
	Feed  string `json:"feed,omitempty"` // the list's own Atom feed
	Show  string `json:"show,omitempty"` // the RSS feed of the podcast that the list is of
}

// Item is one post as a list shows it.
type Item struct {
	Title   string `json:"title"`
	URL     string `json:"url"`
	Lang    string `json:"lang"`
	Date    string `json:"date"`              // YYYY-MM-DD
	Summary string `json:"summary,omitempty"` // plain text
	Minutes int    `json:"minutes,omitempty"`
	Episode bool   `json:"episode,omitempty"`
	Pinned  bool   `json:"pinned,omitempty"`
	Tags    []Link `json:"tags,omitempty"`
}

// ItemID is the id of an item in a list's HTML, for links into the middle of a
// list: "2023-09-06-kubernetes".
func ItemID(path string) string {
	return strings.ReplaceAll(strings.Trim(path, "/"), "/", "-")
}

// IndexData is for Kind Index: links in groups, without counts, so that it
// changes only when a link comes or goes.
type IndexData struct {
	Groups []Group `json:"groups"`
	Posts  bool    `json:"posts,omitempty"` // the links are posts, in their order: a series
}

// Group is a heading and its links.
type Group struct {
	Title string `json:"title,omitempty"`
	Links []Link `json:"links"`
}

// FeedData is for Kind Feed.
type FeedData struct {
	Format string     `json:"format"`         // "atom", "rss" or "json"
	Self   string     `json:"self"`           // path of the feed itself
	Page   string     `json:"page"`           // path of the HTML page that it follows
	Items  []FeedItem `json:"items"`          // newest first
	Show   *Show      `json:"show,omitempty"` // of a podcast's RSS
}

// FeedItem is one post in a feed, in full.
type FeedItem struct {
	Title   string   `json:"title"`
	URL     string   `json:"url"` // path
	Lang    string   `json:"lang"`
	Date    string   `json:"date"`
	Updated string   `json:"updated,omitempty"`
	Summary string   `json:"summary,omitempty"`
	Tags    []string `json:"tags,omitempty"`
	Source  Source   `json:"source"`
	Episode *Episode `json:"episode,omitempty"`
	Authors []string `json:"authors,omitempty"`
	// GUID names the item for ever where its address is not to: in a feed that
	// had another address before. Empty for the address.
	GUID  string `json:"guid,omitempty"`
	Image *Image `json:"image,omitempty"`
}

// URLEntry is one line of a sitemap.
type URLEntry struct {
	Path       string      `json:"path"`
	LastMod    string      `json:"lastmod,omitempty"` // YYYY-MM-DD
	Alternates []Alternate `json:"alternates,omitempty"`
}

// SearchPath is where a site is searched. What the route table has there is not
// a page but the root of the index: the edge function hands it to the renderer.
const SearchPath = "/search"

// SearchData is the index of the search, a tree of three levels: an edit makes
// one part new, and what leads to it.
type SearchData struct {
	Languages []SearchLanguage `json:"languages,omitempty"` // for Search
	Parts     []string         `json:"parts,omitempty"`     // for SearchLang: digests
	Posts     []SearchPost     `json:"posts,omitempty"`     // for SearchPart, by path
}

// SearchLanguage is one language that is searched.
type SearchLanguage struct {
	Lang  string `json:"lang"`
	Site  *Site  `json:"site"`
	Index string `json:"index"` // digest of its SearchLang
}

// SearchPost is what is searched of a post, or standing page.
type SearchPost struct {
	Path   string   `json:"path"`
	Title  string   `json:"title"`
	Date   string   `json:"date,omitempty"`
	Tags   []string `json:"tags,omitempty"`
	Source string   `json:"source"` // digest
}

// Sources returns the digests of the sources that the page is made from.
func (r *Recipe) Sources() []string {
	var out []string
	if r.Post != nil {
		out = append(out, r.Post.Source.Digest)
	}
	if r.Post != nil && r.Post.Drift != nil {
		out = append(out, r.Post.Drift.Digest)
	}
	if r.Feed != nil {
		for _, item := range r.Feed.Items {
			out = append(out, item.Source.Digest)
		}
	}
	if r.Search != nil {
		for _, p := range r.Search.Posts {
			out = append(out, p.Source)
		}
	}
	return out
}

// HasText says whether a page exists as Markdown too: every one does whose path
// ends with a slash. The edge function goes by that rule, and knows no other.
func HasText(path string) bool { return strings.HasSuffix(path, "/") }

// TextPath is the path of a page's text: /2026/03/01/hello.md beside
// /2026/03/01/hello/. That of "/" has none: it is had by content negotiation alone.
func TextPath(path string) string { return strings.TrimSuffix(path, "/") + ".md" }

// Encode returns the canonical bytes: JSON with fields in declared order, map
// keys sorted, no insignificant space and no HTML escaping.
func (r *Recipe) Encode() []byte {
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(r); err != nil {
		panic(err) // strings, ints and maps of strings always encode
	}
	return bytes.TrimSuffix(b.Bytes(), []byte("\n"))
}

// Digest names the page: the hex SHA-256 of Encode.
func (r *Recipe) Digest() string { return Sum(r.Encode()) }

// Sum is the hex SHA-256 of b, the form in which this program names bytes.
func Sum(b []byte) string {
	s := sha256.Sum256(b)
	return hex.EncodeToString(s[:])
}

// Decode reads what Encode wrote. It refuses bytes that do not encode back to
// themselves: a recipe with a field that this version does not know would
// otherwise render as if the field were not there.
func Decode(b []byte) (*Recipe, error) {
	var r Recipe
	if err := json.Unmarshal(b, &r); err != nil {
		return nil, fmt.Errorf("recipe: %w", err)
	}
	if !bytes.Equal(r.Encode(), b) {
		return nil, fmt.Errorf("recipe: holds something that this version does not know")
	}
	return &r, nil
}

// IsDigest says whether s has the form of a digest: 64 lower-case hex digits.
func IsDigest(s string) bool {
	if len(s) != 2*sha256.Size {
		return false
	}
	for _, c := range []byte(s) {
		if (c < '0' || c > '9') && (c < 'a' || c > 'f') {
			return false
		}
	}
	return true
}
