package storetest

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"testing"

	"github.com/victorleungtw/blog/internal/store"
)

func list(t *testing.T, b store.Bucket, prefix string) []string {
	t.Helper()
	var keys []string
	for key, err := range b.List(t.Context(), prefix) {
		if err != nil {
			t.Fatalf("List(%q): %v", prefix, err)
		}
		keys = append(keys, key)
	}
	return keys
}

func count(keys []string, key string) int {
	n := 0
	for _, k := range keys {
		if k == key {
			n++
		}
	}
	return n
}

func listOrderAndPrefix(t *testing.T, b store.Bucket) {
	if keys := list(t, b, ""); len(keys) > 0 {
		t.Fatalf("List of an empty store = %q", keys)
	}
	// In byte order: "-" and "." come before "/", digits and letters after
	// it. A walk through folders in the order of their names gets this wrong.
	keys := []string{
		"a-b/c", "a.b", "a/b", "a/c-d", "a/c/d", "a/c/e", "a0", "aB", "ab", "b/a", "b0",
	}
	for i := range keys {
		create(t, b, keys[i*5%len(keys)], "x")
	}
	for prefix, want := range map[string][]string{
		"":       keys,
		"a":      {"a-b/c", "a.b", "a/b", "a/c-d", "a/c/d", "a/c/e", "a0", "aB", "ab"},
		"a/":     {"a/b", "a/c-d", "a/c/d", "a/c/e"},
		"a/c":    {"a/c-d", "a/c/d", "a/c/e"},
		"a/c/":   {"a/c/d", "a/c/e"},
		"a/c/d":  {"a/c/d"},
		"a/c/d/": nil,
		"a/x":    nil,
		"c":      nil,
		"../":    nil,
		"/":      nil,
	} {
		if got := list(t, b, prefix); !slices.Equal(got, want) {
			t.Errorf("List(%q) = %q, want %q", prefix, got, want)
		}
	}

	for key, err := range b.List(t.Context(), "a/") {
		if err != nil || key != "a/b" {
			t.Errorf("List yields %q, %v first, want a/b", key, err)
		}
		break // and nothing more must be yielded
	}

	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	var errs []error
	for key, err := range b.List(ctx, "") {
		if err == nil {
			t.Errorf("List yields %q after its context ended", key)
		}
		errs = append(errs, err)
	}
	if len(errs) != 1 || !errors.Is(errs[0], context.Canceled) {
		t.Errorf("List with a context that ended yields the errors %v, want one context.Canceled", errs)
	}
}

// S3 answers 1,000 keys at a time.
func listManyPages(t *testing.T, b store.Bucket) {
	if testing.Short() {
		t.Skip("writes 1,100 objects")
	}
	const n = 1100
	var want []string
	for i := range n {
		want = append(want, fmt.Sprintf("page/%04d", i))
	}
	createAll(t, b, want)
	keys := list(t, b, "page/")
	if len(keys) != n {
		t.Fatalf("List yields %d keys, want %d", len(keys), n)
	}
	for i, key := range keys {
		if key != want[i] {
			t.Fatalf("key %d is %q, want %q", i, key, want[i])
		}
	}
}

// createAll writes objects, eight at a time, each holding its key.
func createAll(t *testing.T, b store.Bucket, keys []string) {
	t.Helper()
	next := make(chan string)
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			for key := range next {
				if t.Failed() {
					continue // one report is enough
				}
				if err := b.Create(t.Context(), key, text, store.Bytes([]byte(key))); err != nil {
					t.Errorf("Create(%q): %v", key, err)
				}
			}
		})
	}
	for _, key := range keys {
		next <- key
	}
	close(next)
	wg.Wait()
}
