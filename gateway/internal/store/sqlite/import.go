package sqlite

import (
	"context"
	"fmt"
	"slices"

	"github.com/trainercal/trainercal/gateway/internal/platform"
	"github.com/trainercal/trainercal/gateway/internal/store"
)

// Import stores courses and unavailability in one transaction.
func (s *Store) Import(ctx context.Context, batch store.Batch) (store.ImportResult, error) {
	var result store.ImportResult
	changes := changesOf(batch)
	err := s.edit(ctx, func(e *editor) error {
		e.listed = batch.Replace
		outcomes, err := e.applyAll(ctx, changes)
		if err != nil {
			return err
		}
		result = countOutcomes(outcomes)
		if !batch.Replace {
			return nil
		}
		result.Deleted, err = e.replace(ctx, batch, changes)
		return err
	})
	if err != nil {
		return store.ImportResult{}, fmt.Errorf("import courses and unavailability: %w", err)
	}
	return result, nil
}

// changesOf are the upserts that a batch brings.
func changesOf(batch store.Batch) []store.Change {
	var all []store.Change
	for i := range batch.Courses {
		c := &batch.Courses[i]
		all = append(all, store.Change{Course: c, RepushOn: batch.RepushOn[c.Provider]})
	}
	for i := range batch.Unavailability {
		all = append(all, store.Change{Unavailability: &batch.Unavailability[i]})
	}
	return all
}

func countOutcomes(outcomes []store.Outcome) (r store.ImportResult) {
	for _, o := range outcomes {
		switch o.Result {
		case store.ChangeCreated:
			r.Created++
		case store.ChangeUpdated:
			r.Updated++
			if o.Triggered {
				r.Triggered++
			}
		case store.ChangeUnchanged:
			r.Unchanged++
		case store.ChangeRefused:
			r.Stale++ // an import states no other condition
		}
	}
	return r
}

// replace removes what a batch of these changes lacks of what it speaks for, and returns
// how much that is.
func (e *editor) replace(ctx context.Context, batch store.Batch, changes []store.Change) (int, error) {
	removed := 0
	for _, provider := range namedIn(batch) {
		sweep := batch.Sweeps[provider]
		sweep.Guard = nil // who replaces by a command has said so
		res, err := e.sweep(ctx, store.Snapshot{
			Provider: provider, Changes: changes, Sweep: sweep,
			OfCourses:        slices.Contains(batch.CoursesOf, provider),
			OfUnavailability: slices.Contains(batch.UnavailabilityOf, provider),
		})
		if err != nil {
			return 0, err
		}
		removed += len(res.Missing) + res.Past
	}
	return removed, nil
}

// namedIn returns every provider that a batch speaks for.
func namedIn(batch store.Batch) []string {
	all := slices.Sorted(slices.Values(slices.Concat(batch.CoursesOf, batch.UnavailabilityOf)))
	return slices.Compact(all)
}

// ApplySnapshot applies a full list of a provider's objects and removes what it lacks.
func (s *Store) ApplySnapshot(ctx context.Context, snapshot store.Snapshot) (store.SnapshotResult, error) {
	var result store.SnapshotResult
	err := s.edit(ctx, func(e *editor) error {
		e.listed = true
		outcomes, err := e.applyAll(ctx, snapshot.Changes)
		if err != nil {
			return err
		}
		result, err = e.sweep(ctx, snapshot)
		result.Outcomes = outcomes
		return err
	})
	if err != nil {
		return store.SnapshotResult{}, fmt.Errorf("apply a snapshot of %s: %w", snapshot.Provider, err)
	}
	return result, nil
}

// sweep removes what a list lacks, unless that is held.
func (e *editor) sweep(ctx context.Context, s store.Snapshot) (store.SnapshotResult, error) {
	e.sweeping = true
	all, err := e.owned(ctx, s)
	if err != nil {
		return store.SnapshotResult{}, err
	}
	missing, past, toCome := s.Lacking(all, listedIn(s))
	result := store.SnapshotResult{Missing: missing}
	if result.Held = s.Exceeds(len(result.Missing), toCome); result.Held {
		return result, nil
	}
	result.Past = len(past)
	if result.Trainers, err = e.dropAll(ctx, s, result.Missing); err != nil {
		return result, err
	}
	return result, e.forgetPast(ctx, s.Provider, past)
}

// listedIn are the objects that a list has.
func listedIn(s store.Snapshot) map[store.ObjectID]bool {
	listed := map[store.ObjectID]bool{}
	for _, c := range s.Changes {
		switch {
		case c.Course != nil && c.Course.Provider == s.Provider:
			listed[store.ObjectID{Kind: store.ObjectCourse, ID: c.Course.ID}] = true
		case c.Unavailability != nil && c.Unavailability.Trainer.Provider == s.Provider:
			listed[store.ObjectID{Kind: store.ObjectUnavailability, ID: c.Unavailability.ID}] = true
		}
	}
	return listed
}

// owned returns what the provider has of what a list gives in full.
func (e *editor) owned(ctx context.Context, s store.Snapshot) ([]store.Owned, error) {
	var all []store.Owned
	if s.OfCourses {
		found, err := collect(ctx, e.tx, scanCourse, selectCourse+` WHERE provider = ? ORDER BY id`, s.Provider)
		if err != nil {
			return nil, err
		}
		for _, c := range found {
			all = append(all, store.Owned{ObjectID: store.ObjectID{Kind: store.ObjectCourse, ID: c.ID}, End: c.End})
		}
	}
	if s.OfUnavailability {
		found, err := collect(ctx, e.tx, scanUnavailability, selectUnavailability+` WHERE provider = ? ORDER BY id`, s.Provider)
		if err != nil {
			return nil, err
		}
		for _, u := range found {
			all = append(all, store.Owned{ObjectID: store.ObjectID{Kind: store.ObjectUnavailability, ID: u.ID}, End: s.EndOf(u.When)})
		}
	}
	return all, nil
}

// dropAll deletes objects as if each had been deleted by itself (push-8), and returns
// whose calendars they were in.
func (e *editor) dropAll(ctx context.Context, s store.Snapshot, ids []store.ObjectID) ([]platform.TrainerID, error) {
	var touched []platform.TrainerID
	for _, id := range ids {
		c := store.Change{Provider: s.Provider, Traceparent: s.Traceparent}
		if id.Kind == store.ObjectCourse {
			c.DeleteCourse = id.ID
		} else {
			c.DeleteUnavailability = id.ID
		}
		out, err := e.apply(ctx, c)
		if err != nil {
			return nil, err
		}
		touched = append(touched, out.Trainers...)
	}
	return union(touched, nil), nil
}

// forgetPast deletes objects that are over since long. Nobody is due: runs leave what
// ended before their window in the calendars (push-14).
func (e *editor) forgetPast(ctx context.Context, provider string, ids []store.ObjectID) error {
	for _, id := range ids {
		old, err := e.find(ctx, provider, id)
		if err != nil {
			return err
		}
		if err := e.erase(ctx, provider, id, old.version); err != nil {
			return err
		}
	}
	return nil
}
