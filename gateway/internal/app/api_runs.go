package app

import (
	"context"
	"errors"
	"slices"

	"github.com/trainercal/trainercal/gateway/internal/config"
	"github.com/trainercal/trainercal/gateway/internal/httpapi"
	"github.com/trainercal/trainercal/gateway/internal/platform"
	"github.com/trainercal/trainercal/gateway/internal/runner"
	"github.com/trainercal/trainercal/gateway/internal/store"
)

// begin has a run made in the background, and returns its id. It waits for its turn like
// any other run, and is recorded from then on; before, it is known to be waiting.
func (s *apiService) begin(what string, trainers []platform.TrainerID, do making) (string, error) {
	s.beginning.Lock()
	defer s.beginning.Unlock()
	if s.ended {
		return "", httpapi.ErrStopping
	}
	select {
	case <-s.stopping:
		return "", httpapi.ErrStopping
	default:
	}
	id := newID()
	s.asked.add(id, what, trainers, s.app.opts.Now())
	s.runs.Go(func() {
		defer s.asked.drop(id)
		_, err := s.app.inRun(s.ctx, what, trainers, Watcher{}, func(ctx context.Context, cfg *config.Config, r *runner.Runner, state store.Store) (store.Run, error) {
			r.RunID = id
			return do(ctx, cfg, r, state)
		})
		if err != nil {
			err = errors.Join(err, s.notMade(id, err))
			s.app.opts.Log.Error("a run that was asked for over the API could not be made or recorded", "run", id, "error", err)
		}
	})
	return id, nil
}

// endRuns waits for the runs that were begun; none begins any more.
func (s *apiService) endRuns() {
	s.beginning.Lock()
	s.ended = true
	s.beginning.Unlock()
	s.runs.Wait()
}

// picked are the trainers that a selection means, those to be cleared up after included.
func (s *apiService) picked(ctx context.Context, which httpapi.Selection) ([]config.Trainer, error) {
	var out []config.Trainer
	for _, provider := range which.Providers {
		all, err := s.app.pick(ctx, s, Filter{Provider: provider})
		if err != nil && !errors.Is(err, ErrNothingToDo) {
			return nil, err
		}
		for _, t := range all {
			if (len(which.Services) == 0 || slices.Contains(which.Services, t.Service)) &&
				(len(which.Trainers) == 0 || slices.Contains(which.Trainers, t.ID)) {
				out = append(out, t)
			}
		}
	}
	if len(out) == 0 {
		return nil, httpapi.ErrNothingToDo
	}
	return out, nil
}

// Sync implements [httpapi.Service].
func (s *apiService) Sync(ctx context.Context, which httpapi.Selection) (string, error) {
	trainers, err := s.picked(ctx, which)
	if err != nil {
		return "", err
	}
	return s.syncNow(CauseSync, trainers)
}

// syncNow begins a run in which everything that backs off is tried.
func (s *apiService) syncNow(cause string, trainers []config.Trainer) (string, error) {
	return s.begin(cause, idsOf(trainers), s.app.syncing(trainers, runner.Job{Cause: cause, Impatient: true}))
}

// Resync implements [httpapi.Service].
func (s *apiService) Resync(ctx context.Context, which httpapi.Selection, inPlace bool) (string, error) {
	trainers, err := s.picked(ctx, which)
	if err != nil {
		return "", err
	}
	trainers = slices.DeleteFunc(trainers, func(t config.Trainer) bool { return !t.Active() })
	if len(trainers) == 0 {
		return "", httpapi.ErrNothingToDo
	}
	return s.begin(CauseResync, idsOf(trainers), s.app.working(Resync(Filter{}, inPlace).work, trainers))
}

// Held implements [httpapi.Service].
func (s *apiService) Held(ctx context.Context, id platform.TrainerID) ([]httpapi.HeldRemoval, error) {
	memory, err := s.Store.Trainer(ctx, id)
	if err != nil {
		return nil, err
	}
	var out []httpapi.HeldRemoval
	for _, m := range heldOf(memory) {
		out = append(out, httpapi.HeldRemoval{ID: m.ID, When: m.When, Zone: s.app.zoneOf(memory)})
	}
	return out, nil
}

// Approve implements [httpapi.Service].
func (s *apiService) Approve(_ context.Context, id platform.TrainerID, ids []string) (string, error) {
	return s.begin(runner.CauseApprove, []platform.TrainerID{id}, s.app.approving(approved{Trainer: id, Items: ids}))
}

// PauseTrainer implements [httpapi.Service]. It does not wait for a run under way: what
// begins after it leaves the trainer alone.
func (s *apiService) PauseTrainer(ctx context.Context, id platform.TrainerID, reason string) (store.Pause, error) {
	p := store.Pause{Provider: id.Provider, Label: id.Label, Since: s.app.opts.Now().UTC(), Reason: reason}
	if err := s.Pause(ctx, p); err != nil {
		return p, err
	}
	return asPaused(ctx, s, p)
}

// ResumeTrainer implements [httpapi.Service].
func (s *apiService) ResumeTrainer(ctx context.Context, id platform.TrainerID) (bool, error) {
	return s.Resume(ctx, id.Provider, id.Label)
}

// Retry implements [httpapi.Service].
func (s *apiService) Retry(ctx context.Context, id platform.TrainerID) (string, error) {
	if _, err := s.Resume(ctx, id.Provider, id.Label); err != nil {
		return "", err
	}
	_, t := s.app.mapping(id)
	if t == nil || !t.Active() {
		return "", nil
	}
	return s.syncNow(CauseRetry, []config.Trainer{*t})
}
