package rpc

import (
	"context"
	"crypto/rand"
	"sync"

	"github.com/trainercal/trainercal/sdk"
	"github.com/trainercal/trainercal/sdk/internal/guard"
)

// accounts are the open accounts of a plugin process, by handle.
type accounts struct {
	mu   sync.Mutex
	open map[string]*openAccount
}

type openAccount struct {
	account sdk.Account
	calls   sync.WaitGroup
	// closing ends what would last for ever, when the account is closed.
	closing context.Context
	end     context.CancelFunc
}

// add keeps an account, held to the contract, and returns its handle. Handles are
// random, so that one of an earlier process is never taken for one of this.
func (a *accounts) add(account sdk.Account) string {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.open == nil {
		a.open = map[string]*openAccount{}
	}
	id := rand.Text()
	o := &openAccount{account: guard.Wrap(account)}
	o.closing, o.end = context.WithCancel(context.Background())
	a.open[id] = o
	return id
}

// use returns the account for a call; release tells that the call has ended.
func (a *accounts) use(id string) (_ *openAccount, release func(), err error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	o := a.open[id]
	if o == nil {
		return nil, nil, sdk.ErrUnknownAccount
	}
	o.calls.Add(1)
	return o, o.calls.Done, nil
}

// close forgets the handle, ends the account's watches, waits for its calls and closes
// it. When ctx ends first, the account is closed as soon as the calls have ended.
func (a *accounts) close(ctx context.Context, id string) error {
	a.mu.Lock()
	o := a.open[id]
	delete(a.open, id)
	a.mu.Unlock()
	if o == nil {
		return sdk.ErrUnknownAccount
	}
	o.end()
	closed := make(chan error, 1)
	go func() {
		o.calls.Wait()
		closed <- o.account.Close()
	}()
	select {
	case err := <-closed:
		return err
	case <-ctx.Done():
		return ctx.Err()
	}
}
