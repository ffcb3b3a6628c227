package main

import (
	"context"
	"flag"
	"fmt"
	"io"
	"net/http"
	"os"
	"time"

	"github.com/victorleungtw/blog/internal/webtest"
)

const smokeHelp = `Smoke checks a running blog by scripts of requests.

Usage: blog smoke URL SCRIPT...

A script is requests and what their answers must be; package webtest has the
form. The same scripts check a preview, a deployment and production. Every
check that fails is printed with its line; exit status 1 if one did.
`

func (a *app) smoke(ctx context.Context, args []string) error {
	fs := flag.NewFlagSet("smoke", flag.ContinueOnError)
	fs.SetOutput(io.Discard)
	if err := fs.Parse(args); err == flag.ErrHelp {
		fmt.Fprint(a.out, smokeHelp)
		return nil
	} else if err != nil {
		return &usageError{err.Error(), "smoke "}
	}
	if fs.NArg() < 2 {
		return &usageError{"smoke needs a URL and at least one script", "smoke "}
	}
	client := &http.Client{Timeout: 30 * time.Second}
	cases, failed := 0, false
	for _, name := range fs.Args()[1:] {
		text, err := os.ReadFile(name)
		if err != nil {
			return err
		}
		script, err := webtest.Parse(name, string(text))
		if err != nil {
			return err
		}
		cases += len(script.Cases)
		if err := script.Run(ctx, client, fs.Arg(0)); err != nil {
			fmt.Fprintln(a.err, err)
			failed = true
		}
	}
	if failed {
		return fmt.Errorf("%s does not answer as it should", fs.Arg(0))
	}
	fmt.Fprintf(a.out, "%s answers as they should\n", plural(cases, "request"))
	return nil
}
