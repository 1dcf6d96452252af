package webhook

import (
	"context"
	"crypto/rand"
	"fmt"
	"net/http"
	"slices"
	"sync"
	"time"

	"github.com/hashicorp/go-hclog"
	standardwebhooks "github.com/standard-webhooks/standard-webhooks/libraries/go"

	"github.com/trainercal/trainercal/gateway/internal/config"
	"github.com/trainercal/trainercal/gateway/internal/store"
)

// State is what a [Sender] needs of the store.
type State interface {
	FeedEpoch(ctx context.Context) (string, error)
	FeedPosition(ctx context.Context) (int64, error)
	FeedPositionOf(ctx context.Context, after int64, providers []string) (int64, error)
	AwaitChanges(ctx context.Context, after int64) error
	Events(ctx context.Context, after int64, limit int, filter store.EventFilter) ([]store.Event, error)
	AwaitEvents(ctx context.Context, after int64) (int64, error)
	Webhooks(ctx context.Context) (map[string]store.WebhookState, error)
	KeepWebhooks(ctx context.Context, names []string) error
	WebhookTold(ctx context.Context, name string, told store.Told) error
	WebhookTrouble(ctx context.Context, name string, trouble *store.WebhookTrouble) error
}

// Metrics counts what is sent.
type Metrics interface {
	// WebhookSent counts one attempt by its message's type, and whether it was taken.
	WebhookSent(ctx context.Context, webhook, event string, taken bool)
}

// Sender tells receivers. Its fields are set before [Sender.Run].
type Sender struct {
	Hooks []config.Webhook
	State State
	// Now is the clock, Log where trouble with receivers is told.
	Now func() time.Time
	Log hclog.Logger
	// Metrics may be nil. Transport is nil for one that verifies TLS as usual.
	Metrics   Metrics
	Transport http.RoundTripper
}

// Run tells all receivers until ctx ends. It fails when the state cannot be read at the
// start; what goes wrong later is tried again.
func (s *Sender) Run(ctx context.Context) error {
	names := make([]string, len(s.Hooks))
	for i, h := range s.Hooks {
		names[i] = h.Name
	}
	if err := s.State.KeepWebhooks(ctx, names); err != nil {
		return fmt.Errorf("note which webhooks there are: %w", err)
	}
	states, err := s.State.Webhooks(ctx)
	if err != nil {
		return fmt.Errorf("read how far webhooks were told: %w", err)
	}
	client, stop := s.client()
	defer stop()
	var lanes sync.WaitGroup
	defer lanes.Wait() // what began ends also when a later one cannot begin
	for _, h := range s.Hooks {
		signer, err := standardwebhooks.NewWebhook(h.Secret)
		if err != nil {
			return fmt.Errorf("webhook %q: its secret is not of the Standard Webhooks scheme", h.Name) // the cause quotes it
		}
		ctx, disable := context.WithCancel(ctx)
		defer disable()
		hook := &receiver{Sender: s, hook: h, signer: signer, client: client, disable: disable, troubles: map[string]*store.WebhookTrouble{}}
		hook.known = states[h.Name].Trouble != nil
		for _, l := range hook.lanes(states[h.Name].Told) {
			lanes.Go(func() { l.run(ctx) })
		}
	}
	lanes.Wait()
	return nil
}

// receiver is one webhook that is being told.
type receiver struct {
	*Sender
	hook    config.Webhook
	signer  *standardwebhooks.Webhook
	client  *http.Client
	disable func()

	mu sync.Mutex
	// troubles are those of its lanes; known says that one is stored.
	troubles map[string]*store.WebhookTrouble
	known    bool
}

// lanes are what the receiver wants to be told of.
func (r *receiver) lanes(told store.Told) []*lane {
	var lanes []*lane
	if r.hook.Events == nil || slices.Contains(r.hook.Events, config.EventFeedAdvanced) {
		lanes = append(lanes, &lane{receiver: r, name: "feed", next: (&feed{receiver: r, told: told.Feed}).next, pause: feedPause})
	}
	if types := r.types(); r.hook.Events == nil || len(types) > 0 {
		lanes = append(lanes, &lane{receiver: r, name: "events", next: (&events{
			receiver: r, told: told.Event, seen: told.Event, filter: store.EventFilter{Types: types, Providers: r.hook.Providers},
		}).next})
	}
	return lanes
}

// types are the events that the receiver wants; nil for all.
func (r *receiver) types() []store.EventType {
	var types []store.EventType
	for _, name := range r.hook.Events {
		if name != config.EventFeedAdvanced {
			types = append(types, store.EventType(name))
		}
	}
	return types
}

// newID makes the random part of a message's id.
func newID() string { return rand.Text() }
