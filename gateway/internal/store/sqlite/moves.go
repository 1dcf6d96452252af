package sqlite

import (
	"context"
	"database/sql"
	"fmt"

	"github.com/trainercal/trainercal/gateway/internal/platform"
	"github.com/trainercal/trainercal/gateway/internal/store"
)

// Move stores that the trainer has another calendar.
func (s *Store) Move(ctx context.Context, m store.Move) error {
	err := s.fenced(ctx, m.ID, func(tx *sql.Tx) error {
		err := insert(ctx, tx, `INSERT INTO trainers (provider, label, binding, account, address, timezone)`,
			`ON CONFLICT DO UPDATE SET binding = excluded.binding, account = excluded.account, address = excluded.address,
				timezone = excluded.timezone, cursor = NULL, fingerprint = ''`,
			[][]any{{m.ID.Provider, m.ID.Label, m.Binding, m.Place.Account, m.Place.Mailbox.Address, m.Place.Mailbox.TimeZone}})
		if err != nil {
			return err
		}
		if err := putLinks(ctx, tx, m.ID, m.Links); err != nil {
			return err
		}
		return putLeft(ctx, tx, m.ID, m.Left)
	})
	if err != nil {
		return fmt.Errorf("store that %s has another calendar: %w", m.ID, err)
	}
	return nil
}

func putLeft(ctx context.Context, tx *sql.Tx, id platform.TrainerID, left []store.Leftover) error {
	rows := make([][]any, len(left))
	for i, l := range left {
		span, err := recordSpan(l.When)
		if err != nil {
			return err
		}
		text, err := document(span)
		if err != nil {
			return err
		}
		box := l.Place.Mailbox
		rows[i] = []any{
			id.Provider, id.Label, l.Binding, l.Key, l.Place.Account, box.Address, box.TimeZone, l.Generation, string(l.ItemID), text, nanos(l.Since),
		}
	}
	return insert(ctx, tx, `INSERT INTO leftovers (provider, label, binding, key, account, address, timezone, generation, item_id, span, since)`,
		`ON CONFLICT DO UPDATE SET account = excluded.account, address = excluded.address, timezone = excluded.timezone,
			generation = excluded.generation, item_id = excluded.item_id, span = excluded.span, since = excluded.since`, rows)
}

// DropLeft forgets items left in old calendars.
func (s *Store) DropLeft(ctx context.Context, id platform.TrainerID, left []store.Leftover) error {
	return s.fenced(ctx, id, func(tx *sql.Tx) error {
		args := make([][]any, len(left))
		for i, l := range left {
			args[i] = []any{id.Provider, id.Label, l.Binding, l.Key}
		}
		return execEach(ctx, tx, `DELETE FROM leftovers WHERE provider = ? AND label = ? AND binding = ? AND key = ?`, args)
	})
}

const selectLeft = `SELECT binding, key, account, address, timezone, generation, item_id, span, since
	FROM leftovers WHERE provider = ? AND label = ? ORDER BY binding, key`

func scanLeft(rows *sql.Rows) (l store.Leftover, err error) {
	var (
		text  string
		since sql.NullInt64
		span  spanRecord
	)
	box := &l.Place.Mailbox
	if err := rows.Scan(&l.Binding, &l.Key, &l.Place.Account, &box.Address, &box.TimeZone, &l.Generation, &l.ItemID, &text, &since); err != nil {
		return l, err
	}
	if err := readDocument(text, &span); err != nil {
		return l, err
	}
	l.Since = timeOf(since)
	l.When, err = span.when()
	return l, err
}

const selectConflicts = `SELECT key, other, pulled, start, end, since
	FROM conflicts WHERE provider = ? AND label = ? ORDER BY start, key, other`

func scanConflict(rows *sql.Rows) (c store.Conflict, err error) {
	var start, end, since sql.NullInt64
	err = rows.Scan(&c.Key, &c.Other, &c.Pulled, &start, &end, &since)
	c.Start, c.End, c.Since = timeOf(start), timeOf(end), timeOf(since)
	return c, err
}

// putConflicts replaces the trainer's conflicts.
func putConflicts(ctx context.Context, tx *sql.Tx, id platform.TrainerID, conflicts []store.Conflict) error {
	if err := execEach(ctx, tx, `DELETE FROM conflicts WHERE provider = ? AND label = ?`, [][]any{{id.Provider, id.Label}}); err != nil {
		return err
	}
	rows := make([][]any, len(conflicts))
	for i, c := range conflicts {
		rows[i] = []any{id.Provider, id.Label, c.Key, c.Other, c.Pulled, nanos(c.Start), nanos(c.End), nanos(c.Since)}
	}
	return insert(ctx, tx, `INSERT INTO conflicts (provider, label, key, other, pulled, start, end, since)`, `ON CONFLICT DO NOTHING`, rows)
}
