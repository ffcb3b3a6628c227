package storetest

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/victorleungtw/blog/internal/store"
)

// RunJanitor runs what every store.Janitor must do beside being a Bucket. What
// becomes of versions is not in it: the stores that it runs on keep none.
func RunJanitor(t *testing.T, open func(t *testing.T) store.Janitor) {
	for _, test := range []struct {
		name string
		run  func(t *testing.T, b store.Janitor)
	}{
		{"Inspect", inspect},
		{"Delete", func(t *testing.T, b store.Janitor) { takeAway(t, b, b.Delete) }},
		{"Erase", func(t *testing.T, b store.Janitor) { takeAway(t, b, b.Erase) }},
		{"DeleteManyPages", deleteManyPages},
		{"DeleteAgainstCreate", deleteAgainstCreate},
	} {
		t.Run(test.name, func(t *testing.T) { test.run(t, open(t)) })
	}
}

func inspect(t *testing.T, b store.Janitor) {
	start := time.Now()
	body := map[string]string{"a-b/c": "1", "a/b": "four", "a/c/d": "", "b/a": "22"}
	for key, text := range body {
		create(t, b, key, text)
	}
	var keys []string
	for o, err := range b.Inspect(t.Context(), "a") {
		if err != nil {
			t.Fatal(err)
		}
		keys = append(keys, o.Key)
		if o.Size < int64(len(body[o.Key])) {
			t.Errorf("%s has %d bytes, want %d at least", o.Key, o.Size, len(body[o.Key]))
		}
		// A listing's times are whole seconds on S3.
		if o.Modified.Before(start.Add(-2*time.Second)) || o.Modified.After(time.Now().Add(2*time.Second)) {
			t.Errorf("%s was written at %s, want between %s and now", o.Key, o.Modified, start)
		}
	}
	if want := []string{"a-b/c", "a/b", "a/c/d"}; !slices.Equal(keys, want) {
		t.Errorf("Inspect yields %q, want %q", keys, want)
	}
	for o, err := range b.Inspect(t.Context(), "a/") {
		if err != nil || o.Key != "a/b" {
			t.Errorf("Inspect yields %q, %v first, want a/b", o.Key, err)
		}
		break // and nothing more must be yielded
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	var errs []error
	for _, err := range b.Inspect(ctx, "") {
		errs = append(errs, err)
	}
	if len(errs) != 1 || !errors.Is(errs[0], context.Canceled) {
		t.Errorf("Inspect with a context that ended yields the errors %v, want one context.Canceled", errs)
	}
}

func takeAway(t *testing.T, b store.Janitor, act func(context.Context, []string) error) {
	for _, key := range []string{"page/ab", "page/ab.br", "page/ab.gz", "page/abc", "page/b", "src/ab"} {
		create(t, b, key, "first "+key)
	}
	if err := act(t.Context(), nil); err != nil {
		t.Errorf("nothing: %v", err)
	}
	// One key of no form spoils the call before anything is gone.
	wantErr(t, "a key of no form", act(t.Context(), []string{"page/ab", "../x"}), store.ErrKey)
	wantBody(t, b, "page/ab", "first page/ab")

	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	wantErr(t, "with a context that ended", act(ctx, []string{"page/ab"}), context.Canceled)
	wantBody(t, b, "page/ab", "first page/ab")

	if err := act(t.Context(), []string{"page/ab", "page/ab.br", "never/was", "page/b", "page/ab"}); err != nil {
		t.Fatal(err)
	}
	for _, key := range []string{"page/ab", "page/ab.br", "page/b"} {
		wantNothing(t, b, key)
	}
	if got, want := list(t, b, ""), []string{"page/ab.gz", "page/abc", "src/ab"}; !slices.Equal(got, want) {
		t.Errorf("left are %q, want %q", got, want)
	}
	// What is gone can be written again, and swapped.
	create(t, b, "page/ab", "second")
	wantBody(t, b, "page/ab", "second")
	etag, err := b.Replace(t.Context(), "page/b", text, store.Bytes([]byte("third")), "")
	if err != nil || etag == "" {
		t.Errorf("Replace of what is gone: %q, %v", etag, err)
	}
	if err := act(t.Context(), []string{"page/b"}); err != nil {
		t.Fatal(err)
	}
	_, err = b.Replace(t.Context(), "page/b", text, store.Bytes([]byte("fourth")), etag)
	wantErr(t, "Replace of an object that is gone, by its ETag", err, store.ErrStale)
}

// S3 takes 1,000 keys at a time.
func deleteManyPages(t *testing.T, b store.Janitor) {
	if testing.Short() {
		t.Skip("writes 1,100 objects")
	}
	var keys []string
	for i := range 1100 {
		keys = append(keys, fmt.Sprintf("page/%04d", i))
	}
	createAll(t, b, keys)
	if err := b.Delete(t.Context(), keys[:1050]); err != nil {
		t.Fatal(err)
	}
	if got := list(t, b, ""); !slices.Equal(got, keys[1050:]) {
		t.Errorf("%d objects are left, want the last 50", len(got))
	}
}

// A key that is deleted while it is written is there afterwards or is not; it
// is never half there, and the store goes on.
func deleteAgainstCreate(t *testing.T, b store.Janitor) {
	const key, rounds = "page/a", 50
	done := make(chan error, 1)
	go func() {
		for range rounds {
			if err := b.Delete(t.Context(), []string{key}); err != nil {
				done <- err
				return
			}
		}
		done <- nil
	}()
	for range rounds {
		if err := b.Create(t.Context(), key, text, store.Bytes([]byte("whole"))); err != nil && !errors.Is(err, store.ErrExists) {
			t.Errorf("Create: %v", err)
		}
		if o, err := b.Get(t.Context(), key); err == nil && string(o.Body) != "whole" {
			t.Errorf("Get = %q", o.Body)
		} else if err != nil && !errors.Is(err, store.ErrNotExist) {
			t.Errorf("Get: %v", err)
		}
	}
	if err := <-done; err != nil {
		t.Errorf("Delete: %v", err)
	}
}
