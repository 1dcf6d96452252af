package exchangeonline_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/trainercal/trainercal/plugins/exchangesim"
	"github.com/trainercal/trainercal/plugins/exchangesim/world"
	"github.com/trainercal/trainercal/sdk/calendar"
)

// TestWholeDaysAtTheEdge: a whole day that was made far away counts by the trainer's
// day, also where the server's instants lie outside the window; what lies outside by
// the trainer's day is left out, in a full read and in a later one (D4, F1).
func TestWholeDaysAtTheEdge(t *testing.T) {
	for _, tt := range []struct {
		name, trainer, client string
		inside, outside       calendar.Date
	}{
		{
			"start", "America/Los_Angeles", "Pacific/Auckland",
			calendar.Date{Year: 2027, Month: 3, Day: 13},
			calendar.Date{Year: 2027, Month: 3, Day: 12},
		},
		{
			"end", "Pacific/Auckland", "America/Los_Angeles",
			calendar.Date{Year: 2027, Month: 4, Day: 14},
			calendar.Date{Year: 2027, Month: 4, Day: 15},
		},
	} {
		t.Run(tt.name, func(t *testing.T) {
			s := newSim(t, exchangesim.Options{})
			m := s.mailbox(t, tt.trainer)
			a := s.open(t)
			client, err := time.LoadLocation(tt.client)
			if err != nil {
				t.Fatal(err)
			}
			create := func(subject string, day calendar.Date) {
				t.Helper()
				whole := world.Appointment{Subject: subject, AllDay: true, Start: day.In(client), End: day.AddDays(1).In(client)}
				if _, err := s.box(t, m).Create(whole, world.SendNone); err != nil {
					t.Fatal(err)
				}
			}
			create("Inside", tt.inside)
			create("Outside", tt.outside)
			first := readOne(t, a, m, nil)
			create("Inside too", tt.inside)
			create("Outside too", tt.outside)
			second := readOne(t, a, m, first.Complete.Cursor)
			if second.Complete.Full {
				t.Fatal("the second read did not continue")
			}
			got := [][]string{upserts(first.Changes), upserts(second.Changes)}
			if diff := cmp.Diff([][]string{{"Inside"}, {"Inside too"}}, got); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// upserts lists the subjects of the items that are new or changed.
func upserts(changes []calendar.Change) []string {
	var subjects []string
	for _, c := range changes {
		if c.Upsert != nil {
			subjects = append(subjects, c.Upsert.Subject)
		}
	}
	return subjects
}
