// Package card draws the picture that other sites show with a link to a post:
// the title, large, over the name of the blog, 1200 by 630 pixels.
//
// # What it promises
//
// A card is a function of its words. It has a name before it is drawn (Name),
// made of them and of what draws it, so that it is drawn once in its life, by
// the publish that first needs it, and never again: publishing asks which names
// are new. The bytes are the same on every machine: the outlines are filled in
// whole numbers (fill.go), because float32 sums differ between CPUs that fuse
// a multiplication with an addition and those that do not.
//
// # Decisions
//
//   - The publisher draws, not the renderer. The fonts are 3 MB, which would be
//     a third of the renderer's zip for something that no reader waits for; a
//     test keeps this package out of it. The price: a publish of 3,000 posts
//     for the first time draws for about a minute on two cores, and a lost
//     card is put back by publishing or reconciling, not by the renderer.
//   - Fonts are compiled in: subsets of Noto Sans CJK Bold, which has Latin too,
//     one for each way in which Han characters are written (fonts/subset.py,
//     licence fonts/OFL.txt), and Go's own bold font for the rest of Europe. A
//     character that the language's font lacks is taken from another one.
//   - A title with a letter that no font has (Arabic, Hangul, a rare character)
//     has no card, rather than one with boxes in it (Can). What is no letter,
//     such as an emoji, is left out.
//   - 32 colours: a tenth of the bytes of a full PNG, and nothing to see of it.
package card

import (
	"bytes"
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"image"
	"image/color"
	"image/png"
	"regexp"
	"runtime"
	"sync"

	"golang.org/x/image/font/gofont/gobold"
)

// The size that Open Graph previews are shown in
// (https://developers.facebook.com/docs/sharing/webmasters/images/).
const (
	Width  = 1200
	Height = 630
)

// Card is what a card says.
type Card struct {
	Site  string `json:"site"`
	Title string `json:"title"`
	Lang  string `json:"lang"` // BCP 47: says how Han characters look and lines break
	Foot  string `json:"foot,omitempty"`
}

// Sources are the files that shape cards.
//
//go:embed *.go fonts
var Sources embed.FS

// goRelease is Go's release without its patch: compress/flate may write other
// bytes in the next one.
var goRelease = regexp.MustCompile(`go1\.\d+`)

// version names what draws cards.
var version = sync.OnceValue(func() string {
	h := sha256.New()
	fmt.Fprintln(h, goRelease.FindString(runtime.Version()))
	for _, name := range []string{"card.go", "fill.go", "fonts.go", "lines.go", "fonts/ja.otf", "fonts/zh-hans.otf", "fonts/zh-hant.otf"} {
		b, err := Sources.ReadFile(name)
		if err != nil {
			panic(err) // compiled in
		}
		fmt.Fprintf(h, "%s %d\n", name, len(b))
		h.Write(b)
	}
	h.Write(gobold.TTF)
	return hex.EncodeToString(h.Sum(nil))
})

// Name is the key of the card's file: "asset/<sha256>.png". The digest is of
// the words and of what draws them, as a page's is of its recipe.
func (c Card) Name() string {
	b, err := json.Marshal(c)
	if err != nil {
		panic(err) // strings always encode
	}
	sum := sha256.Sum256(append([]byte("card "+version()+"\n"), b...))
	return "asset/" + hex.EncodeToString(sum[:]) + ".png"
}

const (
	margin   = 88
	siteSize = 34 // pixels
	footSize = 28
	maxLines = 4
	tallest  = 390 // pixels that all lines of the title may take
)

// leading is from one line of the title to the next.
func leading(size int) int { return size * 13 / 10 }

// titleSizes are tried from the largest on.
var titleSizes = []int{84, 72, 60, 50}

// The colours of the pages: paper, ink, and a seal.
var palette = func() color.Palette {
	paper, ink, soft := [3]int{0xfb, 0xfa, 0xf7}, [3]int{0x1f, 0x1d, 0x1a}, [3]int{0x6b, 0x66, 0x5e}
	var p color.Palette
	for _, to := range [][3]int{ink, soft} {
		for i := range shades {
			mix := func(k int) uint8 { return uint8(paper[k] + (to[k]-paper[k])*i/(shades-1)) }
			p = append(p, color.RGBA{mix(0), mix(1), mix(2), 0xff})
		}
	}
	return append(p, color.RGBA{0xb3, 0x33, 0x1a, 0xff})
}()

const (
	shades = 16
	inInk  = 0
	inSoft = shades
	seal   = 2 * shades
)

// PNG draws the card.
func (c Card) PNG() ([]byte, error) {
	img := image.NewPaletted(image.Rect(0, 0, Width, Height), palette)
	for y := margin - 26; y < margin+14; y++ {
		for x := margin; x < margin+12; x++ {
			img.SetColorIndex(x, y, seal)
		}
	}
	f := familyFor(c.Lang)
	p := pen{img: img, family: f}
	p.line(f.fit(c.Site, siteSize, Width-2*margin-36), siteSize, margin+36, margin, inSoft)
	size, lines := c.title(f)
	// The title stands in the middle of what the other two lines leave.
	y := (Height-len(lines)*leading(size))/2 + size + 8
	for _, line := range lines {
		p.line(line, size, margin, y, inInk)
		y += leading(size)
	}
	p.line(f.fit(c.Foot, footSize, Width-2*margin), footSize, margin, Height-margin+16, inSoft)
	if p.err != nil {
		return nil, fmt.Errorf("drawing the card of %q: %w", c.Title, p.err)
	}
	var b bytes.Buffer
	if err := (&png.Encoder{CompressionLevel: png.DefaultCompression}).Encode(&b, img); err != nil {
		return nil, fmt.Errorf("encoding the card of %q: %w", c.Title, err)
	}
	return b.Bytes(), nil
}

// title chooses the largest size in which the title fits, and cuts one that
// does not fit in the smallest.
func (c Card) title(f *family) (size int, lines []string) {
	const width = Width - 2*margin
	for _, size = range titleSizes {
		lines = wrap(c.Title, width, func(s string) int { return f.width(s, size) })
		if len(lines) <= maxLines && len(lines)*leading(size) <= tallest {
			return size, lines
		}
	}
	last := lines[maxLines-1]
	return size, append(lines[:maxLines-1:maxLines-1], f.fit(last+"…", size, width))
}
