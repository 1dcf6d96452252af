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
)

// BeginRun stores a run that has started.
func (s *Store) BeginRun(ctx context.Context, run store.Run) error {
	return s.change(ctx, func(tx *sql.Tx) error { return putRun(ctx, tx, run) })
}

// FinishRun stores a run's end and its trainers' outcomes.
func (s *Store) FinishRun(ctx context.Context, run store.Run) error {
	return s.change(ctx, func(tx *sql.Tx) error {
		if err := putRun(ctx, tx, run); err != nil {
			return err
		}
		return putOutcomes(ctx, tx, run)
	})
}

func putRun(ctx context.Context, tx *sql.Tx, run store.Run) error {
	events, err := document(run.Events)
	if err != nil {
		return err
	}
	return insert(ctx, tx, `INSERT INTO runs (id, trace_id, cause, started, finished, state, message, events)`,
		`ON CONFLICT DO UPDATE SET finished = excluded.finished, state = excluded.state, message = excluded.message, events = excluded.events`,
		[][]any{{run.ID, run.TraceID, run.Cause, nanos(run.Started), nanos(run.Finished), string(run.State), run.Message, events}})
}

func putOutcomes(ctx context.Context, tx *sql.Tx, run store.Run) error {
	rows := make([][]any, len(run.Trainers))
	for i, t := range run.Trainers {
		row := []any{run.ID, i, t.Trainer.Provider, t.Trainer.Label, string(t.State)}
		for _, part := range []any{t.Counts, t.Skipped, t.Steps, t.Held} {
			text, err := document(part)
			if err != nil {
				return err
			}
			row = append(row, text)
		}
		failing, err := optional(t.Failing)
		if err != nil {
			return err
		}
		paused, err := optional(t.Paused)
		if err != nil {
			return err
		}
		rows[i] = append(row, failing, t.Pilot, paused)
	}
	const head = `INSERT INTO run_trainers (run, position, provider, label, state, counts, skipped, steps, held, failing, pilot, paused)`
	return insert(ctx, tx, head, `ON CONFLICT DO NOTHING`, rows)
}

// Runs returns the newest runs first, without their trainers' steps.
func (s *Store) Runs(ctx context.Context, limit int) ([]store.Run, error) {
	return s.runs(ctx, selectRun+` ORDER BY started DESC, id LIMIT ?`, limit)
}

// runs returns the runs that a query picks, without their trainers' steps.
func (s *Store) runs(ctx context.Context, query string, args ...any) ([]store.Run, error) {
	var runs []store.Run
	err := s.look(ctx, func(tx *sql.Tx) (err error) {
		if runs, err = collect(ctx, tx, scanRun, query, args...); err != nil {
			return err
		}
		for i := range runs {
			if runs[i].Trainers, err = collect(ctx, tx, scanOutcome, selectOutcomes("'null'"), runs[i].ID); err != nil {
				return err
			}
		}
		return nil
	})
	return runs, err
}

// Run returns one run whole; the id may be shortened to a unique prefix.
func (s *Store) Run(ctx context.Context, id string) (store.Run, error) {
	var run store.Run
	err := s.look(ctx, func(tx *sql.Tx) (err error) {
		if id, err = fullID(ctx, tx, id); err != nil {
			return err
		}
		if run, err = scanRun(tx.QueryRowContext(ctx, selectRun+` WHERE id = ?`, id)); err != nil {
			return err
		}
		run.Trainers, err = collect(ctx, tx, scanOutcome, selectOutcomes("steps"), id)
		return err
	})
	return run, err
}

// fullID is the id of the one run that begins so.
func fullID(ctx context.Context, tx *sql.Tx, prefix string) (string, error) {
	var id string
	err := tx.QueryRowContext(ctx, `SELECT id FROM runs WHERE id = ?`, prefix).Scan(&id)
	if err == nil || !errors.Is(err, sql.ErrNoRows) {
		return id, err
	}
	ids, err := collect(ctx, tx, func(rows *sql.Rows) (id string, err error) { return id, rows.Scan(&id) },
		`SELECT id FROM runs WHERE substr(id, 1, length(?1)) = ?1 AND ?1 <> '' LIMIT 2`, prefix)
	switch {
	case err != nil:
		return "", err
	case len(ids) == 0:
		return "", fmt.Errorf("run %q: %w", prefix, store.ErrNotFound)
	case len(ids) > 1:
		return "", fmt.Errorf("run %q: several runs begin so, among them %s and %s: give more of its id", prefix, ids[0], ids[1])
	}
	return ids[0], nil
}

const selectRun = `SELECT id, trace_id, cause, started, finished, state, message, events FROM runs`

// scanner is a row, of one or of many.
type scanner interface{ Scan(dest ...any) error }

func scanRun[R scanner](row R) (run store.Run, err error) {
	var (
		started, finished sql.NullInt64
		events            string
	)
	if err := row.Scan(&run.ID, &run.TraceID, &run.Cause, &started, &finished, &run.State, &run.Message, &events); err != nil {
		return run, err
	}
	run.Started, run.Finished = timeOf(started), timeOf(finished)
	return run, readDocument(events, &run.Events)
}

// selectOutcomes selects a run's trainers, with steps or the text given in their place.
func selectOutcomes(steps string) string {
	return `SELECT provider, label, state, counts, skipped, held, failing, pilot, paused, ` + steps + ` FROM run_trainers WHERE run = ? ORDER BY position`
}

func scanOutcome(rows *sql.Rows) (t store.RunTrainer, err error) {
	var (
		counts, skipped, held, steps string
		failing, paused              sql.NullString
	)
	if err := rows.Scan(&t.Trainer.Provider, &t.Trainer.Label, &t.State, &counts, &skipped, &held, &failing, &t.Pilot, &paused, &steps); err != nil {
		return t, err
	}
	if t.Failing, err = readOptional[store.Failing](failing); err != nil {
		return t, err
	}
	if t.Paused, err = readOptional[store.Pause](paused); err != nil {
		return t, err
	}
	t.Skipped = map[reconcile.Reason]int{}
	return t, errors.Join(readDocument(counts, &t.Counts), readDocument(held, &t.Held), readDocument(skipped, &t.Skipped), readDocument(steps, &t.Steps))
}

// ItemSteps returns what runs did to one item of the trainer's, the newest first.
func (s *Store) ItemSteps(ctx context.Context, id platform.TrainerID, item string, limit int) ([]store.ItemStep, error) {
	const query = `SELECT r.id, r.cause, r.started, s.value FROM run_trainers t JOIN runs r ON r.id = t.run, json_each(t.steps) s
		WHERE t.provider = ? AND t.label = ? AND NOT t.pilot AND s.value ->> '$.Item' = ? ORDER BY r.started DESC, s.key DESC LIMIT ?`
	var all []store.ItemStep
	err := s.look(ctx, func(tx *sql.Tx) (err error) {
		all, err = collect(ctx, tx, func(rows *sql.Rows) (step store.ItemStep, err error) {
			var (
				started sql.NullInt64
				text    string
			)
			if err := rows.Scan(&step.Run, &step.Cause, &started, &text); err != nil {
				return step, err
			}
			step.Time = timeOf(started)
			return step, readDocument(text, &step.Step)
		}, query, id.Provider, id.Label, item, limit)
		return err
	})
	return all, err
}

// PruneRuns deletes runs that started before t, unless they are still running, and
// returns how many.
func (s *Store) PruneRuns(ctx context.Context, before time.Time) (int, error) {
	var n int64
	err := s.change(ctx, func(tx *sql.Tx) error {
		res, err := tx.ExecContext(ctx, `DELETE FROM runs WHERE started < ? AND state <> ?`, before.UnixNano(), store.RunRunning)
		if err != nil {
			return fmt.Errorf("delete old runs: %w", err)
		}
		n, err = res.RowsAffected()
		return err
	})
	return int(n), err
}
