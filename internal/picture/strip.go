package picture

import (
	"bytes"
	"compress/zlib"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
)

// A file of these formats is a list of parts: segments, chunks. Stripping keeps
// those that say how the pixels look, byte for byte, and leaves out all others.

// part is one of them.
type part struct {
	name string // "APP1", "tEXt", "EXIF"
	all  []byte // with its head
	data []byte
}

var errParts = errors.New("it is cut short, or not of parts as its format has them")

// jpegParts are the segments before the first scan, and all that is behind.
func jpegParts(b []byte) (parts []part, rest []byte, err error) {
	if !bytes.HasPrefix(b, []byte{0xff, 0xd8}) {
		return nil, nil, errParts
	}
	for at := 2; ; {
		for at < len(b) && b[at] == 0xff && at+1 < len(b) && b[at+1] == 0xff {
			at++ // filling
		}
		if at+4 > len(b) || b[at] != 0xff {
			return nil, nil, errParts
		}
		marker := b[at+1]
		n := int(binary.BigEndian.Uint16(b[at+2:]))
		if n < 2 || at+2+n > len(b) {
			return nil, nil, errParts
		}
		if marker == 0xda {
			return parts, b[at:], nil
		}
		parts = append(parts, part{jpegName(marker), b[at : at+2+n], b[at+4 : at+2+n]})
		at += 2 + n
	}
}

// jpegEnd is where the picture ends of which b is the scans: some phones put
// another one behind it, or a film.
func jpegEnd(b []byte) int {
	for at := 0; at+4 <= len(b); {
		if b[at] != 0xff || b[at+1] == 0 || b[at+1] == 0xff || b[at+1] >= 0xd0 && b[at+1] <= 0xd7 {
			at++ // within a scan
			continue
		}
		if b[at+1] == 0xd9 {
			return at + 2
		}
		at += 2 + int(binary.BigEndian.Uint16(b[at+2:]))
	}
	return len(b)
}

func jpegName(marker byte) string {
	switch {
	case marker >= 0xe0 && marker <= 0xef:
		return fmt.Sprintf("APP%d", marker-0xe0)
	case marker == 0xfe:
		return "COM"
	case marker >= 0xc0 && marker <= 0xcf && marker != 0xc4 && marker != 0xc8 && marker != 0xcc:
		return "SOF"
	}
	return fmt.Sprintf("%02x", marker)
}

const (
	pngHead  = "\x89PNG\r\n\x1a\n"
	exifHead = "Exif\x00\x00"
	iccHead  = "ICC_PROFILE\x00"
)

func pngParts(b []byte) (parts []part, err error) {
	if !bytes.HasPrefix(b, []byte(pngHead)) {
		return nil, errParts
	}
	for at := len(pngHead); ; {
		if at+12 > len(b) {
			return nil, errParts
		}
		n := int64(binary.BigEndian.Uint32(b[at:]))
		if int64(at)+12+n > int64(len(b)) {
			return nil, errParts
		}
		p := part{string(b[at+4 : at+8]), b[at : at+12+int(n)], b[at+8 : at+8+int(n)]}
		parts = append(parts, p)
		if at += 12 + int(n); p.name == "IEND" {
			return parts, nil
		}
	}
}

func webpParts(b []byte) (parts []part, err error) {
	if len(b) < 12 || string(b[:4]) != "RIFF" || string(b[8:12]) != "WEBP" {
		return nil, errParts
	}
	end := 8 + int64(binary.LittleEndian.Uint32(b[4:]))
	if end > int64(len(b)) {
		return nil, errParts
	}
	for at := 12; int64(at) < end; {
		if int64(at)+8 > end {
			return nil, errParts
		}
		n := int64(binary.LittleEndian.Uint32(b[at+4:]))
		next := int64(at) + 8 + n + n&1
		if next > end {
			return nil, errParts
		}
		parts = append(parts, part{string(b[at : at+4]), b[at:next], b[at+8 : int64(at)+8+n]})
		at = int(next)
	}
	return parts, nil
}

// kept are the chunks of a PNG that say how it looks, with those of one that
// moves.
var kept = []string{
	"IHDR", "PLTE", "IDAT", "IEND", "tRNS", "gAMA", "cHRM", "sRGB", "iCCP", "cICP", "mDCV", "cLLI", "sBIT", "bKGD", "pHYs",
	"acTL", "fcTL", "fdAT",
}

// strip takes out of a file what it says of its origin.
func strip(b []byte, in Info) ([]byte, error) {
	var out bytes.Buffer
	switch in.Format {
	case JPEG:
		parts, rest, err := jpegParts(b)
		if err != nil {
			return nil, err
		}
		out.Write(b[:2])
		turned := in.Turn > 1
		for _, p := range parts {
			app := strings.HasPrefix(p.name, "APP")
			if turned && p.name != "APP0" { // behind JFIF's head, where there is one
				out.Write(orientation(in.Turn))
				turned = false
			}
			icc := p.name == "APP2" && bytes.HasPrefix(p.data, []byte(iccHead))
			if !app && p.name != "COM" || p.name == "APP0" || p.name == "APP14" || icc {
				out.Write(p.all)
			}
		}
		out.Write(rest[:jpegEnd(rest)])
	case PNG:
		parts, err := pngParts(b)
		if err != nil {
			return nil, err
		}
		out.WriteString(pngHead)
		for _, p := range parts {
			if slices.Contains(kept, p.name) {
				out.Write(p.all)
			}
		}
	case WebP:
		parts, err := webpParts(b)
		if err != nil {
			return nil, err
		}
		var body []part
		for _, p := range parts {
			switch p.name {
			case "VP8X":
				p.all = bytes.Clone(p.all)
				p.all[8] &^= webpEXIF | webpXMP
			case "VP8 ", "VP8L", "ALPH", "ICCP", "ANIM", "ANMF":
			default:
				continue
			}
			body = append(body, p)
		}
		return riff(body), nil
	}
	return out.Bytes(), nil
}

// orientation is a segment of EXIF that says which side is up, and nothing else:
// a head, and a directory of one entry.
func orientation(how uint8) []byte {
	return append([]byte("\xff\xe1\x00\x22"+exifHead+"MM\x00\x2a\x00\x00\x00\x08\x00\x01\x01\x12\x00\x03\x00\x00\x00\x01\x00"),
		how, 0, 0, 0, 0, 0, 0)
}

// turnOf reads the orientation out of EXIF's data; 0 where it says none.
func turnOf(exif []byte) uint8 {
	tiff, ok := bytes.CutPrefix(exif, []byte(exifHead))
	if !ok || len(tiff) < 8 {
		return 0
	}
	var order binary.ByteOrder = binary.BigEndian
	if tiff[0] == 'I' {
		order = binary.LittleEndian
	}
	at := int64(order.Uint32(tiff[4:]))
	if at+2 > int64(len(tiff)) {
		return 0
	}
	for n := int64(order.Uint16(tiff[at:])); n > 0; n-- {
		e := at + 2 + 12*(n-1)
		if e+12 > int64(len(tiff)) {
			continue
		}
		if how := order.Uint16(tiff[e+8:]); order.Uint16(tiff[e:]) == 0x0112 && how >= 1 && how <= 8 {
			return uint8(how)
		}
	}
	return 0
}

// maxProfile is the largest colour profile that is kept, in bytes; those of
// printers are larger.
const maxProfile = 60 << 10

// profile is the colour profile of a file; nil for none, and for sRGB.
func profile(b []byte, f Format) []byte {
	var icc []byte
	switch f {
	case JPEG:
		parts, _, _ := jpegParts(b)
		for _, p := range parts { // numbered, and written in their order
			if d, ok := bytes.CutPrefix(p.data, []byte(iccHead)); ok && p.name == "APP2" && len(d) > 2 {
				icc = append(icc, d[2:]...)
			}
		}
	case PNG:
		parts, _ := pngParts(b)
		for _, p := range parts {
			if p.name != "iCCP" {
				continue
			}
			_, d, _ := bytes.Cut(p.data, []byte{0}) // behind its name
			if len(d) < 1 {
				continue
			}
			if r, err := zlib.NewReader(bytes.NewReader(d[1:])); err == nil {
				icc, _ = io.ReadAll(io.LimitReader(r, maxProfile+1))
			}
		}
	case WebP:
		parts, _ := webpParts(b)
		for _, p := range parts {
			if p.name == "ICCP" {
				icc = p.data
			}
		}
	}
	// The space of what is decoded is RGB. A profile's description is text in one
	// byte a letter, or in two.
	rgb := len(icc) > 128 && len(icc) <= maxProfile && string(icc[16:20]) == "RGB "
	if !rgb || bytes.Contains(icc, []byte("sRGB")) || bytes.Contains(icc, []byte("s\x00R\x00G\x00B")) {
		return nil
	}
	return icc
}

// Flags of VP8X (https://developers.google.com/speed/webp/docs/riff_container).
const (
	webpAnimation = 0x02
	webpXMP       = 0x04
	webpEXIF      = 0x08
	webpAlpha     = 0x10
	webpICC       = 0x20
)

func riff(parts []part) []byte {
	b := []byte("RIFF\x00\x00\x00\x00WEBP")
	for _, p := range parts {
		b = append(b, p.all...)
	}
	binary.LittleEndian.PutUint32(b[4:], uint32(len(b)-8))
	return b
}

func chunk(name string, data []byte) part {
	b := binary.LittleEndian.AppendUint32([]byte(name), uint32(len(data)))
	b = append(b, data...)
	if len(data)%2 == 1 {
		b = append(b, 0)
	}
	return part{name, b, data}
}

// webpWithProfile puts a colour profile into a WebP that has none.
func webpWithProfile(b, icc []byte, w, h int, alpha bool) ([]byte, error) {
	parts, err := webpParts(b)
	if err != nil {
		return nil, err
	}
	if parts[0].name == "VP8X" {
		parts[0].all[8] |= webpICC
	} else {
		head := make([]byte, 10)
		head[0] = webpICC
		if alpha {
			head[0] |= webpAlpha
		}
		for i, n := range []int{w - 1, h - 1} {
			head[4+3*i], head[5+3*i], head[6+3*i] = byte(n), byte(n>>8), byte(n>>16)
		}
		parts = slices.Insert(parts, 0, chunk("VP8X", head))
	}
	return riff(slices.Insert(parts, 1, chunk("ICCP", icc))), nil
}

// jpegWithProfile puts a colour profile into a JPEG that has none.
func jpegWithProfile(b, icc []byte) []byte {
	data := append([]byte(iccHead+"\x01\x01"), icc...)
	seg := binary.BigEndian.AppendUint16([]byte{0xff, 0xe2}, uint16(len(data)+2))
	return slices.Concat(b[:2], seg, data, b[2:])
}
