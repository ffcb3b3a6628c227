package main

import (
	"bytes"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"testing"
)

// TestLint gives every template to cfn-lint, which knows the schema of each
// resource type as CloudFormation has it. Which rules it leaves out, and why,
// is in .cfnlintrc. It may be missing on a desk; in CI it may not.
func TestLint(t *testing.T) {
	lint, err := exec.LookPath("cfn-lint")
	if err != nil {
		if os.Getenv("CI") != "" {
			t.Fatal("cfn-lint is not installed (pip install cfn-lint)")
		}
		t.Skip("cfn-lint is not installed (pip install cfn-lint)")
	}
	byRegion := map[string][]string{} // a type can differ from region to region
	for _, d := range deployments {
		for _, s := range d.stacks {
			byRegion[s.Region] = append(byRegion[s.Region], filepath.Join(d.dir, s.Name+".template.json"))
		}
	}
	for _, region := range slices.Sorted(maps.Keys(byRegion)) {
		t.Run(region, func(t *testing.T) {
			t.Parallel()
			args := append([]string{"--config-file", ".cfnlintrc", "--regions", region, "--format", "parseable",
				"--non-zero-exit-code", "informational", "--"}, byRegion[region]...)
			out, err := exec.Command(lint, args...).CombinedOutput()
			if err != nil {
				t.Errorf("%v\n%s", err, bytes.TrimSpace(out))
			}
		})
	}
}

// A lint that finds nothing might not be looking.
func TestLintSees(t *testing.T) {
	lint, err := exec.LookPath("cfn-lint")
	if err != nil {
		t.Skip("cfn-lint is not installed")
	}
	bad := filepath.Join(t.TempDir(), "bad.template.json")
	if err := os.WriteFile(bad, []byte(`{"Resources":{"A":{"Type":"AWS::CloudFront::KeyValueStore","Properties":{"Nam":"x"}}}}`), 0o600); err != nil {
		t.Fatal(err)
	}
	if out, err := exec.Command(lint, "--config-file", ".cfnlintrc", "--", bad).CombinedOutput(); err == nil {
		t.Errorf("a wrong template passed: %s", out)
	}
}
