package telemetry

import (
	"container/list"
	"context"
	"encoding/binary"
	"math"
	"sync"

	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/trace"
	tracepb "go.opentelemetry.io/proto/otlp/trace/v1"
)

const (
	// maxTraces is how many traces are known at a time, of requests and of all else
	// apart; those that nothing was heard of for longest are forgotten.
	maxTraces = 1024
	// maxPluginSpans bounds what plugins may add to one trace.
	maxPluginSpans = 200_000
	// maxHeld bounds the spans that wait until it is known whether they are sent.
	maxHeld = 100_000
)

// ledger knows the traces that the gateway has begun. Plugins can add to those and to
// no others; and while a run goes on, the ledger holds back what is to be sent of it:
// whether it is sent depends on how the run ends.
//
// The traces that begin with a request to the gateway are counted by themselves: many
// requests do not make the ledger forget runs.
//
// It implements the SDK's SpanProcessor to hear of traces that begin.
type ledger struct {
	// ratio is the share of the runs without changes that are sent.
	ratio float64

	mu     sync.Mutex
	traces map[string]*list.Element
	// runs and requests have the trace last heard of in front.
	runs, requests *list.List
	held           int
}

// traceEntry is one trace; its key is the trace's id.
type traceEntry struct {
	id string
	// request: it begins with a request to the gateway.
	request   bool
	plugins   int
	undecided bool
	send      bool
	held      []*tracepb.ResourceSpans
	heldSpans int
}

func newLedger(ratio float64) *ledger {
	return &ledger{ratio: ratio, traces: map[string]*list.Element{}, runs: list.New(), requests: list.New()}
}

// OnStart implements the SDK's SpanProcessor: a span without a parent begins a trace.
func (l *ledger) OnStart(_ context.Context, s sdktrace.ReadWriteSpan) {
	if s.Parent().IsValid() {
		return
	}
	id := s.SpanContext().TraceID()
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.traces[string(id[:])] != nil {
		return
	}
	undecided := l.ratio < 1 && s.Name() == SpanRun
	e := &traceEntry{id: string(id[:]), request: s.SpanKind() == trace.SpanKindServer, undecided: undecided, send: !undecided}
	order := l.order(e)
	l.traces[e.id] = order.PushFront(e)
	if order.Len() > maxTraces {
		l.forget(order.Back())
	}
}

// order is where a trace is listed.
func (l *ledger) order(e *traceEntry) *list.List {
	if e.request {
		return l.requests
	}
	return l.runs
}

// OnEnd implements the SDK's SpanProcessor.
func (*ledger) OnEnd(sdktrace.ReadOnlySpan) {}

// Shutdown implements the SDK's SpanProcessor.
func (*ledger) Shutdown(context.Context) error { return nil }

// ForceFlush implements the SDK's SpanProcessor.
func (*ledger) ForceFlush(context.Context) error { return nil }

// forget drops a trace. The caller holds mu.
func (l *ledger) forget(e *list.Element) {
	entry := e.Value.(*traceEntry)
	l.order(entry).Remove(e)
	l.held -= entry.heldSpans
	delete(l.traces, entry.id)
}

// entry finds a known trace, nil for another. The caller holds mu.
func (l *ledger) entry(id []byte) *traceEntry {
	e := l.traces[string(id)]
	if e == nil {
		return nil
	}
	entry := e.Value.(*traceEntry)
	l.order(entry).MoveToFront(e)
	return entry
}

// admit keeps those of a plugin's spans that belong to traces the gateway began, as
// many as a trace may have, and tells how many others there were.
func (l *ledger) admit(spans []*tracepb.ResourceSpans) (admitted []*tracepb.ResourceSpans, dropped int) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return filter(spans, func(s *tracepb.Span) bool {
		e := l.entry(s.GetTraceId())
		if e == nil || e.plugins >= maxPluginSpans {
			dropped++
			return false
		}
		e.plugins++
		return true
	}), dropped
}

// ofRuns leaves out what is of requests to the gateway: the history is of runs, and at
// hundreds of requests a second these would push them out. The gateway's spans of
// kind server are requests; a request can also be part of its sender's trace.
func (l *ledger) ofRuns(spans []*tracepb.ResourceSpans, from origin) []*tracepb.ResourceSpans {
	l.mu.Lock()
	defer l.mu.Unlock()
	return filter(spans, func(s *tracepb.Span) bool {
		if from == fromHost && s.GetKind() == tracepb.Span_SPAN_KIND_SERVER {
			return false
		}
		e := l.entry(s.GetTraceId())
		return e == nil || !e.request
	})
}

// filter keeps the spans that keep says.
func filter(spans []*tracepb.ResourceSpans, keep func(*tracepb.Span) bool) []*tracepb.ResourceSpans {
	var out []*tracepb.ResourceSpans
	for _, rs := range spans {
		kept := &tracepb.ResourceSpans{Resource: rs.GetResource(), SchemaUrl: rs.GetSchemaUrl()}
		for _, ss := range rs.GetScopeSpans() {
			scope := &tracepb.ScopeSpans{Scope: ss.GetScope(), SchemaUrl: ss.GetSchemaUrl()}
			for _, s := range ss.GetSpans() {
				if keep(s) {
					scope.Spans = append(scope.Spans, s)
				}
			}
			if len(scope.Spans) > 0 {
				kept.ScopeSpans = append(kept.ScopeSpans, scope)
			}
		}
		if len(kept.ScopeSpans) > 0 {
			out = append(out, kept)
		}
	}
	return out
}

// release takes spans and returns those to be sent now: all of traces that are sent,
// those held so far of a run that has ended and is sent, and none of others.
func (l *ledger) release(spans []*tracepb.ResourceSpans) []*tracepb.ResourceSpans {
	if l.ratio >= 1 {
		return spans
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	var out []*tracepb.ResourceSpans
	out = append(out, filter(spans, func(s *tracepb.Span) bool {
		e := l.entry(s.GetTraceId())
		return e == nil || !e.undecided && e.send
	})...)
	ended := map[*traceEntry]*tracepb.Span{}
	waiting := filter(spans, func(s *tracepb.Span) bool {
		e := l.entry(s.GetTraceId())
		if e == nil || !e.undecided {
			return false
		}
		if len(s.GetParentSpanId()) == 0 {
			ended[e] = s
		}
		return true
	})
	l.hold(waiting)
	for e, root := range ended {
		out = append(out, l.decide(e, remarkable(root) || chosen(e.id, l.ratio))...)
	}
	for l.held > maxHeld {
		out = append(out, l.decide(l.largest(), true)...)
	}
	return out
}

// hold keeps spans with their traces. The caller holds mu.
func (l *ledger) hold(spans []*tracepb.ResourceSpans) {
	for _, rs := range spans {
		for _, ss := range rs.GetScopeSpans() {
			parts := map[*traceEntry]*tracepb.ScopeSpans{}
			for _, s := range ss.GetSpans() {
				e := l.entry(s.GetTraceId())
				if parts[e] == nil {
					parts[e] = &tracepb.ScopeSpans{Scope: ss.GetScope(), SchemaUrl: ss.GetSchemaUrl()}
				}
				parts[e].Spans = append(parts[e].Spans, s)
			}
			for e, part := range parts {
				e.held = append(e.held, &tracepb.ResourceSpans{
					Resource: rs.GetResource(), SchemaUrl: rs.GetSchemaUrl(), ScopeSpans: []*tracepb.ScopeSpans{part},
				})
				e.heldSpans += len(part.Spans)
				l.held += len(part.Spans)
			}
		}
	}
}

// decide ends the wait of a trace and returns what of it is sent. The caller holds mu.
func (l *ledger) decide(e *traceEntry, send bool) []*tracepb.ResourceSpans {
	held := e.held
	l.held -= e.heldSpans
	e.undecided, e.send, e.held, e.heldSpans = false, send, nil, 0
	if !send {
		return nil
	}
	return held
}

// largest is the trace that holds most spans. The caller holds mu; some trace holds
// some.
func (l *ledger) largest() *traceEntry {
	var most *traceEntry
	for e := l.runs.Front(); e != nil; e = e.Next() {
		if entry := e.Value.(*traceEntry); most == nil || entry.heldSpans > most.heldSpans {
			most = entry
		}
	}
	return most
}

// rest ends the wait of all traces and returns what they hold: whoever asks will not
// hear how their runs end.
func (l *ledger) rest() []*tracepb.ResourceSpans {
	l.mu.Lock()
	defer l.mu.Unlock()
	var out []*tracepb.ResourceSpans
	for e := l.runs.Front(); e != nil; e = e.Next() {
		if entry := e.Value.(*traceEntry); entry.undecided {
			out = append(out, l.decide(entry, true)...)
		}
	}
	return out
}

// remarkable reports whether a run failed for anybody, changed anything, or had
// something happen to it.
func remarkable(root *tracepb.Span) bool {
	if root.GetStatus().GetCode() == tracepb.Status_STATUS_CODE_ERROR || len(root.GetEvents()) > 0 {
		return true
	}
	for _, kv := range root.GetAttributes() {
		switch key := kv.GetKey(); {
		case key == string(PushCreated), key == string(PushUpdated), key == string(PushRemoved),
			key == string(PullCreated), key == string(PullUpdated), key == string(PullRemoved):
			if kv.GetValue().GetIntValue() != 0 {
				return true
			}
		}
	}
	return false
}

// chosen picks a share of the traces by their ids, as OpenTelemetry's ratio sampler
// does, so that every program that samples by id picks the same ones.
func chosen(id string, ratio float64) bool {
	return float64(binary.BigEndian.Uint64([]byte(id)[8:16])>>1) < ratio*math.MaxInt64
}
