package telemetry

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/trace"
	tracepb "go.opentelemetry.io/proto/otlp/trace/v1"
)

// sent are the names of a trace's spans that the collector got.
func (c *collector) sent(id trace.TraceID) []string {
	c.mu.Lock()
	defer c.mu.Unlock()
	var names []string
	for _, s := range spansOf(c.spans) {
		if s.TraceID == id.String() {
			names = append(names, s.Name)
		}
	}
	slices.Sort(names)
	return names
}

// finishedRun makes a run's spans, its plugin's among them, and returns its trace.
func finishedRun(t *testing.T, tel *Telemetry, name string, end func(trace.Span)) trace.TraceID {
	t.Helper()
	ctx, run := tel.Tracer().Start(t.Context(), name)
	callCtx, call := tel.Tracer().Start(ctx, SpanCall+" Read")
	p := plugin(t, tel.Endpoint())
	_, request := p.Tracer("transport").Start(callCtx, "graph delta")
	request.End()
	if err := p.Shutdown(t.Context()); err != nil {
		t.Fatal(err)
	}
	call.End()
	end(run)
	run.End()
	if err := tel.Flush(t.Context()); err != nil {
		t.Fatal(err)
	}
	return run.SpanContext().TraceID()
}

// Of the runs without changes and trouble a share is sent; of others, and of what is no
// run, everything. The history keeps all.
func TestSampling(t *testing.T) {
	const never = 1e-12
	for name, c := range map[string]struct {
		span   string
		sample float64
		end    func(trace.Span)
		want   bool
	}{
		"nothing happened":       {SpanRun, never, func(trace.Span) {}, false},
		"nothing changed":        {SpanRun, never, func(s trace.Span) { s.SetAttributes(PushCreated.Int(0)) }, false},
		"nothing, and all asked": {SpanRun, 1, func(trace.Span) {}, true},
		"a change":               {SpanRun, never, func(s trace.Span) { s.SetAttributes(PullRemoved.Int(1)) }, true},
		"a failure":              {SpanRun, never, func(s trace.Span) { s.SetStatus(codes.Error, "partial") }, true},
		"an event":               {SpanRun, never, func(s trace.Span) { s.AddEvent(EventHeld) }, true},
		"no run":                 {SpanPlan, never, func(trace.Span) {}, true},
	} {
		t.Run(name, func(t *testing.T) {
			upstream, dir := &collector{}, shortDir(t)
			history := filepath.Join(dir, "traces.db")
			tel := start(t, Options{
				Socket: filepath.Join(dir, "o.sock"), History: history, TracesEndpoint: upstream.overHTTP(t), Sample: c.sample,
			})
			id := finishedRun(t, tel, c.span, c.end)
			if err := tel.Close(t.Context()); err != nil {
				t.Fatal(err)
			}
			want := []string(nil)
			if c.want {
				want = []string{"graph delta", "plugin Read", c.span}
				slices.Sort(want)
			}
			if got := upstream.sent(id); !slices.Equal(got, want) {
				t.Errorf("sent %v, want %v", got, want)
			}
			kept, err := open(t, history).Trace(t.Context(), id.String())
			if err != nil || len(kept) != 3 {
				t.Errorf("the history has %d spans, error %v; want 3", len(kept), err)
			}
		})
	}
}

// The share is that of the ratio, by the ids alone.
func TestChosenShare(t *testing.T) {
	const traces = 20_000
	sent := 0
	for i := range traces {
		// Spread evenly by a multiplication, in place of chance.
		id := make([]byte, 16)
		n := uint64(i) * 0x9e3779b97f4a7c15
		for j := range 8 {
			id[8+j] = byte(n >> (56 - 8*j))
		}
		if chosen(string(id), 0.25) {
			sent++
		}
	}
	if share := float64(sent) / traces; share < 0.24 || share > 0.26 {
		t.Errorf("a share of %v, want 0.25", share)
	}
}

// Plugins add to traces that the gateway began, and to no others.
func TestPluginsTraces(t *testing.T) {
	l := newLedger(1)
	provider := sdktrace.NewTracerProvider(sdktrace.WithSpanProcessor(l))
	_, run := provider.Tracer("test").Start(context.Background(), SpanRun)
	known := run.SpanContext().TraceID()
	spans := []*tracepb.ResourceSpans{{ScopeSpans: []*tracepb.ScopeSpans{{Spans: []*tracepb.Span{
		{TraceId: known[:], SpanId: []byte("12345678"), Name: "known"},
		{TraceId: []byte("0123456789abcdef"), SpanId: []byte("12345678"), Name: "another"},
	}}}}}
	admitted, dropped := l.admit(spans)
	if dropped != 1 || count(admitted) != 1 || admitted[0].ScopeSpans[0].Spans[0].GetName() != "known" {
		t.Errorf("admitted %v, dropped %d", admitted, dropped)
	}
}

// What waits for the end of runs is bounded: when there is too much, it is sent.
func TestHeldSpansAreBounded(t *testing.T) {
	l := newLedger(0)
	provider := sdktrace.NewTracerProvider(sdktrace.WithSpanProcessor(l))
	sent := 0
	for i := range 5 {
		_, run := provider.Tracer("test").Start(context.Background(), SpanRun, trace.WithAttributes(attribute.Int("i", i)))
		id := run.SpanContext().TraceID()
		batch := make([]*tracepb.Span, maxHeld/3)
		for j := range batch {
			batch[j] = &tracepb.Span{TraceId: id[:], SpanId: fmt.Appendf(nil, "%08d", j), ParentSpanId: []byte("12345678")}
		}
		sent += count(l.release([]*tracepb.ResourceSpans{{ScopeSpans: []*tracepb.ScopeSpans{{Spans: batch}}}}))
		if l.held > maxHeld {
			t.Fatalf("%d spans are held, want at most %d", l.held, maxHeld)
		}
	}
	if rest := count(l.rest()); rest+sent != 5*(maxHeld/3) {
		t.Errorf("%d sent and %d held: some are lost", sent, rest)
	}
}

// Requests to the gateway are sent to a collector, by route and without what an address
// holds. The history, which is of runs, is not filled with them; and thousands of them
// do not make the ledger forget a run that goes on, to which its plugin still adds.
func TestRequestsLeaveRunsAlone(t *testing.T) {
	upstream, dir := &collector{}, shortDir(t)
	history := filepath.Join(dir, "traces.db")
	tel := start(t, Options{Socket: filepath.Join(dir, "o.sock"), History: history, TracesEndpoint: upstream.overHTTP(t)})
	ctx, run := tel.Tracer().Start(t.Context(), SpanRun)
	request := func(ctx context.Context) trace.TraceID {
		_, span := tel.Tracer().Start(ctx, "PUT /v1/courses/{id}", trace.WithSpanKind(trace.SpanKindServer), trace.WithAttributes(
			attribute.String("http.route", "/v1/courses/{id}"), attribute.String("url.path", "/v1/courses/"+secret)))
		defer span.End()
		return span.SpanContext().TraceID()
	}
	var last trace.TraceID
	for range maxTraces + 1 {
		last = request(t.Context())
	}
	caller := trace.NewSpanContext(trace.SpanContextConfig{TraceID: trace.TraceID{1}, SpanID: trace.SpanID{2}, Remote: true})
	request(trace.ContextWithRemoteSpanContext(t.Context(), caller))
	p := plugin(t, tel.Endpoint())
	_, call := p.Tracer("transport").Start(ctx, "graph delta")
	call.End()
	if err := p.Shutdown(t.Context()); err != nil {
		t.Fatal(err)
	}
	run.End()
	if err := tel.Close(t.Context()); err != nil {
		t.Fatal(err)
	}
	for id, want := range map[trace.TraceID][]string{
		run.SpanContext().TraceID(): {"graph delta", SpanRun}, last: {"PUT /v1/courses/{id}"}, caller.TraceID(): {"PUT /v1/courses/{id}"},
	} {
		if got := upstream.sent(id); !slices.Equal(got, want) {
			t.Errorf("sent %v, want %v", got, want)
		}
	}
	if text := upstream.text(); strings.Contains(text, secret) || !strings.Contains(text, `"http.route"`) {
		t.Error("the collector got the address of a request, or not its route")
	}
	kept := open(t, history)
	for _, id := range []trace.TraceID{last, caller.TraceID()} {
		if spans, err := kept.Trace(t.Context(), id.String()); !errors.Is(err, ErrNoTrace) {
			t.Errorf("the history keeps a request: %v, %v", spans, err)
		}
	}
	if spans, err := kept.Trace(t.Context(), run.SpanContext().TraceID().String()); err != nil || len(spans) != 2 {
		t.Errorf("the history has %v of the run, error %v", spans, err)
	}
}
