package host

import (
	"context"
	"fmt"
	"path/filepath"
	"sync"
	"sync/atomic"
	"time"

	"github.com/hashicorp/go-plugin"
	"google.golang.org/grpc"
	"google.golang.org/grpc/health/grpc_health_v1"

	"github.com/trainercal/trainercal/sdk"
	"github.com/trainercal/trainercal/sdk/internal/rpc"
)

// Process is a running plugin. Its methods may be called at the same time.
type Process struct {
	opts    Options
	client  *plugin.Client
	program *program
	conn    *grpc.ClientConn
	rpc     *rpc.Client

	// limit bounds what it writes; informed: it was given an account, so that what it
	// writes may hold private text.
	limit    lineLimit
	informed atomic.Bool

	// killed tells the health watch to stop.
	killed chan struct{}
	once   sync.Once
	// background are the goroutines that end with the process.
	background sync.WaitGroup
}

// Describe asks what the plugin is.
func (p *Process) Describe(ctx context.Context) (sdk.Description, error) {
	d, err := p.rpc.Describe(ctx)
	return d, p.explain(err)
}

// Open opens an account. Settings that cannot work are answered with a
// *[sdk.SettingsError].
func (p *Process) Open(ctx context.Context, req sdk.OpenRequest) (sdk.Account, error) {
	p.informed.Store(true)
	a, err := p.rpc.Open(ctx, req)
	return a, p.explain(err)
}

// Flush has the plugin send what it still buffers of its traces.
func (p *Process) Flush(ctx context.Context) error { return p.explain(p.rpc.Flush(ctx)) }

func (p *Process) explain(err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("plugin %s: %w", p.name(), err)
}

// name is the program's name without its folder.
func (p *Process) name() string { return filepath.Base(p.opts.Command) }

// PID is the number of the plugin's process.
func (p *Process) PID() int { return p.program.cmd.Process.Pid }

// Done is closed when the process has ended.
func (p *Process) Done() <-chan struct{} { return p.program.ended }

// Kill asks the plugin to end, kills it when it does not within KillTimeout, and
// cleans up after it. It returns within KillTimeout and a few seconds whatever the
// plugin does, and may be called more than once.
func (p *Process) Kill() {
	p.once.Do(func() {
		close(p.killed)
		timer := time.AfterFunc(p.opts.KillTimeout, p.slay)
		defer timer.Stop()
		p.client.Kill()
		// go-plugin kills the process alone: what it started goes too.
		p.slay()
		<-p.program.ended
		p.background.Wait()
		p.program.closePipes()
		p.reportDropped(p.limit.left())
	})
}

// slay kills the process at once.
func (p *Process) slay() {
	if err := p.program.Kill(context.Background()); err != nil {
		p.opts.Logger.Error("a plugin could not be killed", "pid", p.program.ID(), "error", err.Error())
	}
}

// watchHealth pings the plugin, and kills it when it no longer answers: a process
// that hangs would otherwise hold the calls of every account.
func (p *Process) watchHealth() {
	ticker := time.NewTicker(p.opts.PingInterval)
	defer ticker.Stop()
	for failures := 0; failures < pingFailures; {
		select {
		case <-p.killed:
			return
		case <-p.program.ended:
			return
		case <-ticker.C:
		}
		failures++
		if p.ping() == nil {
			failures = 0
		}
	}
	p.opts.Logger.Error("a plugin does not answer and is killed", "pid", p.PID(), "pings", pingFailures)
	p.slay()
}

func (p *Process) ping() error {
	ctx, cancel := context.WithTimeout(context.Background(), p.opts.PingTimeout)
	defer cancel()
	_, err := grpc_health_v1.NewHealthClient(p.conn).Check(ctx, &grpc_health_v1.HealthCheckRequest{Service: plugin.GRPCServiceName})
	return err
}
