package storetest

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/trainercal/trainercal/gateway/internal/reconcile"
	"github.com/trainercal/trainercal/gateway/internal/store"
)

func run(id string, started time.Time) store.Run {
	return store.Run{ID: id, TraceID: "trace-" + id, Cause: "sync", Started: started, State: store.RunRunning}
}

func finished(id string, started time.Time) store.Run {
	r := run(id, started)
	r.Finished, r.State, r.Message = started.Add(time.Second), store.RunPartial, "m"
	r.Events = []store.RunEvent{{Time: started, Text: "the plugin was restarted"}}
	r.Trainers = []store.RunTrainer{
		{
			Trainer: zoe, State: store.RunOK, Counts: store.Counts{PushCreated: 1, PullRemoved: 2, Missed: 4}, Skipped: map[reconcile.Reason]int{reconcile.ReasonFree: 3},
			Held:  []store.RunStep{{Direction: store.Pull, Op: reconcile.OpRemove, Reason: reconcile.ReasonVanished, Item: "m", Start: started, End: started}},
			Steps: []store.RunStep{{Direction: store.Push, Op: reconcile.OpCreate, Reason: reconcile.ReasonNew, Item: "k", Start: started, End: started, Failed: "conflict"}},
		},
		{Trainer: ana, State: store.RunFailed, Pilot: true, Failing: &store.Failing{Code: "c", Message: "m", Advice: "a", Since: started, Attempts: 2}},
	}
	return r
}

func history(t *testing.T, d Driver) {
	s := d.fresh(t)
	must(t, s.BeginRun(t.Context(), run("r1", noon)))
	must(t, s.BeginRun(t.Context(), run("r2", noon.Add(time.Minute))))
	whole := finished("r1", noon)
	must(t, s.FinishRun(t.Context(), whole))
	got, err := s.Run(t.Context(), "r1")
	must(t, err)
	if diff := same(whole, got); diff != "" {
		t.Error(diff)
	}
	runs, err := s.Runs(t.Context(), 10)
	must(t, err)
	listed := finished("r1", noon)
	listed.Trainers[0].Steps = nil
	if diff := same([]store.Run{run("r2", noon.Add(time.Minute)), listed}, runs); diff != "" {
		t.Error(diff)
	}
	if runs, err := s.Runs(t.Context(), 1); err != nil || len(runs) != 1 || runs[0].ID != "r2" {
		t.Errorf("the newest run is %v, %v", runs, err)
	}
}

func prefixes(t *testing.T, d Driver) {
	s := d.fresh(t)
	for _, id := range []string{"abc1", "abc2", "abc", "x%y"} {
		must(t, s.BeginRun(t.Context(), run(id, noon)))
	}
	for prefix, want := range map[string]string{"abc": "abc", "abc1": "abc1", "x": "x%y"} {
		if got, err := s.Run(t.Context(), prefix); err != nil || got.ID != want {
			t.Errorf("%q is %q, %v, want %q", prefix, got.ID, err, want)
		}
	}
	for _, prefix := range []string{"", "z", "%", "abc12", "ABC1"} {
		if _, err := s.Run(t.Context(), prefix); !errors.Is(err, store.ErrNotFound) {
			t.Errorf("%q: err is %v, want ErrNotFound", prefix, err)
		}
	}
	if _, err := s.Run(t.Context(), "ab"); err == nil || errors.Is(err, store.ErrNotFound) {
		t.Errorf("an ambiguous prefix: %v", err)
	}
}

func prune(t *testing.T, d Driver) {
	s := d.fresh(t)
	for i := range 4 {
		must(t, s.BeginRun(t.Context(), run(fmt.Sprint(i), noon.AddDate(0, 0, i))))
		if i != 1 {
			must(t, s.FinishRun(t.Context(), finished(fmt.Sprint(i), noon.AddDate(0, 0, i))))
		}
	}
	n, err := s.PruneRuns(t.Context(), noon.AddDate(0, 0, 3))
	if err != nil || n != 2 {
		t.Errorf("pruned %d, %v, want the two that ended", n, err)
	}
	runs, err := s.Runs(t.Context(), 10)
	if err != nil || len(runs) != 2 || len(runs[0].Trainers) != 2 {
		t.Errorf("left are %v, %v", runs, err)
	}
}

// aborted: what a process that is gone left running is no longer running.
func aborted(t *testing.T, d Driver) {
	dir := t.TempDir()
	s := d.open(t, dir)
	must(t, s.BeginRun(t.Context(), run("r", noon)))
	must(t, s.FinishRun(t.Context(), finished("done", noon)))
	must(t, s.Close())
	s = d.open(t, dir)
	for id, want := range map[string]store.RunState{"r": store.RunAborted, "done": store.RunPartial} {
		if got, err := s.Run(t.Context(), id); err != nil || got.State != want || got.Message == "" {
			t.Errorf("run %s is %+v, %v, want %s", id, got, err, want)
		}
	}
}

func oneOwner(t *testing.T, d Driver) {
	dir := t.TempDir()
	s := d.open(t, dir)
	if second, err := d.Open(t.Context(), dir); !errors.Is(err, store.ErrLocked) {
		t.Fatalf("a second owner: %v, %v", second, err)
	}
	must(t, s.Commit(t.Context(), store.Result{ID: ana})) // the first one works on
	must(t, s.Close())
	d.open(t, dir)
}

func reading(t *testing.T, d Driver) {
	dir := t.TempDir()
	if s, err := d.OpenReadOnly(t.Context(), dir); !errors.Is(err, store.ErrNotFound) {
		t.Fatalf("where there is no state: %v, %v", s, err)
	}
	owner := d.open(t, dir)
	must(t, owner.Commit(t.Context(), store.Result{ID: ana, Binding: "1"}))
	reader, err := d.OpenReadOnly(t.Context(), dir)
	must(t, err)
	defer func() { _ = reader.Close() }()
	for _, binding := range []string{"2", "3"} {
		must(t, owner.Commit(t.Context(), store.Result{ID: ana, Binding: binding}))
		if got := trainer(t, reader, ana).Binding; got != binding {
			t.Errorf("the reader sees %q, want %q", got, binding)
		}
	}
	ctx := context.Background()
	_, importErr := reader.Import(ctx, batch(course("1")))
	_, pruneErr := reader.PruneRuns(ctx, noon)
	for _, err := range []error{
		importErr, pruneErr, reader.Commit(ctx, store.Result{ID: ana}), reader.Intend(ctx, ana, nil),
		reader.BeginRun(ctx, run("r", noon)), reader.FinishRun(ctx, run("r", noon)),
	} {
		if !errors.Is(err, store.ErrReadOnly) {
			t.Errorf("a change through a reader: %v, want ErrReadOnly", err)
		}
	}
	must(t, owner.Close())
	if got := trainer(t, reader, ana).Binding; got != "3" {
		t.Errorf("after the owner left the reader sees %q", got)
	}
	must(t, reader.Close())
	alone, err := d.OpenReadOnly(ctx, dir)
	must(t, err)
	if got := trainer(t, alone, ana).Binding; got != "3" {
		t.Errorf("without an owner the reader sees %q", got)
	}
	must(t, alone.Close())
}
