package runner

import (
	"context"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/trainercal/trainercal/gateway/internal/reconcile"
	"github.com/trainercal/trainercal/gateway/internal/store"
	"github.com/trainercal/trainercal/sdk"
	"github.com/trainercal/trainercal/sdk/calendar"
	"github.com/trainercal/trainercal/sdk/sdktest"
)

func entry(subject string, showAs calendar.ShowAs) sdktest.Entry {
	start := noon.AddDate(0, 0, 3)
	return sdktest.Entry{
		Subject: subject, When: calendar.When{Start: start, End: start.Add(time.Hour), TimeZone: "Europe/London"},
		ShowAs: showAs, Sensitivity: calendar.SensitivityNormal,
	}
}

// stop switches ana off, with on_stop = "remove" in each direction that is off.
func (r *rig) stop(push, pull bool) {
	t := r.target("ana")
	t.Push, t.Pull = push, pull
	t.Stopped = reconcile.Stopped{RemovePushed: !push, RemovePulled: !pull}
}

// TestOnStopRemove holds map-2, A9 and I8: on_stop = "remove" takes back what is still to
// come, in the direction that was switched off; the trainer's own items and what is over
// stay. Then nothing is left to do, and no call is made.
func TestOnStopRemove(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name       string
		push, pull bool
		counts     store.Counts
		pulled     []string
	}{
		{"switched off", false, false, store.Counts{PushRemoved: 1, PullRemoved: 1}, []string{"Yesterday"}},
		{"only in", false, true, store.Counts{PushRemoved: 1}, []string{"Dentist", "Yesterday"}},
		{"only out", true, false, store.Counts{PullRemoved: 1}, []string{"Yesterday"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			r := newRig(t, "ana", "ben")
			now := noon.AddDate(0, 0, -3)
			r.runner.Now = func() time.Time { return now }
			r.course("1", 3, "ana", "ben")
			r.course("past", -2, "ana")
			r.native("ana", "Dentist", 3)
			r.native("ana", "Yesterday", -1)
			r.synced()
			now = noon
			natives := len(r.items("ana")) - 2
			r.stop(tt.push, tt.pull)
			if got := outcome(t, r.synced(), "ana").Counts; got != tt.counts {
				t.Errorf("counts %+v, want %+v", got, tt.counts)
			}
			want := map[string][]string{"northwind/ana/course/past": {"Training: Course past"}}
			if tt.push {
				want[course1] = []string{"Training: Course 1"}
			}
			if diff := cmp.Diff(want, r.own("ana")); diff != "" {
				t.Error(diff)
			}
			if diff := cmp.Diff(tt.pulled, r.pulled("ana")); diff != "" {
				t.Error(diff)
			}
			if got := len(r.items("ana")) - len(want); got != natives {
				t.Errorf("%d of %d items of the trainer's own are left", got, natives)
			}
			again := r.synced()
			for _, out := range again.Trainers {
				if out.Counts.Writes() != 0 {
					t.Errorf("P1: the next run writes %+v", out)
				}
			}
			if stopped := !tt.push && !tt.pull; (len(again.Trainers) == 1) != stopped {
				t.Errorf("outcomes of the next run: %d", len(again.Trainers))
			}
			r.stop(true, true)
			r.synced()
			if len(r.own("ana")) != 2 || len(r.pulled("ana")) != 2 {
				t.Errorf("map-8: switched on again: %v, %v", r.own("ana"), r.pulled("ana"))
			}
		})
	}
}

// TestStopWithoutMailbox holds I8: the unavailability of who has left goes from the
// platform, though the mailbox is gone already.
func TestStopWithoutMailbox(t *testing.T) {
	t.Parallel()
	r := newRig(t, "ana")
	r.course("1", 3, "ana")
	r.native("ana", "Dentist", 3)
	r.synced()
	r.account.before = func(context.Context, string) error { return sdk.CodeMailboxNotFound.New("no such mailbox") }
	r.stop(false, false)
	run := r.run()
	if out := outcome(t, run, "ana"); out.State != store.RunFailed || out.Counts != (store.Counts{PullRemoved: 1}) {
		t.Errorf("%s %+v", out.State, out.Counts)
	}
	if got := r.pulled("ana"); got != nil {
		t.Errorf("still unavailable: %v", got)
	}
}

// TestStoppedAndKept holds map-2: without on_stop = "remove" a trainer who is switched off
// keeps everything, and costs no call.
func TestStoppedAndKept(t *testing.T) {
	t.Parallel()
	r := newRig(t, "ana")
	r.course("1", 3, "ana")
	r.native("ana", "Dentist", 3)
	r.synced()
	before, calls := r.memory("ana"), r.account.counted()
	r.target("ana").Push, r.target("ana").Pull = false, false
	if run := r.synced(); len(run.Trainers) != 0 {
		t.Errorf("outcomes: %+v", run.Trainers)
	}
	if diff := cmp.Diff(before, r.memory("ana")); diff != "" || cmp.Diff(calls, r.account.counted()) != "" || len(r.own("ana")) != 1 {
		t.Errorf("%s, calls %v, items %v", diff, r.account.counted(), r.own("ana"))
	}
}

// TestPilot holds pilot-1: a trainer of a pilot is read, planned and reported; neither the
// calendar nor the platform's data is written, run after run, until it goes live.
func TestPilot(t *testing.T) {
	t.Parallel()
	r := newRig(t, "ana", "ben")
	r.target("ana").Pilot = true
	r.course("1", 3, "ana", "ben")
	r.native("ana", "Dentist", 3)
	items := r.items("ana")
	for range 2 {
		run := r.synced()
		out := outcome(t, run, "ana")
		if !out.Pilot || out.Counts.Writes() != 0 || len(out.Steps) != 2 || outcome(t, run, "ben").Pilot {
			t.Errorf("outcome: %+v", out)
		}
		if diff := cmp.Diff(items, r.items("ana")); diff != "" {
			t.Errorf("the calendar changed: %s", diff)
		}
		m := r.memory("ana")
		if len(m.Links)+len(m.Mirrors) > 0 || m.Cursor != nil || !m.Proven.IsZero() || !m.Read.At.IsZero() {
			t.Errorf("something was written: %+v", m)
		}
		if kept, err := r.store.Run(t.Context(), run.ID); err != nil || !outcome(t, kept, "ana").Pilot || len(outcome(t, kept, "ana").Steps) != 2 {
			t.Errorf("the run is kept as %+v, %v", kept, err)
		}
	}
	if len(r.own("ben")) != 1 {
		t.Error("the other provider's calendar was not written")
	}
	r.account.before = func(context.Context, string) error { return sdk.CodeMailboxNotFound.New("no such mailbox") }
	r.run()
	if f := r.memory("ana").Failing; f == nil || f.Code != string(sdk.CodeMailboxNotFound) {
		t.Errorf("what is wrong is not reported: %+v", f)
	}
	r.account.before = nil
	r.target("ana").Pilot = false
	if got := outcome(t, r.synced(), "ana").Counts; got != (store.Counts{PushCreated: 1, PullCreated: 1}) {
		t.Errorf("live: %+v", got)
	}
}
