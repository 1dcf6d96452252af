package exchangeonline_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/trainercal/trainercal/plugins/exchangesim"
	"github.com/trainercal/trainercal/sdk"
	"github.com/trainercal/trainercal/sdk/calendar"
	"github.com/trainercal/trainercal/sdk/host"
	"github.com/trainercal/trainercal/sdk/sdktest"
)

// listening is a watch with the host's listener beside it.
type listening struct {
	t      *testing.T
	url    string
	events chan sdk.WatchEvent
	mu     sync.Mutex
	states map[string][]byte
	stop   func() error
}

// listen watches mailboxes until the test ends or stop is called; url is the listener's,
// empty for a new one.
func listen(t *testing.T, account sdk.Account, boxes ...sdk.WatchMailbox) *listening {
	t.Helper()
	l := &listening{t: t, events: make(chan sdk.WatchEvent, 10_000), states: map[string][]byte{}}
	l.url = sdktest.Listen(t, account, func(mailboxes []string) { l.events <- sdk.WatchEvent{Dirty: mailboxes} })
	l.watch(account, boxes...)
	return l
}

// watch starts the watch, again after stop.
func (l *listening) watch(account sdk.Account, boxes ...sdk.WatchMailbox) {
	l.t.Helper()
	ctx, cancel := context.WithCancel(l.t.Context())
	ended := make(chan error, 1)
	go func() {
		ended <- sdk.Watch(ctx, account, sdk.WatchRequest{NotificationURL: l.url, Mailboxes: boxes}, func(e sdk.WatchEvent) error {
			l.mu.Lock()
			defer l.mu.Unlock()
			if e.State != nil {
				l.states[e.State.Mailbox] = e.State.State
			}
			l.events <- e
			return nil
		})
	}()
	l.stop = sync.OnceValue(func() error { cancel(); return <-ended })
	l.t.Cleanup(func() { _ = l.stop() })
}

// until waits for an event.
func (l *listening) until(what string, is func(sdk.WatchEvent) bool) sdk.WatchEvent {
	l.t.Helper()
	late := time.After(time.Minute)
	for {
		select {
		case e := <-l.events:
			if is(e) {
				return e
			}
		case <-late:
			l.t.Fatalf("%s did not come", what)
		}
	}
}

func (l *listening) watched(m sdk.Mailbox) {
	l.t.Helper()
	l.until("the state of a mailbox", func(e sdk.WatchEvent) bool { return e.State != nil && e.State.Mailbox == m.Address })
}

func (l *listening) dirty(m sdk.Mailbox) {
	l.t.Helper()
	l.until("a hint at a mailbox", func(e sdk.WatchEvent) bool { return len(e.Dirty) > 0 && e.Dirty[0] == m.Address })
}

func (l *listening) stored(m sdk.Mailbox) sdk.WatchMailbox {
	l.mu.Lock()
	defer l.mu.Unlock()
	return sdk.WatchMailbox{Mailbox: m, State: l.states[m.Address]}
}

// lunch is an hour of the trainer's own.
func lunch() sdktest.Entry {
	start := time.Date(2026, 12, 1, 12, 0, 0, 0, time.UTC)
	return sdktest.Entry{
		Subject: "Lunch", ShowAs: calendar.ShowAsBusy, Sensitivity: calendar.SensitivityNormal,
		When: calendar.When{Start: start, End: start.Add(time.Hour), TimeZone: "Europe/London"},
	}
}

// H1, H2, H3: the simulator's sender loses, doubles and delays notifications and tells of
// the subscriptions' life.
func TestNotificationsInTrouble(t *testing.T) {
	s := newSim(t, exchangesim.Options{})
	m := s.mailbox(t, "Europe/London")
	account := s.open(t)
	l := listen(t, account, sdk.WatchMailbox{Mailbox: m})
	l.watched(m)
	subscriptions, box := s.Subscriptions(), s.box(t, m)
	change := func() { add(t, box, m, lunch()) }

	subscriptions.Double(true)
	change()
	l.dirty(m)
	subscriptions.Double(false)
	subscriptions.Delay(20 * time.Millisecond)
	change()
	l.dirty(m)
	subscriptions.Delay(0)
	subscriptions.Lose(true)
	change() // H1: nobody hears of it; the next read finds it
	subscriptions.Lose(false)
	subscriptions.Lifecycle(box, exchangesim.Missed)
	l.dirty(m)

	subscriptions.Lifecycle(box, exchangesim.ReauthorizationRequired)
	l.watched(m) // renewed
	change()
	l.dirty(m)
	if made := subscriptions.Made(); made != 1 {
		t.Errorf("%d subscriptions were made, want 1 up to here", made)
	}

	subscriptions.Lifecycle(box, exchangesim.SubscriptionRemoved)
	l.dirty(m)
	l.watched(m)
	change()
	l.dirty(m)
	if made, refused := subscriptions.Made(), subscriptions.Refused(); made != 2 || refused != 0 {
		t.Errorf("%d subscriptions were made and %d notifications refused, want 2 and none", made, refused)
	}
}

// H6: who does not know the secret is answered like everybody and believed in nothing.
func TestForgedNotification(t *testing.T) {
	s := newSim(t, exchangesim.Options{})
	m := s.mailbox(t, "Europe/London")
	l := listen(t, s.open(t), sdk.WatchMailbox{Mailbox: m})
	l.watched(m)
	forged, err := json.Marshal(map[string]any{"value": []any{s.Subscriptions().Forge(s.box(t, m), "guessed")}})
	if err != nil {
		t.Fatal(err)
	}
	resp, err := http.Post(l.url, "application/json", bytes.NewReader(forged))
	if err != nil {
		t.Fatal(err)
	}
	_ = resp.Body.Close()
	if resp.StatusCode != http.StatusAccepted {
		t.Errorf("HTTP %d, want 202", resp.StatusCode)
	}
	for len(l.events) > 0 {
		if e := <-l.events; len(e.Dirty) > 0 {
			t.Errorf("a forged notification hints at %q", e.Dirty)
		}
	}
}

// Graph asks back at the listener before it subscribes; where nobody answers, the
// mailbox is not watched, and the operator is told what to look at.
func TestListenerOutOfReach(t *testing.T) {
	s := newSim(t, exchangesim.Options{})
	m := s.mailbox(t, "Europe/London")
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	var failed *sdk.Error
	req := sdk.WatchRequest{NotificationURL: "http://127.0.0.1:1/", Mailboxes: []sdk.WatchMailbox{{Mailbox: m}}}
	err := sdk.Watch(ctx, s.open(t), req, func(e sdk.WatchEvent) error {
		if e.Failure != nil {
			failed = e.Failure.Err
			cancel()
		}
		return nil
	})
	if !errors.Is(err, context.Canceled) || !errors.Is(failed, sdk.ErrUnavailable) || failed.Advice == "" {
		t.Errorf("%v, the mailbox failed with %v", err, failed)
	}
}

// Through a real process: subscriptions outlive it, the next one takes them up, and
// notifications reach it.
func TestWatchThroughAProcess(t *testing.T) {
	s := newSim(t, exchangesim.Options{})
	m := s.mailbox(t, "Europe/London")
	first := launch(t)
	account := opened(t, first, s)
	l := listen(t, account, sdk.WatchMailbox{Mailbox: m})
	l.watched(m)
	add(t, s.box(t, m), m, lunch())
	l.dirty(m)
	first.Kill()
	if err := l.stop(); !errors.Is(err, sdk.ErrPluginDied) && !errors.Is(err, context.Canceled) {
		t.Errorf("the watch ended with %v", err)
	}

	again := opened(t, launch(t), s)
	second := &listening{t: t, url: l.url, events: make(chan sdk.WatchEvent, 10_000), states: map[string][]byte{}}
	second.watch(again, l.stored(m))
	second.watched(m)
	if made := s.Subscriptions().Made(); made != 1 {
		t.Errorf("%d subscriptions were made, want 1", made)
	}
	note, err := json.Marshal(map[string]any{"value": []any{s.Subscriptions().Forge(s.box(t, m), "guessed")}})
	if err != nil {
		t.Fatal(err)
	}
	answer, err := sdk.Deliver(t.Context(), again, sdk.DeliverRequest{Method: http.MethodPost, Body: note})
	if err != nil || answer.Status != http.StatusAccepted || len(answer.Dirty) > 0 {
		t.Errorf("a forged notification: %+v, %v", answer, err)
	}
}

// launch starts the test program as the plugin.
func launch(t *testing.T) *host.Process {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	dir, err := os.MkdirTemp("", "w") // a socket's path is short
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	p, err := host.Launch(t.Context(), host.Options{
		Command: self, RunDir: filepath.Join(dir, "r"), Env: []string{"EXCHANGEONLINE_TEST_PLUGIN=1"},
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(p.Kill)
	return p
}

func opened(t *testing.T, p *host.Process, s *sim) sdk.Account {
	t.Helper()
	account, err := p.Open(t.Context(), s.request(nil))
	if err != nil {
		t.Fatal(err)
	}
	return account
}
