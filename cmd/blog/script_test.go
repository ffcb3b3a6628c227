package main

import (
	"context"
	"os"
	"testing"

	"github.com/rogpeppe/go-internal/testscript" // one script for each behaviour of the command
)

func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){
		"blog": func() {
			a := &app{out: os.Stdout, err: os.Stderr, env: os.Getenv}
			os.Exit(a.main(context.Background(), os.Args[1:]))
		},
	})
}

func TestScripts(t *testing.T) {
	testscript.Run(t, testscript.Params{Dir: "testdata", RequireExplicitExec: true})
}
