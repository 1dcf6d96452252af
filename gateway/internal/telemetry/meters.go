package telemetry

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"sync"

	"github.com/hashicorp/go-hclog"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"
	"go.opentelemetry.io/otel/attribute"
	promexporter "go.opentelemetry.io/otel/exporters/prometheus"
	"go.opentelemetry.io/otel/metric"
	"go.opentelemetry.io/otel/metric/noop"
	sdkmetric "go.opentelemetry.io/otel/sdk/metric"
	"go.opentelemetry.io/otel/sdk/metric/metricdata"
	"go.opentelemetry.io/otel/sdk/resource"
)

// meters hold what measures, for whoever reads it: a Prometheus server, an OTLP
// collector, both or nobody.
type meters struct {
	// provider is nil when nobody reads metrics.
	provider *sdkmetric.MeterProvider
	plugins  *pluginMetrics
	metrics  *Metrics
	// handler answers Prometheus; nil without it.
	handler http.Handler
}

func startMeters(ctx context.Context, opts Options, about *resource.Resource) (*meters, error) {
	m := &meters{}
	m.plugins = newPluginMetrics(opts.Now, func(n int) { m.metrics.dropped("metrics", dropTooMany, n) })
	readers, err := m.readers(ctx, opts)
	if err != nil {
		return nil, err
	}
	if len(readers) > 0 {
		options := []sdkmetric.Option{sdkmetric.WithResource(about), sdkmetric.WithView(onlyKnown)}
		for _, r := range readers {
			options = append(options, sdkmetric.WithReader(r))
		}
		m.provider = sdkmetric.NewMeterProvider(options...)
	}
	if m.metrics, err = newMetrics(m.meterProvider()); err != nil {
		return nil, errors.Join(err, m.close(ctx))
	}
	return m, nil
}

// readers are those who read metrics.
func (m *meters) readers(ctx context.Context, opts Options) ([]sdkmetric.Reader, error) {
	var readers []sdkmetric.Reader
	if opts.Prometheus {
		registry := prometheus.NewRegistry()
		reader, err := promexporter.New(promexporter.WithRegisterer(registry), promexporter.WithoutScopeInfo(),
			promexporter.WithProducer(m.plugins))
		if err != nil {
			return nil, fmt.Errorf("set up metrics for Prometheus: %w", err)
		}
		// Exemplars are in the OpenMetrics form alone.
		m.handler = promhttp.HandlerFor(registry, promhttp.HandlerOpts{EnableOpenMetrics: true})
		readers = append(readers, reader)
	}
	d, err := destinationOf(metricSignal, opts.MetricsEndpoint, opts.Env)
	if err != nil || d == nil {
		return readers, err
	}
	exporter, err := d.metricExporter(ctx)
	if err != nil {
		return nil, fmt.Errorf("set up sending metrics to the collector: %s", withoutURL(err))
	}
	noted := &notedExporter{Exporter: exporter, log: opts.Log}
	return append(readers, sdkmetric.NewPeriodicReader(noted, sdkmetric.WithProducer(m.plugins))), nil
}

// onlyKnown is a view of the known metrics with their known attributes: libraries
// measure more.
func onlyKnown(i sdkmetric.Instrument) (sdkmetric.Stream, bool) {
	entry, known := metricByName[i.Name]
	if !known {
		return sdkmetric.Stream{Aggregation: sdkmetric.AggregationDrop{}}, true
	}
	return sdkmetric.Stream{
		Name: i.Name, Description: entry.Meaning, Unit: entry.Unit,
		AttributeFilter: attribute.NewAllowKeysFilter(entry.Attributes...),
	}, true
}

func (m *meters) meterProvider() metric.MeterProvider {
	if m.provider == nil {
		return noop.NewMeterProvider()
	}
	return m.provider
}

// close sends what was measured last.
func (m *meters) close(ctx context.Context) error {
	if m == nil || m.provider == nil {
		return nil
	}
	if err := m.provider.Shutdown(ctx); err != nil && !errors.Is(err, errNotSent) {
		return fmt.Errorf("stop metrics: %s", withoutURL(err))
	}
	return nil
}

// errNotSent stands for a failure to send that was logged.
var errNotSent = errors.New("metrics were not sent")

// notedExporter logs when a collector begins to fail and when it works again.
type notedExporter struct {
	sdkmetric.Exporter
	log hclog.Logger

	mu      sync.Mutex
	failing bool
}

// Export implements the SDK's Exporter.
func (e *notedExporter) Export(ctx context.Context, data *metricdata.ResourceMetrics) error {
	err := e.Exporter.Export(ctx, data)
	e.mu.Lock()
	defer e.mu.Unlock()
	switch {
	case err != nil && !e.failing:
		e.log.Warn("metrics cannot be sent to the collector; it gets the sums when it is back", "error", withoutURL(err))
	case err == nil && e.failing:
		e.log.Info("metrics are sent to the collector again")
	}
	e.failing = err != nil
	if err != nil {
		return errNotSent
	}
	return nil
}
