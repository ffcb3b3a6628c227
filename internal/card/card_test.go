package card

import (
	"bytes"
	"flag"
	"image"
	"image/png"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/victorleungtw/blog/internal/recipe"
)

var update = flag.Bool("update", false, "write the golden files anew")

var cards = map[string]Card{
	"en":      {"Living at the Edge", "Publishing without purging: how a page gets its name before it exists", "en", "Victor Leung"},
	"zh-Hant": {"邊緣生活", "兩個發佈者，一個指標：如何在沒有鎖的情況下做到原子發佈（第三集）", "zh-Hant", "梁"},
	"zh-Hans": {"边缘生活", "没有服务器，也没有数据库：CloudFront Functions 的用法", "zh-Hans", ""},
	"ja":      {"エッジに生きる", "二つのリージョンで「止まらない」ブログを動かす：シンガポールが暗くなった日", "ja", "梁"},
}

// The pictures are for people to look at; the test says that they did not
// change unseen.
func TestGolden(t *testing.T) {
	for name, c := range cards {
		got, err := c.PNG()
		if err != nil {
			t.Fatal(err)
		}
		file := filepath.Join("testdata", name+".png")
		if *update {
			if err := os.WriteFile(file, got, 0o644); err != nil {
				t.Fatal(err)
			}
		}
		want, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		// The pixels, not the bytes: another release of Go may compress
		// otherwise, and then gives the card another name.
		if !bytes.Equal(pixels(t, got), pixels(t, want)) {
			t.Errorf("%s looks otherwise; if it should, run the test with -update and look at it", file)
		}
		if len(got) > 40<<10 {
			t.Errorf("%s: %d bytes", name, len(got))
		}
	}
}

func pixels(t *testing.T, b []byte) []byte {
	t.Helper()
	img, err := png.Decode(bytes.NewReader(b))
	if err != nil {
		t.Fatal(err)
	}
	p, ok := img.(*image.Paletted)
	if !ok || p.Rect != image.Rect(0, 0, Width, Height) {
		t.Fatalf("a picture of type %T and size %v", img, img.Bounds())
	}
	return p.Pix
}

func TestDeterministic(t *testing.T) {
	first, err := cards["ja"].PNG()
	if err != nil {
		t.Fatal(err)
	}
	again, err := cards["ja"].PNG()
	if err != nil || !bytes.Equal(first, again) {
		t.Errorf("other bytes the second time: %v", err)
	}
}

func TestName(t *testing.T) {
	seen := map[string]bool{}
	c := cards["en"]
	for _, other := range []Card{c, {c.Site + "x", c.Title, c.Lang, c.Foot}, {c.Site, c.Title + "x", c.Lang, c.Foot}, {c.Site, c.Title, "ja", c.Foot}, {c.Site, c.Title, c.Lang, ""}} {
		key := other.Name()
		digest := strings.TrimSuffix(strings.TrimPrefix(key, "asset/"), ".png")
		if seen[key] || !recipe.IsDigest(digest) || key != other.Name() {
			t.Errorf("%+v is called %s", other, key)
		}
		seen[key] = true
	}
}

func TestCan(t *testing.T) {
	for title, want := range map[string]bool{
		"Hello": true, "Grüße, Łódź, Ωmega, Привет": true, "發佈与発行": true, "こんにちは、カード！": true,
		"Ship it 🚀": true, // without the rocket
		"안녕":        false, "مرحبا": false, "": false, " ": false,
	} {
		if got := (Card{Site: "S", Title: title, Lang: "en"}).Can(); got != want {
			t.Errorf("%q: %v", title, got)
		}
	}
}

// One wide character is two columns, a narrow one is one.
func columns(s string) int {
	n := 0
	for _, r := range s {
		n++
		if isWide(r) {
			n++
		}
	}
	return n
}

func TestWrap(t *testing.T) {
	for _, tt := range []struct {
		text  string
		width int
		want  string
	}{
		{"one two three", 20, "one two three"},
		{"one two three four", 14, "one two|three four"},
		{"a  b\n c", 20, "a b c"},
		{"well-known ways", 10, "well-known|ways"},
		{"a supercalifragilistic b", 10, "a|supercalif|ragilistic|b"},
		{"一二三四五六", 8, "一二三|四五六"},
		{"一二三、四五", 6, "一二|三、|四五"},   // no comma begins a line
		{"一二「三四」五", 6, "一二|「三|四」五"}, // no bracket ends one
		{"用 Go 寫的", 8, "用 Go|寫的"},   // a word stays whole
		{"カードを作る", 8, "カード|を作る"},    // nor does a long vowel begin one
		{"", 8, ""},
	} {
		got := strings.Join(wrap(tt.text, tt.width*10, func(s string) int { return columns(s) * 10 }), "|")
		if got != tt.want {
			t.Errorf("%q in %d: %q, want %q", tt.text, tt.width, got, tt.want)
		}
		for _, line := range strings.Split(got, "|") {
			if columns(line) > tt.width {
				t.Errorf("%q in %d: %q is too wide", tt.text, tt.width, line)
			}
		}
	}
}

// The longest title keeps clear of the lines above and below it.
func TestFits(t *testing.T) {
	for _, title := range []string{strings.Repeat("word ", 100), strings.Repeat("字", 300), strings.Repeat("W", 400), "Hi"} {
		c := Card{"S", title, "en", "F"}
		size, lines := c.title(familyFor(c.Lang))
		if len(lines)*leading(size) > tallest || len(lines) > maxLines || len(lines) == 0 {
			t.Errorf("%.10s: %d lines of %d", title, len(lines), size)
		}
		f := familyFor(c.Lang)
		for _, l := range lines {
			if w := f.width(l, size); w > Width-2*margin {
				t.Errorf("%.10s: a line of %d", title, w)
			}
		}
	}
}

// The fonts are not in the renderer.
func TestNotInTheRenderer(t *testing.T) {
	out, err := exec.Command("go", "list", "-deps", "../../lambda/renderer").Output()
	if err != nil {
		t.Fatal(err)
	}
	if slices.Contains(strings.Fields(string(out)), "github.com/victorleungtw/blog/internal/card") {
		t.Error("the renderer imports internal/card, and its zip gets 3 MB larger")
	}
}

func BenchmarkPNG(b *testing.B) {
	for b.Loop() {
		if _, err := cards["zh-Hant"].PNG(); err != nil {
			b.Fatal(err)
		}
	}
}
