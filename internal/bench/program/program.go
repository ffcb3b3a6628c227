//go:build unix

// Package program runs, measures and builds the programs that benchmarks
// compare.
//
//	used, said, err := program.Measure(ctx, os.Environ(), []string{"hugo", "--quiet"})
//
// A program that calls Measure begins its main, or its TestMain, with Launched:
// it is what starts the programs that it measures.
package program

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"runtime"
	"strings"
	"syscall"
	"time"
)

// Main is the main of a benchmark: it runs until it is done, or interrupted. It
// begins with Launched.
func Main(run func(ctx context.Context, args []string) error) {
	if Launched() {
		return
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	err := run(ctx, os.Args[1:])
	stop()
	if err != nil && !errors.Is(err, flag.ErrHelp) {
		fmt.Fprintln(os.Stderr, "error:", err)
		os.Exit(1)
	}
}

// Usage is what a program used, from its start to its end.
type Usage struct {
	Wall time.Duration `json:"wall"`
	CPU  time.Duration `json:"cpu"` // user and system
	RSS  int64         `json:"rss"` // bytes of memory at the peak
	Exit int           `json:"exit"`
}

// launchEnv makes this program a launcher (launch).
const launchEnv = "BLOG_BENCH_LAUNCH"

// Measure runs a program to its end, and returns what it used and what it
// printed to standard error and output. A program that fails is an error; one
// that ctx outlives not is killed with all that it started.
//
// The program is started by a small copy of this one, because Linux counts
// into the peak memory of a process that of the process which it was made from,
// and this one is large.
func Measure(ctx context.Context, env, command []string) (Usage, string, error) {
	var u Usage
	self, err := os.Executable()
	if err != nil {
		return u, "", err
	}
	report, reportW, err := os.Pipe()
	if err != nil {
		return u, "", err
	}
	defer report.Close()
	var said bytes.Buffer
	cmd := exec.CommandContext(ctx, self, command...)
	cmd.Env = append(env, launchEnv+"=1")
	cmd.Stdout, cmd.Stderr = &said, &said
	cmd.ExtraFiles = []*os.File{reportW}
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	cmd.Cancel = func() error { return syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) }
	err = cmd.Start()
	reportW.Close()
	if err != nil {
		return u, "", err
	}
	decoded := json.NewDecoder(report).Decode(&u)
	err = errors.Join(cmd.Wait(), decoded)
	switch {
	case ctx.Err() != nil:
		err = fmt.Errorf("%s: %w", command[0], ctx.Err())
	case err != nil:
		err = fmt.Errorf("starting %s: %w\n%s", command[0], err, tail(said.String()))
	case u.Exit != 0:
		err = fmt.Errorf("%s: exit status %d\n%s", strings.Join(command, " "), u.Exit, tail(said.String()))
	}
	return u, said.String(), err
}

// Launched says whether this process is a launcher, which has then done what it
// is for and may end.
func Launched() bool {
	if os.Getenv(launchEnv) == "" {
		return false
	}
	if err := launch(os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "error:", err)
		os.Exit(1)
	}
	return true
}

// launch is the whole life of a launcher: it runs the program that its
// arguments name, and writes what it used to file descriptor 3.
func launch(command []string) error {
	report := os.NewFile(3, "report")
	syscall.CloseOnExec(3)
	os.Unsetenv(launchEnv)
	cmd := exec.Command(command[0], command[1:]...)
	cmd.Stdout, cmd.Stderr = os.Stdout, os.Stderr
	start := time.Now()
	err := cmd.Run()
	u := Usage{Wall: time.Since(start)}
	var failed *exec.ExitError
	if err != nil && !errors.As(err, &failed) {
		return err
	}
	u.Exit = cmd.ProcessState.ExitCode()
	u.CPU = cmd.ProcessState.UserTime() + cmd.ProcessState.SystemTime()
	if r, ok := cmd.ProcessState.SysUsage().(*syscall.Rusage); ok {
		u.RSS = int64(r.Maxrss)
		if runtime.GOOS != "darwin" { // which counts bytes, where others count kilobytes
			u.RSS *= 1024
		}
	}
	return json.NewEncoder(report).Encode(u)
}

// tail is the end of what a program said.
func tail(s string) string {
	const most = 2000
	if len(s) > most {
		s = "…" + s[len(s)-most:]
	}
	return strings.TrimSpace(s)
}
