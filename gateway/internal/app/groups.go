package app

import (
	"cmp"
	"context"
	"slices"
	"time"

	"github.com/trainercal/trainercal/gateway/internal/config"
	"github.com/trainercal/trainercal/gateway/internal/store"
	"github.com/trainercal/trainercal/sdk"
)

// groups are the trainers whose runs start by themselves (eng-1), in groups of as
// many as fit one batch, those of one interval and of one account together.
func (a *App) groups(ctx context.Context, state store.Trainers) [][]config.Trainer {
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
	account := func(t config.Trainer) string { return t.ID.Provider + "/" + t.Service }
	slices.SortStableFunc(trainers, func(x, y config.Trainer) int {
		return cmp.Or(cmp.Compare(a.interval(x), a.interval(y)), cmp.Compare(account(x), account(y)))
	})
	var groups [][]config.Trainer
	for len(trainers) > 0 {
		n := 1
		for n < len(trainers) && n < sdk.MaxMailboxes && a.interval(trainers[n]) == a.interval(trainers[0]) {
			n++
		}
		groups, trainers = append(groups, trainers[:n:n]), trainers[n:]
	}
	return groups
}

// interval is how often a trainer's runs start by themselves.
func (a *App) interval(t config.Trainer) time.Duration {
	for _, p := range a.Config().Providers {
		if p.Name == t.ID.Provider && p.Sync.Interval > 0 {
			return p.Sync.Interval
		}
	}
	return a.Config().Sync.Interval
}

// intervals are those of groups.
func (a *App) intervals(groups [][]config.Trainer) []time.Duration {
	all := make([]time.Duration, len(groups))
	for i, g := range groups {
		all[i] = a.interval(g[0])
	}
	return all
}
