package app

import (
	"context"
	"fmt"

	"github.com/trainercal/trainercal/gateway/internal/store"
)

// retimedAtOnce is how many objects are looked at in one go.
const retimedAtOnce = 500

// retimed are the fields that count as triggers when the rules of a zone have changed,
// whatever the configuration says: the platform itself has changed nothing.
var retimed = []string{"start", "end", "sessions"}

// retime is [retime] for all providers, and tells of what it did.
func (a *App) retime(ctx context.Context, state store.Store) error {
	var providers []string
	for _, p := range a.Config().Providers {
		providers = append(providers, p.Name)
	}
	n, err := retime(ctx, state, providers)
	if n > 0 {
		a.opts.Log.Info("the rules of time zones have changed; what is planned by the clock keeps its local times", "objects", n)
	}
	return err
}

// retime keeps local times what they are (D8): a program that knows newer rules of a time
// zone than the one before it gives what the platform planned by the clock its instants
// anew, and calendars get them as any other change. It returns how many were given new
// ones.
func retime(ctx context.Context, state store.Store, providers []string) (n int, err error) {
	for _, provider := range providers {
		courses, err := retimeAll(ctx, state, provider, state.CoursesAfter, func(r store.CourseRecord) (string, *store.Change) {
			c, changed := r.Retimed()
			if !changed {
				return r.ID, nil
			}
			return r.ID, &store.Change{Provider: provider, Course: &c, IfETag: r.ETag, RepushOn: retimed}
		})
		if err != nil {
			return n, err
		}
		blocks, err := retimeAll(ctx, state, provider, state.UnavailabilityAfter, func(r store.UnavailabilityRecord) (string, *store.Change) {
			u, changed := r.Retimed()
			if !changed {
				return r.ID, nil
			}
			return r.ID, &store.Change{Provider: provider, Unavailability: &u, IfETag: r.ETag}
		})
		if n += courses + blocks; err != nil {
			return n, err
		}
	}
	return n, nil
}

// retimeAll looks at all of a provider's objects of one kind. look returns an object's id,
// and the change that it needs.
func retimeAll[T any](ctx context.Context, state store.Store, provider string,
	page func(ctx context.Context, provider, after string, limit int) ([]T, error), look func(T) (string, *store.Change),
) (n int, err error) {
	for after, more := "", true; more; {
		objects, err := page(ctx, provider, after, retimedAtOnce)
		if err != nil {
			return n, fmt.Errorf("read what is scheduled, to look at its time zones: %w", err)
		}
		var changes []store.Change
		for _, o := range objects {
			id, change := look(o)
			if after = id; change != nil {
				changes = append(changes, *change)
			}
		}
		if len(changes) > 0 {
			if _, err := state.Apply(ctx, changes); err != nil {
				return n, fmt.Errorf("give %d objects their times by the new rules of their time zones: %w", len(changes), err)
			}
		}
		n, more = n+len(changes), len(objects) == retimedAtOnce
	}
	return n, nil
}
