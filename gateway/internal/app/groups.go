package app

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/trainercal/trainercal/gateway/internal/config"
	"github.com/trainercal/trainercal/gateway/internal/platform"
	"github.com/trainercal/trainercal/gateway/internal/scheduler"
	"github.com/trainercal/trainercal/gateway/internal/store"
)

// automatic are the trainers whose runs start by themselves (eng-1). An engine that is
// switched off does nothing by itself, whatever asks for it: an interval, a change or a
// notification; what was asked for is kept until it is switched on.
func (a *App) automatic(ctx context.Context, state store.Trainers) []config.Trainer {
	if !a.Config().Sync.Engine {
		return nil
	}
	trainers, err := a.pick(ctx, state, Filter{Automatic: true})
	if err != nil {
		a.opts.Log.Error("it could not be told which trainers were switched off; what was written for them stays until the next start", "error", err)
		if trainers, err = (Filter{Automatic: true}).Pick(a.Config()); err != nil {
			return nil // only named trainers can be wrong
		}
	}
	return trainers
}

// assign tells the schedule whose runs start by themselves, and gives those a turn who
// have none, or not the right one.
func (a *App) assign(ctx context.Context, state store.Store) error {
	trainers := a.automatic(ctx, state)
	providers := providersOf(a.Config())
	all := make([]store.Assignment, len(trainers))
	for i, t := range trainers {
		all[i] = store.Assignment{Trainer: t.ID, Account: t.ID.Provider + "/" + t.Service, Mapping: mappingOf(providers[t.ID.Provider], t)}
	}
	changed, err := state.Assign(ctx, all)
	if err != nil {
		return err
	}
	due, err := state.Dues(ctx)
	if err != nil {
		return err
	}
	isNew := map[platform.TrainerID]bool{}
	for _, id := range changed {
		isNew[id] = true
	}
	if err := state.Turns(ctx, scheduler.Turns(due, isNew, a.interval, a.opts.Now())); err != nil {
		return err
	}
	a.Poke()
	return nil
}

// mappingOf tells mappings apart of which each needs a run at once (map-8).
func mappingOf(p config.Provider, t config.Trainer) string {
	target := targetOf(p, t)
	return fmt.Sprint(target.Mailbox, target.Push, target.Pull, target.Detail, target.ShowAs, target.Split, target.Pilot, target.Stopped,
		p.Sync.Past, p.Sync.Future)
}

// interval is how often a trainer's runs start by themselves.
func (a *App) interval(id platform.TrainerID) time.Duration {
	cfg := a.Config()
	i := slices.IndexFunc(cfg.Providers, func(p config.Provider) bool { return p.Name == id.Provider })
	if i >= 0 && cfg.Providers[i].Sync.Interval > 0 {
		return cfg.Providers[i].Sync.Interval
	}
	return cfg.Sync.Interval
}

// turnOf is a trainer's next turn, which counts for those whose runs start by themselves.
func (a *App) turnOf(id platform.TrainerID) []store.Due {
	return []store.Due{scheduler.Turn(id, scheduler.Slot(id, a.interval(id), a.opts.Now()))}
}
