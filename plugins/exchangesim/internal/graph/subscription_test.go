package graph_test

import (
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"sync/atomic"
	"testing"
	"time"

	"github.com/trainercal/trainercal/plugins/exchangesim"
	"github.com/trainercal/trainercal/plugins/exchangesim/simtest"
	"github.com/trainercal/trainercal/plugins/exchangesim/world"
)

// webhook is a listener that answers Graph's question as it should, unless told otherwise.
type webhook struct {
	*httptest.Server
	// deaf answers questions with something else.
	deaf atomic.Bool
	// failures is how many notifications are answered with 500 from now on.
	failures atomic.Int32
	posts    chan object
}

func newWebhook(t *testing.T) *webhook {
	w := &webhook{posts: make(chan object, 100)}
	w.Server = httptest.NewServer(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		if token := r.URL.Query().Get("validationToken"); token != "" {
			rw.Header().Set("Content-Type", "text/plain")
			if w.deaf.Load() {
				token = "<html>" + token
			}
			_, _ = io.WriteString(rw, token)
			return
		}
		var body object
		_ = json.NewDecoder(r.Body).Decode(&body)
		if w.failures.Add(-1) >= 0 {
			rw.WriteHeader(http.StatusInternalServerError)
		} else {
			rw.WriteHeader(http.StatusAccepted)
		}
		w.posts <- body
	}))
	t.Cleanup(w.Close)
	return w
}

// wish is the body of a subscription that works, with changes.
func wish(w *webhook, expires time.Time, changes object) object {
	body := object{
		"changeType": "created,updated,deleted", "notificationUrl": w.URL, "lifecycleNotificationUrl": w.URL,
		"resource": "/users/ana@x.example/events", "expirationDateTime": expires.UTC().Format(time.RFC3339), "clientState": "s3cret",
	}
	for k, v := range changes {
		body[k] = v
	}
	return body
}

// What Graph refuses is refused.
func TestSubscriptionsAreChecked(t *testing.T) {
	r := newRig(t, simtest.Config{})
	w := newWebhook(t)
	soon := time.Now().Add(time.Hour)
	for name, c := range map[string]struct {
		body   object
		status int
		code   string
	}{
		"too long a life":  {wish(w, time.Now().Add(8*24*time.Hour), nil), 400, "ExtensionError"},
		"in the past":      {wish(w, time.Now().Add(-time.Hour), nil), 400, "InvalidRequest"},
		"another resource": {wish(w, soon, object{"resource": "/users/ana@x.example/messages"}), 400, "ExtensionError"},
		"another kind":     {wish(w, soon, object{"changeType": "moved"}), 400, "InvalidRequest"},
		"plain http":       {wish(w, soon, object{"notificationUrl": "http://gateway.example/"}), 400, "InvalidRequest"},
		"nobody there":     {wish(w, soon, object{"lifecycleNotificationUrl": "http://127.0.0.1:1/"}), 400, "ValidationError"},
		"no such mailbox":  {wish(w, soon, object{"resource": "users/zoe@x.example/events"}), 404, "ErrorInvalidUser"},
	} {
		t.Run(name, func(t *testing.T) { r.refused(c.status, c.code, "POST", "/subscriptions", c.body) })
	}
	w.deaf.Store(true)
	r.refused(400, "ValidationError", "POST", "/subscriptions", wish(w, soon, nil))
	w.deaf.Store(false)
	short := r.want(201, "POST", "/subscriptions", wish(w, time.Now().Add(time.Minute), nil))
	if ends, err := time.Parse(time.RFC3339, short["expirationDateTime"].(string)); err != nil || time.Until(ends) < 44*time.Minute {
		t.Errorf("a short life ends at %v, want in 45 minutes (%v)", ends, err)
	}
}

// A subscription from its making to its end, with what is sent meanwhile.
func TestSubscriptionsLife(t *testing.T) {
	var ahead atomic.Int64
	r := newRig(t, simtest.Config{Options: exchangesim.Options{Now: func() time.Time { return time.Now().Add(time.Duration(ahead.Load())) }}})
	w := newWebhook(t)
	made := r.want(201, "POST", "/subscriptions", wish(w, time.Now().Add(time.Hour), nil), "Prefer", `IdType="ImmutableId"`)
	path := "/subscriptions/" + made["id"].(string)
	one := func() object {
		t.Helper()
		notes := values(<-w.posts)
		if len(notes) != 1 || notes[0]["subscriptionId"] != made["id"] || notes[0]["clientState"] != "s3cret" {
			t.Fatalf("notifications %v", notes)
		}
		return notes[0]
	}
	r.prefer = `IdType="ImmutableId"`
	e := r.create(event("Lunch", "2026-10-20T12:00:00", "2026-10-20T13:00:00"))
	if n := one(); n["changeType"] != "created" || n["resourceData"].(object)["id"] != e["id"] {
		t.Errorf("after a creation: %v", n)
	}
	r.want(204, "DELETE", eventPath(e), nil)
	if n := one(); n["changeType"] != "deleted" {
		t.Errorf("after a deletion: %v", n)
	}
	w.failures.Store(1) // sent again
	r.create(event("Dinner", "2026-10-20T18:00:00", "2026-10-20T19:00:00"))
	one()
	one()
	r.server.Subscriptions().Lifecycle(r.ana, exchangesim.ReauthorizationRequired)
	if n := one(); n["lifecycleEvent"] != exchangesim.ReauthorizationRequired {
		t.Errorf("lifecycle: %v", n)
	}
	r.create(event("Unheard", "2026-10-21T18:00:00", "2026-10-21T19:00:00"))
	r.want(204, "POST", path+"/reauthorize", nil)
	r.create(event("Heard", "2026-10-22T18:00:00", "2026-10-22T19:00:00"))
	one()
	r.want(200, "PATCH", path, object{"expirationDateTime": time.Now().Add(2 * time.Hour).UTC().Format(time.RFC3339)})
	if list := values(r.want(200, "GET", "/subscriptions", nil)); len(list) != 1 || list[0]["id"] != made["id"] {
		t.Errorf("the list is %v", list)
	}
	ahead.Store(int64(90 * time.Minute))
	r.token = r.signIn()
	r.want(200, "GET", path, nil)
	ahead.Store(int64(3 * time.Hour))
	r.token = r.signIn()
	r.refused(404, "ResourceNotFound", "GET", path, nil)
	r.refused(404, "ResourceNotFound", "PATCH", path, object{"expirationDateTime": time.Now().Add(4 * time.Hour).UTC().Format(time.RFC3339)})
	if posts := len(w.posts); posts != 0 {
		t.Errorf("%d posts more than expected", posts)
	}
}

// Graph takes few writes of subscriptions at a time.
func TestSubscriptionsAreThrottled(t *testing.T) {
	now := time.Now()
	r := newRig(t, simtest.Config{Options: exchangesim.Options{SubscriptionWrites: 2, Now: func() time.Time { return now }}})
	w := newWebhook(t)
	first := r.want(201, "POST", "/subscriptions", wish(w, now.Add(time.Hour), nil))
	r.want(201, "POST", "/subscriptions", wish(w, now.Add(time.Hour), nil))
	resp, _ := r.do("DELETE", "/subscriptions/"+first["id"].(string), nil)
	if resp.StatusCode != http.StatusTooManyRequests || resp.Header.Get("Retry-After") != "20" {
		t.Errorf("HTTP %d, Retry-After %q, want 429 and 20", resp.StatusCode, resp.Header.Get("Retry-After"))
	}
	if _, err := r.ana.Create(world.Appointment{Subject: "x", Start: now, End: now.Add(time.Hour)}, world.SendNone); err != nil {
		t.Fatal(err)
	}
	for range 2 { // each subscription hears of it, in one post or two
		if n := len(values(<-w.posts)); n == 2 {
			break
		}
	}
}
