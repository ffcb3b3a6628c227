package recipe

// Episode is the audio of a podcast episode. The post's body is its transcript.
type Episode struct {
	Audio    string    `json:"audio,omitempty"`    // URL of the enclosure; empty when there is only a transcript
	Type     string    `json:"type,omitempty"`     // "audio/mpeg"
	Length   int64     `json:"length,omitempty"`   // bytes
	Duration int       `json:"duration,omitempty"` // seconds
	Number   int       `json:"number,omitempty"`
	Season   int       `json:"season,omitempty"`
	Kind     string    `json:"kind,omitempty"`     // "trailer" or "bonus"; empty for a full episode
	Explicit bool      `json:"explicit,omitempty"` // whatever the show says
	Chapters string    `json:"chapters,omitempty"` // path of the chapters
	Marks    []Chapter `json:"marks,omitempty"`    // the same, as the page shows them
	People   []Person  `json:"people,omitempty"`   // in place of the show's
	// Transcripts are the episode's page in every language that it exists in,
	// for a show's feed.
	Transcripts []Alternate `json:"transcripts,omitempty"`
}

// Chapter is where a part of an episode begins.
type Chapter struct {
	Start int    `json:"start"` // seconds
	Title string `json:"title"`
}

// Person is somebody who is heard in a podcast or makes it.
type Person struct {
	Name string `json:"name"`
	Role string `json:"role,omitempty"` // of the Podcast Taxonomy, in lower case; empty for host
	URL  string `json:"url,omitempty"`
	Img  string `json:"img,omitempty"`
}

// Show is a podcast in one language.
type Show struct {
	GUID       string         `json:"guid"` // UUID
	Author     string         `json:"author,omitempty"`
	Desc       string         `json:"description,omitempty"`
	OwnerName  string         `json:"ownerName,omitempty"`
	OwnerEmail string         `json:"ownerEmail,omitempty"`
	Image      string         `json:"image"`
	Categories []ShowCategory `json:"categories"`
	Explicit   bool           `json:"explicit,omitempty"`
	Type       string         `json:"type"` // "episodic" or "serial"
	Locked     bool           `json:"locked,omitempty"`
	People     []Person       `json:"people,omitempty"`
}

// ShowCategory is one of Apple's, with one of its subcategories or none.
type ShowCategory struct {
	Name string `json:"name"`
	Sub  string `json:"sub,omitempty"`
}
