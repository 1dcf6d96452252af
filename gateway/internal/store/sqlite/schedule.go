package sqlite

import (
	"context"
	"database/sql"
	"fmt"
	"time"

	"github.com/trainercal/trainercal/gateway/internal/platform"
	"github.com/trainercal/trainercal/gateway/internal/store"
)

// MarkDue makes trainers due.
func (s *Store) MarkDue(ctx context.Context, due []store.Due) error {
	return s.change(ctx, func(tx *sql.Tx) error { return markDue(ctx, tx, due) })
}

// markDue makes trainers due in a transaction that also stores why.
func markDue(ctx context.Context, tx *sql.Tx, due []store.Due) error {
	for _, d := range due {
		was, err := dueOf(ctx, tx, d.Trainer)
		if err != nil {
			return err
		}
		if err := putDue(ctx, tx, mergeDue(was, d)); err != nil {
			return err
		}
	}
	return nil
}

// dueOf returns what the trainer is due for; its At is zero when it is for nothing.
func dueOf(ctx context.Context, tx *sql.Tx, id platform.TrainerID) (store.Due, error) {
	all, err := collect(ctx, tx, scanDue, selectDue+` WHERE provider = ? AND label = ? AND at IS NOT NULL`, id.Provider, id.Label)
	if err != nil || len(all) == 0 {
		return store.Due{Trainer: id}, err
	}
	return all[0], nil
}

// mergeDue adds a request to what a trainer was due for before. A turn of the interval is
// no request that somebody waits for.
func mergeDue(was, d store.Due) store.Due {
	d.Asked = d.Since
	if was.At.IsZero() {
		return d
	}
	asked := was.Cause != store.CauseInterval
	if was.At.Before(d.At) {
		d.At = was.At
	}
	if asked && (d.Cause == store.CauseInterval || was.Since.Before(d.Since)) {
		d.Since = was.Since
	}
	if asked && (d.Cause == store.CauseInterval || was.Asked.After(d.Asked)) {
		d.Asked = was.Asked
	}
	d.Cause = store.Urgent(was.Cause, d.Cause)
	was.AskedBy(d.Traceparents...)
	d.Traceparents = was.Traceparents
	return d
}

func putDue(ctx context.Context, tx *sql.Tx, d store.Due) error {
	parents, err := document(notNil(d.Traceparents[:min(len(d.Traceparents), store.MaxTraceparents)]))
	if err != nil {
		return err
	}
	return insert(ctx, tx, `INSERT INTO schedule (provider, label, at, since, asked, cause, traceparents)`,
		`ON CONFLICT DO UPDATE SET at = excluded.at, since = excluded.since, asked = excluded.asked,
			cause = excluded.cause, traceparents = excluded.traceparents`,
		[][]any{{d.Trainer.Provider, d.Trainer.Label, nanos(d.At), nanos(d.Since), nanos(d.Asked), d.Cause, parents}})
}

const selectDue = `SELECT provider, label, account, at, since, asked, cause, traceparents, served FROM schedule`

func scanDue(rows *sql.Rows) (d store.Due, err error) {
	var (
		at, since, asked, served sql.NullInt64
		parents                  string
	)
	err = rows.Scan(&d.Trainer.Provider, &d.Trainer.Label, &d.Account, &at, &since, &asked, &d.Cause, &parents, &served)
	if err != nil {
		return d, err
	}
	d.At, d.Since, d.Asked, d.Served = timeOf(at), timeOf(since), timeOf(asked), timeOf(served)
	return d, readDocument(parents, &d.Traceparents)
}

// waiting are the trainers that the engine may take up at a time, ?1.
const waiting = ` account <> '' AND at <= ?1 AND lease_end IS NULL AND coalesce(queued, 0) <= ?1 `

// NextDue returns the trainers that are due, the most overdue of each account first.
func (s *Store) NextDue(ctx context.Context, now time.Time, limit int) (due []store.Due, next time.Time, err error) {
	err = s.look(ctx, func(tx *sql.Tx) (err error) {
		due, err = collect(ctx, tx, scanDue, `WITH ranked AS (
				SELECT provider, label, account, at, since, asked, cause, traceparents, served,
					row_number() OVER (PARTITION BY account ORDER BY at, provider, label) AS n FROM schedule WHERE`+waiting+`)
			SELECT provider, label, account, at, since, asked, cause, traceparents, served FROM ranked
			WHERE n <= ?2 ORDER BY at, provider, label`, now.UnixNano(), limit)
		if err != nil {
			return err
		}
		var at sql.NullInt64
		// A trainer who is leased or queued is due again when that ends.
		err = tx.QueryRowContext(ctx, `SELECT min(t) FROM (
				SELECT min(at) AS t FROM schedule WHERE at > ?1 AND account <> '' AND lease_end IS NULL AND coalesce(queued, 0) <= ?1
				UNION ALL SELECT min(lease_end) FROM schedule WHERE lease_end IS NOT NULL
				UNION ALL SELECT min(queued) FROM schedule WHERE queued > ?1)`, now.UnixNano()).Scan(&at)
		next = timeOf(at)
		return err
	})
	return due, next, wrapSchedule(err)
}

// Waiting returns how many trainers are due and not worked on, and since when.
func (s *Store) Waiting(ctx context.Context, now time.Time) (n int, since time.Time, err error) {
	err = s.look(ctx, func(tx *sql.Tx) error {
		var first sql.NullInt64
		err := tx.QueryRowContext(ctx, `SELECT count(*), min(at) FROM schedule
			WHERE account <> '' AND at <= ? AND lease_end IS NULL`, now.UnixNano()).Scan(&n, &first)
		since = timeOf(first)
		return err
	})
	return n, since, wrapSchedule(err)
}

// Assign says which trainers the engine works on.
func (s *Store) Assign(ctx context.Context, all []store.Assignment) (changed []platform.TrainerID, err error) {
	err = s.change(ctx, func(tx *sql.Tx) error {
		changed = nil
		was, err := assignments(ctx, tx)
		if err != nil {
			return err
		}
		var rows [][]any
		for _, a := range all {
			if was[a.Trainer] != a {
				changed = append(changed, a.Trainer)
				rows = append(rows, []any{a.Trainer.Provider, a.Trainer.Label, a.Account, a.Mapping})
			}
			delete(was, a.Trainer)
		}
		var gone [][]any
		for id := range was {
			gone = append(gone, []any{id.Provider, id.Label})
		}
		const drop = `UPDATE schedule SET account = '', mapping = '' WHERE provider = ? AND label = ?`
		if err := execEach(ctx, tx, drop, gone); err != nil {
			return err
		}
		return insert(ctx, tx, `INSERT INTO schedule (provider, label, account, mapping)`,
			`ON CONFLICT DO UPDATE SET account = excluded.account, mapping = excluded.mapping`, rows)
	})
	return changed, wrapSchedule(err)
}

// assignments returns which trainers the engine works on.
func assignments(ctx context.Context, tx *sql.Tx) (map[platform.TrainerID]store.Assignment, error) {
	all, err := collect(ctx, tx, func(rows *sql.Rows) (a store.Assignment, err error) {
		return a, rows.Scan(&a.Trainer.Provider, &a.Trainer.Label, &a.Account, &a.Mapping)
	}, `SELECT provider, label, account, mapping FROM schedule WHERE account <> ''`)
	byTrainer := make(map[platform.TrainerID]store.Assignment, len(all))
	for _, a := range all {
		byTrainer[a.Trainer] = a
	}
	return byTrainer, err
}

// Turns gives trainers their next turn whom nothing but a turn is due for.
func (s *Store) Turns(ctx context.Context, turns []store.Due) error {
	return s.change(ctx, func(tx *sql.Tx) error {
		args := make([][]any, len(turns))
		for i, d := range turns {
			args[i] = []any{nanos(d.At), store.CauseInterval, d.Trainer.Provider, d.Trainer.Label}
		}
		const turn = `UPDATE schedule SET at = ?1, cause = ?2
			WHERE provider = ?3 AND label = ?4 AND (at IS NULL OR cause = ?2) AND lease_end IS NULL`
		return execEach(ctx, tx, turn, args)
	})
}

// Dues returns the trainers that the engine works on, with what they are due for.
func (s *Store) Dues(ctx context.Context) (due []store.Due, err error) {
	err = s.look(ctx, func(tx *sql.Tx) (err error) {
		due, err = collect(ctx, tx, scanDue, selectDue+` WHERE account <> '' AND lease_end IS NULL ORDER BY provider, label`)
		return err
	})
	return due, wrapSchedule(err)
}

func wrapSchedule(err error) error {
	if err != nil {
		return fmt.Errorf("schedule: %w", err)
	}
	return nil
}
