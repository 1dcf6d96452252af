package app

import (
	"cmp"
	"context"
	"slices"

	"github.com/trainercal/trainercal/gateway/internal/runner"
)

// Plan returns what a run would do for the trainers picked, by trainer, and changes
// nothing: it reads the state without its lock and runs plugins of its own.
func (a *App) Plan(ctx context.Context, filter Filter) ([]runner.TrainerPlan, error) {
	trainers, err := filter.Pick(a.cfg)
	if err != nil {
		return nil, err
	}
	state, err := a.read(ctx)
	if err != nil {
		return nil, err
	}
	r, err := a.runner(ctx, state, false)
	if err != nil {
		return nil, err
	}
	plans, err := r.Plan(ctx, jobOf(a.cfg, "", trainers))
	slices.SortFunc(plans, func(x, y runner.TrainerPlan) int {
		return cmp.Compare(x.Trainer.String(), y.Trainer.String())
	})
	return plans, err
}
