package edge_test

import (
	"bytes"
	"flag"
	"os"
	"testing"

	"github.com/victorleungtw/blog/internal/edge"
	"github.com/victorleungtw/blog/internal/edge/minify"
	"github.com/victorleungtw/blog/internal/edge/subset"
)

var update = flag.Bool("update", false, "write function.min.js anew")

// What is deployed is what the file is now. That it is within CloudFront's
// language is for TestWithinTheLanguage.
func TestSource(t *testing.T) {
	file, err := os.ReadFile("function.js")
	if err != nil {
		t.Fatal(err)
	}
	want, err := minify.Function(file)
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("%d bytes of CloudFront's %d", len(want), subset.MaxSize)
	if *update {
		if err := os.WriteFile("function.min.js", want, 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	if !bytes.Equal(edge.Source(), want) {
		t.Error("function.min.js is not function.js as it is now: run go generate ./internal/edge")
	}
}
