package search

import (
	"math/bits"
	"slices"
	"strings"
	"unicode/utf8"
)

// Text is a post as it can be looked into, where an index guesses.
type Text struct {
	title, plain string
	terms        filter // of text, title and tags
}

// closeness is the rice of a text's own filter: it takes one in 65,536 terms for
// one that it has, by other bits of the hash than the filters of the index.
const closeness = 16

func textHash(h uint64) uint64 { return bits.RotateLeft64(h, 32) }

// NewText prepares the text of a post.
func NewText(lang string, p *Post, plain string) *Text {
	t := &Text{title: p.Title, plain: plain}
	st := newStemmer(lang)
	var hashes []uint64
	add := func(term string, _, _ int) { hashes = append(hashes, textHash(hash(term))) }
	st.terms(plain, add)
	st.terms(p.Title, add)
	for _, tag := range p.Tags {
		st.terms(tag, add)
	}
	slices.Sort(hashes)
	hashes = slices.Compact(hashes)
	// What is mapped must fit into 32 bits.
	t.terms.rice = uint8(min(closeness, 32-bits.Len(uint(len(hashes)))))
	t.terms.coded = slices.Clip(code(t.terms.rice, hashes))
	t.terms.open(len(hashes))
	return t
}

// Size is about what it takes in memory, in bytes.
func (t *Text) Size() int { return 256 + len(t.plain) + len(t.terms.coded) + 8*len(t.terms.marks) }

// Bare is a text that can be looked into and not shown. It is smaller.
func (t *Text) Bare() *Text { return &Text{title: t.title, terms: t.terms} }

func (t *Text) has(h uint64) bool { return t.terms.has(textHash(h)) }

// Segment is a piece of text, which may be one that was asked for.
type Segment struct {
	Text string
	Mark bool
}

// excerptWidth is how long an excerpt is, in columns: a Han character has two.
const excerptWidth = 200

func (h *Hit) result(t *Text, st *stemmer) Result {
	return Result{
		Hit:        *h,
		TitleParts: segments(t.title, 0, len(t.title), h.want.spans(st, t.title)),
		Excerpt:    h.want.excerpt(st, t.plain),
	}
}

// span is a place in a text that has a term that was asked for.
type span struct {
	start, end int
	term       int
}

func (w *wanted) spans(st *stemmer, s string) []span {
	var out []span
	if w.literal != "" {
		if lower := strings.ToLower(s); len(lower) == len(s) {
			for from := 0; ; {
				i := strings.Index(lower[from:], w.literal)
				if i < 0 {
					return out
				}
				out = append(out, span{from + i, from + i + len(w.literal), 0})
				from += i + len(w.literal)
			}
		}
		return nil
	}
	st.terms(s, func(term string, start, end int) {
		if k := slices.Index(w.hashes, hash(term)); k >= 0 {
			out = append(out, span{start, end, k})
		}
	})
	return out
}

// excerpt is the stretch of a text that has the most of what was asked for: its
// beginning, when it has nothing.
func (w *wanted) excerpt(st *stemmer, s string) []Segment {
	found := w.spans(st, s)
	best, bestScore := 0, 0
	for i := range found {
		var seen [maxQueryTerms]bool
		score := 0
		for _, f := range found[i:] {
			if f.end-found[i].start > excerptWidth*3/4 {
				break
			}
			score++
			if !seen[f.term] {
				seen[f.term] = true
				score += 8
			}
		}
		if score > bestScore {
			best, bestScore = i, score
		}
	}
	start := 0
	if len(found) > 0 {
		start = back(s, found[best].start, excerptWidth/4)
	}
	end := forth(s, start, excerptWidth)
	out := segments(s, start, end, found)
	if start > 0 {
		out = append([]Segment{{Text: "… "}}, out...)
	}
	if end < len(s) {
		out = append(out, Segment{Text: " …"})
	}
	return out
}

// back goes so many columns back from at, and then to the beginning of a word.
func back(s string, at, columns int) int {
	for at > 0 && columns > 0 {
		r, n := utf8.DecodeLastRuneInString(s[:at])
		at -= n
		columns -= width(r)
	}
	for limit := 0; at > 0 && limit < 24; limit++ {
		r, n := utf8.DecodeLastRuneInString(s[:at])
		if !inWord(r) || unspaced(r) {
			break
		}
		at -= n
	}
	return at
}

// forth goes so many columns on, and back to the end of a word.
func forth(s string, at, columns int) int {
	from := at
	for at < len(s) && columns > 0 {
		r, n := utf8.DecodeRuneInString(s[at:])
		at += n
		columns -= width(r)
	}
	if at == len(s) {
		return at
	}
	for end := at; end > from && at-end < 24; {
		r, n := utf8.DecodeLastRuneInString(s[:end])
		if !inWord(r) || unspaced(r) {
			for end > from && s[end-1] == ' ' {
				end--
			}
			return end
		}
		end -= n
	}
	return at
}

func width(r rune) int {
	if r >= 0x1100 && (unspaced(r) || r >= 0x3000 && r <= 0x303f || r >= 0xac00 && r <= 0xd7a3 || r >= 0xff01 && r <= 0xff60) {
		return 2
	}
	return 1
}

// segments cuts s[start:end] at the spans, which may overlap: pairs of
// characters do.
func segments(s string, start, end int, found []span) []Segment {
	var out []Segment
	at := start
	for i := 0; i < len(found); i++ {
		f := found[i]
		if f.start < at || f.end > end {
			continue
		}
		to := f.end
		for i+1 < len(found) && found[i+1].start <= to && found[i+1].end <= end {
			i++
			to = max(to, found[i].end)
		}
		if f.start > at {
			out = append(out, Segment{Text: s[at:f.start]})
		}
		out = append(out, Segment{s[f.start:to], true})
		at = to
	}
	if at < end {
		out = append(out, Segment{Text: s[at:end]})
	}
	return out
}
