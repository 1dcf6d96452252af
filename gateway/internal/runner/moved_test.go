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
	if len(steps) != 2 || steps[0].Op != reconcile.OpCreate || steps[0].Reason != reconcile.ReasonMoved || steps[1].Op != reconcile.OpRemove {
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

// oldItems are the gateway's items in a mailbox that the trainer had.
func (r *rig) oldItems(old sdk.Mailbox) map[string][]string {
	r.t.Helper()
	now := r.targets[0].Mailbox
	r.targets[0].Mailbox = old
	defer func() { r.targets[0].Mailbox = now }()
	return r.own(r.targets[0].ID.Label)
}

// TestMovedAway holds the second half of map-5: once the new calendar has everything, the
// old one is cleared of what the gateway wrote, and of nothing else; a plan says so first.
func TestMovedAway(t *testing.T) {
	t.Parallel()
	r := newRig(t, "ana")
	r.course("1", 3, "ana")
	r.course("2", 4, "ana")
	r.native("ana", "Dentist", 5)
	r.synced()
	old := r.target("ana").Mailbox
	r.put("ana", calendar.Marker{Installation: "here", Key: course1, Generation: r.memory("ana").Links[0].Generation}, "My copy", 11)
	r.move("ana")
	planned := r.plan(Sync)
	if planned.Moved == nil || planned.Moved.Mailbox != old || len(planned.Left) != 2 || planned.Left[0].Err != nil || len(planned.Plan.Calendar) != 2 {
		t.Errorf("the plan is %+v", planned)
	}
	if left := r.memory("ana").Left; len(left) != 0 {
		t.Errorf("a plan stored %+v", left)
	}
	run := r.synced()
	want := []string{"pull remove vanished", "push create moved", "push create moved", "push remove moved", "push remove moved"}
	if diff := cmp.Diff(want, steps(run, "ana")); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff(map[string][]string{course1: {"My copy"}}, r.oldItems(old)); diff != "" {
		t.Errorf("in the old calendar: %s", diff)
	}
	if left := r.memory("ana").Left; len(left) != 0 {
		t.Errorf("still remembered: %+v", left)
	}
	if again := r.synced(); len(steps(again, "ana")) != 0 {
		t.Errorf("afterwards a sync does %v", steps(again, "ana"))
	}
}

// TestMovedUnreachable: what is in a calendar that cannot be reached is remembered until
// it can; a trainer whose new calendar is not in sync yet loses nothing in the old one.
func TestMovedUnreachable(t *testing.T) {
	t.Parallel()
	r := newRig(t, "ana")
	r.course("1", 3, "ana")
	r.synced()
	old := r.target("ana").Mailbox
	r.move("ana")
	away := sdk.CodeUnavailable.New("the server is away")
	calls := 0
	r.account.before = func(_ context.Context, call string) error {
		if call == "Write" {
			return away
		}
		return nil
	}
	if run := r.run(); run.State != store.RunFailed || len(r.oldItems(old)) != 1 {
		t.Errorf("the run is %s, the old calendar holds %v", run.State, r.oldItems(old))
	}
	r.account.before = func(_ context.Context, call string) error {
		if calls++; call == "Find" && calls > 2 { // the search in the old calendar
			return away
		}
		return nil
	}
	r.synced()
	if left := r.memory("ana").Left; len(left) != 1 || left[0].Place.Mailbox != old || len(r.oldItems(old)) != 1 {
		t.Errorf("remembered is %+v", left)
	}
	r.account.before = nil
	r.target("ana").Pilot = true
	r.synced()
	if len(r.oldItems(old)) != 1 {
		t.Error("pilot-1: a pilot's former calendar was written")
	}
	r.target("ana").Pilot = false
	r.synced()
	if left := r.memory("ana").Left; len(left) != 0 || len(r.oldItems(old)) != 0 {
		t.Errorf("remembered is %+v, the old calendar holds %v", left, r.oldItems(old))
	}
}

// TestMovedOverNight holds I5, B15 and map-7: a mailbox behind another address or account
// is found to hold what was written, and nothing is made or removed.
func TestMovedOverNight(t *testing.T) {
	t.Parallel()
	r := newRig(t, "ana")
	r.course("1", 3, "ana")
	r.synced()
	before := r.items("ana")
	r.identity = "the same mailboxes behind a new account"
	if planned := r.plan(Sync); planned.Moved == nil || len(planned.Left) != 0 || len(planned.Plan.Calendar) != 0 {
		t.Errorf("the plan is %+v", planned)
	}
	run := r.synced()
	if len(steps(run, "ana")) != 0 {
		t.Errorf("the run did %v", steps(run, "ana"))
	}
	if diff := cmp.Diff(before, r.items("ana")); diff != "" {
		t.Error(diff)
	}
	r.synced()
	if left := r.memory("ana").Left; len(left) != 0 {
		t.Errorf("still remembered: %+v", left)
	}
}

// TestMovedToAnotherServer: the account of the same name reaches another server now, so
// that what is in the old calendar stays, and is told.
func TestMovedToAnotherServer(t *testing.T) {
	t.Parallel()
	r := newRig(t, "ana")
	r.course("1", 3, "ana")
	r.synced()
	old := r.target("ana").Mailbox
	r.move("ana")
	r.identity = "another server"
	if planned := r.plan(Sync); len(planned.Left) != 1 || planned.Left[0].Err == nil {
		t.Errorf("the plan is %+v", planned)
	}
	run := r.synced()
	if len(run.Events) != 1 || len(r.oldItems(old)) != 1 || len(r.memory("ana").Left) != 1 {
		t.Errorf("events %v, remembered is %+v", run.Events, r.memory("ana").Left)
	}
	// Once it is over there is nothing to remove any more (push-14).
	r.runner.Now = func() time.Time { return noon.AddDate(0, 0, 20) }
	r.synced()
	if left := r.memory("ana").Left; len(left) != 0 {
		t.Errorf("still remembered: %+v", left)
	}
}

// map-2, map-5: who is moved and no longer written to at the same time loses what was
// written in the former calendar if on_stop says so, and keeps it otherwise.
func TestMovedAndStopped(t *testing.T) {
	t.Parallel()
	for _, remove := range []bool{false, true} {
		r := newRig(t, "ana")
		r.course("1", 3, "ana")
		r.native("ana", "Dentist", 5)
		r.synced()
		old := r.target("ana").Mailbox
		r.move("ana")
		r.stop(false, true)
		r.target("ana").Stopped.RemovePushed = remove
		r.synced()
		want := map[string][]string{course1: {"Training: Course 1"}}
		if remove {
			want = map[string][]string{}
		}
		if diff := cmp.Diff(want, r.oldItems(old)); diff != "" {
			t.Errorf("remove %v: in the old calendar: %s", remove, diff)
		}
		if again := r.synced(); len(steps(again, "ana")) != 0 || len(r.own("ana")) != 0 || len(r.memory("ana").Left) != 0 {
			t.Errorf("remove %v: afterwards a sync does %v", remove, steps(again, "ana"))
		}
	}
}

// map-5: what the new calendar refuses is not taken out of the former one, whose trainer
// would have it nowhere.
func TestMovedToOneThatRefuses(t *testing.T) {
	t.Parallel()
	r, f := newRig(t, "ana"), &refuser{}
	f.install(r)
	r.course("1", 3, "ana")
	r.course("2", 4, "ana")
	r.synced()
	old := r.target("ana").Mailbox
	r.move("ana")
	f.refuse = func(op sdk.Operation) bool { return op.Kind == sdk.Create && op.Marker.Key == course1 }
	r.run()
	if diff := cmp.Diff(map[string][]string{course1: {"Training: Course 1"}}, r.oldItems(old)); diff != "" {
		t.Errorf("in the old calendar: %s", diff)
	}
	f.refuse = nil
	r.runner.Now = func() time.Time { return noon.Add(time.Hour) }
	r.synced()
	if len(r.oldItems(old)) != 0 || len(r.own("ana")) != 2 || len(r.memory("ana").Left) != 0 {
		t.Errorf("afterwards the old calendar has %v, the new one %v", r.oldItems(old), r.own("ana"))
	}
}

// map-5: what was made anew in a calendar that the trainer came back to is not taken for
// what was left there before.
func TestMovedBack(t *testing.T) {
	t.Parallel()
	r := newRig(t, "ana")
	r.course("1", 3, "ana")
	r.synced()
	first := r.target("ana").Mailbox
	written := r.items("ana")[0].ID
	r.move("ana")
	finds := 0
	r.account.before = func(_ context.Context, call string) error {
		if call == "Find" {
			finds++
		}
		if finds == 2 {
			return sdk.CodeUnavailable.New("away") // where the old calendar is cleared
		}
		return nil
	}
	r.run()
	if left := r.memory("ana").Left; len(left) != 1 {
		t.Fatalf("left are %+v", left)
	}
	r.account.before = nil
	r.calendar.Remove(first.Address, string(written))
	r.target("ana").Mailbox = first
	r.synced()
	for range 2 {
		if diff := cmp.Diff(map[string][]string{course1: {"Training: Course 1"}}, r.own("ana")); diff != "" {
			t.Error(diff)
		}
		if left := r.memory("ana").Left; len(left) != 0 {
			t.Errorf("left are %+v", left)
		}
		r.synced()
	}
}

// map-5, push-10: a calendar whose search failed when it became the trainer's is searched
// again before anything is written: what is there of ours from an earlier time is taken
// up, and not made a second time.
func TestSearchedAgainAfterAMove(t *testing.T) {
	t.Parallel()
	r := newRig(t, "ana")
	r.account.bare = true
	c := r.course("1", 3, "ana")
	r.synced()
	first := r.target("ana").Mailbox
	_, err := r.store.Forget(context.Background(), r.target("ana").ID)
	must(t, err)
	c.Trainers = []platform.CourseTrainer{}
	r.give(c)
	r.move("ana")
	r.synced()
	r.target("ana").Mailbox = first
	r.account.before = func(_ context.Context, call string) error {
		if call == "Find" {
			return sdk.CodeUnavailable.New("away")
		}
		return nil
	}
	if run := r.run(); run.State == store.RunOK {
		t.Fatal("the search did not fail")
	}
	r.account.before = nil
	r.course("1", 5, "ana") // at another time: what is there does not look like it
	r.synced()
	if diff := cmp.Diff(map[string][]string{course1: {"Training: Course 1"}}, r.own("ana")); diff != "" {
		t.Error(diff)
	}
}
