package render

import (
	"encoding/xml"
	"strings"
	"time"

	"github.com/victorleungtw/blog/internal/recipe"
)

// RSS 2.0 (https://www.rssboard.org/rss-specification) with Apple's elements
// for podcasts (https://help.apple.com/itc/podcasts_connect/#/itcb54353390) and
// those of Podcasting 2.0 (https://github.com/Podcastindex-org/podcast-namespace).
// podcast.go has what concerns a show.
type (
	rss struct {
		XMLName xml.Name `xml:"rss"`
		Version string   `xml:"version,attr"`
		Atom    string   `xml:"xmlns:atom,attr"`
		Content string   `xml:"xmlns:content,attr"`
		DC      string   `xml:"xmlns:dc,attr,omitempty"`
		Itunes  string   `xml:"xmlns:itunes,attr,omitempty"`
		Podcast string   `xml:"xmlns:podcast,attr,omitempty"`
		Channel channel  `xml:"channel"`
	}
	channel struct {
		Title       string  `xml:"title"`
		Link        string  `xml:"link"`
		Description string  `xml:"description"`
		Language    string  `xml:"language,omitempty"`
		Updated     string  `xml:"lastBuildDate"`
		Self        rssSelf `xml:"atom:link"`
		showElements
		Items []rssItem `xml:"item"`
	}
	rssSelf struct {
		Href string `xml:"href,attr"`
		Rel  string `xml:"rel,attr"`
		Type string `xml:"type,attr"`
	}
	rssItem struct {
		Title       string        `xml:"title"`
		Link        string        `xml:"link"`
		GUID        rssGUID       `xml:"guid"`
		Date        string        `xml:"pubDate"`
		Description string        `xml:"description,omitempty"`
		Creators    []string      `xml:"dc:creator"`
		Categories  []string      `xml:"category"`
		Enclosure   *rssEnclosure `xml:"enclosure"`
		episodeElements
		Content rssContent `xml:"content:encoded"`
	}
	rssGUID struct {
		Permalink bool   `xml:"isPermaLink,attr"`
		ID        string `xml:",chardata"`
	}
	rssEnclosure struct {
		URL    string `xml:"url,attr"`
		Length int64  `xml:"length,attr"`
		Type   string `xml:"type,attr"`
	}
	rssContent struct {
		Text string `xml:",cdata"`
	}
)

func rssOf(r *recipe.Recipe, entries []entry) *rss {
	s := r.Site
	out := &rss{
		Version: "2.0", Atom: "http://www.w3.org/2005/Atom", Content: "http://purl.org/rss/1.0/modules/content/",
		Channel: channel{
			Title: feedTitle(r), Link: absolute(s, r.Feed.Page), Description: s.Description,
			Language: strings.ToLower(r.Lang),
			Updated:  midnight(latest(entries), time.RFC1123Z),
			Self:     rssSelf{absolute(s, r.Feed.Self), "self", "application/rss+xml"},
		},
	}
	if out.Channel.Description == "" {
		out.Channel.Description = s.Title
	}
	if r.Feed.Show != nil {
		out.Channel.show(r)
	}
	out.Channel.Description = asHTML(out.Channel.Description)
	for _, e := range entries {
		url := absolute(s, e.URL)
		item := rssItem{
			Title: e.Title, Link: url, GUID: rssGUID{true, url}, Date: midnight(e.Date, time.RFC1123Z),
			Description: asHTML(e.Summary), Creators: e.Authors, Categories: e.Tags, Content: rssContent{e.html},
		}
		if e.GUID != "" {
			item.GUID = rssGUID{false, e.GUID}
		}
		if len(e.Authors) > 0 {
			out.DC = "http://purl.org/dc/elements/1.1/"
		}
		if ep := e.Episode; ep != nil && ep.Audio != "" {
			item.Enclosure = &rssEnclosure{absolute(s, ep.Audio), ep.Length, enclosureType(ep.Type)}
			item.episode(s, &e, r.Feed.Show != nil)
			out.podcast()
		}
		out.Channel.Items = append(out.Channel.Items, item)
	}
	if r.Feed.Show != nil {
		out.podcast()
	}
	return out
}

// asHTML is a text as HTML, which is what readers take a description for
// (https://www.rssboard.org/rss-profile#element-channel-item-description): a
// post about <script> is not to run one in them.
func asHTML(s string) string { return htmlText.Replace(s) }

var htmlText = strings.NewReplacer("&", "&amp;", "<", "&lt;", ">", "&gt;")

// podcast declares the namespaces of podcasts.
func (f *rss) podcast() {
	f.Itunes = "http://www.itunes.com/dtds/podcast-1.0.dtd"
	f.Podcast = "https://podcastindex.org/namespace/1.0"
}
