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
