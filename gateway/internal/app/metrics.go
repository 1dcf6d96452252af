package app

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"slices"
	"time"

	"go.opentelemetry.io/otel/trace"

	"github.com/trainercal/trainercal/gateway/internal/store"
	"github.com/trainercal/trainercal/gateway/internal/telemetry"
	"github.com/trainercal/trainercal/sdk"
)

// serveMetrics starts plugins and telemetry for a serve, which alone knows where all
// trainers stand and what waits, and answers Prometheus where the configuration wants
// it. stop ends that.
func (a *App) serveMetrics(ctx context.Context) (stop func(), err error) {
	stop = func() {}
	if address := a.Config().Telemetry.PrometheusListen; address != "" {
		if a.prometheus, err = net.Listen("tcp", address); err != nil {
			return nil, fmt.Errorf("listen for Prometheus at telemetry { prometheus_listen }: %w", err)
		}
		stop = func() { _ = a.prometheus.Close() }
	}
	state, err := a.own(ctx)
	if err != nil {
		stop()
		return nil, err
	}
	_, tel, err := a.plugins(ctx, true)
	if err == nil {
		accounts, services := a.accountsAndServices()
		tel.Metrics().Expect(ctx, accounts, services)
		err = errors.Join(tel.Metrics().ObserveTrainers(a.opts.Now, func(ctx context.Context) ([]telemetry.Standing, error) {
			return a.standings(ctx, state)
		}), tel.Metrics().ObserveQueue(func() (int, time.Duration) {
			return a.waiting(state)
		}))
	}
	if err != nil {
		stop()
		return nil, err
	}
	if a.prometheus != nil {
		stop = answerPrometheus(a.prometheus, tel.MetricsHandler())
	}
	return stop, nil
}

// waiting returns how many trainers are due and not worked on, and for how long the first
// of them has been. What cannot be read is told by whoever needs it.
func (a *App) waiting(state store.Schedule) (int, time.Duration) {
	now := a.opts.Now()
	n, since, err := state.Waiting(context.Background(), now)
	if err != nil || since.IsZero() {
		return 0, 0
	}
	return n, now.Sub(since)
}

// accountsAndServices are those of the configuration.
func (a *App) accountsAndServices() (accounts, services []string) {
	for _, p := range a.Config().Providers {
		for _, account := range p.Accounts {
			accounts = append(accounts, account.Name())
			if !slices.Contains(services, account.Service) {
				services = append(services, account.Service)
			}
		}
	}
	return accounts, services
}

// Bounds of a scrape.
const (
	scrapeHeader = 5 * time.Second
	scrapeWrite  = 30 * time.Second
)

// answerPrometheus serves /metrics until stop is called.
func answerPrometheus(listener net.Listener, metrics http.Handler) (stop func()) {
	mux := http.NewServeMux()
	mux.Handle("GET /metrics", metrics)
	server := &http.Server{Handler: mux, ReadHeaderTimeout: scrapeHeader, WriteTimeout: scrapeWrite, MaxHeaderBytes: 64 << 10}
	done := make(chan struct{})
	go func() {
		defer close(done)
		_ = server.Serve(listener) // it ends with stop
	}()
	return func() {
		_ = server.Close() // a scrape that is cut off is made again
		<-done
	}
}

// standings are where all active trainers stand. It takes no lock: metrics are read
// for the last time while the gateway closes.
func (a *App) standings(ctx context.Context, state store.Store) ([]telemetry.Standing, error) {
	known, err := state.Standings(ctx)
	if err != nil {
		return nil, fmt.Errorf("read where the trainers stand: %w", err)
	}
	var out []telemetry.Standing
	for _, p := range a.Config().Providers {
		for _, t := range p.Trainers {
			if t.Active() {
				s := known[t.ID]
				out = append(out, telemetry.Standing{
					Account: p.Name + "/" + t.Service, Health: string(a.healthOf(t, s)), Proven: s.Proven,
					Held: s.Held, Conflicts: s.Conflicts,
				})
			}
		}
	}
	return out, nil
}

// pluginRestarted tells log, metrics and the trace of the work that a plugin ended and
// is started again.
func (a *App) pluginRestarted(ctx context.Context, service string) {
	telemetry.Logger(ctx, a.opts.Log).Warn("a plugin ended unexpectedly and is started again", "service", service)
	a.restarts.PluginRestarted(ctx, service)
	trace.SpanFromContext(ctx).AddEvent(telemetry.EventRestart, trace.WithAttributes(
		telemetry.Service.String(service), telemetry.Reason.String(string(sdk.CodePluginDied))))
}
