package main

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"os/exec"
	"sync"
	"time"
)

// process is a program that runs while it is measured.
type process struct {
	ctx    context.Context // ends with it
	cmd    *exec.Cmd
	cancel context.CancelCauseFunc
	ended  chan struct{}
	said   journal
	began  time.Time
	most   int64 // that peak has found
}

func startProcess(ctx context.Context, command, env []string) (*process, error) {
	p := &process{ended: make(chan struct{})}
	p.ctx, p.cancel = context.WithCancelCause(ctx)
	p.cmd = exec.Command(command[0], command[1:]...)
	p.cmd.Env, p.cmd.Stdout, p.cmd.Stderr = env, &p.said, &p.said
	p.began = time.Now()
	if err := p.cmd.Start(); err != nil {
		return nil, err
	}
	go func() {
		defer close(p.ended)
		err := p.cmd.Wait()
		p.cancel(fmt.Errorf("%s ended: %v\n%s", command[0], err, p.said.String()))
	}()
	context.AfterFunc(p.ctx, p.end)
	return p, nil
}

// end asks it to end.
func (p *process) end() { p.cmd.Process.Signal(os.Interrupt) }

// stop ends it, and waits until it has.
func (p *process) stop() {
	p.end()
	select {
	case <-p.ended:
	case <-time.After(5 * time.Second):
		p.cmd.Process.Kill()
		<-p.ended
	}
}

// cpu is the time that all its threads have had on a CPU.
func (p *process) cpu() (time.Duration, error) { return cpuOf(p.cmd.Process.Pid) }

// peak is the most memory that it had, in bytes, since it was started. The kernel's
// own count of that is inaccurate (proc(5)) and can be less than it was before.
func (p *process) peak() (int64, error) {
	b, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", p.cmd.Process.Pid))
	if err != nil {
		return 0, err
	}
	var kb int64
	for line := range bytes.Lines(b) {
		if n, _ := fmt.Sscanf(string(line), "VmHWM: %d kB", &kb); n == 1 {
			p.most = max(p.most, kb<<10)
			return p.most, nil
		}
	}
	return 0, fmt.Errorf("process %d has no VmHWM", p.cmd.Process.Pid)
}

// journal keeps the beginning of what a process says.
type journal struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (j *journal) Write(p []byte) (int, error) {
	j.mu.Lock()
	defer j.mu.Unlock()
	if j.b.Len() < 4000 {
		j.b.Write(p)
	}
	return len(p), nil
}

func (j *journal) String() string {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.b.String()
}
