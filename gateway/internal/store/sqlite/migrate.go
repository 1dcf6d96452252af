package sqlite

import (
	"context"
	"database/sql"
	"embed"
	"fmt"
	"io/fs"
	"os"

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

// migrate brings the schema of the state at path up to date in one transaction: who
// reads meanwhile sees the state before or after, never between two steps. A state that
// holds something is checked and copied before; where that cannot be done, it stays as
// it is.
func migrate(ctx context.Context, db *sql.DB, path string) error {
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
	if version > 0 {
		if err := secure(ctx, db, path, len(all)); err != nil {
			return fmt.Errorf("the state is not migrated to schema %d, and stays as it is: %w", len(all), err)
		}
	}
	return within(ctx, db, func(tx *sql.Tx) error {
		if err := climb(ctx, tx, version, all); err != nil {
			return err
		}
		return checkReferences(ctx, tx, path)
	})
}

// BeforeMigration is the file that holds the state at path as it was before it was
// migrated to a schema.
func BeforeMigration(path string, schema int) string {
	return fmt.Sprintf("%s.before-%04d", path, schema)
}

// secure checks a state and copies it beside itself. A copy from an earlier attempt is
// replaced: nothing has come of that.
func secure(ctx context.Context, db *sql.DB, path string, schema int) error {
	if err := checkWhole(ctx, db, path); err != nil {
		return err
	}
	_, err := copyTo(ctx, path, BeforeMigration(path, schema), os.Rename)
	return err
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
		if err := migrateJobs(ctx, tx, version+i+1); err != nil {
			return err
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
	if err != nil {
		return 0, fmt.Errorf("read the state's schema version: %w", err)
	}
	return version, nil
}
