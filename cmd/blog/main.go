// Blog is the author's and CI's one command: it previews, publishes, rolls back
// and reports. Its verbs are one file each; what they do is in internal/.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"runtime/debug"
	"syscall"

	"github.com/victorleungtw/blog/internal/problem"
)

const usage = `Blog publishes a folder of Markdown to the edge.

Usage:

    blog preview [--content DIR]          serve the folder here, live
    blog check                            say what is wrong with it
    blog publish [--dry-run]              make it the current release
    blog diff [--from N] [--to N]         list what a release changes
    blog rollback [--to N]                make an earlier release current
    blog log                              list the releases
    blog schedule                         list what becomes current by itself
    blog status                           compare record, regions and edge
    blog reconcile [--dry-run]            find what was lost, and put it back
    blog branch publish|rm|list [NAME]    show a pull request's content
    blog share PATH [--for 48h]           make a link to a draft
    blog gc [--delete]                    delete what no release needs
    blog takedown PATH                    erase a post for good
    blog import urls FILE                 prove that old addresses lead here
    blog traffic [--to REGION]            say which region readers are sent to
    blog translated FILE...               note what a translation is made from
    blog smoke URL SCRIPT...              check a running blog
    blog cost [--views N]                 estimate the monthly bill
    blog doctor [--offline]               find what a deployment would find

Each verb explains itself: blog publish --help. Configuration is blog.yaml.

A first session, on this machine alone:

    $ blog publish --local /tmp/cloud
    release 1: 96 pages added                    now current
    $ $EDITOR content/posts/hello/index.en.md
    $ blog diff --local /tmp/cloud
    changed  /2026/03/01/hello/
    $ blog publish --local /tmp/cloud
    $ blog rollback --local /tmp/cloud

Exit status: 0 done, 1 failed, 2 wrong usage, 3 the content has errors,
4 (status, reconcile --dry-run, traffic) record, regions and edge differ.
`

// Exit statuses, as the usage says.
const (
	exitOK = iota
	exitFailed
	exitUsage
	exitContent
	exitDrift
)

func main() {
	if os.Getenv("GOGC") == "" {
		// A publish of 3,000 documents is a tenth faster with half of the garbage:
		// touching fresh memory costs more than collecting it, and its peak is
		// 117 MiB instead of 147 (internal/bench).
		debug.SetGCPercent(50)
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	a := &app{out: os.Stdout, err: os.Stderr, env: os.Getenv, tty: isTerminal(os.Stderr)}
	os.Exit(a.main(ctx, os.Args[1:]))
}

// app is the program without the process around it.
type app struct {
	out, err io.Writer // data and talk
	env      func(string) string
	tty      bool // err is a terminal
}

// usageError is for words that were not understood.
type usageError struct{ msg, verb string }

func (e *usageError) Error() string { return e.msg }

// exitError ends the program with a status that is not a failure to explain.
type exitError struct{ status int }

func (e *exitError) Error() string { return fmt.Sprintf("exit status %d", e.status) }

// configError is what is wrong with blog.yaml.
type configError struct{ problem.List }

func (a *app) main(ctx context.Context, args []string) int {
	err := a.run(ctx, args)
	var wrong *usageError
	var exit *exitError
	var wrongConfig *configError
	var probs problem.List
	switch {
	case err == nil:
		return exitOK
	case errors.As(err, &exit):
		return exit.status
	case errors.As(err, &wrong):
		fmt.Fprintf(a.err, "error: %s\nhint: see blog %s--help\n", wrong.msg, wrong.verb)
		return exitUsage
	case errors.As(err, &wrongConfig):
		a.problems(wrongConfig.List)
		fmt.Fprintf(a.err, "error: %s in the configuration\n", plural(len(wrongConfig.Errors()), "error"))
		return exitContent
	case errors.As(err, &probs):
		a.problems(probs)
		fmt.Fprintf(a.err, "error: %s in the content; nothing was published\n", plural(len(probs.Errors()), "error"))
		return exitContent
	}
	fmt.Fprintf(a.err, "error: %v\n", err)
	return exitFailed
}
