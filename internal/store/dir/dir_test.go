package dir

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/victorleungtw/blog/internal/store"
	"github.com/victorleungtw/blog/internal/store/storetest"
)

func TestMain(m *testing.M) {
	if path := os.Getenv("DIR_TEST_WORKER"); path != "" {
		if err := worker(path); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		os.Exit(0)
	}
	os.Exit(m.Run())
}

func open(t testing.TB) *Bucket {
	t.Helper()
	b, err := Open(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func TestConformance(t *testing.T) {
	storetest.Run(t, func(t *testing.T) store.Bucket { return open(t) })
}

func TestJanitor(t *testing.T) {
	storetest.RunJanitor(t, func(t *testing.T) store.Janitor { return open(t) })
}

// Some file systems have no hard links.
func TestConformanceWithoutLinks(t *testing.T) {
	storetest.Run(t, func(t *testing.T) store.Bucket {
		b := open(t)
		b.link = func(string, string) error { return errors.ErrUnsupported }
		return b
	})
}

const (
	processes = 4
	races     = 60 // keys that all processes try to create
	share     = 25 // what each adds to the counter
)

// worker is one of several processes on one store. It prints the keys that it
// created.
func worker(path string) error {
	ctx := context.Background()
	b, err := Open(path)
	if err != nil {
		return err
	}
	bufio.NewReader(os.Stdin).ReadString('\n') // until all are ready
	me := store.Bytes([]byte(strconv.Itoa(os.Getpid())))
	for i := range races {
		key := fmt.Sprintf("page/%d", i)
		switch err := b.Create(ctx, key, store.Meta{}, me); {
		case err == nil:
			fmt.Println(key)
		case !errors.Is(err, store.ErrExists):
			return err
		}
	}
	for won := 0; won < share; {
		o, err := b.Get(ctx, "head.json")
		if err != nil {
			return err
		}
		n, err := strconv.Atoi(string(o.Body))
		if err != nil {
			return err
		}
		_, err = b.Replace(ctx, "head.json", store.Meta{}, store.Bytes([]byte(strconv.Itoa(n+1))), o.ETag)
		switch {
		case err == nil:
			won++
		case !errors.Is(err, store.ErrStale):
			return err
		}
	}
	return nil
}

func TestSeveralProcesses(t *testing.T) {
	b := open(t)
	if _, err := b.Replace(t.Context(), "head.json", store.Meta{}, store.Bytes([]byte("0")), ""); err != nil {
		t.Fatal(err)
	}
	type process struct {
		*exec.Cmd
		out   strings.Builder
		start func() error
	}
	var ps []*process
	for range processes {
		p := &process{Cmd: exec.Command(os.Args[0])}
		p.Env = append(os.Environ(), "DIR_TEST_WORKER="+b.root)
		p.Stdout, p.Stderr = &p.out, os.Stderr
		stdin, err := p.StdinPipe()
		if err != nil {
			t.Fatal(err)
		}
		p.start = stdin.Close
		if err := p.Start(); err != nil {
			t.Fatal(err)
		}
		ps = append(ps, p)
	}
	for _, p := range ps {
		p.start()
	}
	winner := map[string]string{} // by key
	for _, p := range ps {
		if err := p.Wait(); err != nil {
			t.Fatal(err)
		}
		for _, key := range strings.Fields(p.out.String()) {
			if winner[key] != "" {
				t.Errorf("two processes created %s", key)
			}
			winner[key] = strconv.Itoa(p.Process.Pid)
		}
	}
	for i := range races {
		key := fmt.Sprintf("page/%d", i)
		o, err := b.Get(t.Context(), key)
		if err != nil {
			t.Errorf("Get(%s): %v", key, err)
		} else if string(o.Body) != winner[key] {
			t.Errorf("%s was written by %s, but %s was told that it won", key, o.Body, winner[key])
		}
	}
	o, err := b.Get(t.Context(), "head.json")
	if want := strconv.Itoa(processes * share); err != nil || string(o.Body) != want {
		t.Errorf("the counter: %v, %v; want %s", o, err, want)
	}
	if left, _ := os.ReadDir(b.tmp("")); len(left) > 0 {
		t.Errorf("%d files are left in .tmp", len(left))
	}
}

func TestDamageIsSeen(t *testing.T) {
	b := open(t)
	body := "what was written"
	if err := b.Create(t.Context(), "page/a", store.Meta{ContentType: "text/html"}, store.Bytes([]byte(body))); err != nil {
		t.Fatal(err)
	}
	whole, err := os.ReadFile(b.file("page/a"))
	if err != nil {
		t.Fatal(err)
	}
	for name, damaged := range map[string]string{
		"empty":             "",
		"cut in the header": string(whole[:10]),
		"cut after it":      string(whole[:len(whole)-len(body)]),
		"cut":               string(whole[:len(whole)-1]),
		"longer":            string(whole) + "x",
		"another letter":    strings.Replace(string(whole), "written", "wriTten", 1),
		"no header":         body,
	} {
		if err := os.WriteFile(b.file("page/a"), []byte(damaged), 0o644); err != nil {
			t.Fatal(err)
		}
		if o, err := b.Get(t.Context(), "page/a"); !errors.Is(err, store.ErrCorrupt) {
			t.Errorf("%s: Get = %v, %v; want ErrCorrupt", name, o, err)
		}
		if _, err := b.Replace(t.Context(), "page/a", store.Meta{}, store.Bytes(nil), `"x"`); !errors.Is(err, store.ErrCorrupt) {
			t.Errorf("%s: Replace: %v, want ErrCorrupt", name, err)
		}
	}
}

// endless ends its context and goes on.
type endless struct {
	cancel func()
	after  int
}

func (e *endless) Read(p []byte) (int, error) {
	e.cancel()
	if e.after++; e.after > 100 {
		return 0, io.EOF
	}
	return len(p), nil
}

func (*endless) Seek(int64, int) (int64, error) { return 0, nil }
func (*endless) Close() error                   { return nil }

func TestCreateStopsReadingWhenItsContextEnds(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	e := &endless{cancel: cancel}
	err := open(t).Create(ctx, "asset/a", store.Meta{}, store.Body{
		Size: 1 << 40,
		Open: func() (io.ReadSeekCloser, error) { return e, nil },
	})
	if !errors.Is(err, context.Canceled) || e.after > 1 {
		t.Errorf("Create: %v, after %d reads; want context.Canceled after 1", err, e.after)
	}
}

func TestOpenRemovesWhatKilledProcessesLeft(t *testing.T) {
	b := open(t)
	yesterday := time.Now().Add(-2 * tmpAge)
	for _, name := range []string{"old", "new"} {
		if err := os.WriteFile(b.tmp(name), []byte("half"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Chtimes(b.tmp("old"), yesterday, yesterday); err != nil {
		t.Fatal(err)
	}
	if _, err := Open(b.root); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(b.tmp("old")); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("a file of the day before yesterday is still in .tmp: %v", err)
	}
	if _, err := os.Stat(b.tmp("new")); err != nil {
		t.Errorf("a file that another process may be writing has gone: %v", err)
	}
	for key := range b.List(t.Context(), "") {
		t.Errorf("List yields %q: a file of the store's own", key)
	}
}

func TestOpenFails(t *testing.T) {
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := Open(file); err == nil {
		t.Error("Open of a file succeeds")
	}
}

func TestListOfAStoreThatHasGone(t *testing.T) {
	b := open(t)
	if err := os.RemoveAll(b.root); err != nil {
		t.Fatal(err)
	}
	for key, err := range b.List(t.Context(), "") {
		if err == nil {
			t.Errorf("List yields %q", key)
		}
		return
	}
	t.Error("List yields nothing, as if the store were empty")
}

func BenchmarkGet(b *testing.B) {
	for _, size := range []int{5 << 10, 200 << 10} {
		b.Run(strconv.Itoa(size>>10)+"KB", func(b *testing.B) {
			s := open(b)
			body := store.Bytes(make([]byte, size))
			if err := s.Create(b.Context(), "page/a", store.Meta{ContentType: "text/html", CacheControl: store.Immutable}, body); err != nil {
				b.Fatal(err)
			}
			b.SetBytes(int64(size))
			b.ReportAllocs()
			for b.Loop() {
				if _, err := s.Get(b.Context(), "page/a"); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

func BenchmarkCreate(b *testing.B) {
	s := open(b)
	body := store.Bytes(make([]byte, 5<<10))
	b.ReportAllocs()
	n := 0
	for b.Loop() {
		n++
		if err := s.Create(b.Context(), fmt.Sprintf("page/%02x/%d", n%256, n), store.Meta{ContentType: "text/html"}, body); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkReplace(b *testing.B) {
	s := open(b)
	seen := ""
	for n := 0; b.Loop(); n++ {
		var err error
		if seen, err = s.Replace(b.Context(), "head.json", store.Meta{}, store.Bytes([]byte(strconv.Itoa(n))), seen); err != nil {
			b.Fatal(err)
		}
	}
}
