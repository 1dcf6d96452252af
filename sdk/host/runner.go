package host

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"
	"sync"
	"time"
)

// lifelineFD is the number of the first of a command's extra files.
const lifelineFD = "3"

// drainTime is how long the output of an ended process is still read: a process
// that it started may hold the pipe open for ever.
const drainTime = time.Second

// program runs the plugin's process for go-plugin, which by itself would give the
// plugin our standard input, and wait for the pipes before it notices an end.
type program struct {
	cmd *exec.Cmd
	// stdout and stderr are our ends of the process's pipes, lifeline the end that
	// the process watches the other end of.
	stdout, stderr, lifeline *os.File
	// theirs are the process's ends, closed here once it runs.
	theirs []*os.File

	mu sync.Mutex
	// stopped: it is not to be started any more. running: it was started. over: it
	// ended, and its number may be another process's by now.
	stopped, running, over bool

	// ended is closed when the process has ended; err says how.
	ended chan struct{}
	err   error
}

// newProgram prepares the process that cmd describes.
func newProgram(cmd *exec.Cmd) (*program, error) {
	p := &program{cmd: cmd, ended: make(chan struct{})}
	var files [6]*os.File
	for i := 0; i < len(files); i += 2 {
		r, w, err := os.Pipe()
		if err != nil {
			for _, f := range files[:i] {
				_ = f.Close()
			}
			return nil, fmt.Errorf("make a pipe for the plugin: %w", err)
		}
		files[i], files[i+1] = r, w
	}
	p.stdout, p.stderr, p.lifeline = files[0], files[2], files[5]
	cmd.Stdin, cmd.Stdout, cmd.Stderr = nil, files[1], files[3]
	cmd.ExtraFiles = []*os.File{files[4]}
	p.theirs = []*os.File{files[1], files[3], files[4]}
	ownGroup(cmd)
	return p, nil
}

var errStopped = errors.New("stopped before it started")

// Start implements runner.Runner.
func (p *program) Start(context.Context) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.stopped {
		return errStopped
	}
	p.stopped = true // a program is started once
	err := p.cmd.Start()
	p.closeTheirs()
	if err != nil {
		p.err = err
		close(p.ended)
		return err
	}
	p.running = true
	go p.await()
	return nil
}

func (p *program) closeTheirs() {
	for _, f := range p.theirs {
		_ = f.Close()
	}
}

// await notes the end of the process, and gives readers of its output a last moment.
func (p *program) await() {
	p.err = p.cmd.Wait()
	p.endGroup()
	_ = p.lifeline.Close()
	deadline := time.Now().Add(drainTime)
	_ = p.stdout.SetReadDeadline(deadline)
	_ = p.stderr.SetReadDeadline(deadline)
	close(p.ended)
}

// endGroup kills what the ended process started. It is the last use of its number.
func (p *program) endGroup() {
	p.mu.Lock()
	defer p.mu.Unlock()
	_ = killGroup(p.cmd) // mostly there is nobody left
	p.over = true
}

// closePipes frees our ends.
func (p *program) closePipes() {
	_, _, _ = p.stdout.Close(), p.stderr.Close(), p.lifeline.Close()
}

// Wait implements runner.Runner.
func (p *program) Wait(context.Context) error {
	<-p.ended
	return p.err
}

// Kill implements runner.Runner: it ends the process and those that it started. A
// program that was not started yet will not be.
func (p *program) Kill(context.Context) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if !p.stopped {
		p.stopped, p.err = true, errStopped
		p.closeTheirs()
		close(p.ended)
	}
	if !p.running || p.over {
		return nil
	}
	if err := killGroup(p.cmd); err != nil && !errors.Is(err, os.ErrProcessDone) {
		return fmt.Errorf("kill the plugin: %w", err)
	}
	return nil
}

// Stdout implements runner.Runner.
func (p *program) Stdout() io.ReadCloser { return p.stdout }

// Stderr implements runner.Runner. go-plugin gets nothing to parse: a line such as
// {"@message":5} makes its parser panic. Our own reads the real one.
func (p *program) Stderr() io.ReadCloser { return io.NopCloser(strings.NewReader("")) }

// Name implements runner.Runner.
func (p *program) Name() string { return p.cmd.Path }

// ID implements runner.Runner.
func (p *program) ID() string {
	p.mu.Lock()
	defer p.mu.Unlock()
	if !p.running {
		return ""
	}
	return fmt.Sprint(p.cmd.Process.Pid)
}

// Diagnose implements runner.Runner.
func (p *program) Diagnose(context.Context) string {
	return "the program may not be a calendar plugin, or not be built for this machine; see what it wrote to the log"
}

// PluginToHost implements runner.Runner.
func (p *program) PluginToHost(network, address string) (string, string, error) {
	return network, address, nil
}

// HostToPlugin implements runner.Runner.
func (p *program) HostToPlugin(network, address string) (string, string, error) {
	return network, address, nil
}
