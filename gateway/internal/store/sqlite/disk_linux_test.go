package sqlite

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/trainercal/trainercal/gateway/internal/store"
)

// fill imports courses until that fails, and returns how many are stored and why no more.
func fill(t *testing.T, s *Store) (int, error) {
	t.Helper()
	for i := range 10000 {
		batch := lesson(fmt.Sprint("c", i))
		batch.Courses[0].Name = strings.Repeat("long ", 100)
		if _, err := s.Import(t.Context(), batch); err != nil {
			return i, err
		}
	}
	t.Fatal("the disk was never full")
	return 0, nil
}

// A full disk is told so with its path, loses nothing, and is no trouble any more once
// there is room.
func TestDiskFull(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "gateway.db")
	s := opened(t, path)
	limit := func(pages int) {
		if _, err := s.write.ExecContext(t.Context(), fmt.Sprintf("PRAGMA max_page_count = %d", pages)); err != nil {
			t.Fatal(err)
		}
	}
	limit(100)
	n, err := fill(t, s)
	toldOf(t, err, store.ErrDiskFull, path)
	if got := courseCount(t, s); got != n {
		t.Errorf("%d courses are stored, %d were said to be", got, n)
	}
	limit(1 << 20)
	if _, err := s.Import(t.Context(), lesson("afterwards")); err != nil {
		t.Errorf("with room again: %v", err)
	}
	if got := courseCount(t, s); got != n+1 {
		t.Errorf("%d courses, want %d", got, n+1)
	}
}

// toldOf checks that an error says which file, and what to do.
func toldOf(t *testing.T, err, want error, path string) {
	t.Helper()
	var told *DiskError
	if !errors.Is(err, want) || !errors.As(err, &told) || told.Path != path || adviceOn[told.Kind] == "" {
		t.Errorf("got %v, want %v at %s", err, want, path)
	}
}

// mounted is a small disk of its own, where the user may make one.
func mounted(t *testing.T, size int) string {
	t.Helper()
	dir := t.TempDir()
	if err := unix.Mount("tmpfs", dir, "tmpfs", 0, fmt.Sprintf("size=%d,mode=0700", size)); err != nil {
		t.Skipf("no disk can be mounted here: %v", err)
	}
	t.Cleanup(func() {
		if err := unix.Unmount(dir, unix.MNT_DETACH); err != nil {
			t.Error(err)
		}
	})
	return dir
}

// The same with a real disk, on which another file takes the room.
func TestRealDiskFull(t *testing.T) {
	t.Parallel()
	dir := mounted(t, 3<<20)
	path, other := filepath.Join(dir, "gateway.db"), filepath.Join(dir, "other")
	s := opened(t, path)
	if err := os.WriteFile(other, make([]byte, 1<<20), 0o600); err != nil {
		t.Fatal(err)
	}
	n, err := fill(t, s)
	toldOf(t, err, store.ErrDiskFull, path)
	_, err = Backup(t.Context(), path, filepath.Join(dir, "backup.db"))
	toldOf(t, err, store.ErrDiskFull, filepath.Join(dir, "backup.db"))
	if err := os.Remove(other); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Import(t.Context(), lesson("afterwards")); err != nil {
		t.Errorf("with room again: %v", err)
	}
	if got := courseCount(t, s); got != n+1 {
		t.Errorf("%d courses, want %d", got, n+1)
	}
	if err := s.Check(t.Context()); err != nil {
		t.Error(err)
	}
}

// A migration that has no room for its backup leaves the state as it is.
func TestMigrationWithoutRoom(t *testing.T) {
	t.Parallel()
	dir := mounted(t, 2<<20)
	path := filepath.Join(dir, "gateway.db")
	old(t, path, len(steps())-1)
	if err := os.WriteFile(filepath.Join(dir, "other"), make([]byte, 1<<20), 0o600); err != nil {
		t.Fatal(err)
	}
	_, err := Open(t.Context(), path)
	toldOf(t, err, store.ErrDiskFull, BeforeMigration(path, len(steps())))
	db := readOnly(path, 1)
	defer func() { _ = db.Close() }()
	if version, err := schemaVersion(t.Context(), db); err != nil || version != len(steps())-1 {
		t.Errorf("schema %d, %v", version, err)
	}
}

// On a disk that cannot be written to, what is stored can be read, and who wants to
// change it is told so.
func TestReadOnlyDisk(t *testing.T) {
	t.Parallel()
	dir := mounted(t, 4<<20)
	path := filepath.Join(dir, "gateway.db")
	s, err := Open(t.Context(), path)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := s.Import(t.Context(), lesson("1")); err != nil {
		t.Fatal(err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	if err := unix.Mount("", dir, "", unix.MS_REMOUNT|unix.MS_RDONLY, ""); err != nil {
		t.Fatal(err)
	}
	_, err = Open(t.Context(), path)
	toldOf(t, err, store.ErrDiskReadOnly, path)
	reader, err := OpenReadOnly(t.Context(), path)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = reader.Close() }()
	if n := courseCount(t, reader); n != 1 {
		t.Errorf("%d courses", n)
	}
	if _, err := Backup(t.Context(), path, filepath.Join(t.TempDir(), "backup.db")); err != nil {
		t.Errorf("a backup to another disk: %v", err)
	}
}
