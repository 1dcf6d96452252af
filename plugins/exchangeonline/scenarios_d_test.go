package exchangeonline_test

import (
	"testing"
	"time"

	"github.com/trainercal/trainercal/plugins/exchangesim"
	"github.com/trainercal/trainercal/plugins/exchangesim/world"
	"github.com/trainercal/trainercal/sdk/calendar"
)

// A course in Berlin is at 08:00 for a trainer in London, in the course's zone, with
// nobody invited and no reminder (D1, K1, K2).
func TestD1K1K2WrittenItem(t *testing.T) {
	s := newSim(t, exchangesim.Options{})
	m := s.mailbox(t, "Europe/London")
	r := write(t, s.open(t), m, course(1))["course-1"]
	if r.Err != nil {
		t.Fatal(r.Err)
	}
	got := s.box(t, m).Items(world.Calendar)[0]
	london, err := time.LoadLocation("Europe/London")
	if err != nil {
		t.Fatal(err)
	}
	if at := got.Start.In(london).Format("15:04"); at != "08:00" || got.StartZone != "W. Europe Standard Time" || got.Start.Format("15:04") != "09:00" {
		t.Errorf("starts %v (%s in London) in %q", got.Start, at, got.StartZone)
	}
	if len(got.Attendees) != 0 || got.OnlineMeeting || got.Reminder.On || got.AllDay {
		t.Errorf("item = %+v, want no attendees, meeting or reminder", got)
	}
}

// A whole day is the same day for every trainer, east and west (D4).
func TestD4WholeDayEverywhere(t *testing.T) {
	day := calendar.When{AllDay: true, FirstDay: calendar.Date{Year: 2027, Month: 3, Day: 20}, EndDay: calendar.Date{Year: 2027, Month: 3, Day: 22}}
	for _, zone := range []string{"Pacific/Auckland", "Pacific/Pago_Pago", "Europe/London", "America/St_Johns"} {
		t.Run(zone, func(t *testing.T) {
			s := newSim(t, exchangesim.Options{})
			m := s.mailbox(t, zone)
			add(t, s.box(t, m), m, entry("Holiday", day))
			a := s.open(t)
			ours := course(1)
			ours.Appointment.When = day
			if r := write(t, a, m, ours)["course-1"]; r.Err != nil {
				t.Fatal(r.Err)
			}
			page := readOne(t, a, m, nil)
			if len(page.Changes) != 2 {
				t.Fatalf("%d changes, want both days", len(page.Changes))
			}
			for _, c := range page.Changes {
				if !c.Upsert.When.SameTime(day) {
					t.Errorf("%s = %+v, want %+v", c.Upsert.Subject, c.Upsert.When, day)
				}
			}
		})
	}
}

// The hour that the autumn clock shows twice is written as the instant that was meant,
// and read back as the same (D3).
func TestD3AutumnHour(t *testing.T) {
	for _, first := range []bool{true, false} {
		s := newSim(t, exchangesim.Options{})
		m := s.mailbox(t, "Europe/London")
		ours := course(1)
		start := time.Date(2027, 10, 31, 0, 30, 0, 0, time.UTC) // 02:30 in Berlin, and an hour later again
		if !first {
			start = start.Add(time.Hour)
		}
		ours.Appointment.When = calendar.When{Start: start, End: start.Add(30 * time.Minute), TimeZone: "Europe/Berlin"}
		r := write(t, s.open(t), m, ours)["course-1"]
		if r.Err != nil {
			t.Fatal(r.Err)
		}
		if got := marked(s.box(t, m))[0]; !got.Start.Equal(start) || !r.Item.When.Start.Equal(start) {
			t.Errorf("written for %v, stored for %v, read back as %v", start, got.Start.UTC(), r.Item.When.Start)
		}
	}
}

// From midnight to midnight is a span of time, no whole day, there and back; what a
// person made as a whole day has its last day excluded (D5, D6).
func TestD5D6MidnightToMidnight(t *testing.T) {
	s := newSim(t, exchangesim.Options{})
	m := s.mailbox(t, "Europe/Berlin")
	a := s.open(t)
	day := zoned(t, "Europe/Berlin", 2027, 3, 20, 0, 0)
	span := calendar.When{Start: day.UTC(), End: day.AddDate(0, 0, 1).UTC(), TimeZone: "Europe/Berlin"}
	ours := course(1)
	ours.Appointment.When = span
	if r := write(t, a, m, ours)["course-1"]; r.Err != nil {
		t.Fatal(r.Err)
	}
	put(t, s.box(t, m), world.Appointment{Subject: "Trade fair", AllDay: true, Start: day, End: day.AddDate(0, 0, 3)})
	fair := calendar.When{AllDay: true, FirstDay: calendar.Date{Year: 2027, Month: 3, Day: 20}, EndDay: calendar.Date{Year: 2027, Month: 3, Day: 23}}
	for _, i := range (diary{}).apply(readOne(t, a, m, nil)) {
		want := span
		if i.Subject == "Trade fair" {
			want = fair
		}
		if !i.When.SameTime(want) {
			t.Errorf("%q = %+v, want %+v", i.Subject, i.When, want)
		}
	}
}

// Whatever name an event's zone has, the event is read at its instant; a zone that
// can be known is told (D7).
func TestD7ZoneNames(t *testing.T) {
	for name, want := range map[string]string{
		"tzone://Microsoft/Custom": "", "tzone://Microsoft/Utc": "", "Customized Time Zone": "", "UTC+01:00": "", "Nowhere/At all": "",
		"Europe/Kiev": "Europe/Kyiv", "W. Europe Standard Time": "Europe/Berlin", "Asia/Calcutta": "Asia/Kolkata",
	} {
		t.Run(name, func(t *testing.T) {
			s := newSim(t, exchangesim.Options{})
			m := s.mailbox(t, "Europe/London")
			start := zoned(t, "Europe/Berlin", 2027, 3, 16, 9, 0)
			put(t, s.box(t, m), world.Appointment{Subject: "Call", Start: start, End: start.Add(time.Hour), StartZone: name, EndZone: name})
			page := readOne(t, s.open(t), m, nil)
			if len(page.Changes) != 1 {
				t.Fatalf("%d changes, want the event", len(page.Changes))
			}
			when := page.Changes[0].Upsert.When
			if !when.Start.Equal(start) || when.End.Sub(when.Start) != time.Hour {
				t.Errorf("read at %v for an hour until %v, want %v", when.Start, when.End, start.UTC())
			}
			if want != "" && !sameZone(t, when.TimeZone, want) {
				t.Errorf("zone = %q, want %q", when.TimeZone, want)
			}
		})
	}
}

// sameZone reports whether two names mean the same clock, summer and winter.
func sameZone(t testing.TB, a, b string) bool {
	t.Helper()
	for _, month := range []time.Month{1, 7} {
		if !zoned(t, a, 2027, month, 1, 12, 0).Equal(zoned(t, b, 2027, month, 1, 12, 0)) {
			return false
		}
	}
	return a != ""
}
