package release

import (
	"context"
	"maps"
	"slices"
	"strings"

	"golang.org/x/sync/errgroup"

	"github.com/victorleungtw/blog/internal/routes"
)

// A first publish writes the entries of all paths, fifty keys a call, each call
// after the one before. So it packs them into blocks, and writes these while pages
// are uploaded and made, into a table that was empty when it began, where no key
// says yet that anything is current.
//
// Only then. A release over another one is written after its head was swapped:
// before, its number could be one that loses, and its entries would be seen once
// a later number is current. Whoever finds no release and a table that is not
// empty compares all of it with the record, so what is written early and given
// up is found (sync).

// empty says whether nothing was ever published, and the table holds nothing.
// Then the table is known from here on, as of its version before it was read.
func (p *Publisher) empty(ctx context.Context, s *state) bool {
	if s.head.N != 0 || s.version == "" {
		return false
	}
	all, err := p.Table.All(ctx)
	if err != nil || len(all) > 0 {
		return false
	}
	s.table = s.version
	return true
}

// writeEarly is provide and write at once. It takes the release's number before
// its pages are there: one more that is passed over when they cannot be made.
func (p *Publisher) writeEarly(ctx context.Context, s *state, next *Head, train []coach, diffs []*difference, provide func(context.Context) error) (*update, error) {
	u, err := p.write(ctx, *s, nil, next, train, diffs)
	if err != nil {
		return nil, err
	}
	if settled := u.allSettled(); len(settled) >= worthBlocks {
		u.pack(nil, settled)
	}
	g, gctx := errgroup.WithContext(ctx)
	g.Go(func() error { return provide(gctx) })
	g.Go(func() error {
		s.table = p.putEarly(gctx, s.table, u)
		return nil
	})
	return u, g.Wait()
}

// allSettled are the paths of an update that blocks can hold.
func (u *update) allSettled() map[string]string {
	out := map[string]string{}
	for key, v := range u.puts {
		if digest := u.settled(v); digest != "" {
			out[strings.TrimPrefix(key, string(routes.Site))] = digest
		}
	}
	return out
}

// putEarly writes entries for as long as they fill calls, and takes them from u.
// It returns the table's ETag; "" when the table is not known any more, because
// somebody else wrote it, or a call failed. Then the last step looks at it anew.
func (p *Publisher) putEarly(ctx context.Context, etag string, u *update) string {
	for chunk := range slices.Chunk(slices.Sorted(maps.Keys(u.puts)), routes.MaxUpdate) {
		if len(chunk) < routes.MaxUpdate {
			break // goes with the key that makes all of it visible
		}
		batch := make(map[string]string, len(chunk))
		for _, k := range chunk {
			batch[k] = u.puts[k]
		}
		info, err := p.Table.Update(ctx, etag, batch, nil)
		if err != nil {
			p.Log.DebugContext(ctx, "the entries are not all written early", "error", err)
			return ""
		}
		etag = info.ETag
		for _, k := range chunk {
			delete(u.puts, k)
		}
	}
	return etag
}
