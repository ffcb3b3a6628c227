package render

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"encoding/xml"
	"fmt"
	"strings"
	"sync"
	"time"
	"unicode/utf8"

	"github.com/victorleungtw/blog/internal/markdown/dialect"
	"github.com/victorleungtw/blog/internal/recipe"
)

// entry is a feed's item with its HTML.
type entry struct {
	recipe.FeedItem
	html string
}

func feed(ctx context.Context, r *recipe.Recipe, src Sources) (body []byte, contentType string, err error) {
	f := r.Feed
	if f == nil {
		return nil, "", missing(r, "feed")
	}
	var entries []entry
	for i := range f.Items {
		item := &f.Items[i]
		html, err := itemHTML(ctx, r.Site.BaseURL, item, src)
		if err != nil {
			return nil, "", err
		}
		entries = append(entries, entry{*item, html})
	}
	switch f.Format {
	case "atom":
		body, err = encode(atomOf(r, entries))
		return body, typeAtom, err
	case "rss":
		body, err = encode(rssOf(r, entries))
		return body, typeRSS, err
	case "json":
		body, err = jsonOf(r, entries)
		return body, typeFeed, err
	}
	return nil, "", fmt.Errorf("no feed has the format %q", f.Format)
}

// itemHTML is a post as feeds have it. Most posts are in many: in three formats,
// below home and below each of their tags. So the last ones are remembered, by all
// that shapes them. The source is read all the same: what is gone from there is
// to be in no new feed.
func itemHTML(ctx context.Context, base string, item *recipe.FeedItem, src Sources) (string, error) {
	raw, err := read(ctx, src, &item.Source)
	if err != nil {
		return "", err
	}
	source, err := json.Marshal(&item.Source)
	if err != nil {
		return "", err
	}
	key := strings.Join([]string{base, item.URL, item.Lang, item.Title, string(source)}, "\x00")
	if html, ok := items.have(key); ok {
		return html, nil
	}
	doc, _ := parse(raw, item.Source.Math)
	var b bytes.Buffer
	if err := doc.HTML(&b, dialect.Options{Lang: item.Lang, Title: item.Title, Source: &item.Source, Base: base, Page: item.URL}); err != nil {
		return "", err
	}
	html := xmlText(b.String())
	items.keep(key, html)
	return html, nil
}

// maxItems is what is remembered, in bytes: some hundred posts.
const maxItems = 2 << 20

var items recent

// recent remembers texts by what they are made from, the last ones.
type recent struct {
	mu    sync.Mutex
	held  map[string]string
	order []string // of keys, the oldest first
	size  int
}

func (m *recent) have(key string) (text string, ok bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	text, ok = m.held[key]
	return text, ok
}

func (m *recent) keep(key, text string) {
	m.mu.Lock()
	defer m.mu.Unlock()
	size := len(key) + len(text)
	if _, ok := m.held[key]; ok || size > maxItems {
		return
	}
	for m.size+size > maxItems {
		oldest := m.order[0]
		m.order = m.order[1:]
		m.size -= len(oldest) + len(m.held[oldest])
		delete(m.held, oldest)
	}
	if m.held == nil {
		m.held = map[string]string{}
	}
	m.held[key], m.order, m.size = text, append(m.order, key), m.size+size
}

// encode writes a document in XML.
func encode(v any) ([]byte, error) {
	var b bytes.Buffer
	b.WriteString(xml.Header)
	if err := xml.NewEncoder(&b).Encode(v); err != nil {
		return nil, fmt.Errorf("encoding XML: %w", err)
	}
	b.WriteByte('\n')
	return b.Bytes(), nil
}

// xmlText drops what XML 1.0 cannot hold, which encoding/xml checks in text but
// not in CDATA.
func xmlText(s string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case r == '\t' || r == '\n' || r >= ' ' && r < 0xfffe || r > 0xffff && r <= utf8.MaxRune:
			return r
		}
		return -1
	}, s)
}

// feedTitle names the feed: the site, and what of it if not all.
func feedTitle(r *recipe.Recipe) string {
	if r.Title == "" {
		return r.Site.Title
	}
	return r.Title + wordsFor(r.Lang).Sep + r.Site.Title
}

// midnight is a date as a moment: its first, in UTC. A feed cannot say just the
// day.
func midnight(date, layout string) string {
	t, err := time.Parse(time.DateOnly, date)
	if err != nil {
		return ""
	}
	return t.UTC().Format(layout)
}

// latest is when the feed last changed, as far as its items tell. A clock would
// give another feed every time.
func latest(entries []entry) string {
	date := "1970-01-01"
	for _, e := range entries {
		date = max(date, e.Date, e.Updated)
	}
	return date
}

// Atom: RFC 4287.
type (
	atomFeed struct {
		XMLName  xml.Name    `xml:"http://www.w3.org/2005/Atom feed"`
		Lang     string      `xml:"xml:lang,attr,omitempty"`
		ID       string      `xml:"id"`
		Title    string      `xml:"title"`
		Subtitle string      `xml:"subtitle,omitempty"`
		Updated  string      `xml:"updated"`
		Author   *atomAuthor `xml:"author"`
		Links    []atomLink  `xml:"link"`
		Icon     string      `xml:"icon,omitempty"`
		Entries  []atomEntry `xml:"entry"`
	}
	atomAuthor struct {
		Name string `xml:"name"`
	}
	atomLink struct {
		Rel    string `xml:"rel,attr,omitempty"`
		Type   string `xml:"type,attr,omitempty"`
		Lang   string `xml:"hreflang,attr,omitempty"`
		Length int64  `xml:"length,attr,omitempty"`
		Href   string `xml:"href,attr"`
	}
	atomEntry struct {
		Lang      string       `xml:"xml:lang,attr,omitempty"`
		ID        string       `xml:"id"`
		Title     string       `xml:"title"`
		Links     []atomLink   `xml:"link"`
		Published string       `xml:"published"`
		Updated   string       `xml:"updated"`
		Authors   []atomAuthor `xml:"author"`
		Category  []atomTerm   `xml:"category"`
		Summary   string       `xml:"summary,omitempty"`
		Content   atomText     `xml:"content"`
	}
	atomTerm struct {
		Term string `xml:"term,attr"`
	}
	atomText struct {
		Type string `xml:"type,attr"`
		Text string `xml:",cdata"`
	}
)

func atomOf(r *recipe.Recipe, entries []entry) *atomFeed {
	s := r.Site
	f := &atomFeed{
		Lang: r.Lang, ID: absolute(s, r.Feed.Self), Title: feedTitle(r), Subtitle: s.Description,
		Updated: midnight(latest(entries), time.RFC3339),
		Author:  &atomAuthor{cmp.Or(s.Author, s.Title)},
		Links: []atomLink{
			{Rel: "self", Type: "application/atom+xml", Href: absolute(s, r.Feed.Self)},
			{Rel: "alternate", Type: "text/html", Lang: r.Lang, Href: absolute(s, r.Feed.Page)},
		},
	}
	for _, e := range entries {
		url := absolute(s, e.URL)
		out := atomEntry{
			Lang: e.Lang, ID: cmp.Or(e.GUID, url), Title: e.Title,
			Links:     []atomLink{{Rel: "alternate", Type: "text/html", Href: url}},
			Published: midnight(e.Date, time.RFC3339),
			Updated:   midnight(cmp.Or(e.Updated, e.Date), time.RFC3339),
			Summary:   e.Summary, Content: atomText{"html", e.html},
		}
		if ep := e.Episode; ep != nil && ep.Audio != "" {
			out.Links = append(out.Links, atomLink{Rel: "enclosure", Type: ep.Type, Length: ep.Length, Href: absolute(s, ep.Audio)})
		}
		for _, name := range e.Authors {
			out.Authors = append(out.Authors, atomAuthor{name})
		}
		for _, t := range e.Tags {
			out.Category = append(out.Category, atomTerm{t})
		}
		f.Entries = append(f.Entries, out)
	}
	return f
}
