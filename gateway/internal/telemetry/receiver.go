package telemetry

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"time"

	colmetricspb "go.opentelemetry.io/proto/otlp/collector/metrics/v1"
	coltracepb "go.opentelemetry.io/proto/otlp/collector/trace/v1"
	metricspb "go.opentelemetry.io/proto/otlp/metrics/v1"
	tracepb "go.opentelemetry.io/proto/otlp/trace/v1"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
)

// maxRequest bounds one export request of a plugin, in bytes.
const maxRequest = 4 << 20

// receiver takes the plugins' spans and metrics over OTLP/gRPC on a unix socket. It
// answers when they are stored, so that a plugin's flush means what it says.
type receiver struct {
	coltracepb.UnimplementedTraceServiceServer
	server *grpc.Server
	take   func(ctx context.Context, spans []*tracepb.ResourceSpans) error
	done   chan error
}

// listen starts a receiver on a socket that only the gateway's own user can reach.
func listen(socket string, spans func(context.Context, []*tracepb.ResourceSpans) error, metrics func([]*metricspb.ResourceMetrics)) (*receiver, error) {
	listener, err := net.Listen("unix", socket)
	if err != nil {
		return nil, fmt.Errorf("listen for the plugins' traces and metrics: %w", err)
	}
	if err := os.Chmod(socket, 0o600); err != nil {
		return nil, fmt.Errorf("listen for the plugins' traces and metrics: %w", err)
	}
	r := &receiver{server: grpc.NewServer(grpc.MaxRecvMsgSize(maxRequest)), take: spans, done: make(chan error, 1)}
	coltracepb.RegisterTraceServiceServer(r.server, r)
	colmetricspb.RegisterMetricsServiceServer(r.server, measurements{take: metrics})
	go func() { r.done <- r.server.Serve(listener) }()
	return r, nil
}

// Export takes one batch of a plugin's spans.
func (r *receiver) Export(ctx context.Context, req *coltracepb.ExportTraceServiceRequest) (*coltracepb.ExportTraceServiceResponse, error) {
	if err := r.take(ctx, req.GetResourceSpans()); err != nil {
		return nil, status.Error(codes.Internal, "the gateway could not store the spans")
	}
	return &coltracepb.ExportTraceServiceResponse{}, nil
}

// measurements is the receiver's part for metrics.
type measurements struct {
	colmetricspb.UnimplementedMetricsServiceServer
	take func([]*metricspb.ResourceMetrics)
}

// Export takes one batch of a plugin's metrics.
func (m measurements) Export(_ context.Context, req *colmetricspb.ExportMetricsServiceRequest) (*colmetricspb.ExportMetricsServiceResponse, error) {
	m.take(req.GetResourceMetrics())
	return &colmetricspb.ExportMetricsServiceResponse{}, nil
}

// closePatience is how long closing waits for an export that has begun.
const closePatience = 2 * time.Second

// close stops the receiver; what is being exported is taken in first.
func (r *receiver) close() error {
	hard := time.AfterFunc(closePatience, r.server.Stop)
	defer hard.Stop()
	r.server.GracefulStop()
	if err := <-r.done; !errors.Is(err, grpc.ErrServerStopped) { // it may not have begun to serve
		return err
	}
	return nil
}
