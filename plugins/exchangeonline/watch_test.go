package exchangeonline

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/trainercal/trainercal/sdk"
)

const notifyURL = "https://gateway.example/notify/northwind"

// subscriptionServer is Graph's part that keeps subscriptions, on the fake's clock.
type subscriptionServer struct {
	mu sync.Mutex
	// all are the subscriptions; writes what was done when.
	all    map[string]*servedSubscription
	made   int
	writes []servedWrite
	// refuse answers a write in the server's place; nil where it does not.
	refuse func(c call) *reply
}

type servedSubscription struct {
	newSubscription
	expires time.Time
}

type servedWrite struct {
	at           time.Time
	method, path string
}

func (s *subscriptionServer) answer(c call) reply {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.writes = append(s.writes, servedWrite{time.Now(), c.method, c.path})
	if s.refuse != nil {
		if r := s.refuse(c); r != nil {
			return *r
		}
	}
	var in newSubscription
	if err := json.Unmarshal(c.body, &in); len(c.body) > 0 && err != nil {
		return refuse(400, "BadRequest")
	}
	expires, _ := time.Parse(time.RFC3339, in.Expires)
	id := strings.TrimPrefix(c.path, "/subscriptions/")
	known := s.all[id]
	if known != nil && !known.expires.After(time.Now()) {
		known = nil
	}
	switch {
	case c.method == http.MethodPost:
		s.made++
		id, known = fmt.Sprintf("sub-%d", s.made), &servedSubscription{newSubscription: in}
		s.all[id] = known
	case known == nil:
		return refuse(404, "ResourceNotFound")
	case c.method == http.MethodDelete:
		delete(s.all, id)
		return reply{status: 204}
	}
	known.expires = expires
	status := map[string]int{http.MethodPost: 201, http.MethodPatch: 200}[c.method]
	return reply{status: status, body: map[string]any{"id": id, "expirationDateTime": expires.Format(time.RFC3339)}}
}

// newWatched makes a server and an account at it.
func newWatched(t *testing.T) (*subscriptionServer, *account) {
	s := &subscriptionServer{all: map[string]*servedSubscription{}}
	return s, newFake(t, s.answer).account()
}

// heard is what a watch said.
type heard struct {
	mu     sync.Mutex
	states map[string][]byte
	dirty  []string
	failed map[string]*sdk.Error
	beats  int
	last   time.Time
	quiet  time.Duration
}

func (h *heard) note(e sdk.WatchEvent) error {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.quiet, h.last = max(h.quiet, time.Since(h.last)), time.Now()
	h.dirty = append(h.dirty, e.Dirty...)
	switch {
	case e.State != nil:
		h.states[e.State.Mailbox] = e.State.State
		delete(h.failed, e.State.Mailbox)
	case e.Failure != nil:
		h.failed[e.Failure.Mailbox] = e.Failure.Err
	case e.Heartbeat:
		h.beats++
	}
	return nil
}

// watching runs a watch for a while of fake time, and returns what it said.
func watching(t *testing.T, a *account, d time.Duration, meanwhile func(*heard), boxes ...sdk.WatchMailbox) *heard {
	t.Helper()
	h := &heard{states: map[string][]byte{}, failed: map[string]*sdk.Error{}, last: time.Now()}
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error)
	go func() {
		ended <- a.Watch(ctx, sdk.WatchRequest{NotificationURL: notifyURL, Mailboxes: boxes}, h.note)
	}()
	synctest.Wait()
	if meanwhile != nil {
		meanwhile(h)
	}
	time.Sleep(d)
	cancel()
	if err := <-ended; !errors.Is(err, context.Canceled) {
		t.Errorf("the watch ended with %v", err)
	}
	return h
}

func boxesOf(states map[string][]byte, addresses ...string) []sdk.WatchMailbox {
	var boxes []sdk.WatchMailbox
	for _, a := range addresses {
		boxes = append(boxes, sdk.WatchMailbox{Mailbox: sdk.Mailbox{Address: a, TimeZone: "Europe/London"}, State: states[a]})
	}
	return boxes
}

func (s *subscriptionServer) drop(id string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.all, id)
}

func (s *subscriptionServer) count(method string) int {
	s.mu.Lock()
	defer s.mu.Unlock()
	n := 0
	for _, w := range s.writes {
		if w.method == method {
			n++
		}
	}
	return n
}

// Subscriptions are renewed before they end and never made anew, each at a moment of its
// own; the watch shows all the time that it lives.
func TestSubscriptionsAreRenewed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, a := newWatched(t)
		var addresses []string
		for i := range 100 {
			addresses = append(addresses, fmt.Sprintf("t%d@northwind.example", i))
		}
		h := watching(t, a, 60*24*time.Hour, nil, boxesOf(nil, addresses...)...)
		if made := s.count(http.MethodPost); made != 100 || len(h.states) != 100 || len(h.dirty) != 0 {
			t.Errorf("%d subscriptions were made, %d states, %d hints; want 100, 100, none", made, len(h.states), len(h.dirty))
		}
		// A life of seven days, renewed after at most 5.6.
		if n := s.count(http.MethodPatch); n < 1000 || n > 1300 {
			t.Errorf("%d renewals in 60 days, want 10 to 13 of each", n)
		}
		for id, sub := range s.all {
			if !sub.expires.After(time.Now().Add(20 * time.Hour)) {
				t.Errorf("%s ends at %s", id, sub.expires)
			}
		}
		for at, n := range s.perMinute(http.MethodPatch) {
			if n > 50 {
				t.Errorf("%d renewals at %s: they should be spread", n, at)
			}
		}
		if h.quiet > sdk.WatchBeat {
			t.Errorf("the watch was silent for %s", h.quiet)
		}
	})
}

func (s *subscriptionServer) perMinute(method string) map[time.Time]int {
	count := map[time.Time]int{}
	for _, w := range s.writes {
		if w.method == method {
			count[w.at.Truncate(time.Minute)]++
		}
	}
	return count
}

// H4: after a short outage nothing is subscribed anew; after one of five days what has
// ended is made anew, and its mailbox hinted at. Another address makes all anew.
func TestWatchAfterAnOutage(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, a := newWatched(t)
		h := watching(t, a, time.Minute, nil, boxesOf(nil, ana, ben)...)
		time.Sleep(24 * time.Hour)
		again := watching(t, a, time.Minute, nil, boxesOf(h.states, ana, ben)...)
		if made := s.count(http.MethodPost); made != 2 || len(again.states) != 2 || len(again.dirty) > 0 {
			t.Errorf("after a day: %d subscriptions, %d states, hints at %q; want 2, 2, none", made, len(again.states), again.dirty)
		}
		time.Sleep(10 * 24 * time.Hour)
		again = watching(t, a, time.Minute, nil, boxesOf(h.states, ana, ben)...)
		slices.Sort(again.dirty)
		if made := s.count(http.MethodPost); made != 4 || !slices.Equal(again.dirty, []string{ana, ben}) {
			t.Errorf("after ten days: %d subscriptions, hints at %q; want 4, both", made, again.dirty)
		}
		var moved watchState
		if err := json.Unmarshal(again.states[ana], &moved); err != nil {
			t.Fatal(err)
		}
		moved.To = addressHash("https://old.example/notify")
		watching(t, a, time.Minute, nil, boxesOf(map[string][]byte{ana: moved.encode()}, ana)...)
		if made, gone := s.count(http.MethodPost), s.count(http.MethodDelete); made != 5 || gone != 1 {
			t.Errorf("at another address: %d made and %d deleted, want 5 and 1", made, gone)
		}
	})
}

// post hands notifications to the account, as a listener does.
func post(t *testing.T, a *account, notes ...notification) sdk.DeliverResponse {
	t.Helper()
	body, err := json.Marshal(map[string]any{"value": notes})
	if err != nil {
		t.Fatal(err)
	}
	answer, err := a.Deliver(t.Context(), sdk.DeliverRequest{Method: http.MethodPost, Body: body})
	if err != nil {
		t.Fatal(err)
	}
	return answer
}

// of makes a notification of a mailbox's newest subscription.
func (s *subscriptionServer) of(address string, l lifecycle) notification {
	s.mu.Lock()
	defer s.mu.Unlock()
	for n := s.made; n > 0; n-- {
		id := fmt.Sprintf("sub-%d", n)
		if sub := s.all[id]; sub != nil && sub.Resource == "/users/"+address+"/events" {
			return notification{Subscription: id, ClientState: sub.ClientState, Lifecycle: l}
		}
	}
	return notification{}
}

// H3: each lifecycle event is handled in its own way. H6: forged notifications are
// taken without a word, and lead to nothing.
func TestDeliveries(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, a := newWatched(t)
		watching(t, a, time.Minute, func(h *heard) {
			right := s.of(ana, "")
			forged, unknown := right, right
			forged.ClientState += "x"
			unknown.Subscription = "another"
			for name, c := range map[string]struct {
				notes []notification
				dirty []string
			}{
				"a change":            {[]notification{right}, []string{ana}},
				"H2: one twice":       {[]notification{right, right, s.of(ben, "")}, []string{ana, ben}},
				"missed":              {[]notification{s.of(ben, missed)}, []string{ben}},
				"forged":              {[]notification{forged}, nil},
				"without a secret":    {[]notification{{Subscription: right.Subscription}}, nil},
				"unknown":             {[]notification{unknown}, nil},
				"one forged of three": {[]notification{forged, s.of(ben, ""), unknown}, []string{ben}},
				"a new kind of event": {[]notification{s.of(ana, "somethingNew")}, []string{ana}},
			} {
				if got := post(t, a, c.notes...); got.Status != http.StatusAccepted || !slices.Equal(got.Dirty, c.dirty) {
					t.Errorf("%s: status %d, hints at %q, want 202, %q", name, got.Status, got.Dirty, c.dirty)
				}
			}
			time.Sleep(time.Second)
			if made, renewed := s.count(http.MethodPost), s.count(http.MethodPatch); made != 2 || renewed != 0 {
				t.Errorf("%d subscriptions made and %d renewed, want 2 and none yet", made, renewed)
			}
			if got := post(t, a, s.of(ana, reauthorizationRequired)); len(got.Dirty) > 0 {
				t.Errorf("a reauthorization hints at %q", got.Dirty)
			}
			time.Sleep(time.Second)
			if made, renewed := s.count(http.MethodPost), s.count(http.MethodPatch); made != 2 || renewed != 1 {
				t.Errorf("reauthorizationRequired: %d made and %d renewed, want 2 and 1", made, renewed)
			}
			post(t, a, s.of(ben, reauthorizationRequired), s.of(ben, missed), s.of(ben, "somethingNew"))
			time.Sleep(time.Second)
			if made, renewed := s.count(http.MethodPost), s.count(http.MethodPatch); made != 2 || renewed != 2 {
				t.Errorf("reauthorizationRequired, then others: %d made and %d renewed, want 2 and 2", made, renewed)
			}
			removed := s.of(ana, subscriptionRemoved)
			s.drop(removed.Subscription)
			if got := post(t, a, removed); !slices.Equal(got.Dirty, []string{ana}) {
				t.Errorf("a removal hints at %q", got.Dirty)
			}
			time.Sleep(time.Second)
			if made := s.count(http.MethodPost); made != 3 {
				t.Errorf("subscriptionRemoved: %d made, want 3", made)
			}
			if got := post(t, a, removed); len(got.Dirty) > 0 {
				t.Errorf("a notification of the subscription that is gone hints at %q", got.Dirty)
			}
			if got := post(t, a, s.of(ana, "")); !slices.Equal(got.Dirty, []string{ana}) {
				t.Errorf("the new subscription's change hints at %q", got.Dirty)
			}
		}, boxesOf(nil, ana, ben)...)
		if got := post(t, a, s.of(ana, "")); len(got.Dirty) > 0 {
			t.Errorf("after the watch a notification hints at %q", got.Dirty)
		}
	})
}

// A notification may overtake the answer that names its subscription.
func TestNotificationOvertakesTheAnswer(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, a := newWatched(t)
		var early sdk.DeliverResponse
		s.refuse = func(c call) *reply {
			var in newSubscription
			if json.Unmarshal(c.body, &in) == nil && c.method == http.MethodPost {
				early = post(t, a, notification{Subscription: "sub-1", ClientState: in.ClientState})
			}
			return nil
		}
		watching(t, a, time.Minute, nil, boxesOf(nil, ana)...)
		if !slices.Equal(early.Dirty, []string{ana}) {
			t.Errorf("hints at %q", early.Dirty)
		}
	})
}

// What goes wrong with a subscription is its mailbox's, is tried again where that helps,
// and is told once.
func TestSubscriptionsThatFail(t *testing.T) {
	refusing := func(status int, code string, times int) func(call) *reply {
		return func(c call) *reply {
			if times--; times < 0 || !strings.Contains(string(c.body)+c.path, ana) && c.method == http.MethodPost {
				return nil
			}
			r := refuse(status, code)
			return &r
		}
	}
	for _, c := range []struct {
		name   string
		refuse func(call) *reply
		want   error
		after  int // states after an hour
	}{
		{"no such mailbox", refusing(404, "ErrorInvalidUser", 1000), sdk.ErrMailboxNotFound, 1},
		{"no permission", refusing(403, "ErrorAccessDenied", 1000), sdk.ErrAccessDenied, 1},
		{"the listener cannot be reached", refusing(400, "ValidationError", 1000), sdk.ErrUnavailable, 1},
		{"the listener was not reached", refusing(400, "ValidationError", 5), nil, 2},
		{"the server fails for a while", refusing(503, "ServiceUnavailable", 12), nil, 2},
		{"a long life is refused", refusing(400, "ExtensionError", 1), nil, 2},
		{"something is refused for good", refusing(400, "ExtensionError", 1000), sdk.ErrInvalidItem, 1},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s, a := newWatched(t)
				s.refuse = c.refuse
				h := watching(t, a, time.Hour, nil, boxesOf(nil, ana, ben)...)
				if len(h.states) != c.after || h.states[ben] == nil {
					t.Errorf("%d mailboxes are watched, want %d", len(h.states), c.after)
				}
				if err := h.failed[ana]; c.want != nil && !errors.Is(err, c.want) || c.want == nil && err != nil {
					t.Errorf("the mailbox failed with %v, want %v", err, c.want)
				}
			})
		})
	}
}

// Refused credentials end the watch.
func TestWatchWithoutToken(t *testing.T) {
	f := newFake(t, func(call) reply { return refuse(500, "") })
	f.token = func(int) reply {
		return reply{status: 401, body: map[string]any{"error": "invalid_client", "error_codes": []int{7000215}, "error_description": "AADSTS7000215: No."}}
	}
	err := f.account().Watch(t.Context(), sdk.WatchRequest{NotificationURL: notifyURL, Mailboxes: boxesOf(nil, ana)}, func(sdk.WatchEvent) error { return nil })
	if !errors.Is(err, sdk.ErrCredentials) {
		t.Errorf("%v, want ErrCredentials", err)
	}
}

// Without an address that Graph can reach, the reason is told.
func TestWatchNeedsAnAddress(t *testing.T) {
	_, a := newWatched(t)
	for address, want := range map[string]error{"": sdk.ErrUnsupported, "http://gateway.example/notify": sdk.ErrInvalidSettings} {
		err := a.Watch(t.Context(), sdk.WatchRequest{NotificationURL: address, Mailboxes: boxesOf(nil, ana)}, nil)
		var known *sdk.Error
		if !errors.Is(err, want) || !errors.As(err, &known) || known.Advice == "" {
			t.Errorf("%q: %v, want %v with advice", address, err, want)
		}
	}
}

// A start with many mailboxes stays within what Graph takes: 500 writes in 20 seconds.
func TestSubscriptionsArePaced(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, a := newWatched(t)
		ctx, cancel := context.WithCancel(t.Context())
		var watches sync.WaitGroup
		for w := range 10 {
			var addresses []string
			for i := range sdk.MaxMailboxes {
				addresses = append(addresses, fmt.Sprintf("t%d-%d@northwind.example", w, i))
			}
			watches.Go(func() {
				_ = a.Watch(ctx, sdk.WatchRequest{NotificationURL: notifyURL, Mailboxes: boxesOf(nil, addresses...)}, func(sdk.WatchEvent) error { return nil })
			})
		}
		time.Sleep(10 * time.Minute)
		cancel()
		watches.Wait()
		if made := s.count(http.MethodPost); made != 10*sdk.MaxMailboxes {
			t.Errorf("%d subscriptions were made, want %d", made, 10*sdk.MaxMailboxes)
		}
		for i, w := range s.writes {
			if i >= 500 && w.at.Sub(s.writes[i-500].at) < 20*time.Second {
				t.Fatalf("501 writes within %s", w.at.Sub(s.writes[i-500].at))
			}
		}
	})
}
