package app

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/trainercal/trainercal/gateway/internal/config"
	"github.com/trainercal/trainercal/gateway/internal/platform"
	"github.com/trainercal/trainercal/gateway/internal/runner"
	"github.com/trainercal/trainercal/gateway/internal/store"
)

// making makes a run with a runner, by the configuration that the runner was made of (L4).
// Its context holds the leases.
type making func(ctx context.Context, cfg *config.Config, r *runner.Runner, state store.Store) (store.Run, error)

// inRun makes one run over trainers that was asked for, while nobody else works on them.
func (a *App) inRun(ctx context.Context, what string, trainers []platform.TrainerID, watch Watcher, do making) (run store.Run, err error) {
	syncs := what != runner.CauseApprove
	err = a.leased(ctx, "gateway "+what, trainers, syncs, func(ctx context.Context, done func(platform.TrainerID, time.Time)) error {
		if !syncs {
			done = nil // what they were due for before is due still
		}
		run, err = a.makeRun(ctx, watch, done, do)
		return err
	})
	return run, err
}

// makeRun makes one run under leases, and its trace whole.
func (a *App) makeRun(ctx context.Context, watch Watcher, done func(platform.TrainerID, time.Time), do making) (store.Run, error) {
	state, err := a.own(ctx)
	if err != nil {
		return store.Run{}, err
	}
	cfg, held, err := a.snapshot(ctx, true)
	if err != nil {
		return store.Run{}, err
	}
	defer held.Release()
	r := a.runner(cfg, held, state)
	r.Progress, r.Done = watch.trainer, done
	run, err := do(ctx, cfg, r, state)
	a.finishTrace(run)
	a.prune(state)
	return run, err
}

// syncing makes a sync run over trainers, which is impatient and has causes as the job
// says that it is like.
func (a *App) syncing(trainers []config.Trainer, like runner.Job) making {
	return func(ctx context.Context, cfg *config.Config, r *runner.Runner, state store.Store) (store.Run, error) {
		job, err := a.job(ctx, cfg, state, like.Cause, trainers)
		if err != nil {
			return store.Run{}, err
		}
		job.Impatient, job.Traceparents = like.Impatient, like.Traceparents
		return r.Run(ctx, job)
	}
}

// job is a run over trainers, without those that are paused.
func (a *App) job(ctx context.Context, cfg *config.Config, state store.Store, cause string, trainers []config.Trainer) (runner.Job, error) {
	pauses, err := state.Pauses(ctx)
	if err != nil {
		return runner.Job{}, fmt.Errorf("read what is paused: %w", err)
	}
	var (
		going  []config.Trainer
		paused []runner.Paused
	)
	for _, t := range asIn(cfg, trainers) {
		if p := pauseOf(pauses, t); p != nil {
			paused = append(paused, runner.Paused{Trainer: t.ID, Pause: *p})
		} else {
			going = append(going, t)
		}
	}
	job := jobOf(cfg, cause, going)
	job.Paused = paused
	return job, nil
}

// asIn are the trainers as a configuration has them: they may have been picked from the
// one before. Who is not in it stays as picked.
func asIn(cfg *config.Config, trainers []config.Trainer) []config.Trainer {
	now := map[platform.TrainerID]config.Trainer{}
	for _, p := range cfg.Providers {
		for _, t := range p.Trainers {
			now[t.ID] = t
		}
	}
	out := slices.Clone(trainers)
	for i, t := range out {
		if newer, there := now[t.ID]; there && newer.Active() && t.Active() {
			out[i] = newer
		}
	}
	return out
}

// pauseOf is the pause that stops a trainer: of the provider first, as that is the one
// to end; nil for none.
func pauseOf(pauses []store.Pause, t config.Trainer) *store.Pause {
	for i := range pauses { // a provider's sorts before its trainers'
		if pauses[i].Covers(t.ID) {
			return &pauses[i]
		}
	}
	return nil
}

// work is a run of a kind other than a sync, as it is asked for.
type work struct {
	Kind   runner.Kind `json:"kind"`
	Former former      `json:"former"`
	// Shown is what an operator agreed to, by "provider/label"; null for everything.
	Shown map[string][]string `json:"shown"`
}

// causes are what starts the runs of each kind.
var causes = map[runner.Kind]string{runner.Resync: CauseResync, runner.ResyncInPlace: CauseResync, runner.Adopt: CauseAdopt}

// Work is what an operator has done to calendars after seeing a plan of it.
type Work struct {
	filter Filter
	work   work
}

// Shown is the work without what these plans of it do not show: that has appeared since,
// and is left for the next time.
func (w Work) Shown(plans []runner.TrainerPlan) Work {
	w.work.Shown = map[string][]string{}
	for id, steps := range runner.ShownOf(plans) {
		w.work.Shown[id.String()] = steps
	}
	return w
}

// shown is what was agreed to of a job's trainers.
func (w work) shown(trainers []config.Trainer) runner.Shown {
	if w.Shown == nil {
		return nil
	}
	shown := runner.Shown{}
	for _, t := range trainers {
		shown[t.ID] = w.Shown[t.ID.String()]
	}
	return shown
}

// PlanWork returns what the work would do, by trainer, and changes nothing.
func (a *App) PlanWork(ctx context.Context, w Work) ([]runner.TrainerPlan, error) {
	trainers, err := w.filter.Pick(a.Config())
	if err != nil {
		return nil, err
	}
	state, err := a.read(ctx)
	if err != nil {
		return nil, err
	}
	job, err := a.workJob(ctx, a.Config(), state, w.work, trainers)
	if err != nil {
		return nil, err
	}
	return a.planJob(ctx, state, job)
}

// DoWork does it, here or in the running serve, and returns the record of the run.
func (a *App) DoWork(ctx context.Context, w Work, watch Watcher) (store.Run, error) {
	trainers, err := w.filter.Pick(a.Config())
	if err != nil {
		return store.Run{}, err
	}
	if watch.Begun != nil {
		watch.Begun(len(trainers))
	}
	var run store.Run
	err = a.change(ctx, request{Operation: opWork, Filter: w.filter, Work: &w.work}, watch,
		func() error {
			run, err = a.doWork(ctx, w.work, trainers, watch)
			return err
		},
		func(r reply) { run = *r.Run })
	return run, err
}

func (a *App) doWork(ctx context.Context, w work, trainers []config.Trainer, watch Watcher) (store.Run, error) {
	return a.inRun(ctx, causes[w.Kind], idsOf(trainers), watch, a.working(w, trainers))
}

// working makes a run of another kind than a sync.
func (a *App) working(w work, trainers []config.Trainer) making {
	return func(ctx context.Context, cfg *config.Config, r *runner.Runner, state store.Store) (store.Run, error) {
		job, err := a.workJob(ctx, cfg, state, w, trainers)
		if err != nil {
			return store.Run{}, err
		}
		return r.Run(ctx, job)
	}
}

func (a *App) workJob(ctx context.Context, cfg *config.Config, state store.Store, w work, trainers []config.Trainer) (runner.Job, error) {
	cause, known := causes[w.Kind]
	if !known {
		return runner.Job{}, fmt.Errorf("there is no work of the kind %q", w.Kind)
	}
	job, err := a.job(ctx, cfg, state, cause, trainers)
	if err != nil {
		return job, err
	}
	job.Kind, job.Impatient, job.Shown = w.Kind, true, w.shown(trainers)
	if w.Kind == runner.Adopt {
		job.Former, err = a.formerOf(ctx, state, w.Former)
	}
	return job, err
}

// answerWork does the work of another command.
func (a *App) answerWork(ctx context.Context, req request, send func(reply)) reply {
	if req.Work == nil {
		return reply{Error: "the request names no work"}
	}
	trainers, err := req.Filter.Pick(a.Config())
	if err != nil {
		return reply{Error: otherConfiguration(err)}
	}
	send(reply{Event: "accepted"})
	run, err := a.doWork(ctx, *req.Work, trainers, Watcher{Trainer: func(t store.RunTrainer) { send(reply{Trainer: &t}) }})
	if err != nil && run.ID == "" {
		return reply{Error: err.Error()}
	}
	return reply{Run: &run}
}

// otherConfiguration says of a refusal whose configuration it goes by.
func otherConfiguration(err error) string {
	return fmt.Sprintf("%v; the running gateway serve goes by the configuration that it has read; gateway reload has it read the files again", err)
}
