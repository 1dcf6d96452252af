package telemetry

import (
	"context"
	"errors"
	"fmt"
	"os"
	"time"

	"github.com/hashicorp/go-hclog"
	"go.opentelemetry.io/otel/exporters/otlp/otlptrace"
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
	// Socket is where the receiver for the plugins' spans listens: a path of at most
	// about 100 bytes in a folder of the gateway's own.
	Socket string
	// History is the path of the trace history; empty to keep none.
	History string
	// Endpoint is the configuration's traces_endpoint; empty for what the OTEL_
	// variables say.
	Endpoint string
	// Env looks up variables; nil for [os.Getenv].
	Env func(string) string
	Log hclog.Logger
}

// Telemetry is the running set-up of one gateway process.
type Telemetry struct {
	provider *sdktrace.TracerProvider
	receiver *receiver
	history  *History
	relay    *relay
	socket   string
}

// Start begins to collect spans. On an error nothing is left running.
func Start(ctx context.Context, opts Options) (*Telemetry, error) {
	if opts.Env == nil {
		opts.Env = os.Getenv
	}
	t := &Telemetry{socket: opts.Socket}
	if err := t.start(ctx, opts); err != nil {
		return nil, errors.Join(err, t.Close(ctx))
	}
	return t, nil
}

func (t *Telemetry) start(ctx context.Context, opts Options) error {
	client, err := upstream(opts.Endpoint, opts.Env)
	if err != nil {
		return err
	}
	if client != nil {
		if t.relay, err = startRelay(ctx, client, opts.Log); err != nil {
			return err
		}
	}
	if opts.History != "" {
		if t.history, err = OpenHistory(ctx, opts.History); err != nil {
			return err
		}
	}
	if t.receiver, err = listen(opts.Socket, t.take); err != nil {
		return err
	}
	t.provider, err = t.newProvider(ctx, opts.Version)
	return err
}

// newProvider makes the gateway's own tracer provider. It samples everything: the
// history is to be whole. Ending a span waits when spans are made faster than they
// are stored, so that none is lost.
func (t *Telemetry) newProvider(ctx context.Context, version string) (*sdktrace.TracerProvider, error) {
	res, err := resource.New(ctx,
		resource.WithAttributes(semconv.ServiceName(ServiceName), semconv.ServiceVersion(version)),
		resource.WithTelemetrySDK(), resource.WithFromEnv())
	if err != nil {
		return nil, fmt.Errorf("describe the gateway to OpenTelemetry (see OTEL_RESOURCE_ATTRIBUTES): %w", err)
	}
	exporter, err := otlptrace.New(ctx, (*hostClient)(t))
	if err != nil {
		return nil, fmt.Errorf("set up OpenTelemetry: %w", err)
	}
	return sdktrace.NewTracerProvider(
		sdktrace.WithSampler(sdktrace.AlwaysSample()), sdktrace.WithResource(res),
		sdktrace.WithBatcher(exporter, sdktrace.WithBlocking())), nil
}

// take keeps and relays spans that were cleaned.
func (t *Telemetry) take(ctx context.Context, spans []*tracepb.ResourceSpans) error {
	if t.relay != nil {
		t.relay.send(spans)
	}
	if t.history == nil {
		return nil
	}
	return t.history.add(ctx, spansOf(spans))
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
	return (*Telemetry)(c).take(ctx, clean(spans, fromHost))
}

// Provider makes tracers whose spans end up here.
func (t *Telemetry) Provider() trace.TracerProvider { return t.provider }

// Tracer is the gateway's own.
func (t *Telemetry) Tracer() trace.Tracer { return t.provider.Tracer(scope) }

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
	if t.relay != nil {
		patience, cancel := context.WithTimeout(ctx, relayPatience)
		defer cancel()
		errs = append(errs, t.relay.close(patience))
	}
	if t.history != nil {
		errs = append(errs, t.history.Close())
	}
	return errors.Join(errs...)
}
