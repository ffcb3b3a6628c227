package markdown

import (
	"math"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/yuin/goldmark/ast"
	"github.com/yuin/goldmark/util"

	"github.com/victorleungtw/blog/internal/markdown/dialect"
)

// Count is how much there is to read. A text in two scripts has both: one
// Chinese character does not turn an English essay into a Chinese one, nor
// does a Chinese sentence count as a word.
type Count struct {
	Words      int // of scripts that put spaces between words
	Characters int // Han and Kana, without punctuation
}

// Reading speeds, rounded from measurements: Brysbaert, "How many words do we
// read per minute?", Journal of Memory and Language 109 (2019), has 238 words
// for English non-fiction; Trauzettel-Klosinski and Dietz, Investigative
// Ophthalmology & Visual Science 53 (2012), have 255 Chinese and 357 Japanese
// characters read aloud, which is slower than reading to oneself.
const (
	wordsPerMinute      = 230
	charactersPerMinute = 400
)

// Minutes is the time that reading takes, rounded, at least 1.
func (c Count) Minutes() int {
	m := float64(c.Words)/wordsPerMinute + float64(c.Characters)/charactersPerMinute
	return max(1, int(math.Round(m)))
}

func (c *Count) add(s string) {
	in := false // in a word
	for _, r := range s {
		switch {
		// These two are nearly all of a text, and cheaper to see than by
		// their tables.
		case 'a' <= r && r <= 'z', 'A' <= r && r <= 'Z':
			if !in {
				c.Words++
			}
			in = true
		case r == ' ', r == '，', r == '。':
			in = false
		case character(r):
			c.Characters++
			in = false
		case unicode.In(r, unicode.L, unicode.N):
			if !in {
				c.Words++
			}
			in = true
		case in && (r == '\'' || r == '’' || r == '-' || r == '.' || r == '_' || unicode.Is(unicode.M, r)):
			// it's, well-known, 3.14, node.js
		default:
			in = false
		}
	}
}

// character says that r is read as a unit of its own.
func character(r rune) bool {
	if 0x4e00 <= r && r <= 0x9fff { // CJK Unified Ideographs: all of it is Han
		return true
	}
	return r >= 0x2e80 && (r == 'ー' || unicode.In(r, unicode.Han, unicode.Hiragana, unicode.Katakana) && !unicode.IsPunct(r))
}

// countOf counts the text, its code, and its footnotes.
func countOf(tree *dialect.Doc, texts []string) Count {
	var c Count
	for _, s := range texts {
		c.add(s)
	}
	walk(tree, func(n ast.Node) {
		switch n.Kind() {
		case ast.KindCodeBlock, ast.KindFencedCodeBlock:
			for i := range n.Lines().Len() {
				s := n.Lines().At(i)
				c.add(string(s.Value(tree.Source())))
			}
		}
	})
	return c
}

// cut shortens a text to width columns. It ends on a whole word, or on any
// character of a script without words, and says with … that there is more.
func cut(s string, width int) string {
	total := 0
	end, space := -1, -1 // where to cut; the last space before it
	for i, r := range s {
		w := columns(r)
		if end < 0 && total+w > width-1 {
			end = i
		}
		if end < 0 && r == ' ' {
			space = i
		}
		if total += w; total > width { // no need to look further: a paragraph may be long
			break
		}
	}
	if total <= width || end < 0 {
		return s
	}
	head := s[:end]
	if next, _ := utf8.DecodeRuneInString(s[end:]); next != ' ' && !character(next) && space > 0 && !endsInCharacter(head) {
		if tail := head[space:]; strings.IndexFunc(tail, character) < 0 {
			head = head[:space]
		}
	}
	head = strings.TrimRightFunc(head, func(r rune) bool {
		return unicode.IsSpace(r) || unicode.Is(unicode.Pd, r) || strings.ContainsRune(",;:(，、；：（「『“‘", r)
	})
	return head + "…"
}

func endsInCharacter(s string) bool {
	r, _ := utf8.DecodeLastRuneInString(s)
	return character(r)
}

// columns is the width of a character in a terminal: two for a full square,
// none for a combining mark.
func columns(r rune) int {
	if unicode.In(r, unicode.Mn, unicode.Me, unicode.Cf) {
		return 0
	}
	switch util.EastAsianWidth(r) {
	case "F", "W":
		return 2
	}
	return 1
}
