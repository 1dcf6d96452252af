package rpc

import (
	"context"
	"errors"
	"fmt"
	"net"
	"sync/atomic"
	"testing"
	"time"

	"github.com/hashicorp/go-hclog"
	"go.uber.org/goleak"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/stats"
	"google.golang.org/grpc/test/bufconn"

	"github.com/trainercal/trainercal/sdk"
	"github.com/trainercal/trainercal/sdk/calendar"
	pb "github.com/trainercal/trainercal/sdk/proto/calendar/v1"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// backend opens an account whose calls are functions.
type backend struct {
	sdk.Account
	read   func(context.Context, []sdk.ReadRequest, func(sdk.ReadPage) error) error
	get    func(context.Context, []sdk.GetRequest, func(sdk.GetPage) error) error
	write  func(context.Context, []sdk.WriteRequest, func(sdk.WriteResult) error) error
	closed atomic.Int32

	watch   func(context.Context, sdk.WatchRequest, func(sdk.WatchEvent) error) error
	deliver func(sdk.DeliverRequest) (sdk.DeliverResponse, error)
}

func (b *backend) Describe() sdk.Description {
	return sdk.Description{Service: "fake", Version: "1.0.0", Summary: "A fake."}
}
func (b *backend) Open(context.Context, sdk.OpenRequest) (sdk.Account, error) { return b, nil }
func (b *backend) Close() error                                               { b.closed.Add(1); return nil }

func (b *backend) Read(ctx context.Context, reqs []sdk.ReadRequest, emit func(sdk.ReadPage) error) error {
	return b.read(ctx, reqs, emit)
}

func (b *backend) Get(ctx context.Context, reqs []sdk.GetRequest, emit func(sdk.GetPage) error) error {
	return b.get(ctx, reqs, emit)
}

func (b *backend) Write(ctx context.Context, reqs []sdk.WriteRequest, emit func(sdk.WriteResult) error) error {
	return b.write(ctx, reqs, emit)
}

func (b *backend) Verify(_ context.Context, _ []sdk.Mailbox, emit func(sdk.Check) error) error {
	return emit(sdk.Check{Step: "tls", Outcome: sdk.Passed, Observed: "TLS 1.3"})
}

// largest notes the largest message that is received.
type largest struct{ bytes, messages atomic.Int64 }

func (l *largest) TagRPC(ctx context.Context, _ *stats.RPCTagInfo) context.Context { return ctx }
func (l *largest) TagConn(ctx context.Context, _ *stats.ConnTagInfo) context.Context {
	return ctx
}
func (l *largest) HandleConn(context.Context, stats.ConnStats) {}
func (l *largest) HandleRPC(_ context.Context, s stats.RPCStats) {
	if in, ok := s.(*stats.InPayload); ok {
		l.messages.Add(1)
		for {
			known := l.bytes.Load()
			if int64(in.Length) <= known || l.bytes.CompareAndSwap(known, int64(in.Length)) {
				return
			}
		}
	}
}

var patient = Timeouts{Short: time.Minute, Open: time.Minute, Flush: time.Minute, Call: 5 * time.Minute}

// dial serves the service in memory and connects to it. Both sides' largest
// messages are noted.
func dial(t *testing.T, s pb.CalendarServiceServer, timeouts Timeouts) (*Client, *largest) {
	t.Helper()
	seen := &largest{}
	listener := bufconn.Listen(1 << 20)
	server := grpc.NewServer(append(ServerOptions(hclog.NewNullLogger()), grpc.StatsHandler(seen))...)
	pb.RegisterCalendarServiceServer(server, s)
	served := make(chan struct{})
	go func() { defer close(served); _ = server.Serve(listener) }()
	conn, err := grpc.NewClient("passthrough:///plugin", append(DialOptions(), grpc.WithStatsHandler(seen),
		grpc.WithTransportCredentials(insecure.NewCredentials()),
		grpc.WithContextDialer(func(ctx context.Context, _ string) (net.Conn, error) { return listener.DialContext(ctx) }))...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close(); server.Stop(); <-served })
	return NewClient(conn, timeouts), seen
}

func open(t *testing.T, c *Client) sdk.Account {
	t.Helper()
	a, err := c.Open(t.Context(), sdk.OpenRequest{Name: "p/fake"})
	if err != nil {
		t.Fatal(err)
	}
	return a
}

func account(t *testing.T, b *backend) (sdk.Account, *largest) {
	t.Helper()
	c, seen := dial(t, NewServer(b, nil), patient)
	return open(t, c), seen
}

var (
	start  = time.Date(2027, 3, 15, 9, 0, 0, 0, time.UTC)
	window = calendar.Window{Start: start, End: start.AddDate(1, 0, 0)}
)

func requests(n int) []sdk.ReadRequest {
	reqs := make([]sdk.ReadRequest, n)
	for i := range reqs {
		reqs[i] = sdk.ReadRequest{
			Mailbox: sdk.Mailbox{Address: fmt.Sprintf("trainer%d@northwind.example", i), TimeZone: "Europe/London"},
			Window:  window, Detail: sdk.DetailFull, Scope: sdk.ScopeAll,
		}
	}
	return reqs
}

func item(n int, body string) calendar.Item {
	at := start.Add(time.Duration(n) * time.Minute)
	return calendar.Item{ID: calendar.ItemID(fmt.Sprintf("AAMkAGI2%040d", n)), Version: "v", Appointment: calendar.Appointment{
		Subject: "Lunch", Body: body, When: calendar.When{Start: at, End: at.Add(time.Hour), TimeZone: "Europe/London"},
		ShowAs: calendar.ShowAsBusy, Sensitivity: calendar.SensitivityNormal,
	}}
}

func complete() *sdk.Complete {
	return &sdk.Complete{Cursor: make([]byte, sdk.MaxCursorBytes), Full: true, Covered: window}
}

func TestHandles(t *testing.T) {
	b := &backend{}
	c, _ := dial(t, NewServer(b, nil), patient)
	first, second := open(t, c), open(t, c)
	if err := first.Close(); err != nil || b.closed.Load() != 1 {
		t.Fatalf("Close: %v, closed %d times", err, b.closed.Load())
	}
	nobody := func(sdk.Check) error { return nil }
	if err := first.Verify(t.Context(), nil, nobody); !errors.Is(err, sdk.ErrUnknownAccount) {
		t.Errorf("a call on a closed account: %v, want ErrUnknownAccount", err)
	}
	if err := first.Close(); !errors.Is(err, sdk.ErrUnknownAccount) {
		t.Errorf("a second Close: %v, want ErrUnknownAccount", err)
	}
	checks := 0
	if err := second.Verify(t.Context(), nil, func(sdk.Check) error { checks++; return nil }); err != nil || checks != 1 {
		t.Errorf("the other account: %v, %d checks of the account alone", err, checks)
	}
	other := &Client{calendar: c.calendar, timeouts: patient}
	lost := &remoteAccount{client: other, id: "handle of an earlier process"}
	if err := lost.Verify(t.Context(), nil, nobody); !errors.Is(err, sdk.ErrUnknownAccount) {
		t.Errorf("a handle of another process: %v, want ErrUnknownAccount", err)
	}
}

// A panic in a call fails that call, and the next one works.
func TestPanicFailsOneCall(t *testing.T) {
	calls := 0
	a, _ := account(t, &backend{read: func(_ context.Context, reqs []sdk.ReadRequest, emit func(sdk.ReadPage) error) error {
		if calls++; calls == 1 {
			panic("subject: Biopsy results")
		}
		return emit(sdk.ReadPage{Mailbox: reqs[0].Mailbox.Address, Complete: complete()})
	}})
	take := func(sdk.ReadPage) error { return nil }
	err := a.Read(t.Context(), requests(1), take)
	var known *sdk.Error
	if !errors.Is(err, sdk.ErrInternal) || !errors.As(err, &known) || known.Message != "the plugin panicked" {
		t.Errorf("the call that panicked: %v, want ErrInternal without the value", err)
	}
	if err := a.Read(t.Context(), requests(1), take); err != nil {
		t.Errorf("the next call: %v", err)
	}
}

// A call that never ends is ended, and so is one that the caller gives up.
func TestCallsEnd(t *testing.T) {
	hang := func(ctx context.Context, _ []sdk.ReadRequest, _ func(sdk.ReadPage) error) error {
		<-ctx.Done()
		return ctx.Err()
	}
	c, _ := dial(t, NewServer(&backend{read: hang}, nil), Timeouts{Short: time.Minute, Open: time.Minute, Call: 50 * time.Millisecond})
	take := func(sdk.ReadPage) error { return nil }
	if err := open(t, c).Read(t.Context(), requests(1), take); !errors.Is(err, sdk.ErrPluginDied) {
		t.Errorf("a call beyond its deadline: %v, want ErrPluginDied", err)
	}
	a, _ := account(t, &backend{read: hang})
	ctx, cancel := context.WithCancel(t.Context())
	go cancel()
	if err := a.Read(ctx, requests(1), take); !errors.Is(err, context.Canceled) {
		t.Errorf("a call that the caller gave up: %v, want context.Canceled", err)
	}
}
