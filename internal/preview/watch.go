package preview

import (
	"context"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"github.com/fsnotify/fsnotify" // the kernel's events, the same on every system
)

// settle is how long nothing may happen before a change is taken up: an editor
// that saves a file does several things to it.
const settle = 25 * time.Millisecond

// watcher sees every change in a folder or below it, from when it is made.
type watcher struct{ *fsnotify.Watcher }

func newWatcher(dir string) (*watcher, error) {
	all, err := fsnotify.NewWatcher()
	if err != nil {
		return nil, fmt.Errorf("watching %s: %w", dir, err)
	}
	w := &watcher{all}
	if err := w.add(dir); err != nil {
		w.Close()
		return nil, err
	}
	return w, nil
}

// run calls changed after every change, until ctx is done.
func (w *watcher) run(ctx context.Context, changed func()) error {
	defer w.Close()
	timer := time.NewTimer(time.Hour)
	timer.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case ev, ok := <-w.Events:
			if !ok {
				return nil
			}
			if ev.Op == fsnotify.Chmod {
				continue // reading a file may change its times
			}
			if ev.Has(fsnotify.Create) {
				// A new folder may have been filled before it was watched;
				// what is in it will be read, because everything is.
				if info, err := os.Stat(ev.Name); err == nil && info.IsDir() {
					if err := w.add(ev.Name); err != nil {
						return err
					}
				}
			}
			timer.Reset(settle)
		case err, ok := <-w.Errors:
			if !ok {
				return nil
			}
			// Events were lost; what they said is found by looking.
			if err != nil {
				timer.Reset(settle)
			}
		case <-timer.C:
			changed()
		}
	}
}

// add watches a folder and all below it.
func (w *watcher) add(dir string) error {
	err := filepath.WalkDir(dir, func(path string, e fs.DirEntry, err error) error {
		if os.IsNotExist(err) {
			return nil // gone again
		}
		if err != nil || !e.IsDir() {
			return err
		}
		return w.Add(path)
	})
	if err != nil {
		return fmt.Errorf("watching %s: %w", dir, err)
	}
	return nil
}
