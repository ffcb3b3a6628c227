package edge_test

import (
	"strings"
	"testing"
)

// Old releases, and pages as they were at a time, are for a renderer, with the
// release that the reader sees now.
func TestOldReleases(t *testing.T) {
	const when = "Sun, 31 May 2026 20:35:00 GMT"
	store := newKV("www!c", `{"n":7}`, "pr!c", `{"n":1}`, "www/a/", "1:"+digest("a"), "www/~lang", "1:/#en=/")
	f := newFunction(t, store)
	for _, tt := range []struct{ method, target, when, want string }{
		{"GET", "/~3/a/", "", "-> /~3/a/"},
		{"HEAD", "/~map/a/", "", "-> /~map/a/"},
		{"POST", "/~3/a/", "", "Method Not Allowed"},
		{"GET", "/~3/a/", when, "-> /~3/a/"}, // a memento is what it is
		{"GET", "/~lang", "", "Moved Permanently /#en=/"},
		{"GET", "/~share/x", when, "Not Found"},
		{"GET", "https://pr.branch.example.com/~3/a/", "", "Not Found"},
		{"GET", "https://pr.branch.example.com/a/", when, "-> /page/" + digest("a")},
		{"GET", "/a/", when, "-> /~gate/1780259700/a/"},
		{"GET", "/none?x=1", when, "-> /~gate/1780259700/none"},
		{"GET", "/%E5%92%96/", when, "-> /~gate/1780259700/%E5%92%96/"},
		{"GET", "/a/", "Wed, 31 Dec 1969 23:59:59 GMT", "-> /~gate/-1/a/"},
		{"POST", "/a/", when, "Method Not Allowed"},
		{"GET", "/page/" + digest("a"), when, "-> /page/" + digest("a")},
		{"POST", "/api/x", when, "-> /api/x"},
		{"GET", "/a/", "", "-> /page/" + digest("a")},
		{"GET", "/a/", "yesterday", "Bad Request"},
		{"GET", "/a/", "2026-05-31T20:35:00Z", "Bad Request"},
		{"GET", "/a/", "Sun, 99 May 2026 20:35:00 GMT", "Bad Request"},
		{"GET", "/a/", "Mon, 31 May 2026 20:35:00 GMT", "Bad Request"}, // it was a Sunday
		{"GET", "/a/", when + "/../", "Bad Request"},
	} {
		target := tt.target
		if strings.HasPrefix(target, "/") {
			target = "https://example.com" + target
		}
		var header []string
		if tt.when != "" {
			header = []string{"Accept-Datetime", tt.when}
		}
		res := run(t, f, tt.method, target, header...)
		if got := summary(res); got != tt.want {
			t.Errorf("%s %s at %q: %s, want %s", tt.method, tt.target, tt.when, got, tt.want)
		}
		if res.Request != nil && strings.HasPrefix(res.Request.URI, "/~") && res.Request.Headers["x-blog-release"].Value != "7" {
			t.Errorf("%s: the renderer is told %v", tt.target, res.Request.Headers["x-blog-release"])
		}
		if gate := res.Request != nil && strings.HasPrefix(res.Request.URI, "/~gate/"); gate != (res.Group != nil) {
			t.Errorf("%s at %q: goes to %+v", tt.target, tt.when, res.Group)
		} else if gate && (res.Group.Primary != "renderer-primary" || res.Group.Secondary != "renderer-fallback") {
			t.Errorf("%s: goes to %+v", tt.target, res.Group)
		}
		if res.Response != nil && res.Response.StatusCode == 400 && !strings.Contains(res.Response.Headers["vary"].Value, "Accept-Datetime") {
			t.Errorf("%s: Vary %q", tt.target, res.Response.Headers["vary"].Value)
		}
	}
}

// Who asks by time is sent where dynamic requests are steered.
func TestOldReleasesSteered(t *testing.T) {
	f := newFunction(t, newKV("www!c", `{"n":7}`, "www!t", `{"dynamic":"standby"}`))
	res := run(t, f, "GET", "https://example.com/a/", "Accept-Datetime", "Sun, 31 May 2026 20:35:00 GMT")
	if res.Group == nil || res.Group.Primary != "renderer-fallback" {
		t.Errorf("goes to %+v", res.Group)
	}
}
