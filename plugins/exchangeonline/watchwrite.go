package exchangeonline

import (
	"context"
	"net/http"
	"net/url"
	"sync"

	"github.com/trainercal/trainercal/plugins/internal/contract"
	"github.com/trainercal/trainercal/sdk"
)

// jobSubscribe makes and renews subscriptions.
var jobSubscribe = job{name: "subscribe"}

// allChanges are the kinds of change that notifications tell of.
const allChanges = "created,updated,deleted"

// attempt is a write of a subscription under way.
type attempt struct {
	box *watchedBox
	// made is the subscriber of a subscription that is being made, nil for a renewal.
	made *subscriber
	// answer is the server's, nil where it was not asked.
	answer *partAnswer
}

// write makes and renews subscriptions, and takes the outcomes. An error ends the watch.
func (w *watch) write(ctx context.Context, boxes []*watchedBox) error {
	if err := w.pulse.Wait(ctx, w.subscribers.reserve(w.now(), len(boxes))); err != nil {
		return err
	}
	var mu sync.Mutex // guards the answers
	var parts []*part
	attempts := make([]*attempt, len(boxes))
	for i, b := range boxes {
		a := &attempt{box: b}
		attempts[i] = a
		p := w.part(a)
		p.done = func(answer partAnswer) {
			mu.Lock()
			defer mu.Unlock()
			a.answer = &answer
		}
		parts = append(parts, p)
		if b.stale != "" {
			parts = append(parts, deletion(b))
		}
	}
	stopped := w.graph.batch(ctx, jobSubscribe, parts)
	w.pulse.Touch()
	mu.Lock()
	defer mu.Unlock()
	for _, a := range attempts {
		if err := w.settle(ctx, a, stopped); err != nil {
			return err
		}
	}
	return nil
}

// slot is where the writes of a mailbox's subscription wait when the server asks them
// to: not where requests to the mailbox do.
func slot(b *watchedBox) string { return "subscription of " + b.Address }

// part is the request of an attempt.
func (w *watch) part(a *attempt) *part {
	expires := untilText(w.now().Add(w.life))
	if a.box.id != "" {
		return &part{
			mailbox: slot(a.box), method: http.MethodPatch, path: "/subscriptions/" + url.PathEscape(a.box.id),
			body: renewal{Expires: expires},
		}
	}
	secret, hash := newSecret()
	a.made = w.subscriber(a.box, hash)
	w.subscribers.expect(a.made)
	return &part{mailbox: slot(a.box), method: http.MethodPost, path: "/subscriptions", body: newSubscription{
		ChangeType: allChanges, URL: w.url, LifecycleURL: w.url, Resource: userPath(a.box.Address, "/events"),
		Expires: expires, ClientState: secret, TLS: "v1_2",
	}}
}

// deletion gives back a subscription to another address. If that fails, it ends by
// itself within days, and its notifications are ignored.
func deletion(b *watchedBox) *part {
	p := &part{mailbox: slot(b), method: http.MethodDelete, path: "/subscriptions/" + url.PathEscape(b.stale), done: func(partAnswer) {}}
	b.stale = ""
	return p
}

// settle takes the outcome of an attempt; stopped is why the server was not asked about
// all of them, if so.
func (w *watch) settle(ctx context.Context, a *attempt, stopped *sdk.Error) error {
	failed := stopped
	var got madeSubscription
	if a.answer != nil {
		if failed = a.answer.err; failed == nil {
			got, failed = readSubscription(a.answer.body, w.now())
		}
	}
	if a.made != nil {
		w.subscribers.settle(a.made, got.ID)
	}
	if failed == nil {
		return w.settled(a, got)
	}
	if contract.EndsWatch(ctx, failed) {
		return failed
	}
	return w.failed(a, failed)
}

// settled takes a subscription that was made or renewed.
func (w *watch) settled(a *attempt, got madeSubscription) error {
	b := a.box
	if a.made != nil {
		b.id, b.known = got.ID, a.made
	}
	b.made, b.expires, b.tries = w.now(), got.Expires, 0
	b.due = renewAt(b.made, b.expires)
	return w.up(b)
}

// failed takes a write that was refused.
func (w *watch) failed(a *attempt, err *sdk.Error) error {
	b := a.box
	switch {
	case a.made == nil && a.answer != nil && a.answer.status == http.StatusNotFound:
		w.forget(b) // it ended unheard of
		return nil
	case w.tooLong(a):
		return nil // it is due again at once
	case a.answer != nil && a.answer.is("validationerror"):
		err = sdk.CodeUnavailable.New("Microsoft Graph could not reach the gateway's address for notifications").
			WithAdvice("check that the public address leads to the gateway from the internet, with a certificate that is trusted everywhere").
			WithDetail(err.Detail)
	}
	b.tries++
	b.due = w.now().Add(contract.Pause(b.tries, longestRetry, err))
	if b.id != "" {
		return nil // it lives on for now
	}
	b.givenUp = !err.Code.Transient()
	return b.Down(w.emit, err)
}

// tooLong reports whether a life was refused that may be refused for its length alone,
// and asks for a shorter one from now on.
func (w *watch) tooLong(a *attempt) bool {
	if a.answer == nil || a.answer.status != http.StatusBadRequest || a.answer.is("validationerror") || w.life == shorterLife {
		return false
	}
	w.life = shorterLife
	return true
}
