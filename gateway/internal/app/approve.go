package app

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

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
	Trainer platform.TrainerID
	// Zone is the trainer's, in which whole days are.
	Zone     *time.Location
	Removals []reconcile.Mirror
}

// Held returns what waits for approval of the trainer named, a label or
// "provider/label", also of one who was switched off or left the configuration. It fails
// with [ErrNothingHeld] when that is nothing.
func (a *App) Held(ctx context.Context, name string) (HeldRemovals, error) {
	state, err := a.read(ctx)
	if err != nil {
		return HeldRemovals{}, err
	}
	id, err := a.resolve(ctx, state, name)
	if err != nil {
		return HeldRemovals{}, err
	}
	memory, err := state.Trainer(ctx, id)
	if err != nil {
		return HeldRemovals{}, err
	}
	held := HeldRemovals{Trainer: id, Zone: a.zoneOf(memory), Removals: heldOf(memory)}
	if len(held.Removals) == 0 {
		return held, fmt.Errorf("%s: %w; gateway status tells who has something held", id, ErrNothingHeld)
	}
	return held, nil
}

// zoneOf is a trainer's zone: as configured, else as it was when the calendar was read.
func (a *App) zoneOf(m store.Trainer) *time.Location {
	p, t := a.mapping(m.ID)
	if t != nil {
		return t.TimeZone
	}
	if zone, err := platform.LoadZone(m.Place.Mailbox.TimeZone); err == nil && m.Place.Mailbox.TimeZone != "" {
		return zone
	}
	if p != nil {
		return p.TimeZone
	}
	return time.UTC
}

// heldOf are the mirrors whose removal is held.
func heldOf(m store.Trainer) []reconcile.Mirror {
	return slices.DeleteFunc(slices.Clone(m.Mirrors), func(m reconcile.Mirror) bool { return !m.Held })
}

// Approve lets just these removals go, here or in the running serve, and returns the
// record of that. What a run found again in the meantime stays.
func (a *App) Approve(ctx context.Context, held HeldRemovals, watch Watcher) (store.Run, error) {
	what := approved{Trainer: held.Trainer}
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
	return a.inRun(ctx, runner.CauseApprove, []platform.TrainerID{what.Trainer}, Watcher{}, a.approving(what))
}

// approving makes the run in which removals go.
func (a *App) approving(what approved) making {
	return func(ctx context.Context, _ *config.Config, r *runner.Runner, state store.Store) (store.Run, error) {
		memory, err := state.Trainer(ctx, what.Trainer)
		if err != nil {
			return store.Run{}, err
		}
		return r.Approve(ctx, what.Trainer, a.zoneOf(memory), what.Items)
	}
}
