package main

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"
)

// running is a preview in this process.
type running struct {
	t      *testing.T
	base   string
	folder string
}

func startPreview(t *testing.T, flags ...string) *running {
	t.Helper()
	folder := t.TempDir()
	r := &running{t: t, folder: folder}
	r.write("posts/hello/index.en.md", "---\ndate: 2026-03-01\n---\n# Hello\n\nThe first text.\n")
	ctx, cancel := context.WithCancel(context.Background())
	read, write := io.Pipe()
	done := make(chan int, 1)
	go func() {
		a := &app{out: write, err: io.Discard, env: os.Getenv}
		done <- a.main(ctx, append([]string{"preview", "--content", folder, "--addr", "localhost:0"}, flags...))
		write.Close()
	}()
	t.Cleanup(func() {
		cancel()
		if status := <-done; status != exitOK {
			t.Errorf("preview ended with status %d", status)
		}
	})
	lines := bufio.NewScanner(read)
	for lines.Scan() {
		if base, ok := strings.CutPrefix(lines.Text(), "The blog is at "); ok {
			r.base = base
			go io.Copy(io.Discard, read)
			return r
		}
	}
	t.Fatal("preview did not start")
	return nil
}

func (r *running) write(name, text string) {
	r.t.Helper()
	path := filepath.Join(r.folder, name)
	if err := os.MkdirAll(filepath.Dir(path), 0o777); err != nil {
		r.t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text), 0o666); err != nil {
		r.t.Fatal(err)
	}
}

func (r *running) get(path string, navigation bool) (*http.Response, string) {
	r.t.Helper()
	req, err := http.NewRequest("GET", r.base+path, nil)
	if err != nil {
		r.t.Fatal(err)
	}
	if navigation {
		req.Header.Set("Sec-Fetch-Dest", "document")
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		r.t.Fatal(err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		r.t.Fatal(err)
	}
	return resp, string(body)
}

var seenRE = regexp.MustCompile(`data-seen="(\d+)"`)

// change does something to the folder and waits until an open page is told.
func (r *running) change(do func()) {
	r.t.Helper()
	_, page := r.get("/", true)
	m := seenRE.FindStringSubmatch(page)
	if m == nil {
		r.t.Fatal("the page has no reload script")
	}
	ctx, cancel := context.WithTimeout(context.Background(), 2*time.Minute)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, "GET", r.base+"/_preview/events?seen="+m[1], nil)
	if err != nil {
		r.t.Fatal(err)
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		r.t.Fatal(err)
	}
	defer resp.Body.Close()
	lines := bufio.NewScanner(resp.Body)
	lines.Scan() // ": waiting": the page is connected
	do()
	for lines.Scan() {
		if lines.Text() == "event: change" {
			return
		}
	}
	r.t.Fatal("no event came")
}

const hello = "/2026/03/01/hello/"

func TestPreviewFollowsEdits(t *testing.T) {
	r := startPreview(t)
	resp, page := r.get(hello, false)
	if resp.StatusCode != 200 || !strings.Contains(page, "The first text.") || strings.Contains(page, "<script src") {
		t.Errorf("%d %s", resp.StatusCode, page)
	}
	for _, h := range []string{"X-Cache", "X-Blog-Release", "X-Blog-Digest", "X-Blog-Origin"} {
		if resp.Header.Get(h) == "" {
			t.Errorf("no header %s", h)
		}
	}
	r.change(func() {
		r.write("posts/hello/index.en.md", "---\ndate: 2026-03-01\n---\n# Hello\n\nThe second text.\n")
	})
	resp, page = r.get(hello, false)
	if !strings.Contains(page, "The second text.") || resp.Header.Get("X-Blog-Release") != "2" {
		t.Errorf("after an edit: release %s: %s", resp.Header.Get("X-Blog-Release"), page)
	}
	// A new folder is seen too.
	r.change(func() { r.write("posts/new/index.en.md", "---\ndate: 2026-03-02\n---\n# New\n") })
	if resp, _ := r.get("/2026/03/02/new/", false); resp.StatusCode != 200 {
		t.Errorf("the new post: %d", resp.StatusCode)
	}
}

func TestPreviewShowsProblems(t *testing.T) {
	r := startPreview(t)
	r.change(func() { r.write("posts/hello/index.en.md", "---\ndate: <b>soon</b>\n---\n# Hello\n\nBroken.\n") })
	resp, page := r.get(hello, true)
	if resp.StatusCode != 200 || !strings.Contains(page, "The first text.") {
		t.Errorf("the last good release is not served: %d", resp.StatusCode)
	}
	if !strings.Contains(page, "posts/hello/index.en.md:2: date: &#34;&lt;b&gt;soon&lt;/b&gt;&#34; is not a date") || !strings.Contains(page, "YYYY-MM-DD") {
		t.Errorf("the problem is not on the page, or not escaped:\n%s", page)
	}
	if csp := resp.Header.Get("Content-Security-Policy"); !strings.HasSuffix(csp, "; script-src 'self'") || strings.Contains(csp, "unsafe") {
		t.Errorf("policy: %s", csp)
	}
	// Anything but a browser's navigation gets the bytes as they are.
	if _, page := r.get(hello, false); strings.Contains(page, "_preview") {
		t.Error("the addition is in the page itself")
	}
	r.change(func() {
		r.write("posts/hello/index.en.md", "---\ndate: 2026-03-01\n---\n# Hello\n\nMended.\n")
	})
	if _, page := r.get(hello, true); !strings.Contains(page, "Mended.") || strings.Contains(page, "preview-problems") {
		t.Errorf("after mending:\n%s", page)
	}
}

// An edit that is taken back leaves nothing to publish.
func TestPreviewBackToWhatItWas(t *testing.T) {
	r := startPreview(t)
	post := "posts/hello/index.en.md"
	text, err := os.ReadFile(filepath.Join(r.folder, filepath.FromSlash(post)))
	if err != nil {
		t.Fatal(err)
	}
	r.change(func() { r.write(post, "---\ndate: soon\n---\n# Hello\n") })
	r.change(func() { r.write(post, string(text)) })
	resp, page := r.get(hello, true)
	if resp.StatusCode != 200 || resp.Header.Get("X-Blog-Release") != "1" || strings.Contains(page, "preview-problems") {
		t.Errorf("%d, release %s:\n%s", resp.StatusCode, resp.Header.Get("X-Blog-Release"), page)
	}
}

func TestPreviewStartsWithWrongContent(t *testing.T) {
	folder := t.TempDir()
	post := filepath.Join(folder, "posts", "a")
	if err := os.MkdirAll(post, 0o777); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(post, "index.en.md"), []byte("# No date\n"), 0o666); err != nil {
		t.Fatal(err)
	}
	r := startPreview(t, "--content", folder)
	resp, page := r.get("/", true)
	if resp.StatusCode != 500 || !strings.Contains(page, "the post has no date") {
		t.Errorf("%d %s", resp.StatusCode, page)
	}
	r.folder = folder
	r.change(func() { r.write("posts/a/index.en.md", "---\ndate: 2026-03-01\n---\n# A date\n") })
	if resp, _ := r.get("/2026/03/01/a/", false); resp.StatusCode != 200 {
		t.Errorf("after mending: %d", resp.StatusCode)
	}
}

func TestPreviewReloadOff(t *testing.T) {
	r := startPreview(t, "--reload=false")
	if _, page := r.get(hello, true); strings.Contains(page, "_preview") {
		t.Error("something was added to the page")
	}
}

func TestPreviewFail(t *testing.T) {
	whole := startPreview(t)
	_, want := whole.get(hello, false)
	for part, origin := range map[string]string{"primary": "renderer-fallback", "renderer": "store"} {
		r := startPreview(t, "--fail", part)
		resp, page := r.get(hello, false)
		if resp.StatusCode != 200 || resp.Header.Get("X-Blog-Origin") != origin {
			t.Errorf("without %s: %d from %s", part, resp.StatusCode, resp.Header.Get("X-Blog-Origin"))
		}
		// The two previews have different addresses, which pages name.
		if strings.ReplaceAll(page, r.base, "BASE") != strings.ReplaceAll(want, whole.base, "BASE") && !differsOnlyInDigests(page, want) {
			t.Errorf("without %s the page has other bytes", part)
		}
	}
	r := startPreview(t, "--fail", "both")
	if resp, _ := r.get(hello, false); resp.StatusCode < 500 || resp.Header.Get("Cache-Control") == "" {
		t.Errorf("without both: %d %v", resp.StatusCode, resp.Header)
	}
}

var varying = regexp.MustCompile(`[0-9a-f]{64}|localhost:\d+`)

func differsOnlyInDigests(a, b string) bool {
	return bytes.Equal(varying.ReplaceAll([]byte(a), nil), varying.ReplaceAll([]byte(b), nil))
}

func Example_progress() {
	a := &app{out: io.Discard, err: os.Stdout}
	p := a.progress()
	for i := range 3 {
		p("upload", i+1, 3)
	}
	fmt.Println("done")
	// Output:
	// upload   3/3
	// done
}
