package app

import (
	"context"
	"time"

	"github.com/trainercal/trainercal/gateway/internal/platform"
	"github.com/trainercal/trainercal/gateway/internal/store"
)

// noSchedule is the schedule of [noState]: nobody is due, and nobody can be made so.
type noSchedule struct{}

func (noSchedule) MarkDue(context.Context, []store.Due) error { return store.ErrReadOnly }

func (noSchedule) Assign(context.Context, []store.Assignment) ([]platform.TrainerID, error) {
	return nil, store.ErrReadOnly
}

func (noSchedule) Dues(context.Context) ([]store.Due, error)    { return nil, nil }
func (noSchedule) Turns(context.Context, []store.Due) error     { return store.ErrReadOnly }
func (noSchedule) Reap(context.Context, time.Time) (int, error) { return 0, store.ErrReadOnly }
func (noSchedule) Jobs(store.JobOptions) (store.Jobs, error)    { return nil, store.ErrReadOnly }

func (noSchedule) NextDue(context.Context, time.Time, int) ([]store.Due, time.Time, error) {
	return nil, time.Time{}, nil
}

func (noSchedule) Flights(context.Context, time.Time) (map[string]store.Flights, error) {
	return nil, nil
}

func (noSchedule) Claim(context.Context, store.Claim) ([]store.Lease, error) {
	return nil, store.ErrReadOnly
}

func (noSchedule) Owners(context.Context, time.Time, []platform.TrainerID) (map[platform.TrainerID]string, error) {
	return nil, nil
}

func (noSchedule) Extend(context.Context, time.Time, []store.Lease) ([]store.Lease, error) {
	return nil, store.ErrReadOnly
}

func (noSchedule) Unlease(context.Context, time.Time, []store.Lease, []store.Due) error {
	return store.ErrReadOnly
}

func (noSchedule) Waiting(context.Context, time.Time) (int, time.Time, error) {
	return 0, time.Time{}, nil
}
