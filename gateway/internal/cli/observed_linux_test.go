package cli

import (
	"encoding/hex"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	commonpb "go.opentelemetry.io/proto/otlp/common/v1"
	metricspb "go.opentelemetry.io/proto/otlp/metrics/v1"
	tracepb "go.opentelemetry.io/proto/otlp/trace/v1"

	"github.com/trainercal/trainercal/gateway/internal/telemetry"
)

// observed is what a collector received of a story.
type observed struct {
	spans []observedSpan
	// metrics are the attribute keys by the metric's name.
	metrics map[string]map[string]bool
}

type observedSpan struct {
	*tracepb.Span
	service string
}

// whatIsObserved reads a collector's receipts.
func whatIsObserved(spans []*tracepb.ResourceSpans, metrics []*metricspb.ResourceMetrics) observed {
	o := observed{metrics: map[string]map[string]bool{}}
	for _, rs := range spans {
		for _, ss := range rs.GetScopeSpans() {
			for _, s := range ss.GetSpans() {
				o.spans = append(o.spans, observedSpan{s, text(rs.GetResource().GetAttributes(), "service.name")})
			}
		}
	}
	for _, rm := range metrics {
		for _, sm := range rm.GetScopeMetrics() {
			for _, m := range sm.GetMetrics() {
				o.metric(m)
			}
		}
	}
	return o
}

func text(attributes []*commonpb.KeyValue, key string) string {
	for _, kv := range attributes {
		if kv.GetKey() == key {
			return kv.GetValue().GetStringValue()
		}
	}
	return ""
}

func (o observed) metric(m *metricspb.Metric) {
	keys := o.metrics[m.GetName()]
	if keys == nil {
		keys = map[string]bool{}
		o.metrics[m.GetName()] = keys
	}
	note := func(attributes []*commonpb.KeyValue) {
		for _, kv := range attributes {
			keys[kv.GetKey()] = true
		}
	}
	for _, p := range m.GetSum().GetDataPoints() {
		note(p.GetAttributes())
	}
	for _, p := range m.GetGauge().GetDataPoints() {
		note(p.GetAttributes())
	}
	for _, p := range m.GetHistogram().GetDataPoints() {
		note(p.GetAttributes())
	}
}

// wholeStory plays the story for a collector in this process.
func wholeStory(t *testing.T) observed {
	t.Helper()
	upstream := &collector{}
	server := httptest.NewServer(upstream)
	defer server.Close()
	play(t, server.URL)
	upstream.mu.Lock()
	defer upstream.mu.Unlock()
	return whatIsObserved(upstream.received.GetResourceSpans(), upstream.measured.GetResourceMetrics())
}

// play plays the whole story for a collector at an address.
func play(t *testing.T, collector string) {
	t.Helper()
	r, prometheus := newStory(t, collector)
	r.tell()
	pid, stop := r.serve()
	r.asked()
	page(t, "http://"+prometheus+"/metrics")
	r.killPlugins(pid)
	r.attempt("sync") // handed to the serve, which starts the plugins again
	stop()
}

// run-3: what a collector gets is what the guide's tables say, no more and no less, in
// the types they say, by the semantic conventions for HTTP and RPC; and every trace is
// one tree, unless it says that spans were lost.
func TestTelemetryIsAsDocumented(t *testing.T) {
	wholeStory(t).check(t)
}

func (o observed) check(t *testing.T) {
	t.Helper()
	o.checkAttributes(t)
	o.checkEvents(t)
	o.checkMetrics(t)
	o.checkConventions(t)
	o.checkTrees(t)
	services := map[string]bool{}
	for _, s := range o.spans {
		services[s.service] = true
	}
	want := map[string]bool{telemetry.ServiceName: true, "gateway-plugin-exchange-online": true, "gateway-plugin-exchange-onprem": true}
	if diff := cmp.Diff(want, services); diff != "" {
		t.Errorf("services (-want +got):\n%s", diff)
	}
}

// typeOf is a value's type in the words of the table.
func typeOf(v *commonpb.AnyValue) string {
	switch v.GetValue().(type) {
	case *commonpb.AnyValue_StringValue:
		return "string"
	case *commonpb.AnyValue_IntValue:
		return "int"
	case *commonpb.AnyValue_DoubleValue:
		return "double"
	case *commonpb.AnyValue_BoolValue:
		return "bool"
	}
	return "another"
}

func (o observed) checkAttributes(t *testing.T) {
	t.Helper()
	emitted, documented := map[string]string{}, map[string]string{}
	note := func(attributes []*commonpb.KeyValue) {
		for _, kv := range attributes {
			key := kv.GetKey()
			if strings.HasPrefix(key, telemetry.SkippedPrefix) {
				key = telemetry.SkippedPrefix
			}
			emitted[key] = typeOf(kv.GetValue())
		}
	}
	for _, s := range o.spans {
		note(s.GetAttributes())
		for _, e := range s.GetEvents() {
			note(e.GetAttributes())
		}
	}
	for _, a := range telemetry.AttributeTable {
		documented[string(a.Name)] = a.Type
	}
	if diff := cmp.Diff(documented, emitted); diff != "" {
		t.Errorf("attributes (-documented +emitted):\n%s", diff)
	}
}

func (o observed) checkEvents(t *testing.T) {
	t.Helper()
	emitted, documented := map[string]bool{}, map[string]bool{}
	for _, s := range o.spans {
		for _, e := range s.GetEvents() {
			emitted[e.GetName()] = true
			if text(e.GetAttributes(), string(telemetry.Reason)) == "" {
				t.Errorf("event %s on %s has no reason", e.GetName(), s.GetName())
			}
		}
	}
	for _, e := range telemetry.EventTable {
		documented[e.Name] = true
	}
	if diff := cmp.Diff(documented, emitted); diff != "" {
		t.Errorf("events (-documented +emitted):\n%s", diff)
	}
}

func (o observed) checkMetrics(t *testing.T) {
	t.Helper()
	documented := map[string]map[string]bool{}
	for _, m := range telemetry.MetricTable {
		documented[m.Name] = map[string]bool{}
		for _, a := range m.Attributes {
			documented[m.Name][string(a)] = true
		}
	}
	// Calls to a plugin fail only where a kill hits one that is under way, and requests
	// where a connection breaks.
	for name, keys := range o.metrics {
		if documented[name]["error.type"] {
			keys["error.type"] = true
		}
	}
	if diff := cmp.Diff(documented, o.metrics); diff != "" {
		t.Errorf("metrics and their attributes (-documented +emitted):\n%s", diff)
	}
}

// conventions are the attributes that OpenTelemetry's semantic conventions require of
// spans of HTTP clients and of gRPC; url.full is left out on purpose: it names mailboxes.
var conventions = map[string][]string{
	"http.request.method": {"server.address"},
	"rpc.system.name":     {"rpc.method", "rpc.response.status_code"},
}

func (o observed) checkConventions(t *testing.T) {
	t.Helper()
	seen := map[string]int{}
	for _, s := range o.spans {
		attributes := map[string]*commonpb.AnyValue{}
		for _, kv := range s.GetAttributes() {
			attributes[kv.GetKey()] = kv.GetValue()
		}
		for mark, required := range conventions {
			if attributes[mark] == nil {
				continue
			}
			seen[mark]++
			for _, key := range required {
				if attributes[key] == nil {
					t.Errorf("span %s of %s has %s and lacks %s", s.GetName(), s.service, mark, key)
				}
			}
		}
		http, status := attributes["http.request.method"] != nil, attributes["http.response.status_code"].GetIntValue()
		// Only what is asked of the gateway has a route.
		asked := attributes["http.route"] != nil
		if http && asked != (s.GetKind() == tracepb.Span_SPAN_KIND_SERVER) || http && !asked && s.GetKind() != tracepb.Span_SPAN_KIND_CLIENT {
			t.Errorf("HTTP span %s has kind %s", s.GetName(), s.GetKind())
		}
		if http && (status == 0 || status >= 400) != (attributes["error.type"] != nil) {
			t.Errorf("HTTP span %s with status %d and error.type %q", s.GetName(), status, attributes["error.type"].GetStringValue())
		}
		side := map[bool]tracepb.Span_SpanKind{true: tracepb.Span_SPAN_KIND_CLIENT, false: tracepb.Span_SPAN_KIND_SERVER}
		if attributes["rpc.system.name"] != nil && s.GetKind() != side[s.service == telemetry.ServiceName] {
			t.Errorf("RPC span %s of %s has kind %s", s.GetName(), s.service, s.GetKind())
		}
	}
	for mark := range conventions {
		if seen[mark] == 0 {
			t.Errorf("no span has %s: this test looks in the wrong place", mark)
		}
	}
}

// checkTrees checks that each run's trace has one root and no orphans, but for those that
// say so.
func (o observed) checkTrees(t *testing.T) {
	t.Helper()
	traces := map[string]map[string]observedSpan{}
	for _, s := range o.spans {
		id := hex.EncodeToString(s.GetTraceId())
		if traces[id] == nil {
			traces[id] = map[string]observedSpan{}
		}
		traces[id][string(s.GetSpanId())] = s
	}
	whole := 0
	for id, spans := range traces {
		roots, orphans, lost, run := 0, 0, false, false
		for _, s := range spans {
			_, hasParent := spans[string(s.GetParentSpanId())]
			switch {
			case len(s.GetParentSpanId()) == 0:
				roots++
			case !hasParent:
				orphans++
			}
			run = run || s.GetName() == telemetry.SpanRun
			lost = lost || slices.ContainsFunc(s.GetEvents(), func(e *tracepb.Span_Event) bool { return e.GetName() == telemetry.EventSpansLost })
		}
		if !run {
			continue // a verify, whose plugins the story kills; it has no record to say so
		}
		if roots != 1 || orphans > 0 && !lost {
			t.Errorf("trace %s has %d roots and %d orphans among %d spans, and says of lost spans: %v", id, roots, orphans, len(spans), lost)
		}
		if !lost {
			whole++
		}
	}
	if whole < 5 {
		t.Errorf("%d of %d traces are whole: too few to judge by", whole, len(traces))
	}
}
