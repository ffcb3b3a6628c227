package travel

import (
	"bytes"
	_ "embed"
	"fmt"
	"html/template"
	"net/url"
	"regexp"
	"strings"
	"time"
	"unicode"
)

// Stylesheet is what a banner and a difference look like.
//
//go:embed style.css
var Stylesheet []byte

//go:embed templates.html
var source string

var templates = template.Must(template.New("").Parse(source))

// Note is what a banner says.
type Note struct {
	N     int
	Since time.Time
	Path  string // of the page
	Now   bool   // the blog has a page there today
	Post  bool   // of which it can be said what changed
	Home  string // of the page's language, a path
}

// Page makes a stored page one of an old release: with a banner, for no search
// engine, and with links into the same release.
func Page(page []byte, n Note) ([]byte, error) {
	return annotate(page, "old", n.N, map[string]any{
		"N": n.N, "Since": n.Since.UTC(), "Post": n.Post && n.Now, "Deleted": !n.Now,
		"Now": Escape(n.Path), "Diff": To(n.N, n.Path) + "?diff", "Home": To(n.N, n.Home),
	})
}

// Reason is why there is nothing to show.
type Reason int

// The reasons.
const (
	NotKept   Reason = iota // no such release, or none that may be shown
	NotThere                // the release has nothing at the path
	Withdrawn               // it has, but what it was is kept no more
	Nowhere                 // it is no address of an old release
)

// Missing adds to the blog's own page for what is not there why this is not,
// and a way out.
func Missing(page []byte, why Reason, n int, path string) ([]byte, error) {
	page = bytes.Replace(page, []byte("?q=~&amp;"), []byte("?q="+question(path)+"&amp;"), 1)
	return annotate(page, "missing", 0, map[string]any{"Why": int(why), "N": n, "Now": Escape(path)})
}

// question is what a search for a path asks. It goes by the rules of the edge
// function (words in internal/edge/function.js): neither the first folder, which
// is a language or a kind of page, nor numbers, which are mostly dates, nor the
// end of a file's name. It is escaped for an address, and so for HTML.
func question(path string) string {
	path = ending.ReplaceAllString(folder.ReplaceAllString(path, "/$1"), "")
	words := strings.FieldsFunc(path, func(r rune) bool { return unicode.IsSpace(r) || strings.ContainsRune("/-_.+", r) })
	var kept []string
	for i, w := range words {
		if i == len(words)-1 || !digits.MatchString(w) {
			kept = append(kept, w)
		}
	}
	text := []rune(strings.Join(kept, " "))
	return url.QueryEscape(string(text[:min(len(text), 120)]))
}

var (
	folder   = regexp.MustCompile(`^/[A-Za-z-]{2,12}/(.)`)
	ending   = regexp.MustCompile(`\.[a-z]{1,5}$`)
	digits   = regexp.MustCompile(`^\d+$`)
	language = regexp.MustCompile(`^<html[^>]* lang="([A-Za-z0-9-]+)"`)
	// elsewhere are links that lead to something else than a page of a release.
	elsewhere = regexp.MustCompile(`^/(?:[/\\~]|page/[0-9a-f]{64}|asset/|api/|search(?:[?#]|$))`)
)

// annotate adds to a page a banner, made by a template, at the beginning of the
// body, behind the link that skips it; and to the head what goes with it. Links
// lead to release n; with 0, they stay.
//
// It reads the markup that the blog's own templates and Markdown write: complete
// tags, values in double quotes.
func annotate(page []byte, name string, n int, data map[string]any) ([]byte, error) {
	lang := "en"
	var out bytes.Buffer
	head, body, done := true, false, false // still to be written; begun; the banner is there
	from := 0
	for at, tag := range tags(page) {
		closing, element := tagName(tag)
		switch {
		case element == "html" && !closing:
			if m := language.FindSubmatch(tag); m != nil {
				lang = string(m[1])
			}
		case head && (element == "head" && closing || element == "body"):
			head = false
			out.Write(page[from:at])
			from = at
			if !bytes.Contains(page[:at], []byte(`<meta name="robots"`)) {
				out.WriteString("<meta name=\"robots\" content=\"noindex\">\n")
			}
			out.WriteString("<link rel=\"stylesheet\" href=\"" + Prefix + "style.css\">\n")
			body = element == "body"
		case element == "body" && !closing:
			body = true
		case body && !done && !closing && (element == "header" || element == "main"):
			out.Write(page[from:at])
			from, done = at, true
			data["W"] = wordsFor(lang)
			if err := templates.ExecuteTemplate(&out, name, data); err != nil {
				return nil, err
			}
		case element == "a" && !closing && n > 0:
			if i := bytes.Index(tag, []byte(` href="/`)); i >= 0 {
				i += len(` href="`)
				if !elsewhere.Match(tag[i : bytes.IndexByte(tag[i:], '"')+i]) {
					out.Write(page[from : at+i])
					from = at + i
					fmt.Fprintf(&out, "%s%d", Prefix, n)
				}
			}
		}
	}
	if !done {
		return nil, fmt.Errorf("the page is none of the blog's: it has no body with a header or a main part")
	}
	out.Write(page[from:])
	return out.Bytes(), nil
}
