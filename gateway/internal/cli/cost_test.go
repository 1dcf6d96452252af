package cli

import (
	"context"
	"fmt"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/hashicorp/go-hclog"
	"go.opentelemetry.io/otel"
	"go.opentelemetry.io/otel/metric"
	metricnoop "go.opentelemetry.io/otel/metric/noop"
	"go.opentelemetry.io/otel/propagation"
	"go.opentelemetry.io/otel/trace"
	tracenoop "go.opentelemetry.io/otel/trace/noop"

	"github.com/trainercal/trainercal/gateway/internal/config"
	"github.com/trainercal/trainercal/gateway/internal/platform"
	"github.com/trainercal/trainercal/gateway/internal/pluginhost"
	"github.com/trainercal/trainercal/gateway/internal/runner"
	"github.com/trainercal/trainercal/gateway/internal/store"
	"github.com/trainercal/trainercal/gateway/internal/store/sqlite"
	"github.com/trainercal/trainercal/gateway/internal/telemetry"
	"github.com/trainercal/trainercal/plugins/exchangesim"
	"github.com/trainercal/trainercal/sdk"
	"github.com/trainercal/trainercal/sdk/calendar"
)

// costConfig is a configuration whose plugin is the real program.
const costConfig = `
installation = "cost"
plugin "exchange-online" { command = "%s" }
provider "northwind" {
  timezone = "UTC"
  account "exchange-online" {
    master_account = "calendar@%s"
    settings {
      tenant_id     = "6f2c1f5e-3b1a-4d6e-9c3f-0a5d7e8b9c10"
      client_id     = "0d9e4c7a-52b8-4f0e-8a66-1b2c3d4e5f60"
      client_secret = "%s"
      graph_url     = "%s"
      login_url     = "%s"
    }
  }
}
`

// engine is a gateway that does nothing but cycles over many trainers that nothing
// happens to.
type engine struct {
	runner *runner.Runner
	job    runner.Job
	// providers are where the instrumentation of this engine's calls is set up.
	tracers trace.TracerProvider
	meters  metric.MeterProvider
	tel     *telemetry.Telemetry
}

// newEngine makes an engine; tel is nil for telemetry off.
func newEngine(b *testing.B, sim *exchangesim.Server, tel *telemetry.Telemetry, run string) *engine {
	b.Helper()
	cfg := costConfiguration(b, sim)
	launcher := pluginhost.Launcher{Plugins: cfg.Plugins, RunDir: run}
	e := &engine{tracers: tracenoop.NewTracerProvider(), meters: metricnoop.NewMeterProvider(), tel: tel}
	if tel != nil {
		launcher.OTLPEndpoint, launcher.Metrics = tel.Endpoint(), tel.Measures()
		e.tracers, e.meters = tel.Provider(), tel.MeterProvider()
	}
	e.install()
	host := pluginhost.New(pluginhost.Options{Setup: pluginhost.Setup{
		Launch: launcher.Launch, Accounts: []pluginhost.Spec{pluginhost.SpecOf(cfg.Providers[0].Accounts[0])}, Eval: cfg.EvalContext,
	}})
	b.Cleanup(host.Close)
	state, err := sqlite.Open(b.Context(), filepath.Join(b.TempDir(), "gateway.db"))
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { _ = state.Close() })
	e.job = costJob(sim)
	e.runner = &runner.Runner{
		Memory: state, Accounts: host, Installation: "cost", Past: 7 * 24 * time.Hour, Future: 365 * 24 * time.Hour,
		Now: time.Now, NewID: costIDs(), Tracer: e.tracers.Tracer("cost"),
	}
	if tel != nil {
		e.runner.Metrics, e.runner.FlushPlugins = tel.Metrics(), host.Flush
	}
	return e
}

// install makes the process's instrumentation report to this engine.
func (e *engine) install() {
	otel.SetTracerProvider(e.tracers)
	otel.SetMeterProvider(e.meters)
	otel.SetTextMapPropagator(propagation.TraceContext{})
}

// costIDs makes ids that no two runs share.
func costIDs() func() string {
	n := time.Now().UnixNano()
	return func() string { n++; return fmt.Sprintf("%016x", n) }
}

func costConfiguration(b *testing.B, sim *exchangesim.Server) *config.Config {
	b.Helper()
	first := sim.World().Mailboxes()[0].Address()
	_, domain, _ := strings.Cut(first, "@")
	text := fmt.Sprintf(costConfig, filepath.Join(programs, "gateway-plugin-exchange-online"), domain, simSecret,
		strings.TrimSuffix(sim.GraphURL(), "/v1.0"), sim.LoginURL())
	file := filepath.Join(b.TempDir(), "gateway.hcl")
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		b.Fatal(err)
	}
	cfg, diags := config.Load(file, config.Options{})
	if diags.HasErrors() {
		b.Fatal(diags)
	}
	return cfg
}

func costJob(sim *exchangesim.Server) runner.Job {
	job := runner.Job{Cause: "interval"}
	for i, box := range sim.World().Mailboxes() {
		if i%sdk.MaxMailboxes == 0 {
			job.Batches = append(job.Batches, runner.Batch{Account: "northwind/exchange-online"})
		}
		last := &job.Batches[len(job.Batches)-1]
		last.Targets = append(last.Targets, runner.Target{
			ID:      platform.TrainerID{Provider: "northwind", Label: fmt.Sprintf("t%05d", i)},
			Mailbox: sdk.Mailbox{Address: box.Address(), TimeZone: "UTC"}, Zone: time.UTC, Push: true, Pull: true,
			Detail: sdk.DetailFull, ShowAs: []calendar.ShowAs{calendar.ShowAsBusy},
		})
	}
	return job
}

// cycle makes one run and returns how long it took, its trace and its record stored.
func (e *engine) cycle(b *testing.B) time.Duration {
	b.Helper()
	e.install()
	begin := time.Now()
	run, err := e.runner.Run(b.Context(), e.job)
	if err == nil && e.tel != nil {
		err = e.tel.Flush(b.Context())
	}
	took := time.Since(begin)
	if err != nil || run.State != store.RunOK {
		b.Fatalf("the run is %s: %v, events %v", run.State, err, run.Events)
	}
	return took
}

// costTelemetry starts the gateway's telemetry, for its own history alone or for
// everybody.
func costTelemetry(b *testing.B, collector string) *telemetry.Telemetry {
	b.Helper()
	tel, err := telemetry.Start(b.Context(), telemetry.Options{
		Socket: filepath.Join(costDir(b), "o.sock"), History: filepath.Join(b.TempDir(), "traces.db"), Sample: 1,
		TracesEndpoint: collector, MetricsEndpoint: collector, Prometheus: collector != "",
		Env: func(string) string { return "" }, Log: hclog.NewNullLogger(),
	})
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { _ = tel.Close(context.Background()) })
	return tel
}

// costDir is a folder whose sockets' paths are short enough.
func costDir(b *testing.B) string {
	b.Helper()
	dir, err := os.MkdirTemp("", "tc")
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { _ = os.RemoveAll(dir) })
	return dir
}

// BenchmarkTelemetryCost compares a cycle in which nothing changed with telemetry off,
// with the gateway's own history, and with everything exported besides, over a real
// plugin process and a simulated Exchange Online. It reports how many times as long as
// without telemetry a cycle takes; one in which all three take their turns, so that a
// busy machine is busy for all. TRAINERCAL_LONG=1 makes it 10,000 trainers.
func BenchmarkTelemetryCost(b *testing.B) {
	trainers := 400
	if os.Getenv("TRAINERCAL_LONG") != "" {
		trainers = 10_000
	}
	sim, err := exchangesim.Start(exchangesim.Options{ClientSecret: simSecret})
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { _ = sim.Close() })
	if err := exchangesim.Seed(sim.World(), trainers, 5, 1); err != nil {
		b.Fatal(err)
	}
	upstream := httptest.NewServer(&collector{})
	b.Cleanup(upstream.Close)
	before, metersBefore := otel.GetTracerProvider(), otel.GetMeterProvider()
	b.Cleanup(func() { otel.SetTracerProvider(before); otel.SetMeterProvider(metersBefore) })
	engines := []*engine{
		newEngine(b, sim, nil, costDir(b)),
		newEngine(b, sim, costTelemetry(b, ""), costDir(b)),
		newEngine(b, sim, costTelemetry(b, upstream.URL), costDir(b)),
	}
	for _, e := range engines {
		e.cycle(b) // the first one reads in full
		e.cycle(b)
	}
	best := make([]time.Duration, len(engines))
	for b.Loop() {
		for i, e := range engines {
			if took := e.cycle(b); best[i] == 0 || took < best[i] {
				best[i] = took
			}
		}
	}
	b.ReportMetric(float64(trainers), "trainers")
	b.ReportMetric(best[0].Seconds(), "s/cycle-off")
	b.ReportMetric(float64(best[1])/float64(best[0]), "history/off")
	b.ReportMetric(float64(best[2])/float64(best[0]), "export/off")
}
