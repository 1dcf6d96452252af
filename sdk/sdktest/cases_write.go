package sdktest

import (
	"errors"
	"testing"

	"github.com/trainercal/trainercal/sdk"
	"github.com/trainercal/trainercal/sdk/calendar"
)

var writeCases = []testCase{
	{"created items are found by their marker", []Feature{Write}, createAndFind},
	{"a repeated create makes no second item", []Feature{Write}, createAgain},
	{"an update leaves the whole content", []Feature{Write}, updateContent},
	{"an update of another version conflicts", []Feature{Write}, updateConflict},
	{"an update of an item that is gone says so", []Feature{Write}, updateGone},
	{"a delete of an item that is gone succeeds", []Feature{Write}, deleteGone},
	{"whole days are written by date", []Feature{Write, AllDay}, writeAllDay},
	{"nobody is mailed", []Feature{Write, Outbox}, nobodyMailed},
}

// sameContent compares what the contract promises to keep.
func sameContent(t testing.TB, got, want calendar.Appointment) {
	t.Helper()
	if got.Subject != want.Subject {
		t.Errorf("subject %q, want %q", got.Subject, want.Subject)
	}
	if got.Location != want.Location {
		t.Errorf("location %q, want %q", got.Location, want.Location)
	}
	if !got.When.SameTime(want.When) {
		t.Errorf("time %s, want %s", describeWhen(got.When), describeWhen(want.When))
	}
	if got.ShowAs != want.ShowAs {
		t.Errorf("shown as %s, want %s", got.ShowAs, want.ShowAs)
	}
}

// one returns the single item that Find finds.
func (w *world) one(t testing.TB, m sdk.Mailbox) calendar.Item {
	t.Helper()
	items := w.find(t, m)
	if len(items) != 1 {
		t.Fatalf("find: %d items, want 1", len(items))
	}
	return items[0]
}

// content returns an own item as Get tells it.
func (w *world) content(t testing.TB, m sdk.Mailbox, id calendar.ItemID) calendar.Item {
	t.Helper()
	items, _ := w.get(t, sdk.GetRequest{
		Mailbox: m, IDs: []calendar.ItemID{id}, Detail: sdk.DetailFull, Own: []calendar.ItemID{id},
	})
	if len(items) != 1 {
		t.Fatal("get: an item that was just written is missing")
	}
	return items[0]
}

// B2, B3: the marker is enough to find an item again.
func createAndFind(t testing.TB, w *world) {
	m := w.mailbox(t)
	w.Add(t, m, lunch()) // a native item, never to be found
	op := w.create(course())
	r := w.wrote(t, m, op)
	found := w.one(t, m)
	if *found.Marker != op.Marker {
		t.Errorf("marker %v, want %v", *found.Marker, op.Marker)
	}
	if found.ID != r.ItemID {
		t.Errorf("Find calls the item %q, the write %q", found.ID, r.ItemID)
	}
	sameContent(t, w.content(t, m, r.ItemID).Appointment, op.Appointment)
	s, _ := w.full(t, withOwn(readRequest(m), r.ItemID))
	if _, seen := s[r.ItemID]; !seen {
		t.Error("a read does not report the item by the id that the write gave")
	}
}

func withOwn(r sdk.ReadRequest, ids ...calendar.ItemID) sdk.ReadRequest {
	r.Own = ids
	return r
}

// B1, push-10: the answer to a create was lost, and it is sent again.
func createAgain(t testing.TB, w *world) {
	m := w.mailbox(t)
	op := w.create(course())
	first := w.wrote(t, m, op)
	op.MaybeDone = true
	second := w.wrote(t, m, op)
	if first.ItemID != second.ItemID {
		t.Errorf("the repetition names another item")
	}
	w.one(t, m)
	other := w.create(course()) // another course at the same time is another item
	other.MaybeDone = true
	w.wrote(t, m, other)
	if n := len(w.find(t, m)); n != 2 {
		t.Errorf("%d items of two keys, want 2", n)
	}
}

func updateContent(t testing.TB, w *world) {
	m := w.mailbox(t)
	op := w.create(course())
	r := w.wrote(t, m, op)
	base := course()
	update := sdk.Operation{ID: "update", Kind: sdk.Update, Marker: op.Marker, ItemID: r.ItemID, Version: r.Version, Base: &base}
	update.Appointment = calendar.Appointment{ // no location, no body: both are to be empty
		Subject: "Cancelled: Training: Go for Gardeners", When: hours(2, 1, 2),
		ShowAs: calendar.ShowAsFree, Sensitivity: calendar.SensitivityNormal,
	}
	updated := w.wrote(t, m, update)
	if updated.Version == r.Version {
		t.Error("the version did not change with the item")
	}
	got := w.content(t, m, updated.ItemID)
	sameContent(t, got.Appointment, update.Appointment)
	if got.Body != "" {
		t.Errorf("a body of %d bytes is left, want none", len(got.Body))
	}
	if found := w.one(t, m); *found.Marker != op.Marker {
		t.Error("the marker did not survive the update")
	}
	w.nobodyMailed(t)
}

func updateConflict(t testing.TB, w *world) {
	m := w.mailbox(t)
	op := w.create(course())
	r := w.wrote(t, m, op)
	first, second := course(), course()
	first.Subject, second.Subject = "Training: First", "Training: Second"
	w.wrote(t, m, sdk.Operation{ID: "1", Kind: sdk.Update, Marker: op.Marker, ItemID: r.ItemID, Version: r.Version, Appointment: first})
	stale := w.write(t, m, sdk.Operation{ID: "2", Kind: sdk.Update, Marker: op.Marker, ItemID: r.ItemID, Version: r.Version, Appointment: second})
	if stale.Err == nil || !errors.Is(stale.Err, sdk.ErrConflict) {
		t.Errorf("an update of a stale version: %v, want ErrConflict", stale.Err)
	}
	if got := w.content(t, m, r.ItemID).Subject; got != first.Subject {
		t.Errorf("subject %q, want that of the update that succeeded", got)
	}
	w.wrote(t, m, sdk.Operation{ID: "3", Kind: sdk.Update, Marker: op.Marker, ItemID: r.ItemID, Appointment: second})
	if got := w.content(t, m, r.ItemID).Subject; got != second.Subject {
		t.Errorf("an update without a version left the subject %q", got)
	}
}

func updateGone(t testing.TB, w *world) {
	m := w.mailbox(t)
	op := w.create(course())
	r := w.wrote(t, m, op)
	w.wrote(t, m, sdk.Operation{ID: "delete", Kind: sdk.Delete, ItemID: r.ItemID})
	gone := w.write(t, m, sdk.Operation{ID: "update", Kind: sdk.Update, Marker: op.Marker, ItemID: r.ItemID, Appointment: course()})
	if gone.Err == nil || !errors.Is(gone.Err, sdk.ErrItemNotFound) {
		t.Errorf("an update of a deleted item: %v, want ErrItemNotFound", gone.Err)
	}
	if n := len(w.find(t, m)); n != 0 {
		t.Errorf("%d items after the update of a deleted one", n)
	}
}

func deleteGone(t testing.TB, w *world) {
	m := w.mailbox(t)
	w.Add(t, m, lunch())
	r := w.wrote(t, m, w.create(course()))
	w.wrote(t, m, sdk.Operation{ID: "1", Kind: sdk.Delete, ItemID: r.ItemID, Version: r.Version})
	w.wrote(t, m, sdk.Operation{ID: "2", Kind: sdk.Delete, ItemID: r.ItemID, Version: r.Version})
	s, _ := w.full(t, readRequest(m))
	if len(s) != 1 {
		t.Errorf("%d items, want the trainer's alone", len(s))
	}
	s.at(t, lunch().When)
}

// D4, D6.
func writeAllDay(t testing.TB, w *world) {
	for _, zone := range []string{home, "Pacific/Auckland", "America/Los_Angeles"} {
		m := w.Mailbox(t, zone)
		a := course()
		first := calendar.Date{Year: 2027, Month: 3, Day: 22}
		a.When = calendar.When{AllDay: true, FirstDay: first, EndDay: first.AddDays(2), TimeZone: zone}
		r := w.wrote(t, m, w.create(a))
		sameContent(t, w.content(t, m, r.ItemID).Appointment, a)
	}
}

// push-11.
func nobodyMailed(t testing.TB, w *world) {
	m := w.mailbox(t)
	op := w.create(course())
	r := w.wrote(t, m, op)
	moved := course()
	moved.When = hours(3, 0, 8)
	r = w.wrote(t, m, sdk.Operation{ID: "update", Kind: sdk.Update, Marker: op.Marker, ItemID: r.ItemID, Version: r.Version, Appointment: moved})
	w.wrote(t, m, sdk.Operation{ID: "delete", Kind: sdk.Delete, ItemID: r.ItemID, Version: r.Version})
	w.nobodyMailed(t)
}
