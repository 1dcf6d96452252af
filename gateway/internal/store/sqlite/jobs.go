package sqlite

import (
	"context"
	"database/sql"
	"time"

	"github.com/riverqueue/river/riverdriver/riversqlite"

	"github.com/trainercal/trainercal/gateway/internal/store"
	"github.com/trainercal/trainercal/gateway/internal/store/riverjobs"
)

// jobSchema says to which version the queue's own tables are brought after a step of
// ours. A newer River whose tables are others needs another step.
var jobSchema = map[int]int{5: 8}

// migrateJobs brings the queue's tables to the version that belongs to a step.
func migrateJobs(ctx context.Context, tx *sql.Tx, step int) error {
	version, changes := jobSchema[step]
	if !changes {
		return nil
	}
	return riverjobs.Migrate(ctx, riversqlite.New(nil), tx, version)
}

// jobs are a queue in the state's database.
type jobs struct {
	*riverjobs.Queue[*sql.Tx]
	state *Store
}

// Jobs makes a queue of batches. It shares the one connection that writes.
func (s *Store) Jobs(o store.JobOptions) (store.Jobs, error) {
	if s.write == nil {
		return nil, store.ErrReadOnly
	}
	queue, err := riverjobs.New(riversqlite.New(s.write), o)
	if err != nil {
		return nil, err
	}
	return &jobs{queue, s}, nil
}

// Enqueue puts batches into the queue and notes so of their trainers.
func (j *jobs) Enqueue(ctx context.Context, batches []store.Work, until time.Time) error {
	err := j.state.change(ctx, func(tx *sql.Tx) error {
		for _, b := range batches {
			args := make([][]any, len(b.Trainers))
			for i, id := range b.Trainers {
				args[i] = []any{b.ID, b.Interval, nanos(until), id.Provider, id.Label}
			}
			const queued = `UPDATE schedule SET batch = ?, turn = ?, queued = ? WHERE provider = ? AND label = ? AND lease_end IS NULL`
			if err := execEach(ctx, tx, queued, args); err != nil {
				return err
			}
		}
		return j.Insert(ctx, tx, batches)
	})
	return wrapSchedule(err)
}
