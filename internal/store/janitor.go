package store

import (
	"context"
	"iter"
	"time"
)

// Info is what a listing says of an object.
type Info struct {
	Key      string
	Size     int64     // bytes that the store counts for it; a directory counts its line of metadata
	Modified time.Time // when it was written, by the store's clock
}

// Janitor takes objects away from a Bucket. It is apart from Bucket because
// publishing needs none of it: the role that publishes has no permission for
// these calls, and the one that has is a person's (see infra's janitor).
//
// Deleting is not part of what a Bucket promises its writers: a key that was
// written once can be written again after it was taken away. Who deletes must
// know that nobody relies on the object (package release says how).
type Janitor interface {
	Bucket
	// Inspect yields what List yields, with sizes and times.
	Inspect(ctx context.Context, prefix string) iter.Seq2[Info, error]
	// Delete takes objects away as far as readers can tell. A bucket that
	// keeps versions has them still, until its lifecycle rule expires them: an
	// object deleted by mistake can be brought back so long. A key that is not
	// there is no error. When it fails, any part of the keys may be deleted.
	Delete(ctx context.Context, keys []string) error
	// Erase takes away every version of objects, and the marks that earlier
	// deletes left: nothing brings them back.
	Erase(ctx context.Context, keys []string) error
}
