package sqlite

import (
	"context"
	"database/sql"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/trainercal/trainercal/gateway/internal/platform"
	"github.com/trainercal/trainercal/gateway/internal/store"
)

// tellEvent writes an event.
func tellEvent(ctx context.Context, tx *sql.Tx, e store.Event) error {
	provider, _, _ := strings.Cut(e.Account, "/")
	if e.Account == "" {
		provider = e.Trainer.Provider
	}
	data, err := document(e.Data)
	if err != nil {
		return err
	}
	return execEach(ctx, tx, `INSERT INTO events (id, at, type, provider, account, label, data) VALUES (lower(hex(randomblob(16))), ?, ?, ?, ?, ?, ?)`,
		[][]any{{nanos(e.At), string(e.Type), provider, e.Account, e.Trainer.Label, data}})
}

// tellTrouble tells of an account that stops working, for another reason than before, and
// of one that works again.
func tellTrouble(ctx context.Context, tx *sql.Tx, at time.Time, account string, f *store.Failing) error {
	known, err := collect(ctx, tx, func(rows *sql.Rows) (was store.Failing, err error) {
		var text string
		if err := rows.Scan(&text); err != nil {
			return was, err
		}
		return was, readDocument(text, &was)
	}, `SELECT failing FROM account_troubles WHERE account = ?`, account)
	if err != nil {
		return err
	}
	e := store.Event{At: at, Account: account}
	switch {
	case f == nil && len(known) == 0, f != nil && len(known) > 0 && known[0].Code == f.Code:
		return nil
	case f == nil:
		e.Type = store.EventAccountRecovered
	default:
		e.Type, e.Data = store.EventAccountFailing, store.EventData{Code: f.Code, Since: f.Since}
	}
	return tellEvent(ctx, tx, e)
}

// Events returns events after a number, in order.
func (s *Store) Events(ctx context.Context, after int64, limit int, filter store.EventFilter) ([]store.Event, error) {
	return list(ctx, s, scanEvent, `SELECT seq, id, at, type, provider, account, label, data FROM events WHERE seq > ?1`+ofProviders+`
		AND (?3 IS NULL OR type IN (SELECT value FROM json_each(?3))) ORDER BY seq LIMIT ?4`,
		after, listOf(filter.Providers), listOf(filter.Types), limit)
}

func scanEvent(rows *sql.Rows) (e store.Event, err error) {
	var (
		at          sql.NullInt64
		label, data string
	)
	if err := rows.Scan(&e.Seq, &e.ID, &at, &e.Type, &e.Provider, &e.Account, &label, &data); err != nil {
		return e, err
	}
	e.At = timeOf(at)
	if label != "" {
		e.Trainer = platform.TrainerID{Provider: e.Provider, Label: label}
	}
	return e, readDocument(data, &e.Data)
}

// newestEvent is the number of the newest event that there has been.
func newestEvent(ctx context.Context, tx *sql.Tx) (n int64, err error) {
	err = tx.QueryRowContext(ctx, `SELECT coalesce((SELECT seq FROM sqlite_sequence WHERE name = 'events'), 0)`).Scan(&n)
	if err != nil {
		err = fmt.Errorf("read the newest event: %w", err)
	}
	return n, err
}

// AwaitEvents returns the number of the newest event when that is beyond a number.
func (s *Store) AwaitEvents(ctx context.Context, after int64) (int64, error) {
	return s.await(ctx, func(tx *sql.Tx) (int64, bool, error) {
		n, err := newestEvent(ctx, tx)
		return n, n > after, err
	})
}

// SetStale stores which trainers have not been proven for too long, and tells of those of
// whom that was not known.
func (s *Store) SetStale(ctx context.Context, stale map[platform.TrainerID]time.Time) error {
	known, err := list(ctx, s, scanTrainerID, selectStale)
	if err != nil || len(known) == len(stale) && !slices.ContainsFunc(known, func(id platform.TrainerID) bool { return stale[id].IsZero() }) {
		return err // nothing is written where nothing changed
	}
	return s.telling(s.change(ctx, func(tx *sql.Tx) error { return setStale(ctx, tx, s.now(), stale) }))
}

const selectStale = `SELECT provider, label FROM stale_trainers`

func scanTrainerID(rows *sql.Rows) (id platform.TrainerID, err error) {
	return id, rows.Scan(&id.Provider, &id.Label)
}

func setStale(ctx context.Context, tx *sql.Tx, at time.Time, stale map[platform.TrainerID]time.Time) error {
	known, err := collect(ctx, tx, scanTrainerID, selectStale)
	if err != nil {
		return err
	}
	var over [][]any
	for _, id := range known {
		if _, still := stale[id]; !still {
			over = append(over, []any{id.Provider, id.Label})
		}
	}
	if err := execEach(ctx, tx, `DELETE FROM stale_trainers WHERE provider = ? AND label = ?`, over); err != nil {
		return err
	}
	var fresh []platform.TrainerID
	for id := range stale {
		if !slices.Contains(known, id) {
			fresh = append(fresh, id)
		}
	}
	slices.SortFunc(fresh, compareTrainers)
	for _, id := range fresh {
		if err := execEach(ctx, tx, `INSERT INTO stale_trainers (provider, label) VALUES (?, ?)`, [][]any{{id.Provider, id.Label}}); err != nil {
			return err
		}
		e := store.Event{At: at, Type: store.EventTrainerStale, Trainer: id, Data: store.EventData{Proven: stale[id]}}
		if err := tellEvent(ctx, tx, e); err != nil {
			return err
		}
	}
	return nil
}

// PruneEvents deletes events that are older than a time.
func (s *Store) PruneEvents(ctx context.Context, before time.Time) (int, error) {
	n := 0
	err := s.change(ctx, func(tx *sql.Tx) (err error) {
		n, err = erase(ctx, tx, `DELETE FROM events WHERE at < ?`, nanos(before))
		return err
	})
	return n, err
}
