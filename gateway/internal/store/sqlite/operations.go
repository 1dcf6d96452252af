package sqlite

import (
	"context"
	"database/sql"
	"fmt"
	"time"

	"github.com/trainercal/trainercal/gateway/internal/platform"
	"github.com/trainercal/trainercal/gateway/internal/store"
)

// Pauses returns what is paused, by provider and label.
func (s *Store) Pauses(ctx context.Context) ([]store.Pause, error) {
	var all []store.Pause
	err := s.look(ctx, func(tx *sql.Tx) (err error) {
		all, err = collect(ctx, tx, func(rows *sql.Rows) (p store.Pause, err error) {
			var since sql.NullInt64
			err = rows.Scan(&p.Provider, &p.Label, &since, &p.Reason)
			p.Since = timeOf(since)
			return p, err
		}, `SELECT provider, label, since, reason FROM pauses ORDER BY provider, label`)
		return err
	})
	return all, err
}

// Pause stores a pause.
func (s *Store) Pause(ctx context.Context, p store.Pause) error {
	return s.change(ctx, func(tx *sql.Tx) error {
		return insert(ctx, tx, `INSERT INTO pauses (provider, label, since, reason)`, `ON CONFLICT DO UPDATE SET reason = excluded.reason`,
			[][]any{{p.Provider, p.Label, nanos(p.Since), p.Reason}})
	})
}

// Resume ends a pause and reports whether there was one.
func (s *Store) Resume(ctx context.Context, provider, label string) (bool, error) {
	n := 0
	err := s.change(ctx, func(tx *sql.Tx) (err error) {
		n, err = erase(ctx, tx, `DELETE FROM pauses WHERE provider = ? AND label = ?`, provider, label)
		return err
	})
	return n > 0, err
}

// erase deletes or blanks rows and returns how many there were.
func erase(ctx context.Context, tx *sql.Tx, query string, args ...any) (int, error) {
	res, err := tx.ExecContext(ctx, query, args...)
	if err != nil {
		return 0, fmt.Errorf("%s: %w", query, err)
	}
	n, err := res.RowsAffected()
	return int(n), err
}

// Forget erases a trainer's text and history. Deleted content is overwritten, and the
// log of changes, which still has it, is emptied.
func (s *Store) Forget(ctx context.Context, id platform.TrainerID) (store.Forgotten, error) {
	var f store.Forgotten
	err := s.telling(s.change(ctx, func(tx *sql.Tx) (err error) {
		f, err = forget(ctx, tx, s.now(), id)
		return err
	}))
	if err != nil {
		return store.Forgotten{}, fmt.Errorf("forget %s: %w", id, err)
	}
	var busy, logged, done int
	if err := s.write.QueryRowContext(ctx, `PRAGMA wal_checkpoint(TRUNCATE)`).Scan(&busy, &logged, &done); err != nil {
		return f, fmt.Errorf("forget %s: empty the log of changes: %w", id, err)
	}
	if busy != 0 {
		return f, fmt.Errorf("%s is forgotten, but another process reads the state, so that the log of changes beside it "+
			"could not be emptied yet: end it and forget again", id)
	}
	return f, nil
}

func forget(ctx context.Context, tx *sql.Tx, at time.Time, id platform.TrainerID) (f store.Forgotten, err error) {
	if err := forgetFeed(ctx, tx, at, id); err != nil {
		return f, err
	}
	counts := map[string]*int{
		"links": &f.Links, "mirrors": &f.Mirrors, "unavailability": &f.Unavailability, "run_trainers": &f.Runs,
	}
	for _, table := range []string{"links", "mirrors", "unavailability", "run_trainers", "conflicts", "leftovers", "pauses", "watches", "trainers", "events", "stale_trainers"} {
		n, err := erase(ctx, tx, `DELETE FROM `+table+` WHERE provider = ? AND label = ?`, id.Provider, id.Label)
		if err != nil {
			return f, err
		}
		if count := counts[table]; count != nil {
			*count = n
		}
	}
	const idle = `UPDATE schedule SET at = NULL, since = NULL, asked = NULL, served = NULL, cause = '', traceparents = '[]'`
	if _, err = erase(ctx, tx, idle+` WHERE provider = ? AND label = ?`, id.Provider, id.Label); err != nil {
		return f, err
	}
	if _, err = erase(ctx, tx, forgetEvents, id.String()+": "); err != nil {
		return f, err
	}
	_, err = erase(ctx, tx, `DELETE FROM verifications WHERE substr(account, 1, length(?1)) = ?1 AND label = ?2`, id.Provider+"/", id.Label)
	return f, err
}

// forgetEvents takes those out of all runs that tell of one trainer, as they may name the
// mailbox. They begin with the trainer's name.
const forgetEvents = `UPDATE runs SET events = (
		SELECT json_group_array(json(value)) FROM json_each(runs.events) WHERE substr(value ->> '$.Text', 1, length(?1)) <> ?1
	) WHERE instr(events, ?1) > 0`

// Refusals returns the credentials that a server refused, by account.
func (s *Store) Refusals(ctx context.Context) ([]store.Refusal, error) {
	var all []store.Refusal
	err := s.look(ctx, func(tx *sql.Tx) (err error) {
		all, err = collect(ctx, tx, func(rows *sql.Rows) (r store.Refusal, err error) {
			var since sql.NullInt64
			err = rows.Scan(&r.Account, &r.Fingerprint, &since, &r.Code, &r.Message, &r.Advice, &r.Detail)
			r.Since = timeOf(since)
			return r, err
		}, `SELECT account, fingerprint, since, code, message, advice, detail FROM refusals ORDER BY account`)
		return err
	})
	return all, err
}

// Refuse stores a refusal, in the place of another one of the account.
func (s *Store) Refuse(ctx context.Context, r store.Refusal) error {
	return s.change(ctx, func(tx *sql.Tx) error {
		return insert(ctx, tx, `INSERT INTO refusals (account, fingerprint, since, code, message, advice, detail)`,
			`ON CONFLICT DO UPDATE SET fingerprint = excluded.fingerprint, code = excluded.code, message = excluded.message,
				since = CASE WHEN fingerprint = excluded.fingerprint THEN since ELSE excluded.since END,
				advice = excluded.advice, detail = excluded.detail`,
			[][]any{{r.Account, r.Fingerprint, nanos(r.Since), r.Code, r.Message, r.Advice, r.Detail}})
	})
}

// Forgive drops the refusal of a fingerprint and those of the account.
func (s *Store) Forgive(ctx context.Context, account, fingerprint string) error {
	return s.change(ctx, func(tx *sql.Tx) error {
		_, err := erase(ctx, tx, `DELETE FROM refusals WHERE account = ? OR fingerprint = ?`, account, fingerprint)
		return err
	})
}

// AccountTroubles returns, by account, what keeps a whole account from working.
func (s *Store) AccountTroubles(ctx context.Context) (map[string]store.Failing, error) {
	all := map[string]store.Failing{}
	err := s.look(ctx, func(tx *sql.Tx) error {
		_, err := collect(ctx, tx, func(rows *sql.Rows) (f store.Failing, err error) {
			var account, text string
			if err := rows.Scan(&account, &text); err != nil {
				return f, err
			}
			err = readDocument(text, &f)
			all[account] = f
			return f, err
		}, `SELECT account, failing FROM account_troubles`)
		return err
	})
	return all, err
}

// SetAccountTrouble stores what keeps an account from working; nil for nothing.
func (s *Store) SetAccountTrouble(ctx context.Context, account string, f *store.Failing) error {
	return s.telling(s.change(ctx, func(tx *sql.Tx) error {
		if err := tellTrouble(ctx, tx, s.now(), account, f); err != nil {
			return err
		}
		if f == nil {
			_, err := erase(ctx, tx, `DELETE FROM account_troubles WHERE account = ?`, account)
			return err
		}
		text, err := document(f)
		if err != nil {
			return err
		}
		return insert(ctx, tx, `INSERT INTO account_troubles (account, failing)`, `ON CONFLICT DO UPDATE SET failing = excluded.failing`,
			[][]any{{account, text}})
	}))
}

// Verifications returns the last verification of each account and mapping.
func (s *Store) Verifications(ctx context.Context) ([]store.Verification, error) {
	var all []store.Verification
	err := s.look(ctx, func(tx *sql.Tx) (err error) {
		all, err = collect(ctx, tx, func(rows *sql.Rows) (v store.Verification, err error) {
			var (
				at     sql.NullInt64
				checks string
			)
			if err := rows.Scan(&v.Account, &v.Label, &v.Fingerprint, &at, &checks); err != nil {
				return v, err
			}
			v.At = timeOf(at)
			return v, readDocument(checks, &v.Checks)
		}, `SELECT account, label, fingerprint, at, checks FROM verifications ORDER BY account, label`)
		return err
	})
	return all, err
}

// PutVerifications stores verifications, each in place of the last one.
func (s *Store) PutVerifications(ctx context.Context, verifications []store.Verification) error {
	return s.change(ctx, func(tx *sql.Tx) error {
		rows := make([][]any, len(verifications))
		for i, v := range verifications {
			checks, err := document(notNil(v.Checks))
			if err != nil {
				return err
			}
			rows[i] = []any{v.Account, v.Label, v.Fingerprint, nanos(v.At), checks}
		}
		return insert(ctx, tx, `INSERT INTO verifications (account, label, fingerprint, at, checks)`,
			`ON CONFLICT DO UPDATE SET fingerprint = excluded.fingerprint, at = excluded.at, checks = excluded.checks`, rows)
	})
}
