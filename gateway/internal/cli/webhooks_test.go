package cli

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/trainercal/trainercal/gateway/internal/app"
	"github.com/trainercal/trainercal/gateway/internal/store"
)

// Status tells of receivers that take no messages, and of no others.
func TestStatusOfWebhooks(t *testing.T) {
	noon := time.Date(2026, 11, 24, 12, 0, 0, 0, time.UTC)
	hooks := []app.WebhookStatus{
		{Name: "well", WebhookState: store.WebhookState{Told: store.Told{Event: 3, Feed: 7}}},
		{Name: "gone", WebhookState: store.WebhookState{Trouble: &store.WebhookTrouble{Reason: "it answered 410 Gone", Since: noon, Attempts: 1, Disabled: true}}},
		{Name: "busy", WebhookState: store.WebhookState{Trouble: &store.WebhookTrouble{Reason: "it answered 503", Since: noon, Attempts: 4, Next: noon.Add(time.Minute)}}},
	}
	var text strings.Builder
	s := statusPage{out: &writer{out: &text}}
	s.webhooks(hooks)
	for _, want := range []string{"webhook gone is DISABLED", "410 Gone", "webhook busy takes no messages", "4 tries", "it answered 503"} {
		if !strings.Contains(text.String(), want) {
			t.Errorf("lacks %q:\n%s", want, text.String())
		}
	}
	if strings.Contains(text.String(), "well") {
		t.Errorf("tells of one that is well:\n%s", text.String())
	}
	next := noon.Add(time.Minute)
	want := []webhookJSON{
		{Name: "well", Event: 3, Position: 7},
		{Name: "gone", Trouble: &webhookTroubleJSON{Reason: "it answered 410 Gone", Since: noon, Attempts: 1, Disabled: true}},
		{Name: "busy", Trouble: &webhookTroubleJSON{Reason: "it answered 503", Since: noon, Attempts: 4, Next: &next}},
	}
	if diff := cmp.Diff(want, webhooksOf(hooks)); diff != "" {
		t.Error(diff)
	}
}
