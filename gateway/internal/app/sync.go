package app

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/trainercal/trainercal/gateway/internal/config"
	"github.com/trainercal/trainercal/gateway/internal/pluginhost"
	"github.com/trainercal/trainercal/gateway/internal/reconcile"
	"github.com/trainercal/trainercal/gateway/internal/runner"
	"github.com/trainercal/trainercal/gateway/internal/store"
)

// The causes of runs.
const (
	CauseSync     = "sync"
	CauseInterval = store.CauseInterval
)

// Watcher hears of a run's progress. Its fields may be nil.
type Watcher struct {
	// Begun tells how many trainers there are.
	Begun func(trainers int)
	// Trainer tells of each trainer that is done.
	Trainer func(store.RunTrainer)
	// Handed tells that the running serve does the work.
	Handed func()
}

func (w Watcher) trainer(t store.RunTrainer) {
	if w.Trainer != nil {
		w.Trainer(t)
	}
}

// Sync makes one run over the trainers picked, here or in the running serve, and
// returns its record. What failed for trainers is in the record; the error says that
// there was no run, that it was aborted, or that its end could not be recorded. When
// ctx ends the run is aborted: what was done is stored, what was not is done by the
// next run.
func (a *App) Sync(ctx context.Context, filter Filter, watch Watcher) (store.Run, error) {
	trainers, err := filter.Pick(a.Config())
	if err != nil && !(errors.Is(err, ErrNothingToDo) && a.removes()) {
		return store.Run{}, err
	}
	if watch.Begun != nil {
		watch.Begun(len(trainers))
	}
	var run store.Run
	err = a.change(ctx, request{Operation: opSync, Filter: filter}, watch,
		func() error {
			state, err := a.own(ctx)
			if err != nil {
				return err
			}
			picked, err := a.pick(ctx, state, filter)
			if err != nil {
				return err
			}
			run, err = a.run(ctx, CauseSync, picked, watch)
			return err
		},
		func(r reply) { run = *r.Run })
	return run, err
}

// How long a changing command waits for another one to end, and how often it looks.
const (
	ownPatience = 5 * time.Second
	ownPause    = 100 * time.Millisecond
)

// change has work done by the process that owns the state: this one, when nobody else
// does, or the running serve. Another command that owns it is waited for.
func (a *App) change(ctx context.Context, req request, watch Watcher, here func() error, answered func(reply)) error {
	req.Version = a.opts.Version
	for until := a.opts.Now().Add(ownPatience); ; {
		_, err := a.own(ctx)
		if err == nil {
			return here()
		}
		if !errors.Is(err, store.ErrLocked) {
			return err
		}
		last, askErr := ask(ctx, a.paths, req, handed(watch))
		if askErr == nil {
			answered(last)
			return nil
		}
		if !errors.Is(askErr, errNoServe) {
			return askErr
		}
		if a.opts.Now().After(until) {
			return fmt.Errorf("%w that is no gateway serve: wait until it is done (another gateway sync or import?) and try again", err)
		}
		if err := sleep(ctx, ownPause); err != nil {
			return err
		}
	}
}

func handed(watch Watcher) func(reply) {
	told := false
	return func(r reply) {
		if !told && watch.Handed != nil {
			told = true
			watch.Handed()
		}
		if r.Trainer != nil {
			watch.trainer(*r.Trainer)
		}
	}
}

func sleep(ctx context.Context, d time.Duration) error {
	select {
	case <-time.After(d):
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// run makes one sync run in this process, which owns the state.
func (a *App) run(ctx context.Context, cause string, trainers []config.Trainer, watch Watcher) (store.Run, error) {
	// Who asks for a run by hand has mended something.
	like := runner.Job{Cause: cause, Impatient: cause == CauseSync}
	return a.inRun(ctx, cause, idsOf(trainers), watch, a.syncing(trainers, like))
}

// runner makes a runner on a state, of a [App.snapshot].
func (a *App) runner(cfg *config.Config, held *pluginhost.Held, memory runner.Memory) *runner.Runner {
	return &runner.Runner{
		Memory: memory, Accounts: held, Installation: cfg.Installation,
		Past: cfg.Sync.Past, Future: cfg.Sync.Future,
		Guard: &reconcile.Guard{MaxRemovals: cfg.Sync.Guard.MaxRemovals, MaxFraction: cfg.Sync.Guard.MaxFraction},
		Now:   a.opts.Now, NewID: newID, Tracer: a.telemetry.Tracer(), Metrics: a.telemetry.Metrics(), Log: a.opts.Log.Named("run"),
		FlushPlugins: a.host.Flush,
	}
}

// tracePatience bounds how long the end of a run waits for its trace.
const tracePatience = 5 * time.Second

// finishTrace has the plugins and the gateway store what they still hold of a run's
// trace. A run without its whole trace is a run all the same.
func (a *App) finishTrace(run store.Run) {
	ctx, cancel := context.WithTimeout(context.Background(), tracePatience)
	defer cancel()
	if err := a.telemetry.Flush(ctx); err != nil {
		a.opts.Log.Warn("the trace of the run is not whole", "run", run.ID, "trace_id", run.TraceID, "error", err)
	}
}

// pruneEvery is how often old runs are looked for.
const pruneEvery = time.Hour

// prune deletes runs and traces that are older than the configuration keeps them.
func (a *App) prune(state store.Store) {
	now := a.opts.Now()
	last := a.pruned.Load()
	if (last != 0 && now.Sub(time.Unix(0, last)) < pruneEvery) || !a.pruned.CompareAndSwap(last, now.UnixNano()) {
		return
	}
	ctx, cancel := context.WithTimeout(context.Background(), tracePatience)
	defer cancel()
	a.pruneFeed(ctx, state)
	before := now.Add(-a.Config().Telemetry.KeepRuns)
	if _, err := state.PruneRuns(ctx, before); err != nil {
		a.opts.Log.Warn("old runs could not be deleted; it is tried again in an hour", "error", err)
	}
	if err := a.telemetry.Prune(ctx, before); err != nil {
		a.opts.Log.Warn("old traces could not be deleted; it is tried again in an hour", "error", err)
	}
}

// Totals adds up what a run did for all trainers.
func Totals(run store.Run) store.Counts {
	var sum store.Counts
	for _, t := range run.Trainers {
		sum = sum.Add(t.Counts)
	}
	return sum
}
