package serve

import (
	"context"
	"os"
	"os/signal"
	"syscall"
	"time"

	"github.com/hashicorp/go-hclog"
	"github.com/hashicorp/go-plugin"
	"google.golang.org/grpc"

	"github.com/trainercal/trainercal/sdk"
	"github.com/trainercal/trainercal/sdk/internal/handshake"
	"github.com/trainercal/trainercal/sdk/internal/rpc"
)

// flushTime is how long the last traces may take: go-plugin kills a plugin two
// seconds after it was asked to end.
const flushTime = 1500 * time.Millisecond

// Main serves the backend until the gateway ends the plugin. Started by hand, it
// says what the program is and exits with status 1.
func Main(backend sdk.Backend) {
	log := newLogger() // before go-plugin puts a pipe in the place of os.Stderr
	if err := watchLifeline(os.Getenv(handshake.EnvLifeline)); err != nil {
		log.Error("the plugin cannot watch the gateway and ends: " + err.Error())
		os.Exit(1)
	}
	d := backend.Describe()
	telemetry, err := startTelemetry(context.Background(), d)
	if err != nil {
		log.Warn("the plugin cannot send traces and metrics: " + err.Error())
	}
	onTerminate(func() {
		if os.Getenv(handshake.EnvLifeline) != "" {
			// A service manager signals all processes at once. The gateway still needs
			// the plugin for its work in flight, and ends it itself.
			telemetry.flushNow()
			return
		}
		telemetry.end()
		os.Exit(0)
	})
	plugin.Serve(&plugin.ServeConfig{
		HandshakeConfig: handshake.Config,
		VersionedPlugins: map[int]plugin.PluginSet{
			handshake.Version: {handshake.PluginName: &served{server: rpc.NewServer(backend, telemetry.flush)}},
		},
		GRPCServer: func(opts []grpc.ServerOption) *grpc.Server {
			return grpc.NewServer(append(opts, rpc.ServerOptions(log)...)...)
		},
		Logger: log.Named("go-plugin"),
	})
	telemetry.end()
}

// newLogger makes the process's logger: JSON lines on standard error.
func newLogger() hclog.Logger {
	level := hclog.LevelFromString(os.Getenv(handshake.EnvLogLevel))
	if level == hclog.NoLevel {
		level = hclog.Info
	}
	log := hclog.New(&hclog.LoggerOptions{Level: level, Output: os.Stderr, JSONFormat: true})
	hclog.SetDefault(log)
	return log
}

// onTerminate has do run at each SIGTERM, in place of what it does by itself.
func onTerminate(do func()) {
	signals := make(chan os.Signal, 1)
	signal.Notify(signals, syscall.SIGTERM)
	go func() {
		for range signals {
			do()
		}
	}()
}

// served makes the server known to go-plugin.
type served struct {
	plugin.NetRPCUnsupportedPlugin
	server *rpc.Server
}

// GRPCServer implements [plugin.GRPCPlugin].
func (s *served) GRPCServer(_ *plugin.GRPCBroker, g *grpc.Server) error {
	s.server.Register(g)
	return nil
}

// GRPCClient implements [plugin.GRPCPlugin]; a plugin process has no client.
func (s *served) GRPCClient(context.Context, *plugin.GRPCBroker, *grpc.ClientConn) (any, error) {
	return nil, sdk.ErrUnsupported
}
