package telemetry

import (
	"math"
	"regexp"
	"strings"

	commonpb "go.opentelemetry.io/proto/otlp/common/v1"
	resourcepb "go.opentelemetry.io/proto/otlp/resource/v1"
	tracepb "go.opentelemetry.io/proto/otlp/trace/v1"
)

// pluginKeys are the attributes that a plugin may set, hostKeys those of semantic
// conventions that the gateway sets, besides all of its own. None of them can hold a
// path, a query, a mailbox or text of an appointment.
var pluginKeys, hostKeys = func() (plugin, host map[string]bool) {
	plugin, host = map[string]bool{}, map[string]bool{}
	for _, a := range AttributeTable {
		plugin[string(a.Name)] = a.Plugin
		host[string(a.Name)] = true
	}
	return plugin, host
}()

// pluginEvents are the events that a plugin may add.
var pluginEvents = func() map[string]bool {
	set := map[string]bool{}
	for _, e := range EventTable {
		set[e.Name] = e.Plugin
	}
	return set
}()

// resourceKeys are the attributes of a plugin's resource that pass, besides its name.
var resourceKeys = map[string]bool{"service.version": true, "service.instance.id": true}

var (
	// safeValue is what a plugin's text may look like: a code, a host, a method or a
	// name, and no words of a sentence.
	safeValue = regexp.MustCompile(`^[A-Za-z0-9*][A-Za-z0-9._:/@*\[\]-]{0,127}$`)
	// safeName is what a plugin may call a span: one word or two, such as
	// "ews FindItem" or "calendar.v1.Calendar/Read".
	safeName = regexp.MustCompile(`^[A-Za-z$][A-Za-z0-9._/$-]{0,79}( [A-Za-z$][A-Za-z0-9._/$-]{0,39})?$`)
	// safeStatus is the form of the codes that spans end with.
	safeStatus = regexp.MustCompile(`^[A-Za-z0-9_.-]{1,64}$`)
)

// otherName is the name of a plugin's span whose own name is not one.
const otherName = "plugin span"

// maxLinks and maxEvents bound the links and the events of a span.
const (
	maxLinks  = 512
	maxEvents = 64
)

// origin says whose spans are cleaned.
type origin int

const (
	fromHost origin = iota
	fromPlugin
)

// clean returns copies of the spans that hold nothing but what may be kept and sent.
// Spans without a usable identity are dropped.
func clean(in []*tracepb.ResourceSpans, from origin) []*tracepb.ResourceSpans {
	var out []*tracepb.ResourceSpans
	for _, rs := range in {
		kept := &tracepb.ResourceSpans{Resource: from.resource(rs.GetResource()), SchemaUrl: from.text(rs.GetSchemaUrl())}
		for _, ss := range rs.GetScopeSpans() {
			scope := &tracepb.ScopeSpans{Scope: &commonpb.InstrumentationScope{
				Name: from.text(ss.GetScope().GetName()), Version: from.text(ss.GetScope().GetVersion()),
			}}
			for _, s := range ss.GetSpans() {
				if len(s.GetTraceId()) == 16 && len(s.GetSpanId()) == 8 {
					scope.Spans = append(scope.Spans, from.span(s))
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

// span keeps a span's place, times, status code, listed attributes and listed events.
// Others go: exceptions carry messages.
func (o origin) span(s *tracepb.Span) *tracepb.Span {
	kept := &tracepb.Span{
		TraceId: s.GetTraceId(), SpanId: s.GetSpanId(), ParentSpanId: s.GetParentSpanId(), Flags: s.GetFlags(),
		Name: o.name(s.GetName()), Kind: s.GetKind(),
		StartTimeUnixNano: s.GetStartTimeUnixNano(), EndTimeUnixNano: s.GetEndTimeUnixNano(),
		Attributes: o.attributes(s.GetAttributes()),
	}
	if st := s.GetStatus(); st != nil {
		kept.Status = &tracepb.Status{Code: st.GetCode()}
		if safeStatus.MatchString(st.GetMessage()) {
			kept.Status.Message = st.GetMessage()
		}
	}
	for _, l := range s.GetLinks()[:min(len(s.GetLinks()), maxLinks)] {
		kept.Links = append(kept.Links, &tracepb.Span_Link{TraceId: l.GetTraceId(), SpanId: l.GetSpanId(), Flags: l.GetFlags()})
	}
	for _, e := range s.GetEvents() {
		if o.event(e.GetName()) && len(kept.Events) < maxEvents {
			kept.Events = append(kept.Events, &tracepb.Span_Event{
				TimeUnixNano: e.GetTimeUnixNano(), Name: e.GetName(), Attributes: o.attributes(e.GetAttributes()),
			})
		}
	}
	return kept
}

// event reports whether an event passes, by its name.
func (o origin) event(name string) bool {
	if o == fromHost {
		return strings.HasPrefix(name, ownPrefix)
	}
	return pluginEvents[name]
}

func (o origin) attributes(in []*commonpb.KeyValue) []*commonpb.KeyValue {
	var out []*commonpb.KeyValue
	for _, kv := range in {
		if o.allowed(kv.GetKey()) && o.plain(kv.GetValue()) {
			out = append(out, kv)
		}
	}
	return out
}

func (o origin) allowed(key string) bool {
	if o == fromHost {
		return hostKeys[key] || strings.HasPrefix(key, ownPrefix)
	}
	return pluginKeys[key]
}

// plain reports whether a value is a number, a truth value or acceptable text.
func (o origin) plain(v *commonpb.AnyValue) bool {
	switch v := v.GetValue().(type) {
	case *commonpb.AnyValue_StringValue:
		return o == fromHost || safeValue.MatchString(v.StringValue)
	case *commonpb.AnyValue_DoubleValue:
		// JSON, the history's form, knows no other numbers.
		return !math.IsNaN(v.DoubleValue) && !math.IsInf(v.DoubleValue, 0)
	case *commonpb.AnyValue_IntValue, *commonpb.AnyValue_BoolValue:
		return true
	}
	return false
}

func (o origin) name(name string) string {
	if o == fromHost || safeName.MatchString(name) {
		return name
	}
	return otherName
}

func (o origin) text(s string) string {
	if o == fromHost || safeValue.MatchString(s) {
		return s
	}
	return ""
}

// resource keeps which plugin a plugin says it is; it cannot say that it is the gateway. The gateway's own resource is the
// operator's word (OTEL_RESOURCE_ATTRIBUTES) and passes whole.
func (o origin) resource(r *resourcepb.Resource) *resourcepb.Resource {
	if o == fromHost {
		return r
	}
	service, _ := identity(r)
	kept := &resourcepb.Resource{Attributes: []*commonpb.KeyValue{{
		Key: "service.name", Value: &commonpb.AnyValue{Value: &commonpb.AnyValue_StringValue{StringValue: pluginPrefix + service}},
	}}}
	for _, kv := range r.GetAttributes() {
		if resourceKeys[kv.GetKey()] && o.plain(kv.GetValue()) {
			kept.Attributes = append(kept.Attributes, kv)
		}
	}
	return kept
}
