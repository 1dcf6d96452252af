package exchangeonprem_test

import (
	"context"
	"errors"
	"sync"
	"testing"
	"time"

	"github.com/trainercal/trainercal/plugins/exchangesim"
	"github.com/trainercal/trainercal/plugins/exchangesim/simtest"
	"github.com/trainercal/trainercal/sdk"
	"github.com/trainercal/trainercal/sdk/sdktest"
)

// following is a watch that runs beside its test.
type following struct {
	t      *testing.T
	events chan sdk.WatchEvent
	stop   func() error
}

// follow watches mailboxes until the test ends or stop is called.
func follow(t *testing.T, account sdk.Account, boxes ...sdk.WatchMailbox) *following {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	f := &following{t: t, events: make(chan sdk.WatchEvent, 10_000)}
	ended := make(chan error, 1)
	go func() {
		ended <- sdk.Watch(ctx, account, sdk.WatchRequest{Mailboxes: boxes}, func(e sdk.WatchEvent) error {
			f.events <- e
			return nil
		})
	}()
	f.stop = sync.OnceValue(func() error { cancel(); return <-ended })
	t.Cleanup(func() { _ = f.stop() })
	return f
}

// until waits for an event.
func (f *following) until(what string, is func(sdk.WatchEvent) bool) sdk.WatchEvent {
	f.t.Helper()
	late := time.After(time.Minute)
	for {
		select {
		case e := <-f.events:
			if is(e) {
				return e
			}
		case <-late:
			f.t.Fatalf("%s did not come", what)
		}
	}
}

func (f *following) state(m sdk.Mailbox) {
	f.t.Helper()
	f.until("the state of a mailbox", func(e sdk.WatchEvent) bool { return e.State != nil && e.State.Mailbox == m.Address })
}

func (f *following) dirty(m sdk.Mailbox) {
	f.t.Helper()
	f.until("a hint at a mailbox", func(e sdk.WatchEvent) bool { return len(e.Dirty) > 0 && e.Dirty[0] == m.Address })
}

func fresh(boxes ...sdk.Mailbox) []sdk.WatchMailbox {
	var list []sdk.WatchMailbox
	for _, m := range boxes {
		list = append(list, sdk.WatchMailbox{Mailbox: m})
	}
	return list
}

// watchedSim is a simulator whose master account impersonates, and reaches mailboxes on
// several servers.
func watchedSim(t *testing.T) *sim {
	return newSim(t, simtest.Config{Options: exchangesim.Options{
		EWSStreaming: exchangesim.Streaming{Servers: 20, Heartbeat: 50 * time.Millisecond},
	}})
}

func impersonating() map[string]any { return map[string]any{"access": "impersonation"} }

// A master account with full access is told why it cannot watch.
func TestWatchNeedsImpersonation(t *testing.T) {
	s := watchedSim(t)
	m := s.mailbox(t, "Europe/London")
	err := sdk.Watch(t.Context(), s.open(t, nil), sdk.WatchRequest{Mailboxes: fresh(m)}, nil)
	var known *sdk.Error
	if !errors.Is(err, sdk.ErrUnsupported) || !errors.As(err, &known) || known.Advice == "" {
		t.Errorf("%v, want ErrUnsupported with advice", err)
	}
}

// A group's mailboxes share one stream, whatever servers they live on by themselves.
func TestWatchIsOneStream(t *testing.T) {
	s := watchedSim(t)
	var boxes []sdk.Mailbox
	for range 30 {
		boxes = append(boxes, s.mailbox(t, "Europe/London"))
	}
	f := follow(t, s.open(t, impersonating()), fresh(boxes...)...)
	last := boxes[len(boxes)-1]
	for range boxes {
		f.until("the state of a mailbox", func(e sdk.WatchEvent) bool { return e.State != nil })
	}
	add(t, s.box(t, last), last, hour("Lunch", at(3, 12, 9)))
	f.dirty(last)
	if connections, subscriptions := s.Streams().Open(); connections != 1 || subscriptions != len(boxes) {
		t.Errorf("%d connections with %d subscriptions, want 1 with %d", connections, subscriptions, len(boxes))
	}
	if made := s.Streams().Made(); made != len(boxes) {
		t.Errorf("%d subscriptions were made for %d mailboxes", made, len(boxes))
	}
}

// A host's new watch begins while the plugin still ends the one before: the older one
// gives its subscriptions up, and every change is told to the newer one.
func TestWatchIsTakenOver(t *testing.T) {
	s := watchedSim(t)
	m := s.mailbox(t, "Europe/London")
	account := s.open(t, impersonating())
	for range 10 {
		older := follow(t, account, fresh(m)...)
		e := older.until("the state of the mailbox", func(e sdk.WatchEvent) bool { return e.State != nil })
		newer := follow(t, account, sdk.WatchMailbox{Mailbox: m, State: e.State.State})
		newer.state(m)
		add(t, s.box(t, m), m, hour("Lunch", at(3, 12, 9)))
		newer.dirty(m)
		if err := older.stop(); !errors.Is(err, sdk.ErrUnavailable) || errors.Is(err, context.Canceled) {
			t.Errorf("the older watch ended with %v, want that it gave way", err)
		}
		_ = newer.stop()
	}
}

// H3: what is lost or missed leads to a hint at just those mailboxes, and to a new
// subscription.
func TestWatchOutlastsTrouble(t *testing.T) {
	s := watchedSim(t)
	one, other := s.mailbox(t, "Europe/London"), s.mailbox(t, "Europe/London")
	f := follow(t, s.open(t, impersonating()), fresh(one, other)...)
	f.state(other)
	change := func(m sdk.Mailbox) { add(t, s.box(t, m), m, hour("Lunch", at(3, 12, 9))); f.dirty(m) }
	change(one)

	s.Streams().Lose(s.box(t, one))
	f.dirty(one)
	f.state(one)
	change(one)
	change(other)

	s.Streams().Miss(s.box(t, other))
	f.dirty(other)
	f.state(other)
	change(other)

	s.Streams().Break() // what was under way is lost, so both may have changed
	f.dirty(one)
	f.dirty(other)
	change(one)
	change(other)

	s.fault(t, exchangesim.Fault{Kind: "GetStreamingEvents", Mode: exchangesim.FaultStatus, Status: 503, Times: 2})
	s.Streams().Lose(nil) // a fail-over
	f.dirty(one)
	f.state(one)
	change(one)
	change(other)
	if made, want := s.Streams().Made(), 2+1+1+2; made != want {
		t.Errorf("%d subscriptions were made, want %d", made, want)
	}
}

// A mailbox that moved away ends as a failure, and the others go on without it, even
// when the stream went by its name.
func TestWatchLosesItsAnchor(t *testing.T) {
	s := watchedSim(t)
	anchor, other := s.mailbox(t, "Europe/London"), s.mailbox(t, "Europe/London")
	f := follow(t, s.open(t, impersonating()), fresh(anchor, other)...)
	f.state(anchor)
	f.state(other)
	s.World().RemoveMailbox(anchor.Address)
	s.Streams().Break()
	e := f.until("the failure of the mailbox", func(e sdk.WatchEvent) bool { return e.Failure != nil })
	if e.Failure.Mailbox != anchor.Address || e.Failure.Err.Code != sdk.CodeMailboxNotFound {
		t.Errorf("%s failed with %v", e.Failure.Mailbox, e.Failure.Err)
	}
	f.state(other)
	add(t, s.box(t, other), other, hour("Lunch", at(3, 12, 9)))
	f.dirty(other)
}

// Refused credentials end a watch: it would be a wrong password every minute.
func TestWatchEndsWithRefusedCredentials(t *testing.T) {
	s := watchedSim(t)
	m := s.mailbox(t, "Europe/London")
	account := s.open(t, map[string]any{"access": "impersonation", "password": "wrong"})
	err := sdk.Watch(t.Context(), account, sdk.WatchRequest{Mailboxes: fresh(m)}, func(sdk.WatchEvent) error { return nil })
	if !errors.Is(err, sdk.ErrCredentials) {
		t.Errorf("%v, want ErrCredentials", err)
	}
}

// More streams than an account may have: each is charged to a mailbox of its own group.
func TestManyWatches(t *testing.T) {
	s := newSim(t, simtest.Config{Options: exchangesim.Options{EWSStreaming: exchangesim.Streaming{Connections: 1}}})
	account := s.open(t, impersonating())
	var last *following
	var box sdk.Mailbox
	for range 5 {
		box = s.mailbox(t, "Europe/London")
		last = follow(t, account, fresh(box)...)
		last.state(box)
	}
	add(t, s.box(t, box), box, sdktest.Entry(hour("Lunch", at(3, 12, 9))))
	last.dirty(box)
	if made := s.Streams().Made(); made != 5 {
		t.Errorf("%d subscriptions were made, want 5", made)
	}
}

// A stream that lasts has a connection of its own with NTLM too, which is signed in once;
// other requests go on beside it.
func TestWatchOverNTLM(t *testing.T) {
	s := newSim(t, simtest.Config{Options: exchangesim.Options{EWSSchemes: []string{"NTLM"}}})
	m := s.mailbox(t, "Europe/London")
	account := s.open(t, map[string]any{"access": "impersonation", "auth": "ntlm"})
	f := follow(t, account, fresh(m)...)
	f.state(m)
	add(t, s.box(t, m), m, hour("Lunch", at(3, 12, 9)))
	f.dirty(m)
	if got := read(t, account, m, nil).subjects(); len(got) != 1 {
		t.Errorf("read %q beside the stream", got)
	}
	add(t, s.box(t, m), m, hour("Dinner", at(3, 13, 9)))
	f.dirty(m)
}
