package exchangeonline

import (
	"encoding/json"
	"strings"
	"time"

	"github.com/trainercal/trainercal/sdk"
)

// lifecycle is what happens to a subscription ("Reduce missing change notifications").
type lifecycle string

// The lifecycle events.
const (
	// reauthorizationRequired: notifications stop unless the subscription is renewed.
	reauthorizationRequired lifecycle = "reauthorizationRequired"
	// subscriptionRemoved: there is no subscription any more, and changes were missed.
	subscriptionRemoved lifecycle = "subscriptionRemoved"
	// missed: notifications were lost; the subscription goes on.
	missed lifecycle = "missed"
)

// notification is what a change notification says that matters: which subscription it
// is of, and that its sender knows the secret. What changed is read from the calendar.
type notification struct {
	Subscription string    `json:"subscriptionId"`
	ClientState  string    `json:"clientState"`
	Lifecycle    lifecycle `json:"lifecycleEvent"`
}

// maxNotifications bounds the notifications of one request.
const maxNotifications = 10_000

// readNotifications reads the body of a request with notifications.
func readNotifications(body []byte) ([]notification, *sdk.Error) {
	var raw struct {
		Value []json.RawMessage `json:"value"`
	}
	if err := decode(body, &raw); err != nil {
		return nil, err
	}
	if raw.Value == nil || len(raw.Value) > maxNotifications {
		return nil, badAnswer("no notifications, or too many at once")
	}
	notes := make([]notification, 0, len(raw.Value))
	for _, one := range raw.Value {
		var n notification
		if err := json.Unmarshal(one, &n); err != nil {
			return nil, sdk.CodeBadAnswer.Wrap(err, "a notification is not what it should be")
		}
		if len(n.Subscription) > notificationBytes || len(n.ClientState) > notificationBytes || len(n.Lifecycle) > notificationBytes {
			return nil, badAnswer("a notification with an impossible name")
		}
		notes = append(notes, n)
	}
	return notes, nil
}

// newSubscription is the body of a creation ("Create subscription").
type newSubscription struct {
	ChangeType   string `json:"changeType"`
	URL          string `json:"notificationUrl"`
	LifecycleURL string `json:"lifecycleNotificationUrl"`
	Resource     string `json:"resource"`
	Expires      string `json:"expirationDateTime"`
	ClientState  string `json:"clientState"`
	TLS          string `json:"latestSupportedTlsVersion"`
}

// renewal is the body of a renewal ("Update subscription").
type renewal struct {
	Expires string `json:"expirationDateTime"`
}

// madeSubscription is what matters of the answer to either.
type madeSubscription struct {
	ID      string    `json:"id"`
	Expires time.Time `json:"expirationDateTime"`
}

// untilText writes an end in whole seconds of UTC.
func untilText(t time.Time) string { return t.UTC().Format("2006-01-02T15:04:05Z") }

// readSubscription reads the answer to a creation or renewal.
func readSubscription(body []byte, now time.Time) (madeSubscription, *sdk.Error) {
	var s madeSubscription
	if err := decode(body, &s); err != nil {
		return s, err
	}
	if s.ID == "" || len(s.ID) > notificationBytes || strings.ContainsAny(s.ID, "/?#%") || !s.Expires.After(now) {
		return s, badAnswer("a subscription without a name, or one that has ended")
	}
	return s, nil
}
