package render

import (
	"bytes"
	"encoding/xml"
	"fmt"
	"regexp"
	"strings"
	"unicode"

	"github.com/victorleungtw/blog/internal/recipe"
)

// stylesheet is style.css without comments, indentation and line breaks.
var stylesheet = func() []byte {
	css, err := sources.ReadFile("style.css")
	if err != nil {
		panic(err) // compiled in
	}
	return []byte(minify(string(css)))
}()

var cssComment = regexp.MustCompile(`(?s)/\*.*?\*/`)

// minify does what is safe without parsing: the file has no comment sign and
// no line break in a string, and each declaration is on a line of its own.
func minify(css string) string {
	var b strings.Builder
	for line := range strings.Lines(cssComment.ReplaceAllString(css, "")) {
		line = strings.TrimSpace(line)
		line = strings.Replace(line, " {", "{", 1)
		if name, value, ok := strings.Cut(line, ": "); ok && strings.HasSuffix(line, ";") {
			line = name + ":" + value
		}
		b.WriteString(line)
	}
	return strings.ReplaceAll(b.String(), ";}", "}")
}

// icon is a seal with the first letter of the site's title. Browsers ask every
// site for an icon; a site without one answers a 404 to each new reader.
func icon(r *recipe.Recipe) ([]byte, error) {
	letter := ""
	for _, c := range r.Site.Title {
		if unicode.In(c, unicode.L, unicode.N) {
			letter = string(unicode.ToUpper(c))
			break
		}
	}
	var text bytes.Buffer
	if err := xml.EscapeText(&text, []byte(letter)); err != nil {
		return nil, fmt.Errorf("writing the icon: %w", err)
	}
	return fmt.Appendf(nil, `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 32 32">`+
		`<rect width="32" height="32" rx="5" fill="#b3331a"/>`+
		`<text x="16" y="23" font-family="system-ui,sans-serif" font-size="20" font-weight="700" text-anchor="middle" fill="#fff">%s</text></svg>`+"\n",
		&text), nil
}
