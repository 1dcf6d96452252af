package exchangeonline_test

import (
	"testing"

	"github.com/trainercal/trainercal/plugins/exchangesim"
	"github.com/trainercal/trainercal/plugins/exchangesim/world"
	"github.com/trainercal/trainercal/sdk"
	"github.com/trainercal/trainercal/sdk/calendar"
)

// An event made outside the window is reported as removed, which is no harm (F4); one
// that leaves the window is gone from it, and still there for Get.
func TestF4OutsideTheWindow(t *testing.T) {
	s := newSim(t, exchangesim.Options{})
	m := s.mailbox(t, "Europe/London")
	box := s.box(t, m)
	id := add(t, box, m, entry("Dentist", hours(15, 9, 10)))
	a := s.open(t)
	page := readOne(t, a, m, nil)
	known := page.Changes[0].Upsert.ID
	far := entry("Far away", hours(15, 9, 10))
	far.When.Start, far.When.End = far.When.Start.AddDate(1, 0, 0), far.When.End.AddDate(1, 0, 0)
	add(t, box, m, far)
	if _, err := box.Update(world.Ref{Item: id}, world.Write{}, func(w *world.Appointment) error {
		w.Start, w.End = w.Start.AddDate(1, 0, 0), w.End.AddDate(1, 0, 0)
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	next := readOne(t, a, m, page.Complete.Cursor)
	removed := map[calendar.ItemID]bool{}
	for _, c := range next.Changes {
		if c.Remove == "" {
			t.Errorf("change = %+v, want removals only", c)
		}
		removed[c.Remove] = true
	}
	if len(removed) != 2 || !removed[known] {
		t.Errorf("removed = %v, want %s and one that nobody knows", removed, known)
	}
	got := sdk.GetPage{}
	if err := a.Get(t.Context(), []sdk.GetRequest{{Mailbox: m, IDs: []calendar.ItemID{known}, Detail: sdk.DetailFull}}, func(p sdk.GetPage) error {
		got = p
		return nil
	}); err != nil || len(got.Items) != 1 {
		t.Errorf("Get = %+v, %v, want the item that moved", got, err)
	}
}

// A cursor that the server forgot leads to a full read, which says so (F5).
func TestF5ExpiredCursor(t *testing.T) {
	s := newSim(t, exchangesim.Options{Generations: 3})
	m := s.mailbox(t, "Europe/London")
	add(t, s.box(t, m), m, entry("Dentist", hours(15, 9, 10)))
	a := s.open(t)
	old := readOne(t, a, m, nil).Complete.Cursor
	cursor := old
	for range 3 {
		cursor = readOne(t, a, m, cursor).Complete.Cursor
	}
	page := readOne(t, a, m, old)
	if !page.Complete.Full || len(page.Changes) != 1 {
		t.Errorf("an old cursor: full = %v, %v, want a full read", page.Complete.Full, starts(page))
	}
	s.box(t, m).ExpirePositions()
	if page := readOne(t, a, m, page.Complete.Cursor); !page.Complete.Full || len(page.Changes) != 1 {
		t.Errorf("an expired cursor: full = %v, %v, want a full read", page.Complete.Full, starts(page))
	}
}
