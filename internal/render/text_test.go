package render

import (
	"strings"
	"testing"

	"go.yaml.in/yaml/v3"

	"github.com/victorleungtw/blog/internal/recipe"
)

func TestAbsolutely(t *testing.T) {
	site := &recipe.Site{BaseURL: "https://example.com"}
	src := &recipe.Source{
		Images: map[string]recipe.Image{"a.png": {URL: "/asset/1.png"}, "my picture.png": {URL: "/asset/2.png"}},
		Links:  map[string]string{"../b/index.en.md": "/2026/01/01/b/", "圖.pdf": "/asset/圖.pdf"},
	}
	for in, want := range map[string]string{
		"![x](a.png)":                      "![x](https://example.com/asset/1.png)",
		"![x](a.png \"T\"){ width=3 }":     "![x](https://example.com/asset/1.png \"T\"){ width=3 }",
		"![x](<my picture.png>)":           "![x](<https://example.com/asset/2.png>)",
		"[b](../b/index.en.md#part), [c]":  "[b](https://example.com/2026/01/01/b/#part), [c]",
		"[b](../b/index.en.md)[d](圖.pdf)":  "[b](https://example.com/2026/01/01/b/)[d](https://example.com/asset/%E5%9C%96.pdf)",
		"[tags](/tags/)":                   "[tags](https://example.com/tags/)",
		"[x](https://other.example/a.png)": "[x](https://other.example/a.png)",
		"[x](#here) [y](other.md)":         "[x](#here) [y](other.md)",
		"[x](":                             "[x](",
		"[x](a.png":                        "[x](https://example.com/asset/1.png",
		"```\n[x](/tags/)\n```\n[x](/t/)":  "```\n[x](/tags/)\n```\n[x](https://example.com/t/)",
		"~~~~\n~~~\n[x](/t/)\n~~~~":        "~~~~\n~~~\n[x](/t/)\n~~~~",
	} {
		if got := absolutely(in, site, src); got != want {
			t.Errorf("%q:\n got %q\nwant %q", in, got, want)
		}
	}
}

// The facts at the top are YAML, whatever they say.
func TestTextFacts(t *testing.T) {
	src := memory{}
	body := []byte("---\ntitle: x\n---\nThe text.")
	d := recipe.Sum(body)
	src[d] = body
	title := "A: \"b\" #c\n---\n- d \\ 'e' {f}"
	p, err := Render(t.Context(), &recipe.Recipe{
		Renderer: Version(), Kind: recipe.Post, Path: "/a/", Lang: "en", Title: title, Site: &recipe.Site{BaseURL: "https://example.com"},
		Post: &recipe.PostData{Source: recipe.Source{Digest: d}, Authors: []string{"B: C", "[D]"}},
	}, src)
	if err != nil {
		t.Fatal(err)
	}
	_, rest, _ := strings.Cut(string(p.Text), "---\n")
	facts, text, ok := strings.Cut(rest, "\n---\n")
	var got struct {
		Title, URL, Lang string
		Authors          []string
	}
	if err := yaml.Unmarshal([]byte(facts), &got); err != nil || !ok {
		t.Fatalf("%v in:\n%s", err, p.Text)
	}
	if got.Title != title || got.URL != "https://example.com/a/" || strings.Join(got.Authors, "|") != "B: C|[D]" {
		t.Errorf("%+v", got)
	}
	if text != "\n# A: \"b\" #c --- - d \\ 'e' {f}\n\nThe text.\n" {
		t.Errorf("the text is %q", text)
	}
}
