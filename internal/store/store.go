// Package store is one region's record of the blog: objects under keys, in a
// directory on this machine or in an S3 bucket.
//
// # Keys
//
//	src/<sha256>            a source: Markdown as the author wrote it
//	asset/<sha256>.<ext>    an image, an audio file: served as it is
//	recipe/<digest>         what one page is made from (package recipe)
//	page/<digest>           the page's bytes; .br and .gz beside it hold the same, encoded
//	release/<n>.json        a manifest (package release), n in ten digits
//	draft/<digest>          a page that only a signed link leads to, and its variants
//	head.json               which release is current
//	branch/<name>.json      what a branch shows (package release)
//	takedown/<sha256>.json  what was taken down, and may not come back
//	gc/<id>.json            what a collection of garbage deletes
//
// head.json, branch/ and takedown/ change; all others are written once.
//
// A key is 1 to 512 bytes of ASCII letters, digits, "-", "_" and ".", in
// segments of at most 200 bytes joined by "/". No segment is empty or begins
// with ".", and no key is a folder of another ("a" beside "a/b"). So a key can
// be a file's path, needs no escaping in a URL, and cannot lead out of a
// directory. CheckKey says whether one has this form; every store refuses one
// that has not.
//
// # What a Bucket promises
//
// What is written once is written with Create, and never changes: a second
// Create of a key answers ErrExists and leaves the first bytes alone.
//
// Replace is a compare-and-swap: of any number of writers that saw the same
// ETag exactly one wins. An ETag names bytes, not the act of writing them: an
// object that was replaced by B and then by its old bytes has its old ETag
// again, and a writer that still holds it wins. So what is swapped must hold
// something that never comes back, such as a release number.
//
// A reader sees an object whole or not at all, and one that was written is
// seen by every read that starts after the write returned (S3 has promised
// this since December 2020). Bytes are checked by SHA-256 on the way in and,
// where the store kept the checksum, on the way out.
//
// There is no delete: publishing needs none, and the role it runs under has no
// permission for it. What can delete is a Janitor.
//
// The suite in package storetest says all of this as tests; every store passes
// it.
package store

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"iter"
	"strings"
	"time"
)

var (
	// ErrNotExist is returned by Get for a key that was never written.
	ErrNotExist = fs.ErrNotExist
	// ErrExists is returned by Create for a key that is taken. For a key
	// named by its content's digest it means that the work is done.
	ErrExists = fs.ErrExist
	// ErrStale is returned by Replace when the object is not the one the
	// caller saw: it was replaced, or there is none, or there is one and the
	// caller saw none (HTTP 412, and 404 for an object that is not there).
	ErrStale = errors.New("the object changed since it was read")
	// ErrConflict is returned when the store could not decide because
	// another write was under way (HTTP 409 ConditionalRequestConflict).
	// The write may be tried again after a new read.
	ErrConflict = errors.New("another write to this object was under way")
	// ErrCorrupt is returned by Get when the bytes do not match the checksum
	// they were stored with, and by Create and Replace when the bytes that
	// were read from the Body are not those that it announced: then nothing
	// was written.
	ErrCorrupt = errors.New("the bytes do not match their checksum")
	// ErrKey is returned for a key that has not the form described above.
	ErrKey = errors.New("not a key")
)

// Meta is what is stored with an object and sent as its HTTP headers.
type Meta struct {
	ContentType     string
	ContentEncoding string // "", "br" or "gzip"
	CacheControl    string
	// CacheTags are the comma-separated words by which caches can be told to
	// forget the object, sent as CacheTagHeader. On S3 they are metadata.
	CacheTags string
}

// CacheTagHeader is the header in which an origin names an object's cache tags.
// S3 sends metadata under names that begin so, which is why it is not shorter.
const CacheTagHeader = "X-Amz-Meta-Cache-Tag"

// Immutable is the Cache-Control of everything that is named by its digest.
const Immutable = "public, max-age=31536000, immutable"

// Body is bytes that can be read more than once (a retry reads them again)
// and whose size and SHA-256 are known before the first byte is sent.
type Body struct {
	Size   int64
	SHA256 [sha256.Size]byte
	Open   func() (io.ReadSeekCloser, error)
}

// Bytes is a Body held in memory. b must not change while it is in use.
func Bytes(b []byte) Body {
	return Body{
		Size:   int64(len(b)),
		SHA256: sha256.Sum256(b),
		Open:   func() (io.ReadSeekCloser, error) { return nopCloser{bytes.NewReader(b)}, nil },
	}
}

type nopCloser struct{ io.ReadSeeker }

func (nopCloser) Close() error { return nil }

// Object is what Get returns.
type Object struct {
	Meta
	Body []byte
	ETag string // opaque; changes when the object is replaced
	// Date is when the store answered, by its own clock and to the second;
	// zero for a store that has none but this machine's.
	Date time.Time
}

const (
	maxKey     = 512
	maxSegment = 200 // leaves room for a store's own suffix in a 255-byte file name
)

// CheckKey returns an error that wraps ErrKey unless key has the form of a key.
func CheckKey(key string) error {
	if key == "" || len(key) > maxKey {
		return fmt.Errorf("%q: %w: want 1 to %d bytes", key, ErrKey, maxKey)
	}
	for segment := range strings.SplitSeq(key, "/") {
		if segment == "" || segment[0] == '.' || len(segment) > maxSegment {
			return fmt.Errorf("%q: %w: %q is empty, begins with a dot or is over %d bytes",
				key, ErrKey, segment, maxSegment)
		}
		for _, c := range []byte(segment) {
			if (c < 'a' || c > 'z') && (c < 'A' || c > 'Z') && (c < '0' || c > '9') &&
				c != '-' && c != '_' && c != '.' {
				return fmt.Errorf("%q: %w: %q is not allowed", key, ErrKey, c)
			}
		}
	}
	return nil
}

// Bucket is one region's store. All methods may be called at the same time.
// Errors wrap those above where one applies, and name the key.
type Bucket interface {
	// Get reads one object.
	Get(ctx context.Context, key string) (*Object, error)
	// Create writes an object that must not exist (If-None-Match: *).
	Create(ctx context.Context, key string, m Meta, b Body) error
	// Replace writes over the object whose ETag the caller saw (If-Match),
	// or, with an empty etag, creates it. It returns the new ETag.
	Replace(ctx context.Context, key string, m Meta, b Body, etag string) (string, error)
	// List yields the keys that begin with prefix, in byte order: "page/ab"
	// is a prefix of "page/abcd". After an error it yields nothing more.
	List(ctx context.Context, prefix string) iter.Seq2[string, error]
}
