package sdktest

import (
	"context"
	"net"
	"testing"
	"time"

	"github.com/hashicorp/go-hclog"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/test/bufconn"

	"github.com/trainercal/trainercal/sdk"
	"github.com/trainercal/trainercal/sdk/internal/rpc"
)

// OverGRPC returns the backend as the gateway sees it: behind the contract's gRPC
// service and the SDK's emit path, over a connection in memory. It ends with the
// test.
func OverGRPC(t testing.TB, backend sdk.Backend) sdk.Backend {
	t.Helper()
	listener := bufconn.Listen(1 << 20)
	server := grpc.NewServer(rpc.ServerOptions(hclog.NewNullLogger())...)
	rpc.NewServer(backend, func(context.Context) error { return nil }).Register(server)
	served := make(chan struct{})
	go func() {
		defer close(served)
		_ = server.Serve(listener) // ends with the listener
	}()
	options := append(rpc.DialOptions(),
		grpc.WithTransportCredentials(insecure.NewCredentials()),
		grpc.WithContextDialer(func(ctx context.Context, _ string) (net.Conn, error) { return listener.DialContext(ctx) }),
	)
	conn, err := grpc.NewClient("passthrough:///plugin", options...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = conn.Close()
		server.Stop()
		<-served
	})
	return &remote{t: t, client: rpc.NewClient(conn, rpc.Timeouts{
		Short: time.Minute, Open: time.Minute, Flush: time.Minute, Call: 5 * time.Minute,
	})}
}

// remote is a backend on the other side of a connection.
type remote struct {
	t      testing.TB
	client *rpc.Client
}

// Describe implements [sdk.Backend].
func (r *remote) Describe() sdk.Description {
	d, err := r.client.Describe(context.Background())
	if err != nil {
		r.t.Errorf("describe over gRPC: %v", err)
	}
	return d
}

// Open implements [sdk.Backend].
func (r *remote) Open(ctx context.Context, req sdk.OpenRequest) (sdk.Account, error) {
	return r.client.Open(ctx, req)
}
