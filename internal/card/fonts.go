package card

import (
	"fmt"
	"strings"
	"sync"
	"unicode"

	"golang.org/x/image/font"
	"golang.org/x/image/font/gofont/gobold"
	"golang.org/x/image/font/sfnt"
	"golang.org/x/image/math/fixed"
)

// fonts are the compiled-in ones, by file name.
var fonts = sync.OnceValue(func() map[string]*sfnt.Font {
	out := map[string]*sfnt.Font{}
	for _, name := range []string{"ja", "zh-hans", "zh-hant"} {
		b, err := Sources.ReadFile("fonts/" + name + ".otf")
		if err != nil {
			panic(err) // compiled in
		}
		f, err := sfnt.Parse(b)
		if err != nil {
			panic(fmt.Sprintf("fonts/%s.otf: %v", name, err)) // compiled in
		}
		out[name] = f
	}
	f, err := sfnt.Parse(gobold.TTF)
	if err != nil {
		panic(err) // compiled in
	}
	out["go"] = f
	return out
})

// family is the fonts of a language, in the order in which they are asked for a
// character. It is used by one goroutine.
type family struct {
	fonts []*sfnt.Font
	buf   sfnt.Buffer
}

// familyFor puts the font of the language's own shapes first. Most Latin letters
// are in the Japanese one; what Europe writes beyond them, in Go's own font.
func familyFor(lang string) *family {
	order := []string{"ja", "zh-hant", "zh-hans"}
	switch tag := strings.ToLower(lang) + "-"; {
	case strings.HasPrefix(tag, "zh-hans-"), strings.HasPrefix(tag, "zh-cn-"), strings.HasPrefix(tag, "zh-sg-"):
		order = []string{"zh-hans", "zh-hant", "ja"}
	case strings.HasPrefix(tag, "zh-"):
		order = []string{"zh-hant", "zh-hans", "ja"}
	}
	f := &family{}
	for _, name := range append(order, "go") {
		f.fonts = append(f.fonts, fonts()[name])
	}
	return f
}

// glyph finds a character; ok is false when no font has it.
func (f *family) glyph(r rune) (in *sfnt.Font, at sfnt.GlyphIndex, ok bool) {
	for _, in := range f.fonts {
		if at, err := in.GlyphIndex(&f.buf, r); err == nil && at != 0 {
			return in, at, true
		}
	}
	return nil, 0, false
}

// Can says that there are shapes for every letter and digit of the words.
func (c Card) Can() bool {
	f := familyFor(c.Lang)
	for _, r := range c.Title + c.Site {
		if _, _, ok := f.glyph(r); !ok && (unicode.IsLetter(r) || unicode.IsDigit(r) || unicode.IsMark(r) && r < 0xfe00) {
			return false
		}
	}
	return strings.TrimSpace(c.Title) != ""
}

// placed is a glyph and where on its line it stands.
type placed struct {
	font *sfnt.Font
	at   sfnt.GlyphIndex
	x    fixed.Int26_6
}

// lay places the characters of a line, with the font's own kerning between
// neighbours, and returns the line's width.
func (f *family) lay(s string, size int) (out []placed, width fixed.Int26_6) {
	ppem := fixed.I(size)
	var before placed
	for _, r := range s {
		in, at, ok := f.glyph(r)
		if !ok {
			continue
		}
		if before.font == in {
			if k, err := in.Kern(&f.buf, before.at, at, ppem, font.HintingNone); err == nil {
				width += k
			}
		}
		advance, err := in.GlyphAdvance(&f.buf, at, ppem, font.HintingNone)
		if err != nil {
			continue
		}
		before = placed{in, at, width}
		out = append(out, before)
		width += advance
	}
	return out, width
}

func (f *family) width(s string, size int) int {
	_, w := f.lay(s, size)
	return w.Ceil()
}

// fit cuts a line to a width, with an ellipsis.
func (f *family) fit(s string, size, width int) string {
	if f.width(s, size) <= width {
		return s
	}
	runes := []rune(strings.TrimSuffix(s, "…"))
	for len(runes) > 0 && f.width(string(runes)+"…", size) > width {
		runes = runes[:len(runes)-1]
	}
	return strings.TrimRight(string(runes), " ") + "…"
}
