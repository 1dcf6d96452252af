package app

import (
	"cmp"
	"context"
	"fmt"
	"time"

	"github.com/trainercal/trainercal/gateway/internal/config"
	"github.com/trainercal/trainercal/gateway/internal/platform"
	"github.com/trainercal/trainercal/gateway/internal/store"
	"github.com/trainercal/trainercal/gateway/internal/webhook"
)

const (
	// stalePause is how often it is looked for trainers who have not been proven for too
	// long.
	stalePause = time.Minute
	// webhookPause is how long the webhooks wait after the state could not be read.
	webhookPause = 10 * time.Second
)

// tellWebhooks tells the receivers of webhooks until ctx ends: from a reload on, those of
// the new configuration.
func (a *App) tellWebhooks(ctx context.Context) {
	for ctx.Err() == nil {
		reloaded := a.Reloads()
		until, stop := context.WithCancel(ctx)
		go func() {
			defer stop()
			select {
			case <-reloaded:
			case <-until.Done():
			}
		}()
		a.tellReceivers(until, a.Config())
		stop()
	}
}

// tellReceivers tells those of one configuration until ctx ends.
func (a *App) tellReceivers(ctx context.Context, cfg *config.Config) {
	for ctx.Err() == nil {
		if err := a.startSender(ctx, cfg); err != nil {
			a.opts.Log.Error("the receivers of webhooks cannot be told; it is tried again", "error", err)
			_ = sleep(ctx, webhookPause) // it ends early with ctx alone
			continue
		}
		<-ctx.Done()
	}
}

func (a *App) startSender(ctx context.Context, cfg *config.Config) error {
	state, err := a.own(ctx)
	if err != nil {
		return err
	}
	sender := &webhook.Sender{
		Hooks: cfg.API.Webhooks, State: state, Now: a.opts.Now, Log: a.opts.Log.Named("webhook"),
	}
	if a.restarts != nil {
		sender.Metrics = a.restarts
	}
	return sender.Run(ctx)
}

// watchStale notes each minute which trainers have not been proven for too long, until
// ctx ends: what becomes stale is an event for operators.
func (a *App) watchStale(ctx context.Context) {
	for sleep(ctx, stalePause) == nil {
		if err := a.noteStale(ctx); err != nil && ctx.Err() == nil {
			a.opts.Log.Error("it could not be noted which trainers are not proven in sync; it is tried again in a minute", "error", err)
		}
	}
}

func (a *App) noteStale(ctx context.Context) error {
	state, err := a.own(ctx)
	if err != nil {
		return err
	}
	known, err := state.Standings(ctx)
	if err != nil {
		return err
	}
	stale := map[platform.TrainerID]time.Time{}
	for _, p := range a.Config().Providers {
		for _, t := range p.Trainers {
			if s := known[t.ID]; t.Active() && !a.pilot(t) && a.stale(t, s) {
				stale[t.ID] = s.Proven
			}
		}
	}
	return state.SetStale(ctx, stale)
}

// stale reports whether a trainer was proven in sync once, and not for several intervals.
func (a *App) stale(t config.Trainer, s store.Standing) bool {
	return !s.Proven.IsZero() && a.opts.Now().Sub(s.Proven) > staleAfter*a.interval(t.ID)
}

// pruneFeed deletes changes, events and what is kept of deletions when they are older than
// the configuration keeps them.
func (a *App) pruneFeed(ctx context.Context, state store.Store) {
	before := a.opts.Now().Add(-cmp.Or(a.Config().API.KeepChanges, config.DefaultKeepChanges))
	if _, err := state.PruneFeed(ctx, before); err != nil {
		a.opts.Log.Warn("old changes could not be deleted from the feed; it is tried again in an hour", "error", err)
	}
	if _, err := state.PruneEvents(ctx, before); err != nil {
		a.opts.Log.Warn("old events could not be deleted; it is tried again in an hour", "error", err)
	}
	if _, err := state.PruneDeleted(ctx, before); err != nil {
		a.opts.Log.Warn("the versions of old deletions could not be deleted; it is tried again in an hour", "error", err)
	}
}

// WebhookStatus is how far a webhook's receiver was told.
type WebhookStatus struct {
	Name string
	store.WebhookState
}

// Webhooks returns how those of the configuration stand, in its order. Of one that no
// serve has told yet, nothing is known.
func (a *App) Webhooks(ctx context.Context) ([]WebhookStatus, error) {
	state, err := a.read(ctx)
	if err != nil {
		return nil, err
	}
	return a.webhooks(ctx, state)
}

func (a *App) webhooks(ctx context.Context, state store.Store) ([]WebhookStatus, error) {
	known, err := state.Webhooks(ctx)
	if err != nil {
		return nil, fmt.Errorf("read how far webhooks were told: %w", err)
	}
	var out []WebhookStatus
	for _, hook := range a.Config().API.Webhooks {
		out = append(out, WebhookStatus{Name: hook.Name, WebhookState: known[hook.Name]})
	}
	return out, nil
}
