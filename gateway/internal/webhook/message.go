package webhook

import (
	"encoding/json"
	"fmt"
	"time"

	"github.com/trainercal/trainercal/gateway/internal/config"
	"github.com/trainercal/trainercal/gateway/internal/platform"
	"github.com/trainercal/trainercal/gateway/internal/store"
)

// Message is the body of a request, in JSON.
type Message struct {
	// Type is one of [config.Events]; Timestamp is when it happened.
	Type      string    `json:"type"`
	Timestamp time.Time `json:"timestamp"`
	Data      Data      `json:"data"`
}

// Data is what there is to say, by the message's type.
type Data struct {
	// Position is the newest of the feed, as the feed's own answers write it.
	Position string `json:"position,omitempty"`
	// Provider is whose event it is; Account is "provider/service", Trainer
	// "provider/label".
	Provider string             `json:"provider,omitempty"`
	Account  string             `json:"account,omitempty"`
	Trainer  platform.TrainerID `json:"trainer,omitzero"`
	store.EventData
}

// outgoing is a message that is about to be sent.
type outgoing struct {
	id   string
	kind string
	body []byte
	// told is what the receiver was told when it has taken the message.
	told store.Told
}

func pack(id string, m Message, told store.Told) (outgoing, error) {
	body, err := json.Marshal(m)
	if err != nil {
		return outgoing{}, fmt.Errorf("write a message of type %s: %w", m.Type, err)
	}
	return outgoing{id: id, kind: m.Type, body: body, told: told}, nil
}

// ofEvent is the message of an event. Its id is the event's.
func ofEvent(e store.Event) (outgoing, error) {
	return pack("evt_"+e.ID, Message{
		Type: string(e.Type), Timestamp: e.At.UTC(),
		Data: Data{Provider: e.Provider, Account: e.Account, Trainer: e.Trainer, EventData: e.Data},
	}, store.Told{Event: e.Seq})
}

// ofFeed is the message that the feed is at a position of an epoch.
func ofFeed(id, epoch string, position int64, now time.Time) (outgoing, error) {
	return pack("feed_"+id, Message{
		Type: config.EventFeedAdvanced, Timestamp: now.UTC(), Data: Data{Position: store.FeedPlace{Epoch: epoch, Position: position}.String()},
	}, store.Told{Feed: position})
}
