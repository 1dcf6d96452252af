package pluginhost

import (
	"context"
	"os"
	"slices"

	"github.com/hashicorp/go-hclog"

	"github.com/trainercal/trainercal/gateway/internal/config"
	"github.com/trainercal/trainercal/sdk"
	"github.com/trainercal/trainercal/sdk/host"
)

// Launcher starts plugins as processes.
type Launcher struct {
	Finder Finder
	// Plugins are the configuration's; a service that is not among them is looked
	// for in the finder's folder.
	Plugins []config.Plugin
	// RunDir is where the sockets are made; see [host.Options].
	RunDir string
	// OTLPEndpoint is where plugins send their traces, and with Metrics their metrics;
	// empty for nowhere.
	OTLPEndpoint string
	Metrics      bool
	// LookupEnv answers for the variables that plugin blocks pass on; nil for
	// [os.LookupEnv].
	LookupEnv func(name string) (string, bool)
	// Logger hears what plugins log; nil for nobody.
	Logger hclog.Logger
}

// Launch starts the plugin of a service. It fits [Options].
func (l Launcher) Launch(ctx context.Context, service string) (Process, error) {
	p := l.plugin(service)
	path, err := l.Finder.Find(p)
	if err != nil {
		return nil, sdk.CodeInvalidSettings.Wrap(err, "the plugin %s cannot be started: %v", service, err)
	}
	process, err := host.Launch(ctx, host.Options{
		Command: path, SHA256: p.SHA256, Env: l.environment(p),
		RunDir: l.RunDir, OTLPEndpoint: l.OTLPEndpoint, Metrics: l.Metrics, Logger: l.logger(service),
	})
	if err != nil {
		return nil, err // not a nil *host.Process in an interface
	}
	return process, nil
}

func (l Launcher) plugin(service string) config.Plugin {
	i := slices.IndexFunc(l.Plugins, func(p config.Plugin) bool { return p.Service == service })
	if i < 0 {
		return config.Plugin{Service: service}
	}
	return l.Plugins[i]
}

// environment is what the operator passes on to the plugin, as far as it is set.
func (l Launcher) environment(p config.Plugin) []string {
	lookup := l.LookupEnv
	if lookup == nil {
		lookup = os.LookupEnv
	}
	var env []string
	for _, name := range p.Env {
		if value, set := lookup(name); set {
			env = append(env, name+"="+value)
		}
	}
	return env
}

func (l Launcher) logger(service string) hclog.Logger {
	if l.Logger == nil {
		return nil
	}
	return l.Logger.Named(service)
}
