package sqlite

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"

	driver "modernc.org/sqlite"
	sqlite3 "modernc.org/sqlite/lib"

	"github.com/trainercal/trainercal/gateway/internal/store"
)

// DiskError says what is wrong with the place of a state, and what to do. It matches
// one of the store's errors about disks, and wraps what the system said.
type DiskError struct {
	// Path is the file that could not be read or written.
	Path string
	// Kind is [store.ErrDiskFull], [store.ErrDiskReadOnly], [store.ErrDisk] or
	// [store.ErrDamaged].
	Kind error
	Err  error
}

func (e *DiskError) Error() string {
	return fmt.Sprintf("%s: %v (%v): %s", e.Path, e.Kind, e.Err, adviceOn[e.Kind])
}

func (e *DiskError) Unwrap() []error { return []error{e.Kind, e.Err} }

// adviceOn says what an operator does about each kind.
var adviceOn = map[error]string{
	store.ErrDiskFull: "make room on that disk; nothing that was stored is lost, and a running gateway goes on by itself once there is room",
	store.ErrDiskReadOnly: "make the folder writable for the gateway's user, or have the disk mounted for writing; " +
		"status, runs and explain go on working meanwhile",
	store.ErrDisk: "look at the system's log for what the disk says; make a copy of the state before anything else",
	store.ErrDamaged: "stop the gateway and restore the state from a backup; without one, move the file away and import the schedule " +
		"again, and the next run finds what was written by its markers",
}

// primaryCode masks SQLite's extended codes: the rest of a code says more of the same.
const primaryCode = 0xff

// explain makes what the disk of the state at path causes a [DiskError]. Other errors
// are left alone.
func explain(path string, err error) error {
	var told *DiskError
	if err == nil || errors.As(err, &told) {
		return err
	}
	if kind := kindOf(path, err); kind != nil {
		return &DiskError{Path: path, Kind: kind, Err: err}
	}
	return err
}

// kindOf is the kind of what the disk caused; nil when it was something else.
func kindOf(path string, err error) error {
	switch {
	case errors.Is(err, syscall.ENOSPC), errors.Is(err, syscall.EDQUOT):
		return store.ErrDiskFull
	case errors.Is(err, syscall.EROFS), errors.Is(err, fs.ErrPermission):
		return store.ErrDiskReadOnly
	case errors.Is(err, syscall.EIO):
		return store.ErrDisk
	}
	var known *driver.Error
	if !errors.As(err, &known) {
		return nil
	}
	switch known.Code() & primaryCode {
	case sqlite3.SQLITE_FULL:
		return store.ErrDiskFull
	case sqlite3.SQLITE_READONLY:
		return store.ErrDiskReadOnly
	case sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB:
		return store.ErrDamaged
	case sqlite3.SQLITE_CANTOPEN:
		if !writable(filepath.Dir(path)) {
			return store.ErrDiskReadOnly
		}
		return store.ErrDisk
	case sqlite3.SQLITE_IOERR:
		// A quota, or a file beside the database that cannot grow, is told so too.
		if room, err := roomAt(filepath.Dir(path)); err == nil && room < leastRoom {
			return store.ErrDiskFull
		}
		return store.ErrDisk
	}
	return nil
}

// Disk is what is known of the disk of a state.
type Disk struct {
	// Free is how many bytes the gateway may still write, Size how many the state takes.
	Free, Size int64
	// Writable: files can be made beside the state.
	Writable bool
}

// DiskOf looks at the disk of the state at path, which need not be there yet. It answers
// [errors.ErrUnsupported] where the system does not tell.
func DiskOf(path string) (Disk, error) {
	dir := filepath.Dir(path)
	free, err := roomAt(dir)
	if err != nil {
		return Disk{}, fmt.Errorf("look at the disk of %s: %w", path, err)
	}
	d := Disk{Free: free, Writable: writable(dir)}
	for _, file := range []string{path, path + "-wal"} {
		if info, err := os.Stat(file); err == nil {
			d.Size += info.Size()
		}
	}
	return d, nil
}

// leastRoom is the free space below which a failed write is the lack of room.
const leastRoom = 1 << 20
