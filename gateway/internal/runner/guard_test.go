package runner

import (
	"context"
	"errors"
	"slices"
	"testing"
	"time"

	"github.com/trainercal/trainercal/gateway/internal/platform"
	"github.com/trainercal/trainercal/gateway/internal/reconcile"
	"github.com/trainercal/trainercal/gateway/internal/store"
	"github.com/trainercal/trainercal/sdk/calendar"
	"github.com/trainercal/trainercal/sdk/sdktest"
)

// emptied is a rig whose trainer had n appointments, and deleted them all.
func emptied(t *testing.T, n int) *rig {
	t.Helper()
	r := newRig(t, "ana")
	r.runner.Guard = &reconcile.Guard{MaxRemovals: 5, MaxFraction: 0.1}
	var ids []string
	for i := range n {
		ids = append(ids, r.native("ana", "Dentist", 1+i))
	}
	r.synced()
	for _, id := range ids {
		r.calendar.Remove(r.target("ana").Mailbox.Address, id)
	}
	return r
}

func (r *rig) heldIDs() []string {
	var ids []string
	for _, m := range r.memory("ana").Mirrors {
		if m.Held {
			ids = append(ids, m.ID)
		}
	}
	return ids
}

// TestEmptiedCalendarIsHeld is A4 and hold-1: the removals are stored with the cursor,
// told by every run, and applied when they are approved; creations go on.
func TestEmptiedCalendarIsHeld(t *testing.T) {
	t.Parallel()
	r := emptied(t, 8)
	plans, err := r.runner.Plan(context.Background(), r.job())
	must(t, err)
	if len(plans[0].Plan.Held) != 8 || !plans[0].Plan.Empty() || len(r.heldIDs()) != 0 {
		t.Errorf("the plan holds %d and is %+v; %d are stored as held", len(plans[0].Plan.Held), plans[0].Plan, len(r.heldIDs()))
	}
	before := r.memory("ana").Cursor
	r.course("1", 3, "ana")
	for round := range 3 {
		out := outcome(t, r.synced(), "ana")
		if len(out.Held) != 8 || len(r.pulled("ana")) != 8 || out.Counts.PullRemoved != 0 || (round == 0) != (out.Counts.Writes() == 1) {
			t.Errorf("run %d: %d held, %d pulled, %+v", round, len(out.Held), len(r.pulled("ana")), out.Counts)
		}
	}
	if slices.Equal(before, r.memory("ana").Cursor) {
		t.Error("the cursor is still the one from before")
	}
	run, err := r.runner.Approve(context.Background(), r.target("ana").ID, time.UTC, r.heldIDs())
	must(t, err)
	stored, err := r.store.Run(context.Background(), run.ID)
	must(t, err)
	out := outcome(t, stored, "ana")
	if stored.State != store.RunOK || out.Counts.PullRemoved != 8 || len(out.Steps) != 8 || len(out.Held) != 0 || len(r.pulled("ana")) != 0 {
		t.Errorf("the approval is %s with %+v; pulled is %v", stored.State, out, r.pulled("ana"))
	}
	if counts := outcome(t, r.synced(), "ana").Counts; counts.Writes() != 0 {
		t.Errorf("the run after it writes %+v", counts)
	}
}

// TestApprovalCoversWhatWasShown: what vanished or came back since then is not let go.
func TestApprovalCoversWhatWasShown(t *testing.T) {
	t.Parallel()
	r := emptied(t, 8)
	late := r.native("ana", "Late", 20)
	r.synced()
	shown := r.heldIDs()
	address := r.target("ana").Mailbox.Address
	r.calendar.Remove(address, late)
	again := r.memory("ana").Mirrors[slices.IndexFunc(r.memory("ana").Mirrors, func(m reconcile.Mirror) bool { return m.Held })]
	r.calendar.Restore(address, string(again.ItemID))
	r.synced()
	_, err := r.runner.Approve(context.Background(), r.target("ana").ID, time.UTC, shown)
	must(t, err)
	var left []string
	for _, m := range r.memory("ana").Mirrors {
		left = append(left, m.Description)
		if held := m.Description == "Late"; m.Held != held {
			t.Errorf("%s: held is %v, want %v", m.Description, m.Held, held)
		}
	}
	slices.Sort(left)
	if !slices.Equal(left, []string{"Dentist", "Late"}) {
		t.Errorf("left are %v", left)
	}
}

// TestHoldingIsAtomic: when the result cannot be stored, neither is the cursor, and
// the next run infers the same again (F6).
func TestHoldingIsAtomic(t *testing.T) {
	t.Parallel()
	r := emptied(t, 8)
	r.runner.Memory = &faultyMemory{Memory: r.store, commit: func() error { return errors.New("disk full") }}
	r.run()
	if len(r.heldIDs()) != 0 {
		t.Error("something is held although nothing could be stored")
	}
	r.runner.Memory = r.store
	r.synced()
	if len(r.heldIDs()) != 8 || len(r.pulled("ana")) != 8 {
		t.Errorf("%d held, %d pulled; want 8 of both", len(r.heldIDs()), len(r.pulled("ana")))
	}
}

// TestHeldIsToldOfFailures: a run that could not read still tells what is held.
func TestHeldIsToldOfFailures(t *testing.T) {
	t.Parallel()
	r := emptied(t, 8)
	r.synced()
	r.account.before = func(_ context.Context, call string) error {
		if call == "Read" {
			return errors.New("away")
		}
		return nil
	}
	if out := outcome(t, r.run(), "ana"); out.Failing == nil || len(out.Held) != 8 {
		t.Errorf("failing %v, %d held", out.Failing, len(out.Held))
	}
}

// TestShorterWindow is F8: a window that was made shorter means a full read, and
// neither removes nor holds what is beyond it.
func TestShorterWindow(t *testing.T) {
	t.Parallel()
	r := newRig(t, "ana")
	r.runner.Guard = &reconcile.Guard{MaxRemovals: 5, MaxFraction: 0.1}
	for i := range 20 {
		start := noon.AddDate(0, 0, 5+i)
		r.calendar.Put(r.target("ana").Mailbox.Address, "", sdktest.Entry{
			Subject: "Dentist", When: calendar.When{Start: start, End: start.Add(time.Hour), TimeZone: "Europe/London"},
			ShowAs: calendar.ShowAsBusy, Sensitivity: calendar.SensitivityNormal,
		})
	}
	r.synced()
	r.runner.Future = 10 * 24 * time.Hour
	out := outcome(t, r.synced(), "ana")
	if out.Counts.PullRemoved != 0 || len(out.Held) != 0 || len(r.pulled("ana")) != 20 {
		t.Errorf("%+v, %d held, %d pulled", out.Counts, len(out.Held), len(r.pulled("ana")))
	}
}

// TestApprovalOfNobody: there is nothing to let go of a trainer never seen.
func TestApprovalOfNobody(t *testing.T) {
	t.Parallel()
	r := newRig(t, "ana")
	run, err := r.runner.Approve(context.Background(), platform.TrainerID{Provider: "northwind", Label: "zoe"}, time.UTC, []string{"x"})
	if err != nil || run.State != store.RunOK || outcome(t, run, "zoe").Counts.Writes() != 0 {
		t.Errorf("%s, %v", run.State, err)
	}
}
