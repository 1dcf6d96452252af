package webhook

import (
	"context"
	"errors"
	"time"

	"github.com/trainercal/trainercal/gateway/internal/store"
)

const (
	// feedPause is how long the feed goes on before a receiver is told of it again.
	feedPause = 500 * time.Millisecond
	// statePatience is how long a lane waits after the state could not be read or written.
	statePatience = 5 * time.Second
)

// lane tells one receiver of one sort of thing, one message after the other.
type lane struct {
	*receiver
	name string
	// next waits for a message that is to be sent.
	next  func(context.Context) (outgoing, error)
	pause time.Duration
}

// run tells until ctx ends, which it does when the receiver is disabled.
func (l *lane) run(ctx context.Context) {
	for ctx.Err() == nil {
		m, err := l.next(ctx)
		if err == nil && l.deliver(ctx, m) {
			err = l.State.WebhookTold(context.WithoutCancel(ctx), l.hook.Name, m.told)
		}
		wait := l.pause
		if err != nil && ctx.Err() == nil {
			l.Log.Error("a webhook's progress could not be read or stored; it is tried again, and the receiver may be told twice", "webhook", l.hook.Name, "error", err)
			wait = statePatience
		}
		sleep(ctx, wait)
	}
}

// deliver sends a message until it is taken; false when that is given up, because ctx has
// ended or the receiver wants to hear nothing any more.
func (l *lane) deliver(ctx context.Context, m outgoing) bool {
	since := l.Now()
	for attempt := 1; ; attempt++ {
		answer := l.send(ctx, m)
		if ctx.Err() != nil && !answer.taken {
			return false // it is not the receiver's fault
		}
		if l.Metrics != nil {
			l.Metrics.WebhookSent(ctx, l.hook.Name, m.kind, answer.taken)
		}
		if answer.taken {
			l.recover(ctx)
			return true
		}
		trouble := &store.WebhookTrouble{Reason: answer.reason, Since: since, Attempts: attempt, Disabled: answer.gone}
		if answer.gone {
			l.trouble(ctx, trouble)
			l.disable()
			return false
		}
		wait := max(backoff(attempt), answer.retryAfter)
		trouble.Next = l.Now().Add(wait)
		l.trouble(ctx, trouble)
		sleep(ctx, wait)
	}
}

// trouble stores what keeps the receiver from hearing more, and tells of it the first
// time.
func (l *lane) trouble(ctx context.Context, t *store.WebhookTrouble) {
	l.mu.Lock()
	defer l.mu.Unlock()
	first := l.troubles[l.name] == nil
	l.troubles[l.name] = t
	switch {
	case t.Disabled:
		l.Log.Error("a webhook's receiver wants no messages any more; none are sent until the configuration is reloaded",
			"webhook", l.hook.Name, "reason", t.Reason)
	case first:
		l.Log.Warn("a webhook's receiver did not take a message; it is sent again, ever more rarely", "webhook", l.hook.Name, "reason", t.Reason, "next", t.Next)
	default:
		l.Log.Debug("a webhook's receiver still takes no message", "webhook", l.hook.Name, "reason", t.Reason, "attempts", t.Attempts, "next", t.Next)
	}
	l.note(ctx, t)
}

// recover ends the lane's trouble. What is told of the receiver is then that of the other
// lane, if it has any.
func (l *lane) recover(ctx context.Context) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.troubles[l.name] != nil {
		l.Log.Info("a webhook's receiver takes messages again", "webhook", l.hook.Name)
	}
	delete(l.troubles, l.name)
	if !l.known {
		return
	}
	var left *store.WebhookTrouble
	for _, t := range l.troubles {
		left = t
	}
	l.note(ctx, left)
}

// note stores what is told of the receiver by status.
func (l *lane) note(ctx context.Context, t *store.WebhookTrouble) {
	l.known = t != nil
	if err := l.State.WebhookTrouble(context.WithoutCancel(ctx), l.hook.Name, t); err != nil {
		l.Log.Error("how a webhook stands could not be stored", "webhook", l.hook.Name, "error", err)
	}
}

// sleep returns after a while, or when ctx ends.
func sleep(ctx context.Context, d time.Duration) {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-ctx.Done():
	}
}

// events tells of what operators should know, one after the other.
type events struct {
	*receiver
	filter store.EventFilter
	// told is the last one that was handed out, seen the newest that was looked at.
	told, seen int64
}

func (e *events) next(ctx context.Context) (outgoing, error) {
	for {
		found, err := e.State.Events(ctx, e.told, 1, e.filter)
		if err != nil {
			return outgoing{}, err
		}
		if len(found) > 0 {
			m, err := ofEvent(found[0])
			e.told = found[0].Seq
			return m, err
		}
		if e.seen, err = e.State.AwaitEvents(ctx, e.seen); err != nil {
			return outgoing{}, err
		}
	}
}

// feed tells of the newest position.
type feed struct {
	*receiver
	told int64
}

func (f *feed) next(ctx context.Context) (outgoing, error) {
	for {
		seen, err := f.State.FeedPosition(ctx)
		if err != nil {
			return outgoing{}, err
		}
		position, err := f.State.FeedPositionOf(ctx, f.told, f.hook.Providers)
		if err != nil {
			return outgoing{}, err
		}
		if position > f.told {
			epoch, err := f.State.FeedEpoch(ctx)
			if err != nil {
				return outgoing{}, err
			}
			f.told = position
			return ofFeed(newID(), epoch, position, f.Now())
		}
		err = f.State.AwaitChanges(ctx, seen)
		if err != nil && !errors.Is(err, store.ErrGone) { // pruned meanwhile: there was more
			return outgoing{}, err
		}
	}
}
