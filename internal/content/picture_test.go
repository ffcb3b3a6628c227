package content

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"image"
	"image/jpeg"
	"io"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/victorleungtw/blog/internal/recipe"
	"github.com/victorleungtw/blog/internal/shown"
)

// sideways is a JPEG of a phone that was held upright: wide in the file.
func sideways(t *testing.T, w, h int) string {
	t.Helper()
	var b bytes.Buffer
	if err := jpeg.Encode(&b, image.NewGray(image.Rect(0, 0, w, h)), nil); err != nil {
		t.Fatal(err)
	}
	tiff := binary.BigEndian.AppendUint32([]byte("Exif\x00\x00MM\x00\x2a"), 8)
	tiff = append(tiff, 0, 1, 0x01, 0x12, 0, 3, 0, 0, 0, 1, 0, 6, 0, 0, 0, 0, 0, 0)
	head := binary.BigEndian.AppendUint16([]byte{0xff, 0xd8, 0xff, 0xe1}, uint16(len(tiff)+2))
	return string(head) + string(tiff) + b.String()[2:]
}

// ends are the sets' names without their digests, sorted.
func ends(s *Site) string {
	var out []string
	for _, key := range slices.Sorted(maps.Keys(s.Assets)) {
		out = append(out, strings.TrimPrefix(key, "asset/")[64:])
	}
	slices.Sort(out)
	return strings.Join(out, " ")
}

func TestPictures(t *testing.T) {
	const post = "-- posts/a/index.md --\n---\ndate: 2026-01-01\n%s---\n# A\n\n%s\n"
	on := site
	on.Images = true
	for _, tt := range []struct {
		name, front, text string
		image             string // how the first is shown
		assets            string
	}{
		{"a photograph", "", "![1](p.jpg)", "1440x1800 [480 960 1440]", "-1440.jpg -1440.webp -480.webp -960.webp"},
		{"twice", "", "![1](p.jpg) ![2](p.jpg#x)", "1440x1800 [480 960 1440]", "-1440.jpg -1440.webp -480.webp -960.webp"},
		{"a graphic", "", "![1](g.png)", "600x400 [480 600]", "-480.webp -600.webp .png"},
		{"one that is nearly as wide", "", "![1](s.png)", "500x4 [500]", "-500.webp .png"},
		{"a cover", "cover: p.jpg\n", "text", "", "-1440.jpg"},
		{"a cover that is shown", "cover: p.jpg\n", "![1](p.jpg)", "1440x1800 [480 960 1440]", "-1440.jpg -1440.webp -480.webp -960.webp"},
		{"one that is linked to", "", "[1](p.jpg)", "", ".jpg"},
		{"one that moves", "", "![1](m.gif)", "3x2 []", ".gif"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			dir := folder(t, fmt.Sprintf(post, tt.front, tt.text))
			put(t, dir, "posts/a/p.jpg", sideways(t, 2000, 1600))
			put(t, dir, "posts/a/g.png", pngOf(t, 600, 400))
			put(t, dir, "posts/a/s.png", pngOf(t, 500, 4))
			put(t, dir, "posts/a/m.gif", "GIF89a\x03\x00\x02\x00\x00\x00\x00;")
			s, probs := load(t, dir, Options{Site: on})
			if s == nil || len(probs) > 0 {
				t.Fatal(probs)
			}
			if got := ends(s); got != tt.assets {
				t.Errorf("assets %s, want %s", got, tt.assets)
			}
			for dest, img := range s.Posts[0].Source.Images {
				if got := fmt.Sprintf("%dx%d %v", img.Width, img.Height, img.Widths); got != tt.image {
					t.Errorf("%s is shown %s, want %s", dest, got, tt.image)
				}
				// What the recipe says is what is uploaded.
				for _, w := range img.Widths {
					if a := s.Assets[strings.TrimPrefix(img.Variant(w), "/")]; a.Variant == nil || a.Variant.Width != w {
						t.Errorf("there is no asset %s", img.Variant(w))
					}
				}
			}
			if c := s.Posts[0].Cover; tt.front != "" && (c.Width != 1440 || c.Set != "" || !strings.HasSuffix(c.URL, ".jpg")) {
				t.Errorf("the cover is %+v", c)
			}
			// With images: false the files are as they are.
			if s, _ := load(t, dir, Options{Site: site}); strings.Contains(ends(s), "-") {
				t.Errorf("variants although there are to be none: %s", ends(s))
			}
		})
	}
}

// An address that has been given out stays: names depend on the file alone.
func TestPictureNames(t *testing.T) {
	on := site
	on.Images = true
	names := func(archive string) []string {
		dir := folder(t, archive)
		put(t, dir, "posts/x/p.png", pngOf(t, 20, 10))
		s, probs := load(t, dir, Options{Site: on})
		if s == nil {
			t.Fatal(probs)
		}
		return slices.Sorted(maps.Keys(s.Assets))
	}
	one := names("-- posts/a.md --\n---\ndate: 2026-01-01\n---\n# A\n\n![1](x/p.png)\n")
	two := names("-- posts/x/b.md --\n---\ndate: 2025-01-01\n---\n# B\n\n![other](p.png)\n")
	if len(one) != 2 || !slices.Equal(one, two) {
		t.Errorf("%v and %v", one, two)
	}
}

// Who publishes says that a file is damaged; then it goes as it is.
func TestBrokenPicture(t *testing.T) {
	on := site
	on.Images = true
	dir := folder(t, "-- posts/a.md --\n---\ndate: 2026-01-01\n---\n# A\n\n![1](p.png) ![2](p.png)\n")
	put(t, dir, "posts/p.png", pngOf(t, 20, 10))
	l, err := Open(dir, Options{Site: on})
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	s, _, err := l.Load(t.Context())
	if err != nil || ends(s) != "-20.webp .png" {
		t.Fatal(err, ends(s))
	}
	for _, a := range s.Assets {
		l.Broken(a.Body.SHA256, "png: cut short")
	}
	s, probs, err := l.Load(t.Context())
	if err != nil || ends(s) != ".png" || len(probs) != 1 ||
		probs[0].String() != "posts/p.png: warning: the image is damaged, and is published as it is, with all that it says of its origin: png: cut short" {
		t.Errorf("%v: %s, %v", err, ends(s), probs)
	}
	if img := s.Posts[0].Source.Images["p.png"]; img.Width != 20 || img.Widths != nil {
		t.Errorf("%+v", img)
	}
}

func TestSVG(t *testing.T) {
	const post = "-- posts/a.md --\n---\ndate: 2026-01-01\n---\n# A\n\n![1](p.svg)\n-- posts/p.svg --\n"
	const svg = `<svg xmlns="http://www.w3.org/2000/svg" width="30" height="20">%s</svg>`
	for _, tt := range []struct{ svg, served, problem string }{
		{fmt.Sprintf(svg, "<rect/>"), fmt.Sprintf(svg, "<rect/>"), ""},
		{fmt.Sprintf(svg, "<script>x</script>"), fmt.Sprintf(svg, ""), "posts/p.svg: warning: published without <script>"},
		{fmt.Sprintf(svg, `<g inkscape:label="x"/>`), fmt.Sprintf(svg, "<g/>"), ""},
		{"<svg><g>", "", "posts/a.md:6: posts/p.svg cannot be read as an SVG, and so not be made safe: it is cut short: an element is not closed"},
	} {
		dir := folder(t, post+tt.svg)
		state := t.TempDir() + "/state"
		for range 2 { // out of the file, and out of the state
			l, err := Open(dir, Options{Site: site, State: state})
			if err != nil {
				t.Fatal(err)
			}
			defer l.Close()
			l.state.files = stateFiles
			s, probs, err := l.Load(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			if got := strings.TrimSuffix(probs.Error(), "\n"); tt.problem == "" && len(probs) > 0 || !strings.HasPrefix(got, tt.problem) {
				t.Errorf("%s: %s", tt.svg, got)
			}
			if tt.served == "" {
				continue
			}
			for key, a := range s.Assets {
				f, err := a.Body.Open()
				if err != nil {
					t.Fatal(err)
				}
				got, err := io.ReadAll(f)
				if err != nil || strings.TrimSpace(string(got)) != tt.served || int64(len(got)) != a.Body.Size || !strings.Contains(key, fmt.Sprintf("%x", a.Body.SHA256)) {
					t.Errorf("%s: %s is %q, %v", tt.svg, key, got, err)
				}
			}
			if img := s.Posts[0].Source.Images["p.svg"]; img.Width != 30 {
				t.Errorf("%+v", img)
			}
		}
	}
}

// What garbage collection and takedowns look for is all that a page shows.
func TestShownVariants(t *testing.T) {
	on := site
	on.Images = true
	dir := folder(t, "-- posts/a.md --\n---\ndate: 2026-01-01\n---\n# A\n\n![1](p.jpg)\n")
	put(t, dir, "posts/p.jpg", sideways(t, 2000, 1600))
	s, probs := load(t, dir, Options{Site: on})
	if s == nil {
		t.Fatal(probs)
	}
	got := shown.Assets(&recipe.Recipe{Post: &recipe.PostData{Source: s.Posts[0].Source}})
	if want := slices.Sorted(maps.Keys(s.Assets)); !slices.Equal(got, want) {
		t.Errorf("shown %v, uploaded %v", got, want)
	}
}
