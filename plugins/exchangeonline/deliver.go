package exchangeonline

import (
	"context"
	"net/http"
	"net/url"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/hashicorp/go-hclog"

	"github.com/trainercal/trainercal/sdk"
)

// maxToken bounds a validation token.
const maxToken = 4 << 10

// Deliver takes Graph's change notifications, and answers its question whether the
// address is ours ("Receive change notifications through webhooks"). It only looks
// things up: what a notification asks for is done by the watch, so that the answer is
// there long before the three seconds are over.
func (a *account) Deliver(ctx context.Context, r sdk.DeliverRequest) (sdk.DeliverResponse, error) {
	if r.Method != http.MethodPost {
		return sdk.DeliverResponse{Status: http.StatusMethodNotAllowed, Header: http.Header{"Allow": {http.MethodPost}}}, nil
	}
	if token, asked := validationToken(r.Target); asked {
		return validated(token), nil
	}
	notes, err := readNotifications(r.Body)
	if err != nil {
		return sdk.DeliverResponse{Status: http.StatusBadRequest}, nil
	}
	dirty, refused := a.subscribers.take(notes)
	if n := a.subscribers.ignored(a.now(), refused); n > 0 {
		// Forged, or of a subscription that an earlier life of ours made.
		hclog.FromContext(ctx).Warn("notifications of no subscription, or with a wrong secret, were ignored", "count", n)
	}
	return sdk.DeliverResponse{Status: http.StatusAccepted, Dirty: dirty}, nil
}

// validationToken is the token of a question whether the address is ours.
func validationToken(target string) (token string, asked bool) {
	_, raw, _ := strings.Cut(target, "?")
	query, err := url.ParseQuery(raw)
	if err != nil || !query.Has("validationToken") {
		return "", false
	}
	return query.Get("validationToken"), true
}

// validated answers the question: the token as plain text and nothing else, so that no
// browser takes it for a page.
func validated(token string) sdk.DeliverResponse {
	strange := func(r rune) bool { return unicode.IsControl(r) }
	if token == "" || len(token) > maxToken || !utf8.ValidString(token) || strings.ContainsFunc(token, strange) {
		return sdk.DeliverResponse{Status: http.StatusBadRequest}
	}
	return sdk.DeliverResponse{
		Status: http.StatusOK, Header: http.Header{"Content-Type": {"text/plain; charset=utf-8"}}, Body: []byte(token),
	}
}

// take finds the mailboxes that notifications speak of, each once, and tells the
// watches of what happens to their subscriptions. refused counts those that anybody
// could have sent.
func (s *subscribers) take(notes []notification) (dirty []string, refused int) {
	seen := map[string]bool{}
	for _, n := range notes {
		who := s.authentic(n.Subscription, n.ClientState)
		if who == nil {
			refused++
			continue
		}
		if n.Lifecycle != "" {
			who.signal(n.Lifecycle)
		}
		if n.Lifecycle != reauthorizationRequired && !seen[who.address] {
			seen[who.address] = true
			dirty = append(dirty, who.address)
		}
	}
	return dirty, refused
}
