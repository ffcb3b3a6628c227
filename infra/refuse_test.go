package main

import (
	"bytes"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// runAsMain makes the test's program the app.
const runAsMain = "BLOG_TEST_RUN_AS_MAIN"

// A file with mistakes is refused with all of them, before the CDK's library,
// whose errors are JavaScript's, and whose start takes seconds, begins: the
// program ends well although the Node.js that it would need does not exist.
func TestRefusedBeforeTheCDK(t *testing.T) {
	files, err := filepath.Glob("../internal/config/testdata/*.yaml")
	if err != nil || len(files) < 3 {
		t.Fatalf("%d files, %v", len(files), err)
	}
	for _, file := range files {
		t.Run(filepath.Base(file), func(t *testing.T) {
			data, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			dir := t.TempDir()
			if err := os.WriteFile(filepath.Join(dir, "blog.yaml"), data, 0o600); err != nil {
				t.Fatal(err)
			}
			cmd := exec.Command(os.Args[0])
			cmd.Dir = dir
			cmd.Env = append(os.Environ(), runAsMain+"=1", "JSII_NODE=/nowhere/node", "BLOG_ENV=", "CDK_DEFAULT_ACCOUNT=")
			var out, errs bytes.Buffer
			cmd.Stdout, cmd.Stderr = &out, &errs
			err = cmd.Run()
			var exit *exec.ExitError
			if !errors.As(err, &exit) || exit.ExitCode() != 1 || out.Len() > 0 {
				t.Fatalf("%v\n%s%s", err, &out, &errs)
			}
			for i, line := range strings.Split(string(data), "\n") {
				for _, want := range strings.Split(line, "# ! ")[1:] {
					if want = strings.TrimSpace(want); !strings.Contains(errs.String(), want) {
						t.Errorf("line %d: nothing of %q in\n%s", i+1, want, &errs)
					}
				}
			}
			if made, err := os.ReadDir(dir); err != nil || len(made) != 1 {
				t.Errorf("%v was written (%v)", made, err)
			}
		})
	}
}
