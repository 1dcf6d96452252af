package telemetry

import (
	"context"

	"github.com/hashicorp/go-hclog"
	"go.opentelemetry.io/otel/trace"

	"github.com/trainercal/trainercal/sdk"
)

// Logger is log with the ids of the context's run and trace in every line (run-3).
// The fields have the names that plugins give them.
func Logger(ctx context.Context, log hclog.Logger) hclog.Logger {
	if log == nil {
		return hclog.NewNullLogger()
	}
	var fields []any
	if run := sdk.Run(ctx); run != "" {
		fields = append(fields, "run", run)
	}
	if span := trace.SpanContextFromContext(ctx); span.IsValid() {
		fields = append(fields, "trace_id", span.TraceID().String())
	}
	return log.With(fields...)
}
