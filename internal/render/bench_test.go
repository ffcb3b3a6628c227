package render

import (
	"bytes"
	"context"
	"testing"

	"github.com/yuin/goldmark"
	"github.com/yuin/goldmark/extension"

	"github.com/victorleungtw/blog/internal/markdown/dialect"
	"github.com/victorleungtw/blog/internal/recipe"
)

// typical is a post of about 5 KB with a block of code.
func typical() []byte {
	var b bytes.Buffer
	b.WriteString("---\ntitle: A typical post\ndate: 2026-03-01\n---\n# A typical post\n\n")
	b.WriteString("```go\nfunc Resolve(entries []Entry, current int) (string, bool) {\n\tfor _, e := range entries { // newest first\n\t\tif e.Release <= current {\n\t\t\treturn \"/page/\" + e.Digest, true\n\t\t}\n\t}\n\treturn \"\", false\n}\n```\n\n")
	b.WriteString("| Part | USD |\n|---|--:|\n| S3 | 0.11 |\n| Lambda | 0.02 |\n\n")
	for i := 0; b.Len() < 5000; i++ {
		if i%4 == 0 {
			b.WriteString("## A section of the post\n\n- one *item*\n- another with `code`\n\n")
		}
		b.WriteString("A paragraph has some words, **strong ones** too, and [a link](https://example.org/path) to elsewhere. It goes on for another sentence or two, as paragraphs do, before it ends.\n\n")
	}
	return b.Bytes()
}

// What the renderer does for a post, but reading and compressing it.
func BenchmarkPost(b *testing.B) {
	raw := typical()
	src := memory{recipe.Sum(raw): raw}
	r := &recipe.Recipe{
		Renderer: Version(), Kind: recipe.Post, Lang: "en", Path: "/2026/03/01/typical/", Title: "A typical post", Site: siteIn(languages[0]),
		Post: &recipe.PostData{Source: recipe.Source{Digest: recipe.Sum(raw)}, Date: "2026-03-01", Minutes: 4, Tags: []recipe.Link{{Text: "A", URL: "/tag/a/"}}},
	}
	b.ReportAllocs()
	for b.Loop() {
		if _, err := Render(context.Background(), r, src); err != nil {
			b.Fatal(err)
		}
	}
}

// The same post's body, with highlighting.
func BenchmarkBody(b *testing.B) {
	_, body, line := dialect.SplitFrontMatter(typical())
	var out bytes.Buffer
	b.ReportAllocs()
	for b.Loop() {
		out.Reset()
		if err := dialect.Parse(body, line).HTML(&out, dialect.Options{Lang: "en", Title: "A typical post"}); err != nil {
			b.Fatal(err)
		}
	}
}

// The same as a feed has it, without highlighting.
func BenchmarkBodyPlain(b *testing.B) {
	_, body, line := dialect.SplitFrontMatter(typical())
	var out bytes.Buffer
	b.ReportAllocs()
	for b.Loop() {
		out.Reset()
		if err := dialect.Parse(body, line).HTML(&out, dialect.Options{Lang: "en", Base: "https://example.com", Page: "/a/"}); err != nil {
			b.Fatal(err)
		}
	}
}

// The floor: goldmark alone, GFM and footnotes, no highlighting.
func BenchmarkGoldmark(b *testing.B) {
	md := goldmark.New(goldmark.WithExtensions(extension.GFM, extension.Footnote))
	_, body, _ := dialect.SplitFrontMatter(typical())
	var out bytes.Buffer
	b.ReportAllocs()
	for b.Loop() {
		out.Reset()
		if err := md.Convert(body, &out); err != nil {
			b.Fatal(err)
		}
	}
}
