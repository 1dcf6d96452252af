package sqlite

import (
	"sync"
	"time"
)

// UseClock has the store take the time from now instead of [time.Now]. It is called
// before anything is stored.
func (s *Store) UseClock(now func() time.Time) { s.clock = now }

func (s *Store) now() time.Time {
	if s.clock == nil {
		return time.Now()
	}
	return s.clock()
}

// telling wakes whoever waits for what a change has told, when it was stored; it passes
// on the change's error.
func (s *Store) telling(err error) error {
	if err == nil {
		s.moved.tell()
	}
	return err
}

// signal wakes whoever waits for more. Its zero value is ready for use.
type signal struct {
	mu   sync.Mutex
	next chan struct{}
}

// wait returns a channel that is closed by the next tell.
func (s *signal) wait() <-chan struct{} {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.next == nil {
		s.next = make(chan struct{})
	}
	return s.next
}

func (s *signal) tell() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.next != nil {
		close(s.next)
		s.next = nil
	}
}
