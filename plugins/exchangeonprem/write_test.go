package exchangeonprem_test

import (
	"errors"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/trainercal/trainercal/plugins/exchangesim"
	"github.com/trainercal/trainercal/plugins/exchangesim/simtest"
	"github.com/trainercal/trainercal/plugins/exchangesim/world"
	"github.com/trainercal/trainercal/sdk"
	"github.com/trainercal/trainercal/sdk/calendar"
)

// C5, K2: what was written reads back as written, with the marker, without attendees
// and with the reminder off; D1: at its instants, in the course's own zone.
func TestCreate(t *testing.T) {
	s := newSim(t, simtest.Config{})
	m := s.mailbox(t, "Europe/London")
	account := s.open(t, nil)
	op := course("1")
	made := write(t, account, m, op)["1"]
	if made.Err != nil {
		t.Fatal(made.Err)
	}
	items, _, failed := get(t, account, sdk.GetRequest{Mailbox: m, IDs: []calendar.ItemID{made.ItemID}, Detail: sdk.DetailBusy, Own: []calendar.ItemID{made.ItemID}})
	if failed != nil || len(items) != 1 {
		t.Fatalf("%d items, %v", len(items), failed)
	}
	want := calendar.Item{ID: made.ItemID, Version: made.Version, Marker: &op.Marker, Appointment: op.Appointment}
	if diff := cmp.Diff(want, items[0]); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
	stored := s.box(t, m).Items(world.Calendar)
	if len(stored) != 1 || stored[0].Reminder.On || len(stored[0].Attendees) > 0 || stored[0].Start.Location().String() != "Europe/Berlin" {
		t.Errorf("stored: %+v", stored)
	}
}

// Whole days are put on the trainer's days and read back as the same.
func TestCreateWholeDays(t *testing.T) {
	s := newSim(t, simtest.Config{})
	m := s.mailbox(t, "Pacific/Auckland")
	account := s.open(t, nil)
	op := course("1")
	first := calendar.Date{Year: 2026, Month: 3, Day: 20}
	op.Appointment.When = calendar.When{AllDay: true, FirstDay: first, EndDay: first.AddDays(2), TimeZone: "Europe/Berlin"}
	if made := write(t, account, m, op)["1"]; made.Err != nil {
		t.Fatal(made.Err)
	}
	stored := s.box(t, m).Items(world.Calendar)[0]
	if got := stored.Start.In(time.UTC); !stored.AllDay || !got.Equal(time.Date(2026, 3, 19, 11, 0, 0, 0, time.UTC)) {
		t.Errorf("stored from %s, whole days %v", got, stored.AllDay)
	}
	if w := read(t, account, m, nil).bySubject(t, op.Appointment.Subject).When; !w.SameTime(op.Appointment.When) {
		t.Errorf("read back %+v", w)
	}
}

// B1: a create whose answer was lost says that nobody knows, and its repetition finds
// the item instead of making a second one; its content is brought up to date.
func TestLostCreate(t *testing.T) {
	config := simtest.Config{}
	for _, mode := range []exchangesim.FaultMode{exchangesim.FaultLost, exchangesim.FaultCut, exchangesim.FaultPartial} {
		t.Run(string(mode), func(t *testing.T) {
			s := newSim(t, config)
			m := s.mailbox(t, "Europe/London")
			account := s.open(t, nil)
			s.fault(t, exchangesim.Fault{Kind: "CreateItem", Mode: mode, Times: 1})
			op := course("1")
			if res := write(t, account, m, op)["1"]; !errors.Is(res.Err, sdk.ErrOutcomeUnknown) {
				t.Fatalf("%v; want ErrOutcomeUnknown", res.Err)
			}
			op.MaybeDone, op.Appointment.Subject = true, "Training: renamed meanwhile"
			never := course("2")
			never.MaybeDone = true
			results := write(t, account, m, op, never)
			if results["1"].Err != nil || results["2"].Err != nil {
				t.Fatalf("%+v", results)
			}
			stored := s.box(t, m).Items(world.Calendar)
			if len(stored) != 2 {
				t.Errorf("%d items, want 2: one that was found and one that was made", len(stored))
			}
			read(t, account, m, nil).bySubject(t, "Training: renamed meanwhile")
		})
	}
}

// B5: where a person copied our item to another time, the original is the one found.
func TestLostCreateAndACopy(t *testing.T) {
	s := newSim(t, simtest.Config{})
	m := s.mailbox(t, "Europe/London")
	account := s.open(t, nil)
	op := course("1")
	original := write(t, account, m, op)["1"]
	for _, hours := range []int{-48, 48} {
		stored := s.box(t, m).Items(world.Calendar)[0].Appointment
		stored.UID = ""
		stored.Start, stored.End = stored.Start.Add(time.Duration(hours)*time.Hour), stored.End.Add(time.Duration(hours)*time.Hour)
		if _, err := s.box(t, m).Create(stored, world.SendNone); err != nil {
			t.Fatal(err)
		}
	}
	op.MaybeDone = true
	if again := write(t, account, m, op)["1"]; again.Err != nil || again.ItemID != original.ItemID {
		t.Errorf("%+v; want %s", again, original.ItemID)
	}
	if n := len(s.box(t, m).Items(world.Calendar)); n != 3 {
		t.Errorf("%d items, want 3", n)
	}
}

// M4, L5: an update of another version than the one named leaves the trainer's edit
// alone.
func TestConflict(t *testing.T) {
	s := newSim(t, simtest.Config{})
	m := s.mailbox(t, "Europe/London")
	account := s.open(t, nil)
	op := course("1")
	made := write(t, account, m, op)["1"]
	id := s.box(t, m).Items(world.Calendar)[0].Ref
	change(t, s.box(t, m), id, func(a *world.Appointment) { a.Subject = "edited by the trainer" })
	op.Kind, op.ItemID, op.Version = sdk.Update, made.ItemID, made.Version
	if res := write(t, account, m, op)["1"]; !errors.Is(res.Err, sdk.ErrConflict) {
		t.Errorf("%v; want ErrConflict", res.Err)
	}
	if got := s.box(t, m).Items(world.Calendar)[0].Subject; got != "edited by the trainer" {
		t.Errorf("the subject is %q", got)
	}
	op.Version = ""
	if res := write(t, account, m, op)["1"]; res.Err != nil || res.Version == made.Version {
		t.Errorf("without a version: %+v", res)
	}
	if got := s.box(t, m).Items(world.Calendar)[0].Subject; got != op.Appointment.Subject {
		t.Errorf("the subject is %q", got)
	}
}

// An update whose answer was lost, repeated with the version it was made for, is no
// conflict: the item says what it should.
func TestLostUpdate(t *testing.T) {
	s := newSim(t, simtest.Config{})
	m := s.mailbox(t, "Europe/London")
	account := s.open(t, nil)
	op := course("1")
	made := write(t, account, m, op)["1"]
	base := op.Appointment
	op.Kind, op.ItemID, op.Version, op.Base = sdk.Update, made.ItemID, made.Version, &base
	op.Appointment.When.Start, op.Appointment.When.End = at(3, 21, 8), at(3, 21, 16)
	s.fault(t, exchangesim.Fault{Kind: "UpdateItem", Mode: exchangesim.FaultLost, Times: 1})
	if res := write(t, account, m, op)["1"]; !errors.Is(res.Err, sdk.ErrOutcomeUnknown) {
		t.Fatalf("%v; want ErrOutcomeUnknown", res.Err)
	}
	if res := write(t, account, m, op)["1"]; res.Err != nil || res.ItemID != made.ItemID || res.Version == made.Version {
		t.Errorf("%+v", res)
	}
}

// A deletion of what is gone has reached its goal; one in a calendar that cannot be
// seen has not, though Exchange says "not found" in both cases.
func TestDeleteWhatIsGone(t *testing.T) {
	s := newSim(t, simtest.Config{})
	m := s.mailbox(t, "Europe/London")
	account := s.open(t, nil)
	made := write(t, account, m, course("1"))["1"]
	gone := sdk.Operation{ID: "d", Kind: sdk.Delete, ItemID: made.ItemID}
	for range 2 {
		if res := write(t, account, m, gone)["d"]; res.Err != nil {
			t.Errorf("%v", res.Err)
		}
	}
	if n := len(s.box(t, m).Items(world.Calendar)); n != 0 {
		t.Errorf("%d items left", n)
	}
	update := course("1")
	update.Kind, update.ItemID = sdk.Update, made.ItemID
	if res := write(t, account, m, update)["1"]; !errors.Is(res.Err, sdk.ErrItemNotFound) {
		t.Errorf("%v; want ErrItemNotFound", res.Err)
	}
	s.fault(t, exchangesim.Fault{Kind: "GetFolder", Mode: exchangesim.FaultStatus, Status: 500, Code: "ErrorAccessDenied"})
	if res := write(t, account, m, gone)["d"]; !errors.Is(res.Err, sdk.ErrAccessDenied) {
		t.Errorf("%v; want ErrAccessDenied", res.Err)
	}
}

// G5: a full mailbox refuses the item that does not fit; what the server did not come
// to is sent again, and a deletion in the same call makes room first.
func TestFullMailbox(t *testing.T) {
	s := newSim(t, simtest.Config{})
	m := s.mailbox(t, "Europe/London")
	account := s.open(t, nil)
	old := write(t, account, m, course("old"))["old"]
	s.box(t, m).SetMaxItems(1)
	results := write(t, account, m, course("1"), course("2"), course("3"), sdk.Operation{ID: "d", Kind: sdk.Delete, ItemID: old.ItemID})
	if results["d"].Err != nil {
		t.Errorf("the deletion: %v", results["d"].Err)
	}
	full := 0
	for _, id := range []string{"1", "2", "3"} {
		if errors.Is(results[id].Err, sdk.ErrMailboxUnavailable) {
			full++
		} else if results[id].Err != nil {
			t.Errorf("%s: %v", id, results[id].Err)
		}
	}
	if n := len(s.box(t, m).Items(world.Calendar)); full+n != 3 {
		t.Errorf("%d refused, %d there", full, n)
	}
}

// One mailbox that refuses everything does not hold up the others (auth-4).
func TestWriteOneBadMailbox(t *testing.T) {
	s := newSim(t, simtest.Config{})
	bad, good := s.mailbox(t, "Europe/London"), s.mailbox(t, "Europe/London")
	s.box(t, bad).SetState(world.NoPermission)
	results := map[string]*sdk.Error{}
	var reqs []sdk.WriteRequest
	for _, m := range []sdk.Mailbox{bad, good} {
		maybe := course("maybe")
		maybe.MaybeDone = true
		reqs = append(reqs, sdk.WriteRequest{Mailbox: m, Operations: []sdk.Operation{course("1"), maybe}})
	}
	done := make(chan sdk.WriteResult, 10)
	if err := s.open(t, nil).Write(t.Context(), reqs, func(r sdk.WriteResult) error { done <- r; return nil }); err != nil {
		t.Fatal(err)
	}
	close(done)
	for r := range done {
		results[r.Mailbox+" "+r.Operation] = r.Err
	}
	for _, op := range []string{" 1", " maybe"} {
		if err, answered := results[bad.Address+op]; !answered || err == nil || err.Code.Fault() != sdk.FaultMailbox {
			t.Errorf("bad%s: %v", op, err)
		}
		if err, answered := results[good.Address+op]; !answered || err != nil {
			t.Errorf("good%s: %v", op, err)
		}
	}
}

// Operations that break the contract are answered, and do not hold up the others.
func TestOddOperations(t *testing.T) {
	s := newSim(t, simtest.Config{})
	results := write(t, s.open(t, nil), s.mailbox(t, "Europe/London"),
		sdk.Operation{ID: "nothing", Kind: sdk.Delete}, sdk.Operation{ID: "odd", Kind: "frobnicate"}, course("1"))
	if !errors.Is(results["nothing"].Err, sdk.ErrInvalidRequest) || !errors.Is(results["odd"].Err, sdk.ErrUnsupported) || results["1"].Err != nil {
		t.Errorf("%+v", results)
	}
}

// A course that the trainer made a series of is found as long as it may go on (B3).
func TestFindSeries(t *testing.T) {
	s := newSim(t, simtest.Config{})
	m := s.mailbox(t, "Europe/London")
	account := s.open(t, nil)
	write(t, account, m, course("1"))
	change(t, s.box(t, m), s.box(t, m).Items(world.Calendar)[0].Ref, func(a *world.Appointment) {
		a.Recurrence = &world.Recurrence{
			Pattern: world.Pattern{Kind: world.Weekly, Interval: 1, Days: []time.Weekday{a.Start.Weekday()}, FirstDayOfWeek: time.Monday},
			Range:   world.Range{Count: 10},
		}
	})
	var found []calendar.Item
	err := account.Find(t.Context(), []sdk.FindRequest{{Mailbox: m, Since: at(4, 10, 0)}}, func(p sdk.FindPage) error {
		found = append(found, p.Items...)
		return nil
	})
	if err != nil || len(found) != 1 || found[0].Marker == nil {
		t.Errorf("%d items, %v; want the series", len(found), err)
	}
}

// Find returns everything that carries a marker, and nothing else (B3, resync-1).
func TestFind(t *testing.T) {
	s := newSim(t, simtest.Config{})
	m := s.mailbox(t, "Europe/London")
	account := s.open(t, nil)
	write(t, account, m, course("1"), course("2"))
	add(t, s.box(t, m), m, hour("Training: Course 1", at(3, 20, 8)))
	odd := appointment(t, m, hour("with something else in the property", at(3, 12, 9)))
	odd.Properties = map[world.Property]string{markerProperty: "not a marker"}
	if _, err := s.box(t, m).Create(odd, world.SendNone); err != nil {
		t.Fatal(err)
	}
	for since, want := range map[time.Time]int{at(3, 20, 16): 2, at(3, 20, 17): 0} {
		var found []calendar.Item
		done := false
		err := account.Find(t.Context(), []sdk.FindRequest{{Mailbox: m, Since: since}}, func(p sdk.FindPage) error {
			found, done = append(found, p.Items...), p.Done
			return nil
		})
		if err != nil || !done || len(found) != want {
			t.Errorf("since %s: %d items, done %v, %v; want %d", since, len(found), done, err, want)
		}
		for _, item := range found {
			if item.Marker == nil || item.Subject == "" {
				t.Errorf("%+v", item)
			}
		}
	}
}
