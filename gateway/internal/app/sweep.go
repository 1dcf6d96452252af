package app

import (
	"github.com/trainercal/trainercal/gateway/internal/config"
	"github.com/trainercal/trainercal/gateway/internal/reconcile"
	"github.com/trainercal/trainercal/gateway/internal/store"
)

// sweep says what a full list of the provider's objects takes away (push-14).
func (a *App) sweep(cfg *config.Config, p config.Provider) store.Sweep {
	now := a.opts.Now()
	return store.Sweep{
		Now: now, Before: now.Add(-cfg.Sync.Past), Zone: p.TimeZone,
		Guard: &reconcile.Guard{MaxRemovals: cfg.Sync.Guard.MaxRemovals, MaxFraction: cfg.Sync.Guard.MaxFraction},
	}
}
