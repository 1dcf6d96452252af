package host

import (
	"context"
	"fmt"
	"os/exec"
	"strings"
	"time"

	"github.com/hashicorp/go-hclog"
	"github.com/hashicorp/go-plugin"
	"github.com/hashicorp/go-plugin/runner"
	"google.golang.org/grpc"

	"github.com/trainercal/trainercal/sdk"
	"github.com/trainercal/trainercal/sdk/internal/handshake"
	"github.com/trainercal/trainercal/sdk/internal/rpc"
	"github.com/trainercal/trainercal/sdk/internal/wire"
)

// Launch starts the plugin program and connects to it. An error says what an
// operator should look at; nothing is left running.
func Launch(ctx context.Context, opts Options) (*Process, error) {
	opts = opts.withDefaults()
	if err := opts.makeRunDir(); err != nil {
		return nil, sdk.CodeInvalidSettings.Wrap(err, "the plugin %s was not started: %v", opts.Command, err)
	}
	if err := opts.checkProgram(); err != nil {
		return nil, sdk.CodeInvalidSettings.Wrap(err, "the plugin %s was not started: %v", opts.Command, err).
			WithAdvice("install the right program, or correct sha256 in its plugin block")
	}
	p, err := newProcess(opts)
	if err != nil {
		return nil, sdk.CodePluginDied.Wrap(err, "the plugin %s was not started: %v", opts.Command, err)
	}
	if err := p.connect(ctx); err != nil {
		p.Kill()
		return nil, sdk.CodePluginDied.Wrap(err, "the plugin %s could not be started: %s", opts.Command, oneLine(wire.Scrub(err.Error())))
	}
	p.background.Go(p.watchHealth)
	return p, nil
}

// oneLine joins the lines of a message for operators.
func oneLine(s string) string { return strings.Join(strings.Fields(s), " ") }

// newProcess prepares a process.
func newProcess(opts Options) (*Process, error) {
	cmd := exec.Command(opts.Command, opts.Args...)
	cmd.Env = opts.environment()
	program, err := newProgram(cmd)
	if err != nil {
		return nil, err
	}
	p := &Process{opts: opts, program: program, killed: make(chan struct{}), limit: lineLimit{now: time.Now}}
	p.client = plugin.NewClient(p.config())
	p.background.Go(func() { readLines(program.stderr, p.loggedLine) })
	p.background.Go(p.reportEnd)
	return p, nil
}

// config is what go-plugin needs.
func (p *Process) config() *plugin.ClientConfig {
	printed := &lineWriter{line: p.printedLine}
	return &plugin.ClientConfig{
		HandshakeConfig:  handshake.Config,
		VersionedPlugins: map[int]plugin.PluginSet{handshake.Version: {handshake.PluginName: connected{}}},
		RunnerFunc:       p.withVariables,
		StartTimeout:     p.opts.StartTimeout,
		SyncStdout:       printed,
		SyncStderr:       printed,
		AllowedProtocols: []plugin.Protocol{plugin.ProtocolGRPC},
		Logger:           hclog.NewNullLogger(),
		AutoMTLS:         true,
		GRPCDialOptions:  rpc.DialOptions(),
		SkipHostEnv:      true,
		UnixSocketConfig: &plugin.UnixSocketConfig{TempDir: p.opts.RunDir},
	}
}

// withVariables completes the prepared process with go-plugin's variables.
func (p *Process) withVariables(_ hclog.Logger, spec *exec.Cmd, _ string) (runner.Runner, error) {
	p.program.cmd.Env = append(p.program.cmd.Env, spec.Env...)
	return p.program, nil
}

// connect starts the process and dials it. When ctx ends before, the process is
// killed, which ends the attempt.
func (p *Process) connect(ctx context.Context) error {
	stop := context.AfterFunc(ctx, p.slay)
	err := p.dial()
	if !stop() {
		return ctx.Err()
	}
	return err
}

// dial starts the process and checks that it answers.
func (p *Process) dial() error {
	protocol, err := p.client.Client()
	if err != nil {
		return err
	}
	dispensed, err := protocol.Dispense(handshake.PluginName)
	if err != nil {
		return err
	}
	p.conn = dispensed.(*grpc.ClientConn) // what connected.GRPCClient returns
	p.rpc = rpc.NewClient(p.conn, p.opts.timeouts())
	if err := p.ping(); err != nil {
		return fmt.Errorf("it started and does not answer: %w", err)
	}
	return nil
}

// connected hands the connection out; the calls are ours.
type connected struct{ plugin.NetRPCUnsupportedPlugin }

// GRPCServer implements [plugin.GRPCPlugin]; the host serves nothing.
func (connected) GRPCServer(*plugin.GRPCBroker, *grpc.Server) error { return sdk.ErrUnsupported }

// GRPCClient implements [plugin.GRPCPlugin].
func (connected) GRPCClient(_ context.Context, _ *plugin.GRPCBroker, conn *grpc.ClientConn) (any, error) {
	return conn, nil
}
