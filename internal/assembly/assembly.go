// Package assembly reads what `cdk synth` wrote, and says what it would answer
// to readers: which distribution, with which behaviours, policies and function,
// in front of which buckets and functions.
//
//	d, err := assembly.Open("cdk.out")
//
// Package edge describes the distribution, the CDK app translates that into
// CloudFront's terms, and this package translates it back, from the templates
// alone. So a preview or a drill that runs on a Deployment has gone through
// what CloudFormation would be given: a policy that names another prefix, a
// route that leads nowhere, a secret without its replica, a function without
// its store are seen in what readers get, or are refused here.
//
// It is plain JSON and a few of CloudFormation's functions: no CDK, no
// JavaScript, no AWS.
//
// # What is refused
//
// A property that this package does not understand is an error with stack,
// logical id and path, never ignored. It may be that it changes no answer on
// this machine: then it is listed in effectless.go with the reason. The same goes
// for types of resources. Whatever else is wrong with the answers' way (a name
// that no resource has, a permission that is not there) is an error as well,
// and all errors are reported at once.
//
// Resources that answers do not pass are not looked into: a log group, the
// function that acts on an alarm. Their types must be known all the same.
//
// # What is not here
//
// Who may call what beyond readers' way (roles, users) is for the tests of
// infra, which try the policies on an engine. The code of the renderer is an
// asset for another machine: what stands in for it is the same package, in this
// program. Stages (assemblies in assemblies) are opened one by one, by their
// folder.
package assembly

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/victorleungtw/blog/internal/edge"
)

// Deployment is what the templates would deploy, as far as readers can tell.
type Deployment struct {
	Config   edge.DistributionConfig
	Function []byte   // the edge function's code
	Hosts    []string // readers' names for the blog, beside CloudFront's own
	Origins  []Origin // in the order of Config.Origins
	// Regions are those that answer, the primary first: the one that the
	// default behaviour asks first.
	Regions []string
	// Checked are the hosts that Route 53's health checks ask, and what answers
	// there.
	Checked map[string]*API
	// Secret is the value that origins with Verify are sent. It is made up:
	// the real one is generated when the stack is deployed.
	Secret string
	// KeyValueStore is the ARN of the store that the function reads.
	KeyValueStore string
	// Parameters are those of Systems Manager that the stacks write, by name.
	Parameters map[string]string
}

// Origin is where one origin of the distribution leads: to a bucket, or to what
// its host name resolves to.
type Origin struct {
	ID     string
	Bucket *Bucket
	Routes []Route
}

// manifest is the part of the assembly's manifest.json that matters here.
// https://docs.aws.amazon.com/cdk/api/v2/docs/cloud-assembly-schema-readme.html
type manifest struct {
	Artifacts map[string]struct {
		Type, Environment string
		Properties        struct {
			TemplateFile  string
			DirectoryName string
			StackName     string
		}
	}
}

// app is an assembly that is being read.
type app struct {
	stacks []*stack
	bad    Problems
	apis   map[*resource]*API
	// checked is Deployment.Checked.
	checked map[string]*API
}

// stack is one template and where it goes.
type stack struct {
	app             *app
	name            string
	account, region string
	resources       map[string]*resource
	outputs         map[string]any
	parameters      map[string]parameter
}

type parameter struct{ Default any }

// resource is one resource of a template.
type resource struct {
	stack      *stack
	id, typ    string
	properties map[string]any
}

// anyAccount stands for the account of a template that fits all.
const anyAccount = "000000000000"

// Open reads the assembly in a folder. The error is a Problems when it could be
// read and something in it is wrong.
func Open(dir string) (*Deployment, error) {
	a, err := load(dir)
	if err != nil {
		return nil, fmt.Errorf("reading the assembly %s: %w", dir, err)
	}
	a.checkTypes()
	d := a.deployment()
	if len(a.bad) > 0 {
		a.bad.sort()
		return nil, fmt.Errorf("the assembly %s: %w", dir, a.bad)
	}
	return d, nil
}

func load(dir string) (*app, error) {
	var m manifest
	if err := readJSON(filepath.Join(dir, "manifest.json"), &m); err != nil {
		return nil, err
	}
	a := &app{apis: map[*resource]*API{}, checked: map[string]*API{}}
	var nested []string
	for name, artifact := range m.Artifacts {
		switch artifact.Type {
		case "aws:cloudformation:stack":
		case "cdk:cloud-assembly":
			nested = append(nested, filepath.Join(dir, artifact.Properties.DirectoryName))
			continue
		case "cdk:asset-manifest", "cdk:tree", "cdk:feature-flag-report":
			continue // what the CLI uploads, and what the console shows
		default:
			return nil, fmt.Errorf("artifact %s: its type %s is not known", name, artifact.Type)
		}
		s, err := a.readStack(filepath.Join(dir, artifact.Properties.TemplateFile))
		if err != nil {
			return nil, err
		}
		s.name = artifact.Properties.StackName
		if s.name == "" {
			s.name = name
		}
		// aws://123456789012/eu-west-1
		env := strings.Split(strings.TrimPrefix(artifact.Environment, "aws://"), "/")
		if len(env) != 2 || env[1] == "" || env[1] == "unknown-region" {
			return nil, fmt.Errorf("stack %s: its environment %q names no region", name, artifact.Environment)
		}
		if s.account, s.region = env[0], env[1]; s.account == "unknown-account" {
			s.account = anyAccount
		}
		a.stacks = append(a.stacks, s)
	}
	if len(a.stacks) == 0 {
		slices.Sort(nested)
		if len(nested) > 0 {
			return nil, fmt.Errorf("it has no stack of its own; open one of the assemblies in it: %s", strings.Join(nested, ", "))
		}
		return nil, fmt.Errorf("it has no stack")
	}
	slices.SortFunc(a.stacks, func(x, y *stack) int { return strings.Compare(x.name, y.name) })
	return a, nil
}

// sections are those of a template that change nothing of its resources.
var sections = map[string]string{
	"Description": "for people",
	"Metadata":    "for people and tools",
	"Rules":       "whether a deployment may begin: the version of the bootstrap stack",
}

func (a *app) readStack(file string) (*stack, error) {
	var t map[string]json.RawMessage
	if err := readJSON(file, &t); err != nil {
		return nil, err
	}
	s := &stack{app: a, resources: map[string]*resource{}}
	var resources map[string]struct {
		Type       string
		Condition  any
		Properties map[string]any
	}
	var outputs map[string]any
	for name, raw := range t {
		var err error
		switch name {
		case "Resources":
			err = json.Unmarshal(raw, &resources)
		case "Outputs":
			err = json.Unmarshal(raw, &outputs)
		case "Parameters":
			err = json.Unmarshal(raw, &s.parameters)
		default:
			if sections[name] == "" {
				err = fmt.Errorf("the section %s is not understood", name)
			}
		}
		if err != nil {
			return nil, fmt.Errorf("%s: %w", file, err)
		}
	}
	s.outputs = outputs
	for id, r := range resources {
		if r.Condition != nil {
			return nil, fmt.Errorf("%s: %s has a condition, which is not understood", file, id)
		}
		s.resources[id] = &resource{stack: s, id: id, typ: r.Type, properties: r.Properties}
	}
	return s, nil
}

func readJSON(file string, v any) error {
	data, err := os.ReadFile(file)
	if err != nil {
		return err
	}
	if err := json.Unmarshal(data, v); err != nil {
		return fmt.Errorf("%s: %w", file, err)
	}
	return nil
}

// checkTypes reports the resources whose type is of neither list.
func (a *app) checkTypes() {
	for _, s := range a.stacks {
		for _, r := range s.resources {
			if !shapes[r.typ] && effectless[r.typ] == "" && !strings.HasPrefix(r.typ, "Custom::") {
				a.bad.add(r, "", "resources of this type are not known to shape answers or not to: "+howToList)
			}
		}
	}
}

// of returns the resources of a type, by stack and logical id.
func (a *app) of(typ string) []*resource {
	var out []*resource
	for _, s := range a.stacks {
		for _, r := range s.resources {
			if r.typ == typ {
				out = append(out, r)
			}
		}
	}
	slices.SortFunc(out, func(x, y *resource) int {
		return strings.Compare(x.stack.name+"/"+x.id, y.stack.name+"/"+y.id)
	})
	return out
}

// find returns the only resource of a type for which ok holds; nil if there is
// none.
func (a *app) find(typ string, ok func(*resource) bool) *resource {
	for _, r := range a.of(typ) {
		if ok(r) {
			return r
		}
	}
	return nil
}
