package telemetry

import (
	"encoding/hex"
	"strings"
	"time"

	commonpb "go.opentelemetry.io/proto/otlp/common/v1"
	tracepb "go.opentelemetry.io/proto/otlp/trace/v1"
)

// Span is one recorded span, of the gateway or of a plugin.
type Span struct {
	// TraceID, SpanID and ParentID are hexadecimal; ParentID is empty for a root.
	TraceID, SpanID, ParentID string
	// Service is the resource's service.name: who recorded the span.
	Service string
	Name    string
	// Kind is internal, client, server and so on.
	Kind string
	// Start and End are instants by the clock of the machine.
	Start, End time.Time
	// Failed: the span ended with an error; Status is its code, if it gave one.
	Failed bool
	Status string
	// Attributes are strings, bool and numbers by key; numbers are int64 or float64
	// as they come in, and json.Number as they are read from the history.
	Attributes map[string]any
	// Links are the ids of spans of the same trace that this one belongs to without
	// being their child.
	Links []string
	// Events are what happened while the span ran, by time.
	Events []SpanEvent
}

// SpanEvent is something that happened while a span ran.
type SpanEvent struct {
	Time       time.Time      `json:"time"`
	Name       string         `json:"name"`
	Attributes map[string]any `json:"attributes"`
}

// spansOf turns OTLP's form into ours.
func spansOf(in []*tracepb.ResourceSpans) []Span {
	var out []Span
	for _, rs := range in {
		service, _ := values(rs.GetResource().GetAttributes())["service.name"].(string)
		for _, ss := range rs.GetScopeSpans() {
			for _, s := range ss.GetSpans() {
				out = append(out, spanOf(service, s))
			}
		}
	}
	return out
}

func spanOf(service string, s *tracepb.Span) Span {
	span := Span{
		TraceID: hex.EncodeToString(s.GetTraceId()), SpanID: hex.EncodeToString(s.GetSpanId()),
		ParentID: hex.EncodeToString(s.GetParentSpanId()),
		Service:  service, Name: s.GetName(),
		Start: instant(s.GetStartTimeUnixNano()), End: instant(s.GetEndTimeUnixNano()),
		Failed: s.GetStatus().GetCode() == tracepb.Status_STATUS_CODE_ERROR, Status: s.GetStatus().GetMessage(),
		Attributes: values(s.GetAttributes()),
		Kind:       strings.ToLower(strings.TrimPrefix(s.GetKind().String(), "SPAN_KIND_")),
	}
	for _, e := range s.GetEvents() {
		span.Events = append(span.Events, SpanEvent{instant(e.GetTimeUnixNano()), e.GetName(), values(e.GetAttributes())})
	}
	for _, l := range s.GetLinks() {
		if hex.EncodeToString(l.GetTraceId()) == span.TraceID {
			span.Links = append(span.Links, hex.EncodeToString(l.GetSpanId()))
		}
	}
	return span
}

// instant reads nanoseconds since 1970; what does not fit counts as unknown.
func instant(nanos uint64) time.Time {
	if nanos > 1<<63-1 {
		nanos = 0
	}
	return time.Unix(0, int64(nanos)).UTC()
}

func values(in []*commonpb.KeyValue) map[string]any {
	out := map[string]any{}
	for _, kv := range in {
		switch v := kv.GetValue().GetValue().(type) {
		case *commonpb.AnyValue_StringValue:
			out[kv.GetKey()] = v.StringValue
		case *commonpb.AnyValue_IntValue:
			out[kv.GetKey()] = v.IntValue
		case *commonpb.AnyValue_BoolValue:
			out[kv.GetKey()] = v.BoolValue
		case *commonpb.AnyValue_DoubleValue:
			out[kv.GetKey()] = v.DoubleValue
		}
	}
	return out
}
