package telemetry

import (
	"context"
	"errors"
	"fmt"
	"math"
	"strconv"
	"time"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/metric"
	"go.opentelemetry.io/otel/metric/noop"
)

// Metrics are the gateway's own instruments. Its methods are safe for concurrent use;
// those of a nil Metrics do nothing.
type Metrics struct {
	meter metric.Meter

	runs                                              metric.Float64Histogram
	changes, drift, missed, guard, restarts, discards metric.Int64Counter
	webhooks                                          metric.Int64Counter
}

// newMetrics makes the instruments of a provider; nil for one that measures nothing.
func newMetrics(provider metric.MeterProvider) (*Metrics, error) {
	if provider == nil {
		provider = noop.NewMeterProvider()
	}
	m := &Metrics{meter: provider.Meter(scope)}
	var errs []error
	counter := func(name string) metric.Int64Counter {
		entry := metricByName[name]
		c, err := m.meter.Int64Counter(name, metric.WithUnit(entry.Unit), metric.WithDescription(entry.Meaning))
		errs = append(errs, err)
		return c
	}
	m.changes, m.drift = counter("trainercal.changes"), counter("trainercal.drift.repaired")
	m.missed, m.guard = counter("trainercal.missed_changes"), counter("trainercal.guard.trips")
	m.restarts, m.discards = counter("trainercal.plugin.restarts"), counter("trainercal.telemetry.dropped")
	m.webhooks = counter("trainercal.webhook.messages")
	entry := metricByName["trainercal.run.duration"]
	var err error
	m.runs, err = m.meter.Float64Histogram(entry.Name, metric.WithUnit(entry.Unit), metric.WithDescription(entry.Meaning),
		metric.WithExplicitBucketBoundaries(0.1, 0.25, 0.5, 1, 2.5, 5, 10, 25, 60, 120, 300, 600, 1800))
	if err := errors.Join(append(errs, err)...); err != nil {
		return nil, fmt.Errorf("make the gateway's metrics: %w", err)
	}
	return m, nil
}

// Expect makes the counters of accounts ("provider/service") and services begin at
// zero, so that a first change is a change for whoever computes rates.
func (m *Metrics) Expect(ctx context.Context, accounts, services []string) {
	for _, account := range accounts {
		of := Account.String(account)
		for _, direction := range []string{"push", "pull"} {
			for _, operation := range []string{"create", "update", "remove"} {
				m.changes.Add(ctx, 0, metric.WithAttributes(of, Direction.String(direction), Operation.String(operation), Outcome.String(Done)))
			}
		}
		for _, reason := range []string{"drift", "deleted_in_calendar"} {
			m.drift.Add(ctx, 0, metric.WithAttributes(of, Reason.String(reason)))
		}
		m.missed.Add(ctx, 0, metric.WithAttributes(of))
		m.guard.Add(ctx, 0, metric.WithAttributes(of))
	}
	for _, service := range services {
		m.restarts.Add(ctx, 0, metric.WithAttributes(Service.String(service)))
	}
	for signal, reasons := range dropReasons {
		for _, reason := range reasons {
			m.discards.Add(ctx, 0, metric.WithAttributes(Signal.String(signal), Reason.String(reason)))
		}
	}
}

// dropReasons are why telemetry is dropped, by signal: a plugin spoke of a trace that is
// not the gateway's or said too much, or the collector is slow or away.
var dropReasons = map[string][]string{
	"traces":  {dropNotAdmitted, dropCollector},
	"metrics": {dropTooMany},
}

const (
	dropNotAdmitted = "not_admitted"
	dropCollector   = "collector_slow"
	dropTooMany     = "too_many_series"
)

// Run counts a run that has ended. A context in the run's span makes the span the
// measurement's exemplar.
func (m *Metrics) Run(ctx context.Context, cause, state string, took time.Duration) {
	if m != nil {
		m.runs.Record(ctx, took.Seconds(), metric.WithAttributes(RunCause.String(cause), RunState.String(state)))
	}
}

// Done is the outcome of a change that was made; that of others is an error code.
const Done = "done"

// Change counts n changes of one kind.
func (m *Metrics) Change(ctx context.Context, account, direction, operation, outcome string, n int) {
	if m != nil && n > 0 {
		m.changes.Add(ctx, int64(n), metric.WithAttributes(Account.String(account),
			Direction.String(direction), Operation.String(operation), Outcome.String(outcome)))
	}
}

// Drift counts an appointment that was restored, by the reason of the step.
func (m *Metrics) Drift(ctx context.Context, account, reason string) {
	if m != nil {
		m.drift.Add(ctx, 1, metric.WithAttributes(Account.String(account), Reason.String(reason)))
	}
}

// Missed counts changes that only a full read found.
func (m *Metrics) Missed(ctx context.Context, account string, n int) {
	if m != nil && n > 0 {
		m.missed.Add(ctx, int64(n), metric.WithAttributes(Account.String(account)))
	}
}

// GuardTripped counts a trainer whose removals the guard began to hold.
func (m *Metrics) GuardTripped(ctx context.Context, account string) {
	if m != nil {
		m.guard.Add(ctx, 1, metric.WithAttributes(Account.String(account)))
	}
}

// PluginRestarted counts the end of a plugin that was not asked for.
func (m *Metrics) PluginRestarted(ctx context.Context, service string) {
	if m != nil {
		m.restarts.Add(ctx, 1, metric.WithAttributes(Service.String(service)))
	}
}

// WebhookSent counts one attempt to tell a webhook's receiver, by the message's type, and
// whether it was taken.
func (m *Metrics) WebhookSent(ctx context.Context, webhook, event string, taken bool) {
	if m == nil {
		return
	}
	outcome := "failed"
	if taken {
		outcome = Done
	}
	m.webhooks.Add(ctx, 1, metric.WithAttributes(Webhook.String(webhook), WebhookEvent.String(event), Outcome.String(outcome)))
}

// dropped counts telemetry that was not kept.
func (m *Metrics) dropped(signal, reason string, n int) {
	if m != nil && n > 0 {
		m.discards.Add(context.Background(), int64(n), metric.WithAttributes(Signal.String(signal), Reason.String(reason)))
	}
}

// Standing is where one active trainer stands, as far as metrics tell.
type Standing struct {
	// Account is "provider/service".
	Account string
	// Health is that of gateway status.
	Health string
	// Proven is when the calendar was last proven in sync; zero for never.
	Proven time.Time
	// Held is how many removals wait for approval, Conflicts what is scheduled against
	// each other.
	Held, Conflicts int
}

// ageBounds divide the trainers by the age of their last proof, in seconds.
var ageBounds = []float64{60, 300, 900, 1800, 2700, 3600, 2 * 3600, 6 * 3600, 24 * 3600, math.Inf(1)}

// ObserveTrainers has f asked for all active trainers whenever metrics are read.
func (m *Metrics) ObserveTrainers(now func() time.Time, f func(context.Context) ([]Standing, error)) error {
	var errs []error
	gauge := func(name string) metric.Float64ObservableGauge {
		entry := metricByName[name]
		g, err := m.meter.Float64ObservableGauge(name, metric.WithUnit(entry.Unit), metric.WithDescription(entry.Meaning))
		errs = append(errs, err)
		return g
	}
	health, ages := gauge("trainercal.trainers"), gauge("trainercal.sync.age.trainers")
	oldest, held, conflicts := gauge("trainercal.sync.age.max"), gauge("trainercal.removals.held"), gauge("trainercal.conflicts")
	_, err := m.meter.RegisterCallback(func(ctx context.Context, o metric.Observer) error {
		standings, err := f(ctx)
		if err != nil {
			return err
		}
		for account, s := range summarise(standings, now()) {
			of := Account.String(account)
			for name, n := range s.health {
				o.ObserveFloat64(health, n, metric.WithAttributes(of, Health.String(name)))
			}
			for i, bound := range ageBounds {
				o.ObserveFloat64(ages, s.ages[i], metric.WithAttributes(of, within(bound)))
			}
			o.ObserveFloat64(oldest, s.oldest, metric.WithAttributes(of))
			o.ObserveFloat64(held, s.held, metric.WithAttributes(of))
			o.ObserveFloat64(conflicts, s.conflicts, metric.WithAttributes(of))
		}
		return nil
	}, health, ages, oldest, held, conflicts)
	return errors.Join(append(errs, err)...)
}

// within names a bucket as Prometheus does.
func within(bound float64) attribute.KeyValue {
	if math.IsInf(bound, 1) {
		return Within.String("+Inf")
	}
	return Within.String(strconv.FormatFloat(bound, 'f', -1, 64))
}

// summary is where an account's trainers stand.
type summary struct {
	health                  map[string]float64
	ages                    []float64
	oldest, held, conflicts float64
}

func summarise(standings []Standing, now time.Time) map[string]*summary {
	out := map[string]*summary{}
	for _, t := range standings {
		s := out[t.Account]
		if s == nil {
			s = &summary{health: map[string]float64{}, ages: make([]float64, len(ageBounds))}
			out[t.Account] = s
		}
		s.health[t.Health]++
		s.held += float64(t.Held)
		s.conflicts += float64(t.Conflicts)
		age := math.Inf(1)
		if !t.Proven.IsZero() {
			age = max(now.Sub(t.Proven).Seconds(), 0)
			s.oldest = max(s.oldest, age)
		}
		for i, bound := range ageBounds {
			if age <= bound {
				s.ages[i]++
			}
		}
	}
	return out
}

// ObserveQueue has f asked how many groups of trainers are due and not worked on yet,
// and for how long the first of them has been.
func (m *Metrics) ObserveQueue(f func() (depth int, age time.Duration)) error {
	depthEntry, ageEntry := metricByName["trainercal.queue.depth"], metricByName["trainercal.queue.age"]
	depth, err1 := m.meter.Float64ObservableGauge(depthEntry.Name, metric.WithUnit(depthEntry.Unit), metric.WithDescription(depthEntry.Meaning))
	age, err2 := m.meter.Float64ObservableGauge(ageEntry.Name, metric.WithUnit(ageEntry.Unit), metric.WithDescription(ageEntry.Meaning))
	_, err3 := m.meter.RegisterCallback(func(_ context.Context, o metric.Observer) error {
		n, waited := f()
		o.ObserveFloat64(depth, float64(n))
		o.ObserveFloat64(age, waited.Seconds())
		return nil
	}, depth, age)
	return errors.Join(err1, err2, err3)
}
