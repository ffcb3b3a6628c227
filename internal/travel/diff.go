package travel

import (
	"bytes"
	"html"
	"regexp"
	"strings"
	"time"
	"unicode"

	"github.com/victorleungtw/blog/internal/recipe"
)

// Change is what a difference is between: a post as release N had it, and as it
// is now.
type Change struct {
	N        int
	Since    time.Time
	Was, Now []byte         // the pages as they are stored
	Recipe   *recipe.Recipe // of the page now
}

// Difference makes a page that shows what changed in the text of a post, by
// paragraph and in it by word; Chinese and Japanese by character. It compares
// what readers saw, not the files that it was made from: no comment and no line
// of a front matter can be in it, and it does not matter which version of the
// templates made either page.
func Difference(c Change) ([]byte, error) {
	r := c.Recipe
	blocks := compare(text(c.Was), text(c.Now))
	same := true
	for _, b := range blocks {
		same = same && b.Skipped > 0
	}
	dir := ""
	if m := direction.FindSubmatch(c.Now); m != nil {
		dir = string(m[1])
	}
	var out bytes.Buffer
	err := templates.ExecuteTemplate(&out, "diff", map[string]any{
		"W": wordsFor(r.Lang), "Lang": r.Lang, "Dir": dir, "Title": r.Title, "N": c.N, "Since": c.Since.UTC(),
		"Stylesheet": r.Site.Stylesheet, "Site": r.Site.Title, "Home": Escape(r.Site.Home),
		"Then": To(c.N, r.Path), "Now": Escape(r.Path), "Blocks": blocks, "Same": same,
	})
	return out.Bytes(), err
}

var direction = regexp.MustCompile(`<html[^>]* dir="(rtl|ltr)"`)

// block is a paragraph, a heading, an item, or a piece of code.
type block struct {
	text string
	code bool
}

// shown is a block of a difference: its parts, or how many blocks that are the
// same stand in its place.
type shown struct {
	Skipped int
	Code    bool
	Parts   []part
}

type part struct {
	Text           string
	Removed, Added bool
}

// breaks are elements that a line of text does not go across.
var breaks = func() map[string]bool {
	out := map[string]bool{}
	for _, name := range strings.Fields(`address article aside blockquote br caption dd details div dl dt figcaption figure
		footer h1 h2 h3 h4 h5 h6 header hr li main nav ol p pre section summary table tbody td tfoot th thead tr ul`) {
		out[name] = true
	}
	return out
}()

var alternative = regexp.MustCompile(`\balt="([^"]*)"`)

// text returns the text of a page's article, in blocks. Of a picture it is what
// stands for it.
func text(page []byte) []block {
	from := bytes.Index(page, []byte("<article"))
	to := bytes.LastIndex(page, []byte("</article>"))
	if from < 0 || to < from {
		return nil
	}
	page = page[from:to]
	var out []block
	var line strings.Builder
	code := false
	flush := func() {
		s := html.UnescapeString(line.String())
		line.Reset()
		if code {
			s = strings.Trim(s, "\n")
		} else {
			s = strings.Join(strings.Fields(s), " ")
		}
		if s != "" {
			out = append(out, block{s, code})
		}
	}
	at := 0
	for i, tag := range tags(page) {
		if i < at {
			continue
		}
		line.Write(page[at:i])
		at = i + len(tag)
		closing, name := tagName(tag)
		switch {
		case name == "script" || name == "style":
			if !closing {
				if end := bytes.Index(page[at:], []byte("</"+name)); end >= 0 {
					at += end
				}
			}
		case name == "img":
			if m := alternative.FindSubmatch(tag); m != nil {
				line.WriteString(" [" + string(m[1]) + "] ")
			}
		case breaks[name]:
			flush()
			if name == "pre" {
				code = !closing
			}
		}
	}
	line.Write(page[at:])
	flush()
	return out
}

// around is how many blocks that are the same are shown on each side of a
// change.
const around = 1

// compare shows what changed from one text to another.
func compare(was, now []block) []shown {
	var out []shown
	var same, removed, added []block
	flushSame := func(last bool) {
		head, tail := around, around
		if len(out) == 0 {
			head = 0
		}
		if last {
			tail = 0
		}
		for i, b := range same {
			switch {
			case i < head || i >= len(same)-tail:
				out = append(out, shown{Code: b.code, Parts: []part{{Text: b.text}}})
			case i == head:
				out = append(out, shown{Skipped: len(same) - head - tail})
			}
		}
		same = nil
	}
	flushChange := func() {
		for i := range max(len(removed), len(added)) {
			switch {
			case i >= len(added):
				out = append(out, shown{Code: removed[i].code, Parts: []part{{Text: removed[i].text, Removed: true}}})
			case i >= len(removed):
				out = append(out, shown{Code: added[i].code, Parts: []part{{Text: added[i].text, Added: true}}})
			default:
				out = append(out, shown{Code: added[i].code, Parts: within(removed[i].text, added[i].text)})
			}
		}
		removed, added = nil, nil
	}
	for _, e := range edits(was, now) {
		switch e.kind {
		case keep:
			if len(removed)+len(added) > 0 {
				flushChange()
			}
			same = append(same, e.value)
		default:
			if len(same) > 0 {
				flushSame(false)
			}
			if e.kind == remove {
				removed = append(removed, e.value)
			} else {
				added = append(added, e.value)
			}
		}
	}
	flushChange()
	flushSame(true)
	return out
}

// within shows what changed in one block. Blocks that have little in common are
// shown one after the other.
func within(was, now string) []part {
	var out []part
	kept := 0
	for _, e := range edits(pieces(was), pieces(now)) {
		p := part{Text: e.value, Removed: e.kind == remove, Added: e.kind == add}
		if e.kind == keep {
			kept += len(e.value)
		}
		if last := len(out) - 1; last >= 0 && out[last].Removed == p.Removed && out[last].Added == p.Added {
			out[last].Text += p.Text
		} else {
			out = append(out, p)
		}
	}
	if 3*kept < min(len(was), len(now)) {
		return []part{{Text: was, Removed: true}, {Text: now, Added: true}}
	}
	return out
}

// pieces are words, spaces, and each other character by itself; so is a
// character of a script that has no spaces.
func pieces(s string) []string {
	var out []string
	word := false // the last piece can go on
	for _, r := range s {
		letter := unicode.IsLetter(r) || unicode.IsDigit(r) || unicode.IsMark(r)
		joins := letter && !unicode.In(r, unicode.Han, unicode.Hiragana, unicode.Katakana, unicode.Thai)
		if joins && word {
			out[len(out)-1] += string(r)
		} else {
			out = append(out, string(r))
		}
		word = joins
	}
	return out
}

type editKind int

const (
	keep editKind = iota
	remove
	add
)

type edit[T any] struct {
	kind  editKind
	value T
}

// maxTable bounds the table of a comparison. What is larger, after what is the
// same at both ends, was written anew.
const maxTable = 1 << 20

// edits turns a into b, by a longest common subsequence. What is removed stands
// before what is added in its place.
func edits[T comparable](a, b []T) []edit[T] {
	var out []edit[T]
	n := 0
	for n < min(len(a), len(b)) && a[n] == b[n] {
		n++
	}
	for _, v := range a[:n] {
		out = append(out, edit[T]{keep, v})
	}
	a, b = a[n:], b[n:]
	end := 0
	for end < min(len(a), len(b)) && a[len(a)-1-end] == b[len(b)-1-end] {
		end++
	}
	tail := a[len(a)-end:]
	a, b = a[:len(a)-end], b[:len(b)-end]
	i, j := 0, 0
	if width := len(b) + 1; (len(a)+1)*width <= maxTable {
		common := make([]uint16, (len(a)+1)*width) // of what is left of both
		for i := len(a) - 1; i >= 0; i-- {
			for j := len(b) - 1; j >= 0; j-- {
				if a[i] == b[j] {
					common[i*width+j] = common[(i+1)*width+j+1] + 1
				} else {
					common[i*width+j] = max(common[(i+1)*width+j], common[i*width+j+1])
				}
			}
		}
		for i < len(a) && j < len(b) {
			switch {
			case a[i] == b[j]:
				out = append(out, edit[T]{keep, a[i]})
				i, j = i+1, j+1
			case common[(i+1)*width+j] >= common[i*width+j+1]:
				out = append(out, edit[T]{remove, a[i]})
				i++
			default:
				out = append(out, edit[T]{add, b[j]})
				j++
			}
		}
	}
	for _, v := range a[i:] {
		out = append(out, edit[T]{remove, v})
	}
	for _, v := range b[j:] {
		out = append(out, edit[T]{add, v})
	}
	for _, v := range tail {
		out = append(out, edit[T]{keep, v})
	}
	return out
}
