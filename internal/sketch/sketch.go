// Package sketch finds what differs between two sets without sending either.
//
// A publisher has the plan of a whole blog, the record in S3 has the release
// that was published, and they differ in a handful of pages. To find these by
// comparing lists, the list must be read: a hundred bytes a page, ten megabytes
// for a hundred thousand. A sketch has the same few kilobytes for a set of any
// size, and from two of them follow the elements that only one of the sets has,
// as long as these are few.
//
// It is an invertible Bloom lookup table: each element is added to four of the
// cells, a cell holding the count and the exclusive or of what was added.
// Subtracting one sketch from another cancels what both sets have. A cell that
// is left with a single element shows it; taken out of its other cells it
// uncovers more, until all are zero. (Goodrich and Mitzenmacher, "Invertible
// Bloom Lookup Tables", 2011; Eppstein, Goodrich, Uyeda, Varghese, "What's the
// Difference?", SIGCOMM 2011.)
//
// # What can go wrong
//
// With too many differences nothing is uncovered, and Diff says so: the caller
// reads the list. The wrong difference is not possible but by chance: an
// uncovered element carries a check of 32 bits, and every cell must be zero in
// the end. Elements are expected to hold a cryptographic digest; against
// somebody who chooses elements to collide there is no defence.
package sketch

import (
	"encoding/binary"
	"errors"
	"fmt"
)

// Element is one member of a set.
type Element [40]byte

const (
	hashes = 4
	rows   = 34 // cells for each hash

	// Capacity is how many differences are found nearly always: a test counts.
	Capacity = 80

	cellSize = 2 + len(Element{}) + 4
	// Size is the size of an encoded sketch in bytes.
	Size = 1 + hashes*rows*cellSize
)

// version is the first byte of an encoded sketch: other parameters, other
// version.
const version = 2

type cell struct {
	count int16 // wraps around, which subtracting undoes
	key   Element
	check uint32
}

// Sketch is the sketch of a set. The zero Sketch is that of the empty set.
type Sketch struct{ cells [hashes * rows]cell }

// Add adds an element, which must not be in the set.
func (s *Sketch) Add(e Element) { s.change(e, 1) }

// Remove takes out an element, which must be in the set.
func (s *Sketch) Remove(e Element) { s.change(e, -1) }

func (s *Sketch) change(e Element, by int16) {
	h := hash(e)
	for i := range hashes {
		c := &s.cells[place(h, i)]
		c.count += by
		c.check ^= check(h)
		for j := range e {
			c.key[j] ^= e[j]
		}
	}
}

// hash is FNV-1a. What is hashed holds a digest, so that no better hash is
// needed; it must be the same on every machine.
func hash(e Element) uint64 {
	h := uint64(14695981039346656037)
	for _, b := range e {
		h = (h ^ uint64(b)) * 1099511628211
	}
	return h
}

// mix is the finalizer of splitmix64, which makes independent numbers of one.
func mix(h, i uint64) uint64 {
	h += i * 0x9e3779b97f4a7c15
	h = (h ^ h>>30) * 0xbf58476d1ce4e5b9
	h = (h ^ h>>27) * 0x94d049bb133111eb
	return h ^ h>>31
}

// place is the i-th cell of an element: one in each of four parts, so that no
// element is twice in a cell.
func place(h uint64, i int) int { return i*rows + int(mix(h, uint64(i)+1)%rows) }

func check(h uint64) uint32 { return uint32(mix(h, hashes+1)) }

// Diff returns the elements that only a has and those that only b has, in no
// order. ok is false when they are too many to tell.
func Diff(a, b *Sketch) (onlyA, onlyB []Element, ok bool) {
	d := *a
	for i := range d.cells {
		c, o := &d.cells[i], &b.cells[i]
		c.count -= o.count
		c.check ^= o.check
		for j := range c.key {
			c.key[j] ^= o.key[j]
		}
	}
	for again := true; again; {
		again = false
		for i := range d.cells {
			c := &d.cells[i]
			if c.count != 1 && c.count != -1 {
				continue
			}
			h := hash(c.key)
			if c.check != check(h) || place(h, i/rows) != i {
				continue
			}
			e, by := c.key, c.count
			if by == 1 {
				onlyA = append(onlyA, e)
			} else {
				onlyB = append(onlyB, e)
			}
			if len(onlyA)+len(onlyB) > len(d.cells) {
				return nil, nil, false
			}
			d.change(e, -by)
			again = true
		}
	}
	return onlyA, onlyB, d == Sketch{}
}

// MarshalBinary encodes the sketch: a version byte, then for each cell the
// count, the key and the check, in network byte order.
func (s *Sketch) MarshalBinary() ([]byte, error) {
	b := make([]byte, 1, Size)
	b[0] = version
	for i := range s.cells {
		c := &s.cells[i]
		b = binary.BigEndian.AppendUint16(b, uint16(c.count))
		b = append(b, c.key[:]...)
		b = binary.BigEndian.AppendUint32(b, c.check)
	}
	return b, nil
}

// ErrVersion is returned for a sketch with other parameters than this package's.
var ErrVersion = errors.New("a sketch of another version")

// UnmarshalBinary decodes what MarshalBinary made.
func (s *Sketch) UnmarshalBinary(b []byte) error {
	if len(b) == 0 || b[0] != version {
		return ErrVersion
	}
	if len(b) != Size {
		return fmt.Errorf("a sketch of %d bytes, want %d", len(b), Size)
	}
	b = b[1:]
	for i := range s.cells {
		c := &s.cells[i]
		c.count = int16(binary.BigEndian.Uint16(b))
		copy(c.key[:], b[2:])
		c.check = binary.BigEndian.Uint32(b[2+len(c.key):])
		b = b[cellSize:]
	}
	return nil
}
