package pluginhost

import (
	"context"
	"errors"
	"testing"

	"github.com/trainercal/trainercal/sdk"
)

// Watch answers as the world says, once for the mailbox and once for the call.
func (a *fakeAccount) Watch(ctx context.Context, req sdk.WatchRequest, emit func(sdk.WatchEvent) error) error {
	mailboxErr, err := a.called(ctx)
	if err != nil {
		return err
	}
	box := req.Mailboxes[0].Mailbox.Address
	e := sdk.WatchEvent{State: &sdk.WatchState{Mailbox: box, State: []byte("s")}}
	if mailboxErr != nil {
		e = sdk.WatchEvent{Failure: &sdk.WatchFailure{Mailbox: box, Err: mailboxErr}}
	}
	if err := emit(e); err != nil {
		return err
	}
	<-ctx.Done()
	return ctx.Err()
}

func (a *fakeAccount) Deliver(ctx context.Context, r sdk.DeliverRequest) (sdk.DeliverResponse, error) {
	_, err := a.called(ctx)
	return sdk.DeliverResponse{Status: 202, Body: r.Body}, err
}

// watchUntil watches one mailbox through the host's account up to the first event.
func watchUntil(t *testing.T, h *Host) (sdk.WatchEvent, error) {
	t.Helper()
	a, err := h.Account(t.Context(), "a/caldav")
	if err != nil {
		return sdk.WatchEvent{}, err
	}
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	var first sdk.WatchEvent
	req := sdk.WatchRequest{Mailboxes: []sdk.WatchMailbox{{Mailbox: sdk.Mailbox{Address: "t@a.example"}}}}
	err = sdk.Watch(ctx, a.Account, req, func(e sdk.WatchEvent) error { first = e; cancel(); return nil })
	return first, err
}

func TestWatchAndDeliverPassThrough(t *testing.T) {
	w := &world{}
	h := newHost(t, w, twoAccounts)
	e, err := watchUntil(t, h)
	if e.State == nil || !errors.Is(err, context.Canceled) {
		t.Errorf("watch: %+v, %v", e, err)
	}
	a, err := h.Account(t.Context(), "a/caldav")
	if err != nil {
		t.Fatal(err)
	}
	answer, err := sdk.Deliver(t.Context(), a.Account, sdk.DeliverRequest{Method: "POST", Body: []byte("b")})
	if err != nil || answer.Status != 202 || string(answer.Body) != "b" {
		t.Errorf("deliver: %+v, %v", answer, err)
	}
}

// A watch is one more way to learn that credentials are refused: they are not tried
// again, by no call.
func TestRefusedCredentialsEndAWatch(t *testing.T) {
	w := &world{onCall: func(context.Context, *fakeAccount) (*sdk.Error, error) { return sdk.ErrCredentials, nil }}
	h := newHost(t, w, twoAccounts)
	if e, err := watchUntil(t, h); !errors.Is(err, sdk.ErrCredentials) {
		t.Errorf("watch: %+v, %v, want ErrCredentials", e, err)
	}
	if err := readOne(t, h, "a/caldav"); !errors.Is(err, sdk.ErrCredentials) {
		t.Errorf("read: %v, want ErrCredentials", err)
	}
	if _, _, calls := w.count(); calls != 1 {
		t.Errorf("%d calls reached the plugin, want 1", calls)
	}
}

// A watch that ends because the process died has it replaced, and the next one is of
// the new process.
func TestWatchOfADeadProcess(t *testing.T) {
	died := false
	w := &world{onCall: func(context.Context, *fakeAccount) (*sdk.Error, error) {
		if !died {
			died = true
			return nil, sdk.ErrPluginDied
		}
		return nil, nil
	}}
	h := newHost(t, w, twoAccounts)
	if _, err := watchUntil(t, h); !errors.Is(err, sdk.ErrPluginDied) {
		t.Errorf("watch: %v, want ErrPluginDied", err)
	}
	if e, err := watchUntil(t, h); e.State == nil {
		t.Errorf("the next watch: %v", err)
	}
	if processes, _, _ := w.count(); processes != 2 {
		t.Errorf("%d processes, want 2", processes)
	}
}
