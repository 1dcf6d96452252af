package app

import (
	"context"
	"time"

	"github.com/trainercal/trainercal/gateway/internal/platform"
	"github.com/trainercal/trainercal/gateway/internal/reconcile"
	"github.com/trainercal/trainercal/gateway/internal/store"
)

// noState is the state before the first changing command: everything is empty, and
// reading makes no file.
type noState struct {
	noPages
	noObjects
	noFeed
	noEvents
	noSchedule
}

func (noState) Import(context.Context, store.Batch) (store.ImportResult, error) {
	return store.ImportResult{}, store.ErrReadOnly
}

func (noState) Courses(context.Context, string) ([]store.CourseRecord, error) { return nil, nil }

func (noState) Unavailability(context.Context, platform.TrainerID) ([]store.UnavailabilityRecord, error) {
	return nil, nil
}

func (noState) Trainer(_ context.Context, id platform.TrainerID) (store.Trainer, error) {
	return store.Trainer{ID: id}, nil
}

func (noState) Intend(context.Context, platform.TrainerID, []reconcile.Link) error {
	return store.ErrReadOnly
}

func (noState) Release(context.Context, platform.TrainerID, []string) ([]string, error) {
	return nil, store.ErrReadOnly
}

func (noState) RetryOwed(context.Context, platform.TrainerID) (int, error) {
	return 0, store.ErrReadOnly
}

func (noState) Move(context.Context, store.Move) error { return store.ErrReadOnly }

func (noState) DropLeft(context.Context, platform.TrainerID, []store.Leftover) error {
	return store.ErrReadOnly
}

func (noState) ItemSteps(context.Context, platform.TrainerID, string, int) ([]store.ItemStep, error) {
	return nil, nil
}

func (noState) Pauses(context.Context) ([]store.Pause, error) { return nil, nil }
func (noState) Pause(context.Context, store.Pause) error      { return store.ErrReadOnly }

func (noState) Resume(context.Context, string, string) (bool, error) {
	return false, store.ErrReadOnly
}

func (noState) Forget(context.Context, platform.TrainerID) (store.Forgotten, error) {
	return store.Forgotten{}, store.ErrReadOnly
}

func (noState) Refusals(context.Context) ([]store.Refusal, error) { return nil, nil }
func (noState) Refuse(context.Context, store.Refusal) error       { return store.ErrReadOnly }
func (noState) Forgive(context.Context, string, string) error     { return store.ErrReadOnly }

func (noState) AccountTroubles(context.Context) (map[string]store.Failing, error) { return nil, nil }

func (noState) SetAccountTrouble(context.Context, string, *store.Failing) error {
	return store.ErrReadOnly
}

func (noState) Verifications(context.Context) ([]store.Verification, error) { return nil, nil }

func (noState) Watches(context.Context, string) ([]store.Watch, error) { return nil, nil }
func (noState) PutWatches(context.Context, []store.Watch) error        { return store.ErrReadOnly }

func (noState) PutVerifications(context.Context, []store.Verification) error {
	return store.ErrReadOnly
}

func (noState) Commit(context.Context, store.Result) error               { return store.ErrReadOnly }
func (noState) TrainerIDs(context.Context) ([]platform.TrainerID, error) { return nil, nil }
func (noState) BeginRun(context.Context, store.Run) error                { return store.ErrReadOnly }

func (noState) FinishRun(context.Context, store.Run) error     { return store.ErrReadOnly }
func (noState) Runs(context.Context, int) ([]store.Run, error) { return nil, nil }
func (noState) Run(context.Context, string) (store.Run, error) { return store.Run{}, store.ErrNotFound }

func (noState) Standings(context.Context) (map[platform.TrainerID]store.Standing, error) {
	return nil, nil
}

func (noState) PruneRuns(context.Context, time.Time) (int, error) { return 0, store.ErrReadOnly }
func (noState) Close() error                                      { return nil }
