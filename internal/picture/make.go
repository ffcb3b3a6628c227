package picture

import (
	"bytes"
	"errors"
	"fmt"
	"image"
	"image/color"
	"image/draw"
	"image/jpeg"
	"image/png"
	"io"

	webp "github.com/deepteams/webp"
	xwebp "golang.org/x/image/webp"
)

// Qualities, from 0 to 100. What is lost shows at twice the size.
const (
	jpegQuality    = 82
	webpQuality    = 78
	graphicQuality = 88

	// Without loss: more takes longer and saves nothing. A picture that was scaled
	// has few flat areas left, and comes out larger than with loss unless it is
	// as good as empty.
	effort       = 50
	scaledEffort = 20
)

// Inspect reads the head of a file. It says ok for the formats of which variants
// are made; whether the pixels can be read shows when they are made.
func Inspect(r io.ReaderAt, size int64) (in Info, ok bool) {
	head := make([]byte, min(size, 1<<16))
	if _, err := r.ReadAt(head, 0); err != nil && !errors.Is(err, io.EOF) {
		return Info{}, false
	}
	switch {
	case bytes.HasPrefix(head, []byte{0xff, 0xd8}):
		in.Format = JPEG
	case bytes.HasPrefix(head, []byte(pngHead)):
		in.Format = PNG
	case len(head) > 30 && string(head[:4]) == "RIFF" && string(head[8:12]) == "WEBP":
		in.Format = WebP
	default:
		return Info{}, false
	}
	cfg, _, err := image.DecodeConfig(io.NewSectionReader(r, 0, size))
	if err != nil || cfg.Width <= 0 || cfg.Height <= 0 {
		return Info{}, false
	}
	in.Width, in.Height = cfg.Width, cfg.Height
	in.Whole = int64(cfg.Width)*int64(cfg.Height) > MaxPixels
	switch in.Format {
	case JPEG:
		in.Turn = headTurn(r, size)
		if in.Turn >= 5 {
			in.Width, in.Height = in.Height, in.Width
		}
		in.Whole = in.Whole || isCMYK(cfg)
	case PNG:
		i := bytes.Index(head, []byte("acTL"))
		j := bytes.Index(head, []byte("IDAT"))
		in.Whole = in.Whole || i >= 0 && (j < 0 || i < j)
	case WebP:
		in.Whole = in.Whole || string(head[12:16]) == "VP8X" && head[20]&webpAnimation != 0
	}
	if scaled(in.Height, min(in.Width, MaxWidth), in.Width) > webp.MaxDimension {
		in.Whole = true // as a screenshot of a whole page can be
	}
	return in, true
}

// headTurn walks a JPEG's segments for the one that says which side is up.
func headTurn(r io.ReaderAt, size int64) uint8 {
	var b [4]byte
	for at := int64(2); at+4 <= size; {
		if _, err := r.ReadAt(b[:], at); err != nil || b[0] != 0xff || b[1] == 0xda {
			return 0
		}
		if b[1] == 0xff {
			at++
			continue
		}
		n := int64(b[2])<<8 | int64(b[3])
		if b[1] == 0xe1 && n > 2 {
			data := make([]byte, n-2)
			if _, err := r.ReadAt(data, at+4); err != nil {
				return 0
			}
			if bytes.HasPrefix(data, []byte(exifHead)) {
				return turnOf(data)
			}
		}
		at += 2 + max(n, 2)
	}
	return 0
}

// Make makes variants of a file, in their order. Its errors are BrokenErrors: of
// whatever stands in the way the author can only be told, and the file published as
// it is. That goes for a panic, too: decoders and encoders are other people's, and
// so are files.
func Make(src []byte, vs []Variant) (out [][]byte, err error) {
	defer func() {
		if r := recover(); r != nil {
			out, err = nil, &BrokenError{Err: fmt.Errorf("it cannot be read: %v", r)}
		}
	}()
	var m maker
	out = make([][]byte, len(vs))
	for i, v := range vs {
		if out[i], err = m.one(src, v); err != nil {
			return nil, &BrokenError{Err: err}
		}
	}
	return out, nil
}

// maker keeps what several variants are made from.
type maker struct {
	full   *image.RGBA // the right side up
	icc    []byte
	opaque bool
	top    *image.RGBA // of MaxWidth at most: the smaller ones are scaled from it
}

func (m *maker) one(src []byte, v Variant) ([]byte, error) {
	if v.Kind == Stripped || v.Kind == Scaled && v.Format == WebP && v.Width == v.Info.Width {
		return strip(src, v.Info)
	}
	if m.full == nil {
		if err := m.decode(src, v.Info); err != nil {
			return nil, err
		}
	}
	img := m.top
	if v.Width < img.Rect.Dx() {
		img = scale(img, v.Width, v.Height)
	}
	if v.Kind == Fallback {
		var b bytes.Buffer
		if err := jpeg.Encode(&b, img, &jpeg.Options{Quality: jpegQuality}); err != nil {
			return nil, fmt.Errorf("encoding JPEG: %w", err)
		}
		if m.icc != nil {
			return jpegWithProfile(b.Bytes(), m.icc), nil
		}
		return b.Bytes(), nil
	}
	return m.webp(img, v)
}

func (m *maker) decode(src []byte, in Info) error {
	decode := map[Format]func(io.Reader) (image.Image, error){JPEG: jpeg.Decode, PNG: png.Decode, WebP: xwebp.Decode}[in.Format]
	img, err := decode(bytes.NewReader(src))
	if err != nil {
		return err
	}
	b := img.Bounds()
	full := image.NewRGBA(image.Rect(0, 0, b.Dx(), b.Dy()))
	draw.Draw(full, full.Rect, img, b.Min, draw.Src)
	m.opaque = full.Opaque()
	m.full = turn(full, in.Turn)
	w := min(in.Width, MaxWidth)
	m.top = scale(m.full, w, scaled(in.Height, w, in.Width))
	m.icc = profile(src, in.Format)
	return nil
}

// webp encodes a picture: a photograph with loss, a graphic with or without,
// whichever is smaller.
func (m *maker) webp(img *image.RGBA, v Variant) ([]byte, error) {
	nrgba := image.NewNRGBA(img.Rect)
	draw.Draw(nrgba, nrgba.Rect, img, image.Point{}, draw.Src)
	modes := []bool{false}
	if v.Format != JPEG {
		modes = []bool{false, true}
	}
	var best []byte
	for _, lossless := range modes {
		o := webp.DefaultOptions()
		switch o.Quality, o.Lossless = webpQuality, lossless; {
		case lossless:
			o.Quality = effort
			if v.Width < v.Info.Width {
				o.Quality = scaledEffort
			}
		case v.Format != JPEG:
			o.Quality, o.UseSharpYUV = graphicQuality, true // edges between colours stay where they are
		}
		var b bytes.Buffer
		if err := webp.Encode(&b, nrgba, o); err != nil {
			return nil, fmt.Errorf("encoding WebP: %w", err)
		}
		if best == nil || b.Len() < len(best) {
			best = b.Bytes()
		}
	}
	if m.icc != nil {
		var err error
		if best, err = webpWithProfile(best, m.icc, v.Width, v.Height, !m.opaque); err != nil {
			return nil, fmt.Errorf("encoding WebP: %w", err)
		}
	}
	again, err := xwebp.Decode(bytes.NewReader(best))
	if err != nil || again.Bounds().Size() != img.Rect.Size() {
		return nil, fmt.Errorf("encoding WebP: what was written cannot be read back: %v", err)
	}
	return best, nil
}

// isCMYK says that a JPEG is meant for a press: its colours need a profile, which
// nothing here applies.
func isCMYK(cfg image.Config) bool { return cfg.ColorModel == color.CMYKModel }
