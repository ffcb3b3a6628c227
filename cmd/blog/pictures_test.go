package main

import (
	"bytes"
	"image"
	"image/jpeg"
	"regexp"
	"testing"
)

var addresses = regexp.MustCompile(`/asset/[0-9a-f]{64}[-0-9]*\.(webp|jpg)`)

// A preview shows each file that a browser may choose, with the picture in it.
func TestPreviewPictures(t *testing.T) {
	for _, flags := range [][]string{nil, {"--store", t.TempDir()}} {
		r := startPreview(t, flags...)
		var photo bytes.Buffer
		if err := jpeg.Encode(&photo, image.NewGray(image.Rect(0, 0, 700, 500)), nil); err != nil {
			t.Fatal(err)
		}
		r.write("posts/hello/p.jpg", photo.String()) // nothing shows it yet
		r.change(func() {
			r.write("posts/hello/index.en.md", "---\ndate: 2026-03-01\n---\n# Hello\n\n![A square](p.jpg)\n")
		})
		_, body := r.get("/2026/03/01/hello/", false)
		found := addresses.FindAllString(body, -1)
		widths := map[int]bool{}
		for _, path := range found {
			resp, file := r.get(path, false)
			img, format, err := image.DecodeConfig(bytes.NewReader([]byte(file)))
			if err != nil || resp.StatusCode != 200 || resp.Header.Get("Content-Type") != "image/"+format {
				t.Errorf("%s: %s, %v", path, resp.Status, err)
			}
			widths[img.Width] = true
		}
		if len(found) < 3 || !widths[480] || !widths[700] {
			t.Errorf("the page shows %v, of widths %v:\n%s", found, widths, body)
		}
	}
}
