package content

import (
	"bytes"
	"image"
	"image/png"
	"strings"
	"testing"
)

func pngOf(t *testing.T, w, h int) string {
	t.Helper()
	var b bytes.Buffer
	if err := png.Encode(&b, image.NewGray(image.Rect(0, 0, w, h))); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

func TestCover(t *testing.T) {
	for _, tt := range []struct{ name, line, problem string }{
		{"from the content folder", "cover: /images/x.png", ""},
		{"from the post", "cover: ../../images/x.png", ""},
		{"by another key", "image: /images/x.png", ""},
		{"as a theme's map", "cover: {image: /images/x.png, alt: X}", ""},
		{"with a space", "cover: /images/a%20b.png", ""},
		{"not there", "cover: /images/none.png", `warning: cover: there is no file images/none.png`},
		{"on another site", "cover: https://example.org/x.png", `warning: cover: https://example.org/x.png is on another site, and is left out`},
		{"outside", "cover: ../../../x.png", `warning: cover: there is no file ../x.png`},
		{"hidden", "cover: /.images/x.png", `warning: cover: .images/x.png is hidden, and not published`},
		{"no image", "cover: /images/x.txt", `warning: cover: /images/x.txt is not an image`},
		{"of no type", "cover: /images/x.psd", `warning: cover: images/x.psd: files of type ".psd" are not published`},
		{"twice", "cover: /images/x.png\nimage: /images/x.png", `"cover" and "image" say the same thing twice`},
	} {
		t.Run(tt.name, func(t *testing.T) {
			dir := folder(t, "-- posts/a/index.md --\n---\ndate: 2026-01-01\n"+tt.line+"\n---\n# A\n")
			for _, name := range []string{"images/x.png", "images/a b.png", ".images/x.png"} {
				put(t, dir, name, pngOf(t, 5, 7))
			}
			put(t, dir, "images/x.txt", "x")
			s, probs := load(t, dir, Options{Site: site})
			if tt.problem != "" {
				if len(probs) != 1 || !strings.HasSuffix(probs[0].String(), ": "+tt.problem) || probs[0].Hint == "" {
					t.Errorf("problems: %v", probs)
				}
				if s != nil && (s.Posts[0].Cover.URL != "" || len(s.Assets) > 0) {
					t.Errorf("the cover is %+v", s.Posts[0].Cover)
				}
				return
			}
			if s == nil || len(probs) > 0 {
				t.Fatal(probs)
			}
			c := s.Posts[0].Cover
			if a := s.Assets[strings.TrimPrefix(c.URL, "/")]; a.Key == "" || c.Width != 5 || c.Height != 7 {
				t.Errorf("cover %+v, assets %v", c, s.Assets)
			}
			if len(s.Posts[0].Source.Images) > 0 {
				t.Error("the page is made from a picture that it does not show")
			}
		})
	}
}

// Images that cannot be decoded are carried, and reported once for all.
func TestImagesWithoutSize(t *testing.T) {
	post := "-- posts/a.md --\n---\ndate: 2026-01-01\n---\n# A\n\n"
	dir := folder(t, post+"![1](1.jpg)\n")
	put(t, dir, "posts/1.jpg", "noise")
	s, probs := load(t, dir, Options{Site: site})
	if s == nil || len(probs) != 1 || probs[0].String() != "posts/1.jpg: warning: the size of the image is unknown: image: unknown format" {
		t.Errorf("one: %v", probs)
	}
	if img := s.Posts[0].Source.Images["1.jpg"]; img.URL == "" || img.Width != 0 {
		t.Errorf("it is shown as %+v", img)
	}

	dir = folder(t, post+"![1](1.jpg) ![2](2.jpg) ![3](3.jpg) ![4](4.jpg) ![5](5.jpg) ![6](6.png)\n")
	for _, name := range []string{"1", "2", "3", "4", "5"} {
		put(t, dir, "posts/"+name+".jpg", "noise "+name)
	}
	put(t, dir, "posts/6.png", pngOf(t, 3, 2))
	s, probs = load(t, dir, Options{Site: site})
	if s == nil || len(probs) != 1 || len(s.Assets) != 6 ||
		probs[0].String() != "posts/1.jpg: warning: the size of this and 4 other images is unknown: posts/2.jpg, posts/3.jpg and 2 more (image: unknown format)" {
		t.Errorf("five of six: %v", probs)
	}
}

// The head of an image can be longer than what is read of it at first.
func TestImageWithALongHead(t *testing.T) {
	var jpeg bytes.Buffer
	jpeg.WriteString("\xff\xd8")
	for jpeg.Len() <= bufferSize { // application data, 64 KB each
		jpeg.WriteString("\xff\xe1\xff\xff" + strings.Repeat("x", 0xfffd))
	}
	jpeg.WriteString("\xff\xc0\x00\x0b\x08\x00\x04\x00\x09\x01\x01\x11\x00") // 9 × 4, one component
	jpeg.WriteString("\xff\xda\x00\x08\x01\x01\x00\x00\x3f\x00")             // where the head ends
	dir := folder(t, "-- posts/a.md --\n---\ndate: 2026-01-01\n---\n# A\n\n![1](1.jpg) ![2](2.png)\n")
	put(t, dir, "posts/1.jpg", jpeg.String())
	put(t, dir, "posts/2.png", pngOf(t, 9, 4))
	s, probs := load(t, dir, Options{Site: site})
	if s == nil || len(probs) > 0 {
		t.Fatal(probs)
	}
	for name, img := range s.Posts[0].Source.Images {
		if img.Width != 9 || img.Height != 4 {
			t.Errorf("%s: %+v", name, img)
		}
	}
}

// A folder below posts can say the language. Files at one place below it are
// translations of each other, and of files that say it by their name.
func TestLanguageFolders(t *testing.T) {
	s, probs := load(t, folder(t, `
-- posts/en/2026/hello.md --
---
date: 2026-01-01
---
# Hello
-- posts/zh-hant/2026/hello.md --
---
date: 2026-01-01
---
# 你好
-- posts/2026/hello.ja.md --
---
date: 2026-01-01
---
# こんにちは
-- posts/ja/index.md --
---
date: 2026-01-02
---
# On Japanese
-- posts/ja/2026/other/index.md --
---
date: 2026-01-03
---
# 他
-- posts/zh/english.en.md --
---
date: 2026-01-04
---
# Named otherwise
-- pages/ja/about.md --
# について
-- pages/about.md --
# About
`), Options{Site: site})
	if s == nil || len(probs) > 0 {
		t.Fatal(probs)
	}
	var got []string
	for _, d := range s.Documents() {
		var langs []string
		for _, tr := range d.Translations {
			langs = append(langs, tr.Lang)
		}
		got = append(got, d.Path+" "+d.Lang+" "+strings.Join(langs, ","))
	}
	want := []string{
		"/2026/01/04/english/ en ",
		"/ja/2026/01/03/other/ ja ",
		"/2026/01/02/ja/ en ",
		"/2026/01/01/hello/ en en,zh-Hant,ja",
		"/ja/2026/01/01/hello/ ja en,zh-Hant,ja",
		"/zh/2026/01/01/hello/ zh-Hant en,zh-Hant,ja",
		"/about/ en en,ja",
		"/ja/about/ ja en,ja",
	}
	if strings.Join(got, "\n") != strings.Join(want, "\n") {
		t.Errorf("documents:\n%s\nwant:\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}
