package edge_test

import (
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/victorleungtw/blog/internal/edge"
)

// What each kind of address is served under, in full: a change here is a
// change of what browsers do with the blog.
func TestPolicyHeaders(t *testing.T) {
	const hsts = "max-age=63072000"
	for _, tt := range []struct {
		path string
		want map[string]string
	}{
		{"/2022/06/18/aws/", map[string]string{
			"Cache-Control":                "public, max-age=0, must-revalidate",
			"Content-Security-Policy":      edge.PageCSP,
			"Cross-Origin-Resource-Policy": "same-origin",
			"Referrer-Policy":              "strict-origin-when-cross-origin",
			"Strict-Transport-Security":    hsts,
			"Vary":                         "Accept, Accept-Datetime, Accept-Encoding, Accept-Language",
			"X-Content-Type-Options":       "nosniff",
		}},
		{"/page/" + digest("a") + ".css", map[string]string{
			"Content-Security-Policy":      edge.PageCSP,
			"Cross-Origin-Resource-Policy": "same-origin",
			"Referrer-Policy":              "strict-origin-when-cross-origin",
			"Strict-Transport-Security":    hsts,
			"Vary":                         "Accept-Encoding",
			"X-Content-Type-Options":       "nosniff",
			"X-Robots-Tag":                 "noindex",
		}},
		{"/asset/a.svg", map[string]string{
			"Content-Security-Policy":      edge.AssetCSP,
			"Cross-Origin-Resource-Policy": "cross-origin",
			"Referrer-Policy":              "strict-origin-when-cross-origin",
			"Strict-Transport-Security":    hsts,
			"X-Content-Type-Options":       "nosniff",
		}},
		{"/~share/x", map[string]string{
			"Cache-Control":                "private, no-store",
			"Content-Security-Policy":      edge.PageCSP,
			"Cross-Origin-Resource-Policy": "same-origin",
			"Referrer-Policy":              "no-referrer",
			"Strict-Transport-Security":    hsts,
			"Vary":                         "Accept-Encoding",
			"X-Content-Type-Options":       "nosniff",
			"X-Robots-Tag":                 "noindex, nofollow",
		}},
		{"/~7/2022/06/18/aws/", map[string]string{
			"Content-Security-Policy":      edge.PageCSP,
			"Cross-Origin-Resource-Policy": "same-origin",
			"Referrer-Policy":              "strict-origin-when-cross-origin",
			"Strict-Transport-Security":    hsts,
			"X-Content-Type-Options":       "nosniff",
			"X-Robots-Tag":                 "noindex",
		}},
		{"/search", map[string]string{
			"Content-Security-Policy":      edge.PageCSP,
			"Cross-Origin-Resource-Policy": "same-origin",
			"Referrer-Policy":              "strict-origin-when-cross-origin",
			"Strict-Transport-Security":    hsts,
			"X-Content-Type-Options":       "nosniff",
		}},
	} {
		c := edge.Describe(edge.Topology{})
		got := c.Behavior(tt.path).ResponseHeadersPolicy.Headers()
		for name, want := range tt.want {
			if got.Get(name) != want {
				t.Errorf("%s: %s: %q, want %q", tt.path, name, got.Get(name), want)
			}
		}
		if len(got) != len(tt.want) {
			t.Errorf("%s: %d headers, want %d: %v", tt.path, len(got), len(tt.want), got)
		}
	}
}

// No page and no file may run a script, and what is not named is refused.
func TestContentSecurityPolicies(t *testing.T) {
	for name, csp := range map[string]string{"page": edge.PageCSP, "asset": edge.AssetCSP} {
		directives := map[string]string{}
		for d := range strings.SplitSeq(csp, "; ") {
			key, value, _ := strings.Cut(d, " ")
			if _, twice := directives[key]; twice {
				t.Errorf("%s: %s is there twice", name, key)
			}
			directives[key] = value
		}
		if directives["default-src"] != "'none'" || directives["base-uri"] != "'none'" || directives["frame-ancestors"] == "" {
			t.Errorf("%s: %s", name, csp)
		}
		for _, d := range []string{"script-src", "script-src-elem", "script-src-attr", "worker-src", "frame-src", "child-src"} {
			if v, ok := directives[d]; ok {
				t.Errorf("%s: %s is %s", name, d, v)
			}
		}
		if strings.Contains(csp, "unsafe-eval") || strings.Contains(csp, "*") {
			t.Errorf("%s: %s", name, csp)
		}
	}
	if strings.Contains(edge.PageCSP, "unsafe") {
		t.Errorf("page: %s", edge.PageCSP)
	}
}

func TestBehaviors(t *testing.T) {
	d := digest("a")
	for _, tt := range []struct{ path, policy, target string }{
		{"/", "pages", "pages"},
		{"/2022/06/18/aws/", "pages", "pages"},
		{"/page/2/", "pages", "pages"},
		{"/page/117", "pages", "pages"},
		{"/category/podcast/page/10", "pages", "pages"},
		{"/page/" + d, "digests", "pages"},
		{"/page/" + d + ".css", "digests", "pages"},
		{"/page/" + d[1:], "pages", "pages"},
		{"/asset/x.png", "assets", "assets"},
		{"/asset", "pages", "pages"},
		{"/Asset/x.png", "pages", "pages"},
		{"/api/x", "dynamic", "renderer"},
		{"/api/", "dynamic", "renderer"},
		{"/api", "pages", "pages"},
		{"/search", "dynamic", "dynamic"},
		{"/search/", "pages", "pages"},
		{"/zh/search", "pages", "pages"},
		{"/~share/x", "shares", "pages"},
		{"/~share", "old", "dynamic"},
		{"/~7/2022/06/18/aws/", "old", "dynamic"},
		{"/~style.css", "old", "dynamic"},
		{"/a/~7/", "pages", "pages"},
		{"/draft/" + d, "pages", "pages"},
	} {
		c := edge.Describe(edge.Topology{Standby: true})
		b := c.Behavior(tt.path)
		if b.ResponseHeadersPolicy.Name != tt.policy || b.TargetOriginID != tt.target {
			t.Errorf("%s: %s from %s, want %s from %s", tt.path, b.ResponseHeadersPolicy.Name, b.TargetOriginID, tt.policy, tt.target)
		}
	}
}

// The description is one that CloudFront takes.
func TestDescriptions(t *testing.T) {
	for _, topology := range []edge.Topology{{}, {Standby: true}, {Fleet: true}, {Standby: true, Fleet: true}} {
		c := edge.Describe(topology)
		ids := map[string]bool{}
		for _, o := range c.Origins {
			if ids[o.ID] {
				t.Errorf("origin %s is there twice", o.ID)
			}
			ids[o.ID] = true
			if o.ConnectionAttempts < 1 || o.ConnectionAttempts > 3 ||
				o.ConnectionTimeout < time.Second || o.ConnectionTimeout > 10*time.Second ||
				o.ReadTimeout < time.Second || o.ReadTimeout > 60*time.Second {
				t.Errorf("origin %s: %+v", o.ID, o)
			}
		}
		groups := map[string]bool{}
		for _, g := range c.OriginGroups {
			if !ids[g.Primary] || !ids[g.Secondary] || g.Primary == g.Secondary || ids[g.ID] {
				t.Errorf("group %+v", g)
			}
			groups[g.ID] = true
			for _, code := range g.FailoverCriteria {
				if !slices.Contains([]int{400, 403, 404, 416, 429, 500, 502, 503, 504}, code) {
					t.Errorf("group %s: code %d", g.ID, code)
				}
			}
		}
		policies := map[string]any{}
		for _, b := range append(slices.Clone(c.CacheBehaviors), c.DefaultCacheBehavior) {
			if len(b.PathPattern) > 255 || (b.PathPattern == "") != (b.ResponseHeadersPolicy == c.DefaultCacheBehavior.ResponseHeadersPolicy) {
				t.Errorf("pattern %q", b.PathPattern)
			}
			if !ids[b.TargetOriginID] && !groups[b.TargetOriginID] {
				t.Errorf("%q: no target %q", b.PathPattern, b.TargetOriginID)
			}
			if groups[b.TargetOriginID] && slices.ContainsFunc(b.AllowedMethods, func(m string) bool { return m != "GET" && m != "HEAD" && m != "OPTIONS" }) {
				t.Errorf("%q: an origin group takes reads only: %v", b.PathPattern, b.AllowedMethods)
			}
			p := b.CachePolicy
			if p.MinTTL != 0 || p.DefaultTTL > p.MaxTTL {
				t.Errorf("%q: %+v", b.PathPattern, p)
			}
			// One name, one policy: infra makes a resource of each name.
			for name, policy := range map[string]any{
				"cache/" + p.Name: p, "headers/" + b.ResponseHeadersPolicy.Name: b.ResponseHeadersPolicy,
			} {
				if known, ok := policies[name]; ok && known != policy {
					t.Errorf("two policies are called %s", name)
				}
				policies[name] = policy
			}
		}
		for _, e := range c.CustomErrorResponses {
			if e.ErrorCode >= 500 && e.ErrorCachingMinTTL != 0 {
				t.Errorf("%d is kept for %v", e.ErrorCode, e.ErrorCachingMinTTL)
			}
		}
	}
}

// Renderers are either reached over the internet, with a secret, or in a private
// network, without. Two regions stand in for each other for the search, and a
// fleet's, which Route 53 cannot choose from, for all that is dynamic.
func TestFleetDescription(t *testing.T) {
	for _, topology := range []edge.Topology{{}, {Standby: true}, {Fleet: true}, {Standby: true, Fleet: true}} {
		c := edge.Describe(topology)
		for _, o := range c.Origins {
			renderer := strings.HasPrefix(o.ID, edge.OriginDynamic)
			if o.Private != (renderer && topology.Fleet) || o.Verify != (renderer && !topology.Fleet) {
				t.Errorf("%+v: %+v", topology, o)
			}
		}
		for path, grouped := range map[string]bool{"/api/release": topology.Standby && topology.Fleet, "/search": topology.Standby} {
			want := edge.OriginDynamic
			if grouped {
				want = "dynamic"
			}
			if got := c.Behavior(path).TargetOriginID; got != want {
				t.Errorf("%+v: %s goes to %s, want %s", topology, path, got, want)
			}
		}
	}
}

// Origin shields stand in front of what is kept for long, each in its own region;
// dynamic answers make no detour. Nothing else of the description depends on them
// or on a firewall.
func TestOptions(t *testing.T) {
	plain := edge.Describe(edge.Topology{Standby: true})
	got := edge.Describe(edge.Topology{Standby: true, Shield: "ap-southeast-1", StandbyShield: "eu-west-1", Firewall: true})
	want := map[string]string{
		edge.OriginStore: "ap-southeast-1", edge.OriginStoreStandby: "eu-west-1", edge.OriginFallback: "eu-west-1", edge.OriginDynamic: "",
		edge.OriginPrimary: "ap-southeast-1",
	}
	for i, o := range got.Origins {
		if o.OriginShield != want[o.ID] {
			t.Errorf("%s is behind a shield in %q, want %q", o.ID, o.OriginShield, want[o.ID])
		}
		got.Origins[i].OriginShield = ""
	}
	if len(got.Origins) != len(want) || !got.WebACL || plain.WebACL {
		t.Errorf("%d origins, a web ACL: %v, and without one: %v", len(got.Origins), got.WebACL, plain.WebACL)
	}
	got.WebACL = false
	if !reflect.DeepEqual(got, plain) {
		t.Errorf("an option changed more than itself:\n%+v\n%+v", got, plain)
	}
}
