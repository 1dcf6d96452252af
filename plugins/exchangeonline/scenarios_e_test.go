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

// A weekly series that began long ago keeps its wall time across the clock change;
// one occurrence deleted is just gone, one moved is there once (D2, E1, E2, E4).
func TestD2E1E2E4Series(t *testing.T) {
	s := newSim(t, exchangesim.Options{})
	m := s.mailbox(t, "Europe/London")
	weekly := entry("Team call", calendar.When{
		Start: time.Date(2027, 1, 4, 9, 0, 0, 0, time.UTC), End: time.Date(2027, 1, 4, 10, 0, 0, 0, time.UTC), TimeZone: "Europe/London",
	})
	weekly.Weekly = 20
	box := s.box(t, m)
	id := add(t, box, m, weekly)
	a := s.open(t)
	page := readOne(t, a, m, nil)
	want := []string{"Team call 03-15T09:00", "Team call 03-22T09:00", "Team call 03-29T08:00", "Team call 04-05T08:00", "Team call 04-12T08:00"}
	if diff := cmp.Diff(want, starts(page), sortStrings); diff != "" {
		t.Errorf("first read: %s", diff)
	}
	occurrence := func(month time.Month, day int) world.Ref {
		return world.Ref{Item: id, Occurrence: world.Date{Year: 2027, Month: month, Day: day}}
	}
	if err := box.Delete(occurrence(3, 22), world.Gone, world.Write{}); err != nil {
		t.Fatal(err)
	}
	if _, err := box.Update(occurrence(4, 5), world.Write{}, func(o *world.Appointment) error {
		o.Start, o.End = o.Start.Add(26*time.Hour), o.End.Add(26*time.Hour)
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	next := readOne(t, a, m, page.Complete.Cursor)
	want = []string{"Team call 03-15T09:00", "Team call 03-29T08:00", "Team call 04-06T10:00", "Team call 04-12T08:00"}
	if diff := cmp.Diff(want, starts(next), sortStrings); diff != "" || next.Complete.Full {
		t.Errorf("second read, full = %v: %s", next.Complete.Full, diff)
	}
	if !hasSeries(next) {
		t.Error("the series is not replaced as a whole")
	}
	if err := box.Delete(world.Ref{Item: id}, world.ToDeletedItems, world.Write{}); err != nil {
		t.Fatal(err)
	}
	last := readOne(t, a, m, next.Complete.Cursor)
	if len(last.Changes) != 1 || last.Changes[0].Remove == "" {
		t.Errorf("third read = %+v, want the series removed", last.Changes)
	}
}

func hasSeries(p sdk.ReadPage) bool {
	for _, c := range p.Changes {
		if c.ReplaceSeries != nil {
			return true
		}
	}
	return false
}
