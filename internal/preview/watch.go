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

// watch calls changed after every change in dir or below it, until ctx is done.
func watch(ctx context.Context, dir string, changed func()) error {
	w, err := fsnotify.NewWatcher()
	if err != nil {
		return fmt.Errorf("watching %s: %w", dir, err)
	}
	defer w.Close()
	if err := addAll(w, dir); err != nil {
		return fmt.Errorf("watching %s: %w", dir, err)
	}
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
					if err := addAll(w, ev.Name); err != nil {
						return fmt.Errorf("watching %s: %w", ev.Name, err)
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

func addAll(w *fsnotify.Watcher, dir string) error {
	return filepath.WalkDir(dir, func(path string, e fs.DirEntry, err error) error {
		if os.IsNotExist(err) {
			return nil // gone again
		}
		if err != nil || !e.IsDir() {
			return err
		}
		return w.Add(path)
	})
}
