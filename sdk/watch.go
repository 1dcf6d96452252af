package sdk

import (
	"context"
	"net/http"
	"time"
)

// The optional capabilities, as a [Description] lists them.
const (
	// CapabilityWatch: accounts are a [Watcher], where their settings allow it.
	CapabilityWatch = "watch"
	// CapabilityDeliver: accounts are a [Deliverer].
	CapabilityDeliver = "deliver"
)

// MaxWatchStateBytes is the longest state of a mailbox that a watch may hand out.
const MaxWatchStateBytes = 8 << 10

// Limits of [Deliverer.Deliver]: the body of a request and of an answer, a request's
// target, and its headers together.
const (
	MaxDeliverBytes       = 1 << 20
	MaxDeliverAnswerBytes = 64 << 10
	MaxDeliverTargetBytes = 8 << 10
	MaxDeliverHeaderBytes = 16 << 10
)

// WatchBeat is the longest time between two events of a watch.
const WatchBeat = 30 * time.Second

// Watcher is an [Account] that can hint at changes.
type Watcher interface {
	// Watch hints at mailboxes that changed, until ctx ends: then it returns the
	// context's error. Hints only: one that is lost is healed by the next read at the
	// interval, so a watch loses no time on making sure. What it may have missed, it
	// hints at.
	//
	// Of each mailbox it emits first a State, once the mailbox is watched, or a Failure;
	// hints at what was missed before come before the State. It emits something at least
	// every [WatchBeat], a Heartbeat if there is nothing else, for as long as its work
	// makes progress: a watch that hangs must fall silent. It returns before ctx ends only
	// when no mailbox of the account can be watched; [CodeUnsupported] says that this does
	// not change by itself. emit may be called as in [Account].
	//
	// Several watches of an account run at a time, of different mailboxes.
	Watch(ctx context.Context, req WatchRequest, emit func(WatchEvent) error) error
}

// Deliverer is an [Account] that understands HTTP requests which its server sends to
// the gateway.
type Deliverer interface {
	// Deliver answers a request that reached the host's listener at the address that
	// Watch was given. It answers at once and leaves work to the watch, and never
	// waits for one: a server asks back at the listener while it is asked for a
	// subscription. Whoever sent the request is a stranger until it proves otherwise.
	Deliver(ctx context.Context, req DeliverRequest) (DeliverResponse, error)
}

// WatchRequest asks for hints.
type WatchRequest struct {
	// NotificationURL is the public address of the host's listener for this account,
	// empty when it does not listen. What reaches it, or an address below it, is handed
	// to Deliver.
	NotificationURL string
	// Mailboxes are at most [MaxMailboxes].
	Mailboxes []WatchMailbox
}

// WatchMailbox is a mailbox to watch.
type WatchMailbox struct {
	Mailbox Mailbox
	// State is what the newest [WatchState] of this mailbox held, empty for a new watch.
	// A state that is no longer accepted leads to a new watch.
	State []byte
}

// WatchEvent is one event of a watch; one field is set.
type WatchEvent struct {
	// Heartbeat says that the watch is alive.
	Heartbeat bool
	// Dirty are addresses of mailboxes that changed, or may have.
	Dirty   []string
	State   *WatchState
	Failure *WatchFailure
}

// WatchState says that a mailbox is watched from here on. It is emitted again whenever
// what must be stored changes.
type WatchState struct {
	Mailbox string
	// State is stored by the host and given back at the next Watch, so that a restart
	// does not subscribe anew. At most [MaxWatchStateBytes]; no place for credentials.
	State []byte
}

// WatchFailure says that a mailbox is not watched from here on.
type WatchFailure struct {
	Mailbox string
	// Err says why. Where its code is transient the watch tries again by itself, and a
	// State follows; otherwise the host asks again later.
	Err *Error
}

// DeliverRequest is an HTTP request that reached the host's listener.
type DeliverRequest struct {
	Method string
	// Target is path and query below the account's own listener address: empty, or it
	// begins with a slash or a question mark.
	Target string
	// Header holds Content-Type and what begins with X-, and nothing else.
	Header http.Header
	Body   []byte
}

// DeliverResponse is the HTTP answer to it.
type DeliverResponse struct {
	// Status is 200 to 299, or 400 to 599.
	Status int
	// Header may hold Content-Type, Allow and Retry-After.
	Header http.Header
	Body   []byte
	// Dirty are addresses of mailboxes that changed, or may have.
	Dirty []string
}

// Watch watches through an account, whether or not it is a [Watcher].
func Watch(ctx context.Context, a Account, req WatchRequest, emit func(WatchEvent) error) error {
	if w, able := a.(Watcher); able {
		return w.Watch(ctx, req, emit)
	}
	return CodeUnsupported.New("the backend does not watch mailboxes")
}

// Deliver hands a request to an account, whether or not it is a [Deliverer].
func Deliver(ctx context.Context, a Account, req DeliverRequest) (DeliverResponse, error) {
	if d, able := a.(Deliverer); able {
		return d.Deliver(ctx, req)
	}
	return DeliverResponse{}, CodeUnsupported.New("the backend takes no notifications")
}
