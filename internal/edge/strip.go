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
// A declaration at the top of the file begins a line of its own, so that a place
// in one of CloudFront's error messages says which function it is in.
var Source = sync.OnceValue(func() []byte { return strip(file) })

// strip leaves out comments that are lines of their own, space at both ends of
// lines, space beside punctuation, and the ends of lines inside of a function. It
// is no parser: a line with a comment behind its code keeps that and its end, and a
// template literal of several lines stays as it is. That the program is the same
// after it is for a test to say, which compares the two as the parser understands
// them.
func strip(src []byte) []byte {
	var out bytes.Buffer
	template := false // inside a template literal
	joins := true     // what comes next may stand in the same line
	ends := true      // so may the end of a block
	for line := range bytes.Lines(src) {
		opens := bytes.Count(line, []byte("`"))%2 == 1
		if template {
			out.Write(line)
			template, joins, ends = !opens, true, false // the line has its own end
			continue
		}
		code, whole := bytes.TrimSpace(line), false
		if len(code) == 0 || bytes.HasPrefix(code, []byte("//")) {
			continue
		}
		if !opens {
			code, whole = squeeze(code)
		}
		closes := strings.IndexByte("})]", code[0]) >= 0
		inside := closes || line[0] == ' ' || line[0] == '\t'
		if out.Len() > 0 && !(inside && joins || closes && ends) && !bytes.HasSuffix(out.Bytes(), []byte("\n")) {
			out.WriteByte('\n')
		}
		if code[0] == '}' && ends && bytes.HasSuffix(out.Bytes(), []byte(";")) {
			out.Truncate(out.Len() - 1) // the last statement of a block needs none
		}
		out.Write(code)
		if opens {
			out.WriteByte('\n') // of the text
		}
		template, ends = opens, whole
		joins = whole && strings.IndexByte(";{,([}", code[len(code)-1]) >= 0
	}
	if out.Len() > 0 && !bytes.HasSuffix(out.Bytes(), []byte("\n")) {
		out.WriteByte('\n')
	}
	return out.Bytes()
}

// squeeze leaves out the spaces beside punctuation, which JavaScript does not
// need. Two signs stay apart: "a + +b" is not "a ++b". whole is false for a line
// with a comment behind its code.
func squeeze(code []byte) (out []byte, whole bool) {
	const beside, signs = "=<>!&|?:,;(){}[]+-", "+-"
	var inside byte // what ends the literal that this is in, 0 for none
	escaped, class := false, false
	for i, c := range code {
		switch {
		case inside != 0:
			switch {
			case escaped:
				escaped = false
			case c == '\\':
				escaped = true
			case inside == '/' && (c == '[' || c == ']'):
				class = c == '[' // where a slash ends nothing
			case c == inside && !class:
				inside = 0
			}
		case c == '\'' || c == '"' || c == '`':
			inside = c
		case c == '/' && i+1 < len(code) && (code[i+1] == '/' || code[i+1] == '*'):
			return append(out, code[i:]...), false
		case c == '/' && regexpBegins(out):
			inside = c
		case c == ' ' && strings.IndexByte(signs, code[i-1]) >= 0 && strings.IndexByte(signs, code[i+1]) >= 0:
		case c == ' ' && (strings.IndexByte(beside, code[i-1]) >= 0 || strings.IndexByte(beside, code[i+1]) >= 0):
			continue
		}
		out = append(out, c)
	}
	return out, true
}

// regexpBegins says whether a slash behind this code begins a regular expression
// and divides nothing.
func regexpBegins(before []byte) bool {
	before = bytes.TrimSpace(before)
	return len(before) == 0 || strings.IndexByte("(,=:[!&|?{};", before[len(before)-1]) >= 0 || bytes.HasSuffix(before, []byte("return"))
}
