package scheduler

import (
	"context"
	"fmt"
	"path/filepath"
	"testing"
	"time"

	"github.com/trainercal/trainercal/gateway/internal/platform"
	"github.com/trainercal/trainercal/gateway/internal/store"
	"github.com/trainercal/trainercal/gateway/internal/store/sqlite"
)

// keptJobs is the real queue, which also keeps what was put into it.
type keptJobs struct {
	store.Jobs
	names int
	kept  []store.Work
}

func (j *keptJobs) Enqueue(ctx context.Context, batches []store.Work, until time.Time) error {
	j.kept = append(j.kept, batches...)
	return j.Jobs.Enqueue(ctx, batches, until)
}

func (j *keptJobs) name() string {
	j.names++
	return fmt.Sprint(j.names)
}

// BenchmarkDispatch has 10,000 trainers of ten accounts due at once, and tells what it
// costs for each of them to be found, put into a batch and the queue, leased and given
// back. What is done under the leases costs nothing here.
func BenchmarkDispatch(b *testing.B) {
	const trainers, accounts = 10_000, 10
	state, err := sqlite.Open(b.Context(), filepath.Join(b.TempDir(), "state.db"))
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { _ = state.Close() })
	queue, err := state.Jobs(store.JobOptions{Workers: Workers})
	if err != nil {
		b.Fatal(err)
	}
	failed := func(err error) { b.Error(err) }
	jobs := &keptJobs{Jobs: queue}
	d := NewDispatcher(Dispatcher{Schedule: state, Jobs: jobs, Now: time.Now, NewID: jobs.name, Failed: failed})
	done := 0
	worker := &Worker{
		HoldOptions: HoldOptions{
			Schedule: state, Now: time.Now, Failed: failed,
			After: func(id platform.TrainerID) []store.Due { return []store.Due{Turn(id, time.Now().Add(time.Hour))} },
		},
		Owner: "benchmark", Idle: func() {},
		Do: func(_ context.Context, leases []store.Lease, finished func(platform.TrainerID, time.Time)) error {
			for _, l := range leases {
				finished(l.Trainer, time.Time{})
				done++
			}
			return nil
		},
	}
	all := manyTrainers(b, state, trainers, accounts)
	for b.Loop() {
		b.StopTimer()
		everybodysTurn(b, state, all)
		done = 0
		b.StartTimer()
		for done < trainers {
			if _, err := d.round(b.Context()); err != nil {
				b.Fatal(err)
			}
			for _, batch := range jobs.kept {
				if err := worker.Work(b.Context(), batch); err != nil {
					b.Fatal(err)
				}
			}
			jobs.kept = nil
		}
	}
	b.ReportMetric(float64(b.Elapsed().Microseconds())/float64(b.N*trainers), "µs/trainer")
}

func manyTrainers(b *testing.B, state *sqlite.Store, n, accounts int) []platform.TrainerID {
	b.Helper()
	var (
		ids      []platform.TrainerID
		assigned []store.Assignment
	)
	for i := range n {
		id := platform.TrainerID{Provider: fmt.Sprintf("p%d", i%accounts), Label: fmt.Sprint(i)}
		ids = append(ids, id)
		assigned = append(assigned, store.Assignment{Trainer: id, Account: id.Provider + "/x"})
	}
	if _, err := state.Assign(b.Context(), assigned); err != nil {
		b.Fatal(err)
	}
	return ids
}

func everybodysTurn(b *testing.B, state *sqlite.Store, ids []platform.TrainerID) {
	b.Helper()
	var due []store.Due
	for _, id := range ids {
		due = append(due, Turn(id, time.Now()))
	}
	if err := state.MarkDue(b.Context(), due); err != nil {
		b.Fatal(err)
	}
}
