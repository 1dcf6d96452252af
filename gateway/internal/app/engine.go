package app

import (
	"context"
	"slices"
	"time"

	"github.com/trainercal/trainercal/gateway/internal/config"
	"github.com/trainercal/trainercal/gateway/internal/platform"
	"github.com/trainercal/trainercal/gateway/internal/runner"
	"github.com/trainercal/trainercal/gateway/internal/scheduler"
	"github.com/trainercal/trainercal/gateway/internal/store"
)

// assignEvery is how often it is looked whether everybody has a turn.
const assignEvery = time.Minute

// Poke has the engine look at once for who is due. It is no more than a hint: the engine
// looks every second.
func (a *App) Poke() {
	if d := a.dispatcher.Load(); d != nil {
		d.Poke()
	}
}

// engine starts runs by itself.
type engine struct {
	app        *App
	state      store.Store
	jobs       store.Jobs
	dispatcher *scheduler.Dispatcher
}

// startEngine gets the engine ready to take up work; its run or stop ends it. Runs that
// have begun are aborted when ctx ends.
func (a *App) startEngine(ctx context.Context, state store.Store) (*engine, error) {
	worker := &scheduler.Worker{
		HoldOptions: a.holding(state), Owner: owner("gateway serve"), Idle: a.Poke,
		Do: func(ctx context.Context, leases []store.Lease, done func(platform.TrainerID, time.Time)) error {
			return a.runDue(ctx, state, leases, done)
		},
	}
	log := a.opts.Log.Named("queue")
	jobs, err := state.Jobs(store.JobOptions{Workers: scheduler.Workers, Do: worker.Work, Log: log.Warn})
	if err != nil {
		return nil, err
	}
	if err := jobs.Start(ctx); err != nil {
		return nil, err
	}
	d := scheduler.NewDispatcher(scheduler.Dispatcher{
		Schedule: state, Jobs: jobs, Now: a.opts.Now, NewID: newID,
		Failed: func(err error) {
			a.opts.Log.Error("it could not be told who is due; it is tried again", "error", err)
		},
	})
	a.dispatcher.Store(d)
	return &engine{a, state, jobs, d}, nil
}

// run starts runs until starting ends, and then waits for those that have begun; they are
// aborted when ctx ends.
func (e *engine) run(ctx, starting context.Context) error {
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		e.app.keepAssigned(starting, e.state)
	}()
	e.dispatcher.Run(starting)
	<-ended
	return e.stop(ctx)
}

// stop lets no run begin any more.
func (e *engine) stop(ctx context.Context) error {
	e.app.dispatcher.Store(nil)
	return e.jobs.Stop(ctx)
}

// keepAssigned keeps the schedule as the configuration in force says, until ctx ends.
func (a *App) keepAssigned(ctx context.Context, state store.Store) {
	tick := time.NewTicker(assignEvery)
	defer tick.Stop()
	for ctx.Err() == nil {
		reloaded := a.Reloads()
		if err := a.assign(ctx, state); err != nil && ctx.Err() == nil {
			a.opts.Log.Error("the schedule could not be brought in line with the configuration; it is tried again in a minute", "error", err)
		}
		select {
		case <-ctx.Done():
		case <-reloaded:
		case <-tick.C:
		}
	}
}

// runDue makes one run over trainers that were due.
func (a *App) runDue(ctx context.Context, state store.Store, leases []store.Lease, done func(platform.TrainerID, time.Time)) error {
	trainers, err := a.leasedTrainers(ctx, state, leases)
	if err != nil {
		return err
	}
	if trainers = a.withoutDone(ctx, state, trainers); len(trainers) == 0 {
		return nil
	}
	cause, parents := causeOf(leases)
	_, err = a.makeRun(ctx, Watcher{}, done, a.syncing(trainers, runner.Job{Cause: cause, Traceparents: parents}))
	if err != nil && ctx.Err() == nil {
		a.opts.Log.Error("the run could not be made or recorded; its trainers are due again", "error", err)
	}
	return err
}

// leasedTrainers are the leased trainers as the configuration in force has them. Those who
// are in nobody's hands any more are left out.
func (a *App) leasedTrainers(ctx context.Context, state store.Trainers, leases []store.Lease) ([]config.Trainer, error) {
	wanted := make(map[platform.TrainerID]bool, len(leases))
	for _, l := range leases {
		wanted[l.Trainer] = true
	}
	var out []config.Trainer
	for _, p := range a.Config().Providers {
		for _, t := range p.Trainers {
			if wanted[t.ID] && t.Active() {
				out = append(out, t)
				delete(wanted, t.ID)
			}
		}
	}
	if len(wanted) == 0 {
		return out, nil
	}
	stopped, err := a.stopped(ctx, state, Filter{Automatic: true})
	return append(out, slices.DeleteFunc(stopped, func(t config.Trainer) bool { return !wanted[t.ID] })...), err
}

// causeOf is what a run's trainers were due for, the most urgent, and what asked for it.
func causeOf(leases []store.Lease) (cause string, traceparents []string) {
	cause = store.CauseInterval
	for _, l := range leases {
		cause = store.Urgent(cause, l.For.Cause)
		traceparents = append(traceparents, l.For.Traceparents...)
	}
	return cause, traceparents
}
