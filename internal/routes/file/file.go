// Package file is a route table in a file of this machine: what the edge of a
// preview or of a test reads, with the limits of the one at AWS.
//
// # The file
//
// One JSON object, a key a line, for people to read and to compare:
//
//	{
//	 "etag": "LG7…",
//	 "values": {
//	  "www!c": "{\"n\":18,…}",
//	  "www/": "18:9f86…"
//	 }
//	}
//
// The ETag is new and random with each change, so it never comes back.
//
// # Several processes at once
//
// Update takes the lock on FILE.lock, compares, writes FILE.new, forces it to
// the disk and renames it. So a reader sees the old table or the new one, and a
// killed process leaves at most a FILE.new, which the next Update overwrites.
//
// # Reading
//
// The edge reads the table on every request, so it is kept in memory, and each
// read asks the file system whether the file is still the same one: one stat,
// a microsecond or two. Size and time do not tell that (two changes fit into
// one tick of a file system's clock), and an inode alone does not either (it is
// used again when its file has gone). But the inode of an open file is not: the
// table keeps the file open that it has read.
package file

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"sync/atomic"

	"github.com/victorleungtw/blog/internal/flock"
	"github.com/victorleungtw/blog/internal/routes"
)

// Table is a routes.Table in a file.
type Table struct {
	path string
	last atomic.Pointer[snapshot]
	mu   sync.Mutex // one goroutine reads the file anew
}

var _ routes.Table = (*Table)(nil)

// snapshot is the table as one file holds it. It does not change.
type snapshot struct {
	content
	file *os.File    // open for as long as the snapshot is the last
	info os.FileInfo // what the file was when it was read
	size int         // bytes of keys and values
}

type content struct {
	ETag   string            `json:"etag"`
	Values map[string]string `json:"values"`
}

// Open returns the table in the file at path. It creates an empty one when the
// file is missing.
func Open(path string) (*Table, error) {
	path, err := filepath.Abs(path)
	if err != nil {
		return nil, fmt.Errorf("opening the route table: %w", err)
	}
	t := &Table{path: path}
	if err := t.create(); err != nil {
		return nil, fmt.Errorf("opening the route table: %w", err)
	}
	if _, err := t.read(); err != nil {
		return nil, err
	}
	return t, nil
}

func (t *Table) create() error {
	if err := os.MkdirAll(filepath.Dir(t.path), 0o777); err != nil {
		return err
	}
	unlock, err := t.lock(context.Background())
	if err != nil {
		return err
	}
	defer unlock()
	if _, err := os.Stat(t.path); !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return t.write(content{rand.Text(), map[string]string{}}, 0)
}

func (t *Table) lock(ctx context.Context) (func(), error) { return flock.Lock(ctx, t.path+".lock") }

// write replaces the file and keeps what it wrote, so that it need not be read
// again. The caller holds the lock.
func (t *Table) write(c content, size int) (err error) {
	f, err := os.Create(t.path + ".new")
	if err != nil {
		return err
	}
	defer func() {
		if err != nil {
			f.Close()
		}
	}()
	if _, err := f.Write(c.encode(size)); err != nil {
		return err
	}
	if err := f.Sync(); err != nil {
		return err
	}
	info, err := f.Stat()
	if err != nil {
		return err
	}
	if err := os.Rename(t.path+".new", t.path); err != nil {
		return err
	}
	t.keep(&snapshot{c, f, info, size})
	return nil
}

// encode is json.MarshalIndent for this one type, at a quarter of the time: the
// whole table is written with every call of a large publish.
func (c content) encode(size int) []byte {
	b := make([]byte, 0, size+16*len(c.Values)+100)
	b = append(b, "{\n \"etag\": "...)
	b = appendString(b, c.ETag)
	b = append(b, ",\n \"values\": {"...)
	for i, key := range slices.Sorted(maps.Keys(c.Values)) {
		if i > 0 {
			b = append(b, ',')
		}
		b = append(b, "\n  "...)
		b = appendString(b, key)
		b = append(b, ": "...)
		b = appendString(b, c.Values[key])
	}
	return append(b, "\n }\n}\n"...)
}

// appendString appends s, which is UTF-8, in JSON's form.
func appendString(b []byte, s string) []byte {
	for _, c := range []byte(s) {
		if c < ' ' || c == '"' || c == '\\' {
			quoted, _ := json.Marshal(s) // a string cannot fail
			return append(b, quoted...)
		}
	}
	b = append(b, '"')
	b = append(b, s...)
	return append(b, '"')
}

// keep makes s the last snapshot.
func (t *Table) keep(s *snapshot) {
	if old := t.last.Swap(s); old != nil {
		old.file.Close()
	}
}

// read returns the table as it is now.
func (t *Table) read() (*snapshot, error) {
	s, err := t.fresh()
	if s != nil || err != nil {
		return s, err
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	// Another goroutine may have read it meanwhile.
	if s, err := t.fresh(); s != nil || err != nil {
		return s, err
	}
	f, err := os.Open(t.path)
	if err != nil {
		return nil, fmt.Errorf("reading the route table: %w", err)
	}
	s = &snapshot{file: f}
	if err := s.load(); err != nil {
		f.Close()
		return nil, fmt.Errorf("reading the route table %s: %w\nhint: remove the file; publishing writes it anew", t.path, err)
	}
	t.keep(s)
	return s, nil
}

// fresh returns the last snapshot if the file is still the one it was read
// from, else nil.
func (t *Table) fresh() (*snapshot, error) {
	s := t.last.Load()
	now, err := os.Stat(t.path)
	if err != nil {
		return nil, fmt.Errorf("reading the route table: %w", err)
	}
	// A snapshot that is still the last was open while stat looked, so its
	// inode cannot have been that of another file.
	if s == nil || s != t.last.Load() || !os.SameFile(s.info, now) ||
		// A person who edits the file changes it in place.
		s.info.Size() != now.Size() || !s.info.ModTime().Equal(now.ModTime()) {
		return nil, nil
	}
	return s, nil
}

func (s *snapshot) load() (err error) {
	if s.info, err = s.file.Stat(); err != nil {
		return err
	}
	b, err := io.ReadAll(s.file)
	if err != nil {
		return err
	}
	if err := json.Unmarshal(b, &s.content); err != nil {
		return err
	}
	if s.ETag == "" {
		return errors.New("it has no ETag")
	}
	for k, v := range s.Values {
		s.size += len(k) + len(v)
	}
	return nil
}

// Version implements routes.Table.
func (t *Table) Version(ctx context.Context) (string, error) {
	if err := ctx.Err(); err != nil {
		return "", err
	}
	s, err := t.read()
	if err != nil {
		return "", err
	}
	return s.ETag, nil
}

// Get implements routes.Table.
func (t *Table) Get(ctx context.Context, key string) (string, bool, error) {
	if err := ctx.Err(); err != nil {
		return "", false, err
	}
	s, err := t.read()
	if err != nil {
		return "", false, err
	}
	value, ok := s.Values[key]
	return value, ok, nil
}

// All implements routes.Table. The map is the caller's.
func (t *Table) All(ctx context.Context) (map[string]string, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	s, err := t.read()
	if err != nil {
		return nil, err
	}
	all := make(map[string]string, len(s.Values))
	maps.Copy(all, s.Values)
	return all, nil
}

// Update implements routes.Table.
func (t *Table) Update(ctx context.Context, etag string, puts map[string]string, deletes []string) (routes.Info, error) {
	next, err := t.update(ctx, etag, puts, deletes)
	if err != nil {
		return routes.Info{}, fmt.Errorf("updating the route table: %w", err)
	}
	return next, nil
}

func (t *Table) update(ctx context.Context, etag string, puts map[string]string, deletes []string) (routes.Info, error) {
	if err := routes.CheckUpdate(puts, deletes); err != nil {
		return routes.Info{}, err
	}
	unlock, err := t.lock(ctx)
	if err != nil {
		return routes.Info{}, err
	}
	defer unlock()
	s, err := t.read()
	if err != nil {
		return routes.Info{}, err
	}
	if s.ETag != etag {
		return routes.Info{}, routes.ErrStale
	}
	if len(puts)+len(deletes) == 0 {
		return routes.Info{ETag: etag, Items: len(s.Values), Bytes: s.size}, nil
	}
	next := content{rand.Text(), make(map[string]string, len(s.Values)+len(puts))}
	maps.Copy(next.Values, s.Values)
	size := s.size
	put := func(key, value string) {
		if old, ok := next.Values[key]; ok {
			size -= len(key) + len(old)
		}
		next.Values[key] = value
		size += len(key) + len(value)
	}
	for key, value := range puts {
		put(key, value)
	}
	for _, key := range deletes {
		if old, ok := next.Values[key]; ok {
			size -= len(key) + len(old)
			delete(next.Values, key)
		}
	}
	if size > routes.MaxTable {
		return routes.Info{}, fmt.Errorf("%w: the table would have %d bytes, %d are allowed", routes.ErrLimit, size, routes.MaxTable)
	}
	if err := t.write(next, size); err != nil {
		return routes.Info{}, err
	}
	return routes.Info{ETag: next.ETag, Items: len(next.Values), Bytes: size}, nil
}
