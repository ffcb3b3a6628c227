package cloud

import (
	"context"
	"fmt"
	"net/http"
	"path/filepath"
	"strings"
	"testing"

	"github.com/victorleungtw/blog/internal/renderer"
)

// Renderers by address are asked as Lambda is, each its own.
func TestAddressesWithRenderers(t *testing.T) {
	ctx := context.Background()
	f := deployed()
	f.invoke = func(w http.ResponseWriter, _ []byte) { fmt.Fprint(w, `{"version":"v7"}`) }
	f.start(t)
	endpoint := f.url
	t.Setenv("AWS_ENDPOINT_URL", "")
	dir := t.TempDir()
	at := func(name string) string { return filepath.Join(dir, name) }
	good := "lambda:blog-prod-renderer?region=ap-east-1&endpoint=" + endpoint
	c, err := Addresses(ctx, "dir:"+at("a"), "dir:"+at("b"), at("routes"), LocalOptions{Log: quiet, Renderers: []string{good, good}})
	if err != nil {
		t.Fatal(err)
	}
	if c.Checker != nil {
		t.Error("an edge in this process checks what renderers elsewhere made")
	}
	for _, r := range c.Regions {
		if resp, err := r.Renderer.Do(ctx, renderer.Request{Version: true}); err != nil || resp.Version != "v7" {
			t.Errorf("the renderer of %s: %+v, %v", r.Name, resp, err)
		}
	}
	for address, want := range map[string]string{
		"blog-renderer":                      "does not name a function",
		"lambda:?region=a":                   "does not name a function",
		"lambda:f":                           "no AWS region",
		"lambda:f?region=":                   "region needs one value",
		"lambda:f?region=a&alias=b":          `"alias" is unknown`,
		"lambda:f?region=a&endpoint=1.2.3.4": "endpoint must be a URL",
	} {
		if _, err := openRenderer(ctx, address); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %s", address, err, want)
		}
	}
}
