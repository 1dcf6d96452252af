package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strings"

	"github.com/trainercal/trainercal/gateway/internal/store"
)

// maxFindings is how many findings of a check are told.
const maxFindings = 3

// Check reads through the whole state and answers an error that matches
// [store.ErrDamaged] when it does not hold together. It keeps nobody from writing. It
// leaves out whether each index has what it should, which takes much longer: a backup
// checks that too.
func (s *Store) Check(ctx context.Context) error {
	return checkWith(ctx, s.read, s.path, "PRAGMA quick_check")
}

// checkWhole checks everything, and that no row refers to one that is not there.
func checkWhole(ctx context.Context, db *sql.DB, path string) error {
	if err := checkWith(ctx, db, path, "PRAGMA integrity_check"); err != nil {
		return err
	}
	return checkReferences(ctx, db, path)
}

// querier is a database or a transaction.
type querier interface {
	QueryContext(ctx context.Context, query string, args ...any) (*sql.Rows, error)
}

func checkWith(ctx context.Context, q querier, path, pragma string) error {
	findings, err := collect(ctx, q, func(rows *sql.Rows) (finding string, err error) { return finding, rows.Scan(&finding) },
		fmt.Sprintf("%s(%d)", pragma, maxFindings))
	if err != nil {
		return explain(path, fmt.Errorf("check the state: %w", err))
	}
	if len(findings) == 1 && findings[0] == "ok" {
		return nil
	}
	return &DiskError{Path: path, Kind: store.ErrDamaged, Err: errors.New(strings.Join(findings, "; "))}
}

func checkReferences(ctx context.Context, q querier, path string) error {
	tables, err := collect(ctx, q, func(rows *sql.Rows) (table string, err error) {
		var (
			row    sql.NullInt64
			parent string
			key    int
		)
		return table, rows.Scan(&table, &row, &parent, &key)
	}, "PRAGMA foreign_key_check")
	if err != nil {
		return explain(path, fmt.Errorf("check the state's references: %w", err))
	}
	if len(tables) > 0 {
		return &DiskError{
			Path: path, Kind: store.ErrDamaged,
			Err: fmt.Errorf("%d rows refer to others that are not there, the first in %s", len(tables), tables[0]),
		}
	}
	return nil
}
