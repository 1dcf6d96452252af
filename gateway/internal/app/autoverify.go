package app

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"slices"
	"strings"

	"github.com/trainercal/trainercal/gateway/internal/config"
	"github.com/trainercal/trainercal/gateway/internal/pluginhost"
	"github.com/trainercal/trainercal/gateway/internal/store"
	"github.com/trainercal/trainercal/sdk"
)

// verifyChanged verifies each account and mapping that is new or was changed since it was
// last verified, and keeps the log (auth-5). It does not try credentials again that were
// refused.
func (a *App) verifyChanged(ctx context.Context) error {
	state, err := a.own(ctx)
	if err != nil {
		return err
	}
	host, _, err := a.plugins(ctx, true)
	if err != nil {
		return err
	}
	known, err := state.Verifications(ctx)
	if err != nil {
		return fmt.Errorf("read what is verified: %w", err)
	}
	accounts, err := Filter{}.accounts(a.Config())
	if err != nil {
		return nil // there is nothing to verify
	}
	pauses, err := state.Pauses(ctx)
	if err != nil {
		return fmt.Errorf("read what is paused: %w", err)
	}
	for _, acc := range accounts {
		if pausedProvider(pauses, acc.name) {
			continue
		}
		log := verifyLog{app: a, acc: acc}
		// A mailbox is verified by writing into it, which a pilot's is to be spared, and so
		// is that of somebody who is paused.
		log.acc.trainers = slices.DeleteFunc(slices.Clone(acc.trainers), func(t config.Trainer) bool {
			return a.pilot(t) || pauseOf(pauses, t) != nil
		})
		if !log.changed(ctx, host, known) {
			continue
		}
		if err := log.keep(ctx, host, state); err != nil {
			return fmt.Errorf("keep the log of verifying %s: %w", acc.name, err)
		}
	}
	return nil
}

// verifiedAtOnce is how many mailboxes are verified before that is kept: a start that is
// cut short is gone on from there, and so are the test appointments it may have left.
const verifiedAtOnce = 100

// keep verifies, and keeps the log part by part. What is not verified when ctx ends is by
// the next start.
func (l *verifyLog) keep(ctx context.Context, host *pluginhost.Host, state store.Store) error {
	all := l.acc.trainers
	for first := true; first || len(all) > 0; first = false {
		n := min(len(all), verifiedAtOnce)
		l.acc.trainers, all, l.checks = all[:n:n], all[n:], nil
		passed := l.verify(ctx, host)
		if ctx.Err() != nil {
			return nil
		}
		if err := state.PutVerifications(ctx, l.verifications()); err != nil || !passed {
			return err // of an account that cannot be used, no mailbox can be
		}
	}
	return nil
}

// pausedProvider reports whether the whole provider of an account is paused.
func pausedProvider(pauses []store.Pause, account string) bool {
	provider, _, _ := strings.Cut(account, "/")
	return slices.ContainsFunc(pauses, func(p store.Pause) bool { return p.Provider == provider && p.Label == "" })
}

// pilot reports whether nothing may be written for the trainer.
func (a *App) pilot(t config.Trainer) bool {
	return slices.ContainsFunc(a.Config().Providers, func(p config.Provider) bool { return p.Name == t.ID.Provider && p.Pilot })
}

// verifyLog is the log of verifying one account and some of its trainers.
type verifyLog struct {
	app *App
	acc accountMailboxes
	// fingerprint is the account's; mailboxes are those of the trainers, by label.
	fingerprint string
	mailboxes   map[string]string
	checks      []Check
}

// changed leaves in the log's account what is to be verified, and reports whether that is
// anything: all trainers of an account that was changed, else those that were.
func (l *verifyLog) changed(ctx context.Context, host *pluginhost.Host, known []store.Verification) bool {
	l.identify(ctx, host)
	current := func(label, fingerprint string) bool {
		return slices.ContainsFunc(known, func(v store.Verification) bool {
			return v.Account == l.acc.name && v.Label == label && v.Fingerprint == fingerprint
		})
	}
	if !current("", l.fingerprint) {
		return true
	}
	l.acc.trainers = slices.DeleteFunc(slices.Clone(l.acc.trainers), func(t config.Trainer) bool {
		return current(t.ID.Label, l.mailboxes[t.ID.Label])
	})
	return len(l.acc.trainers) > 0
}

// identify says what the account and its mappings are. An account whose settings cannot
// be made out is what they cannot be made out for.
func (l *verifyLog) identify(ctx context.Context, host *pluginhost.Host) {
	var err error
	if l.fingerprint, err = host.Fingerprint(ctx, l.acc.name); err != nil {
		l.fingerprint = digestOfText(err.Error())
	}
	l.mailboxes = map[string]string{}
	for _, t := range l.acc.trainers {
		l.mailboxes[t.ID.Label] = digestOfText(l.fingerprint, strings.ToLower(t.Email), t.TimeZone.String(), string(t.Direction))
	}
}

func digestOfText(parts ...string) string {
	h := sha256.New()
	for _, p := range parts {
		fmt.Fprintf(h, "%d:%s|", len(p), p)
	}
	return hex.EncodeToString(h.Sum(nil)[:16])
}

// verify runs the checks, and reports whether the account itself passed. Refused
// credentials stay refused: only an operator tries again.
func (l *verifyLog) verify(ctx context.Context, host *pluginhost.Host) bool {
	account, err := host.Account(ctx, l.acc.name)
	if err != nil {
		l.checks = append(l.checks, failedCheck(l.acc.name, err))
		return false
	}
	return verifyAccount(ctx, account, l.acc, func(c Check) { l.checks = append(l.checks, c) })
}

// verifications are the log in the form in which it is kept.
func (l *verifyLog) verifications() []store.Verification {
	at := l.app.opts.Now().UTC()
	account := store.Verification{Account: l.acc.name, Fingerprint: l.fingerprint, At: at}
	byLabel := map[string][]sdk.Check{}
	for _, c := range l.checks {
		if c.Trainer == "" {
			account.Checks = append(account.Checks, c.Check)
		} else {
			_, label, _ := strings.Cut(c.Trainer, "/")
			byLabel[label] = append(byLabel[label], c.Check)
		}
	}
	out := []store.Verification{account}
	for _, t := range l.acc.trainers {
		if checks := byLabel[t.ID.Label]; len(checks) > 0 {
			out = append(out, store.Verification{
				Account: l.acc.name, Label: t.ID.Label, Fingerprint: l.mailboxes[t.ID.Label], At: at, Checks: checks,
			})
		}
	}
	return out
}

// keepVerified has the process that owns the state keep the log of a verification by
// hand, and try credentials again that were good. Without a serve this process does so,
// if nobody else owns the state just now.
func (a *App) keepVerified(ctx context.Context, logs []store.Verification, good []string) {
	req := request{Version: a.opts.Version, Operation: opVerified, Verified: logs, Accounts: good}
	if _, err := ask(ctx, a.paths, req, func(reply) {}); err == nil {
		return
	}
	if _, empty := a.known(ctx).(noState); empty {
		return // a command that only reads makes no state
	}
	if err := a.storeVerified(ctx, logs, good); err != nil {
		a.opts.Log.Debug("the log of the verification is not kept", "error", err)
	}
}

// known is the state opened for reading; an empty one where it cannot be opened.
func (a *App) known(ctx context.Context) store.Store {
	state, err := a.read(ctx)
	if err != nil {
		return noState{}
	}
	return state
}

func (a *App) storeVerified(ctx context.Context, logs []store.Verification, good []string) error {
	state, err := a.own(ctx)
	if err != nil {
		return err
	}
	for _, account := range good {
		if err := state.Forgive(ctx, account, ""); err != nil {
			return fmt.Errorf("let the credentials of %s be tried again: %w", account, err)
		}
	}
	return state.PutVerifications(ctx, logs)
}

// answerVerified keeps a log, and lets credentials that an operator verified be tried
// again.
func (a *App) answerVerified(ctx context.Context, serving Serving, req request) reply {
	host, _, err := a.plugins(ctx, true)
	if err != nil {
		return reply{Error: err.Error()}
	}
	if err := a.storeVerified(ctx, req.Verified, req.Accounts); err != nil {
		return reply{Error: err.Error()}
	}
	for _, name := range req.Accounts {
		if err := host.Forgive(ctx, name); err != nil {
			a.opts.Log.Warn("an account that was verified cannot be opened", "account", name, "error", err)
		}
	}
	return reply{Pong: &serving}
}
