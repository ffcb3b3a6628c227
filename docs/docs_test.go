// Package docs holds the guides, and the tests that they are about this
// program: that links lead somewhere, that every key, flag and alarm is
// explained, that a picture shows what its source says.
package docs

import (
	"html"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"unicode"

	"github.com/victorleungtw/blog/internal/content"
)

func read(t *testing.T, name string) string {
	t.Helper()
	b, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

func glob(t *testing.T, pattern string) []string {
	t.Helper()
	names, err := filepath.Glob(pattern)
	if err != nil || len(names) == 0 {
		t.Fatalf("no files %s (%v)", pattern, err)
	}
	return names
}

// guides are the README and the files of this folder.
func guides(t *testing.T) []string { return append(glob(t, "*.md"), filepath.Join("..", "README.md")) }

var (
	fenceRE   = regexp.MustCompile("(?ms)^ *(```|~~~).*?^ *(```|~~~) *$")
	spanRE    = regexp.MustCompile("`+[^`\n]+`+")
	linkRE    = regexp.MustCompile(`\]\(([^()\s]+)\)`)
	headingRE = regexp.MustCompile(`(?m)^#{1,6} +(.+?) *#*$`)
)

// anchors are the ids that GitHub gives the headings of a Markdown text.
func anchors(text string) map[string]bool {
	out := map[string]bool{}
	for _, m := range headingRE.FindAllStringSubmatch(fenceRE.ReplaceAllString(text, ""), -1) {
		id := strings.Map(func(r rune) rune {
			switch {
			case r == ' ':
				return '-'
			case r == '-' || r == '_' || unicode.In(r, unicode.L, unicode.N, unicode.M):
				return unicode.ToLower(r)
			}
			return -1
		}, linkRE.ReplaceAllString(m[1], "]"))
		out[id] = true
	}
	return out
}

// Every relative link leads to a file, and its fragment to a heading.
func TestLinks(t *testing.T) {
	seen := 0
	for _, name := range guides(t) {
		text := spanRE.ReplaceAllString(fenceRE.ReplaceAllString(read(t, name), ""), "")
		for _, m := range linkRE.FindAllStringSubmatch(text, -1) {
			if strings.Contains(m[1], "://") || strings.HasPrefix(m[1], "mailto:") {
				continue
			}
			seen++
			path, fragment, _ := strings.Cut(m[1], "#")
			target := name
			if path != "" {
				target = filepath.Join(filepath.Dir(name), filepath.FromSlash(path))
			}
			switch info, err := os.Stat(target); {
			case err != nil:
				t.Errorf("%s: %s leads to no file", name, m[1])
			case fragment == "":
			case info.IsDir() || filepath.Ext(target) != ".md":
				t.Errorf("%s: %s has a fragment, and is no Markdown", name, m[1])
			case !anchors(read(t, target))[fragment]:
				t.Errorf("%s: %s leads to no heading", name, m[1])
			}
		}
	}
	if seen < 50 {
		t.Errorf("only %d links were found: the test no longer sees them", seen)
	}
}

// Every front matter key that the program takes is explained.
func TestFrontMatterKeys(t *testing.T) {
	text := read(t, "content.md")
	_, section, ok := strings.Cut(text, "\n## Front matter\n")
	if !ok {
		t.Fatal("content.md has no section on front matter")
	}
	section, _, _ = strings.Cut(section, "\n## ")
	for _, key := range content.FrontMatterKeys() {
		if !strings.Contains(section, "`"+key+"`") {
			t.Errorf("content.md does not explain the key %q", key)
		}
	}
}

var (
	helpRE = regexp.MustCompile("(?s)const \\w*(?:usage|Help) = `(.*?)`")
	verbRE = regexp.MustCompile(`(?m)^    blog ([a-z]+)`)
	flagRE = regexp.MustCompile(`(?:^|\s)(--[a-z][a-z-]*)`)
)

// Every verb and flag of the command's help is somewhere in the guides.
func TestCommand(t *testing.T) {
	var all strings.Builder
	for _, name := range guides(t) {
		all.WriteString(read(t, name))
	}
	text := all.String()
	verbs, flags := map[string]bool{}, map[string]bool{}
	for _, name := range glob(t, "../cmd/blog/*.go") {
		for _, help := range helpRE.FindAllStringSubmatch(read(t, name), -1) {
			for _, m := range verbRE.FindAllStringSubmatch(help[1], -1) {
				verbs["blog "+m[1]] = true
			}
			for _, m := range flagRE.FindAllStringSubmatch(help[1], -1) {
				flags[m[1]] = true
			}
		}
	}
	delete(flags, "--help")
	if len(verbs) < 7 || len(flags) < 16 {
		t.Errorf("only %d verbs and %d flags were found in the help: the test no longer sees them", len(verbs), len(flags))
	}
	for verb := range verbs {
		if !regexp.MustCompile(regexp.QuoteMeta(verb) + `\b`).MatchString(text) {
			t.Errorf("no guide mentions %q", verb)
		}
	}
	for flag := range flags {
		if !regexp.MustCompile(regexp.QuoteMeta(flag) + `([^a-z-]|$)`).MatchString(text) {
			t.Errorf("no guide mentions %s", flag)
		}
	}
}

var (
	alarmRE = regexp.MustCompile(`"([A-Z]\w*Alarm)"`)
	entryRE = regexp.MustCompile(`runbook\.md#([\w-]+)`)
)

// Every alarm has an entry in the runbook, under a heading that is its name,
// and every entry an alarm.
func TestRunbookHasEveryAlarm(t *testing.T) {
	text := read(t, "runbook.md")
	alarms := map[string]bool{}
	made := 0
	for _, name := range glob(t, "../infra/*.go") {
		if strings.HasSuffix(name, "_test.go") {
			continue
		}
		source := read(t, name)
		made += strings.Count(source, ".NewAlarm(") + strings.Count(source, ".NewCompositeAlarm(") + strings.Count(source, ".NewCfnAlarm(")
		for _, m := range alarmRE.FindAllStringSubmatch(source, -1) {
			alarms[m[1]] = true
		}
		for _, m := range entryRE.FindAllStringSubmatch(source, -1) {
			if !anchors(text)[m[1]] {
				t.Errorf("%s links to %s, and the runbook has no such heading", name, m[0])
			}
		}
	}
	// One place makes all alarms, from a table of names that end in Alarm.
	if made != 1 || len(alarms) == 0 {
		t.Errorf("%d places make alarms, with %d names: the test no longer sees them all", made, len(alarms))
	}
	entries := map[string]string{}
	for _, part := range strings.Split(text, "\n### ")[1:] {
		heading, body, _ := strings.Cut(part, "\n")
		entries[heading] = body
	}
	for name := range alarms {
		body, ok := entries[name]
		if !ok {
			t.Errorf("the runbook has no entry %q", name)
			continue
		}
		for _, part := range []string{"**Description.**", "**Investigation.**", "**Resolution.**"} {
			if !strings.Contains(body, part) {
				t.Errorf("the runbook's entry %q has no %s", name, part)
			}
		}
	}
	for heading := range entries {
		if strings.HasSuffix(heading, "Alarm") && !alarms[heading] {
			t.Errorf("the runbook has an entry for the alarm %q, which there is not", heading)
		}
	}
}

var (
	aboutRE = regexp.MustCompile(`comment="about: ([^|"]+) \| ([^"]+)"`)
	labelRE = regexp.MustCompile(`label=(?:"([^"]*)"|<(.*)>)`)
	tagRE   = regexp.MustCompile(`<[^<>]*>`)
)

// A picture was made from its source as it is now: each text of the one is in
// the other. A line that was moved is not noticed.
func TestPicturesAreMadeFromTheirSources(t *testing.T) {
	for _, name := range glob(t, "*.dot") {
		svg := strings.TrimSuffix(name, ".dot") + ".svg"
		var shown []string
		for _, s := range strings.Split(tagRE.ReplaceAllString(read(t, svg), "\n"), "\n") {
			shown = append(shown, plain(s))
		}
		source := read(t, name)
		about := aboutRE.FindStringSubmatch(source)
		if about == nil {
			t.Errorf("%s has no title and description", name)
			continue
		}
		want := about[1:]
		for _, m := range labelRE.FindAllStringSubmatch(source, -1) {
			want = append(want, strings.Split(tagRE.ReplaceAllString(m[2], "\n"), "\n")...)
			want = append(want, strings.TrimSuffix(strings.TrimSuffix(m[1], `\l`), `\r`))
		}
		for _, s := range want {
			if s = plain(s); s != "" && !slices.Contains(shown, s) {
				t.Errorf("%s does not show %q; make it anew, as %s says", svg, s, name)
			}
		}
	}
}

// plain is a text as readers see it: references resolved, spaces folded.
func plain(s string) string { return strings.Join(strings.Fields(html.UnescapeString(s)), " ") }

// Guides are found from the README.
func TestGuidesAreLinked(t *testing.T) {
	readme := read(t, "../README.md")
	for _, name := range glob(t, "*.md") {
		if !strings.Contains(readme, "](docs/"+name+")") {
			t.Errorf("the README does not link to docs/%s", name)
		}
	}
}
