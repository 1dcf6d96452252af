package sqlite

import (
	"context"
	"database/sql"
	"fmt"
	"maps"
	"slices"

	"github.com/trainercal/trainercal/gateway/internal/platform"
	"github.com/trainercal/trainercal/gateway/internal/store"
)

// importer is one import in its transaction.
type importer struct {
	tx     *sql.Tx
	result store.ImportResult
	// last is the last revision given out.
	last int64
}

func (i *importer) run(ctx context.Context, batch store.Batch) error {
	if err := i.tx.QueryRowContext(ctx, `SELECT revision FROM last_revision`).Scan(&i.last); err != nil {
		return fmt.Errorf("read the last revision: %w", err)
	}
	if err := i.courses(ctx, batch); err != nil {
		return err
	}
	if err := i.unavailability(ctx, batch); err != nil {
		return err
	}
	return execEach(ctx, i.tx, `UPDATE last_revision SET revision = ?`, [][]any{{i.last}})
}

func (i *importer) revision() int64 {
	i.last++
	return i.last
}

// keep counts what an object's arrival does. known is whether it is stored, changed
// whether it differs, triggered whether that is to be sent; it returns the object's
// revision from here on.
func (i *importer) keep(known, changed, triggered bool, revision int64) int64 {
	switch {
	case !known:
		i.result.Created++
		return i.revision()
	case !changed:
		i.result.Unchanged++
	case triggered:
		i.result.Updated++
		i.result.Triggered++
		return i.revision()
	default:
		i.result.Updated++
	}
	return revision
}

func (i *importer) courses(ctx context.Context, batch store.Batch) error {
	coming := map[string][]platform.Course{}
	for _, c := range batch.Courses {
		coming[c.Provider] = append(coming[c.Provider], c)
	}
	for _, provider := range named(coming, batch.CoursesOf) {
		stored, err := courses(ctx, i.tx, provider)
		if err != nil {
			return err
		}
		known := map[string]store.CourseRecord{}
		for _, c := range stored {
			known[c.ID] = c
		}
		if err := i.putCourses(ctx, coming[provider], known, batch.RepushOn[provider]); err != nil {
			return err
		}
		if batch.Replace && slices.Contains(batch.CoursesOf, provider) {
			for _, c := range coming[provider] {
				delete(known, c.ID)
			}
			if err := i.drop(ctx, "courses", provider, slices.Sorted(maps.Keys(known))); err != nil {
				return err
			}
		}
	}
	return nil
}

// named returns every provider that has objects coming or is spoken for.
func named[T any](coming map[string][]T, spokenFor []string) []string {
	all := append(slices.Collect(maps.Keys(coming)), spokenFor...)
	slices.Sort(all)
	return slices.Compact(all)
}

func (i *importer) putCourses(ctx context.Context, coming []platform.Course, known map[string]store.CourseRecord, repushOn []string) error {
	var rows [][]any
	for _, c := range coming {
		old, ok := known[c.ID]
		if ok && platform.OlderVersion(c.Version, old.Version) {
			i.result.Stale++
			continue
		}
		changed := platform.ChangedCourseFields(old.Course, c)
		revision := i.keep(ok, len(changed) > 0, platform.Triggers(changed, repushOn), old.Revision)
		if ok && len(changed) == 0 && c.Version == old.Version {
			continue
		}
		text, err := document(c)
		if err != nil {
			return err
		}
		rows = append(rows, []any{c.Provider, c.ID, nanos(c.Start), revision, text})
	}
	return insert(ctx, i.tx, `INSERT INTO courses (provider, id, start, revision, document)`,
		`ON CONFLICT DO UPDATE SET start = excluded.start, revision = excluded.revision, document = excluded.document`, rows)
}

func (i *importer) unavailability(ctx context.Context, batch store.Batch) error {
	coming := map[string][]platform.Unavailability{}
	for _, u := range batch.Unavailability {
		coming[u.Trainer.Provider] = append(coming[u.Trainer.Provider], u)
	}
	for _, provider := range named(coming, batch.UnavailabilityOf) {
		stored, err := collect(ctx, i.tx, scanUnavailability, selectUnavailability+` WHERE provider = ?`, provider)
		if err != nil {
			return err
		}
		known := map[string]store.UnavailabilityRecord{}
		for _, u := range stored {
			known[u.ID] = u
		}
		if err := i.putUnavailability(ctx, coming[provider], known); err != nil {
			return err
		}
		if batch.Replace && slices.Contains(batch.UnavailabilityOf, provider) {
			for _, u := range coming[provider] {
				delete(known, u.ID)
			}
			if err := i.drop(ctx, "unavailability", provider, slices.Sorted(maps.Keys(known))); err != nil {
				return err
			}
		}
	}
	return nil
}

func (i *importer) putUnavailability(ctx context.Context, coming []platform.Unavailability, known map[string]store.UnavailabilityRecord) error {
	var rows [][]any
	for _, u := range coming {
		old, ok := known[u.ID]
		if ok && platform.OlderVersion(u.Version, old.Version) {
			i.result.Stale++
			continue
		}
		changed := !platform.SameUnavailability(old.Unavailability, u)
		revision := i.keep(ok, changed, changed, old.Revision)
		if ok && !changed && u.Version == old.Version {
			continue
		}
		span, err := recordSpan(u.When)
		if err != nil {
			return err
		}
		text, err := document(unavailabilityRecord{Description: u.Description, When: span, Version: u.Version})
		if err != nil {
			return err
		}
		rows = append(rows, []any{u.Trainer.Provider, u.ID, u.Trainer.Label, revision, text})
	}
	return insert(ctx, i.tx, `INSERT INTO unavailability (provider, id, label, revision, document)`,
		`ON CONFLICT DO UPDATE SET label = excluded.label, revision = excluded.revision, document = excluded.document`, rows)
}

// drop deletes objects of a provider from a table.
func (i *importer) drop(ctx context.Context, table, provider string, ids []string) error {
	args := make([][]any, len(ids))
	for n, id := range ids {
		args[n] = []any{provider, id}
	}
	i.result.Deleted += len(ids)
	return execEach(ctx, i.tx, `DELETE FROM `+table+` WHERE provider = ? AND id = ?`, args)
}
