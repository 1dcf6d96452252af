package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/trainercal/trainercal/gateway/internal/platform"
	"github.com/trainercal/trainercal/gateway/internal/store"
)

// lesson is a course of a batch.
func lesson(id string) store.Batch {
	return store.Batch{Import: platform.Import{Courses: []platform.Course{{
		Provider: "northwind", ID: id, Name: "Go basics", Kind: platform.KindClass, Status: platform.StatusConfirmed,
		Start: day, End: day.AddDate(0, 0, 1), TimeZone: "UTC", Trainers: []platform.CourseTrainer{{ID: "ana"}},
	}}}}
}

// opened is a state that is closed at the test's end.
func opened(t *testing.T, path string) *Store {
	t.Helper()
	s, err := Open(t.Context(), path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return s
}

func courseCount(t *testing.T, s *Store) int {
	t.Helper()
	courses, err := s.Courses(t.Context(), "northwind")
	if err != nil {
		t.Fatal(err)
	}
	return len(courses)
}

// A backup is one moment's state, made while the owner goes on writing, is of its owner
// alone, and can be opened as a state.
func TestBackupWhileInUse(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	s := opened(t, state(dir))
	ctx, stop := context.WithCancel(t.Context())
	written := make(chan error, 1)
	if _, err := s.Import(ctx, lesson("first")); err != nil {
		t.Fatal(err)
	}
	go func() {
		for i := 0; ; i++ {
			batch := lesson(fmt.Sprint("a", i))
			batch.Courses = append(batch.Courses, lesson(fmt.Sprint("b", i)).Courses...)
			if _, err := s.Import(ctx, batch); err != nil {
				written <- err
				return
			}
		}
	}()
	file := filepath.Join(dir, "backup.db")
	size, err := Backup(t.Context(), state(dir), file)
	stop()
	if err := <-written; !errors.Is(err, context.Canceled) {
		t.Errorf("the writer ended with %v", err)
	}
	if err != nil {
		t.Fatal(err)
	}
	info, err := os.Stat(file)
	if err != nil || info.Mode().Perm() != 0o600 || info.Size() != size {
		t.Errorf("the backup has mode %v and %d bytes, said to be %d; %v", info.Mode(), info.Size(), size, err)
	}
	if n := courseCount(t, opened(t, file)); n%2 != 1 {
		t.Errorf("the backup holds %d courses: half of an import", n)
	}
	left, err := filepath.Glob(filepath.Join(dir, ".*"))
	if err != nil || len(left) > 0 {
		t.Errorf("left behind: %v, %v", left, err)
	}
}

func TestBackupRefusals(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	path := filepath.Join(dir, "gateway.db")
	if _, err := Backup(t.Context(), path, filepath.Join(dir, "b")); !errors.Is(err, store.ErrNotFound) {
		t.Errorf("no state: %v", err)
	}
	opened(t, path)
	taken := filepath.Join(dir, "taken")
	if err := os.WriteFile(taken, []byte("mine"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := Backup(t.Context(), path, taken); !errors.Is(err, ErrExists) {
		t.Errorf("a file that is there: %v", err)
	}
	if text, err := os.ReadFile(taken); err != nil || string(text) != "mine" {
		t.Errorf("the file that was there holds %q, %v", text, err)
	}
	if _, err := Backup(t.Context(), path, filepath.Join(dir, "no", "such", "folder")); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("no folder: %v", err)
	}
}

// A damaged state is not backed up as if it were one.
func TestBackupOfDamagedState(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	path := filepath.Join(dir, "gateway.db")
	damage(t, path)
	file := filepath.Join(dir, "backup.db")
	if _, err := Backup(t.Context(), path, file); !errors.Is(err, store.ErrDamaged) {
		t.Errorf("got %v, want ErrDamaged", err)
	}
	if _, err := os.Stat(file); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("a backup is there: %v", err)
	}
}

// damage makes a state of many pages and overwrites some in the middle.
func damage(t *testing.T, path string) {
	t.Helper()
	s, err := Open(t.Context(), path)
	if err != nil {
		t.Fatal(err)
	}
	batch := lesson("0")
	for i := range 2000 { // most of the file is courses
		batch.Courses = append(batch.Courses, lesson(fmt.Sprint("c", i)).Courses...)
	}
	if _, err := s.Import(t.Context(), batch); err != nil {
		t.Fatal(err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	from := len(text) / 2 &^ 4095
	copy(text[from:from+3*4096], strings.Repeat("damage", 3*4096/6))
	if err := os.WriteFile(path, text, 0o600); err != nil {
		t.Fatal(err)
	}
}

func TestCheckFindsDamage(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "gateway.db")
	if err := opened(t, filepath.Join(t.TempDir(), "good.db")).Check(t.Context()); err != nil {
		t.Errorf("a new state: %v", err)
	}
	damage(t, path)
	s := opened(t, path)
	var told *DiskError
	if err := s.Check(t.Context()); !errors.Is(err, store.ErrDamaged) || !errors.As(err, &told) || told.Path != path {
		t.Errorf("got %v, want ErrDamaged that names the state", err)
	}
}

// old makes a state of an earlier schema.
func old(t *testing.T, path string, schema int) {
	t.Helper()
	if err := create(path); err != nil {
		t.Fatal(err)
	}
	db := connect(path, 1, "_txlock=immediate", "_pragma=journal_mode(wal)")
	err := within(t.Context(), db, func(tx *sql.Tx) error { return climb(t.Context(), tx, 0, steps()[:schema]) })
	if err := errors.Join(err, db.Close()); err != nil {
		t.Fatal(err)
	}
}

// TestMigrationKeepsABackup: each step forward leaves the state before it beside the
// state; a new state has none.
func TestMigrationKeepsABackup(t *testing.T) {
	t.Parallel()
	for schema := range len(steps()) {
		t.Run(fmt.Sprint("from ", schema), func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "gateway.db")
			old(t, path, schema)
			s := opened(t, path)
			if version, err := schemaVersion(t.Context(), s.read); err != nil || version != len(steps()) {
				t.Errorf("schema %d, %v", version, err)
			}
			before := BeforeMigration(path, len(steps()))
			db := connect(before, 1, "mode=ro")
			defer func() { _ = db.Close() }()
			switch version, err := schemaVersion(t.Context(), db); {
			case schema == 0:
				if _, err := os.Stat(before); !errors.Is(err, fs.ErrNotExist) {
					t.Errorf("an empty state was backed up: %v", err)
				}
			case err != nil || version != schema:
				t.Errorf("the backup has schema %d, %v", version, err)
			}
		})
	}
}

// A state that cannot be copied, or does not hold together, is not migrated.
func TestMigrationIsRefused(t *testing.T) {
	t.Parallel()
	last := len(steps()) - 1
	tests := map[string]struct {
		spoil func(t *testing.T, path string)
		want  error
	}{
		"no backup can be written": {func(t *testing.T, path string) {
			if err := os.MkdirAll(filepath.Join(BeforeMigration(path, last+1), "in the way"), 0o700); err != nil {
				t.Fatal(err)
			}
		}, fs.ErrExist},
		"a row refers to nothing": {func(t *testing.T, path string) {
			db := connect(path, 1)
			_, err := db.ExecContext(t.Context(), `CREATE TABLE child (id INTEGER REFERENCES runs(id)); INSERT INTO child VALUES (77)`)
			if err := errors.Join(err, db.Close()); err != nil {
				t.Fatal(err)
			}
		}, store.ErrDamaged},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "gateway.db")
			old(t, path, last)
			tt.spoil(t, path)
			if s, err := Open(t.Context(), path); !errors.Is(err, tt.want) {
				t.Errorf("got %v, %v, want %v", s, err, tt.want)
			}
			db := connect(path, 1, "mode=ro")
			defer func() { _ = db.Close() }()
			if version, err := schemaVersion(t.Context(), db); err != nil || version != last {
				t.Errorf("the state has schema %d, %v; it should have stayed at %d", version, err, last)
			}
		})
	}
}
