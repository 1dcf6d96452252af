package telemetry

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"os"
	"time"

	"github.com/google/uuid"
	"github.com/hashicorp/go-hclog"
	"go.opentelemetry.io/otel/exporters/otlp/otlptrace"
	"go.opentelemetry.io/otel/metric"
	"go.opentelemetry.io/otel/sdk/resource"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	semconv "go.opentelemetry.io/otel/semconv/v1.43.0"
	"go.opentelemetry.io/otel/trace"
	tracepb "go.opentelemetry.io/proto/otlp/trace/v1"
)

// ServiceName is the gateway's service.name unless OTEL_SERVICE_NAME says otherwise.
const ServiceName = "gateway"

// scope is the name of the gateway's own instrumentation.
const scope = "github.com/trainercal/trainercal/gateway"

// relayPatience is how long closing waits for the collector.
const relayPatience = 5 * time.Second

// Options are what [Start] needs.
type Options struct {
	// Version is the gateway's.
	Version string
	// Socket is where the receiver for the plugins' spans and metrics listens: a path of
	// at most about 100 bytes in a folder of the gateway's own.
	Socket string
	// History is the path of the trace history; empty to keep none. HistoryBytes bounds
	// its size; zero for [DefaultHistoryBytes].
	History      string
	HistoryBytes int64
	// TracesEndpoint and MetricsEndpoint are the configuration's; empty for what the
	// OTEL_ variables say.
	TracesEndpoint, MetricsEndpoint string
	// Sample is the share of the runs without changes whose traces are sent to a
	// collector, 0 to 1. The history keeps all.
	Sample float64
	// Prometheus: metrics are served by [Telemetry.MetricsHandler].
	Prometheus bool
	// Env looks up variables; nil for [os.Getenv].
	Env func(string) string
	// Now is the clock; nil for [time.Now].
	Now func() time.Time
	Log hclog.Logger
}

// Telemetry is the running set-up of one gateway process.
type Telemetry struct {
	provider *sdktrace.TracerProvider
	receiver *receiver
	history  *History
	relay    *relay
	ledger   *ledger
	meters   *meters
	socket   string
}

// Start begins to collect spans. On an error nothing is left running.
func Start(ctx context.Context, opts Options) (*Telemetry, error) {
	if opts.Env == nil {
		opts.Env = os.Getenv
	}
	if opts.Now == nil {
		opts.Now = time.Now
	}
	if opts.HistoryBytes == 0 {
		opts.HistoryBytes = DefaultHistoryBytes
	}
	t := &Telemetry{socket: opts.Socket, ledger: newLedger(opts.Sample)}
	if err := t.start(ctx, opts); err != nil {
		return nil, errors.Join(err, t.Close(ctx))
	}
	return t, nil
}

func (t *Telemetry) start(ctx context.Context, opts Options) error {
	about, err := describe(ctx, opts.Version)
	if err != nil {
		return err
	}
	if t.meters, err = startMeters(ctx, opts, about); err != nil {
		return err
	}
	to, err := destinationOf(traceSignal, opts.TracesEndpoint, opts.Env)
	if err != nil {
		return err
	}
	if to != nil {
		dropped := func(n int) { t.meters.metrics.dropped("traces", dropCollector, n) }
		if t.relay, err = startRelay(ctx, to.traceClient(), opts.Log, dropped); err != nil {
			return err
		}
	}
	if opts.History != "" {
		if t.history, err = OpenHistory(ctx, opts.History, opts.HistoryBytes, opts.Now); err != nil {
			return err
		}
	}
	if t.receiver, err = listen(opts.Socket, t.takeFromPlugin, t.meters.plugins.take); err != nil {
		return err
	}
	t.provider, err = t.newProvider(ctx, about)
	return err
}

// describe is the gateway as a source of telemetry.
func describe(ctx context.Context, version string) (*resource.Resource, error) {
	about, err := resource.New(ctx,
		resource.WithAttributes(semconv.ServiceName(ServiceName), semconv.ServiceVersion(version),
			semconv.ServiceInstanceID(uuid.NewString())),
		resource.WithTelemetrySDK(), resource.WithFromEnv())
	if err != nil {
		return nil, fmt.Errorf("describe the gateway to OpenTelemetry (see OTEL_RESOURCE_ATTRIBUTES): %w", err)
	}
	return about, nil
}

// newProvider makes the gateway's own tracer provider. It samples everything: the
// history is to be whole. Ending a span waits when spans are made faster than they
// are stored, so that none is lost.
func (t *Telemetry) newProvider(ctx context.Context, about *resource.Resource) (*sdktrace.TracerProvider, error) {
	exporter, err := otlptrace.New(ctx, (*hostClient)(t))
	if err != nil {
		return nil, fmt.Errorf("set up OpenTelemetry: %w", err)
	}
	return sdktrace.NewTracerProvider(
		sdktrace.WithSampler(sdktrace.AlwaysSample()), sdktrace.WithResource(about),
		sdktrace.WithSpanProcessor(t.ledger),
		sdktrace.WithBatcher(exporter, sdktrace.WithBlocking())), nil
}

// takeFromPlugin takes a plugin's spans, as far as they may be kept.
func (t *Telemetry) takeFromPlugin(ctx context.Context, spans []*tracepb.ResourceSpans) error {
	admitted, dropped := t.ledger.admit(clean(spans, fromPlugin))
	t.meters.metrics.dropped("traces", dropNotAdmitted, dropped)
	return t.take(ctx, admitted, fromPlugin)
}

// take keeps and relays spans that were cleaned; of requests none are kept.
func (t *Telemetry) take(ctx context.Context, spans []*tracepb.ResourceSpans, from origin) error {
	if t.relay != nil {
		t.relay.send(t.ledger.release(spans))
	}
	if t.history == nil {
		return nil
	}
	return t.history.add(ctx, spansOf(t.ledger.ofRuns(spans, from)), from)
}

// hostClient is the way of the gateway's own spans: the exporter gives them in
// OTLP's form, as they come from plugins.
type hostClient Telemetry

// Start implements [otlptrace.Client].
func (*hostClient) Start(context.Context) error { return nil }

// Stop implements [otlptrace.Client].
func (*hostClient) Stop(context.Context) error { return nil }

// UploadTraces implements [otlptrace.Client].
func (c *hostClient) UploadTraces(ctx context.Context, spans []*tracepb.ResourceSpans) error {
	return (*Telemetry)(c).take(ctx, clean(spans, fromHost), fromHost)
}

// Provider makes tracers whose spans end up here.
func (t *Telemetry) Provider() trace.TracerProvider { return t.provider }

// Tracer is the gateway's own.
func (t *Telemetry) Tracer() trace.Tracer { return t.provider.Tracer(scope) }

// MeterProvider makes meters whose known metrics end up where metrics are read.
func (t *Telemetry) MeterProvider() metric.MeterProvider { return t.meters.meterProvider() }

// Metrics are the gateway's own instruments.
func (t *Telemetry) Metrics() *Metrics { return t.meters.metrics }

// Measures reports whether anybody reads metrics.
func (t *Telemetry) Measures() bool { return t.meters.provider != nil }

// MetricsHandler answers Prometheus; nil where [Options] did not ask for it.
func (t *Telemetry) MetricsHandler() http.Handler { return t.meters.handler }

// Endpoint is where plugins export to, as OTEL_EXPORTER_OTLP_ENDPOINT wants it.
func (t *Telemetry) Endpoint() string { return "unix://" + t.socket }

// Flush stores every span the gateway has ended. What plugins hold, they flush
// themselves.
func (t *Telemetry) Flush(ctx context.Context) error {
	if err := t.provider.ForceFlush(ctx); err != nil {
		return fmt.Errorf("store the run's trace: %w", err)
	}
	return nil
}

// Prune deletes traces from before t out of the history.
func (t *Telemetry) Prune(ctx context.Context, before time.Time) error {
	if t.history == nil {
		return nil
	}
	_, err := t.history.Prune(ctx, before)
	return err
}

// Close stores what is left, gives the collector a few seconds to take its share,
// and stops. The plugins must have ended before.
func (t *Telemetry) Close(ctx context.Context) error {
	var errs []error
	if t.provider != nil {
		errs = append(errs, t.provider.Shutdown(ctx))
	}
	if t.receiver != nil {
		errs = append(errs, t.receiver.close())
	}
	patience, cancel := context.WithTimeout(ctx, relayPatience)
	defer cancel()
	errs = append(errs, t.meters.close(patience))
	if t.relay != nil {
		t.relay.send(t.ledger.rest())
		errs = append(errs, t.relay.close(patience))
	}
	if t.history != nil {
		errs = append(errs, t.history.Close())
	}
	return errors.Join(errs...)
}
