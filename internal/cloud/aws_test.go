package cloud

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/victorleungtw/blog/internal/config"
	"github.com/victorleungtw/blog/internal/renderer"
)

// fakeAWS answers the calls that opening a blog on AWS makes, each in its own
// protocol. It checks who is called and what is asked, not signatures.
type fakeAWS struct {
	t          *testing.T
	account    string
	url        string
	parameters map[string]string
	invoke     func(w http.ResponseWriter, payload []byte)
}

const tableARN = "arn:aws:cloudfront::123456789012:key-value-store/6f1dc1b4-8f32-4b9d-8f0a-2a4f0a6d7b11"

func (f *fakeAWS) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, _ := io.ReadAll(r.Body)
	scope := r.Header.Get("Authorization")
	switch {
	case strings.Contains(string(body), "Action=GetCallerIdentity"):
		w.Header().Set("Content-Type", "text/xml")
		fmt.Fprintf(w, `<GetCallerIdentityResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><GetCallerIdentityResult><Arn>arn:aws:iam::%[1]s:user/a</Arn><UserId>A</UserId><Account>%[1]s</Account></GetCallerIdentityResult></GetCallerIdentityResponse>`, f.account)
	case r.Header.Get("X-Amz-Target") == "AmazonSSM.GetParametersByPath" && strings.Contains(scope, "/us-east-1/ssm/"):
		type parameter struct{ Name, Value string }
		var out struct{ Parameters []parameter }
		for k, v := range f.parameters {
			out.Parameters = append(out.Parameters, parameter{k, v})
		}
		json.NewEncoder(w).Encode(out)
	case r.URL.Path == "/2015-03-31/functions/blog-prod-renderer/invocations" && r.URL.Query().Get("Qualifier") == "live":
		f.invoke(w, body)
	default:
		f.t.Errorf("unexpected call: %s %s %s", r.Method, r.URL, body)
		http.Error(w, "unexpected", http.StatusBadRequest)
	}
}

func (f *fakeAWS) start(t *testing.T) {
	f.t = t
	s := httptest.NewServer(f)
	t.Cleanup(s.Close)
	f.url = s.URL
	for k, v := range map[string]string{
		"AWS_ENDPOINT_URL": s.URL, "AWS_ACCESS_KEY_ID": "AK", "AWS_SECRET_ACCESS_KEY": "SK", "AWS_SESSION_TOKEN": "",
		"AWS_PROFILE": "", "AWS_CONFIG_FILE": "/dev/null", "AWS_SHARED_CREDENTIALS_FILE": "/dev/null", "AWS_REGION": "",
	} {
		t.Setenv(k, v)
	}
}

func deployed() *fakeAWS {
	return &fakeAWS{
		account: "123456789012",
		parameters: map[string]string{
			"/blog/prod/route-table-arn": tableARN, "/blog/prod/base-url": "https://d111111abcdef8.cloudfront.net",
		},
	}
}

func settings() *config.Config {
	cfg := config.Default()
	cfg.AWS.Standby = "ap-east-1"
	return cfg
}

func TestAWS(t *testing.T) {
	ctx := context.Background()
	f := deployed()
	f.invoke = func(w http.ResponseWriter, payload []byte) {
		var req renderer.Request
		if err := json.Unmarshal(payload, &req); err != nil || !req.Version {
			t.Errorf("invoked with %s", payload)
		}
		fmt.Fprint(w, `{"version":"v7"}`)
	}
	f.start(t)
	c, err := AWS(ctx, settings())
	if err != nil {
		t.Fatal(err)
	}
	if c.BaseURL != "https://d111111abcdef8.cloudfront.net" || len(c.Regions) != 2 || c.Regions[0].Name != "ap-southeast-1" || c.Regions[1].Name != "ap-east-1" {
		t.Errorf("%+v", c)
	}
	for _, r := range c.Regions {
		if resp, err := r.Renderer.Do(ctx, renderer.Request{Version: true}); err != nil || resp.Version != "v7" {
			t.Errorf("the renderer in %s: %+v %v", r.Name, resp, err)
		}
	}
	f.invoke = func(w http.ResponseWriter, _ []byte) {
		w.Header().Set("X-Amz-Function-Error", "Unhandled")
		fmt.Fprint(w, `{"errorMessage":"recipe/ab: not there","errorType":"wrapError"}`)
	}
	if _, err := c.Regions[0].Renderer.Do(ctx, renderer.Request{Version: true}); err == nil || err.Error() != "recipe/ab: not there" {
		t.Errorf("a function that failed: %v", err)
	}
}

func TestAWSRefuses(t *testing.T) {
	for name, tt := range map[string]struct {
		change func(*fakeAWS, *config.Config)
		want   string
	}{
		"another account":  {func(_ *fakeAWS, c *config.Config) { c.AWS.Account = "999999999999" }, "blog.yaml is for account 999999999999, but the credentials are of 123456789012"},
		"nothing deployed": {func(f *fakeAWS, _ *config.Config) { f.parameters = nil }, "deploy the stacks first"},
		"half deployed":    {func(f *fakeAWS, _ *config.Config) { delete(f.parameters, "/blog/prod/base-url") }, "/blog/prod/base-url do not exist"},
	} {
		t.Run(name, func(t *testing.T) {
			f, cfg := deployed(), settings()
			tt.change(f, cfg)
			f.start(t)
			if _, err := AWS(context.Background(), cfg); err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("%v, want %s", err, tt.want)
			}
		})
	}
}
