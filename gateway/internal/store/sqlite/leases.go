package sqlite

import (
	"context"
	"database/sql"
	"time"

	"github.com/trainercal/trainercal/gateway/internal/platform"
	"github.com/trainercal/trainercal/gateway/internal/store"
)

// Claim leases trainers.
func (s *Store) Claim(ctx context.Context, c store.Claim) (leases []store.Lease, err error) {
	err = s.change(ctx, func(tx *sql.Tx) error {
		leases = nil
		if _, err := reap(ctx, tx, c.Now); err != nil {
			return err
		}
		for _, id := range c.Trainers {
			lease, ok, err := claim(ctx, tx, c, id)
			if err != nil {
				return err
			}
			if ok {
				leases = append(leases, lease)
			}
		}
		return nil
	})
	return leases, wrapSchedule(err)
}

// claim leases a trainer, unless somebody else has.
func claim(ctx context.Context, tx *sql.Tx, c store.Claim, id platform.TrainerID) (store.Lease, bool, error) {
	due, err := dueOf(ctx, tx, id)
	if err != nil {
		return store.Lease{}, false, err
	}
	if c.Due && (due.Account == "" || due.At.After(c.Now)) {
		return store.Lease{}, false, nil
	}
	taken, err := optional(&due)
	if err != nil {
		return store.Lease{}, false, err
	}
	const query = `INSERT INTO schedule (provider, label, owner, epoch, lease_end, taken) VALUES (?1, ?2, ?3, 1, ?4, ?5)
		ON CONFLICT DO UPDATE SET owner = excluded.owner, epoch = epoch + 1, lease_end = excluded.lease_end, taken = excluded.taken,
			at = NULL, since = NULL, asked = NULL, cause = '', traceparents = '[]', queued = NULL, batch = CASE WHEN ?6 THEN batch ELSE '' END
		WHERE lease_end IS NULL RETURNING epoch`
	epochs, err := collect(ctx, tx, func(rows *sql.Rows) (epoch int64, err error) { return epoch, rows.Scan(&epoch) },
		query, id.Provider, id.Label, c.Owner, nanos(c.Until), taken, c.Due)
	if err != nil || len(epochs) == 0 {
		return store.Lease{}, false, err
	}
	return store.Lease{Trainer: id, Owner: c.Owner, Epoch: epochs[0], Until: c.Until, For: due}, true, nil
}

// Reap takes leases away that have run out.
func (s *Store) Reap(ctx context.Context, now time.Time) (n int, err error) {
	err = s.change(ctx, func(tx *sql.Tx) (err error) {
		n, err = reap(ctx, tx, now)
		return err
	})
	return n, wrapSchedule(err)
}

// reap makes due again what leases were taken for that have run out. Their holders cannot
// write any more, should they still live.
func reap(ctx context.Context, tx *sql.Tx, now time.Time) (int, error) {
	lost, err := collect(ctx, tx, func(rows *sql.Rows) (d store.Due, err error) {
		var taken sql.NullString
		if err := rows.Scan(&d.Trainer.Provider, &d.Trainer.Label, &taken); err != nil || !taken.Valid {
			return d, err
		}
		id := d.Trainer
		err = readDocument(taken.String, &d)
		d.Trainer = id
		return d, err
	}, `SELECT provider, label, taken FROM schedule WHERE lease_end <= ?`, now.UnixNano())
	if err != nil {
		return 0, err
	}
	for _, d := range lost {
		if err := takeAway(ctx, tx, d, now); err != nil {
			return 0, err
		}
	}
	return len(lost), nil
}

// takeAway ends a lease that was taken for something, and not given back.
func takeAway(ctx context.Context, tx *sql.Tx, d store.Due, now time.Time) error {
	const end = `UPDATE schedule SET owner = '', epoch = epoch + 1, lease_end = NULL, taken = NULL, batch = '' WHERE provider = ? AND label = ?`
	if err := execEach(ctx, tx, end, [][]any{{d.Trainer.Provider, d.Trainer.Label}}); err != nil {
		return err
	}
	if d.At.IsZero() {
		// A command was at work. Where it stopped is not known, so the engine looks.
		d.At, d.Since, d.Cause = now, now, store.CauseInterval
	}
	return markDue(ctx, tx, []store.Due{d})
}

// abandon is for who knows that nobody else is at work: all leases have run out, and what
// was queued is not.
func abandon(ctx context.Context, tx *sql.Tx) error {
	const all = 1<<63 - 1
	if _, err := reap(ctx, tx, time.Unix(0, all)); err != nil {
		return err
	}
	_, err := tx.ExecContext(ctx, `UPDATE schedule SET queued = NULL, batch = '' WHERE queued IS NOT NULL`)
	return wrapSchedule(err)
}

// Owners returns who has leases of the trainers.
func (s *Store) Owners(ctx context.Context, now time.Time, trainers []platform.TrainerID) (map[platform.TrainerID]string, error) {
	owners := map[platform.TrainerID]string{}
	err := s.look(ctx, func(tx *sql.Tx) error {
		for _, id := range trainers {
			_, err := collect(ctx, tx, func(rows *sql.Rows) (owner string, err error) {
				err = rows.Scan(&owner)
				owners[id] = owner
				return owner, err
			}, `SELECT owner FROM schedule WHERE provider = ? AND label = ? AND lease_end > ?`, id.Provider, id.Label, now.UnixNano())
			if err != nil {
				return err
			}
		}
		return nil
	})
	return owners, wrapSchedule(err)
}

// held is the rest of a statement that concerns a lease's row while it is held.
const held = ` WHERE provider = ? AND label = ? AND owner = ? AND epoch = ? AND lease_end IS NOT NULL`

// Extend keeps leases until a later time.
func (s *Store) Extend(ctx context.Context, until time.Time, leases []store.Lease) (kept []store.Lease, err error) {
	err = s.change(ctx, func(tx *sql.Tx) error {
		kept = nil
		for _, l := range leases {
			n, err := erase(ctx, tx, `UPDATE schedule SET lease_end = ?`+held, nanos(until), l.Trainer.Provider, l.Trainer.Label, l.Owner, l.Epoch)
			if err != nil {
				return err
			}
			if n > 0 {
				l.Until = until
				kept = append(kept, l)
			}
		}
		return nil
	})
	return kept, wrapSchedule(err)
}

// Unlease gives leases back.
func (s *Store) Unlease(ctx context.Context, now time.Time, leases []store.Lease, due []store.Due) error {
	err := s.change(ctx, func(tx *sql.Tx) error {
		args := make([][]any, len(leases))
		for i, l := range leases {
			args[i] = []any{nanos(now), l.Trainer.Provider, l.Trainer.Label, l.Owner, l.Epoch}
		}
		const end = `UPDATE schedule SET owner = '', lease_end = NULL, taken = NULL, batch = '', served = ?`
		if err := execEach(ctx, tx, end+held, args); err != nil {
			return err
		}
		return markDue(ctx, tx, due)
	})
	return wrapSchedule(err)
}

// Flights returns how many batches of each account are queued or worked on.
func (s *Store) Flights(ctx context.Context, now time.Time) (map[string]store.Flights, error) {
	all := map[string]store.Flights{}
	err := s.look(ctx, func(tx *sql.Tx) error {
		_, err := collect(ctx, tx, func(rows *sql.Rows) (f store.Flights, err error) {
			var account string
			err = rows.Scan(&account, &f.All, &f.Interval)
			all[account] = f
			return f, err
		}, `SELECT account, count(DISTINCT batch), count(DISTINCT CASE WHEN turn THEN batch END) FROM (
				SELECT account, batch, turn FROM schedule WHERE queued > ?1
				UNION ALL SELECT account, batch, turn FROM schedule WHERE lease_end > ?1)
			WHERE batch <> '' GROUP BY account`, now.UnixNano())
		return err
	})
	return all, wrapSchedule(err)
}

// fenced runs do in one transaction, while the lease holds under which the trainer is
// worked on.
func (s *Store) fenced(ctx context.Context, id platform.TrainerID, do func(*sql.Tx) error) error {
	lease, checked, err := store.LeaseOf(ctx, id)
	if err != nil {
		return err
	}
	return s.change(ctx, func(tx *sql.Tx) error {
		if checked {
			if err := checkLease(ctx, tx, lease); err != nil {
				return err
			}
		}
		return do(tx)
	})
}

func checkLease(ctx context.Context, tx *sql.Tx, l store.Lease) error {
	var n int
	err := tx.QueryRowContext(ctx, `SELECT count(*) FROM schedule`+held, l.Trainer.Provider, l.Trainer.Label, l.Owner, l.Epoch).Scan(&n)
	if err != nil {
		return wrapSchedule(err)
	}
	if n == 0 {
		return store.ErrLost
	}
	return nil
}
