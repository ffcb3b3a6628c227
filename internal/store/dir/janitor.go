package dir

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"iter"
	"os"

	"github.com/victorleungtw/blog/internal/store"
)

var _ store.Janitor = (*Bucket)(nil)

// Inspect implements store.Janitor. The time is the file's, which a copy of the
// directory may not keep: then its objects look younger than they are.
func (b *Bucket) Inspect(ctx context.Context, prefix string) iter.Seq2[store.Info, error] {
	return func(yield func(store.Info, error) bool) {
		for key, err := range b.List(ctx, prefix) {
			if err != nil {
				yield(store.Info{}, err)
				return
			}
			file, err := os.Lstat(b.file(key))
			if errors.Is(err, fs.ErrNotExist) {
				continue // deleted meanwhile
			}
			if err != nil {
				yield(store.Info{}, fmt.Errorf("listing %s: %w", key, err))
				return
			}
			if !yield(store.Info{Key: key, Size: file.Size(), Modified: file.ModTime()}, nil) {
				return
			}
		}
	}
}

// Delete implements store.Janitor. A directory keeps no versions.
func (b *Bucket) Delete(ctx context.Context, keys []string) error {
	for _, key := range keys {
		if err := store.CheckKey(key); err != nil {
			return err
		}
	}
	for _, key := range keys {
		if err := ctx.Err(); err != nil {
			return fmt.Errorf("deleting %s: %w", key, err)
		}
		if err := os.Remove(b.file(key)); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return fmt.Errorf("deleting %s: %w", key, err)
		}
	}
	return nil
}

// Erase implements store.Janitor: it is Delete.
func (b *Bucket) Erase(ctx context.Context, keys []string) error { return b.Delete(ctx, keys) }
