package preview

import (
	"context"
	"os"
	"path/filepath"
	"testing"
	"time"
)

// Whatever an editor does to a file, and wherever, is a change.
func TestWatch(t *testing.T) {
	dir := t.TempDir()
	write := func(name string) {
		t.Helper()
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o777); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(time.Now().String()), 0o666); err != nil {
			t.Fatal(err)
		}
	}
	write("posts/a/index.en.md")
	ctx, cancel := context.WithCancel(context.Background())
	changes, done := make(chan struct{}, 100), make(chan error, 1)
	w, err := newWatcher(dir)
	if err != nil {
		t.Fatal(err)
	}
	write("posts/a/index.en.md") // before anybody listens
	go func() { done <- w.run(ctx, func() { changes <- struct{}{} }) }()
	select {
	case <-changes:
	case err := <-done:
		t.Fatalf("the watch ended: %v", err)
	case <-time.After(10 * time.Second):
		t.Fatal("a change before the watch ran was not seen")
	}
	for _, change := range []struct {
		name string
		do   func()
	}{
		{"an edit", func() { write("posts/a/index.en.md") }},
		{"a new file", func() { write("posts/a/index.ja.md") }},
		{"a new folder", func() { write("posts/b/c/index.en.md") }},
		{"a file in a new folder", func() { write("posts/b/c/picture.svg") }},
		{"a save through a rename", func() {
			write("x.tmp")
			if err := os.Rename(filepath.Join(dir, "x.tmp"), filepath.Join(dir, "posts/a/index.en.md")); err != nil {
				t.Error(err)
			}
		}},
		{"a file taken away", func() { os.Remove(filepath.Join(dir, "posts/a/index.ja.md")) }},
	} {
		for len(changes) > 0 {
			<-changes
		}
		change.do()
		select {
		case <-changes:
		case err := <-done:
			t.Fatalf("%s: the watch ended: %v", change.name, err)
		case <-time.After(10 * time.Second):
			t.Errorf("%s was not seen", change.name)
		}
	}
	cancel()
	if err := <-done; err != nil {
		t.Error(err)
	}
}
