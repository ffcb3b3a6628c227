package main

import (
	"reflect"
	"strings"
	"testing"

	"github.com/victorleungtw/blog/internal/names"
)

// eachRender runs a test for each Render stack.
func eachRender(t *testing.T, f func(t *testing.T, d *deployment, region string, s *stack)) {
	for _, d := range deployments {
		for _, region := range d.blog.Config.RendererRegions() {
			t.Run(d.name+"/"+region, func(t *testing.T) { f(t, d, region, d.stacks["render-"+region]) })
		}
	}
}

func TestRenderer(t *testing.T) {
	eachRender(t, func(t *testing.T, d *deployment, region string, s *stack) {
		fn := s.called(t, "AWS::Lambda::Function", "Renderer")
		n := d.blog.Names
		_, log := s.logOf(fn)
		for what, pair := range map[string][2]any{
			"name":         {fn.Properties["FunctionName"], n.Renderer()},
			"runtime":      {fn.Properties["Runtime"], "provided.al2023"},
			"architecture": {strs(fn.Properties["Architectures"]), []string{"arm64"}},
			"memory":       {fn.Properties["MemorySize"], float64(d.blog.Config.AWS.RendererMemory)},
			"bucket":       {flat(at(fn.Properties, "Environment", "Variables", names.EnvBucket)), n.Bucket("${AWS::AccountId}", region)},
			"secret":       {flat(at(fn.Properties, "Environment", "Variables", names.EnvOriginSecret)), n.OriginSecret()},
			"metrics":      {flat(at(fn.Properties, "Environment", "Variables", names.EnvMetrics)), n.MetricNamespace()},
			"log group":    {log.Properties["LogGroupName"], "/aws/lambda/" + n.Renderer()},
			"alias":        {s.one(t, "AWS::Lambda::Alias").Properties["Name"], names.LiveAlias},
		} {
			if !reflect.DeepEqual(pair[0], pair[1]) {
				t.Errorf("%s: %v, want %v", what, pair[0], pair[1])
			}
		}
		if vars := at(fn.Properties, "Environment", "Variables").(map[string]any); len(vars) != 3 {
			t.Errorf("environment %v: the renderer reads three variables", vars)
		}
		// Requests go to the alias, so that moving it moves them.
		if uri := flat(s.one(t, "AWS::ApiGatewayV2::Integration").Properties["IntegrationUri"]); !strings.HasPrefix(uri, "${Live") {
			t.Errorf("the API calls %s", uri)
		}
		for id, v := range s.of("AWS::Lambda::Version") {
			if want := map[bool]string{true: "Retain", false: "Delete"}[d.blog.Config.AWS.Env == "prod"]; v.DeletionPolicy != want {
				t.Errorf("%s: deletion %s, want %s", id, v.DeletionPolicy, want)
			}
		}
	})
}

// Every region that reads the origin's secret has a copy of it.
func TestSecretIsWhereItIsRead(t *testing.T) {
	for _, d := range deployments {
		secret := d.stacks["global"].one(t, "AWS::SecretsManager::Secret")
		has := map[string]bool{names.GlobalRegion: true}
		for _, r := range items(secret.Properties["ReplicaRegions"]) {
			region := flat(at(r, "Region"))
			if has[region] {
				t.Errorf("%s: two copies in %s", d.name, region)
			}
			has[region] = true
		}
		for _, region := range d.blog.Config.RendererRegions() {
			if !has[region] {
				t.Errorf("%s: no copy in %s", d.name, region)
			}
		}
	}
}
