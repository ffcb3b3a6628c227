package release

import (
	"context"
	"testing"

	"github.com/victorleungtw/blog/internal/routes"
)

// Where readers are sent is no release's business: whatever is published, taken
// back or mended, the word stays.
func TestTrafficStays(t *testing.T) {
	ctx := context.Background()
	w := newWorld(t)
	const word = `{"standby":100,"dynamic":"standby","regions":["sg","hk"]}`
	key := routes.Site.TrafficKey()
	put := func() {
		t.Helper()
		etag, err := w.table.Version(ctx)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := w.table.Update(ctx, etag, map[string]string{key: word}, nil); err != nil {
			t.Fatal(err)
		}
	}
	stays := func(after string) {
		t.Helper()
		if v, ok, err := w.table.Get(ctx, key); err != nil || !ok || v != word {
			t.Errorf("after %s: %q %v", after, v, err)
		}
	}
	put() // before anything was published
	publish(t, w.publisher(), planOf(t, map[string]string{"a": "A."}))
	stays("the first publish")
	publish(t, w.publisher(), planOf(t, map[string]string{"a": "A, changed.", "b": "B."}))
	stays("a publish")
	if _, err := w.publisher().Rollback(ctx, 1); err != nil {
		t.Fatal(err)
	}
	stays("a rollback")
	for _, look := range []bool{true, false} {
		rep, err := w.publisher().Repair(ctx, look)
		if err != nil {
			t.Fatal(err)
		}
		if rep.Routes != 0 {
			t.Errorf("repair counts %d routes that differ", rep.Routes)
		}
		stays("a repair")
	}
	// The table forgets what it holds, and is written anew.
	etag, err := w.table.Version(ctx)
	if err != nil {
		t.Fatal(err)
	}
	_, _, cur := w.blocksOf()
	cur = routes.Current{N: 1, Blocks: cur.Blocks}
	if _, err := w.table.Update(ctx, etag, map[string]string{routes.Site.CurrentKey(): cur.String()}, nil); err != nil {
		t.Fatal(err)
	}
	publish(t, w.publisher(), planOf(t, map[string]string{"a": "A third time."}))
	stays("a rebuilt table")
	w.checkWhole()
}
