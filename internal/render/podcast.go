package render

import (
	"cmp"

	"github.com/victorleungtw/blog/internal/recipe"
)

// What Apple (https://podcasters.apple.com/support/823-podcast-requirements)
// and Podcasting 2.0 ask of a show's feed beside RSS.
type (
	showElements struct {
		Author     string           `xml:"itunes:author,omitempty"`
		Explicit   string           `xml:"itunes:explicit,omitempty"`
		Type       string           `xml:"itunes:type,omitempty"`
		Image      *itunesImage     `xml:"itunes:image"`
		Picture    *rssImage        `xml:"image"`
		Owner      *itunesOwner     `xml:"itunes:owner"`
		Categories []itunesCategory `xml:"itunes:category"`
		GUID       string           `xml:"podcast:guid,omitempty"`
		Locked     *podcastLocked   `xml:"podcast:locked"`
		People     []podcastPerson  `xml:"podcast:person"`
	}
	episodeElements struct {
		Duration    int                 `xml:"itunes:duration,omitempty"`
		Number      int                 `xml:"itunes:episode,omitempty"`
		Season      int                 `xml:"itunes:season,omitempty"`
		Kind        string              `xml:"itunes:episodeType,omitempty"`
		Explicit    string              `xml:"itunes:explicit,omitempty"`
		Transcripts []podcastTranscript `xml:"podcast:transcript"`
		Chapters    *podcastChapters    `xml:"podcast:chapters"`
		People      []podcastPerson     `xml:"podcast:person"`
	}
	itunesImage struct {
		Href string `xml:"href,attr"`
	}
	rssImage struct {
		URL   string `xml:"url"`
		Title string `xml:"title"`
		Link  string `xml:"link"`
	}
	itunesOwner struct {
		Name  string `xml:"itunes:name,omitempty"`
		Email string `xml:"itunes:email,omitempty"`
	}
	itunesCategory struct {
		Text string          `xml:"text,attr"`
		Sub  *itunesCategory `xml:"itunes:category"`
	}
	podcastLocked struct {
		Owner string `xml:"owner,attr,omitempty"`
		Value string `xml:",chardata"`
	}
	podcastPerson struct {
		Role string `xml:"role,attr,omitempty"`
		Href string `xml:"href,attr,omitempty"`
		Img  string `xml:"img,attr,omitempty"`
		Name string `xml:",chardata"`
	}
	podcastTranscript struct {
		URL      string `xml:"url,attr"`
		Type     string `xml:"type,attr"`
		Language string `xml:"language,attr,omitempty"`
	}
	podcastChapters struct {
		URL  string `xml:"url,attr"`
		Type string `xml:"type,attr"`
	}
)

// show fills in what a channel says of the podcast.
func (c *channel) show(r *recipe.Recipe) {
	s, sh := r.Site, r.Feed.Show
	// The channel has the show's own title, not a category's.
	c.Title = r.Title
	c.Description = cmp.Or(sh.Desc, c.Description)
	c.showElements = showElements{
		Author: cmp.Or(sh.Author, s.Author), Explicit: yes(sh.Explicit, "true", "false"), Type: sh.Type,
		Image:   &itunesImage{absolute(s, sh.Image)},
		Picture: &rssImage{absolute(s, sh.Image), c.Title, c.Link},
		GUID:    sh.GUID,
		Locked:  &podcastLocked{sh.OwnerEmail, yes(sh.Locked, "yes", "no")},
		People:  people(s, sh.People),
	}
	if sh.OwnerName != "" || sh.OwnerEmail != "" {
		c.Owner = &itunesOwner{sh.OwnerName, sh.OwnerEmail}
	}
	for _, cat := range sh.Categories {
		out := itunesCategory{Text: cat.Name}
		if cat.Sub != "" {
			out.Sub = &itunesCategory{Text: cat.Sub}
		}
		c.Categories = append(c.Categories, out)
	}
}

// episode fills in what an item says of its audio. The post is the transcript,
// in each language that it exists in.
func (it *rssItem) episode(s *recipe.Site, e *entry, show bool) {
	ep := e.Episode
	it.episodeElements = episodeElements{Duration: ep.Duration, Number: ep.Number, Season: ep.Season, People: people(s, ep.People)}
	if show {
		it.Kind = cmp.Or(ep.Kind, "full")
		it.Explicit = yes(ep.Explicit, "true", "")
	}
	transcripts := ep.Transcripts
	if len(transcripts) == 0 {
		transcripts = []recipe.Alternate{{Lang: e.Lang, Path: e.URL}}
	}
	for _, t := range transcripts {
		it.Transcripts = append(it.Transcripts, podcastTranscript{absolute(s, t.Path), "text/html", t.Lang})
	}
	if ep.Chapters != "" {
		it.Chapters = &podcastChapters{absolute(s, ep.Chapters), typeMark}
	}
}

func people(s *recipe.Site, list []recipe.Person) []podcastPerson {
	var out []podcastPerson
	for _, p := range list {
		one := podcastPerson{Role: p.Role, Name: p.Name}
		if p.URL != "" {
			one.Href = absolute(s, p.URL)
		}
		if p.Img != "" {
			one.Img = absolute(s, p.Img)
		}
		out = append(out, one)
	}
	return out
}

// enclosureType is Apple's word for a type: it lists audio/x-m4a and not the
// registered audio/mp4, by which the file itself is served.
func enclosureType(t string) string {
	if t == "audio/mp4" {
		return "audio/x-m4a"
	}
	return t
}

func yes(b bool, yes, no string) string {
	if b {
		return yes
	}
	return no
}
