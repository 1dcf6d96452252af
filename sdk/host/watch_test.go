package host_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/trainercal/trainercal/sdk"
)

var oneMailbox = sdk.WatchRequest{Mailboxes: []sdk.WatchMailbox{{Mailbox: sdk.Mailbox{Address: "ana@northwind.example"}}}}

// Guard 4 on a watch, which has no deadline: silence ends it.
func TestWatchThatGoesSilent(t *testing.T) {
	o := options(t)
	o.SilenceTimeout = 300 * time.Millisecond
	p := launch(t, o)
	err := sdk.Watch(t.Context(), opened(t, p, "deaf"), oneMailbox, func(sdk.WatchEvent) error { return nil })
	if !errors.Is(err, sdk.ErrPluginDied) {
		t.Errorf("%v, want ErrPluginDied", err)
	}
}

// A watch that beats goes on until the host ends it.
func TestWatchThatBeats(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	beats := 0
	err := sdk.Watch(ctx, opened(t, launch(t, options(t)), "lively"), oneMailbox, func(sdk.WatchEvent) error {
		if beats++; beats == 20 {
			cancel()
		}
		return nil
	})
	if !errors.Is(err, context.Canceled) || beats < 20 {
		t.Errorf("after %d heartbeats: %v, want the host's own end after 20", beats, err)
	}
}

// A watch ends with its process.
func TestWatchOfAPluginThatDies(t *testing.T) {
	p := launch(t, options(t))
	err := sdk.Watch(t.Context(), opened(t, p, "lively"), oneMailbox, func(sdk.WatchEvent) error { go p.Kill(); return nil })
	if !errors.Is(err, sdk.ErrPluginDied) {
		t.Errorf("the watch ended with %v, want ErrPluginDied", err)
	}
}

func TestDeliverThroughAProcess(t *testing.T) {
	a := opened(t, launch(t, options(t)), "lively")
	answer, err := sdk.Deliver(t.Context(), a, sdk.DeliverRequest{Method: "POST", Target: "?x=y"})
	if err != nil || answer.Status != 202 || string(answer.Body) != "POST ?x=y" || len(answer.Dirty) != 1 {
		t.Errorf("%+v, %v", answer, err)
	}
}
