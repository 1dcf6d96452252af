package live

import (
	"context"
	"errors"
	"sync"
	"time"

	"github.com/hashicorp/go-hclog"

	"github.com/trainercal/trainercal/gateway/internal/platform"
	"github.com/trainercal/trainercal/gateway/internal/runner"
	"github.com/trainercal/trainercal/gateway/internal/store"
	"github.com/trainercal/trainercal/sdk"
)

// Memory is what watches need of the store.
type Memory interface {
	store.Watches
	MarkDue(ctx context.Context, due []store.Due) error
}

// Options are what [Live] needs.
type Options struct {
	Memory Memory
	// Accounts opens accounts, of the configuration in force.
	Accounts runner.Accounts
	// Poke has the schedule looked at; it does not wait.
	Poke func()
	// Now is the clock; nil for [time.Now].
	Now func() time.Time
	// Log takes what an operator should see; nil for nobody.
	Log hclog.Logger
}

// Account is an account whose mailboxes are to be watched.
type Account struct {
	// Name is "provider/service".
	Name string
	// NotificationURL is where its server reaches the gateway, empty for nowhere.
	NotificationURL string
	Boxes           []Box
}

// Box is a trainer's mailbox.
type Box struct {
	Trainer platform.TrainerID
	Mailbox sdk.Mailbox
}

// Live keeps the watches of a gateway. Its methods may be called at the same time.
type Live struct {
	opts     Options
	recorder *recorder

	mu sync.Mutex
	// accounts are the watched ones by name.
	accounts map[string]*account
	// ctx is that of the watches, nil while none may begin.
	ctx     context.Context
	wanted  []Account
	running sync.WaitGroup
}

// New makes a Live that watches nothing.
func New(opts Options) *Live {
	if opts.Now == nil {
		opts.Now = time.Now
	}
	if opts.Log == nil {
		opts.Log = hclog.NewNullLogger()
	}
	return &Live{opts: opts, recorder: newRecorder(opts), accounts: map[string]*account{}}
}

// Run watches, until ctx ends: then all watches end, and what they hinted at is stored.
func (l *Live) Run(ctx context.Context) {
	watching, stop := context.WithCancel(ctx)
	defer stop()
	l.mu.Lock()
	l.ctx = watching
	l.apply(l.wanted)
	l.mu.Unlock()
	l.recorder.run(ctx)
	stop()
	l.mu.Lock()
	l.ctx = nil // nothing begins any more
	l.mu.Unlock()
	l.running.Wait()
	l.recorder.finish(ctx)
}

// Set says which mailboxes are to be watched from now on, in place of what it was told
// before.
func (l *Live) Set(accounts []Account) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.wanted = accounts
	if l.ctx != nil {
		l.apply(accounts)
	}
}

// apply brings the watches in line with what is wanted. mu is held.
func (l *Live) apply(wanted []Account) {
	keep := map[string]bool{}
	for _, w := range wanted {
		keep[w.Name] = true
		a := l.accounts[w.Name]
		if a == nil {
			a = &account{live: l, name: w.Name}
			l.accounts[w.Name] = a
		}
		a.apply(w)
	}
	for name, a := range l.accounts {
		if !keep[name] {
			a.apply(Account{Name: name})
			delete(l.accounts, name)
		}
	}
}

// trainers finds the trainers of mailboxes of an account; addresses of others are left
// out.
func (l *Live) trainers(name string, addresses []string) []platform.TrainerID {
	l.mu.Lock()
	defer l.mu.Unlock()
	a := l.accounts[name]
	if a == nil {
		return nil
	}
	var all []platform.TrainerID
	for _, address := range addresses {
		if id, known := a.trainers[address]; known {
			all = append(all, id)
		}
	}
	return all
}

// ErrUnknown: no account of the name is configured.
var ErrUnknown = errors.New("no such account")

// Deliver hands an HTTP request that reached the gateway's address of an account to its
// plugin. Trainers whose mailboxes the answer hints at become due; traceparent is the
// trace context of the request, empty for none.
func (l *Live) Deliver(ctx context.Context, name, traceparent string, req sdk.DeliverRequest) (sdk.DeliverResponse, error) {
	l.mu.Lock()
	known := l.accounts[name] != nil
	l.mu.Unlock()
	if !known {
		return sdk.DeliverResponse{}, ErrUnknown
	}
	opened, err := l.opts.Accounts.Account(ctx, name)
	if err != nil {
		return sdk.DeliverResponse{}, err
	}
	answer, err := sdk.Deliver(ctx, opened.Account, req)
	if err != nil {
		return sdk.DeliverResponse{}, err
	}
	l.recorder.dirty(l.trainers(name, answer.Dirty), traceparent)
	return answer, nil
}
