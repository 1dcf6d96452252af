package serve

import (
	"context"
	"fmt"
	"os"

	"go.opentelemetry.io/otel"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/exporters/otlp/otlptrace/otlptracegrpc"
	"go.opentelemetry.io/otel/propagation"
	"go.opentelemetry.io/otel/sdk/resource"
	"go.opentelemetry.io/otel/sdk/trace"

	"github.com/trainercal/trainercal/sdk"
	"github.com/trainercal/trainercal/sdk/internal/handshake"
)

// traces is the process's trace provider.
type traces struct{ provider *trace.TracerProvider }

// startTraces sets OpenTelemetry up. The propagator is installed in any case, so
// that a trace goes on through the plugin also where nobody receives its own spans.
// The spans go to the host's receiver when the environment names one. All are
// recorded whose parent is: what to keep is the host's decision.
func startTraces(ctx context.Context, d sdk.Description) (traces, error) {
	otel.SetTextMapPropagator(propagation.NewCompositeTextMapPropagator(propagation.TraceContext{}, propagation.Baggage{}))
	options := []trace.TracerProviderOption{
		trace.WithSampler(trace.ParentBased(trace.AlwaysSample())),
		trace.WithResource(resource.NewSchemaless(
			attribute.String("service.name", "gateway-plugin-"+d.Service),
			attribute.String("service.version", d.Version),
		)),
	}
	var failed error
	if os.Getenv(handshake.EnvTraces) != "" {
		exporter, err := otlptracegrpc.New(ctx)
		if err != nil {
			failed = fmt.Errorf("send traces to the gateway: %w", err)
		} else {
			options = append(options, trace.WithBatcher(exporter))
		}
	}
	t := traces{provider: trace.NewTracerProvider(options...)}
	otel.SetTracerProvider(t.provider)
	return t, failed
}

// flush sends what is buffered.
func (t traces) flush(ctx context.Context) error { return t.provider.ForceFlush(ctx) }

// flushNow sends what is buffered, within flushTime.
func (t traces) flushNow() {
	ctx, cancel := context.WithTimeout(context.Background(), flushTime)
	defer cancel()
	// A flush that fails is made up for by the next one, or by end.
	_ = t.provider.ForceFlush(ctx)
}

// end sends what is buffered, within flushTime.
func (t traces) end() {
	ctx, cancel := context.WithTimeout(context.Background(), flushTime)
	defer cancel()
	// The process is ending: there is nobody left to tell.
	_ = t.provider.Shutdown(ctx)
}
