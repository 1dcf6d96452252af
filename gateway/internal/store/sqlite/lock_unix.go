//go:build unix

package sqlite

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"strconv"
	"strings"
	"time"

	"golang.org/x/sys/unix"

	"github.com/trainercal/trainercal/gateway/internal/store"
)

// lock is a lock on a file, held by the operating system for as long as the file is
// open: it ends with the process, however that ends. The file itself stays.
type lock struct{ file *os.File }

// acquire takes the lock, or answers store.ErrLocked with the owner's process id.
func acquire(path string) (*lock, error) {
	file, err := os.OpenFile(path, os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, fmt.Errorf("open the state's lock: %w", err)
	}
	err = flock(file, unix.LOCK_EX)
	for tries := 1; errors.Is(err, unix.EWOULDBLOCK) && tries < lockTries; tries++ {
		time.Sleep(lockPause)
		err = flock(file, unix.LOCK_EX)
	}
	if errors.Is(err, unix.EWOULDBLOCK) {
		err = fmt.Errorf("%w%s", store.ErrLocked, owner(file))
	}
	if err == nil {
		err = note(file)
	}
	if err != nil {
		_ = file.Close() // it was only read
		return nil, fmt.Errorf("lock %s: %w", path, err)
	}
	return &lock{file}, nil
}

// How often, and how far apart, the lock is tried: [Owned] holds it for a moment.
const (
	lockTries = 3
	lockPause = 10 * time.Millisecond
)

func flock(file *os.File, how int) error { return unix.Flock(int(file.Fd()), how|unix.LOCK_NB) }

// Owned reports whether a process owns the state at path.
func Owned(path string) (bool, error) {
	file, err := os.Open(path + ".lock")
	if errors.Is(err, fs.ErrNotExist) {
		return false, nil
	}
	if err != nil {
		return false, fmt.Errorf("look at the state's lock: %w", err)
	}
	defer file.Close() //nolint:errcheck // only read from; closing it ends the lock
	err = flock(file, unix.LOCK_SH)
	switch {
	case errors.Is(err, unix.EWOULDBLOCK):
		return true, nil
	case err != nil:
		return false, fmt.Errorf("look at the state's lock: %w", err)
	}
	return false, nil
}

// note writes this process's id into the lock's file, for [owner].
func note(file *os.File) error {
	if err := file.Truncate(0); err != nil {
		return err
	}
	_, err := file.WriteAt([]byte(strconv.Itoa(os.Getpid())+"\n"), 0)
	return err
}

// owner names the process that holds the lock, as far as the file tells.
func owner(file *os.File) string {
	text, _ := io.ReadAll(io.LimitReader(file, 32))
	pid, err := strconv.Atoi(strings.TrimSpace(string(text)))
	if err != nil {
		return ""
	}
	return fmt.Sprintf(" (process %d)", pid)
}

func (l *lock) release() error { return l.file.Close() }
