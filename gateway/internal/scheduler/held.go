package scheduler

import (
	"context"
	"sync"
	"time"

	"github.com/trainercal/trainercal/gateway/internal/platform"
	"github.com/trainercal/trainercal/gateway/internal/store"
)

// How long a lease holds, and how often it is extended while it is worked under.
const (
	LeaseFor    = 90 * time.Second
	extendEvery = 20 * time.Second
)

// Held are leases that somebody works under. They are extended until they are given back,
// each as soon as its trainer's work is done.
type Held struct {
	HoldOptions

	mu     sync.Mutex
	leases map[platform.TrainerID]store.Lease
	done   []store.Lease
	again  []store.Due
	some   chan struct{}

	stop    context.CancelFunc
	stopped sync.WaitGroup
}

// HoldOptions say what comes of leases.
type HoldOptions struct {
	Schedule store.Schedule
	Now      func() time.Time
	// After is what a trainer is due for when the work is done.
	After func(id platform.TrainerID) []store.Due
	// Failed hears what went wrong: the leases then run out.
	Failed func(error)
}

// Hold keeps leases. The context it returns is the one to work under: state of the
// trainers is written only while their leases are held.
func Hold(ctx context.Context, leases []store.Lease, o HoldOptions) (context.Context, *Held) {
	h := &Held{
		HoldOptions: o, leases: make(map[platform.TrainerID]store.Lease, len(leases)), some: make(chan struct{}, 1),
	}
	for _, l := range leases {
		h.leases[l.Trainer] = l
	}
	keep, stop := context.WithCancel(context.WithoutCancel(ctx))
	h.stop = stop
	h.stopped.Go(func() { h.keep(keep) })
	return store.UnderLease(ctx, leases), h
}

// Done says that a trainer's work is done: the lease is given back soon. Where a server
// asked to come back later than the work could wait, again is when: what the trainer was
// due for is due then. It is zero otherwise.
func (h *Held) Done(id platform.TrainerID, again time.Time) {
	h.mu.Lock()
	defer h.mu.Unlock()
	l, held := h.leases[id]
	if !held {
		return
	}
	delete(h.leases, id)
	h.done = append(h.done, l)
	if !again.IsZero() {
		h.again = append(h.again, later(l, again))
	}
	select {
	case h.some <- struct{}{}:
	default:
	}
}

// later is what a lease was taken for, at a later time; a turn where a command took it.
func later(l store.Lease, at time.Time) store.Due {
	if l.For.At.IsZero() {
		return Turn(l.Trainer, at)
	}
	l.For.Trainer, l.For.At = l.Trainer, at
	return l.For
}

// keep extends leases and gives back those that are done, until ctx ends.
func (h *Held) keep(ctx context.Context) {
	ticker := time.NewTicker(extendEvery)
	defer ticker.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-h.some:
			h.giveBack(ctx)
		case <-ticker.C:
			h.extend(ctx)
		}
	}
}

func (h *Held) extend(ctx context.Context) {
	h.mu.Lock()
	leases := make([]store.Lease, 0, len(h.leases))
	for _, l := range h.leases {
		leases = append(leases, l)
	}
	h.mu.Unlock()
	if _, err := h.Schedule.Extend(ctx, h.Now().Add(LeaseFor), leases); err != nil && ctx.Err() == nil {
		h.Failed(err)
	}
}

// giveBack gives back what is done, several at once where several are.
func (h *Held) giveBack(ctx context.Context) {
	h.mu.Lock()
	done, due := h.done, h.again
	h.done, h.again = nil, nil
	h.mu.Unlock()
	if len(done) == 0 {
		return
	}
	waits := map[platform.TrainerID]bool{}
	for _, d := range due {
		waits[d.Trainer] = true // no earlier turn for whoever is asked to wait
	}
	for _, l := range done {
		if !waits[l.Trainer] {
			due = append(due, h.After(l.Trainer)...)
		}
	}
	if err := h.Schedule.Unlease(context.WithoutCancel(ctx), h.Now(), done, due); err != nil {
		h.Failed(err)
	}
}

// Close gives all leases back. When the work was given up, what was not done is due again
// as it was before.
func (h *Held) Close(givenUp bool) {
	h.stop()
	h.stopped.Wait()
	ctx := context.Background()
	h.giveBack(ctx)
	var (
		rest []store.Lease
		due  []store.Due
	)
	for _, l := range h.leases {
		rest = append(rest, l)
		if givenUp && !l.For.At.IsZero() {
			l.For.Trainer = l.Trainer
			due = append(due, l.For)
		}
		due = append(due, h.After(l.Trainer)...)
	}
	if len(rest) == 0 {
		return
	}
	if err := h.Schedule.Unlease(ctx, h.Now(), rest, due); err != nil {
		h.Failed(err)
	}
}
