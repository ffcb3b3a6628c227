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
	p := testscript.Params{Dir: "testdata", RequireExplicitExec: true}
	if testing.Short() { // the race detector's run: what the others run at once, this one does
		p.Dir, p.Files = "", []string{"testdata/publish.txtar"}
	}
	testscript.Run(t, p)
}
