package scheduler

import (
	"context"
	"time"

	"github.com/trainercal/trainercal/gateway/internal/store"
)

// Dispatcher puts trainers that are due into the queue. Several may do so at the same
// time: they see the same schedule, and who is claimed is claimed once.
type Dispatcher struct {
	Schedule store.Schedule
	Jobs     store.Jobs
	// Now is the clock; NewID makes names of batches.
	Now   func() time.Time
	NewID func() string
	// Failed hears what went wrong; it is tried again.
	Failed func(error)

	poke chan struct{}
}

const (
	// lookEvery is how often a dispatcher looks for what is due without being told.
	lookEvery = time.Second
	// rest is how long a dispatcher lets others come before it looks again: a look sees
	// everything that is due, however many changes poked it.
	rest = 20 * time.Millisecond
	// queuedFor is how long what is in the queue may be there before it is taken to be
	// lost: longer than the queue needs to hand the batch of a dead worker on.
	queuedFor = 5 * time.Minute
	// dueAtOnce is how many trainers of each account are looked at.
	dueAtOnce = 1000
)

// NewDispatcher makes a dispatcher that can be poked before it runs.
func NewDispatcher(d Dispatcher) *Dispatcher {
	d.poke = make(chan struct{}, 1)
	return &d
}

// Poke has the dispatcher look at once. It never blocks. A poke that is lost, or was due
// to another process, costs no more than [lookEvery].
func (d *Dispatcher) Poke() {
	select {
	case d.poke <- struct{}{}:
	default: // it will look anyway
	}
}

// Run dispatches until ctx ends.
func (d *Dispatcher) Run(ctx context.Context) {
	timer := time.NewTimer(0)
	defer timer.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-timer.C:
		case <-d.poke:
		}
		next, err := d.round(ctx)
		if err != nil && ctx.Err() == nil {
			d.Failed(err)
			next = time.Time{}
		}
		timer.Reset(d.wait(next))
		select {
		case <-ctx.Done():
		case <-time.After(rest):
		}
	}
}

// wait is how long nothing needs to be looked at.
func (d *Dispatcher) wait(next time.Time) time.Duration {
	if next.IsZero() {
		return lookEvery
	}
	return max(time.Millisecond, min(next.Sub(d.Now()), lookEvery))
}

// round puts into the queue what is due and has room, and returns when to look again;
// zero for when something happens.
func (d *Dispatcher) round(ctx context.Context) (time.Time, error) {
	now := d.Now()
	flights, err := d.Schedule.Flights(ctx, now)
	if err != nil || room(flights) <= 0 { // a worker pokes when it has room again
		return time.Time{}, err
	}
	due, next, err := d.Schedule.NextDue(ctx, now, dueAtOnce)
	if err != nil {
		return time.Time{}, err
	}
	if !next.IsZero() && !next.After(now) { // a lease has run out
		_, err := d.Schedule.Reap(ctx, now)
		return now, err
	}
	if len(due) == 0 {
		return next, nil
	}
	batches, ready := Batches(due, flights, now, d.NewID)
	if len(batches) > 0 {
		err = d.Jobs.Enqueue(ctx, batches, now.Add(queuedFor))
	}
	if next.IsZero() || (!ready.IsZero() && ready.Before(next)) {
		next = ready
	}
	return next, err
}
