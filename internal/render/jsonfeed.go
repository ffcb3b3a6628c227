package render

import (
	"bytes"
	"cmp"
	"encoding/json"
	"fmt"
	"time"

	"github.com/victorleungtw/blog/internal/recipe"
)

// JSON Feed 1.1 (https://www.jsonfeed.org/version/1.1/).
type (
	jsonFeed struct {
		Version  string       `json:"version"`
		Title    string       `json:"title"`
		HomePage string       `json:"home_page_url"`
		Feed     string       `json:"feed_url"`
		Desc     string       `json:"description,omitempty"`
		Favicon  string       `json:"favicon,omitempty"`
		Authors  []jsonAuthor `json:"authors,omitempty"`
		Language string       `json:"language,omitempty"`
		Items    []jsonItem   `json:"items"`
	}
	jsonAuthor struct {
		Name string `json:"name"`
	}
	jsonItem struct {
		ID          string       `json:"id"`
		URL         string       `json:"url"`
		Title       string       `json:"title"`
		HTML        string       `json:"content_html"`
		Summary     string       `json:"summary,omitempty"`
		Image       string       `json:"image,omitempty"`
		Published   string       `json:"date_published,omitempty"`
		Modified    string       `json:"date_modified,omitempty"`
		Authors     []jsonAuthor `json:"authors,omitempty"`
		Tags        []string     `json:"tags,omitempty"`
		Language    string       `json:"language,omitempty"`
		Attachments []jsonFile   `json:"attachments,omitempty"`
	}
	jsonFile struct {
		URL      string `json:"url"`
		Type     string `json:"mime_type"`
		Size     int64  `json:"size_in_bytes,omitempty"`
		Duration int    `json:"duration_in_seconds,omitempty"`
	}
)

func jsonOf(r *recipe.Recipe, entries []entry) ([]byte, error) {
	s := r.Site
	f := jsonFeed{
		Version: "https://jsonfeed.org/version/1.1", Title: feedTitle(r),
		HomePage: absolute(s, r.Feed.Page), Feed: absolute(s, r.Feed.Self),
		Desc: s.Description, Language: r.Lang, Items: []jsonItem{},
		Authors: []jsonAuthor{{cmp.Or(s.Author, s.Title)}},
	}
	if s.Icon != "" {
		f.Favicon = absolute(s, s.Icon)
	}
	for _, e := range entries {
		url := absolute(s, e.URL)
		item := jsonItem{
			ID: cmp.Or(e.GUID, url), URL: url, Title: e.Title, HTML: e.html, Summary: e.Summary,
			Published: midnight(e.Date, time.RFC3339), Modified: midnight(e.Updated, time.RFC3339),
			Tags: e.Tags, Language: e.Lang,
		}
		if e.Image != nil {
			item.Image = absolute(s, e.Image.URL)
		}
		for _, name := range e.Authors {
			item.Authors = append(item.Authors, jsonAuthor{name})
		}
		if ep := e.Episode; ep != nil && ep.Audio != "" {
			item.Attachments = []jsonFile{{absolute(s, ep.Audio), ep.Type, ep.Length, ep.Duration}}
		}
		f.Items = append(f.Items, item)
	}
	return encodeJSON(f)
}

func encodeJSON(v any) ([]byte, error) {
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(v); err != nil {
		return nil, fmt.Errorf("encoding JSON: %w", err)
	}
	return b.Bytes(), nil
}

// Chapters of an episode, in the JSON format of Podcasting 2.0
// (https://github.com/Podcastindex-org/podcast-namespace/blob/main/docs/examples/chapters/jsonChapters.md).
type (
	chapterFile struct {
		Version  string        `json:"version"`
		Title    string        `json:"title,omitempty"`
		Podcast  string        `json:"podcastName,omitempty"`
		Chapters []chapterMark `json:"chapters"`
	}
	chapterMark struct {
		Start int    `json:"startTime"`
		Title string `json:"title,omitempty"`
	}
)

func chapters(r *recipe.Recipe) ([]byte, error) {
	if len(r.Chapters) == 0 {
		return nil, missing(r, "chapters")
	}
	f := chapterFile{Version: "1.2.0", Title: r.Title, Podcast: r.Site.Title}
	for _, c := range r.Chapters {
		f.Chapters = append(f.Chapters, chapterMark{c.Start, c.Title})
	}
	return encodeJSON(f)
}
