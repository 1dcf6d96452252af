package app

import (
	"context"
	"fmt"
	"os"
	"slices"
	"time"

	"github.com/trainercal/trainercal/gateway/internal/config"
	"github.com/trainercal/trainercal/gateway/internal/platform"
	"github.com/trainercal/trainercal/gateway/internal/scheduler"
	"github.com/trainercal/trainercal/gateway/internal/store"
)

// How long a command waits for trainers that others work on, and how often it looks: a
// little longer than a batch may take.
const (
	claimPatience = store.JobTimeout + 30*time.Second
	claimPause    = 20 * time.Millisecond
)

// leased does something while nobody else works on the trainers. Who works on them is
// waited for. What they were due for is due again, unless do calls done for them or, with
// all, when it succeeds; see [scheduler.Held.Done].
func (a *App) leased(ctx context.Context, what string, ids []platform.TrainerID, all bool, do func(ctx context.Context, done func(platform.TrainerID, time.Time)) error) error {
	state, err := a.own(ctx)
	if err != nil {
		return err
	}
	leases, err := a.claim(ctx, state, owner(what), ids)
	if err != nil {
		return err
	}
	under, held := scheduler.Hold(ctx, leases, a.holding(state))
	err = do(under, held.Done)
	held.Close(!all || err != nil || ctx.Err() != nil)
	a.Poke()
	return err
}

// owner names this process to whoever waits for it.
func owner(what string) string {
	host, err := os.Hostname()
	if err != nil {
		host = "an unknown machine"
	}
	return fmt.Sprintf("%s on %s, process %d", what, host, os.Getpid())
}

// holding says what becomes of leases of this gateway.
func (a *App) holding(state store.Schedule) scheduler.HoldOptions {
	return scheduler.HoldOptions{
		Schedule: state, Now: a.opts.Now, After: a.turnOf,
		Failed: func(err error) {
			a.opts.Log.Error("the state does not take that trainers are worked on, or no more; they are taken up again when their leases run out", "error", err)
		},
	}
}

// claim leases all of the trainers, one command of this process at a time: two that wait
// for each other's would wait for ever.
func (a *App) claim(ctx context.Context, state store.Schedule, owner string, ids []platform.TrainerID) ([]store.Lease, error) {
	a.claiming.Lock()
	defer a.claiming.Unlock()
	var held []store.Lease
	missing := ids
	start := time.Now()
	for extended := start; ; {
		now := a.opts.Now()
		got, err := state.Claim(ctx, store.Claim{Owner: owner, Now: now, Until: now.Add(scheduler.LeaseFor), Trainers: missing})
		held = append(held, got...)
		missing = slices.DeleteFunc(slices.Clone(missing), func(id platform.TrainerID) bool {
			return slices.ContainsFunc(got, func(l store.Lease) bool { return l.Trainer == id })
		})
		if err == nil && len(missing) == 0 {
			return held, nil
		}
		if err == nil && time.Since(start) > claimPatience {
			err = a.busy(ctx, state, missing)
		}
		if err == nil && time.Since(extended) > scheduler.LeaseFor/4 {
			extended = time.Now()
			_, err = state.Extend(ctx, now.Add(scheduler.LeaseFor), held)
		}
		if err == nil {
			err = sleep(ctx, claimPause)
		}
		if err != nil {
			_, rest := scheduler.Hold(ctx, held, a.holding(state))
			rest.Close(true)
			return nil, err
		}
	}
}

// busy says who works on trainers for so long.
func (a *App) busy(ctx context.Context, state store.Schedule, ids []platform.TrainerID) error {
	owners, err := state.Owners(ctx, a.opts.Now(), ids)
	if err != nil {
		return err
	}
	by := owners[ids[0]]
	if by == "" {
		by = "another process"
	}
	return fmt.Errorf("%s is still being worked on by %s, after %s: try again when that is done", ids[0], by, claimPatience)
}

// idsOf are the trainers' names.
func idsOf(trainers []config.Trainer) []platform.TrainerID {
	ids := make([]platform.TrainerID, len(trainers))
	for i, t := range trainers {
		ids[i] = t.ID
	}
	return ids
}
