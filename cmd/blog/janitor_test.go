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
	"github.com/victorleungtw/blog/internal/store/s3"
)

// gc and takedown against two buckets of a real S3 server. It keeps no
// versions; package s3 and infra have those.
func TestDeleteFromTwoBuckets(t *testing.T) {
	endpoint, newBucket := lab.Start(t)
	for _, kv := range lab.Env(t) {
		k, v, _ := strings.Cut(kv, "=")
		t.Setenv(k, v)
	}
	folder := t.TempDir()
	write := func(slug, text string) {
		post := filepath.Join(folder, "content", "posts", slug, "index.en.md")
		if err := os.MkdirAll(filepath.Dir(post), 0o777); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(post, []byte("---\ndate: 2026-03-01\n---\n# Hello "+slug+"\n\n"+text+"\n"), 0o666); err != nil {
			t.Fatal(err)
		}
	}
	buckets := []string{newBucket(t), newBucket(t)}
	address := func(i int) string {
		return fmt.Sprintf("s3://%s?region=%s&path_style=true&endpoint=%s", buckets[i], lab.Region, url.QueryEscape(endpoint))
	}
	blog := func(verb string, flags ...string) string {
		t.Helper()
		var out, errs bytes.Buffer
		a := &app{out: &out, err: &errs, env: os.Getenv}
		args := append(append([]string{verb}, flags...), "--primary", address(0), "--standby", address(1),
			"--routes", filepath.Join(folder, "routes"), "--base-url", "https://example.com")
		if verb == "publish" {
			args = append(args, "--content", filepath.Join(folder, "content"))
		}
		if got := a.main(context.Background(), args); got != exitOK {
			t.Fatalf("blog %s: status %d\n%s%s", verb, got, &out, &errs)
		}
		return out.String()
	}
	// holding counts the sources that hold a text, in both buckets.
	holding := func(text string) (n int) {
		t.Helper()
		for _, name := range buckets {
			b := s3.New(lab.Client(t), name)
			for key, err := range b.List(t.Context(), "src/") {
				if err != nil {
					t.Fatal(err)
				}
				obj, err := b.Get(t.Context(), key)
				if err != nil {
					t.Fatal(err)
				}
				if strings.Contains(string(obj.Body), text) {
					n++
				}
			}
		}
		return n
	}

	write("kept", "Kept.")
	for _, text := range []string{"First secret.", "Second secret.", "Third secret.", "Fourth secret."} {
		write("regretted", text)
		blog("publish")
	}
	if err := os.Remove(filepath.Join(folder, "routes")); err != nil {
		t.Fatal(err)
	}
	blog("reconcile")
	if n := holding("Second secret."); n != 2 {
		t.Errorf("%d buckets hold the second text", n)
	}
	if out := blog("gc", "--keep", "1", "--older", "0s", "--delete"); !strings.Contains(out, "objects deleted: ") || !strings.Contains(out, "3 releases kept, 1 dropped") {
		t.Error(out)
	}
	if n := holding("Second secret."); n != 0 {
		t.Errorf("%d buckets hold the second text after its collection", n)
	}
	if err := os.RemoveAll(filepath.Join(folder, "content", "posts", "regretted")); err != nil {
		t.Fatal(err)
	}
	blog("publish")
	if out := blog("takedown", "/2026/03/01/regretted/"); !strings.Contains(out, "3 editions of its text") {
		t.Error(out)
	}
	if n := holding("secret"); n != 0 {
		t.Errorf("%d sources hold the text after the takedown", n)
	}
	if out := blog("reconcile", "--dry-run"); !strings.Contains(out, "whole everywhere") {
		t.Error(out)
	}
}
