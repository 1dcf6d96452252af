package scheduler

import (
	"context"
	"fmt"
	"path/filepath"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/trainercal/trainercal/gateway/internal/platform"
	"github.com/trainercal/trainercal/gateway/internal/store"
	"github.com/trainercal/trainercal/gateway/internal/store/sqlite"
)

// memoryJobs is a queue in memory, in front of a real schedule.
type memoryJobs struct {
	store.Jobs // marks trainers as queued; nothing works its queue off
	work       func(context.Context, store.Work) error
	ctx        context.Context
	group      sync.WaitGroup
}

func (j *memoryJobs) Enqueue(ctx context.Context, batches []store.Work, until time.Time) error {
	if err := j.Jobs.Enqueue(ctx, batches, until); err != nil {
		return err
	}
	for _, b := range batches {
		j.group.Go(func() { _ = j.work(j.ctx, b) })
	}
	return nil
}

// rig is an engine whose work is to write down what it does.
type rig struct {
	t     *testing.T
	state *sqlite.Store
	d     *Dispatcher
	jobs  *memoryJobs
	start time.Time
	takes time.Duration

	mu   sync.Mutex
	runs []string
	at   []time.Duration
}

// engine runs in a bubble of its own until play returns.
func engine(t *testing.T, takes time.Duration, play func(*rig)) *rig {
	dir := t.TempDir()
	var r *rig
	synctest.Test(t, func(t *testing.T) {
		state, err := sqlite.Open(t.Context(), filepath.Join(dir, "state.db"))
		if err != nil {
			t.Fatal(err)
		}
		r = &rig{t: t, state: state, start: time.Now(), takes: takes}
		queue, err := state.Jobs(store.JobOptions{Workers: 1})
		if err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithCancel(t.Context())
		worker := &Worker{
			HoldOptions: HoldOptions{
				Schedule: state, Now: time.Now, Failed: func(err error) { t.Error(err) },
				After: func(id platform.TrainerID) []store.Due { return []store.Due{Turn(id, time.Now().Add(time.Hour))} },
			},
			Owner: "test", Do: r.do, Idle: func() { r.d.Poke() },
		}
		r.jobs = &memoryJobs{Jobs: queue, work: worker.Work, ctx: context.WithoutCancel(ctx)}
		n := 0
		r.d = NewDispatcher(Dispatcher{
			Schedule: state, Jobs: r.jobs, Now: time.Now, Failed: func(err error) { t.Error(err) },
			NewID: func() string { n++; return fmt.Sprint(n) },
		})
		var group sync.WaitGroup
		group.Go(func() { r.d.Run(ctx) })
		play(r)
		cancel()
		group.Wait()
		r.jobs.group.Wait()
		if err := state.Close(); err != nil {
			t.Error(err)
		}
	})
	return r
}

func (r *rig) do(ctx context.Context, leases []store.Lease, done func(platform.TrainerID)) error {
	r.mu.Lock()
	r.at = append(r.at, time.Since(r.start))
	for _, l := range leases {
		r.runs = append(r.runs, l.For.Cause+" "+l.Trainer.Label)
	}
	takes := r.takes
	r.mu.Unlock()
	select {
	case <-time.After(takes):
	case <-ctx.Done():
		return ctx.Err()
	}
	for _, l := range leases {
		done(l.Trainer)
	}
	return nil
}

func (r *rig) assign(trainers ...platform.TrainerID) {
	var all []store.Assignment
	for _, id := range trainers {
		all = append(all, store.Assignment{Trainer: id, Account: id.Provider + "/x"})
	}
	if _, err := r.state.Assign(r.t.Context(), all); err != nil {
		r.t.Error(err)
	}
}

func (r *rig) changed(id platform.TrainerID) {
	now := time.Now()
	if err := r.state.MarkDue(r.t.Context(), []store.Due{{Trainer: id, At: now, Since: now, Cause: store.CauseChange}}); err != nil {
		r.t.Error(err)
	}
}

// eng-3: a change on an idle trainer begins a run at once.
func TestChangeAtOnce(t *testing.T) {
	r := engine(t, time.Second, func(r *rig) {
		r.assign(trainer(1))
		time.Sleep(time.Minute)
		r.start = time.Now()
		r.changed(trainer(1))
		r.d.Poke()
		time.Sleep(minute)
	})
	if diff := cmp.Diff([]string{"change t1"}, r.runs); diff != "" || r.at[0] > rest {
		t.Errorf("after %v: %s", r.at, diff)
	}
}

// eng-2: after the work the trainer is due again, for the next turn.
func TestNextTurn(t *testing.T) {
	engine(t, time.Second, func(r *rig) {
		r.assign(trainer(1))
		r.changed(trainer(1))
		time.Sleep(minute)
		due, err := r.state.Dues(r.t.Context())
		if err != nil || len(due) != 1 || due[0].Cause != store.CauseInterval || due[0].At.Sub(r.start) < time.Hour {
			r.t.Errorf("due after the work: %+v, %v", due, err)
		}
	})
}

// A poke that is lost, as between two processes, costs a second at most.
func TestLostPoke(t *testing.T) {
	r := engine(t, time.Second, func(r *rig) {
		r.assign(trainer(1))
		time.Sleep(minute + 123*time.Millisecond)
		r.start = time.Now()
		r.changed(trainer(1))
		time.Sleep(minute)
	})
	if len(r.runs) != 1 || r.at[0] > lookEvery {
		t.Errorf("runs %v after %v", r.runs, r.at)
	}
}

// H2: 500 edits of one course within five seconds are one or two runs.
func TestBurst(t *testing.T) {
	r := engine(t, 300*time.Millisecond, func(r *rig) {
		r.assign(trainer(1))
		for range 500 {
			r.changed(trainer(1))
			r.d.Poke()
			time.Sleep(10 * time.Millisecond)
		}
		time.Sleep(minute)
	})
	if len(r.runs) != 2 {
		t.Errorf("%d runs at %v", len(r.runs), r.at)
	}
}

// H7: what comes during the work is done after it, and not at the same time.
func TestChangeDuringWork(t *testing.T) {
	r := engine(t, 20*time.Second, func(r *rig) {
		r.assign(trainer(1))
		r.changed(trainer(1))
		time.Sleep(5 * time.Second)
		r.changed(trainer(1))
		time.Sleep(minute)
	})
	if len(r.runs) != 2 || r.at[1]-r.at[0] < 20*time.Second {
		t.Errorf("runs at %v", r.at)
	}
}

// L2: the work of a worker who died is taken up again within four minutes.
func TestDeadWorker(t *testing.T) {
	r := engine(t, time.Second, func(r *rig) {
		r.assign(trainer(1))
		time.Sleep(time.Second)
		now := time.Now()
		leases, err := r.state.Claim(r.t.Context(), store.Claim{Owner: "dead", Now: now, Until: now.Add(LeaseFor), Trainers: []platform.TrainerID{trainer(1)}})
		if err != nil || len(leases) != 1 {
			r.t.Errorf("leases %v, %v", leases, err)
		}
		time.Sleep(4 * minute)
	})
	if len(r.runs) != 1 || r.at[0] > 4*minute {
		t.Errorf("runs %v at %v", r.runs, r.at)
	}
}

// G7: work that hangs is given up, and taken up again.
func TestWorkThatHangs(t *testing.T) {
	r := engine(t, time.Hour, func(r *rig) {
		r.assign(trainer(1))
		r.changed(trainer(1))
		time.Sleep(3 * minute)
		r.mu.Lock()
		r.takes = time.Second
		r.mu.Unlock()
		time.Sleep(5 * minute)
	})
	if len(r.runs) < 2 || r.runs[1] != "change t1" {
		t.Errorf("runs %v at %v", r.runs, r.at)
	}
}
