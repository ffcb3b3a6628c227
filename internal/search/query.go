package search

import (
	"net/url"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"
)

const (
	// MaxQuery is how many characters of a question count. The rest is dropped.
	MaxQuery = 120
	// MaxPage is the last page of results.
	MaxPage = 10
	// PerPage is how many results a page has.
	PerPage = 10
	// maxQueryTerms bounds the work of a question.
	maxQueryTerms = 16
)

// Query is a question.
type Query struct {
	Text string // as it is shown: one line, without control characters
	Lang string // the language of the page; "" for none
	All  bool   // posts of every language, and not of Lang alone
	Tag  string // only posts with this tag; "" for all
	Page int    // from 1
}

// ParseQuery reads the query string of a search: q, lang, all, tag, page. What
// makes no sense is as if it were not there; nothing is an error.
func ParseQuery(v url.Values) Query {
	q := Query{Text: line(v.Get("q"), MaxQuery), Lang: line(v.Get("lang"), 35), Tag: line(v.Get("tag"), 80), Page: 1}
	q.All = v.Get("all") == "1" || q.Lang == ""
	if n, err := strconv.Atoi(v.Get("page")); err == nil && n > 1 {
		q.Page = min(n, MaxPage)
	}
	return q
}

// Values are what ParseQuery makes the same Query of.
func (q Query) Values() url.Values {
	v := url.Values{"q": {q.Text}}
	if q.Lang != "" {
		v.Set("lang", q.Lang)
		if q.All {
			v.Set("all", "1")
		}
	}
	if q.Tag != "" {
		v.Set("tag", q.Tag)
	}
	if q.Page > 1 {
		v.Set("page", strconv.Itoa(q.Page))
	}
	return v
}

// line is s on one line, of at most so many characters.
func line(s string, most int) string {
	s = strings.Join(strings.FieldsFunc(strings.ToValidUTF8(s, " "), func(r rune) bool {
		return unicode.IsSpace(r) || unicode.IsControl(r) || unicode.Is(unicode.Cf, r) || r == utf8.RuneError
	}), " ")
	n := 0
	for i := range s {
		if n == most {
			return strings.TrimSpace(s[:i])
		}
		n++
	}
	return s
}

// sameTag says that two spellings are of one tag.
func sameTag(a, b string) bool {
	return strings.EqualFold(tagSpaces.Replace(a), tagSpaces.Replace(b))
}

var tagSpaces = strings.NewReplacer(" ", "-", "_", "-")

// wanted are the terms that a question asks for in a language.
type wanted struct {
	hashes []uint64
	// literal is looked for in titles and tags when there is no term.
	literal string
}

func (q Query) wanted(lang string) wanted {
	var w wanted
	seen := map[uint64]bool{}
	newStemmer(lang).terms(q.Text, func(term string, start, end int) {
		h := hash(term)
		if seen[h] || len(w.hashes) == maxQueryTerms || end-start < 4 && single(q.Text[start:end]) {
			return
		}
		seen[h] = true
		w.hashes = append(w.hashes, h)
	})
	if len(w.hashes) == 0 {
		w.literal = strings.ToLower(q.Text)
	}
	return w
}

// single says that s is one character of a script without spaces: what is in no
// filter but where it stands alone.
func single(s string) bool {
	r, n := utf8.DecodeRuneInString(s)
	return n == len(s) && unspaced(r)
}
