package ews

import (
	"context"
	"sync"
	"time"

	"github.com/trainercal/trainercal/plugins/internal/transport"
	"github.com/trainercal/trainercal/sdk"
)

const (
	// refusalMemory is how long credentials that were refused twice are not tried
	// again, and then once only; it doubles each time, up to maxRefusalMemory. A sync
	// run makes hundreds of requests, and Active Directory locks an account after a
	// handful of wrong passwords within half an hour.
	refusalMemory    = 5 * time.Minute
	maxRefusalMemory = time.Hour
	// refusalWait is the wait before refused credentials are tried a second and last
	// time: an overloaded server is known to answer 401 too.
	refusalWait = 2 * time.Second
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

	mu     sync.Mutex
	proven bool
	// strikes counts refusals of the credentials since they were last accepted.
	strikes      int
	refused      *sdk.Error
	refusedUntil time.Time
	pausedUntil  time.Time
}

func newGate(now func() time.Time) *gate {
	return &gate{now: now, turn: make(chan struct{}, 1)}
}

// pass is a request's leave to be sent.
type pass struct {
	// strikes is the gate's count when the request was let through.
	strikes int
	// leave is called when the request was answered.
	leave func()
}

// enter waits until a request may be sent.
func (g *gate) enter(ctx context.Context) (pass, error) {
	if err := g.wait(ctx); err != nil {
		return pass{}, err
	}
	strikes, free, err := g.look()
	if free || err != nil {
		return pass{strikes: strikes, leave: func() {}}, err
	}
	select {
	case g.turn <- struct{}{}:
	case <-ctx.Done():
		return pass{}, cancelled(ctx)
	}
	leave := func() { <-g.turn }
	// Whoever had the turn before may have learnt something.
	if err = g.wait(ctx); err == nil {
		strikes, _, err = g.look()
	}
	if err != nil {
		leave()
		return pass{}, err
	}
	return pass{strikes: strikes, leave: leave}, nil
}

// look reports whether requests may go side by side, or why none may go.
func (g *gate) look() (strikes int, free bool, err error) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.refused != nil && g.now().Before(g.refusedUntil) {
		return g.strikes, false, g.refused
	}
	return g.strikes, g.proven, nil
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
	g.proven, g.strikes, g.refused = true, 0, nil
}

// strike notes that a request's credentials were refused. The first time, everybody
// waits, and one request tries again; from the second time on, nobody does for a
// while, each time a longer one, and err is what they are told. Requests that were
// under way together count as one.
func (g *gate) strike(p pass, err *sdk.Error) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.proven = false
	if p.strikes != g.strikes {
		return
	}
	g.strikes++
	if g.strikes == 1 && err.Code == sdk.CodeCredentials {
		g.extend(refusalWait)
		return
	}
	memory := min(refusalMemory<<min(max(g.strikes-2, 0), 8), maxRefusalMemory)
	g.refused, g.refusedUntil = err, g.now().Add(memory)
}

// forget lets the credentials be tried again at once.
func (g *gate) forget() {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.refused, g.strikes = nil, 0
}

// pause keeps the account from the server for a while.
func (g *gate) pause(d time.Duration) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.extend(d)
}

// extend makes the pause last at least d from now on. The caller holds mu.
func (g *gate) extend(d time.Duration) {
	if until := g.now().Add(d); until.After(g.pausedUntil) {
		g.pausedUntil = until
	}
}

func cancelled(ctx context.Context) error {
	return sdk.CodeUnavailable.Wrap(ctx.Err(), "the call ended before the server was asked")
}
