package storetest

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/victorleungtw/blog/internal/store"
)

const (
	writers = 12
	rounds  = 8
	tries   = 10000 // of a writer; a store that is broken must not hang its test
)

// race calls write from many goroutines at once and returns the number of the
// one that won. Every other must have lost by one of the errors in lost.
func race(t *testing.T, write func(i int) error, lost ...error) int {
	t.Helper()
	start := make(chan struct{})
	errs := make([]error, writers)
	var wg sync.WaitGroup
	for i := range writers {
		wg.Go(func() {
			<-start
			errs[i] = write(i)
		})
	}
	close(start)
	wg.Wait()
	winner := -1
next:
	for i, err := range errs {
		if err == nil {
			if winner >= 0 {
				t.Errorf("writers %d and %d both won", winner, i)
			}
			winner = i
			continue
		}
		for _, want := range lost {
			if errors.Is(err, want) {
				continue next
			}
		}
		t.Errorf("writer %d: %v, want one of %q", i, err, lost)
	}
	if winner < 0 {
		t.Fatal("nobody won")
	}
	return winner
}

func concurrentCreate(t *testing.T, b store.Bucket) {
	for round := range rounds {
		key := fmt.Sprintf("page/%d", round)
		winner := race(t, func(i int) error {
			m := store.Meta{ContentType: "text/x-" + strconv.Itoa(i)}
			return b.Create(t.Context(), key, m, store.Bytes([]byte(strconv.Itoa(i))))
		}, store.ErrExists, store.ErrConflict)
		o := get(t, b, key)
		if want := strconv.Itoa(winner); string(o.Body) != want || o.ContentType != "text/x-"+want {
			t.Errorf("round %d: %q of type %s, but writer %s won", round, o.Body, o.ContentType, want)
		}
	}
}

func concurrentReplace(t *testing.T, b store.Bucket) {
	const key = "head.json"
	seen := "" // the first round creates
	for round := range rounds {
		tags := make([]string, writers)
		winner := race(t, func(i int) (err error) {
			body := fmt.Sprintf("round %d, writer %d", round, i)
			tags[i], err = b.Replace(t.Context(), key, text, store.Bytes([]byte(body)), seen)
			return err
		}, store.ErrStale, store.ErrConflict)
		wantBody(t, b, key, fmt.Sprintf("round %d, writer %d", round, winner))
		seen = tags[winner]
		if now := get(t, b, key).ETag; now != seen {
			t.Errorf("round %d: ETag %s, the winner was told %s", round, now, seen)
		}
	}
}

// No update is lost: each writer adds one until it has won its share.
func concurrentCounter(t *testing.T, b store.Bucket) {
	const key, share = "head.json", 5
	if _, err := b.Replace(t.Context(), key, text, store.Bytes([]byte("0")), ""); err != nil {
		t.Fatal(err)
	}
	var wg sync.WaitGroup
	for range writers {
		wg.Go(func() {
			won := 0
			for try := 0; won < share; try++ {
				if try == tries {
					t.Errorf("a writer won %d times in %d tries", won, try)
					return
				}
				o, err := b.Get(t.Context(), key)
				if err != nil {
					t.Errorf("Get: %v", err)
					return
				}
				n, err := strconv.Atoi(string(o.Body))
				if err != nil {
					t.Errorf("Get: %v", err)
					return
				}
				_, err = b.Replace(t.Context(), key, text, store.Bytes([]byte(strconv.Itoa(n+1))), o.ETag)
				switch {
				case err == nil:
					won++
				case !errors.Is(err, store.ErrStale) && !errors.Is(err, store.ErrConflict):
					t.Errorf("Replace: %v", err)
					return
				}
			}
		})
	}
	wg.Wait()
	wantBody(t, b, key, strconv.Itoa(writers*share))
}

// A reader sees the bytes, the metadata and the ETag of one write.
func readersSeeWholeObjects(t *testing.T, b store.Bucket) {
	const key, size = "head.json", 64 << 10
	write := func(i int, seen string) string {
		m := store.Meta{ContentType: "text/x-" + strconv.Itoa(i)}
		tag, err := b.Replace(t.Context(), key, m, store.Bytes([]byte(strings.Repeat(string(rune('a'+i)), size))), seen)
		if err != nil {
			t.Errorf("Replace: %v", err)
		}
		return tag
	}
	seen := write(0, "")
	done := make(chan struct{})
	var wg sync.WaitGroup
	tags := make([]map[byte]string, 3) // by reader, then by the letter it saw
	for r := range tags {
		tags[r] = map[byte]string{}
		wg.Go(func() {
			for {
				select {
				case <-done:
					return
				default:
				}
				o, err := b.Get(t.Context(), key)
				if err != nil {
					t.Errorf("Get: %v", err)
					return
				}
				if len(o.Body) != size || bytes.Count(o.Body, o.Body[:1]) != size {
					t.Errorf("Get: %d bytes that begin with %.1q are a mixture", len(o.Body), o.Body)
					return
				}
				letter := o.Body[0]
				if want := "text/x-" + strconv.Itoa(int(letter-'a')); o.ContentType != want {
					t.Errorf("Get: the bytes of %s with the metadata %s", want, o.ContentType)
				}
				if was, ok := tags[r][letter]; ok && was != o.ETag {
					t.Errorf("Get: the bytes %c with the ETags %s and %s", letter, was, o.ETag)
				}
				tags[r][letter] = o.ETag
			}
		})
	}
	for i := 1; i < 20 && !t.Failed(); i++ {
		seen = write(i, seen)
	}
	close(done)
	wg.Wait()
}

func cancelledBefore(t *testing.T, b store.Bucket) {
	create(t, b, "page/there", "x")
	seen := get(t, b, "page/there").ETag
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err := b.Get(ctx, "page/there")
	wantErr(t, "Get", err, context.Canceled)
	wantErr(t, "Create", b.Create(ctx, "page/a", text, store.Bytes([]byte("x"))), context.Canceled)
	_, err = b.Replace(ctx, "page/b", text, store.Bytes([]byte("x")), "")
	wantErr(t, "Replace of nothing", err, context.Canceled)
	_, err = b.Replace(ctx, "page/there", text, store.Bytes([]byte("y")), seen)
	wantErr(t, "Replace", err, context.Canceled)
	wantNothing(t, b, "page/a")
	wantNothing(t, b, "page/b")
	wantBody(t, b, "page/there", "x")
}

// fuse ends a context when half of the bytes were read.
type fuse struct {
	io.ReadSeeker
	left   int
	cancel func()
}

func (f *fuse) Read(p []byte) (int, error) {
	n, err := f.ReadSeeker.Read(p[:min(len(p), 4096)])
	if f.left -= n; f.left <= 0 {
		f.cancel()
	}
	return n, err
}

func (f *fuse) Close() error { return nil }

func cancelledHalfway(t *testing.T, b store.Bucket) {
	data := noise(2 << 20)
	for _, test := range []struct {
		name  string
		write func(ctx context.Context, key string, body store.Body) error
	}{
		{"create", func(ctx context.Context, key string, body store.Body) error {
			return b.Create(ctx, key, text, body)
		}},
		{"replace", func(ctx context.Context, key string, body store.Body) error {
			_, err := b.Replace(ctx, key, text, body, "")
			return err
		}},
	} {
		ctx, cancel := context.WithCancel(t.Context())
		body := store.Bytes(data)
		body.Open = func() (io.ReadSeekCloser, error) {
			return &fuse{bytes.NewReader(data), len(data) / 2, cancel}, nil
		}
		wantErr(t, test.name, test.write(ctx, "asset/"+test.name, body), context.Canceled)
		wantNothing(t, b, "asset/"+test.name)
	}
}
