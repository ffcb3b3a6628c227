package render

import (
	"bytes"
	"cmp"
	"encoding/json"
	"fmt"
	"strings"

	"github.com/victorleungtw/blog/internal/markdown/dialect"
	"github.com/victorleungtw/blog/internal/recipe"
)

// postText is a post as its author wrote it, for programs that read Markdown
// (RFC 7763), with the facts that a page would show as front matter and with
// absolute addresses.
func postText(r *recipe.Recipe, doc *dialect.Doc, text []byte) []byte {
	b := facts(r, r.Title)
	if title, leading := doc.Title(); !leading || title == "" {
		b.WriteString("# " + oneLine(r.Title) + "\n\n")
	}
	b.WriteString(strings.TrimLeft(absolutely(strings.ToValidUTF8(string(text), "\ufffd"), r.Site, &r.Post.Source), "\n"))
	if !bytes.HasSuffix(b.Bytes(), []byte("\n")) {
		b.WriteByte('\n')
	}
	return b.Bytes()
}

// listText is a page of a list: posts, as Markdown too, with their summaries, and
// the way to the pages beside it.
func listText(r *recipe.Recipe) []byte {
	if r.List == nil {
		return nil
	}
	title, w := cmp.Or(r.Title, r.Site.Title), wordsFor(r.Lang)
	if r.List.Intro != "" {
		title = w.Intro(r.List.Intro) + ": " + title
	}
	b := facts(r, title)
	fmt.Fprintf(b, "# %s\n\n", mdText(title))
	for _, it := range r.List.Items {
		fmt.Fprintf(b, "- %s [%s](%s)", it.Date, mdText(it.Title), absolute(r.Site, recipe.TextPath(it.URL)))
		if it.Summary != "" {
			b.WriteString(": " + mdText(it.Summary))
		}
		b.WriteByte('\n')
	}
	for _, to := range []struct {
		name string
		link *recipe.Link
	}{{w.NewerPosts, r.List.Newer}, {w.OlderPosts, r.List.Older}} {
		if to.link != nil {
			path, _, _ := strings.Cut(to.link.URL, "#")
			fmt.Fprintf(b, "\n[%s](%s)\n", mdText(to.name), absolute(r.Site, recipe.TextPath(path)))
		}
	}
	return b.Bytes()
}

// indexText is a page of links.
func indexText(r *recipe.Recipe) []byte {
	if r.Index == nil {
		return nil
	}
	title := wordsFor(r.Lang).Intro(r.Title)
	b := facts(r, title)
	fmt.Fprintf(b, "# %s\n", mdText(title))
	for _, g := range r.Index.Groups {
		if g.Title != "" {
			fmt.Fprintf(b, "\n## %s\n", mdText(g.Title))
		}
		b.WriteByte('\n')
		for _, l := range g.Links {
			fmt.Fprintf(b, "- [%s](%s)\n", mdText(l.Text), absolute(r.Site, recipe.TextPath(l.URL)))
		}
	}
	return b.Bytes()
}

// facts begins a text with what is known of the page.
func facts(r *recipe.Recipe, title string) *bytes.Buffer {
	var b bytes.Buffer
	fact := func(name string, value any) {
		b.WriteString(name + ": " + quoted(value) + "\n")
	}
	b.WriteString("---\n")
	fact("title", title)
	fact("url", absolute(r.Site, r.Path))
	fact("lang", r.Lang)
	if p := r.Post; p != nil {
		if p.Date != "" {
			fact("date", p.Date)
		}
		if p.Updated != "" {
			fact("updated", p.Updated)
		}
		if len(p.Authors) > 0 {
			fact("authors", p.Authors)
		}
	}
	if r.Description != "" {
		fact("description", r.Description)
	}
	b.WriteString("---\n\n")
	return &b
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
