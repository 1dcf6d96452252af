package sdktest

import (
	"slices"
	"testing"

	"github.com/trainercal/trainercal/sdk"
	"github.com/trainercal/trainercal/sdk/calendar"
)

// Feature is something a calendar may be unable to do.
type Feature string

// The features that cases need.
const (
	// Write: items can be created, updated and deleted through the backend.
	Write Feature = "write"
	// Verify can check mailboxes.
	Verify Feature = "verify"
	// Edit: the subject can change and remove the trainer's items.
	Edit Feature = "edit"
	// Recurrence, AllDay, Private and ShowAs: the calendar has recurring, whole-day
	// and private items, and tells free from busy.
	Recurrence Feature = "recurrence"
	AllDay     Feature = "all-day"
	Private    Feature = "private"
	ShowAs     Feature = "show-as"
	// Outbox: the subject can tell what was mailed.
	Outbox Feature = "outbox"
	// Watch: mailboxes can be watched. A backend that does not announce the capability
	// need not state it.
	Watch Feature = "watch"
)

// Subject is a backend under test.
type Subject struct {
	// New makes a world for one case. It cleans up with t.Cleanup.
	New func(t testing.TB) World
	// Cannot states the features that the calendar lacks, each with its reason. Cases
	// that need one are skipped, and its hooks may be nil.
	Cannot map[Feature]string
}

// World is a calendar server of one case's own.
type World struct {
	Backend sdk.Backend
	// Account is an account that works.
	Account sdk.OpenRequest
	// Refused are accounts that Open must refuse.
	Refused []Refused
	// Mailbox makes an empty mailbox of a trainer in the zone.
	Mailbox func(t testing.TB, zone string) sdk.Mailbox
	// Unknown is a mailbox that does not exist.
	Unknown sdk.Mailbox

	// Add puts an item into the calendar as the trainer does, and returns a name by
	// which Change and Remove know it.
	Add func(t testing.TB, mailbox sdk.Mailbox, e Entry) string
	// Change gives the item another content. It is used for single items.
	Change func(t testing.TB, mailbox sdk.Mailbox, name string, e Entry)
	// Remove deletes the item, a series as a whole.
	Remove func(t testing.TB, mailbox sdk.Mailbox, name string)
	// Outbox returns a line for everything that was mailed to anybody.
	Outbox func(t testing.TB) []string
	// Subscribed is how often the backend has asked the server to watch a mailbox so far.
	Subscribed func(t testing.TB) int
}

// Refused is an account that Open must refuse.
type Refused struct {
	// Name tells what is wrong, for test output.
	Name    string
	Account sdk.OpenRequest
	// Path is the setting that a diagnostic must name; empty for the block.
	Path []string
}

// Entry is an item as a trainer makes it.
type Entry struct {
	Subject, Location, Body string
	// When has a TimeZone, and with Weekly it is the first occurrence.
	When        calendar.When
	ShowAs      calendar.ShowAs
	Sensitivity calendar.Sensitivity
	// Weekly makes a series of that many occurrences, each a week of wall time in
	// When.TimeZone after the one before; 0 for a single item.
	Weekly int
	// Deleted are the numbers, from 0, of occurrences that were deleted.
	Deleted []int
	// Moved are occurrences that were moved.
	Moved map[int]calendar.When
}

// Run tests the subject: every case, in process and over gRPC.
func Run(t *testing.T, s Subject) {
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			for _, need := range c.needs {
				if reason, cannot := s.Cannot[need]; cannot {
					t.Skipf("the calendar has no %s: %s", need, reason)
				}
			}
			t.Run("in process", func(t *testing.T) { c.on(t, open(t, s, false)) })
			t.Run("over gRPC", func(t *testing.T) { c.on(t, open(t, s, true)) })
		})
	}
}

// testCase is one case of the suite.
type testCase struct {
	name  string
	needs []Feature
	run   func(t testing.TB, w *world)
}

// on runs the case in a world, unless it needs a capability that is not announced.
func (c testCase) on(t testing.TB, w *world) {
	if slices.Contains(c.needs, Watch) && !w.announces(sdk.CapabilityWatch) {
		t.Skip("the backend does not watch mailboxes")
	}
	c.run(t, w)
}

// open makes the world of a case and opens its account.
func open(t testing.TB, s Subject, overGRPC bool) *world {
	t.Helper()
	w := &world{World: s.New(t), patience: patience}
	w.require(t, s.Cannot)
	if overGRPC {
		w.Backend = OverGRPC(t, w.Backend)
	}
	account, err := w.Backend.Open(t.Context(), w.World.Account)
	if err != nil {
		t.Fatalf("open the account that works: %v", err)
	}
	t.Cleanup(func() {
		if err := account.Close(); err != nil {
			t.Errorf("close the account: %v", err)
		}
	})
	w.account = account
	return w
}

// require fails when a hook is missing whose lack is not stated.
func (w *World) require(t testing.TB, cannot map[Feature]string) {
	t.Helper()
	for _, hook := range []struct {
		name    string
		missing bool
		feature Feature
	}{
		{"Backend", w.Backend == nil, ""},
		{"Mailbox", w.Mailbox == nil, ""},
		{"Add", w.Add == nil, ""},
		{"Change", w.Change == nil, Edit},
		{"Remove", w.Remove == nil, Edit},
		{"Outbox", w.Outbox == nil, Outbox},
		{"Subscribed", w.Subscribed == nil && slices.Contains(w.Backend.Describe().Capabilities, sdk.CapabilityWatch), Watch},
	} {
		if _, stated := cannot[hook.feature]; hook.missing && !stated {
			t.Fatalf("the subject has no %s, and does not state that it cannot", hook.name)
		}
	}
}
