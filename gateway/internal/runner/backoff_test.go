package runner

import (
	"context"
	"sync"
	"testing"
	"time"

	"github.com/trainercal/trainercal/gateway/internal/platform"
	"github.com/trainercal/trainercal/gateway/internal/reconcile"
	"github.com/trainercal/trainercal/gateway/internal/store"
	"github.com/trainercal/trainercal/sdk"
	"github.com/trainercal/trainercal/sdk/calendar"
	"github.com/trainercal/trainercal/sdk/sdktest"
)

// refuser refuses operations as a mailbox does that lacks a right, and counts them.
type refuser struct {
	mu      sync.Mutex
	refuse  func(sdk.Operation) bool
	refused int
}

// install makes the rig's account refuse.
func (f *refuser) install(r *rig) {
	r.account.Account = refusing{r.account.Account, f}
}

type refusing struct {
	sdk.Account
	*refuser
}

func (a refusing) Write(ctx context.Context, reqs []sdk.WriteRequest, emit func(sdk.WriteResult) error) error {
	for _, req := range reqs {
		var left []sdk.Operation
		for _, op := range req.Operations {
			if !a.takes(op) {
				left = append(left, op)
				continue
			}
			res := sdk.WriteResult{Mailbox: req.Mailbox.Address, Operation: op.ID, Err: sdk.CodeAccessDenied.New("403").WithAdvice("grant it")}
			if err := emit(res); err != nil {
				return err
			}
		}
		if err := a.Account.Write(ctx, []sdk.WriteRequest{{Mailbox: req.Mailbox, Operations: left}}, emit); err != nil {
			return err
		}
	}
	return nil
}

func (f *refuser) takes(op sdk.Operation) bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.refuse == nil || !f.refuse(op) {
		return false
	}
	f.refused++
	return true
}

// backoffRig is ana with a course that is refused and one that is not; step moves the
// clock by an interval and runs.
func backoffRig(t *testing.T) (r *rig, f *refuser, step func() store.RunTrainer, now *time.Time) {
	t.Helper()
	r, f, now = newRig(t, "ana"), &refuser{}, new(time.Time)
	*now = noon
	r.runner.Now = func() time.Time { return *now }
	f.install(r)
	step = func() store.RunTrainer {
		*now = now.Add(15 * time.Minute)
		return outcome(t, r.run(), "ana")
	}
	return r, f, step, now
}

// TestFailingItemsBackOff holds C8: an item that is refused for good is tried ever more
// rarely, up to hours; meanwhile everything else goes on, and what is owed is known with
// its reason, since when, when it is tried next, and what to do.
func TestFailingItemsBackOff(t *testing.T) {
	t.Parallel()
	r, f, step, now := backoffRig(t)
	f.refuse = func(op sdk.Operation) bool { return op.Marker.Key == course1 }
	r.course("1", 30, "ana")
	for day := range 3 {
		f.refused = 0
		for range 96 { // a day of intervals
			step()
		}
		if most := 12 - 7*min(day, 1); f.refused > most || f.refused == 0 {
			t.Errorf("day %d: tried %d times, want at most %d", day, f.refused, most)
		}
	}
	r.course("2", 30, "ana")
	r.native("ana", "Dentist", 3)
	out := step()
	if out.State != store.RunFailed || out.Counts.PushCreated != 1 || out.Counts.PullCreated != 1 {
		t.Errorf("the others: %+v", out)
	}
	m := r.memory("ana")
	if len(m.Owed) != 1 || m.Failing == nil {
		t.Fatalf("owed %+v, failing %+v", m.Owed, m.Failing)
	}
	o := m.Owed[0]
	if o.Key != course1 || o.Op != reconcile.OpCreate || o.Code != string(sdk.CodeAccessDenied) || o.Advice != "grant it" || o.Message != "403" {
		t.Errorf("owed: %+v", o)
	}
	if !o.Since.Equal(noon.Add(15*time.Minute)) || o.Next.Sub(*now) > longestPause || !o.Next.After(*now) || !m.Failing.Next.Equal(o.Next) {
		t.Errorf("since %s, next %s, failing %+v", o.Since, o.Next, m.Failing)
	}
	if !m.Read.At.Equal(*now) || !m.Proven.IsZero() {
		t.Errorf("read %s, proven %s: the calendar is known, and not in sync", m.Read.At, m.Proven)
	}
	f.refuse = nil
	for !now.After(o.Next) {
		step()
	}
	if m = r.memory("ana"); len(m.Owed) != 0 || m.Failing != nil || len(r.own("ana")[course1]) != 1 || !m.Proven.Equal(*now) {
		t.Errorf("after success: owed %+v, failing %+v, items %v", m.Owed, m.Failing, r.own("ana"))
	}
}

// TestBackingOffEnds holds C8: a change of the item on either side, and a run by hand,
// try at once.
func TestBackingOffEnds(t *testing.T) {
	t.Parallel()
	r, f, step, _ := backoffRig(t)
	f.refuse = func(sdk.Operation) bool { return true }
	c := r.course("1", 30, "ana")
	tries := func(what string, do func()) {
		t.Helper()
		for range 20 { // until it backs off for hours
			step()
		}
		for before := -1; before != f.refused; { // and was just tried
			before = f.refused
			step()
		}
		before := f.refused
		if do(); f.refused != before+1 {
			t.Errorf("%s: tried %d times", what, f.refused-before)
		}
	}
	tries("a change on the platform", func() {
		c.Name = "Renamed"
		r.give(c)
		step()
	})
	tries("a run by hand", func() {
		job := r.job()
		job.Impatient = true
		_, err := r.runner.Run(t.Context(), job)
		must(t, err)
	})
	tries("a retry", func() {
		n, err := r.store.RetryOwed(t.Context(), r.target("ana").ID)
		must(t, err)
		if step(); n != 1 {
			t.Errorf("%d items made due", n)
		}
	})
	r.give(without(c))
	if step(); len(r.memory("ana").Owed) > 0 || r.memory("ana").Failing != nil {
		t.Errorf("nobody wants it any more, and it is owed still: %+v", r.memory("ana").Owed)
	}
}

// without is the course when nobody gives it any more.
func without(c platform.Course) platform.Course {
	c.Trainers = []platform.CourseTrainer{}
	return c
}

// TestDriftBacksOff: what only a read showed is not forgotten while it backs off, though
// the cursor goes on.
func TestDriftBacksOff(t *testing.T) {
	t.Parallel()
	r, f, step, _ := backoffRig(t)
	r.course("1", 30, "ana")
	step()
	f.refuse = func(op sdk.Operation) bool { return op.Kind == sdk.Update }
	item := r.items("ana")[0]
	r.calendar.Put(r.target("ana").Mailbox.Address, string(item.ID), sdktest.Entry{
		Subject: "Mine now", When: item.When, ShowAs: calendar.ShowAsBusy, Sensitivity: calendar.SensitivityNormal,
	})
	before := r.memory("ana").Cursor
	for range 10 {
		if out := step(); out.State != store.RunFailed {
			t.Fatalf("push-9: the drift is forgotten: %+v", out)
		}
	}
	if string(r.memory("ana").Cursor) == string(before) {
		t.Error("the cursor stays behind for one item")
	}
	if f.refused > 5 {
		t.Errorf("tried %d times in 10 intervals", f.refused)
	}
	f.refuse = nil
	for range 24 {
		step()
	}
	if got := r.own("ana")[course1]; len(got) != 1 || got[0] != "Training: Course 1" || len(r.memory("ana").Owed) > 0 {
		t.Errorf("items %v, owed %+v", got, r.memory("ana").Owed)
	}
}

// TestTriggerOvertakesDrift: a trigger restores at once what backs off because a repair of
// it was refused (push-9), though the cursor went on; then nothing is owed any more.
func TestTriggerOvertakesDrift(t *testing.T) {
	t.Parallel()
	r, f, step, _ := backoffRig(t)
	c := r.course("1", 30, "ana")
	step()
	f.refuse = func(op sdk.Operation) bool { return op.Kind == sdk.Update }
	item := r.items("ana")[0]
	r.calendar.Put(r.target("ana").Mailbox.Address, string(item.ID), sdktest.Entry{
		Subject: "Mine now", When: item.When, ShowAs: calendar.ShowAsBusy, Sensitivity: calendar.SensitivityNormal,
	})
	for range 8 {
		step()
	}
	f.refuse = nil
	c.Name = "Forklift"
	r.give(c)
	if out := step(); out.State != store.RunOK {
		t.Errorf("the trigger ended as %+v", out.Failing)
	}
	if got := r.own("ana")[course1]; len(got) != 1 || got[0] != "Training: Forklift" {
		t.Errorf("the calendar has %q", got)
	}
	if owed := r.memory("ana").Owed; len(owed) > 0 {
		t.Errorf("still owed: %+v", owed)
	}
}
