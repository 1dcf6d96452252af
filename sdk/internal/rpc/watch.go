package rpc

import (
	"context"
	"errors"
	"io"
	"time"

	"google.golang.org/grpc"

	"github.com/trainercal/trainercal/sdk"
	"github.com/trainercal/trainercal/sdk/internal/wire"
	pb "github.com/trainercal/trainercal/sdk/proto/calendar/v1"
)

// standardSilence is how long a watch may be silent: two beats may be lost.
const standardSilence = 3 * sdk.WatchBeat

// Watch implements [sdk.Watcher]. A watch has no deadline; one that shows no sign of
// life fails with [sdk.ErrPluginDied]. The time that emit takes does not count.
func (a *remoteAccount) Watch(ctx context.Context, req sdk.WatchRequest, emit func(sdk.WatchEvent) error) error {
	if len(req.Mailboxes) == 0 {
		return nil
	}
	silence := a.client.timeouts.Silence
	if silence == 0 {
		silence = standardSilence
	}
	call, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	silent := sdk.CodePluginDied.New("the plugin's watch of the mailboxes was silent for %s", silence)
	alarm := time.AfterFunc(silence, func() { cancel(silent) })
	defer alarm.Stop()
	err := a.watch(call, req, func(m *pb.WatchResponse) error {
		alarm.Stop()
		defer alarm.Reset(silence)
		e, err := wire.WatchEventFromProto(m)
		if err != nil {
			return undecodable(err)
		}
		return emit(e)
	})
	if ctx.Err() == nil && errors.Is(context.Cause(call), silent) {
		return silent
	}
	return err
}

// watch makes the call and takes its events.
func (a *remoteAccount) watch(ctx context.Context, req sdk.WatchRequest, take func(*pb.WatchResponse) error) error {
	stream, err := a.client.calendar.Watch(ctx)
	if err != nil {
		return failure(ctx, err)
	}
	if err := a.sendWatch(stream, req); err != nil {
		return failure(ctx, err)
	}
	return receive(ctx, stream, take)
}

func (a *remoteAccount) sendWatch(stream grpc.BidiStreamingClient[pb.WatchRequest, pb.WatchResponse], req sdk.WatchRequest) error {
	for _, box := range req.Mailboxes {
		m := wire.WatchMailboxToProto(box)
		m.AccountId, m.NotificationUrl = a.id, req.NotificationURL
		if err := stream.Send(m); errors.Is(err, io.EOF) {
			return nil // the plugin ended the call: the reason is received
		} else if err != nil {
			return err
		}
	}
	return stream.CloseSend()
}

// Deliver implements [sdk.Deliverer].
func (a *remoteAccount) Deliver(ctx context.Context, req sdk.DeliverRequest) (sdk.DeliverResponse, error) {
	call, cancel := context.WithTimeout(ctx, a.client.timeouts.Short)
	defer cancel()
	m := wire.DeliverRequestToProto(req)
	m.AccountId = a.id
	answer, err := a.client.calendar.Deliver(call, m)
	if err != nil {
		return sdk.DeliverResponse{}, failure(ctx, err)
	}
	return wire.DeliverResponseFromProto(answer), nil
}

// Watch implements the service. It ends when the account is closed.
func (s *Server) Watch(stream grpc.BidiStreamingServer[pb.WatchRequest, pb.WatchResponse]) error {
	var req sdk.WatchRequest
	in := inbound[*pb.WatchRequest]{recv: stream.Recv, take: func(m *pb.WatchRequest, _ bool) error {
		if len(req.Mailboxes) > 0 && m.GetNotificationUrl() != req.NotificationURL {
			return errors.New("a watch names two notification addresses")
		}
		req.NotificationURL = m.GetNotificationUrl()
		req.Mailboxes = append(req.Mailboxes, wire.WatchMailboxFromProto(m))
		return nil
	}}
	id, err := in.all()
	if err != nil {
		return wire.StatusFromError(err)
	}
	account, release, err := s.accounts.use(id)
	if err != nil {
		return wire.StatusFromError(err)
	}
	defer release()
	return wire.StatusFromError(watch(account, req, stream))
}

func watch(account *openAccount, req sdk.WatchRequest, stream grpc.BidiStreamingServer[pb.WatchRequest, pb.WatchResponse]) error {
	ctx, cancel := context.WithCancel(stream.Context())
	defer cancel()
	defer context.AfterFunc(account.closing, cancel)()
	send := locked(stream.Send)
	err := sdk.Watch(ctx, account.account, req, func(e sdk.WatchEvent) error {
		return send(func(send func(*pb.WatchResponse) error) error { return send(wire.WatchEventToProto(e)) })
	})
	if account.closing.Err() != nil {
		return sdk.ErrUnknownAccount
	}
	return err
}

// Deliver implements the service.
func (s *Server) Deliver(ctx context.Context, m *pb.DeliverRequest) (*pb.DeliverResponse, error) {
	account, release, err := s.accounts.use(m.GetAccountId())
	if err != nil {
		return nil, wire.StatusFromError(err)
	}
	defer release()
	answer, err := sdk.Deliver(ctx, account.account, wire.DeliverRequestFromProto(m))
	if err != nil {
		return nil, wire.StatusFromError(err)
	}
	return wire.DeliverResponseToProto(answer), nil
}
