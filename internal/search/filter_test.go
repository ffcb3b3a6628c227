package search

import (
	"math/rand/v2"
	"slices"
	"testing"
)

// A coded filter says what its numbers say, whatever their number and however
// they lie.
func TestFilter(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	for _, rice := range []uint8{minRice, maxRice, closeness} {
		for _, n := range []int{0, 1, 2, stride - 1, stride, stride + 1, 2 * stride, 1000, 5000} {
			for name, hash := range map[string]func(int) uint64{
				"even": func(int) uint64 { return r.Uint64() },
				"low":  func(i int) uint64 { return uint64(i) },
				"high": func(i int) uint64 { return ^uint64(i) }, // the first distance is the longest that there is
			} {
				hashes := make([]uint64, n)
				places := make([]uint32, n)
				for i := range hashes {
					hashes[i] = hash(i)
					places[i] = place(hashes[i], n, rice)
				}
				f := filter{rice: rice, coded: code(rice, hashes)}
				if !f.open(n) {
					t.Fatalf("%d bits, %d hashes, %s: not read to the end", rice, n, name)
				}
				for _, h := range hashes {
					if !f.has(h) {
						t.Fatalf("%d bits, %d hashes, %s: %x is missing", rice, n, name, h)
					}
				}
				for range 2000 {
					h := r.Uint64()
					if got, want := f.has(h), slices.Contains(places, place(h, n, rice)); got != want {
						t.Fatalf("%d bits, %d hashes, %s: %x is there: %v, want %v", rice, n, name, h, got, want)
					}
				}
				if f := (filter{rice: rice, coded: f.coded[:max(0, len(f.coded)-1)]}); n > 0 && f.open(n) {
					t.Errorf("%d bits, %d hashes, %s: read to the end without the last byte", rice, n, name)
				}
			}
		}
	}
}
