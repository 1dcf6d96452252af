package graph

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"time"

	"github.com/google/uuid"

	"github.com/trainercal/trainercal/plugins/exchangesim/world"
)

// The documented limits of subscriptions to Outlook's resources ("subscription resource
// type", "Microsoft Graph service-specific throttling limits").
const (
	longestLife   = 10_080 * time.Minute
	shortestLife  = 45 * time.Minute
	maxState      = 128
	maxPerMailbox = 1000
	// Creates, renewals and deletions, and looks, of an application in a tenant.
	subscriptionSpan    = 20 * time.Second
	subscriptionWrites  = 500
	subscriptionReads   = 25
	subscriptionContext = "/$metadata#subscriptions"
)

// subscription is an application's wish to hear of changes in a mailbox's calendars.
type subscription struct {
	id, resource, changeType string
	url, lifecycleURL        string
	clientState              string
	tls                      string
	box                      *world.Mailbox
	expires                  time.Time
	form                     idForm
	// unauthorized: notifications stop until it is authorized again.
	unauthorized bool
}

// events is the one kind of resource that this server notifies of.
var events = regexp.MustCompile(`(?i)^/?users/([^/]+)/events$`)

// subscriptionIn is the body of a creation.
type subscriptionIn struct {
	ChangeType   string    `json:"changeType"`
	URL          string    `json:"notificationUrl"`
	LifecycleURL string    `json:"lifecycleNotificationUrl"`
	Resource     string    `json:"resource"`
	Expires      time.Time `json:"expirationDateTime"`
	ClientState  string    `json:"clientState"`
	TLS          string    `json:"latestSupportedTlsVersion"`
}

// createSubscription subscribes, after it has asked back at both addresses.
func (h *Handler) createSubscription(r *request) (*result, error) {
	if err := h.subs.spend(&h.subs.writes, h.opts.World.Now(), h.subs.limit); err != nil {
		return nil, err
	}
	var in subscriptionIn
	if err := json.Unmarshal(r.body, &in); err != nil {
		return nil, fail(400, "BadRequest", "Unable to read JSON request payload.")
	}
	s, err := h.subscriptionOf(r, in)
	if err != nil {
		return nil, err
	}
	for _, address := range []string{s.url, s.lifecycleURL} {
		if address == "" {
			continue
		}
		if err := h.subs.validate(r.Context(), address); err != nil {
			return nil, fail(400, "ValidationError", "Subscription validation request failed. %v", err)
		}
	}
	if err := h.subs.add(s, h.opts.World.Now()); err != nil {
		return nil, err
	}
	return &result{status: http.StatusCreated, body: s.body(r, subscriptionContext+"/$entity")}, nil
}

// subscriptionOf checks a wish.
func (h *Handler) subscriptionOf(r *request, in subscriptionIn) (*subscription, error) {
	named := events.FindStringSubmatch(in.Resource)
	switch {
	case named == nil:
		return nil, fail(400, "ExtensionError", "This server notifies of /users/{id}/events only.")
	case !kindsOfChange(in.ChangeType):
		return nil, fail(400, "InvalidRequest", "changeType is not a list of created, updated and deleted.")
	case len(in.ClientState) > maxState:
		return nil, fail(400, "InvalidRequest", "clientState is longer than %d characters.", maxState)
	case !reachable(in.URL) || in.LifecycleURL != "" && !reachable(in.LifecycleURL):
		return nil, fail(400, "InvalidRequest", "The notification URL must be an https address.")
	}
	expires, err := h.lifeOf(in.Expires)
	if err != nil {
		return nil, err
	}
	address, err := url.PathUnescape(named[1])
	if err != nil {
		return nil, badRequest("The resource is malformed.")
	}
	box, err := h.opts.World.Mailbox(address)
	if err != nil {
		return nil, err
	}
	if err := h.opts.World.Online(box); err != nil {
		return nil, err
	}
	return &subscription{
		id: uuid.NewString(), resource: in.Resource, changeType: in.ChangeType, url: in.URL, lifecycleURL: in.LifecycleURL,
		clientState: in.ClientState, tls: in.TLS, box: box, expires: expires, form: r.prefer.ids,
	}, nil
}

func kindsOfChange(list string) bool {
	for kind := range strings.SplitSeq(list, ",") {
		switch strings.TrimSpace(kind) {
		case "created", "updated", "deleted":
		default:
			return false
		}
	}
	return true
}

// reachable reports whether notifications may go to the address: by https, and without
// it to this machine alone, for tests.
func reachable(address string) bool {
	u, err := url.Parse(address)
	if err != nil || u.Host == "" {
		return false
	}
	return u.Scheme == "https" || u.Scheme == "http" && (u.Hostname() == "127.0.0.1" || u.Hostname() == "localhost")
}

// lifeOf is when a subscription ends that should end then.
func (h *Handler) lifeOf(wanted time.Time) (time.Time, error) {
	now := h.opts.World.Now()
	longest := h.subs.life()
	switch life := wanted.Sub(now); {
	case life <= 0:
		return wanted, fail(400, "InvalidRequest", "expirationDateTime is in the past.")
	case life > longest:
		return wanted, fail(400, "ExtensionError", "Subscription expiration can only be %d minutes in the future.", int(longest.Minutes()))
	case life < shortestLife:
		return now.Add(shortestLife), nil
	}
	return wanted, nil
}

// body is the subscription as Graph shows it.
func (s *subscription) body(r *request, context string) map[string]any {
	body := map[string]any{
		"id": s.id, "resource": s.resource, "changeType": s.changeType, "notificationUrl": s.url,
		"expirationDateTime": s.expires.UTC().Format(time.RFC3339Nano), "clientState": s.clientState,
		"applicationId": nil, "creatorId": nil, "includeResourceData": nil,
	}
	if s.lifecycleURL != "" {
		body["lifecycleNotificationUrl"] = s.lifecycleURL
	}
	if s.tls != "" {
		body["latestSupportedTlsVersion"] = s.tls
	}
	if context != "" {
		body["@odata.context"] = r.root + context
	}
	return body
}

func (h *Handler) getSubscription(r *request) (*result, error) {
	if err := h.subs.spend(&h.subs.reads, h.opts.World.Now(), subscriptionReads); err != nil {
		return nil, err
	}
	s, err := h.subs.find(r.args["subscription"], h.opts.World.Now())
	if err != nil {
		return nil, err
	}
	return &result{status: 200, body: s.body(r, subscriptionContext+"/$entity")}, nil
}

func (h *Handler) listSubscriptions(r *request) (*result, error) {
	if err := h.subs.spend(&h.subs.reads, h.opts.World.Now(), subscriptionReads); err != nil {
		return nil, err
	}
	list := []any{}
	for _, s := range h.subs.list(h.opts.World.Now()) {
		list = append(list, s.body(r, ""))
	}
	return &result{status: 200, body: map[string]any{"@odata.context": r.root + subscriptionContext, "value": list}}, nil
}

// renewSubscription moves the end; that authorizes, too.
func (h *Handler) renewSubscription(r *request) (*result, error) {
	if err := h.subs.spend(&h.subs.writes, h.opts.World.Now(), h.subs.limit); err != nil {
		return nil, err
	}
	var in subscriptionIn
	if err := json.Unmarshal(r.body, &in); err != nil {
		return nil, fail(400, "BadRequest", "Unable to read JSON request payload.")
	}
	expires, err := h.lifeOf(in.Expires)
	if err != nil {
		return nil, err
	}
	s, err := h.subs.renew(r.args["subscription"], expires, h.opts.World.Now())
	if err != nil {
		return nil, err
	}
	return &result{status: 200, body: s.body(r, subscriptionContext+"/$entity")}, nil
}

func (h *Handler) reauthorizeSubscription(r *request) (*result, error) {
	if err := h.subs.authorize(r.args["subscription"], h.opts.World.Now()); err != nil {
		return nil, err
	}
	return &result{status: http.StatusNoContent}, nil
}

func (h *Handler) deleteSubscription(r *request) (*result, error) {
	if err := h.subs.spend(&h.subs.writes, h.opts.World.Now(), h.subs.limit); err != nil {
		return nil, err
	}
	if err := h.subs.remove(r.args["subscription"], h.opts.World.Now()); err != nil {
		return nil, err
	}
	return &result{status: http.StatusNoContent}, nil
}

var errNoSubscription = fail(http.StatusNotFound, "ResourceNotFound", "The object was not found.")

func errTooManySubscriptions() error {
	return fail(http.StatusForbidden, "Forbidden", "Subscription operation failed: more than %d subscriptions.", maxPerMailbox)
}

// resourceOf names an item as notifications do.
func (s *subscription) resourceOf(item world.ItemID) (path, id string) {
	id = s.form.encode(s.box, world.Ref{Item: item})
	return fmt.Sprintf("Users/%s/Events/%s", s.box.UserID(), id), id
}
