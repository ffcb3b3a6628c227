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
// Zstandard (RFC 8878) over one record a member: a byte, 'r' for a recipe or 's'
// for a source; the length as an unsigned varint; the bytes. A member has no
// name: it is its own SHA-256.
//
// Zstandard and not brotli, which pages are stored in: a pack is read once, and
// at the same size it is made in a fifth of the time, which is what a first
// publish is short of.
package pack

import (
	"bufio"
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"sync"

	"github.com/klauspost/compress/zstd" // the standard library has no Zstandard

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
	out  bytes.Buffer
	w    *zstd.Encoder
	seen map[string]bool
	raw  int
}

// window is how far back a pack repeats itself. Most packs fit into it; an
// encoder keeps it twice.
const window = 1 << 20

// encoders are pooled because a new one allocates megabytes.
var encoders = sync.Pool{New: func() any {
	e, err := zstd.NewWriter(nil, zstd.WithEncoderLevel(zstd.SpeedFastest), zstd.WithEncoderConcurrency(1),
		zstd.WithWindowSize(window), zstd.WithLowerEncoderMem(true))
	if err != nil {
		panic(err) // an option that the library does not know
	}
	return e
}}

// Add adds a member, once.
func (w *Writer) Add(k Kind, digest string, body []byte) {
	name := string(byte(k)) + digest
	if w.seen[name] {
		return
	}
	if w.w == nil {
		w.seen = map[string]bool{}
		w.w = encoders.Get().(*zstd.Encoder)
		w.w.Reset(&w.out)
	}
	w.seen[name] = true
	head := binary.AppendUvarint([]byte{byte(k)}, uint64(len(body)))
	w.w.Write(head) // a bytes.Buffer takes everything
	w.w.Write(body)
	w.raw += len(head) + len(body)
}

// Raw is how many bytes were added.
func (w *Writer) Raw() int { return w.raw }

// Close returns the pack; nil when nothing was added. The Writer cannot be used
// after it.
func (w *Writer) Close() ([]byte, error) {
	if w.w == nil {
		return nil, nil
	}
	if err := w.w.Close(); err != nil {
		return nil, fmt.Errorf("pack: %w", err)
	}
	encoders.Put(w.w)
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
	d, err := zstd.NewReader(bytes.NewReader(b), zstd.WithDecoderConcurrency(1), zstd.WithDecoderMaxWindow(window))
	if err != nil {
		return nil, fmt.Errorf("pack: %w", err)
	}
	defer d.Close()
	r := bufio.NewReader(io.LimitReader(d, maxContents+1))
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
