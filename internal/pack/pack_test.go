package pack

import (
	"bytes"
	"encoding/binary"
	"errors"
	"math/rand/v2"
	"testing"

	"github.com/andybalholm/brotli"

	"github.com/victorleungtw/blog/internal/recipe"
)

func TestRoundTrip(t *testing.T) {
	var w Writer
	bodies := [][]byte{[]byte("one"), nil, bytes.Repeat([]byte("long "), 50_000), bytes.Repeat([]byte("other "), 100_000)}
	for _, b := range bodies {
		w.Add(Recipe, recipe.Sum(b), b)
		w.Add(Source, recipe.Sum(b), b)
		w.Add(Source, recipe.Sum(b), b) // once is enough
	}
	packed, err := w.Close()
	if err != nil {
		t.Fatal(err)
	}
	got, err := Read(packed)
	if err != nil {
		t.Fatal(err)
	}
	if len(got) != 2*len(bodies) {
		t.Fatalf("%d members, want %d", len(got), 2*len(bodies))
	}
	for i, m := range got {
		want := bodies[i/2]
		if kind := []Kind{Recipe, Source}[i%2]; m.Kind != kind || !bytes.Equal(m.Body, want) || m.Digest != recipe.Sum(want) {
			t.Errorf("member %d is %c %s of %d bytes", i, m.Kind, m.Digest, len(m.Body))
		}
	}
	if len(packed) > 1000 {
		t.Errorf("850 kB that repeat take %d bytes", len(packed))
	}
}

func TestNothing(t *testing.T) {
	if b, err := new(Writer).Close(); b != nil || err != nil {
		t.Errorf("an empty pack is %q, %v", b, err)
	}
	if m, err := Read(nil); m != nil || err != nil {
		t.Errorf("no pack holds %v, %v", m, err)
	}
}

func TestTooLarge(t *testing.T) {
	var w Writer
	b := make([]byte, MaxSize+1)
	r := rand.NewChaCha8([32]byte{})
	r.Read(b)
	w.Add(Source, recipe.Sum(b), b)
	if _, err := w.Close(); !errors.Is(err, ErrSize) {
		t.Errorf("a pack over the limit: %v", err)
	}
}

func TestDamaged(t *testing.T) {
	fold := func(b []byte) []byte {
		out := bytes.NewBuffer([]byte{format})
		w := brotli.NewWriter(out)
		w.Write(b)
		w.Close()
		return out.Bytes()
	}
	var w Writer
	w.Add(Recipe, recipe.Sum([]byte("text")), []byte("text"))
	whole, _ := w.Close()
	for name, b := range map[string][]byte{
		"cut":             whole[:len(whole)-1],
		"not brotli":      append([]byte{format}, "not brotli at all"...),
		"unknown kind":    fold([]byte("x\x01a")),
		"no length":       fold([]byte("r")),
		"ends in a body":  fold([]byte("r\x05abc")),
		"ends before one": fold([]byte("r\x05")),
		"says it is huge": fold(append([]byte{'s'}, binary.AppendUvarint(nil, 1<<62)...)),
	} {
		if got, err := Read(b); err == nil || errors.Is(err, ErrFormat) {
			t.Errorf("%s: read as %d members, %v", name, len(got), err)
		}
	}
	zstandard := []byte{0x28, 0xb5, 0x2f, 0xfd} // what packs were in before
	if _, err := Read(append(zstandard, whole...)); !errors.Is(err, ErrFormat) {
		t.Errorf("another format: %v", err)
	}
}
