package file

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/victorleungtw/blog/internal/routes"
	"github.com/victorleungtw/blog/internal/routes/routestest"
)

func TestMain(m *testing.M) {
	if path := os.Getenv("FILE_TEST_WORKER"); path != "" {
		if err := worker(path); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		os.Exit(0)
	}
	os.Exit(m.Run())
}

func open(t testing.TB, path string) *Table {
	t.Helper()
	table, err := Open(path)
	if err != nil {
		t.Fatal(err)
	}
	return table
}

func update(t testing.TB, table *Table, puts map[string]string) {
	t.Helper()
	etag, err := table.Version(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if _, err := table.Update(t.Context(), etag, puts, nil); err != nil {
		t.Fatal(err)
	}
}

func want(t *testing.T, table *Table, key, value string) {
	t.Helper()
	if v, ok, err := table.Get(t.Context(), key); err != nil || ok != (value != "") || v != value {
		t.Errorf("Get(%q) = %q, %v, %v; want %q", key, v, ok, err, value)
	}
}

func TestConformance(t *testing.T) {
	routestest.Run(t, func(t *testing.T) routes.Table {
		return open(t, filepath.Join(t.TempDir(), "not yet", "routes"))
	})
}

// one is a table in which another writes what this one reads.
type one struct{ reader, writer *Table }

func (o one) Version(ctx context.Context) (string, error) { return o.reader.Version(ctx) }
func (o one) Get(ctx context.Context, key string) (string, bool, error) {
	return o.reader.Get(ctx, key)
}
func (o one) All(ctx context.Context) (map[string]string, error) { return o.reader.All(ctx) }
func (o one) Update(ctx context.Context, etag string, puts map[string]string, deletes []string) (routes.Info, error) {
	return o.writer.Update(ctx, etag, puts, deletes)
}

// What one Table writes, every other sees at once: the edge of a preview and
// the publisher have one each.
func TestConformanceOfTwo(t *testing.T) {
	routestest.Run(t, func(t *testing.T) routes.Table {
		path := filepath.Join(t.TempDir(), "routes")
		return one{open(t, path), open(t, path)}
	})
}

const (
	processes = 4
	share     = 25
)

// worker is one of several processes on one table.
func worker(path string) error {
	ctx := context.Background()
	table, err := Open(path)
	if err != nil {
		return err
	}
	bufio.NewReader(os.Stdin).ReadString('\n') // until all are ready
	for won := 0; won < share; {
		etag, err := table.Version(ctx)
		if err != nil {
			return err
		}
		all, err := table.All(ctx)
		if err != nil {
			return err
		}
		n, _ := strconv.Atoi(all["n"])
		if all["n"] != all["m"] {
			return fmt.Errorf("half of a call: n is %q and m is %q", all["n"], all["m"])
		}
		next := strconv.Itoa(n + 1)
		_, err = table.Update(ctx, etag, map[string]string{"n": next, "m": next}, nil)
		switch {
		case err == nil:
			won++
		case !errors.Is(err, routes.ErrStale):
			return err
		}
	}
	return nil
}

func TestSeveralProcesses(t *testing.T) {
	path := filepath.Join(t.TempDir(), "routes")
	var cmds []*exec.Cmd
	var start []func() error
	for range processes {
		cmd := exec.Command(os.Args[0])
		cmd.Env = append(os.Environ(), "FILE_TEST_WORKER="+path)
		cmd.Stderr = os.Stderr
		stdin, err := cmd.StdinPipe()
		if err != nil {
			t.Fatal(err)
		}
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		cmds, start = append(cmds, cmd), append(start, stdin.Close)
	}
	for _, s := range start {
		s()
	}
	for _, cmd := range cmds {
		if err := cmd.Wait(); err != nil {
			t.Errorf("a process: %v", err)
		}
	}
	want(t, open(t, path), "n", strconv.Itoa(processes*share))
}

// Two changes within one tick of the clock leave a file of the same size, the
// same time, and perhaps the same inode.
func TestChangesThatLookAlike(t *testing.T) {
	path := filepath.Join(t.TempDir(), "routes")
	reader, writer := open(t, path), open(t, path)
	for i := range 200 {
		value := strconv.Itoa(1000 + i)
		update(t, writer, map[string]string{"k": value})
		info, err := os.Stat(path)
		if err != nil {
			t.Fatal(err)
		}
		if i > 0 && info.Size() != reader.last.Load().info.Size() {
			t.Fatalf("the files differ in size: %d and %d bytes", info.Size(), reader.last.Load().info.Size())
		}
		if i > 0 {
			when := reader.last.Load().info.ModTime()
			if err := os.Chtimes(path, when, when); err != nil {
				t.Fatal(err)
			}
		}
		want(t, reader, "k", value)
	}
}

func TestEditedByHand(t *testing.T) {
	path := filepath.Join(t.TempDir(), "routes")
	table := open(t, path)
	update(t, table, map[string]string{"www/": "1:-"})
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(string(b), "\n  \"www/\": \"1:-\"\n") {
		t.Errorf("the file has no line for its key:\n%s", b)
	}
	if err := os.WriteFile(path, []byte(strings.Replace(string(b), "1:-", "12:-", 1)), 0o644); err != nil {
		t.Fatal(err)
	}
	want(t, table, "www/", "12:-")
	update(t, table, map[string]string{"www/a/": "1:-"})
	want(t, table, "www/", "12:-")
}

func TestDamaged(t *testing.T) {
	path := filepath.Join(t.TempDir(), "routes")
	table := open(t, path)
	update(t, table, map[string]string{"k": "1"})
	whole, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	for name, content := range map[string]string{
		"empty": "", "cut": string(whole[:len(whole)-5]), "no ETag": `{"values":{}}`, "other": "[]",
	} {
		if err := os.WriteFile(path, []byte(content), 0o644); err != nil {
			t.Fatal(err)
		}
		if v, ok, err := table.Get(t.Context(), "k"); err == nil || !strings.Contains(err.Error(), "hint: remove the file") {
			t.Errorf("%s: Get = %q, %v, %v; want an error with a hint", name, v, ok, err)
		}
		if _, err := Open(path); err == nil {
			t.Errorf("%s: Open succeeds", name)
		}
	}
	if err := os.WriteFile(path, whole, 0o644); err != nil {
		t.Fatal(err)
	}
	want(t, table, "k", "1")

	// A table that has gone is not an empty table.
	if err := os.Remove(path); err != nil {
		t.Fatal(err)
	}
	if _, _, err := table.Get(t.Context(), "k"); err == nil {
		t.Error("Get from a file that has gone: no error")
	}
	if _, err := table.Update(t.Context(), "x", map[string]string{"k": "2"}, nil); err == nil {
		t.Error("Update of a file that has gone: no error")
	}
}

func TestAKilledWriterLeavesTheTable(t *testing.T) {
	path := filepath.Join(t.TempDir(), "routes")
	table := open(t, path)
	update(t, table, map[string]string{"k": "1"})
	if err := os.WriteFile(path+".new", []byte(`{"etag": "half`), 0o600); err != nil {
		t.Fatal(err)
	}
	want(t, open(t, path), "k", "1")
	update(t, table, map[string]string{"k": "2"})
	want(t, open(t, path), "k", "2")
}

// fill makes a table of a blog's size.
func fill(b *testing.B) *Table {
	table := open(b, filepath.Join(b.TempDir(), "routes"))
	for batch := range 80 {
		puts := map[string]string{}
		for i := range routes.MaxUpdate {
			puts[fmt.Sprintf("www/2026/03/%d/%d/", batch, i)] = "18:" + strings.Repeat("0a", 32)
		}
		update(b, table, puts)
	}
	return table
}

func BenchmarkGet(b *testing.B) {
	table := fill(b)
	b.ReportAllocs()
	for b.Loop() {
		if _, ok, err := table.Get(b.Context(), "www/2026/03/7/7/"); !ok || err != nil {
			b.Fatal(ok, err)
		}
	}
}

func BenchmarkUpdate(b *testing.B) {
	table := fill(b)
	for n := 0; b.Loop(); n++ {
		update(b, table, map[string]string{"www!c": strconv.Itoa(n)})
	}
}
