package dialect

import (
	"fmt"
	"strings"
	"testing"
)

func TestParagraphs(t *testing.T) {
	for src, want := range map[string]string{
		"":                                  "",
		"\n\n":                              "",
		"a\nb\n\nc":                         "1 a\nb|4 c",
		"# T\n\n\n- x\n- y\n":               "1 # T|4 - x\n- y",
		"```go\na\n\nb\n```\n\nc\n":         "1 ```go\na\n\nb\n```|7 c",
		"````\n```\n\n```\n````\n\nc":       "1 ````\n```\n\n```\n````|7 c",
		"~~~\na\n\n":                        "1 ~~~\na",
		"a\r\n\r\nb\r\n":                    "1 a|3 b",
		"  \na\n\t\nb":                      "2 a|4 b",
		"first\n```\nx\n\ny\n```\nstill\n":  "1 first\n```\nx\n\ny\n```\nstill",
		"一行\n二行\n\n三行":                      "1 一行\n二行|4 三行",
		"a\n\n    ```\n    indented\n\nb\n": "1 a|3     ```\n    indented\n\nb",
	} {
		var got []string
		for _, p := range Paragraphs([]byte(src), 1) {
			got = append(got, fmt.Sprint(p.Line, " ", p.Text))
		}
		if s := strings.Join(got, "|"); s != want {
			t.Errorf("%q:\n got %q\nwant %q", src, s, want)
		}
	}
}

func TestMark(t *testing.T) {
	a := Paragraph{Text: "one two\nthree"}.Mark()
	if b := (Paragraph{Text: "one  two three\r"}).Mark(); a != b || len(a) != 6 {
		t.Errorf("broken in other places: %s and %s", a, b)
	}
	if b := (Paragraph{Text: "one two four"}).Mark(); a == b {
		t.Errorf("other words: %s", b)
	}
}
