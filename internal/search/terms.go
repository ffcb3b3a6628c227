package search

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// maxWord is the longest word that is a term, in bytes. Longer ones are keys,
// hashes and addresses.
const maxWord = 48

// grammar are characters that stand between words rather than in them. A pair
// with one of them says little of a post, and such pairs are a third of all.
const grammar = "的了是在我你他她它們们這这那也就都很嗎吗呢吧與与及或於于被把從从並并但" + "のをはがにへとでもやか"

var isGrammar = func() map[rune]bool {
	m := map[rune]bool{}
	for _, r := range grammar {
		m[r] = true
	}
	return m
}()

// stopWords are in every English text.
var stopWords = func() map[string]bool {
	m := map[string]bool{}
	for w := range strings.FieldsSeq("a an and are as at be been but by can do does for from had has have he her his how i if in into is it its me my no not of on or our she so than that the their them then there these they this to too was we were what when where which who why will with would you your") {
		m[w] = true
	}
	return m
}()

// unspaced says that a character is of a script that is written without spaces
// between words.
func unspaced(r rune) bool {
	switch {
	case r < 0x0e00:
		return false
	case r >= 0x4e00 && r <= 0x9fff, r >= 0x3041 && r <= 0x30ff && r != '・':
		return true
	case r >= 0xac00 && r <= 0xd7a3:
		return false
	}
	return r == '々' || r == '〆' || unicode.In(r, unicode.Han, unicode.Hiragana, unicode.Katakana, unicode.Thai, unicode.Lao, unicode.Khmer, unicode.Myanmar)
}

func inWord(r rune) bool {
	if r < 0x80 {
		return r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9'
	}
	return unicode.IsLetter(r) || unicode.IsNumber(r) || unicode.IsMark(r)
}

// piece is what scan finds: a word, or a run of characters of a script without
// spaces.
type piece struct {
	start, end int
	run        bool
}

// scan cuts text into pieces.
func scan(s string, emit func(piece)) {
	start, run := -1, false
	end := func(i int) {
		if start >= 0 {
			emit(piece{start, i, run})
		}
		start = -1
	}
	for i, r := range s {
		switch {
		case r == utf8.RuneError:
			end(i)
		case unspaced(r):
			if start < 0 || !run {
				end(i)
				start, run = i, true
			}
		case inWord(r):
			if start < 0 || run {
				end(i)
				start, run = i, false
			}
		case (r == '\'' || r == '’') && start >= 0 && !run && joins(s[i:]):
		default:
			end(i)
		}
	}
	end(len(s))
}

// joins says that an apostrophe has a letter behind it.
func joins(s string) bool {
	_, n := utf8.DecodeRuneInString(s)
	r, _ := utf8.DecodeRuneInString(s[n:])
	return inWord(r) && !unspaced(r)
}

// terms gives every term of s and the bytes of s that it was made from.
func (st *stemmer) terms(s string, emit func(term string, start, end int)) {
	scan(s, func(p piece) {
		if !p.run {
			word := s[p.start:p.end]
			if len(word) > maxWord || stopWords[strings.ToLower(word)] {
				return
			}
			if t := st.term(word); t != "" {
				emit(t, p.start, p.end)
			}
			return
		}
		pairs(s, p, emit)
	})
}

// Terms returns what gives the terms of texts in a language, for one goroutine.
func Terms(lang string) func(s string) []string {
	st := newStemmer(lang)
	return func(s string) []string {
		var out []string
		st.terms(s, func(term string, _, _ int) { out = append(out, term) })
		return out
	}
}

// pairs gives the overlapping pairs of a run; of a single character, itself.
func pairs(s string, p piece, emit func(term string, start, end int)) {
	before, beforeAt := rune(0), p.start
	for i, r := range s[p.start:p.end] {
		i += p.start
		if before != 0 && !isGrammar[before] && !isGrammar[r] {
			end := i + utf8.RuneLen(r)
			emit(s[beforeAt:end], beforeAt, end)
		}
		before, beforeAt = r, i
	}
	if beforeAt == p.start && !isGrammar[before] {
		emit(s[p.start:p.end], p.start, p.end)
	}
}

// hash is FNV-1a and the finalizer of splitmix64; it must be the same on every
// machine.
func hash(term string) uint64 {
	h := uint64(14695981039346656037)
	for i := range len(term) {
		h = (h ^ uint64(term[i])) * 1099511628211
	}
	h = (h ^ h>>30) * 0xbf58476d1ce4e5b9
	h = (h ^ h>>27) * 0x94d049bb133111eb
	return h ^ h>>31
}
