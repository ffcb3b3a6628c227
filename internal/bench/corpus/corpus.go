// Package corpus writes the blog that publishers are measured on: posts in
// three languages, and files of random bytes under an image's name.
//
//	stats, err := corpus.Write(dir, corpus.Options{Posts: 1000, Images: 600, Seed: 1})
//
// writes
//
//	dir/blog.yaml
//	dir/content/posts/<language>/<year>/<slug>.md    three files a post
//	dir/content/images/img-0000.jpg ...              what the posts have as their cover
//
// The same options give the same bytes, on every machine. A post is 2 to 8 KB
// of Markdown, 4.6 KB on average: words and Han characters as frequent as they
// are in a language (Zipf), headings, lists, links, tags, now and then a block
// of code. The text means nothing, and compresses a little worse than prose
// does. A file is 20 to 300 KB that no image decoder accepts and nothing can
// compress, which is what a sync tool has to carry in any case.
package corpus

import (
	"errors"
	"fmt"
	"io/fs"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync/atomic"
	"time"
	"unicode/utf8"

	"golang.org/x/sync/errgroup"
)

// Options say how large the blog is.
type Options struct {
	Posts  int // each in three languages
	Images int // not more than Posts: each is the cover of one
	Seed   uint64
}

// Stats is what was written.
type Stats struct {
	Documents     int   `json:"documents"`
	DocumentBytes int64 `json:"document_bytes"`
	Images        int   `json:"images"`
	ImageBytes    int64 `json:"image_bytes"`
}

// languages are the folders below posts, and the tags that the front matter
// says.
var languages = []struct{ folder, tag string }{{"en", "en"}, {"zh-hant", "zh-Hant"}, {"zh-hans", "zh-Hans"}}

const settings = `title: A measured blog
description: Text that means nothing, to measure publishers on.
author: Nobody
languages:
  - en
  - tag: zh-Hant
    prefix: zh-hant
  - tag: zh-Hans
    prefix: zh-hans
`

// The first and the last day that a post may have.
var (
	firstDay = time.Date(2012, time.January, 1, 0, 0, 0, 0, time.UTC)
	lastDay  = time.Date(2025, time.December, 31, 0, 0, 0, 0, time.UTC)
)

// Write writes the blog into dir, which must be empty or not exist.
func Write(dir string, o Options) (Stats, error) {
	var stats Stats
	if o.Images < 1 || o.Images > o.Posts {
		return stats, fmt.Errorf("a corpus of %d posts has 1 to %d images, not %d", o.Posts, o.Posts, o.Images)
	}
	if entries, err := os.ReadDir(dir); err == nil && len(entries) > 0 {
		return stats, fmt.Errorf("%s is not empty", dir)
	} else if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return stats, err
	}
	if err := write(filepath.Join(dir, "blog.yaml"), []byte(settings)); err != nil {
		return stats, err
	}
	var text, images atomic.Int64
	g := new(errgroup.Group)
	g.SetLimit(2 * runtime.GOMAXPROCS(0))
	// Each file has a generator of its own, so that none depends on the order
	// in which they are written, nor on how many there are.
	vocab := newVocabulary(o.Seed)
	for i := range o.Posts {
		g.Go(func() error {
			for l, body := range vocab.post(o, i) {
				text.Add(int64(len(body)))
				if err := write(filepath.Join(dir, "content", PostFile(o, i, languages[l].folder)), []byte(body)); err != nil {
					return err
				}
			}
			return nil
		})
	}
	for i := range o.Images {
		g.Go(func() error {
			r := newRand(o.Seed, kindImage, i)
			body := make([]byte, 20_000+r.IntN(280_001))
			var key [32]byte
			for j := range key {
				key[j] = byte(r.Uint32())
			}
			rand.NewChaCha8(key).Read(body)
			images.Add(int64(len(body)))
			return write(filepath.Join(dir, "content", imageFile(i)), body)
		})
	}
	err := g.Wait()
	return Stats{o.Posts * len(languages), text.Load(), o.Images, images.Load()}, err
}

// Edit is a change to one post: the file, below the content folder, and its
// new bytes.
type Edit struct {
	File string
	Body []byte
}

// EditOne is what a reader's letter causes: one sentence more at the end of a
// post in the middle of the blog, in one language. A list does not show it.
// Edits of different rounds differ; that of round 0 puts back what was written
// at first.
func EditOne(o Options, round int) Edit {
	i := o.Posts / 2
	vocab := newVocabulary(o.Seed)
	body := vocab.post(o, i)[0]
	if round > 0 {
		body += fmt.Sprintf("\nCorrection %d: a sentence was missing here.\n", round)
	}
	return Edit{PostFile(o, i, languages[0].folder), []byte(body)}
}

// NewPost is a post that is newer than all others, in the first language.
func NewPost(o Options, round int) Edit {
	vocab := newVocabulary(o.Seed)
	n := o.Posts + round
	body := vocab.document(o, n, 0, lastDay)
	return Edit{filepath.ToSlash(filepath.Join("posts", languages[0].folder, "2025", slug(n)+".md")), []byte(body)}
}

// PostFile is where post i is, below the content folder.
func PostFile(o Options, i int, language string) string {
	return fmt.Sprintf("posts/%s/%d/%s.md", language, day(o, i).Year(), slug(i))
}

func imageFile(i int) string { return fmt.Sprintf("images/img-%04d.jpg", i) }

func slug(i int) string { return fmt.Sprintf("post-%05d", i) }

// day spreads the posts evenly over the years, the first the oldest.
func day(o Options, i int) time.Time {
	days := int(lastDay.Sub(firstDay).Hours() / 24)
	return firstDay.AddDate(0, 0, i*days/max(1, o.Posts))
}

func write(name string, body []byte) error {
	if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
		return err
	}
	return os.WriteFile(name, body, 0o644)
}

// What a generator is for; it makes two generators of one number different.
const (
	kindWords = iota
	kindPost
	kindImage
)

func newRand(seed uint64, kind, i int) *rand.Rand {
	return rand.New(rand.NewPCG(seed, uint64(kind)<<32|uint64(i)))
}

// vocabulary is what texts are made of.
type vocabulary struct {
	words []string
	han   []rune
}

func newVocabulary(seed uint64) *vocabulary {
	r := newRand(seed, kindWords, 0)
	onsets := strings.Split("b c ch d f g gr h k l m n p pr qu r s sh st t tr v w", " ")
	rimes := strings.Split("a ain al ar e ed ell en er est i ight in ing ive o on or ound u un", " ")
	v := &vocabulary{words: make([]string, 3000), han: make([]rune, 2400)}
	for i := range v.words {
		var b strings.Builder
		for range 1 + min(i/60, 1) + r.IntN(2) { // frequent words are short
			b.WriteString(onsets[r.IntN(len(onsets))] + rimes[r.IntN(len(rimes))])
		}
		v.words[i] = b.String()
	}
	for i := range v.han {
		v.han[i] = '一' + rune(i*8+r.IntN(8)) // U+4E00 and up
	}
	r.Shuffle(len(v.han), func(i, j int) { v.han[i], v.han[j] = v.han[j], v.han[i] })
	return v
}

// post is the text of post i in each language.
func (v *vocabulary) post(o Options, i int) []string {
	out := make([]string, len(languages))
	for l := range languages {
		out[l] = v.document(o, i, l, day(o, i))
	}
	return out
}

func (v *vocabulary) document(o Options, i, l int, date time.Time) string {
	w := v.writer(newRand(o.Seed, kindPost, i*len(languages)+l), l > 0)
	size := 2000 + int(6000*math.Pow(w.rand.Float64(), 1.3))
	fmt.Fprintf(w, "---\ntitle: \"%s %d\"\ndate: %s\nlang: %s\nslug: %s\ntags: [topic-%02d, topic-%02d]\ncover: /%s\n---\n\n",
		w.phrase(2+w.rand.IntN(5)), i, date.Format(time.DateOnly), languages[l].tag, slug(i),
		w.rand.IntN(30), 30+w.rand.IntN(30), imageFile(i%o.Images))
	for w.Len() < size {
		switch p := w.rand.IntN(20); {
		case p < 2:
			fmt.Fprintf(w, "## %s\n\n", w.phrase(2+w.rand.IntN(4)))
		case p < 4:
			for range 2 + w.rand.IntN(4) {
				fmt.Fprintf(w, "- %s\n", w.phrase(3+w.rand.IntN(8)))
			}
			w.WriteString("\n")
		case p < 5:
			fmt.Fprintf(w, "```go\nfunc %s(n int) (int, error) {\n\tif n > %d {\n\t\treturn 0, errors.New(%q)\n\t}\n\treturn n + 1, nil\n}\n```\n\n",
				v.words[w.rand.IntN(50)], w.rand.IntN(1000), v.words[w.rand.IntN(len(v.words))])
		default:
			w.paragraph()
		}
	}
	return strings.TrimRight(w.String(), "\n") + "\n"
}

// writer writes text in one language.
type writer struct {
	strings.Builder
	*vocabulary
	rand *rand.Rand
	zipf *rand.Zipf
	isCJ bool // Chinese
}

func (v *vocabulary) writer(r *rand.Rand, isCJ bool) *writer {
	s, offset, n := 1.15, 3.0, len(v.words)
	if isCJ {
		s, offset, n = 1.1, 8.0, len(v.han)
	}
	return &writer{vocabulary: v, rand: r, zipf: rand.NewZipf(r, s, offset, uint64(n-1)), isCJ: isCJ}
}

// phrase is n words, or as many characters as take their place.
func (w *writer) phrase(n int) string {
	var b strings.Builder
	if w.isCJ {
		for range 2 * n {
			b.WriteRune(w.han[w.zipf.Uint64()])
		}
		return b.String()
	}
	for i := range n {
		word := w.words[w.zipf.Uint64()]
		if i == 0 {
			first, size := utf8.DecodeRuneInString(word)
			word = strings.ToUpper(string(first)) + word[size:]
		} else {
			b.WriteByte(' ')
		}
		b.WriteString(word)
	}
	return b.String()
}

func (w *writer) paragraph() {
	stop, comma := ". ", ", "
	if w.isCJ {
		stop, comma = "。", "，"
	}
	for range 2 + w.rand.IntN(5) {
		w.WriteString(w.phrase(4 + w.rand.IntN(9)))
		if w.rand.IntN(3) == 0 {
			w.WriteString(comma + strings.ToLower(w.phrase(3+w.rand.IntN(6))))
		}
		if w.rand.IntN(12) == 0 {
			fmt.Fprintf(w, " [%s](https://example.com/%s)", w.phrase(2), w.words[w.rand.IntN(500)])
		}
		w.WriteString(stop)
	}
	w.WriteString("\n\n")
}
