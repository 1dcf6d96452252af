package runner

import (
	"context"
	"slices"
	"strings"

	"go.opentelemetry.io/otel/propagation"
	"go.opentelemetry.io/otel/trace"
)

// maxLinks bounds how many causes a run's span links to.
const maxLinks = 64

// linksTo are links to the spans of trace contexts; what is none is left out.
func linksTo(traceparents []string) []trace.Link {
	var links []trace.Link
	for _, parent := range traceparents {
		carrier := propagation.MapCarrier{"traceparent": parent}
		cause := trace.SpanContextFromContext(propagation.TraceContext{}.Extract(context.Background(), carrier))
		known := slices.ContainsFunc(links, func(l trace.Link) bool { return l.SpanContext.Equal(cause) })
		if cause.IsValid() && !known && len(links) < maxLinks {
			links = append(links, trace.Link{SpanContext: cause})
		}
	}
	return links
}

// traceIDs are the traces that links lead to, each once.
func traceIDs(links []trace.Link) string {
	var ids []string
	for _, l := range links {
		if id := l.SpanContext.TraceID().String(); !slices.Contains(ids, id) {
			ids = append(ids, id)
		}
	}
	return strings.Join(ids, " ")
}
