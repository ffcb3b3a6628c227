package routesurl_test

import (
	"net/http/httptest"
	"path/filepath"
	"strings"
	"testing"

	"github.com/victorleungtw/blog/internal/faultproxy"
	"github.com/victorleungtw/blog/internal/routes/kvsfake"
	"github.com/victorleungtw/blog/internal/routes/routesurl"
)

// roundTrip writes through an address and reads through another look at it.
func roundTrip(t *testing.T, address string) {
	t.Helper()
	for i := range 2 {
		table, err := routesurl.Open(t.Context(), address)
		if err != nil {
			t.Fatal(err)
		}
		etag, err := table.Version(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if i == 0 {
			if _, err := table.Update(t.Context(), etag, map[string]string{"www/a b/é": "1:-"}, nil); err != nil {
				t.Fatal(err)
			}
		}
		if v, ok, err := table.Get(t.Context(), "www/a b/é"); v != "1:-" || !ok || err != nil {
			t.Errorf("Get = %q, %v, %v", v, ok, err)
		}
	}
}

func TestOpenFile(t *testing.T) { roundTrip(t, filepath.Join(t.TempDir(), "routes")) }

// A store at an address of this machine, through a proxy: what is signed is
// what arrives.
func TestOpenKVS(t *testing.T) {
	for name, value := range map[string]string{
		"AWS_ACCESS_KEY_ID": "AKIDEXAMPLE", "AWS_SECRET_ACCESS_KEY": "secret", "AWS_SESSION_TOKEN": "", "AWS_REGION": "",
		"AWS_PROFILE": "", "AWS_CONFIG_FILE": "/dev/null", "AWS_SHARED_CREDENTIALS_FILE": "/dev/null",
	} {
		t.Setenv(name, value)
	}
	s := kvsfake.New()
	server := httptest.NewServer(s)
	t.Cleanup(server.Close)
	p, err := faultproxy.Start(faultproxy.Options{Backend: server.URL, TLS: true})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { p.Close() })
	ca := filepath.Join(t.TempDir(), "ca.pem")
	if err := p.CertFile(ca); err != nil {
		t.Fatal(err)
	}
	t.Setenv("AWS_CA_BUNDLE", ca)
	roundTrip(t, s.Address(p.URL())+"&region=us-east-1")
	if n := p.Counts(); n.Requests[faultproxy.UpdateKeys] != 1 || n.Requests[faultproxy.GetKey] != 2 || n.Requests[faultproxy.DescribeKVS] != 2 {
		t.Errorf("through the proxy: %v", n)
	}
	if v, ok, _ := s.Get(t.Context(), "www/a b/é"); v != "1:-" || !ok {
		t.Errorf("the store holds %q, %v", v, ok)
	}
}

func TestOpenRefuses(t *testing.T) {
	const arn = "kvs:arn:aws:cloudfront::123456789012:key-value-store/x"
	for address, why := range map[string]string{
		"": "it is empty",
		"arn:aws:cloudfront::123456789012:key-value-store/x": "neither kind",
		"s3://bucket":              "neither kind",
		"kvs:":                     "not the ARN",
		"kvs:arn:aws:s3:::x":       "not the ARN",
		arn + "?regoin=x":          `"regoin" is unknown`,
		arn + "?region":            "region needs one value",
		arn + "?region=a&region=b": "region needs one value",
		arn + "?endpoint=x:7070":   "must be a URL",
		arn + "?region=%zz":        "escape",
	} {
		if _, err := routesurl.Open(t.Context(), address); err == nil || !strings.Contains(err.Error(), why) || !strings.Contains(err.Error(), "hint:") {
			t.Errorf("Open(%q): %v\nwant an error with %q and a hint", address, err, why)
		}
	}
}
