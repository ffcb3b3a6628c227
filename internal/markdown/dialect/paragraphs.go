package dialect

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"strings"
)

// Paragraph is a piece of a Markdown text as people see it in an editor: lines
// without an empty one between them, or fenced code whole.
type Paragraph struct {
	Line int    // the number of its first line, from that which Paragraphs was given
	Text string // the source
}

// Mark names a paragraph's text, however its lines are broken: 6 hex digits,
// enough to tell that one of a few hundred was changed.
func (p Paragraph) Mark() string {
	sum := sha256.Sum256([]byte(strings.Join(strings.Fields(p.Text), " ")))
	return hex.EncodeToString(sum[:3])
}

// Paragraphs cuts a Markdown text without front matter. It goes by lines, not
// by the parser: what counts as one must not change with a version of it,
// because translations keep the marks of what they were made from.
func Paragraphs(body []byte, line int) []Paragraph {
	var out []Paragraph
	var text []byte
	start, fence := 0, ""
	end := func() {
		if len(text) > 0 {
			out = append(out, Paragraph{start, string(bytes.TrimRight(text, "\r\n"))})
		}
		text = nil
	}
	for raw := range bytes.Lines(body) {
		bare := strings.TrimSpace(string(raw))
		mark := Fence(bare)
		switch {
		case fence == "" && bare == "":
			end()
			line++
			continue
		case fence == "" && mark != "":
			fence = mark
		case fence != "" && strings.HasPrefix(mark, fence) && mark == bare:
			fence = ""
		}
		if len(text) == 0 {
			start = line
		}
		text = append(text, raw...)
		line++
	}
	end()
	return out
}

// Fence is the run of backticks or tildes that a line begins with.
func Fence(line string) string {
	for _, c := range []string{"`", "~"} {
		if n := len(line) - len(strings.TrimLeft(line, c)); n >= 3 {
			return line[:n]
		}
	}
	return ""
}
