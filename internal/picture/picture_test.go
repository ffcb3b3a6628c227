package picture

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"image"
	"image/color"
	"image/draw"
	"image/jpeg"
	"image/png"
	"os/exec"
	"slices"
	"strings"
	"testing"

	xwebp "golang.org/x/image/webp"
)

// photo is a picture without symmetry: red at the top left, blue at the top right,
// green at the bottom left, grey at the bottom right.
func photo(w, h int) *image.RGBA {
	img := image.NewRGBA(image.Rect(0, 0, w, h))
	for i, c := range []color.RGBA{{200, 30, 30, 255}, {30, 30, 200, 255}, {30, 160, 30, 255}, {128, 128, 128, 255}} {
		r := image.Rect(0, 0, w/2, h/2).Add(image.Pt(i%2*(w/2), i/2*(h/2)))
		if i%2 == 1 {
			r.Max.X = w
		}
		if i/2 == 1 {
			r.Max.Y = h
		}
		draw.Draw(img, r, image.NewUniform(c), image.Point{}, draw.Src)
	}
	return img
}

func jpegOf(t *testing.T, img image.Image) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := jpeg.Encode(&b, img, &jpeg.Options{Quality: 95}); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func pngOf(t *testing.T, img image.Image) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := png.Encode(&b, img); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// secret is what no published file may hold.
const secret = "GPS 22.3193 N 114.1694 E"

func segment(marker byte, data string) []byte {
	return append(binary.BigEndian.AppendUint16([]byte{0xff, marker}, uint16(len(data)+2)), data...)
}

// exif says which side is up, and where the picture was taken, in either order of
// bytes.
func exif(how uint8, little bool) []byte {
	var order binary.AppendByteOrder = binary.BigEndian
	b := []byte("MM")
	if little {
		order, b = binary.LittleEndian, []byte("II")
	}
	b = order.AppendUint16(b, 42)
	b = order.AppendUint32(b, 8)
	b = order.AppendUint16(b, 2)
	b = order.AppendUint16(b, 0x010e) // a description
	b = order.AppendUint16(b, 2)
	b = order.AppendUint32(b, uint32(len(secret)))
	b = order.AppendUint32(b, 38)
	b = order.AppendUint16(b, 0x0112)
	b = order.AppendUint16(b, 3)
	b = order.AppendUint32(b, 1)
	b = order.AppendUint16(b, uint16(how))
	b = order.AppendUint16(b, 0)
	b = order.AppendUint32(b, 0)
	return segment(0xe1, exifHead+string(b)+secret)
}

// displayP3 stands for a colour profile: 200 bytes that say RGB.
var displayP3 = func() string {
	b := make([]byte, 200)
	copy(b[12:], "mntrRGB XYZ ")
	copy(b[150:], "Display P3")
	return string(b)
}()

// written is a JPEG as a phone writes it.
func written(t *testing.T, img image.Image, how uint8, little bool) []byte {
	b := jpegOf(t, img)
	return slices.Concat(b[:2], exif(how, little), segment(0xe1, "http://ns.adobe.com/xap/1.0/\x00"+secret),
		segment(0xe2, iccHead+"\x01\x01"+displayP3), segment(0xfe, secret), b[2:], []byte(secret))
}

func pngChunk(name, data string) []byte {
	b := binary.BigEndian.AppendUint32(nil, uint32(len(data)))
	b = append(append(b, name...), data...)
	return binary.BigEndian.AppendUint32(b, crc32.ChecksumIEEE(b[4:]))
}

// pngWith puts chunks behind the first.
func pngWith(b []byte, chunks ...[]byte) []byte {
	const head = 8 + 25
	return slices.Concat(b[:head], slices.Concat(chunks...), b[head:])
}

func inspect(t *testing.T, b []byte) Info {
	t.Helper()
	in, ok := Inspect(bytes.NewReader(b), int64(len(b)))
	if !ok {
		t.Fatal("not a picture")
	}
	return in
}

func makeAll(t *testing.T, b []byte) (Set, map[string][]byte) {
	t.Helper()
	s := SetOf(sha256.Sum256(b), inspect(t, b))
	vs := append([]Variant{s.Whole}, s.Scaled...)
	if s.Shown.Key != s.Whole.Key {
		vs = append(vs, s.Shown)
	}
	made, err := Make(b, vs)
	if err != nil {
		t.Fatal(err)
	}
	out := map[string][]byte{}
	for i, v := range vs {
		out[strings.TrimPrefix(v.Key, s.Base)] = made[i]
	}
	return s, out
}

func TestSet(t *testing.T) {
	for _, tt := range []struct {
		in    Info
		shown string // what follows the digest, and its size
		want  string
	}{
		{Info{Format: JPEG, Width: 4000, Height: 3000}, "-1440.jpg 1440x1080", "480x360 960x720 1440x1080"},
		{Info{Format: JPEG, Width: 3000, Height: 4000, Turn: 6}, "-1440.jpg 1440x1920", "480x640 960x1280 1440x1920"},
		{Info{Format: JPEG, Width: 1000, Height: 1}, "-1000.jpg 1000x1", "480x1 1000x1"},
		{Info{Format: JPEG, Width: 1200, Height: 600}, "-1200.jpg 1200x600", "480x240 960x480 1200x600"},
		{Info{Format: JPEG, Width: 300, Height: 200}, "-300.jpg 300x200", "300x200"},
		{Info{Format: PNG, Width: 2132, Height: 1348}, ".png 2132x1348", "480x303 960x607 1440x910"},
		{Info{Format: PNG, Width: 480, Height: 320}, ".png 480x320", "480x320"},
		{Info{Format: PNG, Width: 1, Height: 1}, ".png 1x1", "1x1"},
		{Info{Format: WebP, Width: 1000, Height: 500}, "-1000.webp 1000x500", "480x240 1000x500"},
		{Info{Format: WebP, Width: 2000, Height: 500}, "-1440.webp 1440x360", "480x120 960x240 1440x360"},
		{Info{Format: WebP, Width: 300, Height: 300}, "-300.webp 300x300", "300x300"},
		{Info{Format: PNG, Width: 500, Height: 500}, ".png 500x500", "500x500"},
		{Info{Format: PNG, Width: 900, Height: 900, Whole: true}, ".png 900x900", ""},
		{Info{Format: JPEG, Width: 900, Height: 900, Whole: true}, ".jpg 900x900", ""},
	} {
		s := SetOf([32]byte{1}, tt.in)
		var got []string
		for i, v := range s.Scaled {
			got = append(got, fmt.Sprintf("%dx%d", v.Width, v.Height))
			if v.Width != s.Widths[i] || v.Key != fmt.Sprintf("%s-%d.webp", s.Base, v.Width) || v.Meta.ContentType != "image/webp" {
				t.Errorf("%+v: %+v", tt.in, v)
			}
		}
		shown := fmt.Sprintf("%s %dx%d", strings.TrimPrefix(s.Shown.Key, s.Base), s.Shown.Width, s.Shown.Height)
		if shown != tt.shown || strings.Join(got, " ") != tt.want {
			t.Errorf("%+v: %s, %v; want %s, %s", tt.in, shown, got, tt.shown, tt.want)
		}
		if s.Whole.Prefix() != s.Base || s.Shown.Prefix() != s.Base {
			t.Errorf("prefixes %s, %s of %s", s.Whole.Prefix(), s.Shown.Prefix(), s.Base)
		}
	}
	if a, b := SetOf([32]byte{1}, Info{Format: PNG, Width: 1, Height: 1}), SetOf([32]byte{2}, Info{Format: PNG, Width: 1, Height: 1}); a.Base == b.Base {
		t.Error("two files have one name")
	}
}

// What a camera wrote is in none of the files; the way up and the colours are.
func TestStripped(t *testing.T) {
	img := photo(1600, 320)
	graphic := pngWith(pngOf(t, img), pngChunk("tEXt", "Comment\x00"+secret), pngChunk("eXIf", secret), pngChunk("iTXt", secret), pngChunk("pHYs", "\x00\x00\x0b\x13\x00\x00\x0b\x13\x01"))
	for kind, src := range map[string][]byte{
		"JPEG": written(t, img, 6, false), "JPEG, the other order of bytes": written(t, img, 6, true), "PNG": graphic,
		"PNG, at its end": append(pngOf(t, img), secret...),
	} {
		t.Run(kind, func(t *testing.T) {
			if !bytes.Contains(src, []byte(secret)) {
				t.Fatal("the file holds no secret")
			}
			_, files := makeAll(t, src)
			for name, b := range files {
				if bytes.Contains(b, []byte("GPS")) || bytes.Contains(b, []byte("adobe")) {
					t.Errorf("%s says where it was taken", name)
				}
				if _, _, err := image.Decode(bytes.NewReader(b)); err != nil {
					t.Errorf("%s: %v", name, err)
				}
				if strings.HasPrefix(kind, "JPEG") && !bytes.Contains(b, []byte("Display P3")) {
					t.Errorf("%s has lost its colour profile", name)
				}
			}
			if in := inspect(t, files[whole(files)]); in.Turn != inspect(t, src).Turn {
				t.Errorf("the file itself is turned: %+v", in)
			}
		})
	}
	if b := makeOne(t, graphic, ".png"); !bytes.Contains(b, []byte("pHYs")) || len(b) >= len(graphic) {
		t.Error("what says how it looks is gone, or nothing is")
	}
	// sRGB is what everybody takes a picture for.
	srgb := []byte(strings.Replace(string(written(t, img, 1, false)), "Display P3", "sRGB IEC61", 1))
	if _, files := makeAll(t, srgb); bytes.Contains(files["-480.webp"], []byte("ICCP")) || bytes.Contains(files["-1440.jpg"], []byte(iccHead)) {
		t.Error("sRGB is carried along")
	}
}

func whole(files map[string][]byte) string {
	for name := range files {
		if !strings.HasPrefix(name, "-") {
			return name
		}
	}
	return ""
}

func makeOne(t *testing.T, src []byte, name string) []byte {
	t.Helper()
	_, files := makeAll(t, src)
	if files[name] == nil {
		t.Fatalf("there is no %s", name)
	}
	return files[name]
}

// Whichever way a phone was held, red is at the top left.
func TestTurned(t *testing.T) {
	up := photo(300, 200)
	for how := uint8(1); how <= 8; how++ {
		// The picture as the camera writes it is what turning back gives: 6 and 8
		// are each other's, the others their own.
		back := map[uint8]uint8{6: 8, 8: 6}[how]
		if back == 0 {
			back = how
		}
		src := written(t, turn(up, back), how, how%2 == 0)
		s, files := makeAll(t, src)
		if s.Shown.Width != 300 || s.Shown.Height != 200 {
			t.Errorf("%d: %d × %d", how, s.Shown.Width, s.Shown.Height)
		}
		for _, name := range []string{"-300.jpg", "-300.webp"} {
			img, _, err := image.Decode(bytes.NewReader(files[name]))
			if err != nil {
				t.Fatalf("%d: %s: %v", how, name, err)
			}
			b := img.Bounds()
			for i, want := range []string{"red", "blue", "green", "grey"} {
				at := image.Pt(b.Dx()/4+i%2*b.Dx()/2, b.Dy()/4+i/2*b.Dy()/2)
				if got := hue(img.At(at.X, at.Y)); got != want {
					t.Errorf("%d: %s at %v is %s, want %s", how, name, at, got, want)
				}
			}
		}
	}
}

func hue(c color.Color) string {
	r, g, b, _ := c.RGBA()
	switch {
	case r > 2*g && r > 2*b:
		return "red"
	case b > 2*r && b > 2*g:
		return "blue"
	case g > 2*r && g > 2*b:
		return "green"
	}
	return "grey"
}

func TestInspect(t *testing.T) {
	img := photo(90, 60)
	moving := pngWith(pngOf(t, img), pngChunk("acTL", "\x00\x00\x00\x02\x00\x00\x00\x00"))
	still := makeOne(t, jpegOf(t, img), "-90.webp")
	head := chunk("VP8X", []byte{webpAnimation, 0, 0, 0, 89, 0, 0, 59, 0, 0})
	animated := riff([]part{head, chunk("ANIM", make([]byte, 6)), chunk("EXIF", []byte(secret))})
	high := pngChunk("IHDR", "\x00\x00\x05\xa0\x00\x00\x4e\x20\x08\x02\x00\x00\x00")
	large := pngChunk("IHDR", "\x00\x00\x40\x00\x00\x00\x40\x00\x08\x02\x00\x00\x00")
	for name, tt := range map[string]struct {
		src  []byte
		want string
	}{
		"JPEG":          {jpegOf(t, img), "{jpeg 90 60 0 false} true"},
		"JPEG, turned":  {written(t, img, 8, true), "{jpeg 60 90 8 false} true"},
		"JPEG, wrongly": {written(t, img, 9, true), "{jpeg 90 60 0 false} true"},
		"PNG":           {pngOf(t, img), "{png 90 60 0 false} true"},
		"PNG, moving":   {moving, "{png 90 60 0 true} true"},
		"WebP":          {still, "{webp 90 60 0 false} true"},
		"WebP, moving":  {animated, "{webp 90 60 0 true} true"},
		"GIF":           {[]byte("GIF89a\x01\x00\x01\x00\x00\x00\x00"), "{ 0 0 0 false} false"},
		"noise":         {[]byte("noise"), "{ 0 0 0 false} false"},
		"nothing":       {nil, "{ 0 0 0 false} false"},
		"a JPEG's head": {jpegOf(t, img)[:20], "{ 0 0 0 false} false"},
		"too high":      {append([]byte(pngHead), high...), "{png 1440 20000 0 true} true"},
		"too large":     {append([]byte(pngHead), large...), "{png 16384 16384 0 true} true"},
	} {
		in, ok := Inspect(bytes.NewReader(tt.src), int64(len(tt.src)))
		if got := fmt.Sprint(in, " ", ok); got != tt.want {
			t.Errorf("%s: %s, want %s", name, got, tt.want)
		}
	}
	// What moves keeps moving, without what it says of its origin.
	if b := makeOne(t, animated, ".webp"); bytes.Contains(b, []byte(secret)) || !bytes.Contains(b, []byte("ANIM")) {
		t.Errorf("%q", b)
	}
	if b := makeOne(t, moving, ".png"); !bytes.Contains(b, []byte("acTL")) {
		t.Error("it does not move any more")
	}
}

// A file that is cut short says so when it is made, and never panics.
func TestBroken(t *testing.T) {
	img := photo(200, 100)
	for name, src := range map[string][]byte{"JPEG": written(t, img, 6, true), "PNG": pngOf(t, img), "WebP": makeOne(t, jpegOf(t, img), "-200.webp")} {
		in := inspect(t, src)
		s := SetOf([32]byte{}, in)
		v := Variant{Info: in, Kind: Scaled, Width: 100, Height: 50}
		if _, err := Make(src[:len(src)*3/4], []Variant{v}); !isBroken(err) {
			t.Errorf("%s: %v", name, err)
		}
		for n := range len(src) {
			if _, err := Make(src[:n], []Variant{s.Whole}); err != nil && !isBroken(err) {
				t.Fatalf("%s, %d bytes: %v", name, n, err)
			}
			Inspect(bytes.NewReader(src[:n]), int64(n)) // that it returns is the test
		}
	}
}

func isBroken(err error) bool {
	var b *BrokenError
	return errors.As(err, &b)
}

// Pixels come in many kinds, and pictures in odd sizes.
func TestPixels(t *testing.T) {
	r := image.Rect(0, 0, 7, 3)
	clear := image.NewNRGBA(r)
	clear.Set(0, 0, color.NRGBA{255, 0, 0, 128})
	paletted := image.NewPaletted(r, color.Palette{color.Transparent, color.Black})
	paletted.SetColorIndex(0, 0, 1)
	for name, img := range map[string]image.Image{
		"grey": image.NewGray(r), "deep grey": image.NewGray16(r), "deep": image.NewNRGBA64(r), "of a palette": paletted,
		"half clear": clear, "one pixel": image.NewGray(image.Rect(0, 0, 1, 1)), "high": image.NewGray(image.Rect(0, 0, 1, 900)),
	} {
		s, files := makeAll(t, pngOf(t, img))
		for _, v := range s.Scaled {
			got, err := xwebp.Decode(bytes.NewReader(files[strings.TrimPrefix(v.Key, s.Base)]))
			if err != nil || got.Bounds().Size() != img.Bounds().Size() {
				t.Errorf("%s: %v", name, err)
				continue
			}
			for _, p := range []image.Point{{0, 0}, img.Bounds().Max.Sub(image.Pt(1, 1))} {
				_, _, _, a := got.At(p.X, p.Y).RGBA()
				if _, _, _, want := img.At(p.X, p.Y).RGBA(); a>>8 != want>>8 {
					t.Errorf("%s: alpha at %v is %x, was %x", name, p, a, want)
				}
			}
		}
	}
}

func TestDeterministic(t *testing.T) {
	src := written(t, photo(1000, 300), 3, false)
	_, first := makeAll(t, src)
	_, again := makeAll(t, src)
	for name, b := range first {
		if !bytes.Equal(b, again[name]) {
			t.Errorf("%s has other bytes the second time", name)
		}
	}
}

// A colour stays that colour, and what is transparent stays so and shines through
// nowhere.
func TestScale(t *testing.T) {
	src := image.NewRGBA(image.Rect(0, 0, 301, 203))
	draw.Draw(src, src.Rect, image.NewUniform(color.RGBA{17, 99, 201, 255}), image.Point{}, draw.Src)
	for _, w := range []int{300, 100, 7, 1} {
		out := scale(src, w, scaled(203, w, 301))
		for i := 0; i < len(out.Pix); i += 4 {
			if [4]byte(out.Pix[i:]) != [4]byte{17, 99, 201, 255} {
				t.Fatalf("to %d: %v", w, out.Pix[i:i+4])
			}
		}
	}
	half := image.NewRGBA(image.Rect(0, 0, 64, 64))
	draw.Draw(half, image.Rect(0, 0, 32, 64), image.NewUniform(color.RGBA{255, 255, 255, 255}), image.Point{}, draw.Src)
	out := scale(half, 16, 16)
	for x, want := range []uint8{255, 255, 255, 255, 255, 255, 0, 0, 0, 0, 0, 0} {
		x := x + x/6*4 // not at the edge
		if p := out.RGBAAt(x, 8); p.A != want || p.R != p.A {
			t.Errorf("at %d: %v", x, p)
		}
	}
}

// A graphic's WebP is without loss where that is smaller.
func TestGraphic(t *testing.T) {
	img := photo(480, 320)
	b := makeOne(t, pngOf(t, img), "-480.webp")
	got, err := xwebp.Decode(bytes.NewReader(b))
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range []image.Point{{1, 1}, {239, 159}, {240, 160}, {479, 319}} {
		r, g, bl, _ := got.At(p.X, p.Y).RGBA()
		wr, wg, wb, _ := img.At(p.X, p.Y).RGBA()
		if r != wr || g != wg || bl != wb {
			t.Errorf("at %v it is %v, was %v", p, got.At(p.X, p.Y), img.At(p.X, p.Y))
		}
	}
	if len(b) > 1000 {
		t.Errorf("%d bytes for four colours", len(b))
	}
}

// Readers wait for the renderer, and it for nothing of this.
func TestNotInTheRenderer(t *testing.T) {
	out, err := exec.Command("go", "list", "-deps", "../../lambda/renderer").Output()
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range []string{"internal/picture", "internal/svg", "deepteams/webp"} {
		if bytes.Contains(out, []byte(p)) {
			t.Errorf("the renderer is built from %s", p)
		}
	}
	if !bytes.Contains(out, []byte("internal/render")) {
		t.Error("the list is of something else")
	}
}

func FuzzStrip(f *testing.F) {
	f.Add([]byte("\xff\xd8\xff\xe1\x00\x04ab\xff\xda\x00\x02\xff\xd9"))
	f.Add([]byte(pngHead + "\x00\x00\x00\x00IEND\xae\x42\x60\x82"))
	f.Add([]byte("RIFF\x10\x00\x00\x00WEBPVP8 \x03\x00\x00\x00abc\x00"))
	f.Fuzz(func(t *testing.T, b []byte) {
		Inspect(bytes.NewReader(b), int64(len(b)))
		for _, format := range []Format{JPEG, PNG, WebP} {
			profile(b, format)
			if out, err := strip(b, Info{Format: format, Turn: 6}); err == nil {
				if _, err := strip(out, Info{Format: format}); err != nil {
					t.Errorf("what is left of a %s is none: %v", format, err)
				}
			}
		}
	})
}
