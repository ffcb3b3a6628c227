package doctor

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
)

// What CloudFormation takes of a template
// (https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/cloudformation-limits.html).
const (
	maxTemplate  = 1_000_000 // bytes, from the bucket that a bootstrap makes
	maxResources = 500
	maxOutputs   = 200
)

// assembly is what cdk synth wrote.
type assembly struct {
	stacks map[string]*stack
}

type stack struct {
	name, region string
	after        []string // stacks that the CLI deploys before it
	bootstrap    int      // the version of the bootstrap that it wants
	size         int
	text         string
	template     struct {
		Resources map[string]struct {
			Type       string
			Properties map[string]any
		}
		Outputs map[string]struct{ Export struct{ Name any } }
	}
}

// readAssembly reads a folder of the CDK's, by its manifest.
func readAssembly(dir string) (*assembly, error) {
	data, err := os.ReadFile(filepath.Join(dir, "manifest.json"))
	if err != nil {
		return nil, err
	}
	var manifest struct {
		Artifacts map[string]struct {
			Type, Environment string
			Dependencies      []string
			Properties        struct {
				TemplateFile                  string
				RequiresBootstrapStackVersion int
			}
		}
	}
	if err := json.Unmarshal(data, &manifest); err != nil {
		return nil, fmt.Errorf("manifest.json: %w", err)
	}
	a := &assembly{stacks: map[string]*stack{}}
	for name, artifact := range manifest.Artifacts {
		if artifact.Type != "aws:cloudformation:stack" {
			continue
		}
		s := &stack{
			name: name, region: artifact.Environment[strings.LastIndex(artifact.Environment, "/")+1:],
			bootstrap: artifact.Properties.RequiresBootstrapStackVersion,
		}
		data, err := os.ReadFile(filepath.Join(dir, artifact.Properties.TemplateFile))
		if err != nil {
			return nil, err
		}
		if err := json.Unmarshal(data, &s.template); err != nil {
			return nil, fmt.Errorf("%s: %w", artifact.Properties.TemplateFile, err)
		}
		s.size, s.text = len(data), string(data)
		for _, d := range artifact.Dependencies {
			if manifest.Artifacts[d].Type == "aws:cloudformation:stack" {
				s.after = append(s.after, d)
			}
		}
		a.stacks[name] = s
	}
	return a, nil
}

// names are the stacks, in order.
func (a *assembly) names() []string { return slices.Sorted(maps.Keys(a.stacks)) }

// before are the stacks that stand when one is deployed.
func (a *assembly) before(name string) map[string]bool {
	out := map[string]bool{}
	var walk func(string)
	walk = func(n string) {
		s := a.stacks[n]
		if s == nil {
			return
		}
		for _, d := range s.after {
			if !out[d] {
				out[d] = true
				walk(d)
			}
		}
	}
	walk(name)
	return out
}

// checkAssembly looks at the synthesized templates, if there are some.
func (b *Blog) checkAssembly() Report {
	r := &report{area: "templates"}
	const synth = "npx --prefix infra cdk synth --quiet"
	dir := filepath.Join(b.Root, "cdk.out")
	a, err := readAssembly(dir)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		r.skip("templates", "none are in cdk.out; %s writes them", synth)
		return r.list
	case err != nil:
		r.fail("templates", synth, "cdk.out: %v", err)
		return r.list
	}
	if a.stacks[b.Names.Stack("global")] == nil {
		r.warn("templates", synth+", with BLOG_ENV as it is now", "cdk.out is of another blog or environment: it has no stack %s", b.Names.Stack("global"))
		return r.list
	}
	written, edited := modified(filepath.Join(dir, "manifest.json")), modified(filepath.Join(b.Root, "blog.yaml"))
	if written < edited {
		r.warn("templates", synth, "blog.yaml was edited after cdk.out was written; what follows is of the older one")
	}
	for _, name := range a.names() {
		s := a.stacks[name]
		if s.size > maxTemplate || len(s.template.Resources) > maxResources || len(s.template.Outputs) > maxOutputs {
			r.fail("size of "+name, "divide the stack", "%d bytes, %d resources, %d outputs; CloudFormation takes %d, %d and %d",
				s.size, len(s.template.Resources), len(s.template.Outputs), maxTemplate, maxResources, maxOutputs)
		}
	}
	if len(r.list) == 0 || r.list.Count(Failure) == 0 {
		r.ok("sizes", "%d stacks, all within CloudFormation's limits", len(a.stacks))
	}
	before := r.list.Count(Failure)
	a.checkOrder(r)
	a.checkShared(r, b)
	if r.list.Count(Failure) == before {
		r.ok("order", "each stack finds what it names: %s", strings.Join(a.order(), ", "))
	}
	return r.list
}

func modified(path string) int64 {
	info, err := os.Stat(path)
	if err != nil {
		return 0
	}
	return info.ModTime().UnixNano()
}

// order is one in which the CLI may deploy.
func (a *assembly) order() []string {
	var out []string
	var visit func(string)
	visit = func(n string) {
		if slices.Contains(out, n) || a.stacks[n] == nil {
			return
		}
		for _, d := range slices.Sorted(slices.Values(a.stacks[n].after)) {
			visit(d)
		}
		out = append(out, n)
	}
	for _, n := range a.names() {
		visit(n)
	}
	return out
}

var (
	secretRef = regexp.MustCompile(`\{\{resolve:secretsmanager:([^:}]+):`)
	importRef = regexp.MustCompile(`"Fn::ImportValue":\s*"([^"]+)"`)
	// The end of a bucket's name in the account-regional namespace.
	bucketRegion = regexp.MustCompile(`-([a-z]{2}(?:-[a-z]+)+-\d)-an`)
)

// checkOrder looks for what a stack names and another makes: a secret that
// CloudFormation resolves, in the stack's own region; a value that another
// exports; a bucket to which another region's replicates; and, with no circle
// among them. The CLI does not look at names.
func (a *assembly) checkOrder(r *report) {
	secrets := map[string]string{} // region and name → the stack that makes it
	exports := map[string]string{}
	buckets := map[string]string{}
	for _, name := range a.names() {
		s := a.stacks[name]
		for _, res := range s.template.Resources {
			if res.Type == "AWS::S3::Bucket" {
				buckets[s.region+" "+s.region] = name
			}
			if res.Type != "AWS::SecretsManager::Secret" {
				continue
			}
			secret, _ := res.Properties["Name"].(string)
			secrets[s.region+" "+secret] = name
			replicas, _ := res.Properties["ReplicaRegions"].([]any)
			for _, rep := range replicas {
				m, _ := rep.(map[string]any)
				region, _ := m["Region"].(string)
				secrets[region+" "+secret] = name
			}
		}
		for _, o := range s.template.Outputs {
			if export, ok := o.Export.Name.(string); ok {
				exports[s.region+" "+export] = name
			}
		}
	}
	for _, name := range a.names() {
		s, before := a.stacks[name], a.before(name)
		if before[name] {
			r.fail("order", "two stacks may not wait for each other: infra/app.go", "%s waits for itself", name)
			continue
		}
		needs := func(what, region, key string, makers map[string]string) {
			switch maker := makers[region+" "+key]; {
			case maker == "":
				r.fail("order", "no stack makes it there: infra/app.go", "%s needs the %s %s, which is not made in %s", name, what, key, region)
			case maker != name && !before[maker]:
				r.fail("order", "make one wait for the other: infra/app.go", "%s needs the %s %s, and may be deployed before %s, which makes it", name, what, key, maker)
			}
		}
		for _, key := range found(secretRef, s.text) {
			needs("secret", s.region, key, secrets)
		}
		for _, key := range found(importRef, s.text) {
			needs("export", s.region, key, exports)
		}
		for _, res := range s.template.Resources {
			if replication := res.Properties["ReplicationConfiguration"]; res.Type == "AWS::S3::Bucket" && replication != nil {
				text, _ := json.Marshal(replication)
				for _, region := range found(bucketRegion, string(text)) {
					if region != s.region {
						needs("bucket of", region, region, buckets)
					}
				}
			}
		}
	}
}

func found(re *regexp.Regexp, text string) []string {
	var out []string
	for _, m := range re.FindAllStringSubmatch(text, -1) {
		out = append(out, m[1])
	}
	slices.Sort(out)
	return slices.Compact(out)
}

// sharedNames are the properties that name what an account has one of,
// whatever the region.
var sharedNames = map[string]string{
	"AWS::IAM::Role":                         "RoleName",
	"AWS::IAM::ManagedPolicy":                "ManagedPolicyName",
	"AWS::IAM::User":                         "UserName",
	"AWS::CloudFront::Function":              "Name",
	"AWS::CloudFront::KeyValueStore":         "Name",
	"AWS::CloudFront::CachePolicy":           "CachePolicyConfig.Name",
	"AWS::CloudFront::OriginRequestPolicy":   "OriginRequestPolicyConfig.Name",
	"AWS::CloudFront::ResponseHeadersPolicy": "ResponseHeadersPolicyConfig.Name",
	"AWS::CloudFront::OriginAccessControl":   "OriginAccessControlConfig.Name",
}

// checkShared finds names that a second environment in the account would take.
func (a *assembly) checkShared(r *report, b *Blog) {
	for _, name := range a.names() {
		for id, res := range a.stacks[name].template.Resources {
			var v any = res.Properties
			for _, key := range strings.Split(sharedNames[res.Type], ".") {
				m, _ := v.(map[string]any)
				v = m[key]
			}
			if given, ok := v.(string); ok && !strings.Contains(given, b.Names.String()) {
				r.fail("one name in an account", "begin it with "+b.Names.String()+": internal/names",
					"%s of %s is called %q, which a second environment would take", id, name, given)
			}
		}
	}
}
