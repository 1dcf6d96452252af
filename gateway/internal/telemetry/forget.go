package telemetry

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"os"
)

// Forget deletes a trainer's spans from the history at path, so that the file holds them
// no more, and returns how many there were. Where there is no history the error matches
// [os.ErrNotExist].
func Forget(ctx context.Context, path, trainer string) (n int, err error) {
	if _, err := os.Stat(path); err != nil {
		return 0, fmt.Errorf("open the trace history: %w", err)
	}
	h, err := openDatabase(path, "_pragma=journal_mode(wal)&_pragma=secure_delete(on)&_txlock=immediate")
	if err != nil {
		return 0, err
	}
	defer func() { err = errors.Join(err, h.Close()) }()
	result, err := h.db.ExecContext(ctx, `DELETE FROM spans WHERE attributes ->> ? = ?`, `$."`+string(Trainer)+`"`, trainer)
	if err != nil {
		return 0, fmt.Errorf("forget %s in the trace history: %w", trainer, err)
	}
	deleted, err := result.RowsAffected()
	if err != nil {
		return 0, fmt.Errorf("forget %s in the trace history: %w", trainer, err)
	}
	return int(deleted), h.emptyLog(ctx)
}

// emptyLog has the log of changes, which keeps what was deleted, written back.
func (h *History) emptyLog(ctx context.Context) error {
	var busy, logged, done sql.NullInt64
	if err := h.db.QueryRowContext(ctx, `PRAGMA wal_checkpoint(TRUNCATE)`).Scan(&busy, &logged, &done); err != nil {
		return fmt.Errorf("empty the log of the trace history: %w", err)
	}
	if busy.Int64 != 0 {
		return errors.New("another process reads the trace history, so that the log of changes beside it could not be emptied yet: end it and forget again")
	}
	return nil
}
