package httpapi

import (
	"context"

	"go.opentelemetry.io/otel/propagation"
)

// traceparent is the trace context of a request, for the run that it causes; empty when
// it is not traced.
func traceparent(ctx context.Context) string {
	carrier := propagation.MapCarrier{}
	propagation.TraceContext{}.Inject(ctx, carrier)
	return carrier["traceparent"]
}
