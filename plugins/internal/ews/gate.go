package ews

import (
	"context"
	"sync"
	"time"

	"github.com/trainercal/trainercal/plugins/internal/transport"
	"github.com/trainercal/trainercal/sdk"
)

const (
	// refusalMemory is how long refused credentials are not tried again. A sync run
	// makes hundreds of requests, and Active Directory locks an account after a
	// handful of wrong passwords.
	refusalMemory = time.Minute
	// maxPause is the longest wait a request sleeps through; a longer one is
	// answered as throttled, and the host comes back later.
	maxPause = 10 * time.Second
)

// gate lets an account's requests through. Until the server has accepted the
// credentials once, they go one at a time, so that wrong ones are sent twice and not
// once for every request in flight; and the whole account waits when the server asks
// anyone of it to wait, because the budget is the account's.
type gate struct {
	now func() time.Time
	// turn is held by the request that tries the credentials; a channel, so that
	// waiting for it ends with the waiter's context.
	turn chan struct{}

	mu           sync.Mutex
	proven       bool
	refused      *sdk.Error
	refusedUntil time.Time
	pausedUntil  time.Time
}

func newGate(now func() time.Time) *gate {
	return &gate{now: now, turn: make(chan struct{}, 1)}
}

// enter waits until a request may be sent; leave is called when it was answered.
func (g *gate) enter(ctx context.Context) (leave func(), err error) {
	if err := g.wait(ctx); err != nil {
		return nil, err
	}
	if free, err := g.pass(); free || err != nil {
		return func() {}, err
	}
	select {
	case g.turn <- struct{}{}:
	case <-ctx.Done():
		return nil, cancelled(ctx)
	}
	leave = func() { <-g.turn }
	if _, err := g.pass(); err != nil {
		leave()
		return nil, err
	}
	return leave, nil
}

// pass reports whether requests may go side by side, or why none may go.
func (g *gate) pass() (free bool, err error) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.refused != nil && g.now().Before(g.refusedUntil) {
		return false, g.refused
	}
	return g.proven, nil
}

// wait sleeps through a short pause, or answers that the pause is long.
func (g *gate) wait(ctx context.Context) error {
	g.mu.Lock()
	pause := g.pausedUntil.Sub(g.now())
	g.mu.Unlock()
	if pause > maxPause {
		return explain(CodeServerBusy, nil).WithRetryAfter(pause)
	}
	if pause > 0 && transport.Sleep(ctx, pause) != nil {
		return cancelled(ctx)
	}
	return nil
}

// accept notes that the server knows the credentials.
func (g *gate) accept() {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.proven, g.refused = true, nil
}

// doubt notes a first refusal: the next request goes alone.
func (g *gate) doubt() {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.proven = false
}

// refuse notes that the credentials are not to be tried again for a while.
func (g *gate) refuse(err *sdk.Error) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.proven, g.refused, g.refusedUntil = false, err, g.now().Add(refusalMemory)
}

// forget lets the credentials be tried again at once.
func (g *gate) forget() {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.refused = nil
}

// pause keeps the account from the server for a while.
func (g *gate) pause(d time.Duration) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if until := g.now().Add(d); until.After(g.pausedUntil) {
		g.pausedUntil = until
	}
}

func cancelled(ctx context.Context) error {
	return sdk.CodeUnavailable.Wrap(ctx.Err(), "the call ended before the server was asked")
}
