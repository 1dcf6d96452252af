package runner

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/trainercal/trainercal/gateway/internal/platform"
	"github.com/trainercal/trainercal/gateway/internal/reconcile"
	"github.com/trainercal/trainercal/gateway/internal/store"
	"github.com/trainercal/trainercal/sdk"
	"github.com/trainercal/trainercal/sdk/calendar"
)

// push-14, push-8: what is over stays in the calendar as history where a full list of the
// platform lacks it, and is not taken for the trainer's own; what is still to come goes,
// and so does what is over once somebody takes the trainer off it.
func TestHistoryStays(t *testing.T) {
	t.Parallel()
	for _, bare := range []bool{false, true} {
		for _, kind := range []Kind{Sync, Resync, ResyncInPlace} {
			r := newRig(t, "ana")
			r.account.bare = bare
			over := r.course("1", 1, "ana")
			r.course("2", 4, "ana")
			r.synced()
			now := noon.AddDate(0, 0, 2)
			r.runner.Now = func() time.Time { return now }
			list := platform.Import{CoursesOf: []string{"northwind"}, Courses: []platform.Course{without(r.course("9", 9))}}
			sweep := store.Sweep{Now: now, Before: now.AddDate(0, 0, -7), Zone: time.UTC}
			_, err := r.store.Import(t.Context(), store.Batch{Replace: true, Import: list, Sweeps: map[string]store.Sweep{"northwind": sweep}})
			must(t, err)
			r.work(kind)
			r.synced()
			if diff := cmp.Diff(map[string][]string{course1: {"Training: Course 1"}}, r.own("ana")); diff != "" || len(r.pulled("ana")) != 0 {
				t.Errorf("bare reads %v, %q: pulled are %v, ours (-want +got):\n%s", bare, kind, r.pulled("ana"), diff)
			}
			r.give(without(over))
			r.synced()
			if own := r.own("ana"); len(own) != 0 {
				t.Errorf("bare reads %v, %q: taken off, ours are %v", bare, kind, own)
			}
		}
	}
}

// I5, push-10: a move whose search for markers failed is searched by the next run, also
// where the trainer had nothing written by then.
func TestMovedAndNotSearched(t *testing.T) {
	t.Parallel()
	r := newRig(t, "ana")
	r.account.bare = true
	r.target("ana").Pull = false
	r.synced()
	r.move("ana")
	r.put("ana", calendar.Marker{Installation: "here", Key: course1, Generation: "x"}, "Training: Course 1", 3)
	r.account.before = func(_ context.Context, call string) error {
		if call == "Find" {
			return sdk.CodeUnavailable.New("the search broke off")
		}
		return nil
	}
	if run := r.run(); run.State == store.RunOK {
		t.Fatal("the search did not fail")
	}
	r.account.before = nil
	r.course("1", 3, "ana")
	r.synced()
	if diff := cmp.Diff(map[string][]string{course1: {"Training: Course 1"}}, r.own("ana")); diff != "" {
		t.Errorf("ours are (-want +got):\n%s", diff)
	}
}

// B2, I5: what a run made in a calendar just before it was cut short is removed from there
// when the trainer has another calendar by the next run.
func TestCutShortAndMoved(t *testing.T) {
	t.Parallel()
	r := newRig(t, "ana")
	r.synced()
	r.course("1", 3, "ana")
	r.runner.Memory = &faultyMemory{Memory: r.store, commit: func() error { return errors.New("disk full") }}
	r.run()
	r.runner.Memory = r.store
	old := r.target("ana").Mailbox
	r.move("ana")
	r.synced()
	if own := r.oldItems(old); len(own) != 0 {
		t.Errorf("left in the old calendar are %v", own)
	}
	if len(r.own("ana")) != 1 {
		t.Errorf("in the new calendar are %v", r.own("ana"))
	}
}

// hold-1, map-2: what was held and is taken off the platform is held no more.
func TestWithdrawnIsNotHeld(t *testing.T) {
	t.Parallel()
	r := newRig(t, "ana")
	r.runner.Guard = &reconcile.Guard{}
	id := r.native("ana", "Dentist", 5)
	r.synced()
	r.calendar.Remove(r.target("ana").Mailbox.Address, id)
	if run := r.synced(); len(run.Trainers[0].Held) != 1 {
		t.Fatalf("held is %v", run.Trainers[0].Held)
	}
	r.stop(false, false)
	run := r.synced()
	if held := run.Trainers[0].Held; len(held) != 0 || len(r.memory("ana").Mirrors) != 0 {
		t.Errorf("held is %v of %+v", held, r.memory("ana").Mirrors)
	}
}

// conflict-1: a course whose text cannot be made any more takes the time that is in the
// calendar all the same.
func TestConflictWithoutText(t *testing.T) {
	t.Parallel()
	r := newRig(t, "ana")
	c := r.course("1", 3, "ana")
	r.calendar.Put(r.target("ana").Mailbox.Address, "", formerItem("Dentist", 3))
	r.synced()
	before := r.memory("ana").Conflicts
	r.target("ana").Render.Templates = titles(t, `course.exclusive_accounts[1]`)
	c.Cost = "450"
	r.give(c)
	r.run()
	if diff := cmp.Diff(before, r.memory("ana").Conflicts); diff != "" || len(before) != 1 {
		t.Errorf("there were %d conflicts (-before +after):\n%s", len(before), diff)
	}
}
