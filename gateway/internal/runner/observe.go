package runner

import (
	"context"
	"time"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/trace"

	"github.com/trainercal/trainercal/gateway/internal/reconcile"
	"github.com/trainercal/trainercal/gateway/internal/store"
	"github.com/trainercal/trainercal/gateway/internal/telemetry"
	"github.com/trainercal/trainercal/sdk"
)

// begin gives a run its span; the run's id travels with the context.
func (r *Runner) begin(ctx context.Context, run *store.Run, links []trace.Link, more ...attribute.KeyValue) (context.Context, trace.Span) {
	more = append(more, telemetry.RunID.String(run.ID), telemetry.RunCause.String(run.Cause))
	if len(links) > 0 {
		more = append(more, telemetry.RunCausedBy.String(traceIDs(links)))
	}
	ctx, span := r.Tracer.Start(sdk.WithRun(ctx, run.ID), telemetry.SpanRun, trace.WithNewRoot(), trace.WithAttributes(more...), trace.WithLinks(links...))
	run.TraceID = span.SpanContext().TraceID().String()
	telemetry.Logger(ctx, r.Log).Debug("a run begins", "cause", run.Cause)
	return ctx, span
}

// end puts a run's outcome on its span, measures it and tells the log.
func (r *Runner) end(ctx context.Context, span trace.Span, run store.Run) {
	sum := totals(run)
	span.SetAttributes(countAttributes(sum)...)
	span.SetAttributes(telemetry.RunState.String(string(run.State)))
	if run.State != store.RunOK {
		span.SetStatus(codes.Error, string(run.State))
	}
	took := run.Finished.Sub(run.Started)
	r.Metrics.Run(ctx, run.Cause, string(run.State), took)
	log := telemetry.Logger(ctx, r.Log)
	for _, e := range run.Events {
		log.Warn(e.Text)
	}
	log.Info("a run ended", "cause", run.Cause, "state", run.State, "trainers", len(run.Trainers),
		"writes", sum.Writes(), "duration_ms", took.Milliseconds())
}

// flushPatience is how long a run waits for the plugins' part of its trace.
const flushPatience = 5 * time.Second

// flush has the plugins send their part of the trace. What does not come is lost, and
// the run says so.
func (r *Runner) flush(ctx context.Context, span trace.Span, record *record) {
	if r.FlushPlugins == nil {
		return
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), flushPatience)
	defer cancel()
	if err := r.FlushPlugins(ctx); err != nil {
		spansLost(span, string(asError(err).Code))
		record.event("a plugin did not send the last of its spans: the trace of this run is not whole")
	}
}

// spansLost notes on a span that its trace is not whole.
func spansLost(span trace.Span, reason string) {
	span.AddEvent(telemetry.EventSpansLost, trace.WithAttributes(telemetry.Reason.String(reason)))
}

// observe tells traces, metrics and the log what an attempt did for a trainer.
func (p *pass) observe(ctx context.Context, b *box, outcome store.RunTrainer, final bool) {
	p.trace(ctx, b, outcome, final)
	p.measure(ctx, b, outcome)
	if outcome.Failing != nil {
		telemetry.Logger(ctx, p.Log).Debug("a trainer is not in sync", "trainer", b.target.ID.String(),
			"account", p.batch.Account, "code", outcome.Failing.Code, "tried_again", !final)
	}
}

// trace writes the trainer's span: a sibling of the plugin calls, linked to those
// that served the trainer (run-1).
func (p *pass) trace(ctx context.Context, b *box, outcome store.RunTrainer, final bool) {
	links := make([]trace.Link, len(b.calls))
	for i, c := range b.calls {
		links[i] = trace.Link{SpanContext: c}
	}
	_, span := p.Tracer.Start(ctx, telemetry.SpanTrainer, trace.WithTimestamp(b.started), trace.WithLinks(links...),
		trace.WithAttributes(telemetry.Trainer.String(b.target.ID.String())))
	span.SetAttributes(countAttributes(outcome.Counts)...)
	for reason, n := range outcome.Skipped {
		span.SetAttributes(attribute.Int(telemetry.SkippedPrefix+string(reason), n))
	}
	if n := outcome.Skipped[reconcile.ReasonBackingOff]; n > 0 {
		addEvent(span, telemetry.EventQuarantine, string(reconcile.ReasonBackingOff), telemetry.Count.Int(n))
	}
	if n := newlyHeld(b, outcome); n > 0 {
		addEvent(span, telemetry.EventHeld, guardReason, telemetry.Count.Int(n))
		// The run's own span says it too: such a run is always sent to a collector.
		addEvent(p.record.span, telemetry.EventHeld, guardReason, telemetry.Count.Int(n))
	}
	if outcome.Failing != nil {
		span.SetAttributes(telemetry.ErrorCode.String(outcome.Failing.Code))
		span.SetStatus(codes.Error, outcome.Failing.Code)
		if !final {
			addEvent(span, telemetry.EventRetry, outcome.Failing.Code, telemetry.Attempt.Int(p.number+1))
		}
	}
	span.End(trace.WithTimestamp(p.Now()))
}

// guardReason is why the guard holds removals.
const guardReason = "max_removals_and_max_fraction"

func addEvent(span trace.Span, name, reason string, more ...attribute.KeyValue) {
	if span != nil {
		span.AddEvent(name, trace.WithAttributes(append(more, telemetry.Reason.String(reason))...))
	}
}

// newlyHeld is how many removals the guard holds that it did not hold before.
func newlyHeld(b *box, outcome store.RunTrainer) int {
	return len(outcome.Held) - len(heldSteps(b.memory.Mirrors, b.target.Zone))
}

func countAttributes(c store.Counts) []attribute.KeyValue {
	return []attribute.KeyValue{
		telemetry.PushCreated.Int(c.PushCreated), telemetry.PushUpdated.Int(c.PushUpdated), telemetry.PushRemoved.Int(c.PushRemoved),
		telemetry.PullCreated.Int(c.PullCreated), telemetry.PullUpdated.Int(c.PullUpdated), telemetry.PullRemoved.Int(c.PullRemoved),
	}
}

// measure counts what an attempt did for a trainer. What a pilot only reports is none.
func (p *pass) measure(ctx context.Context, b *box, outcome store.RunTrainer) {
	if p.Metrics == nil {
		return
	}
	account := p.batch.Account
	type kind struct{ direction, op, outcome string }
	sums := map[kind]int{}
	for _, s := range outcome.Steps {
		if b.target.Pilot {
			break
		}
		k := kind{string(s.Direction), string(s.Op), telemetry.Done}
		if s.Failed != "" {
			k.outcome = s.Failed
		}
		sums[k]++
		drift := s.Reason == reconcile.ReasonDrift || s.Reason == reconcile.ReasonDeletedInCalendar
		if drift && s.Failed == "" {
			p.Metrics.Drift(ctx, account, string(s.Reason))
		}
	}
	for k, n := range sums {
		p.Metrics.Change(ctx, account, k.direction, k.op, k.outcome, n)
	}
	p.Metrics.Missed(ctx, account, outcome.Counts.Missed)
	if newlyHeld(b, outcome) > 0 {
		p.Metrics.GuardTripped(ctx, account)
	}
}
