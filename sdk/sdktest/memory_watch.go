package sdktest

import (
	"context"
	"strconv"
	"time"

	"github.com/trainercal/trainercal/sdk"
)

// memoryWatch is a watch of some mailboxes. The service's lock guards it.
type memoryWatch struct {
	dirty map[string]bool
	// wake holds a token while there is something dirty.
	wake chan struct{}
}

// mark notes a change. The caller holds the service's lock.
func (w *memoryWatch) mark(mailbox string) {
	w.dirty[mailbox] = true
	select {
	case w.wake <- struct{}{}:
	default:
	}
}

// Watch implements [sdk.Watcher]. A state is the mailbox's clock: what changed since is
// known when the watch is taken up again.
func (a *memoryAccount) Watch(ctx context.Context, req sdk.WatchRequest, emit func(sdk.WatchEvent) error) error {
	w := &memoryWatch{dirty: map[string]bool{}, wake: make(chan struct{}, 1)}
	defer a.m.unwatch(w)
	for _, m := range req.Mailboxes {
		for _, e := range a.subscribe(w, m) {
			if err := emit(e); err != nil {
				return err
			}
		}
	}
	beat := time.NewTicker(sdk.WatchBeat / 2)
	defer beat.Stop()
	for {
		event := sdk.WatchEvent{Heartbeat: true}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-w.wake:
			event = sdk.WatchEvent{Dirty: a.m.take(w)}
		case <-beat.C:
		}
		if err := emit(event); err != nil {
			return err
		}
	}
}

// subscribe adds the mailbox to the watch and tells how that went.
func (a *memoryAccount) subscribe(w *memoryWatch, m sdk.WatchMailbox) []sdk.WatchEvent {
	address := m.Mailbox.Address
	var events []sdk.WatchEvent
	missing := a.box(address, func(b *memoryBox) {
		seen, err := strconv.Atoi(string(m.State))
		if err != nil {
			seen = b.clock
			a.m.subscribed++
		}
		if seen != b.clock {
			events = append(events, sdk.WatchEvent{Dirty: []string{address}})
		}
		b.watches[w] = address
		events = append(events, sdk.WatchEvent{State: &sdk.WatchState{Mailbox: address, State: []byte(strconv.Itoa(b.clock))}})
	})
	if missing != nil {
		return []sdk.WatchEvent{{Failure: &sdk.WatchFailure{Mailbox: address, Err: missing}}}
	}
	return events
}

// take returns what is dirty, once.
func (m *Memory) take(w *memoryWatch) []string {
	m.mu.Lock()
	defer m.mu.Unlock()
	var dirty []string
	for mailbox := range w.dirty {
		dirty = append(dirty, mailbox)
	}
	clear(w.dirty)
	return dirty
}

func (m *Memory) unwatch(w *memoryWatch) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, b := range m.boxes {
		delete(b.watches, w)
	}
}

// Subscribed is how often a mailbox was watched anew, without a state of before.
func (m *Memory) Subscribed() int {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.subscribed
}
