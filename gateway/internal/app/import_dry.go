package app

import (
	"context"
	"slices"
	"time"

	"github.com/trainercal/trainercal/gateway/internal/httpapi"
	"github.com/trainercal/trainercal/gateway/internal/platform"
	"github.com/trainercal/trainercal/gateway/internal/store"
)

// TryImport says what [App.Import] would do, and stores nothing. Absence with replace is
// counted for courses, and for unavailability of trainers whom the configuration or the
// state knows.
func (a *App) TryImport(ctx context.Context, data platform.Import, replace bool) (Imported, error) {
	if replace && len(data.CoursesOf) == 0 && len(data.UnavailabilityOf) == 0 {
		return Imported{}, ErrReplacesNothing
	}
	state, err := a.read(ctx)
	if err != nil {
		return Imported{}, err
	}
	t := trial{state: state, data: data, replace: replace}
	t.result.Unmapped = a.Config().Unmapped(data.Courses)
	for _, p := range a.Config().Providers {
		t.sweep = httpapi.SweepOf(p, a.opts.Now())
		if err := t.courses(ctx, p.Name, p.Push.Triggers()); err != nil {
			return Imported{}, err
		}
		if err := t.unavailability(ctx, p.Name, a.trainersOf(ctx, state, p.Name)); err != nil {
			return Imported{}, err
		}
	}
	return t.result, nil
}

// trainersOf are those of a provider whom the configuration or the state knows.
func (a *App) trainersOf(ctx context.Context, state store.Store, provider string) []platform.TrainerID {
	all, err := state.TrainerIDs(ctx)
	if err != nil {
		all = nil // what cannot be read fails where it is needed
	}
	for _, p := range a.Config().Providers {
		for _, t := range p.Trainers {
			all = append(all, t.ID)
		}
	}
	return slices.DeleteFunc(all, func(t platform.TrainerID) bool { return t.Provider != provider })
}

// trial compares what an import brings with what is stored.
type trial struct {
	state   store.Store
	data    platform.Import
	replace bool
	result  Imported
	// sweep is that of the provider at hand.
	sweep store.Sweep
}

func (t *trial) courses(ctx context.Context, provider string, repushOn []string) error {
	stored, err := t.state.Courses(ctx, provider)
	if err != nil {
		return err
	}
	known := map[string]platform.Course{}
	for _, c := range stored {
		known[c.ID] = c.Course
	}
	for _, c := range t.data.Courses {
		if c.Provider != provider {
			continue
		}
		old, ok := known[c.ID]
		changed := platform.ChangedCourseFields(old, c)
		t.count(ok, platform.OlderVersion(c.Version, old.Version), len(changed) > 0, platform.Triggers(changed, repushOn))
		delete(known, c.ID)
	}
	if t.replace && slices.Contains(t.data.CoursesOf, provider) {
		for _, c := range known {
			t.lacks(c.End)
		}
	}
	return nil
}

func (t *trial) unavailability(ctx context.Context, provider string, trainers []platform.TrainerID) error {
	for _, u := range t.data.Unavailability {
		trainers = append(trainers, u.Trainer)
	}
	known := map[string]platform.Unavailability{}
	for _, id := range trainers {
		stored, err := t.state.Unavailability(ctx, id)
		if err != nil {
			return err
		}
		for _, u := range stored {
			known[u.ID] = u.Unavailability
		}
	}
	for _, u := range t.data.Unavailability {
		if u.Trainer.Provider != provider {
			continue
		}
		old, ok := known[u.ID]
		changed := !platform.SameUnavailability(old, u)
		t.count(ok, platform.OlderVersion(u.Version, old.Version), changed, changed)
		delete(known, u.ID)
	}
	if t.replace && slices.Contains(t.data.UnavailabilityOf, provider) {
		for _, u := range known {
			t.lacks(t.sweep.EndOf(u.When))
		}
	}
	return nil
}

// lacks counts an object that the import lacks, and that is over at a time, if it goes.
func (t *trial) lacks(end time.Time) {
	missing, past, _ := t.sweep.Lacking([]store.Owned{{End: end}}, nil)
	t.result.Deleted += len(missing) + len(past)
}

func (t *trial) count(known, stale, changed, triggered bool) {
	switch r := &t.result.ImportResult; {
	case !known:
		r.Created++
	case stale:
		r.Stale++
	case !changed:
		r.Unchanged++
	default:
		r.Updated++
		if triggered {
			r.Triggered++
		}
	}
}
