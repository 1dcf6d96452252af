package sqlite

import (
	"context"
	"database/sql"
	"time"

	"github.com/trainercal/trainercal/gateway/internal/platform"
	"github.com/trainercal/trainercal/gateway/internal/store"
)

// deletion is what is kept of an object that was deleted.
type deletion struct {
	version string
	// swept: nobody deleted it, a full list lacked it.
	swept bool
}

// outlives reports whether the deletion stands against an upsert of a version that came
// before it. listed: the upsert is part of a full list, which is no late repetition of a
// single request.
func (d deletion) outlives(version string, listed bool) bool {
	if d.swept && listed {
		return platform.OlderVersion(version, d.version)
	}
	return platform.NotNewerVersion(version, d.version)
}

// deletionOf is what is kept of an object's deletion; the zero value where there is none.
func (e *editor) deletionOf(ctx context.Context, provider string, id store.ObjectID) (deletion, error) {
	const find = `SELECT version, swept FROM deleted WHERE provider = ? AND kind = ? AND id = ?`
	found, err := collect(ctx, e.tx, func(rows *sql.Rows) (d deletion, err error) { return d, rows.Scan(&d.version, &d.swept) },
		find, provider, string(id.Kind), id.ID)
	if err != nil || len(found) == 0 {
		return deletion{}, err
	}
	return found[0], nil
}

// bury keeps the version of a deletion: its own, else the last one of the object. Of one
// that was deleted before, also while it was not there, the newest version stays. Without
// a version there is nothing that a later upsert could be held against.
func (e *editor) bury(ctx context.Context, provider string, id store.ObjectID, version string) error {
	if version == "" {
		return nil
	}
	before, err := e.deletionOf(ctx, provider, id)
	if err != nil || platform.OlderVersion(version, before.version) {
		return err
	}
	const keep = `INSERT INTO deleted (provider, kind, id, version, swept, at) VALUES (?, ?, ?, ?, ?, ?)
		ON CONFLICT DO UPDATE SET version = excluded.version, swept = excluded.swept, at = excluded.at`
	return execEach(ctx, e.tx, keep, [][]any{{provider, string(id.Kind), id.ID, version, e.sweeping, nanos(e.now)}})
}

// PruneDeleted forgets deletions that are older than a time.
func (s *Store) PruneDeleted(ctx context.Context, before time.Time) (int, error) {
	n := 0
	err := s.change(ctx, func(tx *sql.Tx) (err error) {
		n, err = erase(ctx, tx, `DELETE FROM deleted WHERE at < ?`, nanos(before))
		return err
	})
	return n, err
}
