package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"sync"
	"time"

	_ "modernc.org/sqlite" // the driver "sqlite"

	"github.com/trainercal/trainercal/gateway/internal/failpoint"
	"github.com/trainercal/trainercal/gateway/internal/store"
)

// Store is a state file that is open. It implements store.Store.
type Store struct {
	path string
	// write is one connection; nil when the state is open for reading only.
	write *sql.DB
	read  *sql.DB
	lock  *lock
	// turn is held by the one transaction that may ask for the connection which writes.
	turn chan struct{}
	// clock says when something happens; nil for [time.Now].
	clock func() time.Time
	// moved tells readers of the feed and of events that there is more to read.
	moved signal

	closing  sync.Once
	closeErr error
}

var _ store.Store = (*Store)(nil)

// readers is how many connections read at once.
const readers = 4

// Open opens the state for this process alone, making or migrating it as needed.
// Runs that an ended process left running are marked as aborted. It answers
// store.ErrLocked when another process owns it, and store.ErrNewerSchema when a
// newer gateway wrote it, and a [DiskError] when the disk is to blame. The file can be
// read by its owner only. A migration leaves a backup of the state before it beside the
// file.
func Open(ctx context.Context, path string) (*Store, error) {
	if err := create(path); err != nil {
		return nil, explain(path, err)
	}
	lock, err := acquire(path + ".lock")
	if err != nil {
		return nil, explain(path+".lock", err)
	}
	s := &Store{
		path: path,
		write: connect(path, 1, "_txlock=immediate", "_pragma=journal_mode(wal)", "_pragma=synchronous(full)", "_pragma=foreign_keys(on)",
			"_pragma=secure_delete(on)",             // what is deleted is not to be read in the file (forget-1)
			"_pragma=journal_size_limit(16777216)"), // a burst does not leave a large file behind for good
		read: connect(path, readers, "mode=ro"),
		lock: lock, turn: make(chan struct{}, 1),
	}
	if err := s.prepare(ctx); err != nil {
		return nil, errors.Join(explain(path, err), s.Close())
	}
	return s, nil
}

// OpenReadOnly opens the state for reading, also while another process owns it. It
// answers store.ErrNotFound where there is none yet. Methods that change something
// answer store.ErrReadOnly.
func OpenReadOnly(ctx context.Context, path string) (*Store, error) {
	if _, err := os.Stat(path); errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("state %s: %w", path, store.ErrNotFound)
	}
	s := &Store{path: path, read: readOnly(path, readers)}
	if err := checkSchema(ctx, s.read); err != nil {
		return nil, errors.Join(explain(path, err), s.Close())
	}
	return s, nil
}

// create makes an empty file that its owner alone can read, where there is none.
func create(path string) error {
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return fmt.Errorf("make the folder of the state: %w", err)
	}
	f, err := os.OpenFile(path, os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return fmt.Errorf("open the state: %w", err)
	}
	return f.Close()
}

// connect makes a pool of at most n connections. It does no I/O.
func connect(path string, n int, params ...string) *sql.DB {
	name := "file:" + (&url.URL{Path: path}).EscapedPath() + "?_pragma=busy_timeout(10000)"
	for _, p := range params {
		name += "&" + p
	}
	db, err := sql.Open("sqlite", name)
	if err != nil {
		panic(err) // only for a driver that is not registered
	}
	db.SetMaxOpenConns(n)
	db.SetMaxIdleConns(n)
	return db
}

func (s *Store) prepare(ctx context.Context) error {
	if err := migrate(ctx, s.write, s.path); err != nil {
		return err
	}
	_, err := s.write.ExecContext(ctx, `UPDATE runs SET state = ?, message = ? WHERE state = ?`,
		store.RunAborted, "the gateway's process ended before the run did", store.RunRunning)
	if err != nil {
		return fmt.Errorf("mark runs that were cut short: %w", err)
	}
	return within(ctx, s.write, func(tx *sql.Tx) error {
		// The lock says that nobody is at work any more.
		if err := abandon(ctx, tx); err != nil {
			return err
		}
		return beginEpoch(ctx, tx)
	})
}

// Close releases the state. It is safe to call twice.
func (s *Store) Close() error {
	s.closing.Do(func() {
		errs := []error{s.read.Close()}
		if s.write != nil {
			errs = append(errs, s.write.Close())
		}
		if s.lock != nil {
			errs = append(errs, s.lock.release())
		}
		s.closeErr = errors.Join(errs...)
	})
	return s.closeErr
}

// change runs do in one transaction: it is stored whole or not at all. Who comes first
// goes first: the pool hands its connection to any of those who wait, so that under load
// some would wait for ever, and the queue, which shares the connection, would get it too
// late to start or to stay the leader.
func (s *Store) change(ctx context.Context, do func(*sql.Tx) error) error {
	if s.write == nil {
		return store.ErrReadOnly
	}
	select {
	case s.turn <- struct{}{}:
		defer func() { <-s.turn }()
	case <-ctx.Done():
		return fmt.Errorf("wait for a turn to write: %w", ctx.Err())
	}
	failpoint.Reach("commit.begin")
	defer failpoint.Reach("commit.end")
	return explain(s.path, within(ctx, s.write, do))
}

// look runs do in one transaction that sees one moment's state.
func (s *Store) look(ctx context.Context, do func(*sql.Tx) error) error {
	return explain(s.path, within(ctx, s.read, do))
}

func within(ctx context.Context, db *sql.DB, do func(*sql.Tx) error) error {
	tx, err := db.BeginTx(ctx, nil)
	if err != nil {
		return fmt.Errorf("begin a transaction: %w", err)
	}
	if err := do(tx); err != nil {
		_ = tx.Rollback() // the first error is the one to tell
		return err
	}
	if err := tx.Commit(); err != nil {
		return fmt.Errorf("commit: %w", err)
	}
	return nil
}
