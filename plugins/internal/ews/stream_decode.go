package ews

import (
	"encoding/xml"
	"errors"
	"io"
	"strings"

	"github.com/trainercal/trainercal/sdk"
)

const (
	// maxEnvelope bounds one envelope of a stream: two hundred calendars' events.
	maxEnvelope = 4 << 20

	connectionClosed = "Closed"
	statusEvent      = "StatusEvent"
)

// streamMessage is the message of one envelope of a stream.
type streamMessage struct {
	Status
	Notifications []streamNotification `xml:"Notifications>Notification"`
	Failed        []string             `xml:"ErrorSubscriptionIds>SubscriptionId"`
	Connection    string               `xml:"ConnectionStatus"`
}

// streamNotification is what happened to a subscription.
type streamNotification struct {
	Subscription string      `xml:"SubscriptionId"`
	Events       []eventName `xml:",any"`
}

// eventName is an event, of which the name alone matters.
type eventName struct{ XMLName xml.Name }

// event is what the message says. Where the server names no subscription that failed,
// the failure is the stream's.
func (m streamMessage) event() (StreamEvent, *sdk.Error) {
	if err := m.err(); err != nil {
		if len(m.Failed) == 0 {
			return StreamEvent{}, err
		}
		return StreamEvent{Lost: m.Failed}, nil
	}
	var e StreamEvent
	for _, n := range m.Notifications {
		if n.changed() {
			e.Changed = append(e.Changed, n.Subscription)
		}
	}
	return e, nil
}

// changed reports whether the notification tells more than that the subscription lives.
func (n streamNotification) changed() bool {
	for _, e := range n.Events {
		if name := e.XMLName.Local; strings.HasSuffix(name, "Event") && name != statusEvent {
			return true
		}
	}
	return false
}

// envelopes reads SOAP envelopes that follow each other in one body.
type envelopes struct {
	bound    *io.LimitedReader
	elements *counted
	decoder  *xml.Decoder
}

func newEnvelopes(body io.Reader) *envelopes {
	bound := &io.LimitedReader{R: body}
	elements := &counted{next: noDTD{xml.NewDecoder(bound)}}
	return &envelopes{bound: bound, elements: elements, decoder: xml.NewTokenDecoder(elements)}
}

var errEnvelopeSize = errors.New("an envelope of the stream is larger than allowed")

// next reads the next envelope. io.EOF ends a stream between envelopes.
func (e *envelopes) next() (streamMessage, error) {
	e.bound.N, e.elements.left = maxEnvelope, maxElements
	var soap answer[streamMessage]
	err := e.decoder.Decode(&soap)
	switch {
	case e.bound.N <= 0:
		return streamMessage{}, errEnvelopeSize
	case errors.Is(err, io.EOF):
		return streamMessage{}, io.EOF
	case err != nil:
		return streamMessage{}, err
	case soap.Body == nil:
		return streamMessage{}, errors.New("an envelope of the stream has no body")
	}
	messages, refused := soap.messages(getStreamingEvents{}.operation())
	if refused != nil {
		return streamMessage{}, refused
	}
	if len(messages) != 1 {
		return streamMessage{}, errors.New("an envelope of the stream has not one message")
	}
	return messages[0], nil
}
