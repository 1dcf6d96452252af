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
	"github.com/trainercal/trainercal/sdk"
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
	// interval is how long after its work a trainer has its next turn.
	interval time.Duration
	// refusals is how many batches more a server asks to wait for.
	refusals int
	// takesOf, when set, is how long a batch takes, by its first trainer.
	takesOf func(store.Lease) time.Duration
	// last is when the trainers of each provider were last worked on.
	last map[string]time.Time

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
		r = &rig{t: t, state: state, start: time.Now(), takes: takes, interval: time.Hour, last: map[string]time.Time{}}
		queue, err := state.Jobs(store.JobOptions{Workers: 1})
		if err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithCancel(t.Context())
		worker := &Worker{
			HoldOptions: HoldOptions{
				Schedule: state, Now: time.Now, Failed: func(err error) { t.Error(err) },
				After: func(id platform.TrainerID) []store.Due { return []store.Due{Turn(id, time.Now().Add(r.interval))} },
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

func (r *rig) do(ctx context.Context, leases []store.Lease, done func(platform.TrainerID, time.Time)) error {
	r.mu.Lock()
	r.at = append(r.at, time.Since(r.start))
	for _, l := range leases {
		r.runs = append(r.runs, l.For.Cause+" "+l.Trainer.Label)
	}
	takes, refusals := r.takes, r.refusals
	r.refusals--
	if r.takesOf != nil {
		takes = r.takesOf(leases[0])
	}
	r.last[leases[0].Trainer.Provider] = time.Now()
	r.mu.Unlock()
	select {
	case <-time.After(takes):
	case <-ctx.Done():
		return ctx.Err()
	}
	for _, l := range leases {
		var again time.Time
		if refusals > 0 {
			again = time.Now().Add(askedToWait)
		}
		done(l.Trainer, again)
	}
	return nil
}

// lastOf is when a provider's trainers were last taken up.
func (r *rig) lastOf(provider string) time.Time {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.last[provider]
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

func (r *rig) changed(trainers ...platform.TrainerID) {
	now := time.Now()
	var due []store.Due
	for _, id := range trainers {
		due = append(due, store.Due{Trainer: id, At: now, Since: now, Cause: store.CauseChange})
	}
	if err := r.state.MarkDue(r.t.Context(), due); err != nil {
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

// askedToWait is what the rig's server says in Retry-After.
const askedToWait = time.Minute

// G1: what a server asks to wait with is not slept through by a worker, nor left to the
// trainer's next turn, here an hour away: the trainer is due at that time, for what it was
// due for.
func TestServerAsksToWait(t *testing.T) {
	r := engine(t, time.Second, func(r *rig) {
		r.refusals = 1
		r.assign(trainer(1), trainer(2))
		r.changed(trainer(1))
		time.Sleep(30 * time.Second)
		r.changed(trainer(2)) // its server's account is free for what others need
		time.Sleep(10 * minute)
	})
	if diff := cmp.Diff([]string{"change t1", "change t2", "change t1"}, r.runs); diff != "" {
		t.Error(diff)
	}
	if wait := r.at[2] - r.at[0]; wait < askedToWait || wait > askedToWait+3*time.Second {
		t.Errorf("taken up again after %s", wait)
	}
}

// The server's wait is longer than the interval: there is no turn in between.
func TestWaitIsLongerThanTheInterval(t *testing.T) {
	r := engine(t, time.Second, func(r *rig) {
		r.refusals, r.interval = 1, askedToWait/4
		r.assign(trainer(1))
		r.changed(trainer(1))
		time.Sleep(askedToWait + 10*time.Second)
	})
	if diff := cmp.Diff([]string{"change t1", "change t1"}, r.runs); diff != "" {
		t.Errorf("at %v: %s", r.at, diff)
	}
}

// Whoever is asked to wait is not kept from what is asked for meanwhile.
func TestChangeWhileWaiting(t *testing.T) {
	r := engine(t, time.Second, func(r *rig) {
		r.refusals = 1
		r.assign(trainer(1))
		r.changed(trainer(1))
		time.Sleep(10 * time.Second)
		r.changed(trainer(1))
		time.Sleep(10 * minute)
	})
	if len(r.runs) != 2 || r.at[1]-r.at[0] > 15*time.Second {
		t.Errorf("runs at %v", r.at)
	}
}

// slowAccounts are as many accounts as would fill all workers, with as much to do as each
// may have under way.
const slowAccounts = 3

// G4: accounts whose servers answer nothing for minutes do not hold up another's trainers:
// whoever is due there waits for a turn of the dispatcher, and for no slow one.
func TestSlowAccounts(t *testing.T) {
	var fast []time.Duration
	engine(t, 0, func(r *rig) {
		r.takesOf = func(l store.Lease) time.Duration {
			if l.Trainer.Provider == "fast" {
				return 100 * time.Millisecond
			}
			return 90 * time.Second
		}
		var slow []platform.TrainerID
		for a := range slowAccounts {
			for n := range 2*sdk.MaxMailboxes + 1 { // three batches
				slow = append(slow, platform.TrainerID{Provider: fmt.Sprintf("slow%d", a), Label: fmt.Sprint(n)})
			}
		}
		one := platform.TrainerID{Provider: "fast", Label: "1"}
		r.assign(append(slow, one)...)
		r.changed(slow...)
		r.d.Poke()
		time.Sleep(5 * time.Second)
		for range 10 {
			began := time.Now()
			r.changed(one)
			r.d.Poke()
			time.Sleep(10 * time.Second)
			fast = append(fast, r.lastOf("fast").Sub(began))
		}
	})
	for _, wait := range fast {
		if wait < 0 || wait > 2*time.Second {
			t.Errorf("the fast account's changes waited %v", fast)
			break
		}
	}
}
