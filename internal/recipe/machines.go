package recipe

// GuideData is for Kind Guide.
type GuideData struct {
	Posts []GuideItem `json:"posts,omitempty"` // the newest, newest first
	Pages []GuideItem `json:"pages,omitempty"`
}

// GuideItem is a post in a Guide.
type GuideItem struct {
	Title   string `json:"title"`
	Page    string `json:"page"` // path of the post
	Summary string `json:"summary,omitempty"`
}

// SecurityData is for Kind Security.
type SecurityData struct {
	Contact []string `json:"contact"` // addresses: mailto:, https:, tel:
	Expires string   `json:"expires"` // YYYY-MM-DD: from then on it is not to be trusted
	Policy  string   `json:"policy,omitempty"`
}

// Drift says that the original of a translation was changed after it.
type Drift struct {
	Lang   string `json:"lang"`   // of the original
	Path   string `json:"path"`   // of the original
	Digest string `json:"digest"` // of the original's file
	// Changed are the paragraphs of the original, counted from 0 as
	// dialect.Paragraphs does, that are new or other than they were.
	Changed []int `json:"changed,omitempty"`
	Gone    int   `json:"gone,omitempty"` // how many paragraphs it had then and has no more
}
