package app

import (
	"context"
	"errors"
	"time"

	"github.com/trainercal/trainercal/gateway/internal/config"
	"github.com/trainercal/trainercal/gateway/internal/httpapi"
	"github.com/trainercal/trainercal/gateway/internal/live"
	"github.com/trainercal/trainercal/gateway/internal/runner"
	"github.com/trainercal/trainercal/gateway/internal/store"
	"github.com/trainercal/trainercal/sdk"
)

// watchEvery is how often it is looked whether the configuration was read again, and
// whether somebody was paused or resumed, in this process or by another.
const watchEvery = 5 * time.Second

// watch keeps the mailboxes of everybody watched whose calendar is read by itself
// (pull-9), as the configuration in force and the pauses say, until ctx ends. What they
// hint at is due in the schedule, which poke has looked at.
func (a *App) watch(ctx context.Context, poke func()) {
	state, err := a.own(ctx)
	if err != nil {
		a.opts.Log.Error("calendars cannot be watched; they are read at the interval", "error", err)
		return
	}
	l := live.New(live.Options{
		Memory: state, Accounts: currentAccounts{a}, Poke: poke, Now: a.opts.Now, Log: a.opts.Log.Named("watch"),
	})
	a.live.Store(l)
	defer a.live.Store(nil)
	following, stop := context.WithCancel(ctx)
	defer stop()
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		a.followMailboxes(following, state, l)
	}()
	l.Run(ctx)
	stop()
	<-ended
}

// followMailboxes tells which mailboxes are to be watched, whenever that may have changed.
func (a *App) followMailboxes(ctx context.Context, state store.Store, l *live.Live) {
	tick := time.NewTicker(watchEvery)
	defer tick.Stop()
	for failed := false; ctx.Err() == nil; {
		accounts, err := watched(ctx, a.Config(), state)
		if err != nil && !failed && ctx.Err() == nil {
			a.opts.Log.Error("it could not be told who is paused; who is watched stays as it was", "error", err)
		}
		if failed = err != nil; !failed {
			l.Set(accounts)
		}
		select {
		case <-ctx.Done():
		case <-tick.C:
		}
	}
}

// watched are all accounts, with the mailboxes that are to be watched: of trainers whose
// calendar is pulled by the engine, and who are not paused.
func watched(ctx context.Context, cfg *config.Config, state store.Store) ([]live.Account, error) {
	pauses, err := state.Pauses(ctx)
	if err != nil {
		return nil, err
	}
	var all []live.Account
	for _, p := range cfg.Providers {
		for _, acc := range p.Accounts {
			one := live.Account{Name: acc.Name()}
			if cfg.API.PublicURL != "" {
				one.NotificationURL = cfg.API.PublicURL + httpapi.NotificationPath(acc.Name())
			}
			for _, t := range p.Trainers {
				if cfg.Sync.Engine && p.Engine && t.Service == acc.Service && t.Pull() && pauseOf(pauses, t) == nil {
					one.Boxes = append(one.Boxes, live.Box{Trainer: t.ID, Mailbox: mailboxOf(t)})
				}
			}
			all = append(all, one)
		}
	}
	return all, nil
}

// currentAccounts opens accounts of the configuration in force.
type currentAccounts struct{ app *App }

// Account implements [runner.Accounts].
func (c currentAccounts) Account(ctx context.Context, name string) (runner.Account, error) {
	host, _, err := c.app.plugins(ctx, true)
	if err != nil {
		return runner.Account{}, err
	}
	return host.Account(ctx, name)
}

// deliver hands a notification to its account; see [httpapi.Notified].
func (a *App) deliver(ctx context.Context, account, traceparent string, req sdk.DeliverRequest) (sdk.DeliverResponse, error) {
	l := a.live.Load()
	if l == nil {
		return sdk.DeliverResponse{}, httpapi.ErrStopping
	}
	answer, err := l.Deliver(ctx, account, traceparent, req)
	if errors.Is(err, live.ErrUnknown) {
		return answer, store.ErrNotFound
	}
	return answer, err
}
