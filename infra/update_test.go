package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"reflect"
	"slices"
	"strings"
	"testing"
)

var update = flag.Bool("update", false, "record new stateful resources in testdata/released.json")

// lasting are the resource types that hold what a deployment must not lose, or
// have an address that others know, and the properties of each whose change
// makes CloudFormation make a new one and delete the old. Those are
// createOnlyProperties of the type's schema
// (https://docs.aws.amazon.com/cloudformation-cli/latest/userguide/resource-type-schema.html),
// which TestReplacingProperties looks up.
var lasting = map[string][]string{
	"AWS::ApiGatewayV2::Api":         {"ProtocolType"}, // without a domain the distribution knows its host
	"AWS::CloudFront::Distribution":  {},               // without a domain its name is the blog's address
	"AWS::CloudFront::KeyValueStore": {"Name"},
	"AWS::CloudTrail::Trail":         {"TrailName"},
	"AWS::KMS::Alias":                {"AliasName"},
	"AWS::KMS::Key":                  {}, // with it goes all that it encrypted
	"AWS::Route53::HostedZone":       {"Name"},
	"AWS::S3::Bucket":                {"BucketName", "BucketNamePrefix", "BucketNamespace"},
	"AWS::SecretsManager::Secret":    {"Name"},
}

// kept is what of a resource must stay as it is.
type kept struct {
	Type                string
	DeletionPolicy      string            `json:",omitempty"`
	UpdateReplacePolicy string            `json:",omitempty"`
	Properties          map[string]string `json:",omitempty"` // those that replace
}

// records are the lasting resources of a deployment, as "stack/logical id".
func (d *deployment) records() map[string]kept {
	out := map[string]kept{}
	for part, s := range d.stacks {
		for id, r := range s.Template.Resources {
			replacing, ok := lasting[r.Type]
			if !ok {
				continue
			}
			rec := kept{Type: r.Type, DeletionPolicy: r.DeletionPolicy, UpdateReplacePolicy: r.UpdateReplacePolicy}
			for _, p := range replacing {
				if v, ok := r.Properties[p]; ok {
					if rec.Properties == nil {
						rec.Properties = map[string]string{}
					}
					rec.Properties[p] = flat(v)
				}
			}
			out[part+"/"+id] = rec
		}
	}
	return out
}

// losses are what a deployment of is over was would do to what is lasting.
func losses(was, is map[string]kept) (lost, added []string) {
	for _, name := range slices.Sorted(maps.Keys(was)) {
		w, i := was[name], is[name]
		say := func(format string, args ...any) {
			lost = append(lost, fmt.Sprintf("%s (%s) ", name, w.Type)+fmt.Sprintf(format, args...))
		}
		switch {
		case i.Type == "":
			say("would be removed from its stack: its logical id, or its stack, has another name or is gone")
			continue
		case i.Type != w.Type:
			say("would be replaced: it becomes a %s", i.Type)
			continue
		}
		if !maps.Equal(w.Properties, i.Properties) {
			say("would be replaced: it was made with %v and would have %v", w.Properties, i.Properties)
		}
		for _, p := range []struct{ name, was, is string }{
			{"DeletionPolicy", w.DeletionPolicy, i.DeletionPolicy},
			{"UpdateReplacePolicy", w.UpdateReplacePolicy, i.UpdateReplacePolicy},
		} {
			if strings.HasPrefix(p.was, "Retain") && p.was != p.is {
				say("would no longer be kept: its %s was %s and would be %q", p.name, p.was, p.is)
			}
		}
	}
	for _, name := range slices.Sorted(maps.Keys(is)) {
		if !reflect.DeepEqual(was[name], is[name]) {
			added = append(added, name)
		}
	}
	return lost, added
}

// No deployment over the last release removes or replaces a resource that
// holds something. What the last release had is testdata/released.json. With
// -update it learns what is new; what would be lost it never forgets by itself:
// who means that edits the file, and says in the runbook what becomes of the data.
func TestUpdateLosesNothing(t *testing.T) {
	const file = "testdata/released.json"
	released := map[string]map[string]kept{}
	data, err := os.ReadFile(file)
	if err == nil {
		err = json.Unmarshal(data, &released)
	}
	if err != nil && !*update {
		t.Fatal(err)
	}
	for _, d := range deployments {
		if d.name != "own" && d.name != "first" && d.name != "on" {
			continue // nothing that these do not have
		}
		lost, added := losses(released[d.name], d.records())
		for _, l := range lost {
			t.Errorf("%s: %s", d.name, l)
		}
		switch {
		case len(added) > 0 && *update && len(lost) == 0:
			released[d.name] = d.records()
		case len(added) > 0 && len(lost) == 0:
			t.Errorf("%s: not in %s, so that nothing protects it (go test ./infra -run %s -update): %s", d.name, file, t.Name(), strings.Join(added, ", "))
		}
	}
	if !*update || t.Failed() {
		return
	}
	data, err = json.MarshalIndent(released, "", "  ")
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(file, append(data, '\n'), 0o644); err != nil {
		t.Fatal(err)
	}
}

func TestLosses(t *testing.T) {
	bucket := kept{Type: "AWS::S3::Bucket", DeletionPolicy: "Retain", UpdateReplacePolicy: "Retain",
		Properties: map[string]string{"BucketNamePrefix": "blog-prod"}}
	was := map[string]kept{"content/Releases": bucket}
	for _, c := range []struct {
		name  string
		is    map[string]kept
		lost  string // what is said; "" for nothing
		added string
	}{
		{"the same", was, "", ""},
		{"one more", map[string]kept{"content/Releases": bucket, "content/More": bucket}, "", "content/More"},
		{"gone", nil, "content/Releases (AWS::S3::Bucket) would be removed", ""},
		{"another id", map[string]kept{"content/Release": bucket}, "content/Releases (AWS::S3::Bucket) would be removed", "content/Release"},
		{"another stack", map[string]kept{"data/Releases": bucket}, "content/Releases (AWS::S3::Bucket) would be removed", "data/Releases"},
		{"another type", map[string]kept{"content/Releases": {Type: "AWS::S3Express::DirectoryBucket"}}, "would be replaced: it becomes a AWS::S3Express::DirectoryBucket", "content/Releases"},
		{"another name", map[string]kept{"content/Releases": {Type: bucket.Type, DeletionPolicy: "Retain", UpdateReplacePolicy: "Retain",
			Properties: map[string]string{"BucketNamePrefix": "blog-live"}}}, "would be replaced: it was made with map[BucketNamePrefix:blog-prod]", "content/Releases"},
		{"no name", map[string]kept{"content/Releases": {Type: bucket.Type, DeletionPolicy: "Retain", UpdateReplacePolicy: "Retain"}}, "would be replaced", "content/Releases"},
		{"kept no longer", map[string]kept{"content/Releases": {Type: bucket.Type, DeletionPolicy: "Delete", UpdateReplacePolicy: "Retain",
			Properties: bucket.Properties}}, "would no longer be kept: its DeletionPolicy was Retain", "content/Releases"},
		{"replaced and not kept", map[string]kept{"content/Releases": {Type: bucket.Type, DeletionPolicy: "Retain",
			Properties: bucket.Properties}}, `would no longer be kept: its UpdateReplacePolicy was Retain and would be ""`, "content/Releases"},
	} {
		lost, added := losses(was, c.is)
		if got := strings.Join(lost, "\n"); !strings.Contains(got, c.lost) || (got == "") != (c.lost == "") {
			t.Errorf("%s: lost %q, want %q", c.name, got, c.lost)
		}
		if got := strings.Join(added, " "); got != c.added {
			t.Errorf("%s: new are %q, want %q", c.name, got, c.added)
		}
	}
}

// Whatever a template keeps when its stack goes is lasting, or is known here to
// be something else.
func TestWhatIsKeptIsLasting(t *testing.T) {
	each(t, func(t *testing.T, d *deployment, s *stack) {
		for id, r := range s.Template.Resources {
			_, ok := lasting[r.Type]
			// Old versions are for the way back, and a new one does them no harm.
			if strings.HasPrefix(r.DeletionPolicy, "Retain") && !ok && r.Type != "AWS::Lambda::Version" {
				t.Errorf("%s (%s) is kept, and not in lasting: an update may replace it unseen", id, r.Type)
			}
		}
	})
}

// The properties are those of CloudFormation's own schemas, which cfn-lint
// brings along.
func TestReplacingProperties(t *testing.T) {
	const program = `
import json, sys
from cfnlint.schema.manager import PROVIDER_SCHEMA_MANAGER as schemas
out = {}
for t in sys.argv[1:]:
    s = schemas.get_resource_schema("us-east-1", t).schema
    out[t] = s.get("createOnlyProperties", []) + s.get("conditionalCreateOnlyProperties", [])
print(json.dumps(out))`
	types := slices.Sorted(maps.Keys(lasting))
	out, err := exec.Command("python3", append([]string{"-c", program}, types...)...).Output()
	if err != nil {
		why := fmt.Sprintf("asking cfn-lint for its schemas: %v", err)
		var exit *exec.ExitError
		if errors.As(err, &exit) {
			why += "\n" + string(bytes.TrimSpace(exit.Stderr))
		}
		if os.Getenv("CI") != "" {
			t.Fatal(why)
		}
		t.Skip(why)
	}
	var schemas map[string][]string
	if err := json.Unmarshal(out, &schemas); err != nil {
		t.Fatal(err)
	}
	for _, typ := range types {
		var want []string
		for _, pointer := range schemas[typ] {
			want = append(want, strings.TrimPrefix(pointer, "/properties/"))
		}
		if got := slices.Sorted(slices.Values(lasting[typ])); !slices.Equal(got, slices.Sorted(slices.Values(want))) {
			t.Errorf("%s: %v, and its schema says %v", typ, got, want)
		}
	}
}
