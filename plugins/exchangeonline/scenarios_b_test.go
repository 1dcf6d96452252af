package exchangeonline_test

import (
	"errors"
	"slices"
	"testing"
	"time"

	"github.com/trainercal/trainercal/plugins/exchangesim"
	"github.com/trainercal/trainercal/plugins/exchangesim/world"
	"github.com/trainercal/trainercal/sdk"
	"github.com/trainercal/trainercal/sdk/calendar"
)

// A create whose answer is lost, in whatever way, leaves one item (B1, push-10).
func TestB1LostCreate(t *testing.T) {
	for name, f := range map[string]exchangesim.Fault{
		"answer lost":         {Kind: "CreateEvent", Mode: exchangesim.FaultLost, Times: 1},
		"answer cut off":      {Kind: "CreateEvent", Mode: exchangesim.FaultCut, Times: 1},
		"batch answered late": {Kind: "CreateEvent", Mode: exchangesim.FaultStatus, Status: 504, Times: 1},
	} {
		t.Run(name, func(t *testing.T) {
			s := newSim(t, exchangesim.Options{})
			m := s.mailbox(t, "Europe/London")
			fault(t, s, f)
			a := s.open(t)
			if r := write(t, a, m, course(1))["course-1"]; r.Err != nil {
				t.Fatal(r.Err)
			}
			again := course(1)
			again.MaybeDone = true
			again.Appointment.Subject = "Training: Forklift advanced"
			if r := write(t, a, m, again)["course-1"]; r.Err != nil {
				t.Fatal(r.Err)
			}
			items := s.box(t, m).Items(world.Calendar)
			if len(items) != 1 || items[0].Subject != again.Appointment.Subject {
				t.Errorf("the calendar has %d items, want one with the new title", len(items))
			}
		})
	}
}

// The search before a create may be late to see the item: then the server's own
// memory of the transaction leads to it (B1).
func TestB1TransactionRemembered(t *testing.T) {
	s := newSim(t, exchangesim.Options{})
	m := s.mailbox(t, "Europe/London")
	a := s.open(t)
	write(t, a, m, course(1))
	changed := course(1)
	changed.Appointment.Subject = "Training: Forklift advanced"
	r := write(t, a, m, changed)["course-1"]
	if items := s.box(t, m).Items(world.Calendar); r.Err != nil || len(items) != 1 || items[0].Subject != changed.Appointment.Subject {
		t.Errorf("result = %+v, %d items, want the one brought up to date", r, len(items))
	}
}

// A create whose answer was lost, and which is then refused, may have been carried out:
// that is what the error says, whoever refuses (B1).
func TestB1LostThenRefused(t *testing.T) {
	refused := exchangesim.Fault{Kind: "CreateEvent", Mode: exchangesim.FaultStatus, Status: 403}
	// A batch is met before its items: the first one passes, and loses its answer.
	for name, then := range map[string][]exchangesim.Fault{
		"the item":                  {refused},
		"the batch":                 {{Kind: "Batch", Mode: exchangesim.FaultStatus, Status: 403, Skip: 1}},
		"the item, signed in again": {{Kind: "Batch", Mode: exchangesim.FaultStatus, Status: 401, Skip: 1, Times: 1}, refused},
	} {
		t.Run(name, func(t *testing.T) {
			s := newSim(t, exchangesim.Options{})
			m := s.mailbox(t, "Europe/London")
			fault(t, s, exchangesim.Fault{Kind: "CreateEvent", Mode: exchangesim.FaultLost, Times: 1})
			for _, f := range then {
				fault(t, s, f)
			}
			err := write(t, s.open(t), m, course(1))["course-1"].Err
			if n := len(marked(s.box(t, m))); n != 1 || !errors.Is(err, sdk.ErrOutcomeUnknown) {
				t.Errorf("%d items and %v, want one and an unknown outcome", n, err)
			}
		})
	}
}

// Rows that come twice are one item (B4).
func TestB4RepeatedRows(t *testing.T) {
	s := newSim(t, exchangesim.Options{})
	m := s.mailbox(t, "Europe/London")
	box := s.box(t, m)
	add(t, box, m, entry("Dentist", hours(15, 9, 10)))
	put(t, box, teamCall(t))
	fault(t, s, exchangesim.Fault{Kind: "Delta", Mode: exchangesim.FaultRepeat})
	page := readOne(t, s.open(t), m, nil)
	if n := len(starts(page)); n != 6 {
		t.Errorf("%d items are reported, want 6: %v", n, starts(page))
	}
}

// The same meeting in two mailboxes is two items, each of its own mailbox, and the
// occurrences of a series, which have one UID, are items of their own whose ids outlive
// a move (B8, B9).
func TestB8B9SharedUID(t *testing.T) {
	s := newSim(t, exchangesim.Options{})
	ana, ben := s.mailbox(t, "Europe/London"), s.mailbox(t, "Europe/London")
	meeting := teamCall(t)
	meeting.UID = "040000008200E00074C5B7101A82E008FEEDFEEDFEEDFEED"
	a, cursors, series := s.open(t), map[string][]byte{}, map[string]world.ItemID{}
	diaries := map[string]diary{ana.Address: {}, ben.Address: {}}
	for _, m := range []sdk.Mailbox{ana, ben} {
		series[m.Address] = put(t, s.box(t, m), meeting)
	}
	for address, p := range read(t, a, wanted(ana, nil), wanted(ben, nil)) {
		cursors[address] = p.Complete.Cursor
		if n := len(diaries[address].apply(p)); n != 5 {
			t.Errorf("%s has %d occurrences, want 5", address, n)
		}
	}
	before := idsAt(diaries[ana.Address], 3, 22)
	edit(t, s.box(t, ana), on(series[ana.Address], 3, 22), func(o *world.Appointment) {
		o.Start, o.End = o.Start.Add(24*time.Hour), o.End.Add(24*time.Hour)
	})
	for address, p := range read(t, a, wanted(ana, cursors[ana.Address]), wanted(ben, cursors[ben.Address])) {
		diaries[address].apply(p)
	}
	if after := idsAt(diaries[ana.Address], 3, 23); len(before) != 1 || !slices.Equal(before, after) {
		t.Errorf("the moved occurrence was %v and is %v, want the same item", before, after)
	}
	if len(idsAt(diaries[ana.Address], 3, 22)) != 0 || len(idsAt(diaries[ben.Address], 3, 22)) != 1 {
		t.Error("one trainer's move is not that trainer's alone")
	}
}

// idsAt are the ids of what begins on a day.
func idsAt(d diary, month time.Month, day int) (ids []calendar.ItemID) {
	for id, i := range d {
		if _, m, n := i.When.Start.Date(); m == month && n == day {
			ids = append(ids, id)
		}
	}
	return ids
}
