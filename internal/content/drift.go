package content

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"strings"

	"github.com/victorleungtw/blog/internal/markdown/dialect"
	"github.com/victorleungtw/blog/internal/recipe"
)

// A translation may say what it was made from: translated_from in its front
// matter holds a mark for each paragraph that the original had then. Which
// paragraphs of the original are others now is then plain, and the reader of
// the translation is told. The marks are in the file rather than asked of git:
// a shallow clone of a build has no history, and a commit that only corrects a
// comma in the translation is not a translation made again.

// paragraph is one of a parsed document's.
type paragraph struct {
	mark string
	line int
}

// paragraphs are those of a file's text, which is read again for it: hardly any
// file is the original of a translation that says what it was made from.
func (l *Loader) paragraphs(d *draft) ([]paragraph, error) {
	again := parsed{stamp: d.stamp}
	src, err := l.source(d, &again)
	if err == nil && again.sum != d.sum {
		err = fmt.Errorf("%s was changed while it was read; run the command again", d.file)
	}
	if err != nil {
		return nil, err
	}
	_, body, line := dialect.SplitFrontMatter(src)
	var out []paragraph
	for _, p := range dialect.Paragraphs(body, line) {
		out = append(out, paragraph{p.Mark(), p.Line})
	}
	return out, nil
}

// drifts finds what has changed in the originals of translations.
func (b *builder) drifts(placed []*draft) {
	drafts := map[string]*draft{}
	for _, d := range placed {
		drafts[d.file] = d
	}
	for _, d := range placed {
		if d.fm.translatedFrom == "" {
			continue
		}
		doc, line := b.byFile[d.file], d.fm.line["translated_from"]
		orig := original(doc, func(x *Document) bool { return drafts[x.File].fm.translatedFrom != "" })
		if orig == nil {
			b.probs.Errorf(d.file, line, "remove the key, or publish the original", "translated_from, and there is no document that this is a translation of")
			continue
		}
		now, err := b.loader.paragraphs(drafts[orig.File])
		if err != nil {
			b.probs.Errorf(orig.File, 0, "", "%v", err)
			continue
		}
		changed, gone := compare(strings.Fields(d.fm.translatedFrom), now)
		if len(changed) == 0 && gone == 0 {
			continue
		}
		doc.Drift = &recipe.Drift{Lang: orig.Lang, Path: orig.Path, Digest: orig.Source.Digest, Changed: changed, Gone: gone}
		b.probs.Warnf(d.file, line, "translate them, then run: blog translated "+d.file, "%s was changed after this translation: %s", orig.File, story(changed, gone, now))
	}
}

// original is the first of a document's translations that is not one itself.
func original(doc *Document, isTranslation func(*Document) bool) *Document {
	for _, t := range doc.Translations {
		if t != doc && !isTranslation(t) {
			return t
		}
	}
	return nil
}

// compare returns which paragraphs are not among those that were there, in
// order, and how many of those are gone: what is outside of a longest common
// subsequence.
func compare(was []string, now []paragraph) (changed []int, gone int) {
	n, m := len(was), len(now)
	common := make([][]int, n+1) // of was[i:] and now[j:]
	for i := range common {
		common[i] = make([]int, m+1)
	}
	for i := n - 1; i >= 0; i-- {
		for j := m - 1; j >= 0; j-- {
			if was[i] == now[j].mark {
				common[i][j] = common[i+1][j+1] + 1
			} else {
				common[i][j] = max(common[i+1][j], common[i][j+1])
			}
		}
	}
	i, j := 0, 0
	for j < m {
		switch {
		case i < n && was[i] == now[j].mark:
			i, j = i+1, j+1
		case i < n && common[i+1][j] >= common[i][j+1]:
			i++
		default:
			changed = append(changed, j)
			j++
		}
	}
	// What was replaced is not also gone.
	return changed, max(0, n-common[0][0]-len(changed))
}

// story is what has changed, for the author.
func story(changed []int, gone int, now []paragraph) string {
	var parts []string
	if len(changed) > 0 {
		var lines []string
		for _, i := range changed[:min(len(changed), 5)] {
			lines = append(lines, fmt.Sprint(now[i].line))
		}
		s := "the text at line " + strings.Join(lines, ", ")
		if len(changed) > 5 {
			s += fmt.Sprintf(" and %d more", len(changed)-5)
		}
		parts = append(parts, s)
	}
	if gone > 0 {
		parts = append(parts, fmt.Sprintf("%d of its paragraphs are gone", gone))
	}
	return strings.Join(parts, "; ")
}

// Translation is a translation as Translated would have it.
type Translation struct {
	Text       []byte // the whole file
	Original   string // the file that it was made from
	Paragraphs int    // of Original
}

// Translated returns the text of a translation with the marks of what its
// original is now. name is relative to the content folder. It writes nothing.
func (l *Loader) Translated(ctx context.Context, name string) (*Translation, error) {
	site, probs, err := l.Load(ctx)
	if err != nil {
		return nil, err
	}
	if site == nil {
		return nil, probs
	}
	drafts := map[string]*draft{}
	for _, d := range slices.Concat(l.last.posts, l.last.pages) {
		drafts[d.file] = d
	}
	i := slices.IndexFunc(site.Documents(), func(d *Document) bool { return d.File == name })
	if i < 0 {
		return nil, fmt.Errorf("%s is no document of the content folder that is published: %w", name, fs.ErrNotExist)
	}
	doc := site.Documents()[i]
	orig := original(doc, func(x *Document) bool { return drafts[x.File].fm.translatedFrom != "" })
	if orig == nil {
		return nil, fmt.Errorf("%s is not the translation of anything\n    hint: translations have one name but for the language, or say translation_of", name)
	}
	if orig.Lang != site.Config.Languages[0].Tag && doc.Lang == site.Config.Languages[0].Tag && drafts[name].fm.translatedFrom == "" && drafts[name].fm.translationOf == "" {
		return nil, fmt.Errorf("%s is in the site's own language, and so taken for the original of %s\n    hint: add translation_of to it if it is the translation", name, orig.File)
	}
	src, err := l.root.ReadFile(name)
	if err != nil {
		return nil, fmt.Errorf("reading %s: %w", name, err)
	}
	marks, err := l.paragraphs(drafts[orig.File])
	if err != nil {
		return nil, err
	}
	text, err := withMarks(src, marks)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	return &Translation{text, orig.File, len(marks)}, nil
}

// withMarks puts translated_from into a file's front matter, as its last key.
func withMarks(src []byte, marks []paragraph) ([]byte, error) {
	yaml, _, _ := dialect.SplitFrontMatter(src)
	if yaml == nil {
		return nil, errors.New("the file has no front matter")
	}
	start := bytes.IndexByte(src, '\n') + 1
	var out strings.Builder
	out.Write(src[:start])
	skip := false
	for line := range strings.Lines(string(yaml)) {
		if strings.HasPrefix(line, "translated_from:") {
			skip = true
			continue
		}
		// The lines of a folded value are indented.
		if skip = skip && strings.HasPrefix(line, " "); skip {
			continue
		}
		out.WriteString(line)
	}
	out.WriteString("translated_from: >-\n")
	for i, p := range marks {
		switch {
		case i%10 == 0:
			out.WriteString("  ")
		default:
			out.WriteByte(' ')
		}
		out.WriteString(p.mark)
		if i%10 == 9 || i == len(marks)-1 {
			out.WriteByte('\n')
		}
	}
	out.Write(src[start+len(yaml):])
	return []byte(out.String()), nil
}
