package search

import (
	"cmp"
	"encoding/binary"
	"errors"
	"math/bits"
	"slices"
)

// A filter is a Golomb-coded set: the n hashes of a set, mapped evenly to the
// numbers below n<<rice, sorted; of each its distance to the one before, the
// high part in unary, the low rice bits as they are
// (https://github.com/bitcoin/bips/blob/master/bip-0158.mediawiki). One in
// 1<<rice terms that are not in the set seems to be, and a term takes about
// rice+1.5 bits.
//
// It stays coded in memory, where an index is many times as long as it is used.
type filter struct {
	rice  uint8
	n     int
	coded []byte
	marks []mark
}

// A mark is where a number in the middle begins, so that a look-up decodes no
// more than stride of them.
type mark struct {
	last uint32 // the number before it
	at   uint32 // in bits
}

const stride = 32

// A filter is as exact as its post's share of the index allows. English text
// has few terms for its length, and gets nine bits; Chinese has many.
const (
	minRice, maxRice = 2, 9
	// share is what the filters of a post may take of its Markdown, in percent.
	share = 11
)

// exactness is the rice of the filters of a post with so many terms in them and
// so many bytes of Markdown.
func exactness(terms, size int) uint8 {
	rice := uint8(maxRice)
	for rice > minRice && terms*(2*int(rice)+3)/2 > size*8*share/100 {
		rice--
	}
	return rice
}

// place maps a hash into a filter of n terms.
func place(h uint64, n int, rice uint8) uint32 {
	hi, _ := bits.Mul64(h, uint64(n)<<rice)
	return uint32(hi)
}

// maxTerms bounds a filter: place must fit into 32 bits, and the longest text
// that is read has fewer.
const maxTerms = 1 << 22

// appendFilter encodes the set of hashes.
func appendFilter(out []byte, rice uint8, hashes []uint64) []byte {
	coded := code(rice, hashes)
	out = binary.AppendUvarint(out, uint64(len(hashes)))
	out = append(out, rice)
	out = binary.AppendUvarint(out, uint64(len(coded)))
	return append(out, coded...)
}

// code gives the numbers of hashes, without how many they are.
func code(rice uint8, hashes []uint64) []byte {
	n := len(hashes)
	places := make([]uint32, n)
	for i, h := range hashes {
		places[i] = place(h, n, rice)
	}
	slices.Sort(places)
	var w bitWriter
	last := uint32(0)
	for _, p := range places {
		d := p - last
		last = p
		for range d >> rice {
			w.write(1, 1)
		}
		w.write(0, 1)
		w.write(d&(1<<rice-1), rice)
	}
	return w.close()
}

type bitWriter struct {
	out  []byte
	held uint64 // the lowest of its bits are not written yet
	n    uint8  // so many
}

// write writes a number of so many bits, the highest first.
func (w *bitWriter) write(v uint32, size uint8) {
	w.held, w.n = w.held<<size|uint64(v), w.n+size
	for w.n >= 8 {
		w.n -= 8
		w.out = append(w.out, byte(w.held>>w.n))
	}
}

// close fills the last byte with zeros.
func (w *bitWriter) close() []byte {
	if w.n > 0 {
		w.write(0, 8-w.n)
	}
	return w.out
}

var errFilter = errors.New("a damaged filter")

// readFilter reads a filter.
func readFilter(r *reader) (filter, error) {
	n := r.uvarint()
	f := filter{rice: r.byte(), coded: r.take(int(r.uvarint()))}
	if r.err != nil || n > maxTerms || n > uint64(len(f.coded))*8 || len(f.coded) > 8*maxTerms || f.rice < minRice || f.rice > maxRice || !f.open(int(n)) {
		return f, errFilter
	}
	return f, nil
}

// open decodes all of n numbers, once, and puts marks between them. It is false
// when they are not all there.
func (f *filter) open(n int) bool {
	f.n, f.marks = n, make([]mark, 0, max(0, n-1)/stride)
	c := cursor{coded: f.coded}
	last := uint32(0)
	for i := range n {
		if i > 0 && i%stride == 0 {
			f.marks = append(f.marks, mark{last, uint32(c.at)})
		}
		d, ok := c.next(f.rice)
		if !ok {
			return false
		}
		last += d
	}
	return true
}

// has looks a hash up.
func (f *filter) has(h uint64) bool {
	p := place(h, f.n, f.rice)
	c := cursor{coded: f.coded}
	last, left := uint32(0), f.n
	// From the last mark below it, to the next.
	if i, _ := slices.BinarySearchFunc(f.marks, p, func(m mark, p uint32) int { return cmp.Compare(m.last, p) }); i > 0 {
		c.at, last, left = int(f.marks[i-1].at), f.marks[i-1].last, f.n-i*stride
	}
	for range min(left, stride) {
		d, _ := c.next(f.rice)
		if last += d; last >= p {
			return last == p
		}
	}
	return false
}

// A cursor decodes one number after the other.
type cursor struct {
	coded []byte
	at    int // in bits
}

// next decodes a distance. ok is false when it does not end where the filter
// does.
func (c *cursor) next(rice uint8) (d uint32, ok bool) {
	high := 0
	for {
		ones := bits.LeadingZeros64(^c.peek())
		if ones < peeked {
			high, c.at = high+ones, c.at+ones+1
			break
		}
		high, c.at = high+peeked, c.at+peeked
	}
	low := c.peek() >> (64 - rice)
	c.at += int(rice)
	return uint32(high)<<rice | uint32(low), c.at <= 8*len(c.coded)
}

// peeked is how many bits peek gives at least.
const peeked = 57

// peek gives the bits that come next, from the highest down; zeros where there
// are none.
func (c *cursor) peek() uint64 {
	i := c.at >> 3
	if i+8 <= len(c.coded) {
		return binary.BigEndian.Uint64(c.coded[i:]) << (c.at & 7)
	}
	w := uint64(0)
	for k := range 8 {
		w <<= 8
		if i+k < len(c.coded) {
			w |= uint64(c.coded[i+k])
		}
	}
	return w << (c.at & 7)
}
