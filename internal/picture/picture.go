// Package picture makes of an author's photograph or screenshot what pages show:
// a WebP of each width that a screen may want, and one file for everything that
// knows no WebP or shows one picture of any width, such as a feed reader.
//
// # What it promises
//
// Nothing is made twice. A variant has a name before it exists, made of the
// digest of the file, of what is to be made of it and of the version of this
// package, as a page's is of its recipe. So planning needs no index of what was
// made from what, and encodes nothing: a publish asks which names are new to the
// release, and a checkout that has never seen the blog asks the same.
//
// Nothing of what a camera or a program wrote into the file comes along: place,
// time, serial numbers, thumbnails, comments. Two things do, because the picture
// looks wrong without them: which side is up, and the colour profile, unless it
// is sRGB, which is what browsers take a picture for.
//
// Widths, heights and names are functions of the file's head (Inspect). Whether
// the rest of it can be read shows when it is decoded, which is when it is
// uploaded: Make then returns a BrokenError, and the caller publishes the file as
// it is.
//
// # Decisions
//
//   - The publisher makes them, not the renderer or a function at the edge: it has
//     the file, the CPU and no limits, and readers wait for nothing. A test keeps
//     this package out of the renderer.
//   - A photograph (JPEG) becomes a JPEG of at most 1440 pixels, and WebP with
//     loss. A graphic (PNG) stays as it was, and each WebP of it is the smaller of
//     one with loss and one without: a screenshot's letters stay sharp. So does
//     a WebP that is no wider than that.
//   - What moves is left alone, and so is what is in AVIF already, in four inks, or
//     too large to be held in memory (MaxPixels).
//   - No AVIF. It is a third smaller than WebP, but the encoder without cgo that is
//     kept (gen2brain/avif, libaom through WebAssembly) takes five to eight times as
//     long and uses the machine's own library where there is one:
//     docs/decisions.md has the figures. The name holds the version, so that this
//     can be decided again.
//   - deepteams/webp, which is Go alone. gen2brain/webp is libwebp itself, but loads
//     whatever libwebp the machine has when there is one, and so writes other bytes
//     on another machine. The encoder is young: what it wrote is read back, by the
//     decoder of golang.org/x/image, before it is published.
//   - Scaling is in whole numbers (scale.go), as package card fills, so that it is
//     the same on every machine.
package picture

import (
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"fmt"
	"slices"

	"github.com/victorleungtw/blog/internal/store"
)

// Sources are the files that shape variants.
//
//go:embed *.go
var Sources embed.FS

// version is in every name. It goes up when a variant of the same file is to be
// made anew, and so be encoded, stored and fetched again: a test that knows what
// some are like says when they change.
const version = 1

// MaxWidth is the width of the largest variant: twice the text's, for screens with
// two dots to a pixel.
const MaxWidth = 1440

// MaxPixels is the largest picture that is decoded: 64 million take a quarter of
// a gigabyte.
const MaxPixels = 64 << 20

// widths are those of the variants besides the largest: of a phone with one dot
// to a pixel, and of one with two or more.
var widths = []int{480, 960}

// Format is what a file is by its bytes, whatever its name says.
type Format string

const (
	JPEG Format = "jpeg"
	PNG  Format = "png"
	WebP Format = "webp"
)

func (f Format) ext() string {
	if f == JPEG {
		return "jpg"
	}
	return string(f)
}

// Info is what the head of a file says. The zero Info is of a file that is left
// alone.
type Info struct {
	Format        Format
	Width, Height int   // as it is shown: the right side up
	Turn          uint8 // EXIF's orientation, 1 to 8; 0 for none
	// Whole says that the file is published in its own format and size, without
	// what it says of its origin: it moves, or is not to be decoded.
	Whole bool
}

// Kind is what is made of a file.
type Kind uint8

const (
	Stripped Kind = iota // the file itself, without what it says of its origin
	Fallback             // a JPEG of at most MaxWidth
	Scaled               // a WebP of one width; of a WebP of that width it is Stripped
)

// Variant is one file that is made of a picture.
type Variant struct {
	Info
	Kind          Kind
	Key           string // "asset/<digest>.png", "asset/<digest>-480.webp"
	Width, Height int    // of the variant
	Meta          store.Meta
}

// Set is what there is of a picture.
type Set struct {
	Base   string // "asset/<digest>", which all names begin with
	Whole  Variant
	Shown  Variant   // what stands for all of them: Whole, or a Fallback
	Widths []int     // ascending, of Scaled
	Scaled []Variant // may be empty
}

// SetOf names what is to be made of a file with this digest.
func SetOf(sum [sha256.Size]byte, in Info) Set {
	h := sha256.New()
	fmt.Fprintf(h, "picture %d %x\n", version, sum)
	s := Set{Base: "asset/" + hex.EncodeToString(h.Sum(nil))}
	one := func(kind Kind, suffix string, f Format, w int) Variant {
		return Variant{
			Info: in, Kind: kind, Key: s.Base + suffix + "." + f.ext(), Width: w, Height: scaled(in.Height, w, in.Width),
			Meta: store.Meta{ContentType: "image/" + string(f), CacheControl: store.Immutable},
		}
	}
	s.Whole = one(Stripped, "", in.Format, in.Width)
	s.Shown = s.Whole
	if in.Whole {
		return s
	}
	top := min(in.Width, MaxWidth)
	if in.Format == JPEG {
		s.Shown = one(Fallback, fmt.Sprintf("-%d", top), JPEG, top)
	}
	smaller := slices.DeleteFunc(slices.Clone(widths), func(w int) bool { return w*6 > top*5 }) // nearly the largest
	for _, w := range append(smaller, top) {
		s.Widths = append(s.Widths, w)
		s.Scaled = append(s.Scaled, one(Scaled, fmt.Sprintf("-%d", w), WebP, w))
	}
	if in.Format == WebP {
		s.Shown = s.Scaled[len(s.Scaled)-1]
	}
	return s
}

// scaled is n times w to from, at least 1.
func scaled(n, w, from int) int { return max(1, (n*w+from/2)/from) }

// Prefix is what the names of all variants of one file begin with.
func (v Variant) Prefix() string { return v.Key[:len("asset/")+2*sha256.Size] }

// BrokenError is of a file of which no variants can be made, though its head can be
// read.
type BrokenError struct {
	Sum [sha256.Size]byte // of the file; the caller of Make knows it
	Err error
}

func (e *BrokenError) Error() string { return fmt.Sprintf("an image is damaged: %v", e.Err) }
func (e *BrokenError) Unwrap() error { return e.Err }
