package names

import (
	"regexp"
	"strings"
	"testing"
)

func TestNew(t *testing.T) {
	for _, c := range []struct{ name, env, err string }{
		{"blog", "prod", ""},
		{"a", "b", ""},
		{"my-blog-2", "pr12", ""},
		{strings.Repeat("n", MaxName), strings.Repeat("e", MaxEnv), ""},
		{strings.Repeat("n", MaxName+1), "prod", "longer than 16"},
		{"blog", strings.Repeat("e", MaxEnv+1), "longer than 10"},
		{"", "prod", "want lower-case"},
		{"Blog", "prod", "want lower-case"},
		{"2blog", "prod", "want lower-case"},
		{"my--blog", "prod", "want lower-case"},
		{"blog-", "prod", "want lower-case"},
		{"my.blog", "prod", "want lower-case"},
		{"my_blog", "prod", "want lower-case"},
		{"blög", "prod", "want lower-case"},
		{"aws-blog", "prod", "kept by AWS"},
		{"ssm", "prod", "kept by AWS"},
		{"sthree-x", "prod", "kept by AWS"},
		{"blog", "", "want lower-case"},
		{"blog", "pr-12", "want lower-case"},
		{"blog", "Prod", "want lower-case"},
	} {
		_, err := New(c.name, c.env)
		if c.err == "" && err != nil || c.err != "" && (err == nil || !strings.Contains(err.Error(), c.err)) {
			t.Errorf("New(%q, %q): %v, want %q", c.name, c.env, err, c.err)
		}
	}
}

// The longest names that New lets through, in the region with the longest
// code, against the limits of each service.
func TestLimits(t *testing.T) {
	n, err := New("n"+strings.Repeat("-1", (MaxName-1)/2)+"x", strings.Repeat("e", MaxEnv))
	if err != nil {
		t.Fatal(err)
	}
	if l := len(n.name); l != MaxName {
		t.Fatalf("the test's name has %d characters, want %d", l, MaxName)
	}
	const account, region = "123456789012", "ap-southeast-1" // 14, as long as any
	for _, c := range []struct {
		what, got string
		max       int
		form      string
	}{
		{"bucket", n.Bucket(account, region), 63, `^[a-z0-9][a-z0-9-]+[a-z0-9]$`},
		{"log bucket", n.LogBucket(account, region), 63, `^[a-z0-9][a-z0-9-]+[a-z0-9]$`},
		{"function", n.Renderer(), 64, `^[a-zA-Z0-9-_]+$`},
		{"alias of a function", LiveAlias, 128, `^[a-zA-Z0-9-_]+$`},
		{"key alias", n.KeyAlias(), 256, `^alias/[a-zA-Z0-9/_-]+$`},
		{"route table", n.RouteTable(), 64, `^[a-zA-Z0-9-_]+$`},
		{"edge function", n.EdgeFunction(), 64, `^[a-zA-Z0-9-_]+$`},
		{"policy", n.Policy("origin-request-renderer"), 128, `^[a-zA-Z0-9-_]+$`},
		{"secret", n.OriginSecret(), 512, `^[a-zA-Z0-9/_+=.@-]+$`},
		{"host secret", n.RendererHost(region), 512, `^[a-zA-Z0-9/_+=.@-]+$`},
		{"parameter", n.RouteTableARN(), 1011, `^/[a-zA-Z0-9/_.-]+$`},
		{"parameter", n.BaseURL(), 1011, `^/[a-zA-Z0-9/_.-]+$`},
		{"parameter", n.DistributionID(), 1011, `^/[a-zA-Z0-9/_.-]+$`},
		{"stack", n.Stack("content-" + region), 128, `^[a-zA-Z][a-zA-Z0-9-]*$`},
		{"metric namespace", n.MetricNamespace(), 255, `^[a-zA-Z0-9/_.#:-]+$`},
	} {
		if len(c.got) > c.max || !regexp.MustCompile(c.form).MatchString(c.got) {
			t.Errorf("%s %q: %d characters of %d, want the form %s", c.what, c.got, len(c.got), c.max, c.form)
		}
	}
}

// Secrets Manager adds a hyphen and six characters to a name to make its ARN,
// and searches by partial ARN find the wrong secret when the name ends so too.
func TestSecretNamesHaveNoARNSuffix(t *testing.T) {
	n, _ := New("blog", "prod")
	for _, s := range []string{n.OriginSecret(), n.RendererHost("ap-southeast-1"), n.RendererHost("ap-east-1")} {
		if regexp.MustCompile(`-[a-zA-Z0-9]{6}$`).MatchString(s) {
			t.Errorf("%q ends like a secret's ARN", s)
		}
	}
}

func TestValues(t *testing.T) {
	n, err := New("blog", "prod")
	if err != nil {
		t.Fatal(err)
	}
	for got, want := range map[string]string{
		n.Bucket("123456789012", "ap-southeast-1"):    "blog-prod-123456789012-ap-southeast-1-an",
		n.LogBucket("${AWS::AccountId}", "ap-east-1"): "blog-prod-logs-${AWS::AccountId}-ap-east-1-an",
		n.Renderer():                     "blog-prod-renderer",
		n.RouteTable():                   "blog-prod-routes",
		n.RouteTableARN():                "/blog/prod/route-table-arn",
		n.OriginSecret():                 "blog/prod/origin-key",
		n.Stack("global"):                "blog-prod-global",
		OriginDomain("a.b"):              "origin.a.b",
		BranchDomain("a.b", "pr-7"):      "pr-7.branch.a.b",
		RegionDomain("a.b", "ap-east-1"): "ap-east-1.origin.a.b",
	} {
		if got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
}
