package main

import (
	"io"
	"log/slog"
	"net/http/httptest"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/victorleungtw/blog/internal/assembly"
	"github.com/victorleungtw/blog/internal/cloud"
	"github.com/victorleungtw/blog/internal/config"
	"github.com/victorleungtw/blog/internal/content"
	"github.com/victorleungtw/blog/internal/edge"
	"github.com/victorleungtw/blog/internal/names"
	"github.com/victorleungtw/blog/internal/plan"
	"github.com/victorleungtw/blog/internal/release"
)

// opened reads a deployment's assembly back.
func (d *deployment) opened(t *testing.T) *assembly.Deployment {
	t.Helper()
	got, err := assembly.Open(d.dir)
	if err != nil {
		t.Fatal(err)
	}
	return got
}

// What is in the templates is what package edge describes, whole: nothing was
// lost on the way, and nothing added.
func TestAssembly(t *testing.T) {
	for _, d := range deployments {
		t.Run(d.name, func(t *testing.T) {
			got := d.opened(t)
			regions := d.blog.Config.Regions()
			options := d.blog.Config.AWS.Edge
			want := edge.Describe(edge.Topology{
				Standby: len(regions) > 1, BucketOnly: len(d.blog.Config.RendererRegions()) < len(regions),
				Fleet:    d.blog.Config.AWS.Compute == config.ComputeFleet,
				Firewall: options.WAF.Rate > 0, Shield: options.Shield(regions[0]), StandbyShield: options.Shield(regions[len(regions)-1]),
			})
			if d.blog.Config.LiveDomain() == "" {
				want.MinimumProtocolVersion = "" // CloudFront's own certificate has its own
			}
			named := map[any]bool{}
			for _, b := range append(slices.Clone(want.CacheBehaviors), want.DefaultCacheBehavior) {
				for policy, name := range map[any]*string{
					b.CachePolicy: &b.CachePolicy.Name, b.ResponseHeadersPolicy: &b.ResponseHeadersPolicy.Name,
				} {
					if !named[policy] {
						*name = d.blog.Names.Policy(*name)
					}
					named[policy] = true
				}
				if p := b.OriginRequestPolicy; p != nil && !named[p] {
					p.Name = d.blog.Names.Policy(p.Name)
					named[p] = true
				}
			}
			differences(t, "", reflect.ValueOf(got.Config), reflect.ValueOf(want))
			if string(got.Function) != string(edge.Source()) {
				t.Error("the function in the template is not package edge's")
			}
			if !slices.Equal(got.Regions, regions) {
				t.Errorf("regions %v, want %v", got.Regions, regions)
			}
			// The publisher writes to the store that the function reads.
			if table := got.Parameters[d.blog.Names.RouteTableARN()]; table == "" || table != got.KeyValueStore {
				t.Errorf("publishers write to %q, the function reads %q", table, got.KeyValueStore)
			}
		})
	}
}

// differences reports where two values differ, by their paths.
func differences(t *testing.T, path string, got, want reflect.Value) {
	t.Helper()
	switch got.Kind() {
	case reflect.Pointer:
		if got.IsNil() != want.IsNil() {
			t.Errorf("%s: nil is %v, want %v", path, got.IsNil(), want.IsNil())
		} else if !got.IsNil() {
			differences(t, path, got.Elem(), want.Elem())
		}
	case reflect.Struct:
		for i := range got.NumField() {
			differences(t, path+"."+got.Type().Field(i).Name, got.Field(i), want.Field(i))
		}
	case reflect.Slice:
		if got.Len() != want.Len() {
			t.Errorf("%s: %v, want %v", path, got, want)
			return
		}
		for i := range got.Len() {
			differences(t, path+"[]", got.Index(i), want.Index(i))
		}
	default:
		if !got.Equal(want) {
			t.Errorf("%s: %v, want %v", path, got, want)
		}
	}
}

// What a bucket gives out, and to whom.
func TestBucketAccess(t *testing.T) {
	for _, d := range deployments {
		for _, o := range d.opened(t).Origins {
			b := o.Bucket
			if b == nil {
				continue
			}
			for key, want := range map[string]bool{
				"page/x": true, "asset/x.svg": true, "draft/x": true,
				"src/x": false, "recipe/x": false, "release/0000000001.json": false, "head.json": false,
				"branch/x": false, "gc/x": false, "takedown/x": false, "pages": false,
			} {
				if got := b.MayGet(key); got != want {
					t.Errorf("%s: %s: CloudFront may get %s: %v", d.name, b.Name, key, got)
				}
			}
			for name, change := range map[string]func(r *assembly.Request){
				"without TLS":         func(r *assembly.Request) { r.Context["aws:securetransport"] = "false" },
				"over TLS 1.1":        func(r *assembly.Request) { r.Context["s3:tlsversion"] = "1.1" },
				"for another account": func(r *assembly.Request) { r.Context["aws:sourceaccount"] = "999999999999" },
				"for nobody":          func(r *assembly.Request) { delete(r.Context, "aws:sourcearn") },
				"as somebody unknown": func(r *assembly.Request) { r.Service = "" },
				"as another service":  func(r *assembly.Request) { r.Service = "logging.s3.amazonaws.com" },
				"to list":             func(r *assembly.Request) { r.Action = "s3:ListBucket" },
				"to write":            func(r *assembly.Request) { r.Action = "s3:PutObject" },
				"another account's distribution": func(r *assembly.Request) {
					r.Context["aws:sourcearn"] = "arn:aws:cloudfront::999999999999:distribution/E1"
				},
			} {
				r := b.Caller()
				r.Action, r.Resource = "s3:GetObject", bucketARN(b.Name)+"/page/x"
				context := map[string]string{}
				for k, v := range r.Context {
					context[k] = v
				}
				r.Context = context
				if !b.Allows(r) {
					t.Fatalf("%s: %s: a page is refused", d.name, b.Name)
				}
				if change(&r); b.Allows(r) {
					t.Errorf("%s: %s: %s is allowed", d.name, b.Name, name)
				}
			}
		}
	}
}

// Dynamic requests follow Route 53: the primary while it is healthy, the
// standby when it is not, and the primary when none is.
func TestAssemblyRoutes(t *testing.T) {
	d := deployed(t, "domain").opened(t)
	for _, o := range d.Origins {
		if o.ID != edge.OriginDynamic {
			continue
		}
		for _, tt := range []struct{ ill, want string }{
			{"", d.Regions[0]}, {d.Regions[1], d.Regions[0]}, {d.Regions[0], d.Regions[1]},
			{strings.Join(d.Regions, " "), d.Regions[0]},
		} {
			got, err := assembly.Choose(o.Routes, func(host, _ string) (int, string, error) {
				if strings.Contains(tt.ill, d.Checked[host].Region) {
					return 0, "", errAway
				}
				return 200, "", nil
			}, d.Regions)
			if err != nil || got.API.Region != tt.want {
				t.Errorf("%q ill: %+v answers, want %s (%v)", tt.ill, got, tt.want, err)
			}
		}
		return
	}
	t.Error("no origin for dynamic requests")
}

// Readers are answered through what the templates say, with the primary region
// gone too, and without any region they are not.
func TestAssemblyAnswers(t *testing.T) {
	for _, d := range deployments {
		t.Run(d.name, func(t *testing.T) {
			a := d.opened(t)
			log := slog.New(slog.DiscardHandler)
			c, err := cloud.Local(t.Context(), t.TempDir(), cloud.LocalOptions{Log: log, Quick: true, Assembly: a})
			if err != nil {
				t.Fatal(err)
			}
			front, err := c.Edge(cloud.EdgeOptions{Log: log})
			if err != nil {
				t.Fatal(err)
			}
			get := func(path string) (int, string) {
				w := httptest.NewRecorder()
				front.ServeHTTP(w, httptest.NewRequest("GET", "http://blog.local"+path, nil))
				body, _ := io.ReadAll(w.Body)
				return w.Code, string(body)
			}
			publish(t, c)
			is := func(path string, status int, part string) {
				t.Helper()
				if code, body := get(path); code != status || !strings.Contains(body, part) {
					t.Errorf("%s: %d %.200s, want %d and %q", path, code, body, status, part)
				}
			}
			is("/archive/", 200, "Archive")
			is("/api/release", 200, `"n":1`)
			is("/"+names.HeadKey, 404, "")
			if err := front.Fail("primary", true); err != nil {
				t.Fatal(err)
			}
			is("/archive/", 200, "Archive") // the edge has it
			switch live := d.blog.Config.LiveDomain() != "" && len(d.blog.Config.RecordRegions()) > 1; {
			case len(a.Regions) == 1:
				is("/2026/03/01/hello/", 502, "")
				is("/api/release", 502, "")
			case live: // Route 53 sends them to the standby
				is("/2026/03/01/hello/", 200, "The text")
				is("/api/release", 200, `"n":1`)
			default:
				is("/2026/03/01/hello/", 200, "The text")
				is("/api/release", 502, "")
			}
		})
	}
}

// publish publishes a post.
func publish(t *testing.T, c *cloud.Cloud) {
	t.Helper()
	folder := filepath.Join(t.TempDir(), "posts", "hello")
	if err := os.MkdirAll(folder, 0o777); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(folder, "index.en.md"), []byte("---\ndate: 2026-03-01\n---\n# A post\n\nThe text.\n"), 0o666); err != nil {
		t.Fatal(err)
	}
	l, err := content.Open(filepath.Join(folder, "..", ".."), content.Options{Site: config.Site{
		Title: "Test", BaseURL: "https://example.com", PerPage: 10, Languages: []config.Language{{Tag: "en"}},
	}})
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	site, probs, err := l.Load(t.Context())
	if err != nil || probs.Err() != nil {
		t.Fatal(err, probs)
	}
	p := &release.Publisher{Regions: c.Regions, Table: c.Table, Check: c.Checker, Log: slog.New(slog.DiscardHandler), Now: time.Now}
	version, err := p.Version(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	pl, probs := plan.Build(site, version)
	if probs.Err() != nil {
		t.Fatal(probs)
	}
	if _, err := p.Publish(t.Context(), pl, release.Commit{}); err != nil {
		t.Fatal(err)
	}
}
