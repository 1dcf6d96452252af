package cli

import (
	"time"

	"github.com/trainercal/trainercal/gateway/internal/app"
)

// webhookJSON is how a webhook stands.
type webhookJSON struct {
	Name string `json:"name"`
	// Event is the number of the last event that the receiver took, Position the last one
	// of the feed that it was told of.
	Event    int64 `json:"event"`
	Position int64 `json:"position"`
	// Trouble says what keeps the receiver from hearing more.
	Trouble *webhookTroubleJSON `json:"trouble,omitempty"`
}

// webhookTroubleJSON says what keeps a webhook's receiver from hearing more.
type webhookTroubleJSON struct {
	Reason   string    `json:"reason"`
	Since    time.Time `json:"since"`
	Attempts int       `json:"attempts"`
	// Next is when it is tried again, and absent when Disabled: until a reload.
	Next     *time.Time `json:"next,omitempty"`
	Disabled bool       `json:"disabled"`
}

func webhooksOf(hooks []app.WebhookStatus) []webhookJSON {
	var out []webhookJSON
	for _, h := range hooks {
		row := webhookJSON{Name: h.Name, Event: h.Event, Position: h.Feed}
		if t := h.Trouble; t != nil {
			row.Trouble = &webhookTroubleJSON{Reason: t.Reason, Since: t.Since.UTC(), Attempts: t.Attempts, Disabled: t.Disabled}
			if !t.Next.IsZero() {
				next := t.Next.UTC()
				row.Trouble.Next = &next
			}
		}
		out = append(out, row)
	}
	return out
}

// webhooks tells of receivers that take no messages.
func (s *statusPage) webhooks(hooks []app.WebhookStatus) {
	for _, h := range hooks {
		switch t := h.Trouble; {
		case t == nil:
		case t.Disabled:
			s.out.printf("\nwebhook %s is DISABLED since %s: %s. Reload the configuration to send it messages again, or take it out\n",
				h.Name, moment(t.Since), t.Reason)
		default:
			s.out.printf("\nwebhook %s takes no messages since %s, %s: %s. The next one is at %s\n",
				h.Name, moment(t.Since), tries(t.Attempts), t.Reason, moment(t.Next))
		}
	}
}
