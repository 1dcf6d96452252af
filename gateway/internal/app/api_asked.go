package app

import (
	"context"
	"errors"
	"slices"
	"sync"
	"time"

	"github.com/trainercal/trainercal/gateway/internal/platform"
	"github.com/trainercal/trainercal/gateway/internal/store"
)

// askedRuns are runs that were asked for over the API, until they have ended: while others
// work on their trainers they are in no record, and until the end none says whose they are.
type askedRuns struct {
	mu   sync.Mutex
	byID map[string]store.Run
}

func (a *askedRuns) add(id, cause string, trainers []platform.TrainerID, at time.Time) {
	run := store.Run{ID: id, Cause: cause, Started: at, State: store.RunWaiting}
	for _, t := range trainers {
		run.Trainers = append(run.Trainers, store.RunTrainer{Trainer: t, State: store.RunWaiting})
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.byID == nil {
		a.byID = map[string]store.Run{}
	}
	a.byID[id] = run
}

func (a *askedRuns) drop(id string) {
	a.mu.Lock()
	defer a.mu.Unlock()
	delete(a.byID, id)
}

func (a *askedRuns) get(id string) (store.Run, bool) {
	a.mu.Lock()
	defer a.mu.Unlock()
	run, ok := a.byID[id]
	return run, ok
}

// Run implements [httpapi.Service]. Of a run under way the trainers are those it was asked
// for: a caller who sees them sees it.
func (s *apiService) Run(ctx context.Context, id string) (store.Run, error) {
	asked, known := s.asked.get(id) // before the record, which is there when it is dropped
	run, err := s.Store.Run(ctx, id)
	switch {
	case known && errors.Is(err, store.ErrNotFound):
		return asked, nil
	case known && err == nil && len(run.Trainers) == 0:
		for _, t := range asked.Trainers {
			run.Trainers = append(run.Trainers, store.RunTrainer{Trainer: t.Trainer, State: run.State})
		}
	}
	return run, err
}

// notMade records a run that was asked for and could not be begun, so that whoever asked
// finds out.
func (s *apiService) notMade(id string, cause error) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(s.ctx), tracePatience)
	defer cancel()
	run, waiting := s.asked.get(id)
	if _, err := s.Store.Run(ctx, id); !waiting || !errors.Is(err, store.ErrNotFound) {
		return err
	}
	run.State, run.Finished, run.Message = store.RunFailed, s.app.opts.Now(), "the run could not be begun; the gateway's log says why"
	if errors.Is(cause, context.Canceled) {
		run.State, run.Message = store.RunCanceled, "the gateway stopped before the run began"
	}
	run.Trainers = slices.Clone(run.Trainers) // others may be reading them
	for i := range run.Trainers {
		run.Trainers[i].State = run.State
	}
	return s.FinishRun(ctx, run)
}
