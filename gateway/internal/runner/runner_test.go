package runner

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/trainercal/trainercal/gateway/internal/platform"
	"github.com/trainercal/trainercal/gateway/internal/store"
	"github.com/trainercal/trainercal/sdk"
	"github.com/trainercal/trainercal/sdk/calendar"
	"github.com/trainercal/trainercal/sdk/sdktest"
)

// course1 is the key of course 1 in ana's calendar.
const course1 = "northwind/ana/course/1"

// TestFirstAndSecondRun holds push-1, push-6, pull-1, pull-5 and P1: the first run
// writes both ways, the second writes nothing.
func TestFirstAndSecondRun(t *testing.T) {
	t.Parallel()
	for _, bare := range []bool{false, true} {
		t.Run(fmt.Sprintf("bare reads %v", bare), func(t *testing.T) {
			t.Parallel()
			r := newRig(t, "ana", "ben")
			r.account.bare = bare
			r.course("1", 3, "ana", "ben")
			r.native("ana", "Dentist", 3)
			leave := platform.Unavailability{
				ID: "u", Trainer: r.target("ben").ID, Description: "Leave", Origin: platform.OriginPlatform,
				When: calendar.When{AllDay: true, FirstDay: calendar.DateOf(noon), EndDay: calendar.DateOf(noon).AddDays(2)},
			}
			_, err := r.store.Import(t.Context(), store.Batch{Import: platform.Import{Unavailability: []platform.Unavailability{leave}}})
			must(t, err)
			first := r.synced()
			want := map[string][]string{"northwind/ben/course/1": {"Training: Course 1"}, "northwind/ben/unavailability/u": {"Leave"}}
			if diff := cmp.Diff(want, r.own("ben")); diff != "" {
				t.Error(diff)
			}
			if got := outcome(t, first, "ana").Counts; got != (store.Counts{PushCreated: 1, PullCreated: 1}) {
				t.Errorf("ana's counts: %+v", got)
			}
			if diff := cmp.Diff([]string{"Dentist"}, r.pulled("ana")); diff != "" {
				t.Error(diff)
			}
			before := r.account.counted()
			second := r.synced()
			for _, out := range second.Trainers {
				if out.Counts.Writes() != 0 || len(out.Steps) != 0 {
					t.Errorf("the second run of %s: %+v", out.Trainer, out)
				}
			}
			if after := r.account.counted(); after["Write"] != before["Write"] || after["Find"] != before["Find"] {
				t.Errorf("calls before %v, after %v", before, after)
			}
			if kept, err := r.store.Run(t.Context(), first.ID); err != nil || cmp.Diff(first, kept, cmpopts.EquateEmpty()) != "" {
				t.Errorf("run-2: kept %+v, %v", kept, err)
			}
		})
	}
}

// TestDriftRepair holds map-2 and push-9: in direction out the trainer's own items are
// not read into the gateway, and ours are kept right.
func TestDriftRepair(t *testing.T) {
	t.Parallel()
	r := newRig(t, "ana")
	r.account.bare = true
	r.target("ana").Pull = false
	r.course("1", 3, "ana")
	r.course("2", 4, "ana")
	r.native("ana", "Dentist", 3)
	r.synced()
	for _, i := range r.items("ana") {
		switch {
		case i.Marker == nil:
		case i.Marker.Key == course1:
			r.calendar.Remove(r.target("ana").Mailbox.Address, string(i.ID))
		default:
			e := sdktest.Entry{Subject: "Mine now", When: i.When, ShowAs: i.ShowAs, Sensitivity: i.Sensitivity}
			r.calendar.Put(r.target("ana").Mailbox.Address, string(i.ID), e)
		}
	}
	run := r.synced()
	if got := outcome(t, run, "ana").Counts; got != (store.Counts{PushCreated: 1, PushUpdated: 1}) {
		t.Errorf("counts: %+v", got)
	}
	want := map[string][]string{course1: {"Training: Course 1"}, "northwind/ana/course/2": {"Training: Course 2"}}
	if diff := cmp.Diff(want, r.own("ana")); diff != "" {
		t.Error(diff)
	}
	if got := r.pulled("ana"); got != nil {
		t.Errorf("pulled in direction out: %v", got)
	}
}

// TestLostResponse holds B1 and B2: whatever becomes of the answer to a create, one
// item is there in the end, and the run that met it ends well.
func TestLostResponse(t *testing.T) {
	t.Parallel()
	lost := map[string]func(*sdk.WriteResult) error{
		"the outcome is unknown": func(res *sdk.WriteResult) error {
			res.ItemID, res.Version, res.Item, res.Err = "", "", nil, sdk.CodeOutcomeUnknown.New("no answer")
			return nil
		},
		"the plugin dies": func(*sdk.WriteResult) error { return sdk.CodePluginDied.New("killed") },
	}
	for name, lose := range lost {
		for _, bare := range []bool{false, true} {
			t.Run(fmt.Sprintf("%s, bare reads %v", name, bare), func(t *testing.T) {
				t.Parallel()
				r := newRig(t, "ana")
				r.account.bare = bare
				r.course("1", 3, "ana")
				var once atomic.Bool
				r.account.onWrite = func(res *sdk.WriteResult) error {
					if once.Swap(true) {
						return nil
					}
					return lose(res)
				}
				r.synced()
				if diff := cmp.Diff(map[string][]string{course1: {"Training: Course 1"}}, r.own("ana")); diff != "" {
					t.Error(diff)
				}
				if counts := outcome(t, r.synced(), "ana").Counts; counts.Writes() != 0 {
					t.Errorf("the next run writes: %+v", counts)
				}
			})
		}
	}
}

// TestPluginDied: what a plugin had in work when it ended is taken up again, and the
// run says what happened.
func TestPluginDied(t *testing.T) {
	t.Parallel()
	for _, call := range []string{"Find", "Read", "Write"} {
		t.Run(call, func(t *testing.T) {
			t.Parallel()
			r := newRig(t, "ana", "ben")
			r.course("1", 3, "ana", "ben")
			var once atomic.Bool
			r.account.before = func(_ context.Context, c string) error {
				if c == call && !once.Swap(true) {
					return sdk.CodePluginDied.New("the plugin process ended")
				}
				return nil
			}
			run := r.synced()
			if len(run.Events) != 1 || !strings.Contains(run.Events[0].Text, "2 trainers were taken up again") {
				t.Errorf("events: %+v", run.Events)
			}
			if len(run.Trainers) != 2 || len(r.own("ana")) != 1 || len(r.own("ben")) != 1 {
				t.Errorf("outcomes %d, items %v, %v", len(run.Trainers), r.own("ana"), r.own("ben"))
			}
		})
	}
}

// TestCrashLoop: a plugin that always ends stops its trainers and not the run.
func TestCrashLoop(t *testing.T) {
	t.Parallel()
	r := newRig(t, "ana")
	r.account.before = func(context.Context, string) error { return sdk.CodePluginDied.New("the plugin process ended") }
	run := r.run()
	if run.State != store.RunFailed || r.account.counted()["Find"] != maxAttempts {
		t.Errorf("the run is %s after %v", run.State, r.account.counted())
	}
	if f := r.memory("ana").Failing; f == nil || f.Code != string(sdk.CodePluginDied) || f.Attempts != maxAttempts {
		t.Errorf("failing: %+v", f)
	}
}

// TestFailedReadDoesNothing holds A1, A2 and P3: a read that failed, or stopped half
// way, removes and adds nothing, and the next one catches up.
func TestFailedReadDoesNothing(t *testing.T) {
	t.Parallel()
	tests := map[string]func(*sdk.ReadPage) error{
		"refused": func(p *sdk.ReadPage) error {
			p.Changes, p.Complete, p.Err = nil, nil, sdk.CodeThrottled.New("wait")
			return nil
		},
		"half, then an error": func(p *sdk.ReadPage) error {
			p.Changes, p.Complete, p.Err = p.Changes[:1], nil, sdk.CodeBadAnswer.New("page 2 is a login page")
			return nil
		},
		"half, then nothing": func(p *sdk.ReadPage) error {
			p.Changes, p.Complete = p.Changes[:1], nil
			return nil
		},
		"the call fails": func(*sdk.ReadPage) error { return sdk.CodeUnavailable.New("no network") },
	}
	for name, fail := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := newRig(t, "ana")
			r.course("1", 3, "ana")
			gone := r.native("ana", "Dentist", 3)
			r.synced()
			r.calendar.Remove(r.target("ana").Mailbox.Address, gone)
			r.native("ana", "Doctor", 4)
			r.course("2", 5, "ana")
			r.give(platform.Course{Provider: "northwind", ID: "1", Name: "X", Start: noon, End: noon, TimeZone: "UTC"}) // nobody gives it
			before, items := r.memory("ana"), r.items("ana")
			r.account.onRead = fail
			if run := r.run(); run.State != store.RunFailed {
				t.Errorf("the run is %s", run.State)
			}
			after := r.memory("ana")
			if after.Failing == nil {
				t.Error("the trainer is not failing: unknown must not look free")
			}
			after.Failing = nil
			if diff := cmp.Diff(before, after); diff != "" {
				t.Errorf("the memory changed: %s", diff)
			}
			if diff := cmp.Diff(items, r.items("ana")); diff != "" {
				t.Errorf("the calendar changed: %s", diff)
			}
			r.account.onRead = nil
			r.synced()
			if diff := cmp.Diff([]string{"Doctor"}, r.pulled("ana")); diff != "" {
				t.Error(diff)
			}
			if diff := cmp.Diff(map[string][]string{"northwind/ana/course/2": {"Training: Course 2"}}, r.own("ana")); diff != "" {
				t.Error(diff)
			}
			if r.memory("ana").Failing != nil {
				t.Error("still failing")
			}
		})
	}
}

// TestOneBadMailbox holds auth-4 and A6: one trainer's trouble stops no other.
func TestOneBadMailbox(t *testing.T) {
	t.Parallel()
	r := newRig(t, "ana", "ben", "cho")
	r.course("1", 3, "ana", "ben", "cho")
	r.target("ben").Mailbox.Address = "nobody@memory.example"
	run := r.run()
	if run.State != store.RunPartial || outcome(t, run, "ben").State != store.RunFailed {
		t.Errorf("the run is %s, ben %+v", run.State, outcome(t, run, "ben"))
	}
	for _, label := range []string{"ana", "cho"} {
		if outcome(t, run, label).State != store.RunOK || len(r.own(label)) != 1 {
			t.Errorf("%s: %+v, %v", label, outcome(t, run, label), r.own(label))
		}
	}
	f := r.memory("ben").Failing
	if f == nil || f.Code != string(sdk.CodeMailboxNotFound) || f.Advice == "" || !f.Since.Equal(noon) {
		t.Errorf("ben is failing with %+v", f)
	}
}

// TestRejectedAccount holds auth-4: what is wrong with the account is said once, and
// nothing that is remembered is lost.
func TestRejectedAccount(t *testing.T) {
	t.Parallel()
	r := newRig(t, "ana", "ben")
	r.course("1", 3, "ana", "ben")
	r.synced()
	before := r.memory("ana")
	r.refused = sdk.CodeCredentials.New("the server refused the password")
	run := r.run()
	if run.State != store.RunFailed || len(run.Events) != 1 {
		t.Errorf("the run is %s with events %+v", run.State, run.Events)
	}
	after := r.memory("ana")
	after.Failing = nil
	if diff := cmp.Diff(before, after); diff != "" {
		t.Error(diff)
	}
}

// TestUnreadableState: a trainer whose memory cannot be read fails alone, and what
// is remembered stays.
func TestUnreadableState(t *testing.T) {
	t.Parallel()
	r := newRig(t, "ana", "ben")
	r.course("1", 3, "ana", "ben")
	r.synced()
	before := r.memory("ana")
	r.runner.Memory = forgetful{r.store, "ana"}
	run := r.run()
	if run.State != store.RunPartial || outcome(t, run, "ben").State != store.RunOK {
		t.Errorf("the run is %s, ben %+v", run.State, outcome(t, run, "ben"))
	}
	if diff := cmp.Diff(before, r.memory("ana")); diff != "" {
		t.Error(diff)
	}
}

// forgetful cannot load one trainer.
type forgetful struct {
	Memory
	label string
}

func (f forgetful) Trainer(ctx context.Context, id platform.TrainerID) (store.Trainer, error) {
	if id.Label == f.label {
		return store.Trainer{}, errors.New("disk error")
	}
	return f.Memory.Trainer(ctx, id)
}

// TestPlanWritesNothing holds plan-1.
func TestPlanWritesNothing(t *testing.T) {
	t.Parallel()
	r := newRig(t, "ana", "ben")
	r.course("1", 3, "ana")
	r.native("ana", "Dentist", 3)
	items := r.items("ana")
	plans, err := r.runner.Plan(t.Context(), r.job())
	must(t, err)
	if len(plans) != 2 {
		t.Fatalf("%d plans", len(plans))
	}
	for _, p := range plans {
		if p.Err != nil || p.Plan.Empty() != (p.Trainer.Label == "ben") {
			t.Errorf("plan of %s: %+v, %v", p.Trainer, p.Plan, p.Err)
		}
	}
	ids, err := r.store.TrainerIDs(t.Context())
	must(t, err)
	runs, err := r.store.Runs(t.Context(), 10)
	must(t, err)
	if len(ids)+len(runs) > 0 || r.account.counted()["Write"] > 0 {
		t.Errorf("a plan left trainers %v, runs %v, calls %v", ids, runs, r.account.counted())
	}
	if diff := cmp.Diff(items, r.items("ana")); diff != "" {
		t.Error(diff)
	}
	r.account.before = func(context.Context, string) error { return sdk.CodeUnavailable.New("no network") }
	if plans, err = r.runner.Plan(t.Context(), r.job()); err != nil || len(plans) != 2 || plans[0].Err == nil {
		t.Errorf("without a server: %+v, %v", plans, err)
	}
}

// TestStoppedRun: a run that is stopped stores what it did, keeps no cursor of what
// it read and did not act on (F6), and makes no trainer failing.
func TestStoppedRun(t *testing.T) {
	t.Parallel()
	var labels []string
	for i := range 3 * boxesAtOnce {
		labels = append(labels, fmt.Sprintf("t%02d", i))
	}
	r := newRig(t, labels...)
	r.course("1", 3, labels...)
	for _, l := range labels {
		r.native(l, "Dentist", 3)
	}
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	r.account.before = func(_ context.Context, call string) error {
		if call == "Write" {
			cancel()
		}
		return nil
	}
	run, err := r.runner.Run(ctx, r.job())
	if !errors.Is(err, context.Canceled) || run.State != store.RunCanceled {
		t.Fatalf("the run is %s, %v", run.State, err)
	}
	for _, l := range labels {
		m := r.memory(l)
		if m.Failing != nil {
			t.Errorf("%s is failing: %+v", l, m.Failing)
		}
		if (m.Cursor != nil) != (len(m.Mirrors) == 1) || (m.Cursor != nil) != (len(r.own(l)) == 1) {
			t.Errorf("%s: cursor %v, but %d mirrors and %d items", l, m.Cursor != nil, len(m.Mirrors), len(r.own(l)))
		}
	}
	if n := len(r.memory(labels[0]).Mirrors); n != 1 {
		t.Errorf("what was done is not stored: %d mirrors", n)
	}
	r.account.before = nil
	r.synced()
	for _, l := range labels {
		if len(r.own(l)) != 1 || len(r.pulled(l)) != 1 {
			t.Errorf("%s: items %v, pulled %v", l, r.own(l), r.pulled(l))
		}
	}
}

// TestBoundedMemory: a run holds the items of a few mailboxes at a time.
func TestBoundedMemory(t *testing.T) {
	t.Parallel()
	var labels []string
	for i := range sdk.MaxMailboxes {
		labels = append(labels, fmt.Sprintf("t%03d", i))
	}
	r := newRig(t, labels...)
	var read, settled, most atomic.Int64
	r.account.onRead = func(*sdk.ReadPage) error {
		held := read.Add(1) - settled.Load()
		if held > most.Load() {
			most.Store(held)
		}
		return nil
	}
	r.runner.Progress = func(store.RunTrainer) { settled.Add(1) }
	r.synced()
	if settled.Load() != sdk.MaxMailboxes {
		t.Errorf("%d outcomes were told", settled.Load())
	}
	// One chunk in work, one box waiting to be taken, one being read.
	if limit := int64(boxesAtOnce + 2); most.Load() > limit {
		t.Errorf("%d mailboxes were held at once, want at most %d", most.Load(), limit)
	}
}
