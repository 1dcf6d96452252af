package app

import (
	"context"

	"github.com/trainercal/trainercal/gateway/internal/pluginhost"
	"github.com/trainercal/trainercal/gateway/internal/store"
	"github.com/trainercal/trainercal/sdk"
)

// refusals are the refused credentials that were kept, for the plugins' host.
func (a *App) refusals(ctx context.Context, state store.Store) []pluginhost.Refusal {
	kept, err := state.Refusals(ctx)
	if err != nil {
		a.opts.Log.Warn("which credentials were refused before is not known", "error", err)
	}
	var out []pluginhost.Refusal
	for _, r := range kept {
		out = append(out, pluginhost.Refusal{
			Account: r.Account, Fingerprint: r.Fingerprint, Since: r.Since,
			Err: &sdk.Error{Code: sdk.Code(r.Code), Message: r.Message, Advice: r.Advice, Detail: r.Detail},
		})
	}
	return out
}

// keepRefusal stores what the host learnt, if this process owns the state.
func (a *App) keepRefusal(state store.Store) func(pluginhost.Refusal) {
	return func(r pluginhost.Refusal) {
		ctx, cancel := context.WithTimeout(context.Background(), tracePatience)
		defer cancel()
		err := state.Refuse(ctx, store.Refusal{
			Account: r.Account, Fingerprint: r.Fingerprint, Since: r.Since.UTC(),
			Code: string(r.Err.Code), Message: r.Err.Message, Advice: r.Err.Advice, Detail: r.Err.Detail,
		})
		if err != nil {
			a.opts.Log.Error("that credentials were refused could not be stored", "account", r.Account, "error", err)
		}
	}
}

// keepAccepted is the reverse of keepRefusal.
func (a *App) keepAccepted(state store.Store) func(account, fingerprint string) {
	return func(account, fingerprint string) {
		ctx, cancel := context.WithTimeout(context.Background(), tracePatience)
		defer cancel()
		if err := state.Forgive(ctx, account, fingerprint); err != nil {
			a.opts.Log.Error("that credentials work again could not be stored", "account", account, "error", err)
		}
	}
}
