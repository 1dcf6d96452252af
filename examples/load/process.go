package main

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"time"

	"github.com/trainercal/trainercal/plugins/exchangesim"
)

// process is a running `gateway serve`.
type process struct {
	cmd  *exec.Cmd
	over chan struct{}
	err  error
}

// serve starts the gateway, and returns when it takes requests.
func (s *site) serve(ctx context.Context, programs string) (*process, error) {
	log, err := os.OpenFile(filepath.Join(s.dir, "gateway.log"), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return nil, fmt.Errorf("open the gateway's log: %w", err)
	}
	defer log.Close() //nolint:errcheck // the gateway has its own
	cmd := exec.Command(filepath.Join(programs, "gateway"), "serve", "--config", filepath.Join(s.dir, "gateway.hcl"))
	cmd.Env = append(os.Environ(), "LOAD_TOKEN="+token, "LOAD_CLIENT_SECRET="+exchangesim.DefaultClientSecret)
	cmd.Stdout, cmd.Stderr = log, log
	if err := cmd.Start(); err != nil {
		return nil, fmt.Errorf("start the gateway: %w", err)
	}
	p := &process{cmd: cmd, over: make(chan struct{})}
	go func() {
		p.err = cmd.Wait()
		close(p.over)
	}()
	if err := p.ready(ctx, "http://"+s.listen+"/readyz"); err != nil {
		p.kill()
		return nil, err
	}
	return p, nil
}

// startPatience is how long a gateway may take to be ready.
const startPatience = 2 * time.Minute

// ready waits until the gateway says that it takes requests.
func (p *process) ready(ctx context.Context, url string) error {
	ctx, cancel := context.WithTimeout(ctx, startPatience)
	defer cancel()
	for {
		req, err := http.NewRequestWithContext(ctx, http.MethodGet, url, http.NoBody)
		if err != nil {
			return err
		}
		if got, err := http.DefaultClient.Do(req); err == nil {
			_ = got.Body.Close() // only its status matters
			if got.StatusCode == http.StatusOK {
				return nil
			}
		}
		select {
		case <-p.over:
			return fmt.Errorf("the gateway ended before it was ready: %w", p.err)
		case <-ctx.Done():
			return fmt.Errorf("the gateway does not get ready: %w", ctx.Err())
		case <-time.After(50 * time.Millisecond):
		}
	}
}

// kill ends the gateway as a loss of power would, and waits until it is over.
func (p *process) kill() {
	_ = p.cmd.Process.Kill() // it may be over
	<-p.over
}

// stop asks the gateway to end; an error says how it ended instead.
func (p *process) stop() error {
	if err := p.cmd.Process.Signal(syscall.SIGTERM); err != nil && !errors.Is(err, os.ErrProcessDone) {
		return fmt.Errorf("ask the gateway to stop: %w", err)
	}
	select {
	case <-p.over:
	case <-time.After(startPatience):
		p.kill()
		return errors.New("the gateway did not stop when it was asked to")
	}
	if p.err != nil {
		return fmt.Errorf("the gateway ended with %w", p.err)
	}
	return nil
}
