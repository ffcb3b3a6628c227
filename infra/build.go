package main

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
)

// buildRenderer compiles the renderer for Lambda and returns the folder that
// holds it and nothing else.
//
// The same source and the same toolchain give the same bytes: no paths of this
// machine (-trimpath), no commit (-buildvcs=false), no C. So a deployment that
// changes nothing of the renderer uploads nothing and moves no alias.
func buildRenderer(ctx context.Context, root string) (dir string, err error) {
	if root, err = filepath.Abs(root); err != nil {
		return "", fmt.Errorf("building the renderer: %w", err)
	}
	dir = filepath.Join(root, ".build", "renderer")
	// A file that was left here would be deployed too.
	if err := os.RemoveAll(dir); err != nil {
		return "", fmt.Errorf("building the renderer: %w", err)
	}
	cmd := exec.CommandContext(ctx, "go", "build",
		"-tags", "lambda.norpc", "-trimpath", "-buildvcs=false", "-ldflags", "-s -w",
		"-o", filepath.Join(dir, "bootstrap"), "./lambda/renderer")
	cmd.Dir = root
	cmd.Env = append(os.Environ(), "GOOS=linux", "GOARCH=arm64", "GOARM64=v8.0", "CGO_ENABLED=0", "GOFLAGS=", "GOEXPERIMENT=")
	cmd.Stdout, cmd.Stderr = os.Stderr, os.Stderr
	if err := cmd.Run(); err != nil {
		return "", fmt.Errorf("building the renderer: %w", err)
	}
	return dir, nil
}
