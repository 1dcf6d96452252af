package exchangeonline_test

import (
	"strings"
	"testing"
	"time"

	"github.com/trainercal/trainercal/plugins/exchangesim"
	"github.com/trainercal/trainercal/plugins/exchangesim/world"
	"github.com/trainercal/trainercal/sdk"
)

// repeat makes the trainer turn the appointment of that title into a weekly series, and
// moves its third occurrence by an hour; with a guest, who is invited to that one alone.
func repeat(t *testing.T, box *world.Mailbox, subject string, guest bool) {
	t.Helper()
	for _, it := range box.Items(world.Calendar) {
		if it.Subject != subject {
			continue
		}
		if _, err := box.Update(it.Ref, world.Write{}, func(a *world.Appointment) error {
			a.Recurrence = &world.Recurrence{
				Pattern: world.Pattern{Kind: world.Weekly, Interval: 1, Days: []time.Weekday{a.Start.Weekday()}, FirstDayOfWeek: time.Monday},
				Range:   world.Range{Count: 10},
			}
			return nil
		}); err != nil {
			t.Fatal(err)
		}
		third := world.Ref{Item: it.Item, Occurrence: world.DateOf(it.Start).AddDays(14)}
		if _, err := box.Update(third, world.Write{}, func(a *world.Appointment) error {
			a.Start, a.End = a.Start.Add(time.Hour), a.End.Add(time.Hour)
			if guest {
				a.Attendees = []world.Attendee{{Address: world.Address{SMTP: "guest@elsewhere.example"}, Kind: "required"}}
			}
			return nil
		}); err != nil {
			t.Fatal(err)
		}
		return
	}
	t.Fatalf("no appointment %q", subject)
}

// A trainer makes a series of a pushed appointment and invites somebody to one occurrence
// only: what the gateway wants to do to it is refused too, and without a guest it is done
// (push-11, K1).
func TestNoMailToInvitedToOneOccurrence(t *testing.T) {
	for name, operation := range map[string]func(sdk.WriteResult) sdk.Operation{
		"update": func(made sdk.WriteResult) sdk.Operation { return changed(1, made, "") },
		"delete": func(made sdk.WriteResult) sdk.Operation {
			return sdk.Operation{ID: "course-1", Kind: sdk.Delete, ItemID: made.ItemID}
		},
	} {
		for _, guest := range []bool{true, false} {
			t.Run(name, func(t *testing.T) {
				s := newSim(t, exchangesim.Options{Now: func() time.Time { return march.Start }})
				m := s.mailbox(t, "Europe/London")
				a := s.open(t)
				made := write(t, a, m, named(1), named(2))
				repeat(t, s.box(t, m), "Course 1", guest)
				results := write(t, a, m, operation(made["course-1"]), changed(2, made["course-2"], ""))
				err := results["course-1"].Err
				if guest && (err == nil || err.Code != sdk.CodeInvalidItem || !strings.Contains(err.Advice, "attendees")) {
					t.Errorf("err = %v, want a refusal that names the attendees", err)
				}
				if !guest && err != nil {
					t.Errorf("err = %v without a guest, want it done", err)
				}
				if results["course-2"].Err != nil {
					t.Errorf("the other: %v", results["course-2"].Err)
				}
				noMail(t, s)
			})
		}
	}
}
