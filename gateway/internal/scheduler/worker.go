package scheduler

import (
	"context"
	"time"

	"github.com/trainercal/trainercal/gateway/internal/platform"
	"github.com/trainercal/trainercal/gateway/internal/store"
)

// Worker works on batches of the queue.
type Worker struct {
	HoldOptions
	// Owner names the process.
	Owner string
	// Do works on trainers under their leases, and calls done for each whose work is done;
	// see [Held.Done]. It is told to end by its context, and answers an error when it did not get to all.
	Do func(ctx context.Context, leases []store.Lease, done func(platform.TrainerID, time.Time)) error
	// Idle hears that there is room for another batch.
	Idle func()
}

// spare is the time that a batch which is told to end has to store what it did.
const spare = 20 * time.Second

// Work leases the trainers of a batch that are due still and free, and has them worked on.
// A batch that takes too long is given up: what is not done is due again.
func (w *Worker) Work(ctx context.Context, batch store.Work) error {
	defer w.Idle()
	now := w.Now()
	leases, err := w.Schedule.Claim(ctx, store.Claim{
		Owner: w.Owner, Now: now, Until: now.Add(LeaseFor), Trainers: batch.Trainers, Due: true,
	})
	if err != nil || len(leases) == 0 {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, store.JobTimeout-spare)
	defer cancel()
	under, held := Hold(ctx, leases, w.HoldOptions)
	err = w.Do(under, leases, held.Done)
	held.Close(err != nil || ctx.Err() != nil)
	return err
}
