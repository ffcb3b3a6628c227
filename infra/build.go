package main

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
)

// Built are the folders of the built functions, each with one file, bootstrap.
type Built struct {
	Renderer, Sweeper, CodeRemedy, ContentRemedy string
}

// folders are them with their packages below lambda.
func (b *Built) folders() map[string]*string {
	return map[string]*string{
		"renderer": &b.Renderer, "sweeper": &b.Sweeper,
		"coderemedy": &b.CodeRemedy, "contentremedy": &b.ContentRemedy,
	}
}

// build compiles all functions.
func build(ctx context.Context, root string) (b Built, err error) {
	for name, dir := range b.folders() {
		if *dir, err = buildFunction(ctx, root, name); err != nil {
			return b, fmt.Errorf("building lambda/%s: %w", name, err)
		}
	}
	return b, nil
}

// buildFunction compiles the function lambda/NAME for Lambda and returns the
// folder that holds it and nothing else.
//
// The same source and the same toolchain give the same bytes: no paths of this
// machine (-trimpath), no commit (-buildvcs=false), no C. So a deployment that
// changes nothing of a function uploads nothing and moves no alias.
func buildFunction(ctx context.Context, root, name string) (dir string, err error) {
	if root, err = filepath.Abs(root); err != nil {
		return "", err
	}
	dir = filepath.Join(root, ".build", name)
	// A file that was left here would be deployed too.
	if err := os.RemoveAll(dir); err != nil {
		return "", err
	}
	cmd := exec.CommandContext(ctx, "go", "build",
		"-tags", "lambda.norpc", "-trimpath", "-buildvcs=false", "-ldflags", "-s -w",
		"-o", filepath.Join(dir, "bootstrap"), "./lambda/"+name)
	cmd.Dir = root
	cmd.Env = append(os.Environ(), "GOOS=linux", "GOARCH=arm64", "GOARM64=v8.0", "CGO_ENABLED=0", "GOFLAGS=", "GOEXPERIMENT=")
	cmd.Stdout, cmd.Stderr = os.Stderr, os.Stderr
	return dir, cmd.Run()
}
