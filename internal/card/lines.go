package card

import (
	"strings"
	"unicode"
)

// Characters that may not begin a line, and those that may not end one
// (JLREQ, https://www.w3.org/TR/jlreq/#line_breaking; the same serve Chinese,
// https://www.w3.org/TR/clreq/#line_composition_rules).
const (
	notFirst = "、。，．,.：；:;！？!?）)」』】〉》〕］]｝}〗〙’”…‥・ー々ゝゞヽヾ％%‰℃ぁぃぅぇぉっゃゅょゎァィゥェォッャュョヮヵヶ–—～"
	notLast  = "（(「『【〈《〔［[｛{〖〘‘“￥$＄£#＃"
)

// pieces cuts a text where a line may end: after a space, after a hyphen
// within a word, on both sides of a wide character but where a rule forbids it.
func pieces(s string) []string {
	runes := []rune(strings.Join(strings.Fields(s), " "))
	var out []string
	start := 0
	for i := 1; i < len(runes); i++ {
		a, b := runes[i-1], runes[i]
		if !breaks(a, b) {
			continue
		}
		out = append(out, string(runes[start:i]))
		start = i
	}
	if start < len(runes) {
		out = append(out, string(runes[start:]))
	}
	return out
}

func breaks(a, b rune) bool {
	switch {
	case b == ' ', strings.ContainsRune(notFirst, b), strings.ContainsRune(notLast, a):
		return false
	case a == ' ':
		return true
	case a == '-' || a == '/':
		return unicode.IsLetter(b)
	}
	return isWide(a) || isWide(b)
}

// isWide says of a character that it stands alone: Han, kana and their
// punctuation.
func isWide(r rune) bool {
	return unicode.In(r, unicode.Han, unicode.Hiragana, unicode.Katakana) || r >= 0x3000 && r <= 0x303f || r >= 0xff00 && r <= 0xffef
}

// piece is part of a text that is not broken, and how wide it is with and
// without the space at its end.
type piece struct {
	text        string
	whole, bare int
}

// wrap cuts a text into as few lines of a width as it takes, and makes these as
// even as they can be: a last line of one word looks like a mistake.
func wrap(s string, width int, measure func(string) int) []string {
	var ps []piece
	for _, text := range pieces(s) {
		for _, part := range split(text, width, measure) {
			ps = append(ps, piece{part, measure(part), measure(strings.TrimRight(part, " "))})
		}
	}
	lines := fill(ps, width)
	widest := 0
	for _, p := range ps {
		widest = max(widest, p.bare)
	}
	lo, hi := max(widest, width/3)-1, width
	for hi-lo > 8 {
		if mid := (lo + hi) / 2; len(fill(ps, mid)) <= len(lines) {
			hi = mid
		} else {
			lo = mid
		}
	}
	return fill(ps, hi)
}

// split cuts a piece that is wider than a line between its characters.
func split(s string, width int, measure func(string) int) []string {
	var out []string
	runes := []rune(s)
	for len(runes) > 1 && measure(string(runes)) > width {
		n := len(runes) - 1
		for n > 1 && measure(string(runes[:n])) > width {
			n--
		}
		out = append(out, string(runes[:n]))
		runes = runes[n:]
	}
	return append(out, string(runes))
}

// fill fills line after line.
func fill(ps []piece, width int) []string {
	var lines []string
	line, used := "", 0
	for _, p := range ps {
		if line != "" && used+p.bare > width {
			lines = append(lines, strings.TrimRight(line, " "))
			line, used = "", 0
		}
		line += p.text
		used += p.whole
	}
	if line = strings.TrimRight(line, " "); line != "" {
		lines = append(lines, line)
	}
	return lines
}
