package search

import (
	"strings"

	"github.com/blevesearch/snowballstem"
	"github.com/blevesearch/snowballstem/dutch"
	"github.com/blevesearch/snowballstem/english"
	"github.com/blevesearch/snowballstem/french"
	"github.com/blevesearch/snowballstem/german"
	"github.com/blevesearch/snowballstem/italian"
	"github.com/blevesearch/snowballstem/portuguese"
	"github.com/blevesearch/snowballstem/russian"
	"github.com/blevesearch/snowballstem/spanish"
	"github.com/blevesearch/snowballstem/swedish"
	"golang.org/x/text/unicode/norm"
)

// stems are by the first subtag of a language. Words in Chinese and Japanese
// text are mostly English; for a language that is not here a word is its own
// stem.
var stems = map[string]func(*snowballstem.Env) bool{
	"en": english.Stem, "zh": english.Stem, "ja": english.Stem, "ko": english.Stem,
	"de": german.Stem, "es": spanish.Stem, "fr": french.Stem, "it": italian.Stem,
	"nl": dutch.Stem, "pt": portuguese.Stem, "ru": russian.Stem, "sv": swedish.Stem,
}

// stemmer makes terms of words. It is for one goroutine.
type stemmer struct {
	stem  func(*snowballstem.Env) bool
	env   *snowballstem.Env
	known map[string]string
}

func newStemmer(lang string) *stemmer {
	base, _, _ := strings.Cut(strings.ToLower(lang), "-")
	return &stemmer{stems[base], snowballstem.NewEnv(""), map[string]string{}}
}

// maxKnown bounds what a stemmer remembers.
const maxKnown = 1 << 16

// term is the term of a word as it is written.
func (s *stemmer) term(word string) string {
	if t, ok := s.known[word]; ok {
		return t
	}
	t := strings.ToLower(word)
	if !ascii(t) {
		t = norm.NFKC.String(t)
	}
	t = strings.ReplaceAll(t, "’", "'")
	if s.stem != nil {
		s.env.SetCurrent(t)
		s.stem(s.env)
		t = s.env.Current()
	}
	if len(s.known) < maxKnown {
		s.known[word] = t
	}
	return t
}

func ascii(s string) bool {
	for i := range len(s) {
		if s[i] >= 0x80 {
			return false
		}
	}
	return true
}
