package render

import (
	"regexp"
	"strings"
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
