package sdktest

import (
	"context"
	"errors"
	"sync"
	"testing"
	"time"

	"github.com/trainercal/trainercal/sdk"
)

// patience is how long a case waits for what must come.
const patience = time.Minute

// watching is a watch that runs beside its case.
type watching struct {
	t        testing.TB
	patience time.Duration
	cancel   context.CancelFunc
	ended    chan struct{}
	err      error

	mu sync.Mutex
	// changed is closed and made anew whenever something is noted.
	changed  chan struct{}
	states   map[string][]byte
	failures map[string]*sdk.Error
	hints    map[string]int
}

// watch starts a watch of mailboxes. It ends with the test, if not before.
func (w *world) watch(t testing.TB, boxes ...sdk.WatchMailbox) *watching {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	r := &watching{
		t: t, patience: w.patience, cancel: cancel, ended: make(chan struct{}), changed: make(chan struct{}),
		states: map[string][]byte{}, failures: map[string]*sdk.Error{}, hints: map[string]int{},
	}
	req := sdk.WatchRequest{NotificationURL: w.listen(t), Mailboxes: boxes}
	w.hear(r)
	go func() {
		defer close(r.ended)
		r.err = sdk.Watch(ctx, w.account, req, r.note)
	}()
	t.Cleanup(func() { cancel(); <-r.ended })
	return r
}

// listen plays the host's listener, which stays the same while watches come and go;
// empty for a backend that takes no notifications.
func (w *world) listen(t testing.TB) string {
	t.Helper()
	if w.listener == "" && w.announces(sdk.CapabilityDeliver) {
		w.listener = Listen(t, w.account, func(mailboxes []string) {
			w.mu.Lock()
			defer w.mu.Unlock()
			for _, r := range w.watches {
				_ = r.note(sdk.WatchEvent{Dirty: mailboxes})
			}
		})
	}
	return w.listener
}

// hear passes hints of the listener on to the watch too.
func (w *world) hear(r *watching) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.watches = append(w.watches, r)
}

// note takes an event.
func (r *watching) note(e sdk.WatchEvent) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	switch {
	case e.State != nil:
		r.states[e.State.Mailbox] = e.State.State
		delete(r.failures, e.State.Mailbox)
	case e.Failure != nil:
		r.failures[e.Failure.Mailbox] = e.Failure.Err
		delete(r.states, e.Failure.Mailbox)
	}
	for _, mailbox := range e.Dirty {
		r.hints[mailbox]++
	}
	close(r.changed)
	r.changed = make(chan struct{})
	return nil
}

// until waits for something to become true.
func (r *watching) until(what string, holds func() bool) {
	r.t.Helper()
	late := time.After(r.patience)
	for {
		r.mu.Lock()
		done, changed := holds(), r.changed
		r.mu.Unlock()
		if done {
			return
		}
		select {
		case <-changed:
		case <-r.ended:
			r.t.Fatalf("the watch ended while %s was awaited: %v", what, r.err)
		case <-late:
			r.t.Fatalf("%s did not come", what)
		}
	}
}

// watched waits until the mailboxes are watched, and returns the state of the first.
func (r *watching) watched(boxes ...sdk.Mailbox) []byte {
	r.t.Helper()
	for _, m := range boxes {
		r.until("the state of a mailbox", func() bool {
			if err := r.failures[m.Address]; err != nil && !err.Code.Transient() {
				r.t.Errorf("a mailbox is not watched: %v", err)
			}
			return r.states[m.Address] != nil
		})
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.states[boxes[0].Address]
}

// hinted runs do and waits for a hint at the mailbox that came after it began.
func (r *watching) hinted(m sdk.Mailbox, do func()) {
	r.t.Helper()
	before := r.count(m)
	do()
	r.until("a hint at the mailbox", func() bool { return r.hints[m.Address] > before })
}

func (r *watching) count(m sdk.Mailbox) int {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.hints[m.Address]
}

// stop ends the watch as the host does.
func (r *watching) stop() {
	r.t.Helper()
	r.cancel()
	select {
	case <-r.ended:
	case <-time.After(r.patience):
		r.t.Fatal("the watch goes on after the end of its context")
	}
	if !errors.Is(r.err, context.Canceled) {
		r.t.Errorf("the watch ended with %v, want the context's error", r.err)
	}
}
