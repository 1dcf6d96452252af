package guard

import (
	"context"
	"net/url"

	"github.com/trainercal/trainercal/sdk"
)

// maxURLBytes bounds the address of the host's listener.
const maxURLBytes = 2 << 10

// Watch implements [sdk.Watcher].
func (g *guarded) Watch(ctx context.Context, req sdk.WatchRequest, emit func(sdk.WatchEvent) error) error {
	s, err := newWatch(req)
	if err != nil {
		return err
	}
	err = sdk.Watch(ctx, g.next, req, func(e sdk.WatchEvent) error {
		if err := s.check(e); err != nil {
			return err
		}
		return emit(e)
	})
	return s.end(err, func(string) error { return nil })
}

// newWatch checks a request for hints.
func newWatch(req sdk.WatchRequest) (*session, error) {
	if req.NotificationURL != "" && !absolute(req.NotificationURL) {
		return nil, sdk.CodeInvalidRequest.New("a watch with a notification address that is none")
	}
	mailboxes := make([]sdk.Mailbox, len(req.Mailboxes))
	for i, m := range req.Mailboxes {
		mailboxes[i] = m.Mailbox
		if len(m.State) > sdk.MaxWatchStateBytes {
			return nil, sdk.CodeInvalidRequest.New("a watch state of %d bytes, at most %d are allowed", len(m.State), sdk.MaxWatchStateBytes)
		}
	}
	return newSession(mailboxes)
}

func absolute(address string) bool {
	u, err := url.Parse(address)
	return err == nil && len(address) <= maxURLBytes && u.Scheme != "" && u.Host != ""
}

// check fails the watch for an event that breaks the contract.
func (s *session) check(e sdk.WatchEvent) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.violation != nil {
		return s.violation
	}
	about := e.Dirty
	kinds := count(e.Heartbeat, len(e.Dirty) > 0, e.State != nil, e.Failure != nil)
	switch {
	case kinds != 1:
		return s.violate("the plugin reported an event of a watch that says nothing, or several things")
	case e.State != nil && len(e.State.State) > sdk.MaxWatchStateBytes:
		return s.violate("the plugin made a watch state that is too long")
	case e.State != nil:
		about = []string{e.State.Mailbox}
	case e.Failure != nil && e.Failure.Err == nil:
		return s.violate("the plugin reported that a mailbox is not watched without saying why")
	case e.Failure != nil:
		about = []string{e.Failure.Mailbox}
	}
	for _, mailbox := range about {
		if s.boxes[mailbox] == nil {
			return s.violate("the plugin hinted at a mailbox that it does not watch")
		}
	}
	return nil
}

func count(facts ...bool) int {
	n := 0
	for _, fact := range facts {
		if fact {
			n++
		}
	}
	return n
}
