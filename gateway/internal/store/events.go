package store

import (
	"context"
	"time"

	"github.com/trainercal/trainercal/gateway/internal/platform"
)

// Events keeps what operators should know, in order, and how far each webhook's receiver
// was told. An event is written in the transaction that makes it true.
type Events interface {
	// Events returns at most limit events after a number, in order. Number 0 is before the
	// first.
	Events(ctx context.Context, after int64, limit int, filter EventFilter) ([]Event, error)
	// AwaitEvents returns the number of the newest event as soon as that is beyond a
	// number, or ctx's error.
	AwaitEvents(ctx context.Context, after int64) (int64, error)
	// SetStale says which trainers have not been proven for too long, and when they were
	// last: those of whom that was not known are an event each.
	SetStale(ctx context.Context, stale map[platform.TrainerID]time.Time) error
	// PruneEvents deletes events that are older than a time and returns how many.
	PruneEvents(ctx context.Context, before time.Time) (int, error)

	// Webhooks returns how far the receivers were told, by name.
	Webhooks(ctx context.Context) (map[string]WebhookState, error)
	// KeepWebhooks makes what is kept that of these webhooks: a new one starts with the
	// events and the feed as they are now, one that is not named is forgotten, and what
	// disabled one is over.
	KeepWebhooks(ctx context.Context, names []string) error
	// WebhookTold stores how far a webhook's receiver was told of one of the two; what
	// it was told of the other stays as it is.
	WebhookTold(ctx context.Context, name string, told Told) error
	// WebhookTrouble stores what keeps a webhook's receiver from hearing more; nil for
	// nothing.
	WebhookTrouble(ctx context.Context, name string, trouble *WebhookTrouble) error
}

// EventType is what sort of event it is.
type EventType string

// The types of events.
const (
	// EventRemovalsHeld: more removals of a trainer wait for approval than before (hold-1).
	EventRemovalsHeld EventType = "removals.held"
	// EventAccountFailing: something keeps a whole account from working, or another thing
	// than before; EventAccountRecovered: nothing any more.
	EventAccountFailing   EventType = "account.failing"
	EventAccountRecovered EventType = "account.recovered"
	// EventTrainerStale: a trainer has not been proven in sync for too long.
	EventTrainerStale EventType = "trainer.stale"
)

// Event is something that operators should know. It names accounts, trainers and counts,
// and holds no text of appointments.
type Event struct {
	// Seq grows with each event. ID is a random name of it, for receivers who hear of it
	// twice.
	Seq  int64
	ID   string
	At   time.Time
	Type EventType
	// Provider is whose event it is. Account is "provider/service", or Trainer is who it
	// is about.
	Provider string
	Account  string
	Trainer  platform.TrainerID
	Data     EventData
}

// EventData is what there is to say of an [Event], by its type.
type EventData struct {
	// Held counts the removals that wait.
	Held int `json:"held,omitempty"`
	// Code is the stable code of what keeps the account from working, Since since when.
	Code  string    `json:"code,omitempty"`
	Since time.Time `json:"since,omitzero"`
	// Proven is when the trainer was last proven in sync.
	Proven time.Time `json:"proven,omitzero"`
}

// EventFilter picks events; nil lists pick all.
type EventFilter struct {
	Types     []EventType
	Providers []string
}

// WebhookState is how far a webhook's receiver was told.
type WebhookState struct {
	Told
	Trouble *WebhookTrouble
}

// Told is the number of the last event that a receiver has taken, and the last position of
// the feed that it was told of. One that is zero changes nothing.
type Told struct {
	Event, Feed int64
}

// WebhookTrouble says what keeps a receiver from hearing more.
type WebhookTrouble struct {
	// Reason is for people: what came back. It holds no secret.
	Reason   string    `json:"reason"`
	Since    time.Time `json:"since"`
	Attempts int       `json:"attempts"`
	// Next is when it is tried again; zero when Disabled.
	Next time.Time `json:"next,omitzero"`
	// Disabled: the receiver wants to hear nothing any more; the configuration's next
	// reload tries again.
	Disabled bool `json:"disabled,omitempty"`
}
