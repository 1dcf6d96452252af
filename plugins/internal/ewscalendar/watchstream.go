package ewscalendar

import (
	"context"
	"encoding/json"
	"time"

	"github.com/trainercal/trainercal/plugins/internal/contract"
	"github.com/trainercal/trainercal/plugins/internal/ews"
	"github.com/trainercal/trainercal/sdk"
)

// watchState is what the host stores of a mailbox's watch.
type watchState struct {
	ID     string `json:"id"`
	Anchor string `json:"anchor"`
	Cookie string `json:"cookie,omitempty"`
}

func (s watchState) encode() []byte {
	data, _ := json.Marshal(s) // three strings
	return data
}

// decodeWatchState reads a stored state; ok is false for one of something else.
func decodeWatchState(data []byte) (s watchState, ok bool) {
	err := json.Unmarshal(data, &s)
	return s, err == nil && s.ID != "" && s.Anchor != ""
}

// follow reads the group's stream until it ends, or a subscription is due to be tried
// again. wait is how long to wait before the next; an error ends the watch.
func (w *watch) follow(ctx context.Context) (wait time.Duration, err error) {
	ids, byID := w.subscribed()
	next, pending := w.nextDue()
	if len(ids) == 0 {
		if !pending {
			next = time.Now().Add(longestPause) // the pulse goes on
		}
		return time.Until(next), nil
	}
	streamCtx, cancel := context.WithCancel(ctx)
	defer cancel()
	if pending {
		// What failed is tried again in between: the server keeps the events meanwhile.
		defer time.AfterFunc(time.Until(next), cancel).Stop()
	}
	affinity := w.affinity
	err = w.client.Stream(streamCtx, ids, &affinity, func(e ews.StreamEvent) error { return w.take(e, byID) })
	w.pulse.Touch()
	switch {
	case ctx.Err() != nil:
		return 0, ctx.Err()
	case err == nil:
		return 0, nil
	case streamCtx.Err() != nil && !contract.Received(err):
		w.missed() // what was on its way when the stream was cut
		return 0, nil
	case contract.EndsWatch(ctx, err):
		return 0, err
	}
	return w.failed(contract.AsError(err))
}

// subscribed are the group's subscriptions.
func (w *watch) subscribed() (ids []string, byID map[string]*watchedBox) {
	byID = map[string]*watchedBox{}
	for _, b := range w.boxes {
		if b.id != "" {
			ids = append(ids, b.id)
			byID[b.id] = b
		}
	}
	return ids, byID
}

// nextDue is when the next failed subscription is due to be tried again.
func (w *watch) nextDue() (at time.Time, pending bool) {
	for _, b := range w.boxes {
		if b.id == "" && !b.givenUp && (!pending || b.due.Before(at)) {
			at, pending = b.due, true
		}
	}
	return at, pending
}

// take passes on what the stream says.
func (w *watch) take(e ews.StreamEvent, byID map[string]*watchedBox) error {
	w.pulse.Touch()
	if len(e.Lost) == 0 {
		w.failures = 0
		if err := w.tellUp(); err != nil {
			return err
		}
	}
	var dirty []string
	seen := map[string]bool{}
	for _, id := range e.Changed {
		if b := byID[id]; b != nil && !seen[id] {
			seen[id] = true
			dirty = append(dirty, b.Address)
		}
	}
	if len(dirty) > 0 {
		if err := w.emit(sdk.WatchEvent{Dirty: dirty}); err != nil {
			return err
		}
	}
	for _, id := range e.Lost {
		if b := byID[id]; b != nil {
			b.id, b.Missed, b.due = "", true, time.Time{}
		}
	}
	return nil
}

// missed notes that a stream ended with events under way that nobody will repeat: the
// group's mailboxes are dirty as soon as the next one stands.
func (w *watch) missed() {
	for _, b := range w.boxes {
		if b.id != "" {
			b.Missed = true
		}
	}
}

// tellUp tells that mailboxes are watched again whose stream was broken, and that stored
// subscriptions are still there: the stream proves it.
func (w *watch) tellUp() error {
	for _, b := range w.boxes {
		if b.id != "" && (!b.IsUp() || b.Missed) {
			if err := w.up(b); err != nil {
				return err
			}
		}
	}
	return nil
}

// failed takes a stream that failed. When the anchor itself cannot be reached, the group
// looks for another.
func (w *watch) failed(err *sdk.Error) (wait time.Duration, _ error) {
	w.failures++
	w.missed()
	anchorGone := err.Code.Fault() == sdk.FaultMailbox || !err.Code.Transient()
	for _, b := range w.boxes {
		switch {
		case b.id == "":
			continue
		case anchorGone:
			b.id, b.Missed, b.due = "", true, time.Time{}
		}
		if w.failures < brokenTries {
			continue
		}
		if err := b.Down(w.emit, err); err != nil {
			return 0, err
		}
	}
	return contract.Pause(w.failures, longestBreak, err), nil
}
