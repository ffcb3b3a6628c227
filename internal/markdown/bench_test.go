package markdown

import "testing"

// A load parses every document, so that checking is on the path of each
// publish.
func BenchmarkParse(b *testing.B) {
	body := []byte("# A\n\n")
	for len(body) < 5000 {
		body = append(body, "Some words with `code`, *emphasis* and [a link](../x/index.md).\n\n- one\n- two: 3\n\n"...)
	}
	b.SetBytes(int64(len(body)))
	b.ReportAllocs()
	for b.Loop() {
		Parse(body, 1)
	}
}
