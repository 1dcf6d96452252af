package sdktest

import (
	"errors"
	"slices"
	"testing"

	"github.com/trainercal/trainercal/sdk"
)

var watchCases = []testCase{
	{"a change leads to a hint", []Feature{Watch}, changesAreHintedAt},
	{"changes and deletions lead to hints", []Feature{Watch, Edit}, editsAreHintedAt},
	{"a stored state takes the watch up again", []Feature{Watch}, statesResume},
	{"an unknown state leads to a new watch", []Feature{Watch}, unknownStatesAreReplaced},
	{"a mailbox that cannot be watched fails alone", []Feature{Watch}, badMailboxIsNotWatched},
	{"two watches run side by side", []Feature{Watch}, watchesRunTogether},
	{"an error of the receiver ends the watch", []Feature{Watch}, receiverEndsWatch},
}

// announces reports whether the backend has a capability.
func (w *world) announces(capability string) bool {
	return slices.Contains(w.Backend.Describe().Capabilities, capability)
}

// pull-9: a change leads to a hint at its mailbox, and at no other.
func changesAreHintedAt(t testing.TB, w *world) {
	one, other := w.mailbox(t), w.mailbox(t)
	r := w.watch(t, sdk.WatchMailbox{Mailbox: one}, sdk.WatchMailbox{Mailbox: other})
	r.watched(one, other)
	before := r.count(other)
	r.hinted(one, func() { w.Add(t, one, lunch()) })
	if r.count(other) != before {
		t.Error("a hint at a mailbox that did not change")
	}
	r.hinted(other, func() { w.Add(t, other, lunch()) })
	r.stop()
}

func editsAreHintedAt(t testing.TB, w *world) {
	m := w.mailbox(t)
	name := w.Add(t, m, lunch())
	r := w.watch(t, sdk.WatchMailbox{Mailbox: m})
	r.watched(m)
	moved := lunch()
	moved.When = hours(0, 5, 1)
	r.hinted(m, func() { w.Change(t, m, name, moved) })
	r.hinted(m, func() { w.Remove(t, m, name) })
	r.stop()
}

// A host that starts again subscribes nothing anew.
func statesResume(t testing.TB, w *world) {
	one, other := w.mailbox(t), w.mailbox(t)
	r := w.watch(t, sdk.WatchMailbox{Mailbox: one}, sdk.WatchMailbox{Mailbox: other})
	boxes := []sdk.WatchMailbox{{Mailbox: one, State: r.watched(one, other)}, {Mailbox: other, State: r.watched(other)}}
	r.stop()
	subscribed := w.Subscribed(t)
	if subscribed == 0 {
		t.Fatal("the subject counts no subscriptions")
	}
	r = w.watch(t, boxes...)
	r.watched(one, other)
	if again := w.Subscribed(t); again != subscribed {
		t.Errorf("%d subscriptions were made anew for stored states", again-subscribed)
	}
	r.hinted(one, func() { w.Add(t, one, lunch()) })
	r.hinted(other, func() { w.Add(t, other, lunch()) })
	r.stop()
}

func unknownStatesAreReplaced(t testing.TB, w *world) {
	m := w.mailbox(t)
	unknown := []byte("a state of another service")
	r := w.watch(t, sdk.WatchMailbox{Mailbox: m, State: unknown})
	if state := r.watched(m); slices.Equal(state, unknown) {
		t.Error("the unknown state was kept")
	}
	r.hinted(m, func() { w.Add(t, m, lunch()) })
	r.stop()
}

func badMailboxIsNotWatched(t testing.TB, w *world) {
	m := w.mailbox(t)
	r := w.watch(t, sdk.WatchMailbox{Mailbox: w.Unknown}, sdk.WatchMailbox{Mailbox: m})
	r.watched(m)
	r.until("the failure of the unknown mailbox", func() bool { return r.failures[w.Unknown.Address] != nil })
	if err := r.failures[w.Unknown.Address]; err.Code.Fault() != sdk.FaultMailbox {
		t.Errorf("the unknown mailbox fails with %q, which is not the mailbox's fault", err.Code)
	}
	r.hinted(m, func() { w.Add(t, m, lunch()) })
	r.stop()
}

func watchesRunTogether(t testing.TB, w *world) {
	one, other := w.mailbox(t), w.mailbox(t)
	first := w.watch(t, sdk.WatchMailbox{Mailbox: one})
	second := w.watch(t, sdk.WatchMailbox{Mailbox: other})
	first.watched(one)
	second.watched(other)
	first.stop()
	second.hinted(other, func() { w.Add(t, other, lunch()) })
	second.stop()
}

func receiverEndsWatch(t testing.TB, w *world) {
	m := w.mailbox(t)
	enough := errors.New("the receiver has enough")
	req := sdk.WatchRequest{NotificationURL: w.listen(t), Mailboxes: []sdk.WatchMailbox{{Mailbox: m}}}
	err := sdk.Watch(t.Context(), w.account, req, func(sdk.WatchEvent) error { return enough })
	if !errors.Is(err, enough) {
		t.Errorf("the watch ended with %v, want the receiver's error", err)
	}
}
