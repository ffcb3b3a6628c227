package plan

import (
	"fmt"
	"testing"

	"github.com/victorleungtw/blog/internal/bench/corpus"
	"github.com/victorleungtw/blog/internal/config"
	"github.com/victorleungtw/blog/internal/content"
)

// A publish that has something to do reads and plans all of the blog. Ten times
// the posts are ten times the work:
//
//	go test ./internal/plan -run - -bench . -benchtime 3x
func BenchmarkPlan(b *testing.B) {
	for _, posts := range []int{100, 1000} {
		dir := b.TempDir()
		if _, err := corpus.Write(dir, corpus.Options{Posts: posts, Images: 10, Seed: 1}); err != nil {
			b.Fatal(err)
		}
		cfg, probs := config.Load(dir + "/blog.yaml")
		if probs.Err() != nil {
			b.Fatal(probs)
		}
		open := func() *content.Loader {
			l, err := content.Open(dir+"/content", content.Options{Site: cfg.Site})
			if err != nil {
				b.Fatal(err)
			}
			return l
		}
		load := func(l *content.Loader) *content.Site {
			s, probs, err := l.Load(b.Context())
			if s == nil {
				b.Fatal(probs, err)
			}
			return s
		}
		b.Run(fmt.Sprintf("tree/%d", posts), func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				l := open()
				if _, err := l.Tree(b.Context()); err != nil {
					b.Fatal(err)
				}
				l.Close()
			}
		})
		b.Run(fmt.Sprintf("load/%d", posts), func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				l := open()
				load(l)
				l.Close()
			}
		})
		l := open()
		s := load(l)
		b.Run(fmt.Sprintf("build/%d", posts), func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				Build(s, "v1")
			}
		})
		l.Close()
	}
}
