package edge

import (
	"bytes"
	_ "embed"
	"strings"
	"sync"
)

//go:embed function.js
var file []byte

// Source is the edge function as it is deployed: function.js without its
// comments and the space that only people read, because CloudFront counts them
// among the 10,240 bytes that a function may have. CDK app, previews and tests
// all use these bytes.
//
// A line that is left out stays as an empty one, so that a line in one of
// CloudFront's error messages is a line of the file.
var Source = sync.OnceValue(func() []byte { return strip(file) })

// strip leaves out comments that are lines of their own, space at both ends of
// lines, and space beside punctuation. It is no parser: a line that has a
// slash outside of its strings, and so perhaps a regular expression or a
// comment, keeps its inner space, and a template literal of several lines stays
// as it is. That the program is the same after it is for a test to say, which
// compares the two as the parser understands them.
func strip(src []byte) []byte {
	var out bytes.Buffer
	template := false // inside a template literal
	for line := range bytes.Lines(src) {
		code := line
		opens := bytes.Count(line, []byte("`"))%2 == 1
		if !template {
			code = bytes.TrimSpace(line)
			if bytes.HasPrefix(code, []byte("//")) {
				code, opens = nil, false
			}
			if !opens {
				code = squeeze(code)
			}
			code = append(bytes.Clone(code), '\n')
		}
		if opens {
			template = !template
		}
		out.Write(code)
	}
	return out.Bytes()
}

// squeeze leaves out the spaces beside punctuation, which JavaScript does not
// need. Plus and minus keep theirs: "a + +b" is not "a ++b".
func squeeze(code []byte) []byte {
	const beside = "=<>!&|?:,;(){}[]"
	var out []byte
	var quote byte
	for i, c := range code {
		switch {
		case quote != 0:
			if c == quote && code[i-1] != '\\' {
				quote = 0
			}
		case c == '\'' || c == '"' || c == '`':
			quote = c
		case c == '/':
			return code
		case c == ' ' && (strings.IndexByte(beside, code[i-1]) >= 0 || strings.IndexByte(beside, code[i+1]) >= 0):
			continue
		}
		out = append(out, c)
	}
	return out
}
