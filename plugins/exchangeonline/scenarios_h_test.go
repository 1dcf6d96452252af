package exchangeonline_test

import (
	"bytes"
	"encoding/json"
	"net/http"
	"net/url"
	"slices"
	"testing"
	"time"

	"github.com/trainercal/trainercal/plugins/exchangesim"
	"github.com/trainercal/trainercal/sdk"
)

// listened is a mailbox that is watched, and read up to now.
type listened struct {
	*listening
	s       *sim
	m       sdk.Mailbox
	account sdk.Account
	cursor  []byte
}

func listenTo(t *testing.T, opts exchangesim.Options) *listened {
	t.Helper()
	s := newSim(t, opts)
	m := s.mailbox(t, "Europe/London")
	account := s.open(t)
	l := &listened{s: s, m: m, account: account, listening: listen(t, account, sdk.WatchMailbox{Mailbox: m})}
	l.watched(m)
	l.cursor = readOne(t, account, m, nil).Complete.Cursor
	return l
}

// change puts an appointment into the calendar.
func (l *listened) change() { add(l.t, l.s.box(l.t, l.m), l.m, entry("Lunch", hours(15, 12, 13))) }

// read reads what changed and answers how much.
func (l *listened) read() int {
	l.t.Helper()
	page := readOne(l.t, l.account, l.m, l.cursor)
	l.cursor = page.Complete.Cursor
	return len(page.Changes)
}

// A notification that was lost costs time and nothing else: the next read at the
// interval finds the change (H1).
func TestH1LostNotification(t *testing.T) {
	l := listenTo(t, exchangesim.Options{})
	l.s.Subscriptions().Lose(true)
	l.change()
	if n := l.read(); n != 1 {
		t.Errorf("%d changes, want the one that nobody heard of", n)
	}
}

// However many notifications come, in whatever order and however often, each hints at
// the mailbox once, and one read takes in all of what they tell (H2).
func TestH2Burst(t *testing.T) {
	l := listenTo(t, exchangesim.Options{})
	l.s.Subscriptions().Double(true)
	l.s.Subscriptions().Delay(time.Millisecond)
	const burst = 500
	for range burst {
		l.change()
	}
	e := l.until("a hint", func(e sdk.WatchEvent) bool { return len(e.Dirty) > 0 })
	if !slices.Equal(e.Dirty, []string{l.m.Address}) {
		t.Errorf("dirty = %v, want the mailbox once", e.Dirty)
	}
	if n := l.read(); n != burst {
		t.Errorf("the first read has %d changes, want all %d", n, burst)
	}
	if n := l.read(); n != 0 {
		t.Errorf("the second read has %d changes", n)
	}
}

// Each lifecycle event has its own answer: missed notifications are made up for by a
// read, a subscription that is to be authorized is renewed, one that was removed is made
// anew and read (H3).
func TestH3Lifecycle(t *testing.T) {
	l := listenTo(t, exchangesim.Options{})
	subscriptions, box := l.s.Subscriptions(), l.s.box(t, l.m)
	subscriptions.Lifecycle(box, exchangesim.Missed)
	l.dirty(l.m)
	if made, renewed := subscriptions.Made(), subscriptions.Renewed(); made != 1 || renewed != 0 {
		t.Errorf("missed: %d made, %d renewed, want the first alone", made, renewed)
	}
	subscriptions.Lifecycle(box, exchangesim.ReauthorizationRequired)
	l.watched(l.m)
	if made, renewed := subscriptions.Made(), subscriptions.Renewed(); made != 1 || renewed != 1 {
		t.Errorf("to be authorized: %d made, %d renewed, want one renewal", made, renewed)
	}
	subscriptions.Lifecycle(box, exchangesim.SubscriptionRemoved)
	l.dirty(l.m)
	l.watched(l.m)
	if made, renewed := subscriptions.Made(), subscriptions.Renewed(); made != 2 || renewed != 1 {
		t.Errorf("removed: %d made, %d renewed, want another", made, renewed)
	}
}

// A gateway that was down until its subscription had ended subscribes anew, and hints at
// the mailbox, because nobody told what happened meanwhile (H4).
func TestH4DownForDays(t *testing.T) {
	l := listenTo(t, exchangesim.Options{})
	stored := l.stored(l.m)
	if err := l.stop(); err == nil {
		t.Error("a watch that was stopped ends without an error")
	}
	l.s.Subscriptions().Forget(l.s.box(t, l.m))
	l.change()
	stored.State = aged(t, stored.State, 10*24*time.Hour)
	l.watch(l.account, stored)
	l.dirty(l.m)
	l.watched(l.m)
	if made := l.s.Subscriptions().Made(); made != 2 {
		t.Errorf("%d subscriptions were made, want another one", made)
	}
	l.change()
	l.dirty(l.m)
}

// aged is a stored state as it looks when so much time has passed.
func aged(t *testing.T, state []byte, by time.Duration) []byte {
	t.Helper()
	var members map[string]any
	if err := json.Unmarshal(state, &members); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"made", "expires"} {
		at, err := time.Parse(time.RFC3339Nano, members[name].(string))
		if err != nil {
			t.Fatal(err)
		}
		members[name] = at.Add(-by)
	}
	data, err := json.Marshal(members)
	if err != nil {
		t.Fatal(err)
	}
	return data
}

// The validation is answered at once, before anything else is known of the account: with
// the token as plain text and nothing more (H5).
func TestH5Validation(t *testing.T) {
	s := newSim(t, exchangesim.Options{})
	token := "Validation: Testing <b>client</b> & more"
	answer, err := sdk.Deliver(t.Context(), s.open(t), sdk.DeliverRequest{
		Method: http.MethodPost, Target: "?validationToken=" + url.QueryEscape(token),
		Header: http.Header{"Content-Type": {"text/plain; charset=utf-8"}},
	})
	if err != nil || answer.Status != http.StatusOK || string(answer.Body) != token || len(answer.Dirty) != 0 {
		t.Errorf("answer = %+v, %v, want the token", answer, err)
	}
	if kind := answer.Header.Get("Content-Type"); kind != "text/plain" && kind != "text/plain; charset=utf-8" {
		t.Errorf("answered as %q", kind)
	}
	if n := count(s, "Token").Requests; n != 0 {
		t.Errorf("%d sign-ins for a validation", n)
	}
}

// A notification that does not know the secret is answered like any other, and hints at
// nothing; the real ones still do (H6).
func TestH6Forged(t *testing.T) {
	l := listenTo(t, exchangesim.Options{})
	for _, guess := range []string{"", "guessed"} {
		forged, err := json.Marshal(map[string]any{"value": []any{l.s.Subscriptions().Forge(l.s.box(t, l.m), guess)}})
		if err != nil {
			t.Fatal(err)
		}
		answer, err := sdk.Deliver(t.Context(), l.account, sdk.DeliverRequest{
			Method: http.MethodPost, Header: http.Header{"Content-Type": {"application/json"}}, Body: bytes.Clone(forged),
		})
		if err != nil || answer.Status != http.StatusAccepted || len(answer.Dirty) != 0 {
			t.Errorf("answer = %+v, %v, want 202 and no hint", answer, err)
		}
	}
	l.change()
	l.dirty(l.m)
}

// A notification that comes while the mailbox is being read is neither lost nor held up:
// the hint arrives during the call, and the next read has the change (H7).
func TestH7DuringARead(t *testing.T) {
	l := listenTo(t, exchangesim.Options{})
	err := l.account.Read(t.Context(), []sdk.ReadRequest{wanted(l.m, l.cursor)}, func(p sdk.ReadPage) error {
		l.change()
		l.dirty(l.m)
		l.cursor = p.Complete.Cursor
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if n := l.read(); n != 1 {
		t.Errorf("the next read has %d changes, want the one", n)
	}
}
