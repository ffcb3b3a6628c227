package content

import (
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/victorleungtw/blog/internal/markdown"
	"github.com/victorleungtw/blog/internal/problem"
)

// Whatever stands at the top of a file, reading it ends, and what is said about
// it names a line of the file.
func FuzzFrontMatter(f *testing.F) {
	for _, s := range []string{
		"---\ntitle: A\ndate: 2026-01-01 09:00+08:00\ntags: [a, b]\n---\nx",
		"---\ndate: {created: 2026-01-01, updated: 2026-01-02}\ncover: {image: a.png}\n---\n",
		"---\nchapters: [\"0:00 a\", \"1:02:03 b\"]\npeople: [{name: a, role: b, url: c, img: d}]\nduration: \"1:02:03\"\nexplicit: yes\n---\n",
		"---\na: &a [*a]\n---\n", "---\n<<: {title: a}\ntitle: b\nsubtitle: c\nsummary: d\n---\n",
		"---\n- a\n---\n", "---\n? [a]\n: b\n---\n", "---\ntitle: !!binary aGk=\nmath: maybe\n---\n", "---\ntitle: |\n  a\n  b\n...\n",
		"\ufeff---\r\ntitle: a\r\n---\r\n", "---\n\t\n---\n", "---\ntitle: \"\\x00\\u2028\"\nreadtime: -1\nepisode: 99999999999999999999\n---\n",
	} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, src string) {
		if !utf8.ValidString(src) {
			t.Skip("refused before")
		}
		block, body, bodyLine := markdown.SplitFrontMatter([]byte(src))
		if !strings.HasSuffix(src, string(body)) || bodyLine < 1 || bodyLine > strings.Count(src, "\n")+2 {
			t.Fatalf("the body begins on line %d: %q", bodyLine, body)
		}
		var probs problem.List
		fm, ok := parseFrontMatter("a.md", block, 2, time.UTC, &probs)
		if !ok && probs.Err() == nil {
			t.Fatal("not read, and no error")
		}
		if fm.date != "" {
			if _, err := time.Parse(time.DateOnly, fm.date); err != nil {
				t.Fatal(err)
			}
		}
		for _, p := range probs {
			if p.Line < 1 || p.Line > bodyLine+1 || p.Message == "" || p.Hint == "" {
				t.Errorf("%+v, where the body begins on line %d", p, bodyLine)
			}
		}
	})
}
