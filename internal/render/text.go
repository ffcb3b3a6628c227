package render

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"strings"

	"github.com/victorleungtw/blog/internal/markdown/dialect"
	"github.com/victorleungtw/blog/internal/recipe"
)

// text is a post as its author wrote it, for programs that read Markdown
// (RFC 7763), with the facts that a page would show as front matter and with
// absolute addresses.
func text(ctx context.Context, r *recipe.Recipe, src Sources) ([]byte, error) {
	t := r.Text
	if t == nil {
		return nil, missing(r, "text")
	}
	raw, err := src.Source(ctx, t.Source.Digest)
	if err != nil {
		return nil, fmt.Errorf("reading source %s: %w", t.Source.Digest, err)
	}
	_, body, _ := dialect.SplitFrontMatter(raw)
	var b bytes.Buffer
	fact := func(name string, value any) {
		b.WriteString(name + ": " + quoted(value) + "\n")
	}
	b.WriteString("---\n")
	fact("title", r.Title)
	fact("url", absolute(r.Site, t.Page))
	fact("lang", r.Lang)
	if t.Date != "" {
		fact("date", t.Date)
	}
	if t.Updated != "" {
		fact("updated", t.Updated)
	}
	if len(t.Authors) > 0 {
		fact("authors", t.Authors)
	}
	if r.Description != "" {
		fact("description", r.Description)
	}
	b.WriteString("---\n\n")
	if title, leading := dialect.Parse(body, 1).Title(); !leading || title == "" {
		b.WriteString("# " + oneLine(r.Title) + "\n\n")
	}
	b.WriteString(strings.TrimLeft(absolutely(strings.ToValidUTF8(string(body), "\ufffd"), r.Site, &t.Source), "\n"))
	if !bytes.HasSuffix(b.Bytes(), []byte("\n")) {
		b.WriteByte('\n')
	}
	return b.Bytes(), nil
}

// quoted is a value in JSON, which is YAML too.
func quoted(v any) string {
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(v); err != nil {
		panic(err) // strings always encode
	}
	return strings.TrimSpace(b.String())
}

func oneLine(s string) string { return strings.Join(strings.Fields(s), " ") }

// absolutely makes the inline links and images of a Markdown text absolute. It
// goes by the text, not by a parser, and leaves fenced code alone; a link in a
// span of code is taken for one.
func absolutely(body string, s *recipe.Site, src *recipe.Source) string {
	var b strings.Builder
	fence := ""
	for line := range strings.Lines(body) {
		bare := strings.TrimLeft(line, " ")
		if mark := dialect.Fence(bare); fence == "" && mark != "" {
			fence = mark
		} else if fence != "" && strings.HasPrefix(mark, fence) && strings.TrimSpace(bare[len(mark):]) == "" {
			fence = ""
		} else if fence == "" {
			line = links(line, s, src)
		}
		b.WriteString(line)
	}
	return b.String()
}

// links rewrites what stands between "](" and the next space or bracket.
func links(line string, s *recipe.Site, src *recipe.Source) string {
	var b strings.Builder
	for {
		i := strings.Index(line, "](")
		if i < 0 {
			b.WriteString(line)
			return b.String()
		}
		i += len("](")
		end := strings.IndexAny(line[i:], " \t\n)")
		if strings.HasPrefix(line[i:], "<") {
			i++
			end = strings.IndexAny(line[i:], ">\n")
		}
		if end < 0 {
			end = len(line) - i
		}
		dest := line[i : i+end]
		b.WriteString(line[:i])
		b.WriteString(whole(dest, s, src))
		line = line[i+end:]
	}
}

func whole(dest string, s *recipe.Site, src *recipe.Source) string {
	if img, ok := src.Images[dest]; ok {
		return absolute(s, img.URL)
	}
	file, fragment, cut := strings.Cut(dest, "#")
	to, ok := src.Links[file]
	switch {
	case ok && cut:
		return absolute(s, to) + "#" + fragment
	case ok:
		return absolute(s, to)
	case strings.HasPrefix(dest, "/"):
		return absolute(s, dest)
	}
	return dest
}
