package telemetry

import (
	"strings"
	"testing"

	coltracepb "go.opentelemetry.io/proto/otlp/collector/trace/v1"
	commonpb "go.opentelemetry.io/proto/otlp/common/v1"
	tracepb "go.opentelemetry.io/proto/otlp/trace/v1"
	"google.golang.org/protobuf/proto"
)

// FuzzClean feeds a plugin's bytes: whatever they are, what is left has listed events
// and attributes only, and no text with a space outside a span's name.
func FuzzClean(f *testing.F) {
	span := &tracepb.Span{
		TraceId: make([]byte, 16), SpanId: make([]byte, 8), Name: "ews FindItem",
		Attributes: []*commonpb.KeyValue{{Key: "error.type", Value: &commonpb.AnyValue{
			Value: &commonpb.AnyValue_StringValue{StringValue: "a secret"},
		}}},
		Events: []*tracepb.Span_Event{{Name: "exception"}, {Name: EventRetry}}, Status: &tracepb.Status{Message: "a secret"},
		EndTimeUnixNano: 1 << 63,
	}
	seed, err := proto.Marshal(&coltracepb.ExportTraceServiceRequest{ResourceSpans: []*tracepb.ResourceSpans{
		{ScopeSpans: []*tracepb.ScopeSpans{{Spans: []*tracepb.Span{span, {}}}}},
	}})
	if err != nil {
		f.Fatal(err)
	}
	f.Add(seed)
	f.Add([]byte{})
	f.Fuzz(func(t *testing.T, data []byte) {
		req := &coltracepb.ExportTraceServiceRequest{}
		if proto.Unmarshal(data, req) != nil {
			return
		}
		for _, rs := range clean(req.GetResourceSpans(), fromPlugin) {
			for _, ss := range rs.GetScopeSpans() {
				for _, s := range ss.GetSpans() {
					checkClean(t, s)
				}
			}
		}
		spansOf(clean(req.GetResourceSpans(), fromPlugin))
	})
}

func checkClean(t *testing.T, s *tracepb.Span) {
	t.Helper()
	if len(s.GetEvents()) > maxEvents || s.GetTraceState() != "" {
		t.Error("too many events or trace state passed")
	}
	attributes := s.GetAttributes()
	for _, e := range s.GetEvents() {
		if !pluginEvents[e.GetName()] {
			t.Errorf("event %q passed", e.GetName())
		}
		attributes = append(attributes, e.GetAttributes()...)
	}
	if strings.Count(s.GetName(), " ") > 1 || strings.Contains(s.GetStatus().GetMessage(), " ") {
		t.Errorf("name %q, status %q", s.GetName(), s.GetStatus().GetMessage())
	}
	for _, kv := range attributes {
		if !pluginKeys[kv.GetKey()] {
			t.Errorf("attribute %q passed", kv.GetKey())
		}
		if strings.Contains(kv.GetValue().GetStringValue(), " ") {
			t.Errorf("text %q passed", kv.GetValue().GetStringValue())
		}
	}
}
