package store_test

import (
	"errors"
	"net/url"
	"path/filepath"
	"strings"
	"testing"

	"github.com/victorleungtw/blog/internal/store"
)

// What CheckKey allows cannot lead out of a directory and means the same in a
// URL.
func FuzzCheckKey(f *testing.F) {
	for _, key := range []string{
		"head.json", "page/0a.br", "release/0000000001.json", "a..b", "..", "../a", "a/../b", ".tmp/x", "/a", "a//b", "a\x00", "語",
	} {
		f.Add(key)
	}
	f.Fuzz(func(t *testing.T, key string) {
		if err := store.CheckKey(key); err != nil {
			if !errors.Is(err, store.ErrKey) {
				t.Errorf("CheckKey(%q) = %v, want an error that wraps ErrKey", key, err)
			}
			return
		}
		if !filepath.IsLocal(key) || filepath.ToSlash(filepath.Clean(key)) != key || strings.HasPrefix(key, ".") {
			t.Errorf("CheckKey allows %q", key)
		}
		if escaped := (&url.URL{Path: key}).EscapedPath(); escaped != key {
			t.Errorf("CheckKey allows %q, which is %q in a URL", key, escaped)
		}
	})
}
