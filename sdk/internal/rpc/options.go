package rpc

import (
	"context"
	"fmt"
	"runtime/debug"
	"time"

	"github.com/hashicorp/go-hclog"
	"go.opentelemetry.io/contrib/instrumentation/google.golang.org/grpc/otelgrpc"
	"go.opentelemetry.io/contrib/instrumentation/google.golang.org/grpc/otelgrpc/filters"
	"google.golang.org/grpc"
	"google.golang.org/grpc/keepalive"

	"github.com/trainercal/trainercal/sdk"
	"github.com/trainercal/trainercal/sdk/internal/wire"
	pb "github.com/trainercal/trainercal/sdk/proto/calendar/v1"
)

// maxReceiveBytes is the largest message either side takes. What we send is far
// smaller; the rest is room for plugins in other languages.
const maxReceiveBytes = 16 << 20

// How much of a call, and of all calls on a connection, may be on its way to a host
// that is slow to take it. Fixed, because gRPC would let it grow to 16 MiB a call.
const (
	callWindowBytes       = 1 << 20
	connectionWindowBytes = 8 << 20
)

// A connection whose other end is silent is given up after keepaliveTime plus
// keepaliveTimeout. The server must allow pings that often.
const (
	keepaliveTime    = 10 * time.Second
	keepaliveTimeout = 5 * time.Second
	keepaliveMinTime = 5 * time.Second
)

// traced leaves the library's own services, the flush of traces, and watches, whose
// spans would last for days, out of traces.
var traced = filters.All(
	filters.ServiceName(pb.CalendarService_ServiceDesc.ServiceName),
	filters.Not(filters.MethodName("Flush")),
	filters.Not(filters.MethodName("Watch")),
)

// DialOptions are what the host's connection to a plugin needs.
func DialOptions() []grpc.DialOption {
	return append(sendRun(),
		grpc.WithDefaultCallOptions(grpc.MaxCallRecvMsgSize(maxReceiveBytes)),
		grpc.WithInitialWindowSize(callWindowBytes),
		grpc.WithInitialConnWindowSize(connectionWindowBytes),
		grpc.WithKeepaliveParams(keepalive.ClientParameters{
			Time: keepaliveTime, Timeout: keepaliveTimeout, PermitWithoutStream: true,
		}),
		grpc.WithStatsHandler(otelgrpc.NewClientHandler(otelgrpc.WithFilter(traced))),
	)
}

// ServerOptions are what a plugin's server needs. A panic in a call is logged
// without its value, which may hold anything, and fails that call only. A call's
// context has a logger, [hclog.FromContext], that writes the ids of run and trace.
func ServerOptions(log hclog.Logger) []grpc.ServerOption {
	return []grpc.ServerOption{
		grpc.MaxRecvMsgSize(maxReceiveBytes),
		grpc.KeepaliveEnforcementPolicy(keepalive.EnforcementPolicy{MinTime: keepaliveMinTime, PermitWithoutStream: true}),
		grpc.StatsHandler(otelgrpc.NewServerHandler(otelgrpc.WithFilter(traced))),
		grpc.ChainUnaryInterceptor(func(ctx context.Context, req any, info *grpc.UnaryServerInfo, next grpc.UnaryHandler) (_ any, err error) {
			ctx = incoming(ctx, log)
			defer recovered(hclog.FromContext(ctx), info.FullMethod, &err)
			return next(ctx, req)
		}),
		grpc.ChainStreamInterceptor(func(srv any, stream grpc.ServerStream, info *grpc.StreamServerInfo, next grpc.StreamHandler) (err error) {
			ctx := incoming(stream.Context(), log)
			defer recovered(hclog.FromContext(ctx), info.FullMethod, &err)
			return next(srv, inContext{stream, ctx})
		}),
	}
}

func recovered(log hclog.Logger, method string, err *error) {
	value := recover()
	if value == nil {
		return
	}
	log.Error(fmt.Sprintf("panic (%T) in %s\n%s", value, method, debug.Stack()))
	*err = wire.StatusFromError(sdk.CodeInternal.New("the plugin panicked").
		WithAdvice("the stack is in the plugin's log; report it to the plugin's author"))
}
