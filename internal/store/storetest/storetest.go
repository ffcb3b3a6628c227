// Package storetest is what every store.Bucket must do, as tests.
//
//	func TestConformance(t *testing.T) {
//		storetest.Run(t, func(t *testing.T) store.Bucket { … })
//	}
//
// open returns a store that holds nothing yet; it is called once for each
// subtest. The suite asserts results only, never how long something took, and
// leaves out what only some stores can show: an answer that was lost, a
// permission that is missing (package s3 tests those), and a file that was
// damaged (package dir).
package storetest

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/victorleungtw/blog/internal/store"
)

// Run runs the suite.
func Run(t *testing.T, open func(t *testing.T) store.Bucket) {
	for _, test := range []struct {
		name string
		run  func(t *testing.T, b store.Bucket)
	}{
		{"CreateThenGet", createThenGet},
		{"CreateTwice", createTwice},
		{"Missing", missing},
		{"Replace", replace},
		{"ReplaceWhatWasCreated", replaceCreated},
		{"ReplaceABA", replaceABA},
		{"KeysAllowed", keysAllowed},
		{"KeysRefused", keysRefused},
		{"WrongBody", wrongBody},
		{"BodyThatCannotBeRead", bodyThatCannotBeRead},
		{"ListOrderAndPrefix", listOrderAndPrefix},
		{"ListManyPages", listManyPages},
		{"CancelledBefore", cancelledBefore},
		{"CancelledHalfway", cancelledHalfway},
		{"ConcurrentCreate", concurrentCreate},
		{"ConcurrentReplace", concurrentReplace},
		{"ConcurrentCounter", concurrentCounter},
		{"ReadersSeeWholeObjects", readersSeeWholeObjects},
	} {
		t.Run(test.name, func(t *testing.T) { test.run(t, open(t)) })
	}
}

var text = store.Meta{ContentType: "text/plain; charset=utf-8"}

func create(t *testing.T, b store.Bucket, key, body string) {
	t.Helper()
	if err := b.Create(t.Context(), key, text, store.Bytes([]byte(body))); err != nil {
		t.Fatalf("Create(%q): %v", key, err)
	}
}

func get(t *testing.T, b store.Bucket, key string) *store.Object {
	t.Helper()
	o, err := b.Get(t.Context(), key)
	if err != nil {
		t.Fatalf("Get(%q): %v", key, err)
	}
	return o
}

// wantBody asserts that the store holds exactly this under key.
func wantBody(t *testing.T, b store.Bucket, key, want string) {
	t.Helper()
	if o := get(t, b, key); string(o.Body) != want {
		t.Errorf("Get(%q) = %.40q, want %.40q", key, o.Body, want)
	}
}

func wantErr(t *testing.T, what string, err, want error) {
	t.Helper()
	if !errors.Is(err, want) {
		t.Errorf("%s: %v, want an error that wraps %q", what, err, want)
	}
}

func wantNothing(t *testing.T, b store.Bucket, key string) {
	t.Helper()
	_, err := b.Get(t.Context(), key)
	wantErr(t, fmt.Sprintf("Get(%q)", key), err, store.ErrNotExist)
}

// noise is n bytes that no compression shortens, the same on every run.
func noise(n int) []byte {
	b := make([]byte, n)
	r := rand.NewChaCha8([32]byte{1})
	r.Read(b)
	return b
}

func createThenGet(t *testing.T, b store.Bucket) {
	for _, test := range []struct {
		key  string
		meta store.Meta
		body []byte
	}{
		{"page/plain", store.Meta{ContentType: "text/html; charset=utf-8", CacheControl: store.Immutable}, []byte("<p>語</p>\n")},
		{"page/plain.br", store.Meta{ContentType: "text/html; charset=utf-8", ContentEncoding: "br", CacheControl: store.Immutable}, []byte("as it is")},
		// A client that decodes what it fetches would fail on this, or return
		// other bytes.
		{"page/plain.gz", store.Meta{ContentType: "text/html", ContentEncoding: "gzip"}, []byte("not gzip at all")},
		{"page/newlines", text, []byte("\n\n{\"size\":1}\n")},
		{"page/tagged", store.Meta{ContentType: "text/html", CacheTags: "p-0123,p-4567"}, []byte("tagged")},
		{"page/empty", text, nil},
		{"asset/large.bin", store.Meta{ContentType: "application/octet-stream"}, noise(5 << 20)},
	} {
		if err := b.Create(t.Context(), test.key, test.meta, store.Bytes(test.body)); err != nil {
			t.Fatalf("Create(%q): %v", test.key, err)
		}
		o := get(t, b, test.key)
		if o.Meta != test.meta {
			t.Errorf("Get(%q): metadata %+v, want %+v", test.key, o.Meta, test.meta)
		}
		if !bytes.Equal(o.Body, test.body) {
			t.Errorf("Get(%q): %d bytes %.40q, want %d bytes %.40q",
				test.key, len(o.Body), o.Body, len(test.body), test.body)
		}
		if o.ETag == "" {
			t.Errorf("Get(%q): no ETag", test.key)
		}
	}
}

func createTwice(t *testing.T, b store.Bucket) {
	create(t, b, "src/a", "first")
	err := b.Create(t.Context(), "src/a", store.Meta{ContentType: "image/png"}, store.Bytes([]byte("second")))
	wantErr(t, "second Create", err, store.ErrExists)
	wantErr(t, "third Create, of the same bytes",
		b.Create(t.Context(), "src/a", text, store.Bytes([]byte("first"))), store.ErrExists)
	wantBody(t, b, "src/a", "first")
	if m := get(t, b, "src/a").Meta; m != text {
		t.Errorf("metadata %+v, want the first Create's", m)
	}
}

func missing(t *testing.T, b store.Bucket) {
	wantNothing(t, b, "page/none")
	create(t, b, "page/a", "x")
	wantNothing(t, b, "page/none")
	wantNothing(t, b, "page") // a folder is no object
	wantNothing(t, b, "page/a.br")
}

func replace(t *testing.T, b store.Bucket) {
	const key = "head.json"
	put := func(body, seen string) (string, error) {
		return b.Replace(t.Context(), key, text, store.Bytes([]byte(body)), seen)
	}
	_, err := put("0", `"0123456789abcdef0123456789abcdef"`)
	wantErr(t, "Replace of an object that is not there", err, store.ErrStale)
	wantNothing(t, b, key)

	one, err := put("1", "")
	if err != nil {
		t.Fatalf("Replace with no ETag of an object that is not there: %v", err)
	}
	if o := get(t, b, key); o.ETag != one || string(o.Body) != "1" {
		t.Errorf("Get = %q with ETag %s, want 1 with %s", o.Body, o.ETag, one)
	}
	_, err = put("x", "")
	wantErr(t, "Replace with no ETag of an object that is there", err, store.ErrStale)
	_, err = put("x", `"0123456789abcdef0123456789abcdef"`)
	wantErr(t, "Replace with a wrong ETag", err, store.ErrStale)
	wantBody(t, b, key, "1")

	two, err := b.Replace(t.Context(), key, store.Meta{ContentType: "application/json", CacheControl: "no-cache"}, store.Bytes([]byte("2")), one)
	if err != nil {
		t.Fatalf("Replace with the right ETag: %v", err)
	}
	if two == one || two == "" {
		t.Errorf("ETag %q after %q: it must change with the bytes", two, one)
	}
	o := get(t, b, key)
	if string(o.Body) != "2" || o.ETag != two || o.ContentType != "application/json" || o.CacheControl != "no-cache" {
		t.Errorf("Get = %q, %+v, ETag %s; want 2 with its metadata and %s", o.Body, o.Meta, o.ETag, two)
	}
	_, err = put("x", one)
	wantErr(t, "Replace with an ETag that was replaced", err, store.ErrStale)
	wantErr(t, "Create of an object that Replace made",
		b.Create(t.Context(), key, text, store.Bytes([]byte("x"))), store.ErrExists)
	wantBody(t, b, key, "2")
}

func replaceCreated(t *testing.T, b store.Bucket) {
	create(t, b, "release/1.json", "1")
	seen := get(t, b, "release/1.json").ETag
	if _, err := b.Replace(t.Context(), "release/1.json", text, store.Bytes([]byte("2")), seen); err != nil {
		t.Fatalf("Replace with the ETag that Get returned: %v", err)
	}
	wantBody(t, b, "release/1.json", "2")
}

// An object that has its old bytes again may have its old ETag again: the
// contract says so, because S3 does. What must hold is that the ETag alone
// decides.
func replaceABA(t *testing.T, b store.Bucket) {
	const key = "head.json"
	seen := ""
	var tags []string
	for _, body := range []string{"A", "B", "A"} {
		tag, err := b.Replace(t.Context(), key, text, store.Bytes([]byte(body)), seen)
		if err != nil {
			t.Fatalf("Replace by %s: %v", body, err)
		}
		seen = tag
		tags = append(tags, tag)
	}
	_, err := b.Replace(t.Context(), key, text, store.Bytes([]byte("C")), tags[0])
	switch {
	case tags[0] == tags[2] && err != nil:
		t.Errorf("the first ETag is the current one, but Replace says %v", err)
	case tags[0] != tags[2]:
		wantErr(t, "Replace with the ETag of the first A", err, store.ErrStale)
	}
}

func keysAllowed(t *testing.T, b store.Bucket) {
	keys := []string{
		"ABCDEFGHIJKLMNOPQRSTUVWXYZ/abcdefghijklmnopqrstuvwxyz/0123456789-_.x",
		"-", "_", "a.", "a..b", "a/b.c/d", "a/-/_/0",
		"s/" + strings.Repeat("s", 200),
		strings.Repeat("k/", 200) + strings.Repeat("k", 112), // 512 bytes
	}
	for _, key := range keys {
		create(t, b, key, "at "+key)
	}
	for _, key := range keys {
		wantBody(t, b, key, "at "+key)
	}
	got := list(t, b, "")
	for _, key := range keys {
		if n := count(got, key); n != 1 {
			t.Errorf("List yields %.40q %d times", key, n)
		}
	}
}

func keysRefused(t *testing.T, b store.Bucket) {
	for _, key := range []string{
		"", "/", "/a", "a/", "a//b", ".", "..", "../a", "a/../b", "a/..", "a/./b", ".hidden", "a/.tmp",
		"a b", "a\x00b", "a\nb", "a?b", "a#b", "a%2Fb", `a\b`, "c:a", "語", "a\xff",
		strings.Repeat("k", 201), strings.Repeat("k/", 200) + strings.Repeat("k", 113),
	} {
		_, err := b.Get(t.Context(), key)
		wantErr(t, fmt.Sprintf("Get(%q)", key), err, store.ErrKey)
		err = b.Create(t.Context(), key, text, store.Bytes(nil))
		wantErr(t, fmt.Sprintf("Create(%q)", key), err, store.ErrKey)
		_, err = b.Replace(t.Context(), key, text, store.Bytes(nil), "")
		wantErr(t, fmt.Sprintf("Replace(%q)", key), err, store.ErrKey)
	}
	if keys := list(t, b, ""); len(keys) > 0 {
		t.Errorf("List = %q after nothing but refusals", keys)
	}
}

// body is a Body that counts what is opened and closed.
type body struct {
	io.ReadSeeker
	open *int
}

func (b body) Close() error { *b.open--; return nil }

func wrongBody(t *testing.T, b store.Bucket) {
	right := store.Bytes([]byte("some bytes"))
	open := 0
	read := func() (io.ReadSeekCloser, error) {
		open++
		return body{bytes.NewReader([]byte("some bytes")), &open}, nil
	}
	other := right.SHA256
	other[0] ^= 1
	create(t, b, "page/there", "before")
	seen := get(t, b, "page/there").ETag
	for name, wrong := range map[string]store.Body{
		"checksum":  {Size: right.Size, SHA256: other, Open: read},
		"too long":  {Size: right.Size - 1, SHA256: right.SHA256, Open: read},
		"too short": {Size: right.Size + 1, SHA256: right.SHA256, Open: read},
	} {
		err := b.Create(t.Context(), "page/a", text, wrong)
		wantErr(t, name+": Create", err, store.ErrCorrupt)
		_, err = b.Replace(t.Context(), "page/b", text, wrong, "")
		wantErr(t, name+": Replace of nothing", err, store.ErrCorrupt)
		_, err = b.Replace(t.Context(), "page/there", text, wrong, seen)
		wantErr(t, name+": Replace", err, store.ErrCorrupt)
		wantNothing(t, b, "page/a")
		wantNothing(t, b, "page/b")
		wantBody(t, b, "page/there", "before")
	}
	if open != 0 {
		t.Errorf("%d bodies were opened and not closed", open)
	}
	if err := b.Create(t.Context(), "page/a", text, right); err != nil {
		t.Errorf("Create of the right bytes after the wrong ones: %v", err)
	}
}

func bodyThatCannotBeRead(t *testing.T, b store.Bucket) {
	gone := errors.New("the file has gone")
	bad := store.Bytes([]byte("x"))
	bad.Open = func() (io.ReadSeekCloser, error) { return nil, gone }
	wantErr(t, "Create", b.Create(t.Context(), "src/a", text, bad), gone)
	_, err := b.Replace(t.Context(), "src/a", text, bad, "")
	wantErr(t, "Replace", err, gone)
	wantNothing(t, b, "src/a")
}
