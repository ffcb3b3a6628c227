package content

import (
	"encoding/xml"
	"errors"
	"fmt"
	"image"
	_ "image/gif" // decoders register themselves
	_ "image/jpeg"
	_ "image/png"
	"io"
	"regexp"
	"strconv"
	"strings"

	_ "golang.org/x/image/webp"
)

// imageSize reads the size of an image in pixels from its head. AVIF is left
// at zero: the page then shows it without reserving its place.
func imageSize(r io.Reader, ext string) (w, h int, err error) {
	switch ext {
	case ".avif":
		return 0, 0, nil
	case ".svg":
		return svgSize(r)
	}
	cfg, _, err := image.DecodeConfig(r)
	if err != nil {
		return 0, 0, err
	}
	return cfg.Width, cfg.Height, nil
}

var svgLength = regexp.MustCompile(`^\s*([0-9.]+)(?:px)?\s*$`)

// svgSize reads width and height, else the viewBox, of the root element.
func svgSize(r io.Reader) (w, h int, err error) {
	dec := xml.NewDecoder(io.LimitReader(r, 1<<16))
	dec.Strict = false
	for {
		tok, err := dec.Token()
		if err != nil {
			return 0, 0, fmt.Errorf("no <svg> element: %w", err)
		}
		el, ok := tok.(xml.StartElement)
		if !ok {
			continue
		}
		if el.Name.Local != "svg" {
			return 0, 0, errors.New("the first element is not <svg>")
		}
		var fw, fh float64
		var box []string
		for _, a := range el.Attr {
			switch a.Name.Local {
			case "width":
				fw = length(a.Value)
			case "height":
				fh = length(a.Value)
			case "viewBox":
				box = strings.FieldsFunc(a.Value, func(r rune) bool { return r == ' ' || r == ',' })
			}
		}
		if (fw == 0 || fh == 0) && len(box) == 4 {
			fw, fh = length(box[2]), length(box[3])
		}
		if fw == 0 || fh == 0 {
			return 0, 0, errors.New("it has neither width and height in pixels nor a viewBox")
		}
		return int(fw + 0.5), int(fh + 0.5), nil
	}
}

func length(s string) float64 {
	m := svgLength.FindStringSubmatch(s)
	if m == nil {
		return 0
	}
	f, _ := strconv.ParseFloat(m[1], 64) // the pattern admits "1.2.3", which is then 0
	return f
}
