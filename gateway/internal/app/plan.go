package app

import (
	"cmp"
	"context"
	"slices"

	"github.com/trainercal/trainercal/gateway/internal/runner"
	"github.com/trainercal/trainercal/gateway/internal/store"
)

// Plan returns what a run would do for the trainers picked, by trainer, and changes
// nothing: it reads the state without its lock and runs plugins of its own.
func (a *App) Plan(ctx context.Context, filter Filter) ([]runner.TrainerPlan, error) {
	state, err := a.read(ctx)
	if err != nil {
		return nil, err
	}
	trainers, err := a.pick(ctx, state, filter)
	if err != nil {
		return nil, err
	}
	job, err := a.job(ctx, a.Config(), state, "", trainers)
	if err != nil {
		return nil, err
	}
	// What a former integration left is to be told before it is pulled (move-1).
	if job.Former, err = a.formerOf(ctx, state, former{Prefix: FormerPrefix}); err != nil {
		return nil, err
	}
	return a.planJob(ctx, state, job)
}

// planJob returns the plans of a job, by trainer.
func (a *App) planJob(ctx context.Context, state store.Store, job runner.Job) ([]runner.TrainerPlan, error) {
	cfg, held, err := a.snapshot(ctx, false)
	if err != nil {
		return nil, err
	}
	defer held.Release()
	plans, err := a.runner(cfg, held, state).Plan(ctx, job)
	slices.SortFunc(plans, func(x, y runner.TrainerPlan) int {
		return cmp.Compare(x.Trainer.String(), y.Trainer.String())
	})
	return plans, err
}
