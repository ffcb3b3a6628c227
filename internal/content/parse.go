package content

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"unicode/utf8"

	"go.yaml.in/yaml/v3"

	"github.com/victorleungtw/blog/internal/markdown"
	"github.com/victorleungtw/blog/internal/markdown/dialect"
	"github.com/victorleungtw/blog/internal/problem"
)

// parsed is what one Markdown file says by itself.
type parsed struct {
	stamp
	sum            [sha256.Size]byte
	fm             frontMatter
	title, summary string // of the text
	minutes        int
	refs           []ref // those that concern this site
	bodyLine       int
	probs          problem.List
	broken         bool // there is nothing in it to go on with
}

func (p *parsed) digest() string { return hex.EncodeToString(p.sum[:]) }

// parse reads a draft's file, or remembers it.
func (l *Loader) parse(d *draft) (*parsed, error) {
	name, st := d.file, d.stamp
	if p := l.docs[name]; p != nil && p.stamp == st {
		return p, nil
	}
	p := &parsed{stamp: st}
	if st.size > MaxMarkdown {
		p.broken = true
		p.probs.Errorf(name, 0, "put large data in a file of its own and link to it; split a long text into posts",
			"the file is %d MB; a Markdown file may have %d MB", st.size>>20, MaxMarkdown>>20)
		return p, nil
	}
	src, err := l.source(d, p)
	if err != nil {
		return nil, err
	}
	if line, ok := invalidUTF8(src); !ok {
		p.broken = true
		p.probs.Errorf(name, line, "save the file as UTF-8", "not UTF-8 text")
		return p, nil
	}
	switch {
	case bytes.HasPrefix(src, []byte("+++")):
		p.broken = true
		p.probs.Errorf(name, 1, "write it as YAML between --- lines", "front matter in TOML is not understood")
		return p, nil
	case unclosedFrontMatter(src):
		p.broken = true
		p.probs.Errorf(name, 1, "add a line with --- after the last key", "the front matter has no end")
		return p, nil
	}
	block, body, bodyLine := markdown.SplitFrontMatter(src)
	p.bodyLine = bodyLine
	fm, ok := parseFrontMatter(name, block, 2, l.zone, &p.probs)
	p.fm, p.broken = fm, !ok
	if _, said := fm.line["math"]; !said {
		p.fm.math = l.opts.Site.Math
	}
	var features []dialect.Feature
	if p.fm.math {
		features = append(features, dialect.Math)
	}
	doc := markdown.Parse(body, bodyLine, features...)
	p.title, p.summary, p.minutes = doc.Title, doc.Summary, doc.Minutes
	for _, q := range doc.Problems {
		q.File = name
		p.probs = append(p.probs, q)
	}
	for _, r := range doc.Refs {
		if ref, ok := newRef(name, r); ok {
			p.refs = append(p.refs, ref)
		}
	}
	return p, nil
}

// source returns the text of a file, and notes its size and sum.
func (l *Loader) source(d *draft, p *parsed) ([]byte, error) {
	if t, ok := l.texts[d.file]; ok && t.stamp == p.stamp {
		p.sum = l.facts[d.file].sum
		return t.src, nil
	}
	f, err := l.open(d.file, d.plain)
	if err != nil {
		return nil, fmt.Errorf("reading %s: %w", d.file, err)
	}
	defer f.Close()
	src := bytes.NewBuffer(make([]byte, 0, p.size+bytes.MinRead))
	if _, err := src.ReadFrom(f); err != nil {
		return nil, fmt.Errorf("reading %s: %w", d.file, err)
	}
	p.size, p.sum = int64(src.Len()), sha256.Sum256(src.Bytes())
	return src.Bytes(), nil
}

func invalidUTF8(b []byte) (line int, ok bool) {
	if utf8.Valid(b) {
		return 0, true
	}
	line = 1
	for len(b) > 0 {
		r, n := utf8.DecodeRune(b)
		if r == utf8.RuneError && n == 1 {
			break
		}
		if r == '\n' {
			line++
		}
		b = b[n:]
	}
	return line, false
}

func unclosedFrontMatter(src []byte) bool {
	src = bytes.TrimPrefix(src, []byte("\ufeff"))
	first, rest, _ := bytes.Cut(src, []byte("\n"))
	if string(bytes.TrimRight(first, " \t\r")) != "---" {
		return false
	}
	for len(rest) > 0 {
		var line []byte
		line, rest, _ = bytes.Cut(rest, []byte("\n"))
		if s := string(bytes.TrimRight(line, " \t\r")); s == "---" || s == "..." {
			return false
		}
	}
	return true
}

func unmarshalYAML(data []byte, v any) error { return yaml.Unmarshal(data, v) }
