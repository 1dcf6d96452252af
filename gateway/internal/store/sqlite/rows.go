package sqlite

import (
	"context"
	"database/sql"
	"fmt"
	"slices"
	"strings"
)

// rowsAtOnce is how many rows one statement writes.
const rowsAtOnce = 50

// insert writes rows of n values each, in order. head is the statement up to
// VALUES, tail what follows the rows.
func insert(ctx context.Context, tx *sql.Tx, head, tail string, rows [][]any) error {
	for chunk := range slices.Chunk(rows, rowsAtOnce) {
		row := "(" + strings.TrimSuffix(strings.Repeat("?,", len(chunk[0])), ",") + ")"
		query := head + " VALUES " + strings.TrimSuffix(strings.Repeat(row+",", len(chunk)), ",") + " " + tail
		if _, err := tx.ExecContext(ctx, query, slices.Concat(chunk...)...); err != nil {
			return fmt.Errorf("%s: %w", head, err)
		}
	}
	return nil
}

// execEach runs one statement for each list of arguments.
func execEach(ctx context.Context, tx *sql.Tx, query string, args [][]any) error {
	for _, a := range args {
		if _, err := tx.ExecContext(ctx, query, a...); err != nil {
			return fmt.Errorf("%s: %w", query, err)
		}
	}
	return nil
}

// collect reads all rows of a query, each by scan.
func collect[T any](ctx context.Context, tx querier, scan func(*sql.Rows) (T, error), query string, args ...any) ([]T, error) {
	rows, err := tx.QueryContext(ctx, query, args...)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", query, err)
	}
	defer func() { _ = rows.Close() }() // rows.Err tells what failed
	var all []T
	for rows.Next() {
		one, err := scan(rows)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", query, err)
		}
		all = append(all, one)
	}
	if err := rows.Err(); err != nil {
		return nil, fmt.Errorf("%s: %w", query, err)
	}
	return all, nil
}
