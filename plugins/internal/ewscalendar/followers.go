package ewscalendar

import (
	"context"
	"maps"
	"sync"

	"github.com/trainercal/trainercal/sdk"
)

// followers are the watches under way, by the subscriptions that they follow. A server
// tells a change to one stream of a subscription, the last that was opened. A watch that
// the host has left may still be about to open one: it must have ended before the watch
// that takes its subscriptions over begins.
type followers struct {
	mu   sync.Mutex
	byID map[string]*follower
}

// follower is a watch under way: end ends it, ended is closed when it has.
type follower struct {
	end   context.CancelCauseFunc
	ended chan struct{}
}

// enter makes f the follower of a subscription, after the one before it has ended.
func (s *followers) enter(ctx context.Context, f *follower, id string) error {
	s.mu.Lock()
	former := s.byID[id]
	s.byID[id] = f
	s.mu.Unlock()
	if former == nil || former == f {
		return nil
	}
	former.end(sdk.CodeUnavailable.New("another watch follows the mailboxes of this one"))
	select {
	case <-former.ended:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

// leave tells that f has ended.
func (s *followers) leave(f *follower) {
	s.mu.Lock()
	defer s.mu.Unlock()
	maps.DeleteFunc(s.byID, func(_ string, other *follower) bool { return other == f })
	close(f.ended)
}
