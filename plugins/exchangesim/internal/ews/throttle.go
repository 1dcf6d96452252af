package ews

import (
	"strconv"
	"sync"
	"time"
)

// Throttling is a throttling policy's budget of server time (EwsMaxBurst,
// EwsRechargeRate, EwsCutoffBalance). An account that is over it is refused with
// ErrorServerBusy and told for how long. Exchange also slows down accounts that are near
// it, which is not simulated. The zero Throttling is no limit.
type Throttling struct {
	// Cost is the server time that a request is charged.
	Cost time.Duration
	// Burst is the most an account saves up, Recharge what it regains in an hour, and
	// Cutoff how far below zero it may go.
	Burst, Recharge, Cutoff time.Duration
}

// budgets are the accounts' balances.
type budgets struct {
	policy Throttling
	now    func() time.Time

	mu sync.Mutex
	of map[string]balance
}

type balance struct {
	left time.Duration
	at   time.Time
}

// charge takes a request's cost from an account, or says for how long the account has
// to wait until it is at zero again.
func (b *budgets) charge(account string) (wait time.Duration) {
	if b.policy.Cost == 0 {
		return 0
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.of == nil {
		b.of = map[string]balance{}
	}
	now := b.now()
	current, known := b.of[account]
	if !known {
		current = balance{left: b.policy.Burst, at: now}
	}
	share := now.Sub(current.at).Hours()
	current.left = min(b.policy.Burst, current.left+time.Duration(share*float64(b.policy.Recharge)))
	current.at = now
	if current.left >= -b.policy.Cutoff {
		current.left -= b.policy.Cost
		b.of[account] = current
		return 0
	}
	b.of[account] = current
	return time.Duration(float64(-current.left) / float64(b.policy.Recharge) * float64(time.Hour))
}

// errBusy is the refusal of an account that has to wait.
func errBusy(wait time.Duration) *failure {
	f := fail("ErrorServerBusy", "The server cannot service this request right now. Try again later.")
	f.values = []attribute{{"BackOffMilliseconds", strconv.FormatInt(max(wait.Milliseconds(), 1), 10)}}
	return f
}
