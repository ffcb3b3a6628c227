package content

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

const good = "-- posts/good/index.en.md --\n---\ndate: 2026-01-01\n---\n# Good\n"

// Every row is a folder and what is said of it, in full: "file:line: message".
func TestProblems(t *testing.T) {
	post := func(fm, body string) string {
		return "-- posts/bad/index.en.md --\n---\n" + fm + "\n---\n" + body + "\n"
	}
	for _, tt := range []struct {
		name, archive string
		want          []string
	}{
		{"front matter that is not YAML", post("date: 2026-01-02\ntitle: a: b", "# T"),
			[]string{"posts/bad/index.en.md:3: the front matter is not valid YAML: mapping values are not allowed in this context"}},
		{"front matter without an end", "-- posts/bad/index.en.md --\n---\ndate: 2026-01-02\n# T\n",
			[]string{"posts/bad/index.en.md:1: the front matter has no end"}},
		{"front matter that is a list", post("- a", "# T"),
			[]string{"posts/bad/index.en.md:2: the front matter is not a list of keys and values"}},
		{"TOML", "-- posts/bad/index.en.md --\n+++\ndate = 2026-01-02\n+++\n# T\n",
			[]string{"posts/bad/index.en.md:1: front matter in TOML is not understood"}},
		{"no date", post("title: T", "Text"), []string{"posts/bad/index.en.md:1: the post has no date"}},
		{"a day that does not exist", post("date: 2026-02-30", "# T"),
			[]string{"posts/bad/index.en.md:2: date: there is no day 2026-02-30"}},
		{"a date in words", post("date: 3 March 2026", "# T"),
			[]string{`posts/bad/index.en.md:2: date: "3 March 2026" is not a date`}},
		{"no title", post("date: 2026-01-02", "Text only."), []string{"posts/bad/index.en.md:4: the document has no title"}},
		{"updated before it was written", post("date: 2026-01-02\nupdated: 2025-01-01", "# T"),
			[]string{"posts/bad/index.en.md:2: updated on 2025-01-01, before its date 2026-01-02"}},
		{"two at once, and a third file", post("date: soon\ntags: {a: b}", "# T") + "-- posts/worse/index.en.md --\n---\ndraft: maybe\ndate: 2026-01-02\n---\n# T\n",
			[]string{
				`posts/bad/index.en.md:2: date: "soon" is not a date`,
				"posts/bad/index.en.md:3: tags is not a list",
				`posts/worse/index.en.md:2: draft: "maybe" is neither true nor false`,
			}},
		{"the same URL twice", good + "-- posts/other/index.en.md --\n---\ndate: 2026-01-01\nslug: good\n---\n# T\n",
			[]string{"posts/other/index.en.md:3: its URL /2026/01/01/good/ is also that of posts/good/index.en.md"}},
		{"a translation of nothing", good + "-- posts/bad/index.zh-Hant.md --\n---\ndate: 2026-01-02\ntranslation_of: godo\n---\n# T\n",
			[]string{`posts/bad/index.zh-Hant.md:3: a translation of "godo", which does not exist`}},
		{"a link to nowhere", post("date: 2026-01-02", "# T\n\nSee [that](../none/index.en.md)."),
			[]string{"posts/bad/index.en.md:6: a link to nowhere: there is no document posts/none/index.en.md"}},
		{"a link to a draft", "-- posts/d/index.en.md --\n---\ndate: 2026-01-01\ndraft: true\n---\n# D\n" + post("date: 2026-01-02", "# T\n\n[d](../d/index.en.md)"),
			[]string{"posts/bad/index.en.md:6: links to posts/d/index.en.md, which is a draft"}},
		{"a link to a post with an error", post("date: soon", "# T") + "-- posts/x/index.en.md --\n---\ndate: 2026-01-02\n---\n# X\n\n[bad](../bad/index.en.md)\n",
			[]string{`posts/bad/index.en.md:2: date: "soon" is not a date`}},
		{"a link to a post that cannot be read", post("- a", "# T") + "-- posts/x/index.en.md --\n---\ndate: 2026-01-02\n---\n# X\n\n[bad](../bad/index.en.md)\n",
			[]string{"posts/bad/index.en.md:2: the front matter is not a list of keys and values"}},
		{"an image that is not there", post("date: 2026-01-02", "# T\n\n![x](none.png)"),
			[]string{"posts/bad/index.en.md:6: there is no file posts/bad/none.png"}},
		{"an image outside the folder", post("date: 2026-01-02", "# T\n\n![x](../../../../etc/passwd.png)"),
			[]string{"posts/bad/index.en.md:6: ../../../../etc/passwd.png leads out of the content folder"}},
		{"an encoded way out", post("date: 2026-01-02", "# T\n\n![x](%2e%2e/%2e%2e/%2e%2e/x.png)"),
			[]string{"posts/bad/index.en.md:6: %2e%2e/%2e%2e/%2e%2e/x.png leads out of the content folder"}},
		{"a slug with a way out", post("date: 2026-01-02\nslug: ../../admin", "# T"),
			[]string{`posts/bad/index.en.md:3: the slug "../../admin" has a slash in it`}},
		{"a slug that is a way out", post("date: 2026-01-02\nslug: ..", "# T"),
			[]string{`posts/bad/index.en.md:3: the slug ".." would leave its folder`}},
		{"an alias with a way out", post("date: 2026-01-02\naliases: [/../x]", "# T"),
			[]string{`posts/bad/index.en.md:3: aliases: "/../x" has .. in it`}},
		{"an alias to another host", post("date: 2026-01-02\naliases: [//evil.example/]", "# T"),
			[]string{`posts/bad/index.en.md:3: aliases: "//evil.example/" is not a path`}},
		{"redirects that are none", good + "-- redirects --\n/a\n/b https://example.com/\n/c /d /e\n/x?y /z\n/%zz /z\n/l1 /l2\n/l2 /l1\n/d /q\n/d /r\n", []string{
			`redirects:1: not two paths`,
			`redirects:2: "https://example.com/" is not a path`,
			`redirects:3: not two paths`,
			`redirects:4: "/x?y" is not a path`,
			`redirects:5: "/%zz" is not escaped as in an address`,
			`redirects:6: /l1 leads back to itself`,
			`redirects:7: /l2 leads back to itself`,
			`redirects:9: /d is also an old address in line 8`,
		}},
		{"an alias that is taken", good + post("date: 2026-01-02\naliases: [/2026/01/01/good/]", "# T"),
			[]string{"posts/bad/index.en.md:3: aliases: /2026/01/01/good/ is the URL of posts/good/index.en.md"}},
		{"an unknown language", "-- posts/bad/index.kr.md --\n---\ndate: 2026-01-02\n---\n# T\n",
			[]string{`posts/bad/index.kr.md: unknown language "kr"`}},
		{"an unknown language in the front matter", post("date: 2026-01-02\nlang: klingon", "# T"),
			[]string{`posts/bad/index.en.md:3: unknown language "klingon"`}},
		{"a file of an unknown type", post("date: 2026-01-02", "# T\n\n[x](run.exe)") + "-- posts/bad/run.exe --\nMZ\n",
			[]string{`posts/bad/index.en.md:6: posts/bad/run.exe: files of type ".exe" are not published`}},
		{"a hidden file", post("date: 2026-01-02", "# T\n\n![x](.cache/x.svg)") + "-- posts/bad/.cache/x.svg --\n<svg/>\n",
			[]string{"posts/bad/index.en.md:6: posts/bad/.cache/x.svg is hidden, and not published"}},
		{"a folder as an image", post("date: 2026-01-02", "# T\n\n![x](dir.png)") + "-- posts/bad/dir.png/x.txt --\n\n",
			[]string{"posts/bad/index.en.md:6: there is no file posts/bad/dir.png"}},
		{"audio that is not audio", post("date: 2026-01-02\naudio: x.txt", "# T") + "-- posts/bad/x.txt --\nx\n",
			[]string{"posts/bad/index.en.md:3: audio: x.txt is not an audio file"}},
		{"no posts at all", "-- pages/about/index.en.md --\n# About\n", []string{"posts: there is no folder of posts"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			s, probs := load(t, folder(t, tt.archive), Options{Site: site})
			if s != nil {
				t.Error("the site was loaded all the same")
			}
			var got []string
			for _, p := range probs.Errors() {
				got = append(got, p.String())
				if p.Hint == "" {
					t.Errorf("no hint: %s", p)
				}
			}
			if strings.Join(got, "\n") != strings.Join(tt.want, "\n") {
				t.Errorf("got:\n%s\nwant:\n%s", strings.Join(got, "\n"), strings.Join(tt.want, "\n"))
			}
		})
	}
}

func TestWarnings(t *testing.T) {
	s, probs := load(t, folder(t, "-- posts/a/index.en.md --\n---\ndate: 2026-01-01\ntittle: T\n---\n# A\n"), Options{Site: site})
	if s == nil || len(probs) != 1 {
		t.Fatalf("problems: %v", probs)
	}
	if p := probs[0]; p.String() != `posts/a/index.en.md:3: warning: unknown front matter key "tittle"` || p.Hint != `did you mean "title"?` {
		t.Errorf("%s (%s)", p, p.Hint)
	}
}

func TestFilesThatAreNotText(t *testing.T) {
	dir := folder(t, good)
	bad := filepath.Join(dir, "posts", "bad")
	if err := os.Mkdir(bad, 0o777); err != nil {
		t.Fatal(err)
	}
	write := func(name string, data []byte) {
		if err := os.WriteFile(filepath.Join(bad, name), data, 0o666); err != nil {
			t.Fatal(err)
		}
	}
	write("big5.en.md", []byte("---\ndate: 2026-01-02\n---\n# Title\n\n\xa4\xa4\xa4\xe5\n"))
	big := filepath.Join(bad, "huge.en.md")
	write("huge.en.md", []byte("# Huge\n"))
	if err := os.Truncate(big, 50<<20); err != nil {
		t.Fatal(err)
	}
	_, probs := load(t, dir, Options{Site: site})
	want := "posts/bad/big5.en.md:6: not UTF-8 text\n" +
		"posts/bad/huge.en.md: the file is 50 MB; a Markdown file may have 2 MB"
	var got []string
	for _, p := range probs {
		got = append(got, p.String())
	}
	if strings.Join(got, "\n") != want {
		t.Errorf("got:\n%s\nwant:\n%s", strings.Join(got, "\n"), want)
	}
}

func TestSymbolicLinks(t *testing.T) {
	outside := filepath.Join(t.TempDir(), "secret.md")
	if err := os.WriteFile(outside, []byte("---\ndate: 2026-01-01\n---\n# Secret\n"), 0o666); err != nil {
		t.Fatal(err)
	}
	dir := folder(t, good+"-- posts/pic/index.en.md --\n---\ndate: 2026-01-03\n---\n# P\n\n![x](out.png)\n")
	link := func(to, name string) {
		if err := os.Symlink(to, filepath.Join(dir, "posts", name)); err != nil {
			t.Fatal(err)
		}
	}
	link(outside, "out.en.md")
	link("/etc", "etc")
	link("good/index.en.md", "inside.en.md") // allowed: it stays in the folder
	link("nowhere.md", "dangling.en.md")
	link("good", "folder")
	link(outside, "pic/out.png")
	_, probs := load(t, dir, Options{Site: site})
	var got []string
	for _, p := range probs.Errors() {
		got = append(got, p.String())
	}
	want := []string{
		"posts/dangling.en.md: a symbolic link to nothing",
		"posts/etc: a symbolic link that leaves the content folder",
		"posts/folder: a symbolic link to a folder is not followed",
		"posts/out.en.md: a symbolic link that leaves the content folder",
		"posts/pic/index.en.md:6: there is no file posts/pic/out.png",
		"posts/pic/out.png: a symbolic link that leaves the content folder",
	}
	if strings.Join(got, "\n") != strings.Join(want, "\n") {
		t.Errorf("got:\n%s\nwant:\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}
