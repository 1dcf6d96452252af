package exchangeonline_test

import (
	"testing"

	"github.com/trainercal/trainercal/plugins/exchangesim"
	"github.com/trainercal/trainercal/plugins/exchangesim/world"
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
