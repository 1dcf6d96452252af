package live

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"time"

	"github.com/trainercal/trainercal/gateway/internal/platform"
	"github.com/trainercal/trainercal/gateway/internal/runner"
	"github.com/trainercal/trainercal/gateway/internal/store"
	"github.com/trainercal/trainercal/sdk"
)

const (
	// firstPause is the wait after the first failure of a watch, longestPause the longest:
	// a server that is down for a while is found again soon.
	firstPause, longestPause = time.Second, 5 * time.Minute
	// firstRefusal and longestRefusal are the same for what does not mend itself.
	firstRefusal, longestRefusal = 10 * time.Minute, 6 * time.Hour
	// healthy is how long a watch must last for its failure to be a new one.
	healthy = 10 * time.Minute
)

// watch keeps some mailboxes of an account watched.
type watch struct {
	live    *Live
	account string
	url     string
	boxes   []Box
	// trainers are those of the mailboxes, by address.
	trainers map[string]platform.TrainerID

	// mu guards the rest: a plugin may emit from several goroutines.
	mu sync.Mutex
	// identity is what the account reached when the watch began.
	identity string
	// states are those last heard of each mailbox; failing says why one is not watched.
	states  map[string][]byte
	failing map[string]*store.Failing
}

func newWatch(l *Live, account, url string, boxes []Box) *watch {
	w := &watch{
		live: l, account: account, url: url, boxes: boxes, trainers: map[string]platform.TrainerID{},
		states: map[string][]byte{}, failing: map[string]*store.Failing{},
	}
	for _, b := range boxes {
		w.trainers[b.Mailbox.Address] = b.Trainer
	}
	return w
}

// run watches again and again, until ctx ends.
func (w *watch) run(ctx context.Context) {
	failures, refusals := 0, 0
	for {
		began := w.live.opts.Now()
		err := w.once(ctx, pause(refusals+1, firstRefusal, longestRefusal))
		if ctx.Err() != nil {
			return
		}
		if errors.Is(err, errAskAgain) {
			refusals++
			continue
		}
		if w.live.opts.Now().Sub(began) > healthy {
			failures, refusals = 0, 0
		}
		known := asError(err)
		var wait time.Duration
		if known.Code.Transient() {
			failures++
			wait = pause(failures, firstPause, longestPause)
		} else {
			refusals++
			wait = pause(refusals, firstRefusal, longestRefusal)
		}
		wait = max(wait, known.RetryAfter)
		w.failed(known, wait)
		if !sleep(ctx, wait) {
			return
		}
	}
}

// errAskAgain: mailboxes that were given up are to be asked for again.
var errAskAgain = errors.New("ask again for mailboxes that were given up")

// once watches until the watch ends, or until again after a mailbox was given up.
func (w *watch) once(ctx context.Context, again time.Duration) error {
	opened, err := w.live.opts.Accounts.Account(ctx, w.account)
	if err != nil {
		return err
	}
	req, err := w.request(ctx, opened)
	if err != nil {
		return err
	}
	watching, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	var once sync.Once
	var timer atomic.Pointer[time.Timer] // a plugin may emit from any goroutine
	err = sdk.Watch(watching, opened.Account, req, func(e sdk.WatchEvent) error {
		if w.take(e) {
			once.Do(func() { timer.Store(time.AfterFunc(again, func() { cancel(errAskAgain) })) })
		}
		return nil
	})
	if t := timer.Load(); t != nil {
		t.Stop()
	}
	switch {
	case ctx.Err() == nil && errors.Is(context.Cause(watching), errAskAgain):
		return errAskAgain
	case err == nil:
		return sdk.CodeInternal.New("the plugin ended its watch without a reason")
	}
	return err
}

// request asks for the mailboxes with the states that are stored for this account.
func (w *watch) request(ctx context.Context, opened runner.Account) (sdk.WatchRequest, error) {
	stored, err := w.live.opts.Memory.Watches(ctx, w.account)
	if err != nil {
		return sdk.WatchRequest{}, fmt.Errorf("read how the mailboxes of %s were watched: %w", w.account, err)
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	w.identity, w.states = opened.Identity, map[string][]byte{}
	for _, s := range stored {
		if s.Identity == opened.Identity && w.trainers[s.Address] == s.Trainer {
			w.states[s.Address] = s.State
			w.failing[s.Address] = s.Failing
		}
	}
	req := sdk.WatchRequest{NotificationURL: w.url}
	for _, b := range w.boxes {
		req.Mailboxes = append(req.Mailboxes, sdk.WatchMailbox{Mailbox: b.Mailbox, State: w.states[b.Mailbox.Address]})
	}
	return req, nil
}

// take takes an event of the watch. givenUp: the plugin does not try a mailbox again by
// itself.
func (w *watch) take(e sdk.WatchEvent) (givenUp bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	switch {
	case len(e.Dirty) > 0:
		var ids []platform.TrainerID
		for _, address := range e.Dirty {
			if id, known := w.trainers[address]; known {
				ids = append(ids, id)
			}
		}
		w.live.recorder.dirty(ids, "")
	case e.State != nil:
		w.states[e.State.Mailbox], w.failing[e.State.Mailbox] = e.State.State, nil
		w.record(e.State.Mailbox)
	case e.Failure != nil:
		givenUp = !e.Failure.Err.Code.Transient()
		w.note(e.Failure.Mailbox, e.Failure.Err, time.Time{})
	}
	return givenUp
}

// failed notes that none of the mailboxes is watched, until the next try.
func (w *watch) failed(err *sdk.Error, wait time.Duration) {
	w.mu.Lock()
	defer w.mu.Unlock()
	next := w.live.opts.Now().Add(wait).UTC()
	for _, b := range w.boxes {
		w.note(b.Mailbox.Address, err, next)
	}
	if err.Code == sdk.CodeUnsupported {
		w.live.opts.Log.Info("mailboxes are not watched, and are read at the interval", "account", w.account, "mailboxes", len(w.boxes), "reason", err.Message)
		return
	}
	w.live.opts.Log.Warn("the watch of mailboxes failed and is begun again; until then they are read at the interval",
		"account", w.account, "mailboxes", len(w.boxes), "error", err, "next", wait.Round(time.Second))
}

// note notes why a mailbox is not watched. mu is held.
func (w *watch) note(address string, err *sdk.Error, next time.Time) {
	f := &store.Failing{Code: string(err.Code), Message: err.Message, Advice: err.Advice, Since: w.live.opts.Now().UTC(), Next: next}
	if before := w.failing[address]; before != nil {
		f.Since, f.Attempts = before.Since, before.Attempts
	}
	f.Attempts++
	w.failing[address] = f
	w.record(address)
}

// record has what is known of a mailbox stored. mu is held.
func (w *watch) record(address string) {
	id, known := w.trainers[address]
	if !known {
		return
	}
	w.live.recorder.put(store.Watch{
		Trainer: id, Account: w.account, Identity: w.identity, Address: address,
		State: w.states[address], Failing: w.failing[address],
	})
}

// asError is an error with a code; what has none is a defect here.
func asError(err error) *sdk.Error {
	var known *sdk.Error
	if errors.As(err, &known) {
		return known
	}
	return sdk.CodeInternal.Wrap(err, "the watch failed: %v", err)
}

// pause is the wait before a try: it doubles with each failure, with jitter, so that what
// failed together does not come back together.
func pause(tries int, first, longest time.Duration) time.Duration {
	d := first
	for range tries - 1 {
		if d = 2 * d; d >= longest {
			d = longest
			break
		}
	}
	return d/2 + rand.N(d/2)
}

// sleep reports false when ctx ended first.
func sleep(ctx context.Context, d time.Duration) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-ctx.Done():
		return false
	}
}
