// Package dir is a store in a directory of this machine: the record of a
// preview, of a test, or of a blog that one machine serves.
//
// # Files
//
// An object is the file of its key's name. The file's first line is its
// metadata, one JSON object; everything after that line is the bytes:
//
//	{"type":"text/html; charset=utf-8","encoding":"br","cache":"public, …","size":5120,"sha256":"9f86…"}
//
// One file rather than two, or extended attributes, because then metadata and
// bytes appear in one step on every file system, and cp and tar keep both.
// `tail -n +2 FILE` prints the bytes.
//
// Names that begin with "." are the store's own, and no key can begin so:
// .lock is held during a Replace, and .tmp holds files that are being written.
//
// # Several processes at once
//
// Create writes to .tmp and then makes a hard link under the final name, which
// fails when the name is taken: the file system itself picks the one winner.
// Where it has no hard links (FAT, some network file systems) Create takes the
// lock, looks, and renames. Replace takes the lock, compares, and renames. So a
// reader sees the old file or the new one, and a process that is killed leaves
// at most a file in .tmp, which Open removes when it is a day old.
//
// # Power failure
//
// Replace forces its file to the disk before the rename. Create does not: that would cost some
// milliseconds for each of thousands of objects, for the sake of a record that
// a new publish restores. After a power failure an object of the last seconds
// can thus be missing, cut short or empty. It is never served: every read
// checks size and SHA-256 and answers store.ErrCorrupt. The remedy is to remove
// that file and publish again.
//
// # ETags
//
// The ETag is the SHA-256 of the bytes in quotation marks, so it has the
// weakness that S3's has: it knows neither the metadata nor how often the
// object was replaced.
package dir

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"
	"time"

	"github.com/victorleungtw/blog/internal/flock"
	"github.com/victorleungtw/blog/internal/store"
)

// Bucket is a store.Bucket in a directory.
type Bucket struct {
	root string
	link func(oldname, newname string) error // os.Link; a test takes it away
}

var _ store.Bucket = (*Bucket)(nil)

const (
	lockName = ".lock"
	tmpName  = ".tmp"
	tmpAge   = 24 * time.Hour
)

// Open returns the store in the directory at path, which it creates when it is
// missing.
func Open(path string) (*Bucket, error) {
	root, err := filepath.Abs(path)
	if err != nil {
		return nil, fmt.Errorf("opening the store %s: %w", path, err)
	}
	b := &Bucket{root: root, link: os.Link}
	if err := os.MkdirAll(b.tmp(""), 0o777); err != nil {
		return nil, fmt.Errorf("opening the store %s: %w", path, err)
	}
	b.sweep()
	return b, nil
}

// sweep removes what killed processes left in .tmp. A failure costs disk space
// and nothing else.
func (b *Bucket) sweep() {
	entries, _ := os.ReadDir(b.tmp(""))
	for _, e := range entries {
		if info, err := e.Info(); err == nil && time.Since(info.ModTime()) > tmpAge {
			os.Remove(b.tmp(e.Name()))
		}
	}
}

func (b *Bucket) file(key string) string { return filepath.Join(b.root, filepath.FromSlash(key)) }
func (b *Bucket) tmp(name string) string { return filepath.Join(b.root, tmpName, name) }

// header is the first line of a file.
type header struct {
	Type     string `json:"type,omitempty"`
	Encoding string `json:"encoding,omitempty"`
	Cache    string `json:"cache,omitempty"`
	Tags     string `json:"tags,omitempty"`
	Size     int64  `json:"size"`
	SHA256   string `json:"sha256"`
}

func etag(sum [sha256.Size]byte) string { return `"` + hex.EncodeToString(sum[:]) + `"` }

// Get implements store.Bucket.
func (b *Bucket) Get(ctx context.Context, key string) (*store.Object, error) {
	if err := store.CheckKey(key); err != nil {
		return nil, err
	}
	if err := ctx.Err(); err != nil {
		return nil, fmt.Errorf("reading %s: %w", key, err)
	}
	return b.read(key)
}

func (b *Bucket) read(key string) (*store.Object, error) {
	data, err := os.ReadFile(b.file(key))
	switch {
	case errors.Is(err, syscall.EISDIR), errors.Is(err, syscall.ENOTDIR):
		// "page", or "head.json/x": no object in S3 either.
		return nil, fmt.Errorf("reading %s: %w", key, store.ErrNotExist)
	case err != nil:
		return nil, fmt.Errorf("reading %s: %w", key, err)
	}
	line, body, ok := bytes.Cut(data, []byte("\n"))
	var h header
	if !ok || json.Unmarshal(line, &h) != nil {
		return nil, corrupt(b.file(key), "it does not begin with a line of metadata")
	}
	if int64(len(body)) != h.Size {
		return nil, corrupt(b.file(key), fmt.Sprintf("it holds %d bytes of %d", len(body), h.Size))
	}
	sum := sha256.Sum256(body)
	if hex.EncodeToString(sum[:]) != h.SHA256 {
		return nil, corrupt(b.file(key), "its SHA-256 is another")
	}
	return &store.Object{
		Meta: store.Meta{ContentType: h.Type, ContentEncoding: h.Encoding, CacheControl: h.Cache, CacheTags: h.Tags},
		Body: body,
		ETag: etag(sum),
	}, nil
}

func corrupt(file, why string) error {
	return fmt.Errorf("reading %s: %w: %s\nhint: a power failure or another program damaged the file; remove it and publish again",
		file, store.ErrCorrupt, why)
}

// Create implements store.Bucket.
func (b *Bucket) Create(ctx context.Context, key string, m store.Meta, body store.Body) error {
	if err := store.CheckKey(key); err != nil {
		return err
	}
	// The look before the work is a courtesy: place decides.
	if _, err := os.Lstat(b.file(key)); err == nil {
		return fmt.Errorf("creating %s: %w", key, store.ErrExists)
	}
	tmp, err := b.write(ctx, m, body, false)
	if err != nil {
		return fmt.Errorf("creating %s: %w", key, err)
	}
	defer os.Remove(tmp)
	if err := b.place(ctx, tmp, key); err != nil {
		return fmt.Errorf("creating %s: %w", key, err)
	}
	return nil
}

// Replace implements store.Bucket.
func (b *Bucket) Replace(ctx context.Context, key string, m store.Meta, body store.Body, seen string) (string, error) {
	if err := store.CheckKey(key); err != nil {
		return "", err
	}
	tmp, err := b.write(ctx, m, body, true)
	if err != nil {
		return "", fmt.Errorf("replacing %s: %w", key, err)
	}
	defer os.Remove(tmp)
	if seen == "" {
		err = b.place(ctx, tmp, key)
		if errors.Is(err, store.ErrExists) {
			err = store.ErrStale
		}
	} else {
		err = b.swap(ctx, tmp, key, seen)
	}
	if err != nil {
		return "", fmt.Errorf("replacing %s: %w", key, err)
	}
	return etag(body.SHA256), nil
}

// write copies a body into a new file in .tmp, its metadata first, and refuses
// a body that is not what it said it was.
func (b *Bucket) write(ctx context.Context, m store.Meta, body store.Body, sync bool) (tmp string, err error) {
	if err := ctx.Err(); err != nil {
		return "", err
	}
	line, err := json.Marshal(header{
		m.ContentType, m.ContentEncoding, m.CacheControl, m.CacheTags, body.Size, hex.EncodeToString(body.SHA256[:]),
	})
	if err != nil {
		return "", err
	}
	in, err := body.Open()
	if err != nil {
		return "", err
	}
	defer in.Close()

	f, err := os.CreateTemp(b.tmp(""), "*")
	if err != nil {
		return "", err
	}
	defer func() {
		if cerr := f.Close(); err == nil {
			err = cerr
		}
		if err != nil {
			os.Remove(f.Name())
			tmp = ""
		}
	}()
	// CreateTemp makes files private; a web server of another user is a
	// reader like any other.
	if err := f.Chmod(0o644); err != nil {
		return "", err
	}
	if _, err := f.Write(append(line, '\n')); err != nil {
		return "", err
	}
	hash := sha256.New()
	n, err := io.Copy(io.MultiWriter(f, hash), reader{ctx, in})
	if err != nil {
		return "", err
	}
	if n != body.Size || !bytes.Equal(hash.Sum(nil), body.SHA256[:]) {
		return "", fmt.Errorf("%w: read %d bytes with SHA-256 %x, announced %d with %x",
			store.ErrCorrupt, n, hash.Sum(nil), body.Size, body.SHA256)
	}
	if sync {
		if err := f.Sync(); err != nil {
			return "", err
		}
	}
	return f.Name(), nil
}

// reader stops a copy when its context ends.
type reader struct {
	ctx context.Context
	r   io.Reader
}

func (r reader) Read(p []byte) (int, error) {
	if err := r.ctx.Err(); err != nil {
		return 0, err
	}
	return r.r.Read(p)
}

// place gives the file at tmp the key's name if that is free.
func (b *Bucket) place(ctx context.Context, tmp, key string) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	name := b.file(key)
	err := b.link(tmp, name)
	if errors.Is(err, fs.ErrNotExist) { // the first object in its folder
		if err := os.MkdirAll(filepath.Dir(name), 0o777); err != nil {
			return err
		}
		err = b.link(tmp, name)
	}
	switch {
	case err == nil:
		return nil
	case errors.Is(err, fs.ErrExist):
		return store.ErrExists
	}
	// No hard links here, or another failure that the rename reports better.
	unlock, err := flock.Lock(ctx, filepath.Join(b.root, lockName))
	if err != nil {
		return err
	}
	defer unlock()
	if err := os.MkdirAll(filepath.Dir(name), 0o777); err != nil {
		return err
	}
	if _, err := os.Lstat(name); err == nil {
		return store.ErrExists
	}
	return os.Rename(tmp, name)
}

// swap gives the file at tmp the key's name if that still names the object
// whose ETag the caller saw.
func (b *Bucket) swap(ctx context.Context, tmp, key, seen string) error {
	unlock, err := flock.Lock(ctx, filepath.Join(b.root, lockName))
	if err != nil {
		return err
	}
	defer unlock()
	switch current, err := b.read(key); {
	case errors.Is(err, store.ErrNotExist):
		return fmt.Errorf("%w: there is none", store.ErrStale)
	case err != nil:
		return err
	case current.ETag != seen:
		return fmt.Errorf("%w: saw %s, now %s", store.ErrStale, seen, current.ETag)
	}
	return os.Rename(tmp, b.file(key))
}
