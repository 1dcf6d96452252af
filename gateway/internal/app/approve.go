package app

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/trainercal/trainercal/gateway/internal/config"
	"github.com/trainercal/trainercal/gateway/internal/platform"
	"github.com/trainercal/trainercal/gateway/internal/reconcile"
	"github.com/trainercal/trainercal/gateway/internal/runner"
	"github.com/trainercal/trainercal/gateway/internal/store"
)

// ErrNothingHeld: no removal of the trainer's waits for approval.
var ErrNothingHeld = errors.New("nothing waits for approval")

// approved names removals that were shown to an operator.
type approved struct {
	Trainer platform.TrainerID `json:"trainer"`
	// Items are stable ids of pulled unavailability.
	Items []string `json:"items"`
}

// HeldRemovals are a trainer's removals that wait for approval (hold-1).
type HeldRemovals struct {
	Trainer  config.Trainer
	Removals []reconcile.Mirror
}

// Held returns what waits for approval of the trainer named, a label or
// "provider/label". It fails with [ErrNothingHeld] when that is nothing.
func (a *App) Held(ctx context.Context, name string) (HeldRemovals, error) {
	trainers, err := Filter{Trainers: []string{name}}.Pick(a.Config())
	if err != nil {
		return HeldRemovals{}, err
	}
	held := HeldRemovals{Trainer: trainers[0]}
	state, err := a.read(ctx)
	if err != nil {
		return held, err
	}
	memory, err := state.Trainer(ctx, held.Trainer.ID)
	if err != nil {
		return held, err
	}
	if held.Removals = heldOf(memory); len(held.Removals) == 0 {
		return held, fmt.Errorf("%s: %w; gateway status tells who has something held", held.Trainer.ID, ErrNothingHeld)
	}
	return held, nil
}

// heldOf are the mirrors whose removal is held.
func heldOf(m store.Trainer) []reconcile.Mirror {
	return slices.DeleteFunc(slices.Clone(m.Mirrors), func(m reconcile.Mirror) bool { return !m.Held })
}

// Approve lets just these removals go, here or in the running serve, and returns the
// record of that. What a run found again in the meantime stays.
func (a *App) Approve(ctx context.Context, held HeldRemovals, watch Watcher) (store.Run, error) {
	what := approved{Trainer: held.Trainer.ID}
	for _, m := range held.Removals {
		what.Items = append(what.Items, m.ID)
	}
	var run store.Run
	err := a.change(ctx, request{Operation: opApprove, Approved: &what}, watch,
		func() (err error) {
			run, err = a.approve(ctx, what)
			return err
		},
		func(r reply) { run = *r.Run })
	return run, err
}

// approve lets removals go in this process, which owns the state, while no run is
// under way: a run's picture of what is held stays true until it is stored.
func (a *App) approve(ctx context.Context, what approved) (store.Run, error) {
	trainers, err := Filter{Trainers: []string{what.Trainer.String()}}.Pick(a.Config())
	if err != nil {
		return store.Run{}, err
	}
	return a.inRun(ctx, Watcher{}, func(r *runner.Runner, _ store.Store) (store.Run, error) {
		return r.Approve(ctx, what.Trainer, trainers[0].TimeZone, what.Items)
	})
}
