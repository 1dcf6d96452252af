package telemetry

import (
	"context"
	"slices"
	"sync"
	"time"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/sdk/instrumentation"
	"go.opentelemetry.io/otel/sdk/metric/metricdata"
	metricspb "go.opentelemetry.io/proto/otlp/metrics/v1"
)

const (
	// maxSeries bounds the series of one service's plugin, all metrics together.
	maxSeries = 2000
	// maxServices bounds the services that are told apart.
	maxServices = 32
	// gaugeLife is how long a gauge is shown that its plugin no longer reports.
	gaugeLife = 2 * time.Minute
)

// pluginMetrics joins the plugins' metrics to the gateway's own wherever those are
// read. Counters and histograms go on over the restarts of a plugin.
//
// It implements the SDK's Producer.
type pluginMetrics struct {
	now     func() time.Time
	dropped func(n int)

	mu       sync.Mutex
	began    time.Time
	services map[string]*pluginSeries
}

// pluginSeries are the series of one service.
type pluginSeries struct {
	instance string
	series   map[seriesKey]*series
}

type seriesKey struct {
	metric     string
	attributes attribute.Distinct
}

// series is one series: what earlier processes came to, and what the present one says.
type series struct {
	attributes    attribute.Set
	before, value float64
	past, present *metricdata.HistogramDataPoint[float64]
	seen          time.Time
}

func newPluginMetrics(now func() time.Time, dropped func(int)) *pluginMetrics {
	return &pluginMetrics{now: now, dropped: dropped, began: now(), services: map[string]*pluginSeries{}}
}

// take notes one export.
func (p *pluginMetrics) take(in []*metricspb.ResourceMetrics) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, rm := range in {
		service, instance := identity(rm.GetResource())
		known := p.services[service]
		if known == nil {
			if len(p.services) >= maxServices {
				continue
			}
			known = &pluginSeries{instance: instance, series: map[seriesKey]*series{}}
			p.services[service] = known
		}
		if known.instance != instance {
			known.renew(instance)
		}
		found, dropped := points(rm, service)
		p.dropped(dropped + known.note(found, p.now()))
	}
}

// renew begins the count of another process.
func (s *pluginSeries) renew(instance string) {
	s.instance = instance
	for _, one := range s.series {
		one.before += one.value
		one.value = 0
		one.past, one.present = sum(one.past, one.present), nil
	}
}

// note replaces what the process said before; points that differ only in attributes
// that were left out are added up. It returns how many points had no room.
func (s *pluginSeries) note(found []point, now time.Time) (dropped int) {
	fresh := map[seriesKey]bool{}
	for _, p := range found {
		key := seriesKey{p.metric, p.attributes.Equivalent()}
		one := s.series[key]
		if one == nil {
			if len(s.series) >= maxSeries {
				dropped++
				continue
			}
			one = &series{attributes: p.attributes}
			s.series[key] = one
		}
		if !fresh[key] {
			one.value, one.present = 0, nil
		}
		fresh[key], one.seen = true, now
		one.value += p.value
		one.present = sum(one.present, p.histogram)
	}
	return dropped
}

// sum adds two histograms; of those with other buckets the later one counts.
func sum(a, b *metricdata.HistogramDataPoint[float64]) *metricdata.HistogramDataPoint[float64] {
	switch {
	case a == nil:
		return b
	case b == nil:
		return a
	case !slices.Equal(a.Bounds, b.Bounds):
		return b
	}
	both := *b
	both.Count, both.Sum = a.Count+b.Count, a.Sum+b.Sum
	both.BucketCounts = make([]uint64, len(b.BucketCounts))
	for i := range both.BucketCounts {
		both.BucketCounts[i] = a.BucketCounts[i] + b.BucketCounts[i]
	}
	both.Exemplars = slices.Concat(a.Exemplars, b.Exemplars)
	both.Exemplars = both.Exemplars[max(len(both.Exemplars)-maxExemplars, 0):]
	return &both
}

// Produce implements the SDK's Producer.
func (p *pluginMetrics) Produce(context.Context) ([]metricdata.ScopeMetrics, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	now := p.now()
	byMetric := map[string][]*series{}
	for _, s := range p.services {
		for key, one := range s.series {
			if metricByName[key.metric].Kind == Gauge && now.Sub(one.seen) > gaugeLife {
				delete(s.series, key)
				continue
			}
			byMetric[key.metric] = append(byMetric[key.metric], one)
		}
	}
	out := metricdata.ScopeMetrics{Scope: instrumentation.Scope{Name: scope + "/plugins"}}
	for _, entry := range MetricTable {
		if all := byMetric[entry.Name]; len(all) > 0 {
			out.Metrics = append(out.Metrics, metricdata.Metrics{
				Name: entry.Name, Description: entry.Meaning, Unit: entry.Unit, Data: p.data(entry.Kind, all, now),
			})
		}
	}
	return []metricdata.ScopeMetrics{out}, nil
}

func (p *pluginMetrics) data(kind Kind, all []*series, now time.Time) metricdata.Aggregation {
	if kind == Histogram {
		h := metricdata.Histogram[float64]{Temporality: metricdata.CumulativeTemporality}
		for _, one := range all {
			if whole := sum(one.past, one.present); whole != nil {
				dp := *whole
				dp.Attributes, dp.StartTime, dp.Time = one.attributes, p.began, now
				h.DataPoints = append(h.DataPoints, dp)
			}
		}
		return h
	}
	var numbers []metricdata.DataPoint[float64]
	for _, one := range all {
		dp := metricdata.DataPoint[float64]{Attributes: one.attributes, Time: now, Value: one.value}
		if kind == Counter {
			dp.Value, dp.StartTime = one.before+one.value, p.began
		}
		numbers = append(numbers, dp)
	}
	if kind == Counter {
		return metricdata.Sum[float64]{Temporality: metricdata.CumulativeTemporality, IsMonotonic: true, DataPoints: numbers}
	}
	return metricdata.Gauge[float64]{DataPoints: numbers}
}
