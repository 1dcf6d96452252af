package serve

import (
	"context"
	"errors"
	"fmt"
	"os"
	"time"

	"github.com/google/uuid"
	"go.opentelemetry.io/otel"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/exporters/otlp/otlpmetric/otlpmetricgrpc"
	"go.opentelemetry.io/otel/exporters/otlp/otlptrace/otlptracegrpc"
	"go.opentelemetry.io/otel/propagation"
	"go.opentelemetry.io/otel/sdk/metric"
	"go.opentelemetry.io/otel/sdk/resource"
	"go.opentelemetry.io/otel/sdk/trace"

	"github.com/trainercal/trainercal/sdk"
	"github.com/trainercal/trainercal/sdk/internal/handshake"
)

// measureEvery is how often metrics are sent to the host, besides at each flush.
const measureEvery = 10 * time.Second

// telemetry is the process's providers of traces and metrics.
type telemetry struct {
	traces *trace.TracerProvider
	// metrics is nil when the host wants none.
	metrics *metric.MeterProvider
}

// startTelemetry sets OpenTelemetry up. The propagator is installed in any case, so
// that a trace goes on through the plugin also where nobody receives its own spans.
// Spans and metrics go to the host's receiver when the environment names one. All
// spans are recorded whose parent is: what to keep is the host's decision.
func startTelemetry(ctx context.Context, d sdk.Description) (telemetry, error) {
	otel.SetTextMapPropagator(propagation.TraceContext{})
	// A host that is away is no trouble of the plugin's, and its errors hold addresses.
	otel.SetErrorHandler(otel.ErrorHandlerFunc(func(error) {}))
	about := resource.NewSchemaless(
		attribute.String("service.name", handshake.ServicePrefix+d.Service),
		attribute.String("service.version", d.Version),
		attribute.String("service.instance.id", uuid.NewString()),
	)
	var t telemetry
	traces, failedTraces := traceOptions(ctx)
	t.traces = trace.NewTracerProvider(append(traces, trace.WithResource(about))...)
	otel.SetTracerProvider(t.traces)
	reader, failedMetrics := metricReader(ctx)
	if reader != nil {
		t.metrics = metric.NewMeterProvider(metric.WithReader(reader), metric.WithResource(about))
		otel.SetMeterProvider(t.metrics)
	}
	return t, errors.Join(failedTraces, failedMetrics)
}

func traceOptions(ctx context.Context) ([]trace.TracerProviderOption, error) {
	options := []trace.TracerProviderOption{trace.WithSampler(trace.ParentBased(trace.AlwaysSample()))}
	if os.Getenv(handshake.EnvTelemetry) == "" {
		return options, nil
	}
	exporter, err := otlptracegrpc.New(ctx)
	if err != nil {
		return options, fmt.Errorf("send traces to the gateway: %w", err)
	}
	return append(options, trace.WithBatcher(exporter)), nil
}

// metricReader sends metrics to the host; nil where the host wants none.
func metricReader(ctx context.Context) (metric.Reader, error) {
	if os.Getenv(handshake.EnvTelemetry) == "" || os.Getenv(handshake.EnvMetrics) == handshake.NoMetrics {
		return nil, nil
	}
	exporter, err := otlpmetricgrpc.New(ctx)
	if err != nil {
		return nil, fmt.Errorf("send metrics to the gateway: %w", err)
	}
	return metric.NewPeriodicReader(exporter, metric.WithInterval(measureEvery)), nil
}

// flush sends what is buffered.
func (t telemetry) flush(ctx context.Context) error {
	err := t.traces.ForceFlush(ctx)
	if t.metrics != nil {
		err = errors.Join(err, t.metrics.ForceFlush(ctx))
	}
	return err
}

// flushNow sends what is buffered, within flushTime.
func (t telemetry) flushNow() {
	ctx, cancel := context.WithTimeout(context.Background(), flushTime)
	defer cancel()
	// A flush that fails is made up for by the next one, or by end.
	_ = t.flush(ctx)
}

// end sends what is buffered, within flushTime: traces first, which cannot be sent
// anew.
func (t telemetry) end() {
	ctx, cancel := context.WithTimeout(context.Background(), flushTime)
	defer cancel()
	// The process is ending: there is nobody left to tell.
	_ = t.traces.Shutdown(ctx)
	if t.metrics != nil {
		_ = t.metrics.Shutdown(ctx)
	}
}
