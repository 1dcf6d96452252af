package runner

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"go.opentelemetry.io/otel/attribute"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/sdk/trace/tracetest"

	"github.com/trainercal/trainercal/gateway/internal/telemetry"
)

// traced makes the rig's spans to be kept.
func (r *rig) traced() *tracetest.SpanRecorder {
	spans := tracetest.NewSpanRecorder()
	provider := sdktrace.NewTracerProvider(sdktrace.WithSpanProcessor(spans))
	r.runner.Tracer = provider.Tracer("test")
	return spans
}

// TestTrace holds run-1: a run is one trace, run → batch → plugin call, with the
// trainers beside the calls and linked to those that served them.
func TestTrace(t *testing.T) {
	t.Parallel()
	r := newRig(t, "ana", "ben")
	r.course("1", 3, "ana")
	r.native("ana", "Dentist", 3)
	spans := r.traced()
	run := r.synced()
	byID := map[string]sdktrace.ReadOnlySpan{}
	for _, s := range spans.Ended() {
		byID[s.SpanContext().SpanID().String()] = s
		if s.SpanContext().TraceID().String() != run.TraceID {
			t.Errorf("%s is in another trace than the run's", s.Name())
		}
	}
	var shape []string
	for _, s := range byID {
		parent := "nothing"
		if p, ok := byID[s.Parent().SpanID().String()]; ok {
			parent = p.Name()
		}
		shape = append(shape, s.Name()+" in "+parent+linked(byID, s))
	}
	slices.Sort(shape)
	want := []string{
		"plugin Find in sync batch",
		"plugin Read in sync batch",
		"plugin Write in sync batch",
		"sync batch in sync run",
		"sync run in nothing",
		"sync trainer in sync batch by plugin Find, plugin Read",
		"sync trainer in sync batch by plugin Find, plugin Read, plugin Write",
	}
	if diff := cmp.Diff(want, shape); diff != "" {
		t.Error(diff)
	}
}

func linked(byID map[string]sdktrace.ReadOnlySpan, s sdktrace.ReadOnlySpan) string {
	var calls []string
	for _, l := range s.Links() {
		calls = append(calls, byID[l.SpanContext.SpanID().String()].Name())
	}
	if calls == nil {
		return ""
	}
	return " by " + strings.Join(calls, ", ")
}

// TestTraceSaysWhatHappened holds run-1 and J7: counts, skips and failures are on the
// spans, and no text of appointments is.
func TestTraceSaysWhatHappened(t *testing.T) {
	t.Parallel()
	r := newRig(t, "ana", "ben")
	r.course("1", 3, "ana")
	r.native("ana", "Dentist", 3)
	r.target("ben").Mailbox.Address = "nobody@memory.example"
	r.run()
	spans := r.traced()
	r.native("ana", "Doctor", 5)
	run := r.run()
	got := map[string]map[attribute.Key]string{}
	for _, s := range spans.Ended() {
		attributes := map[attribute.Key]string{}
		for _, a := range s.Attributes() {
			attributes[a.Key] = a.Value.String()
		}
		got[s.Name()+" "+attributes[telemetry.Trainer]] = attributes
		if text := fmt.Sprint(s.Name(), s.Attributes(), s.Events(), s.Status()); strings.Contains(text, "Doctor") || strings.Contains(text, "Dentist") || strings.Contains(text, "Course") {
			t.Errorf("a span has text of an appointment: %s", text)
		}
	}
	for _, want := range []struct {
		span  string
		key   attribute.Key
		value string
	}{
		{"sync run ", telemetry.RunID, run.ID},
		{"sync run ", telemetry.RunState, "partial"},
		{"sync run ", telemetry.PullCreated, "1"},
		{"sync batch ", telemetry.MailboxCount, "2"},
		{"plugin Read ", telemetry.Account, "northwind/memory"},
		{"sync trainer northwind/ana", telemetry.PullCreated, "1"},
		{"sync trainer northwind/ana", telemetry.PushCreated, "0"},
		{"sync trainer northwind/ana", telemetry.SkippedPrefix + "in_sync", "1"},
		{"sync trainer northwind/ben", telemetry.ErrorCode, "mailbox_not_found"},
	} {
		if got[want.span][want.key] != want.value {
			t.Errorf("%q: %s is %q, want %q", want.span, want.key, got[want.span][want.key], want.value)
		}
	}
}
