package storeurl_test

import (
	"net/url"
	"path/filepath"
	"strings"
	"testing"

	"github.com/victorleungtw/blog/internal/store"
	"github.com/victorleungtw/blog/internal/store/dir"
	"github.com/victorleungtw/blog/internal/store/lab"
	"github.com/victorleungtw/blog/internal/store/storeurl"
)

// roundTrip writes through an address and returns what another look sees.
func roundTrip(t *testing.T, address string) {
	t.Helper()
	meta := store.Meta{ContentType: "text/plain", CacheControl: store.Immutable}
	for range 2 {
		b, err := storeurl.Open(t.Context(), address)
		if err != nil {
			t.Fatal(err)
		}
		if meta.ContentEncoding == "" { // the first time
			meta.ContentEncoding = "br"
			if err := b.Create(t.Context(), "src/a", meta, store.Bytes([]byte("x"))); err != nil {
				t.Fatal(err)
			}
		}
		o, err := b.Get(t.Context(), "src/a")
		if err != nil || string(o.Body) != "x" || o.Meta != meta {
			t.Errorf("Get = %+v, %v", o, err)
		}
	}
}

func TestOpenDirectory(t *testing.T) {
	path := filepath.Join(t.TempDir(), "not yet", "100% there")
	roundTrip(t, "dir:"+path)
	b, err := dir.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := b.Get(t.Context(), "src/a"); err != nil {
		t.Errorf("the object is not in %s: %v", path, err)
	}
	t.Chdir(t.TempDir())
	roundTrip(t, "dir:relative")
}

func TestOpenS3(t *testing.T) {
	endpoint, newBucket := lab.Start(t)
	for _, variable := range lab.Env(t) {
		name, value, _ := strings.Cut(variable, "=")
		t.Setenv(name, value)
	}
	t.Setenv("AWS_REGION", "") // the address names it
	roundTrip(t, "s3://"+newBucket(t)+"?"+url.Values{
		"region": {lab.Region}, "endpoint": {endpoint}, "path_style": {"true"},
	}.Encode())
	roundTrip(t, "s3://"+newBucket(t)+"?region=us-east-1&endpoint="+endpoint+"&path_style=true")
}

func TestOpenRefuses(t *testing.T) {
	for address, why := range map[string]string{
		"":                                     "neither kind",
		"dir:":                                 "path is missing",
		"/var/blog":                            "neither kind",
		"https://bucket.s3.amazonaws.com":      "neither kind",
		"s3://":                                "bucket is missing",
		"s3:bucket":                            "bucket is missing",
		"s3://bucket/folder":                   "whole bucket",
		"s3://bucket:80":                       "no port",
		"s3://key:secret@bucket":               "no user",
		"s3://bucket#x":                        "whole bucket",
		"s3://bucket?regoin=us-east-1":         `"regoin" is unknown`,
		"s3://bucket?region":                   "region needs one value",
		"s3://bucket?region=a&region=b":        "region needs one value",
		"s3://bucket?region=a&path_style=yes":  "true or false",
		"s3://bucket?region=a&endpoint=x:7070": "must be a URL",
		"s3://bucket?region=%zz":               "escape",
	} {
		_, err := storeurl.Open(t.Context(), address)
		if err == nil || !strings.Contains(err.Error(), why) || !strings.Contains(err.Error(), "hint: write dir:PATH") {
			t.Errorf("Open(%q): %v\nwant an error with %q and a hint", address, err, why)
		}
		if err != nil && strings.Contains(err.Error(), "secret") {
			t.Errorf("Open(%q): the error repeats a password: %v", address, err)
		}
	}
}
