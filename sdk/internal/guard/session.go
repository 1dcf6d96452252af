package guard

import (
	"sync"

	"github.com/trainercal/trainercal/sdk"
)

// session is the bookkeeping of one call: which mailboxes have ended.
type session struct {
	mu    sync.Mutex
	boxes map[string]*box
	// violation is the first defect that fails the call.
	violation error
}

// box is what a call knows of one mailbox.
type box struct {
	// asked is the index of the mailbox's request.
	asked int
	// items counts what was reported so far.
	items int
	// ended: the mailbox's last page is out.
	ended bool
	// failed: we ended it for a fault; what the backend still says is dropped.
	failed bool
}

func newSession(mailboxes []sdk.Mailbox) (*session, error) {
	if len(mailboxes) > sdk.MaxMailboxes {
		return nil, sdk.CodeInvalidRequest.New("%d mailboxes in a call, at most %d are allowed", len(mailboxes), sdk.MaxMailboxes)
	}
	s := &session{boxes: map[string]*box{}}
	for i, m := range mailboxes {
		if m.Address == "" {
			return nil, sdk.CodeInvalidRequest.New("a request names no mailbox")
		}
		if s.boxes[m.Address] != nil {
			return nil, sdk.CodeInvalidRequest.New("a call names the same mailbox twice")
		}
		s.boxes[m.Address] = &box{asked: i}
	}
	return s, nil
}

// enter notes a page of the mailbox. check looks at the page while no other page is
// noted; the fault it returns ends the mailbox in place of the page. When pass is
// false and there is no error, the page is dropped.
func (s *session) enter(mailbox string, last bool, check func(*box) *sdk.Error) (pass bool, fault *sdk.Error, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	b := s.boxes[mailbox]
	switch {
	case s.violation != nil:
		return false, nil, s.violation
	case b == nil:
		return false, nil, s.violate("the plugin answered for a mailbox that it was not asked about")
	case b.failed:
		return false, nil, nil
	case b.ended:
		return false, nil, s.violate("the plugin answered for a mailbox after the end of its answer")
	}
	if fault = check(b); fault != nil {
		b.failed, last = true, true
	}
	b.ended = last
	return true, fault, nil
}

// violate fails the call. The caller holds the lock.
func (s *session) violate(text string) error {
	s.violation = sdk.CodeInternal.New("%s", text)
	return s.violation
}

// end closes the call that ended with err: mailboxes without an end are handed to
// missing, in no order, unless the call failed.
func (s *session) end(err error, missing func(mailbox string) error) error {
	s.mu.Lock()
	violation := s.violation
	var open []string
	for mailbox, b := range s.boxes {
		if !b.ended {
			open = append(open, mailbox)
		}
	}
	s.mu.Unlock()
	if violation != nil {
		return violation
	}
	if err != nil {
		return err
	}
	for _, mailbox := range open {
		if err := missing(mailbox); err != nil {
			return err
		}
	}
	return nil
}

func errNoEnd() *sdk.Error {
	return sdk.CodeInternal.New("the plugin did not finish its answer for the mailbox")
}
