package telemetry

import (
	"math"
	"slices"
	"strings"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/sdk/metric/metricdata"
	commonpb "go.opentelemetry.io/proto/otlp/common/v1"
	metricspb "go.opentelemetry.io/proto/otlp/metrics/v1"
	resourcepb "go.opentelemetry.io/proto/otlp/resource/v1"
)

// The bounds of one export of a plugin's metrics.
const (
	maxPoints    = 5000
	maxBuckets   = 64
	maxExemplars = 8
)

// maxKeyBytes is the longest value of a metric's attribute.
const maxKeyBytes = 96

// point is what one export says of one series of a plugin.
type point struct {
	metric     string
	attributes attribute.Set
	value      float64
	histogram  *metricdata.HistogramDataPoint[float64]
}

// points are the known metrics of an export, with their known attributes alone, and
// how many others were left out.
func points(rm *metricspb.ResourceMetrics, service string) (out []point, dropped int) {
	for _, sm := range rm.GetScopeMetrics() {
		for _, m := range sm.GetMetrics() {
			entry, known := metricByName[m.GetName()]
			if !known || !entry.Plugin {
				continue // instruments of libraries, which nobody asked for
			}
			found := pointsOf(m, entry, service)
			room := max(maxPoints-len(out), 0)
			dropped += max(len(found)-room, 0)
			out = append(out, found[:min(len(found), room)]...)
		}
	}
	return out, dropped
}

// pointsOf reads a metric of the kind that its entry names; of another kind it has no
// points.
func pointsOf(m *metricspb.Metric, entry Metric, service string) []point {
	var out []point
	numbers := func(in []*metricspb.NumberDataPoint) {
		for _, p := range in {
			v := p.GetAsDouble()
			if _, whole := p.GetValue().(*metricspb.NumberDataPoint_AsInt); whole {
				v = float64(p.GetAsInt())
			}
			if finite(v) && (entry.Kind == Gauge || v >= 0) {
				out = append(out, point{metric: entry.Name, attributes: keysOf(p.GetAttributes(), entry, service), value: v})
			}
		}
	}
	switch {
	case entry.Kind == Gauge:
		numbers(m.GetGauge().GetDataPoints())
	case entry.Kind == Counter && m.GetSum().GetIsMonotonic() && cumulative(m.GetSum().GetAggregationTemporality()):
		numbers(m.GetSum().GetDataPoints())
	case entry.Kind == Histogram && cumulative(m.GetHistogram().GetAggregationTemporality()):
		for _, p := range m.GetHistogram().GetDataPoints() {
			if h := histogramOf(p); h != nil {
				out = append(out, point{metric: entry.Name, attributes: keysOf(p.GetAttributes(), entry, service), histogram: h})
			}
		}
	}
	return out
}

func cumulative(t metricspb.AggregationTemporality) bool {
	return t == metricspb.AggregationTemporality_AGGREGATION_TEMPORALITY_CUMULATIVE
}

func finite(v float64) bool { return !math.IsNaN(v) && !math.IsInf(v, 0) }

// keysOf keeps the attributes that the metric is known to have, as far as they look
// like codes or names, and adds the service.
func keysOf(in []*commonpb.KeyValue, entry Metric, service string) attribute.Set {
	kept := []attribute.KeyValue{Service.String(service)}
	for _, kv := range in {
		key := attribute.Key(kv.GetKey())
		if key == Service || !slices.Contains(entry.Attributes, key) {
			continue
		}
		switch v := kv.GetValue().GetValue().(type) {
		case *commonpb.AnyValue_StringValue:
			if safeValue.MatchString(v.StringValue) && len(v.StringValue) <= maxKeyBytes {
				kept = append(kept, key.String(v.StringValue))
			}
		case *commonpb.AnyValue_IntValue:
			kept = append(kept, key.Int64(v.IntValue))
		}
	}
	return attribute.NewSet(kept...)
}

// histogramOf checks a histogram; nil for one that makes no sense.
func histogramOf(p *metricspb.HistogramDataPoint) *metricdata.HistogramDataPoint[float64] {
	bounds, counts := p.GetExplicitBounds(), p.GetBucketCounts()
	if len(counts) != len(bounds)+1 || len(bounds) > maxBuckets || !finite(p.GetSum()) || p.GetSum() < 0 {
		return nil
	}
	if !slices.IsSorted(bounds) || slices.ContainsFunc(bounds, func(b float64) bool { return !finite(b) }) {
		return nil
	}
	total := uint64(0)
	for _, n := range counts {
		if n > 1<<53 {
			return nil
		}
		total += n
	}
	return &metricdata.HistogramDataPoint[float64]{
		StartTime: instant(p.GetStartTimeUnixNano()), Time: instant(p.GetTimeUnixNano()),
		Count: total, Sum: p.GetSum(), Bounds: slices.Clone(bounds), BucketCounts: slices.Clone(counts),
		Exemplars: exemplarsOf(p.GetExemplars()),
	}
}

// exemplarsOf keeps which traces measurements are from, and nothing else of them.
func exemplarsOf(in []*metricspb.Exemplar) []metricdata.Exemplar[float64] {
	var out []metricdata.Exemplar[float64]
	for _, e := range in[:min(len(in), maxExemplars)] {
		if len(e.GetTraceId()) == 16 && len(e.GetSpanId()) == 8 && finite(e.GetAsDouble()) {
			out = append(out, metricdata.Exemplar[float64]{
				Time: instant(e.GetTimeUnixNano()), Value: e.GetAsDouble(), TraceID: e.GetTraceId(), SpanID: e.GetSpanId(),
			})
		}
	}
	return out
}

// identity is which service's plugin exports, and which process of it. A name that is
// no plugin's is not believed.
func identity(r *resourcepb.Resource) (service, instance string) {
	attributes := values(r.GetAttributes())
	name, _ := attributes["service.name"].(string)
	instance, _ = attributes["service.instance.id"].(string)
	service, isPlugin := strings.CutPrefix(name, pluginPrefix)
	if !isPlugin || !safeValue.MatchString(service) || len(service) > maxKeyBytes {
		service = "unknown"
	}
	return service, instance
}
