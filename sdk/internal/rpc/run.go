package rpc

import (
	"context"

	"github.com/hashicorp/go-hclog"
	"go.opentelemetry.io/otel/trace"
	"google.golang.org/grpc"
	"google.golang.org/grpc/metadata"

	"github.com/trainercal/trainercal/sdk"
)

// runHeader carries the id of the sync run that a call is part of. It is not put into
// W3C baggage, which a plugin's HTTP client would pass on to the calendar's server.
const runHeader = "trainercal-run"

// maxRunBytes is the longest id that is taken from a call.
const maxRunBytes = 64

// sendRun are dial options that send the run's id with every call.
func sendRun() []grpc.DialOption {
	return []grpc.DialOption{
		grpc.WithChainUnaryInterceptor(func(ctx context.Context, method string, req, reply any, conn *grpc.ClientConn, next grpc.UnaryInvoker, opts ...grpc.CallOption) error {
			return next(outgoing(ctx), method, req, reply, conn, opts...)
		}),
		grpc.WithChainStreamInterceptor(func(ctx context.Context, desc *grpc.StreamDesc, conn *grpc.ClientConn, method string, next grpc.Streamer, opts ...grpc.CallOption) (grpc.ClientStream, error) {
			return next(outgoing(ctx), desc, conn, method, opts...)
		}),
	}
}

func outgoing(ctx context.Context) context.Context {
	if run := sdk.Run(ctx); run != "" {
		return metadata.AppendToOutgoingContext(ctx, runHeader, run)
	}
	return ctx
}

// incoming gives a call's context the run's id, and a logger that puts the ids of run
// and trace into every line.
func incoming(ctx context.Context, log hclog.Logger) context.Context {
	var fields []any
	if span := trace.SpanContextFromContext(ctx); span.IsValid() {
		fields = append(fields, "trace_id", span.TraceID().String(), "span_id", span.SpanID().String())
	}
	if ids := metadata.ValueFromIncomingContext(ctx, runHeader); len(ids) == 1 && len(ids[0]) <= maxRunBytes {
		ctx = sdk.WithRun(ctx, ids[0])
		fields = append(fields, "run", ids[0])
	}
	return hclog.WithContext(ctx, log, fields...)
}

// inContext is a stream whose handler sees another context.
type inContext struct {
	grpc.ServerStream
	ctx context.Context
}

// Context implements [grpc.ServerStream].
func (s inContext) Context() context.Context { return s.ctx }
