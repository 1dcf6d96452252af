package exchangeonline_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

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

// What ends exactly where the window begins, or begins where it ends, is not in it, in
// whatever zone it was made and whether for a span of time or a whole day (F1).
func TestF1EdgesOfTheWindow(t *testing.T) {
	for _, zone := range []string{"Europe/London", "Pacific/Auckland", "America/Los_Angeles"} {
		t.Run(zone, func(t *testing.T) {
			s := newSim(t, exchangesim.Options{})
			m := s.mailbox(t, "Europe/London")
			box := s.box(t, m)
			loc := zoned(t, zone, 2027, 1, 1, 0, 0).Location()
			for subject, start := range map[string]time.Time{
				"ends at the start": march.Start.Add(-time.Hour), "begins at the start": march.Start,
				"ends at the end": march.End.Add(-time.Hour), "begins at the end": march.End,
			} {
				put(t, box, world.Appointment{Subject: subject, Start: start.In(loc), End: start.Add(time.Hour).In(loc)})
			}
			before := world.DateOf(march.Start).AddDays(-1).At(time.Time{}, loc)
			put(t, box, world.Appointment{Subject: "the day before", AllDay: true, Start: before, End: before.AddDate(0, 0, 1)})
			want := []string{"03-14T00:00 begins at the start", "04-13T23:00 ends at the end"}
			if diff := cmp.Diff(want, (diary{}).apply(readOne(t, s.open(t), m, nil)).entries()); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// A window that moved on shows what came into it by the passing of time alone (F2).
func TestF2WindowSlides(t *testing.T) {
	s := newSim(t, exchangesim.Options{})
	m := s.mailbox(t, "Europe/London")
	box, a := s.box(t, m), s.open(t)
	add(t, box, m, entry("Dentist", hours(15, 9, 10)))
	later := entry("Later", hours(15, 9, 10))
	later.When.Start, later.When.End = march.End.Add(time.Hour), march.End.Add(2*time.Hour)
	add(t, box, m, later)
	cursor := readOne(t, a, m, nil).Complete.Cursor
	next := wanted(m, cursor)
	next.Window = calendar.Window{Start: march.Start.AddDate(0, 0, 1), End: march.End.AddDate(0, 0, 1)}
	page := read(t, a, next)[m.Address]
	if !page.Complete.Full || !page.Complete.Covered.Equal(next.Window) {
		t.Errorf("full = %v of %v, want a full read of the new window", page.Complete.Full, page.Complete.Covered)
	}
	if diff := cmp.Diff([]string{"03-15T09:00 Dentist", "04-14T01:00 Later"}, (diary{}).apply(page).entries()); diff != "" {
		t.Error(diff)
	}
}

// A row that says of an id only that it is gone may be a series: everything that
// belongs to it goes (F7).
func TestF7SeriesGone(t *testing.T) {
	s := newSim(t, exchangesim.Options{})
	m := s.mailbox(t, "Europe/London")
	box, a := s.box(t, m), s.open(t)
	series := put(t, box, teamCall(t))
	add(t, box, m, entry("Dentist", hours(15, 9, 10)))
	page := readOne(t, a, m, nil)
	d := diary{}.apply(page)
	discard(t, box, world.Ref{Item: series})
	if diff := cmp.Diff([]string{"03-15T09:00 Dentist"}, d.apply(readOne(t, a, m, page.Complete.Cursor)).entries()); diff != "" {
		t.Error(diff)
	}
}
