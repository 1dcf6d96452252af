package runner

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/trainercal/trainercal/gateway/internal/platform"
	"github.com/trainercal/trainercal/gateway/internal/store"
)

// run-3: a run's span links to what asked for it; what is no trace context is left out.
func TestLinksToCauses(t *testing.T) {
	const (
		first  = "4bf92f3577b34da6a3ce929d0e0e4736"
		second = "0af7651916cd43dd8448eb211c80319c"
	)
	links := linksTo([]string{
		"00-" + first + "-00f067aa0ba902b7-01", "00-" + first + "-00f067aa0ba902b7-01", "nonsense", "",
		"00-" + first + "-00f067aa0ba902b8-01", "00-" + second + "-b7ad6b7169203331-00",
	})
	if len(links) != 3 {
		t.Errorf("%d links, want 3", len(links))
	}
	if diff := cmp.Diff(first+" "+second, traceIDs(links)); diff != "" {
		t.Error(diff)
	}
}

// L1: who has lost the lease stores nothing, and says nothing of the trainer's state.
func TestLostLeaseIsNoFailure(t *testing.T) {
	r := newRig(t, "ana")
	lost := func() error { return store.ErrLost }
	r.runner.Memory = &faultyMemory{Memory: r.store, commit: lost}
	var done []platform.TrainerID
	r.runner.Done = func(id platform.TrainerID, _ time.Time) { done = append(done, id) }
	run := r.run()
	if len(run.Trainers) != 1 || run.Trainers[0].State != store.RunCanceled || run.Trainers[0].Failing != nil {
		t.Errorf("outcome %+v", run.Trainers)
	}
	if len(done) != 0 {
		t.Errorf("done are %v, and the work is to be done again", done)
	}
	r.runner.Memory = r.store
	if r.run(); len(done) != 1 {
		t.Errorf("done are %v", done)
	}
}
