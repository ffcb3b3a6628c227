package program

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

// Output runs a program of the set-up to its end, and returns what it said.
func Output(ctx context.Context, dir string, env []string, name string, args ...string) (string, error) {
	cmd := exec.CommandContext(ctx, name, args...)
	cmd.Dir, cmd.Env = dir, append(os.Environ(), env...)
	out, err := cmd.CombinedOutput()
	if err != nil {
		return "", fmt.Errorf("%s %s: %w\n%s", name, strings.Join(args, " "), err, tail(string(out)))
	}
	return strings.TrimSpace(string(out)), nil
}

// Build builds the main package at a module's root, at one version, in a module
// of its own that is thrown away with dir, and returns the program. It is for
// tools that nothing here is to depend on. The version must be exact: the module
// proxy hands out no list of some modules' versions, so that `go install` is of
// no use.
func Build(ctx context.Context, dir, module, version string, env ...string) (string, error) {
	name := toolName(module)
	program, mod := filepath.Join(dir, name), filepath.Join(dir, name+"-module")
	if err := os.MkdirAll(mod, 0o755); err != nil {
		return "", err
	}
	gomod := "module throwaway\n\ngo 1.26\n\nrequire " + module + " " + version + "\n"
	// A file that imports it keeps what it needs in go.sum.
	err := errors.Join(
		os.WriteFile(filepath.Join(mod, "go.mod"), []byte(gomod), 0o644),
		os.WriteFile(filepath.Join(mod, "needs.go"), []byte("//go:build never\n\npackage throwaway\n\nimport _ \""+module+"\"\n"), 0o644),
	)
	if err != nil {
		return "", err
	}
	_, err = Output(ctx, mod, append([]string{"GOWORK=off", "GOFLAGS="}, env...), "go", "build", "-mod=mod", "-o", program, module)
	return program, err
}

// toolName is the last part of a module's path that is not a version.
func toolName(module string) string {
	base := filepath.Base(module)
	if strings.HasPrefix(base, "v") && strings.Trim(base[1:], "0123456789") == "" {
		base = filepath.Base(filepath.Dir(module))
	}
	return base
}

// Own builds a package of this module, and returns the program.
func Own(ctx context.Context, out string, env []string, pkg string, flags ...string) (string, error) {
	root, err := Root(ctx)
	if err != nil {
		return "", err
	}
	args := append([]string{"build", "-buildvcs=false", "-o", out}, flags...)
	_, err = Output(ctx, root, env, "go", append(args, pkg)...)
	return out, err
}

// Root is the folder of this module.
func Root(ctx context.Context) (string, error) {
	mod, err := Output(ctx, "", nil, "go", "env", "GOMOD")
	return filepath.Dir(mod), err
}

// Describe says which version of this module is built.
func Describe(ctx context.Context) (string, error) {
	root, err := Root(ctx)
	if err != nil {
		return "", err
	}
	if rev, err := Output(ctx, root, nil, "git", "describe", "--always", "--dirty"); err == nil {
		return rev, nil
	}
	return "this checkout", nil
}

// Scratch is a folder for what is measured: in memory where Linux has it, so
// that no disk is measured.
func Scratch() string {
	if info, err := os.Stat("/dev/shm"); err == nil && info.IsDir() {
		return "/dev/shm"
	}
	return os.TempDir()
}
