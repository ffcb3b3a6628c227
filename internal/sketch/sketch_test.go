package sketch

import (
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"slices"
	"testing"
)

// element is the i-th of a series that a seed names.
func element(seed, i uint64) (e Element) {
	var in [16]byte
	binary.BigEndian.PutUint64(in[:], seed)
	binary.BigEndian.PutUint64(in[8:], i)
	sum := sha256.Sum256(in[:])
	e[0] = 'p'
	copy(e[1:8], sum[:])
	copy(e[8:], sum[:])
	return e
}

func sorted(es []Element) []Element {
	slices.SortFunc(es, func(a, b Element) int { return slices.Compare(a[:], b[:]) })
	return es
}

// Two sets that share many elements and differ in some: exactly those come
// out, whatever the size of the sets.
func TestDiff(t *testing.T) {
	for seed, shared := range []uint64{0, 1, 1000, 100_000} {
		for _, n := range []uint64{0, 1, 2, 5, 20, Capacity / 2} {
			var a, b Sketch
			for i := range shared {
				a.Add(element(uint64(seed), i))
				b.Add(element(uint64(seed), i))
			}
			var wantA, wantB []Element
			for i := range n {
				x, y := element(uint64(seed), shared+2*i), element(uint64(seed), shared+2*i+1)
				a.Add(x)
				b.Add(y)
				wantA, wantB = append(wantA, x), append(wantB, y)
			}
			gotA, gotB, ok := Diff(&a, &b)
			if !ok || !slices.Equal(sorted(gotA), sorted(wantA)) || !slices.Equal(sorted(gotB), sorted(wantB)) {
				t.Errorf("%d shared, %d and %d not: found %d and %d, %v", shared, n, n, len(gotA), len(gotB), ok)
			}
		}
	}
}

// How often the differences can be told, at the promised number and far
// beyond it. Beyond it the answer is no, never a wrong one.
func TestCapacity(t *testing.T) {
	const rounds = 2000
	failures := func(n uint64) (failed int) {
		for seed := range uint64(rounds) {
			var a, b Sketch
			for i := range n {
				a.Add(element(seed+1000, i))
			}
			got, none, ok := Diff(&a, &b)
			switch {
			case !ok:
				failed++
			case uint64(len(got)) != n || len(none) != 0:
				t.Fatalf("%d differences, seed %d: found %d and %d", n, seed, len(got), len(none))
			}
		}
		return failed
	}
	if f := failures(Capacity); f > rounds/100 {
		t.Errorf("%d differences could not be told in %d of %d rounds", Capacity, f, rounds)
	}
	if f := failures(4 * Capacity); f != rounds {
		t.Errorf("%d differences were told in %d rounds, which is more than a sketch holds", 4*Capacity, rounds-f)
	}
}

func TestRemove(t *testing.T) {
	var s Sketch
	s.Add(element(1, 1))
	s.Add(element(1, 2))
	s.Remove(element(1, 1))
	s.Remove(element(1, 2))
	if s != (Sketch{}) {
		t.Error("what was added and removed is still there")
	}
}

func TestEncoding(t *testing.T) {
	var s, got Sketch
	for i := range uint64(70_000) { // counts pass 32,767
		s.Add(element(2, i))
	}
	b, err := s.MarshalBinary()
	if err != nil || len(b) != Size {
		t.Fatalf("%d bytes, want %d; %v", len(b), Size, err)
	}
	if err := got.UnmarshalBinary(b); err != nil || got != s {
		t.Errorf("decoded to another sketch: %v", err)
	}
	if err := got.UnmarshalBinary(b[:Size-1]); err == nil {
		t.Error("a cut sketch was decoded")
	}
	b[0]++
	if err := got.UnmarshalBinary(b); !errors.Is(err, ErrVersion) {
		t.Errorf("another version: %v", err)
	}
}

func BenchmarkAdd(b *testing.B) {
	var s Sketch
	for i := range b.N {
		s.Add(element(3, uint64(i)))
	}
}
