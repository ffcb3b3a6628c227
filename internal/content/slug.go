package content

import (
	"strings"
	"unicode"

	"golang.org/x/text/unicode/norm"
)

// Slugify makes the URL segment of a title, a tag or a category the way
// pymdownx.slugs.slugify(case="lower") does, which is what Material for MkDocs
// uses: letters and digits of every script stay, spaces become hyphens, the
// rest goes. So 職業生涯 stays itself and "Service mesh" is service-mesh.
// (https://facelessuser.github.io/pymdown-extensions/extras/slugs/)
func Slugify(s string) string {
	if isSlug(s) {
		return s
	}
	s = strings.ToLower(strings.TrimSpace(norm.NFC.String(s)))
	var b strings.Builder
	for _, r := range s {
		switch {
		case r == ' ':
			b.WriteByte('-')
		case r == '-' || r == '_' || unicode.IsLetter(r) || unicode.IsNumber(r) || unicode.IsMark(r):
			b.WriteRune(r)
		}
	}
	return b.String()
}

// isSlug says that s is its own slug, as most tags are.
func isSlug(s string) bool {
	for i := range len(s) {
		if c := s[i]; (c < 'a' || c > 'z') && (c < '0' || c > '9') && c != '-' && c != '_' {
			return false
		}
	}
	return true
}

// badSegment says what is wrong with a URL segment that an author wrote, or "".
func badSegment(s string) string {
	switch {
	case s == "":
		return "is empty"
	case s == "." || s == "..":
		return "would leave its folder"
	case strings.ContainsAny(s, "/\\"):
		return "has a slash in it"
	case strings.ContainsAny(s, "?#%"):
		return "has one of ? # % in it"
	case strings.ContainsFunc(s, func(r rune) bool { return unicode.IsSpace(r) || unicode.IsControl(r) }):
		return "has a space or a control character in it"
	case len(s) > 200:
		return "is longer than 200 bytes"
	}
	return ""
}
