// Package pack carries recipes and sources from a publisher to a renderer, in
// one piece, inside the invocation that asks for their pages.
//
// A page's recipe has a few kilobytes, and so has a post. Sent as objects, each
// costs a request in each region; sent as a pack, a whole batch costs the
// invocation that is made anyway, and what recipes have in common, which is
// most of them, is compressed away. The renderer stores what it finds in the
// pack under its digest, in its own region, so everything that reads an object
// later (a page that was lost, a repair) finds it where it has always been.
//
// # Format
//
// A byte that names the format, then brotli (RFC 7932) over one record a member:
// a byte, 'r' for a recipe or 's' for a source; the length as an unsigned varint;
// the bytes. A member has no name: it is its own SHA-256, so one that was damaged
// is another one, and the page that it was for is not made.
//
// The packs of a first publish are many, and are compressed quickly; the single
// one of a small publish is compressed well, which takes milliseconds.
package pack

import (
	"bufio"
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"sync"

	"github.com/andybalholm/brotli" // the standard library has no brotli

	"github.com/victorleungtw/blog/internal/recipe"
)

// Kind is what a member is.
type Kind byte

const (
	Recipe Kind = 'r' // stored as recipe/<digest>
	Source Kind = 's' // stored as src/<digest>
)

// Prefix is where members of the kind are stored.
func (k Kind) Prefix() string {
	if k == Recipe {
		return "recipe/"
	}
	return "src/"
}

// MaxSize bounds a pack, in bytes: as base64 in JSON it must fit into the 6 MB
// of a synchronous invocation
// (https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html).
const MaxSize = 4 << 20

// maxContents bounds what a pack may unfold to, in bytes.
const maxContents = 256 << 20

// format is the first byte of a pack: another format, another byte.
const format = 2

// ErrFormat is returned for a pack of another format than this package's.
var ErrFormat = errors.New("the renderer reads another format of packs than the publisher wrote; deploy the renderer of the same version of blog, then publish")

// ErrSize is returned for a pack that is too large, folded or unfolded.
var ErrSize = errors.New("the pack is too large")

// Member is one thing in a pack.
type Member struct {
	Kind   Kind
	Digest string
	Body   []byte
}

// Writer makes a pack. The zero Writer is ready.
type Writer struct {
	seen map[string]bool
	raw  int
	held []byte         // what is not compressed yet: all, up to small
	enc  *brotli.Writer // the quick one, from then on
	out  bytes.Buffer
}

// window is how far back a pack repeats itself, as a power of two; small is up to
// how many bytes one is compressed well, and how much of a larger one is
// compressed at a time.
const (
	window = 18
	small  = 1 << window
)

// Encoders are pooled because a new one allocates megabytes.
var quick, well = pool(1), pool(5)

func pool(quality int) *sync.Pool {
	return &sync.Pool{New: func() any {
		return brotli.NewWriterOptions(nil, brotli.WriterOptions{Quality: quality, LGWin: window})
	}}
}

// Add adds a member, once.
func (w *Writer) Add(k Kind, digest string, body []byte) {
	name := string(byte(k)) + digest
	if w.seen[name] {
		return
	}
	if w.seen == nil {
		w.seen = map[string]bool{}
	}
	w.seen[name] = true
	w.write(binary.AppendUvarint([]byte{byte(k)}, uint64(len(body))))
	w.write(body)
}

func (w *Writer) write(b []byte) {
	w.raw += len(b)
	if len(w.held)+len(b) > small {
		w.flush(quick)
	}
	w.held = append(w.held, b...)
}

// flush compresses what was held, in one piece because the quick encoder looks no
// further back than to where that begins.
func (w *Writer) flush(encoders *sync.Pool) {
	if w.enc == nil {
		w.out.WriteByte(format)
		w.enc = encoders.Get().(*brotli.Writer)
		w.enc.Reset(&w.out)
	}
	w.enc.Write(w.held) // a bytes.Buffer takes everything
	w.held = w.held[:0]
}

// Raw is how many bytes were added.
func (w *Writer) Raw() int { return w.raw }

// Close returns the pack; nil when nothing was added. The Writer cannot be used
// after it.
func (w *Writer) Close() ([]byte, error) {
	if w.raw == 0 {
		return nil, nil
	}
	encoders := quick
	if w.enc == nil { // all of it is held
		encoders = well
	}
	w.flush(encoders)
	if err := w.enc.Close(); err != nil {
		return nil, fmt.Errorf("pack: %w", err)
	}
	encoders.Put(w.enc)
	if w.out.Len() > MaxSize {
		return nil, fmt.Errorf("%w: %d bytes, %d are allowed", ErrSize, w.out.Len(), MaxSize)
	}
	return w.out.Bytes(), nil
}

// Read returns the members of a pack. Their digests are computed, not believed.
func Read(b []byte) ([]Member, error) {
	if len(b) == 0 {
		return nil, nil
	}
	if b[0] != format {
		return nil, ErrFormat
	}
	r := bufio.NewReader(io.LimitReader(brotli.NewReader(bytes.NewReader(b[1:])), maxContents+1))
	var out []Member
	for total := 0; ; {
		kind, err := r.ReadByte()
		if err == io.EOF {
			return out, nil
		}
		if err != nil {
			return nil, fmt.Errorf("pack: %w", err)
		}
		if k := Kind(kind); k != Recipe && k != Source {
			return nil, fmt.Errorf("pack: there is no kind %q of member", kind)
		}
		size, err := binary.ReadUvarint(r)
		if err != nil {
			return nil, fmt.Errorf("pack: %w", noEOF(err))
		}
		if total += int(min(size, maxContents+1)); total > maxContents {
			return nil, fmt.Errorf("%w: it holds more than %d bytes", ErrSize, maxContents)
		}
		body := make([]byte, size)
		if _, err := io.ReadFull(r, body); err != nil {
			return nil, fmt.Errorf("pack: %w", noEOF(err))
		}
		out = append(out, Member{Kind(kind), recipe.Sum(body), body})
	}
}

// noEOF says that an end in the middle of a member is not the end.
func noEOF(err error) error {
	if err == io.EOF {
		return io.ErrUnexpectedEOF
	}
	return err
}
