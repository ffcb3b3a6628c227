package dialect

import (
	"unicode"

	"github.com/yuin/goldmark/ast"
	extast "github.com/yuin/goldmark/extension/ast"
	"github.com/yuin/goldmark/parser"
	"github.com/yuin/goldmark/text"
	"github.com/yuin/goldmark/util"
)

// emphasisParser reads *, ** , _ and ~~ as CommonMark and GFM do, with the
// rule of "left-flanking" and "right-flanking" delimiters amended for scripts
// that put no space around words and whose punctuation fills a whole square:
//
//   - a character of such a script beside a delimiter counts as a space would
//     when the other side is punctuation, so that 用**`go build`**編譯 is bold;
//   - its punctuation counts as a letter, so that **注意。**請 is bold.
//
// Text without those scripts is read exactly as CommonMark says
// (https://spec.commonmark.org/0.31.2/#delimiter-run).
type emphasisParser struct{}

func (emphasisParser) Trigger() []byte { return []byte{'*', '_', '~'} }

func (emphasisParser) Parse(_ ast.Node, block text.Reader, pc parser.Context) ast.Node {
	before := block.PrecendingCharacter()
	line, segment := block.PeekLine()
	char := line[0]
	n := 1
	for n < len(line) && line[n] == char {
		n++
	}
	if char == '~' && (n > 2 || before == '~') {
		return nil
	}
	after := ' '
	if n < len(line) {
		after = util.ToRune(line, n)
	}
	punctBefore := util.IsPunctRune(before) && !eastAsian(before)
	punctAfter := util.IsPunctRune(after) && !eastAsian(after)
	left := !util.IsSpaceRune(after) &&
		(!punctAfter || punctBefore || util.IsSpaceRune(before) || eastAsian(before))
	right := !util.IsSpaceRune(before) &&
		(!punctBefore || punctAfter || util.IsSpaceRune(after) || eastAsian(after))
	open, shut := left, right
	if char == '_' {
		open = left && (!right || util.IsPunctRune(before))
		shut = right && (!left || util.IsPunctRune(after))
	}
	var match parser.DelimiterProcessor = delimiters{}
	if char == '~' {
		match = strikes{}
	}
	d := parser.NewDelimiter(open, shut, n, char, match)
	d.Segment = segment.WithStop(segment.Start + n)
	block.Advance(n)
	pc.PushDelimiter(d)
	return d
}

type delimiters struct{}

func (delimiters) IsDelimiter(b byte) bool { return b == '*' || b == '_' || b == '~' }

func (delimiters) CanOpenCloser(opener, closer *parser.Delimiter) bool {
	return opener.Char == closer.Char
}

func (delimiters) OnMatch(consumed int) ast.Node { return ast.NewEmphasis(consumed) }

// strikes are for ~ and ~~, which do not close each other.
type strikes struct{ delimiters }

func (strikes) CanOpenCloser(opener, closer *parser.Delimiter) bool {
	return opener.Char == closer.Char && opener.OriginalLength == closer.OriginalLength
}

func (strikes) OnMatch(int) ast.Node { return extast.NewStrikethrough() }

// eastAsian says whether r belongs to a script written without spaces between
// words, its punctuation and full-width forms included.
func eastAsian(r rune) bool {
	if r < 0x1100 {
		return false
	}
	return unicode.In(r, unicode.Han, unicode.Hiragana, unicode.Katakana, unicode.Bopomofo, unicode.Hangul) ||
		r >= 0x3000 && r <= 0x303f || r >= 0xff00 && r <= 0xffef
}
