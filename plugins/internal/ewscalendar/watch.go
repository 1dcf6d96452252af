package ewscalendar

import (
	"context"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/trainercal/trainercal/plugins/internal/contract"
	"github.com/trainercal/trainercal/plugins/internal/ews"
	"github.com/trainercal/trainercal/sdk"
)

const (
	// subscribesAtOnce is how many subscriptions are made at a time.
	subscribesAtOnce = 4
	// The wait after a failure grows up to longestBreak for a stream, and up to
	// longestPause for a subscription.
	longestBreak = time.Minute
	longestPause = 5 * time.Minute
	// brokenTries is how often in a row a stream must fail before the mailboxes count as
	// not watched: connections are cut all the time.
	brokenTries = 3
)

// Watch implements [sdk.Watcher] with streaming notifications: the mailboxes of a call
// are a group, whose subscriptions one stream serves. Only owners may subscribe, so
// that it takes impersonation.
func (a *Account) Watch(ctx context.Context, req sdk.WatchRequest, emit func(sdk.WatchEvent) error) error {
	if !a.client.Impersonates() {
		return sdk.CodeUnsupported.New("Exchange notifies the mailboxes' owners only, and the master account reaches them with rights of its own").
			WithAdvice("nothing: calendars are read at the interval; with access = \"impersonation\" changes are seen at once")
	}
	ctx, end := context.WithCancelCause(ctx)
	defer end(nil)
	w := newWatch(a.client, req, contract.Guard(emit))
	w.self = &follower{end: end, ended: make(chan struct{})}
	w.followers = a.followers
	defer w.followers.leave(w.self)
	group, groupCtx := errgroup.WithContext(ctx)
	group.Go(func() error { return w.pulse.Beat(groupCtx, w.emit) })
	group.Go(func() error { return w.run(groupCtx) })
	return contract.Final(ctx, group.Wait())
}

// watch is one group under watch. What it knows of its mailboxes belongs to run.
type watch struct {
	client   *ews.Client
	pulse    *contract.Pulse
	emit     func(sdk.WatchEvent) error
	boxes    []*watchedBox
	affinity ews.Affinity
	// self is the watch among all of the account.
	self      *follower
	followers *followers
	// failures counts the streams that failed in a row.
	failures int
}

// watchedBox is a mailbox of the group.
type watchedBox struct {
	contract.Watched
	// id is the subscription's, empty without one.
	id string
	// tries counts failed subscriptions in a row; the next is due then. givenUp: no other
	// is made.
	tries   int
	due     time.Time
	givenUp bool
}

func newWatch(client *ews.Client, req sdk.WatchRequest, emit func(sdk.WatchEvent) error) *watch {
	w := &watch{client: client, pulse: contract.NewPulse(), emit: emit}
	for _, m := range req.Mailboxes {
		b := &watchedBox{Watched: contract.Watched{Address: m.Mailbox.Address, Missed: len(m.State) > 0}}
		if s, ok := decodeWatchState(m.State); ok && w.joins(s) {
			w.affinity = ews.Affinity{Anchor: s.Anchor, Cookie: s.Cookie}
			b.id, b.Missed = s.ID, false
		}
		w.boxes = append(w.boxes, b)
	}
	return w
}

// joins reports whether a stored subscription is served by the same stream as those of
// the mailboxes before it.
func (w *watch) joins(s watchState) bool {
	return w.affinity.Anchor == "" || w.affinity == ews.Affinity{Anchor: s.Anchor, Cookie: s.Cookie}
}

// run subscribes and follows, until ctx ends or the account as a whole fails.
func (w *watch) run(ctx context.Context) error {
	if err := w.takeOver(ctx); err != nil {
		return err
	}
	for {
		if err := w.subscribe(ctx); err != nil {
			return err
		}
		wait, err := w.follow(ctx)
		if err != nil {
			return err
		}
		if err := w.pulse.Wait(ctx, wait); err != nil {
			return err
		}
	}
}

// takeOver ends the watches that still follow the stored subscriptions.
func (w *watch) takeOver(ctx context.Context) error {
	ids, _ := w.subscribed()
	for _, id := range ids {
		if err := w.followers.enter(ctx, w.self, id); err != nil {
			return err
		}
	}
	return nil
}

// up tells that the mailbox is watched from here on.
func (w *watch) up(b *watchedBox) error {
	return b.Up(w.emit, watchState{ID: b.id, Anchor: w.affinity.Anchor, Cookie: w.affinity.Cookie}.encode())
}

// subscribe makes the subscriptions that are missing and due. The first of a group
// finds the server on which all of them live, by a mailbox that can be reached.
func (w *watch) subscribe(ctx context.Context) error {
	missing := w.missing(time.Now())
	for w.leaderless() && len(missing) > 0 {
		w.affinity = ews.Affinity{Anchor: missing[0].Address}
		id, err := w.client.Subscribe(ctx, missing[0].Address, &w.affinity)
		if err := w.settle(ctx, missing[0], id, err); err != nil {
			return err
		}
		missing = missing[1:]
	}
	var mu sync.Mutex // guards what settle changes
	group, groupCtx := errgroup.WithContext(ctx)
	group.SetLimit(subscribesAtOnce)
	for _, b := range missing {
		group.Go(func() error {
			affinity := w.affinity
			id, err := w.client.Subscribe(groupCtx, b.Address, &affinity)
			mu.Lock()
			defer mu.Unlock()
			return w.settle(groupCtx, b, id, err)
		})
	}
	return group.Wait()
}

// missing are the mailboxes whose subscription is due.
func (w *watch) missing(now time.Time) []*watchedBox {
	var list []*watchedBox
	for _, b := range w.boxes {
		if b.id == "" && !b.givenUp && !b.due.After(now) {
			list = append(list, b)
		}
	}
	return list
}

// leaderless reports whether no mailbox of the group has a subscription.
func (w *watch) leaderless() bool {
	for _, b := range w.boxes {
		if b.id != "" {
			return false
		}
	}
	return true
}

// settle takes the outcome of a subscription. An error that it returns ends the watch.
func (w *watch) settle(ctx context.Context, b *watchedBox, id string, err error) error {
	w.pulse.Touch()
	if err == nil {
		b.id, b.tries = id, 0
		if err := w.followers.enter(ctx, w.self, id); err != nil {
			return err
		}
		return w.up(b)
	}
	if contract.EndsWatch(ctx, err) {
		return err
	}
	failed := contract.AsError(err)
	b.tries++
	b.due = time.Now().Add(contract.Pause(b.tries, longestPause, failed))
	b.givenUp = !failed.Code.Transient()
	return b.Down(w.emit, failed)
}
