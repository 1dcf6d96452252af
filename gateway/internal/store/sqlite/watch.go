package sqlite

import (
	"context"
	"database/sql"

	"github.com/trainercal/trainercal/gateway/internal/store"
)

// Watches returns how mailboxes are watched, by trainer: of one account, or of all.
func (s *Store) Watches(ctx context.Context, account string) ([]store.Watch, error) {
	var all []store.Watch
	err := s.look(ctx, func(tx *sql.Tx) (err error) {
		all, err = collect(ctx, tx, scanWatch, `SELECT provider, label, account, identity, address, state, failing FROM watches
			WHERE ?1 IN ('', account) ORDER BY provider, label`, account)
		return err
	})
	return all, err
}

func scanWatch(rows *sql.Rows) (w store.Watch, err error) {
	var failing sql.NullString
	if err := rows.Scan(&w.Trainer.Provider, &w.Trainer.Label, &w.Account, &w.Identity, &w.Address, &w.State, &failing); err != nil {
		return w, err
	}
	if !failing.Valid {
		return w, nil
	}
	w.Failing = &store.Failing{}
	return w, readDocument(failing.String, w.Failing)
}

// PutWatches stores watches, each in place of the trainer's last.
func (s *Store) PutWatches(ctx context.Context, watches []store.Watch) error {
	if len(watches) == 0 {
		return nil
	}
	rows := make([][]any, len(watches))
	for i, w := range watches {
		var failing any
		if w.Failing != nil {
			text, err := document(w.Failing)
			if err != nil {
				return err
			}
			failing = text
		}
		rows[i] = []any{w.Trainer.Provider, w.Trainer.Label, w.Account, w.Identity, w.Address, append([]byte{}, w.State...), failing}
	}
	return s.change(ctx, func(tx *sql.Tx) error {
		return insert(ctx, tx, `INSERT INTO watches (provider, label, account, identity, address, state, failing)`,
			`ON CONFLICT DO UPDATE SET account = excluded.account, identity = excluded.identity, address = excluded.address,
				state = excluded.state, failing = excluded.failing`, rows)
	})
}
