package travel

import (
	"bytes"
	"iter"
)

// tags yields the tags of a page and where each begins. What stands in comments
// and in elements that hold no markup is passed over.
func tags(page []byte) iter.Seq2[int, []byte] {
	return func(yield func(int, []byte) bool) {
		for at := 0; ; {
			i := bytes.IndexByte(page[at:], '<')
			if i < 0 {
				return
			}
			at += i
			if bytes.HasPrefix(page[at:], []byte("<!--")) {
				end := bytes.Index(page[at:], []byte("-->"))
				if end < 0 {
					return
				}
				at += end
				continue
			}
			end := tagEnd(page[at:])
			if end < 0 {
				return
			}
			tag := page[at : at+end]
			if !yield(at, tag) {
				return
			}
			at += end
			switch closing, name := tagName(tag); {
			case closing:
			case name == "script", name == "style", name == "title", name == "textarea":
				over := bytes.Index(page[at:], []byte("</"+name))
				if over < 0 {
					return
				}
				at += over
			}
		}
	}
}

// tagEnd is the length of the tag that the text begins with, -1 if it has no
// end. A ">" in quotes ends none.
func tagEnd(text []byte) int {
	quote := byte(0)
	for i, c := range text {
		switch {
		case quote != 0:
			if c == quote {
				quote = 0
			}
		case c == '"' || c == '\'':
			quote = c
		case c == '>':
			return i + 1
		}
	}
	return -1
}

// tagName is the name of a tag, in lower case.
func tagName(tag []byte) (closing bool, name string) {
	rest := tag[1:]
	if closing = bytes.HasPrefix(rest, []byte("/")); closing {
		rest = rest[1:]
	}
	n := 0
	for n < len(rest) && (rest[n]|0x20 >= 'a' && rest[n]|0x20 <= 'z' || n > 0 && rest[n] >= '0' && rest[n] <= '9') {
		n++
	}
	return closing, string(bytes.ToLower(rest[:n]))
}
