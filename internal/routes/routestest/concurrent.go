package routestest

import (
	"errors"
	"fmt"
	"strconv"
	"sync"
	"testing"

	"github.com/victorleungtw/blog/internal/routes"
)

const (
	writers = 8
	rounds  = 6
	share   = 5
	tries   = 10000 // of a writer; a table that is broken must not hang its test
)

// Of the writers that saw one ETag one wins, and all of its keys are there and
// none of the others'.
func oneWriterWins(t *testing.T, table routes.Table) {
	etag := version(t, table)
	for round := range rounds {
		start := make(chan struct{})
		errs := make([]error, writers)
		etags := make([]string, writers)
		var wg sync.WaitGroup
		for i := range writers {
			wg.Go(func() {
				me := strconv.Itoa(i)
				<-start
				etags[i], errs[i] = updated(t.Context(), table, etag, map[string]string{"a": me, "b": me, "only" + me: me}, nil)
			})
		}
		close(start)
		wg.Wait()
		winner := -1
		for i, err := range errs {
			switch {
			case err == nil && winner >= 0:
				t.Fatalf("round %d: writers %d and %d both won", round, winner, i)
			case err == nil:
				winner = i
			case !errors.Is(err, routes.ErrStale):
				t.Errorf("round %d: writer %d: %v, want ErrStale", round, i, err)
			}
		}
		if winner < 0 {
			t.Fatalf("round %d: nobody won", round)
		}
		me := strconv.Itoa(winner)
		want(t, table, map[string]string{"a": me, "b": me, "only" + me: me})
		etag = etags[winner]
		var err error
		if etag, err = updated(t.Context(), table, etag, nil, []string{"a", "b", "only" + me}); err != nil {
			t.Fatalf("round %d: Update with the winner's ETag: %v", round, err)
		}
	}
}

func noUpdateIsLost(t *testing.T, table routes.Table) {
	update(t, table, map[string]string{"n": "0"})
	var wg sync.WaitGroup
	for range writers {
		wg.Go(func() {
			won := 0
			for try := 0; won < share; try++ {
				if try == tries {
					t.Errorf("a writer won %d times in %d tries", won, try)
					return
				}
				// The version first: what is read after it may be newer, and
				// then the update fails.
				etag, err := table.Version(t.Context())
				if err != nil {
					t.Errorf("Version: %v", err)
					return
				}
				value, _, err := table.Get(t.Context(), "n")
				if err != nil {
					t.Errorf("Get: %v", err)
					return
				}
				n, err := strconv.Atoi(value)
				if err != nil {
					t.Errorf("Get: %v", err)
					return
				}
				_, err = table.Update(t.Context(), etag, map[string]string{"n": strconv.Itoa(n + 1)}, nil)
				switch {
				case err == nil:
					won++
				case !errors.Is(err, routes.ErrStale):
					t.Errorf("Update: %v", err)
					return
				}
			}
		})
	}
	wg.Wait()
	want(t, table, map[string]string{"n": strconv.Itoa(writers * share)})
}

// A reader of the whole table sees no call half done. Some of its tries may
// find the table changing all the time.
func allIsOneMoment(t *testing.T, table routes.Table) {
	// More keys than one page of AWS's, so that they are read in several calls.
	content := func(n int) map[string]string {
		puts := map[string]string{}
		for i := range routes.MaxUpdate {
			puts[fmt.Sprintf("k%03d", i)] = strconv.Itoa(n)
		}
		return puts
	}
	fill := map[string]string{}
	for i := range routes.MaxUpdate {
		fill[fmt.Sprintf("k%03d.5", i)] = "between"
	}
	update(t, table, fill)
	update(t, table, content(0))
	done := make(chan struct{})
	var wg sync.WaitGroup
	for range 2 {
		wg.Go(func() {
			for {
				select {
				case <-done:
					return
				default:
				}
				got, err := table.All(t.Context())
				if errors.Is(err, routes.ErrStale) {
					continue
				}
				if err != nil {
					t.Errorf("All: %v", err)
					return
				}
				if len(got) != 2*routes.MaxUpdate {
					t.Errorf("All = %d keys, want %d", len(got), 2*routes.MaxUpdate)
					return
				}
				for i := range routes.MaxUpdate {
					if a, b := got["k000"], got[fmt.Sprintf("k%03d", i)]; a != b {
						t.Errorf("All mixes two calls: k000 is %s, k%03d is %s", a, i, b)
						return
					}
				}
			}
		})
	}
	for n := 1; n <= 20 && !t.Failed(); n++ {
		update(t, table, content(n))
	}
	close(done)
	wg.Wait()
}
