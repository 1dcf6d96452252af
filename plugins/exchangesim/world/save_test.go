package world_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/trainercal/trainercal/plugins/exchangesim/world"
)

// TestSave disturbs a world in every way after it was saved, twice, and restores it.
func TestSave(t *testing.T) {
	w, m := newMailbox(t)
	series := create(t, m, weekly(t))
	occurrence := world.Ref{Item: series.Item, Occurrence: on(time.October, 27)}
	rename := func(subject string) func(*world.Appointment) error {
		return func(a *world.Appointment) error {
			a.Subject, a.Properties = subject, map[world.Property]string{{Name: subject}: "set"}
			return nil
		}
	}
	if _, err := m.Update(occurrence, world.Write{}, rename("Exception")); err != nil {
		t.Fatal(err)
	}
	start := at(t, "UTC", on(time.November, 2), 9)
	single := create(t, m, world.Appointment{
		Subject: "Single", Start: start, End: start.Add(time.Hour),
		Attendees: []world.Attendee{{Address: world.Address{SMTP: "ben@x.example"}}},
	})
	type state struct {
		Items, Year []world.Item
		Changes     []world.Change
		Position    world.Position
		Mail        []world.Mail
		Profile     world.Profile
	}
	look := func() state {
		changes, position, err := m.Changes(world.Position{})
		if err != nil {
			t.Fatal(err)
		}
		return state{m.Items(world.Calendar), year(t, m), changes, position, w.Outbox(), m.Profile()}
	}
	restore, want := w.Save(), look()
	for range 2 {
		for _, ref := range []world.Ref{occurrence, single.Ref} {
			if _, err := m.Update(ref, world.Write{Send: world.SendAll}, rename("Disturbed")); err != nil {
				t.Fatal(err)
			}
		}
		for _, ref := range []world.Ref{{Item: series.Item, Occurrence: on(time.November, 3)}, single.Ref} {
			if err := m.Delete(ref, world.Gone, world.Write{Send: world.SendAll}); err != nil {
				t.Fatal(err)
			}
		}
		create(t, m, world.Appointment{Subject: "New", Start: start, End: start.Add(time.Hour)})
		m.SetState(world.Disabled)
		m.ExpirePositions()
		w.RemoveMailbox("ana@x.example")
		if cmp.Equal(want, look()) {
			t.Fatal("nothing was disturbed")
		}
		restore()
		if diff := cmp.Diff(want, look()); diff != "" {
			t.Fatalf("what was restored (-saved +restored):\n%s", diff)
		}
		if found, err := w.Mailbox("a.ortiz@x.example"); err != nil || found != m {
			t.Fatalf("the mailbox is not found again: %v", err)
		}
	}
}
