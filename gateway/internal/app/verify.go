package app

import (
	"context"
	"errors"
	"slices"

	"github.com/trainercal/trainercal/gateway/internal/config"
	"github.com/trainercal/trainercal/gateway/internal/store"
	"github.com/trainercal/trainercal/sdk"
)

// Check is one step of verifying an account or a trainer's mailbox.
type Check struct {
	// Account is "provider/service".
	Account string
	// Trainer is "provider/label", empty for a step about the account itself.
	Trainer string
	sdk.Check
}

// Verify checks accounts and the mailboxes of active mappings step by step (auth-3)
// and hands each step to emit. It tries credentials again that runs leave alone since
// they were refused, and lets them be tried again when they are accepted. The log is
// kept (auth-5); in calendars nothing is left behind.
func (a *App) Verify(ctx context.Context, filter Filter, emit func(Check)) error {
	accounts, err := filter.accounts(a.Config())
	if err != nil {
		return err
	}
	a.known(ctx) // what is refused is known to the host from its start
	host, _, err := a.plugins(ctx, false)
	if err != nil {
		return err
	}
	var (
		good []string
		logs []store.Verification
	)
	for _, acc := range accounts {
		log := verifyLog{app: a, acc: acc}
		log.identify(ctx, host)
		tell := func(c Check) {
			log.checks = append(log.checks, c)
			emit(c)
		}
		account, err := host.Verified(ctx, acc.name)
		if err != nil {
			tell(failedCheck(acc.name, err))
		} else if verifyAccount(ctx, account, acc, tell) {
			good = append(good, acc.name)
		}
		logs = append(logs, log.verifications()...)
	}
	if ctx.Err() == nil {
		a.keepVerified(ctx, logs, good)
	}
	return ctx.Err()
}

// accountMailboxes is an account and those of its trainers to verify.
type accountMailboxes struct {
	name     string
	trainers []config.Trainer
}

// accounts groups the picked trainers by account. Where no trainers are named, an
// account without any is checked too.
func (f Filter) accounts(cfg *config.Config) ([]accountMailboxes, error) {
	trainers, err := f.Pick(cfg)
	if err != nil && (!errors.Is(err, ErrNothingToDo) || len(f.Trainers) > 0) {
		return nil, err
	}
	var out []accountMailboxes
	for _, p := range cfg.Providers {
		for _, acc := range p.Accounts {
			named := accountMailboxes{name: acc.Name()}
			for _, t := range trainers {
				if t.ID.Provider == p.Name && t.Service == acc.Service {
					named.trainers = append(named.trainers, t)
				}
			}
			wanted := len(f.Trainers) == 0 && f.covers(acc)
			if wanted || len(named.trainers) > 0 {
				out = append(out, named)
			}
		}
	}
	if len(out) == 0 {
		return nil, ErrNothingToDo
	}
	return out, nil
}

func (f Filter) covers(a config.Account) bool {
	return (f.Provider == "" || f.Provider == a.Provider) && (f.Service == "" || f.Service == a.Service)
}

// verifyAccount checks an account and reports whether the account itself passed.
func verifyAccount(ctx context.Context, account sdk.Account, acc accountMailboxes, emit func(Check)) bool {
	passed := true
	byAddress := map[string]string{}
	report := func(c sdk.Check) error {
		passed = passed && (c.Mailbox != "" || c.Outcome != sdk.Failed)
		emit(Check{Account: acc.name, Trainer: byAddress[c.Mailbox], Check: c})
		return nil
	}
	if len(acc.trainers) == 0 {
		acc.trainers = []config.Trainer{}
	}
	for first := true; first || len(acc.trainers) > 0; first = false {
		chunk := acc.trainers[:min(len(acc.trainers), sdk.MaxMailboxes)]
		acc.trainers = acc.trainers[len(chunk):]
		var mailboxes []sdk.Mailbox
		for _, t := range chunk {
			byAddress[t.Email] = t.ID.String()
			mailboxes = append(mailboxes, mailboxOf(t))
		}
		if err := account.Verify(ctx, mailboxes, report); err != nil {
			emit(failedCheck(acc.name, err))
			return false
		}
	}
	return passed
}

func mailboxOf(t config.Trainer) sdk.Mailbox {
	return sdk.Mailbox{Address: t.Email, TimeZone: t.TimeZone.String()}
}

// failedCheck is the step that says why an account could not be checked.
func failedCheck(account string, err error) Check {
	c := Check{Account: account, Check: sdk.Check{Step: "account", Outcome: sdk.Failed, Observed: err.Error()}}
	var known *sdk.Error
	if errors.As(err, &known) {
		c.Observed, c.Advice = known.Message, known.Advice
		if known.Detail != "" {
			c.Observed += " (" + known.Detail + ")"
		}
	}
	return c
}

// AnyFailed reports whether a step failed.
func AnyFailed(checks []Check) bool {
	return slices.ContainsFunc(checks, func(c Check) bool { return c.Outcome == sdk.Failed })
}
