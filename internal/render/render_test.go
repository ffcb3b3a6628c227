package render

import (
	"bytes"
	"compress/gzip"
	"context"
	"encoding/json"
	"encoding/xml"
	"errors"
	"flag"
	"html"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"strings"
	"sync"
	"testing"

	"github.com/victorleungtw/blog/internal/recipe"
)

var update = flag.Bool("update", false, "write the golden files anew")

func TestGolden(t *testing.T) {
	all, src := fixtures(t)
	for _, f := range all {
		t.Run(f.name, func(t *testing.T) {
			p, err := Render(context.Background(), f.recipe, src)
			if err != nil {
				t.Fatal(err)
			}
			golden(t, f.name, p.Body)
			if p.Text != nil {
				golden(t, strings.TrimSuffix(f.name, ".html")+".md", p.Text)
			}
			if recipe.HasText(f.recipe.Path) != (p.Text != nil) {
				t.Errorf("%s has a text: %v", f.recipe.Path, p.Text != nil)
			}
			types := map[string]string{".html": TypeHTML, ".css": typeCSS, ".txt": typeText, ".svg": typeSVG, ".json": typeFeed}
			if f.recipe.Kind == recipe.Chapters {
				types[".json"] = typeMark
			}
			switch want := types[filepath.Ext(f.name)]; {
			case want != "" && p.ContentType != want:
				t.Errorf("content type %s, want %s", p.ContentType, want)
			case want == "" && !strings.HasSuffix(p.ContentType, "xml; charset=utf-8"):
				t.Errorf("content type %s", p.ContentType)
			}
			if strings.HasSuffix(f.name, ".xml") || strings.HasSuffix(f.name, ".svg") {
				checkXML(t, p.Body)
			} else if strings.HasSuffix(f.name, ".html") {
				checkPage(t, string(p.Body))
			}
		})
	}
}

// golden compares a page with what it was.
func golden(t *testing.T, name string, body []byte) {
	t.Helper()
	name = filepath.Join("testdata/golden", name)
	if *update {
		if err := os.WriteFile(name, body, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(body, want) {
		t.Errorf("differs from %s; if it should, run the test with -update and read the difference\n%s", name, body)
	}
}

// The same recipe gives the same bytes, in any order, beside any other.
func TestDeterministic(t *testing.T) {
	all, src := fixtures(t)
	first := make([][]byte, len(all))
	for i, f := range all {
		p, err := Render(context.Background(), f.recipe, src)
		if err != nil {
			t.Fatal(err)
		}
		first[i] = p.Body
	}
	var wg sync.WaitGroup
	for seed := range 4 {
		wg.Go(func() {
			for _, i := range rand.New(rand.NewPCG(uint64(seed), 7)).Perm(len(all)) {
				// What comes over the wire is another value with the same meaning.
				r, err := recipe.Decode(all[i].recipe.Encode())
				if err != nil {
					t.Error(err)
					return
				}
				p, err := Render(context.Background(), r, src)
				if err != nil {
					t.Error(err)
				} else if !bytes.Equal(p.Body, first[i]) {
					t.Errorf("%s: other bytes the second time", all[i].name)
				}
			}
		})
	}
	wg.Wait()
}

func TestRefuses(t *testing.T) {
	all, src := fixtures(t)
	other := *all[0].recipe
	other.Renderer = "another"
	if _, err := Render(context.Background(), &other, src); !errors.Is(err, ErrVersion) {
		t.Errorf("another version: %v", err)
	}
	for _, f := range all {
		// A recipe without what its kind needs is an error and not a panic.
		bare := &recipe.Recipe{Renderer: Version(), Kind: f.recipe.Kind, Site: &recipe.Site{}}
		switch _, err := Render(context.Background(), bare, src); f.recipe.Kind {
		case recipe.Post, recipe.List, recipe.Index, recipe.Feed, recipe.Chapters, recipe.Guide, recipe.Security:
			if !errors.Is(err, errIncomplete) {
				t.Errorf("bare %s: %v", f.recipe.Kind, err)
			}
		default:
			if err != nil {
				t.Errorf("bare %s: %v", f.recipe.Kind, err)
			}
		}
		bare.Site = nil
		if _, err := Render(context.Background(), bare, src); bare.Kind != recipe.Stylesheet && !errors.Is(err, errIncomplete) {
			t.Errorf("%s without a site: %v", f.recipe.Kind, err)
		}
		// A source that is not there is an error.
		if f.recipe.Post != nil || f.recipe.Feed != nil {
			if _, err := Render(context.Background(), f.recipe, memory{}); err == nil {
				t.Errorf("%s without its source", f.name)
			}
		}
	}
	for _, r := range []*recipe.Recipe{
		{Kind: "else", Site: &recipe.Site{}},
		{Kind: recipe.Feed, Site: &recipe.Site{}, Feed: &recipe.FeedData{Format: "rdf"}},
	} {
		r.Renderer = Version()
		if _, err := Render(context.Background(), r, src); err == nil {
			t.Errorf("%+v was rendered", r)
		}
	}
}

// fill puts s into every string of v but the ones that steer the renderer.
func fill(v reflect.Value, s string) {
	switch v.Kind() {
	case reflect.Pointer:
		if !v.IsNil() {
			fill(v.Elem(), s)
		}
	case reflect.Struct:
		for i := range v.NumField() {
			switch v.Type().Field(i).Name {
			case "Renderer", "Kind", "Digest", "Format":
			default:
				fill(v.Field(i), s)
			}
		}
	case reflect.Slice:
		for i := range v.Len() {
			fill(v.Index(i), s)
		}
	case reflect.String:
		v.SetString(s)
	}
}

// Nothing that a post, a tag or a setting says becomes active.
func TestHostile(t *testing.T) {
	payloads := []string{
		`<script>alert(1)</script>`,
		`"><script>alert(1)</script>`,
		`' onmouseover='alert(1)`,
		`" onmouseover="alert(1)" x="`,
		`javascript:alert(1)`,
		`//evil.example/"><script>`,
		`</script><script>alert(1)</script>`,
		`</title><svg onload=alert(1)>`,
		`--><script>alert(1)</script><!--`,
		`]]><script>alert(1)</script>`,
		`{{.}} {{template "top"}}`,
		"\x00\x0b\ufffe\uffff",
		"\xff\xfe<b>",
		"\u2028\u2029",
		`data:text/html,<script>alert(1)</script>`,
		`en" onload="alert(1)`,
	}
	for _, s := range payloads {
		all, src := fixtures(t)
		for d := range src {
			src[d] = []byte("---\ntitle: " + s + "\n---\n# " + s + "\n\n" + s + "\n\n[" + s + "](<" + s + ">)\n\n```" + s + "\n" + s + "\n```\n")
		}
		for _, f := range all {
			r, err := recipe.Decode(f.recipe.Encode())
			if err != nil {
				t.Fatal(err)
			}
			fill(reflect.ValueOf(r), s)
			p, err := Render(context.Background(), r, src)
			if err != nil {
				if r.Kind != recipe.NotFound { // whose stylesheet's address has a limit
					t.Errorf("%s with %q: %v", f.name, s, err)
				}
				continue
			}
			switch {
			case strings.HasSuffix(f.name, ".html"):
				checkPage(t, string(p.Body))
			case strings.HasSuffix(f.name, ".xml"), strings.HasSuffix(f.name, ".svg"):
				checkXML(t, p.Body)
			case strings.HasSuffix(f.name, ".json"):
				if !json.Valid(p.Body) {
					t.Errorf("not JSON: %s", p.Body)
				}
			}
			if t.Failed() {
				t.Fatalf("%s with %q", f.name, s)
			}
		}
	}
}

var (
	tagForm  = regexp.MustCompile(`(?s)<(/?[a-zA-Z][a-zA-Z0-9]*)((?:\s+[a-zA-Z:-]+(?:="[^"]*")?)*)\s*>`)
	attrForm = regexp.MustCompile(`(?s)\s([a-zA-Z:-]+)(?:="([^"]*)")?`)
	dataForm = regexp.MustCompile(`(?s)<script type="application/ld\+json">([^<]*)</script>`)
	knownTag = func() map[string]bool {
		m := map[string]bool{}
		for _, n := range strings.Fields(`html head meta title link body a header nav main article footer p span time h1 h2 h3 h4 h5 h6
			ol ul li div audio section figure figcaption img pre code table thead tbody tr th td blockquote hr br sup sub em strong del
			input details summary kbd ruby rt rp dl dt dd form label button mark`) {
			m[n] = true
		}
		return m
	}()
)

// checkPage reads a page as strictly as it is written: known tags, no script but
// data, no event, no style, no address with another scheme.
func checkPage(t *testing.T, page string) {
	t.Helper()
	rest, ok := strings.CutPrefix(page, "<!DOCTYPE html>")
	if !ok {
		t.Error("no doctype")
	}
	rest = dataForm.ReplaceAllString(rest, "")
	for _, m := range tagForm.FindAllStringSubmatch(rest, -1) {
		if name := strings.TrimPrefix(m[1], "/"); !knownTag[name] {
			t.Errorf("tag %s", m[0])
		}
		for _, a := range attrForm.FindAllStringSubmatch(m[2], -1) {
			name, value := strings.ToLower(a[1]), strings.TrimSpace(html.UnescapeString(a[2]))
			if strings.HasPrefix(name, "on") || name == "style" || name == "srcdoc" {
				t.Errorf("attribute %s in %s", name, m[0])
			}
			if name == "href" || name == "src" || name == "action" {
				scheme, _, found := strings.Cut(value, ":")
				if found && regexp.MustCompile(`^[a-zA-Z][a-zA-Z0-9+.-]*$`).MatchString(scheme) && scheme != "http" && scheme != "https" && scheme != "mailto" {
					t.Errorf("address %q", value)
				}
			}
		}
	}
	if left := tagForm.ReplaceAllString(rest, ""); strings.Contains(left, "<") {
		i := strings.Index(left, "<")
		t.Errorf("not a tag: %.80q", left[i:])
	}
}

func checkXML(t *testing.T, body []byte) {
	t.Helper()
	d := xml.NewDecoder(bytes.NewReader(body))
	for {
		if _, err := d.Token(); err == io.EOF {
			return
		} else if err != nil {
			t.Errorf("not well formed: %v\n%s", err, body)
			return
		}
	}
}

// The edge function answers 404 itself, from a value of at most 1,024 bytes.
func TestNotFoundSize(t *testing.T) {
	for lang := range phrases {
		site := siteIn(languages[0])
		site.Title = strings.Repeat("長", 2000)
		r := &recipe.Recipe{Renderer: Version(), Kind: recipe.NotFound, Lang: lang, Path: "/404.html", Site: site}
		p, err := Render(context.Background(), r, nil)
		if err != nil {
			t.Fatal(err)
		}
		if len(p.Body) > 1024 || len(p.Body) < 700 {
			t.Errorf("%s: %d bytes", lang, len(p.Body))
		}
		if !bytes.Contains(p.Body, []byte(`href="/archive/"`)) || !bytes.Contains(p.Body, []byte("長…</a>")) {
			t.Errorf("%s: %s", lang, p.Body)
		}
		site.Stylesheet = "/" + strings.Repeat("x", 1000)
		if _, err := Render(context.Background(), r, nil); err == nil {
			t.Errorf("%s: a page that is too large", lang)
		}
	}
}

// A post with its styles fits the first round trip: ten packets, 14 KB.
func TestSmall(t *testing.T) {
	all, src := fixtures(t)
	size := func(b []byte) int {
		var z bytes.Buffer
		w, _ := gzip.NewWriterLevel(&z, gzip.BestCompression)
		_, _ = w.Write(b)
		_ = w.Close()
		return z.Len()
	}
	style := size(stylesheet)
	for _, f := range all {
		if f.recipe.Kind != recipe.Post {
			continue
		}
		p, err := Render(context.Background(), f.recipe, src)
		if err != nil {
			t.Fatal(err)
		}
		if n := size(p.Body) + style; n > 10<<10 {
			t.Errorf("%s and its styles: %d bytes", f.name, n)
		}
	}
}

func TestFeedDates(t *testing.T) {
	all, src := fixtures(t)
	for _, f := range all {
		p, err := Render(context.Background(), f.recipe, src)
		if err != nil {
			t.Fatal(err)
		}
		switch {
		case strings.HasPrefix(f.name, "atom"):
			for _, want := range []string{"<published>2026-03-01T00:00:00Z</published>", "<updated>2026-03-09T00:00:00Z</updated>"} {
				if !bytes.Contains(p.Body, []byte(want)) {
					t.Errorf("%s: no %s", f.name, want)
				}
			}
		case strings.HasPrefix(f.name, "rss"):
			for _, want := range []string{
				"<pubDate>Sun, 01 Mar 2026 00:00:00 +0000</pubDate>",
				`<enclosure url="https://example.com/asset/2222.mp3" length="12345678" type="audio/mpeg"></enclosure>`,
				"<itunes:duration>3723</itunes:duration>",
			} {
				if !bytes.Contains(p.Body, []byte(want)) {
					t.Errorf("%s: no %s", f.name, want)
				}
			}
		}
	}
}

func TestWords(t *testing.T) {
	for lang, w := range phrases {
		v := reflect.ValueOf(*w)
		for i := range v.NumField() {
			if v.Field(i).Kind() == reflect.String && v.Field(i).String() == "" {
				t.Errorf("%s: no word for %s", lang, v.Type().Field(i).Name)
			}
		}
		if lang != "en" && len(w.intros) != 5 {
			t.Errorf("%s: intros %v", lang, w.intros)
		}
	}
	tests := []struct{ lang, date, want string }{
		{"en-GB", "2021-08-10", "10 August 2021"},
		{"zh-Hant", "2021-08-10", "2021年8月10日"},
		{"zh-HK", "2022-12-31", "2022年12月31日"},
		{"ja", "2022-09-04", "2022年9月4日"},
		{"fr", "2022-09-04", "2022-09-04"},
		{"en", "someday", "someday"},
	}
	for _, tt := range tests {
		if got := wordsFor(tt.lang).Date(tt.date); got != tt.want {
			t.Errorf("%s in %s: %q", tt.date, tt.lang, got)
		}
	}
}

func TestASCII(t *testing.T) {
	for in, want := range map[string]string{
		"/a b/標籤/":        "/a%20b/%E6%A8%99%E7%B1%A4/",
		"/a%20b/100%/%zz": "/a%20b/100%25/%25zz",
		"/a?b=c&d#e":      "/a?b=c&d#e",
		`/"<>\^{|}` + "`": "/%22%3C%3E%5C%5E%7B%7C%7D%60",
	} {
		if got := ascii(in); got != want {
			t.Errorf("%q: %q, want %q", in, got, want)
		}
	}
}
