package main

import (
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"go.yaml.in/yaml/v3"

	"github.com/victorleungtw/blog/internal/config"
	"github.com/victorleungtw/blog/internal/names"
)

// workflow is what these tests look at of a workflow of GitHub's.
type workflow struct {
	Permissions map[string]string
	Jobs        map[string]job
}

type job struct {
	Needs, Environment string
	Permissions        map[string]string
	Steps              []struct {
		Uses, Run string
		With      map[string]string
	}
}

func readWorkflow(t *testing.T, name string) workflow {
	t.Helper()
	data, err := os.ReadFile(filepath.Join("../.github/workflows", name))
	if err != nil {
		t.Fatal(err)
	}
	var w workflow
	if err := yaml.Unmarshal(data, &w); err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	return w
}

// Whoever has credentials of AWS runs nothing that was not tested: such a job
// checks out nothing and compiles nothing. And it has them by a token.
func TestDeployWorkflow(t *testing.T) {
	w := readWorkflow(t, "deploy.yml")
	if w.Permissions == nil || len(w.Permissions) != 0 {
		t.Errorf("permissions %v of every job", w.Permissions)
	}
	want := map[string]struct {
		needs, environment string
		permissions        map[string]string
		commands           []string
	}{
		"test":     {"", "", map[string]string{"contents": "read"}, []string{".ci/test", ".ci/assemble"}},
		"rehearse": {"test", config.Rehearsal, map[string]string{"id-token": "write"}, []string{"credentials", ".ci/deploy " + config.Rehearsal}},
		"deploy":   {"rehearse", deployEnvironment, map[string]string{"id-token": "write"}, []string{"credentials", ".ci/deploy " + config.Prod}},
	}
	if len(w.Jobs) != len(want) {
		t.Errorf("jobs %v", slices.Sorted(maps.Keys(w.Jobs)))
	}
	for name, c := range want {
		j := w.Jobs[name]
		if j.Needs != c.needs || j.Environment != c.environment || !maps.Equal(j.Permissions, c.permissions) {
			t.Errorf("%s: %+v", name, j)
		}
		var commands []string
		for _, s := range j.Steps {
			if strings.HasPrefix(s.Run, ".ci/") {
				commands = append(commands, s.Run)
				script, _, _ := strings.Cut(s.Run, " ")
				if info, err := os.Stat(filepath.Join("..", script)); err != nil || info.Mode()&0o111 == 0 {
					t.Errorf("%s: %s cannot be run: %v", name, script, err)
				}
			}
			if role := s.With["role-to-assume"]; role != "" {
				commands = append(commands, "credentials")
				if role != "${{ vars.DEPLOYER_ROLE }}" || s.With["aws-region"] != names.GlobalRegion {
					t.Errorf("%s: %v", name, s.With)
				}
			}
			if strings.HasPrefix(s.Uses, "actions/checkout@") && (c.permissions["id-token"] != "" || s.With["persist-credentials"] != "false") {
				t.Errorf("%s checks out", name)
			}
		}
		if !slices.Equal(commands, c.commands) {
			t.Errorf("%s runs %v, want %v", name, commands, c.commands)
		}
	}
}

// No workflow holds a key, and no job may more than it says.
func TestWorkflows(t *testing.T) {
	files, err := filepath.Glob("../.github/workflows/*.yml")
	if err != nil || len(files) < 3 {
		t.Fatal(files, err)
	}
	for _, file := range files {
		data, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for _, bad := range []string{"aws-access-key-id", "secrets.", "pull_request_target", "write-all"} {
			if strings.Contains(string(data), bad) {
				t.Errorf("%s has %s", file, bad)
			}
		}
		w := readWorkflow(t, filepath.Base(file))
		if w.Permissions == nil {
			t.Errorf("%s leaves its permissions to the repository's settings", file)
		}
		for name, j := range w.Jobs {
			assumes := slices.ContainsFunc(j.Steps, func(s struct {
				Uses, Run string
				With      map[string]string
			}) bool {
				return s.With["role-to-assume"] != ""
			})
			if assumes != (j.Permissions["id-token"] == "write") || assumes && j.Environment == "" {
				t.Errorf("%s, %s: environment %q, permissions %v", file, name, j.Environment, j.Permissions)
			}
		}
	}
}
