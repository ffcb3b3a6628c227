// Package compress makes the encoded variants of a page: brotli and gzip, at
// the best quality for what is stored, and at a quick one for what has to be
// answered now.
//
// Both are deterministic: the same bytes in give the same bytes out, so a
// stored variant is as much its digest's own as the page is.
package compress

import (
	"bytes"
	"compress/gzip"
	"io"
	"sync"

	"github.com/andybalholm/brotli" // the standard library has no brotli
)

// Encoding is one way to compress a page.
type Encoding struct {
	Name   string // Content-Encoding: "br", "gzip"
	Suffix string // of the key and the URL: ".br", ".gz"

	best, quick *sync.Pool
}

// Encodings are the stored variants.
var Encodings = []Encoding{
	{"br", ".br", brotliPool(brotli.BestCompression), brotliPool(2)},
	{"gzip", ".gz", gzipPool(gzip.BestCompression), gzipPool(gzip.BestSpeed)},
}

// BySuffix returns the encoding with this suffix; ok is false for "".
func BySuffix(suffix string) (enc Encoding, ok bool) {
	for _, e := range Encodings {
		if e.Suffix == suffix {
			return e, true
		}
	}
	return Encoding{}, false
}

// Best compresses as well as the format can: about 50 ms for a page in brotli.
func (e Encoding) Best(b []byte) []byte { return run(e.best, b) }

// Quick compresses in a fraction of a millisecond a page, about a quarter
// larger.
func (e Encoding) Quick(b []byte) []byte { return run(e.quick, b) }

type writer interface {
	io.WriteCloser
	Reset(io.Writer)
}

// Writers are pooled because a new brotli writer allocates megabytes.
func brotliPool(quality int) *sync.Pool {
	return &sync.Pool{New: func() any { return brotli.NewWriterLevel(nil, quality) }}
}

func gzipPool(level int) *sync.Pool {
	return &sync.Pool{New: func() any {
		w, err := gzip.NewWriterLevel(nil, level)
		if err != nil {
			panic(err) // the level is one of the package's constants
		}
		return w
	}}
}

func run(pool *sync.Pool, b []byte) []byte {
	var out bytes.Buffer
	w := pool.Get().(writer)
	defer pool.Put(w)
	w.Reset(&out)
	w.Write(b) // a bytes.Buffer takes everything
	w.Close()
	return out.Bytes()
}
