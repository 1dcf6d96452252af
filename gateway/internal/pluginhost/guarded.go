package pluginhost

import (
	"context"
	"errors"

	"github.com/trainercal/trainercal/gateway/internal/failpoint"
	"github.com/trainercal/trainercal/sdk"
)

// guarded passes an account's calls on and learns from how they end.
//
// Refused credentials end a call at once, also when they are reported for a single
// mailbox: every further mailbox of the batch would be one more wrong password, and
// a directory locks an account after a few.
type guarded struct {
	host   *Host
	opened *opened
	// forced: an operator's verify, which tries refused credentials.
	forced bool
}

// permitted is why no call can be made; nil when one can.
func (g *guarded) permitted() error {
	if g.forced {
		return nil
	}
	return g.host.refusal(g.opened)
}

// noted learns from a call's error.
func (g *guarded) noted(err error) error {
	if err == nil {
		g.host.worked(g.opened)
		return nil
	}
	noteProcess(g.opened.process, err)
	if errors.Is(err, sdk.ErrUnknownAccount) {
		g.opened.lost.Store(true)
	}
	g.host.noteCredentials(g.opened, err)
	return err
}

// noteCredentials remembers credentials that were refused.
func (h *Host) noteCredentials(o *opened, err error) {
	var known *sdk.Error
	if errors.Is(err, sdk.ErrCredentials) && errors.As(err, &known) {
		h.refuse(o, known)
	}
}

// noteProcess has a process replaced that died or hung during a call.
func noteProcess(process *instance, err error) {
	if errors.Is(err, sdk.ErrPluginDied) {
		process.broken.Store(true)
	}
}

// call makes a call that answers about mailboxes.
func call[Q, A any](ctx context.Context, name string, g *guarded, reqs []Q, emit func(A) error,
	do func(context.Context, []Q, func(A) error) error, errOf func(A) *sdk.Error,
) error {
	if err := g.permitted(); err != nil {
		return err
	}
	if err := g.host.enter(g.opened.slot); err != nil {
		return err
	}
	defer g.host.leave(g.opened.slot)
	failpoint.Reach(name + ".begin")
	defer failpoint.Reach(name + ".end")
	return g.noted(do(ctx, reqs, func(answer A) error {
		failpoint.Reach(name + ".answer")
		if err := errOf(answer); err != nil && err.Code == sdk.CodeCredentials {
			g.host.noteCredentials(g.opened, err)
			return err
		}
		return emit(answer)
	}))
}

// Read implements [sdk.Account].
func (g *guarded) Read(ctx context.Context, reqs []sdk.ReadRequest, emit func(sdk.ReadPage) error) error {
	return call(ctx, "read", g, reqs, emit, g.opened.account.Read, func(p sdk.ReadPage) *sdk.Error { return p.Err })
}

// Get implements [sdk.Account].
func (g *guarded) Get(ctx context.Context, reqs []sdk.GetRequest, emit func(sdk.GetPage) error) error {
	return call(ctx, "get", g, reqs, emit, g.opened.account.Get, func(p sdk.GetPage) *sdk.Error { return p.Err })
}

// Write implements [sdk.Account].
func (g *guarded) Write(ctx context.Context, reqs []sdk.WriteRequest, emit func(sdk.WriteResult) error) error {
	return call(ctx, "write", g, reqs, emit, g.opened.account.Write, func(r sdk.WriteResult) *sdk.Error { return r.Err })
}

// Find implements [sdk.Account].
func (g *guarded) Find(ctx context.Context, reqs []sdk.FindRequest, emit func(sdk.FindPage) error) error {
	return call(ctx, "find", g, reqs, emit, g.opened.account.Find, func(p sdk.FindPage) *sdk.Error { return p.Err })
}

// Verify implements [sdk.Account]. Credentials that pass may be used again.
func (g *guarded) Verify(ctx context.Context, mailboxes []sdk.Mailbox, emit func(sdk.Check) error) error {
	if err := g.permitted(); err != nil {
		return err
	}
	if err := g.host.enter(g.opened.slot); err != nil {
		return err
	}
	defer g.host.leave(g.opened.slot)
	return g.noted(g.opened.account.Verify(ctx, mailboxes, func(c sdk.Check) error {
		if c.Step == "credentials" && c.Outcome == sdk.Passed {
			g.host.forgive(g.opened)
		}
		return emit(c)
	}))
}

// Close does nothing: the account is the host's.
func (g *guarded) Close() error { return nil }
