package render

import (
	"fmt"
	"strings"

	"github.com/victorleungtw/blog/internal/recipe"
)

// The types of schema.org that search engines read, as far as a recipe has the
// facts (https://schema.org/BlogPosting, https://schema.org/PodcastEpisode).
type (
	article struct {
		Context     string   `json:"@context"`
		Type        string   `json:"@type"`
		Headline    string   `json:"headline,omitempty"`
		Name        string   `json:"name,omitempty"`
		Description string   `json:"description,omitempty"`
		URL         string   `json:"url"`
		Language    string   `json:"inLanguage,omitempty"`
		Published   string   `json:"datePublished,omitempty"`
		Modified    string   `json:"dateModified,omitempty"`
		Author      []person `json:"author,omitempty"`
		Image       string   `json:"image,omitempty"`
		Keywords    string   `json:"keywords,omitempty"`
		Number      int      `json:"episodeNumber,omitempty"`
		Season      *season  `json:"partOfSeason,omitempty"`
		Series      *series  `json:"partOfSeries,omitempty"`
		Duration    string   `json:"duration,omitempty"`
		Media       *media   `json:"associatedMedia,omitempty"`
	}
	person struct {
		Type string `json:"@type"`
		Name string `json:"name"`
	}
	season struct {
		Type   string `json:"@type"`
		Number int    `json:"seasonNumber"`
	}
	series struct {
		Type string `json:"@type"`
		Name string `json:"name"`
		URL  string `json:"url"`
		Feed string `json:"webFeed,omitempty"`
	}
	media struct {
		Type     string `json:"@type"`
		URL      string `json:"contentUrl"`
		Format   string `json:"encodingFormat,omitempty"`
		Size     string `json:"contentSize,omitempty"`
		Duration string `json:"duration,omitempty"`
	}
	website struct {
		Context     string `json:"@context"`
		Type        string `json:"@type"`
		Name        string `json:"name"`
		Description string `json:"description,omitempty"`
		URL         string `json:"url"`
		Language    string `json:"inLanguage,omitempty"`
	}
	// https://schema.org/BreadcrumbList
	trail struct {
		Context string  `json:"@context"`
		Type    string  `json:"@type"`
		Items   []crumb `json:"itemListElement"`
	}
	crumb struct {
		Type     string `json:"@type"`
		Position int    `json:"position"`
		Name     string `json:"name"`
		Item     string `json:"item"`
	}
)

const schema = "https://schema.org"

func postData(r *recipe.Recipe, v *view) any {
	p := r.Post
	a := &article{
		Context: schema, Type: "BlogPosting", Headline: r.Title, Description: r.Description, URL: v.Canonical,
		Language: r.Lang, Published: p.Date, Modified: p.Updated,
	}
	if v.Image != nil {
		a.Image = v.Image.URL
	}
	for _, name := range p.Authors {
		a.Author = append(a.Author, person{"Person", name})
	}
	var tags []string
	for _, t := range p.Tags {
		tags = append(tags, t.Text)
	}
	a.Keywords = strings.Join(tags, ", ")
	if p.Date == "" {
		a.Type = "WebPage"
	}
	if e := p.Episode; e != nil {
		a.Type, a.Name, a.Headline = "PodcastEpisode", r.Title, ""
		a.Number = e.Number
		a.Duration = isoDuration(e.Duration)
		a.Series = &series{"PodcastSeries", r.Site.Title, absolute(r.Site, r.Site.Home), absolute(r.Site, r.Site.Feed)}
		if e.Season > 0 {
			a.Season = &season{"PodcastSeason", e.Season}
		}
		if e.Audio != "" {
			a.Media = &media{Type: "AudioObject", URL: absolute(r.Site, e.Audio), Format: e.Type, Duration: a.Duration}
			if e.Length > 0 {
				a.Media.Size = fmt.Sprintf("%d B", e.Length)
			}
		}
	}
	if p.Date == "" || r.NoIndex {
		return a
	}
	way := []recipe.Link{{Text: r.Title, URL: r.Path}}
	if len(p.Categories) > 0 {
		way = append(p.Categories[:1:1], way...)
	}
	return []any{a, breadcrumbs(r, way...)}
}

// breadcrumbs is the way from the home page to a page.
func breadcrumbs(r *recipe.Recipe, way ...recipe.Link) *trail {
	t := &trail{Context: schema, Type: "BreadcrumbList"}
	for i, l := range append([]recipe.Link{{Text: r.Site.Title, URL: r.Site.Home}}, way...) {
		t.Items = append(t.Items, crumb{"ListItem", i + 1, l.Text, absolute(r.Site, l.URL)})
	}
	return t
}

func siteData(r *recipe.Recipe, v *view) any {
	return &website{schema, "WebSite", r.Site.Title, r.Site.Description, v.Canonical, r.Lang}
}

// isoDuration is seconds as ISO 8601 has them: "PT1H2M3S".
func isoDuration(seconds int) string {
	if seconds <= 0 {
		return ""
	}
	s := "PT"
	if h := seconds / 3600; h > 0 {
		s += fmt.Sprintf("%dH", h)
	}
	if m := seconds / 60 % 60; m > 0 {
		s += fmt.Sprintf("%dM", m)
	}
	if sec := seconds % 60; sec > 0 || s == "PT" {
		s += fmt.Sprintf("%dS", sec)
	}
	return s
}

// clock is seconds as a player shows them: "1:02:03", "4:05".
func clock(seconds int) string {
	if seconds >= 3600 {
		return fmt.Sprintf("%d:%02d:%02d", seconds/3600, seconds/60%60, seconds%60)
	}
	return fmt.Sprintf("%d:%02d", seconds/60, seconds%60)
}
