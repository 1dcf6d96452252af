package app

import (
	"context"
	"errors"
	"fmt"
	"os"

	"github.com/hashicorp/hcl/v2"

	"github.com/trainercal/trainercal/gateway/internal/config"
	"github.com/trainercal/trainercal/gateway/internal/pluginhost"
)

// Reload is what became of reading the configuration again.
type Reload struct {
	// Done: the new configuration is in force. Otherwise the former one stays, whole.
	Done bool `json:"done"`
	// Diagnostics are what is wrong with the new one, or to be warned about.
	Diagnostics []config.Diagnostic `json:"diagnostics"`
	// Serving is the serve with the configuration in force.
	Serving Serving `json:"serving"`
}

// Reload has the running serve read its configuration again: all of it is put in force,
// or nothing when there is a mistake anywhere, the plugins' own settings included. The
// error says that there was nobody to do so.
func (a *App) Reload(ctx context.Context) (Reload, error) {
	last, err := ask(ctx, a.paths, request{Version: a.opts.Version, Operation: opReload}, func(reply) {})
	if err != nil {
		return Reload{}, err
	}
	if last.Reload == nil {
		return Reload{}, errors.New("the running gateway serve did not say what became of the reload; see its log")
	}
	return *last.Reload, nil
}

func (a *App) answerReload(ctx context.Context, serving Serving) reply {
	done, diagnostics := a.reload(ctx)
	return reply{Reload: &Reload{Done: done, Diagnostics: diagnostics, Serving: a.servingNow(serving.Since)}}
}

// ReloadOn reloads at each signal, until ctx ends, and tells the log what is wrong.
func (a *App) ReloadOn(ctx context.Context, signals <-chan os.Signal) {
	for {
		select {
		case <-ctx.Done():
			return
		case <-signals:
		}
		done, diagnostics := a.reload(ctx)
		for _, d := range diagnostics {
			at := ""
			if d.Place != nil {
				at = d.Place.String()
			}
			a.opts.Log.Warn("configuration", "severity", d.Severity, "summary", d.Summary, "detail", d.Detail, "at", at)
		}
		if !done {
			a.opts.Log.Error("the configuration has errors: the former one stays in force")
		}
	}
}

// reload reads the configuration and puts it in force, or leaves everything as it is.
// What runs goes on with the configuration that it began with (L4).
func (a *App) reload(ctx context.Context) (bool, []config.Diagnostic) {
	a.reloading.Lock()
	defer a.reloading.Unlock()
	defer a.opts.Reloading()()
	if a.opts.Load == nil {
		return false, config.Explain(hcl.Diagnostics{failure("The configuration cannot be read again", "This gateway was not started from files.")}, nil)
	}
	cfg, diags := a.opts.Load()
	if !diags.HasErrors() {
		diags = append(diags, fixed(a.Config(), cfg)...)
	}
	if diags.HasErrors() {
		return false, config.Explain(diags, cfg.Files)
	}
	next, found := a.prepare(ctx, cfg)
	if diags = append(diags, found...); next == nil {
		return false, config.Explain(diags, cfg.Files)
	}
	a.use(next, cfg)
	a.opts.Log.Info("the configuration was read again and is in force", "config", cfg.Digest)
	return true, config.Explain(diags, cfg.Files)
}

// prepare has the plugins check the configuration; nil when they refuse it.
func (a *App) prepare(ctx context.Context, cfg *config.Config) (*pluginhost.Prepared, hcl.Diagnostics) {
	host, tel, err := a.plugins(ctx, true)
	if err == nil {
		a.mu.Lock()
		setup, setupErr := a.setup(cfg, tel.Endpoint())
		a.mu.Unlock()
		if err = setupErr; err == nil {
			return host.Prepare(ctx, setup)
		}
	}
	return nil, hcl.Diagnostics{failure("The plugins cannot be started", err.Error())}
}

// use puts a configuration in force, at one moment for all that takes a
// [App.snapshot], and wakes whoever waits for that.
func (a *App) use(next *pluginhost.Prepared, cfg *config.Config) {
	a.mu.Lock()
	defer a.mu.Unlock()
	next.Use()
	a.config.Store(cfg)
	a.configured = a.opts.Now()
	close(a.reloaded)
	a.reloaded = make(chan struct{})
}

// Reloads is closed by the next reload. Whoever follows the configuration takes it before
// [App.Config].
func (a *App) Reloads() <-chan struct{} {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.reloaded
}

// snapshot is the configuration in force and its accounts, for one operation from begin
// to end. The caller releases them.
func (a *App) snapshot(ctx context.Context, keep bool) (*config.Config, *pluginhost.Held, error) {
	host, _, err := a.plugins(ctx, keep)
	if err != nil {
		return nil, nil, err
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.Config(), host.Hold(), nil
}

// verifyEach verifies what is new or changed, now and after every reload (auth-5).
func (a *App) verifyEach(ctx context.Context) {
	for ctx.Err() == nil {
		reloaded := a.Reloads()
		if err := a.verifyChanged(ctx); err != nil {
			a.opts.Log.Error("new and changed accounts and mappings could not be verified; gateway verify does it by hand", "error", err)
		}
		select {
		case <-reloaded:
		case <-ctx.Done():
		}
	}
}

// fixed refuses changes that only a start can make.
func fixed(now, next *config.Config) hcl.Diagnostics {
	changed := func(is bool, what, why string) hcl.Diagnostics {
		if !is {
			return nil
		}
		return hcl.Diagnostics{failure("Cannot be changed while the gateway runs",
			fmt.Sprintf("%s is not the one that the running gateway has: %s.", what, why))}
	}
	const restart = "restart the gateway to use it"
	var diags hcl.Diagnostics
	diags = append(diags, changed(now.Installation != next.Installation, "installation",
		"it is in every marker that was left in calendars, and never changes")...)
	diags = append(diags, changed(now.State.Path != next.State.Path, "state { url }", restart)...)
	before, after := now.Telemetry, next.Telemetry
	before.KeepRuns, after.KeepRuns = 0, 0 // taken anew each time
	diags = append(diags, changed(before != after, "telemetry (but for keep_runs)", restart)...)
	address := func(api config.API) [3]string { return [3]string{api.Listen, api.CertFile, api.KeyFile} }
	diags = append(diags, changed(address(now.API) != address(next.API), "api { listen } or the names of its files in tls", restart)...)
	return diags
}

// failure is an error that has no place in a file.
func failure(summary, detail string) *hcl.Diagnostic {
	return &hcl.Diagnostic{Severity: hcl.DiagError, Summary: summary, Detail: detail}
}
