// Package flock is a lock between processes: an exclusive lock on a file that
// exists for that purpose alone.
//
// The kernel lets go of it when its holder dies, however it dies, so there is
// no stale lock to clean up, and the file stays when nobody holds it. It is
// advisory: it keeps out those who ask for it. Two holders in one process
// exclude each other like two processes do, but it is no sync.Mutex: what
// goroutines share in memory needs one of those as well.
//
// It works on local file systems. On a network file system it is as good as
// that system's locks: do not share a directory that way.
package flock

import (
	"context"
	"fmt"
	"os"
)

// Lock waits for the lock on the file at path, which it creates when it is
// missing, and returns what releases it. It gives up when ctx ends.
func Lock(ctx context.Context, path string) (unlock func(), err error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o666)
	if err != nil {
		return nil, fmt.Errorf("opening the lock file: %w", err)
	}
	// The system call cannot be interrupted, so it waits by itself. Closing
	// the file releases the lock.
	got := make(chan error, 1)
	go func() { got <- lock(f) }()
	select {
	case err := <-got:
		if err != nil {
			f.Close()
			return nil, fmt.Errorf("locking %s: %w", path, err)
		}
		return func() { f.Close() }, nil
	case <-ctx.Done():
		go func() {
			<-got
			f.Close()
		}()
		return nil, fmt.Errorf("waiting for the lock on %s: %w", path, context.Cause(ctx))
	}
}
