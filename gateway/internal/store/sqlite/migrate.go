package sqlite

import (
	"context"
	"database/sql"
	"embed"
	"errors"
	"fmt"
	"io/fs"

	driver "modernc.org/sqlite"
	sqlite3 "modernc.org/sqlite/lib"

	"github.com/trainercal/trainercal/gateway/internal/store"
)

// migrations are the steps from an empty file to today's schema, in the order of
// their names. A released step is never changed.
//
//go:embed migrations/*.sql
var migrations embed.FS

// steps returns the migrations' texts.
func steps() []string {
	names, err := fs.Glob(migrations, "migrations/*.sql")
	if err != nil {
		panic(err) // only for a bad pattern
	}
	texts := make([]string, len(names))
	for i, name := range names {
		text, err := migrations.ReadFile(name)
		if err != nil {
			panic(err) // it is embedded
		}
		texts[i] = string(text)
	}
	return texts
}

// migrate brings the schema up to date in one transaction: who reads meanwhile sees
// the state before or after, never between two steps.
func migrate(ctx context.Context, db *sql.DB) error {
	version, err := schemaVersion(ctx, db)
	if err != nil {
		return err
	}
	all := steps()
	if version > len(all) {
		return newerSchema(version, len(all))
	}
	if version == len(all) {
		return nil
	}
	return within(ctx, db, func(tx *sql.Tx) error { return climb(ctx, tx, version, all) })
}

// climb takes the steps above version and notes each one's number.
func climb(ctx context.Context, tx *sql.Tx, version int, all []string) error {
	for i, step := range all[version:] {
		_, err := tx.ExecContext(ctx, step+fmt.Sprintf(`
			CREATE TABLE IF NOT EXISTS schema_version (version INTEGER NOT NULL) STRICT;
			DELETE FROM schema_version;
			INSERT INTO schema_version VALUES (%d);`, version+i+1))
		if err != nil {
			return fmt.Errorf("migrate the state to schema %d: %w", version+i+1, err)
		}
	}
	return nil
}

// checkSchema reports whether a reader can make sense of the state.
func checkSchema(ctx context.Context, db *sql.DB) error {
	version, err := schemaVersion(ctx, db)
	latest := len(steps())
	switch {
	case err != nil:
		return err
	case version == 0:
		return fmt.Errorf("the state is still empty: %w", store.ErrNotFound)
	case version > latest:
		return newerSchema(version, latest)
	case version < latest:
		return fmt.Errorf("the state has schema %d and this gateway needs %d: run \"gateway sync\" or \"gateway serve\" once, which migrates it", version, latest)
	}
	return nil
}

func newerSchema(version, latest int) error {
	return fmt.Errorf("%w: it has schema %d, this gateway knows %d; use the newer gateway", store.ErrNewerSchema, version, latest)
}

// schemaVersion is 0 for an empty file.
func schemaVersion(ctx context.Context, db *sql.DB) (int, error) {
	var tables, version int
	err := db.QueryRowContext(ctx, `SELECT count(*) FROM sqlite_schema WHERE name = 'schema_version'`).Scan(&tables)
	if err == nil && tables > 0 {
		err = db.QueryRowContext(ctx, `SELECT version FROM schema_version`).Scan(&version)
	}
	switch {
	case isDamaged(err):
		return 0, fmt.Errorf("the file is damaged, or no state of a gateway (%w): restore it from a backup; without one, "+
			"move it away and import the schedule again, and the next run finds what was written by its markers", err)
	case err != nil:
		return 0, fmt.Errorf("read the state's schema version: %w", err)
	}
	return version, nil
}

// isDamaged tells whether SQLite cannot make sense of the file.
func isDamaged(err error) bool {
	var known *driver.Error
	if !errors.As(err, &known) {
		return false
	}
	const primary = 0xff // the rest of a code says more of the same
	code := known.Code() & primary
	return code == sqlite3.SQLITE_NOTADB || code == sqlite3.SQLITE_CORRUPT
}
