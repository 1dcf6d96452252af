package live

import (
	"context"
	"fmt"
	"sync"
	"time"

	"github.com/trainercal/trainercal/gateway/internal/platform"
	"github.com/trainercal/trainercal/gateway/internal/store"
)

const (
	// storeAgain is the wait after what was gathered could not be stored.
	storeAgain = time.Second
	// finishPatience bounds the last storing.
	finishPatience = 5 * time.Second
)

// recorder gathers what watches and notifications say, and stores it together: whatever
// comes while a transaction runs goes into the next one.
type recorder struct {
	opts Options

	mu      sync.Mutex
	due     map[platform.TrainerID]store.Due
	watches map[platform.TrainerID]store.Watch
	// wake holds a token while there is something to store.
	wake chan struct{}
}

func newRecorder(opts Options) *recorder {
	return &recorder{
		opts: opts, due: map[platform.TrainerID]store.Due{}, watches: map[platform.TrainerID]store.Watch{}, wake: make(chan struct{}, 1),
	}
}

// dirty makes trainers due; traceparent is the trace that says so, empty for none.
func (r *recorder) dirty(ids []platform.TrainerID, traceparent string) {
	if len(ids) == 0 {
		return
	}
	now := r.opts.Now().UTC()
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, id := range ids {
		d := store.Due{Trainer: id, At: now, Since: now, Cause: store.CauseNotification}
		d.AskedBy(traceparent)
		r.merge(d)
	}
	r.wakeUp()
}

// merge adds to what is due; the earlier one stays. mu is held.
func (r *recorder) merge(d store.Due) {
	before, there := r.due[d.Trainer]
	if !there {
		r.due[d.Trainer] = d
		return
	}
	before.AskedBy(d.Traceparents...)
	r.due[d.Trainer] = before
}

// put keeps how a mailbox is watched.
func (r *recorder) put(w store.Watch) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.watches[w.Trainer] = w
	r.wakeUp()
}

// wakeUp has the recorder look. mu is held.
func (r *recorder) wakeUp() {
	select {
	case r.wake <- struct{}{}:
	default:
	}
}

// run stores what comes, until ctx ends.
func (r *recorder) run(ctx context.Context) {
	failed := false
	for {
		select {
		case <-ctx.Done():
			return
		case <-r.wake:
		}
		err := r.flush(ctx)
		if err != nil && !failed {
			r.opts.Log.Error("what calendars notified of could not be stored, and is tried again", "error", err)
		}
		if failed = err != nil; failed && !sleep(ctx, storeAgain) {
			return
		}
	}
}

// finish stores what is left when everything else has ended.
func (r *recorder) finish(ctx context.Context) {
	last, cancel := context.WithTimeout(context.WithoutCancel(ctx), finishPatience)
	defer cancel()
	if err := r.flush(last); err != nil {
		r.opts.Log.Error("what calendars notified of last could not be stored; the next interval finds it", "error", err)
	}
}

// flush stores what is gathered. What a calendar hinted at is stored before the state
// that says that it was told.
func (r *recorder) flush(ctx context.Context) error {
	due, watches := r.take()
	err := r.store(ctx, due, watches)
	if err != nil {
		r.giveBack(due, watches)
	}
	return err
}

func (r *recorder) store(ctx context.Context, due []store.Due, watches []store.Watch) error {
	if len(due) > 0 {
		if err := r.opts.Memory.MarkDue(ctx, due); err != nil {
			return fmt.Errorf("make %d trainers due: %w", len(due), err)
		}
		r.opts.Poke()
	}
	if len(watches) > 0 {
		if err := r.opts.Memory.PutWatches(ctx, watches); err != nil {
			return fmt.Errorf("keep how %d mailboxes are watched: %w", len(watches), err)
		}
	}
	return nil
}

func (r *recorder) take() (due []store.Due, watches []store.Watch) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, d := range r.due {
		due = append(due, d)
	}
	for _, w := range r.watches {
		watches = append(watches, w)
	}
	clear(r.due)
	clear(r.watches)
	return due, watches
}

// giveBack keeps what could not be stored; what came meanwhile is newer.
func (r *recorder) giveBack(due []store.Due, watches []store.Watch) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, d := range due {
		newer, there := r.due[d.Trainer]
		r.due[d.Trainer] = d
		if there {
			r.merge(newer)
		}
	}
	for _, w := range watches {
		if _, there := r.watches[w.Trainer]; !there {
			r.watches[w.Trainer] = w
		}
	}
	r.wakeUp()
}
