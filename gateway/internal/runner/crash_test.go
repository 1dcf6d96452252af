package runner

import (
	"context"
	"errors"
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/trainercal/trainercal/gateway/internal/store"
	"github.com/trainercal/trainercal/sdk"
)

// TestCrashAnywhere holds P6, L2 and push-10: wherever the gateway stops, between any
// two of its calls, the next run ends as if nothing had happened.
func TestCrashAnywhere(t *testing.T) {
	t.Parallel()
	for _, bare := range []bool{false, true} {
		undisturbed := scene(t, bare)
		undisturbed.synced()
		undisturbed.change()
		undisturbed.synced()
		want := undisturbed.state()
		for point := 1; ; point++ {
			r := scene(t, bare)
			r.synced()
			r.change()
			if !r.crash(point) {
				break // the run is over before this point
			}
			r.synced()
			if diff := cmp.Diff(want, r.state()); diff != "" {
				t.Errorf("bare reads %v, crash at point %d: %s", bare, point, diff)
			}
			if counts := outcome(t, r.synced(), "ana").Counts; counts.Writes() != 0 {
				t.Errorf("bare reads %v, crash at point %d: a third run writes %+v", bare, point, counts)
			}
		}
	}
}

func scene(t *testing.T, bare bool) *rig {
	r := newRig(t, "ana")
	r.account.bare = bare
	for i := range 4 {
		r.course(fmt.Sprint(i), 3+i, "ana")
	}
	r.native("ana", "Dentist", 3)
	return r
}

// change is work of every kind: to create, to update, to remove and to pull.
func (r *rig) change() {
	r.course("new", 9, "ana")
	moved := r.course("0", 8, "ana")
	moved.Alias = "Moved"
	r.give(moved)
	r.course("1", 4) // nobody gives it now
	r.native("ana", "Doctor", 4)
}

// state is what counts when two ends of a run are compared.
func (r *rig) state() map[string]any {
	links := map[string]string{}
	for _, l := range r.memory("ana").Links {
		links[l.Key] = string(l.State) + " " + l.Rendered.Subject
	}
	return map[string]any{"own": r.own("ana"), "pulled": r.pulled("ana"), "links": links}
}

// crash runs with everything failing from the n-th step on, as for a process that is
// gone: steps are calls to the plugin, writes that it carried out, and changes of the
// store. It reports whether the run came that far.
func (r *rig) crash(n int) bool {
	gone := errors.New("the process is gone")
	steps := 0
	step := func() error {
		if steps++; steps >= n {
			return gone
		}
		return nil
	}
	r.runner.Memory = &faultyMemory{Memory: r.store, intend: step, commit: step}
	r.account.before = func(context.Context, string) error { return step() }
	r.account.onWrite = func(*sdk.WriteResult) error { return step() }
	if _, err := r.runner.Run(context.Background(), r.job()); err != nil {
		r.t.Fatal(err)
	}
	r.runner.Memory, r.account.before, r.account.onWrite = r.store, nil, nil
	return steps >= n
}

// TestCommitFails: writes whose result cannot be stored are known again by their
// markers (B2), and the trainer is told to be failing.
func TestCommitFails(t *testing.T) {
	t.Parallel()
	r := newRig(t, "ana")
	r.course("1", 3, "ana")
	r.runner.Memory = &faultyMemory{Memory: r.store, commit: func() error { return errors.New("disk full") }}
	if run := r.run(); run.State != store.RunFailed || outcome(t, run, "ana").Failing == nil {
		t.Errorf("the run is %s", run.State)
	}
	r.runner.Memory = r.store
	r.synced()
	if diff := cmp.Diff(map[string][]string{course1: {"Training: Course 1"}}, r.own("ana")); diff != "" {
		t.Error(diff)
	}
}

// TestIntentionFails: without its intention on the disk nothing is created.
func TestIntentionFails(t *testing.T) {
	t.Parallel()
	r := newRig(t, "ana")
	r.course("1", 3, "ana")
	r.runner.Memory = &faultyMemory{Memory: r.store, intend: func() error { return errors.New("disk full") }}
	r.run()
	if r.account.counted()["Write"] > 0 || len(r.own("ana")) > 0 {
		t.Errorf("calls %v, items %v", r.account.counted(), r.own("ana"))
	}
}
