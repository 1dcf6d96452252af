package app

import (
	"cmp"
	"context"
	"fmt"
	"path/filepath"
	"slices"

	"github.com/hashicorp/hcl/v2"
	"go.opentelemetry.io/otel"
	"go.opentelemetry.io/otel/propagation"

	"github.com/trainercal/trainercal/gateway/internal/config"
	"github.com/trainercal/trainercal/gateway/internal/pluginhost"
	"github.com/trainercal/trainercal/gateway/internal/telemetry"
	"github.com/trainercal/trainercal/sdk"
)

// LoadConfig reads a configuration, with the plugins beside the gateway's program as
// known services. See [config.Load] for what it promises.
func LoadConfig(path string) (*config.Config, hcl.Diagnostics) {
	finder, services, err := findPlugins()
	if err != nil {
		return &config.Config{}, hcl.Diagnostics{{
			Severity: hcl.DiagError, Summary: "The plugins cannot be looked for", Detail: err.Error(),
		}}
	}
	return config.Load(path, config.Options{KnownServices: services, Plugin: finder.Check})
}

func findPlugins() (pluginhost.Finder, []string, error) {
	finder, err := pluginhost.NewFinder()
	if err != nil {
		return finder, nil, err
	}
	services, err := finder.Services()
	return finder, services, err
}

// plugins returns the plugin host and the telemetry it reports to, starting both when
// they are first needed. keep says whether traces go into the history: those of runs
// do, those of plan and verify are only relayed to the operator's collector.
func (a *App) plugins(ctx context.Context, keep bool) (*pluginhost.Host, *telemetry.Telemetry, error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.host != nil {
		return a.host, a.telemetry, nil
	}
	if err := a.startTelemetry(ctx, keep); err != nil {
		return nil, nil, err
	}
	if err := a.startHost(ctx, a.telemetry.Endpoint()); err != nil {
		return nil, nil, err
	}
	return a.host, a.telemetry, nil
}

// bareHost is the plugin host without telemetry, for asking plugins what they are.
func (a *App) bareHost() (*pluginhost.Host, error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.host == nil {
		if err := a.makeRunDir(); err != nil {
			return nil, err
		}
		if err := a.startHost(context.Background(), ""); err != nil {
			return nil, err
		}
	}
	return a.host, nil
}

func (a *App) makeRunDir() (err error) {
	if a.runDir == "" {
		a.runDir, err = newRunDir()
	}
	return err
}

func (a *App) startTelemetry(ctx context.Context, keep bool) error {
	if err := a.makeRunDir(); err != nil {
		return err
	}
	opts := telemetry.Options{
		Version: a.opts.Version, Socket: filepath.Join(a.runDir, "otlp.sock"),
		TracesEndpoint: a.Config().Telemetry.TracesEndpoint, MetricsEndpoint: a.Config().Telemetry.MetricsEndpoint,
		Sample: a.Config().Telemetry.Sample, HistoryBytes: a.Config().Telemetry.MaxTracesBytes,
		Prometheus: a.prometheus != nil, Now: a.opts.Now, Log: a.opts.Log.Named("telemetry"),
	}
	if keep {
		opts.History = a.paths.history
	}
	t, err := telemetry.Start(ctx, opts)
	if err != nil {
		return fmt.Errorf("start telemetry: %w", err)
	}
	a.telemetry, a.restarts = t, t.Metrics()
	// The instrumentation of the calls to plugins takes its set-up from here.
	otel.SetTracerProvider(t.Provider())
	otel.SetMeterProvider(t.MeterProvider())
	otel.SetTextMapPropagator(propagation.TraceContext{})
	otel.SetErrorHandler(otel.ErrorHandlerFunc(func(err error) { a.opts.Log.Debug("telemetry", "error", err) }))
	return nil
}

// setup is what the plugin host takes from a configuration. The caller holds a.mu.
func (a *App) setup(cfg *config.Config, endpoint string) (pluginhost.Setup, error) {
	finder, err := pluginhost.NewFinder()
	if err != nil {
		return pluginhost.Setup{}, err
	}
	launcher := pluginhost.Launcher{
		Finder: finder, Plugins: cfg.Plugins, RunDir: a.runDir, Logger: a.opts.Log.Named("plugin"),
		OTLPEndpoint: endpoint, Metrics: a.telemetry != nil && a.telemetry.Measures(),
	}
	setup := pluginhost.Setup{Launch: launcher.Launch, Blocks: cfg.Plugins, Eval: cfg.EvalContext}
	for _, p := range cfg.Providers {
		for _, account := range p.Accounts {
			setup.Accounts = append(setup.Accounts, pluginhost.SpecOf(account))
		}
	}
	return setup, nil
}

func (a *App) startHost(ctx context.Context, endpoint string) error {
	setup, err := a.setup(a.Config(), endpoint)
	if err != nil {
		return err
	}
	opts := pluginhost.Options{Setup: setup, Now: a.opts.Now, Restart: a.pluginRestarted}
	switch {
	case a.state != nil:
		opts.Known = a.refusals(ctx, a.state)
		opts.Refused, opts.Accepted = a.keepRefusal(a.state), a.keepAccepted(a.state)
	case a.reader != nil:
		opts.Known = a.refusals(ctx, a.reader)
	}
	a.host = pluginhost.New(opts)
	return nil
}

// Plugin is a plugin that is installed or configured.
type Plugin struct {
	Service string
	// Command is the program's path.
	Command string
	// Description is what it says of itself; Err says why it does not.
	Description sdk.Description
	Err         error
}

// Plugins describes every plugin beside the gateway's program or in the
// configuration, by service. It starts each, and reaches no server.
func (a *App) Plugins(ctx context.Context) ([]Plugin, error) {
	finder, installed, err := findPlugins()
	if err != nil {
		return nil, err
	}
	host, err := a.bareHost()
	if err != nil {
		return nil, err
	}
	configured := map[string]config.Plugin{}
	for _, service := range installed {
		configured[service] = config.Plugin{Service: service}
	}
	for _, p := range a.Config().Plugins {
		configured[p.Service] = p
	}
	var out []Plugin
	for service, p := range configured {
		found := Plugin{Service: service}
		if found.Command, found.Err = finder.Find(p); found.Err == nil {
			found.Description, found.Err = host.Describe(ctx, service)
		}
		out = append(out, found)
	}
	slices.SortFunc(out, func(x, y Plugin) int { return cmp.Compare(x.Service, y.Service) })
	return out, ctx.Err()
}
