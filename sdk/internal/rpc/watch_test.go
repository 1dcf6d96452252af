package rpc

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"reflect"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	"google.golang.org/grpc"
	"google.golang.org/grpc/metadata"

	"github.com/trainercal/trainercal/sdk"
	pb "github.com/trainercal/trainercal/sdk/proto/calendar/v1"
)

func (b *backend) Watch(ctx context.Context, req sdk.WatchRequest, emit func(sdk.WatchEvent) error) error {
	return b.watch(ctx, req, emit)
}

func (b *backend) Deliver(_ context.Context, req sdk.DeliverRequest) (sdk.DeliverResponse, error) {
	return b.deliver(req)
}

// watchOf asks for a watch of n mailboxes.
func watchOf(n int) sdk.WatchRequest {
	req := sdk.WatchRequest{NotificationURL: "https://gateway.example/notify/p/fake"}
	for i := range n {
		req.Mailboxes = append(req.Mailboxes, sdk.WatchMailbox{
			Mailbox: sdk.Mailbox{Address: fmt.Sprintf("trainer%d@northwind.example", i), TimeZone: "Europe/London"},
			State:   fmt.Appendf(nil, "state %d", i),
		})
	}
	return req
}

// A watch's request and its events cross as they are.
func TestWatchCrosses(t *testing.T) {
	req := watchOf(sdk.MaxMailboxes)
	for i := range req.Mailboxes {
		req.Mailboxes[i].State = make([]byte, sdk.MaxWatchStateBytes)
	}
	first := req.Mailboxes[0].Mailbox.Address
	events := []sdk.WatchEvent{
		{State: &sdk.WatchState{Mailbox: first, State: []byte("s")}},
		{Failure: &sdk.WatchFailure{Mailbox: first, Err: sdk.CodeAccessDenied.New("no")}},
		{Dirty: []string{first}},
		{Heartbeat: true},
	}
	var got sdk.WatchRequest
	a, _ := account(t, &backend{watch: func(_ context.Context, req sdk.WatchRequest, emit func(sdk.WatchEvent) error) error {
		got = req
		for _, e := range events {
			if err := emit(e); err != nil {
				return err
			}
		}
		return sdk.CodeUnavailable.New("later")
	}})
	var seen []sdk.WatchEvent
	err := sdk.Watch(t.Context(), a, req, func(e sdk.WatchEvent) error { seen = append(seen, e); return nil })
	if !errors.Is(err, sdk.ErrUnavailable) {
		t.Errorf("the watch ended with %v", err)
	}
	if !reflect.DeepEqual(req, got) { // a difference would be too long to read
		t.Errorf("%d mailboxes went out, and %d others arrived", len(req.Mailboxes), len(got.Mailboxes))
	}
	if diff := cmp.Diff(events, seen, cmp.Comparer(func(x, y *sdk.Error) bool { return errors.Is(x, y) })); diff != "" {
		t.Error(diff)
	}
}

// An account that does neither says so, in process and over gRPC.
func TestNoWatchAndNoDelivery(t *testing.T) {
	type plain struct{ sdk.Account }
	c, _ := dial(t, NewServer(opening{plain{&backend{}}}, nil), patient)
	for name, a := range map[string]sdk.Account{"in process": plain{}, "over gRPC": open(t, c)} {
		if err := sdk.Watch(t.Context(), a, watchOf(1), nil); !errors.Is(err, sdk.ErrUnsupported) {
			t.Errorf("%s: watch: %v, want ErrUnsupported", name, err)
		}
		if _, err := sdk.Deliver(t.Context(), a, sdk.DeliverRequest{Method: "POST"}); !errors.Is(err, sdk.ErrUnsupported) {
			t.Errorf("%s: deliver: %v, want ErrUnsupported", name, err)
		}
	}
}

type opening struct{ account sdk.Account }

func (opening) Describe() sdk.Description { return sdk.Description{} }

func (o opening) Open(context.Context, sdk.OpenRequest) (sdk.Account, error) { return o.account, nil }

// What is delivered crosses as it is, but for headers that are none of the plugin's
// or of the server's business.
func TestDeliverCrosses(t *testing.T) {
	req := sdk.DeliverRequest{
		Method: "POST", Target: "/a?validationToken=x%20y", Body: []byte{0, 255},
		Header: http.Header{"Content-Type": {"application/json"}, "X-Two": {"1", "2"}, "Authorization": {"Bearer t"}, "Cookie": {"c"}},
	}
	answer := sdk.DeliverResponse{
		Status: 202, Body: []byte("ok"), Dirty: []string{"a"},
		Header: http.Header{"Content-Type": {"text/plain"}, "Set-Cookie": {"c"}, "Location": {"https://evil.example"}},
	}
	var got sdk.DeliverRequest
	a, _ := account(t, &backend{deliver: func(r sdk.DeliverRequest) (sdk.DeliverResponse, error) { got = r; return answer, nil }})
	back, err := sdk.Deliver(t.Context(), a, req)
	if err != nil {
		t.Fatal(err)
	}
	delete(req.Header, "Authorization")
	delete(req.Header, "Cookie")
	delete(answer.Header, "Set-Cookie")
	delete(answer.Header, "Location")
	if diff := cmp.Diff(req, got); diff != "" {
		t.Errorf("request: %s", diff)
	}
	if diff := cmp.Diff(answer, back); diff != "" {
		t.Errorf("answer: %s", diff)
	}
}

// Closing an account ends its watches, which would otherwise hold it up for ever.
func TestCloseEndsWatches(t *testing.T) {
	b := &backend{watch: func(ctx context.Context, _ sdk.WatchRequest, emit func(sdk.WatchEvent) error) error {
		if err := emit(sdk.WatchEvent{Heartbeat: true}); err != nil {
			return err
		}
		<-ctx.Done()
		return ctx.Err()
	}}
	a, _ := account(t, b)
	alive, ended := make(chan struct{}), make(chan error)
	go func() {
		ended <- sdk.Watch(t.Context(), a, watchOf(1), func(sdk.WatchEvent) error { close(alive); return nil })
	}()
	<-alive
	if err := a.Close(); err != nil || b.closed.Load() != 1 {
		t.Errorf("Close: %v, closed %d times", err, b.closed.Load())
	}
	if err := <-ended; !errors.Is(err, sdk.ErrUnknownAccount) {
		t.Errorf("the watch ended with %v, want ErrUnknownAccount", err)
	}
}

// A watch that goes silent ends with a typed error.
func TestSilentWatch(t *testing.T) {
	c, _ := dial(t, NewServer(&backend{watch: func(ctx context.Context, _ sdk.WatchRequest, _ func(sdk.WatchEvent) error) error {
		<-ctx.Done()
		return ctx.Err()
	}}, nil), Timeouts{Short: time.Minute, Open: time.Minute, Silence: 50 * time.Millisecond})
	err := sdk.Watch(t.Context(), open(t, c), watchOf(1), func(sdk.WatchEvent) error { return nil })
	if !errors.Is(err, sdk.ErrPluginDied) {
		t.Errorf("%v, want ErrPluginDied", err)
	}
}

// pacedStream plays a plugin's watch that sends an event after each pause.
type pacedStream struct {
	grpc.ClientStream
	ctx    context.Context
	pauses []time.Duration
}

func (p *pacedStream) Send(*pb.WatchRequest) error  { return nil }
func (p *pacedStream) CloseSend() error             { return nil }
func (p *pacedStream) Header() (metadata.MD, error) { return nil, nil }

func (p *pacedStream) Recv() (*pb.WatchResponse, error) {
	wait := 1000 * time.Hour
	if len(p.pauses) > 0 {
		wait, p.pauses = p.pauses[0], p.pauses[1:]
	}
	select {
	case <-time.After(wait):
		return &pb.WatchResponse{Event: &pb.WatchResponse_Heartbeat{Heartbeat: &pb.Heartbeat{}}}, nil
	case <-p.ctx.Done():
		return nil, p.ctx.Err()
	}
}

type paced struct {
	pb.CalendarServiceClient
	pauses []time.Duration
}

func (p paced) Watch(ctx context.Context, _ ...grpc.CallOption) (grpc.BidiStreamingClient[pb.WatchRequest, pb.WatchResponse], error) {
	return &pacedStream{ctx: ctx, pauses: p.pauses}, nil
}

// Silence is what lies between two signs of life: a slow receiver is no silence, and
// a watch may last for days.
func TestSilenceIsCountedFromTheLastSign(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		pauses := make([]time.Duration, 1000)
		for i := range pauses {
			pauses[i] = 89 * time.Second
		}
		a := &remoteAccount{client: &Client{calendar: paced{pauses: pauses}}}
		start, beats := time.Now(), 0
		err := a.Watch(t.Context(), watchOf(1), func(sdk.WatchEvent) error {
			beats++
			time.Sleep(time.Hour) // the receiver is slow
			return nil
		})
		if want := 1000*(89*time.Second+time.Hour) + 90*time.Second; !errors.Is(err, sdk.ErrPluginDied) || beats != 1000 || time.Since(start) != want {
			t.Errorf("%d beats in %s, then %v; want 1000 in %s, then ErrPluginDied", beats, time.Since(start), err, want)
		}
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		if err := a.Watch(ctx, watchOf(1), nil); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("a watch that the caller gave up: %v", err)
		}
	})
}
