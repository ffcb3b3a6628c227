package main

import (
	"bytes"
	"context"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/victorleungtw/blog/internal/store/lab"
)

// The command against two buckets of a real S3 server.
func TestTwoBuckets(t *testing.T) {
	endpoint, newBucket := lab.Start(t)
	for _, kv := range lab.Env(t) {
		k, v, _ := strings.Cut(kv, "=")
		t.Setenv(k, v)
	}
	folder := t.TempDir()
	post := filepath.Join(folder, "content", "posts", "hello", "index.en.md")
	if err := os.MkdirAll(filepath.Dir(post), 0o777); err != nil {
		t.Fatal(err)
	}
	write := func(text string) {
		if err := os.WriteFile(post, []byte("---\ndate: 2026-03-01\n---\n# Hello\n\n"+text+"\n"), 0o666); err != nil {
			t.Fatal(err)
		}
	}
	bucket := func() string {
		return fmt.Sprintf("s3://%s?region=%s&path_style=true&endpoint=%s", newBucket(t), lab.Region, url.QueryEscape(endpoint))
	}
	where := []string{"--primary", bucket(), "--standby", bucket(), "--routes", filepath.Join(folder, "routes"), "--base-url", "https://example.com"}
	blog := func(want int, verb string, flags ...string) string {
		t.Helper()
		var out, errs bytes.Buffer
		a := &app{out: &out, err: &errs, env: os.Getenv}
		args := append(append([]string{verb}, flags...), where...)
		if verb == "publish" || verb == "diff" {
			args = append(args, "--content", filepath.Join(folder, "content"))
		}
		if got := a.main(context.Background(), args); got != want {
			t.Fatalf("blog %s: status %d, want %d\n%s%s", verb, got, want, &out, &errs)
		}
		return out.String()
	}

	write("The first text.")
	if out := blog(exitOK, "publish"); !strings.HasPrefix(out, "release 1 is current: ") {
		t.Error(out)
	}
	if out := blog(exitOK, "publish"); out != "release 1 is current already; nothing changed\n" {
		t.Error(out)
	}
	write("The second text.")
	changes := "changed  /\nchanged  /2026/03/01/hello/\nchanged  /archive/2026/\nchanged  /feed.json\nchanged  /feed.xml\nchanged  /llms.txt\nchanged  /rss.xml\nchanged  /search\nchanged  /search/en\nchanged  /search/en/p\n"
	if out := blog(exitOK, "diff"); out != changes {
		t.Error(out)
	}
	if out := blog(exitOK, "publish"); !strings.HasPrefix(out, "release 2 is current: 10 pages changed (0 files uploaded, 10 pages rendered") {
		t.Error(out)
	}
	if out := blog(exitOK, "rollback"); out != "release 1 is current again (10 pages changed since 2)\n" {
		t.Error(out)
	}
	if out := blog(exitOK, "status"); !strings.Contains(out, "primary   release 1\nstandby   release 1\nedge      release 1; one write away: [1 2]\n") {
		t.Error(out)
	}
	if out := blog(exitOK, "status", "--json"); !strings.Contains(out, `"inStep": true`) {
		t.Error(out)
	}
	if out := blog(exitOK, "publish"); !strings.HasPrefix(out, "release 3 is current: ") {
		t.Error(out)
	}
}
