package runner

import (
	"errors"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/trainercal/trainercal/gateway/internal/reconcile"
	"github.com/trainercal/trainercal/sdk/calendar"
	"github.com/trainercal/trainercal/sdk/sdktest"
)

// move gives the trainer another mailbox.
func (r *rig) move(label string) { r.target(label).Mailbox = r.calendar.AddMailbox("Europe/London") }

// TestMoved holds what map-5 says of the new calendar: it gets the appointments, each
// with a reason that is true.
func TestMoved(t *testing.T) {
	t.Parallel()
	r := newRig(t, "ana")
	r.course("1", 3, "ana")
	r.synced()
	r.move("ana")
	steps := outcome(t, r.synced(), "ana").Steps
	if len(steps) != 1 || steps[0].Op != reconcile.OpCreate || steps[0].Reason != reconcile.ReasonMoved {
		t.Errorf("the move did %+v", steps)
	}
	if diff := cmp.Diff(map[string][]string{course1: {"Training: Course 1"}}, r.own("ana")); diff != "" {
		t.Error(diff)
	}
}

// TestMovedWithoutPush: links that name items of another calendar do not outlive the
// move, so that switching push on later writes at once (map-8).
func TestMovedWithoutPush(t *testing.T) {
	t.Parallel()
	r := newRig(t, "ana")
	r.course("1", 3, "ana")
	r.synced()
	r.move("ana")
	r.target("ana").Push = false
	r.synced()
	r.target("ana").Push = true
	r.synced()
	if diff := cmp.Diff(map[string][]string{course1: {"Training: Course 1"}}, r.own("ana")); diff != "" {
		t.Error(diff)
	}
}

// TestIntendedIsSearched holds B2 for a course that is gone by the time of the next
// run: the item that a lost creation left is found by its marker and removed, also
// where the trainer changed it so that nothing but its marker tells whose it is.
func TestIntendedIsSearched(t *testing.T) {
	t.Parallel()
	for _, bare := range []bool{false, true} {
		r := newRig(t, "ana")
		r.account.bare = bare
		r.synced()
		r.course("1", 3, "ana")
		r.runner.Memory = &faultyMemory{Memory: r.store, commit: func() error { return errors.New("disk full") }}
		r.run()
		r.runner.Memory = r.store
		r.course("1", 3) // nobody gives it now
		left := r.items("ana")[0]
		r.calendar.Put(r.target("ana").Mailbox.Address, string(left.ID), sdktest.Entry{
			Subject: "Mine", When: calendar.When{Start: noon.AddDate(0, 0, 5), End: noon.AddDate(0, 0, 6), TimeZone: "Europe/London"},
			ShowAs: calendar.ShowAsBusy, Sensitivity: calendar.SensitivityNormal,
		})
		r.synced()
		if own := r.own("ana"); len(own) != 0 {
			t.Errorf("bare reads %v: left in the calendar: %v", bare, own)
		}
		if links := r.memory("ana").Links; len(links) != 0 {
			t.Errorf("bare reads %v: left in the memory: %v", bare, links)
		}
	}
}
