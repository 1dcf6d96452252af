package ews

import (
	"context"
	"encoding/xml"
	"net/http"

	"github.com/trainercal/trainercal/sdk"
)

// affinityCookie names the server that holds subscriptions (EWS, "How to: Maintain
// affinity between a group of subscriptions and the Mailbox server").
const affinityCookie = "X-BackEndOverrideCookie"

// Bounds of what a server may hand out.
const (
	maxSubscriptionID = 1 << 10
	maxCookie         = 2 << 10
)

// Affinity keeps a group's subscriptions on one server, so that one stream serves them:
// all requests name the same mailbox and bring the server's cookie back.
type Affinity struct {
	// Anchor is a mailbox of the group.
	Anchor string
	// Cookie is empty until the server has given one.
	Cookie string
}

// apply sets the headers that lead to the server; nil for any server.
func (a *Affinity) apply(h http.Header) {
	if a == nil {
		return
	}
	h.Set("X-AnchorMailbox", legal(a.Anchor))
	h.Set("X-PreferServerAffinity", "true")
	if a.Cookie != "" {
		h.Set("Cookie", (&http.Cookie{Name: affinityCookie, Value: a.Cookie}).String())
	}
}

// learn keeps the server's cookie from an answer, if there is one.
func (a *Affinity) learn(h http.Header) {
	if a == nil {
		return
	}
	for _, c := range (&http.Response{Header: h}).Cookies() {
		if c.Name == affinityCookie && len(c.Value) <= maxCookie {
			a.Cookie = c.Value
		}
	}
}

type subscribe struct {
	XMLName xml.Name              `xml:"m:Subscribe"`
	Folders []distinguishedFolder `xml:"m:StreamingSubscriptionRequest>t:FolderIds>t:DistinguishedFolderId"`
	Events  []string              `xml:"m:StreamingSubscriptionRequest>t:EventTypes>t:EventType"`
}

func (subscribe) operation() string { return "Subscribe" }

type getStreamingEvents struct {
	XMLName xml.Name `xml:"m:GetStreamingEvents"`
	IDs     []string `xml:"m:SubscriptionIds>t:SubscriptionId"`
	Minutes int      `xml:"m:ConnectionTimeout"`
}

func (getStreamingEvents) operation() string { return "GetStreamingEvents" }

// watchedEvents are all that can happen to an item of a calendar.
var watchedEvents = []string{"CreatedEvent", "ModifiedEvent", "MovedEvent", "CopiedEvent", "DeletedEvent"}

type subscribeMessage struct {
	Status
	ID string `xml:"SubscriptionId"`
}

// Subscribe asks for notifications of changes in the mailbox's calendar, and returns the
// subscription's id. A cookie that the server gives is kept in the affinity, so that
// calls at the same time need one each. The server keeps a subscription for about half
// an hour while no [Client.Stream] reads it.
func (c *Client) Subscribe(ctx context.Context, mailbox string, a *Affinity) (string, error) {
	req := subscribe{Folders: []distinguishedFolder{c.home(mailbox)}, Events: watchedEvents}
	messages, _, err := ask[subscribeMessage](ctx, c, call{req: req, mailbox: mailbox, affinity: a}, 1)
	if err != nil {
		return "", err
	}
	if err := messages[0].err(); err != nil {
		return "", err
	}
	id := messages[0].ID
	if id == "" || len(id) > maxSubscriptionID {
		return "", sdk.CodeBadAnswer.New("the server answered a subscription without a name, or with an impossible one")
	}
	return id, nil
}
