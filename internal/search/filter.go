package search

import (
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
type filter struct {
	rice   uint8
	places []uint32
}

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
	n := len(hashes)
	places := make([]uint32, n)
	for i, h := range hashes {
		places[i] = place(h, n, rice)
	}
	slices.Sort(places)
	out = binary.AppendUvarint(out, uint64(n))
	var w bitWriter
	last := uint32(0)
	out = append(out, rice)
	for _, p := range places {
		d := p - last
		last = p
		for range d >> rice {
			w.bit(1)
		}
		w.bit(0)
		for i := int(rice) - 1; i >= 0; i-- {
			w.bit(byte(d>>i) & 1)
		}
	}
	out = binary.AppendUvarint(out, uint64(len(w.out)))
	return append(out, w.out...)
}

type bitWriter struct {
	out  []byte
	free int // bits of the last byte
}

func (w *bitWriter) bit(b byte) {
	if w.free == 0 {
		w.out, w.free = append(w.out, 0), 8
	}
	w.free--
	w.out[len(w.out)-1] |= b << w.free
}

var errFilter = errors.New("a damaged filter")

// readFilter decodes a filter, with its places at the end of dst.
func readFilter(r *reader, dst []uint32) (filter, []uint32, error) {
	n := r.uvarint()
	f := filter{rice: r.byte()}
	data := r.text()
	if r.err != nil || n > maxTerms || n > uint64(len(data))*8 || f.rice < minRice || f.rice > maxRice {
		return f, dst, errFilter
	}
	from := len(dst)
	at, end := 0, len(data)*8
	last := uint32(0)
	for range n {
		high := uint32(0)
		for at < end && data[at>>3]>>(7-at&7)&1 == 1 {
			high++
			at++
		}
		at++
		if at+int(f.rice) > end {
			return f, dst, errFilter
		}
		low := uint32(0)
		for range f.rice {
			low = low<<1 | uint32(data[at>>3]>>(7-at&7)&1)
			at++
		}
		last += high<<f.rice | low
		dst = append(dst, last)
	}
	f.places = dst[from:len(dst):len(dst)]
	return f, dst, nil
}

// has looks a hash up. Places are spread evenly, so the first guess is close.
func (f *filter) has(h uint64) bool {
	n := len(f.places)
	if n == 0 {
		return false
	}
	p := place(h, n, f.rice)
	i := min(int(p>>f.rice), n-1)
	for i > 0 && f.places[i] > p {
		i--
	}
	for i < n && f.places[i] < p {
		i++
	}
	return i < n && f.places[i] == p
}
