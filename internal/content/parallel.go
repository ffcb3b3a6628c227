package content

import (
	"context"
	"runtime"
	"sync"
	"sync/atomic"
)

// bufferSize is how much of a file is read at a time. Most images of a post
// fit, and are then read and hashed in one go.
const bufferSize = 256 << 10

// each calls do for 0 to n-1, in no order and on every CPU, each worker with a
// buffer of its own. It returns the error of the lowest number among those that
// were tried; after an error, no more are begun.
func each(ctx context.Context, n int, do func(i int, buf []byte) error) error {
	var (
		next   atomic.Int64
		failed atomic.Bool
		mu     sync.Mutex
		first  = n
		err    error
		wg     sync.WaitGroup
	)
	for range min(n, runtime.GOMAXPROCS(0)) {
		wg.Go(func() {
			buf := make([]byte, bufferSize)
			for !failed.Load() {
				i := int(next.Add(1)) - 1
				if i >= n {
					return
				}
				e := ctx.Err()
				if e == nil {
					e = do(i, buf)
				}
				if e != nil {
					failed.Store(true)
					mu.Lock()
					if i < first {
						first, err = i, e
					}
					mu.Unlock()
				}
			}
		})
	}
	wg.Wait()
	return err
}
