package names

import (
	"reflect"
	"regexp"
	"slices"
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
	all := n.Limits(account, []string{region})
	for _, l := range all {
		if err := l.Check(); err != nil {
			t.Error(err)
		}
		if l.Shared && !strings.Contains(l.Name, n.String()) {
			t.Errorf("%s %q does not carry the environment", l.What, l.Name)
		}
	}
	// Each name that there is has its limit.
	arguments := map[string][]string{
		"Stack": {"content-" + region}, "Bucket": {account, region}, "LogBucket": {account, region}, "ArtifactBucket": {account, region},
		"Policy": {longestPart}, "RendererHost": {region}, "VPCOrigin": {region}, "EdgeLogBucket": {account},
	}
	for i, typ := 0, reflect.TypeFor[Names](); i < typ.NumMethod(); i++ {
		m := typ.Method(i)
		switch m.Name {
		case "String", "Name", "Env", "BucketPrefix", "LogBucketPrefix", "ArtifactBucketPrefix", "EdgeLogBucketPrefix", "Parameters", "Limits":
			continue // a part of a name
		}
		in := []reflect.Value{reflect.ValueOf(n)}
		for _, a := range arguments[m.Name] {
			in = append(in, reflect.ValueOf(a))
		}
		if len(in) != m.Type.NumIn() {
			t.Errorf("%s takes something that this test does not know", m.Name)
			continue
		}
		got := m.Func.Call(in)[0].String()
		if !slices.ContainsFunc(all, func(l Limited) bool { return l.Name == got }) {
			t.Errorf("%s gives %q, which Limits does not have", m.Name, got)
		}
	}
}

func TestCheckLimit(t *testing.T) {
	for _, c := range []struct {
		l    Limited
		want string
	}{
		{Limited{What: "bucket", Name: "ab-1", Max: 4, Form: bucketForm}, ""},
		{Limited{What: "bucket", Name: "ab-12", Max: 4, Form: bucketForm}, `bucket "ab-12" has 5 characters, 4 are allowed`},
		{Limited{What: "bucket", Name: "Ab", Max: 4, Form: bucketForm}, `bucket "Ab" is not of the form`},
	} {
		err := c.l.Check()
		if c.want == "" && err != nil || c.want != "" && (err == nil || !strings.Contains(err.Error(), c.want)) {
			t.Errorf("%v, want %s", err, c.want)
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
