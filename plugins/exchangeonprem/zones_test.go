package exchangeonprem_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/trainercal/trainercal/plugins/exchangesim"
	"github.com/trainercal/trainercal/plugins/exchangesim/simtest"
	"github.com/trainercal/trainercal/plugins/exchangesim/world"
	"github.com/trainercal/trainercal/sdk"
	"github.com/trainercal/trainercal/sdk/calendar"
)

// D7, D4: a whole day that was made in a zone nobody has a name for is read by the zone's
// own rules, summer and winter, wherever the trainer lives.
func TestWholeDayInACustomZone(t *testing.T) {
	s := newSim(t, simtest.Config{})
	// Troll's clocks go forward by two hours; no Windows zone does that.
	troll, err := time.LoadLocation("Antarctica/Troll")
	if err != nil {
		t.Fatal(err)
	}
	far := time.FixedZone("", 12*3600+45*60)
	for _, home := range []string{"Europe/London", "Pacific/Pago_Pago"} {
		m := s.mailbox(t, home)
		for subject, start := range map[string]time.Time{
			"winter": time.Date(2026, 3, 12, 0, 0, 0, 0, troll), "summer": time.Date(2026, 4, 2, 0, 0, 0, 0, troll),
			"change": time.Date(2026, 3, 29, 0, 0, 0, 0, troll), "far": time.Date(2026, 3, 12, 0, 0, 0, 0, far),
		} {
			a := appointment(t, m, hour(subject, start))
			a.AllDay, a.Start, a.End = true, start, start.AddDate(0, 0, 2)
			a.StartZone, a.EndZone = "tzone://Microsoft/Custom", "tzone://Microsoft/Custom"
			if _, err := s.box(t, m).Create(a, world.SendNone); err != nil {
				t.Fatal(err)
			}
		}
		s.ClearCounts()
		got := read(t, s.open(t, nil), m, nil)
		for subject, first := range map[string]calendar.Date{
			"winter": {Year: 2026, Month: 3, Day: 12}, "summer": {Year: 2026, Month: 4, Day: 2},
			"change": {Year: 2026, Month: 3, Day: 29}, "far": {Year: 2026, Month: 3, Day: 12},
		} {
			if w := got.bySubject(t, subject).When; w.FirstDay != first || w.EndDay != first.AddDays(2) {
				t.Errorf("%s for a trainer in %s: %s to %s, want two days from %s", subject, home, w.FirstDay, w.EndDay, first)
			}
		}
		if n := s.requests()["GetItem"]; n != 1 {
			t.Errorf("%d requests for the zones of four items, want one", n)
		}
	}
}

// D7: a zone that the server does not know does not keep an appointment from being
// written: it is at the right time, or on the right days, in UTC. Others are not touched
// by that.
func TestZoneUnknownToTheServer(t *testing.T) {
	s := newSim(t, simtest.Config{Options: exchangesim.Options{EWSUnknownZones: []string{"W. Europe Standard Time"}}})
	m := s.mailbox(t, "Europe/Berlin")
	account := s.open(t, nil)
	timed, whole, london := course("timed"), course("whole"), course("london")
	whole.Appointment.When = calendar.When{
		AllDay: true, FirstDay: calendar.Date{Year: 2026, Month: 3, Day: 24}, EndDay: calendar.Date{Year: 2026, Month: 3, Day: 25},
	}
	london.Appointment.When.TimeZone = "Europe/London"
	made := write(t, account, m, timed, whole, london)
	for id, res := range made {
		if res.Err != nil {
			t.Fatalf("%s: %v", id, res.Err)
		}
	}
	moved := timed
	moved.Kind, moved.ItemID, moved.Version, moved.Base = sdk.Update, made["timed"].ItemID, made["timed"].Version, &timed.Appointment
	moved.Appointment.When.Start, moved.Appointment.When.End = at(3, 21, 8), at(3, 21, 16)
	if res := write(t, account, m, moved)["timed"]; res.Err != nil {
		t.Fatal(res.Err)
	}
	got := read(t, account, m, nil)
	if w := got.bySubject(t, timed.Appointment.Subject).When; !w.SameTime(moved.Appointment.When) {
		t.Errorf("the moved one is at %+v", w)
	}
	if w := got.bySubject(t, whole.Appointment.Subject).When; !w.SameTime(whole.Appointment.When) {
		t.Errorf("the whole day is %+v", w)
	}
	if diff := cmp.Diff("Europe/London", got.bySubject(t, london.Appointment.Subject).When.TimeZone); diff != "" {
		t.Errorf("the zone the server knows (-want +got):\n%s", diff)
	}
}
