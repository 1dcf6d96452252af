package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"fmt"

	"github.com/trainercal/trainercal/gateway/internal/platform"
	"github.com/trainercal/trainercal/gateway/internal/reconcile"
	"github.com/trainercal/trainercal/gateway/internal/store"
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
		t.Mirrors, err = collect(ctx, tx, scanMirror, selectMirrors, id.Provider, id.Label)
		return err
	})
	if err != nil {
		return store.Trainer{}, fmt.Errorf("load the memory of %s: %w", id, err)
	}
	return t, nil
}

func loadTrainer(ctx context.Context, tx *sql.Tx, t *store.Trainer) error {
	var (
		failing sql.NullString
		proven  sql.NullInt64
	)
	err := tx.QueryRowContext(ctx, `SELECT binding, cursor, fingerprint, failing, proven FROM trainers WHERE provider = ? AND label = ?`,
		t.ID.Provider, t.ID.Label).Scan(&t.Binding, &t.Cursor, &t.Fingerprint, &failing, &proven)
	if errors.Is(err, sql.ErrNoRows) {
		return nil
	}
	if err != nil {
		return err
	}
	t.Proven = timeOf(proven)
	if failing.Valid {
		t.Failing = &store.Failing{}
		return readDocument(failing.String, t.Failing)
	}
	return nil
}

// Intend commits links before their writes are sent.
func (s *Store) Intend(ctx context.Context, id platform.TrainerID, links []reconcile.Link) error {
	return s.change(ctx, func(tx *sql.Tx) error {
		const known = `INSERT INTO trainers (provider, label) VALUES (?, ?) ON CONFLICT DO NOTHING`
		if err := execEach(ctx, tx, known, [][]any{{id.Provider, id.Label}}); err != nil {
			return err
		}
		return putLinks(ctx, tx, id, links)
	})
}

// Commit stores a run's result for a trainer in one transaction.
func (s *Store) Commit(ctx context.Context, r store.Result) error {
	return s.change(ctx, func(tx *sql.Tx) error {
		if err := putTrainer(ctx, tx, r); err != nil {
			return err
		}
		if err := putLinks(ctx, tx, r.ID, r.PutLinks); err != nil {
			return err
		}
		if err := putMirrors(ctx, tx, r.ID, r.PutMirrors); err != nil {
			return err
		}
		if err := dropKeys(ctx, tx, `DELETE FROM links WHERE provider = ? AND label = ? AND key = ?`, r.ID, r.DropLinks); err != nil {
			return err
		}
		return dropKeys(ctx, tx, `DELETE FROM mirrors WHERE provider = ? AND label = ? AND id = ?`, r.ID, r.DropMirrors)
	})
}

// Release drops held mirrors, and returns the ids of those that were still held.
func (s *Store) Release(ctx context.Context, id platform.TrainerID, mirrors []string) ([]string, error) {
	var released []string
	err := s.change(ctx, func(tx *sql.Tx) error {
		released = nil
		const drop = `DELETE FROM mirrors WHERE provider = ? AND label = ? AND id = ? AND held RETURNING id`
		for _, mirror := range mirrors {
			gone, err := collect(ctx, tx, func(rows *sql.Rows) (id string, err error) { return id, rows.Scan(&id) },
				drop, id.Provider, id.Label, mirror)
			if err != nil {
				return err
			}
			released = append(released, gone...)
		}
		return nil
	})
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
	return insert(ctx, tx, `INSERT INTO trainers (provider, label, binding, cursor, fingerprint, failing, proven)`,
		`ON CONFLICT DO UPDATE SET binding = excluded.binding, cursor = excluded.cursor, fingerprint = excluded.fingerprint,
			failing = excluded.failing, proven = coalesce(excluded.proven, proven)`,
		[][]any{{r.ID.Provider, r.ID.Label, r.Binding, cursor, r.Fingerprint, failing, nanos(r.Proven)}})
}

func dropKeys(ctx context.Context, tx *sql.Tx, query string, id platform.TrainerID, keys []string) error {
	args := make([][]any, len(keys))
	for i, key := range keys {
		args[i] = []any{id.Provider, id.Label, key}
	}
	return execEach(ctx, tx, query, args)
}
