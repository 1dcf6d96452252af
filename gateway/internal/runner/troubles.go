package runner

import (
	"context"

	"github.com/trainercal/trainercal/gateway/internal/store"
	"github.com/trainercal/trainercal/sdk"
)

// accountWide are the codes of errors that stop a whole account.
var accountWide = map[sdk.Code]bool{
	sdk.CodeCredentials: true, sdk.CodeMethodNotOffered: true, sdk.CodeAccountBlocked: true,
	sdk.CodeInvalidSettings: true, sdk.CodePluginDied: true,
}

// keepAccount stores what keeps the batch's account from working, or that it works
// again: a calendar was read to its end.
func (p *pass) keepAccount(ctx context.Context) {
	if p.dry != nil || ctx.Err() != nil || (p.accountErr == nil && !p.reached) {
		return
	}
	known, err := p.Memory.AccountTroubles(ctx)
	if err != nil {
		p.record.event(p.batch.Account + ": what is known of the account could not be read; the next run tries again")
		return
	}
	last, troubled := known[p.batch.Account]
	if p.accountErr == nil && !troubled {
		return
	}
	if err := p.Memory.SetAccountTrouble(ctx, p.batch.Account, p.troubleOf(last, troubled)); err != nil {
		p.record.event(p.batch.Account + ": the state of the account could not be stored; the next run tries again")
	}
}

func (p *pass) troubleOf(last store.Failing, troubled bool) *store.Failing {
	if p.accountErr == nil {
		return nil
	}
	f := failingOf(p.accountErr)
	f.Since, f.Attempts = p.Now(), 1
	if troubled {
		f.Since, f.Attempts = last.Since, last.Attempts+1
	}
	return &f
}

// failingOf is an error as it is stored and shown.
func failingOf(err *sdk.Error) store.Failing {
	f := store.Failing{Code: string(err.Code), Message: err.Message, Advice: err.Advice}
	if err.Detail != "" {
		f.Message += " (" + err.Detail + ")"
	}
	return f
}
