package runner

import (
	"context"
	"sync"
	"time"

	"go.opentelemetry.io/otel/trace"

	"github.com/trainercal/trainercal/gateway/internal/platform"
	"github.com/trainercal/trainercal/gateway/internal/store"
)

// record collects a run's outcomes from its batches.
type record struct {
	now      func() time.Time
	progress func(store.RunTrainer)
	// span is the run's; nil for a plan.
	span trace.Span

	mu  sync.Mutex
	run store.Run
	// at is the index in run.Trainers of a trainer that has an outcome: one that
	// is taken up again after a conflict has its second outcome added to the first.
	at map[platform.TrainerID]int
	// left are trainers of whom something may be left in old calendars.
	left []Target
}

// add keeps a trainer's outcome; with final, it is told to whoever watches.
func (r *record) add(t store.RunTrainer, final bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.at == nil {
		r.at = map[platform.TrainerID]int{}
	}
	if i, again := r.at[t.Trainer]; again {
		t = merge(r.run.Trainers[i], t)
		r.run.Trainers[i] = t
	} else {
		r.at[t.Trainer] = len(r.run.Trainers)
		r.run.Trainers = append(r.run.Trainers, t)
	}
	if final && r.progress != nil {
		r.progress(t)
	}
}

// merge adds a later outcome of the same trainer to an earlier one. What failed at
// first and was taken up again is forgotten when the later attempt succeeded.
func merge(first, later store.RunTrainer) store.RunTrainer {
	later.Counts = first.Counts.Add(later.Counts)
	var done []store.RunStep
	for _, s := range first.Steps {
		if s.Failed == "" {
			done = append(done, s)
		}
	}
	later.Steps = append(done, later.Steps...)
	return later
}

// event notes something that happened to the run.
func (r *record) event(text string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, e := range r.run.Events {
		if e.Text == text {
			return // an account's trouble is said once (auth-4)
		}
	}
	r.run.Events = append(r.run.Events, store.RunEvent{Time: r.now(), Text: text})
}

// finish returns the run as it ended.
func (r *record) finish(ctx context.Context, now time.Time) store.Run {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.run.Finished = now
	failed := 0
	for _, t := range r.run.Trainers {
		if t.State != store.RunOK && t.State != store.RunPaused {
			failed++
		}
	}
	switch {
	case ctx.Err() != nil:
		r.run.State = store.RunCanceled
	case failed == 0:
		r.run.State = store.RunOK
	case failed < len(r.run.Trainers):
		r.run.State = store.RunPartial
	default:
		r.run.State = store.RunFailed
	}
	return r.run
}

func totals(run store.Run) store.Counts {
	var sum store.Counts
	for _, t := range run.Trainers {
		sum = sum.Add(t.Counts)
	}
	return sum
}
