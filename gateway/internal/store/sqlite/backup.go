package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"

	"github.com/trainercal/trainercal/gateway/internal/store"
)

// ErrExists: a backup is never written over a file that is there.
var ErrExists = errors.New("there is a file of this name already: a backup never replaces one")

// Backup copies the state at path into a new file, as it is at one moment, also while
// another process owns and changes it. The copy is compact: what was deleted is not in
// it. It is checked and on the disk when Backup returns; its owner alone can read it.
// A failure leaves no file behind. It returns the size in bytes.
func Backup(ctx context.Context, path, file string) (int64, error) {
	if _, err := os.Stat(path); err != nil {
		if errors.Is(err, fs.ErrNotExist) {
			err = store.ErrNotFound
		}
		return 0, fmt.Errorf("back up the state %s: %w", path, err)
	}
	if _, err := os.Lstat(file); err == nil {
		return 0, fmt.Errorf("back up to %s: %w", file, ErrExists)
	}
	size, err := copyTo(ctx, path, file, link)
	if errors.Is(err, fs.ErrExist) {
		err = ErrExists
	}
	if err != nil {
		return 0, fmt.Errorf("back up %s to %s: %w", path, file, err)
	}
	return size, nil
}

// copyTo writes a checked copy into a file of another name in the same folder, and has
// place put it where it belongs.
func copyTo(ctx context.Context, path, file string, place func(from, to string) error) (size int64, err error) {
	part, err := os.CreateTemp(filepath.Dir(file), "."+filepath.Base(file)+".*.part") // mode 0600
	if err != nil {
		return 0, explain(file, err)
	}
	defer func() { _ = os.Remove(part.Name()) }() // it is gone when all went well
	defer func() { err = errors.Join(err, part.Close()) }()
	if err := checkRoom(path, file); err != nil {
		return 0, err
	}
	if err := vacuumInto(ctx, path, part.Name()); err != nil {
		return 0, explain(file, err)
	}
	if err := checkCopy(ctx, part.Name()); err != nil {
		return 0, err
	}
	if err := part.Sync(); err != nil {
		return 0, explain(file, err)
	}
	info, err := part.Stat()
	if err != nil {
		return 0, err
	}
	if err := place(part.Name(), file); err != nil {
		return 0, explain(file, err)
	}
	return info.Size(), syncDir(filepath.Dir(file))
}

// link gives a file a second name that must not be taken. Where the disk knows no such
// names, the file is renamed.
func link(from, to string) error {
	err := os.Link(from, to)
	if errors.Is(err, syscall.EPERM) || errors.Is(err, syscall.ENOTSUP) || errors.Is(err, errors.ErrUnsupported) {
		return os.Rename(from, to)
	}
	return err
}

// vacuumInto copies a database into an empty file within one read transaction: writers
// go on meanwhile.
func vacuumInto(ctx context.Context, path, file string) error {
	db := readOnly(path, 1)
	defer func() { _ = db.Close() }() // only read from
	if _, err := db.ExecContext(ctx, "VACUUM INTO ?", file); err != nil {
		return fmt.Errorf("copy the state: %w", err)
	}
	return nil
}

// checkCopy reads a copy back whole.
func checkCopy(ctx context.Context, file string) error {
	db := connect(file, 1, "mode=ro", "immutable=1")
	defer func() { _ = db.Close() }() // only read from
	return checkWhole(ctx, db, file)
}

// checkRoom refuses to begin a copy that cannot fit.
func checkRoom(path, file string) error {
	info, err := os.Stat(path)
	if err != nil {
		return err
	}
	room, err := roomAt(filepath.Dir(file))
	if errors.Is(err, errors.ErrUnsupported) {
		return nil
	}
	if err != nil {
		return err
	}
	if need := info.Size() + leastRoom; room < need {
		return &DiskError{Path: file, Kind: store.ErrDiskFull, Err: fmt.Errorf("a copy needs up to %d MiB, free are %d MiB", need>>20, room>>20)}
	}
	return nil
}

// syncDir has the folder's entries stored. Where a folder cannot be synced, the system
// does it in its own time.
func syncDir(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	defer d.Close() //nolint:errcheck // only read from
	if err := d.Sync(); err != nil && !errors.Is(err, syscall.EINVAL) && !errors.Is(err, syscall.ENOTSUP) {
		return explain(dir, err)
	}
	return nil
}

// readOnly makes a pool of connections that only read. A state on a disk that cannot be
// written to, and that was closed in order, is read without the files that readers and
// writers share otherwise.
func readOnly(path string, n int) *sql.DB {
	params := []string{"mode=ro"}
	if _, err := os.Stat(path + "-wal"); errors.Is(err, fs.ErrNotExist) && !writable(filepath.Dir(path)) {
		params = append(params, "immutable=1")
	}
	return connect(path, n, params...)
}
