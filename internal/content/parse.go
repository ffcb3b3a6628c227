package content

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"mime"
	"path"
	"strings"
	"unicode/utf8"

	"go.yaml.in/yaml/v3"

	"github.com/victorleungtw/blog/internal/markdown"
	"github.com/victorleungtw/blog/internal/problem"
	"github.com/victorleungtw/blog/internal/store"
)

// parsed is what one Markdown file says by itself.
type parsed struct {
	stamp
	sum      [sha256.Size]byte
	fm       frontMatter
	doc      *markdown.Doc
	bodyLine int
	probs    problem.List
	broken   bool // there is nothing in it to go on with
}

func (p *parsed) digest() string { return hex.EncodeToString(p.sum[:]) }

// parse reads a Markdown file, or remembers it.
func (l *Loader) parse(name string) (*parsed, error) {
	st, err := l.stamp(name)
	if err != nil {
		return nil, err
	}
	if p := l.docs[name]; p != nil && p.stamp == st {
		return p, nil
	}
	p := &parsed{stamp: st}
	l.docs[name] = p
	if st.size > MaxMarkdown {
		p.broken = true
		p.probs.Errorf(name, 0, "put large data in a file of its own and link to it; split a long text into posts",
			"the file is %d MB; a Markdown file may have %d MB", st.size>>20, MaxMarkdown>>20)
		return p, nil
	}
	src, err := l.root.ReadFile(name)
	if err != nil {
		return nil, fmt.Errorf("reading %s: %w", name, err)
	}
	p.sum = sha256.Sum256(src)
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
	fm, ok := parseFrontMatter(name, block, 2, &p.probs)
	p.fm, p.broken = fm, !ok
	p.doc = markdown.Parse(body, bodyLine)
	for _, q := range p.doc.Problems {
		q.File = name
		p.probs = append(p.probs, q)
	}
	return p, nil
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

// assetTypes are the files that a post may show or link to. What is not here
// is refused: an unknown type would be served as one that a browser guesses.
var assetTypes = map[string]string{
	".avif": "image/avif", ".gif": "image/gif", ".jpeg": "image/jpeg", ".jpg": "image/jpeg",
	".png": "image/png", ".svg": "image/svg+xml", ".webp": "image/webp",
	".mp3": "audio/mpeg", ".m4a": "audio/mp4", ".ogg": "audio/ogg", ".opus": "audio/ogg",
	".mp4": "video/mp4", ".webm": "video/webm", ".vtt": "text/vtt; charset=utf-8",
	".pdf": "application/pdf", ".zip": "application/zip", ".csv": "text/csv; charset=utf-8",
	".json": "application/json", ".txt": "text/plain; charset=utf-8",
}

// hashed is an asset with what was read out of it.
type hashed struct {
	stamp
	asset         Asset
	width, height int
}

// asset reads a file beside a post, or remembers it. The bool is false when a
// problem was reported.
func (l *Loader) asset(name, from string, line int, probs *problem.List) (*hashed, bool) {
	ext := strings.ToLower(path.Ext(name))
	ctype, ok := assetTypes[ext]
	if !ok {
		probs.Errorf(from, line, "convert it to a type that browsers show, or put it in a .zip", "%s: files of type %q are not published", name, ext)
		return nil, false
	}
	st, err := l.stamp(name)
	if err != nil {
		probs.Errorf(from, line, "check the name, and that the file lies inside the content folder", "there is no file %s", name)
		return nil, false
	}
	if h := l.sums[name]; h != nil && h.stamp == st {
		return h, true
	}
	if st.size > MaxAsset {
		probs.Errorf(from, line, "make it smaller, or host it elsewhere and link to it", "%s has %d MB; a file may have %d MB", name, st.size>>20, MaxAsset>>20)
		return nil, false
	}
	f, err := l.root.Open(name)
	if err != nil {
		probs.Errorf(from, line, "check the file's permissions", "%s cannot be read: %v", name, err)
		return nil, false
	}
	defer f.Close()
	sum := sha256.New()
	if _, err := io.Copy(sum, f); err != nil {
		probs.Errorf(from, line, "check the file", "%s cannot be read: %v", name, err)
		return nil, false
	}
	h := &hashed{stamp: st}
	var digest [sha256.Size]byte
	sum.Sum(digest[:0])
	h.asset = Asset{
		Key:  "asset/" + hex.EncodeToString(digest[:]) + ext,
		File: name,
		Meta: store.Meta{ContentType: ctype, CacheControl: store.Immutable},
		Body: l.body(name, st.size, digest),
	}
	if media, _, _ := mime.ParseMediaType(ctype); strings.HasPrefix(media, "image/") {
		if _, err := f.Seek(0, io.SeekStart); err == nil {
			w, ht, err := imageSize(f, ext)
			if err != nil {
				probs.Warnf(from, line, "open it in an image editor and save it again", "%s: the size of the image is unknown: %v", name, err)
			}
			h.width, h.height = w, ht
		}
	}
	l.sums[name] = h
	return h, true
}

func unmarshalYAML(data []byte, v any) error { return yaml.Unmarshal(data, v) }
