package dialect

import "bytes"

// SplitFrontMatter parts a source into its YAML front matter and its body.
// bodyLine is the number of the line that the body begins on, from 1.
//
// Front matter stands between a first line of three hyphens and the next line
// of three hyphens or three dots (https://jekyllrb.com/docs/front-matter/,
// https://yaml.org/spec/1.2.2/#document-markers). A source without both is all
// body. A byte order mark at the start is left out.
func SplitFrontMatter(src []byte) (yaml, body []byte, bodyLine int) {
	src = bytes.TrimPrefix(src, []byte("\ufeff"))
	first, rest, ok := bytes.Cut(src, []byte("\n"))
	if !ok || string(bytes.TrimRight(first, " \t\r")) != "---" {
		return nil, src, 1
	}
	line := 2
	for at := 0; at < len(rest); line++ {
		end, next := len(rest), len(rest)
		if i := bytes.IndexByte(rest[at:], '\n'); i >= 0 {
			end, next = at+i, at+i+1
		}
		if mark := string(bytes.TrimRight(rest[at:end], " \t\r")); mark == "---" || mark == "..." {
			return rest[:at], rest[next:], line + 1
		}
		at = next
	}
	return nil, src, 1
}
