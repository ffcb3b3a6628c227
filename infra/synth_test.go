package main

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/jsii-runtime-go"

	"github.com/victorleungtw/blog/internal/config"
)

// deployments are the configurations that are synthesized, once each, and that
// every test looks at.
var deployments = []*deployment{
	{name: "own", file: "../blog.yaml"}, // a standby, no domain
	{name: "domain", yaml: `
title: Blog
domain: blog.example.com
hosted_zone: {id: Z0123456789ABCDEFGHIJ}
branches: true
aws: {account: "123456789012", region: ap-southeast-1, standby: ap-east-1, kms: true, alarm_email: ops@example.com, github: octocat@123/blog@456,
  probe: true, budget: {monthly_usd: 20}}
`},
	{name: "single", yaml: "title: Blog\naws: {region: eu-west-1, permissions_boundary: team/wall, github: {repository: octocat/blog, create_provider: false, deploy: true}}\n"},
	{name: "alone", yaml: "title: Blog\ndomain: example.com\nhosted_zone: {id: Z0123456789ABCDEFGHIJ}\n" +
		"aws: {region: eu-west-1, budget: {monthly_usd: 3, email: me@example.com, anomaly_monitor: 'arn:aws:ce::123456789012:anomalymonitor/12345678-1234-1234-1234-123456789012'}}\n"},
	// The first deployment of a blog that makes its zone, in the region where
	// the global stacks are.
	{name: "first", yaml: "title: Blog\ndomain: blog.example.com\nhosted_zone: {create: true}\naws: {region: us-east-1}\n"},
	{name: "dev", file: "../blog.yaml", env: "dev"},
	{name: "fleet", yaml: `
title: Blog
domain: blog.example.com
hosted_zone: {id: Z0123456789ABCDEFGHIJ}
aws: {region: ap-southeast-1, standby: ap-east-1, kms: true, compute: fleet,
  fleet: {instance_type: t4g.medium, min: 2, max: 6, zones: 3, prefix_lists: {ap-east-1: pl-0123abcd}}}
`},
	{name: "swept", yaml: swept},
	{name: "trial", yaml: swept, env: "dev"},
	// What can stand in the standby region, and lead there.
	{name: "vault", yaml: standingBy + "aws: {region: ap-southeast-1, standby: ap-east-1, recovery: backup-restore}\n"},
	{name: "light", yaml: standingBy + "aws: {region: ap-southeast-1, standby: ap-east-1, recovery: pilot-light}\n"},
	{name: "switch", yaml: standingBy + "aws: {region: ap-southeast-1, standby: ap-east-1, routing: {policy: failover, switch: true}}\n"},
	{name: "shares", yaml: standingBy + "aws: {region: ap-southeast-1, standby: ap-east-1, routing: {policy: weighted, weights: {ap-southeast-1: 90, ap-east-1: 10}}}\n"},
	{name: "near", yaml: standingBy + "aws: {region: ap-southeast-1, standby: ap-east-1, recovery: active-active}\n"},
	{name: "on", yaml: everyOption},
	{name: "off", yaml: "title: Blog\n"},
}

// swept is a blog that a pipeline deploys, and whose trials are deleted.
const swept = `
title: Blog
aws:
  kms: true
  alarm_email: ops@example.com
  trial_days: 3
  pipeline: {repository: octocat/blog, connection: "arn:aws:codeconnections:eu-west-1:123456789012:connection/aabbccdd-8aad-4d5d-8878-dfcab0bc441f"}
`

const standingBy = "title: Blog\ndomain: blog.example.com\nhosted_zone: {id: Z0123456789ABCDEFGHIJ}\n"

// everyOption has each option that there is (TestEveryOption).
const everyOption = `
title: Blog
domain: blog.example.com
hosted_zone: {id: Z0123456789ABCDEFGHIJ}
branches: true
aws:
  account: "123456789012"
  region: ap-southeast-1
  standby: ap-east-1
  log_retention_days: 365
  kms: true
  alarm_email: ops@example.com
  github: octocat@123/blog@456
  trial_days: 3
  pipeline: {repository: octocat/blog, connection: "arn:aws:codeconnections:ap-southeast-1:123456789012:connection/aabbccdd-8aad-4d5d-8878-dfcab0bc441f"}
  edge: {origin_shield: true, access_logs: true, waf: {rate: 500}, origin_key: 2}
  account_guards: true
  permissions_boundary: own
  budget: {monthly_usd: 20, email: ops@example.com}
  probe: true
`

// deployment is one configuration and what came of it.
type deployment struct {
	name, file, yaml, env string

	blog   Blog
	took   time.Duration     // to synthesize it
	dir    string            // the cloud assembly
	stacks map[string]*stack // by the part of their name: "global", "content-eu-west-1"
}

// stack is one template.
type stack struct {
	Name, Region string
	After        []string // stacks that are deployed before it
	Protected    bool
	Tags         map[string]string
	Size         int
	Template     template
}

type template struct {
	Resources  map[string]resource
	Outputs    map[string]any
	Parameters map[string]any
}

type resource struct {
	Type                string
	Properties          map[string]any
	DependsOn           any
	DeletionPolicy      string
	UpdateReplacePolicy string
	UpdatePolicy        any
	Metadata            any
}

func TestMain(m *testing.M) {
	if os.Getenv(runAsMain) != "" {
		main() // in the working directory: TestRefusedBeforeTheCDK
		return
	}
	code, err := testMain(m)
	if err != nil {
		fmt.Fprintln(os.Stderr, "synthesizing:", err)
		code = 1
	}
	os.Exit(code)
}

func testMain(m *testing.M) (int, error) {
	dir, err := os.MkdirTemp("", "blog-infra-")
	if err != nil {
		return 0, err
	}
	defer os.RemoveAll(dir)
	defer jsii.Close()
	for _, d := range deployments {
		if err := d.synth(dir); err != nil {
			return 0, fmt.Errorf("%s: %w", d.name, err)
		}
	}
	return m.Run(), nil
}

// synth does what run does, with functions that take no time to build.
func (d *deployment) synth(tmp string) error {
	if d.file == "" {
		d.file = filepath.Join(tmp, d.name+".yaml")
		if err := os.WriteFile(d.file, []byte(d.yaml), 0o600); err != nil {
			return err
		}
	}
	var err error
	if d.blog, err = load(d.file, d.env, ""); err != nil {
		return err
	}
	for name, dir := range d.blog.Built.folders() {
		*dir = filepath.Join(tmp, name)
		if err := os.MkdirAll(*dir, 0o755); err != nil {
			return err
		}
		if err := os.WriteFile(filepath.Join(*dir, "bootstrap"), []byte("not a "+name+"\n"), 0o755); err != nil {
			return err
		}
	}
	context, err := cdkContext()
	if err != nil {
		return err
	}
	d.dir = filepath.Join(tmp, d.name)
	app := awscdk.NewApp(&awscdk.AppProps{
		AnalyticsReporting: jsii.Bool(false),
		Outdir:             jsii.String(d.dir),
		Context:            &context,
	})
	start := time.Now()
	wire(app, d.blog)
	app.Synth(nil)
	d.took = time.Since(start)
	return d.read()
}

// cdkContext is the context that the CLI gives the app.
func cdkContext() (map[string]any, error) {
	var f struct{ Context map[string]any }
	data, err := os.ReadFile("../cdk.json")
	if err != nil {
		return nil, err
	}
	return f.Context, json.Unmarshal(data, &f)
}

// read loads what was written, from the assembly's own list.
func (d *deployment) read() error {
	var manifest struct {
		Artifacts map[string]struct {
			Type, Environment string
			Dependencies      []string
			Properties        struct {
				TemplateFile          string
				TerminationProtection bool
				Tags                  map[string]string
			}
		}
	}
	data, err := os.ReadFile(filepath.Join(d.dir, "manifest.json"))
	if err != nil {
		return err
	}
	if err := json.Unmarshal(data, &manifest); err != nil {
		return err
	}
	d.stacks = map[string]*stack{}
	for name, a := range manifest.Artifacts {
		if a.Type != "aws:cloudformation:stack" {
			continue
		}
		data, err := os.ReadFile(filepath.Join(d.dir, a.Properties.TemplateFile))
		if err != nil {
			return err
		}
		s := &stack{
			Name: name, Region: a.Environment[strings.LastIndex(a.Environment, "/")+1:],
			Protected: a.Properties.TerminationProtection, Tags: a.Properties.Tags, Size: len(data),
		}
		for _, dep := range a.Dependencies {
			if part, ok := strings.CutPrefix(dep, d.blog.Names.String()+"-"); ok && !strings.HasSuffix(dep, ".assets") {
				s.After = append(s.After, part)
			}
		}
		slices.Sort(s.After)
		if err := json.Unmarshal(data, &s.Template); err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
		part, ok := strings.CutPrefix(name, d.blog.Names.String()+"-")
		if !ok { // what an account has once has no environment in its name
			part, ok = strings.CutPrefix(name, d.blog.Config.AWS.Name+"-")
		}
		if !ok {
			return fmt.Errorf("stack %s is not named like the blog", name)
		}
		d.stacks[part] = s
	}
	return nil
}

// parts are the stacks' short names, in order.
func (d *deployment) parts() []string {
	var out []string
	for part := range d.stacks {
		out = append(out, part)
	}
	slices.Sort(out)
	return out
}

// each runs a test for each stack of each deployment.
func each(t *testing.T, f func(t *testing.T, d *deployment, s *stack)) {
	for _, d := range deployments {
		for _, part := range d.parts() {
			t.Run(d.name+"/"+part, func(t *testing.T) { f(t, d, d.stacks[part]) })
		}
	}
}

// of returns the resources of a type, by logical id.
func (s *stack) of(typ string) map[string]resource {
	out := map[string]resource{}
	for id, r := range s.Template.Resources {
		if r.Type == typ {
			out[id] = r
		}
	}
	return out
}

// called is the only resource of a type whose logical id begins so, before the
// eight digits that the CDK puts behind it.
func (s *stack) called(t *testing.T, typ, id string) resource {
	t.Helper()
	for got, r := range s.of(typ) {
		if rest, ok := strings.CutPrefix(got, id); ok && len(rest) <= 8 {
			return r
		}
	}
	t.Fatalf("%s: no %s of type %s", s.Name, id, typ)
	panic("unreachable")
}

// one is the only resource of a type.
func (s *stack) one(t *testing.T, typ string) resource {
	t.Helper()
	rs := s.of(typ)
	if len(rs) != 1 {
		t.Fatalf("%s: %d resources of type %s, want one", s.Name, len(rs), typ)
	}
	for _, r := range rs {
		return r
	}
	panic("unreachable")
}

// at walks properties by keys and indexes; nil when there is nothing.
func at(v any, path ...any) any {
	for _, p := range path {
		switch p := p.(type) {
		case string:
			m, _ := v.(map[string]any)
			v = m[p]
		case int:
			l, _ := v.([]any)
			if p >= len(l) {
				return nil
			}
			v = l[p]
		}
	}
	return v
}

// flat writes a value with Fn::Join and Fn::Sub resolved to text, references
// as ${Name}. Anything else is JSON.
func flat(v any) string {
	switch v := v.(type) {
	case string:
		return v
	case map[string]any:
		if len(v) == 1 {
			if ref, ok := v["Ref"].(string); ok {
				return "${" + ref + "}"
			}
			if get, ok := v["Fn::GetAtt"].([]any); ok {
				return fmt.Sprintf("${%v.%v}", get[0], get[1])
			}
			if join, ok := v["Fn::Join"].([]any); ok {
				var parts []string
				for _, p := range join[1].([]any) {
					parts = append(parts, flat(p))
				}
				return strings.Join(parts, join[0].(string))
			}
			if sub, ok := v["Fn::Sub"].(string); ok {
				return sub
			}
		}
	}
	data, _ := json.Marshal(v)
	return string(data)
}

// strs is a string or a list of them, each flat.
func strs(v any) []string {
	if v == nil {
		return nil
	}
	l, ok := v.([]any)
	if !ok {
		return []string{flat(v)}
	}
	var out []string
	for _, e := range l {
		out = append(out, flat(e))
	}
	return out
}

func TestStacks(t *testing.T) {
	want := map[string]string{
		"own":    "content-ap-east-1@ap-east-1 content-ap-southeast-1@ap-southeast-1 edge@us-east-1 global@us-east-1 janitor@us-east-1 operator@us-east-1 render-ap-east-1@ap-east-1 render-ap-southeast-1@ap-southeast-1",
		"domain": "content-ap-east-1@ap-east-1 content-ap-southeast-1@ap-southeast-1 edge@us-east-1 global@us-east-1 janitor@us-east-1 operator@us-east-1 ops@us-east-1 render-ap-east-1@ap-east-1 render-ap-southeast-1@ap-southeast-1",
		"vault":  "content-ap-east-1@ap-east-1 content-ap-southeast-1@ap-southeast-1 edge@us-east-1 global@us-east-1 janitor@us-east-1 render-ap-southeast-1@ap-southeast-1",
		"light":  "content-ap-east-1@ap-east-1 content-ap-southeast-1@ap-southeast-1 edge@us-east-1 global@us-east-1 janitor@us-east-1 operator@us-east-1 render-ap-east-1@ap-east-1 render-ap-southeast-1@ap-southeast-1",
		"switch": "content-ap-east-1@ap-east-1 content-ap-southeast-1@ap-southeast-1 edge@us-east-1 global@us-east-1 janitor@us-east-1 operator@us-east-1 render-ap-east-1@ap-east-1 render-ap-southeast-1@ap-southeast-1",
		"shares": "content-ap-east-1@ap-east-1 content-ap-southeast-1@ap-southeast-1 edge@us-east-1 global@us-east-1 janitor@us-east-1 operator@us-east-1 render-ap-east-1@ap-east-1 render-ap-southeast-1@ap-southeast-1",
		"near":   "content-ap-east-1@ap-east-1 content-ap-southeast-1@ap-southeast-1 edge@us-east-1 global@us-east-1 janitor@us-east-1 operator@us-east-1 render-ap-east-1@ap-east-1 render-ap-southeast-1@ap-southeast-1",
		"fleet":  "content-ap-east-1@ap-east-1 content-ap-southeast-1@ap-southeast-1 edge@us-east-1 global@us-east-1 janitor@us-east-1 operator@us-east-1 render-ap-east-1@ap-east-1 render-ap-southeast-1@ap-southeast-1",
		"single": "content-eu-west-1@eu-west-1 edge@us-east-1 global@us-east-1 janitor@us-east-1 ops@us-east-1 render-eu-west-1@eu-west-1",
		"alone":  "content-eu-west-1@eu-west-1 edge@us-east-1 global@us-east-1 janitor@us-east-1 ops@us-east-1 render-eu-west-1@eu-west-1",
		"first":  "content-us-east-1@us-east-1 edge@us-east-1 global@us-east-1 janitor@us-east-1 render-us-east-1@us-east-1",
		"swept":  "content-ap-southeast-1@ap-southeast-1 edge@us-east-1 global@us-east-1 janitor@us-east-1 pipeline@ap-southeast-1 render-ap-southeast-1@ap-southeast-1 sweeper@us-east-1",
		"trial":  "content-ap-southeast-1@ap-southeast-1 edge@us-east-1 global@us-east-1 janitor@us-east-1 ops@us-east-1 render-ap-southeast-1@ap-southeast-1",
		"dev":    "content-ap-southeast-1@ap-southeast-1 edge@us-east-1 global@us-east-1 janitor@us-east-1 render-ap-southeast-1@ap-southeast-1",
		"on": "account-ap-east-1@ap-east-1 account-ap-southeast-1@ap-southeast-1 account-us-east-1@us-east-1 " +
			"content-ap-east-1@ap-east-1 content-ap-southeast-1@ap-southeast-1 edge@us-east-1 global@us-east-1 janitor@us-east-1 operator@us-east-1 ops@us-east-1 pipeline@ap-southeast-1 render-ap-east-1@ap-east-1 render-ap-southeast-1@ap-southeast-1 sweeper@us-east-1",
		"off": "content-ap-southeast-1@ap-southeast-1 edge@us-east-1 global@us-east-1 janitor@us-east-1 render-ap-southeast-1@ap-southeast-1",
	}
	for _, d := range deployments {
		var got []string
		for _, part := range d.parts() {
			got = append(got, part+"@"+d.stacks[part].Region)
		}
		if s := strings.Join(got, " "); s != want[d.name] {
			t.Errorf("%s:\ngot  %s\nwant %s", d.name, s, want[d.name])
		}
	}
}

// What another stack finds by name is there before it.
func TestOrder(t *testing.T) {
	want := map[string]string{
		"own/content-ap-southeast-1": "content-ap-east-1",
		"own/edge":                   "global render-ap-east-1 render-ap-southeast-1",
		"own/janitor":                "edge global",
		"own/operator":               "global",
		"own/render-ap-east-1":       "content-ap-east-1 global",
		"own/render-ap-southeast-1":  "content-ap-southeast-1 global",
		"single/edge":                "global render-eu-west-1",
		"single/janitor":             "edge global",
		"single/ops":                 "global",
		"single/render-eu-west-1":    "content-eu-west-1 global",
	}
	for _, d := range deployments {
		if d.name != "own" && d.name != "single" {
			continue
		}
		for part, s := range d.stacks {
			if got := strings.Join(s.After, " "); got != want[d.name+"/"+part] {
				t.Errorf("%s/%s comes after %q, want %q", d.name, part, got, want[d.name+"/"+part])
			}
		}
	}
}

// Both ends are synthesized, and so checked by all that looks at every template:
// each option on, and each off. An option that is new has to be added to the one.
func TestEveryOption(t *testing.T) {
	on, off := deployed(t, "on"), deployed(t, "off")
	if got, want := off.blog.Config.AWS, config.Default().AWS; !reflect.DeepEqual(got, want) {
		t.Errorf("off: %+v, want %+v", got, want)
	}
	v := reflect.ValueOf(on.blog.Config.AWS)
	for i := range v.NumField() {
		// The last two are not in blog.yaml: ForEnv makes them.
		if name := v.Type().Field(i).Name; v.Field(i).IsZero() && name != "Trial" && name != "Rehearsal" {
			t.Errorf("on: %s is not set", v.Type().Field(i).Name)
		}
	}
	for _, d := range []*deployment{on, off} {
		t.Logf("%s: %d stacks, synthesized and checked in %v", d.name, len(d.stacks), d.took.Round(time.Millisecond))
	}
}

// Data is protected in prod, and nothing is in a trial.
func TestTerminationProtection(t *testing.T) {
	each(t, func(t *testing.T, d *deployment, s *stack) {
		kept := strings.Contains(s.Name, "-global") || strings.Contains(s.Name, "-content-") || strings.Contains(s.Name, "-account-")
		want := kept && d.blog.Config.AWS.Env == config.Prod
		if s.Protected != want {
			t.Errorf("termination protection %v, want %v", s.Protected, want)
		}
	})
}

// CloudFormation takes templates of at most a megabyte, and a description of
// what is that large is wrong long before.
func TestSizes(t *testing.T) {
	each(t, func(t *testing.T, d *deployment, s *stack) {
		t.Logf("%d bytes, %d resources", s.Size, len(s.Template.Resources))
		if s.Size > 100_000 {
			t.Errorf("template of %d bytes", s.Size)
		}
	})
}
