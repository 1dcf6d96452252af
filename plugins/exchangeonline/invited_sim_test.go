package exchangeonline_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/trainercal/trainercal/plugins/exchangesim"
	"github.com/trainercal/trainercal/plugins/exchangesim/world"
	"github.com/trainercal/trainercal/sdk"
	"github.com/trainercal/trainercal/sdk/calendar"
)

// invite makes the trainer invite somebody to the appointment of that title. It may run
// outside of the test's goroutine.
func invite(box *world.Mailbox, subject string) error {
	for _, it := range box.Items(world.Calendar) {
		if it.Subject != subject {
			continue
		}
		_, err := box.Update(it.Ref, world.Write{}, func(a *world.Appointment) error {
			a.Attendees = []world.Attendee{{Address: world.Address{SMTP: "guest@elsewhere.example"}, Kind: "required"}}
			return nil
		})
		return err
	}
	return fmt.Errorf("no appointment %q", subject)
}

// named is the course of that number with a title of its own.
func named(n int) sdk.Operation {
	op := course(n)
	op.Appointment.Subject = fmt.Sprint("Course ", n)
	return op
}

// changed is an update of a pushed course to another title.
func changed(n int, made sdk.WriteResult, version string) sdk.Operation {
	op := named(n)
	op.Kind, op.ItemID, op.Version = sdk.Update, made.ItemID, version
	op.Appointment.Subject += ", cancelled"
	return op
}

// A trainer invites somebody to a pushed appointment: whatever the gateway wants to do
// to it is refused, so that nobody gets mail, and the rest of the call goes on
// (push-11, K1).
func TestNoMailToInvited(t *testing.T) {
	tests := map[string]func(made sdk.WriteResult, version string) sdk.Operation{
		"update":       func(made sdk.WriteResult, _ string) sdk.Operation { return changed(1, made, "") },
		"stale update": func(made sdk.WriteResult, _ string) sdk.Operation { return changed(1, made, made.Version) },
		"drift repair": func(made sdk.WriteResult, version string) sdk.Operation { return changed(1, made, version) },
		"delete": func(made sdk.WriteResult, _ string) sdk.Operation {
			return sdk.Operation{ID: "course-1", Kind: sdk.Delete, ItemID: made.ItemID}
		},
		"delete of a version": func(made sdk.WriteResult, version string) sdk.Operation {
			return sdk.Operation{ID: "course-1", Kind: sdk.Delete, ItemID: made.ItemID, Version: version}
		},
	}
	for name, operation := range tests {
		t.Run(name, func(t *testing.T) {
			s := newSim(t, exchangesim.Options{})
			m := s.mailbox(t, "Europe/London")
			a := s.open(t)
			made := write(t, a, m, named(1), named(2), named(3))
			if err := invite(s.box(t, m), "Course 1"); err != nil {
				t.Fatal(err)
			}
			results := write(t, a, m, operation(made["course-1"], versionOf(t, a, m, made["course-1"].ItemID)),
				changed(2, made["course-2"], made["course-2"].Version),
				sdk.Operation{ID: "course-3", Kind: sdk.Delete, ItemID: made["course-3"].ItemID})
			if err := results["course-1"].Err; err == nil || err.Code != sdk.CodeInvalidItem || !strings.Contains(err.Advice, "attendees") {
				t.Errorf("err = %v, want a refusal that names the attendees", err)
			}
			if results["course-2"].Err != nil || results["course-3"].Err != nil {
				t.Errorf("the others: %v, %v, want success", results["course-2"].Err, results["course-3"].Err)
			}
			wantSubjects(t, s.box(t, m), "Course 1", "Course 2, cancelled")
			noMail(t, s)
		})
	}
}

// versionOf asks for an item's version, as drift repair knows it.
func versionOf(t *testing.T, a sdk.Account, m sdk.Mailbox, id calendar.ItemID) (version string) {
	t.Helper()
	req := sdk.GetRequest{Mailbox: m, IDs: []calendar.ItemID{id}, Detail: sdk.DetailFull}
	err := a.Get(t.Context(), []sdk.GetRequest{req}, func(p sdk.GetPage) error {
		for _, i := range p.Items {
			version = i.Version
		}
		return nil
	})
	if err != nil || version == "" {
		t.Fatalf("version %q, %v", version, err)
	}
	return version
}

func wantSubjects(t *testing.T, box *world.Mailbox, want ...string) {
	t.Helper()
	left := map[string]int{}
	for _, it := range box.Items(world.Calendar) {
		left[it.Subject]++
	}
	for _, subject := range want {
		left[subject]--
	}
	for subject, n := range left {
		if n != 0 {
			t.Errorf("%q is there %+d times more than wanted", subject, n)
		}
	}
}

func noMail(t *testing.T, s *sim) {
	t.Helper()
	if mails := s.Outbox(); len(mails) != 0 {
		t.Errorf("%d mails, the first: %+v", len(mails), mails[0])
	}
}

// Somebody who is invited between the check and the write gets no mail either: the
// write names the version that was checked.
func TestInvitedAfterCheck(t *testing.T) {
	for name, operation := range map[string]func(made sdk.WriteResult) sdk.Operation{
		"update": func(made sdk.WriteResult) sdk.Operation { return changed(1, made, "") },
		"delete": func(made sdk.WriteResult) sdk.Operation {
			return sdk.Operation{ID: "course-1", Kind: sdk.Delete, ItemID: made.ItemID}
		},
	} {
		t.Run(name, func(t *testing.T) {
			invited := make(chan error, 1)
			var box *world.Mailbox
			s := newSim(t, exchangesim.Options{Observe: func(x exchangesim.Exchange) {
				if strings.Contains(string(x.RequestBody), "select=id") && len(invited) == 0 {
					invited <- invite(box, "Course 1")
				}
			}})
			m := s.mailbox(t, "Europe/London")
			box = s.box(t, m)
			a := s.open(t)
			made := write(t, a, m, named(1))["course-1"]
			res := write(t, a, m, operation(made))["course-1"]
			if len(invited) != 1 {
				t.Fatal("nothing was checked")
			}
			if err := <-invited; err != nil {
				t.Fatal(err)
			}
			if res.Err == nil || (res.Err.Code != sdk.CodeConflict && res.Err.Code != sdk.CodeInvalidItem) {
				t.Errorf("err = %v, want a conflict or a refusal", res.Err)
			}
			wantSubjects(t, box, "Course 1")
			noMail(t, s)
		})
	}
}

// A create that finds its appointment made already, and somebody invited to it, leaves
// it alone, and does not say that there is none.
func TestCreateFindsInvited(t *testing.T) {
	for _, maybeDone := range []bool{false, true} {
		t.Run(fmt.Sprint("maybe done ", maybeDone), func(t *testing.T) {
			s := newSim(t, exchangesim.Options{})
			m := s.mailbox(t, "Europe/London")
			a := s.open(t)
			write(t, a, m, named(1))
			if err := invite(s.box(t, m), "Course 1"); err != nil {
				t.Fatal(err)
			}
			again := named(1)
			again.MaybeDone = maybeDone
			again.Appointment.Subject = "Course 1, moved"
			if err := write(t, a, m, again)["course-1"].Err; err == nil || err.Code != sdk.CodeConflict || err.Advice == "" {
				t.Errorf("err = %v, want a conflict with advice", err)
			}
			wantSubjects(t, s.box(t, m), "Course 1")
			noMail(t, s)
		})
	}
}

// A check costs one part of a batch for each update or deletion, and a create none.
func TestCheckCosts(t *testing.T) {
	s := newSim(t, exchangesim.Options{})
	m := s.mailbox(t, "Europe/London")
	a := s.open(t)
	var ops []sdk.Operation
	for n := range 20 {
		ops = append(ops, named(n))
	}
	made := write(t, a, m, ops...)
	if got := count(s, "GetEvent"); got.Batched != 0 || got.Requests != 0 {
		t.Errorf("checks of creates = %+v, want none", got)
	}
	s.ClearCounts()
	for n := range ops {
		id := ops[n].ID
		ops[n] = changed(n, made[id], made[id].Version)
	}
	for id, r := range write(t, a, m, ops...) {
		if r.Err != nil {
			t.Errorf("%s: %v", id, r.Err)
		}
	}
	if got := count(s, "GetEvent"); got.Batched != 20 || got.Requests != 0 || count(s, "Batch").Requests != 2 {
		t.Errorf("checks = %+v in %d batches with the updates, want 20 in two", got, count(s, "Batch").Requests)
	}
}
