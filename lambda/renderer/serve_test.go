package main

import (
	"bufio"
	"context"
	"io"
	"log/slog"
	"net"
	"net/http"
	"regexp"
	"runtime"
	"strings"
	"syscall"
	"testing"

	"github.com/victorleungtw/blog/internal/names"
	"github.com/victorleungtw/blog/internal/recipe"
	"github.com/victorleungtw/blog/internal/render"
	"github.com/victorleungtw/blog/internal/store/dir"
)

// What was being answered when the instance is to go is answered; what comes
// after is not.
func TestServeDrains(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	asked, answer := make(chan struct{}), make(chan struct{})
	h := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		close(asked)
		<-answer
		io.WriteString(w, "whole")
	})
	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	ended := make(chan error, 1)
	go func() { ended <- serve(ctx, l, h, slog.New(slog.DiscardHandler)) }()

	got := make(chan string, 1)
	go func() {
		resp, err := http.Get("http://" + l.Addr().String())
		if err != nil {
			got <- err.Error()
			return
		}
		defer resp.Body.Close()
		body, _ := io.ReadAll(resp.Body)
		got <- string(body)
	}()
	<-asked
	stop()
	// The listener closes at once; the answer is still owed.
	for {
		c, err := net.Dial("tcp", l.Addr().String())
		if err != nil {
			break
		}
		c.Close()
	}
	close(answer)
	if body := <-got; body != "whole" {
		t.Errorf("got %q", body)
	}
	if err := <-ended; err != nil {
		t.Errorf("ended with %v", err)
	}
}

// The program as it runs on an instance: the same pages as the Lambda's, without
// a secret, and an orderly end.
func TestOnAnInstance(t *testing.T) {
	folder := t.TempDir()
	bucket, err := dir.Open(folder)
	if err != nil {
		t.Fatal(err)
	}
	src := []byte("---\ndate: 2026-01-01\n---\n# Hello\n\nA post.\n")
	put(t, bucket, "src/"+recipe.Sum(src), src)
	rec := &recipe.Recipe{
		Renderer: render.Version(), Kind: recipe.Post, Path: "/2026/01/01/hello/", Lang: "en", Title: "Hello",
		Site: &recipe.Site{Title: "Test", BaseURL: "https://example.com", Home: "/", Stylesheet: "/page/" + recipe.Sum(nil) + ".css", Feed: "/feed.xml"},
		Post: &recipe.PostData{Source: recipe.Source{Digest: recipe.Sum(src)}, Date: "2026-01-01"},
	}
	put(t, bucket, "recipe/"+rec.Digest(), rec.Encode())

	cmd, log := command(t, compile(t, runtime.GOARCH), names.EnvBucket+"=dir:"+folder, names.EnvListen+"=127.0.0.1:0")
	address := regexp.MustCompile(`"address":"([^"]+)"`)
	var base string
	lines := bufio.NewScanner(log)
	for base == "" && lines.Scan() {
		if m := address.FindStringSubmatch(lines.Text()); m != nil {
			base = "http://" + m[1]
		}
	}
	if base == "" {
		t.Fatal("it does not say where it listens")
	}
	rest := make(chan string, 1)
	go func() {
		var b strings.Builder
		for lines.Scan() {
			b.WriteString(lines.Text() + "\n")
		}
		rest <- b.String()
	}()
	for path, want := range map[string]struct {
		status int
		text   string
	}{
		"/healthz":                               {200, `"ok"`},
		"/page/" + rec.Digest():                  {200, "A post."},
		"/version":                               {200, render.Version()},
		"/page/" + recipe.Sum([]byte("no such")): {404, "no such page"},
		"/":                                      {404, ""},
	} {
		resp, err := http.Get(base + path)
		if err != nil {
			t.Fatal(err)
		}
		body, err := io.ReadAll(resp.Body)
		resp.Body.Close()
		if err != nil || resp.StatusCode != want.status || !strings.Contains(string(body), want.text) {
			t.Errorf("%s: %d %s %v", path, resp.StatusCode, body, err)
		}
	}
	http.DefaultClient.CloseIdleConnections()
	if err := cmd.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	said := <-rest
	if err := cmd.Wait(); err != nil {
		t.Errorf("ended with %v\n%s", err, said)
	}
	if !strings.Contains(said, `"msg":"request"`) {
		t.Errorf("no log of requests: %s", said)
	}
}
