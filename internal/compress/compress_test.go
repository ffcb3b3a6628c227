package compress

import (
	"bytes"
	"compress/gzip"
	"io"
	"strings"
	"sync"
	"testing"

	"github.com/andybalholm/brotli"
)

func decode(t *testing.T, name string, b []byte) []byte {
	t.Helper()
	var r io.Reader = brotli.NewReader(bytes.NewReader(b))
	if name == "gzip" {
		var err error
		if r, err = gzip.NewReader(bytes.NewReader(b)); err != nil {
			t.Fatal(err)
		}
	}
	out, err := io.ReadAll(r)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// Same bytes in, same bytes out, whichever pooled writer is used and whatever
// it wrote before.
func TestDeterministic(t *testing.T) {
	pages := [][]byte{nil, []byte("x"), []byte(strings.Repeat("<p>A paragraph of text.</p>\n", 500)), []byte(strings.Repeat("雲", 3000))}
	for _, enc := range Encodings {
		for how, run := range map[string]func([]byte) []byte{"best": enc.Best, "quick": enc.Quick} {
			want := make([][]byte, len(pages))
			for i, p := range pages {
				want[i] = run(p)
				if got := decode(t, enc.Name, want[i]); !bytes.Equal(got, p) {
					t.Errorf("%s %s: page %d came back as %d bytes, want %d", enc.Name, how, i, len(got), len(p))
				}
			}
			var wg sync.WaitGroup
			for range 4 {
				wg.Go(func() {
					for i := len(pages) - 1; i >= 0; i-- {
						if !bytes.Equal(run(pages[i]), want[i]) {
							t.Errorf("%s %s: page %d has other bytes the second time", enc.Name, how, i)
						}
					}
				})
			}
			wg.Wait()
		}
	}
}

func TestBySuffix(t *testing.T) {
	if e, ok := BySuffix(".br"); !ok || e.Name != "br" {
		t.Error(".br is not brotli")
	}
	for _, s := range []string{"", ".", ".zip", "br"} {
		if _, ok := BySuffix(s); ok {
			t.Errorf("%q is an encoding", s)
		}
	}
}
