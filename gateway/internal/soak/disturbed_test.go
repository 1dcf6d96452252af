package soak

import (
	"context"
	"errors"
	"math/rand/v2"
	"sync"

	"github.com/trainercal/trainercal/gateway/internal/platform"
	"github.com/trainercal/trainercal/gateway/internal/reconcile"
	"github.com/trainercal/trainercal/gateway/internal/store"
	"github.com/trainercal/trainercal/gateway/internal/store/sqlite"
	"github.com/trainercal/trainercal/sdk"
)

// disturbance says what goes wrong in one run.
type disturbance struct {
	// unreadable are mailboxes whose read breaks off after what it brought.
	unreadable map[string]bool
	// failCalls makes calls of a kind fail as a whole.
	failCalls map[string]bool
	// refuse, lose: of the writes of a run, every so many-th is refused, or is carried
	// out and its answer lost; 0 for none.
	refuse, lose int
	// crashAt is the step at which the process dies; 0 for never. Steps are calls,
	// writes that were carried out, and changes of the store.
	crashAt int
	// shuffle orders what a read brings; twice brings it two times (B4).
	shuffle uint64
	twice   bool

	mu            sync.Mutex
	steps, writes int
}

var (
	errGone = errors.New("the process is gone")
	errDown = sdk.CodeUnavailable.New("the server is away").WithAdvice("wait")
)

// step is one more step, and says whether the process is still there.
func (d *disturbance) step() error {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.steps++; d.crashAt > 0 && d.steps >= d.crashAt {
		return errGone
	}
	return nil
}

// disturbed is an account with what goes wrong.
type disturbed struct {
	sdk.Account
	*disturbance
	calls map[string]int
}

func (a *disturbed) begin(call string) error {
	a.calls[call]++
	if err := a.step(); err != nil {
		return err
	}
	if a.failCalls[call] {
		return errDown
	}
	return nil
}

func (a *disturbed) Read(ctx context.Context, reqs []sdk.ReadRequest, emit func(sdk.ReadPage) error) error {
	if err := a.begin("Read"); err != nil {
		return err
	}
	order := rand.New(rand.NewPCG(a.shuffle, 0))
	var one sync.Mutex
	return a.Account.Read(ctx, reqs, func(p sdk.ReadPage) error {
		one.Lock()
		defer one.Unlock()
		order.Shuffle(len(p.Changes), func(i, j int) { p.Changes[i], p.Changes[j] = p.Changes[j], p.Changes[i] })
		if a.unreadable[p.Mailbox] && p.Complete != nil {
			p.Complete, p.Err = nil, errDown
		}
		if a.twice && p.Err == nil && len(p.Changes) > 0 {
			if err := emit(sdk.ReadPage{Mailbox: p.Mailbox, Changes: p.Changes}); err != nil {
				return err
			}
		}
		return emit(p)
	})
}

func (a *disturbed) Find(ctx context.Context, reqs []sdk.FindRequest, emit func(sdk.FindPage) error) error {
	if err := a.begin("Find"); err != nil {
		return err
	}
	return a.Account.Find(ctx, reqs, emit)
}

func (a *disturbed) Get(ctx context.Context, reqs []sdk.GetRequest, emit func(sdk.GetPage) error) error {
	if err := a.begin("Get"); err != nil {
		return err
	}
	return a.Account.Get(ctx, reqs, emit)
}

func (a *disturbed) Write(ctx context.Context, reqs []sdk.WriteRequest, emit func(sdk.WriteResult) error) error {
	if err := a.begin("Write"); err != nil {
		return err
	}
	rest, refused := a.refused(reqs)
	for _, res := range refused {
		if err := emit(res); err != nil {
			return err
		}
	}
	var one sync.Mutex
	done := 0
	return a.Account.Write(ctx, rest, func(res sdk.WriteResult) error {
		one.Lock()
		defer one.Unlock()
		if err := a.step(); err != nil {
			return err
		}
		if done++; a.lose > 0 && done%a.lose == 0 {
			res = sdk.WriteResult{Mailbox: res.Mailbox, Operation: res.Operation, Err: sdk.ErrOutcomeUnknown}
		}
		return emit(res)
	})
}

// refused takes those operations out that the server will not carry out.
func (a *disturbed) refused(reqs []sdk.WriteRequest) (rest []sdk.WriteRequest, refused []sdk.WriteResult) {
	for _, r := range reqs {
		var kept []sdk.Operation
		for _, op := range r.Operations {
			if a.writes++; a.refuse > 0 && a.writes%a.refuse == 0 {
				refused = append(refused, sdk.WriteResult{Mailbox: r.Mailbox.Address, Operation: op.ID, Err: errDown})
			} else {
				kept = append(kept, op)
			}
		}
		if r.Operations = kept; len(kept) > 0 {
			rest = append(rest, r)
		}
	}
	return rest, refused
}

// disturbedStore is the state of a process that may die.
type disturbedStore struct {
	*sqlite.Store
	d *disturbed
}

func (s *disturbedStore) Intend(ctx context.Context, id platform.TrainerID, links []reconcile.Link) error {
	if err := s.d.step(); err != nil {
		return err
	}
	return s.Store.Intend(ctx, id, links)
}

func (s *disturbedStore) Commit(ctx context.Context, result store.Result) error {
	if err := s.d.step(); err != nil {
		return err
	}
	return s.Store.Commit(ctx, result)
}
