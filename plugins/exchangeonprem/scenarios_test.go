package exchangeonprem_test

import (
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/trainercal/trainercal/plugins/exchangesim/simtest"
	"github.com/trainercal/trainercal/plugins/exchangesim/world"
	"github.com/trainercal/trainercal/sdk"
	"github.com/trainercal/trainercal/sdk/calendar"
)

// line is an appointment as these tests compare it.
func line(subject string, start, end time.Time) string {
	return fmt.Sprintf("%s–%s %s", start.UTC().Format("2006-01-02T15:04"), end.UTC().Format("2006-01-02T15:04"), subject)
}

// lines are what a read brought, in order of time.
func (a answer) lines() []string {
	var list []string
	for _, i := range a.items {
		list = append(list, line(i.Subject, i.When.Start, i.When.End))
	}
	slices.Sort(list)
	return list
}

// shown is what the calendar itself shows in March, occurrences for series.
func (s *sim) shown(t testing.TB, m sdk.Mailbox) []string {
	var list []string
	for _, i := range s.box(t, m).View(march().Start, march().End, false) {
		list = append(list, line(i.Subject, i.Start, i.End))
	}
	slices.Sort(list)
	return list
}

// series is a weekly one on Mondays at nine by its own clock.
func series(t testing.TB, zone string) world.Appointment {
	t.Helper()
	loc, err := time.LoadLocation(zone)
	if err != nil {
		t.Fatal(err)
	}
	start := time.Date(2026, 3, 9, 9, 0, 0, 0, loc)
	return world.Appointment{
		Subject: "Team", Start: start, End: start.Add(time.Hour), ShowAs: world.Busy,
		Recurrence: &world.Recurrence{
			Pattern: world.Pattern{Kind: world.Weekly, Interval: 1, Days: []time.Weekday{time.Monday}, FirstDayOfWeek: time.Monday},
			Range:   world.Range{Count: 12},
		},
	}
}

func create(t testing.TB, box *world.Mailbox, a world.Appointment) world.Item {
	t.Helper()
	made, err := box.Create(a, world.SendNone)
	if err != nil {
		t.Fatal(err)
	}
	return made
}

func remove(t testing.TB, box *world.Mailbox, ref world.Ref, how world.Disposal) {
	t.Helper()
	if err := box.Delete(ref, how, world.Write{}); err != nil {
		t.Fatal(err)
	}
}

// A crash after the create and before its result was stored: the next attempt adopts the
// item by its marker, and there is one (B2).
func TestB2CrashAfterCreate(t *testing.T) {
	s := newSim(t, simtest.Config{})
	m := s.mailbox(t, "Europe/London")
	op := course("1")
	first := write(t, s.open(t, nil), m, op)["1"]
	op.MaybeDone = true
	op.Appointment.Subject = "Training: renamed meanwhile"
	again := write(t, s.open(t, nil), m, op)["1"]
	if again.Err != nil || again.ItemID != first.ItemID || again.Version == first.Version {
		t.Errorf("%+v after %+v", again, first)
	}
	items := s.box(t, m).Items(world.Calendar)
	if len(items) != 1 || items[0].Subject != op.Appointment.Subject {
		t.Errorf("%+v", items)
	}
}

// Our item that the trainer dragged into another calendar is gone from this one: an update
// says so, and the create that follows makes one item and no second (B6).
func TestB6MovedToAnotherCalendar(t *testing.T) {
	s := newSim(t, simtest.Config{})
	m := s.mailbox(t, "Europe/London")
	account := s.open(t, nil)
	op := course("1")
	made := write(t, account, m, op)["1"]
	cursor := read(t, account, m, nil).complete.Cursor
	if err := s.box(t, m).MoveToOther(s.onlyItem(t, m).Item, false); err != nil {
		t.Fatal(err)
	}
	if got := read(t, account, m, cursor); !got.complete.Full || len(got.items) != 0 {
		t.Errorf("after the move: %+v", got)
	}
	for _, version := range []string{made.Version, ""} {
		update := op
		update.Kind, update.ItemID, update.Version = sdk.Update, made.ItemID, version
		if res := write(t, account, m, update)["1"]; !errors.Is(res.Err, sdk.ErrItemNotFound) {
			t.Errorf("version %q: %v, want ErrItemNotFound", version, res.Err)
		}
	}
	op.MaybeDone = true
	if res := write(t, account, m, op)["1"]; res.Err != nil || res.ItemID == made.ItemID {
		t.Errorf("%+v", res)
	}
	if n := len(s.box(t, m).Items(world.Calendar)); n != 1 {
		t.Errorf("%d items, want one", n)
	}
}

// An item that got another id, as when a mailbox is exported and imported, is found by its
// marker under the new one, its content unchanged (B7).
func TestB7AnotherID(t *testing.T) {
	s := newSim(t, simtest.Config{})
	m := s.mailbox(t, "Europe/London")
	account := s.open(t, nil)
	op := course("1")
	made := write(t, account, m, op)["1"]
	if _, err := s.box(t, m).Rekey(s.onlyItem(t, m).Item); err != nil {
		t.Fatal(err)
	}
	var found []calendar.Item
	err := account.Find(t.Context(), []sdk.FindRequest{{Mailbox: m}}, func(p sdk.FindPage) error {
		found = append(found, p.Items...)
		return nil
	})
	if err != nil || len(found) != 1 || found[0].ID == made.ItemID || *found[0].Marker != op.Marker || !found[0].When.SameTime(op.Appointment.When) {
		t.Errorf("%v, %+v", err, found)
	}
}

// The same meeting in two mailboxes is two items, whatever UID they share (B8).
func TestB8SameMeetingTwice(t *testing.T) {
	s := newSim(t, simtest.Config{})
	a, b := s.mailbox(t, "Europe/London"), s.mailbox(t, "Europe/London")
	account := s.open(t, nil)
	meeting := appointment(t, a, hour("Board", at(3, 12, 9)))
	meeting.UID = "040000008200E00074C5B7101A82E008-board"
	create(t, s.box(t, a), meeting)
	gone := create(t, s.box(t, b), meeting)
	cursors := map[string][]byte{}
	answers := readThem(t, account, []sdk.Mailbox{a, b}, cursors)
	x, y := answers[a.Address].bySubject(t, "Board"), answers[b.Address].bySubject(t, "Board")
	if x.ID == y.ID {
		t.Errorf("both are %s", x.ID)
	}
	remove(t, s.box(t, b), gone.Ref, world.ToDeletedItems)
	answers = readThem(t, account, []sdk.Mailbox{a, b}, cursors)
	if answers[a.Address].complete.Full || len(answers[b.Address].items) != 0 || !answers[b.Address].complete.Full {
		t.Errorf("one of them was deleted: %+v", answers)
	}
}

// Occurrences that share a UID are told apart, belong together, and keep their identities
// over reads (B9).
func TestB9OneUIDManyOccurrences(t *testing.T) {
	s := newSim(t, simtest.Config{})
	m := s.mailbox(t, "Europe/London")
	create(t, s.box(t, m), series(t, "Europe/London"))
	first, second := read(t, s.open(t, nil), m, nil), read(t, s.open(t, nil), m, nil)
	together := map[calendar.ItemID]int{}
	for id, i := range first.items {
		together[i.SeriesID]++
		if same, there := second.items[id]; !there || !same.When.SameTime(i.When) {
			t.Errorf("%s is another one at the next read", i.When.Start)
		}
	}
	if len(first.items) != 4 || len(together) != 1 || together[""] != 0 {
		t.Errorf("%d occurrences of %v series", len(first.items), together)
	}
}

// Where the clocks jump, an instant is an instant: both half past twos of the autumn
// night are written and read as themselves, and stay (D3).
func TestD3ClockChange(t *testing.T) {
	s := newSim(t, simtest.Config{})
	m := s.mailbox(t, "Europe/Berlin")
	account := s.open(t, nil)
	req := readRequest(m, nil)
	req.Window = calendar.Window{Start: at(3, 1, 0), End: at(11, 1, 0)}
	starts := map[string]time.Time{
		"just before the gap": time.Date(2026, 3, 29, 0, 59, 0, 0, time.UTC), "right after it": at(3, 29, 1),
		"the first 02:30": time.Date(2026, 10, 25, 0, 30, 0, 0, time.UTC), "the second 02:30": time.Date(2026, 10, 25, 1, 30, 0, 0, time.UTC),
	}
	for name, start := range starts {
		op := course(name)
		op.Appointment.Subject, op.Appointment.When.Start, op.Appointment.When.End = name, start, start.Add(30*time.Minute)
		made := write(t, account, m, op)[name]
		if made.Err != nil {
			t.Fatal(made.Err)
		}
		// An update that changes nothing moves nothing.
		op.Kind, op.ItemID = sdk.Update, made.ItemID
		if res := write(t, account, m, op)[name]; res.Err != nil {
			t.Fatal(res.Err)
		}
	}
	answers, err := readAll(t, account, req)
	if err != nil {
		t.Fatal(err)
	}
	for name, start := range starts {
		if w := answers[m.Address].bySubject(t, name).When; !w.Start.Equal(start) || !w.End.Equal(start.Add(30*time.Minute)) {
			t.Errorf("%s: %s to %s, want %s", name, w.Start, w.End, start)
		}
	}
}

// An appointment from midnight to midnight is no whole day unless its owner says so, and
// stays what it is (D5); a whole day of several days ends before its last date (D6).
func TestD5D6MidnightToMidnight(t *testing.T) {
	s := newSim(t, simtest.Config{})
	m := s.mailbox(t, "Europe/London")
	account := s.open(t, nil)
	timed, whole := course("timed"), course("whole")
	timed.Appointment.When = calendar.When{Start: at(3, 20, 0), End: at(3, 21, 0), TimeZone: "Europe/London"}
	whole.Appointment.When = calendar.When{AllDay: true, FirstDay: calendar.Date{Year: 2026, Month: 3, Day: 20}, EndDay: calendar.Date{Year: 2026, Month: 3, Day: 23}}
	write(t, account, m, timed, whole)
	got := read(t, account, m, nil)
	if w := got.bySubject(t, timed.Appointment.Subject).When; w.AllDay || !w.SameTime(timed.Appointment.When) {
		t.Errorf("timed: %+v", w)
	}
	if w := got.bySubject(t, whole.Appointment.Subject).When; !w.SameTime(whole.Appointment.When) {
		t.Errorf("whole days: %+v", w)
	}
}

// Items without length, or that end before they start, are read and are no gap in time of
// their own (D10).
func TestD10NoLength(t *testing.T) {
	s := newSim(t, simtest.Config{})
	m := s.mailbox(t, "Europe/London")
	a := appointment(t, m, hour("Reminder", at(3, 12, 9)))
	a.End = a.Start
	create(t, s.box(t, m), a)
	if w := read(t, s.open(t, nil), m, nil).bySubject(t, "Reminder").When; !w.Start.Equal(at(3, 12, 9)) || !w.End.Equal(w.Start) {
		t.Errorf("%+v", w)
	}
}

// Whatever is done to a series, the next read shows what the calendar shows: nothing at an
// old place, nothing twice (E1 to E5, E7, E10).
func TestSeriesThatChange(t *testing.T) {
	for name, zone := range map[string]string{"in the trainer's zone": "Europe/London", "in another zone": "Pacific/Auckland"} {
		for what, do := range map[string]func(t *testing.T, box *world.Mailbox, made world.Item){
			"E1 one deleted": func(t *testing.T, box *world.Mailbox, made world.Item) {
				remove(t, box, nth(made, 2), world.Gone)
			},
			"E3 moved, then cancelled": func(t *testing.T, box *world.Mailbox, made world.Item) {
				change(t, box, nth(made, 2), func(a *world.Appointment) { a.Start, a.End = a.Start.Add(26*time.Hour), a.End.Add(26*time.Hour) })
				remove(t, box, nth(made, 2), world.Gone)
			},
			"E5 shifted": func(t *testing.T, box *world.Mailbox, made world.Item) {
				change(t, box, made.Ref, func(a *world.Appointment) { a.Start, a.End = a.Start.Add(3*time.Hour), a.End.Add(3*time.Hour) })
			},
			"E5 this and following": func(t *testing.T, box *world.Mailbox, made world.Item) {
				change(t, box, made.Ref, func(a *world.Appointment) { a.Recurrence.Range = world.Range{Count: 2} })
				rest := made.Appointment
				rest.Start, rest.End = rest.Start.AddDate(0, 0, 15), rest.End.AddDate(0, 0, 15)
				rest.Recurrence = &world.Recurrence{
					Pattern: world.Pattern{Kind: world.Weekly, Interval: 1, Days: []time.Weekday{time.Tuesday}, FirstDayOfWeek: time.Monday},
					Range:   world.Range{Count: 9},
				}
				create(t, box, rest)
			},
			"E10 one free": func(t *testing.T, box *world.Mailbox, made world.Item) {
				change(t, box, nth(made, 3), func(a *world.Appointment) { a.ShowAs = world.Free })
			},
			"B14 made single": func(t *testing.T, box *world.Mailbox, made world.Item) {
				change(t, box, made.Ref, func(a *world.Appointment) { a.Recurrence = nil })
			},
		} {
			t.Run(what+" "+name, func(t *testing.T) {
				s := newSim(t, simtest.Config{AllowInvalid: true})
				m := s.mailbox(t, "Europe/London")
				account := s.open(t, nil)
				made := create(t, s.box(t, m), series(t, zone))
				first := read(t, account, m, nil)
				for _, i := range first.items {
					if i.ShowAs != calendar.ShowAsBusy {
						t.Errorf("an occurrence of a busy series is %s (E10)", i.ShowAs)
					}
				}
				do(t, s.box(t, m), made)
				second := read(t, account, m, first.complete.Cursor)
				want := s.shown(t, m)
				if diff := cmp.Diff(want, second.lines()); diff != "" || !second.complete.Full {
					t.Errorf("full %v (-want +got):\n%s", second.complete.Full, diff)
				}
				if slices.Equal(want, first.lines()) && what != "E10 one free" {
					t.Error("the test changed nothing")
				}
			})
		}
	}
}

// Every kind of series shows the occurrences that the server shows: month ends, last
// weekdays, leap days (E8), endless daily ones at bounded cost (E6).
func TestE6E8Patterns(t *testing.T) {
	weekdays := []time.Weekday{time.Monday, time.Tuesday, time.Wednesday, time.Thursday, time.Friday}
	s := newSim(t, simtest.Config{})
	m := s.mailbox(t, "Europe/London")
	for subject, p := range map[string]world.Pattern{
		"daily, without end": {Kind: world.Daily, Interval: 1},
		"on the 31st":        {Kind: world.AbsoluteMonthly, Interval: 1, DayOfMonth: 31},
		"on the 29th":        {Kind: world.AbsoluteMonthly, Interval: 1, DayOfMonth: 29},
		"last weekday":       {Kind: world.RelativeMonthly, Interval: 1, Index: world.LastWeek, Days: weekdays},
		"second Tuesday":     {Kind: world.RelativeMonthly, Interval: 1, Index: 2, Days: []time.Weekday{time.Tuesday}},
		"29 February":        {Kind: world.AbsoluteYearly, DayOfMonth: 29, Month: time.February},
	} {
		a := appointment(t, m, hour(subject, time.Date(2024, 1, 31, 9, 0, 0, 0, time.UTC)))
		a.Recurrence = &world.Recurrence{Pattern: p}
		create(t, s.box(t, m), a)
	}
	account := s.open(t, nil)
	s.ClearCounts()
	got := read(t, account, m, nil)
	if diff := cmp.Diff(s.shown(t, m), got.lines()); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
	if len(got.items) < 31 {
		t.Errorf("%d occurrences", len(got.items))
	}
	if n := s.requests()["FindItem"]; n != 1 {
		t.Errorf("%d requests for a month", n)
	}
}

// A meeting to which the trainer is invited is neither ours to find nor to change, and
// nobody hears of the attempt (K3, K1).
func TestK3InvitedTrainer(t *testing.T) {
	s := newSim(t, simtest.Config{})
	m := s.mailbox(t, "Europe/London")
	account := s.open(t, nil)
	meeting := appointment(t, m, hour("Board", at(3, 12, 9)))
	meeting.Organizer, meeting.Response = world.Address{SMTP: "boss@lakeside.example"}, world.Accepted
	for _, address := range []string{m.Address, "guest@elsewhere.example"} {
		meeting.Attendees = append(meeting.Attendees, world.Attendee{Address: world.Address{SMTP: address}, Kind: "required"})
	}
	create(t, s.box(t, m), meeting)
	before := s.box(t, m).Items(world.Calendar)
	found := 0
	err := account.Find(t.Context(), []sdk.FindRequest{{Mailbox: m}}, func(p sdk.FindPage) error {
		found += len(p.Items)
		return nil
	})
	if err != nil || found != 0 {
		t.Errorf("%d found, %v; want nothing of ours", found, err)
	}
	op := course("1")
	op.Kind, op.ItemID = sdk.Update, read(t, account, m, nil).bySubject(t, "Board").ID
	if res := write(t, account, m, op)["1"]; !errors.Is(res.Err, sdk.ErrInvalidItem) {
		t.Errorf("%v, want a refusal", res.Err)
	}
	if diff := cmp.Diff(before, s.box(t, m).Items(world.Calendar)); diff != "" {
		t.Errorf("the meeting changed: %s", diff)
	}
}

// Drift is repaired in place: the item keeps its identity, and only what differs is sent
// (K4).
func TestK4RepairInPlace(t *testing.T) {
	s := newSim(t, simtest.Config{})
	m := s.mailbox(t, "Europe/London")
	account := s.open(t, nil)
	op := course("1")
	made := write(t, account, m, op)["1"]
	change(t, s.box(t, m), s.onlyItem(t, m), func(a *world.Appointment) { a.Subject = "edited"; a.Categories = []string{"Red"} })
	drifted := read(t, account, m, nil)
	item := drifted.bySubject(t, "edited")
	base := op.Appointment
	base.Subject = "edited"
	op.Kind, op.ItemID, op.Version, op.Base = sdk.Update, item.ID, item.Version, &base
	if res := write(t, account, m, op)["1"]; res.Err != nil || res.ItemID != made.ItemID {
		t.Fatalf("%+v", res)
	}
	got := s.box(t, m).Items(world.Calendar)
	if len(got) != 1 || got[0].Subject != op.Appointment.Subject || !slices.Equal(got[0].Categories, []string{"Red"}) {
		t.Errorf("%+v", got)
	}
}
