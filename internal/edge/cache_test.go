package edge

import (
	"net/http"
	"strings"
	"testing"
	"time"
)

func TestLifetime(t *testing.T) {
	now := time.Date(2026, 3, 1, 0, 0, 0, 0, time.UTC)
	c := Describe(Topology{})
	const day, year = 24 * time.Hour, 365 * 24 * time.Hour
	address := CachePolicy{DefaultTTL: day, MaxTTL: year}
	atLeast := CachePolicy{MinTTL: time.Minute, DefaultTTL: time.Hour, MaxTTL: day}
	never := CachePolicy{}
	byQuery := CachePolicy{MaxTTL: day}
	for _, tt := range []struct {
		name   string
		p      CachePolicy
		status int
		header string // Cache-Control, or "Expires: ..."
		store  bool
		fresh  time.Duration
	}{
		{"immutable", address, 200, "public, max-age=31536000, immutable", true, year},
		{"over the maximum", address, 200, "max-age=99999999", true, year},
		{"nothing said", address, 200, "", true, day},
		{"public alone", address, 200, "public", true, day},
		{"s-maxage first", address, 200, "max-age=5, s-maxage=7", true, 7 * time.Second},
		{"capitals", address, 200, "MAX-AGE=5", true, 5 * time.Second},
		{"quoted", address, 200, `max-age="5"`, true, 5 * time.Second},
		{"zero", address, 200, "max-age=0", true, 0},
		{"not a number", address, 200, "max-age=x", true, 0},
		{"negative", address, 200, "max-age=-5", true, 0},
		{"no-cache", address, 200, "no-cache, max-age=5", true, 0},
		{"no-store", address, 200, "no-store", false, 0},
		{"private", address, 200, "private, max-age=5", false, 0},
		{"expires", address, 200, "Expires: Sun, 01 Mar 2026 00:00:09 GMT", true, 9 * time.Second},
		{"expired", address, 200, "Expires: Sun, 01 Mar 2020 00:00:09 GMT", true, 0},
		{"expires 0", address, 200, "Expires: 0", true, 0},
		{"minimum", atLeast, 200, "max-age=5", true, time.Minute},
		{"minimum over no-store", atLeast, 200, "no-store", true, time.Minute},
		{"minimum over no-cache", atLeast, 200, "no-cache", true, time.Minute},
		{"no caching", never, 200, "", false, 0},
		{"no caching, whatever is said", never, 200, "max-age=5", false, 0},
		{"only if it says so", byQuery, 200, "", false, 0},
		{"it says so", byQuery, 200, "max-age=5", true, 5 * time.Second},
		{"redirect", address, 301, "", false, 0},
		{"redirect that says so", address, 301, "max-age=5", true, 5 * time.Second},
	} {
		h := http.Header{}
		if e, ok := strings.CutPrefix(tt.header, "Expires: "); ok {
			h.Set("Expires", e)
		} else if tt.header != "" {
			h.Set("Cache-Control", tt.header)
		}
		l := c.lifetimeOf(&tt.p, tt.status, h, now)
		if l.store != tt.store || l.fresh != tt.fresh {
			t.Errorf("%s: store %v for %v, want %v for %v", tt.name, l.store, l.fresh, tt.store, tt.fresh)
		}
	}
}

func TestCacheIsBounded(t *testing.T) {
	e := func(n int) *entry { return &entry{body: make([]byte, n)} }
	c := newCache(3 * (overhead + 101))
	c.put("a", e(100))
	c.put("b", e(100))
	c.put("c", e(100))
	c.get("a") // b is now the one that was not asked for longest
	c.put("d", e(100))
	for key, want := range map[string]bool{"a": true, "b": false, "c": true, "d": true} {
		if got := c.get(key) != nil; got != want {
			t.Errorf("%s is there: %v", key, got)
		}
	}
	c.put("a", e(50))
	if c.get("c") == nil || c.size != 2*(overhead+101)+overhead+51 {
		t.Errorf("after a replacement: %d bytes", c.size)
	}
	c.put("big", e(1<<20))
	if c.get("big") != nil || c.get("a") == nil {
		t.Error("an object over the whole cache drove the others out")
	}
	c.put("a", e(1<<20)) // what does not fit is not left in its old form
	if c.get("a") != nil {
		t.Error("an old entry is still there")
	}
	for _, key := range []string{"a", "c", "d", "none"} {
		c.remove(key)
	}
	if c.size != 0 || c.used.Len() != 0 || len(c.byKey) != 0 {
		t.Errorf("an empty cache holds %d bytes", c.size)
	}
}

func TestPatterns(t *testing.T) {
	for _, tt := range []struct {
		pattern, path string
		want          bool
	}{
		{"*", "/", true}, {"/*", "/a/b", true}, {"a*", "/abc", true}, {"/a*", "/b", false},
		{"/a?c", "/abc", true}, {"/a?c", "/ac", false}, {"/a?c", "/a/c", true},
		{"/?*", "/", false}, {"/?*", "/x", true},
		{"*.jpg", "/a/b.jpg", true}, {"*.jpg", "/a.jpg.png", false}, {"/a*b*c", "/aXbYbZc", true}, {"/a*b*c", "/acb", false},
		{"/search", "/search", true}, {"/search", "/searching", false}, {"/search", "/Search", false},
		{"/a*", "/a", true}, {"/a**", "/a", true}, {"/a", "", false}, {"/*", "", false},
	} {
		if got := matchPattern(tt.pattern, tt.path); got != tt.want {
			t.Errorf("%q matches %q: %v", tt.pattern, tt.path, got)
		}
	}
}
