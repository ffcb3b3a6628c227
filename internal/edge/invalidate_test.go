package edge

import (
	"net/http"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/victorleungtw/blog/internal/store"
)

func TestInvalidate(t *testing.T) {
	many := make([]string, maxTags+1)
	for i := range many {
		many[i] = "t" + strconv.Itoa(i)
	}
	cached := map[string]string{ // key → tags
		"/page/a":         "p-1, p-2",
		"/page/a.br":      "P-1,p-2",
		"/page/ab":        "p-2",
		"/page/b":         "p-12",
		"/asset/x":        "",
		"/search?q=a\nh:": "p-1",
		"/full":           strings.Join(many, ","),
	}
	for _, c := range []struct {
		items []string
		gone  []string
	}{
		{[]string{"#p-1"}, []string{"/page/a", "/page/a.br", "/search?q=a\nh:"}},
		{[]string{"#P-2"}, []string{"/page/a", "/page/a.br", "/page/ab"}},
		{[]string{"#p"}, nil},
		{[]string{"#t49"}, []string{"/full"}},
		{[]string{"#t50"}, nil}, // the 51st is not kept
		{[]string{"/page/a"}, []string{"/page/a"}},
		{[]string{"/page/a*"}, []string{"/page/a", "/page/a.br", "/page/ab"}},
		{[]string{"/search"}, []string{"/search?q=a\nh:"}},
		{[]string{"/asset/x", "#p-12"}, []string{"/asset/x", "/page/b"}},
		{[]string{"/*"}, []string{"/asset/x", "/full", "/page/a", "/page/a.br", "/page/ab", "/page/b", "/search?q=a\nh:"}},
	} {
		d := &Distribution{config: Describe(Topology{}), cache: newCache(1 << 20), now: time.Now}
		for key, tags := range cached {
			h := http.Header{}
			setIf(h, store.CacheTagHeader, tags)
			d.cache.put(key, &entry{status: 200, header: h})
		}
		if err := d.Invalidate(c.items); err != nil {
			t.Errorf("%q: %v", c.items, err)
		}
		var gone []string
		for key := range cached {
			if d.cache.get(key) == nil {
				gone = append(gone, key)
			}
		}
		slices.Sort(gone)
		if !slices.Equal(gone, c.gone) {
			t.Errorf("%q dropped %q, want %q", c.items, gone, c.gone)
		}
		if len(gone) == len(cached) && d.cache.size != 0 {
			t.Errorf("an empty cache counts %d bytes", d.cache.size)
		}
	}
}

func TestInvalidateRefuses(t *testing.T) {
	d := &Distribution{config: Describe(Topology{}), cache: newCache(1 << 20)}
	for _, items := range [][]string{
		nil, make([]string, maxInvalidations+1), {"page/a"}, {"#"}, {"#a,b"}, {"#a b"}, {"#語"}, {"#a*"},
		{"#" + strings.Repeat("a", maxTag+1)}, {"/a*b"}, {"/a?b=c"}, {"/語/"}, {"/a", "x"},
	} {
		if err := d.Invalidate(items); err == nil {
			t.Errorf("%.60q was taken", items)
		}
	}
	d.config.CacheTagHeader = ""
	if err := d.Invalidate([]string{"#p-1"}); err == nil {
		t.Error("a tag was taken by a distribution without tags")
	}
}
