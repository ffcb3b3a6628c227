package render

import (
	"bytes"
	"fmt"
	"strings"

	"github.com/victorleungtw/blog/internal/recipe"
)

// robots lets everything be read but what is not a page (RFC 9309).
func robots(r *recipe.Recipe) []byte {
	return []byte("User-agent: *\nDisallow: /api/\nDisallow: /search?\n\nSitemap: " + absolute(r.Site, "/sitemap.xml") + "\n")
}

// security says whom to tell of a hole (RFC 9116). The day on which it expires
// is the author's: a renderer has no clock, and a date that moved by itself
// would promise that somebody still reads the mail.
func security(r *recipe.Recipe) ([]byte, error) {
	s := r.Security
	if s == nil {
		return nil, missing(r, "security")
	}
	var b bytes.Buffer
	for _, c := range s.Contact {
		fmt.Fprintf(&b, "Contact: %s\n", ascii(c))
	}
	fmt.Fprintf(&b, "Expires: %sT00:00:00Z\n", oneLine(s.Expires))
	var tags []string
	for _, l := range r.Site.Languages {
		tags = append(tags, oneLine(l.Tag))
	}
	if len(tags) > 0 {
		fmt.Fprintf(&b, "Preferred-Languages: %s\n", strings.Join(tags, ", "))
	}
	if s.Policy != "" {
		fmt.Fprintf(&b, "Policy: %s\n", ascii(s.Policy))
	}
	fmt.Fprintf(&b, "Canonical: %s\n", absolute(r.Site, r.Path))
	return b.Bytes(), nil
}

// guide is llms.txt (https://llmstxt.org): what there is to read, each as
// Markdown.
func guide(r *recipe.Recipe) ([]byte, error) {
	g := r.Guide
	if g == nil {
		return nil, missing(r, "guide")
	}
	s, w := r.Site, wordsFor(r.Lang)
	var b bytes.Buffer
	fmt.Fprintf(&b, "# %s\n", mdText(s.Title))
	if s.Description != "" {
		fmt.Fprintf(&b, "\n> %s\n", mdText(s.Description))
	}
	items := func(heading string, list []recipe.GuideItem) {
		if len(list) == 0 {
			return
		}
		fmt.Fprintf(&b, "\n## %s\n\n", mdText(heading))
		for _, it := range list {
			fmt.Fprintf(&b, "- [%s](%s)", mdText(it.Title), absolute(s, recipe.TextPath(it.Page)))
			if it.Summary != "" {
				b.WriteString(": " + mdText(it.Summary))
			}
			b.WriteByte('\n')
		}
	}
	items(w.Posts, g.Posts)
	items(w.Standing, g.Pages)
	// "Optional" is the format's word for what may be left out.
	fmt.Fprintf(&b, "\n## Optional\n\n- [%s](%s)\n- [%s](%s)\n", mdText(w.Archive), absolute(s, s.Home+"archive/"), mdText(w.Feed), absolute(s, s.Feed))
	for _, l := range s.Languages {
		if l.Tag != r.Lang {
			fmt.Fprintf(&b, "- [%s](%s)\n", mdText(l.Name), absolute(s, l.Home+"llms.txt"))
		}
	}
	return b.Bytes(), nil
}

// mdText is plain text as a line of Markdown.
func mdText(s string) string {
	return mdEscapes.Replace(strings.ToValidUTF8(oneLine(s), "\ufffd"))
}

var mdEscapes = strings.NewReplacer(`\`, `\\`, `[`, `\[`, `]`, `\]`, "`", "\\`", `*`, `\*`, `_`, `\_`, `<`, `\<`)
