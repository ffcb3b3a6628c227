package search

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"slices"
	"strings"
)

// PartSize is how many posts a part of an index has at most.
const PartSize = 64

// Split names the part of each path: a string of 0 and 1, the first bits of the
// hash of the paths in it, as many as it takes for no more than PartSize of
// them to have them in common. A path that comes or goes changes the part of
// others only when that part becomes too large, or two become small enough for
// one.
func Split(paths []string) map[string]string {
	type item struct {
		path string
		hash uint64
	}
	items := make([]item, len(paths))
	for i, p := range paths {
		sum := sha256.Sum256([]byte(p))
		items[i] = item{p, binary.BigEndian.Uint64(sum[:])}
	}
	slices.SortFunc(items, func(a, b item) int {
		if a.hash != b.hash {
			if a.hash < b.hash {
				return -1
			}
			return 1
		}
		return strings.Compare(a.path, b.path)
	})
	out := make(map[string]string, len(paths))
	var split func(items []item, name string)
	split = func(items []item, name string) {
		if len(items) <= PartSize || len(name) == 63 {
			for _, it := range items {
				out[it.path] = name
			}
			return
		}
		bit := uint64(1) << (63 - len(name))
		i := slices.IndexFunc(items, func(it item) bool { return it.hash&bit != 0 })
		if i < 0 {
			i = len(items)
		}
		split(items[:i], name+"0")
		split(items[i:], name+"1")
	}
	split(items, "")
	return out
}

// magic begins a part: another format, another magic.
const magic = "blog search 1\n"

// often is how many times a post says a term that is in its second filter.
const often = 3

// Build makes a part of an index in a language.
//
// It is the magic, the number of posts, and for each: path, title, date, tags,
// the digest of its source, the number of terms in its text, and two filters.
// Texts have their length in front, numbers are unsigned varints.
func Build(lang string, posts []Post) []byte {
	st := newStemmer(lang)
	out := []byte(magic)
	out = binary.AppendUvarint(out, uint64(len(posts)))
	for _, p := range posts {
		out = appendText(out, p.Path)
		out = appendText(out, p.Title)
		out = appendText(out, p.Date)
		out = binary.AppendUvarint(out, uint64(len(p.Tags)))
		for _, t := range p.Tags {
			out = appendText(out, t)
		}
		out = append(out, p.Source[:]...)
		counts := map[uint64]int{}
		n := 0
		st.terms(p.Text, func(term string, _, _ int) {
			counts[hash(term)]++
			n++
		})
		var all, most []uint64
		for h, c := range counts {
			all = append(all, h)
			if c >= often {
				most = append(most, h)
			}
		}
		out = binary.AppendUvarint(out, uint64(n))
		rice := exactness(len(all)+len(most), p.Size)
		out = appendFilter(out, rice, all)
		out = appendFilter(out, rice, most)
	}
	return out
}

func appendText(out []byte, s string) []byte {
	return append(binary.AppendUvarint(out, uint64(len(s))), s...)
}

// Part is a part of an index in memory.
type Part struct {
	posts []indexed
	size  int
}

// indexed is a post, with where its filters are.
type indexed struct {
	Post
	length    int
	all, most filter
	title     []uint64 // hashes of the terms of its title, and of its tags
	tags      []uint64
	plain     string // title and tags in lower case
}

// Size is about what a part takes in memory, in bytes.
func (p *Part) Size() int { return p.size }

// errPart is returned for bytes that are no part of an index.
var errPart = errors.New("not a part of an index, or a damaged one")

// Open reads what Build made. It keeps b.
func Open(lang string, b []byte) (*Part, error) {
	rest, ok := bytes.CutPrefix(b, []byte(magic))
	if !ok {
		return nil, errPart
	}
	r := &reader{rest: rest}
	n := r.uvarint()
	if n > uint64(len(rest)) {
		return nil, errPart
	}
	st := newStemmer(lang)
	part := &Part{size: len(b), posts: make([]indexed, 0, min(n, PartSize))}
	for range n {
		d := indexed{}
		d.Path, d.Title, d.Date = r.text(), r.text(), r.text()
		for tags := r.uvarint(); tags > 0 && r.err == nil; tags-- {
			d.Tags = append(d.Tags, r.text())
		}
		copy(d.Source[:], r.take(len(d.Source)))
		d.length = int(r.uvarint())
		var err error
		if d.all, err = readFilter(r); err != nil {
			return nil, fmt.Errorf("%w: %w", errPart, err)
		}
		if d.most, err = readFilter(r); err != nil {
			return nil, fmt.Errorf("%w: %w", errPart, err)
		}
		if r.err != nil {
			return nil, r.err
		}
		st.terms(d.Title, func(t string, _, _ int) { d.title = append(d.title, hash(t)) })
		for _, tag := range d.Tags {
			st.terms(tag, func(t string, _, _ int) { d.tags = append(d.tags, hash(t)) })
		}
		d.plain = strings.ToLower(d.Title + "\n" + strings.Join(d.Tags, "\n"))
		part.posts = append(part.posts, d)
		part.size += 512 + 8*(len(d.all.marks)+len(d.most.marks))
	}
	if r.err != nil || len(r.rest) > 0 {
		return nil, errPart
	}
	return part, nil
}

// reader takes a part apart. After an error it gives nothing.
type reader struct {
	rest []byte
	err  error
}

func (r *reader) uvarint() uint64 {
	v := uint64(0)
	for i := 0; i < len(r.rest) && i < 5; i++ {
		c := r.rest[i]
		v |= uint64(c&0x7f) << (7 * i)
		if c < 0x80 {
			r.rest = r.rest[i+1:]
			return v
		}
	}
	r.fail()
	return 0
}

func (r *reader) take(n int) []byte {
	if n < 0 || n > len(r.rest) {
		r.fail()
		return nil
	}
	s := r.rest[:n:n]
	r.rest = r.rest[n:]
	return s
}

func (r *reader) text() string { return string(r.take(int(r.uvarint()))) }

func (r *reader) byte() byte {
	if s := r.take(1); len(s) == 1 {
		return s[0]
	}
	return 0
}

func (r *reader) fail() { r.rest, r.err = nil, errPart }
