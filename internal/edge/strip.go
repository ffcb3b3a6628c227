package edge

import (
	"bytes"
	_ "embed"
	"sync"
)

//go:embed function.js
var file []byte

// Source is the edge function as it is deployed: function.js without its
// comments and its indentation, because CloudFront counts them among the
// 10,240 bytes that a function may have. CDK app, previews and tests all use
// these bytes.
//
// A line that is left out stays as an empty one, so that a place in one of
// CloudFront's error messages is a place in the file.
var Source = sync.OnceValue(func() []byte { return strip(file) })

// strip leaves out comments that are lines of their own, and space at both
// ends of lines. Nothing in a line of code is touched, so it needs no parser;
// the one thing that it must know is a template literal of several lines,
// which it leaves as it is. A comment behind code stays, and so does one
// between /* and */. That the program is the same after it is for a test to
// say, which compares the two as the parser understands them.
func strip(src []byte) []byte {
	var out bytes.Buffer
	template := false // inside a template literal
	for line := range bytes.Lines(src) {
		code := line
		if !template {
			code = bytes.TrimSpace(line)
			if bytes.HasPrefix(code, []byte("//")) {
				code = nil
			}
			code = append(bytes.Clone(code), '\n')
		}
		if bytes.Count(code, []byte("`"))%2 == 1 {
			template = !template
		}
		out.Write(code)
	}
	return out.Bytes()
}
