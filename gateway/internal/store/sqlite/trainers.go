package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"github.com/trainercal/trainercal/gateway/internal/platform"
	"github.com/trainercal/trainercal/gateway/internal/reconcile"
	"github.com/trainercal/trainercal/gateway/internal/store"
	"github.com/trainercal/trainercal/sdk/calendar"
)

// TrainerIDs returns every trainer something is remembered of, by provider and label.
func (s *Store) TrainerIDs(ctx context.Context) ([]platform.TrainerID, error) {
	var all []platform.TrainerID
	err := s.look(ctx, func(tx *sql.Tx) (err error) {
		all, err = collect(ctx, tx, func(rows *sql.Rows) (id platform.TrainerID, err error) {
			return id, rows.Scan(&id.Provider, &id.Label)
		}, `SELECT provider, label FROM trainers ORDER BY provider, label`)
		return err
	})
	return all, err
}

// Trainer returns the trainer's memory; a trainer never seen has an empty one.
func (s *Store) Trainer(ctx context.Context, id platform.TrainerID) (store.Trainer, error) {
	t := store.Trainer{ID: id}
	err := s.look(ctx, func(tx *sql.Tx) (err error) {
		if err := loadTrainer(ctx, tx, &t); err != nil {
			return err
		}
		if t.Links, err = collect(ctx, tx, scanLink, selectLinks, id.Provider, id.Label); err != nil {
			return err
		}
		if t.Mirrors, err = collect(ctx, tx, scanMirror, selectMirrors, id.Provider, id.Label); err != nil {
			return err
		}
		if t.Left, err = collect(ctx, tx, scanLeft, selectLeft, id.Provider, id.Label); err != nil {
			return err
		}
		t.Conflicts, err = collect(ctx, tx, scanConflict, selectConflicts, id.Provider, id.Label)
		return err
	})
	if err != nil {
		return store.Trainer{}, fmt.Errorf("load the memory of %s: %w", id, err)
	}
	return t, nil
}

func loadTrainer(ctx context.Context, tx *sql.Tx, t *store.Trainer) error {
	var (
		failing                  sql.NullString
		owed                     string
		proven, read, start, end sql.NullInt64
	)
	err := tx.QueryRowContext(ctx, `SELECT binding, cursor, fingerprint, failing, proven,
		account, address, timezone, read, covered_start, covered_end, owed FROM trainers WHERE provider = ? AND label = ?`,
		t.ID.Provider, t.ID.Label).Scan(&t.Binding, &t.Cursor, &t.Fingerprint, &failing, &proven,
		&t.Place.Account, &t.Place.Mailbox.Address, &t.Place.Mailbox.TimeZone, &read, &start, &end, &owed)
	if errors.Is(err, sql.ErrNoRows) {
		return nil
	}
	if err != nil {
		return err
	}
	t.Proven = timeOf(proven)
	t.Read = store.Reading{At: timeOf(read), Covered: calendar.Window{Start: timeOf(start), End: timeOf(end)}}
	if failing.Valid {
		t.Failing = &store.Failing{}
		if err := readDocument(failing.String, t.Failing); err != nil {
			return err
		}
	}
	return readDocument(owed, &t.Owed)
}

// Intend commits links before their writes are sent.
func (s *Store) Intend(ctx context.Context, id platform.TrainerID, links []reconcile.Link) error {
	return s.fenced(ctx, id, func(tx *sql.Tx) error {
		const known = `INSERT INTO trainers (provider, label) VALUES (?, ?) ON CONFLICT DO NOTHING`
		if err := execEach(ctx, tx, known, [][]any{{id.Provider, id.Label}}); err != nil {
			return err
		}
		return putLinks(ctx, tx, id, links)
	})
}

// Commit stores a run's result for a trainer in one transaction.
func (s *Store) Commit(ctx context.Context, r store.Result) error {
	return s.telling(s.fenced(ctx, r.ID, func(tx *sql.Tx) error {
		if err := putTrainer(ctx, tx, r); err != nil {
			return err
		}
		if err := putLinks(ctx, tx, r.ID, r.PutLinks); err != nil {
			return err
		}
		if err := changeMirrors(ctx, tx, s.now(), r); err != nil {
			return err
		}
		if err := putConflicts(ctx, tx, r.ID, r.Conflicts); err != nil {
			return err
		}
		return dropKeys(ctx, tx, `DELETE FROM links WHERE provider = ? AND label = ? AND key = ?`, r.ID, r.DropLinks)
	}))
}

// Release drops held mirrors, and returns the ids of those that were still held.
func (s *Store) Release(ctx context.Context, id platform.TrainerID, mirrors []string) ([]string, error) {
	var released []string
	err := s.telling(s.fenced(ctx, id, func(tx *sql.Tx) error {
		released = nil
		known, err := mirrorRows(ctx, tx, id)
		if err != nil {
			return err
		}
		for _, mirror := range mirrors {
			if known[mirror].held {
				released = append(released, mirror)
			}
		}
		if err := changeMirrors(ctx, tx, s.now(), store.Result{ID: id, DropMirrors: released}); err != nil {
			return err
		}
		return dropKeys(ctx, tx, `DELETE FROM conflicts WHERE provider = ? AND label = ? AND other = ? AND pulled`, id, released)
	}))
	if err != nil {
		return nil, fmt.Errorf("release what is held of %s: %w", id, err)
	}
	return released, nil
}

func putTrainer(ctx context.Context, tx *sql.Tx, r store.Result) error {
	var failing sql.NullString
	if r.Failing != nil {
		text, err := document(r.Failing)
		if err != nil {
			return err
		}
		failing = sql.NullString{String: text, Valid: true}
	}
	var cursor any // an empty cursor is none
	if len(r.Cursor) > 0 {
		cursor = r.Cursor
	}
	owed, err := document(notNil(r.Owed))
	if err != nil {
		return err
	}
	err = insert(ctx, tx, `INSERT INTO trainers (provider, label, binding, cursor, fingerprint, failing, proven, owed)`,
		`ON CONFLICT DO UPDATE SET binding = excluded.binding, cursor = excluded.cursor, fingerprint = excluded.fingerprint,
			failing = excluded.failing, proven = coalesce(excluded.proven, proven), owed = excluded.owed`,
		[][]any{{r.ID.Provider, r.ID.Label, r.Binding, cursor, r.Fingerprint, failing, nanos(r.Proven), owed}})
	if err != nil {
		return err
	}
	return putReading(ctx, tx, r)
}

// putReading notes where and when the calendar was read, as far as the result says.
func putReading(ctx context.Context, tx *sql.Tx, r store.Result) error {
	if r.Place != (store.Place{}) {
		const place = `UPDATE trainers SET account = ?, address = ?, timezone = ? WHERE provider = ? AND label = ?`
		args := []any{r.Place.Account, r.Place.Mailbox.Address, r.Place.Mailbox.TimeZone, r.ID.Provider, r.ID.Label}
		if err := execEach(ctx, tx, place, [][]any{args}); err != nil {
			return err
		}
	}
	if r.Read.At.IsZero() {
		return nil
	}
	const read = `UPDATE trainers SET read = ?, covered_start = ?, covered_end = ? WHERE provider = ? AND label = ?`
	args := []any{nanos(r.Read.At), nanos(r.Read.Covered.Start), nanos(r.Read.Covered.End), r.ID.Provider, r.ID.Label}
	return execEach(ctx, tx, read, [][]any{args})
}

// RetryOwed makes everything that is owed to the trainer's calendar due.
func (s *Store) RetryOwed(ctx context.Context, id platform.TrainerID) (int, error) {
	t := store.Trainer{ID: id}
	err := s.fenced(ctx, id, func(tx *sql.Tx) error {
		if err := loadTrainer(ctx, tx, &t); err != nil {
			return err
		}
		for i := range t.Owed {
			t.Owed[i].Next = time.Time{}
		}
		text, err := document(notNil(t.Owed))
		if err != nil {
			return err
		}
		return execEach(ctx, tx, `UPDATE trainers SET owed = ? WHERE provider = ? AND label = ?`, [][]any{{text, id.Provider, id.Label}})
	})
	if err != nil {
		return 0, fmt.Errorf("make due what is owed to %s: %w", id, err)
	}
	return len(t.Owed), nil
}

// notNil makes a list that is written as one.
func notNil[T any](list []T) []T {
	if list == nil {
		return []T{}
	}
	return list
}

func dropKeys(ctx context.Context, tx *sql.Tx, query string, id platform.TrainerID, keys []string) error {
	args := make([][]any, len(keys))
	for i, key := range keys {
		args[i] = []any{id.Provider, id.Label, key}
	}
	return execEach(ctx, tx, query, args)
}
