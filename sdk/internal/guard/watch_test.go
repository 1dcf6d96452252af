package guard

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"testing"

	"github.com/trainercal/trainercal/sdk"
)

type watching struct {
	sdk.Account
	events []sdk.WatchEvent
	answer sdk.DeliverResponse
}

func (w *watching) Watch(_ context.Context, _ sdk.WatchRequest, emit func(sdk.WatchEvent) error) error {
	return play(w.events, nil, emit)
}

func (w *watching) Deliver(context.Context, sdk.DeliverRequest) (sdk.DeliverResponse, error) {
	return w.answer, nil
}

func watchOf(addresses ...string) sdk.WatchRequest {
	var req sdk.WatchRequest
	for _, a := range addresses {
		req.Mailboxes = append(req.Mailboxes, sdk.WatchMailbox{Mailbox: sdk.Mailbox{Address: a}})
	}
	return req
}

func TestWatchEvents(t *testing.T) {
	for _, c := range []struct {
		name  string
		event sdk.WatchEvent
		want  error
	}{
		{"heartbeat", sdk.WatchEvent{Heartbeat: true}, nil},
		{"hint", sdk.WatchEvent{Dirty: []string{"a", "b"}}, nil},
		{"state", sdk.WatchEvent{State: &sdk.WatchState{Mailbox: "a", State: make([]byte, sdk.MaxWatchStateBytes)}}, nil},
		{"failure", sdk.WatchEvent{Failure: &sdk.WatchFailure{Mailbox: "a", Err: sdk.ErrAccessDenied}}, nil},
		{"nothing", sdk.WatchEvent{}, sdk.ErrInternal},
		{"two things", sdk.WatchEvent{Heartbeat: true, Dirty: []string{"a"}}, sdk.ErrInternal},
		{"hint at another mailbox", sdk.WatchEvent{Dirty: []string{"a", "c"}}, sdk.ErrInternal},
		{"state of another mailbox", sdk.WatchEvent{State: &sdk.WatchState{Mailbox: "c"}}, sdk.ErrInternal},
		{"failure of another mailbox", sdk.WatchEvent{Failure: &sdk.WatchFailure{Mailbox: "c", Err: sdk.ErrAccessDenied}}, sdk.ErrInternal},
		{"failure without a reason", sdk.WatchEvent{Failure: &sdk.WatchFailure{Mailbox: "a"}}, sdk.ErrInternal},
		{"endless state", sdk.WatchEvent{State: &sdk.WatchState{Mailbox: "a", State: make([]byte, sdk.MaxWatchStateBytes+1)}}, sdk.ErrInternal},
	} {
		t.Run(c.name, func(t *testing.T) {
			emitted := 0
			err := sdk.Watch(t.Context(), Wrap(&watching{events: []sdk.WatchEvent{c.event}}), watchOf("a", "b"), func(sdk.WatchEvent) error {
				emitted++
				return nil
			})
			if !errors.Is(err, c.want) || (emitted == 1) != (c.want == nil) {
				t.Errorf("%v after %d events, want %v", err, emitted, c.want)
			}
		})
	}
}

func TestWatchRequests(t *testing.T) {
	long := watchOf("a")
	long.Mailboxes[0].State = make([]byte, sdk.MaxWatchStateBytes+1)
	nowhere, far := watchOf("a"), watchOf("a")
	nowhere.NotificationURL = "/notify"
	far.NotificationURL = "https://gateway.example/" + strings.Repeat("x", maxURLBytes)
	for name, req := range map[string]sdk.WatchRequest{
		"the same twice": watchOf("a", "a"), "no mailbox": watchOf(""), "too many": watchOf(make([]string, sdk.MaxMailboxes+1)...),
		"endless state": long, "an address that is none": nowhere, "an endless address": far,
	} {
		if err := sdk.Watch(t.Context(), Wrap(&watching{}), req, nil); !errors.Is(err, sdk.ErrInvalidRequest) {
			t.Errorf("%s: %v, want ErrInvalidRequest", name, err)
		}
	}
}

func TestDeliveries(t *testing.T) {
	header := func(name string, n int) http.Header { return http.Header{name: {strings.Repeat("x", n)}} }
	ok := sdk.DeliverResponse{Status: 200}
	post := sdk.DeliverRequest{Method: "POST", Target: "?a=b", Body: make([]byte, sdk.MaxDeliverBytes)}
	for _, c := range []struct {
		name   string
		req    sdk.DeliverRequest
		answer sdk.DeliverResponse
		want   error
	}{
		{"as promised", post, ok, nil},
		{"headers that are dropped do not count", sdk.DeliverRequest{Method: "POST", Header: header("Cookie", 1<<20)}, ok, nil},
		{"large headers", sdk.DeliverRequest{Method: "POST", Header: header("X-Large", sdk.MaxDeliverHeaderBytes)}, ok, sdk.ErrInvalidRequest},
		{"a large body", sdk.DeliverRequest{Method: "POST", Body: make([]byte, sdk.MaxDeliverBytes+1)}, ok, sdk.ErrInvalidRequest},
		{"another target", sdk.DeliverRequest{Method: "POST", Target: "https://x"}, ok, sdk.ErrInvalidRequest},
		{"a long target", sdk.DeliverRequest{Method: "POST", Target: "/" + strings.Repeat("x", sdk.MaxDeliverTargetBytes)}, ok, sdk.ErrInvalidRequest},
		{"no method", sdk.DeliverRequest{}, ok, sdk.ErrInvalidRequest},
		{"no status", post, sdk.DeliverResponse{}, sdk.ErrInternal},
		{"a redirect", post, sdk.DeliverResponse{Status: 302}, sdk.ErrInternal},
		{"switching protocols", post, sdk.DeliverResponse{Status: 101}, sdk.ErrInternal},
		{"a large answer", post, sdk.DeliverResponse{Status: 200, Body: make([]byte, sdk.MaxDeliverAnswerBytes+1)}, sdk.ErrInternal},
		{"a split header", post, sdk.DeliverResponse{Status: 200, Header: http.Header{"Content-Type": {"a\r\nSet-Cookie: b"}}}, sdk.ErrInternal},
		{"endless hints", post, sdk.DeliverResponse{Status: 200, Dirty: make([]string, maxHints+1)}, sdk.ErrInternal},
	} {
		t.Run(c.name, func(t *testing.T) {
			if _, err := sdk.Deliver(t.Context(), Wrap(&watching{answer: c.answer}), c.req); !errors.Is(err, c.want) {
				t.Errorf("%v, want %v", err, c.want)
			}
		})
	}
}
