package exchangeonline_test

import (
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/trainercal/trainercal/plugins/exchangesim"
	"github.com/trainercal/trainercal/plugins/exchangesim/world"
	"github.com/trainercal/trainercal/sdk/calendar"
)

// An occurrence that was moved and then cancelled is gone from both its places (E3).
func TestE3MovedThenCancelled(t *testing.T) {
	s := newSim(t, exchangesim.Options{})
	m := s.mailbox(t, "Europe/London")
	box, a := s.box(t, m), s.open(t)
	series := put(t, box, teamCall(t))
	first := readOne(t, a, m, nil)
	d := diary{}.apply(first)
	edit(t, box, on(series, 3, 22), func(o *world.Appointment) { o.Start, o.End = o.Start.Add(24*time.Hour), o.End.Add(24*time.Hour) })
	moved := readOne(t, a, m, first.Complete.Cursor)
	d.apply(moved)
	want := []string{"03-15T08:00 Team call", "03-23T08:00 Team call", "03-29T07:00 Team call", "04-05T07:00 Team call", "04-12T07:00 Team call"}
	if diff := cmp.Diff(want, d.entries()); diff != "" {
		t.Errorf("moved: %s", diff)
	}
	discard(t, box, on(series, 3, 22))
	d.apply(readOne(t, a, m, moved.Complete.Cursor))
	if diff := cmp.Diff(slices.Delete(want, 1, 2), d.entries()); diff != "" {
		t.Errorf("cancelled: %s", diff)
	}
}

// A series that is shifted takes its occurrences along; one that is split has each
// occurrence once, in one of the halves (E5).
func TestE5ShiftedAndSplit(t *testing.T) {
	s := newSim(t, exchangesim.Options{})
	m := s.mailbox(t, "Europe/London")
	box, a := s.box(t, m), s.open(t)
	series := put(t, box, teamCall(t))
	page := readOne(t, a, m, nil)
	d := diary{}.apply(page)
	edit(t, box, world.Ref{Item: series}, func(o *world.Appointment) { o.Start, o.End = o.Start.Add(time.Hour), o.End.Add(time.Hour) })
	page = readOne(t, a, m, page.Complete.Cursor)
	d.apply(page)
	want := []string{"03-15T09:00 Team call", "03-22T09:00 Team call", "03-29T08:00 Team call", "04-05T08:00 Team call", "04-12T08:00 Team call"}
	if diff := cmp.Diff(want, d.entries()); diff != "" {
		t.Errorf("shifted: %s", diff)
	}
	edit(t, box, world.Ref{Item: series}, func(o *world.Appointment) {
		o.Recurrence.Range = world.Range{End: world.Date{Year: 2027, Month: 3, Day: 28}}
	})
	following := teamCall(t)
	following.Subject, following.Start = "Team call, new", zoned(t, "Europe/Berlin", 2027, 3, 29, 14, 0)
	following.End = following.Start.Add(time.Hour)
	put(t, box, following)
	d.apply(readOne(t, a, m, page.Complete.Cursor))
	want = []string{
		"03-15T09:00 Team call", "03-22T09:00 Team call",
		"03-29T12:00 Team call, new", "04-05T12:00 Team call, new", "04-12T12:00 Team call, new",
	}
	if diff := cmp.Diff(want, d.entries()); diff != "" {
		t.Errorf("split: %s", diff)
	}
}

// A daily series without an end costs what its window costs, and no more (E6).
func TestE6Endless(t *testing.T) {
	s := newSim(t, exchangesim.Options{})
	m := s.mailbox(t, "Europe/London")
	a := s.open(t)
	daily := teamCall(t)
	daily.Start = zoned(t, "Europe/London", 2007, 1, 1, 9, 0)
	daily.End = daily.Start.Add(15 * time.Minute)
	daily.Recurrence = &world.Recurrence{Pattern: world.Pattern{Kind: world.Daily, Interval: 1}}
	put(t, s.box(t, m), daily)
	page := readOne(t, a, m, nil)
	if n := len(starts(page)); n != 31 {
		t.Errorf("%d occurrences in a window of 31 days", n)
	}
	if n := count(s, "Delta").Requests; n > 3 {
		t.Errorf("%d requests for a page of occurrences", n)
	}
}

// An occurrence that was moved in another zone than its series', and one that was
// deleted, are known by the series' own days (E7).
func TestE7OccurrencesOfAnotherZone(t *testing.T) {
	s := newSim(t, exchangesim.Options{})
	m := s.mailbox(t, "Europe/London")
	box := s.box(t, m)
	late := teamCall(t)
	late.Start = zoned(t, "Pacific/Auckland", 2027, 1, 4, 9, 0) // Sunday evening in London
	late.End = late.Start.Add(time.Hour)
	series := put(t, box, late)
	edit(t, box, on(series, 3, 22), func(o *world.Appointment) {
		o.Start = zoned(t, "America/New_York", 2027, 3, 22, 9, 0)
		o.End = o.Start.Add(time.Hour)
	})
	discard(t, box, on(series, 4, 5))
	want := []string{"03-14T20:00 Team call", "03-22T13:00 Team call", "03-28T20:00 Team call", "04-11T21:00 Team call"}
	if diff := cmp.Diff(want, diary{}.apply(readOne(t, s.open(t), m, nil)).entries()); diff != "" {
		t.Error(diff)
	}
}

// Series on the days that calendars disagree about have the server's instances (E8).
func TestE8AwkwardDays(t *testing.T) {
	weekdays := []time.Weekday{time.Monday, time.Tuesday, time.Wednesday, time.Thursday, time.Friday}
	for name, tt := range map[string]struct {
		first   time.Time
		pattern world.Pattern
		count   int
		want    []string
	}{
		"the 31st": {
			zoned(t, "Europe/London", 2027, 1, 31, 9, 0),
			world.Pattern{Kind: world.AbsoluteMonthly, DayOfMonth: 31},
			4,
			[]string{"2027-01-31", "2027-02-28", "2027-03-31", "2027-04-30"},
		},
		"the last weekday": {
			zoned(t, "Europe/London", 2027, 1, 29, 9, 0),
			world.Pattern{Kind: world.RelativeMonthly, Index: world.LastWeek, Days: weekdays},
			4,
			[]string{"2027-01-29", "2027-02-26", "2027-03-31", "2027-04-30"},
		},
		"the second Tuesday of every other month": {
			zoned(t, "Europe/London", 2027, 1, 12, 9, 0),
			world.Pattern{Kind: world.RelativeMonthly, Interval: 2, Index: 2, Days: []time.Weekday{time.Tuesday}},
			3,
			[]string{"2027-01-12", "2027-03-09", "2027-05-11"},
		},
		"29 February": {
			zoned(t, "Europe/London", 2024, 2, 29, 9, 0),
			world.Pattern{Kind: world.AbsoluteYearly, Month: time.February, DayOfMonth: 29},
			0,
			[]string{"2027-02-28", "2028-02-29"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			s := newSim(t, exchangesim.Options{})
			m := s.mailbox(t, "Europe/London")
			put(t, s.box(t, m), world.Appointment{
				Subject: "Review", Start: tt.first, End: tt.first.Add(time.Hour),
				Recurrence: &world.Recurrence{Pattern: tt.pattern, Range: world.Range{Count: tt.count}},
			})
			req := wanted(m, nil)
			req.Window = calendar.Window{Start: zoned(t, "UTC", 2027, 1, 1, 0, 0), End: zoned(t, "UTC", 2028, 12, 31, 0, 0)}
			var days []string
			for _, i := range (diary{}).apply(read(t, s.open(t), req)[m.Address]) {
				days = append(days, i.When.Start.UTC().Format(time.DateOnly))
			}
			if diff := cmp.Diff(tt.want, days, sortStrings); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// Occurrences whose series nobody can explain block their time without text (E9, E11).
func TestE9E11UnexplainedSeries(t *testing.T) {
	s := newSim(t, exchangesim.Options{})
	m := s.mailbox(t, "Europe/London")
	put(t, s.box(t, m), teamCall(t))
	fault(t, s, exchangesim.Fault{Kind: "Delta", Mode: exchangesim.FaultOrphans})
	fault(t, s, exchangesim.Fault{Kind: "GetEvent", Mode: exchangesim.FaultStatus, Status: 404, Code: "ErrorItemNotFound"})
	items := diary{}.apply(readOne(t, s.open(t), m, nil))
	if len(items) != 5 {
		t.Errorf("%d occurrences, want 5", len(items))
	}
	for _, i := range items {
		if i.Subject != "" || i.ShowAs == calendar.ShowAsFree || !i.Sensitivity.Private() {
			t.Errorf("an unexplained occurrence: %+v, want time that is taken, without text", i)
		}
	}
}

// A series of which an occurrence cannot be read is not read as if it had lost it: the
// mailbox's read fails (E11).
func TestE11CorruptOccurrence(t *testing.T) {
	s := newSim(t, exchangesim.Options{})
	m := s.mailbox(t, "Europe/London")
	box, a := s.box(t, m), s.open(t)
	series := put(t, box, teamCall(t))
	page := readOne(t, a, m, nil)
	edit(t, box, on(series, 3, 22), func(o *world.Appointment) { o.Subject = "Another subject" })
	fault(t, s, exchangesim.Fault{Kind: "Delta", Mode: exchangesim.FaultOrphans})
	fault(t, s, exchangesim.Fault{Kind: "ListInstances", Mode: exchangesim.FaultStatus, Status: 500, Code: "ErrorCorruptData"})
	next := read(t, a, wanted(m, page.Complete.Cursor))[m.Address]
	if next.Err == nil || len(next.Changes) != 0 || next.Complete != nil {
		t.Errorf("page = %+v, want an error alone", next)
	}
}

// An occurrence of a busy series takes time just like a single appointment (E10).
func TestE10BusySeries(t *testing.T) {
	s := newSim(t, exchangesim.Options{})
	m := s.mailbox(t, "Europe/London")
	box := s.box(t, m)
	put(t, box, teamCall(t))
	single := teamCall(t)
	single.Recurrence, single.Start = nil, zoned(t, "Europe/Berlin", 2027, 3, 16, 9, 0)
	single.End = single.Start.Add(time.Hour)
	put(t, box, single)
	type taken struct {
		subject string
		showAs  calendar.ShowAs
		private bool
		length  time.Duration
	}
	seen := map[taken]int{}
	for _, i := range (diary{}).apply(readOne(t, s.open(t), m, nil)) {
		seen[taken{i.Subject, i.ShowAs, i.Sensitivity.Private(), i.When.End.Sub(i.When.Start)}]++
	}
	if diff := cmp.Diff(map[taken]int{{"Team call", calendar.ShowAsBusy, false, time.Hour}: 6}, seen, cmp.AllowUnexported(taken{})); diff != "" {
		t.Error(diff)
	}
}

// Rows may come in any order: an exception before the master that explains it (E12).
func TestE12ExceptionBeforeItsMaster(t *testing.T) {
	s := newSim(t, exchangesim.Options{})
	m := s.mailbox(t, "Europe/London")
	box, a := s.box(t, m), s.open(t)
	series := put(t, box, teamCall(t))
	edit(t, box, on(series, 3, 22), func(o *world.Appointment) { o.Subject = "Team lunch" })
	fault(t, s, exchangesim.Fault{Kind: "Delta", Mode: exchangesim.FaultShuffle})
	page := readOne(t, a, m, nil)
	want := []string{"03-15T08:00 Team call", "03-22T08:00 Team lunch", "03-29T07:00 Team call", "04-05T07:00 Team call", "04-12T07:00 Team call"}
	d := diary{}.apply(page)
	if diff := cmp.Diff(want, d.entries()); diff != "" {
		t.Errorf("a full round: %s", diff)
	}
	edit(t, box, on(series, 3, 15), func(o *world.Appointment) { o.Subject = "Team breakfast" })
	want[0] = "03-15T08:00 Team breakfast"
	if diff := cmp.Diff(want, d.apply(readOne(t, a, m, page.Complete.Cursor)).entries()); diff != "" {
		t.Errorf("a later round: %s", diff)
	}
}
