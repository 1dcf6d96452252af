package exchangeonline

import (
	"context"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/trainercal/trainercal/plugins/internal/contract"
	"github.com/trainercal/trainercal/plugins/internal/transport"
	"github.com/trainercal/trainercal/sdk"
)

const (
	// longestRetry bounds the growing wait after a failed write of a subscription.
	longestRetry = 5 * time.Minute
	// writesAtOnce is how many subscriptions are written in a go: as many batches as are
	// sent side by side.
	writesAtOnce = batchesAtOnce * maxParts
)

// Watch implements [sdk.Watcher] with change notifications: a subscription a mailbox,
// which Graph keeps for days and the host remembers. Notifications reach the host's
// listener, and come to Deliver.
func (a *account) Watch(ctx context.Context, req sdk.WatchRequest, emit func(sdk.WatchEvent) error) error {
	if req.NotificationURL == "" {
		return sdk.CodeUnsupported.New("Microsoft Graph notifies by requests to a public address, and the gateway has none").
			WithAdvice("nothing: calendars are read at the interval; with a public https address for notifications changes are seen within a minute")
	}
	if _, err := transport.CheckEndpoint(req.NotificationURL); err != nil {
		return sdk.CodeInvalidSettings.Wrap(err, "Microsoft Graph sends no notifications to the gateway's address: %v", err).
			WithAdvice("set the public address for notifications to one with https and a certificate that is trusted everywhere")
	}
	w := a.newWatch(req, contract.Guard(emit))
	defer w.leave()
	group, groupCtx := errgroup.WithContext(ctx)
	group.Go(func() error { return w.pulse.Beat(groupCtx, w.emit) })
	group.Go(func() error { return w.run(groupCtx) })
	return contract.Final(ctx, group.Wait())
}

// watch keeps the subscriptions of a call's mailboxes alive. What is not under mu belongs
// to run.
type watch struct {
	graph       *session
	subscribers *subscribers
	now         func() time.Time
	url         string
	pulse       *contract.Pulse
	emit        func(sdk.WatchEvent) error
	boxes       []*watchedBox
	// life is how long subscriptions are asked to live.
	life time.Duration

	mu sync.Mutex
	// signals are lifecycle events that were delivered and not yet looked at; wake holds
	// a token while there are some.
	signals map[*watchedBox]lifecycle
	wake    chan struct{}
}

// watchedBox is a mailbox under watch.
type watchedBox struct {
	contract.Watched
	// id is the subscription's, empty without one; made and expires bound its life.
	id            string
	made, expires time.Time
	// known is what notifications find it by.
	known *subscriber
	// stale is a subscription to another address that is to be given back.
	stale string
	// due is when the next write is; givenUp: there is none.
	due     time.Time
	tries   int
	givenUp bool
}

func (a *account) newWatch(req sdk.WatchRequest, emit func(sdk.WatchEvent) error) *watch {
	w := &watch{
		graph: a.graph, subscribers: &a.subscribers, now: a.now, url: req.NotificationURL, pulse: contract.NewPulse(), emit: emit,
		life: longestLife, signals: map[*watchedBox]lifecycle{}, wake: make(chan struct{}, 1),
	}
	for _, m := range req.Mailboxes {
		b := &watchedBox{Watched: contract.Watched{Address: m.Mailbox.Address, Missed: len(m.State) > 0}}
		if s, ok := readWatchState(m.State); ok {
			w.restore(b, s)
		}
		w.boxes = append(w.boxes, b)
	}
	return w
}

// restore takes up a subscription that the host has stored, if it still lives and leads
// here.
func (w *watch) restore(b *watchedBox, s watchState) {
	switch {
	case !s.Expires.After(w.now()):
		return
	case s.To != addressHash(w.url):
		b.stale = s.ID
		return
	}
	b.id, b.made, b.expires, b.Missed = s.ID, s.Made, s.Expires, false
	b.due = renewAt(s.Made, s.Expires)
	b.known = w.subscriber(b, s.Secret)
	w.subscribers.add(b.id, b.known)
}

func (w *watch) subscriber(b *watchedBox, secret secretHash) *subscriber {
	return &subscriber{address: b.Address, secret: secret, signal: func(l lifecycle) { w.signal(b, l) }}
}

// signal takes a lifecycle event from a delivery. Only one that asks for something is
// kept, so that none that was not looked at yet is lost to one that does not.
func (w *watch) signal(b *watchedBox, l lifecycle) {
	if l != reauthorizationRequired && l != subscriptionRemoved {
		return
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.signals[b] != subscriptionRemoved { // nothing says more than that
		w.signals[b] = l
	}
	select {
	case w.wake <- struct{}{}:
	default:
	}
}

// leave forgets the subscriptions; the server keeps them for the next watch.
func (w *watch) leave() {
	for _, b := range w.boxes {
		if b.id != "" {
			w.subscribers.remove(b.id, b.known)
		}
	}
}

// run writes subscriptions as they fall due, until ctx ends or the account as a whole
// fails.
func (w *watch) run(ctx context.Context) error {
	for _, b := range w.boxes {
		if b.id == "" {
			continue
		}
		if err := w.up(b); err != nil {
			return err
		}
	}
	for {
		w.heed()
		due := w.due()
		if len(due) == 0 {
			if err := w.sleep(ctx); err != nil {
				return err
			}
			continue
		}
		if err := w.write(ctx, due); err != nil {
			return err
		}
	}
}

// up tells that the mailbox is watched from here on.
func (w *watch) up(b *watchedBox) error {
	return b.Up(w.emit, watchState{
		ID: b.id, Secret: b.known.secret, Made: b.made, Expires: b.expires, To: addressHash(w.url),
	}.encode())
}

// heed makes due what lifecycle events ask for. Notifications that were missed have been
// hinted at when they were delivered.
func (w *watch) heed() {
	w.mu.Lock()
	defer w.mu.Unlock()
	for b, l := range w.signals {
		switch l {
		case reauthorizationRequired:
			b.due = w.now() // a renewal authorizes, too
		case subscriptionRemoved:
			w.forget(b)
		}
	}
	clear(w.signals)
}

// forget drops a subscription that is no more; another one is due.
func (w *watch) forget(b *watchedBox) {
	if b.id != "" {
		w.subscribers.remove(b.id, b.known)
	}
	b.id, b.known, b.Missed, b.due = "", nil, true, w.now()
}

// due are the mailboxes whose subscription is to be written now, at most as many as go
// together.
func (w *watch) due() []*watchedBox {
	now := w.now()
	var list []*watchedBox
	for _, b := range w.boxes {
		if b.id != "" && !b.expires.After(now) {
			w.forget(b)
		}
		if !b.givenUp && !b.due.After(now) && len(list) < writesAtOnce {
			list = append(list, b)
		}
	}
	return list
}

// sleep waits until a write is due, or a lifecycle event comes.
func (w *watch) sleep(ctx context.Context) error {
	wait := time.Minute // the pulse goes on
	for _, b := range w.boxes {
		if !b.givenUp {
			wait = min(wait, b.due.Sub(w.now()))
		}
	}
	timer := time.NewTimer(max(wait, 0))
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-w.wake:
	case <-timer.C:
	}
	w.pulse.Touch()
	return nil
}
