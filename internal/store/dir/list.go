package dir

import (
	"cmp"
	"context"
	"fmt"
	"io/fs"
	"iter"
	"os"
	"slices"
	"strings"
)

// List implements store.Bucket.
func (b *Bucket) List(ctx context.Context, prefix string) iter.Seq2[string, error] {
	return func(yield func(string, error) bool) {
		b.walk(ctx, "", prefix, yield)
	}
}

// walk yields the keys in one folder and below; folder is "" or ends in "/".
// It returns false when the caller wants no more or was handed an error.
func (b *Bucket) walk(ctx context.Context, folder, prefix string, yield func(string, error) bool) bool {
	fail := func(err error) bool {
		yield("", fmt.Errorf("listing %s%s: %w", folder, prefix, err))
		return false
	}
	entries, err := os.ReadDir(b.file(folder))
	if err != nil {
		return fail(err)
	}
	// The order of keys is not that of names: "a-b" is before "a/b", though
	// "a" is before "a-b". A folder's name counts with its slash.
	name := func(e fs.DirEntry) string {
		if e.IsDir() {
			return e.Name() + "/"
		}
		return e.Name()
	}
	slices.SortFunc(entries, func(x, y fs.DirEntry) int { return cmp.Compare(name(x), name(y)) })
	for _, e := range entries {
		if err := ctx.Err(); err != nil {
			return fail(err)
		}
		key := folder + name(e)
		switch {
		case strings.HasPrefix(e.Name(), "."):
		case e.IsDir():
			// Below is something to yield when one of the two leads to the other.
			if (strings.HasPrefix(key, prefix) || strings.HasPrefix(prefix, key)) &&
				!b.walk(ctx, key, prefix, yield) {
				return false
			}
		case e.Type().IsRegular() && strings.HasPrefix(key, prefix):
			if !yield(key, nil) {
				return false
			}
		}
	}
	return true
}
