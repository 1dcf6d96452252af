package rpc

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"google.golang.org/grpc"

	"github.com/trainercal/trainercal/sdk"
	"github.com/trainercal/trainercal/sdk/internal/guard"
	"github.com/trainercal/trainercal/sdk/internal/wire"
	pb "github.com/trainercal/trainercal/sdk/proto/calendar/v1"
	"github.com/trainercal/trainercal/sdk/schema"
)

// Timeouts bound the client's calls. A call that takes longer fails with
// [sdk.ErrPluginDied]: the plugin hangs.
type Timeouts struct {
	// Short bounds Describe, Close and Deliver.
	Short time.Duration
	// Open bounds Open, Flush a flush.
	Open, Flush time.Duration
	// Call bounds the calls on mailboxes but for Watch, which lasts.
	Call time.Duration
	// Silence bounds the time between two events of Watch; zero is 90 seconds.
	Silence time.Duration
}

// Client speaks to a plugin.
type Client struct {
	calendar pb.CalendarServiceClient
	timeouts Timeouts
}

// NewClient makes a client on a connection that was dialled with [DialOptions].
func NewClient(conn grpc.ClientConnInterface, t Timeouts) *Client {
	return &Client{calendar: pb.NewCalendarServiceClient(conn), timeouts: t}
}

// Describe asks what the plugin is.
func (c *Client) Describe(ctx context.Context) (sdk.Description, error) {
	call, cancel := context.WithTimeout(ctx, c.timeouts.Short)
	defer cancel()
	m, err := c.calendar.Describe(call, &pb.DescribeRequest{})
	if err != nil {
		return sdk.Description{}, failure(ctx, err)
	}
	d, err := wire.DescriptionFromProto(m)
	if err != nil {
		return sdk.Description{}, sdk.CodeInternal.Wrap(err, "the plugin describes impossible settings: %v", err)
	}
	return d, nil
}

// Open opens an account. Refused settings are a *[sdk.SettingsError].
func (c *Client) Open(ctx context.Context, req sdk.OpenRequest) (sdk.Account, error) {
	call, cancel := context.WithTimeout(ctx, c.timeouts.Open)
	defer cancel()
	m, err := c.calendar.Open(call, &pb.OpenRequest{
		Name: req.Name, MasterAccount: req.MasterAccount, SettingsJson: req.Settings,
	})
	if err != nil {
		return nil, failure(ctx, err)
	}
	switch result := m.GetResult().(type) {
	case *pb.OpenResponse_AccountId:
		return guard.Wrap(&remoteAccount{client: c, id: result.AccountId, warnings: warnings(m)}), nil
	case *pb.OpenResponse_Refusal:
		return nil, wire.RefusalFromProto(result.Refusal)
	}
	return nil, sdk.CodeInternal.New("the plugin neither opened the account nor said why not")
}

// warnings are those of an opened account: nothing in them stops it.
func warnings(m *pb.OpenResponse) []schema.Diagnostic {
	said := wire.DiagnosticsFromProto(m.GetWarnings())
	for i := range said {
		said[i].Severity = schema.Warning
	}
	return said
}

// Flush has the plugin send what it buffers of its traces.
func (c *Client) Flush(ctx context.Context) error {
	call, cancel := context.WithTimeout(ctx, c.timeouts.Flush)
	defer cancel()
	_, err := c.calendar.Flush(call, &pb.FlushRequest{})
	return failure(ctx, err)
}

// failure is how a call of the caller's ctx failed: by the caller's own end, or by
// the plugin.
func failure(ctx context.Context, err error) error {
	switch {
	case err == nil:
		return nil
	case ctx.Err() != nil:
		return fmt.Errorf("call to the plugin: %w", ctx.Err())
	}
	return wire.ErrorFromStatus(err)
}

// exchange runs a call: it sends all requests, then takes answers until the plugin
// ends the stream. An error of take ends the call and is returned.
func exchange[Q, A any](ctx context.Context, timeout time.Duration,
	open func(context.Context, ...grpc.CallOption) (grpc.BidiStreamingClient[Q, A], error),
	send func(func(*Q) error) error, take func(*A) error,
) error {
	call, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	stream, err := open(call)
	if err != nil {
		return failure(ctx, err)
	}
	// A send that fails with EOF means that the plugin ended the call: the reason is
	// received.
	if err := send(stream.Send); err != nil && !errors.Is(err, io.EOF) {
		return failure(ctx, err)
	}
	if err := stream.CloseSend(); err != nil {
		return failure(ctx, err)
	}
	return receive(ctx, stream, take)
}

// receive takes answers until the plugin ends the stream.
func receive[Q, A any](ctx context.Context, stream grpc.BidiStreamingClient[Q, A], take func(*A) error) error {
	for {
		m, err := stream.Recv()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return failure(ctx, err)
		}
		if err := take(m); err != nil {
			return err
		}
	}
}
