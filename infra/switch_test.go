package main

import (
	"context"
	"fmt"
	"log/slog"
	"net/http/httptest"
	"slices"
	"testing"

	"github.com/victorleungtw/blog/internal/cloud"
	"github.com/victorleungtw/blog/internal/lambdahttp"
	"github.com/victorleungtw/blog/internal/traffic"
)

// A person sends readers to the standby and back, through the edge that the
// templates say: who makes the answers to dynamic requests, and that no reader
// goes without one, whichever region dies meanwhile.
func TestSwitchThroughTheAssembly(t *testing.T) {
	const primary, standby = 0, 1
	for _, name := range []string{"own", "domain", "switch", "shares", "light"} {
		t.Run(name, func(t *testing.T) {
			d := deployed(t, name)
			log := slog.New(slog.DiscardHandler)
			a := d.opened(t)
			c, err := cloud.Local(t.Context(), t.TempDir(), cloud.LocalOptions{Log: log, Quick: true, Assembly: a})
			if err != nil {
				t.Fatal(err)
			}
			publish(t, c)
			asked := -1
			front, err := c.Edge(cloud.EdgeOptions{Log: log, Function: func(region int, f lambdahttp.Invoke) lambdahttp.Invoke {
				return func(ctx context.Context, payload []byte) ([]byte, error) {
					out, err := f(ctx, payload)
					asked = region
					return out, err
				}
			}})
			if err != nil {
				t.Fatal(err)
			}
			w := &traffic.Switch{
				Primary: traffic.Region{Name: a.Regions[primary], Bucket: c.Regions[primary].Bucket},
				Standby: traffic.Region{Name: a.Regions[standby], Bucket: c.Regions[standby].Bucket}, Table: c.Table,
			}
			say := func(standby int, dynamic string) {
				t.Helper()
				if left, err := w.Set(t.Context(), traffic.Change{Standby: &standby, Dynamic: &dynamic}); err != nil || len(left) > 0 {
					t.Fatal(left, err)
				}
			}
			fail := func(part string, down bool) {
				t.Helper()
				if err := front.Fail(part, down); err != nil {
					t.Fatal(err)
				}
			}
			n := 0
			dynamic := func(what string, want int) {
				t.Helper()
				n++ // an address that no cache has
				rec := httptest.NewRecorder()
				front.ServeHTTP(rec, httptest.NewRequest("GET", fmt.Sprintf("http://blog.local/api/release?%d", n), nil))
				if rec.Code != 200 || asked != want {
					t.Errorf("%s: %d from region %d, want it from %d", what, rec.Code, asked, want)
				}
			}
			pages := []string{"/2026/03/01/hello/", "/archive/", "/feed.xml", "/", "/sitemap.xml", "/rss.xml"}
			page := func(what string) {
				t.Helper()
				path := pages[0] // one that no cache has
				pages = pages[1:]
				rec := httptest.NewRecorder()
				front.ServeHTTP(rec, httptest.NewRequest("GET", "http://blog.local"+path, nil))
				if rec.Code != 200 {
					t.Errorf("%s: %s: %d", what, path, rec.Code)
				}
			}

			dynamic("nobody says", primary)
			say(100, traffic.ToStandby)
			dynamic("sent to the standby", standby)
			page("sent to the standby")
			fail("primary", true)
			dynamic("and the primary is dead", standby)
			page("and the primary is dead")
			fail("primary", false)
			fail("standby", true)
			dynamic("and the standby is dead", primary)
			page("and the standby is dead")
			fail("standby", false)
			dynamic("healed", standby)
			say(0, "")
			dynamic("switched back", primary)
			page("switched back")

			// Without the edge's key: by Route 53 alone, where it has been given the
			// check.
			say(0, traffic.ToStandby)
			etag, err := c.Table.Version(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			if _, err := c.Table.Update(t.Context(), etag, nil, []string{"www!t"}); err != nil {
				t.Fatal(err)
			}
			want := primary
			if slices.Contains([]string{"switch", "shares"}, name) {
				want = standby
			}
			dynamic("drained", want)
		})
	}
}
